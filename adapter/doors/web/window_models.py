"""What the service takes about acts at the window, and what it answers, for OpenAPI."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import AwareDatetime, Field, model_validator

from adapter.doors.web.models import Amount, Shape
from adapter.model.reference import Cause, DocumentKind, ItemKind
from adapter.model.window import AgreementKind, CheckStep, Relation

_STAFF = r"^[A-Za-z0-9._@-]{1,64}$"


class ActIn(Shape):
    """Why; written into the journal. No personal data."""

    reason: str | None = Field(None, max_length=300)


class WhyIn(Shape):
    """Why, for an act that nobody may do without saying so."""

    reason: str = Field(min_length=1, max_length=300, pattern=r"\S")


class DocumentIn(ActIn):
    """A paper over the counter."""

    kind: DocumentKind = Field(examples=["insurance-card"])
    original: bool = Field(True, description="False: only a copy was shown.")
    keep: Literal["original", "copy", "none"] | None = Field(None, description="None: what the programme says.")
    issuer: str | None = Field(None, max_length=100)
    confirmed_by: str | None = Field(None, max_length=100, description="Who sealed a two-step proof.")
    year: int | None = Field(None, ge=1990, le=2200, description="Year of a premium receipt.")


class WaiverIn(WhyIn):
    """A requirement that a named person lets the patient off."""

    requirement: str = Field(min_length=1, max_length=60, examples=["household-book"])


class ReturnIn(ActIn):
    """To whom a paper goes back."""

    to: Relation = Relation.PATIENT


class AgreementIn(ActIn):
    """An instrument handed out for signature."""

    version: str = Field(min_length=1, max_length=60, description="Of the printed text.", examples=["2021-1"])
    kind: AgreementKind | None = Field(None, description="None: the programme's own settlement instrument.")
    replace: bool = Field(False, description="The one that stands is replaced.")


class SignatureIn(ActIn):
    """Who signs."""

    relation: Relation = Relation.PATIENT
    authority: str = Field("", max_length=100, description="On what ground somebody signs for the patient.")


class ConsentIn(SignatureIn):
    """A signed consent to items that no insurer bears."""

    items: list[str] = Field(default_factory=list, max_length=200, description="Local item codes.")
    kinds: list[ItemKind] = Field(default_factory=list)
    explained_by: str = Field(pattern=_STAFF, description="The doctor who explained, by staff number.")
    signed_at: AwareDatetime | None = Field(None, description="None: now.")


class CheckIn(ActIn):
    """A step and who answers for it."""

    step: CheckStep
    by: str = Field(pattern=_STAFF, description="Whoever checked or explained, by staff number.")


class DepositOverrideIn(WhyIn):
    """A deposit that is not allowed and may be taken all the same."""

    amount: Amount


class FactsIn(ActIn):
    """Facts of the stay; what is left out stays as it was."""

    cause: Cause | None = None
    other_causes: list[Cause] | None = None
    emergency: bool | None = None
    emergency_decided_by: str | None = Field(None, pattern=_STAFF)
    third_party: bool | None = None
    third_party_amount: Amount | None = None
    admission_order: str | None = Field(None, max_length=60)
    aid_certificate: str | None = Field(None, max_length=60, description="Shown masked from then on.")
    excluded: bool | None = Field(None, description="Whether an excluded cause governs the stay, with decided_by.")
    decided_by: str | None = Field(None, pattern=_STAFF)

    @model_validator(mode="after")
    def _something(self) -> FactsIn:
        if not self.model_fields_set - {"reason"}:
            raise ValueError("give at least one fact")
        return self


class FindingIn(ActIn):
    """The doctor's answer to the exception of an excluded item."""

    excepted: bool = Field(description="Functional treatment, or with medical need.")
    by: str = Field(pattern=_STAFF, description="The doctor, by staff number.")


class DoneOut(Shape):
    """What an act did, and the entitlement before and after it."""

    case_id: str
    done: dict[str, Any] = Field(description="The thing as it stands now.")
    entitlement_before: str | None
    entitlement: str | None
    issues: list[str] = Field(description="Codes of what the new assessment says; they hold nobody.")


class DocumentsOut(Shape):
    """Papers of a case."""

    case_id: str
    documents: list[dict[str, Any]]
    required: list[dict[str, Any]] = Field(description="Still asked for, with the article.")
    returned_when: dict[str, str]


class WindowOut(Shape):
    """Everything that acts recorded for a stay."""

    case_id: str
    documents: list[dict[str, Any]]
    agreements: list[dict[str, Any]]
    consents: list[dict[str, Any]]
    checks: list[dict[str, Any]]
    findings: list[dict[str, Any]]
    overrides: list[dict[str, Any]] = Field(description="Deposits that a named person let be taken.")
    facts: dict[str, Any]
