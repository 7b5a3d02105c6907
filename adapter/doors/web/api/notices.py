"""Notices: what patients must be told of cost, who took it, and the daily bill (费用告知、一日清单)."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response

from adapter.cases.window.daily_bill import bill_on
from adapter.cases.window.notices import acknowledge, list_notices, plan_discharge, run_notices
from adapter.doors.documents.daily_bill import daily_bill_html, daily_bill_json
from adapter.doors.web.answers import exact, issues_json
from adapter.doors.web.context import ActorNow, ServiceNow, Why, act, body, documented
from adapter.doors.web.models import Problem
from adapter.doors.web.notice_models import (
    AcknowledgeIn,
    DailyBillOut,
    NoticeList,
    NoticeOut,
    PlannedIn,
    PlannedOut,
    RunIn,
    RunOut,
)
from adapter.doors.web.person import PersonNow
from adapter.model.dates import local_day

router = APIRouter(tags=["notices 告知"])

_REFUSALS: dict[int | str, dict[str, Any]] = {404: {"model": Problem}, 409: {"model": Problem}, 422: {"model": Problem}}


@router.get("/notices", summary="List notices 告知事项", response_model=NoticeList, responses=_REFUSALS)
def list_(
    service: ServiceNow,
    case_id: Annotated[str | None, Query(alias="case", description="Only this case.")] = None,
    open_only: Annotated[bool, Query(alias="open", description="Only those nobody acknowledged.")] = False,
) -> Response:
    """Every notice with its figures and article, and who took it."""
    return exact({"notices": list_notices(service.tools, case_id=case_id, open_only=open_only)})


@router.post(
    "/notices/run",
    summary="Look for notices that are due",
    response_model=RunOut,
    responses={422: {"model": Problem}},
    openapi_extra=documented(RunIn, required=False),
)
def run(asked: Annotated[RunIn, Depends(body(RunIn))], service: ServiceNow, actor: ActorNow) -> Response:
    """Daily bills and alerts of every stay, each cause once. The service does so by itself each morning."""
    found = list(run_notices(service.tools, actor, on=asked.on, dry_run=asked.dry_run))
    issues = dict.fromkeys(issue for each in found for issue in each.issues)
    service.worker.wake()
    return exact({"cases": [each.as_json() for each in found], "issues": issues_json(issues)})


@router.post(
    "/cases/{case_id}/notices/acknowledge",
    summary="Acknowledge a notice 告知确认",
    response_model=NoticeOut,
    responses=_REFUSALS,
    openapi_extra=documented(AcknowledgeIn),
)
def acknowledge_(
    case_id: str, asked: Annotated[AcknowledgeIn, Depends(body(AcknowledgeIn))], service: ServiceNow, actor: PersonNow
) -> Response:
    """Record that a notice was told and who took it; once, and for good."""
    told = act(service, actor, asked.reason, "notice acknowledged")
    return exact(acknowledge(case_id, asked.key, asked.relation, asked.channel, service.tools, told))


@router.post(
    "/cases/{case_id}/planned-discharge",
    summary="Plan the discharge 拟出院",
    response_model=PlannedOut,
    responses=_REFUSALS,
    openapi_extra=documented(PlannedIn),
)
def plan(
    case_id: str, asked: Annotated[PlannedIn, Depends(body(PlannedIn))], service: ServiceNow, actor: PersonNow
) -> Response:
    """Record the day on which the doctor means to discharge; the patient is told his part the set days before."""
    plan_discharge(case_id, asked.day, service.tools, act(service, actor, asked.reason, "discharge planned"))
    return exact({"case_id": case_id, "day": asked.day.isoformat()})


@router.get(
    "/cases/{case_id}/daily-bill",
    summary="Daily bill 一日清单",
    response_model=DailyBillOut,
    responses={200: {"content": {"text/html": {"schema": {"type": "string"}}}}, **_REFUSALS},
)
def daily_bill(
    case_id: str,
    service: ServiceNow,
    actor: ActorNow,
    on: Annotated[
        date | None, Query(description="The day on which it was given, for the day before; else today.")
    ] = None,
    page: Annotated[bool, Query(description="As a page to print.")] = False,
    reason: Why = None,
) -> Response:
    """The daily bill as it was made, out of the stored versions. Whoever looks stands in the journal."""
    told = act(service, actor, reason, "daily bill")
    found = bill_on(case_id, on or local_day(told.at), service.tools, told)
    if page:
        return Response(daily_bill_html(found), media_type="text/html; charset=utf-8")
    return exact(daily_bill_json(found))
