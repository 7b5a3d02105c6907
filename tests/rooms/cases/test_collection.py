"""Arrears, credit, fund, stages and interim settlements as acts: who decides, what is booked, who is protected."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from adapter.cases import admission, reverse, settle
from adapter.cases.tools import Act, Tools
from adapter.cases.window import account_view, arrears, credit, fund, interim, payments, plans
from adapter.model.case import Actor, CreditState, PatientPartState
from adapter.model.issues import AdapterError, SettingMissing
from adapter.model.money import ZERO, Money
from adapter.model.settlement import Payer
from adapter.rules.programme.credit import Debtor, DebtorKind, Trigger
from adapter.rules.programme.staging import InterimSettlement
from tests.support.collection import COUNTY
from tests.support.office import CLERK, SOURCE, act, case_id, codes, row_of, settle_case, take_in, try_case, work
from tests.support.patient_part import (
    STAY,
    account,
    balances,
    books_agree,
    later,
    pay,
    resources,
    settled,
    sign,
    state,
    today,
    with_collection,
)

CASE, PERSON = case_id(STAY), "88004"
FEN = Money(1)


@pytest.fixture
def desk(tools: Tools) -> Tools:
    return with_collection(tools)


def county(tools: Tools, **extra: str) -> Tools:
    return with_collection(tools, programme=COUNTY, **extra)


def by_service(tools: Tools) -> Act:
    return tools.act(Actor("adapter"), "nightly")


def propose(tools: Tools, trigger: Trigger = Trigger.UNSETTLED, **more: str) -> credit.CreditEntry:
    return credit.propose(CASE, trigger, ["提醒函"], tools, act(tools, "未付"), noticed=today(tools), **more)


def owing(tools: Tools, folder: Path) -> Money:
    """Settled, unpaid, and called overdue by the daily run."""
    owed = settled(tools, folder)
    later(tools, 3)
    arrears.run(tools, by_service(tools))
    assert state(tools) == "overdue"
    return owed


def collected(tools: Tools, folder: Path) -> Money:
    owed = owing(tools, folder)
    arrears.collect(CASE, tools, act(tools, "多次催缴未果"))
    return owed


def undo(tools: Tools) -> None:
    reverse.start_reversal(CASE, tools, act(tools, "费用更正"))
    assert work(tools)


# -- overdue and reminders ---------------------------------------------------------------------------------------------


@pytest.mark.rule("A-27")
def test_the_daily_run_calls_overdue_and_reminds_each_step_once(desk: Tools, tmp_path: Path) -> None:
    settled(desk, tmp_path)
    assert arrears.run(desk, by_service(desk)).lines == (), "the day of the bill itself is not late"
    later(desk, 1)
    (line,) = arrears.run(desk, by_service(desk)).lines
    assert line.became is PatientPartState.OVERDUE and line.reminder is not None and line.reminder.step == 1
    (again,) = arrears.run(desk, by_service(desk)).lines
    assert (again.became, again.reminder) == (None, None)
    later(desk, 7)
    (third,) = arrears.run(desk, by_service(desk)).lines
    assert third.reminder is not None and third.reminder.step == 2
    assert len(resources(desk, "CommunicationRequest")) == 2
    with desk.ledger.reading() as tx:
        assert tx.states(CASE, "credit") == [], "being overdue alone never lists"


def test_a_plan_is_overdue_by_its_row_and_caught_up_by_paying_it(desk: Tools, tmp_path: Path) -> None:
    settled(desk, tmp_path)
    signed = sign(desk, 10, 40)
    later(desk, 10)
    assert arrears.run(desk, by_service(desk)).lines == (), "the day of the row is not late"
    later(desk, 1)
    (line,) = arrears.run(desk, by_service(desk)).lines
    assert line.arrears.open == signed.plan.rows[0].amount and line.arrears.days == 1
    assert (state(desk), state(desk, "plan", "1")) == ("overdue", "overdue")
    pay(desk, signed.plan.rows[0].amount, "R1")
    assert (state(desk), state(desk, "plan", "1")) == ("on-plan", "signed")


def test_a_missing_setting_is_told_and_stops_no_state(tools: Tools, tmp_path: Path) -> None:
    bare = with_collection(tools, reminder_days=None)
    settled(bare, tmp_path)
    later(bare, 2)
    assert codes(arrears.run(bare, by_service(bare))) == ["PRG-201"]
    assert state(bare) == "overdue"


@pytest.mark.rule("A-27")
def test_the_village_doctor_hears_the_least(tools: Tools, tmp_path: Path) -> None:
    desk = county(tools)
    owed = owing(desk, tmp_path)
    made = arrears.ask_village(CASE, "V001", desk, act(desk, "督促"))
    assert made.amount == owed and "测试丁" not in str(made)
    (task,) = [each for each in resources(desk, "Task") if each["code"]["coding"][0]["code"] == "village-reminder"]
    assert task["for"] == {"display": "测试丁"}
    assert {"focus", "encounter", "identifier"}.isdisjoint(task) and CASE not in str(task)
    assert not any(PERSON in str(value) or STAY in str(value) for value in task.values())
    with pytest.raises(AdapterError) as refused:
        arrears.ask_village(CASE, "V001", with_collection(tools), act(desk))
    assert codes(refused.value) == ["PRG-270"], "the other programme has no such clause"


# -- collection, court, write-off, fund --------------------------------------------------------------------------------


@pytest.mark.rule("A-28")
def test_the_service_takes_no_step_and_court_needs_malice_or_a_ground(tools: Tools, tmp_path: Path) -> None:
    desk = county(tools)
    owing(desk, tmp_path)
    with pytest.raises(AdapterError) as refused:
        arrears.collect(CASE, desk, by_service(desk))
    assert codes(refused.value) == ["PRG-282"]
    with pytest.raises(AdapterError) as refused:
        arrears.sue(CASE, desk, act(desk, "起诉"))
    assert codes(refused.value) == ["PRG-286"]
    propose(desk, Trigger.MALICIOUS, malice="有能力支付而拒付")
    credit.confirm(CASE, desk, act(desk, "已核实"))
    arrears.sue(CASE, desk, act(desk, "起诉"))
    assert state(desk) == "legal"


@pytest.mark.rule("A-26")
@pytest.mark.rule("X-16")
def test_the_fund_pays_the_hospital_and_is_repaid_first(tools: Tools, tmp_path: Path) -> None:
    desk = county(tools)
    owed = collected(desk, tmp_path)
    claim = fund.claim(CASE, desk, act(desk, "追缴无果"))
    assert claim.amount + claim.hospital == owed and state(desk) == "risk-fund"
    assert account(desk).part.balance == owed, "the debtor owes what he owed"
    assert fund.received(CASE, claim.amount, "F1", desk, act(desk)) == fund.FundStanding(ZERO, ZERO)
    assert fund.received(CASE, claim.amount, "F1", desk, act(desk)).owes == ZERO
    books_agree(desk)
    half = Money(owed.fen // 2)
    split = pay(desk, half, "R1").recovery
    assert split is not None and (split.to_fund, split.to_hospital) == (half, ZERO)
    assert state(desk) == "risk-fund"
    rest = pay(desk, owed - half, "R2")
    assert rest.state is PatientPartState.RECOVERED
    with pytest.raises(AdapterError) as refused:
        fund.repaid(CASE, claim.amount + FEN, "F2", desk, act(desk))
    assert codes(refused.value) == ["CASE-380"]
    assert fund.repaid(CASE, claim.amount, "F2", desk, act(desk)).owed == ZERO
    assert len(resources(desk, "PaymentNotice")) == 4, "two from the debtor, one from the fund, one to it"
    assert {name: net for name, net in balances(desk).items() if "cash" not in name and "fund" in name} == {}
    assert balances(desk).get("loss/hospital", ZERO) == ZERO == balances(desk).get("allowance/patient", ZERO)
    books_agree(desk)


def test_the_fund_waits_for_its_settings_and_for_collection(tools: Tools, tmp_path: Path) -> None:
    desk = county(tools)
    owing(desk, tmp_path)
    with pytest.raises(AdapterError) as refused:
        fund.claim(CASE, desk, act(desk))
    assert codes(refused.value) == ["PRG-286"]
    arrears.collect(CASE, desk, act(desk, "催缴"))
    with pytest.raises(SettingMissing):
        fund.claim(CASE, with_collection(desk, programme=COUNTY, risk_fund_share=None), act(desk))
    fund.claim(CASE, desk, act(desk))
    with pytest.raises(AdapterError) as refused:
        fund.claim(CASE, desk, act(desk))
    assert codes(refused.value) == ["CASE-379"]


def test_a_written_off_debt_stands_and_is_recovered(desk: Tools, tmp_path: Path) -> None:
    owed = collected(desk, tmp_path)
    step = arrears.write_off(CASE, None, desk, act(desk, "死账"))
    assert step.amount == owed and balances(desk)["loss/hospital"] == owed
    books_agree(desk)
    assert pay(desk, owed, "R1").state is PatientPartState.RECOVERED
    assert {each["status"] for each in resources(desk, "Task") if "collection" in str(each["code"])} == {"completed"}
    assert [each["status"] for each in resources(desk, "CommunicationRequest")] == ["completed"]
    assert "loss/hospital" not in balances(desk)
    books_agree(desk)


def test_a_reversal_undoes_a_loss_and_leaves_what_the_fund_paid_to_be_repaid(tools: Tools, tmp_path: Path) -> None:
    desk = county(tools)
    collected(desk, tmp_path)
    claim = fund.claim(CASE, desk, act(desk))
    fund.received(CASE, claim.amount, "F1", desk, act(desk))
    undo(desk)
    assert state(desk) == "open" and account(desk).loss is None
    assert {each["status"] for each in resources(desk, "Task") if "risk-fund" in str(each["code"])} == {"cancelled"}
    with desk.ledger.reading() as tx:
        assert fund.fund_standing(tx, CASE) == fund.FundStanding(ZERO, claim.amount)
    assert fund.repaid(CASE, claim.amount, "F2", desk, act(desk)).owed == ZERO
    assert Money.total(balances(desk).values()) == ZERO
    settle_case(STAY, desk)
    assert state(desk) == "open"


# -- credit ------------------------------------------------------------------------------------------------------------


@pytest.mark.rule("A-24")
@pytest.mark.rule("B-29")
@pytest.mark.rule("X-13")
def test_a_named_person_lists_after_a_proposal_and_admission_hears_of_it(desk: Tools, tmp_path: Path) -> None:
    settled(desk, tmp_path)
    with pytest.raises(AdapterError) as refused:
        propose(replace(desk, clock=desk.clock), Trigger.PAST_PLAN)
    assert codes(refused.value) == ["PRG-283"]
    with pytest.raises(AdapterError) as refused:
        credit.propose(CASE, Trigger.UNSETTLED, [], desk, act(desk), noticed=None)
    assert codes(refused.value) == ["PRG-281", "PRG-281"]
    entry = propose(desk)
    assert entry.state is CreditState.PROPOSED and "30" in entry.definition_en
    assert credit.desk(SOURCE, PERSON, desk, act(desk)).deferral, "a proposal has no effect"
    with pytest.raises(AdapterError) as refused:
        credit.confirm(CASE, desk, by_service(desk))
    assert codes(refused.value) == ["PRG-282"]
    credit.confirm(CASE, desk, act(desk, "已核实"))
    with desk.ledger.reading() as tx:
        assert admission.credit_of(tx, row_of(STAY, desk)) is CreditState.LISTED
        assert [row.case_id for row in tx.cases(in_states={"credit": [CreditState.LISTED]})] == [CASE]
    (flag,) = resources(desk, "Flag")
    assert flag["status"] == "active" and account(desk).part.share.text not in str(flag)


@pytest.mark.rule("A-37")
@pytest.mark.rule("X-14")
def test_desks_read_one_answer_and_reading_is_written_down(desk: Tools, tmp_path: Path) -> None:
    settled(desk, tmp_path)
    propose(desk)
    credit.confirm(CASE, desk, act(desk, "已核实"))
    seen = credit.desk(SOURCE, PERSON, desk, desk.act(Actor("outpatient-2", "api"), "门诊"))
    assert not seen.deferral and "医保" in seen.zh
    assert CASE not in str(seen) and account(desk).part.share.text not in str(seen)
    assert credit.desk(SOURCE, "nobody", desk, act(desk)).deferral
    with desk.ledger.reading() as tx:
        read = [row.event for row in tx.journal("") if row.event.data.get("what") == "credit-read"]
    assert [each.actor.id for each in read] == ["outpatient-2", CLERK.id]


def test_an_appeal_lifts_the_effect_and_a_clearing_ends_it(desk: Tools, tmp_path: Path) -> None:
    owed = settled(desk, tmp_path)
    propose(desk)
    credit.confirm(CASE, desk, act(desk, "已核实"))
    credit.appeal(CASE, desk, act(desk, "本人称已付"))
    assert credit.desk(SOURCE, PERSON, desk, act(desk)).deferral
    pay(desk, owed, "R1")
    shown, _ = account_view.account_view(CASE, desk, CLERK)
    assert shown["clearing_due"]
    credit.clear(CASE, desk, act(desk, "已付清"))
    assert credit.desk(SOURCE, PERSON, desk, act(desk)).state is CreditState.CLEARED
    assert [flag["status"] for flag in resources(desk, "Flag")] == ["inactive"]
    with pytest.raises(AdapterError) as refused:
        credit.appeal(CASE, desk, act(desk, "x"))
    assert codes(refused.value) == ["PRG-285"]


@pytest.mark.parametrize(
    "debtor",
    [
        Debtor("R-1", DebtorKind.RELATIVE, born=date(2015, 1, 1)),
        Debtor("R-1", DebtorKind.RELATIVE),
        Debtor(PERSON, DebtorKind.PATIENT, born=date(1960, 1, 1), died=date(2021, 6, 1)),
        Debtor("E-1", DebtorKind.ESTATE, born=date(1960, 1, 1)),
    ],
    ids=["minor", "age unknown", "dead", "estate"],
)
def test_nobody_who_is_protected_is_proposed(desk: Tools, tmp_path: Path, debtor: Debtor) -> None:
    settled(desk, tmp_path)
    credit.record_debtor(CASE, debtor, desk, act(desk, "债务人"))
    with pytest.raises(AdapterError) as refused:
        propose(desk)
    assert codes(refused.value) == ["PRG-280"]


def test_a_relative_who_is_listed_leaves_the_patient_clear(desk: Tools, tmp_path: Path) -> None:
    settled(desk, tmp_path)
    credit.record_debtor(CASE, Debtor("R-1", DebtorKind.RELATIVE, born=date(1960, 1, 1)), desk, act(desk, "父"))
    propose(desk)
    credit.confirm(CASE, desk, act(desk, "已核实"))
    assert not credit.desk(SOURCE, "R-1", desk, act(desk)).deferral
    assert credit.desk(SOURCE, PERSON, desk, act(desk)).deferral
    assert resources(desk, "Flag") == [], "no flag on a patient for another's debt"
    with pytest.raises(AdapterError) as refused:
        credit.record_debtor(CASE, Debtor(PERSON, DebtorKind.PATIENT), desk, act(desk))
    assert codes(refused.value) == ["CASE-378"]


def test_a_debtor_who_keeps_a_plan_is_never_proposed(desk: Tools, tmp_path: Path) -> None:
    settled(desk, tmp_path)
    sign(desk, 30, 60)
    with pytest.raises(AdapterError) as refused:
        propose(desk)
    assert codes(refused.value) == ["PRG-279"]


# -- stages and interim settlements ------------------------------------------------------------------------------------


@pytest.mark.rule("B-21")
@pytest.mark.rule("X-10")
def test_a_stage_takes_the_incurred_share_and_is_netted_in_the_bill(tools: Tools, tmp_path: Path) -> None:
    desk = with_collection(tools, staging_rule={"kind": "amount", "step": "10.00"})
    take_in(desk, tmp_path, STAY)
    with pytest.raises(AdapterError) as refused:
        plans.ask_stage(CASE, " ", desk, act(desk))
    assert codes(refused.value) == ["PRG-281"]
    stage = plans.ask_stage(CASE, "XY-1", desk, act(desk, "阶段款"))
    with pytest.raises(AdapterError) as refused:
        plans.ask_stage(CASE, "XY-1", desk, act(desk))
    assert codes(refused.value) == ["CASE-374"]
    with pytest.raises(AdapterError) as refused:
        pay(desk, stage.amount + FEN, "R1")
    assert codes(refused.value) == ["PRG-271"]
    paid = pay(desk, stage.amount, "R1")
    assert (paid.state, paid.account.part.final) == (PatientPartState.PART_PAID, False)
    settle_case(STAY, desk)
    part = account(desk).part
    assert part.final and part.balance == part.share - stage.amount
    assert state(desk) == ("paid" if not part.balance else "part-paid")
    with pytest.raises(AdapterError) as refused:
        plans.ask_stage(CASE, "XY-1", desk, act(desk))
    assert codes(refused.value) == ["CASE-375"]
    books_agree(desk)


def test_no_stage_under_the_county_plan(tools: Tools, tmp_path: Path) -> None:
    take_in(tools, tmp_path, STAY)
    with pytest.raises(AdapterError) as refused:
        plans.ask_stage(CASE, "XY-1", county(tools), act(tools))
    assert codes(refused.value) == ["PRG-270"]


@pytest.mark.rule("X-10")
@pytest.mark.rule("T-09")
def test_an_interim_settlement_is_its_own_thing_and_stops_a_second_payment(desk: Tools, tmp_path: Path) -> None:
    take_in(desk, tmp_path, STAY)
    part = InterimSettlement("S-1", date(2021, 5, 10), {Payer.BASIC: Money(1000)})
    interim.record_interim(CASE, part, desk, act(desk))
    assert interim.record_interim(CASE, part, desk, act(desk)) == (part,)
    with pytest.raises(AdapterError) as refused:
        interim.record_interim(CASE, replace(part, amounts={}), desk, act(desk))
    assert codes(refused.value) == ["CASE-373"]
    assert account(desk).movements == (), "no money of the patient moves"
    settle.estimate(CASE, desk, act(desk))
    for begin in (settle.start_trial, settle.start_settlement):
        with pytest.raises(AdapterError) as refused:
            begin(CASE, desk, act(desk))
        assert codes(refused.value) == ["CASE-372"]
    assert interim.cancel_interim(CASE, "S-1", desk, act(desk, "支付方已撤销")) == ()
    try_case(STAY, desk)
    settle.start_settlement(CASE, desk, act(desk))
    for _ in range(2):  # on its way, and settled
        with pytest.raises(AdapterError) as refused:
            interim.record_interim(CASE, part, desk, act(desk))
        assert codes(refused.value) == ["CASE-477"]
        work(desk)
    assert state(desk, "bill", "1") == "settled"


def test_the_account_shows_everything_at_once(desk: Tools, tmp_path: Path) -> None:
    owed = settled(desk, tmp_path)
    sign(desk, 30)
    undo(desk)
    shown, found = account_view.account_view(CASE, desk, CLERK)
    assert shown["open"] == "0.00" and shown["plan"]["state"] == "void"
    assert codes(found) == ["CASE-385", "CASE-386"] or codes(found) == ["CASE-386"]
    settle_case(STAY, desk)
    shown, found = account_view.account_view(CASE, desk, CLERK)
    assert shown["open"] == owed.text and codes(found) == ["CASE-385", "CASE-386"]
    assert not shown["discharge_formalities"]
    payments.pay(CASE, owed, payments.Method.CASH, "R1", desk, act(desk))
    shown, _ = account_view.account_view(CASE, desk, CLERK)
    assert shown["discharge_formalities"] and shown["movements"][0]["receipt"] == "R1"
