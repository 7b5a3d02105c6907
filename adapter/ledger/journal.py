"""The journal: one line per event, chained by hash, appended and never changed. 流水。

A line's hash covers the line and the hash before it, so a changed, dropped or inserted line shows at the next look.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Connection, Row, func, insert, literal, select

from adapter.ledger import quick
from adapter.ledger.codec import json_object
from adapter.ledger.rows import JournalRow
from adapter.ledger.tables import journal, moment_text
from adapter.model.case import Actor, Event

#: The hash before the first line.
GENESIS = "0" * 64

#: PostgreSQL's advisory lock for the end of the journal, held from the first written line to the commit.
_END_OF_JOURNAL = 4_104_200_001

_PAGE = 1000
_NEWEST = select(journal.c.seq, journal.c.hash).order_by(journal.c.seq.desc()).limit(1)
_WRITE = insert(journal)
_HOLD = select(func.pg_advisory_xact_lock(literal(_END_OF_JOURNAL, BigInteger)))
_encoder = msgspec.json.Encoder(order="deterministic")


def line_hash(prev: str, seq: int, event: Event, data: str) -> str:
    """sha256 over the line before and every field of this one."""
    fields = (prev, seq, event.case_id, event.kind, moment_text(event.at), event.actor.id, event.actor.role)
    return hashlib.sha256(_encoder.encode((*fields, event.reason, data))).hexdigest()


def write(connection: Connection, events: Sequence[tuple[Event, str]]) -> None:
    """Append events, each with its data as JSON text, after the newest line; the caller commits next."""
    if connection.dialect.name == "postgresql":
        quick.rows(connection, _HOLD, {})
    seq, prev = last_line(connection)
    rows: list[dict[str, Any]] = []
    for event, data in events:
        seq += 1
        mark = line_hash(prev, seq, event, data)
        rows.append(
            {
                "seq": seq,
                "case_id": event.case_id,
                "kind": event.kind,
                "at": event.at,
                "actor_id": event.actor.id,
                "actor_role": event.actor.role,
                "reason": event.reason,
                "data": data,
                "prev": prev,
                "hash": mark,
            }
        )
        prev = mark
    quick.write_all(connection, _WRITE, rows)


def last_line(connection: Connection) -> tuple[int, str]:
    """Number and hash of the newest line; ``(0, GENESIS)`` for an empty journal."""
    newest = quick.first(connection, _NEWEST, {})
    return (0, GENESIS) if newest is None else (newest.seq, newest.hash)


def read(
    connection: Connection, *, case_id: str | None = None, after: int = 0, limit: int | None = None
) -> Iterator[JournalRow]:
    """Lines in order, read page by page."""
    left = limit
    while left is None or left > 0:
        size = _PAGE if left is None else min(left, _PAGE)
        page = _page(connection, case_id, after, size)
        for row in page:
            yield _journal_row(row)
        if len(page) < size:
            return
        after = page[-1].seq
        left = None if left is None else left - len(page)


def first_broken(connection: Connection) -> int | None:
    """Number of the first line that does not fit the chain, or None when all do."""
    expected, prev, after = 1, GENESIS, 0
    while page := _page(connection, None, after, _PAGE):
        for row in page:
            event = _event(row, {})
            if row.seq != expected or row.prev != prev or row.hash != line_hash(prev, row.seq, event, row.data):
                return expected
            expected, prev = expected + 1, row.hash
        after = page[-1].seq
    return None


def _page(connection: Connection, case_id: str | None, after: int, size: int) -> Sequence[Row[Any]]:
    query = select(journal).where(journal.c.seq > after).order_by(journal.c.seq).limit(size)
    if case_id is not None:
        query = query.where(journal.c.case_id == case_id)
    return connection.execute(query).all()


def _event(row: Row[Any], data: Mapping[str, object]) -> Event:
    return Event(row.case_id, row.kind, row.at, Actor(row.actor_id, row.actor_role), row.reason, data)


def _journal_row(row: Row[Any]) -> JournalRow:
    return JournalRow(row.seq, _event(row, json_object(row.data)), row.prev, row.hash)
