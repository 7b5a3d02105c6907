"""Messages to the payers, and the comparison of a day with them."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Response

from adapter.cases import outgoing, served
from adapter.cases.reconcile import comparison_json, reconcile_day
from adapter.cases.views import message_json
from adapter.doors.web import issues
from adapter.doors.web.answers import exact
from adapter.doors.web.context import ActorNow, ServiceNow, Why, act
from adapter.doors.web.models import MessageOut, MessagePage, Problem
from adapter.doors.web.reconciliation_models import ReconciliationOut
from adapter.model.issues import AdapterError

router = APIRouter(tags=["payers 付款方"])


@router.get("/outbox", summary="List messages 发件箱", response_model=MessagePage)
def list_(
    service: ServiceNow,
    endpoint: str | None = None,
    unfinished: Annotated[bool, Query(description="Only what is not finished.")] = False,
    after: Annotated[str, Query(description="`next` of the page before.")] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Response:
    """Messages by key with state, outcome and attempts; never their bodies."""
    rows = served.message_page(service.tools, endpoint=endpoint, unfinished=unfinished, after=after, limit=limit)
    following = rows[-1].message.key if len(rows) == limit else None
    return exact({"messages": [message_json(row) for row in rows], "next": following})


@router.post(
    "/outbox/{key}/retry",
    summary="Send again 重发",
    response_model=MessageOut,
    responses={404: {"model": Problem}, 409: {"model": Problem}},
)
def retry(key: str, service: ServiceNow, actor: ActorNow, reason: Why = None) -> Response:
    """Make a parked, rejected or waiting message due now. The payer is asked before anything is sent again."""
    outgoing.retry(key, service.tools, act(service, actor, reason, "cause fixed"))
    service.worker.wake()
    row, _ = outgoing.message(key, service.tools)
    return exact(message_json(row))


@router.post(
    "/reconcile/{endpoint}/{day}",
    summary="Compare a day 对账",
    response_model=ReconciliationOut,
    responses={404: {"model": Problem}, 502: {"model": Problem, "description": "The statement cannot be had."}},
)
def reconcile(
    endpoint: str,
    day: date,
    facility: Annotated[str, Query(description="The hospital's code at the payer.", examples=["H99990100001"])],
    service: ServiceNow,
    actor: ActorNow,
    reason: Why = None,
) -> Response:
    """Have the payer's statement of a day and name every difference and its next step: totals, then details."""
    if endpoint not in service.tools.endpoints:
        raise AdapterError(issues.unknown_endpoint(endpoint))
    told = act(service, actor, reason, "daily reconciliation")
    return exact(comparison_json(reconcile_day(endpoint, day, facility, service.tools, told), day, facility))
