"""Search over the newest versions of resources: ids in order, page by page (检索).

The index proposes: two values may share a number, so whoever asks looks at the resources before it answers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import singledispatch

from sqlalchemy import ColumnElement, Select, and_, exists, func, literal, not_, or_, select, tuple_
from sqlalchemy.sql.selectable import NamedFromClause

from adapter.ledger.search_tables import search_longest, search_names, search_ranges, search_texts, search_values
from adapter.ledger.session import Session
from adapter.model.search import (
    NO_END,
    AnyValue,
    Condition,
    Found,
    InRange,
    InTime,
    NoValue,
    OrderBy,
    Search,
    StartsWith,
)

#: After every text that begins with the one before it.
_LAST = "\U0010ffff"


class Finder(Session):
    """Ask the index."""

    def find(self, search: Search, limit: int) -> list[Found]:
        """Resources that may answer a search, in its order, at most ``limit``."""
        query = self._proposed(search)
        rows = self._connection.execute(query.limit(limit))
        return [Found(row.id, (row.place, row.number)) for row in rows]

    def count_found(self, search: Search) -> int:
        """How many resources the index proposes for a search."""
        inner = self._proposed(search).order_by(None).subquery()
        return int(self._connection.execute(select(func.count()).select_from(inner)).scalar_one())

    def _proposed(self, search: Search) -> Select[tuple[str, int, int]]:
        if search.order is OrderBy.UPDATED:
            return self._by_update(search)
        line, drive, others = _driver(search)
        place = line.c.first
        met = [drive, *self._met(others, line, search), *self._not_too_early(others, line, search)]
        query = select(search_names.c.id, place.label("place"), line.c.number)
        query = query.select_from(line.join(search_names, _named(line.c.number, search.type))).where(*met)
        query = query.distinct() if _may_repeat(search) else query
        return _ordered(query, place, line.c.number, search)

    def _by_update(self, search: Search) -> Select[tuple[str, int, int]]:
        updated = search_ranges.alias("updated")
        query = select(search_names.c.id, updated.c.low.label("place"), updated.c.number)
        named = _named(updated.c.number, search.type)
        if search.conditions:
            line, drive, others = _driver(search)
            joined = line.join(updated, and_(updated.c.number == line.c.number, updated.c.parameter == search.updated))
            query = query.select_from(joined.join(search_names, named))
            query = query.where(drive, *self._met(others, line, search)).distinct()
        else:
            query = query.select_from(updated.join(search_names, named)).where(updated.c.parameter == search.updated)
        return _ordered(query, updated.c.low, updated.c.number, search)

    def _met(self, conditions: Sequence[Condition], line: NamedFromClause, search: Search) -> list[ColumnElement[bool]]:
        return [_condition(each, line) for each in conditions]

    def _not_too_early(
        self, conditions: Sequence[Condition], line: NamedFromClause, search: Search
    ) -> list[ColumnElement[bool]]:
        """A period that ends after a moment cannot have begun longer before it than the longest one takes."""
        ends = [each.last_from for each in conditions if isinstance(each, InTime) and each.last_from is not None]
        if not ends:
            return []
        query = select(search_longest.c.longest).where(search_longest.c.parameter == search.everything)
        longest = self._connection.execute(query).scalar() or 0
        return [] if longest >= NO_END else [line.c.first >= max(ends) - longest]


def _driver(search: Search) -> tuple[NamedFromClause, ColumnElement[bool], list[Condition]]:
    """The condition that is walked along, the one that finds fewest; the others are looked up for each of its lines."""
    line = search_values.alias("line")
    values = [each for each in search.conditions if isinstance(each, AnyValue)]
    if not values:
        everything = and_(line.c.parameter == search.everything, line.c.value == 0)
        return line, everything, list(search.conditions)
    best = min(values, key=lambda each: (each.unlikely, len(each.values)))
    rest = [each for each in search.conditions if each is not best]
    return line, and_(line.c.parameter == best.parameter, _one_of(line, best.values)), rest


def _may_repeat(search: Search) -> bool:
    """Whether a resource can stand on several lines of what is walked along."""
    return any(isinstance(each, AnyValue) and len(each.values) > 1 for each in search.conditions)


def _one_of(line: NamedFromClause, values: tuple[int, ...]) -> ColumnElement[bool]:
    found: ColumnElement[bool] = line.c.value == values[0] if len(values) == 1 else line.c.value.in_(values)
    return found


def _named(number: ColumnElement[int], kind: str) -> ColumnElement[bool]:
    return and_(search_names.c.number == number, search_names.c.type == kind)


def _ordered(
    query: Select[tuple[str, int, int]], place: ColumnElement[int], number: ColumnElement[int], search: Search
) -> Select[tuple[str, int, int]]:
    if search.after is not None:
        here, last = tuple_(place, number), tuple_(*map(literal, search.after))
        query = query.where(here < last if search.descending else here > last)
    turned: Callable[[ColumnElement[int]], ColumnElement[int]] = (
        (lambda column: column.desc()) if search.descending else (lambda column: column.asc())
    )
    return query.order_by(turned(place), turned(number))


@singledispatch
def _condition(condition: Condition, line: NamedFromClause) -> ColumnElement[bool]:
    raise TypeError(f"no way to ask for {type(condition).__name__}")


@_condition.register
def _(condition: AnyValue, line: NamedFromClause) -> ColumnElement[bool]:
    return _beside(line, condition.parameter, condition.values)


@_condition.register
def _(condition: NoValue, line: NamedFromClause) -> ColumnElement[bool]:
    return not_(_beside(line, condition.parameter, condition.values))


def _beside(line: NamedFromClause, parameter: int, values: tuple[int, ...]) -> ColumnElement[bool]:
    """Another line of the same resource; it has the same time, so it is one look along the key."""
    other = search_values.alias()
    same = and_(other.c.first == line.c.first, other.c.number == line.c.number)
    return exists().where(other.c.parameter == parameter, _one_of(other, values), same)


@_condition.register
def _(condition: InTime, line: NamedFromClause) -> ColumnElement[bool]:
    return _between(
        (line.c.first, condition.first_from, condition.first_to), (line.c.last, condition.last_from, condition.last_to)
    )


@_condition.register
def _(condition: InRange, line: NamedFromClause) -> ColumnElement[bool]:
    other = search_ranges.alias()
    within = _between(
        (other.c.low, condition.low_from, condition.low_to), (other.c.high, condition.high_from, condition.high_to)
    )
    return exists().where(other.c.number == line.c.number, other.c.parameter == condition.parameter, within)


def _between(*limits: tuple[ColumnElement[int], int | None, int | None]) -> ColumnElement[bool]:
    met = [column >= low for column, low, _ in limits if low is not None]
    met += [column <= high for column, _, high in limits if high is not None]
    return and_(*met) if met else literal(value=True)


@_condition.register
def _(condition: StartsWith, line: NamedFromClause) -> ColumnElement[bool]:
    text = search_texts.c.text
    begins = or_(*(and_(text >= each, text < each + _LAST) for each in condition.texts))
    mine = select(search_texts.c.number).where(search_texts.c.parameter == condition.parameter, begins)
    found: ColumnElement[bool] = line.c.number.in_(mine)
    return found
