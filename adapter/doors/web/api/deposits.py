"""POST /deposits/check: may this deposit be taken? Asked at the window before any money moves."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from adapter.cases import served
from adapter.cases.recording import case_id_of
from adapter.doors.web.answers import exact
from adapter.doors.web.context import ActorNow, ServiceNow, act, body, documented
from adapter.doors.web.models import DepositIn, DepositOut, Problem

router = APIRouter(tags=["admission 入院"])


@router.post(
    "/deposits/check",
    summary="May this deposit be taken?",
    response_model=DepositOut,
    responses={404: {"model": Problem}, 422: {"model": Problem}},
    openapi_extra=documented(DepositIn),
)
def check(asked: Annotated[DepositIn, Depends(body(DepositIn))], service: ServiceNow, actor: ActorNow) -> Response:
    """Whether the cashier may take the amount now, with the article. The question is written into the journal.

    Name the case, or the source and the stay as the HIS knows it.
    """
    case_id = asked.case_id or case_id_of(str(asked.source), str(asked.stay_key))
    told = act(service, actor, None, "deposit check")
    said, row = served.ask_deposit(case_id, asked.amount, service.tools, told)
    return exact(
        {
            "case_id": case_id,
            "amount": said.amount.text,
            "allowed": said.allowed,
            "zh": said.zh,
            "en": said.en,
            "cite": said.cite,
            "entitlement": row.entitlement,
            "deposit": row.deposit,
        }
    )
