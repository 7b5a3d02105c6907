"""Money of a payer that comes after the bill was closed: a new version, the books, the payers' calls, and back."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from adapter.cases import reverse, views
from adapter.cases.proof import certificate_of
from adapter.cases.reconcile import reconcile_day, settled_days
from adapter.cases.replay import replay
from adapter.cases.tools import Tools
from adapter.cases.window.late_payer import LateBill, add_late_payer, take_back_late_payer
from adapter.cases.window.payments import Method, pay, refund
from adapter.fhir.canonical import decode
from adapter.model.case import Actor, BillState, PatientPartState
from adapter.model.issues import AdapterError
from adapter.model.messages import Stage
from adapter.model.money import ZERO, Money
from adapter.model.settlement import Payer, Settlement
from adapter.rules.certificate.verify import verify
from tests.support.office import (
    FACILITY,
    SOURCE,
    TestClock,
    act,
    case_id,
    codes,
    row_of,
    settle_case,
    settlement_of,
    take_in,
    work,
)
from tests.support.payers import Payers

STAY = "300010004"
Y = Money.yuan


def late(tools: Tools, amount: str, payer: Payer = Payer.EMERGENCY_FUND, reference: str = "E-1") -> LateBill:
    received = date(2026, 3, 9)
    told = act(tools, "应急救助基金到账")
    return add_late_payer(case_id(STAY), payer, Y(amount), reference, "救助通知 7 号", tools, told, received=received)


def refused(tools: Tools, amount: str = "50", payer: Payer = Payer.EMERGENCY_FUND, reference: str = "E-1") -> list[str]:
    with pytest.raises(AdapterError) as caught:
        late(tools, amount, payer, reference)
    return codes(caught.value)


@pytest.fixture
def settled(tools: Tools, tmp_path: Path) -> Settlement:
    take_in(tools, tmp_path, STAY)
    settle_case(STAY, tools)
    return settlement_of(STAY, tools)


def invoices(tools: Tools) -> list[str]:
    with tools.ledger.reading() as tx:
        rows = tx.resources_of_case(case_id(STAY), ("Invoice",))
    return sorted(str(decode(row.body)["status"]) for row in rows)


def statuses(tools: Tools) -> set[str]:
    with tools.ledger.reading() as tx:
        rows = tx.resources_of_case(case_id(STAY), ("Claim", "ClaimResponse", "ExplanationOfBenefit"))
    return {str(decode(row.body)["status"]) for row in rows}


@pytest.mark.rule("T-14")
def test_a_late_payer_makes_a_new_version_and_the_patient_bears_less(tools: Tools, settled: Settlement) -> None:
    done = late(tools, "100")
    new = settlement_of(STAY, tools, 2)
    assert (done.version, done.patient_pays) == (2, settled.patient_pays - Y("100"))
    assert new.share_of(Payer.EMERGENCY_FUND) == Y("100")
    assert [s for s in new.shares if s.payer not in (Payer.EMERGENCY_FUND, Payer.PATIENT)] == list(settled.shares[:-1])
    row = row_of(STAY, tools)
    assert (row.version, row.bill) == (2, BillState.SETTLED)
    with tools.ledger.reading() as tx:
        assert tx.state(case_id(STAY), "bill", "1") is BillState.SUPERSEDED
        books = tx.balances(case_id(STAY))
        year = dict(tx.year_to_date(SOURCE, row.person_key, new.on.year).amounts)
    assert books["receivable/emergency-fund"] == Y("100")
    assert (books["receivable/patient"], books["charges"]) == (new.patient_pays, -new.total)
    assert (year["emergency-fund.paid"], year["basic.paid"]) == (Y("100"), settled.share_of(Payer.BASIC))
    assert verify(certificate_of(case_id(STAY), tools, version=2)) == []
    assert invoices(tools) == ["cancelled", "issued"]
    assert statuses(tools) == {"active"}, "the payers were asked once, and their answers stand"
    assert views.full_record(case_id(STAY), tools)["type"] == "transaction"


def test_a_patient_who_had_paid_is_owed_the_difference(tools: Tools, settled: Settlement) -> None:
    pay(case_id(STAY), settled.patient_pays, Method.CASH, "R-1", tools, act(tools))
    done = late(tools, "80.55")
    assert (done.refund_due, done.state) == (Y("80.55"), PatientPartState.REFUND_DUE)
    refund(case_id(STAY), Y("80.55"), Method.CASH, "R-2", tools, act(tools))
    with tools.ledger.reading() as tx:
        assert tx.balances(case_id(STAY))["receivable/patient"] == ZERO


def test_it_can_be_taken_back_step_by_step(tools: Tools, settled: Settlement) -> None:
    late(tools, "100")
    late(tools, "20", reference="E-2")
    assert settlement_of(STAY, tools, 3).share_of(Payer.EMERGENCY_FUND) == Y("120")
    for expected in (settled.patient_pays - Y("100"), settled.patient_pays):
        assert take_back_late_payer(case_id(STAY), tools, act(tools, "退回")).patient_pays == expected
    with pytest.raises(AdapterError) as caught:
        take_back_late_payer(case_id(STAY), tools, act(tools))
    assert codes(caught.value) == ["CASE-405"]
    with tools.ledger.reading() as tx:
        assert not tx.balances(case_id(STAY))["receivable/emergency-fund"]
    assert invoices(tools) == ["cancelled"] * 4 + ["issued"]
    again = replay(case_id(STAY), tools)
    assert [(each.version, each.issues) for each in again] == [(version, ()) for version in range(1, 6)]


def test_the_bill_is_reversed_with_the_payers_that_were_asked(
    tools: Tools, payers: Payers, settled: Settlement
) -> None:
    late(tools, "100")
    assert settled_days(tools), "reconciliation still finds what the payers settled"
    reverse.start_reversal(case_id(STAY), tools, act(tools, "费用更正"))
    assert work(tools)
    assert row_of(STAY, tools).bill is BillState.REVERSED
    assert payers.bureau.asked_about(Stage.REVERSE) == [f"{case_id(STAY)}.v1.insurance.reverse"]
    assert payers.bureau.settled() == payers.aid.settled() == []
    with tools.ledger.reading() as tx:
        assert set(tx.balances(case_id(STAY)).values()) == {ZERO}
        row = tx.case(case_id(STAY))
        assert row is not None
        year = tx.year_to_date(SOURCE, row.person_key, settled.on.year)
    assert all(not amount for _, amount in year.amounts)
    assert statuses(tools) == {"cancelled"}
    settle_case(STAY, tools)
    assert settlement_of(STAY, tools, 3).patient_pays == settled.patient_pays


def test_a_payer_of_a_call_that_pays_more_later_is_reconciled_by_its_answer(
    tools: Tools, payers: Payers, tmp_path: Path
) -> None:
    payers.aid.says[Payer.MEDICAL_AID] = "0"
    take_in(tools, tmp_path, STAY)
    settle_case(STAY, tools)
    late(tools, "30", Payer.MEDICAL_AID)
    settled = settlement_of(STAY, tools, 2)
    assert settled.share_of(Payer.MEDICAL_AID) == Y("30")
    assert verify(certificate_of(case_id(STAY), tools)) == []
    compared = reconcile_day("civil-affairs", settled.on, FACILITY, tools, act(tools))
    assert compared.agrees


def test_what_cannot_be(tools: Tools, payers: Payers, settled: Settlement) -> None:
    assert refused(tools, settled.patient_pays.text.replace(".", "9.")) == ["SET-338"]
    assert refused(tools, "0") == ["SET-338"]
    assert refused(tools, payer=Payer.BASIC) == ["SET-337"]
    assert refused(tools, payer=Payer.PATIENT) == ["SET-337"]
    late(tools, "10")
    assert refused(tools, "10") == ["CASE-401"], "the same money is recorded once"
    nobody = tools.act(Actor("worker", "system"), "auto")
    with pytest.raises(AdapterError) as caught:
        take_back_late_payer(case_id(STAY), tools, nobody)
    assert codes(caught.value) == ["PRG-282"]


def test_only_a_closed_bill_takes_a_late_payment(tools: Tools, tmp_path: Path) -> None:
    take_in(tools, tmp_path, STAY)
    assert refused(tools) == ["CASE-400"]
    assert isinstance(tools.clock, TestClock)
