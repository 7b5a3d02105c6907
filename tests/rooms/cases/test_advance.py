"""医院垫付: the bill closes on what is expected, and follows the payers' answers when they come."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from adapter.cases import advance, call_desk, dispatch, outgoing, reverse, settle
from adapter.cases.tools import Act, OfficeRules, Tools
from adapter.cases.window.account import account_of
from adapter.model.case import Actor, BillState, PatientPartState
from adapter.model.issues import AdapterError
from adapter.model.messages import Outcome, Receipt, Stage
from adapter.model.money import Money
from adapter.model.settlement import Authority, Payer, Settlement
from adapter.rules.certificate.verify import verify
from tests.support.office import CLERK, SOURCE, act, case_id, codes, row_of, settlement_of, take_in, try_case, work
from tests.support.payers import Payers

STAY = "300010002"
CASE = case_id(STAY)


@pytest.fixture
def office(tools: Tools) -> Tools:
    return replace(tools, office=OfficeRules(advance_difference="patient"))


def dead(payers: Payers) -> None:
    """The aid office answers nothing at all, neither a submission nor a question."""
    payers.aid.deliver = payers.aid.lookup = lambda message: Receipt(Outcome.UNKNOWN, payers.clock.now())  # type: ignore[method-assign]


def alive(payers: Payers) -> None:
    del payers.aid.deliver, payers.aid.lookup


def waiting(tools: Tools, payers: Payers, tmp_path: Path) -> None:
    """Insurance has answered; the aid office is down."""
    take_in(tools, tmp_path, STAY)
    try_case(STAY, tools)
    dead(payers)
    settle.start_settlement(CASE, tools, act(tools))
    while not payers.bureau.settled():
        dispatch.work_once(tools)
    dispatch.work_once(tools)


def balances(tools: Tools) -> dict[str, Money]:
    with tools.ledger.reading() as tx:
        return {name: amount for name, amount in tx.balances(CASE).items() if amount}


def year_is_empty(tools: Tools, settlement: Settlement) -> bool:
    with tools.ledger.reading() as tx:
        row = tx.case(CASE)
        assert row is not None
        return not any(amount for _, amount in tx.year_to_date(SOURCE, row.person_key, settlement.on.year).amounts)


def refusal(tools: Tools, by: Actor = CLERK) -> list[str]:
    with pytest.raises(AdapterError) as caught:
        advance.advance_bill(CASE, tools, Act(tools.clock.now(), by, "患者要出院"))
    return codes(caught.value)


def test_the_patient_goes_home_and_the_payer_answers_as_expected(office: Tools, payers: Payers, tmp_path: Path) -> None:
    waiting(office, payers, tmp_path)
    bill = advance.advance_bill(CASE, office, act(office, "救助平台不通,患者要出院"))
    row, aid = row_of(STAY, office), bill.share_of(Payer.MEDICAL_AID)
    assert (row.bill, row.held, row.patient_part) == (BillState.SETTLED_ADVANCED, False, PatientPartState.OPEN)
    assert {share.payer: share.authority for share in bill.shares}[Payer.MEDICAL_AID] is Authority.EXPECTED
    assert aid
    assert balances(office)["advanced/medical-aid"] == aid
    assert "receivable/medical-aid" not in balances(office), "nothing is claimed from who has not answered"
    assert year_is_empty(office, bill)
    assert refusal(office) == ["CASE-434"]
    alive(payers)
    assert work(office, seconds=24 * 3600, pace=60)
    assert row_of(STAY, office).bill is BillState.SETTLED
    after = settlement_of(STAY, office)
    assert (after.complete, after.patient_pays) == (True, bill.patient_pays)
    assert balances(office)["receivable/medical-aid"] == aid
    assert "advanced/medical-aid" not in balances(office)
    assert not year_is_empty(office, bill)
    assert payers.aid.settled() == [f"{CASE}.v1.aid.settle"]


@pytest.mark.parametrize(("who", "patient_more"), [("patient", True), ("hospital", False)])
def test_a_payer_that_pays_less_than_was_advanced(
    tools: Tools, payers: Payers, tmp_path: Path, who: str, patient_more: bool
) -> None:
    office = replace(tools, office=OfficeRules(advance_difference=who))
    waiting(office, payers, tmp_path)
    bill = advance.advance_bill(CASE, office, act(office))
    payers.aid.says = {Payer.MEDICAL_AID: (bill.share_of(Payer.MEDICAL_AID) - Money.yuan("100.00")).text}
    alive(payers)
    assert work(office, seconds=24 * 3600, pace=60)
    after = settlement_of(STAY, office)
    assert after.patient_pays == bill.patient_pays + Money.yuan("100.00")
    with office.ledger.reading() as tx:
        owed = account_of(tx, CASE).part.still_open
    assert owed == (after.patient_pays if patient_more else bill.patient_pays)
    assert (balances(office).get("given-up/hospital") is None) is patient_more


def test_a_payer_that_pays_more_than_was_advanced_pays_for_the_patient(
    tools: Tools, payers: Payers, tmp_path: Path
) -> None:
    office = replace(tools, office=OfficeRules(advance_difference="hospital"))
    waiting(office, payers, tmp_path)
    bill = advance.advance_bill(CASE, office, act(office))
    payers.aid.says = {Payer.MEDICAL_AID: (bill.share_of(Payer.MEDICAL_AID) + Money.yuan("1.00")).text}
    alive(payers)
    assert work(office, seconds=24 * 3600, pace=60)
    with office.ledger.reading() as tx:
        assert account_of(tx, CASE).part.still_open == bill.patient_pays - Money.yuan("1.00")


def test_an_advanced_bill_is_undone_to_nothing(office: Tools, payers: Payers, tmp_path: Path) -> None:
    """The aid office says no in the end: everything goes back, and a refused reversal leaves the advance standing."""
    waiting(office, payers, tmp_path)
    bill = advance.advance_bill(CASE, office, act(office))
    with pytest.raises(AdapterError) as caught:
        reverse.start_reversal(CASE, office, act(office))
    assert codes(caught.value) == ["CASE-310"], "what may have arrived is not undone blindly"
    alive(payers)
    payers.aid.refuses = {Stage.SETTLE}
    assert work(office, seconds=24 * 3600, pace=60)
    assert (row_of(STAY, office).bill, codes(row_of(STAY, office))[:1]) == (BillState.SETTLED_ADVANCED, ["CASE-320"])
    payers.bureau.refuses = {Stage.REVERSE}
    reverse.start_reversal(CASE, office, act(office))
    assert work(office)
    assert row_of(STAY, office).bill is BillState.SETTLED_ADVANCED
    payers.bureau.refuses = set()
    reverse.start_reversal(CASE, office, act(office))
    assert work(office)
    assert row_of(STAY, office).bill is BillState.REVERSED
    assert balances(office) == {}
    assert year_is_empty(office, bill)
    assert payers.bureau.settled() == payers.aid.settled() == []


def test_a_held_call_may_be_advanced_too_and_a_restart_takes_it_on(
    office: Tools, payers: Payers, tmp_path: Path
) -> None:
    take_in(office, tmp_path, STAY)
    try_case(STAY, office)
    call_desk.hold_call(CASE, "aid", office, act(office, "平台维护"))
    settle.start_settlement(CASE, office, act(office))
    assert work(office)
    advance.advance_bill(CASE, office, act(office))
    assert outgoing.messages(office, unfinished=True) == []
    assert dispatch.resume_all(office, CLERK) == 1
    assert outgoing.messages(office, unfinished=True) == [], "a restart changes nothing while it is held"
    call_desk.resume_call(CASE, "aid", office, act(office))
    assert dispatch.resume_all(office, CLERK) == 0, "its message takes it on"
    assert work(office)
    assert row_of(STAY, office).bill is BillState.SETTLED


def test_the_certificate_of_an_advanced_bill_adds_up(office: Tools, payers: Payers, tmp_path: Path) -> None:
    waiting(office, payers, tmp_path)
    advance.advance_bill(CASE, office, act(office))
    with office.ledger.reading() as tx:
        paper = tx.paper(CASE, "certificate v1")
    assert paper is not None
    assert not verify(paper)


def test_what_is_not_advanced(office: Tools, tools: Tools, payers: Payers, tmp_path: Path) -> None:
    take_in(office, tmp_path, STAY)
    assert refusal(tools) == ["CFG-745"]
    assert refusal(office) == ["CASE-428"]
    assert refusal(office, Actor("service", "system")) == ["PRG-282"]
    try_case(STAY, office)
    payers.aid.refuses = {Stage.SETTLE}
    settle.start_settlement(CASE, office, act(office))
    assert work(office)
    assert refusal(office) == ["CASE-428"], "a payer that said no is not an endpoint that is down"
