"""What a person ordered about a case's calls: held until resumed, or left out of one bill version (人工指令)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapter.cases.reading import call_subject
from adapter.cases.tools import Act
from adapter.ledger.ledger import Transaction

PAPER = "call-orders"


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


def held_call(tx: Transaction, case_id: str, call: str) -> str | None:
    """Why a call is held, or None."""
    found = _orders(tx, case_id)["held"].get(call)
    return None if found is None else str(found["reason"])


def set_held(tx: Transaction, case_id: str, call: str, act: Act, *, held: bool) -> None:
    """Hold a call, or let it go on."""
    orders = _orders(tx, case_id)
    others = {name: each for name, each in orders["held"].items() if name != call}
    tx.file_paper(case_id, PAPER, {**orders, "held": {**others, **({call: _by(act)} if held else {})}}, **act.said)


def set_skipped(tx: Transaction, case_id: str, version: int, call: str, act: Act) -> None:
    """Leave a call out of a bill version."""
    orders = _orders(tx, case_id)
    skipped = {**orders["skipped"], call_subject(version, call): _by(act)}
    tx.file_paper(case_id, PAPER, {**orders, "skipped": skipped}, **act.said)


def _by(act: Act) -> dict[str, str]:
    return {"reason": act.reason, "by": act.actor.id, "at": act.at.isoformat()}


def _orders(tx: Transaction, case_id: str) -> Mapping[str, Any]:
    return tx.paper(case_id, PAPER) or {"held": {}, "skipped": {}}
