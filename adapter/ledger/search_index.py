"""Keeping the search index in step with the resources (检索索引).

Lines are written in the transaction that keeps the resource. They are no part of the journal's replay: they follow
from the newest version of each resource, and ``fill`` makes them all anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
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

_LONGEST = select(search_longest.c.parameter, search_longest.c.longest)

#: Resources that are indexed at once.
_BATCH = 2_000


@dataclass(frozen=True, slots=True)
class Indexer:
    """How resources are indexed.

    Attributes:
        edition: changes when the same resource would be found under other terms; then everything is indexed anew.
    """

    terms: TermsOf
    edition: int


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
    old, new = _Lines(indexer, before), _Lines(indexer, after)
    for table in (search_names, search_values, search_ranges, search_texts):
        there, wanted = old.of[table], new.of[table]
        if gone := [line for line in there if line not in wanted]:
            _delete(connection, table, gone)
        if come := [line for line in wanted if line not in there]:
            _insert(connection, table, come)
    _note_longest(connection, new.longest)


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


class _Lines:
    """Lines of the index by table, each once."""

    def __init__(self, indexer: Indexer, entries: Iterable[Entry]) -> None:
        tables = (search_names, search_values, search_ranges, search_texts)
        self.of: dict[Table, dict[tuple[Any, ...], None]] = {table: {} for table in tables}
        self.longest: dict[int, int] = {}
        for entry in entries:
            terms = indexer.terms(entry.type, entry.body, entry.at)
            if terms is not None:
                self._take(number_of(entry.type, entry.id), entry, terms)

    def _take(self, number: int, entry: Entry, terms: Terms) -> None:
        first, last = terms.first, terms.last
        names, values, ranges, texts = self.of.values()
        names[(number, entry.type, entry.id, first, last)] = None
        values |= dict.fromkeys((parameter, value, first, number, last) for parameter, value in terms.values)
        ranges |= dict.fromkeys((parameter, low, high, number) for parameter, low, high in terms.ranges)
        texts |= dict.fromkeys((parameter, text, number) for parameter, text in terms.texts)
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
        connection.exec_driver_sql(f"DELETE FROM {table.name} WHERE {marks}", gone)  # noqa: S608 - our own names
        return
    same = " AND ".join(f"{table.name}.{name} = gone.{name}" for name in keys)
    lists = f"unnest({_lists(table, keys)}) AS gone ({', '.join(keys)})"
    connection.exec_driver_sql(f"DELETE FROM {table.name} USING {lists} WHERE {same}", _columns(gone))  # noqa: S608


def _insert(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Many lines at once, past the layers that would look at each value; the lines are whole numbers and plain texts.

    A line that is there already belongs to a resource with the same number: one line finds both.
    """
    names = list(table.c.keys())
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(names))
        connection.exec_driver_sql(f"INSERT OR IGNORE INTO {table.name} VALUES ({marks})", list(rows))  # noqa: S608
        return
    into = f"{table.name} ({', '.join(names)})"
    words = f"INSERT INTO {into} SELECT * FROM unnest({_lists(table, names)}) ON CONFLICT DO NOTHING"  # noqa: S608
    connection.exec_driver_sql(words, _columns(rows))


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
