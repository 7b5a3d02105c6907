"""Messages whose effect nobody can ask: a person's verdict, a late answer looked into, taking one back; lists."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Response
from pydantic import Field

from adapter.cases import afterwards, compensate, outgoing, verdicts
from adapter.cases.verdicts import Word
from adapter.cases.views import message_json
from adapter.doors.web.answers import exact
from adapter.doors.web.api.walk import Why
from adapter.doors.web.context import ActorNow, Service, ServiceNow, act, body, documented
from adapter.doors.web.models import Amount, MessageOut, Problem, Shape
from adapter.model.settlement import Payer

router = APIRouter(tags=["payers 付款方"])

_ACT: dict[int | str, dict[str, Any]] = {404: {"model": Problem}, 409: {"model": Problem}, 422: {"model": Problem}}


class VerdictIn(Why):
    """What became of a message, as the payer's paper or screen says."""

    verdict: Literal["accepted", "not-seen"]
    reference: str = Field("", max_length=64, description="`accepted`: the payer's id of what it did.")
    amounts: dict[Payer, Amount] = Field(
        default_factory=dict, description="`accepted`, where the payer decides: yuan that each payer of the call bears."
    )


class SettlementListOut(Shape):
    """Where the list of one settlement stands."""

    case_id: str
    version: int
    call: str
    state: Literal["accepted", "refused", "waits", "not-composed", "not-sent"]
    key: str
    why: list[str] = Field(description="Codes of what keeps it.")


class SettlementListsOut(Shape):
    lists: list[SettlementListOut]


WhyNow = Annotated[Why, Depends(body(Why))]


@router.post(
    "/outbox/{key}/resolve",
    summary="A person's verdict 人工认定",
    response_model=MessageOut,
    responses=_ACT,
    openapi_extra=documented(VerdictIn),
)
def resolve(
    key: str, asked: Annotated[VerdictIn, Depends(body(VerdictIn))], service: ServiceNow, actor: ActorNow
) -> Response:
    """Only a parked message of unknown effect; the payer is asked once more before, and its own word counts."""
    told = act(service, actor, asked.reason, asked.reason)
    word = Word(asked.verdict)
    verdicts.resolve(key, word, service.tools, told, reference=asked.reference, amounts=asked.amounts)
    return _message(key, service)


@router.post(
    "/outbox/{key}/clear",
    summary="A contradiction was looked into 矛盾答复已核实",
    response_model=MessageOut,
    responses=_ACT,
    openapi_extra=documented(Why),
)
def clear(key: str, asked: WhyNow, service: ServiceNow, actor: ActorNow) -> Response:
    """The case goes on with what the payer said last (CASE-441)."""
    verdicts.clear(key, service.tools, act(service, actor, asked.reason, asked.reason))
    return _message(key, service)


@router.post(
    "/outbox/{key}/compensate",
    summary="Take back a lost message 冲正",
    response_model=MessageOut,
    responses=_ACT,
    openapi_extra=documented(Why),
)
def take_back(key: str, asked: WhyNow, service: ServiceNow, actor: ActorNow) -> Response:
    """Stores the payer's own transaction for it, and answers with that one; when it succeeds, the lost one is due."""
    by = compensate.compensate(key, service.tools, act(service, actor, asked.reason, asked.reason))
    return _message(by, service)


@router.get("/settlement-lists", summary="Settlement lists 结算清单", response_model=SettlementListsOut)
def lists(
    service: ServiceNow,
    everything: Annotated[bool, Query(alias="all", description="Also those that were accepted.")] = False,
) -> Response:
    """Settled cases whose list the payer has not accepted yet."""
    found = afterwards.settlement_lists(service.tools, everything=everything)
    return exact({"lists": [each.as_json() for each in found]})


@router.post(
    "/cases/{case_id}/settlement-list",
    summary="Send the settlement list 上传结算清单",
    response_model=SettlementListsOut,
    responses=_ACT,
    openapi_extra=documented(Why),
)
def send_list(case_id: str, asked: WhyNow, service: ServiceNow, actor: ActorNow) -> Response:
    """Send it, or anew after what was wrong with it is corrected."""
    told = act(service, actor, asked.reason, asked.reason)
    found = afterwards.send_list(case_id, service.tools, told)
    service.worker.wake()
    return exact({"lists": [each.as_json() for each in found]})


def _message(key: str, service: Service) -> Response:
    service.worker.wake()
    row, _ = outgoing.message(key, service.tools)
    return exact(message_json(row))
