"""Columns worked out from others before a row is mapped: what a HIS leaves to be multiplied, divided, joined (派生列).

付数 × 数次, price per pack ÷ tablets in it, price + service fee: named small functions over columns, no expressions.
What is worked out stands in the row under its own name, and a later one may build on it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, Inexact
from fractions import Fraction
from functools import reduce
from types import MappingProxyType

from adapter.intake.mapping import issues
from adapter.intake.mapping.transforms import decimal
from adapter.model.issues import Issue
from adapter.model.money import half_up
from adapter.model.person import masked
from adapter.model.source import SourceRecord, StayRecords


@dataclass(frozen=True, slots=True)
class Derived:
    """A column that is worked out.

    Attributes:
        column: its name.
        function: name of a function below.
        of: the columns that it is worked out from, in order.
        decimals: of a quotient, rounded half up.
    """

    column: str
    function: str
    of: tuple[str, ...]
    decimals: int = 0


#: Arithmetic without rounding, on numbers of any length that a row can hold within reason.
_EXACT = Context(prec=1000, traps=[Inexact])


class _Unreadable(ValueError):
    """A column that is no number; ``args[0]`` names it."""


def _numbers(texts: Mapping[str, str], absent: Decimal) -> list[Decimal]:
    found = []
    for column, text in texts.items():
        try:
            found.append(decimal(text) if text else absent)
        except ValueError:
            raise _Unreadable(column) from None
    return found


def _sum(texts: Mapping[str, str], _: int) -> str:
    return f"{reduce(_EXACT.add, _numbers(texts, Decimal(0))):f}"


def _difference(texts: Mapping[str, str], _: int) -> str:
    return f"{reduce(_EXACT.subtract, _numbers(texts, Decimal(0))):f}"


def _product(texts: Mapping[str, str], _: int) -> str:
    return f"{reduce(_EXACT.multiply, _numbers(texts, Decimal(1))):f}"


def _quotient(texts: Mapping[str, str], decimals: int) -> str:
    numbers = _numbers(texts, Decimal(1))
    if any(number == 0 for number in numbers[1:]):
        raise _Unreadable(list(texts)[numbers.index(Decimal(0), 1)])
    ratio = reduce(lambda left, right: left / right, map(Fraction, numbers))
    return f"{Decimal(half_up(ratio.numerator * 10**decimals, ratio.denominator)).scaleb(-decimals):f}"


def _joined(texts: Mapping[str, str], _: int) -> str:
    return "/".join(texts.values())


def _filled(texts: Mapping[str, str], _: int) -> str:
    return "yes" if all(texts.values()) else "no"


#: What ``as:`` of a derived column may name. An absent summand counts 0, an absent factor or divisor 1; when the first
#: column is absent, so is the result. ``joined`` takes texts as they are, with ``/`` between them; ``filled`` says
#: ``yes`` where all of them are there, else ``no``.
FUNCTIONS: Mapping[str, Callable[[Mapping[str, str], int], str]] = MappingProxyType(
    {
        "sum": _sum,
        "difference": _difference,
        "product": _product,
        "quotient": _quotient,
        "joined": _joined,
        "filled": _filled,
    }
)

_OF_TEXTS = ("joined", "filled")


def with_derived(stay: StayRecords, derived: Mapping[str, Sequence[Derived]]) -> StayRecords:
    """The stay with its derived columns; what cannot be worked out is an issue of the stay (MAP-103), never a guess."""
    found = list(stay.issues)
    tables = {
        name: tuple(_worked_out(row, derived[name], found) for row in rows) if name in derived else rows
        for name, rows in stay.tables.items()
    }
    return StayRecords(stay.stay_key, tables, tuple(found))


def base_columns(columns: Mapping[str, Derived], column: str) -> tuple[str, ...]:
    """The columns of the HIS that a column comes from in the end; itself where it is not derived."""
    each = columns.get(column)
    if each is None:
        return (column,)
    return tuple(dict.fromkeys(base for part in each.of for base in base_columns(columns, part)))


def _worked_out(row: SourceRecord, derived: Sequence[Derived], found: list[Issue]) -> SourceRecord:
    fields = dict(row.fields)
    for each in derived:
        texts = {column: fields.get(column, "") for column in each.of}
        if each.function not in _OF_TEXTS and not texts[each.of[0]]:
            continue
        try:
            fields[each.column] = FUNCTIONS[each.function](texts, each.decimals)
        except (_Unreadable, Inexact) as error:
            column = str(error.args[0]) if isinstance(error, _Unreadable) else each.of[0]
            pointer = row.origin.pointer(column)
            found.append(issues.unreadable_value(pointer, masked(texts[column][:24]), each.function, True))
    return SourceRecord(row.origin, fields)
