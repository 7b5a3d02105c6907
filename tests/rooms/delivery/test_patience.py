"""Which attempts count towards the limit after which a person decides: not those of a payer that only asks to wait."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from adapter.model.messages import Outcome, Receipt
from adapter.payers.delivery.retry import PATIENCE, RetryPolicy, needs_person, next_attempt, strikes

STORED = datetime(2026, 3, 31, 10, tzinfo=UTC)
POLICY = RetryPolicy(first=1, most=300, limit=3)

#: w: asks to wait · s: silence · p: a person's word; each one hour after the one before, from hour 0.
TABLE = [
    ("s", 1),
    ("sss", 3),
    ("w", 0),
    ("www", 0),
    ("wwws", 1),
    ("swws", 2),
    ("sww", 0),
    ("ssps", 1),
    ("sswps", 1),
    ("wpw", 0),
    ("w" * 24, 0),
    ("w" * 25, 1),
    ("w" * 27, 3),
    ("s" + "w" * 26, 4),
]


def receipts(told: str) -> list[Receipt]:
    return [
        Receipt(
            Outcome.UNKNOWN,
            STORED + timedelta(hours=hour),
            retry_after=120 if kind == "w" else None,
            leave_alone=120 if kind == "w" else None,
            told_by="clerk" if kind == "p" else None,
        )
        for hour, kind in enumerate(told)
    ]


@pytest.mark.parametrize(("told", "counted"), TABLE, ids=[told[:8] + str(len(told)) for told, _ in TABLE])
def test_what_counts(told: str, counted: int) -> None:
    said = receipts(told)
    found = strikes(said, STORED)
    assert found == counted
    person = counted in (3, 6)
    assert needs_person(said[-1], found, POLICY) is person
    when = next_attempt("key", said[-1], len(told), POLICY, said[-1].at, strikes=found)
    assert (when is None) is person


def test_a_refusal_is_for_a_person_whatever_counts() -> None:
    refused = Receipt(Outcome.REJECTED, STORED, leave_alone=120)
    assert needs_person(refused, strikes([refused], STORED), POLICY)


def test_who_asks_for_a_second_each_time_is_asked_at_the_longest_pause_all_the_same() -> None:
    """Attempts that do not count towards the limit still lengthen the pause: a day holds some hundred of them."""
    asks = Receipt(Outcome.UNKNOWN, STORED, retry_after=1, leave_alone=1)
    when = next_attempt("key", asks, 400, POLICY, STORED, strikes=0)
    assert when is not None and when - STORED >= timedelta(seconds=150)
    assert timedelta(seconds=150) * 1000 > PATIENCE
