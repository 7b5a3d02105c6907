"""The patient's part: account, payments, refunds, plans, stages, interim settlements, reward. 个人应付"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from adapter.cases.window import interim, payments, plans
from adapter.cases.window.account_view import account_view, moved_json, signed_json
from adapter.cases.window.interim import InterimSettlement, interim_json
from adapter.cases.window.plan_papers import stage_json
from adapter.doors.web.answers import exact, issues_json
from adapter.doors.web.context import ActorNow, ServiceNow, act, body, documented
from adapter.doors.web.models import Problem
from adapter.doors.web.patient_part_models import (
    AccountOut,
    InterimIn,
    InterimOut,
    MoneyIn,
    MovedOut,
    PlanIn,
    PlanOut,
    RewardOut,
    StageIn,
    StageOut,
    WhyIn,
)
from adapter.doors.web.person import PersonNow
from adapter.model.reference import DocumentFact, DocumentKind

router = APIRouter(tags=["patient's part 个人应付"])

_READ: dict[int | str, dict[str, Any]] = {404: {"model": Problem}}
_ACT: dict[int | str, dict[str, Any]] = {404: {"model": Problem}, 409: {"model": Problem}, 422: {"model": Problem}}


@router.get("/cases/{case_id}/account", summary="Patient's part 个人应付", response_model=AccountOut, responses=_READ)
def account(case_id: str, service: ServiceNow, actor: ActorNow) -> Response:
    """Owed, paid, plan, stages, credit, losses; and whether the discharge formalities can be done."""
    shown, issues = account_view(case_id, service.tools, actor)
    return exact({**shown, "issues": issues_json(issues)})


@router.post(
    "/cases/{case_id}/payments",
    summary="Take a payment 收款",
    response_model=MovedOut,
    responses=_ACT,
    openapi_extra=documented(MoneyIn),
)
def pay(
    case_id: str, asked: Annotated[MoneyIn, Depends(body(MoneyIn))], service: ServiceNow, actor: ActorNow
) -> Response:
    """Whole or in part, never more than is open; on a lost debt it is a recovery."""
    told = act(service, actor, asked.reason, "payment")
    moved = payments.pay(case_id, asked.amount, asked.method, asked.receipt, service.tools, told)
    return exact(moved_json(moved))


@router.post(
    "/cases/{case_id}/refunds",
    summary="Give money back 退款",
    response_model=MovedOut,
    responses=_ACT,
    openapi_extra=documented(MoneyIn),
)
def refund(
    case_id: str, asked: Annotated[MoneyIn, Depends(body(MoneyIn))], service: ServiceNow, actor: ActorNow
) -> Response:
    """Never more than is due back."""
    told = act(service, actor, asked.reason, "refund")
    moved = payments.refund(case_id, asked.amount, asked.method, asked.receipt, service.tools, told)
    return exact(moved_json(moved))


@router.post(
    "/cases/{case_id}/plan",
    summary="Sign a plan 签订还款承诺书",
    response_model=PlanOut,
    responses=_ACT,
    openapi_extra=documented(PlanIn),
)
def sign(
    case_id: str, asked: Annotated[PlanIn, Depends(body(PlanIn))], service: ServiceNow, actor: ActorNow
) -> Response:
    """Over the whole balance, with the certificate of hardship; a running plan is replaced."""
    proof = DocumentFact(DocumentKind.HARDSHIP_CERTIFICATE, issuer=asked.issuer, confirmed_by=asked.sealed_by)
    signed = plans.sign(
        case_id,
        asked.dues,
        service.tools,
        act(service, actor, asked.reason, "hardship"),
        amounts=asked.amounts,
        certificate=proof if asked.issuer or asked.sealed_by else None,
        signed_by=asked.signed_by,
    )
    return exact(signed_json(signed))


@router.get("/cases/{case_id}/plan", summary="Show the plan 还款计划", response_model=PlanOut, responses=_READ)
def plan(case_id: str, service: ServiceNow) -> Response:
    """The newest plan and how it stands today."""
    return exact(signed_json(plans.plan_of(case_id, service.tools)))


@router.post(
    "/cases/{case_id}/stages",
    summary="Ask for a stage 阶段收取",
    response_model=StageOut,
    responses=_ACT,
    openapi_extra=documented(StageIn),
)
def stage(
    case_id: str, asked: Annotated[StageIn, Depends(body(StageIn))], service: ServiceNow, actor: ActorNow
) -> Response:
    """The share of what is incurred so far, less what was asked before; never in advance."""
    told = act(service, actor, asked.reason, "stage due")
    return exact(stage_json(plans.ask_stage(case_id, asked.agreement, service.tools, told)))


@router.post(
    "/cases/{case_id}/interim-settlements",
    summary="Record an interim settlement 中途结算",
    response_model=InterimOut,
    responses=_ACT,
    openapi_extra=documented(InterimIn),
)
def record_interim(
    case_id: str, asked: Annotated[InterimIn, Depends(body(InterimIn))], service: ServiceNow, actor: ActorNow
) -> Response:
    """A payer settled a part of the stay; no money of the patient moves."""
    part = InterimSettlement(asked.reference, asked.through, asked.amounts, asked.new_stay)
    told = act(service, actor, asked.reason, "settled by the payer")
    parts = interim.record_interim(case_id, part, service.tools, told)
    return exact({"parts": [interim_json(each) for each in parts]})


@router.post(
    "/cases/{case_id}/interim-settlements/{reference}/cancel",
    summary="An interim settlement was taken back 撤销中途结算",
    response_model=InterimOut,
    responses=_ACT,
    openapi_extra=documented(WhyIn),
)
def cancel_interim(
    case_id: str,
    reference: str,
    asked: Annotated[WhyIn, Depends(body(WhyIn))],
    service: ServiceNow,
    actor: ActorNow,
) -> Response:
    """The payer cancelled it; the whole stay may be settled."""
    told = act(service, actor, asked.reason, asked.reason)
    parts = interim.cancel_interim(case_id, reference, service.tools, told)
    return exact({"parts": [interim_json(each) for each in parts]})


@router.post(
    "/cases/{case_id}/reward",
    summary="Grant a reward 按时结清优惠",
    response_model=RewardOut,
    responses=_ACT,
    openapi_extra=documented(WhyIn),
)
def reward(
    case_id: str, asked: Annotated[WhyIn, Depends(body(WhyIn))], service: ServiceNow, actor: PersonNow
) -> Response:
    """The hospital's own money, off unless the region chose it."""
    granted = payments.grant_reward(case_id, service.tools, act(service, actor, asked.reason, asked.reason))
    given = granted.reward
    shown = {"kind": str(given.kind), "reduction": given.reduction.text, "cite": given.cite}
    return exact({**shown, "issues": issues_json(granted.issues)})
