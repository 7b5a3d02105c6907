"""Money, exact to the fen, and the one place where amounts are rounded (四舍五入)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from adapter.model.kept import Kept

#: An amount as most are written: whole yuan and two decimals, of no unusual length.
_USUAL = re.compile(r"-?\d{1,18}\.\d\d\Z", re.ASCII)
_PLAIN_DECIMAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)\Z", re.ASCII)


def half_up(numerator: int, denominator: int) -> int:
    """Divide and round half away from zero, so that a refund rounds like the charge it undoes.

    >>> half_up(665, 10), half_up(-665, 10), half_up(664, 10)
    (67, -67, 66)
    """
    if denominator <= 0:
        raise ValueError("the denominator must be positive")
    if numerator < 0:
        return -half_up(-numerator, denominator)
    return (numerator * 2 + denominator) // (denominator * 2)


def decimal_of(text: str) -> Decimal:
    """Read a plain decimal number from text: ASCII digits, no exponent, no separators, no NaN.

    Raises:
        ValueError: the text is not a plain decimal number.
    """
    if not _PLAIN_DECIMAL.match(text):
        raise ValueError(f"not a plain decimal number: {text!r}")
    return Decimal(text)


@dataclass(frozen=True, slots=True, init=False)
class Money:
    """A CNY amount, exact to the fen (0.01 yuan).

    >>> Money.yuan("4.75").share(Decimal("0.14"))    # 0.665: half up, not half even
    Money(¥0.67)
    """

    fen: int

    def __init__(self, fen: int) -> None:
        if type(fen) is not int:
            raise TypeError("Money counts whole fen; build it with Money.yuan(text) or Money.rounded(...)")
        _set_fen(self, fen)

    @classmethod
    def yuan(cls, amount: str | Decimal | int) -> Money:
        """Exact amount in yuan. Refuses floats and anything finer than a fen.

        Raises:
            TypeError: the amount is a float.
            ValueError: not a number, or finer than a fen.
        """
        if type(amount) is str and _USUAL.match(amount):
            return cls(int(amount[:-3] + amount[-2:]))
        numerator, denominator = cls._decimal(amount).as_integer_ratio()  # exact, whatever the decimal context
        fen, finer = divmod(numerator * 100, denominator)
        if finer:
            raise ValueError(f"{amount} is finer than a fen")
        return cls(fen)

    @classmethod
    def rounded(cls, amount: str | Decimal | int) -> Money:
        """Amount in yuan with any number of decimals, rounded once, half up, to the fen."""
        value = cls._decimal(amount)
        numerator, denominator = value.as_integer_ratio()
        return cls(half_up(numerator * 100, denominator))

    @staticmethod
    def _decimal(amount: str | Decimal | int) -> Decimal:
        if isinstance(amount, bool) or not isinstance(amount, str | Decimal | int):
            raise TypeError(f"an amount is text, Decimal or int, not {type(amount).__name__}")
        value = decimal_of(amount) if isinstance(amount, str) else Decimal(amount)
        if not value.is_finite():
            raise ValueError(f"not an amount: {amount}")
        return value

    def share(self, ratio: Decimal) -> Money:
        """This amount × ratio, rounded half up to the fen: the only rounding in a settlement step."""
        numerator, denominator = ratio.as_integer_ratio()
        return Money(half_up(self.fen * numerator, denominator))

    @staticmethod
    def weighted(slices: Iterable[tuple[Money, Decimal]]) -> Money:
        """Σ amount × ratio, added exactly and rounded once: what a payer bears over several bands.

        >>> Money.weighted([(Money(1), Decimal("0.3")), (Money(1), Decimal("0.3"))])    # 0.6 fen, not 0 + 0
        Money(¥0.01)
        """
        above, below = 0, 1
        for amount, ratio in slices:
            numerator, denominator = ratio.as_integer_ratio()
            above, below = above * denominator + amount.fen * numerator * below, below * denominator
        return Money(half_up(above, below))

    @property
    def decimal(self) -> Decimal:
        """The amount in yuan with two decimals, as it is written on the wire."""
        return Decimal(self.fen).scaleb(-2).quantize(Decimal("0.01"))

    @property
    def text(self) -> str:
        """``5000.00``: plain, for data."""
        return TEXTS[self.fen]

    def __str__(self) -> str:
        """``5,000.00``: with thousands separators, for people."""
        return SAID[self.fen]

    def __format__(self, spec: str) -> str:
        return format(SAID[self.fen], spec) if spec else SAID[self.fen]

    def __repr__(self) -> str:
        return f"Money(¥{self.text})"

    def __add__(self, other: Money) -> Money:
        return Money(self.fen + other.fen)

    def __sub__(self, other: Money) -> Money:
        return Money(self.fen - other.fen)

    def __neg__(self) -> Money:
        return Money(-self.fen)

    def __abs__(self) -> Money:
        return Money(abs(self.fen))

    def __bool__(self) -> bool:
        return self.fen != 0

    def __lt__(self, other: Money) -> bool:
        return self.fen < other.fen if type(other) is Money else NotImplemented

    def __le__(self, other: Money) -> bool:
        return self.fen <= other.fen if type(other) is Money else NotImplemented

    def __gt__(self, other: Money) -> bool:
        return self.fen > other.fen if type(other) is Money else NotImplemented

    def __ge__(self, other: Money) -> bool:
        return self.fen >= other.fen if type(other) is Money else NotImplemented

    @staticmethod
    def total(amounts: Iterable[Money]) -> Money:
        """The sum; nothing sums to ¥0.00. Works on the list, never on a set of amounts."""
        return Money(sum([amount.fen for amount in amounts]))


def _text(fen: int) -> str:
    if fen > 99:
        digits = str(fen)
        return f"{digits[:-2]}.{digits[-2:]}"
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def _said(fen: int) -> str:
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100:,}.{abs(fen) % 100:02d}"


#: ``Money.text`` and ``str(Money)`` by fen, for those who write many: ``TEXTS[amount.fen]``.
TEXTS: Mapping[int, str] = Kept(_text, 4096)
SAID: Mapping[int, str] = Kept(_said, 4096)

#: The slot's own setter: a frozen value is filled once, here, and it is made by the hundred for every case.
_set_fen = Money.__dict__["fen"].__set__

ZERO = Money(0)


@dataclass(frozen=True, slots=True, order=True)
class UnitPrice:
    """A price per unit, counted in 1/10000 yuan, the finest that HIS price lists use.

    >>> UnitPrice.yuan("1.3975").times(Decimal(6))    # 8.385
    Money(¥8.39)
    """

    tenth_mils: int

    @classmethod
    def yuan(cls, amount: str | Decimal | int) -> UnitPrice:
        """Exact price in yuan. Raises ValueError when finer than 1/10000 yuan."""
        numerator, denominator = Money._decimal(amount).as_integer_ratio()
        tenth_mils, finer = divmod(numerator * 10_000, denominator)
        if finer:
            raise ValueError(f"unit price {amount} is finer than 1/10000 yuan")
        return cls(tenth_mils)

    def times(self, quantity: Decimal) -> Money:
        """Price × quantity, rounded once, half up, to the fen."""
        numerator, denominator = quantity.as_integer_ratio()
        return Money(half_up(self.tenth_mils * numerator, denominator * 100))

    @property
    def decimal(self) -> Decimal:
        return Decimal(self.tenth_mils).scaleb(-4)

    def __str__(self) -> str:
        return f"{self.decimal.quantize(Decimal('0.0001'))}"
