"""Changes: what would change the answer, and what the answer would then be (怎样改变结论)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from adapter.model.case import EntitlementState
from adapter.rules.programme.reasons import Reason, worst


@dataclass(frozen=True, slots=True)
class Change:
    """Something a person can do.

    Attributes:
        reason: code of the reason that it would settle.
        then: the state once this alone is done.
    """

    reason: str
    zh: str
    en: str
    cite: str
    then: EntitlementState


def changes(reasons: Sequence[Reason]) -> tuple[Change, ...]:
    """One for each reason that stands in the way and that somebody can do something about."""
    found = []
    for reason in reasons:
        if reason.effect is EntitlementState.GRANTED or not reason.todo_zh:
            continue
        then = worst(other.effect for other in reasons if other is not reason)
        found.append(Change(reason.code, reason.todo_zh, reason.todo_en, reason.cite, then))
    return tuple(found)
