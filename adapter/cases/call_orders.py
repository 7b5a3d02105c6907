"""What a person ordered about a case's calls: held until resumed, or left out of one bill version (人工指令)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from adapter.cases.reading import call_subject
from adapter.cases.tools import Act
from adapter.cases.walk_issues import withdrawn
from adapter.ledger.ledger import Transaction
from adapter.ledger.rows import MessageRow, MessageState
from adapter.model.messages import OutboundMessage, Outcome, Receipt, Stage

PAPER = "call-orders"

#: What is said for a bill version before it stands; undoing it, and what takes a lost message back, is never left out.
_OF_THE_BILL = frozenset({Stage.ELIGIBILITY, Stage.ADMIT, Stage.CHARGES, Stage.TRIAL, Stage.SETTLE})


@dataclass(frozen=True, slots=True)
class Order:
    """What keeps the messages of a call from going out; it may be given long before the call's turn comes.

    Attributes:
        what: ``held`` until somebody resumes the call, or ``skipped`` for good.
        by: who ordered it.
        at: when, ISO 8601.
    """

    call: str
    what: str
    by: str
    at: str
    reason: str


@dataclass(frozen=True, slots=True)
class CallOrders:
    """What stands for one bill version: held calls with the reason, and those that were left out."""

    held: Mapping[str, str]
    skipped: frozenset[str]


def call_orders(tx: Transaction, case_id: str, version: int) -> CallOrders:
    """The orders that stand for a bill version."""
    orders = _orders(tx, case_id)
    held = {name: str(each["reason"]) for name, each in orders["held"].items()}
    skipped = (name.partition("/") for name in orders["skipped"])
    return CallOrders(held, frozenset(call for of, _, call in skipped if of == str(version)))


def orders_standing(tx: Transaction, case_id: str, version: int) -> tuple[Order, ...]:
    """Every held call of a case, and those that were left out of this bill version, by call."""
    orders = _orders(tx, case_id)
    found = [_order(name, "held", each) for name, each in orders["held"].items()]
    subjects = [(*subject.partition("/"), each) for subject, each in orders["skipped"].items()]
    found += [_order(call, "skipped", each) for of, _, call, each in subjects if of == str(version)]
    return tuple(sorted(found, key=lambda each: (each.call, each.what)))


def _order(call: str, what: str, told: Mapping[str, Any]) -> Order:
    return Order(call, what, str(told["by"]), str(told["at"]), str(told["reason"]))


def held_call(tx: Transaction, case_id: str, call: str) -> str | None:
    """Why a call is held, or None."""
    found = _orders(tx, case_id)["held"].get(call)
    return None if found is None else str(found["reason"])


def order_on(tx: Transaction, message: OutboundMessage) -> Order | None:
    """The order that a message is under, or None. A call that was left out need not be resumed as well."""
    if message.stage is Stage.NOTIFY:
        return None
    orders = _orders(tx, message.case_id)
    skipped = orders["skipped"].get(call_subject(message.version, message.call))
    if skipped is not None and message.stage in _OF_THE_BILL:
        return _order(message.call, "skipped", skipped)
    held = orders["held"].get(message.call)
    return None if held is None else _order(message.call, "held", held)


def is_left_out(tx: Transaction, message: OutboundMessage) -> bool:
    """Whether a message is of a call that a person left out: its late answer changes nothing."""
    order = order_on(tx, message)
    return order is not None and order.what == "skipped"


def never_sent(row: MessageRow) -> bool:
    """Whether no attempt can have sent a message: nobody has it in hand, and no connection was ever made for it."""
    return row.state in (MessageState.PENDING, MessageState.PARKED) and row.message.last_attempt is None


def keep_out(tx: Transaction, key: str, act: Act) -> None:
    """Take a message out of the queue if an order wants that: one that a worker has in hand stays until it is back.

    A held one is set aside until its call is resumed. One of a call that was left out is withdrawn: finished, unsent
    from here on, with who wanted it and why as its last word. Where it may have arrived and had an effect, it is set
    aside instead: a person finds out what became of it, and nobody else's turn comes before that.
    """
    row = tx.message(key)
    order = None if row is None else order_on(tx, row.message)
    if row is None or order is None or row.state not in (MessageState.PENDING, MessageState.PARKED):
        return
    if order.what == "skipped" and (never_sent(row) or not row.message.effect):
        outcome = Outcome.NOT_SEEN if never_sent(row) else Outcome.UNKNOWN
        why = withdrawn(key, row.message.call, order.by, order.reason)
        tx.withdraw(key, Receipt(outcome, act.at, issues=(why,), sent=False, told_by=order.by), **act.said)
    else:
        tx.park_message(key, **act.said)


def set_held(tx: Transaction, case_id: str, call: str, act: Act, *, aside: Iterable[str] = ()) -> None:
    """Hold a call.

    Args:
        aside: keys of its messages that waited for a person already; resuming the call does not send them.
    """
    orders = _orders(tx, case_id)
    before = orders["held"].get(call)
    kept = sorted(aside) if before is None else before.get("aside", [])
    tx.file_paper(case_id, PAPER, {**orders, "held": {**orders["held"], call: {**_by(act), "aside": kept}}}, **act.said)


def end_hold(tx: Transaction, case_id: str, call: str, act: Act) -> frozenset[str]:
    """Let a held call go on; returns the keys of its messages that waited for a person before it was held."""
    orders = _orders(tx, case_id)
    others = {name: each for name, each in orders["held"].items() if name != call}
    tx.file_paper(case_id, PAPER, {**orders, "held": others}, **act.said)
    return frozenset(orders["held"].get(call, {}).get("aside", ()))


def set_skipped(tx: Transaction, case_id: str, version: int, call: str, act: Act) -> None:
    """Leave a call out of a bill version."""
    orders = _orders(tx, case_id)
    skipped = {**orders["skipped"], call_subject(version, call): _by(act)}
    tx.file_paper(case_id, PAPER, {**orders, "skipped": skipped}, **act.said)


def _by(act: Act) -> dict[str, Any]:
    return {"reason": act.reason, "by": act.actor.id, "at": act.at.isoformat()}


def _orders(tx: Transaction, case_id: str) -> Mapping[str, Any]:
    return tx.paper(case_id, PAPER) or {"held": {}, "skipped": {}}
