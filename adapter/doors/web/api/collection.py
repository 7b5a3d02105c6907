"""Debts: the credit list, arrears, the risk fund. Whoever decides about a person is named. 信用、欠费、风险基金"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Response

from adapter.cases.window import arrears, credit, fund
from adapter.cases.window.credit import Debtor
from adapter.doors.web.answers import exact, issues_json
from adapter.doors.web.context import ActorNow, ServiceNow, Why, act, body, documented
from adapter.doors.web.models import Problem
from adapter.doors.web.patient_part_models import (
    ArrearsRunOut,
    CreditOut,
    DebtorIn,
    DebtorOut,
    DeskOut,
    FundClaimOut,
    FundIn,
    FundOut,
    ProposalIn,
    StepIn,
    StepOut,
    VillageIn,
    VillageOut,
    WhyIn,
)
from adapter.doors.web.person import PersonNow

router = APIRouter(tags=["collection 收取"])

_ACT: dict[int | str, dict[str, Any]] = {404: {"model": Problem}, 409: {"model": Problem}, 422: {"model": Problem}}

_MOVES = {"confirm": credit.confirm, "appeal": credit.appeal, "clear": credit.clear}


@router.get(
    "/credit/{source}/{debtor}",
    summary="May a stay be deferred? 信用查询",
    response_model=DeskOut,
    responses={404: {"model": Problem}},
)
def desk(source: str, debtor: str, service: ServiceNow, actor: ActorNow, reason: Why = None) -> Response:
    """One answer for admission, outpatient and insurance desks; whoever asks stands in the journal."""
    seen = credit.desk(source, debtor, service.tools, act(service, actor, reason, "asked at a desk"))
    shown = {"debtor": debtor, "state": str(seen.state), "deferral": seen.deferral}
    return exact({**shown, "zh": seen.zh, "en": seen.en, "cite": seen.cite})


@router.post(
    "/cases/{case_id}/debtor",
    summary="Who owes 登记债务人",
    response_model=DebtorOut,
    responses=_ACT,
    openapi_extra=documented(DebtorIn),
)
def debtor(
    case_id: str, asked: Annotated[DebtorIn, Depends(body(DebtorIn))], service: ServiceNow, actor: PersonNow
) -> Response:
    """A relative, an estate or a liable third party instead of the patient."""
    owing = Debtor(asked.key, asked.kind, asked.born, asked.died)
    credit.record_debtor(case_id, owing, service.tools, act(service, actor, asked.reason, "debtor established"))
    return exact({"case_id": case_id, "kind": str(owing.kind), "key": owing.key})


@router.post(
    "/cases/{case_id}/credit",
    summary="Propose a listing 提请列入",
    response_model=CreditOut,
    responses=_ACT,
    openapi_extra=documented(ProposalIn),
)
def propose(
    case_id: str, asked: Annotated[ProposalIn, Depends(body(ProposalIn))], service: ServiceNow, actor: PersonNow
) -> Response:
    """With notice and evidence; it has no effect until it is confirmed."""
    told = act(service, actor, asked.reason, "proposed")
    entry = credit.propose(
        case_id, asked.trigger, asked.evidence, service.tools, told, noticed=asked.noticed, malice=asked.malice
    )
    return exact(_entry(entry))


@router.post(
    "/cases/{case_id}/credit/{move}",
    summary="Confirm, appeal or clear 列入、申诉、移出",
    response_model=CreditOut,
    responses=_ACT,
    openapi_extra=documented(WhyIn),
)
def move(
    case_id: str,
    move: Literal["confirm", "appeal", "clear"],
    asked: Annotated[WhyIn, Depends(body(WhyIn))],
    service: ServiceNow,
    actor: PersonNow,
) -> Response:
    """A listing takes the deferral of later stays away and never touches coverage."""
    return exact(_entry(_MOVES[move](case_id, service.tools, act(service, actor, asked.reason, asked.reason))))


@router.post("/arrears/run", summary="What is late today 逾期与提醒", response_model=ArrearsRunOut)
def run(service: ServiceNow, actor: ActorNow) -> Response:
    """Calls overdue what is late and reminds where a reminder is due; lists and sues nobody. Once a day is enough."""
    done = arrears.run(service.tools, act(service, actor, None, "daily run"))
    lines = [
        {
            "case_id": each.arrears.case_id,
            "state": str(each.arrears.state),
            "open": each.arrears.open.text,
            "days_late": each.arrears.days,
            "reminder": each.reminder.step if each.reminder else None,
        }
        for each in done.lines
    ]
    return exact({"lines": lines, "issues": issues_json(done.issues)})


@router.post(
    "/cases/{case_id}/arrears/{step}",
    summary="Collect, sue or write off 追缴、诉讼、核销",
    response_model=StepOut,
    responses=_ACT,
    openapi_extra=documented(StepIn),
)
def step(
    case_id: str,
    step: Literal["collect", "court", "write-off"],
    asked: Annotated[StepIn, Depends(body(StepIn))],
    service: ServiceNow,
    actor: PersonNow,
) -> Response:
    """Each by a named person, in the order that the programme gives."""
    told, tools = act(service, actor, asked.reason, asked.reason), service.tools
    if step == "collect":
        taken = arrears.collect(case_id, tools, told)
    elif step == "court":
        taken = arrears.sue(case_id, tools, told, basis=asked.basis)
    else:
        taken = arrears.write_off(case_id, asked.amount, tools, told)
    return exact({"case_id": case_id, "state": str(taken.state), "amount": taken.amount.text, "cite": taken.cite})


@router.post(
    "/cases/{case_id}/village-task",
    summary="Ask the village doctor 乡村医生督促",
    response_model=VillageOut,
    responses=_ACT,
    openapi_extra=documented(VillageIn),
)
def village(
    case_id: str, asked: Annotated[VillageIn, Depends(body(VillageIn))], service: ServiceNow, actor: PersonNow
) -> Response:
    """Name, amount and day in a Task of their own; nothing of the stay."""
    told = act(service, actor, asked.reason, "reminder through the village")
    task = arrears.ask_village(case_id, asked.village, service.tools, told)
    shown = {"village": task.village, "amount": task.amount.text, "due": task.due.isoformat(), "cite": task.cite}
    return exact(shown)


@router.post(
    "/cases/{case_id}/fund/claim",
    summary="Claim from the risk fund 申请风险基金",
    response_model=FundClaimOut,
    responses=_ACT,
    openapi_extra=documented(WhyIn),
)
def claim(
    case_id: str, asked: Annotated[WhyIn, Depends(body(WhyIn))], service: ServiceNow, actor: PersonNow
) -> Response:
    """After collection was tried; the debtor owes what he owed."""
    made = fund.claim(case_id, service.tools, act(service, actor, asked.reason, asked.reason))
    shown = {"lost": made.lost.text, "amount": made.amount.text, "hospital": made.hospital.text, "cite": made.cite}
    return exact({"case_id": case_id, **shown})


@router.post(
    "/cases/{case_id}/fund/{way}",
    summary="Received from or repaid to the fund 基金到账、归还",
    response_model=FundOut,
    responses=_ACT,
    openapi_extra=documented(FundIn),
)
def fund_money(
    case_id: str,
    way: Literal["received", "repaid"],
    asked: Annotated[FundIn, Depends(body(FundIn))],
    service: ServiceNow,
    actor: PersonNow,
) -> Response:
    """The same reference again books nothing."""
    told = act(service, actor, asked.reason, way)
    done = fund.received if way == "received" else fund.repaid
    now = done(case_id, asked.amount, asked.reference, service.tools, told)
    return exact({"case_id": case_id, "owes": now.owes.text, "owed": now.owed.text})


def _entry(entry: credit.CreditEntry) -> dict[str, Any]:
    return {
        "case_id": entry.case_id,
        "state": str(entry.state),
        "trigger": str(entry.trigger),
        "since": entry.since.isoformat(),
        "cite": entry.cite,
    }
