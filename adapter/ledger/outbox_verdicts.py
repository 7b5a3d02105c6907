"""What a person, or a reversal that succeeded, says of a message that waits: its effect, or that it ends. 人工认定。"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from adapter.ledger import issues as said
from adapter.ledger.codec import receipt_bytes
from adapter.ledger.outbox import FINAL, Outbox
from adapter.ledger.rows import MessageRow, MessageState
from adapter.ledger.tables import moment_text
from adapter.model.case import Actor
from adapter.model.issues import AdapterError
from adapter.model.messages import Outcome, Receipt


class OutboxVerdicts(Outbox):
    """End a parked message, or let it begin anew."""

    def told(self, key: str, receipt: Receipt, *, at: datetime, actor: Actor, reason: str) -> MessageRow:
        """Finish a parked message of unknown effect with what a person learned of it, or had looked up.

        Raises:
            AdapterError: LED-409, or LED-418 for one that is not parked, or whose effect is known.
            ValueError: a receipt that does not say what became of it.
        """
        if receipt.outcome not in FINAL:
            raise ValueError("a person's word is final")
        self._ended(self._unknown_held(key), receipt, at=at, actor=actor, reason=reason)
        return self._message_row(key)

    def withdraw(self, key: str, receipt: Receipt, *, at: datetime, actor: Actor, reason: str) -> None:
        """Finish a waiting or parked message that is not to be sent any more; what is due after it goes on.

        Args:
            receipt: why; its outcome says what is known of the sendings before, ``NOT_SEEN`` where there was none.

        Raises:
            AdapterError: LED-409, or LED-416 for one that is leased or done.
            ValueError: a receipt that says that the counterpart accepted or refused it.
        """
        if receipt.outcome in FINAL:
            raise ValueError("who withdraws a message has no answer to it")
        row = self._message_held(key)
        if row.state not in (MessageState.PENDING, MessageState.PARKED):
            raise AdapterError(said.message_not_ready(key, row.state))
        self._ended(row, receipt, at=at, actor=actor, reason=reason)

    def _ended(self, row: Any, receipt: Receipt, *, at: datetime, actor: Actor, reason: str) -> None:
        kept, raw = self._keep([receipt_bytes(receipt), receipt.body])
        data = {
            "key": row.key,
            "number": row.receipts + 1,
            "outcome": str(receipt.outcome),
            "reference": receipt.reference,
            "content": kept,
            "body": raw,
            "state": str(MessageState.DONE),
            "outcome_now": str(receipt.outcome),
            "not_before": None,
            "last_attempt": None if row.last_attempt is None else moment_text(row.last_attempt),
        }
        self._append("message-answered", row.case_id, data, at=at, actor=actor, reason=reason)

    def never_arrived(self, key: str, *, at: datetime, actor: Actor, reason: str) -> None:
        """Make a parked message of unknown effect due again as if it had never been sent: nothing is asked first.

        Raises AdapterError LED-409, or LED-418 for one that is not parked, or whose effect is known.
        """
        row = self._unknown_held(key)
        data = {"key": key, "not_before": moment_text(at)}
        self._append("message-not-arrived", row.case_id, data, at=at, actor=actor, reason=reason)

    def _unknown_held(self, key: str) -> Any:
        row = self._message_held(key)
        if row.state != MessageState.PARKED or row.outcome != Outcome.UNKNOWN:
            raise AdapterError(said.effect_known(key, row.state, row.outcome or "—"))
        return row
