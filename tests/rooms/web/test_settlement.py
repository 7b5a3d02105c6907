"""The whole walk over HTTP, with both counterparts as processes of their own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
import yaml

from adapter.doors.web.models import (
    CaseOut,
    CasePage,
    CaseState,
    MessageOut,
    MessagePage,
    PreviewOut,
    Problem,
)
from adapter.doors.web.reconciliation_models import ReconciliationOut
from adapter.fhir.canonical import decode
from adapter.fhir.validation import validate
from adapter.settings import EndpointSettings
from tests.support.counterparts import Counterpart, counterpart
from tests.support.service import EXPORT, Running, serving, settings_for

pytestmark = pytest.mark.slow

CASE = "qingshi_county-300010002"
BY_HAND = yaml.safe_load((EXPORT.parent / "expected_by_hand.yaml").read_text("utf-8"))["300010002"]
ACTOR = {"X-Actor": "cashier-07"}


@pytest.fixture(scope="module")
def bureau(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counterpart]:
    with counterpart("bureau", store=tmp_path_factory.mktemp("bureau") / "store.sqlite") as running:
        yield running


@pytest.fixture(scope="module")
def aid(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counterpart]:
    with counterpart("aid", store=tmp_path_factory.mktemp("aid") / "store.sqlite") as running:
        yield running


@pytest.fixture
def service(bureau: Counterpart, aid: Counterpart, tmp_path: Path) -> Iterator[Running]:
    """A service with the export taken in, and payers who remember nothing."""
    for each in (bureau, aid):
        each.script()
        each.reset()
    endpoints = {
        "bureau": EndpointSettings(base_url=bureau.fhir, simulator=True, longest_delay=2, timeout=10),
        "civil-affairs": EndpointSettings(
            base_url=aid.fhir, form="transaction", simulator=True, longest_delay=2, timeout=10
        ),
    }
    with serving(settings_for(tmp_path, endpoints=endpoints, retry_first_seconds=0.1)) as running:
        assert running.take_in(EXPORT).status_code == 200
        yield running


def post(service: Running, path: str, body: object = None, wait: int = 30) -> httpx.Response:
    return service.http.post(path, params={"wait": str(wait)}, json=body, headers=ACTOR)


def read(service: Running, kind: str) -> list[dict[str, object]]:
    """Resources of that type that stand with the case, each read over HTTP."""
    ledger = service.app.state.service.tools.ledger
    with ledger.reading() as tx:
        names = [(row.type, row.id) for row in tx.resources_of_case(CASE, (kind,))]
    return [decode(service.http.get(f"/fhir/{kind}/{name}").content) for _, name in names]


def test_a_case_is_tried_settled_read_reconciled_and_reversed(
    service: Running, bureau: Counterpart, aid: Counterpart
) -> None:
    estimate = post(service, f"/cases/{CASE}/estimate")
    assert estimate.status_code == 200
    PreviewOut.model_validate(estimate.json())

    tried = post(service, f"/cases/{CASE}/trial")
    state = CaseState.model_validate(tried.json())
    assert (tried.status_code, state.trial, state.bill) == (200, "done", "previewed")
    assert bureau.state()["settled"] == 0  # a trial leaves nothing behind
    basis = service.http.get(f"/cases/{CASE}").json()["preview"]["basis"]

    settled = post(service, f"/cases/{CASE}/settle", {"basis": basis, "reason": "出院结算"})
    state = CaseState.model_validate(settled.json())
    assert (settled.status_code, state.bill, state.held) == (200, "settled", False)
    assert settled.headers["location"] == f"/cases/{CASE}"
    assert state.total == BY_HAND["total"]
    assert state.patient_pays == BY_HAND["patient"]
    paid = {name.replace("_", "-"): BY_HAND[name]["paid"] for name in ("basic", "critical_illness", "medical_aid")}
    assert {name: state.shares[name] for name in paid} == paid

    [invoice] = read(service, "Invoice")
    assert invoice["status"] == "issued"
    assert invoice["totalGross"] == {"value": Decimal(BY_HAND["total"]), "currency": "CNY"}
    again = post(service, f"/cases/{CASE}/settle")
    assert (again.status_code, again.json()["issues"][0]["code"]) == (409, "CASE-318")

    day = service.http.post(f"/reconcile/bureau/{BY_HAND['settled_on']}", params={"facility": "H99990100001"})
    compared = ReconciliationOut.model_validate(day.json())
    assert compared.agrees
    assert compared.ours.count == 1

    assert post(service, f"/cases/{CASE}/reverse").status_code == 422  # a reason is needed
    undone = post(service, f"/cases/{CASE}/reverse", {"reason": "费用更正"})
    assert (undone.status_code, undone.json()["bill"]) == (200, "reversed")
    assert [each["status"] for each in read(service, "Invoice")] == ["cancelled"]
    assert bureau.state()["settled"] == aid.state()["settled"] == 0

    shown = CaseOut.model_validate(service.http.get(f"/cases/{CASE}").json())
    acts = {(line["actor"], line["reason"]) for line in shown.journal}
    assert {("cashier-07", "出院结算"), ("cashier-07", "费用更正")} <= acts
    listed = MessagePage.model_validate(service.http.get("/outbox").json())
    assert {message.outcome for message in listed.messages} == {"accepted"}


def test_every_stored_resource_can_be_read_and_is_valid(service: Running) -> None:
    post(service, f"/cases/{CASE}/trial")
    assert post(service, f"/cases/{CASE}/settle").json()["bill"] == "settled"
    with service.app.state.service.tools.ledger.reading() as tx:
        rows = tx.resources_of_case(CASE)
    assert {"Invoice", "Claim", "ClaimResponse", "ExplanationOfBenefit", "Patient"} <= {row.type for row in rows}
    items = [row for row in rows if row.type == "ChargeItem"]
    assert len(items) == int(BY_HAND["lines"])
    for row in [row for row in rows if row not in items[3:]]:
        answer = service.http.get(f"/fhir/{row.type}/{row.id}")
        assert answer.status_code == 200, f"{row.type} is stored and not served"
        assert validate([decode(answer.content)]) == []
    bodies = {row.id: row.body for row in rows}
    invoice = next(row for row in rows if row.type == "Invoice")
    text = service.http.get(f"/fhir/Invoice/{invoice.id}").content
    assert f'"value":{BY_HAND["total"]}'.encode() in text  # the digits as stored, "92069.90" with its zero
    assert json.loads(text)["meta"]["versionId"] == "1"
    assert b"versionId" not in bodies[invoice.id]


def test_without_waiting_the_worker_finishes_it(service: Running) -> None:
    started = post(service, f"/cases/{CASE}/trial", wait=0)
    assert started.status_code in (200, 202)
    while (state := service.http.get(f"/cases/{CASE}").json())["bill"] != "previewed":
        assert not state["held"]
    assert state["preview"]["mode"] == "trial"


def test_a_refusal_holds_the_case_and_is_no_success(service: Running, bureau: Counterpart) -> None:
    bureau.script({"match": {"stage": "trial", "times": 0}, "do": "status", "status": 422})
    tried = post(service, f"/cases/{CASE}/trial")
    assert tried.status_code == 409
    state = CaseState.model_validate(tried.json())
    assert (state.held, state.trial) == (True, "refused")
    assert state.issues[0].code == "CASE-320"
    refused = post(service, f"/cases/{CASE}/settle")
    assert (refused.status_code, refused.json()["issues"][0]["code"]) == (409, "CASE-306")
    assert CASE in [each["case_id"] for each in service.http.get("/cases?held=true").json()["cases"]]
    assert CASE not in [each["case_id"] for each in service.http.get("/cases?held=false").json()["cases"]]


def test_a_message_can_be_sent_again(service: Running, bureau: Counterpart) -> None:
    bureau.script({"match": {"stage": "trial", "times": 0}, "do": "status", "status": 422})
    post(service, f"/cases/{CASE}/trial")
    rejected = [
        message["key"] for message in service.http.get("/outbox").json()["messages"] if message["outcome"] == "rejected"
    ]
    retried = service.http.post(f"/outbox/{rejected[0]}/retry")
    assert retried.status_code == 200
    MessageOut.model_validate(retried.json())
    accepted = next(m["key"] for m in service.http.get("/outbox").json()["messages"] if m["outcome"] == "accepted")
    assert service.http.post(f"/outbox/{accepted}/retry").status_code == 409


def test_pages_follow_one_another(service: Running) -> None:
    found: list[str] = []
    after: str | None = ""
    while after is not None:
        page = CasePage.model_validate(service.http.get("/cases", params={"limit": 6, "after": after}).json())
        found += [line.case_id for line in page.cases]
        after = page.next
    assert len(found) == len(set(found)) == 20
    assert found == sorted(found)


def test_without_a_preview_nothing_is_settled(service: Running, bureau: Counterpart) -> None:
    answer = post(service, f"/cases/{CASE}/settle")
    assert (answer.status_code, answer.json()["issues"][0]["code"]) == (409, "CASE-303")
    Problem.model_validate(answer.json())
    post(service, f"/cases/{CASE}/estimate")
    stale = post(service, f"/cases/{CASE}/settle", {"basis": "0" * 64})
    assert (stale.status_code, stale.json()["issues"][0]["code"]) == (409, "CASE-304")
    assert bureau.state()["settled"] == 0
