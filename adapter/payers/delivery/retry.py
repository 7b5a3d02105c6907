"""When to try again: a pure function of outcome, attempts and time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from adapter.model.issues import Severity
from adapter.model.messages import Outcome, Receipt

#: So often the pause doubles at most; a notice is tried some thousand times, which no float would survive.
_DOUBLINGS = 30

#: While a message is that young, an answer that only asks to wait is none of the attempts after which a person decides:
#: a payer that closes for its month's end or its night's work says so to everybody, and a whole office's messages would
#: be set aside one by one. Not longer than a day, so that a payer which never does but ask is seen the next day.
PATIENCE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Backoff doubles from ``first`` to ``most`` seconds; after every ``limit`` attempts a person decides."""

    first: float = 1.0
    most: float = 300.0
    limit: int = 12


def next_attempt(
    key: str, receipt: Receipt, attempts: int, policy: RetryPolicy, now: datetime, *, strikes: int | None = None
) -> datetime | None:
    """The moment of the next attempt, or None when the message is finished or must wait for a person.

    Args:
        attempts: how often the message has been tried, this time included.
        strikes: how many of them count towards the policy's limit; all of them where nothing is given.
    """
    if receipt.outcome is Outcome.ACCEPTED or needs_person(receipt, attempts if strikes is None else strikes, policy):
        return None
    backoff = min(policy.first * 2 ** min(attempts - 1, _DOUBLINGS), policy.most)
    wait = max(backoff * _spread(key, attempts), float(receipt.retry_after or 0))
    return now + timedelta(seconds=wait)


def strikes(receipts: Sequence[Receipt], since: datetime) -> int:
    """How many attempts count towards the limit: since a person's last word, those that were not only asked to wait.

    Args:
        receipts: all of a message's, the newest last. A lease that was given back unsent leaves none.
        since: when the message was stored. One that is older than ``PATIENCE`` counts each answer.

    Returns:
        0 where the newest does not count: it is no reason to ask a person.
    """
    if not receipts or _only_asks(receipts[-1], since):
        return 0
    told = max((place for place, each in enumerate(receipts) if each.told_by is not None), default=-1)
    return sum(1 for each in receipts[told + 1 :] if not _only_asks(each, since))


def _only_asks(receipt: Receipt, since: datetime) -> bool:
    return receipt.leave_alone is not None and receipt.at - since < PATIENCE


def needs_person(receipt: Receipt, attempts: int, policy: RetryPolicy) -> bool:
    """Whether the message is parked: refused, tried as often as the policy allows, or answered beyond any retry.

    The receipt's first issue says what it means, those behind it are its details: a fatal one is for a person.

    Args:
        attempts: those that count towards the limit, this one included; 0 where this one does not.
    """
    if receipt.outcome is Outcome.REJECTED:
        return True
    fatal = any(issue.severity is Severity.FATAL for issue in receipt.issues[:1])
    spent = attempts > 0 and attempts % policy.limit == 0
    return receipt.outcome is not Outcome.ACCEPTED and (spent or fatal)


def _spread(key: str, attempts: int) -> float:
    """Between 0.5 and 1.0, from key and attempt: spreads a herd without a random generator."""
    digest = sha256(f"{key}#{attempts}".encode()).digest()
    return 0.5 + digest[0] / 510
