"""Acts at the window: papers, agreements, consents, checks, facts. Every act is a POST with its actor and reason."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Response

from adapter.cases.window import agreements, checks, consents, documents, items
from adapter.doors.web.answers import exact, issues_json
from adapter.doors.web.context import ActorNow, ServiceNow, act, body, documented
from adapter.doors.web.models import Problem
from adapter.doors.web.window_models import (
    AgreementIn,
    CheckIn,
    ConsentIn,
    DepositOverrideIn,
    DocumentIn,
    DocumentsOut,
    DoneOut,
    FactsIn,
    FindingIn,
    ReturnIn,
    SignatureIn,
    WaiverIn,
    WhyIn,
    WindowOut,
)
from adapter.model.case import AgreementState
from adapter.model.reference import DocumentFact
from adapter.model.window import Signer, StayFacts

router = APIRouter(tags=["window 窗口"])

_READ: dict[int | str, dict[str, Any]] = {404: {"model": Problem}}
_ACT: dict[int | str, dict[str, Any]] = {404: {"model": Problem}, 409: {"model": Problem}, 422: {"model": Problem}}

_ENDS = {"fulfil": AgreementState.FULFILLED, "breach": AgreementState.BREACHED, "refuse": AgreementState.REFUSED}


@router.get("/cases/{case_id}/window", summary="What acts recorded 窗口登记", response_model=WindowOut, responses=_READ)
def window(case_id: str, service: ServiceNow) -> Response:
    """Facts, checks, documents, agreements and consents that people recorded."""
    return exact(checks.show_window(case_id, service.tools))


@router.post(
    "/cases/{case_id}/deposit-overrides",
    summary="Let a deposit be taken 特许收取押金",
    response_model=DoneOut,
    responses=_ACT,
    openapi_extra=documented(DepositOverrideIn),
)
def let_deposit(
    case_id: str,
    asked: Annotated[DepositOverrideIn, Depends(body(DepositOverrideIn))],
    service: ServiceNow,
    actor: ActorNow,
) -> Response:
    """A named person's exception from "no deposit", with its reason; deposits above it stay refused."""
    now = act(service, actor, asked.reason, asked.reason)
    return exact(checks.let_deposit(case_id, asked.amount, service.tools, now).as_json())


@router.post(
    "/cases/{case_id}/facts",
    summary="Facts of the stay 登记窗口信息",
    response_model=DoneOut,
    responses=_ACT,
    openapi_extra=documented(FactsIn),
)
def facts(
    case_id: str, asked: Annotated[FactsIn, Depends(body(FactsIn))], service: ServiceNow, actor: ActorNow
) -> Response:
    """Cause, emergency, third party, admission order, a person's decision; the entitlement is assessed again."""
    told = StayFacts(
        cause=asked.cause,
        other_causes=tuple(asked.other_causes) if asked.other_causes is not None else None,
        emergency=asked.emergency,
        emergency_decided_by=asked.emergency_decided_by,
        third_party=asked.third_party,
        third_party_amount=asked.third_party_amount,
        admission_order=asked.admission_order,
        aid_certificate=asked.aid_certificate,
        excluded=asked.excluded,
        decided_by=asked.decided_by,
    )
    now = act(service, actor, asked.reason, "established at the window")
    return exact(checks.record_facts(case_id, told, service.tools, now).as_json())


@router.post(
    "/cases/{case_id}/checks",
    summary="A named check 登记核查人",
    response_model=DoneOut,
    responses=_ACT,
    openapi_extra=documented(CheckIn),
)
def check(
    case_id: str, asked: Annotated[CheckIn, Depends(body(CheckIn))], service: ServiceNow, actor: ActorNow
) -> Response:
    """Who checked identity, cover or papers, or who explained the process."""
    now = act(service, actor, asked.reason, "checked at the window")
    return exact(checks.record_check(case_id, asked.step, asked.by, service.tools, now).as_json())


@router.get("/cases/{case_id}/items", summary="Lines that cannot wait 不缓交项目", responses=_READ)
def list_items(case_id: str, service: ServiceNow) -> Response:
    """Lines of excluded groups with their answer and article; they never take the stay out."""
    found, issues = items.list_items(case_id, service.tools)
    return exact({"case_id": case_id, "items": found, "issues": issues_json(issues)})


@router.post(
    "/cases/{case_id}/items/{line}/finding",
    summary="A doctor's finding 登记项目例外认定",
    response_model=DoneOut,
    responses=_ACT,
    openapi_extra=documented(FindingIn),
)
def finding(
    case_id: str, line: str, asked: Annotated[FindingIn, Depends(body(FindingIn))], service: ServiceNow, actor: ActorNow
) -> Response:
    """Whether the exception of an excluded item applies: functional, or with medical need."""
    now = act(service, actor, asked.reason, "doctor's finding")
    return exact(items.record_finding(case_id, line, asked.excepted, asked.by, service.tools, now).as_json())


@router.get("/cases/{case_id}/documents", summary="Papers 证件清单", response_model=DocumentsOut, responses=_READ)
def list_documents(case_id: str, service: ServiceNow) -> Response:
    """What is held, what went back, what is still asked for."""
    return exact(documents.list_documents(case_id, service.tools))


@router.post(
    "/cases/{case_id}/documents",
    summary="Take a paper 收存证件",
    response_model=DoneOut,
    responses=_ACT,
    openapi_extra=documented(DocumentIn),
)
def take(
    case_id: str, asked: Annotated[DocumentIn, Depends(body(DocumentIn))], service: ServiceNow, actor: ActorNow
) -> Response:
    """Into custody, or recorded as presented where there is nothing to hold."""
    shown = DocumentFact(asked.kind, asked.original, asked.issuer, asked.confirmed_by, asked.year)
    now = act(service, actor, asked.reason, "papers taken")
    return exact(documents.take_document(case_id, shown, service.tools, now, keep=asked.keep).as_json())


@router.post(
    "/cases/{case_id}/waivers",
    summary="Waive a paper 豁免证件",
    response_model=DoneOut,
    responses=_ACT,
    openapi_extra=documented(WaiverIn),
)
def waive(
    case_id: str, asked: Annotated[WaiverIn, Depends(body(WaiverIn))], service: ServiceNow, actor: ActorNow
) -> Response:
    """Only what the region's settings list as waivable."""
    now = act(service, actor, asked.reason, asked.reason)
    return exact(documents.waive_document(case_id, asked.requirement, service.tools, now).as_json())


@router.post(
    "/cases/{case_id}/documents/{document}/return",
    summary="Return a paper 归还证件",
    response_model=DoneOut,
    responses=_ACT,
    openapi_extra=documented(ReturnIn, required=False),
)
def return_(
    case_id: str,
    document: str,
    asked: Annotated[ReturnIn, Depends(body(ReturnIn))],
    service: ServiceNow,
    actor: ActorNow,
) -> Response:
    """After what the programme says; before that it is refused (PRG-246)."""
    now = act(service, actor, asked.reason, "papers returned")
    return exact(documents.return_document(case_id, document, asked.to, service.tools, now).as_json())


@router.post(
    "/cases/{case_id}/documents/{document}/lost",
    summary="A held paper is lost 登记遗失",
    response_model=DoneOut,
    responses=_ACT,
    openapi_extra=documented(WhyIn),
)
def lose(
    case_id: str,
    document: str,
    asked: Annotated[WhyIn, Depends(body(WhyIn))],
    service: ServiceNow,
    actor: ActorNow,
) -> Response:
    """The reason says how; what the patient showed stays shown."""
    now = act(service, actor, asked.reason, asked.reason)
    return exact(documents.lose_document(case_id, document, service.tools, now).as_json())


@router.post(
    "/cases/{case_id}/agreements",
    summary="Offer an agreement 出具协议",
    response_model=DoneOut,
    responses=_ACT,
    openapi_extra=documented(AgreementIn),
)
def offer(
    case_id: str, asked: Annotated[AgreementIn, Depends(body(AgreementIn))], service: ServiceNow, actor: ActorNow
) -> Response:
    """The programme's own instrument, or another one that it has."""
    now = act(service, actor, asked.reason, "agreement offered")
    done = agreements.offer_agreement(
        case_id, service.tools, now, kind=asked.kind, version=asked.version, replacing=asked.replace
    )
    return exact(done.as_json())


@router.post(
    "/cases/{case_id}/agreements/{number}/sign",
    summary="Sign an agreement 签订协议",
    response_model=DoneOut,
    responses=_ACT,
    openapi_extra=documented(SignatureIn, required=False),
)
def sign(
    case_id: str,
    number: int,
    asked: Annotated[SignatureIn, Depends(body(SignatureIn))],
    service: ServiceNow,
    actor: ActorNow,
) -> Response:
    """The patient, or who may sign for him."""
    now = act(service, actor, asked.reason, "agreement signed")
    signer = Signer(asked.relation, asked.authority)
    return exact(agreements.sign_agreement(case_id, number, signer, service.tools, now).as_json())


@router.post(
    "/cases/{case_id}/agreements/{number}/{end}",
    summary="Refused, fulfilled or broken 拒签、履行完毕、违约",
    response_model=DoneOut,
    responses=_ACT,
    openapi_extra=documented(WhyIn),
)
def end_agreement(
    case_id: str,
    number: int,
    end: Literal["refuse", "fulfil", "breach"],
    asked: Annotated[WhyIn, Depends(body(WhyIn))],
    service: ServiceNow,
    actor: ActorNow,
) -> Response:
    """A refusal or a breach takes the deferral away and never a payer."""
    now = act(service, actor, asked.reason, asked.reason)
    return exact(agreements.end_agreement(case_id, number, _ENDS[end], service.tools, now).as_json())


@router.get("/cases/{case_id}/consents/lacking", summary="Lines without a consent 核查知情同意", responses=_READ)
def lacking(case_id: str, service: ServiceNow) -> Response:
    """Lines outside the catalogue or over their limit that were used without a consent before it."""
    return exact({"case_id": case_id, "issues": issues_json(consents.check_consents(case_id, service.tools))})


@router.post(
    "/cases/{case_id}/consents",
    summary="Record a consent 登记知情同意",
    response_model=DoneOut,
    responses=_ACT,
    openapi_extra=documented(ConsentIn),
)
def consent(
    case_id: str, asked: Annotated[ConsentIn, Depends(body(ConsentIn))], service: ServiceNow, actor: ActorNow
) -> Response:
    """To items or kinds of items that no insurer bears."""
    done = consents.record_consent(
        case_id,
        service.tools,
        act(service, actor, asked.reason, "consent recorded"),
        items=tuple(asked.items),
        kinds=tuple(asked.kinds),
        signer=Signer(asked.relation, asked.authority),
        signed_at=asked.signed_at,
        explained_by=asked.explained_by,
    )
    return exact(done.as_json())


@router.post(
    "/cases/{case_id}/consents/{number}/withdraw",
    summary="Withdraw a consent 撤回知情同意",
    response_model=DoneOut,
    responses=_ACT,
    openapi_extra=documented(WhyIn),
)
def withdraw(
    case_id: str,
    number: int,
    asked: Annotated[WhyIn, Depends(body(WhyIn))],
    service: ServiceNow,
    actor: ActorNow,
) -> Response:
    """It covers nothing that is used from the next day on."""
    now = act(service, actor, asked.reason, asked.reason)
    return exact(consents.withdraw_consent(case_id, number, service.tools, now).as_json())
