"""Take back a message whose effect nobody can ask: a transaction of the counterpart that undoes it by its id (冲正).

It is stored and sent like any other. When it succeeds, the lost message is proven not to count, and is due again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from adapter.cases import verdict_issues
from adapter.cases.tools import Act, Tools
from adapter.ledger.issues import effect_known, unknown_message
from adapter.ledger.ledger import Transaction
from adapter.ledger.rows import MessageState
from adapter.model.issues import AdapterError
from adapter.model.messages import OutboundMessage, Outcome, Stage
from adapter.rules.programme.collection import require_person

PAPER = "compensations"


@runtime_checkable
class Compensating(Protocol):
    """A counterpart that can undo a transaction whose answer was lost."""

    def compensation(self, lost: OutboundMessage, at: datetime) -> OutboundMessage:
        """What takes it back. Raises AdapterError where it cannot be undone."""
        ...


def compensate(key: str, tools: Tools, act: Act) -> str:
    """Store what takes a lost message back; returns its key. It goes out with the next delivery.

    Raises:
        AdapterError: LED-409, LED-418 its effect is known, CASE-443 the counterpart has no such transaction, CASE-444
            it is being taken back already, what the dialect refuses (DEL-552), PRG-282 by the service.
    """
    require_person(key, act.actor, "take a lost message back", "冲正丢失报文")
    with tools.ledger.transaction() as tx:
        row = tx.message(key)
        if row is None:
            raise AdapterError(unknown_message(key))
        if row.state is not MessageState.PARKED or row.outcome is not Outcome.UNKNOWN or not row.message.effect:
            raise AdapterError(effect_known(key, str(row.state), str(row.outcome or "—")))
        endpoint: object = tools.endpoints.get(row.message.endpoint)
        if not isinstance(endpoint, Compensating):
            raise AdapterError(verdict_issues.cannot_take_back(key, row.message.endpoint))
        known = _known(tx, row.message.case_id)
        for other in (each for each, lost in known.items() if lost == key):
            under_way = tx.message(other)
            if under_way is not None and under_way.state is not MessageState.DONE:
                raise AdapterError(verdict_issues.being_taken_back(key, other))
        # beside the walk: no stage waits for it, and nobody's queue, which the lost message still blocks
        message = replace(endpoint.compensation(row.message, act.at), stage=Stage.RECONCILE, order_key=None)
        tx.enqueue(message, **act.said)
        tx.file_paper(row.message.case_id, PAPER, {**known, message.key: key}, **act.said)
    return message.key


def compensated(tx: Transaction, message: OutboundMessage, act: Act) -> None:
    """After an acceptance: if it took back a lost message, that one is proven not to count, and is due again."""
    lost = _known(tx, message.case_id).get(message.key) if message.stage is Stage.RECONCILE else None
    row = tx.message(lost) if lost is not None else None
    if row is not None and row.state is MessageState.PARKED and row.outcome is Outcome.UNKNOWN:
        tx.never_arrived(row.message.key, at=act.at, actor=act.actor, reason=f"taken back by {message.key}")


def _known(tx: Transaction, case_id: str) -> Mapping[str, Any]:
    return tx.paper(case_id, PAPER) or {}
