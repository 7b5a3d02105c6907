"""A settlement on its way: calls, advances, variances, e-receipts; and the endpoints."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from pydantic import AwareDatetime, Field, SecretStr

from adapter.cases import call_desk, views
from adapter.cases.advance import advance_bill
from adapter.cases.endpoints import endpoints_now, pause_endpoint, resume_endpoint
from adapter.cases.reversal_refusals import receipt_taken_back, receipt_used
from adapter.cases.tools import Act, Presented
from adapter.cases.variances import close_variance, variances
from adapter.doors.web.answers import exact
from adapter.doors.web.context import ActorNow, Service, ServiceNow, act, body, documented
from adapter.doors.web.models import CaseLine, Problem, Shape
from adapter.model.settlement import Payer

router = APIRouter(tags=["on the way 结算途中"])

_ACT: dict[int | str, dict[str, Any]] = {404: {"model": Problem}, 409: {"model": Problem}, 422: {"model": Problem}}


class Why(Shape):
    """Why; it is written into the journal. No personal data."""

    reason: str = Field(min_length=1, max_length=300, pattern=r"\S")


class CredentialIn(Shape):
    """Token or card, and password: for one sending, written nowhere."""

    number: SecretStr = SecretStr("")
    password: SecretStr = SecretStr("")
    card_sn: SecretStr = SecretStr("")


class PresentIn(Why):
    """What was shown at the window."""

    credential: CredentialIn | None = None


class PauseIn(Shape):
    """For how long nothing goes out."""

    until: AwareDatetime | None = Field(None, description="Left out: until somebody resumes it.")
    reason: str = Field(min_length=1, max_length=300, pattern=r"\S")


class EndpointOut(Shape):
    """One endpoint as it stands."""

    endpoint: str
    dialect: str
    simulator: bool
    paused_until: str | None = Field(description="A moment, or `resumed`; null while it may be spoken to.")
    why: str = Field(
        description="`person`, `quiet-hours`, `maintenance`, `breaker`, `asked-to-wait`, `no-answer`; empty: no pause."
    )
    by: str
    reason: str
    messages: dict[str, int]


class EndpointsOut(Shape):
    endpoints: list[EndpointOut]


class SplitOut(Shape):
    """A line's four parts; they add up to it. Amounts are text in yuan."""

    full_self_pay: str
    over_limit: str
    pre_self_pay: str
    in_scope: str


class LineVarianceOut(Shape):
    """A fee line that the payer split otherwise than our rules."""

    line: str = Field(description="ChargeItem id.")
    code: str
    name: str
    amount: str
    ours: SplitOut
    theirs: SplitOut
    terms: str = Field(description="How the payer classes the line, in its own codes; may be empty.")


class VarianceOut(Shape):
    """A payer that decided otherwise than our rules expected. Amounts are text in yuan."""

    case_id: str
    version: int
    payer: str
    ours: str
    theirs: str
    difference: str
    reference: str
    plan: str
    closed: dict[str, str] | None = Field(description="Who closed it, when and why.")
    lines: list[LineVarianceOut] = Field(description="Lines that it split otherwise.")


class VariancesOut(Shape):
    variances: list[VarianceOut]


WhyNow = Annotated[Why, Depends(body(Why))]


def _line(case_id: str, service: Service) -> Response:
    service.worker.wake()
    return exact(views.show_case(case_id, service.tools).line.as_json())


@router.post(
    "/cases/{case_id}/calls/{call}/hold",
    summary="Hold a call 暂停",
    response_model=CaseLine,
    responses=_ACT,
    openapi_extra=documented(Why),
)
def hold(case_id: str, call: str, asked: WhyNow, service: ServiceNow, actor: ActorNow) -> Response:
    """Nothing more is sent for it until it is resumed."""
    call_desk.hold_call(case_id, call, service.tools, act(service, actor, asked.reason, asked.reason))
    return _line(case_id, service)


@router.post(
    "/cases/{case_id}/calls/{call}/resume",
    summary="Resume a call 恢复",
    response_model=CaseLine,
    responses=_ACT,
    openapi_extra=documented(Why),
)
def resume(case_id: str, call: str, asked: WhyNow, service: ServiceNow, actor: ActorNow) -> Response:
    """It goes on from where it was; what may have arrived is looked up first."""
    call_desk.resume_call(case_id, call, service.tools, act(service, actor, asked.reason, asked.reason))
    return _line(case_id, service)


@router.post(
    "/cases/{case_id}/calls/{call}/skip",
    summary="Skip a call 跳过",
    response_model=CaseLine,
    responses=_ACT,
    openapi_extra=documented(Why),
)
def skip(case_id: str, call: str, asked: WhyNow, service: ServiceNow, actor: ActorNow) -> Response:
    """Only where no amount and no later payer depends on it (CASE-424)."""
    call_desk.skip_call(case_id, call, service.tools, act(service, actor, asked.reason, asked.reason))
    return _line(case_id, service)


@router.post(
    "/cases/{case_id}/calls/{call}/present",
    summary="Shown at the window 窗口出示后继续",
    response_model=CaseLine,
    responses=_ACT,
    openapi_extra=documented(PresentIn),
)
def present(
    case_id: str,
    call: str,
    asked: Annotated[PresentIn, Depends(body(PresentIn))],
    service: ServiceNow,
    actor: ActorNow,
) -> Response:
    """What the payer needs is at hand; messages that waited for it are due (CASE-426)."""
    told, given = act(service, actor, asked.reason, asked.reason), asked.credential
    shown = None
    if given is not None:
        secrets = (given.number, given.password, given.card_sn)
        shown = Presented(*(each.get_secret_value() for each in secrets))
    call_desk.present_at_window(case_id, call, service.tools, told, credential=shown)
    return _line(case_id, service)


@router.post(
    "/cases/{case_id}/advance",
    summary="The hospital advances 医院垫付",
    response_model=CaseLine,
    responses=_ACT,
    openapi_extra=documented(Why),
)
def advance(case_id: str, asked: WhyNow, service: ServiceNow, actor: ActorNow) -> Response:
    """An endpoint is down and the patient goes home: the bill closes on what our rules expect of it."""
    advance_bill(case_id, service.tools, act(service, actor, asked.reason, asked.reason))
    return _line(case_id, service)


@router.get("/variances", summary="Variances 差异清单", response_model=VariancesOut)
def variances_(
    service: ServiceNow,
    payer: Payer | None = None,
    closed: Annotated[bool, Query(description="Also those that were closed.")] = False,
) -> Response:
    """Payers that decided otherwise than our rules expected, in bills that stand."""
    return exact({"variances": [each.as_json() for each in variances(service.tools, payer=payer, closed=closed)]})


@router.post(
    "/cases/{case_id}/variances/{payer}/close",
    summary="Close a variance 处理差异",
    response_model=VarianceOut,
    responses=_ACT,
    openapi_extra=documented(Why),
)
def close(case_id: str, payer: Payer, asked: WhyNow, service: ServiceNow, actor: ActorNow) -> Response:
    """A person looked into it; the bill stays as it is."""
    told = act(service, actor, asked.reason, asked.reason)
    return exact(close_variance(case_id, payer, service.tools, told).as_json())


@router.post(
    "/cases/{case_id}/receipts/{number}/used",
    summary="An e-receipt is used 票据已使用",
    response_model=CaseLine,
    responses=_ACT,
    openapi_extra=documented(Why),
)
def used(case_id: str, number: str, asked: WhyNow, service: ServiceNow, actor: ActorNow) -> Response:
    """The settlement may not be reversed any more (CASE-432)."""
    receipt_used(case_id, number, service.tools, act(service, actor, asked.reason, asked.reason))
    return _line(case_id, service)


@router.post(
    "/cases/{case_id}/receipts/{number}/take-back",
    summary="An e-receipt came back 票据已收回",
    response_model=CaseLine,
    responses=_ACT,
    openapi_extra=documented(Why),
)
def take_back(case_id: str, number: str, asked: WhyNow, service: ServiceNow, actor: ActorNow) -> Response:
    """It came back or was voided."""
    receipt_taken_back(case_id, number, service.tools, act(service, actor, asked.reason, asked.reason))
    return _line(case_id, service)


@router.get("/endpoints", summary="Endpoints 端点", response_model=EndpointsOut)
def endpoints(service: ServiceNow) -> Response:
    """Whether they are paused, until when and why, and how many messages are in which state."""
    return exact({"endpoints": [each.as_json() for each in endpoints_now(service.tools)]})


@router.post(
    "/endpoints/{name}/pause",
    summary="Pause an endpoint 暂停端点",
    response_model=EndpointOut,
    responses=_ACT,
    openapi_extra=documented(PauseIn),
)
def pause(
    name: str, asked: Annotated[PauseIn, Depends(body(PauseIn))], service: ServiceNow, actor: ActorNow
) -> Response:
    """Its messages wait; no other endpoint does."""
    until: datetime | None = asked.until
    return exact(pause_endpoint(name, until, service.tools, _told(service, actor, asked.reason)).as_json())


@router.post(
    "/endpoints/{name}/resume",
    summary="Resume an endpoint 恢复端点",
    response_model=EndpointOut,
    responses=_ACT,
    openapi_extra=documented(Why),
)
def resume_(name: str, asked: WhyNow, service: ServiceNow, actor: ActorNow) -> Response:
    """End a pause, whoever made it."""
    now = resume_endpoint(name, service.tools, _told(service, actor, asked.reason))
    service.worker.wake()
    return exact(now.as_json())


def _told(service: Service, actor: ActorNow, reason: str) -> Act:
    return act(service, actor, reason, reason)
