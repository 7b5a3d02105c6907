"""Staged collection: what is due when, never in advance, and nothing like an interim settlement."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.model.issues import AdapterError, SettingMissing
from adapter.model.money import ZERO, Money
from adapter.model.settlement import Payer
from adapter.rules.programme.staging import (
    InterimSettlement,
    Stage,
    StageKind,
    StagingRule,
    check_stage,
    interim_issues,
    last_part,
    net_stages,
    stage_due,
    staging_rule,
)
from tests.support.collection import CASE, COUNTY, TABLE, YONGZHOU, terms

ADMITTED = date(2020, 3, 2)
DAY = timedelta(days=1)


@pytest.mark.rule("B-21")
@pytest.mark.rule("X-10")
@pytest.mark.parametrize("row", TABLE["stages"], ids=lambda row: str(row["name"]))
def test_a_stage_is_due(row: dict[str, Any]) -> None:
    rule = staging_rule(terms(YONGZHOU, staging_rule=row["rule"]))
    before = [
        Stage(number, date.fromisoformat(each["on"]), ZERO, Money.yuan(each["amount"]), "", "", "")
        for number, each in enumerate(row.get("before", ()), 1)
    ]
    today = date.fromisoformat(row["on"])
    stage = stage_due(rule, before, incurred=Money.yuan(row["incurred"]), admitted=ADMITTED, today=today)
    assert (stage.amount.text if stage else "none") == row["asks"]
    if stage:
        assert stage.cite == "永卫计发〔2017〕67号 三(三)" and "阶段" in stage.zh and "stage" in stage.en
        assert stage.number == len(before) + 1


RULES = st.one_of(
    st.builds(lambda fen: StagingRule(StageKind.AMOUNT, Money(fen), 0, "", "", ""), st.integers(1, 50_000)),
    st.builds(lambda days: StagingRule(StageKind.DAYS, None, days, "", "", ""), st.integers(1, 60)),
    st.builds(lambda day: StagingRule(StageKind.CALENDAR, None, day, "", "", ""), st.integers(1, 28)),
)


@settings(deadline=None, max_examples=200)
@given(rule=RULES, daily=st.lists(st.integers(-3_000, 20_000), max_size=120), final=st.integers(0, 900_000))
def test_never_in_advance_and_netted_at_the_end(rule: StagingRule, daily: list[int], final: int) -> None:
    """Any stay, with charges taken back: each stage asks no more than was incurred, and the end comes out even."""
    stages: list[Stage] = []
    incurred = ZERO
    for number, fen in enumerate(daily):
        incurred = max(incurred + Money(fen), ZERO)
        today = ADMITTED + number * DAY
        stage = stage_due(rule, stages, incurred=incurred, admitted=ADMITTED, today=today)
        if stage:
            stages.append(stage)
            assert stage.amount > ZERO
            assert Money.total(each.amount for each in stages) == incurred
            assert not check_stage(CASE, stages, incurred=incurred, agreed=True, payer_transaction=False, cite="c")
    collected = Money.total(stage.amount for stage in stages)
    netting = net_stages(Money(final), collected, "c")
    assert collected + netting.due - netting.refund == Money(final)
    assert not (netting.due and netting.refund)


def test_a_stage_in_advance_mixed_or_without_agreement_is_refused() -> None:
    stages = [Stage(1, ADMITTED, Money(100), Money(101), "", "", "")]
    found = check_stage(CASE, stages, incurred=Money(100), agreed=False, payer_transaction=True, cite="c")
    assert [issue.code for issue in found] == ["PRG-271", "PRG-272", "PRG-281"]
    assert all(issue.stops for issue in found)


def test_the_county_plan_has_no_stages() -> None:
    with pytest.raises(AdapterError) as refused:
        staging_rule(terms(COUNTY))
    assert refused.value.issues[0].code == "PRG-270"


def test_an_unset_rule_is_asked_for_with_its_article() -> None:
    with pytest.raises(SettingMissing) as refused:
        staging_rule(terms(YONGZHOU, staging_rule=None))
    (issue,) = refused.value.issues
    assert issue.code == "PRG-201" and issue.stops and "永卫计发〔2017〕67号 三(三)" in issue.zh


@pytest.mark.parametrize(
    "value",
    [
        "每满一万元",
        {"kind": "amount"},
        {"kind": "amount", "step": "0.00"},
        {"kind": "amount", "step": "1e4"},
        {"kind": "amount", "every": "30"},
        {"kind": "days", "every": "0"},
        {"kind": "days", "every": "-1"},
        {"kind": "calendar", "day": "29"},
        {"kind": "moon", "day": "1"},
        {"kind": "days", "every": ("30",)},
    ],
    ids=str,
)
def test_a_rule_that_makes_no_sense_is_refused(value: Any) -> None:
    with pytest.raises(AdapterError) as refused:
        staging_rule(terms(YONGZHOU, staging_rule=value))
    assert refused.value.issues[0].code == "PRG-203"


AMOUNTS = st.dictionaries(st.sampled_from(list(Payer)), st.integers(-5_000, 50_000).map(Money), max_size=4)


def interims(amounts: list[dict[Payer, Money]]) -> list[InterimSettlement]:
    return [InterimSettlement(f"S{n}", ADMITTED + n * DAY, each) for n, each in enumerate(amounts)]


@settings(deadline=None, max_examples=100)
@given(whole=AMOUNTS, parts=st.lists(AMOUNTS, max_size=4))
def test_interim_settlements_change_no_payers_total(whole: dict[Payer, Money], parts: list[dict[Payer, Money]]) -> None:
    """Whatever was settled on the way, the last part brings each payer to the whole stay's amount."""
    payers = {payer: whole.get(payer, ZERO) for payer in Payer}
    earlier = interims(parts)
    last = InterimSettlement("LAST", ADMITTED + 99 * DAY, last_part(payers, earlier))
    assert interim_issues(CASE, payers, [*earlier, last]) == ()
    taken = {payer: amount + Money(1) for payer, amount in last.amounts.items()}
    off = InterimSettlement("LAST", last.through, taken)
    assert [issue.code for issue in interim_issues(CASE, payers, [*earlier, off])] == ["PRG-284"] * len(Payer)


def test_a_new_stay_begins_with_its_own_amounts() -> None:
    whole = {Payer.BASIC: Money(700)}
    first = InterimSettlement("S1", ADMITTED, {Payer.BASIC: Money(500)}, new_stay=True)
    assert last_part(whole, [first]) == whole
    assert interim_issues(CASE, whole, [first, InterimSettlement("S2", ADMITTED, whole)]) == ()


def test_two_payers_with_equal_amounts_both_count() -> None:
    whole = {Payer.BASIC: Money(700), Payer.MEDICAL_AID: Money(700)}
    part = InterimSettlement("S1", ADMITTED, {Payer.BASIC: Money(700)})
    assert [issue.pointer for issue in interim_issues(CASE, whole, [part])] == [f"{CASE}/interim/medical-aid"]
