"""The typed form of what a mapping says about several rows of a stay at once (跨行规格)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from adapter.model.source import RowTest


class Take(Enum):
    """Which other row of the stay a column is taken from."""

    NEXT = "next"  # the one that follows in this table
    PREVIOUS = "previous"
    FIRST = "first"  # of a table of the stay
    LAST = "last"
    COUNT = "count"  # how many there are


@dataclass(frozen=True, slots=True)
class FromRows:
    """A column that is taken from another row of the stay.

    Attributes:
        column: its name.
        table: the table that it is taken from; of ``next`` and ``previous`` the row's own.
        of: the column taken; of a count, nothing.
        order: columns that put the rows in order: numbers, or times that are all written alike.
        only: rows for which this holds take part.
    """

    column: str
    take: Take
    table: str
    of: str
    order: tuple[str, ...]
    only: tuple[RowTest, ...] = ()


@dataclass(frozen=True, slots=True)
class Split:
    """A column that lists several things becomes a row for each; ``number`` is the column that counts them."""

    column: str
    at: tuple[str, ...]
    number: str


@dataclass(frozen=True, slots=True)
class NewbornLines:
    """Lines on the mother's stay that are a newborn's.

    Attributes:
        column: says whose the line is; empty or one of ``none``: the mother's.
        patient: mapping file that makes the newborn.
        key: columns of the line that hold the newborn's row key.
        only_one: the column says that the line is a newborn's and not which one's, so several newborns hold the stay.
    """

    column: str
    none: frozenset[str]
    patient: str
    key: tuple[str, ...]
    only_one: bool = False


@dataclass(frozen=True, slots=True)
class CoveredLines:
    """The fee lines that a settlement of the HIS took in: by its number, never by their dates.

    Attributes:
        by: column of the line and column of the settlement that hold the same.
        amount: column with the line's amount.
        only: lines for which all of these hold count.
    """

    table: str
    by: tuple[tuple[str, str], ...]
    amount: str
    only: tuple[RowTest, ...] = ()


@dataclass(frozen=True, slots=True)
class Covers:
    """What a settlement covers: its lines' sum is its total, up to ``tolerance``."""

    lines: tuple[CoveredLines, ...]
    tolerance: Decimal


@dataclass(frozen=True, slots=True)
class ClockCheck:
    """Times that a view wrote with a twelve-hour clock, or with the month where minutes belong.

    Attributes:
        occurred: column with the time when it happened.
        booked: column with the time when it was entered, never earlier on one day; empty where there is none.
        least: how many different times a stay must have before anything is concluded.
    """

    occurred: str
    booked: str
    least: int
