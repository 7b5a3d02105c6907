"""Risk signs of stays, who answers for them, and who did what."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from pydantic import Field

from adapter.cases.window.risks import acts_on, put_in_charge, risks_of, risky_stays
from adapter.doors.web.answers import exact, issues_json
from adapter.doors.web.context import ActorNow, ServiceNow, act, body, documented
from adapter.doors.web.models import IssueOut, Problem, Shape

router = APIRouter(tags=["risks 风险预警"])

_ACT: dict[int | str, dict[str, Any]] = {404: {"model": Problem}, 422: {"model": Problem}}
_CODE = r"^[A-Za-z0-9._@-]{1,64}$"


class ResponsibleIn(Shape):
    """Codes of the hospital, never names."""

    department: str = Field(pattern=_CODE)
    person: str = Field(pattern=_CODE, description="Staff number.")
    reason: str | None = Field(None, max_length=300)


class SignalOut(Shape):
    """One sign, with what it was seen by."""

    sign: str = Field(examples=["notice-missed"])
    zh: str
    en: str
    cite: str
    evidence: dict[str, str]
    todo_zh: str
    todo_en: str


class RisksOut(Shape):
    """What was seen of a stay; ``issues`` names what could not be worked out."""

    case_id: str
    facility: str
    department: str
    responsible: str
    signals: list[SignalOut]
    issues: list[str]


class RisksList(Shape):
    """Stays with a sign; ``issues`` names what could not be looked for at some of them."""

    stays: list[RisksOut]
    issues: list[IssueOut]


class AccountabilityOut(Shape):
    """Every act of a person on a stay, oldest first."""

    case_id: str
    department: str
    person: str
    checks: list[dict[str, str]]
    acts: list[dict[str, str]]


@router.get("/risks", summary="Stays with a risk sign 风险预警", response_model=RisksList)
def list_(service: ServiceNow, facility: str = "") -> Response:
    """Patients who are there, and those who left and owe something, of one hospital or of all."""
    found = list(risky_stays(service.tools, facility))
    issues = dict.fromkeys(issue for each in found for issue in each.issues)
    return exact({"stays": [each.as_json() for each in found if each.signals], "issues": issues_json(issues)})


@router.get("/cases/{case_id}/risks", summary="Risk signs of a stay", response_model=RisksOut, responses=_ACT)
def show(case_id: str, service: ServiceNow) -> Response:
    """Each sign with its article, its evidence and what to do; none of them decides anything."""
    return exact(risks_of(case_id, service.tools).as_json())


@router.post(
    "/cases/{case_id}/responsible",
    summary="Who answers for a stay 责任到人",
    response_model=RisksOut,
    responses=_ACT,
    openapi_extra=documented(ResponsibleIn),
)
def responsible(
    case_id: str, asked: Annotated[ResponsibleIn, Depends(body(ResponsibleIn))], service: ServiceNow, actor: ActorNow
) -> Response:
    """Record the department and the person."""
    told = act(service, actor, asked.reason, "put in charge")
    return exact(put_in_charge(case_id, asked.department, asked.person, service.tools, told).as_json())


@router.get(
    "/cases/{case_id}/accountability",
    summary="Who did what 责任追溯",
    response_model=AccountabilityOut,
    responses=_ACT,
)
def accountability(case_id: str, service: ServiceNow) -> Response:
    """Who answers for a stay, who checked what, and every act of a person with time and reason."""
    return exact(acts_on(case_id, service.tools))
