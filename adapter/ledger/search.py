"""Search over the newest versions of resources: ids in order, page by page (检索).

The index proposes: two values may share a number, so whoever asks looks at the resources before it answers.

A search walks along one thing and looks up the rest for each resource that it meets. Lines of values stand in the order
of time, so a walk along them ends with the page; other lines are walked along only where they are few.
"""

from __future__ import annotations

from dataclasses import replace
from heapq import merge
from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, and_, func, literal, select, tuple_
from sqlalchemy.sql.selectable import FromClause

from adapter.ledger.search_conditions import Here, lines_of, met_by, range_met, values_met
from adapter.ledger.search_tables import search_longest, search_names, search_ranges, search_values
from adapter.ledger.session import Session
from adapter.model.search import AnyValue, Condition, Found, InRange, InTime, OrderBy, Search

#: So many lines are soon put in order; where there are more, a walk in the wanted order soon meets a page of them.
FEW = 5_000
#: Resources that are proposed at most, in all, where several values are walked along side by side.
_SIDE_BY_SIDE = 10_000

_CUSTOM_PLANS = "SET LOCAL plan_cache_mode = force_custom_plan"

_LINE = search_values.alias("line")
_UPDATED = search_ranges.alias("updated")
_NAMED = Here(search_names.c.number, search_names.c.first, search_names.c.last)

Proposed = Select[str, int, int]


class _Walk(NamedTuple):
    """A way through the index.

    Attributes:
        begins: what holds for all that it passes.
        order: by what the met ones are put in order; their place is the first, and their number the last of it.
        repeats: whether it may pass a resource more than once.
    """

    source: FromClause
    here: Here
    begins: tuple[ColumnElement[bool], ...]
    order: tuple[ColumnElement[int], ...]
    repeats: bool = False


class Finder(Session):
    """Ask the index."""

    def find(self, search: Search, limit: int) -> list[Found]:
        """Resources that may answer a search, in its order, at most ``limit``."""
        self._plan_each()
        along = self._along(search)
        if isinstance(along, AnyValue) and 1 < len(along.values) <= _SIDE_BY_SIDE // limit:
            return self._found(search, along, limit) if self._is_few(along) else self._merged(search, along, limit)
        return self._found(search, along, limit)

    def count_found(self, search: Search) -> int:
        """How many resources the index proposes for a search."""
        self._plan_each()
        search = replace(search, order=OrderBy.TIME, after=None)
        along = self._along(search)
        inner = self._proposed(search, self._walk(search, along), along).subquery()
        return int(self._connection.execute(select(func.count()).select_from(inner)).scalar_one())

    def _found(self, search: Search, along: Condition | None, limit: int) -> list[Found]:
        walk = self._walk(search, along)
        query = self._proposed(search, walk, along)
        if search.after is not None:
            time, number = search.after
            here, last = tuple_(*walk.order), tuple_(*(literal(time) for _ in walk.order[1:]), literal(number))
            query = query.where(here < last if search.descending else here > last)
        turned = [each.desc() if search.descending else each.asc() for each in walk.order]
        rows = self._connection.execute(query.order_by(*turned).limit(limit))
        return [Found(id_, (time, number)) for id_, time, number in rows]

    def _merged(self, search: Search, along: AnyValue, limit: int) -> list[Found]:
        """Several values walked along side by side: each in its order, so that none is walked to its end."""
        rest = tuple(each for each in search.conditions if each is not along)
        apart = [replace(along, values=(value,)) for value in along.values]
        found = merge(
            *(self._found(replace(search, conditions=(each, *rest)), each, limit) for each in apart),
            key=lambda each: each.place,
            reverse=search.descending,
        )
        return list(dict.fromkeys(found))[:limit]

    def _proposed(self, search: Search, walk: _Walk, along: Condition | None) -> Proposed:
        here = walk.here
        met = [met_by(each, here, search.everything, self._longest) for each in search.conditions if each is not along]
        query = select(search_names.c.id, walk.order[0], walk.order[-1]).select_from(walk.source)
        query = query.where(search_names.c.type == search.type, *walk.begins, *met)
        return query.distinct() if walk.repeats else query

    def _plan_each(self) -> None:
        """PostgreSQL plans for the values at hand: what suits a patient's few lines would sort all of a common code."""
        if self._connection.dialect.name == "postgresql":
            self._once("search", "plans", lambda: self._connection.exec_driver_sql(_CUSTOM_PLANS))

    # -- which way ----------------------------------------------------------------------------------------------------

    def _along(self, search: Search) -> Condition | None:
        """The condition whose lines are walked along: the first one with few lines, or else the likeliest to have few.

        None where nothing but the order is walked along.
        """
        values = [each for each in search.conditions if isinstance(each, AnyValue)]
        values.sort(key=lambda each: (each.unlikely, len(each.values)))
        others = [each for each in search.conditions if not isinstance(each, AnyValue | InTime)]
        by_time = search.order is OrderBy.TIME
        if not by_time or len(values) + len(others) > 1 or not values:
            for each in (*values, *others):
                if self._is_few(each):
                    return each
        return values[0] if values and by_time else None

    def _is_few(self, condition: Condition) -> bool:
        lines = lines_of(condition, self._longest)
        if lines is None:
            return False
        inner = select(literal(1)).select_from(lines.table).where(lines.met).limit(FEW + 1).subquery()
        return int(self._connection.execute(select(func.count()).select_from(inner)).scalar_one()) <= FEW

    def _walk(self, search: Search, along: Condition | None) -> _Walk:
        if along is None and search.order is OrderBy.UPDATED:
            return self._by_update(search)
        match along:
            case None | AnyValue():
                walk = _by_value(search, along)
            case _:
                walk = self._by_few(along)
        if search.order is OrderBy.TIME:
            return walk
        updated = and_(_UPDATED.c.number == walk.here.number, _UPDATED.c.parameter == search.updated)
        when = _UPDATED.c.low + 0  # a sum, lest SQLite walk along all moments for their order's sake
        return walk._replace(source=walk.source.join(_UPDATED, updated), order=(when, walk.here.number))

    def _by_update(self, search: Search) -> _Walk:
        """Along the moments at which resources were written, which are ranges without length."""
        begins = [_UPDATED.c.parameter == search.updated]
        begins += [
            range_met(_UPDATED, each, self._longest)
            for each in search.conditions
            if isinstance(each, InRange) and each.parameter == search.updated
        ]
        source = _UPDATED.join(search_names, search_names.c.number == _UPDATED.c.number)
        return _Walk(source, _NAMED, tuple(begins), (_UPDATED.c.low, _UPDATED.c.high, _UPDATED.c.number))

    def _by_few(self, along: Condition) -> _Walk:
        lines = lines_of(along, self._longest)
        if lines is None:
            raise TypeError(f"no lines stand for {type(along).__name__}")
        source = lines.table.join(search_names, search_names.c.number == lines.table.c.number)
        return _Walk(source, _NAMED, (lines.met,), (search_names.c.first, search_names.c.number), repeats=True)

    def _longest(self, parameter: int) -> int:
        """How long the longest range of a parameter is; it is one line, read anew in each search."""
        query = select(search_longest.c.longest).where(search_longest.c.parameter == parameter)
        return self._connection.execute(query).scalar() or 0


def _by_value(search: Search, along: AnyValue | None) -> _Walk:
    """Along the lines of a value, or of all resources of the type, in the order of their time."""
    parameter, values = (search.everything, (0,)) if along is None else (along.parameter, along.values)
    source = _LINE.join(search_names, search_names.c.number == _LINE.c.number)
    here = Here(_LINE.c.number, _LINE.c.first, _LINE.c.last)
    return _Walk(source, here, (values_met(_LINE, parameter, values),), (here.first, here.number), len(values) > 1)
