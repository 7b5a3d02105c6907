"""Clearing and prepayment over HTTP, on a service without endpoints."""

from __future__ import annotations

from typing import Any

from adapter.doors.web.clearing_models import ClearingList, PrepaymentOut
from tests.support.service import Running

HERE = {"facility": "H99990100001"}
ACTOR = {"X-Actor": "finance-01"}
BUDGET = {"budget": "1200000.00", "document": "YB-1", "scheme": "test_county_plan"}


def post(service: Running, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    answer = service.http.post(path, params=HERE, json=body, headers=ACTOR)
    return answer.status_code, answer.json()


def test_a_prepaid_year_and_its_refusals(service: Running) -> None:
    missing = service.http.get("/prepayment/bureau/2024", params=HERE)
    assert (missing.status_code, missing.json()["issues"][0]["code"]) == (404, "CASE-391")
    assert post(service, "/prepayment/bureau/2024/budget", BUDGET)[0] == 200
    status, shown = post(service, "/prepayment/bureau/2024/receive", {"amount": "270000.00", "reference": "YF-1"})
    assert status == 200
    year = PrepaymentOut.model_validate(shown)
    assert (year.prepaid, year.prepaid_left, year.waits_for_assessment) == ("270000.00", "270000.00", "120000.00")
    status, refused = post(service, "/prepayment/bureau/2024/receive", {"amount": "1.00", "reference": "YF-1"})
    assert (status, refused["issues"][0]["code"]) == (409, "CASE-393")
    over = {"released": "0.01", "document": "KH-1"}
    status, refused = post(service, "/prepayment/bureau/2024/assess", over)
    assert (status, refused["issues"][0]["code"]) == (422, "PRG-302")
    journal = service.app.state.service.tools.ledger
    with journal.reading() as tx:
        assert {row.event.actor.id for row in tx.journal("") if row.event.kind == "finance-posted"} == {"finance-01"}


def test_a_month_that_has_nothing(service: Running) -> None:
    for act, body in (
        ("declare", {}),
        ("agree", {"document": "QS-1"}),
        ("dispute", {"recognised": "1.00", "why": "x"}),
        ("receive", {"reference": "BF-1", "cash": "1.00"}),
    ):
        status, answer = post(service, f"/clearing/bureau/2024-03/{act}", body)
        assert (status, answer["issues"][0]["code"]) == (404, "CASE-391"), act
    assert service.http.get("/clearing/bureau/2024-03", params=HERE).status_code == 404
    assert service.http.get("/clearing/bureau/2024-13", params=HERE).status_code == 422
    assert ClearingList.model_validate(service.http.get("/clearing").json()).batches == []
