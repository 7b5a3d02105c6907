"""Operations on a stay: entitlement, preview, settlement, reversal, daily bill, each our own use case (住院操作).

What they take and answer is in mappings/profiles/OperationDefinition-encounter-*.json.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from adapter.cases import reverse, settle
from adapter.cases.issues import held
from adapter.cases.operations import bill_now, case_of_encounter, check_entitlement
from adapter.cases.window.daily_bill import bill_on
from adapter.doors.web.context import ActorNow, Service, ServiceNow, Why, act
from adapter.doors.web.fhir.addresses import Identity
from adapter.doors.web.fhir.negotiation import Format, answer, came, wanted
from adapter.doors.web.fhir.operation_issues import wrong_parameter
from adapter.doors.web.fhir.parameters import bill_answer, daily_bill_answer, entitlement_answer, given, text_of
from adapter.doors.web.fhir.preferences import preferences
from adapter.doors.web.fhir.reading import CONTENT, OUTCOME, base_of
from adapter.doors.web.waiting import waited
from adapter.model.case import Actor
from adapter.model.dates import local_day
from adapter.model.issues import AdapterError

router = APIRouter(tags=["FHIR"])

#: Seconds that a caller waits who says nothing, and the most that one may ask for.
_PATIENCE, _LONGEST = 10, 60

_BASIS = re.compile(r"[0-9a-f]{64}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

_PARAMETERS: dict[str, Any] = {"content": CONTENT, "description": "Parameters"}
_LATER: dict[str, Any] = {**_PARAMETERS, "description": "Under way; `Content-Location` says where it goes on."}
_BODY: dict[str, Any] = {"requestBody": {"required": False, "content": CONTENT, "description": "Parameters"}}
_ASKED: dict[int | str, dict[str, Any]] = {200: _PARAMETERS, **dict.fromkeys((400, 404, 406, 409, 422), OUTCOME)}
_TAKEN = {**_ASKED, 413: OUTCOME, 415: OUTCOME}
_DONE = {**_TAKEN, 202: _LATER}

Wanted = Annotated[Format, Depends(wanted)]
Sent = Annotated[Any, Depends(came)]
Prefer = Annotated[
    str | None,
    Header(description="`wait=N`: seconds to wait for the payers, 60 at most; `respond-async`: do not wait."),
]


@router.post(
    "/fhir/Encounter/{identity:identity}/$check-entitlement",
    summary="May this stay pay after care? 资格认定",
    response_class=Response,
    responses=_TAKEN,
    openapi_extra=_BODY,
)
async def entitlement(
    request: Request, identity: Identity, sent: Sent, wanted: Wanted, service: ServiceNow, actor: ActorNow
) -> Response:
    """Assess it on the facts of now: state, deposit, and the decision with every reason. `reason` may be given."""
    told = act(service, actor, text_of(given(sent, ("reason",)), "reason"), "entitlement check")
    case_id = await _case_of(identity, service)
    found = await run_in_threadpool(check_entitlement, case_id, service.tools, told)
    return answer(request, entitlement_answer(found), format_=wanted)


@router.post(
    "/fhir/Encounter/{identity:identity}/$preview",
    summary="Preview a bill 测算、预结算",
    response_class=Response,
    responses=_DONE,
    openapi_extra=_BODY,
)
async def preview(
    request: Request,
    identity: Identity,
    sent: Sent,
    wanted: Wanted,
    service: ServiceNow,
    actor: ActorNow,
    prefer: Prefer = None,
) -> Response:
    """`mode` `estimate` (our rules, nothing sent; the default) or `trial` (the payers compute and keep nothing).

    `basis` of the answer is what `$settle` wants. `on` is the rule date of an estimate during the stay.
    """
    found = given(sent, ("mode", "on", "reason"))
    mode, on = text_of(found, "mode") or "estimate", _day(text_of(found, "on"))
    if mode not in ("estimate", "trial"):
        raise _wrong("mode", "应为 estimate 或 trial", "it is estimate or trial")
    if on is not None and mode == "trial":
        raise _wrong("on", "仅用于 estimate", "it belongs to an estimate")
    told = act(service, actor, text_of(found, "reason"), mode)
    case_id = await _case_of(identity, service)
    if mode == "trial":
        await run_in_threadpool(settle.start_trial, case_id, service.tools, told)
        return await _stands(request, identity, case_id, service, wanted)
    made = await run_in_threadpool(settle.estimate, case_id, service.tools, told, on=on)
    now = await run_in_threadpool(bill_now, case_id, service.tools)
    shown = bill_answer(replace(now, shown=made, under_way=False), now.row.issues)
    return answer(request, shown, format_=wanted)


@router.post(
    "/fhir/Encounter/{identity:identity}/$settle",
    summary="Settle a stay 出院结算",
    response_class=Response,
    responses=_DONE,
    openapi_extra=_BODY,
)
async def settle_(
    request: Request,
    identity: Identity,
    sent: Sent,
    wanted: Wanted,
    service: ServiceNow,
    actor: ActorNow,
    prefer: Prefer = None,
) -> Response:
    """On the preview that was looked at: `basis` is required, and refused (CASE-304) when anything changed since."""
    found = given(sent, ("basis", "reason"))
    basis = text_of(found, "basis", required=True) or ""
    if not _BASIS.fullmatch(basis):
        raise _wrong("basis", "应为 $preview 给出的 64 位哈希", "it is the hash of 64 digits that $preview gave")
    told = act(service, actor, text_of(found, "reason"), "discharge settlement")
    case_id = await _case_of(identity, service)
    await run_in_threadpool(settle.start_settlement, case_id, service.tools, told, basis=basis)
    return await _stands(request, identity, case_id, service, wanted)


@router.post(
    "/fhir/Encounter/{identity:identity}/$reverse",
    summary="Reverse a settlement 冲销",
    response_class=Response,
    responses=_DONE,
    openapi_extra=_BODY,
)
async def reverse_(
    request: Request,
    identity: Identity,
    sent: Sent,
    wanted: Wanted,
    service: ServiceNow,
    actor: ActorNow,
    prefer: Prefer = None,
) -> Response:
    """Undo the newest bill version with every payer, backwards, equal and opposite. `reason` is required."""
    reason = text_of(given(sent, ("reason",)), "reason", required=True)
    case_id = await _case_of(identity, service)
    told = act(service, actor, reason, "reversal")
    await run_in_threadpool(reverse.start_reversal, case_id, service.tools, told)
    return await _stands(request, identity, case_id, service, wanted)


_STATE = "/fhir/Encounter/{identity:identity}/$bill-state"


@router.get(_STATE, summary="How a bill stands 账单状态", response_class=Response, responses={**_ASKED, 202: _LATER})
def bill_state(request: Request, identity: Identity, wanted: Wanted, service: ServiceNow) -> Response:
    """What `$preview`, `$settle` and `$reverse` answer, asked again; 202 while something is under way."""
    return _state(request, identity, wanted, service)


@router.post(
    _STATE, summary="How a bill stands 账单状态", response_class=Response, responses=_DONE, openapi_extra=_BODY
)
async def bill_state_by_post(
    request: Request, identity: Identity, sent: Sent, wanted: Wanted, service: ServiceNow
) -> Response:
    """As by GET; Parameters hold nothing."""
    given(sent, ())
    return await run_in_threadpool(_state, request, identity, wanted, service)


_DAILY = "/fhir/Encounter/{identity:identity}/$daily-bill"


@router.get(_DAILY, summary="Daily bill 一日清单", response_class=Response, responses=_ASKED)
def daily_bill(
    request: Request,
    identity: Identity,
    wanted: Wanted,
    service: ServiceNow,
    actor: ActorNow,
    on: Annotated[date | None, Query(description="The day on which it was given, for the day before.")] = None,
    reason: Why = None,
) -> Response:
    """The bill as it was given on that day, out of the stored versions. Whoever asks stands in the journal."""
    return _daily(request, identity, wanted, service, actor, on, reason)


@router.post(_DAILY, summary="Daily bill 一日清单", response_class=Response, responses=_TAKEN, openapi_extra=_BODY)
async def daily_bill_by_post(
    request: Request, identity: Identity, sent: Sent, wanted: Wanted, service: ServiceNow, actor: ActorNow
) -> Response:
    """As by GET, with `on` and `reason` in Parameters."""
    found = given(sent, ("on", "reason"))
    on, reason = _day(text_of(found, "on")), text_of(found, "reason")
    return await run_in_threadpool(_daily, request, identity, wanted, service, actor, on, reason)


def _daily(
    request: Request,
    identity: str,
    wanted: Format,
    service: Service,
    actor: Actor,
    on: date | None,
    reason: str | None,
) -> Response:
    told = act(service, actor, reason, "daily bill")
    case_id = case_of_encounter(identity, service.tools)
    found = bill_on(case_id, on or local_day(told.at), service.tools, told)
    return answer(request, daily_bill_answer(found), format_=wanted)


def _state(request: Request, identity: str, wanted: Format, service: Service) -> Response:
    now = bill_now(case_of_encounter(identity, service.tools), service.tools)
    status, headers = (202, _follow(request, identity)) if now.under_way else (200, None)
    return answer(request, bill_answer(now, now.row.issues), status, headers, format_=wanted)


async def _stands(request: Request, identity: str, case_id: str, service: Service, wanted: Format) -> Response:
    """How the bill stands when the payers have answered, or when the caller's patience ends.

    Raises:
        AdapterError: CASE-306 with what holds the case.
    """
    look = partial(bill_now, case_id, service.tools)
    now = await waited(service, _patience(request), look, lambda each: each.under_way)
    if now.row.held:
        raise AdapterError(held(case_id, len(now.row.issues)), *now.row.issues)
    if now.under_way:
        return answer(request, bill_answer(now), 202, _follow(request, identity), format_=wanted)
    return answer(request, bill_answer(now), format_=wanted)


def _follow(request: Request, identity: str) -> dict[str, str]:
    """Where a bill that is under way can be asked about."""
    return {"Content-Location": f"{base_of(request)}/Encounter/{identity}/$bill-state", "Retry-After": "1"}


def _patience(request: Request) -> int:
    """Seconds to wait for the payers."""
    preferred = preferences(request)
    if preferred.wait is not None:
        return min(preferred.wait, _LONGEST)
    return 0 if preferred.respond_async else _PATIENCE


async def _case_of(identity: str, service: Service) -> str:
    return await run_in_threadpool(case_of_encounter, identity, service.tools)


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        if not _DAY.fullmatch(text):  # Python reads more forms than FHIR has
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        raise _wrong("on", "应为日期,例如 2021-03-05", "it is a day like 2021-03-05") from None


def _wrong(name: str, zh: str, en: str) -> AdapterError:
    return AdapterError(wrong_parameter(f"Parameters.parameter({name})", zh, en))
