"""What the service takes and answers about notices and daily bills, for OpenAPI."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from adapter.doors.web.models import IssueOut, Shape


def _day(value: object) -> object:
    return date.fromisoformat(value) if isinstance(value, str) else value


Day = Annotated[date, BeforeValidator(_day)]


class AcknowledgeIn(Shape):
    """Which notice was told, and who took it: a relation, never a name."""

    key: str = Field(max_length=100, examples=["daily-bill/1"])
    relation: Literal["patient", "spouse", "parent", "child", "sibling", "guardian", "relative", "agent"]
    channel: Literal["", "paper", "in-person", "phone", "message"] = Field(
        "", description="How it was told; left out, as the clause says."
    )
    reason: str | None = Field(None, max_length=300)


class PlannedIn(Shape):
    """The day on which the doctor means to discharge."""

    day: Day
    reason: str | None = Field(None, max_length=300)


class PlannedOut(Shape):
    """The planned day as it stands now."""

    case_id: str
    day: str


class RunIn(Shape):
    """For which day, and whether it is only tried."""

    on: Day | None = Field(None, description="The day that it is done for; left out, today in the hospital.")
    dry_run: bool = False


class AcknowledgementOut(Shape):
    """Who took a notice, how and when; ``by`` is the clerk's staff number."""

    at: str
    by: str
    relation: str
    channel: str


class NoticeOut(Shape):
    """One notice: what is told, under which article, to whom, and who took it."""

    case_id: str
    key: str = Field(examples=["large-cost/10000.00"])
    cause: Literal["estimate", "daily-bill", "large-cost", "projected-cap", "self-pay-ratio", "before-discharge"]
    zh: str
    en: str
    cite: str
    to: Literal["patient", "patient-or-family", "hospital"]
    channel: Literal["paper", "in-person"]
    figures: dict[str, str] = Field(examples=[{"total": "12000.00", "limit": "10000.00"}])
    due_at: str
    acknowledged: AcknowledgementOut | None


class NoticeList(Shape):
    """Notices by case, oldest first."""

    notices: list[NoticeOut]


class LookedOut(Shape):
    """What looking at one case came to."""

    case_id: str
    due: list[dict[str, str]]
    issues: list[str]


class RunOut(Shape):
    """Cases with something new or something wrong, and every issue once."""

    cases: list[LookedOut]
    issues: list[IssueOut]


class DailyBillOut(Shape):
    """A daily bill, out of the stored versions. Amounts are text in yuan."""

    case_id: str
    stay: str
    number: int
    facility: str
    patient: str = Field(description="Family name and stars.")
    first: str
    through: str
    final: bool
    lines: list[dict[str, str]]
    categories: dict[str, str]
    corrections: list[dict[str, Any]]
    before: str
    charged: str
    corrected: str
    running: str
    deposits: str
    patient_share: str | None
    share_settled: bool
    share_unknown: list[str] = Field(description="Issue codes that say why the share is not known.")
    cite: str
    test_profile: bool
