"""AdmissionFacts: all that the programme may look at when a stay begins (入院登记事实)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from adapter.model.case import CreditState
from adapter.model.dates import Period
from adapter.model.person import Person
from adapter.model.reference import Cause, DocumentKind, Facility, RegisterEntry, WindowFacts


@dataclass(frozen=True, slots=True)
class Decision:
    """A named person's answer to what a rule may not decide alone (人工认定).

    Attributes:
        by: staff id; never printed in a reason.
        excluded: whether the excluded cause stands for this stay.
    """

    by: str
    excluded: bool


@dataclass(frozen=True, slots=True)
class AdmissionFacts:
    """What is known of one stay. ``None`` always means *not established*, never *no*.

    Attributes:
        admitted: hospital-local day of admission; it selects the rule in force.
        person: None while the patient is not identified (unnamed emergency).
        facility: the dated facility row on ``admitted``, or None when the facility is not in the reference table.
        registers: entries of the registers of persons, whatever their dates; None when nobody looked them up.
        insurance_period: what the insurer said; None when it has not said yet.
        self_pay: the HIS's payment category says self-pay (自费); None follows the insurance registration.
        window: what the clerk took at the window; None when nothing was taken yet.
        credit: the debtor's state on the shared list; None when nobody asked.
        other_causes: further causes of a mixed stay, beside ``window.cause``.
        decision: a person's answer where an earlier assessment asked for one.
        waived: requirements that a named person waived, by their name in the programme file.
        differs: parts of the registration that differ from the insurer's answer; None while it has not said.
        declined: instruments whose signature was refused, or that were broken (拒签、违约).
    """

    stay_key: str
    admitted: date
    person: Person | None
    facility: Facility | None
    registers: tuple[RegisterEntry, ...] | None = None
    insurance_period: Period | None = None
    self_pay: bool | None = None
    window: WindowFacts | None = None
    credit: CreditState | None = None
    other_causes: frozenset[Cause] = field(default=frozenset())
    decision: Decision | None = None
    differs: tuple[str, ...] | None = None
    waived: frozenset[str] = field(default=frozenset())
    declined: frozenset[DocumentKind] = field(default=frozenset())

    @property
    def cause(self) -> Cause | None:
        return self.window.cause if self.window else None

    @property
    def causes(self) -> frozenset[Cause]:
        """Every cause established for the stay."""
        return self.other_causes | ({self.cause} if self.cause else frozenset())

    @property
    def emergency(self) -> bool | None:
        return self.window.emergency if self.window else None

    @property
    def third_party(self) -> bool | None:
        return self.window.third_party if self.window else None
