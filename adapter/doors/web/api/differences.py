"""Differences of reconciled days: the work list, and closing one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from adapter.cases.differences import close_difference
from adapter.cases.differences import differences as all_differences
from adapter.doors.web.answers import exact
from adapter.doors.web.api.walk import Why
from adapter.doors.web.context import ActorNow, ServiceNow, act, body, documented
from adapter.doors.web.models import Problem
from adapter.doors.web.reconciliation_models import DifferencesOut, OpenDifferenceOut

router = APIRouter(tags=["payers 付款方"])


@router.get("/differences", summary="Differences of reconciled days 对账差异", response_model=DifferencesOut)
def list_(
    service: ServiceNow,
    endpoint: str | None = None,
    closed: Annotated[bool, Query(description="Also those that were closed.")] = False,
) -> Response:
    """What the newest comparison of each day found, with what to do about it."""
    found = all_differences(service.tools, endpoint=endpoint, closed=closed)
    return exact({"differences": [each.as_json() for each in found]})


@router.post(
    "/differences/{difference}/close",
    summary="Close a difference 处理差异",
    response_model=OpenDifferenceOut,
    responses={404: {"model": Problem}, 409: {"model": Problem}, 422: {"model": Problem}},
    openapi_extra=documented(Why),
)
def close(difference: str, asked: Annotated[Why, Depends(body(Why))], service: ServiceNow, actor: ActorNow) -> Response:
    """A person dealt with it; changed amounts open it again."""
    told = act(service, actor, asked.reason, asked.reason)
    return exact(close_difference(difference, service.tools, told).as_json())
