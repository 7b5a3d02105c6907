"""Claim: the facts that settlement reads (结算事实), frozen and free of FHIR."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from adapter.model.built import quickly_built
from adapter.model.money import ZERO, Money, UnitPrice
from adapter.model.person import Person
from adapter.model.reference import CatalogueItem, Cause, Facility


class SplitBasis(StrEnum):
    """Where the split of a line comes from, strongest first."""

    PAYER = "payer"  # the payer's own line answer
    CATALOGUE = "catalogue"  # the dated item catalogue
    HIS = "his"  # the HIS's figure: an estimate


@quickly_built
@dataclass(frozen=True, slots=True)
class LineSplit:
    """One line's amount in the four parts of the national settlement list.

    Attributes:
        full_self_pay: 全自费 [fulamt_ownpay_amt].
        over_limit: 超限价 [overlmt_amt].
        pre_self_pay: 先行自付 [preselfpay_amt].
        in_scope: 政策范围内 [inscp_scp_amt].
    """

    full_self_pay: Money = ZERO
    over_limit: Money = ZERO
    pre_self_pay: Money = ZERO
    in_scope: Money = ZERO
    basis: SplitBasis = SplitBasis.CATALOGUE

    @property
    def total(self) -> Money:
        return self.full_self_pay + self.over_limit + self.pre_self_pay + self.in_scope


@dataclass(frozen=True, slots=True)
class ChargeLine:
    """A fee line as booked. A refund is a line of its own with negative quantity and amount.

    Attributes:
        id: ChargeItem id.
        row_key: the HIS's own key of the line.
        amount: the stored total, the truth; quantity × price is only a check.
        reverses: id of the line that this one undoes, or None.
        item: the catalogue row in force on ``service_date``, or None when the code is unknown there.
        in_restriction: for restricted items, whether the use met the restriction; None when not flagged.
        his_split: the HIS's own estimate, or None.
    """

    id: str
    row_key: str
    code: str
    name: str
    service_date: date
    quantity: Decimal
    amount: Money
    unit_price: UnitPrice | None = None
    reverses: str | None = None
    item: CatalogueItem | None = None
    in_restriction: bool | None = None
    his_split: LineSplit | None = None


@dataclass(frozen=True, slots=True)
class Stay:
    """One inpatient stay. ``settled_on`` is the rule date: the day of discharge settlement."""

    key: str
    admitted: datetime
    discharged: datetime | None
    settled_on: date
    facility: Facility
    principal_diagnosis: str | None = None
    emergency: bool = False
    cause: Cause | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """Everything that adjudication may look at.

    Attributes:
        third_party: what a liable third party must bear; taken out first, never adjudicated.
        circumstances: further keys by which a plan may vary, such as ``("referral", "registered")``.
    """

    case_id: str
    version: int
    stay: Stay
    person: Person
    lines: tuple[ChargeLine, ...]
    third_party: Money = ZERO
    circumstances: tuple[tuple[str, str], ...] = ()

    @property
    def total(self) -> Money:
        return Money(sum([line.amount.fen for line in self.lines]))


@dataclass(frozen=True, slots=True)
class YearToDate:
    """Accumulators (年度累计) before this stay, for one person and year.

    Attributes:
        amounts: by ``<payer>.<name>`` of docs/accumulators.md: ``basic.deductible``, ``basic.paid``,
            ``basic.eligible``, ``basic.admissions`` (a count, as fen 100 each), ``critical-illness.base``,
            ``critical-illness.deductible``, ``critical-illness.paid``, ``medical-aid.paid``, ``aid-top-up.paid`` …
        source: ``payer`` when the payer said so, ``own`` for our own knowledge only.
        excludes_case: these figures leave out the case being settled.
    """

    year: int
    amounts: tuple[tuple[str, Money], ...] = ()
    source: str = "own"
    asked_at: datetime | None = None
    excludes_case: str | None = None

    def get(self, name: str) -> Money:
        """The accumulated amount; nothing accumulated is ¥0.00."""
        for key, amount in self.amounts:
            if key == name:
                return amount
        return ZERO
