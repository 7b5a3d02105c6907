"""Money is exact, rounds half up away from zero, and never meets a float."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.model.money import Money, UnitPrice, decimal_of, half_up

CENT = Decimal("0.01")
fens = st.integers(min_value=-(10**12), max_value=10**12)
ratios = st.decimals(min_value=0, max_value=2, places=4, allow_nan=False)


@given(fens, ratios)
def test_a_share_is_decimal_half_up(fen: int, ratio: Decimal) -> None:
    oracle = (Decimal(fen).scaleb(-2) * ratio).quantize(CENT, ROUND_HALF_UP)
    assert Money(fen).share(ratio).decimal == oracle


@given(fens, ratios)
def test_a_refund_rounds_like_the_charge_it_undoes(fen: int, ratio: Decimal) -> None:
    assert Money(fen).share(ratio) + Money(-fen).share(ratio) == Money(0)


@given(fens)
def test_text_and_back(fen: int) -> None:
    assert Money.yuan(Money(fen).text) == Money(fen)
    assert Money.yuan(Money(fen).decimal) == Money(fen)


def test_a_published_case_that_binary_floats_miss() -> None:
    assert Money.yuan("45759.50").share(Decimal("0.65")) == Money.yuan("29743.68")
    assert f"{45759.5 * 0.65:.2f}" == "29743.67"


def test_amounts_longer_than_the_decimal_context_stay_exact() -> None:
    long = "12345678901234567890123456789012.34"
    assert Money.yuan(long).fen == 1234567890123456789012345678901234
    with pytest.raises(ValueError):
        Money.yuan(long + "5")


@pytest.mark.parametrize("wrong", ["1e3", "NaN", "Infinity", "1,000.00", "", " 1", "١", "0x10", "1.005"])
def test_text_that_is_no_exact_amount_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError):
        Money.yuan(wrong)


@pytest.mark.parametrize("wrong", [1.1, True, None, b"1"])
def test_other_types_are_refused(wrong: object) -> None:
    with pytest.raises(TypeError):
        Money.yuan(wrong)  # type: ignore[arg-type]


def test_fen_are_whole() -> None:
    with pytest.raises(TypeError):
        Money(1.0)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("price", "quantity", "amount"),
    [("1.3975", "6", "8.39"), (".313", "48", "15.02"), ("18.0000", "-1", "-18.00"), ("25.00", "0.5", "12.50")],
)
def test_price_times_quantity(price: str, quantity: str, amount: str) -> None:
    assert UnitPrice.yuan(price).times(Decimal(quantity)) == Money.yuan(amount)


def test_a_price_finer_than_the_finest_is_refused() -> None:
    with pytest.raises(ValueError):
        UnitPrice.yuan("0.00001")


@pytest.mark.rule("T-04")
def test_equal_amounts_are_counted_twice() -> None:
    """Two payers with the same amount: a sum over a set would count them once (trap 3)."""
    assert Money.total([Money(100), Money(100)]) == Money(200)


def test_shown_for_people_and_for_data() -> None:
    assert (str(Money(123456)), Money(123456).text, str(Money(-5)), Money(-5).text) == (
        "1,234.56",
        "1234.56",
        "-0.05",
        "-0.05",
    )


def test_half_up_refuses_a_denominator_that_is_not_positive() -> None:
    with pytest.raises(ValueError):
        half_up(1, 0)


def test_plain_decimals_keep_their_digits() -> None:
    assert str(decimal_of("1.10")) == "1.10"
