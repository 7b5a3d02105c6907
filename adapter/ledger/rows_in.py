"""Rows of a HIS that hands over only what changed, kept for good: every content of every row. 增量行。"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby, islice
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Row, Select, and_, case, func, select

from adapter.ledger.codec import json_text
from adapter.ledger.session import Session, digest_of
from adapter.ledger.tables import content, feed_row
from adapter.model.case import Actor
from adapter.model.source import KeptRow

_Each = TypeVar("_Each")

#: Rows that are looked up by one query.
_TOGETHER = 500
_FIELDS = msgspec.json.Decoder(dict[str, str])


class RowsIn(Session):
    """Keep each content of a row once; find every content of the rows that ever belonged to a stay."""

    def keep_rows(
        self,
        source: str,
        rows: Sequence[KeptRow],
        *,
        by_arrival: Collection[str] = (),
        at: datetime,
        actor: Actor,
        reason: str,
    ) -> int:
        """Keep rows; how many of them said something new.

        A content that is there already changes nothing. In tables ``by_arrival`` one that comes back after another is
        news again, for there the later arrival counts. One event per stay, however many rows it has.
        """
        self._hold(f"feed:{source}")
        known = self._known(source, rows)
        bodies = {id(row): json_text(dict(row.fields)).encode() for row in rows}
        new: defaultdict[str, list[tuple[KeptRow, str]]] = defaultdict(list)
        for row in rows:
            digest = digest_of(bodies[id(row)])
            there = known[row.table, row.row_key]
            if _says_nothing(there, digest, row.arrived, row.table in by_arrival):
                continue
            there.append((row.arrived, digest))
            new[row.stay_key].append((row, digest))
        told = [each for together in new.values() for each in together]
        self._keep([bodies[id(row)] for row, _ in told], [digest for _, digest in told])
        for stay_key, together in new.items():
            listed = [[r.table, r.row_key, digest, r.arrived, r.file, r.number] for r, digest in together]
            data = {"source": source, "stay_key": stay_key, "rows": listed}
            self._append("feed-rows-kept", "", data, at=at, actor=actor, reason=reason)
        return len(told)

    def stays_of_rows(self, source: str, rows: Iterable[tuple[str, str]]) -> frozenset[str]:
        """Keys of the stays to which any content of these rows, given by table and key, ever belonged."""
        found: set[str] = set()
        for query in _by_keys(select(feed_row.c.stay_key).distinct(), source, rows):
            found.update(row.stay_key for row in self._connection.execute(query))
        return frozenset(found)

    def row_contents(self, source: str, rows: Iterable[tuple[str, str]]) -> list[KeptRow]:
        """Every content of these rows, given by table and key."""
        whole = select(feed_row, content.c.body).join(content, content.c.digest == feed_row.c.content)
        queries = _by_keys(whole, source, rows)
        return [_kept(row) for query in queries for row in self._connection.execute(query)]

    def rows_of_stay(self, source: str, stay_key: str) -> list[KeptRow]:
        """Every content of every row that ever belonged to a stay, those that went to another stay included."""
        query = _of_stay(select(feed_row, content.c.body), source, stay_key)
        query = query.join(content, content.c.digest == feed_row.c.content)
        return [_kept(row) for row in self._connection.execute(query)]

    def rows_seen(self, source: str, stay_key: str) -> int:
        """How many contents ``rows_of_stay`` would give. Nothing is ever removed, so an equal count is an equal set."""
        query = _of_stay(select(func.count()).select_from(feed_row), source, stay_key)
        return int(self._connection.execute(query).scalar_one())

    def stays_without(self, source: str, table: str) -> list[str]:
        """Stay keys of kept rows among which no row of ``table`` ever was, sorted."""
        query = (
            select(feed_row.c.stay_key)
            .where(feed_row.c.source == source)
            .group_by(feed_row.c.stay_key)
            .having(func.sum(case((feed_row.c.table_name == table, 1), else_=0)) == 0)
            .order_by(feed_row.c.stay_key)
        )
        return list(self._connection.execute(query).scalars())

    def _known(self, source: str, rows: Sequence[KeptRow]) -> defaultdict[tuple[str, str], list[tuple[str, str]]]:
        """Arrival and digest of what is there, by table and key."""
        found: defaultdict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
        columns = select(feed_row.c.table_name, feed_row.c.row_key, feed_row.c.arrived, feed_row.c.content)
        for query in _by_keys(columns, source, ((row.table, row.row_key) for row in rows)):
            for table, key, arrived, digest in self._connection.execute(query):
                found[table, key].append((arrived, digest))
        return found


def _says_nothing(there: Sequence[tuple[str, str]], digest: str, arrived: str, by_arrival: bool) -> bool:
    """Whether a content adds nothing to what is there."""
    if not by_arrival:
        return any(known == digest for _, known in there)
    before = max((each for each in there if each[0] <= arrived), default=None)
    return (arrived, digest) in there or (before is not None and before[1] == digest)


def _of_stay(columns: Select[Any], source: str, stay_key: str) -> Select[Any]:
    mine = (
        select(feed_row.c.table_name, feed_row.c.row_key)
        .where(feed_row.c.source == source, feed_row.c.stay_key == stay_key)
        .distinct()
        .subquery()
    )
    same = and_(mine.c.table_name == feed_row.c.table_name, mine.c.row_key == feed_row.c.row_key)
    return columns.join(mine, same).where(feed_row.c.source == source)


def _by_keys(columns: Select[Any], source: str, rows: Iterable[tuple[str, str]]) -> Iterator[Select[Any]]:
    """The query for these rows, a table and some keys at a time."""
    for table, pairs in groupby(sorted(set(rows)), key=lambda pair: pair[0]):
        for together in _some((key for _, key in pairs), _TOGETHER):
            named = and_(feed_row.c.table_name == table, feed_row.c.row_key.in_(together))
            yield columns.where(feed_row.c.source == source, named)


def _kept(row: Row[Any]) -> KeptRow:
    fields = _FIELDS.decode(row.body)
    return KeptRow(row.table_name, row.row_key, row.stay_key, fields, row.file, row.number, row.arrived)


def _some(many: Iterable[_Each], most: int) -> Iterator[list[_Each]]:
    rest = iter(many)
    while together := list(islice(rest, most)):
        yield together
