"""Money of a month with a payer, and the fund's prepayment."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Response

from adapter.cases import clearing, prepayment
from adapter.doors.web.answers import exact
from adapter.doors.web.clearing_models import (
    AgreeIn,
    AssessmentIn,
    BudgetIn,
    ClearingActIn,
    ClearingList,
    ClearingOut,
    DisputeIn,
    PrepaidIn,
    PrepaymentOut,
    ReceiveIn,
)
from adapter.doors.web.context import ActorNow, Month, ServiceNow, act, body, documented
from adapter.doors.web.models import Problem

router = APIRouter(tags=["clearing 清算与预付"])

_ACT: dict[int | str, dict[str, Any]] = {404: {"model": Problem}, 409: {"model": Problem}, 422: {"model": Problem}}

Year = Annotated[int, Path(ge=2000, le=2999)]
Facility = Annotated[
    str, Query(min_length=1, max_length=40, description="The hospital's code at the payer.", examples=["H99990100001"])
]


def _day(month: str) -> date:
    return date.fromisoformat(f"{month}-01")


@router.get("/clearing", summary="List months 清算批次", response_model=ClearingList)
def list_(service: ServiceNow, endpoint: str = "") -> Response:
    """Every month that was declared, without its lines."""
    found = clearing.batches(service.tools, endpoint)
    return exact({"batches": [each.as_json(lines=False) for each in found]})


@router.get("/clearing/{endpoint}/{month}", summary="Show a month", response_model=ClearingOut, responses=_ACT)
def show(endpoint: str, month: Month, facility: Facility, service: ServiceNow) -> Response:
    """A month with its lines."""
    return exact(clearing.batch_of(endpoint, facility, _day(month), service.tools).as_json())


@router.post(
    "/clearing/{endpoint}/{month}/declare",
    summary="Declare a month 申报",
    response_model=ClearingOut,
    responses=_ACT,
    openapi_extra=documented(ClearingActIn, required=False),
)
def declare(
    endpoint: str,
    month: Month,
    facility: Facility,
    asked: Annotated[ClearingActIn, Depends(body(ClearingActIn))],
    service: ServiceNow,
    actor: ActorNow,
) -> Response:
    """What stands and was not declared before, and what was reversed since."""
    told = act(service, actor, asked.reason, "monthly declaration")
    return exact(clearing.declare(endpoint, facility, _day(month), service.tools, told).as_json())


@router.post(
    "/clearing/{endpoint}/{month}/agree",
    summary="The payer confirms 确认",
    response_model=ClearingOut,
    responses=_ACT,
    openapi_extra=documented(AgreeIn),
)
def agree(
    endpoint: str,
    month: Month,
    facility: Facility,
    asked: Annotated[AgreeIn, Depends(body(AgreeIn))],
    service: ServiceNow,
    actor: ActorNow,
) -> Response:
    """Record that the payer confirms the declared amount."""
    told = act(service, actor, asked.reason, "confirmed by the payer")
    return exact(clearing.agree(endpoint, facility, _day(month), asked.document, service.tools, told).as_json())


@router.post(
    "/clearing/{endpoint}/{month}/dispute",
    summary="The payer disagrees 异议",
    response_model=ClearingOut,
    responses=_ACT,
    openapi_extra=documented(DisputeIn),
)
def dispute(
    endpoint: str,
    month: Month,
    facility: Facility,
    asked: Annotated[DisputeIn, Depends(body(DisputeIn))],
    service: ServiceNow,
    actor: ActorNow,
) -> Response:
    """Record what the payer recognises instead; the month may be declared anew or received as it is."""
    told = act(service, actor, asked.reason, "disputed by the payer")
    found = clearing.dispute(endpoint, facility, _day(month), asked.recognised, asked.why, service.tools, told)
    return exact(found.as_json())


@router.post(
    "/clearing/{endpoint}/{month}/receive",
    summary="Money received 到账",
    response_model=ClearingOut,
    responses=_ACT,
    openapi_extra=documented(ReceiveIn),
)
def receive(
    endpoint: str,
    month: Month,
    facility: Facility,
    asked: Annotated[ReceiveIn, Depends(body(ReceiveIn))],
    service: ServiceNow,
    actor: ActorNow,
) -> Response:
    """Book how a month was met; the same number again books nothing."""
    found = clearing.receive(
        endpoint,
        facility,
        _day(month),
        asked.reference,
        service.tools,
        act(service, actor, asked.reason, "month received"),
        cash=asked.cash,
        offset=asked.offset,
        retained=asked.retained,
        deducted=asked.deducted,
        why_deducted=asked.why_deducted,
    )
    return exact(found.as_json())


@router.get("/prepayment/{endpoint}/{year}", summary="A year 预付查询", response_model=PrepaymentOut, responses=_ACT)
def year_(endpoint: str, year: Year, facility: Facility, service: ServiceNow, actor: ActorNow) -> Response:
    """The schedule, and what was prepaid, settled, offset, retained and deducted."""
    told = act(service, actor, None, "prepayment looked at")
    return exact(prepayment.prepayment_of(endpoint, facility, year, service.tools, told).as_json())


@router.post(
    "/prepayment/{endpoint}/{year}/budget",
    summary="The year's budget 年度预算",
    response_model=PrepaymentOut,
    responses=_ACT,
    openapi_extra=documented(BudgetIn),
)
def budget(
    endpoint: str,
    year: Year,
    facility: Facility,
    asked: Annotated[BudgetIn, Depends(body(BudgetIn))],
    service: ServiceNow,
    actor: ActorNow,
) -> Response:
    """Record the total that the insurance office set; the schedule follows from it and the scheme's settings."""
    told = act(service, actor, asked.reason, "budget of the year")
    found = prepayment.set_budget(
        endpoint, facility, year, asked.budget, asked.document, asked.scheme, service.tools, told
    )
    return exact(found.as_json())


@router.post(
    "/prepayment/{endpoint}/{year}/receive",
    summary="A prepayment came 预付到账",
    response_model=PrepaymentOut,
    responses=_ACT,
    openapi_extra=documented(PrepaidIn),
)
def prepaid(
    endpoint: str,
    year: Year,
    facility: Facility,
    asked: Annotated[PrepaidIn, Depends(body(PrepaidIn))],
    service: ServiceNow,
    actor: ActorNow,
) -> Response:
    """Book it; the same number again books nothing."""
    told = act(service, actor, asked.reason, "prepayment received")
    found = prepayment.receive_prepayment(endpoint, facility, year, asked.amount, asked.reference, service.tools, told)
    return exact(found.as_json())


@router.post(
    "/prepayment/{endpoint}/{year}/assess",
    summary="Year-end assessment 年终考核",
    response_model=PrepaymentOut,
    responses=_ACT,
    openapi_extra=documented(AssessmentIn),
)
def assess(
    endpoint: str,
    year: Year,
    facility: Facility,
    asked: Annotated[AssessmentIn, Depends(body(AssessmentIn))],
    service: ServiceNow,
    actor: ActorNow,
) -> Response:
    """Book the result: what is not released of the retained part is the hospital's loss."""
    found = prepayment.assess(
        endpoint,
        facility,
        year,
        service.tools,
        act(service, actor, asked.reason, "year-end assessment"),
        released=asked.released,
        returned=asked.returned,
        document=asked.document,
    )
    return exact(found.as_json())
