"""Reasons: one finding about one clause, with what it does to the entitlement (依据与结论)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from adapter.model.case import EntitlementState


class Met(StrEnum):
    """Three answers. Unknown is an answer of its own, never a silent no or yes."""

    MET = "met"  # 符合
    NOT_MET = "not-met"  # 不符合
    UNKNOWN = "unknown"  # 未查明

    @classmethod
    def of(cls, fact: bool | None) -> Met:
        """From an established fact, or UNKNOWN for None."""
        if fact is None:
            return cls.UNKNOWN
        return cls.MET if fact else cls.NOT_MET


#: From best to worst for the patient; a stay gets the worst effect among its reasons.
RANK = (EntitlementState.GRANTED, EntitlementState.PROVISIONAL, EntitlementState.REFUSED)


def worst(effects: Iterable[EntitlementState]) -> EntitlementState:
    """The state that a set of effects leads to; nothing in the way is granted."""
    return max(effects, key=RANK.index, default=EntitlementState.GRANTED)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found, before the clause says what follows from it.

    Attributes:
        todo_zh, todo_en: what a person can do about it; empty when nothing at the window would change it.
        review: a person must decide; the rule may not decide alone.
    """

    met: Met
    zh: str
    en: str
    todo_zh: str = ""
    todo_en: str = ""
    review: bool = False


@dataclass(frozen=True, slots=True)
class Reason:
    """One line of an answer, as the clerk reads it.

    Attributes:
        code: stable: ``county-match``, ``document:insurance-card`` …
        rule: row of docs/rules.md (``B-04``).
        effect: what this reason alone leaves of the entitlement: granted, provisional or refused.
        clause_zh, clause_en: what the article asks, in short.
        zh, en: what was found.
        todo_zh, todo_en: what a person can do about it; empty when nothing at the window would change it.
        review: a person must decide; the rule may not decide alone.
    """

    code: str
    rule: str
    met: Met
    effect: EntitlementState
    clause_zh: str
    clause_en: str
    zh: str
    en: str
    cite: str
    todo_zh: str = ""
    todo_en: str = ""
    review: bool = False
