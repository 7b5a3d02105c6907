"""The way back at the operator's desk: try it, see what was told, send again, let one go (回传运维)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from adapter.cases.endpoints import NO_ANSWER, unpause
from adapter.cases.tools import Act, Tools
from adapter.cases.way_back_issues import no_table, no_way_back, not_a_parked_notice
from adapter.fhir.canonical import decode
from adapter.ledger.rows import MessageRow, MessageState
from adapter.model.issues import AdapterError
from adapter.model.messages import Outcome, Receipt, Stage
from adapter.model.notice import Notice, TableForm, WayBack
from adapter.payers.delivery.endpoints.his.compose import message_for
from adapter.payers.delivery.endpoints.his.content import sample_notice
from adapter.payers.delivery.endpoints.his.table import DIALECTS, ddl


def send_test(source: str, tools: Tools) -> Receipt:
    """Send a notice marked as a test, past the outbox; nothing is stored. Raises AdapterError CASE-340."""
    way = _way(source, tools)
    return tools.endpoints[way.endpoint].deliver(message_for(sample_notice(way, tools.clock.now()), way))


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A source's way back, to try notices on; nothing of it is stored.

    Attributes:
        compose: a notice → the bytes that travel.
        deliver: sends a notice once.
    """

    way: WayBack
    compose: Callable[[Notice], bytes]
    deliver: Callable[[Notice], Receipt]


def rehearsal(source: str, tools: Tools) -> Rehearsal:
    """How the HIS of a source is told, past the outbox. Raises AdapterError CASE-340."""
    way = _way(source, tools)
    endpoint = tools.endpoints[way.endpoint]
    return Rehearsal(
        way,
        compose=lambda notice: message_for(notice, way).composed,
        deliver=lambda notice: endpoint.deliver(message_for(notice, way)),
    )


def table_ddl(source: str, dialect: str, tools: Tools) -> str:
    """``CREATE TABLE`` of the intermediate table. Raises AdapterError CASE-340, CASE-341."""
    way = _way(source, tools)
    if not isinstance(way.form, TableForm) or dialect not in DIALECTS:
        raise AdapterError(no_table(source))
    return ddl(way.form, dialect)


def notices_of(case_id: str, tools: Tools) -> list[dict[str, Any]]:
    """What the HIS was told of a stay, in order, each with what it answered last; also of one that has no case yet."""
    with tools.ledger.reading() as tx:
        rows = [row for row in tx.messages_of_case(case_id) if row.message.stage is Stage.NOTIFY]
        return [_shown(row, tx.receipts(row.message.key)) for row in rows]


def retry_parked(source: str, tools: Tools, act: Act) -> int:
    """Make every notice of a source that waits for a person due now, after its cause was mended; returns how many."""
    way = _way(source, tools)
    count, after = 0, ""
    while True:
        with tools.ledger.transaction() as tx:
            page = tx.outbox(endpoint=way.endpoint, states=(MessageState.PARKED,), after=after)
            for row in page:
                tx.retry(row.message.key, **act.said)
            unpause(tx, way.endpoint, act, only=NO_ANSWER)
        if not page:
            return count
        count, after = count + len(page), page[-1].message.key


def skip(key: str, tools: Tools, act: Act) -> None:
    """Let a parked notice go: it is refused for good, and what was told after it goes out. Raises CASE-342."""
    with tools.ledger.transaction() as tx:
        row = tx.message(key)
        if row is None or row.message.stage is not Stage.NOTIFY or row.state is not MessageState.PARKED:
            raise AdapterError(not_a_parked_notice(key))
        tx.note(row.message.case_id, "notice-skipped", {"key": key}, **act.said)
        gone = Receipt(Outcome.REJECTED, act.at, sent=False)
        tx.record(key, gone, worker=act.actor.id, reason=act.reason)


def _way(source: str, tools: Tools) -> WayBack:
    way = tools.feed(source).way_back
    if way is None or way.endpoint not in tools.endpoints:
        raise AdapterError(no_way_back(source))
    return way


def _shown(row: MessageRow, receipts: list[Receipt]) -> dict[str, Any]:
    message = row.message
    last = receipts[-1] if receipts else None
    return {
        "key": message.key,
        "kind": message.operation.removeprefix("tell-"),
        "state": str(row.state),
        "outcome": None if row.outcome is None else str(row.outcome),
        "attempts": message.attempts,
        "enqueued_at": row.enqueued_at.isoformat(),
        "finished_at": row.finished_at.isoformat() if row.finished_at else None,
        "told": _told(message.composed),
        "answer": None if last is None else last.body.decode("utf-8", "replace"),
        "issues": [str(issue) for issue in last.issues] if last is not None else [],
    }


def _told(composed: bytes) -> Any:
    """A notice as JSON, or the segments of an HL7 v2 message."""
    if not composed.startswith(b"MSH"):
        return decode(composed)
    charset = "gb18030" if b"|GB 18030-2000" in composed.partition(b"\r")[0] else "utf-8"
    return composed.decode(charset).rstrip("\r").split("\r")
