"""Cases: list, show, estimate, trial, settle, reverse."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Response
from fastapi.concurrency import run_in_threadpool

from adapter.cases import proof, reverse, served, settle, views
from adapter.cases.served import CaseNow
from adapter.cases.shown import settlement_json
from adapter.doors.web.answers import exact, issues_json
from adapter.doors.web.context import ActorNow, Service, ServiceNow, Why, act, body, documented
from adapter.doors.web.models import CaseOut, CasePage, CaseState, PreviewOut, Problem, ReverseIn, SettleIn
from adapter.doors.web.waiting import waited
from adapter.model.case import BillState

router = APIRouter(tags=["cases 病例"])

Wait = Annotated[int, Query(ge=0, le=60, description="Seconds to wait for the payers; 0 answers at once.")]

_REFUSALS: dict[int | str, dict[str, Any]] = {404: {"model": Problem}, 409: {"model": Problem}, 422: {"model": Problem}}
_STATES: dict[int | str, dict[str, Any]] = {
    202: {"model": CaseState, "description": "Under way; `Location` shows how it goes on."},
    404: {"model": Problem},
    409: {"model": CaseState | Problem, "description": "Refused, or the case is held; `issues` says why."},
    422: {"model": Problem},
}


@router.get("/cases", summary="List cases", response_model=CasePage)
def list_(
    service: ServiceNow,
    source: str | None = None,
    held: Annotated[bool | None, Query(description="Only cases that wait for a person, or only the others.")] = None,
    after: Annotated[str, Query(description="`next` of the page before.")] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Response:
    """Cases by id with what each payer bears."""
    lines = served.case_page(service.tools, source=source, held=held, after=after, limit=limit)
    following = lines[-1].row.case_id if len(lines) == limit else None
    return exact({"cases": [line.as_json() for line in lines], "next": following})


@router.get("/cases/{case_id}", summary="Show a case", response_model=CaseOut, responses={404: {"model": Problem}})
def show(case_id: str, service: ServiceNow) -> Response:
    """States, entitlement with reasons, bill with every step, messages, journal."""
    return exact(views.show_case(case_id, service.tools).as_json())


@router.get("/cases/{case_id}/certificate", summary="Certificate 结算证明", responses={404: {"model": Problem}})
def certificate(case_id: str, service: ServiceNow, version: Annotated[int | None, Query(ge=1)] = None) -> Response:
    """The certificate of a settled bill version, the newest if none is named; `adapter verify` works it out again."""
    return exact(proof.certificate_of(case_id, service.tools, version=version))


@router.post("/cases/{case_id}/estimate", summary="Estimate 测算", response_model=PreviewOut, responses=_REFUSALS)
def estimate(case_id: str, service: ServiceNow, actor: ActorNow, reason: Why = None) -> Response:
    """What each payer would bear under our rules. Nothing is sent."""
    preview = settle.estimate(case_id, service.tools, act(service, actor, reason, "estimate"))
    return exact({"mode": preview.mode, "basis": preview.basis, **settlement_json(preview.settlement)})


@router.post("/cases/{case_id}/trial", summary="Trial 预结算", response_model=CaseState, responses=_STATES)
async def trial(case_id: str, service: ServiceNow, actor: ActorNow, reason: Why = None, wait: Wait = 0) -> Response:
    """Ask the payers what they would bear; they keep nothing."""
    told = act(service, actor, reason, "trial")
    await run_in_threadpool(settle.start_trial, case_id, service.tools, told)
    return await _outcome(case_id, service, wait, lambda now: now.trial == "running")


@router.post(
    "/cases/{case_id}/settle",
    summary="Settle 结算",
    response_model=CaseState,
    responses=_STATES,
    openapi_extra=documented(SettleIn, required=False),
)
async def settle_(
    case_id: str,
    asked: Annotated[SettleIn, Depends(body(SettleIn))],
    service: ServiceNow,
    actor: ActorNow,
    wait: Wait = 0,
) -> Response:
    """Settle a discharged stay on the preview that was looked at; without one it is refused (CASE-303)."""
    told = act(service, actor, asked.reason, "discharge settlement")
    await run_in_threadpool(settle.start_settlement, case_id, service.tools, told, basis=asked.basis)
    return await _outcome(case_id, service, wait, lambda now: now.line.row.bill is BillState.SETTLING)


@router.post(
    "/cases/{case_id}/reverse",
    summary="Reverse 冲销",
    response_model=CaseState,
    responses=_STATES,
    openapi_extra=documented(ReverseIn),
)
async def reverse_(
    case_id: str,
    asked: Annotated[ReverseIn, Depends(body(ReverseIn))],
    service: ServiceNow,
    actor: ActorNow,
    wait: Wait = 0,
) -> Response:
    """Undo a settlement with every payer, backwards, equal and opposite."""
    told = act(service, actor, asked.reason, asked.reason)
    await run_in_threadpool(reverse.start_reversal, case_id, service.tools, told)
    return await _outcome(case_id, service, wait, lambda now: now.line.row.bill is BillState.REVERSING)


async def _outcome(case_id: str, service: Service, wait: int, running: Callable[[CaseNow], bool]) -> Response:
    """200 when it is through, 202 while it is not, 409 when something holds the case."""

    def under_way(now: CaseNow) -> bool:
        return running(now) and not now.line.row.held

    now = await waited(service, wait, partial(served.case_now, case_id, service.tools), under_way)
    status = 409 if now.line.row.held else 202 if under_way(now) else 200
    shown = {**now.as_json(), "issues": issues_json(now.line.row.issues)}
    return exact(shown, status, {"Location": f"/cases/{quote(case_id)}"})
