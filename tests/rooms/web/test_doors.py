"""Who may come in, what errors look like, what is logged and counted, and FHIR reading."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute
from pydantic import ValidationError

from adapter import __version__
from adapter.cases import served, settle
from adapter.cases.dispatch import Delivered, work_once
from adapter.cases.tools import Tools
from adapter.doors.web.auth import check_exposure
from adapter.doors.web.errors import STATUS
from adapter.doors.web.models import CaseOut, DepositIn, DepositOut, Problem, ReadyOut, UpOut
from adapter.fhir.metadata import SERVED, STAY_OPERATIONS, VALIDATED
from adapter.fhir.posted import WRITABLE
from adapter.fhir.validation import validate
from adapter.model.case import Actor
from adapter.model.issues import AdapterError
from tests.house.pages import coded_issues
from tests.support.service import EXPORT, ROOT, Running, serving, settings_for

CASE = "qingshi_county-300010002"
OPEN = {"/health", "/ready", "/metrics", "/fhir/metadata", "/fhir/r5/metadata", "/docs", "/openapi.json"}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serving(settings_for(tmp_path_factory.mktemp("guarded"), api_token="the-right-one")) as running:
        yield running


def addresses(service: Running) -> list[tuple[str, str]]:
    """Every method and address of the service, parameters filled in."""
    return [
        (method.upper(), re.sub(r"\{day\}", "2021-03-19", re.sub(r"\{(?!day)\w+\}", "x", path)))
        for path, methods in service.app.openapi()["paths"].items()
        for method in methods
    ]


def issue_codes(answer: httpx.Response) -> list[str]:
    return [issue["code"] for issue in Problem.model_validate(answer.json()).model_dump()["issues"]]


def patient_of(service: Running) -> str:
    with service.app.state.service.tools.ledger.reading() as tx:
        return str(tx.resources_of_case(CASE, ("Patient",))[0].id)


# -- auth --------------------------------------------------------------------------------------------------------------


def test_every_address_but_the_open_ones_asks_for_the_token(guarded: Running) -> None:
    seen = addresses(guarded)
    assert len(seen) > 15
    for method, path in seen:
        answer = guarded.http.request(method, path)
        if path in OPEN:
            assert answer.status_code == 200, path
        else:
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer"), path


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer the-wrong-one", "Basic dGhlLXJpZ2h0LW9uZQ==", "the-right-one"]
)
def test_a_wrong_token_is_refused(guarded: Running, header: str) -> None:
    answer = guarded.http.get("/cases", headers={"Authorization": header})
    assert (answer.status_code, issue_codes(answer)) == (401, ["API-801"])
    read = guarded.http.get("/fhir/Patient/x", headers={"Authorization": header})
    assert read.status_code == 401
    assert read.json()["resourceType"] == "OperationOutcome"


def test_the_right_token_lets_in(guarded: Running) -> None:
    answer = guarded.http.get("/cases", headers={"Authorization": "Bearer the-right-one"})
    assert answer.status_code == 200


def test_beyond_this_machine_a_token_is_needed(tmp_path: Path) -> None:
    check_exposure("127.0.0.1", settings_for(tmp_path))
    check_exposure("0.0.0.0", settings_for(tmp_path, api_token="t"))
    with pytest.raises(AdapterError, match="API-814"):
        check_exposure("0.0.0.0", settings_for(tmp_path))


# -- errors ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/cases/qingshi_county-1", 404, "CASE-302"),
        ("POST", "/cases/qingshi_county-1/estimate", 404, "CASE-302"),
        ("POST", "/cases/qingshi_county-1/trial", 404, "CASE-302"),
        ("POST", f"/cases/{CASE}/reverse?wait=61", 422, "API-803"),
        ("POST", f"/cases/{CASE}/settle", 409, "CASE-303"),
        ("GET", "/parked/P-0", 404, "CASE-314"),
        ("POST", "/parked/P-0/replay", 404, "CASE-314"),
        ("POST", "/outbox/nothing/retry", 404, "LED-409"),
        ("POST", "/outbox/nothing/resolve", 422, "API-803"),
        ("POST", "/outbox/nothing/clear", 422, "API-803"),
        ("POST", "/differences/0000000000/close", 422, "API-803"),
        ("POST", "/reconcile/nobody/2021-03-19?facility=H99990100001", 404, "API-808"),
        ("POST", "/reconcile/bureau/2021-02-30?facility=H99990100001", 422, "API-803"),
        ("GET", "/cases?limit=0", 422, "API-803"),
        ("GET", "/nowhere", 404, "API-812"),
        ("DELETE", "/cases", 405, "API-812"),
    ],
)
def test_what_is_wrong_has_a_status_and_an_issue(
    stocked: Running, method: str, path: str, status: int, code: str
) -> None:
    answer = stocked.http.request(method, path)
    assert (answer.status_code, issue_codes(answer)[0]) == (status, code)


def test_every_code_with_a_status_exists() -> None:
    assert set(STATUS) <= {coded.code for coded in coded_issues()}


def test_what_nobody_foresaw_tells_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("测试甲 999999196203140018")

    monkeypatch.setattr("adapter.cases.served.case_page", broken)
    with serving(settings_for(tmp_path)) as service:
        answer = service.http.get("/cases", headers={"X-Request-Id": "abc-1"})
    assert (answer.status_code, issue_codes(answer)) == (500, ["API-811"])
    assert answer.json()["issues"][0]["pointer"] == "request/abc-1"
    assert "测试甲" not in answer.text
    printed = capsys.readouterr()
    assert "RuntimeError" in printed.err
    assert " broken" in printed.err  # the place, without the words
    assert "测试甲" not in printed.err + printed.out


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "API-803"),
        (b"{", "FHIR-101"),
        (b'{"case_id":"a","case_id":"b","amount":"1"}', "FHIR-102"),
        (b'{"case_id":"a","amount":NaN}', "FHIR-101"),
        (b'{"case_id":"a","amount":1.005}', "API-803"),
        (b'{"case_id":"a","amount":"1e3"}', "API-803"),
        (b'{"case_id":"a","amount":1e999999}', "FHIR-293"),
        (b'{"case_id":"a","amount":3000.00000000000000000000000000001}', "API-803"),
        (b'{"case_id":"a","amount":true}', "API-803"),
        (b'{"case_id":"a","amount":null}', "API-803"),
        (b'{"case_id":"a","stay_key":"b","amount":"1.00"}', "API-803"),
        (b'{"source":"a","amount":"1.00"}', "API-803"),
        (b'{"case_id":"a","amount":"1.00","more":1}', "API-803"),
        (b"[]", "API-803"),
    ],
)
def test_a_wrong_question_is_refused(service: Running, body: bytes, code: str) -> None:
    answer = service.http.post("/deposits/check", content=body)
    assert (answer.status_code, issue_codes(answer)[0]) == (422, code)


@pytest.mark.parametrize("amount", ["3000.00", 3000, Decimal("3000.0"), Decimal("3E+3")])
def test_an_amount_is_exact(amount: object) -> None:
    assert DepositIn.model_validate({"case_id": "a", "amount": amount}).amount.text == "3000.00"
    with pytest.raises(ValidationError):
        DepositIn.model_validate({"case_id": "a", "amount": 3000.0})


# -- deposits ----------------------------------------------------------------------------------------------------------


def test_no_deposit_from_an_entitled_patient(stocked: Running) -> None:
    answer = stocked.http.post("/deposits/check", content=b'{"case_id": "%b", "amount": 3000.00}' % CASE.encode())
    said = DepositOut.model_validate(answer.json())
    assert (said.allowed, said.amount, said.deposit) == (False, "3000.00", "not-allowed")
    assert said.cite
    assert said.zh
    by_stay = {"source": "qingshi_county", "stay_key": "300010002", "amount": "3000.00"}
    assert stocked.http.post("/deposits/check", json=by_stay).json() == answer.json()
    journal = CaseOut.model_validate(stocked.http.get(f"/cases/{CASE}").json()).journal
    assert [line["kind"] for line in journal].count("noted") >= 2


def test_a_refused_patient_pays_a_deposit(stocked: Running) -> None:
    asked = {"case_id": "qingshi_county-300010001", "amount": "500.00"}
    said = DepositOut.model_validate(stocked.http.post("/deposits/check", json=asked).json())
    assert (said.allowed, said.entitlement) == (True, "refused")
    unknown = stocked.http.post("/deposits/check", json=asked | {"case_id": "qingshi_county-1"})
    assert (unknown.status_code, issue_codes(unknown)) == (404, ["CASE-302"])


# -- FHIR --------------------------------------------------------------------------------------------------------------


def test_the_capability_statement_is_true(service: Running) -> None:
    answer = service.http.get("/fhir/metadata")
    assert answer.headers["content-type"] == "application/fhir+json; fhirVersion=4.0"
    statement = answer.json()
    assert validate([statement]) == []
    assert statement["software"]["version"] == __version__
    assert statement["implementation"]["url"] == f"{service.base}/fhir"
    [server] = statement["rest"]
    assert len(server["resource"]) == len(VALIDATED | set(SERVED))
    read = [each for each in server["resource"] if "interaction" in each]
    assert {each["type"] for each in read} == set(SERVED)
    said = {each["type"]: tuple(code["code"] for code in each["interaction"]) for each in read}
    assert {codes[:4] for codes in said.values()} == {("read", "vread", "history-instance", "search-type")}
    assert {kind for kind, codes in said.items() if "update" in codes} == {*WRITABLE, "Subscription"}
    assert {("POST", "/fhir"), ("POST", "/fhir/x"), ("PUT", "/fhir/x"), ("PUT", "/fhir/x/x")} <= set(addresses(service))
    operations = {each["type"]: [one["name"] for one in each["operation"]] for each in server["resource"]}
    assert all(names[0] == "validate" for names in operations.values())
    more = {kind: names[1:] for kind, names in operations.items() if names[1:]}
    assert more == {"ConceptMap": ["translate"], "Encounter": list(STAY_OPERATIONS), "Patient": ["export"]}
    assert [each["name"] for each in server["operation"]] == ["export"]
    fhir = {path for _, path in addresses(service) if path.startswith("/fhir/") and not path.startswith("/fhir/r5/")}
    versions = {"/fhir/x/x/_history", "/fhir/x/x/_history/x"}
    search = {"/fhir/x", "/fhir/x/_search"}
    called = {f"/fhir/Encounter/x/${name}" for name in STAY_OPERATIONS} | {"/fhir/ConceptMap/$translate"}
    called |= {"/fhir/x/$validate", "/fhir/x/x/$validate"}
    called |= {"/fhir/$export", "/fhir/Patient/$export", "/fhir/$export/x", "/fhir/$export/x/x"}
    called |= {"/fhir/Subscription", "/fhir/Subscription/x"}
    refused = {"/fhir/Group/x/$export"}  # which says why, and what to ask instead
    assert fhir == {"/fhir/metadata", "/fhir/x/x"} | versions | search | called | refused  # no more, and no less


def test_a_resource_is_read_with_its_version(stocked: Running) -> None:
    name = patient_of(stocked)
    answer = stocked.http.get(f"/fhir/Patient/{name}", headers={"X-Actor": "dr-wang"}, params={"reason": "admission"})
    assert answer.status_code == 200
    assert answer.headers["etag"] == 'W/"1"'
    assert answer.headers["last-modified"].endswith("GMT")
    assert answer.json()["meta"]["versionId"] == "1"
    assert validate([answer.json()]) == []
    with stocked.app.state.service.tools.ledger.reading() as tx:
        noted = [line.event for line in tx.journal(CASE) if line.event.data.get("what") == "resource-read"]
    assert [(event.actor.id, event.actor.role, event.reason) for event in noted] == [("dr-wang", "api", "admission")]
    assert noted[0].data["data"]["id"] == name  # type: ignore[index]


@pytest.mark.parametrize("path", ["/fhir/Patient/nobody", "/fhir/Basic/x", "/fhir/Basic", "/fhir/Patient/x/_history"])
def test_what_is_not_there_is_an_operation_outcome(stocked: Running, path: str) -> None:
    answer = stocked.http.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("application/fhir+json")
    assert validate([answer.json()]) == []


def test_a_deleted_resource_is_gone(tmp_path: Path) -> None:
    with serving(settings_for(tmp_path)) as service:
        service.take_in(EXPORT)
        tools, name = service.app.state.service.tools, patient_of(service)
        with tools.ledger.transaction() as tx:
            tx.delete_resources("qingshi_county", CASE, [("Patient", name)], **tools.act(Actor("t"), "test").said)
        answer = service.http.get(f"/fhir/Patient/{name}")
        assert (answer.status_code, answer.json()["resourceType"]) == (410, "OperationOutcome")


# -- status, log, metrics, documents -----------------------------------------------------------------------------------


def test_it_is_alive_and_ready(stocked: Running) -> None:
    UpOut.model_validate(stocked.http.get("/health").json())
    assert ReadyOut.model_validate(stocked.http.get("/ready").json()).cases == 20


def test_it_is_not_ready_without_its_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(settings_for(tmp_path)) as service:
        monkeypatch.setattr(type(service.app.state.service.worker), "alive", False)
        answer = service.http.get("/ready")
        assert (answer.status_code, issue_codes(answer)) == (503, ["API-813"])
        assert service.http.get("/health").status_code == 200


def test_the_worker_survives_what_nobody_foresaw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rounds: Counter[int] = Counter()

    def broken(tools: Tools, *, limit: int) -> Delivered:
        rounds[id(tools)] += 1
        if rounds[id(tools)] == 1:
            raise RuntimeError("测试甲")
        return work_once(tools, limit=limit)

    monkeypatch.setattr("adapter.doors.web.worker.work_once", broken)
    monkeypatch.setattr("adapter.doors.web.worker._AFTER_FAILURE_SECONDS", 0.01)
    with serving(settings_for(tmp_path)) as service:
        while max(rounds.values(), default=0) < 3:
            assert service.http.get("/ready").status_code == 200
        assert "adapter_worker_failures_total 1.0" in service.http.get("/metrics").text


def test_the_log_names_routes_and_no_person(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(settings_for(tmp_path)) as service:
        service.take_in(EXPORT)
        name = patient_of(service)
        service.http.get(f"/fhir/Patient/{name}?reason=x", headers={"X-Request-Id": "r-1"})
        service.http.get("/cases/999999198301250084")
        service.http.get(f"/cases/{CASE}", headers={"X-Request-Id": "bad id"})
    err = capsys.readouterr().err
    lines = [json.loads(line) for line in err.splitlines() if '"event": "request"' in line]
    first, typed, second = lines[-3:]
    assert (typed["status"], "case_id" in typed) == (404, False)
    assert (first["route"], first["request_id"], first["status"]) == ("/fhir/{kind}/{identity}", "r-1", 200)
    assert (second["route"], second["case_id"]) == ("/cases/{case_id}", CASE)
    assert re.fullmatch(r"[0-9a-f]{32}", second["request_id"])
    assert {"method", "route", "status", "ms"} <= first.keys()
    assert name not in err


def test_metrics_count_and_name_nobody(stocked: Running) -> None:
    stocked.http.get(f"/cases/{CASE}")
    stocked.http.request("MADEUP", "/cases")
    text = stocked.http.get("/metrics").text
    assert 'adapter_http_requests_total{method="GET",route="/cases/{case_id}",status="200"}' in text
    assert 'adapter_states{machine="entitlement",state="granted"}' in text
    assert "adapter_cases 20.0" in text
    for personal in (CASE, "300010002", "测试", "MADEUP", patient_of(stocked)):
        assert personal not in text


def test_answers_are_not_kept_by_anybody(stocked: Running) -> None:
    headers = stocked.http.get("/cases").headers
    assert headers["cache-control"] == "no-store"
    assert re.fullmatch(r"[0-9a-f]{32}", headers["x-request-id"])


def test_openapi_describes_every_address(service: Running) -> None:
    document: dict[str, Any] = service.http.get("/openapi.json").json()
    operations = [(p, m, o) for p, methods in document["paths"].items() for m, o in methods.items()]
    for path, method, operation in operations:
        assert operation["summary"], path
        assert operation["description"], path
        if path not in OPEN:
            assert operation["security"] == [{"HTTPBearer": []}], path
            assert "401" in operation["responses"], path
        if method == "post" and path.endswith(("check", "settle", "reverse")):
            taken = "application/fhir+json" if path.startswith("/fhir/") else "application/json"
            assert taken in operation["requestBody"]["content"], path


def test_the_docs_page_needs_nothing_from_outside(service: Running) -> None:
    text = service.http.get("/docs").text
    assert "POST /his/{source}" in text
    assert "http://" not in text.replace(service.base, "")
    assert "https://" not in text
    assert "<script" not in text


def test_the_actor_is_a_login_and_no_name(service: Running) -> None:
    answer = service.http.post("/cases/x/trial", headers={"X-Actor": "Zhang San"})
    assert (answer.status_code, issue_codes(answer)) == (422, ["API-803"])


def test_routes_are_all_in_the_document(service: Running) -> None:
    hidden = {r.path for r in service.app.routes if isinstance(r, APIRoute) and not r.include_in_schema}
    assert hidden <= {"/docs"}


@pytest.mark.slow
def test_many_who_wait_do_not_stop_the_others(service: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixty clerks wait for payers who do not answer; the service goes on answering."""

    class Row:
        held, issues, bill = False, (), None

    class Now:
        line = type("Line", (), {"row": Row})
        trial = "running"

        def as_json(self) -> dict[str, Any]:
            return {}

    monkeypatch.setattr(settle, "start_trial", lambda *_: None)
    monkeypatch.setattr(served, "case_now", lambda *_: Now())
    answers: list[int] = []

    def wait() -> None:
        answers.append(httpx.post(f"{service.base}/cases/x/trial?wait=4", timeout=60).status_code)

    waiting = [Thread(target=wait) for _ in range(60)]
    for each in waiting:
        each.start()
    assert httpx.get(f"{service.base}/ready", timeout=3).status_code == 200
    for each in waiting:
        each.join()
    assert answers == [202] * 60


def test_the_guide_names_every_address(service: Running) -> None:
    guide = (ROOT / "docs" / "service.md").read_text("utf-8")
    for path, methods in service.app.openapi()["paths"].items():
        for method in methods:
            assert f"{method.upper()} {path}" in guide, f"{method} {path}"
