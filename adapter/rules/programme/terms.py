"""Terms: a programme file, read into typed clauses; what a source leaves blank must be filled in (条款)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from adapter.model.case import DepositState, EntitlementState
from adapter.model.reference import Cause, DocumentKind, ItemKind
from adapter.rules.programme.facts import AdmissionFacts
from adapter.rules.programme.reasons import Finding

#: Looks at one condition: facts, condition, terms, day of the assessment.
Check = Callable[[AdmissionFacts, "Condition", "Terms", date], Finding]

#: What the exception of an item clause asks of the doctor, by ``unless``.
QUALIFIERS: Mapping[str, tuple[str, str]] = {
    "functional": ("是否为功能性治疗", "whether the treatment is functional"),
    "medical-need": ("是否有医学需要或政策规定", "whether there is medical need or a policy provides for it"),
}


@dataclass(frozen=True, slots=True)
class Text:
    """A clause in words, with its article."""

    zh: str
    en: str
    cite: str


@dataclass(frozen=True, slots=True)
class Setting:
    """A blank of the source (XX, XXXX, a missing date): unset, it is asked for, never guessed.

    Attributes:
        needed_for: ``admission`` | ``notices`` | ``collection`` | ``prepayment`` | ``aid``.
    """

    name: str
    needed_for: str
    text: Text


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of the entitlement and what follows when it is not met or not known.

    Attributes:
        check: the function that looks at it; the file names it, ``conditions.CHECKS`` lists them.
        excused: state that a decided emergency leaves when the condition is not met; None: no excuse.
        needs: values that the check compares with (kinds, categories …).
    """

    code: str
    check: Check
    rule: str
    text: Text
    not_met: EntitlementState
    unknown: EntitlementState
    excused: EntitlementState | None
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Proof:
    """One paper that satisfies a requirement.

    Attributes:
        form: ``original``, or ``copy`` (an original shown is good enough: the hospital copies it).
        keep: what the hospital holds until discharge: ``original`` | ``copy`` | ``none``.
        this_year: the paper must be of the year of admission (当年).
        two_step: issued by one party and confirmed by a second (村委会开具、乡镇政府盖章确认).
    """

    kind: DocumentKind
    form: str
    keep: str = "none"
    this_year: bool = False
    two_step: bool = False


@dataclass(frozen=True, slots=True)
class Paperwork:
    """A required paper: any one of ``proofs`` will do.

    Attributes:
        custody_cite: article under which the hospital keeps it.
        declined: what a refused or broken instrument leaves; None: the same as ``not_met``.
    """

    name: str
    rule: str
    text: Text
    proofs: tuple[Proof, ...]
    custody_cite: str
    not_met: EntitlementState
    unknown: EntitlementState
    excused: EntitlementState | None
    declined: EntitlementState | None = None


@dataclass(frozen=True, slots=True)
class CauseExclusion:
    """Causes that take the stay out of the programme, exactly as the clause is worded.

    Attributes:
        only_if: further facts that must all hold: ``non-emergency``, ``third-party``.
        review_if: ``emergency``: the words give no priority, so a person looks as well.
    """

    code: str
    rule: str
    text: Text
    causes: frozenset[Cause]
    only_if: tuple[str, ...]
    review_if: tuple[str, ...]
    unknown: EntitlementState


@dataclass(frozen=True, slots=True)
class ItemExclusion:
    """An item group whose cost is not deferred inside an eligible stay.

    Attributes:
        unless: finding that keeps the item in: ``functional`` | ``medical-need``; None: no exception.
        own_pay: the plan also makes it the patient's own (default: the plan's own line split decides).
    """

    group: str
    rule: str
    text: Text
    unless: str | None
    own_pay: bool


@dataclass(frozen=True, slots=True)
class AmountExclusion:
    """The part that a third party must bear; the stay itself stays in."""

    rule: str
    text: Text
    causes: frozenset[Cause]
    unknown: EntitlementState


@dataclass(frozen=True, slots=True)
class DepositRule:
    state: DepositState
    text: Text


@dataclass(frozen=True, slots=True)
class Terms:
    """A programme ready to be applied to a stay.

    Attributes:
        consent: kinds of items that need a consent before use when no insurer bears them; empty: no such clause.
        checks: steps that want a named person, by name.
    """

    programme: str
    version: str
    effective_from: date
    facilities: frozenset[str]
    switches: Mapping[str, tuple[str, ...]]
    conditions: tuple[Condition, ...]
    paperwork: tuple[Paperwork, ...]
    causes: tuple[CauseExclusion, ...]
    items: tuple[ItemExclusion, ...]
    amount: AmountExclusion | None
    deposit_entitled: DepositRule
    deposit_refused: DepositRule
    papers_returned: Text
    emergency: Text | None
    emergency_rule: str
    consent: Mapping[ItemKind, Text]
    checks: Mapping[str, Text]

    def switch(self, name: str) -> str:
        """The single value of a switch; "" when the programme does not have it."""
        return next(iter(self.switches.get(name, ())), "")
