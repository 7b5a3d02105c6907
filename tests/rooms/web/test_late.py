"""After a bill was closed, over HTTP: what is refused with which status, and the whole way there and back."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from adapter.doors.web.api.late import LateBillOut
from adapter.fhir.canonical import decode
from adapter.fhir.validation import validate
from adapter.model.money import Money
from adapter.settings import EndpointSettings
from tests.support.counterparts import counterpart
from tests.support.service import EXPORT, Running, serving, settings_for

CASE = "qingshi_county-300010002"
PAID = {"payer": "emergency-fund", "amount": "500.00", "reference": "E-7", "cite": "救助通知7号"}
WHY = {"reason": "核实"}


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        (f"/cases/{CASE}/late-payers", PAID, 409, "CASE-400"),
        (f"/cases/{CASE}/late-payers", {**PAID, "amount": "0.001"}, 422, "API-803"),
        (f"/cases/{CASE}/late-payers", {**PAID, "payer": "friend"}, 422, "API-803"),
        (f"/cases/{CASE}/late-payers/take-back", WHY, 409, "CASE-400"),
        (f"/cases/{CASE}/late-payers/take-back", {}, 422, "API-803"),
        (f"/cases/{CASE}/stands", WHY, 409, "CASE-406"),
        ("/cases/nobody/late-payers", PAID, 404, "CASE-302"),
    ],
)
def test_what_is_wrong_is_refused(stocked: Running, path: str, body: Any, status: int, code: str) -> None:
    answer = stocked.http.post(path, json=body, headers={"X-Actor": "cashier-07"})
    assert (answer.status_code, [each["code"] for each in answer.json()["issues"]]) == (status, [code])


@pytest.mark.slow
def test_a_late_payment_and_back_over_http(tmp_path: Path) -> None:
    """Every resource of the new version is valid, and the patient's part goes down and up again."""
    with ExitStack() as stack:
        running = {
            kind: stack.enter_context(counterpart(kind, store=tmp_path / f"{kind}.sqlite"))
            for kind in ("bureau", "aid")
        }
        endpoints = {
            "bureau": EndpointSettings(base_url=running["bureau"].fhir, simulator=True, longest_delay=2),
            "civil-affairs": EndpointSettings(
                base_url=running["aid"].fhir, form="transaction", simulator=True, longest_delay=2
            ),
        }
        service = stack.enter_context(serving(settings_for(tmp_path, endpoints=endpoints, retry_first_seconds=0.1)))
        assert service.take_in(EXPORT).status_code == 200
        for step in ("trial", "settle"):
            assert service.http.post(f"/cases/{CASE}/{step}", params={"wait": "30"}).status_code == 200
        paid = service.http.post(f"/cases/{CASE}/late-payers", json=PAID)
        bill = LateBillOut.model_validate(paid.json())
        assert bill.version == 2
        assert Money.yuan(bill.patient_before) - Money.yuan(bill.patient_pays) == Money.yuan("500.00")
        with service.app.state.service.tools.ledger.reading() as tx:
            rows = tx.resources_of_case(CASE, ("Invoice", "Claim", "ClaimResponse", "ExplanationOfBenefit", "Account"))
        assert [row for row in rows if validate([decode(row.body)])] == []
        back = service.http.post(f"/cases/{CASE}/late-payers/take-back", json=WHY)
        assert LateBillOut.model_validate(back.json()).patient_pays == bill.patient_before
        undone = service.http.post(f"/cases/{CASE}/reverse", params={"wait": "30"}, json=WHY)
        assert (undone.status_code, undone.json()["bill"]) == (200, "reversed")
        assert running["bureau"].state()["settled"] == running["aid"].state()["settled"] == 0
