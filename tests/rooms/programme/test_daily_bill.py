"""Daily bill: which days, what is a correction, and that everything always adds up."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from adapter.model.daily_bill import BillLine, CorrectionKind, DailyBill, counted
from adapter.model.money import ZERO, Money
from adapter.rules.programme.daily_bill import bill_days, daily_bill

D1 = date(2023, 3, 1)
D2, D3, D4 = (D1 + timedelta(days=n) for n in (1, 2, 3))


def line(id_: str, day: date, fen: int, reverses: str | None = None, category: str = "西药费") -> BillLine:
    return BillLine(id_, day, "3101", "头孢", category, Decimal(1 if fen >= 0 else -1), Money(fen), reverses)


def second(before: list[BillLine], now: list[BillLine], *, final: bool = False) -> DailyBill:
    """The bill of the second day, after one of the first."""
    return daily_bill(before, now, covered=D1, first=D2, through=D2, final=final)


@pytest.mark.rule("A-20")
@pytest.mark.parametrize(
    ("discharged", "last", "on", "final_made", "days"),
    [
        (None, None, D1, False, None),  # 入院当日,没有上一天
        (None, None, D2, False, (D1, D1, False)),
        (None, D1, D2, False, None),  # 当日的已出具
        (None, D1, D3, False, (D2, D2, False)),
        (None, D1, D4, False, (D2, D3, False)),  # 停机一天,补在一份
        (D3, D2, D3, False, (D3, D3, True)),  # 出院当日,出院时出具
        (D3, D2, D2, False, None),
        (D3, D3, D4, False, (D3, D3, True)),  # 出院晚于清单得知
        (D3, D3, D4, True, (D3, D3, True)),
        (D1, None, D1, False, (D1, D1, True)),  # 当日出入院
    ],
)
def test_which_days_a_bill_covers(
    discharged: date | None, last: date | None, on: date, final_made: bool, days: object
) -> None:
    assert bill_days(D1, discharged, last, on, final_made=final_made) == days


@pytest.mark.rule("A-20")
@pytest.mark.rule("B-26")
def test_the_day_before_by_day_of_service_and_category() -> None:
    now = [line("a", D1, 500), line("b", D2, 300), line("c", D2, 200, category="床位费"), line("d", D3, 900)]
    bill = second(now[:1], now)
    assert [each.id for each in bill.lines] == ["c", "b"] and not bill.corrections
    assert dict(bill.categories) == {"床位费": Money(200), "西药费": Money(300)}
    assert (bill.before, bill.charged, bill.running) == (Money(500), Money(500), Money(1000))


@pytest.mark.rule("A-20")
def test_each_change_of_an_earlier_day_is_a_correction_under_its_original_date() -> None:
    before = [line("a", D1, 500), line("b", D1, 300), line("c", D1, 100)]
    now = [replace(before[0], amount=Money(450)), before[1], line("late", D1, 70), line("back", D2, -300, reverses="b")]
    found = {each.kind: each for each in second(before, now).corrections}
    assert {kind: (each.day, each.difference) for kind, each in found.items()} == {
        CorrectionKind.CHANGED: (D1, Money(-50)),
        CorrectionKind.LATE: (D1, Money(70)),
        CorrectionKind.REFUNDED: (D1, Money(-300)),
        CorrectionKind.WITHDRAWN: (D1, Money(-100)),
    }
    assert second(before, now).lines == ()


def test_a_refund_of_the_same_day_is_no_correction() -> None:
    bill = second([], [line("a", D2, 500), line("b", D2, -500, reverses="a")])
    assert len(bill.lines) == 2 and not bill.corrections and bill.running == ZERO


def test_another_name_of_the_same_item_is_no_correction_and_another_day_is() -> None:
    before = [line("a", D1, 500)]
    assert second(before, [replace(before[0], name="头孢曲松")]).empty
    moved = second(before, [replace(before[0], day=D3)])
    assert [each.kind for each in moved.corrections] == [CorrectionKind.WITHDRAWN] and moved.running == ZERO


def test_the_last_bill_counts_every_line() -> None:
    assert second([], [line("a", D4, 500)], final=True).running == Money(500)
    assert second([], [line("a", D4, 500)]).running == ZERO


LINES = some.dictionaries(
    some.sampled_from("abcdef"),
    some.tuples(some.integers(0, 5), some.integers(-900, 900), some.sampled_from([None, *"abcdef"])),
    max_size=6,
)


@settings(max_examples=150)
@given(some.lists(LINES, min_size=1, max_size=5))
def test_every_bill_goes_on_from_the_last_and_adds_up_to_the_fen(
    days: list[dict[str, tuple[int, int, str | None]]],
) -> None:
    """Lines come, change and go as they like from one day to the next."""
    before: tuple[BillLine, ...] = ()
    running, covered = ZERO, None
    for number, told in enumerate(days):
        through, final = D1 + timedelta(days=number), number == len(days) - 1
        now = [line(key, D1 + timedelta(days=at), fen, undoes) for key, (at, fen, undoes) in told.items()]
        bill = daily_bill(before, now, covered=covered, first=through, through=through, final=final)
        assert bill.before == running
        before, covered, running = counted(now, through, final=final), through, bill.running
        assert running == Money.total(each.amount for each in before)
        assert bill.charged == Money.total(amount for _, amount in bill.categories)
        shown = [each.id for each in bill.lines] + [each.line.id for each in bill.corrections]
        assert len(shown) == len(set(shown)), "no line stands in a bill twice"
