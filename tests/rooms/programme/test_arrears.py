"""Arrears, the risk fund and rewards: each step from its clause, by a named person, to the fen."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.model.case import CreditState, PatientPartState, check_move
from adapter.model.issues import AdapterError, SettingMissing
from adapter.model.money import ZERO, Money
from adapter.model.person import Private
from adapter.rules.programme.arrears import Arrears, reminder_due, to_collection, to_court, village_task, write_off
from adapter.rules.programme.credit import CreditEntry, DebtorKind, Evidence, Trigger
from adapter.rules.programme.rewards import PaymentHistory, RewardKind, reward
from adapter.rules.programme.risk_fund import Loss, RecoveryOrder, claim_fund, recover
from tests.support.collection import CASE, CLERK, COUNTY, SERVICE, TABLE, YONGZHOU, terms

DUE = date(2023, 5, 4)
DAY = timedelta(days=1)
S = PatientPartState


def late(days: int = 1, state: PatientPartState = S.OVERDUE, **extra: Any) -> Arrears:
    return replace(Arrears(CASE, state, Money.yuan("1000.00"), DUE, DUE + days * DAY), **extra)


def malice(**extra: Any) -> CreditEntry:
    entry = CreditEntry(
        "99999", CASE, CreditState.LISTED, Trigger.MALICIOUS, "", "", Evidence((), None), "", "F009", DUE, "r"
    )
    return replace(entry, **extra)


def code_of(error: pytest.ExceptionInfo[AdapterError]) -> str:
    return error.value.issues[0].code


@pytest.mark.parametrize(
    ("days", "sent", "step"),
    [
        (0, (), None),
        (2, (), None),
        (3, (), 1),
        (3, (1,), None),
        (14, (1,), None),
        (15, (1,), 2),
        (40, (), 2),
        (40, (2,), None),
    ],
)
def test_each_reminder_goes_out_once(days: int, sent: tuple[int, ...], step: int | None) -> None:
    found = reminder_due(late(days), sent, terms(COUNTY))
    assert (found.step if found else None) == step
    if found:
        assert found.cite == "县区方案2021 四(四)" and f"{days}天" in found.zh


def test_reminders_need_their_days_and_a_debt() -> None:
    assert reminder_due(late(9, open=ZERO), (), terms(COUNTY)) is None
    with pytest.raises(SettingMissing):
        reminder_due(late(9), (), terms(COUNTY, reminder_days=None))
    for value in (("7", "3"), ("3", "3"), "bald"):
        with pytest.raises(AdapterError) as refused:
            reminder_due(late(9), (), terms(COUNTY, reminder_days=value))
        assert code_of(refused) == "PRG-203"


@pytest.mark.rule("A-27")
def test_the_village_doctor_reads_the_least() -> None:
    task = village_task(late(), village="999901203", name=Private("测试某某某某"), terms=terms(COUNTY))
    assert {field.name for field in fields(task)} == {"village", "name", "amount", "due", "zh", "en", "cite"}
    assert CASE not in f"{task}" and "测试某某某某" not in f"{task}", "the name prints masked"
    assert task.cite == "县区方案2021 四(四)"


@pytest.mark.rule("A-27")
def test_no_village_task_without_a_debt_a_village_or_a_clause() -> None:
    name = Private("测试")
    for arrears, village, programme, code in (
        (late(0), "9", COUNTY, "PRG-286"),
        (late(state=S.ON_PLAN), "9", COUNTY, "PRG-286"),
        (late(debtor=DebtorKind.ESTATE), "9", COUNTY, "PRG-286"),
        (late(debtor=DebtorKind.THIRD_PARTY), "9", COUNTY, "PRG-286"),
        (late(), " ", COUNTY, "PRG-281"),
        (late(), "9", YONGZHOU, "PRG-270"),
    ):
        with pytest.raises(AdapterError) as refused:
            village_task(arrears, village=village, name=name, terms=terms(programme))
        assert code_of(refused) == code


@pytest.mark.rule("A-28")
def test_court_is_for_malice_found_by_a_person() -> None:
    step = to_court(late(), malice(), terms(COUNTY), actor=CLERK, reason="逃费")
    assert (step.state, step.by, step.cite) == (S.LEGAL, "F009", "县区方案2021 四(四)")
    for entry in (
        None,
        malice(state=CreditState.PROPOSED),
        malice(state=CreditState.APPEALED),
        malice(trigger=Trigger.UNSETTLED),
        malice(case_id="CASE-2"),
    ):
        with pytest.raises(AdapterError) as refused:
            to_court(late(), entry, terms(COUNTY), actor=CLERK, reason="逃费")
        assert code_of(refused) == "PRG-286"
    with pytest.raises(AdapterError) as alone:
        to_court(late(), malice(), terms(COUNTY), actor=SERVICE, reason="逃费")
    assert code_of(alone) == "PRG-282"


def test_a_programme_without_the_clause_needs_a_legal_ground() -> None:
    with pytest.raises(AdapterError) as refused:
        to_court(late(), malice(), terms(YONGZHOU), actor=CLERK, reason="逃费")
    assert code_of(refused) == "PRG-281"
    step = to_court(late(), None, terms(YONGZHOU), actor=CLERK, reason="欠费", basis="民法典 第五百七十七条")
    assert step.cite == "民法典 第五百七十七条"


def test_nothing_is_written_off_before_it_was_collected() -> None:
    for state in set(S) - {S.COLLECTION, S.LEGAL}:
        with pytest.raises(AdapterError) as refused:
            write_off(late(state=state), Money(1), terms(COUNTY), actor=CLERK, reason="无力偿还")
        assert code_of(refused) == "PRG-286"
    for amount in (ZERO, Money(-1), Money.yuan("1000.01")):
        with pytest.raises(AdapterError) as refused:
            write_off(late(state=S.COLLECTION), amount, terms(COUNTY), actor=CLERK, reason="无力偿还")
        assert code_of(refused) == "PRG-287"
    step = write_off(late(state=S.LEGAL), Money.yuan("1000.00"), terms(YONGZHOU), actor=CLERK, reason="无力偿还")
    assert (step.state, step.amount) == (S.WRITTEN_OFF, Money.yuan("1000.00"))


def test_each_step_is_a_move_that_the_machine_has_and_has_a_reason() -> None:
    overdue, county = late(), terms(COUNTY)
    collected = to_collection(overdue, county, actor=CLERK, reason="多次提醒未付")
    check_move("patient-part", CASE, overdue.state, collected.state)
    for after in (S.LEGAL, S.WRITTEN_OFF, S.RISK_FUND):
        check_move("patient-part", CASE, collected.state, after)
    with pytest.raises(AdapterError) as refused:
        to_collection(overdue, county, actor=CLERK, reason="")
    assert code_of(refused) == "PRG-281"
    with pytest.raises(AdapterError) as early:
        to_collection(late(0), county, actor=CLERK, reason="提前")
    assert code_of(early) == "PRG-286"


@pytest.mark.rule("A-26")
def test_the_fund_bears_its_share_of_what_was_lost() -> None:
    claim = claim_fund(late(state=S.COLLECTION, open=Money.yuan("0.03")), terms(COUNTY), actor=CLERK)
    assert (claim.amount, claim.hospital) == (Money(2), Money(1)), "0.024 half up"
    assert claim.cite == "县区方案2021 四(四)" and "0.03 × 0.80 = 0.02" in claim.en


@pytest.mark.rule("A-26")
@pytest.mark.rule("X-16")
def test_the_fund_is_no_payer_and_no_default() -> None:
    for arrears, actor, programme, extra, code in (
        (late(), CLERK, COUNTY, {}, "PRG-286"),
        (late(state=S.LEGAL), SERVICE, COUNTY, {}, "PRG-282"),
        (late(state=S.LEGAL, open=ZERO), CLERK, COUNTY, {}, "PRG-287"),
        (late(state=S.LEGAL), CLERK, YONGZHOU, {}, "PRG-270"),
        (late(state=S.LEGAL), CLERK, COUNTY, {"risk_fund_share": None}, "PRG-201"),
        (late(state=S.LEGAL), CLERK, COUNTY, {"risk_fund_share": "80%"}, "PRG-203"),
        (late(state=S.LEGAL), CLERK, COUNTY, {"risk_fund_share": "1.01"}, "PRG-203"),
    ):
        with pytest.raises(AdapterError) as refused:
            claim_fund(arrears, terms(programme, **extra), actor=actor)
        assert code_of(refused) == code


@pytest.mark.parametrize("row", TABLE["recoveries"], ids=lambda row: str(row["name"]))
def test_who_gets_repaid(row: dict[str, Any]) -> None:
    chosen = terms(COUNTY, risk_fund_recovery=row["order"])
    loss = Loss(CASE, Money.yuan("800.00"), Money.yuan("200.00"))
    went = []
    for comes in row["comes"]:
        found = recover(loss, Money.yuan(comes), chosen)
        went.append(found.to_fund.text)
        loss = found.loss
    assert went == list(row["fund"]) and loss.left == ZERO


@given(
    fund=st.integers(0, 10**6),
    hospital=st.integers(0, 10**6),
    comes=st.lists(st.integers(1, 10**6), max_size=8),
    order=st.sampled_from(list(RecoveryOrder)),
)
@settings(deadline=None, max_examples=200)
def test_nobody_is_repaid_more_than_was_lost(fund: int, hospital: int, comes: list[int], order: RecoveryOrder) -> None:
    chosen = terms(COUNTY, risk_fund_recovery=str(order))
    loss = Loss(CASE, Money(fund), Money(hospital))
    for fen in comes:
        if Money(fen) > loss.left:
            with pytest.raises(AdapterError) as refused:
                recover(loss, Money(fen), chosen)
            assert code_of(refused) == "PRG-289"
            continue
        found = recover(loss, Money(fen), chosen)
        assert found.to_fund + found.to_hospital == Money(fen)
        assert min(found.to_fund, found.to_hospital) >= ZERO
        loss = found.loss
        assert loss.fund_repaid <= loss.fund and loss.hospital_repaid <= loss.hospital


def test_an_order_nobody_chose_is_asked_for() -> None:
    loss = Loss(CASE, Money(1), Money(1))
    with pytest.raises(SettingMissing):
        recover(loss, Money(1), terms(COUNTY, risk_fund_recovery=None))
    with pytest.raises(AdapterError) as refused:
        recover(loss, Money(1), terms(COUNTY, risk_fund_recovery="me-first"))
    assert code_of(refused) == "PRG-203"


ON_TIME = PaymentHistory("CASE-0", DUE, DUE)
OWED = Money.yuan("333.33")


@pytest.mark.rule("A-23")
@pytest.mark.rule("X-15")
def test_rewards_are_off_until_a_region_turns_them_on_with_a_warning() -> None:
    assert reward((ON_TIME,), OWED, terms(COUNTY)) is None
    assert reward((ON_TIME,), OWED, terms(YONGZHOU)) is None
    simpler = reward((ON_TIME,), OWED, terms(COUNTY, rewards="simpler"))
    assert simpler is not None and simpler.reduction == ZERO and not simpler.issues
    found = reward((ON_TIME,), OWED, terms(COUNTY, rewards="reduction", reward_share="0.05"))
    assert found is not None and (found.kind, found.reduction) == (RewardKind.REDUCTION, Money.yuan("16.67"))
    assert [issue.code for issue in found.issues] == ["PRG-288"] and not found.issues[0].stops
    assert found.cite == "县区方案2021 四(三)"


@pytest.mark.rule("A-23")
@pytest.mark.parametrize(
    "history",
    [(), (replace(ON_TIME, settled=DUE + DAY),), (ON_TIME, replace(ON_TIME, settled=None))],
    ids=["no history", "a day late", "one unpaid"],
)
def test_only_who_always_paid_on_time_is_rewarded(history: tuple[PaymentHistory, ...]) -> None:
    assert reward(history, OWED, terms(COUNTY, rewards="reduction", reward_share="0.05")) is None


def test_a_reward_needs_its_figure_and_a_known_kind() -> None:
    with pytest.raises(SettingMissing):
        reward((ON_TIME,), OWED, terms(COUNTY, rewards="reduction"))
    with pytest.raises(AdapterError) as refused:
        terms(COUNTY, rewards="gold")
    assert code_of(refused) == "PRG-203"
    with pytest.raises(AdapterError):
        reward((ON_TIME,), OWED, terms(COUNTY, rewards="reduction", reward_share="0"))
