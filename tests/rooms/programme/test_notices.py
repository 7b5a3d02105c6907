"""When a notice is due: the clerks' table, once per cause, and what each programme asks for."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from adapter.model.issues import AdapterError
from adapter.model.money import Money
from adapter.model.settlement import Explanation, PatientParts, Payer, Step
from adapter.rules.policy.load import read_plain
from adapter.rules.programme.estimates import OwnStay, estimate_at_admission
from adapter.rules.programme.notice_terms import NoticeCause, NoticeTerms, read_notices
from adapter.rules.programme.notices import (
    Ceiling,
    Due,
    before_discharge,
    ceilings,
    large_cost,
    not_told,
    outlook,
    projected_caps,
    self_pay_ratio,
    told_bill,
    told_estimate,
)
from tests.support.programme import PROGRAMMES, ROOT

ROWS: Any = read_plain(ROOT / "fixtures/programme/notices.yaml")["rows"]
ADMITTED = date(2023, 3, 1)
COUNTY, YONGZHOU = PROGRAMMES["county-plan-2021"], PROGRAMMES["yongzhou-2017-67"]


def yuan(row: Any, name: str) -> Money:
    return Money.yuan(row.get(name, "0.00"))


def day(row: Any, name: str) -> date | None:
    return None if row[name] == "none" else date.fromisoformat(row[name])


def looked(row: Any, terms: NoticeTerms) -> Due | None:
    """What the rule of a row finds."""
    if row["what"] == "large-cost":
        return large_cost(terms, yuan(row, "total"))
    if row["what"] == "self-pay-ratio":
        parts = PatientParts(full_self_pay=yuan(row, "full"), pre_self_pay=yuan(row, "pre"))
        return self_pay_ratio(terms, parts, yuan(row, "full") + yuan(row, "pre"), yuan(row, "total"))
    on = date.fromisoformat(row["on"])
    if row["what"] == "before-discharge":
        return before_discharge(terms, day(row, "planned"), Money.yuan("812.30"), on)
    estimate = Money.yuan(row["estimate"]) if "estimate" in row else None
    ahead = outlook(ADMITTED, on, planned=day(row, "planned"), total=yuan(row, "total"), estimate=estimate)
    found = Ceiling(Payer.BASIC, yuan(row, "limit"), yuan(row, "used"), yuan(row, "asked"), "S18")
    return next(iter(projected_caps(terms, [found], ahead, year=2023, own_knowledge=False)), None)


@pytest.mark.rule("A-34")
@pytest.mark.rule("A-39")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_the_table(row: Any) -> None:
    """Each row of the table."""
    try:
        found = looked(row, read_notices(COUNTY, row["settings"]))
    except AdapterError as error:
        assert [issue.code for issue in error.issues] == [row.get("issue")]
        return
    assert (found.key if found is not None else "none") == row.get("due")
    if found is not None:
        assert found.cite in (COUNTY.document["notices"][row["what"]]["cite"])  # type: ignore[index, call-overload]
        assert found.zh and found.en and found.to


@pytest.mark.rule("A-22")
@pytest.mark.rule("X-17")
def test_the_same_cause_is_told_once_and_another_threshold_is_another_cause() -> None:
    terms = read_notices(COUNTY, {"large_cost": "10000.00"})
    first, again = large_cost(terms, Money.yuan("10000.00")), large_cost(terms, Money.yuan("25000.00"))
    assert first is not None and again is not None
    assert not_told([first, again], set()) and not_told([again], {first.key}) == ()
    raised = large_cost(read_notices(COUNTY, {"large_cost": "20000.00"}), Money.yuan("25000.00"))
    assert raised is not None and not_told([raised], {first.key}) == (raised,)


@pytest.mark.rule("X-17")
def test_a_programme_without_the_clause_asks_for_no_notice_but_the_daily_bill() -> None:
    terms = read_notices(YONGZHOU, {})
    assert set(terms.clauses) == {NoticeCause.DAILY_BILL}
    assert large_cost(terms, Money.yuan("9999999.00")) is None
    assert self_pay_ratio(terms, PatientParts(full_self_pay=Money(100)), Money(100), Money(100)) is None
    assert before_discharge(terms, ADMITTED, Money(1), ADMITTED) is None
    bill = told_bill(terms, 3, Money(100), Money(-5), Money(400))
    assert bill is not None and (bill.key, bill.cite, bill.channel) == (
        "daily-bill/3",
        "永卫计发〔2017〕67号 四(四)",
        "paper",
    )


def test_another_planned_day_is_told_anew() -> None:
    terms = read_notices(COUNTY, {"discharge_notice_days": "2"})
    days = [
        before_discharge(terms, planned, Money(1), date(2023, 3, 9))
        for planned in (date(2023, 3, 9), date(2023, 3, 10))
    ]
    assert len({each.key for each in days if each is not None}) == 2


def test_what_cannot_be_worked_out_is_not_told_as_zero() -> None:
    terms = read_notices(COUNTY, {"discharge_notice_days": "2"})
    assert before_discharge(terms, ADMITTED, None, ADMITTED) is None


def test_ceilings_come_out_of_the_settlement_steps_with_what_the_year_used() -> None:
    inputs = (("ceiling", "150000.00"), ("used", "120000.00"), ("uncapped", "40000.00"))
    cap = Step(Payer.BASIC, "cap", Money(0), Money(0), Explanation("", "", "S18"), inputs)
    other = replace(cap, name="deductible")
    assert ceilings([other, cap]) == (
        Ceiling(Payer.BASIC, Money.yuan("150000.00"), Money.yuan("120000.00"), Money.yuan("40000.00"), "S18"),
    )
    (due,) = projected_caps(
        read_notices(COUNTY, {}),
        ceilings([cap]),
        outlook(ADMITTED, ADMITTED, planned=None, total=Money(1), estimate=None),
        year=2023,
        own_knowledge=True,
    )
    assert "仅本院所知" in due.zh and "as this hospital knows it" in due.en


@pytest.mark.rule("A-31")
def test_an_estimate_without_a_basis_says_so_and_gives_no_figure() -> None:
    terms = read_notices(COUNTY, {})
    cite = terms.cite(NoticeCause.ESTIMATE)
    bare = estimate_at_admission("I10", [OwnStay(Money(1), Money(1))], least=None, table=None, cite=cite, stay_key="1")
    told = told_estimate(terms, bare)
    assert told is not None and told.key == "estimate" and "median" not in dict(told.amounts)
    assert dict(told.amounts)["basis"] == "none" and [issue.code for issue in bare.issues] == ["PRG-260"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"large-costs": {"zh": "x", "en": "x", "cite": "x", "to": "patient", "channel": "paper"}}, "PRG-263"),
        ({"large-cost": {"zh": "x", "en": "x", "cite": "x", "to": "nobody", "channel": "paper"}}, "PRG-263"),
        ({"large-cost": {"zh": "x", "en": "x", "to": "patient", "channel": "paper"}}, "PRG-202"),
    ],
)
def test_a_clause_that_no_rule_understands_is_refused(change: Any, code: str) -> None:
    with pytest.raises(AdapterError) as refused:
        read_notices(replace(COUNTY, document={**COUNTY.document, "notices": change}), {})
    assert [issue.code for issue in refused.value.issues] == [code]


def test_an_unreadable_switch_is_refused() -> None:
    with pytest.raises(AdapterError, match="PRG-203"):
        read_notices(COUNTY, {"self_pay_ratio_of": "whatever"})
