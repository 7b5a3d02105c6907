"""Counts for the operator. 运行状况。"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, Table, bindparam, case, exists, func, select

from adapter.ledger import journal
from adapter.ledger.rows import UNFINISHED, WAITING, Health, MessageState
from adapter.ledger.session import Session
from adapter.ledger.tables import cases, inbox, outbox, parked, pauses, states
from adapter.model.case import Event

_WAITING = outbox.c.state.in_(WAITING)
_DUE = case((outbox.c.state == MessageState.LEASED, outbox.c.lease_until), else_=outbox.c.not_before)


#: Events after which a message may be found parked.
_SETS_ASIDE = frozenset({"message-parked", "message-answered"})


def _behind(*states: MessageState) -> ColumnElement[bool]:
    """Whether an older message of the same order key is in one of these states."""
    older = outbox.alias("older")
    return exists().where(
        older.c.order_key == outbox.c.order_key, older.c.place < outbox.c.place, older.c.state.in_(states)
    )


def _next(state: MessageState, due: Column[datetime]) -> Select[Any]:
    """When the first of an endpoint's messages in a state is due that waits for no other."""
    mine = (outbox.c.endpoint == bindparam("endpoint")) & (outbox.c.state == state)
    return select(due).where(mine, ~_behind(*UNFINISHED)).order_by(due).limit(1)


_OLDER = outbox.alias("older")
_BEFORE = (
    select(_OLDER.c.key)
    .join(outbox, (outbox.c.order_key == _OLDER.c.order_key) & (outbox.c.place > _OLDER.c.place))
    .where(outbox.c.key == bindparam("key"), _OLDER.c.state.in_(UNFINISHED))
    .order_by(_OLDER.c.place)
    .limit(1)
)

_NEXT_PENDING = _next(MessageState.PENDING, outbox.c.not_before)
_NEXT_LEASED = _next(MessageState.LEASED, outbox.c.lease_until)


class Counts(Session):
    """How much of what is in which state."""

    def health(self) -> Health:
        """Counts over the whole ledger."""
        return Health(
            cases=self._count(cases),
            held=self._count(cases, cases.c.held),
            states=self._by(states, states.c.machine, states.c.state),
            outbox=self._by(outbox, outbox.c.endpoint, outbox.c.state),
            oldest_due=self._oldest_due(),
            parked=self._count(parked, parked.c.resolved_at.is_(None)),
            unprocessed_files=self._count(inbox, inbox.c.processed_at.is_(None)),
            journal_length=journal.last_line(self._connection)[0],
        )

    def waits_behind(self, key: str) -> str | None:
        """The first unfinished message of the same queue that stands before a message; None: it is next, or in none."""
        return self._connection.execute(_BEFORE, {"key": key}).scalar()

    def parked_by(self, key: str) -> Event | None:
        """Who set a message aside, and why, where that was a person's act; None where an answer did it."""
        row = self._connection.execute(select(outbox.c.case_id).where(outbox.c.key == key)).first()
        lines = () if row is None else journal.read(self._connection, case_id=row.case_id)
        last = None
        for line in lines:
            if line.event.kind in _SETS_ASIDE and line.event.data.get("key") == key:
                last = line.event
        return last if last is not None and last.kind == "message-parked" else None

    def next_due(self, endpoints: Collection[str]) -> datetime | None:
        """When a worker for these endpoints has something to do next; None: nothing goes out to them by itself.

        What waits behind an unfinished message goes after it, and what a pause holds back goes at its end.
        """
        paused = {row.endpoint: row.until for row in self._connection.execute(select(pauses)) if row.until is not None}
        found = []
        for endpoint in endpoints:
            for query in (_NEXT_PENDING, _NEXT_LEASED):
                due = self._connection.execute(query, {"endpoint": endpoint}).scalar()
                if due is not None:
                    found.append(max(due, paused.get(endpoint, due)))
        return min(found, default=None)

    def _oldest_due(self) -> datetime | None:
        wanted = _WAITING & ~_behind(MessageState.PARKED)
        found: datetime | None = self._connection.execute(select(func.min(_DUE)).where(wanted)).scalar()
        return found

    def _count(self, table: Table, *where: Any) -> int:
        return self._connection.execute(select(func.count()).select_from(table).where(*where)).scalar_one()

    def _by(self, table: Table, outer: Column[Any], inner: Column[Any]) -> dict[str, dict[str, int]]:
        query = select(outer.label("outer"), inner.label("inner"), func.count().label("n")).select_from(table)
        counts: dict[str, dict[str, int]] = defaultdict(dict)
        for row in self._connection.execute(query.group_by(outer, inner).order_by(outer, inner)):
            counts[row.outer][row.inner] = row.n
        return dict(counts)
