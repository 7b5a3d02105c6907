"""What every part of a transaction stands on: the connection, the pending events, the locks."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Iterable, Mapping
from datetime import datetime
from typing import Any, TypeVar, cast

from sqlalchemy import ColumnElement, Connection, Insert, String, bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite

from adapter.ledger import journal, projector, quick
from adapter.ledger.codec import json_text
from adapter.ledger.search_index import Indexer
from adapter.ledger.tables import content
from adapter.model.case import Actor, Event


def digest_of(body: bytes) -> str:
    """sha256 hex, the name under which content is kept."""
    return hashlib.sha256(body).hexdigest()


_BODY = select(content.c.body).where(content.c.digest == bindparam("digest"))


def holding(name: ColumnElement[str]) -> ColumnElement[Any]:
    """Keeps a name from others until the transaction ends (PostgreSQL), and waits while another has it."""
    return func.pg_advisory_xact_lock(func.hashtextextended(name, 0))


_HOLD = select(holding(bindparam("name", type_=String)))
_KEEP: Mapping[str, Insert] = {
    "postgresql": postgresql.insert(content).on_conflict_do_nothing(index_elements=["digest"]),
    "sqlite": sqlite.insert(content).on_conflict_do_nothing(index_elements=["digest"]),
}


T = TypeVar("T")

#: What is remembered of a transaction's reading is forgotten when an event of these kinds is written: by the first word
#: of the kind the topics that it touches. A kind that is not listed touches everything.
_TOUCHES: Mapping[str, tuple[str, ...]] = {
    "accumulated": (),
    "lease": ("message",),
    "machine": ("states",),
    "message": ("message",),
    "noted": (),
    "paper": ("paper",),
    "posted": (),
    "resources": (),
    "settlement": (),
    "year": ("asked",),
}

#: What others may have written of while a name was waited for, by the first word of the name; a name that is not listed
#: keeps them from everything. Figures that are read anew each time are no topic.
_GUARDS: Mapping[str, tuple[str, ...]] = {
    "asked": ("asked",),
    "order": (),
    "paper": ("paper",),
    "resources": (),
    "year": ("asked",),
}


class Session:
    """One database transaction. Events are applied at once and written to the journal at the very end.

    Writing last keeps the journal's lock short and makes its order the order of commits: whoever waited for a row
    comes after the one who held it, so a replay meets the rows in the same order.
    """

    def __init__(self, connection: Connection, *, writing: bool, indexer: Indexer | None = None) -> None:
        self._connection = connection
        self._writing = writing
        self._indexer = indexer
        self._pending: list[tuple[Event, str]] = []
        self._held: set[str] = set()
        self._seen: dict[str, dict[Hashable, object]] = {}

    def _append(
        self, kind: str, case_id: str, data: Mapping[str, object], *, at: datetime, actor: Actor, reason: str
    ) -> None:
        """Apply an event now; it reaches the journal when the transaction ends."""
        self._check_writing()
        if at.tzinfo is None:
            raise ValueError("a moment needs its zone")
        event = Event(case_id, kind, at, actor, reason, data)
        written = json_text(data)
        projector.apply(self._connection, event)
        self._pending.append((event, written))
        self._forget(_TOUCHES.get(kind.partition("-")[0]))

    def _forget(self, topics: Iterable[str] | None) -> None:
        """Forget what was read of these topics; None: of all."""
        for topic in self._seen if topics is None else topics:
            self._seen[topic] = {}

    def _finish(self) -> None:
        """Write the pending events, chained to the newest line."""
        if self._pending:
            journal.write(self._connection, self._pending)
            self._pending.clear()

    def _hold(self, *names: str) -> None:
        """Keep others from deciding on the same thing until this transaction ends.

        SQLite admits one writer at a time anyway. Take the case first, then what lies below it.
        """
        if not self._writing or self._connection.dialect.name != "postgresql":
            return
        for name in names:
            if name not in self._held:
                quick.rows(self._connection, _HOLD, {"name": name})
                self._now_held(name)

    def _now_held(self, name: str) -> None:
        if name not in self._held:
            self._held.add(name)
            self._forget(_GUARDS.get(name.partition(":")[0]))  # whoever had to wait looks again

    def _once(self, topic: str, name: Hashable, read: Callable[[], T]) -> T:
        """What this transaction reads again and again, read once, until it writes something that touches the topic."""
        seen = self._seen.setdefault(topic, {})
        if name not in seen:
            seen[name] = read()
        return cast("T", seen[name])

    def _hold_case(self, case_id: str) -> None:
        if case_id:
            self._hold(f"case:{case_id}")

    def _keep(self, bodies: Iterable[bytes], digests: Iterable[str] | None = None) -> list[str]:
        """Keep content under its digest, once however often it comes. Returns the digests in order.

        Args:
            digests: the bodies' digests, where the caller has worked them out already.
        """
        self._check_writing()
        bodies = list(bodies)
        named = zip(map(digest_of, bodies) if digests is None else digests, bodies, strict=True)
        rows: list[dict[str, object]] = [{"digest": digest, "body": body} for digest, body in named]
        if rows:
            # in one order everywhere, so that two writers of the same contents never wait for each other crosswise
            statement = _KEEP[self._connection.dialect.name]
            quick.write_all(self._connection, statement, sorted(rows, key=lambda row: str(row["digest"])))
        return [str(row["digest"]) for row in rows]

    def _body(self, digest: str) -> bytes:
        (row,) = quick.rows(self._connection, _BODY, {"digest": digest})
        return bytes(row.body)

    def _check_writing(self) -> None:
        if not self._writing:
            raise RuntimeError("this transaction only reads; use Ledger.transaction() to write")
