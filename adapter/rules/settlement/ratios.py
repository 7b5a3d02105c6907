"""Ratios read once: their products with an amount, exact, rounded or written, without a Decimal on the way (比例)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from adapter.model.kept import Kept
from adapter.model.money import Money, half_up


class Ratio(NamedTuple):
    """``number / 10**places``, at least 0, and how people write it: ``0.75``."""

    number: int
    places: int
    said: str

    def share(self, amount: Money) -> Money:
        """Amount × ratio, rounded half up: ``Money.share``."""
        return Money(half_up(amount.fen * self.number, 10**self.places))

    def exact(self, amount: Money) -> str:
        """The same in yuan before it is rounded."""
        return yuan_text(amount.fen * self.number, self.places)


def yuan_text(number: int, places: int) -> str:
    """``number / 10**places`` fen, written in yuan: at least two decimals, no idle zeros beyond them.

    >>> yuan_text(12345, 1), yuan_text(50, 1)
    ('12.345', '0.05')
    """
    whole, part = divmod(abs(number), 10 ** (places + 2))
    decimals = f"{part:0{places + 2}d}".rstrip("0")
    return f"{'-' if number < 0 else ''}{whole}.{decimals:0<2s}"


def ratio_text(ratio: Decimal) -> str:
    """``0.75``: at least two decimals, no exponent, no idle zeros beyond them."""
    return RATIOS[ratio].said


def _ratio(ratio: Decimal) -> Ratio:
    numerator, places = ratio, 0
    while numerator != numerator.to_integral_value():
        numerator, places = numerator.scaleb(1), places + 1
    whole, _, part = format(ratio.normalize(), "f").partition(".")
    return Ratio(int(numerator), places, f"{whole}.{part:<02s}")


#: By the ratio; equal ones are alike, however many zeros they were written with.
RATIOS: Mapping[Decimal, Ratio] = Kept(_ratio, 4096)
