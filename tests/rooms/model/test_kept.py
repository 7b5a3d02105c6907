"""What was made before is found again, and the table never grows beyond its size."""

from __future__ import annotations

from adapter.model.kept import Kept
from adapter.model.money import SAID, TEXTS, Money


def test_a_value_is_made_once_and_a_full_table_begins_anew() -> None:
    made: list[int] = []

    def double(number: int) -> int:
        made.append(number)
        return number * 2

    kept = Kept(double, 2)
    assert [kept[1], kept[1], kept[2]] == [2, 2, 4]
    assert made == [1, 2]
    assert kept[3] == 6
    assert dict(kept) == {3: 6}
    assert kept[1] == 2
    assert made == [1, 2, 3, 1]


def test_amounts_are_written_as_money_writes_them() -> None:
    for fen in (0, 5, 99, 100, 123_456_789, -1, -99, -100, -1_234_567):
        assert Money.yuan(TEXTS[fen]) == Money(fen)
        assert SAID[fen].replace(",", "") == TEXTS[fen] == Money(fen).text
    assert SAID[-1_234_567] == f"{Money(-1_234_567)}" == "-12,345.67"
