"""Credit: three triggers apart, nobody listed by being overdue alone, nobody's coverage touched."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapter.model.case import CREDIT_MOVES, CreditState
from adapter.model.issues import AdapterError, SettingMissing
from adapter.model.money import ZERO, Money
from adapter.rules.programme import credit
from adapter.rules.programme.credit import (
    CreditEntry,
    DebtFacts,
    Debtor,
    DebtorKind,
    Evidence,
    Trigger,
    appeal,
    clear,
    clearing_due,
    desk_view,
    list_debtor,
    move,
    propose,
    triggers_met,
)
from adapter.rules.programme.instalments import PlanStanding, standing
from tests.support.collection import CASE, CLERK, COUNTY, SERVICE, YONGZHOU, part, plan, terms

DISCHARGED = date(2020, 3, 20)
DAY = timedelta(days=1)
LATER = DISCHARGED + 31 * DAY
DUE = date(2020, 4, 20)
ADULT = Debtor("99999", DebtorKind.PATIENT, born=date(1980, 1, 1))
EVIDENCE = Evidence(("notice-1",), noticed=DISCHARGED + 10 * DAY, malice="有能力支付而拒不支付")


def debt(**extra: Any) -> DebtFacts:
    return replace(DebtFacts(CASE, LATER, Money.yuan("1000.00"), DISCHARGED), **extra)


def on_plan(on: date, paid: str = "0.00") -> PlanStanding:
    return standing(plan(part("1000.00"), DUE), Money.yuan(paid), on)


def proposed(trigger: Trigger = Trigger.UNSETTLED, **extra: Any) -> CreditEntry:
    name = extra.pop("programme", YONGZHOU)
    return propose(debt(**extra), ADULT, trigger, EVIDENCE, terms(name), actor=CLERK)


def refused(facts: DebtFacts, debtor: Debtor = ADULT, trigger: Trigger = Trigger.UNSETTLED, **extra: Any) -> list[str]:
    evidence, actor = extra.get("evidence", EVIDENCE), extra.get("actor", CLERK)
    try:
        propose(facts, debtor, trigger, evidence, terms(extra.get("programme", YONGZHOU)), actor=actor)
    except AdapterError as found:
        return [issue.code for issue in found.issues]
    return []


@pytest.mark.rule("B-29")
@pytest.mark.rule("X-13")
@pytest.mark.parametrize(
    ("facts", "met"),
    [
        (debt(), [Trigger.UNSETTLED]),
        (debt(on=DISCHARGED + 30 * DAY), []),
        (debt(open=ZERO), []),
        (debt(discharged=None), []),
        (debt(plan=on_plan(DUE)), []),
        (debt(on=DUE + DAY, plan=on_plan(DUE + DAY)), [Trigger.PAST_PLAN]),
        (debt(on=DUE + DAY, plan=on_plan(DUE + DAY, "999.99")), [Trigger.PAST_PLAN]),
        (debt(on=DUE + DAY, open=ZERO, plan=on_plan(DUE + DAY, "1000.00")), []),
    ],
    ids=["open", "on the last day", "paid", "in hospital", "plan kept", "plan broken", "a fen short", "plan paid"],
)
@pytest.mark.rule("T-27")
def test_three_triggers_stand_apart(facts: DebtFacts, met: list[Trigger]) -> None:
    assert list(triggers_met(facts, terms(YONGZHOU))) == met
    assert triggers_met(facts, terms(COUNTY)) == (), "the county plan knows malice only"
    for trigger in (Trigger.UNSETTLED, Trigger.PAST_PLAN):
        assert (not refused(facts, trigger=trigger)) == (trigger in met)


@pytest.mark.rule("X-13")
def test_the_county_plan_lists_for_malice_only() -> None:
    for trigger in (Trigger.UNSETTLED, Trigger.PAST_PLAN):
        assert refused(debt(), trigger=trigger, programme=COUNTY) == ["PRG-270"]
    entry = proposed(Trigger.MALICIOUS, programme=COUNTY)
    assert entry.state is CreditState.PROPOSED and entry.cite == "县区方案2021 四(三)"


@pytest.mark.rule("A-24")
def test_malice_is_found_by_a_person_with_evidence_and_notice() -> None:
    for evidence in (
        replace(EVIDENCE, malice=" "),
        replace(EVIDENCE, references=()),
        replace(EVIDENCE, noticed=None),
        replace(EVIDENCE, noticed=LATER + DAY),
    ):
        assert refused(debt(), trigger=Trigger.MALICIOUS, evidence=evidence, programme=COUNTY) == ["PRG-281"]
    assert refused(debt(), trigger=Trigger.MALICIOUS, actor=SERVICE, programme=COUNTY) == ["PRG-282"]
    assert refused(
        debt(on=DISCHARGED), trigger=Trigger.MALICIOUS, programme=COUNTY, evidence=replace(EVIDENCE, noticed=DISCHARGED)
    ) == ["PRG-283"], "nothing is overdue yet"


def test_who_keeps_a_plan_is_no_defaulter() -> None:
    """Trap 27: cannot pay is not will not pay."""
    kept = debt(plan=on_plan(DUE))
    for trigger in Trigger:
        assert refused(kept, trigger=trigger) == ["PRG-279"]
    with pytest.raises(AdapterError) as found:
        list_debtor(proposed(), kept, ADULT, actor=CLERK, reason="逾期")
    assert [issue.code for issue in found.value.issues] == ["PRG-279"]


BIRTHDAY = date(LATER.year - 18, LATER.month, LATER.day)


@pytest.mark.parametrize(
    ("debtor", "protected"),
    [
        (replace(ADULT, born=BIRTHDAY), False),
        (replace(ADULT, born=BIRTHDAY + DAY), True),
        (replace(ADULT, born=None), True),
        (replace(ADULT, died=LATER), True),
        (replace(ADULT, kind=DebtorKind.ESTATE), True),
        (replace(ADULT, kind=DebtorKind.RELATIVE), False),
        (replace(ADULT, kind=DebtorKind.THIRD_PARTY), False),
    ],
    ids=["eighteen", "a day short", "age unknown", "dead", "estate", "relative", "third party"],
)
def test_a_child_or_a_dead_person_is_never_listed(debtor: Debtor, protected: bool) -> None:
    assert refused(debt(), debtor) == (["PRG-280"] if protected else [])
    if protected:
        with pytest.raises(AdapterError) as found:
            list_debtor(proposed(), debt(), debtor, actor=CLERK, reason="逾期")
        assert found.value.issues[0].code == "PRG-280"


def test_the_entry_is_the_debtors_and_nobody_elses() -> None:
    with pytest.raises(AdapterError):
        list_debtor(proposed(), debt(), replace(ADULT, key="88888"), actor=CLERK, reason="逾期")


@pytest.mark.rule("B-29")
def test_a_named_person_lists_and_nobody_else() -> None:
    entry = proposed()
    with pytest.raises(AdapterError) as found:
        list_debtor(entry, debt(), ADULT, actor=SERVICE, reason="逾期")
    assert found.value.issues[0].code == "PRG-282"
    with pytest.raises(AdapterError) as paid:
        list_debtor(entry, debt(open=ZERO), ADULT, actor=CLERK, reason="逾期")
    assert paid.value.issues[0].code == "PRG-283", "paid since the proposal"
    with pytest.raises(AdapterError) as bare:
        list_debtor(entry, debt(), ADULT, actor=CLERK, reason=" ")
    assert bare.value.issues[0].code == "PRG-281"
    listed = list_debtor(entry, debt(), ADULT, actor=CLERK, reason="两次书面提醒未付")
    assert (listed.state, listed.by, listed.since) == (CreditState.LISTED, "F009", LATER)
    assert "30天" in listed.definition_zh and "30 days" in listed.definition_en, "the definition used is kept"


def test_appeal_and_clearing() -> None:
    listed = list_debtor(proposed(), debt(), ADULT, actor=CLERK, reason="未付")
    appealed = appeal(listed, actor=CLERK, on=LATER + DAY, reason="已转账")
    assert desk_view(appealed, "99999", terms(YONGZHOU)).deferral, "an undecided appeal takes nothing away"
    assert move(appealed, CreditState.LISTED, actor=CLERK, on=LATER, reason="未见到账").state is CreditState.LISTED
    cleared = clear(appealed, actor=CLERK, on=LATER, reason="已到账")
    assert cleared.state is CreditState.CLEARED and cleared.trigger is listed.trigger
    with pytest.raises(AdapterError):
        clear(listed, actor=SERVICE, on=LATER, reason="自动")


@pytest.mark.parametrize("before", list(CreditState))
@pytest.mark.parametrize("after", list(CreditState))
def test_only_listed_moves_pass(before: CreditState, after: CreditState) -> None:
    entry = replace(proposed(), state=before)
    if after in CREDIT_MOVES[before]:
        assert move(entry, after, actor=CLERK, on=LATER, reason="理由").state is after
        return
    with pytest.raises(AdapterError) as found:
        move(entry, after, actor=CLERK, on=LATER, reason="理由")
    assert found.value.issues[0].code == "PRG-285"


def test_what_was_paid_or_agreed_should_be_cleared() -> None:
    listed = replace(proposed(), state=CreditState.LISTED)
    assert clearing_due(listed, ZERO, None)
    assert clearing_due(listed, Money(1), on_plan(DUE))
    assert not clearing_due(listed, Money(1), on_plan(DUE + DAY))
    assert not clearing_due(replace(listed, state=CreditState.CLEARED), ZERO, None)


@pytest.mark.rule("A-37")
@pytest.mark.parametrize("state", list(CreditState))
def test_desks_share_one_list_and_read_the_least(state: CreditState) -> None:
    entry = None if state is CreditState.CLEAR else replace(proposed(), state=state)
    view = desk_view(entry, "99999", terms(COUNTY))
    assert view.deferral == (state is not CreditState.LISTED)
    assert view.cite == "县区方案2021 五(五)"
    assert ("申诉" in view.zh) == (state is CreditState.APPEALED)
    assert {field.name for field in fields(view)} == {"debtor", "state", "deferral", "zh", "en", "cite"}
    assert CASE not in f"{view}" and "1000" not in f"{view}"


@pytest.mark.rule("X-14")
def test_no_rule_of_credit_knows_a_payer_or_coverage() -> None:
    text = Path(str(credit.__file__)).read_text("utf-8")
    assert "model.settlement" not in text and "Payer" not in text


def test_an_unset_definition_is_asked_for() -> None:
    with pytest.raises(SettingMissing):
        triggers_met(debt(), terms(YONGZHOU, unsettled_after_days=None))
