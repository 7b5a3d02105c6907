"""A day agrees only when every line and both totals do."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.model.messages import DifferenceKind, Remittance, RemittanceLine
from adapter.model.money import Money
from adapter.model.settlement import Payer
from adapter.payers.reconciliation.matching import Settled, compare

DAY = date(2021, 3, 12)


def statement(*lines: RemittanceLine, total: str | None = None, count: int | None = None) -> Remittance:
    standing = [line for line in lines if not line.reversed]
    return Remittance(
        endpoint="bureau",
        day=DAY,
        count=len({line.key for line in standing}) if count is None else count,
        total=Money.total(line.amount for line in standing) if total is None else Money.yuan(total),
        lines=lines,
    )


def line(key: str, amount: str, payer: Payer = Payer.BASIC, *, undone: bool = False) -> RemittanceLine:
    return RemittanceLine(key, f"S-{key}", payer, Money.yuan(amount), reversed=undone)


def ours(key: str, amount: str, payer: Payer = Payer.BASIC) -> Settled:
    return Settled(key, payer, Money.yuan(amount))


def test_a_day_that_agrees() -> None:
    day = compare([ours("a", "1.00"), ours("b", "2.00")], statement(line("b", "2.00"), line("a", "1.00")))
    assert day.agrees and day.ours_total == day.theirs_total == Money.yuan("3.00")


@pytest.mark.parametrize(
    ("books", "theirs", "kind"),
    [
        ([ours("a", "1.00")], statement(), DifferenceKind.MISSING),
        ([], statement(line("a", "1.00")), DifferenceKind.UNEXPECTED),
        ([ours("a", "1.00")], statement(line("a", "1.01")), DifferenceKind.OVER),
        ([ours("a", "1.00")], statement(line("a", "0.99")), DifferenceKind.SHORT),
        ([ours("a", "1.00")], statement(line("a", "1.00"), line("a", "1.00")), DifferenceKind.DUPLICATE),
        ([ours("a", "1.00")], statement(line("a", "1.00"), total="9.00"), DifferenceKind.TOTAL),
        ([ours("a", "1.00")], statement(line("a", "1.00"), count=2), DifferenceKind.TOTAL),
        ([ours("a", "1.00")], statement(line("a", "1.00", undone=True)), DifferenceKind.MISSING),
    ],
)
def test_each_difference_has_its_name(books: list[Settled], theirs: Remittance, kind: DifferenceKind) -> None:
    day = compare(books, theirs)
    assert not day.agrees
    assert kind in {difference.kind for difference in day.differences}


def test_what_was_reversed_on_both_sides_counts_for_nothing() -> None:
    assert compare([], statement(line("a", "1.00", undone=True))).agrees


def test_two_payers_under_one_key_are_two_lines_and_one_settlement() -> None:
    day = compare(
        [ours("a", "1.00"), ours("a", "1.00", Payer.CRITICAL_ILLNESS)],
        statement(line("a", "1.00"), line("a", "1.00", Payer.CRITICAL_ILLNESS)),
    )
    assert day.agrees and day.ours_count == 1 and day.ours_total == Money.yuan("2.00")


@given(st.dictionaries(st.text("abc", min_size=1, max_size=3), st.integers(0, 10**6), max_size=6), st.data())
def test_changing_any_one_line_by_a_fen_is_always_found(books: dict[str, int], data: st.DataObject) -> None:
    lines = [RemittanceLine(key, key, Payer.BASIC, Money(fen)) for key, fen in books.items()]
    own = [Settled(key, Payer.BASIC, Money(fen)) for key, fen in books.items()]
    assert compare(own, statement(*lines)).agrees
    if lines:
        at = data.draw(st.integers(0, len(lines) - 1))
        off = RemittanceLine(lines[at].key, lines[at].key, Payer.BASIC, lines[at].amount + Money(1))
        assert not compare(own, statement(*lines[:at], off, *lines[at + 1 :])).agrees
