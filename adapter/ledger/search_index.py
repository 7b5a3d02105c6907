"""Keeping the search index in step with the resources (检索索引).

Lines are written in the transaction that keeps the resource. They are no part of the journal's replay: they follow
from the newest version of each resource, and ``fill`` makes them all anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, String, Table, delete, insert, literal, select, tuple_, update

from adapter.ledger import quick
from adapter.ledger.search_tables import (
    INDEX,
    search_edition,
    search_longest,
    search_names,
    search_ranges,
    search_texts,
    search_values,
)
from adapter.ledger.tables import content, resources
from adapter.model.search import NO_END, NO_TIME, Terms

#: Works out what a resource is found under: its type, its bytes, when it was kept; None for what is never searched.
TermsOf = Callable[[str, bytes, datetime], Terms | None]

#: A line of ``ranges`` without the resource's number: parameter, from, to.
Range = tuple[int, int, int]

#: Tells of two versions of a resource which ranges they are found under and not the other, where nothing else in them
#: is searched and differs; None where they must be compared term by term. Its type, then the older's bytes and moment.
MovedOf = Callable[[str, bytes, datetime, bytes, datetime], tuple[Range, Range] | None]

_LONGEST = select(search_longest.c.parameter, search_longest.c.longest)

#: Resources that are indexed at once.
_BATCH = 2_000


@dataclass(frozen=True, slots=True)
class Indexer:
    """How resources are indexed.

    Attributes:
        edition: changes when the same resource would be found under other terms; then everything is indexed anew.
        moved: spares the terms of a new version that says what the one before said, and most do.
    """

    terms: TermsOf
    edition: int
    moved: MovedOf = lambda *_: None


@dataclass(frozen=True, slots=True)
class Entry:
    """A resource for the index."""

    type: str
    id: str
    body: bytes
    at: datetime


def number_of(kind: str, id_: str) -> int:
    """The number under which the index knows a resource."""
    return int.from_bytes(hashlib.sha256(f"{kind}/{id_}".encode()).digest()[:8], "big", signed=True)


def change(connection: Connection, indexer: Indexer, before: Iterable[Entry], after: Iterable[Entry]) -> None:
    """Bring the index from the versions that were the newest to those that are; lines that stay are not touched.

    The terms of the earlier versions are found again from their bytes.
    """
    old, new = {_name(each): each for each in before}, {_name(each): each for each in after}
    left, right = _Lines(), _Lines()
    for name, now in new.items():
        was = old.pop(name, None)
        moved = was and indexer.moved(now.type, was.body, was.at, now.body, now.at)
        if moved:
            number = number_of(*name)
            left.ranges[(*moved[0], number)] = right.ranges[(*moved[1], number)] = None
            continue
        if was is not None:
            left.take(indexer, was)
        right.take(indexer, now)
    for gone in old.values():
        left.take(indexer, gone)
    for table, there, wanted in zip(_TABLES, left.by_table(), right.by_table(), strict=True):
        if lost := [line for line in there if line not in wanted]:
            _delete(connection, table, lost)
        if come := [line for line in wanted if line not in there]:
            _insert(connection, table, come)
    _note_longest(connection, right.longest)


def fill(connection: Connection, indexer: Indexer) -> int:
    """Make the whole index anew; returns how many resources were looked at."""
    for table in INDEX:
        connection.execute(delete(table))
    count = 0
    for batch in _newest(connection):
        change(connection, indexer, (), batch)
        count += len(batch)
    connection.execute(delete(search_edition))
    connection.execute(insert(search_edition).values(edition=indexer.edition))
    return count


def edition_of(connection: Connection) -> int | None:
    """The edition that the index was made with."""
    return connection.execute(select(search_edition.c.edition)).scalar()


def _newest(connection: Connection) -> Iterator[list[Entry]]:
    """The newest versions of all resources, a batch at a time, by type and id."""
    columns = select(resources.c.type, resources.c.id, resources.c.at, content.c.body).join(
        content, content.c.digest == resources.c.content
    )
    after = ("", "")
    while True:
        place = tuple_(resources.c.type, resources.c.id) > tuple_(literal(after[0]), literal(after[1]))
        query = columns.where(resources.c.newest, place).order_by(resources.c.type, resources.c.id).limit(_BATCH)
        batch = [Entry(row.type, row.id, bytes(row.body), row.at) for row in connection.execute(query)]
        if not batch:
            return
        yield batch
        after = (batch[-1].type, batch[-1].id)


_TABLES = (search_names, search_values, search_ranges, search_texts)

#: Lines of one table, each once.
_Each = dict[tuple[Any, ...], None]


def _name(entry: Entry) -> tuple[str, str]:
    return entry.type, entry.id


@dataclass(slots=True)
class _Lines:
    """Lines of the index by table."""

    names: _Each = field(default_factory=dict)
    values: _Each = field(default_factory=dict)
    ranges: _Each = field(default_factory=dict)
    texts: _Each = field(default_factory=dict)
    longest: dict[int, int] = field(default_factory=dict)

    def by_table(self) -> tuple[_Each, ...]:
        """In the order of ``_TABLES``."""
        return self.names, self.values, self.ranges, self.texts

    def take(self, indexer: Indexer, entry: Entry) -> None:
        """Add the lines of one resource; none of what is never searched."""
        terms = indexer.terms(entry.type, entry.body, entry.at)
        if terms is None:
            return
        number, first, last = number_of(entry.type, entry.id), terms.first, terms.last
        self.names[(number, entry.type, entry.id, first, last)] = None
        self.values |= dict.fromkeys((parameter, value, first, number, last) for parameter, value in terms.values)
        self.ranges |= dict.fromkeys((parameter, low, high, number) for parameter, low, high in terms.ranges)
        self.texts |= dict.fromkeys((parameter, text, number) for parameter, text in terms.texts)
        everything = terms.values[0][0]
        took = NO_END if last > NO_TIME and first == NO_TIME else last - first
        for parameter, length in ((everything, took), *((each, high - low) for each, low, high in terms.ranges)):
            if length > self.longest.get(parameter, 0):
                self.longest[parameter] = length


def _delete(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    keys = [column.name for column in table.primary_key]
    places = [list(table.c.keys()).index(name) for name in keys]
    gone = [tuple(row[place] for place in places) for row in rows]
    if connection.dialect.name == "sqlite":
        marks = " AND ".join(f"{name} = ?" for name in keys)
        quick.give(connection, f"DELETE FROM {table.name} WHERE {marks}", gone)  # noqa: S608 - our own names
        return
    same = " AND ".join(f"{table.name}.{name} = gone.{name}" for name in keys)
    lists = f"unnest({_lists(table, keys)}) AS gone ({', '.join(keys)})"
    quick.give(connection, f"DELETE FROM {table.name} USING {lists} WHERE {same}", _columns(gone))  # noqa: S608


def _insert(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Many lines at once, past the layers that would look at each value; the lines are whole numbers and plain texts.

    A line that is there already belongs to a resource with the same number: one line finds both.
    """
    names = list(table.c.keys())
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(names))
        quick.give(connection, f"INSERT OR IGNORE INTO {table.name} VALUES ({marks})", list(rows))  # noqa: S608
        return
    into = f"{table.name} ({', '.join(names)})"
    words = f"INSERT INTO {into} SELECT * FROM unnest({_lists(table, names)}) ON CONFLICT DO NOTHING"  # noqa: S608
    quick.give(connection, words, _columns(rows))


def _lists(table: Table, names: Sequence[str]) -> str:
    """A mark for a list of each column, for PostgreSQL; ``%b``: in the binary form, which costs a third."""
    return ", ".join(f"%b::{'text' if isinstance(table.c[name].type, String) else 'bigint'}[]" for name in names)


def _columns(rows: Sequence[tuple[Any, ...]]) -> tuple[list[Any], ...]:
    return tuple(list(column) for column in zip(*rows, strict=True))


def _note_longest(connection: Connection, longest: dict[int, int]) -> None:
    """Keep the longest time of each type; written only when it grows, so that writers do not wait for each other."""
    if not longest:
        return
    table = search_longest
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    known = dict[int, int](quick.rows(connection, _LONGEST, {}))
    for parameter, took in sorted(longest.items()):
        if took <= known.get(parameter, -1):
            continue
        if parameter not in known:
            connection.exec_driver_sql(
                f"INSERT INTO search_longest VALUES ({mark}, {mark}) ON CONFLICT DO NOTHING",  # noqa: S608
                (parameter, took),
            )
        mine = table.c.parameter == parameter
        connection.execute(update(table).where(mine, table.c.longest < took).values(longest=took))
