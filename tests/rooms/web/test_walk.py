"""A settlement on its way, over HTTP: what is refused with which status, and what is done."""

from __future__ import annotations

from typing import Any

import pytest

from adapter.doors.web.api.verdicts import SettlementListsOut
from adapter.doors.web.api.walk import EndpointsOut, VariancesOut
from adapter.doors.web.models import CaseLine
from adapter.doors.web.reconciliation_models import DifferencesOut
from tests.support.service import Running

CASE = "qingshi_county-300010002"
WHY = {"reason": "核实"}
CLERK = {"X-Actor": "cashier-07"}


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        (f"/cases/{CASE}/calls/nobody/hold", WHY, 404, "CASE-421"),
        (f"/cases/{CASE}/calls/aid/hold", {}, 422, "API-803"),
        (f"/cases/{CASE}/calls/aid/hold", {"reason": " "}, 422, "API-803"),
        (f"/cases/{CASE}/calls/aid/resume", WHY, 409, "CASE-423"),
        (f"/cases/{CASE}/calls/aid/skip", WHY, 409, "CASE-435"),
        (f"/cases/{CASE}/calls/aid/present", WHY, 409, "CASE-427"),
        (f"/cases/{CASE}/advance", WHY, 409, "CFG-745"),
        (f"/cases/{CASE}/variances/basic/close", WHY, 404, "CASE-429"),
        (f"/cases/{CASE}/receipts/0033445566/take-back", WHY, 404, "CASE-433"),
        ("/endpoints/nobody/pause", WHY, 409, "CASE-315"),
        ("/endpoints/nobody/pause", {**WHY, "until": "2026-03-02T06:00"}, 422, "API-803"),
        ("/cases/nobody/calls/aid/hold", WHY, 404, "CASE-302"),
        ("/outbox/nothing/resolve", {**WHY, "verdict": "not-seen"}, 404, "LED-409"),
        ("/outbox/nothing/resolve", {**WHY, "verdict": "perhaps"}, 422, "API-803"),
        ("/outbox/nothing/clear", WHY, 404, "LED-409"),
        ("/outbox/nothing/compensate", WHY, 404, "LED-409"),
        ("/differences/0000000000/close", WHY, 404, "REC-603"),
        (f"/cases/{CASE}/settlement-list", WHY, 409, "CASE-445"),
    ],
)
def test_what_is_wrong_is_refused(stocked: Running, path: str, body: Any, status: int, code: str) -> None:
    answer = stocked.http.post(path, json=body, headers=CLERK)
    assert (answer.status_code, [each["code"] for each in answer.json()["issues"]]) == (status, [code])


def test_what_is_done_is_answered_as_documented(stocked: Running) -> None:
    for act in ("calls/aid/hold", "calls/aid/resume", "receipts/0033445566/used", "receipts/0033445566/take-back"):
        done = stocked.http.post(f"/cases/{CASE}/{act}", json=WHY, headers=CLERK)
        assert done.status_code == 200
        assert CaseLine.model_validate(done.json()).case_id == CASE
    assert VariancesOut.model_validate(stocked.http.get("/variances").json()).variances == []
    assert DifferencesOut.model_validate(stocked.http.get("/differences").json()).differences == []
    assert SettlementListsOut.model_validate(stocked.http.get("/settlement-lists").json()).lists == []
    EndpointsOut.model_validate(stocked.http.get("/endpoints").json())
