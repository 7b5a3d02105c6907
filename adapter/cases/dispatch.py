"""The worker: lease, deliver safely, record the receipt, let the case go on, repeat (送达循环).

A message is leased before it is sent, so a worker that dies leaves a trace: the next one asks the payer first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from traceback import extract_tb

import structlog

from adapter.cases import issues, walk_issues
from adapter.cases.afterwards import advance_afterwards
from adapter.cases.call_orders import is_left_out, keep_out, order_on
from adapter.cases.compensate import compensated
from adapter.cases.endpoints import NO_ANSWER, is_closed, lease_allowed, pause, reopen, unpause
from adapter.cases.reading import call_subject
from adapter.cases.reverse import advance_reversal
from adapter.cases.settle import advance_settlement, advance_trial
from adapter.cases.subscriptions_told import subscriber_answered
from adapter.cases.tools import Act, Tools
from adapter.cases.verdict_papers import contradiction, keep_contradiction
from adapter.cases.walk import hold
from adapter.cases.way_back import tell_standing
from adapter.ledger.issues import LedgerBusy
from adapter.ledger.ledger import Transaction
from adapter.model.case import Actor, BillState, CallState
from adapter.model.issues import AdapterError
from adapter.model.messages import OutboundMessage, Outcome, Receipt, Stage
from adapter.model.notice import HIS
from adapter.model.subscription import CALL
from adapter.payers.delivery.endpoint import Endpoint, deliver_safely
from adapter.payers.delivery.retry import RetryPolicy, needs_person, next_attempt, strikes
from adapter.payers.delivery.traffic import Closed

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Delivered:
    """What one round did."""

    sent: int = 0
    accepted: int = 0
    rejected: int = 0
    unknown: int = 0

    def __add__(self, other: Delivered) -> Delivered:
        return Delivered(
            self.sent + other.sent,
            self.accepted + other.accepted,
            self.rejected + other.rejected,
            self.unknown + other.unknown,
        )


#: A notice to the HIS is harmless to repeat and must come before the next one of its stay: it is tried for a week at
#: the longest pause before a person is asked, where a payer's message is set aside much sooner.
NOTICE_ATTEMPTS = 2000


def payers_only(tools: Tools) -> Tools:
    """The same tools for a worker that only speaks with payers."""
    return replace(tools, endpoints=_endpoints(tools, his=False))


def ways_back_only(tools: Tools) -> Tools:
    """The same tools for a worker that only tells the hospitals; it bears a name of its own."""
    return replace(tools, endpoints=_endpoints(tools, his=True), worker=f"{tools.worker}-his")


def _endpoints(tools: Tools, *, his: bool) -> dict[str, Endpoint]:
    return {name: each for name, each in tools.endpoints.items() if name.startswith(HIS) is his}


def work_once(tools: Tools, *, limit: int = 16) -> Delivered:
    """One round: lease what is due and deal with each message, payers first, then the hospitals that are to be told.

    Returns what happened; nothing due is all zeros.
    """
    done = Delivered()
    for his in (False, True):
        if endpoints := _endpoints(tools, his=his):
            done += _round(replace(tools, endpoints=endpoints), limit)
    return done


def _round(tools: Tools, limit: int) -> Delivered:
    now = tools.clock.now()
    with tools.ledger.transaction() as tx:
        leased = lease_allowed(tx, tools, now, limit)
    done = Delivered()
    silent: set[str] = set()
    late = now + timedelta(seconds=tools.lease_seconds) / 3  # and one more answer, awaited for at most half of it
    for number, message in enumerate(leased):
        if message.endpoint in silent or (number and tools.clock.now() > late):
            _give_back(message, tools)
            continue
        if (receipt := _deliver(message, tools)) is None:
            continue
        if _record(message, receipt, tools):
            silent.add(message.endpoint)
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
            due = tx.next_due(tuple(tools.endpoints))
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
        tx.hold_case(message.case_id)
        if _kept_back(tx, message, tools, now):
            return None
        if not tx.renew(message.key, tools.worker, now=now, lease_seconds=tools.lease_seconds):
            return None
    try:
        return deliver_safely(message, tools.endpoints[message.endpoint], now)
    except Exception as error:
        # nobody knows what was sent; without a receipt it would be taken before all others for ever
        log.error("delivery failed", key=message.key, error=type(error).__name__, place=_place(error))
        told = error.issues if isinstance(error, AdapterError) else ()
        failed = walk_issues.delivery_failed(message.key, type(error).__name__)
        return Receipt(Outcome.UNKNOWN, tools.clock.now(), issues=(failed, *told))


def _kept_back(tx: Transaction, message: OutboundMessage, tools: Tools, now: datetime) -> bool:
    """Whether somebody, or the hour, closed the way since the message was leased: then it goes back, unsent."""
    order = order_on(tx, message)
    if order is None and not is_closed(tx, message.endpoint, tools, now):
        return False
    tx.release(message.key, tools.worker, now=now)
    if order is not None:
        keep_out(tx, message.key, Act(now, Actor(tools.worker, "worker"), order.what))
    return True


def _give_back(message: OutboundMessage, tools: Tools) -> None:
    """Who does not answer is not tried again for each message in turn, and a batch is not held for long: others wait.

    A message that a dead worker left is due when its lease ends; it must not wait for a living one's whole batch.
    """
    with tools.ledger.transaction() as tx:
        tx.release(message.key, tools.worker, now=tools.clock.now())


def _record(message: OutboundMessage, receipt: Receipt, tools: Tools) -> bool:
    """Store the receipt and take the case on. Returns whether the endpoint is to be left alone for now."""
    now = tools.clock.now()
    leave = message.stage is Stage.NOTIFY and receipt.outcome not in (Outcome.ACCEPTED, Outcome.REJECTED)
    if message.call == CALL and receipt.outcome is Outcome.REJECTED:
        leave = True  # a subscriber that refuses is told nothing more
    attempts = message.attempts + 1
    act = Act(now, Actor(tools.worker, "worker"), f"{message.stage} {receipt.outcome}")
    retry = replace(tools.retry, limit=NOTICE_ATTEMPTS) if message.stage is Stage.NOTIFY else tools.retry
    with tools.ledger.transaction() as tx:
        tx.hold_case(message.case_id)
        counted = _strikes(tx, message, receipt, retry)
        parked = needs_person(receipt, counted, retry)
        if receipt.outcome not in (Outcome.ACCEPTED, Outcome.REJECTED) and message.stage is not Stage.NOTIFY:
            parked = parked or order_on(tx, message) is not None
        odd = contradiction(tx, message, receipt, tools.worker)
        tx.record(
            message.key,
            receipt,
            worker=tools.worker,
            next_attempt_at=next_attempt(message.key, receipt, attempts, retry, now, strikes=counted),
            parked=parked,
        )
        if parked:
            keep_out(tx, message.key, act)
        if message.stage is Stage.NOTIFY:
            _mind_silence(tx, message, receipt, act)
            subscriber_answered(tx, message, receipt, tools, act, parked=parked)
        elif (closed := tools.traffic.heard(message.endpoint, receipt, now)) is not None:
            pause(tx, message.endpoint, closed, act)
            leave = True
        _note_call(tx, message, receipt, act)
        if odd is not None:
            keep_contradiction(tx, message, odd, act)
        if receipt.outcome is Outcome.ACCEPTED:
            compensated(tx, message, act)
        if receipt.accrued is not None and not is_left_out(tx, message):
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
    if message.stage is not Stage.NOTIFY and (parked or receipt.outcome is Outcome.ACCEPTED):
        take_on(message.case_id, tools, act)
    log.info("message", key=message.key, outcome=receipt.outcome, attempts=attempts)
    return leave


def _strikes(tx: Transaction, message: OutboundMessage, receipt: Receipt, retry: RetryPolicy) -> int:
    """How many attempts count towards the limit; its receipts are only read where there are enough of them."""
    attempts = message.attempts + 1
    row = tx.message(message.key) if attempts >= retry.limit else None
    return attempts if row is None else strikes([*tx.receipts(message.key), receipt], row.enqueued_at)


def go_on(case_id: str, tools: Tools, act: Act) -> None:
    """Take a case as far as it goes: after an answer, after a restart, after a person resolved something.

    What keeps it from going on holds it with its issues; nothing is lost and the stored answer stays.
    """
    try:
        with tools.ledger.transaction() as tx:
            tx.hold_case(case_id)
            advance_trial(tx, case_id, tools, act)
            advance_settlement(tx, case_id, tools, act)
            advance_reversal(tx, case_id, tools, act)
            advance_afterwards(tx, case_id, tools, act)
            tell_standing(tx, case_id, tools, act)
    except LedgerBusy:
        raise
    except AdapterError as error:
        with tools.ledger.transaction() as tx:
            hold(tx, case_id, (issues.walk_stopped(case_id), *error.issues), act)
            tell_standing(tx, case_id, tools, act)


#: Stages of the walk: while a message of one is due or on its way, the case waits for its answer, which takes it on.
_TRYING = (Stage.ELIGIBILITY, Stage.ADMIT, Stage.CHARGES, Stage.TRIAL)
_SETTLING = (Stage.ADMIT, Stage.CHARGES, Stage.SETTLE, Stage.REVERSE)


def take_on(case_id: str, tools: Tools, act: Act) -> None:
    """``go_on``, for a worker: a case that meets an error of ours is held, and keeps no other from its turn."""
    try:
        go_on(case_id, tools, act)
    except AdapterError:
        raise
    except Exception as error:
        log.error("case stopped", case=case_id, error=type(error).__name__, place=_place(error))
        with tools.ledger.transaction() as tx:
            hold(tx, case_id, (walk_issues.program_failed(case_id, type(error).__name__),), act)


def resume_all(tools: Tools, actor: Actor) -> int:
    """Take on every unfinished case that waits for no message (after a start); returns how many there were.

    Pauses that were made by hours of earlier settings end.
    """
    reopen(tools, tools.act(actor, "settings changed"))
    with tools.ledger.reading() as tx:
        cases = _unfinished(tx, tools)
    for case_id in cases:
        take_on(case_id, tools, tools.act(actor, "resumed"))
    return len(cases)


def _unfinished(tx: Transaction, tools: Tools) -> list[str]:
    """Ids of the cases that may go on by themselves. Finished ones are not looked at, however many there are.

    Before a settlement only a running trial goes on, and a HIS may not have heard yet that a case is held.
    """
    late = (BillState.SETTLING, BillState.SETTLED_ADVANCED, BillState.REVERSING)
    settling = tx.idle_bills(*late, stages=_SETTLING, endpoints=tools.endpoints)
    early = tx.idle_bills(BillState.DRAFT, BillState.PREVIEWED, stages=_TRYING, endpoints=tools.endpoints)
    trials = tx.papers_of_bills("trial", BillState.DRAFT, BillState.PREVIEWED)
    running = {case_id for case_id, paper in trials.items() if paper["state"] == "running"}
    return sorted({*settling, *(case_id for case_id, held in early.items() if held or case_id in running)})


def _place(error: BaseException) -> str:
    """Where an error came from. Its words may hold personal data and are left out."""
    last = extract_tb(error.__traceback__)[-1]
    return f"{Path(last.filename).name}:{last.lineno} {last.name}"


def _mind_silence(tx: Transaction, message: OutboundMessage, receipt: Receipt, act: Act) -> None:
    """Send nothing to a HIS that does not answer until it is time to try again; its first answer ends that."""
    if receipt.outcome in (Outcome.ACCEPTED, Outcome.REJECTED):
        unpause(tx, message.endpoint, act, only=NO_ANSWER)
    elif receipt.retry_after:
        pause(tx, message.endpoint, Closed(act.at + timedelta(seconds=receipt.retry_after), NO_ANSWER), act)


def _note_call(tx: Transaction, message: OutboundMessage, receipt: Receipt, act: Act) -> None:
    """Show on the call what is known of its settlement."""
    if message.stage is not Stage.SETTLE or receipt.outcome is Outcome.ACCEPTED:
        return
    subject = call_subject(message.version, message.call)
    state = tx.state(message.case_id, "call", subject)
    unsure = receipt.outcome in (Outcome.UNKNOWN, Outcome.NOT_SEEN)
    if unsure and message.effect and state is CallState.SUBMITTED:
        tx.move(message.case_id, "call", CallState.UNKNOWN, subject=subject, **act.said)
    if receipt.outcome is Outcome.REJECTED and state in (CallState.SUBMITTED, CallState.UNKNOWN):
        tx.move(message.case_id, "call", CallState.REJECTED, subject=subject, **act.said)
