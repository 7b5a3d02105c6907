"""After a bill was closed: payers that pay late, and bills that stand or are settled again."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from pydantic import Field

from adapter.cases import views
from adapter.cases.window.late_payer import add_late_payer, take_back_late_payer
from adapter.cases.window.later_stays import stands
from adapter.doors.web.answers import exact
from adapter.doors.web.context import ActorNow, ServiceNow, act, body, documented
from adapter.doors.web.models import Amount, CaseLine, Problem, Shape
from adapter.model.dates import local_day
from adapter.model.settlement import Payer

router = APIRouter(tags=["after closing 结算以后"])

_ACT: dict[int | str, dict[str, Any]] = {404: {"model": Problem}, 409: {"model": Problem}, 422: {"model": Problem}}


class LatePayerIn(Shape):
    """What a payer paid after the bill was closed."""

    payer: Payer = Field(examples=["emergency-fund"])
    amount: Amount
    reference: str = Field(min_length=1, max_length=64, description="The payer's own number of the payment.")
    cite: str = Field(min_length=1, max_length=200, description="Document or notice that grants it.")
    received: date | None = Field(None, description="Day on which it came; else today.")
    reason: str | None = Field(None, max_length=300)


class WhyNow(Shape):
    """Why; it is written into the journal."""

    reason: str = Field(min_length=1, max_length=300, pattern=r"\S")


class LateBillOut(Shape):
    """The bill as it stands now. Amounts are text in yuan."""

    case_id: str
    version: int
    patient_before: str
    patient_pays: str
    refund_due: str = Field(description="What is to go back to the patient.")
    patient_part: str | None


@router.post(
    "/cases/{case_id}/late-payers",
    summary="A payer paid late 结算后到账",
    response_model=LateBillOut,
    responses=_ACT,
    openapi_extra=documented(LatePayerIn),
)
def add(
    case_id: str, asked: Annotated[LatePayerIn, Depends(body(LatePayerIn))], service: ServiceNow, actor: ActorNow
) -> Response:
    """A new bill version on which the payer bears a part of what the patient bore."""
    told = act(service, actor, asked.reason, "late payment")
    received = asked.received or local_day(told.at)
    bill = add_late_payer(
        case_id, asked.payer, asked.amount, asked.reference, asked.cite, service.tools, told, received=received
    )
    return exact(bill.as_json())


@router.post(
    "/cases/{case_id}/late-payers/take-back",
    summary="Take a late payment back 撤销结算后到账",
    response_model=LateBillOut,
    responses=_ACT,
    openapi_extra=documented(WhyNow),
)
def take_back(
    case_id: str, asked: Annotated[WhyNow, Depends(body(WhyNow))], service: ServiceNow, actor: ActorNow
) -> Response:
    """A new bill version like the one before the newest late payment."""
    told = act(service, actor, asked.reason, asked.reason)
    return exact(take_back_late_payer(case_id, service.tools, told).as_json())


@router.post(
    "/cases/{case_id}/stands",
    summary="The bill stands 维持原结算",
    response_model=CaseLine,
    responses=_ACT,
    openapi_extra=documented(WhyNow),
)
def bill_stands(
    case_id: str, asked: Annotated[WhyNow, Depends(body(WhyNow))], service: ServiceNow, actor: ActorNow
) -> Response:
    """A person decides that a bill marked CASE-403 or CASE-404 is not settled again."""
    stands(case_id, service.tools, act(service, actor, asked.reason, asked.reason))
    return exact(views.show_case(case_id, service.tools).line.as_json())
