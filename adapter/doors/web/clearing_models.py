"""What the service takes about clearing and prepayment, and what it answers, for OpenAPI."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from adapter.doors.web.models import Amount, Shape
from adapter.model.money import ZERO

_NUMBER = Field(min_length=1, max_length=64)


class ClearingActIn(Shape):
    """Why; written into the journal. No personal data."""

    reason: str | None = Field(None, max_length=300)


class AgreeIn(ClearingActIn):
    """The payer's confirmation."""

    document: str = Field(min_length=1, max_length=64, description="Number of its paper.", examples=["QS-2021-04"])


class DisputeIn(ClearingActIn):
    """What the payer recognises instead, and why; no personal data."""

    recognised: Amount
    why: str = Field(min_length=1, max_length=300)


class ReceiveIn(ClearingActIn):
    """How a month was met; the parts add up to what was declared."""

    reference: str = _NUMBER
    cash: Amount
    offset: Amount = Field(ZERO, description="Met out of the prepayment.")
    retained: Amount = Field(ZERO, description="Kept back until the year-end assessment.")
    deducted: Amount = Field(ZERO, description="Refused for good: the hospital's loss, never the patient's.")
    why_deducted: str = Field("", max_length=300)


class ClearingLineOut(Shape):
    case_id: str
    call: str
    payer: str
    kind: Literal["settled", "late", "reversed", "corrected"]
    amount: str = Field(examples=["3270.50"])
    reference: str


class ClearingOut(Shape):
    """A month with one counterpart. Amounts are text in yuan."""

    batch: str = Field(examples=["bureau/H99990100001/2021/clearing/03"])
    state: Literal["open", "declared", "agreed", "disputed", "received"]
    endpoint: str
    facility: str
    month: str
    gross: str
    payers: dict[str, str]
    declared: dict[str, str]
    answer: dict[str, str] | None
    received: dict[str, str] | None
    test_profile: bool
    lines: list[ClearingLineOut] | None = Field(None, description="Left out in a list of months.")
    again: bool = Field(description="It was on record before; nothing was booked now.")
    issues: list[str]


class ClearingList(Shape):
    batches: list[ClearingOut]


class BudgetIn(ClearingActIn):
    """The year's total as the insurance office set it."""

    budget: Amount
    document: str = _NUMBER
    scheme: str = Field(min_length=1, max_length=100, description="Whose programme and settings apply.")


class PrepaidIn(ClearingActIn):
    """A prepayment that came in."""

    amount: Amount
    reference: str = _NUMBER


class AssessmentIn(ClearingActIn):
    """The year-end result."""

    released: Amount = Field(description="Paid out of the retained part; the rest is the hospital's loss.")
    returned: Amount = Field(ZERO, description="Unused prepayment that goes back.")
    document: str = _NUMBER


class PrepaymentOut(Shape):
    """A year's prepayment. Amounts are text in yuan."""

    year: str = Field(examples=["bureau/H99990100001/2024"])
    budget: str
    document: str
    schedule: list[dict[str, Any]]
    waits_for_assessment: str
    due: str
    prepaid: str
    settled: str
    offset: str
    retained: str
    deducted: str
    prepaid_left: str
    zh: str
    en: str
    cite: str
    assessed: dict[str, str] | None
    again: bool
    issues: list[str]
