"""The outbox: every message is stored before it is sent, and one worker at a time may send it. 发件箱。

A message is leased for a while; a lease that ends is taken over by the next worker. ``attempts`` counts at the lease,
before anything is sent, so whoever comes after a killed worker knows that the message may have gone out already.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Integer, Row, Select, bindparam, exists, func, literal, select

from adapter.ledger import issues as said
from adapter.ledger import quick
from adapter.ledger.codec import payers_of, receipt_bytes, receipt_of
from adapter.ledger.rows import WAITING, MessageRow, MessageState
from adapter.ledger.session import Session, digest_of, holding
from adapter.ledger.tables import content, moment_text, outbox, pauses, receipts
from adapter.model.case import Actor
from adapter.model.issues import AdapterError
from adapter.model.messages import OutboundMessage, Outcome, Receipt, Stage

#: Outcomes after which nothing more is to be found out.
FINAL = (Outcome.ACCEPTED, Outcome.REJECTED)

_STORED = select(outbox).where(outbox.c.key == bindparam("key"))
_LAST = select(
    select(func.max(outbox.c.place)).where(outbox.c.order_key == bindparam("order_key")).scalar_subquery(),
    select(func.max(outbox.c.number)).where(outbox.c.case_id == bindparam("case_id")).scalar_subquery(),
)
_STORED_HELD = _STORED.with_for_update()
_STORED_HELD_OF = _STORED.where(outbox.c.case_id == bindparam("case_id")).with_for_update()
_HOLD_ITS_CASE = select(outbox.c.case_id, holding(literal("case:") + outbox.c.case_id)).where(
    outbox.c.key == bindparam("key")
)


def _with_body() -> Select[Any]:
    return select(outbox, content.c.body).join(content, content.c.digest == outbox.c.content)


_MESSAGE = _with_body().where(outbox.c.key == bindparam("key"))
_OF_CASE = _with_body().where(outbox.c.case_id == bindparam("case_id")).order_by(outbox.c.number)
_OLDER = outbox.alias("older")
_FIRST_OF_ITS_ORDER = ~exists().where(
    _OLDER.c.order_key == outbox.c.order_key, _OLDER.c.place < outbox.c.place, _OLDER.c.state != MessageState.DONE
)
_WAITED_FOR = select(outbox.c.endpoint).where(outbox.c.state.in_(WAITING)).distinct()
_PAUSED_UNTIL = select(pauses.c.until).where(pauses.c.endpoint == bindparam("endpoint"))
_PAUSED = select(pauses.c.endpoint).where(pauses.c.until > bindparam("now"))


def _takeable(state: MessageState, since: ColumnElement[datetime]) -> Select[Any]:
    """An endpoint's messages in a state that ended at a moment; the index ``outbox_due`` gives them in this order."""
    order = (outbox.c.not_before, outbox.c.enqueued_at, outbox.c.case_id, outbox.c.number)
    mine = (outbox.c.endpoint == bindparam("endpoint")) & (outbox.c.state == state)
    found = _with_body().where(mine, since <= bindparam("now"), _FIRST_OF_ITS_ORDER).order_by(*order)
    return found.limit(bindparam("most", type_=Integer)).with_for_update(of=outbox, skip_locked=True)


_DUE = _takeable(MessageState.PENDING, outbox.c.not_before)
_ABANDONED = _takeable(MessageState.LEASED, outbox.c.lease_until)
_TOLD, _RAW = content.alias("told"), content.alias("raw")
_RECEIPTS = (
    select(_TOLD.c.body, _RAW.c.body)
    .select_from(receipts)
    .join(_TOLD, _TOLD.c.digest == receipts.c.content)
    .join(_RAW, _RAW.c.digest == receipts.c.body)
    .where(receipts.c.key == bindparam("key"))
    .order_by(receipts.c.number)
)


class Outbox(Session):
    """Enqueue, lease, record, retry, set aside."""

    def enqueue(
        self,
        message: OutboundMessage,
        *,
        not_before: datetime | None = None,
        at: datetime,
        actor: Actor,
        reason: str,
    ) -> bool:
        """Store a message for sending; True when it is new. The same message under the same key changes nothing.

        Raises:
            MessageConflict: LED-408, the key belongs to a message with other content or another receiver.
        """
        self._hold_case(message.case_id)
        digest = digest_of(message.composed)
        there = quick.first(self._connection, _STORED, {"key": message.key})
        if there is not None:
            same = (digest, message.endpoint, message.operation)
            if (there.content, there.endpoint, there.operation) != same:
                raise said.MessageConflict(said.key_taken(message.key))
            return False
        self._keep([message.composed], [digest])
        place, number = self._next(message)
        data = _fields(message) | {
            "content": digest,
            "place": place,
            "number": number,
            "not_before": moment_text(not_before or at),
        }
        self._append("message-enqueued", message.case_id, data, at=at, actor=actor, reason=reason)
        return True

    def lease(
        self,
        worker: str,
        *,
        now: datetime,
        lease_seconds: int,
        limit: int = 16,
        endpoints: Collection[str] | None = None,
    ) -> list[OutboundMessage]:
        """Take due messages, oldest first; until the lease ends nobody else gets them.

        Of messages with one order key only the oldest unfinished one is given. ``attempts`` of a given message counts
        the leases before this one: more than 0 means that it may have been sent, so look it up first. ``last_attempt``
        is the latest moment at which one of them may have sent it: its answer, or the end of a lease without one;
        receipts of mere look-ups (``sent=False``) do not move it.

        Args:
            worker: a name that no other worker bears, and none bore before a restart.
        """
        taken = self._due(now, self._open(endpoints, now), limit)
        until = moment_text(now + timedelta(seconds=lease_seconds))
        for row in taken:
            reason = "takeover" if row.state == MessageState.LEASED else "due"
            data = {"key": row.key, "worker": worker, "attempts": row.attempts + 1, "until": until}
            data["last_attempt"] = _text(_last_attempt(row))
            self._append("message-leased", row.case_id, data, at=now, actor=_worker(worker), reason=reason)
        return [replace(_message(row), last_attempt=_last_attempt(row)) for row in taken]

    def renew(self, key: str, worker: str, *, now: datetime, lease_seconds: int) -> bool:
        """Prolong a lease; False when the worker no longer has it and must not send. Raises AdapterError LED-409."""
        row = self._message_held(key)
        if not _leased_by(row, worker):
            return False
        data = {"key": key, "until": moment_text(now + timedelta(seconds=lease_seconds))}
        self._append("lease-renewed", row.case_id, data, at=now, actor=_worker(worker), reason="renewed")
        return True

    def release(self, key: str, worker: str, *, now: datetime) -> None:
        """Give an unsent message back before the lease ends; a lost lease is let go. Raises AdapterError LED-409."""
        row = self._message_held(key)
        if _leased_by(row, worker):
            self._append(
                "message-released", row.case_id, {"key": key}, at=now, actor=_worker(worker), reason="not sent"
            )

    def record(
        self,
        key: str,
        receipt: Receipt,
        *,
        worker: str,
        next_attempt_at: datetime | None = None,
        parked: bool = False,
        reason: str = "answer",
    ) -> None:
        """Store a receipt and let the message go on from it. The receipt is kept whoever brings it.

        Accepted and rejected finish the message; an acceptance that comes late overrides a rejection, and nothing
        overrides an acceptance. Any other outcome moves the message only when the worker still holds its lease: to the
        next attempt, or aside for a person. So does the rejection of a notice that is to be parked: what is told after
        it waits for it.

        Raises:
            AdapterError: LED-409, no such message.
            ValueError: an open outcome without ``next_attempt_at`` or ``parked``.
        """
        if receipt.outcome not in FINAL and not parked and next_attempt_at is None:
            raise ValueError("an open outcome needs a next attempt, or a person")
        row = self._message_held(key)
        state, outcome = _after(row, receipt.outcome, worker, parked=parked)
        not_before = next_attempt_at if state is MessageState.PENDING else None
        last_attempt = max(filter(None, (row.last_attempt, receipt.at if receipt.sent else None)), default=None)
        kept, raw = self._keep([receipt_bytes(receipt), receipt.body])
        data = {
            "key": key,
            "number": row.receipts + 1,
            "outcome": str(receipt.outcome),
            "reference": receipt.reference,
            "content": kept,
            "body": raw,
            "state": None if state is None else str(state),
            "outcome_now": None if outcome is None else str(outcome),
            "not_before": _text(not_before),
            "last_attempt": _text(last_attempt),
        }
        self._append("message-answered", row.case_id, data, at=receipt.at, actor=_worker(worker), reason=reason)

    def retry(self, key: str, *, at: datetime, actor: Actor, reason: str) -> None:
        """Make a parked, rejected or waiting message due now.

        Raises AdapterError LED-409, or LED-416 for one that is leased or accepted.
        """
        row = self._message_held(key)
        accepted = row.state == MessageState.DONE and row.outcome == Outcome.ACCEPTED
        if row.state == MessageState.LEASED or accepted:
            raise AdapterError(said.message_not_ready(key, row.state))
        data = {"key": key, "not_before": moment_text(at)}
        self._append("message-retried", row.case_id, data, at=at, actor=actor, reason=reason)

    def park_message(self, key: str, *, at: datetime, actor: Actor, reason: str) -> None:
        """Set a waiting message aside for a person; ``retry`` brings it back.

        Raises AdapterError LED-409, or LED-416 for one that is leased or done.
        """
        row = self._message_held(key)
        if row.state in (MessageState.LEASED, MessageState.DONE):
            raise AdapterError(said.message_not_ready(key, row.state))
        if row.state == MessageState.PENDING:
            self._append("message-parked", row.case_id, {"key": key}, at=at, actor=actor, reason=reason)

    def pause(self, endpoint: str, until: datetime | None, *, at: datetime, actor: Actor, reason: str) -> None:
        """Lease nothing for an endpoint until a moment; None ends the pause."""
        self._hold(f"pause:{endpoint}")
        there = self._connection.execute(select(pauses).where(pauses.c.endpoint == endpoint)).first()
        if (None if there is None else there.until) != until:
            data = {"endpoint": endpoint, "until": _text(until), "first": there is None}
            self._append("endpoint-paused", "", data, at=at, actor=actor, reason=reason)

    def paused_until(self, endpoint: str) -> datetime | None:
        """Until when an endpoint is paused, or None; the moment may have passed."""
        row = quick.first(self._connection, _PAUSED_UNTIL, {"endpoint": endpoint})
        return None if row is None else row.until

    def message(self, key: str) -> MessageRow | None:
        """A message and where it stands, or None."""
        row = quick.first(self._connection, _MESSAGE, {"key": key})
        return None if row is None else _message_row(row)

    def messages_of_case(self, case_id: str, version: int | None = None) -> list[MessageRow]:
        """A case's messages in the order in which they were stored."""

        def read() -> list[MessageRow]:
            return [_message_row(row) for row in quick.rows(self._connection, _OF_CASE, {"case_id": case_id})]

        rows = self._once("message", ("case", case_id), read)
        return [row for row in rows if version is None or row.message.version == version]

    def outbox(
        self,
        *,
        endpoint: str | None = None,
        states: Collection[MessageState] | None = None,
        stage: Stage | None = None,
        outcome: Outcome | None = None,
        finished_from: datetime | None = None,
        finished_before: datetime | None = None,
        after: str = "",
        limit: int = 1000,
    ) -> list[MessageRow]:
        """Messages by key, page by page: give the last key as ``after``."""
        query = _with_body().where(outbox.c.key > after).order_by(outbox.c.key).limit(limit)
        for column, value in ((outbox.c.endpoint, endpoint), (outbox.c.stage, stage), (outbox.c.outcome, outcome)):
            if value is not None:
                query = query.where(column == str(value))
        if states is not None:
            query = query.where(outbox.c.state.in_([str(state) for state in states]))
        if finished_from is not None:
            query = query.where(outbox.c.finished_at >= finished_from)
        if finished_before is not None:
            query = query.where(outbox.c.finished_at < finished_before)
        return [_message_row(row) for row in self._connection.execute(query)]

    def receipts(self, key: str) -> list[Receipt]:
        """Every receipt of a message, oldest first, as it was stored."""

        def read() -> list[Receipt]:
            rows = quick.rows(self._connection, _RECEIPTS, {"key": key})
            return [receipt_of(bytes(told), bytes(raw)) for told, raw in rows]

        return list(self._once("message", ("receipts", key), read))

    def _message_row(self, key: str) -> MessageRow:
        found = self.message(key)
        if found is None:
            raise AdapterError(said.unknown_message(key))
        return found

    def _open(self, endpoints: Collection[str] | None, now: datetime) -> list[str]:
        """Of these endpoints, or of all that have messages waiting, those that are not paused."""
        wanted = self._connection.execute(_WAITED_FOR).scalars() if endpoints is None else endpoints
        paused = set(self._connection.execute(_PAUSED, {"now": now}).scalars())
        return [name for name in wanted if name not in paused]

    def _due(self, now: datetime, endpoints: Collection[str], limit: int) -> list[Row[Any]]:
        """Messages that may be leased now, the longest waiting first.

        Each endpoint is asked for by itself, in the order of its index: so many rows are read as are taken, however
        many wait, here or for an endpoint that is left alone.
        """
        due = [
            row
            for endpoint in endpoints
            for query in (_DUE, _ABANDONED)
            for row in quick.rows(self._connection, query, {"endpoint": endpoint, "now": now, "most": limit})
        ]
        return sorted(due, key=lambda row: (row.not_before, row.enqueued_at, row.case_id, row.number))[:limit]

    def _message_held(self, key: str) -> Any:
        """The message's row, held; its case is held first, as everywhere."""
        asked = {"key": key}
        if self._connection.dialect.name != "postgresql":  # the only writer there is
            row = quick.first(self._connection, _STORED, asked)
        elif (row := self._of_held_case(key)) is None:
            for case_id, _ in quick.rows(self._connection, _HOLD_ITS_CASE, asked):
                self._now_held(f"case:{case_id}")
            row = quick.first(self._connection, _STORED_HELD, asked)
        if row is None:
            raise AdapterError(said.unknown_message(key))
        return row

    def _of_held_case(self, key: str) -> Any | None:
        """The row, held, of a message of the one case that is held already."""
        held = [name.removeprefix("case:") for name in self._held if name.startswith("case:")]
        asked = {"key": key, "case_id": held[0]} if len(held) == 1 else None
        return None if asked is None else quick.first(self._connection, _STORED_HELD_OF, asked)

    def _next(self, message: OutboundMessage) -> tuple[int, int]:
        """Its place in the queue of its order key, 0 without one, and its number within its case."""
        if message.order_key is not None:
            self._hold(f"order:{message.order_key}")
        asked = {"order_key": message.order_key, "case_id": message.case_id}
        ((place, number),) = quick.rows(self._connection, _LAST, asked)
        return 0 if message.order_key is None else int(place or 0) + 1, int(number or 0) + 1


def _after(row: Row[Any], outcome: Outcome, worker: str, *, parked: bool) -> tuple[MessageState | None, Outcome | None]:
    """State and outcome that a receipt leads to; None leaves them as they are."""
    if row.state == MessageState.DONE:
        late = row.outcome == Outcome.REJECTED and outcome is Outcome.ACCEPTED
        return (MessageState.DONE, outcome) if late else (None, None)
    if outcome is Outcome.REJECTED and row.stage == Stage.NOTIFY and parked:
        return (MessageState.PARKED, outcome) if _leased_by(row, worker) else (None, None)
    if outcome in FINAL:
        return MessageState.DONE, outcome
    if not _leased_by(row, worker):
        return None, None
    return (MessageState.PARKED if parked else MessageState.PENDING), outcome


def _last_attempt(row: Row[Any]) -> datetime | None:
    """A lease without an answer may have sent the message until it ended."""
    last: datetime | None = row.lease_until if row.state == MessageState.LEASED else row.last_attempt
    return last


def _text(at: datetime | None) -> str | None:
    return None if at is None else moment_text(at)


def _leased_by(row: Row[Any], worker: str) -> bool:
    return bool(row.state == MessageState.LEASED and row.worker == worker)


def _worker(worker: str) -> Actor:
    return Actor(worker, "delivery")


def _fields(message: OutboundMessage) -> dict[str, object]:
    return {
        "key": message.key,
        "version": message.version,
        "endpoint": message.endpoint,
        "call": message.call,
        "stage": str(message.stage),
        "operation": message.operation,
        "content_type": message.content_type,
        "effect": message.effect,
        "payers": [str(payer) for payer in message.payers],
        "order_key": message.order_key,
    }


def _message(row: Row[Any]) -> OutboundMessage:
    return OutboundMessage(
        key=row.key,
        case_id=row.case_id,
        version=row.version,
        endpoint=row.endpoint,
        call=row.call,
        stage=Stage(row.stage),
        operation=row.operation,
        composed=bytes(row.body),
        content_type=row.content_type,
        effect=row.effect,
        payers=payers_of(row.payers),
        order_key=row.order_key,
        attempts=row.attempts,
        last_attempt=row.last_attempt,
    )


def _message_row(row: Row[Any]) -> MessageRow:
    return MessageRow(
        message=_message(row),
        state=MessageState(row.state),
        not_before=row.not_before,
        worker=row.worker,
        lease_until=row.lease_until,
        outcome=None if row.outcome is None else Outcome(row.outcome),
        receipts=row.receipts,
        enqueued_at=row.enqueued_at,
        finished_at=row.finished_at,
    )
