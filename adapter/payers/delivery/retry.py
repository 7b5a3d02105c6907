"""When to try again: a pure function of outcome, attempts and time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from adapter.model.issues import Severity
from adapter.model.messages import Outcome, Receipt

#: So often the pause doubles at most; a notice is tried some thousand times, which no float would survive.
_DOUBLINGS = 30


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Backoff doubles from ``first`` to ``most`` seconds; after every ``limit`` attempts a person decides."""

    first: float = 1.0
    most: float = 300.0
    limit: int = 12


def next_attempt(key: str, receipt: Receipt, attempts: int, policy: RetryPolicy, now: datetime) -> datetime | None:
    """The moment of the next attempt, or None when the message is finished or must wait for a person.

    Args:
        attempts: how often the message has been tried, this time included.
    """
    if receipt.outcome is Outcome.ACCEPTED or needs_person(receipt, attempts, policy):
        return None
    backoff = min(policy.first * 2 ** min(attempts - 1, _DOUBLINGS), policy.most)
    wait = max(backoff * _spread(key, attempts), float(receipt.retry_after or 0))
    return now + timedelta(seconds=wait)


def needs_person(receipt: Receipt, attempts: int, policy: RetryPolicy) -> bool:
    """Whether the message is parked: refused, tried as often as the policy allows, or answered beyond any retry.

    The receipt's first issue says what it means, those behind it are its details: a fatal one is for a person.
    """
    if receipt.outcome is Outcome.REJECTED:
        return True
    fatal = any(issue.severity is Severity.FATAL for issue in receipt.issues[:1])
    return receipt.outcome is not Outcome.ACCEPTED and (attempts % policy.limit == 0 or fatal)


def _spread(key: str, attempts: int) -> float:
    """Between 0.5 and 1.0, from key and attempt: spreads a herd without a random generator."""
    digest = sha256(f"{key}#{attempts}".encode()).digest()
    return 0.5 + digest[0] / 510
