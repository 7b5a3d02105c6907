"""What the service answers and takes, for OpenAPI. Answers are written by ``answers.exact``; a test compares."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, InstanceOf, WithJsonSchema, model_validator

from adapter.model.money import Money

_CASE = "qingshi_county-300010002"
_MOST_DIGITS = 15


class Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class IssueOut(Shape):
    """What is wrong, where, and what to do now. docs/issues.md lists the codes."""

    code: str = Field(examples=["CASE-303"])
    severity: Literal["fatal", "error", "warning", "information"]
    pointer: str = Field(description="File, row and field, FHIR path, or field of the request.")
    zh: str
    en: str
    hint_zh: str
    hint_en: str


class Problem(Shape):
    """Every answer above 399 outside /fhir."""

    issues: list[IssueOut]


class StayOut(Shape):
    """One stay of an export. ``parked`` names what waits for a person."""

    stay_key: str
    case_id: str = Field(examples=[_CASE])
    fate: Literal["opened", "changed", "unchanged", "parked"]
    parked: list[str]
    issues: list[IssueOut]


class TakenOut(Shape):
    """An export taken in. ``outcome``: nothing stopped, some stays wait, or nothing could be taken."""

    source: str
    dry_run: bool
    outcome: Literal["complete", "partial", "refused"]
    files: list[str]
    known_files: int = Field(description="Files that came before, byte for byte; they change nothing.")
    stays: list[StayOut]
    parked: list[str]
    issues: list[IssueOut] = Field(description="Findings about files as a whole; those of a stay stand with it.")


class CaseLine(Shape):
    """A case in a list. Amounts are text in yuan, exact to the fen."""

    case_id: str = Field(examples=[_CASE])
    source: str
    scheme: str
    admitted: str | None
    discharged: str | None
    stay: str | None
    entitlement: str | None
    deposit: str | None
    bill: str | None
    bill_version: int
    patient_part: str | None
    held: bool
    issues: list[str] = Field(description="Codes of what holds the case.")
    total: str | None = Field(examples=["92069.90"])
    shares: dict[str, str] = Field(examples=[{"basic": "71052.27", "medical-aid": "8273.17"}])
    patient_pays: str | None
    test_profile: bool | None


class CasePage(Shape):
    """Cases by id; ``next`` is the ``after`` of the following page."""

    cases: list[CaseLine]
    next: str | None


class CallOrderOut(BaseModel):
    """What a person ordered about a call: nothing is sent for it. 人工指令"""

    call: str
    what: Literal["held", "skipped"] = Field(description="Until somebody resumes it, or for good.")
    by: str
    at: str
    reason: str


class CaseOut(CaseLine):
    """Everything about one case."""

    why_held: list[IssueOut]
    assessment: dict[str, Any] | None
    deposit_refund: dict[str, Any] | None
    preview: dict[str, Any] | None
    settlement: dict[str, Any] | None
    call_orders: list[CallOrderOut] = Field(description="Calls that a person holds, or left out of this bill version.")
    messages: list[dict[str, Any]]
    journal: list[dict[str, Any]]


class CaseState(CaseLine):
    """Where a case stands after a request; ``issues`` in full, because the case may be held by them."""

    issues: list[IssueOut]  # type: ignore[assignment]
    trial: Literal["running", "done", "refused"] | None


class PreviewOut(BaseModel):
    """An estimate: mode, basis to settle on, and the settlement with every step and article."""

    mode: Literal["estimate", "settled"]
    basis: str = Field(description="Give it to settle, and nothing else than this will be settled.")


class SettleIn(Shape):
    """How to settle."""

    basis: str | None = Field(None, description="Hash of the preview that was looked at; another one is refused.")
    reason: str | None = Field(None, max_length=300)


class ReverseIn(Shape):
    """Why to undo a settlement."""

    reason: str = Field(min_length=1, max_length=300, pattern=r"\S", examples=["费用更正"])


def exact_amount(value: object) -> Money:
    """An amount as text, whole number or decimal; never a float, never finer than a fen."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise ValueError("an amount is a number or a text like 3000.00")
    if len(str(value)) > _MOST_DIGITS or (isinstance(value, Decimal) and value.adjusted() > _MOST_DIGITS):
        raise ValueError("the amount has too many digits")
    try:
        return Money.yuan(value)
    except ValueError:
        raise ValueError("the amount must be a plain number of yuan, exact to the fen") from None


Amount = Annotated[
    InstanceOf[Money],
    BeforeValidator(exact_amount),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "number"}], "examples": ["3000.00"]}),
]


class DepositIn(Shape):
    """May this deposit be taken? Name the case, or source and stay."""

    case_id: str | None = Field(None, examples=[_CASE])
    source: str | None = None
    stay_key: str | None = None
    amount: Amount = Field(description="Yuan, as text or number, exact to the fen.")

    @model_validator(mode="after")
    def _one_way(self) -> DepositIn:
        by_case = self.case_id is not None
        by_stay = self.source is not None and self.stay_key is not None
        half = (self.source is None) != (self.stay_key is None)
        if by_case == by_stay or half:
            raise ValueError("give case_id, or source and stay_key")
        return self


class DepositOut(Shape):
    """Whether the amount may be taken now, with the article that says so."""

    case_id: str
    amount: str
    allowed: bool
    zh: str
    en: str
    cite: str
    entitlement: str | None
    deposit: str | None = Field(description="State of the deposit: not-allowed, required, received …")


class ParkedOut(Shape):
    """Records that wait for a person; their rows stay in the store."""

    id: str = Field(examples=["P-2b9c1d…"])
    source: str
    stay_key: str | None
    place: str
    parked_at: str
    resolved_at: str | None
    issues: list[IssueOut]


class ParkedPage(Shape):
    """What waits, oldest first."""

    parked: list[ParkedOut]


class MessageOut(Shape):
    """One message to a payer, never its body."""

    key: str = Field(examples=[f"{_CASE}.v1.insurance.settle"])
    endpoint: str
    call: str
    stage: str
    state: str
    outcome: str | None
    attempts: int
    enqueued_at: str
    finished_at: str | None


class MessagePage(Shape):
    """Messages by key; ``next`` is the ``after`` of the following page."""

    messages: list[MessageOut]
    next: str | None


class UpOut(Shape):
    """The process answers."""

    status: Literal["up"]
    version: str


class ReadyOut(Shape):
    """Every part works."""

    status: Literal["ready"]
    cases: int
    schemes: int


class SideOut(Shape):
    """One side of a day: settlements and their sum."""

    count: int
    total: str


class UnmappedOut(Shape):
    """One code that no table or catalogue knows, and the money that waits for it. Amounts are text in yuan."""

    source: str
    kind: str = Field(examples=["item", "diagnosis", "charge-category"])
    code: str
    text: str
    lines: int
    stays: int
    amount: str = Field(examples=["1284.50"])
    since: str
    file: str = Field(description="Where a row is to be added.")
    hint_zh: str
    hint_en: str


class UnmappedPage(Shape):
    codes: list[UnmappedOut]


class LineageSource(Shape):
    """One place of the export. ``text`` is masked where it says who somebody is."""

    pointer: str = Field(examples=["ZY_FYMX.xml#12/ZJJE"])
    column: str
    text: str


class LineageElement(Shape):
    """One element of a resource, the places it was made of, and the rule that made it."""

    element: str
    path: str | None
    target: str
    made: str
    value: str | None
    sources: list[LineageSource]
    conditions: list[str]
    rule: str
    via: str
    as_stored: bool


class LineageUse(Shape):
    rule: str
    what: str
    target: str


class LineageOut(Shape):
    """Lineage under the version of the mapping that made the case."""

    case_id: str
    mapping: str
    elements: list[LineageElement]
    uses: list[LineageUse] = Field(description="Where a source field is used at all, when one was asked for.")
    issues: list[IssueOut]
