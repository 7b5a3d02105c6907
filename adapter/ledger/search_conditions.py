"""Conditions of a search as SQL: as lines that meet one, to walk along, and as a look-up for a resource that is met."""

from __future__ import annotations

from collections.abc import Callable
from functools import singledispatch
from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, and_, literal, not_, or_, select
from sqlalchemy.sql.selectable import NamedFromClause

from adapter.ledger.search_tables import search_ranges, search_texts, search_values
from adapter.model.search import NO_END, AnyValue, Condition, InRange, InTime, NoValue, StartsWith

#: After every text that begins with the one before it.
_LAST = "\U0010ffff"

#: Lines of a resource that is met; a look-up sees one of them at a time, so the name may stand in several.
_OTHER_VALUE = search_values.alias("other_value")
_OTHER_RANGE = search_ranges.alias("other_range")

#: How long the longest range of a parameter is; NO_END where one has no end.
Longest = Callable[[int], int]


class Here(NamedTuple):
    """Number and time of the resource that is met."""

    number: ColumnElement[int]
    first: ColumnElement[int]
    last: ColumnElement[int]


class Lines(NamedTuple):
    """Lines of the index that meet a condition: where they stand, and which they are."""

    table: NamedFromClause
    met: ColumnElement[bool]


@singledispatch
def lines_of(condition: Condition, longest: Longest) -> Lines | None:
    """The lines that meet a condition; None for one that no lines stand for."""
    return None


@lines_of.register
def _(condition: AnyValue, longest: Longest) -> Lines:
    return Lines(search_values, values_met(search_values, condition.parameter, condition.values))


@lines_of.register
def _(condition: InRange, longest: Longest) -> Lines:
    mine = search_ranges.c.parameter == condition.parameter
    return Lines(search_ranges, and_(mine, range_met(search_ranges, condition, longest)))


@lines_of.register
def _(condition: StartsWith, longest: Longest) -> Lines:
    return Lines(search_texts, _text_met(condition))


def values_met(table: NamedFromClause, parameter: int, values: tuple[int, ...]) -> ColumnElement[bool]:
    """One of some values of a parameter."""
    value = table.c.value
    return and_(table.c.parameter == parameter, value == values[0] if len(values) == 1 else value.in_(values))


def range_met(table: NamedFromClause, condition: InRange, longest: Longest) -> ColumnElement[bool]:
    """A range within a condition's limits, whatever its parameter."""
    low = (table.c.low, condition.low_from, condition.low_to)
    return _within(low, (table.c.high, condition.high_from, condition.high_to), longest(condition.parameter))


@singledispatch
def met_by(condition: Condition, here: Here, everything: int, longest: Longest) -> ColumnElement[bool]:
    """Whether the resource that is met meets a further condition.

    Args:
        everything: the parameter that the resource's own time belongs to.
    """
    raise TypeError(f"no way to ask for {type(condition).__name__}")


@met_by.register
def _(condition: AnyValue, here: Here, everything: int, longest: Longest) -> ColumnElement[bool]:
    return _beside(here, condition.parameter, condition.values)


@met_by.register
def _(condition: NoValue, here: Here, everything: int, longest: Longest) -> ColumnElement[bool]:
    return not_(_beside(here, condition.parameter, condition.values))


def _beside(here: Here, parameter: int, values: tuple[int, ...]) -> ColumnElement[bool]:
    """Another line of the same resource; it has the same time, so it is one look along the key."""
    other = _OTHER_VALUE
    same = and_(other.c.first == here.first, other.c.number == here.number)
    return _looked_up(select(other.c.number).where(values_met(other, parameter, values), same))


@met_by.register
def _(condition: InTime, here: Here, everything: int, longest: Longest) -> ColumnElement[bool]:
    first = (here.first, condition.first_from, condition.first_to)
    return _within(first, (here.last, condition.last_from, condition.last_to), longest(everything))


@met_by.register
def _(condition: InRange, here: Here, everything: int, longest: Longest) -> ColumnElement[bool]:
    other = _OTHER_RANGE
    mine = and_(other.c.number == here.number, other.c.parameter == condition.parameter)
    low = (other.c.low, condition.low_from, condition.low_to)
    within = _within(low, (other.c.high, condition.high_from, condition.high_to), NO_END)
    return _looked_up(select(other.c.number).where(mine, within))


@met_by.register
def _(condition: StartsWith, here: Here, everything: int, longest: Longest) -> ColumnElement[bool]:
    return here.number.in_(select(search_texts.c.number).where(_text_met(condition)))


def _text_met(condition: StartsWith) -> ColumnElement[bool]:
    text = search_texts.c.text
    begins = or_(*(and_(text >= each, text < each + _LAST) for each in condition.texts))
    return and_(search_texts.c.parameter == condition.parameter, begins)


def _looked_up(lines: Select[int]) -> ColumnElement[bool]:
    """Whether there is such a line. The offset keeps PostgreSQL from turning the walk round, to begin with these."""
    return lines.offset(0).exists()


Limits = tuple[ColumnElement[int], int | None, int | None]


def _within(low: Limits, high: Limits, longest: int) -> ColumnElement[bool]:
    """A range whose beginning and end keep their limits.

    Lines stand in the order of their beginnings. So a range that ends after a moment is not looked for earlier than
    the longest one takes, and one that ends before a moment has begun before it.
    """
    met = [column >= limit for column, limit, _ in (low, high) if limit is not None]
    met += [column <= limit for column, _, limit in (low, high) if limit is not None]
    if high[1] is not None and longest < NO_END:
        met.append(low[0] >= high[1] - longest)
    if high[2] is not None:
        met.append(low[0] <= high[2])
    return and_(*met) if met else literal(value=True)
