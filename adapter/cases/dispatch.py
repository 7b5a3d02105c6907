"""The worker: lease, deliver safely, record the receipt, let the case go on, repeat (送达循环).

A message is leased before it is sent, so a worker that dies leaves a trace: the next one asks the payer first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from adapter.cases import issues
from adapter.cases.reading import call_subject
from adapter.cases.reverse import advance_reversal
from adapter.cases.settle import advance_settlement, advance_trial
from adapter.cases.tools import Act, Tools
from adapter.cases.walk import hold
from adapter.ledger.issues import LedgerBusy
from adapter.ledger.ledger import Transaction
from adapter.model.case import Actor, BillState, CallState
from adapter.model.issues import AdapterError
from adapter.model.messages import OutboundMessage, Outcome, Receipt, Stage
from adapter.payers.delivery.endpoint import deliver_safely
from adapter.payers.delivery.retry import needs_person, next_attempt

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Delivered:
    """What one round did."""

    sent: int = 0
    accepted: int = 0
    rejected: int = 0
    unknown: int = 0


def work_once(tools: Tools, *, limit: int = 16) -> Delivered:
    """One round: lease what is due and deal with each message. Returns what happened; nothing due is all zeros."""
    now = tools.clock.now()
    with tools.ledger.transaction() as tx:
        leased = tx.lease(
            tools.worker,
            now=now,
            lease_seconds=tools.lease_seconds,
            limit=limit,
            endpoints=tuple(tools.endpoints),
        )
    done = Delivered()
    for message in leased:
        if (receipt := _deliver(message, tools)) is None:
            continue
        _record(message, receipt, tools)
        done = replace(
            done,
            sent=done.sent + 1,
            accepted=done.accepted + (receipt.outcome is Outcome.ACCEPTED),
            rejected=done.rejected + (receipt.outcome is Outcome.REJECTED),
            unknown=done.unknown + (receipt.outcome in (Outcome.UNKNOWN, Outcome.NOT_SEEN)),
        )
    return done


def work_until_idle(
    tools: Tools,
    *,
    wait: Callable[[float], None],
    give_up_at: datetime | None = None,
    heard: Callable[[Delivered], None] = lambda _: None,
) -> bool:
    """Work until the outbox holds nothing that will go out by itself; False when time ran out first."""
    while True:
        done = work_once(tools)
        heard(done)
        if done.sent:
            continue
        with tools.ledger.reading() as tx:
            due = tx.health().oldest_due
        if due is None:
            return True
        now = tools.clock.now()
        if give_up_at is not None and now >= give_up_at:
            return False
        wait(min(max((due - now) / timedelta(seconds=1), 0.02), 0.5))


def _deliver(message: OutboundMessage, tools: Tools) -> Receipt | None:
    """Send or ask. A lease that ran out while others of the batch were sent is given up, unsent."""
    now = tools.clock.now()
    with tools.ledger.transaction() as tx:
        if not tx.renew(message.key, tools.worker, now=now, lease_seconds=tools.lease_seconds):
            return None
    return deliver_safely(message, tools.endpoints[message.endpoint], now)


def _record(message: OutboundMessage, receipt: Receipt, tools: Tools) -> None:
    """Store the receipt and take the case on, in one transaction."""
    now = tools.clock.now()
    attempts = message.attempts + 1
    act = Act(now, Actor(tools.worker, "worker"), f"{message.stage} {receipt.outcome}")
    parked = needs_person(receipt, attempts, tools.retry)
    with tools.ledger.transaction() as tx:
        tx.record(
            message.key,
            receipt,
            worker=tools.worker,
            next_attempt_at=next_attempt(message.key, receipt, attempts, tools.retry, now),
            parked=parked,
        )
        _note_call(tx, message, receipt, act)
        if receipt.accrued is not None:
            row = tx.case(message.case_id)
            if row is not None:
                tx.record_asked(
                    row.source,
                    row.person_key,
                    receipt.accrued,
                    endpoint=message.endpoint,
                    case_id=message.case_id,
                    **act.said,
                )
    if parked or receipt.outcome is Outcome.ACCEPTED:
        go_on(message.case_id, tools, act)
    log.info("message", key=message.key, outcome=receipt.outcome, attempts=attempts)


def go_on(case_id: str, tools: Tools, act: Act) -> None:
    """Take a case as far as it goes: after an answer, after a restart, after a person resolved something.

    What keeps it from going on holds it with its issues; nothing is lost and the stored answer stays.
    """
    try:
        with tools.ledger.transaction() as tx:
            advance_trial(tx, case_id, tools, act)
            advance_settlement(tx, case_id, tools, act)
            advance_reversal(tx, case_id, tools, act)
    except LedgerBusy:
        raise
    except AdapterError as error:
        with tools.ledger.transaction() as tx:
            hold(tx, case_id, (issues.walk_stopped(case_id), *error.issues), act)


def resume_all(tools: Tools, actor: Actor) -> int:
    """Take every unfinished case on from where it was (after a start); returns how many there were."""
    unfinished = (BillState.DRAFT, BillState.PREVIEWED, BillState.SETTLING, BillState.REVERSING)
    count, after = 0, ""
    while True:
        with tools.ledger.reading() as tx:
            page = tx.cases(in_states={"bill": unfinished}, after=after)
        if not page:
            return count
        for row in page:
            go_on(row.case_id, tools, tools.act(actor, "resumed"))
        count, after = count + len(page), page[-1].case_id


def _note_call(tx: Transaction, message: OutboundMessage, receipt: Receipt, act: Act) -> None:
    """Show on the call what is known of its settlement."""
    if message.stage is not Stage.SETTLE:
        return
    subject = call_subject(message.version, message.call)
    state = tx.state(message.case_id, "call", subject)
    unsure = receipt.outcome in (Outcome.UNKNOWN, Outcome.NOT_SEEN)
    if unsure and message.effect and state is CallState.SUBMITTED:
        tx.move(message.case_id, "call", CallState.UNKNOWN, subject=subject, **act.said)
    if receipt.outcome is Outcome.REJECTED and state in (CallState.SUBMITTED, CallState.UNKNOWN):
        tx.move(message.case_id, "call", CallState.REJECTED, subject=subject, **act.said)
