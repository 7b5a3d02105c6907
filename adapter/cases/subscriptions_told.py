"""What a subscriber's answer means for its subscription, in the transaction that records the answer (订阅应答)."""

from __future__ import annotations

from dataclasses import replace

from adapter.cases.endpoints import NO_ANSWER, unpause
from adapter.cases.subscriptions import PAPER, Subscribed, keep, ping_key, subscribed
from adapter.cases.tools import Act, Tools
from adapter.ledger.ledger import Transaction
from adapter.ledger.rows import MessageState
from adapter.model.messages import OutboundMessage, Outcome, Receipt
from adapter.model.subscription import NOTICES, PINGS, SubscriptionState

_OPEN = (SubscriptionState.ACTIVE, SubscriptionState.SILENT)


def subscriber_answered(
    tx: Transaction, message: OutboundMessage, receipt: Receipt, tools: Tools, act: Act, *, parked: bool
) -> None:
    """Take a subscription on after an answer, or after none.

    A refusal stops it, and so does a silence that has lasted as long as anybody waits: R4's ``error``, with the reason.
    A shorter silence is said too, and tried on. The first answer ends it.
    """
    if not message.endpoint.startswith((NOTICES, PINGS)):
        return
    identity = message.endpoint.partition(":")[2]
    tx.hold_paper("", f"{PAPER}{identity}")
    known = subscribed(tx, identity)
    if known is None:
        return
    if message.endpoint.startswith(PINGS):
        _shaken(tx, known, message, receipt, tools, act, parked=parked)
    elif known.state in _OPEN:
        _told(tx, known, message, receipt, tools, act, parked=parked)


def _shaken(
    tx: Transaction,
    known: Subscribed,
    message: OutboundMessage,
    receipt: Receipt,
    tools: Tools,
    act: Act,
    *,
    parked: bool,
) -> None:
    if known.state is not SubscriptionState.SHAKING or message.key != ping_key(known):
        return  # somebody changed it since
    if receipt.outcome is Outcome.ACCEPTED:
        since = tx.journal_end() if known.since is None else known.since
        keep(tx, replace(known, since=since), SubscriptionState.ACTIVE, act)
        _bring_back(tx, f"{NOTICES}{known.id}", act)
    elif parked:
        keep(tx, known, SubscriptionState.REFUSED, act, _why(receipt))
    elif message.attempts + 1 >= tools.retry.limit and not known.error:
        keep(tx, known, SubscriptionState.SHAKING, act, _why(receipt))


def _told(
    tx: Transaction,
    known: Subscribed,
    message: OutboundMessage,
    receipt: Receipt,
    tools: Tools,
    act: Act,
    *,
    parked: bool,
) -> None:
    if receipt.outcome is Outcome.ACCEPTED:
        if known.state is SubscriptionState.SILENT:
            keep(tx, known, SubscriptionState.ACTIVE, act)
    elif parked:
        keep(tx, known, SubscriptionState.REFUSED, act, _why(receipt))
    elif message.attempts + 1 >= tools.retry.limit and known.state is SubscriptionState.ACTIVE:
        keep(tx, known, SubscriptionState.SILENT, act, _why(receipt))


def _bring_back(tx: Transaction, endpoint: str, act: Act) -> None:
    """What was set aside before the cause was mended is due now."""
    unpause(tx, endpoint, act, only=NO_ANSWER)
    while page := tx.outbox(endpoint=endpoint, states=(MessageState.PARKED,)):
        for row in page:
            tx.retry(row.message.key, **act.said)


def _why(receipt: Receipt) -> str:
    """The first issue in words; the receiver's own text is not repeated, since it may hold anything."""
    return " / ".join(f"{issue.code}: {issue.zh} · {issue.en}" for issue in receipt.issues[:1])
