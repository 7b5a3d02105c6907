"""Prepayment: a schedule to the fen, the offset of a month, the year-end result; never a patient's money."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.model.issues import AdapterError, SettingMissing
from adapter.model.money import ZERO, Money
from adapter.rules.programme.collection import CollectionTerms, read_collection
from adapter.rules.programme.prepayment import (
    Budget,
    PrepaymentTerms,
    Rhythm,
    Year,
    assess_year,
    expected_offset,
    prepaid_issues,
    prepayment_terms,
    schedule,
)
from tests.support.programme import PROGRAMMES

COUNTY, YONGZHOU = "county-plan-2021", "yongzhou-2017-67"
FILLED = {"prepayment_share": "0.90", "prepayment_schedule": "quarter"}
CITE = "县区方案2021 四(一)"
TERMS = PrepaymentTerms(Decimal("0.90"), Rhythm.QUARTER, CITE)
BUDGET = Budget("bureau/H1/2024", 2024, Money.yuan("1000000.01"), "医保预〔2024〕1号")
YEAR = Year(
    Money.yuan("900.00"), Money.yuan("500.00"), Money.yuan("450.00"), Money.yuan("50.00"), ZERO, Money.yuan("450")
)

amounts = st.integers(1, 10**12).map(Money)
shares = st.decimals(Decimal("0.0001"), Decimal(1), places=4)


def terms(filled: Mapping[str, Any], name: str = COUNTY) -> CollectionTerms:
    return read_collection(PROGRAMMES[name], filled)


def refused(error: pytest.ExceptionInfo[AdapterError]) -> str:
    return error.value.issues[0].code


@pytest.mark.rule("A-17", "A-18")
def test_a_quarterly_schedule_and_what_waits() -> None:
    found = schedule(BUDGET, prepayment_terms(terms(FILLED)))
    assert [(each.due, each.amount.text) for each in found.advances] == [
        (date(2024, 1, 1), "225000.00"),
        (date(2024, 4, 1), "225000.00"),
        (date(2024, 7, 1), "225000.00"),
        (date(2024, 10, 1), "225000.01"),  # 1,000,000.01 × 0.90 = 900,000.009 → 900,000.01
    ]
    assert found.waits.text == "100000.00"
    assert found.cite == CITE
    assert found.due_on(date(2024, 3, 31)).text == "225000.00"
    assert found.due_on(date(2024, 4, 1)).text == "450000.00"
    assert prepaid_issues("b", found.total, found) == ()
    assert [issue.code for issue in prepaid_issues("b", found.total + Money(1), found)] == ["PRG-301"]


@given(amounts, shares, st.sampled_from(Rhythm))
@settings(deadline=None, max_examples=100)
def test_a_schedule_adds_up_to_the_budget(amount: Money, share: Decimal, rhythm: Rhythm) -> None:
    found = schedule(replace(BUDGET, amount=amount), PrepaymentTerms(share, rhythm, CITE))
    assert found.total + found.waits == amount
    assert len(found.advances) == (12 if rhythm is Rhythm.MONTH else 4)
    assert max(each.amount.fen for each in found.advances[:-1]) == min(each.amount.fen for each in found.advances)


@pytest.mark.parametrize("missing", ["prepayment_share", "prepayment_schedule"])
def test_a_blank_is_asked_for_and_never_assumed(missing: str) -> None:
    with pytest.raises(SettingMissing) as error:
        prepayment_terms(terms({key: value for key, value in FILLED.items() if key != missing}))
    assert refused(error) == "PRG-201"
    assert CITE in error.value.issues[0].en


@pytest.mark.parametrize(
    "wrong",
    [
        {"prepayment_share": "0"},
        {"prepayment_share": "1.01"},
        {"prepayment_share": "90%"},
        {"prepayment_schedule": "week"},
    ],
)
def test_an_unreadable_setting(wrong: dict[str, str]) -> None:
    with pytest.raises(AdapterError) as error:
        prepayment_terms(terms({**FILLED, **wrong}))
    assert refused(error) == "PRG-203"


def test_the_other_programme_has_no_prepayment() -> None:
    with pytest.raises(AdapterError) as error:
        prepayment_terms(terms({}, YONGZHOU))
    assert refused(error) == "PRG-300"


@pytest.mark.parametrize("change", [{"amount": ZERO}, {"document": " "}])
def test_a_budget_without_amount_or_paper(change: dict[str, Any]) -> None:
    with pytest.raises(AdapterError) as error:
        schedule(replace(BUDGET, **change), TERMS)
    assert refused(error) == "PRG-303"


OFFSETS = [  # gross, prepaid left → retained, offset, cash
    ("1000.00", "5000.00", "100.00", "900.00", "0.00"),
    ("1000.00", "900.00", "100.00", "900.00", "0.00"),
    ("1000.00", "899.99", "100.00", "899.99", "0.01"),
    ("1000.00", "0.00", "100.00", "0.00", "900.00"),
    ("0.05", "0.00", "0.00", "0.00", "0.05"),  # 0.045 rounds up, so that nothing is kept back
    ("-1000.00", "500.00", "-100.00", "-900.00", "0.00"),
]


@pytest.mark.rule("A-17")
@pytest.mark.parametrize(("gross", "left", "retained", "offset", "cash"), OFFSETS)
def test_what_a_month_brings(gross: str, left: str, retained: str, offset: str, cash: str) -> None:
    found = expected_offset(Money.yuan(gross), Money.yuan(left), TERMS)
    assert (found.retained.text, found.offset.text, found.cash.text) == (retained, offset, cash)


@given(st.integers(-(10**9), 10**9).map(Money), st.integers(0, 10**9).map(Money), shares)
@settings(deadline=None, max_examples=100)
def test_the_parts_are_the_month(gross: Money, left: Money, share: Decimal) -> None:
    found = expected_offset(gross, left, PrepaymentTerms(share, Rhythm.MONTH, CITE))
    assert found.retained + found.offset + found.cash == gross
    assert found.offset <= left


def test_the_year_end_result() -> None:
    found = assess_year("b", YEAR, released=Money.yuan("30"), returned=Money.yuan("450"), document="K1", terms=TERMS)
    assert (found.released.text, found.forfeited.text, found.returned.text) == ("30.00", "20.00", "450.00")
    assert found.cite == CITE


@pytest.mark.parametrize(
    ("released", "returned", "document"),
    [("50.01", "0", "K1"), ("-0.01", "0", "K1"), ("0", "450.01", "K1"), ("0", "-1", "K1"), ("0", "0", " ")],
)
def test_more_than_is_there_or_no_paper(released: str, returned: str, document: str) -> None:
    with pytest.raises(AdapterError) as error:
        assess_year(
            "b", YEAR, released=Money.yuan(released), returned=Money.yuan(returned), document=document, terms=TERMS
        )
    assert refused(error) == "PRG-302"
