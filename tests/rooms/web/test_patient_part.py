"""The patient's part over HTTP: money, plans, debts, the credit list; and who must be named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.office import SOURCE, TestClock, case_id, office, settle_case, take_in
from tests.support.patient_part import STAY, account
from tests.support.payers import fake_payers
from tests.support.service import Running, serving, settings_for

CASE = case_id(STAY)
FINANCE = {"X-Actor": "finance-3"}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, str]]:
    """A service over a store in which one stay is settled, and what its patient owes."""
    folder: Path = tmp_path_factory.mktemp("desk")
    payers = fake_payers(TestClock())
    with office(folder, payers.endpoints, clock=payers.clock) as tools:
        take_in(tools, folder, STAY)
        settle_case(STAY, tools)
        owed = account(tools).part.share.text
    with serving(settings_for(folder)) as service:
        yield service, owed


def post(service: Running, path: str, body: dict[str, Any], status: int = 200, named: bool = True) -> dict[str, Any]:
    answer = service.http.post(f"/cases/{CASE}/{path}", json=body, headers=FINANCE if named else {})
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


def codes(answer: dict[str, Any]) -> list[str]:
    return [issue["code"] for issue in answer["issues"]]


def test_money_plans_and_debts_over_http(desk: tuple[Running, str]) -> None:
    """One story, in the order in which a debt is collected."""
    service, owed = desk
    shown = service.http.get(f"/cases/{CASE}/account").json()
    assert (shown["open"], shown["state"], codes(shown)[0]) == (owed, "open", "CASE-385")

    paid = post(service, "payments", {"amount": "0.01", "receipt": "R1"})
    assert (paid["state"], paid["again"]) == ("part-paid", False)
    assert post(service, "payments", {"amount": "0.01", "receipt": "R1"})["again"]
    assert codes(post(service, "payments", {"amount": "0.02", "receipt": "R1"}, 409)) == ["CASE-371"]
    assert codes(post(service, "payments", {"amount": 0.015, "receipt": "R2"}, 422)) == ["API-803"]
    assert codes(post(service, "refunds", {"amount": "0.01", "receipt": "R3"}, 422)) == ["PRG-278"]

    assert codes(post(service, "plan", {"dues": ["2099-01-01"]}, 422)) == ["PRG-277", "PRG-276"]
    assert service.http.get(f"/cases/{CASE}/plan").status_code == 404
    assert codes(post(service, "stages", {"agreement": "XY-1"}, 422)) == ["PRG-201"]

    run = service.http.post("/arrears/run").json()
    assert codes(run) == ["PRG-201"], "nobody said after how many days a reminder is due"
    assert service.http.get(f"/cases/{CASE}/account").json()["state"] == "overdue"

    for path, body in (
        ("arrears/collect", {"reason": "催缴"}),
        ("debtor", {"kind": "patient", "key": "88004"}),
        ("credit/confirm", {"reason": "x"}),
        ("fund/claim", {"reason": "x"}),
        ("reward", {"reason": "x"}),
    ):
        assert codes(post(service, path, body, 422, named=False)) == ["API-855"], path

    proposal = {"trigger": "credit-malicious", "evidence": ["CH-1"], "noticed": "2021-07-01"}
    assert codes(post(service, "credit", proposal, 422)) == ["PRG-281"]
    assert post(service, "credit", {**proposal, "malice": "有能力支付而拒付"})["state"] == "proposed"
    assert post(service, "credit/confirm", {"reason": "已核实"})["state"] == "listed"
    seen = service.http.get(f"/credit/{SOURCE}/88004", headers={"X-Actor": "outpatient-1"}).json()
    assert (seen["state"], seen["deferral"]) == ("listed", False) and CASE not in str(seen)
    assert post(service, "credit/appeal", {"reason": "本人称已付"})["state"] == "appealed"
    assert post(service, "credit/clear", {"reason": "查明"})["state"] == "cleared"

    assert codes(post(service, "fund/claim", {"reason": "x"}, 422)) == ["PRG-270"]
    assert post(service, "arrears/collect", {"reason": "催缴"})["state"] == "collection"
    written_off = post(service, "arrears/write-off", {"reason": "死账"})
    rest = written_off["amount"]
    last = post(service, "payments", {"amount": rest, "receipt": "R9", "method": "card"})
    assert (last["state"], last["recovered_for_hospital"], last["open"]) == ("recovered", rest, "0.00")
    shown = service.http.get(f"/cases/{CASE}/account").json()
    assert shown["discharge_formalities"] and [each["receipt"] for each in shown["movements"]] == ["R1", "R9"]


def test_an_interim_settlement_is_refused_after_the_bill(desk: tuple[Running, str]) -> None:
    service, _ = desk
    part = {"reference": "S-1", "through": "2021-05-10", "amounts": {"basic": "10.00"}}
    assert codes(post(service, "interim-settlements", part, 409)) == ["CASE-477"]
    assert codes(post(service, "interim-settlements/S-1/cancel", {"reason": "x"}, 409)) == ["CASE-373"]
