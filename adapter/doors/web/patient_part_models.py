"""What the service takes and answers about the patient's part, debts and the credit list, for OpenAPI."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from adapter.cases.window.credit import DebtorKind, Trigger
from adapter.cases.window.payments import Method
from adapter.doors.web.models import Amount, IssueOut, Shape
from adapter.doors.web.notice_models import Day
from adapter.model.settlement import Payer


class MoneyIn(Shape):
    """A payment or a refund; the same receipt again books nothing."""

    amount: Amount = Field(description="Yuan, as text or number, exact to the fen; always above zero.")
    method: Method = Method.CASH
    receipt: str = Field(min_length=1, max_length=100, examples=["S2021-0001"])
    reason: str | None = Field(None, max_length=300)


class MovedOut(Shape):
    """A movement of money and what is open after it."""

    case_id: str
    receipt: str
    amount: str = Field(description="Below zero for a refund.")
    method: str
    again: bool = Field(description="It was on record before; nothing was booked now.")
    open: str
    refund_due: str
    state: str
    recovered_for_fund: str | None
    recovered_for_hospital: str | None


class PlanIn(Shape):
    """A plan to sign. Without amounts the rows are equal, and the last one takes the remainder."""

    dues: list[Day] = Field(min_length=1, max_length=120)
    amounts: list[Amount] = Field(default=[], max_length=120)
    issuer: str | None = Field(None, max_length=100, description="Who issued the certificate of hardship.")
    sealed_by: str | None = Field(None, max_length=100, description="Who sealed it.")
    signed_by: str = Field("", max_length=100, description="The debtor's key; left out, the patient's.")
    reason: str | None = Field(None, max_length=300)


class PlanRowOut(Shape):
    number: int
    due: str
    amount: str
    paid: str
    left: str
    overdue: bool


class PlanOut(Shape):
    """A plan and how it stands today."""

    case_id: str
    version: int
    state: str
    patient_part: str
    signed: str
    first_signed: str
    total: str
    cite: str
    overdue: str
    overdue_since: str | None
    rows: list[PlanRowOut]


class StageIn(Shape):
    """The agreement under which a stage is asked."""

    agreement: str = Field(max_length=100, examples=["XY-2021-07"])
    reason: str | None = Field(None, max_length=300)


class StageOut(Shape):
    """A stage that was asked."""

    number: str
    on: str
    incurred: str
    amount: str
    zh: str
    en: str
    cite: str


class InterimIn(Shape):
    """A payer's settlement of a part of the stay."""

    reference: str = Field(min_length=1, max_length=100)
    through: Day
    amounts: dict[Payer, Amount]
    new_stay: bool = False
    reason: str | None = Field(None, max_length=300)


class InterimOut(Shape):
    """Interim settlements that stand."""

    parts: list[dict[str, Any]]


class WhyIn(Shape):
    """Why; written into the journal."""

    reason: str = Field(min_length=1, max_length=300, pattern=r"\S")


class AccountOut(Shape):
    """The patient's part at a glance, and what stands in the way of the formalities."""

    case_id: str
    state: str | None
    final: bool
    share: str
    paid: str
    refunded: str
    adjusted: str
    open: str
    refund_due: str
    due: str | None
    discharge_formalities: bool
    triggers_met: list[str]
    clearing_due: bool
    movements: list[dict[str, Any]]
    plan: dict[str, Any] | None
    stages: list[dict[str, Any]]
    interim_settlements: list[dict[str, Any]]
    debtor: dict[str, Any]
    credit: dict[str, Any] | None
    loss: dict[str, Any] | None
    fund: dict[str, Any]
    reminders: list[dict[str, Any]]
    collection: list[dict[str, Any]]
    village_tasks: list[dict[str, Any]]
    issues: list[IssueOut]


class RewardOut(Shape):
    """A reward that was given."""

    kind: str
    reduction: str
    cite: str
    issues: list[IssueOut]


class DebtorIn(Shape):
    """Who owes, where it is not the patient."""

    kind: DebtorKind
    key: str = Field(min_length=1, max_length=100, description="The hospital's key, never a card number.")
    born: Day | None = None
    died: Day | None = None
    reason: str | None = Field(None, max_length=300)


class DebtorOut(Shape):
    case_id: str
    kind: str
    key: str


class ProposalIn(Shape):
    """A proposal to list, with its notice and evidence."""

    trigger: Trigger
    evidence: list[str] = Field(max_length=50)
    noticed: Day | None
    malice: str = Field("", max_length=300)
    reason: str | None = Field(None, max_length=300)


class CreditOut(Shape):
    """An entry as it stands."""

    case_id: str
    state: str
    trigger: str
    since: str
    cite: str


class DeskOut(Shape):
    """The least that a desk needs: no amount, no case, no evidence."""

    debtor: str
    state: Literal["clear", "proposed", "listed", "appealed", "cleared"]
    deferral: bool
    zh: str
    en: str
    cite: str


class StepIn(Shape):
    """A step of collection by a named person."""

    reason: str = Field(min_length=1, max_length=300, pattern=r"\S")
    amount: Amount | None = Field(None, description="Only for write-off; all that is open without it.")
    basis: str = Field("", max_length=300, description="Only for court: another legal ground.")


class StepOut(Shape):
    case_id: str
    state: str
    amount: str
    cite: str


class VillageIn(Shape):
    village: str = Field(min_length=1, max_length=50)
    reason: str | None = Field(None, max_length=300)


class VillageOut(Shape):
    """What the village doctor is told; the name stands in the Task only."""

    village: str
    amount: str
    due: str
    cite: str


class RunLineOut(Shape):
    case_id: str
    state: str
    open: str
    days_late: int
    reminder: int | None


class ArrearsRunOut(Shape):
    """What is late today."""

    lines: list[RunLineOut]
    issues: list[IssueOut]


class FundIn(Shape):
    """Money from or to the fund."""

    amount: Amount
    reference: str = Field(min_length=1, max_length=100)
    reason: str | None = Field(None, max_length=300)


class FundClaimOut(Shape):
    case_id: str
    lost: str
    amount: str
    hospital: str
    cite: str


class FundOut(Shape):
    """What stands between hospital and fund for the case."""

    case_id: str
    owes: str
    owed: str
