"""A month's declaration: what stands less what was declared, so that declarations always add up to the books."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.model.money import ZERO, Money
from adapter.model.settlement import Payer
from adapter.payers.reconciliation.clearing import Key, Received, Stands, by_payer, declaration

MARCH = {"first": date(2021, 3, 1), "last": date(2021, 3, 31)}


def key(number: int = 1, payer: Payer = Payer.BASIC) -> Key:
    return f"case-{number}", "insurance", payer


def stands(on: date, amount: str = "100.00") -> Stands:
    return Stands(on, Money.yuan(amount), "S-1")


CASES = [
    ("the month's first day", date(2021, 3, 1), "settled"),
    ("the day before it", date(2021, 2, 28), "late"),
    ("its last day", date(2021, 3, 31), "settled"),
    ("the day after it", date(2021, 4, 1), None),
]


@pytest.mark.parametrize(("name", "on", "kind"), CASES, ids=[name for name, *_ in CASES])
def test_a_line_belongs_to_its_month(name: str, on: date, kind: str | None) -> None:
    found = declaration({key(): stands(on)}, {}, **MARCH)
    assert [line.kind for line in found] == ([kind] if kind else [])


def test_a_reversal_is_taken_back_and_a_new_version_is_a_correction() -> None:
    before = {key(1): Money.yuan("100.00"), key(2): Money.yuan("100.00"), key(3): Money.yuan("100.00")}
    now = {key(2): stands(date(2021, 2, 3), "80.00"), key(3): stands(date(2021, 2, 3))}
    found = declaration(now, before, **MARCH)
    assert [(line.case_id, line.kind, line.amount.text) for line in found] == [
        ("case-1", "reversed", "-100.00"),
        ("case-2", "corrected", "-20.00"),
    ]
    assert by_payer(found) == {Payer.BASIC: Money.yuan("-120.00")}


days = st.integers(0, 60).map(lambda n: date(2021, 2, 1) + timedelta(days=n))
books = st.dictionaries(
    st.builds(key, st.integers(1, 6), st.sampled_from([Payer.BASIC, Payer.MEDICAL_AID])),
    st.builds(Stands, days, st.integers(1, 10**7).map(Money), st.just("S")),
    max_size=8,
)


@given(st.lists(books, min_size=1, max_size=4))
@settings(deadline=None, max_examples=150)
def test_declarations_add_up_to_the_books(history: list[dict[Key, Stands]]) -> None:
    """However the books change between declarations, the last one leaves nothing undeclared and nothing twice."""
    told: dict[Key, Money] = {}
    for now in history:
        for line in declaration(now, told, first=date(2021, 5, 1), last=date(2021, 5, 31)):
            told[line.key] = told.get(line.key, ZERO) + line.amount
    standing = {name: each.amount for name, each in history[-1].items()}
    assert {name: amount for name, amount in told.items() if amount} == standing


def test_the_parts_of_a_receipt() -> None:
    parts = Received(Money(100), Money(40), Money(30), Money(20), Money(10))
    assert parts.difference == ZERO
    assert Received(Money(100), Money(40), Money(30), Money(20), Money(11)).difference == Money(-1)
