"""A ratio read once gives what Decimal arithmetic gives: rounded, exact, and in writing."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.model.money import Money
from adapter.rules.settlement.fund_share import Adjusted, Band, graduated, schedule_of
from adapter.rules.settlement.item_terms import within_scope
from adapter.rules.settlement.ratios import RATIOS, ratio_text

_FEN = st.integers(0, 10**11)
_RATIOS = st.decimals(0, 1, places=4)
_PRINTED = Adjusted(Decimal(0), Decimal(1), "", "")


@settings(deadline=None, max_examples=100)
@given(_FEN, _RATIOS)
def test_a_product_is_the_decimal_one(fen: int, ratio: Decimal) -> None:
    amount, read = Money(fen), RATIOS[ratio]
    assert read.share(amount) == amount.share(ratio)
    assert read.exact(amount) == ratio_text(amount.decimal * ratio)


@pytest.mark.parametrize(
    ("ratio", "said"), [("0.5", "0.50"), ("0.50", "0.50"), ("1", "1.00"), ("0.6250", "0.625"), ("0", "0.00")]
)
def test_a_ratio_in_writing(ratio: str, said: str) -> None:
    assert ratio_text(Decimal(ratio)) == said


@settings(deadline=None, max_examples=100)
@given(_FEN, _FEN, st.lists(st.tuples(_FEN, _RATIOS), min_size=1, max_size=4))
def test_bands_give_the_weighted_sum(one: int, other: int, rows: list[tuple[int, Decimal]]) -> None:
    """Each ratio on the slice inside its band, added exactly, rounded once."""
    lower, upper = sorted((one, other))
    table = [Band(Money(over), ratio) for over, ratio in sorted(rows)]
    slices = []
    for place, band in enumerate(table):
        top = table[place + 1].over.fen if place + 1 < len(table) else upper
        size = min(upper, top) - max(lower, band.over.fen)
        if size > 0:
            slices.append((Money(size), band.ratio))
    cut = graduated(lower, upper, schedule_of(table, _PRINTED))
    assert cut.amount == Money.weighted(slices)
    assert dict(cut.inputs)["exact"] == ratio_text(sum((each.decimal * part for each, part in slices), Decimal(0)))
    assert cut.words == (" + ".join(f"{each} × {ratio_text(part)}" for each, part in slices) or "0.00")


@settings(deadline=None, max_examples=100)
@given(st.integers(-(10**9), 10**9), _RATIOS)
def test_a_refund_splits_like_its_charge(fen: int, ratio: Decimal) -> None:
    part, below = ratio.as_integer_ratio()
    split, undone = within_scope(Money(fen), part, below), within_scope(Money(-fen), part, below)
    assert split.pre_self_pay == Money(fen).share(ratio)
    assert split.total == Money(fen)
    assert (undone.pre_self_pay, undone.in_scope) == (-split.pre_self_pay, -split.in_scope)
