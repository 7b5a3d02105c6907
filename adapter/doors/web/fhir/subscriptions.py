"""Subscriptions over HTTP: made, changed, deleted here; read, searched and looked back on like any other (订阅接口)."""

from __future__ import annotations

from email.utils import format_datetime
from typing import Annotated, Any
from urllib.parse import unquote

from fastapi import APIRouter, Depends, Request, Response
from starlette.concurrency import run_in_threadpool

from adapter.cases.searching import told
from adapter.cases.served import ResourceRow
from adapter.cases.subscriptions import subscribe, unsubscribe
from adapter.cases.subscriptions_issues import criteria_unusable
from adapter.doors.web.context import ActorNow, ServiceNow, Why, act
from adapter.doors.web.fhir.addresses import Identity
from adapter.doors.web.fhir.negotiation import Format, answer, came, wanted
from adapter.doors.web.fhir.reading import CONTENT, OUTCOME, RESOURCE, base_of
from adapter.doors.web.fhir.subscription_issues import no_subscription_sent
from adapter.doors.web.fhir.writing import IfMatch, version_in
from adapter.fhir.canonical import decode
from adapter.model.issues import AdapterError

router = APIRouter(tags=["FHIR"])

_BODY: dict[str, Any] = {"requestBody": {"required": True, "content": CONTENT, "description": "Subscription"}}
_SAID: dict[int | str, dict[str, Any]] = dict.fromkeys((400, 406, 412, 413, 415, 422), OUTCOME)

Wanted = Annotated[Format, Depends(wanted)]
Sent = Annotated[Any, Depends(came)]


@router.post(
    "/fhir/Subscription",
    summary="Subscribe to changes 订阅",
    response_class=Response,
    status_code=201,
    responses={**_SAID, 201: RESOURCE},
    openapi_extra=_BODY,
)
async def create(
    request: Request, sent: Sent, wanted: Wanted, service: ServiceNow, actor: ActorNow, reason: Why = None
) -> Response:
    """`criteria` is a search over one type; `channel` a rest-hook to an address that the settings allow.

    `status` becomes `active` once the receiver has answered an empty POST with 2xx; changes from then on are told. With
    `payload` the resource is PUT to `<endpoint>/<Type>/<id>`, without it an empty POST says that something changed.
    `Idempotency-Key` is the id of a notice: one may come twice. Values of `header` are kept and never shown.
    """
    resource = _subscription(sent, base_of(request))
    told_ = act(service, actor, reason, "subscribe")
    row, _ = await run_in_threadpool(subscribe, resource, service.tools, told_)
    service.worker.wake()
    return _kept(request, row, 201, wanted)


@router.put(
    "/fhir/Subscription/{identity:identity}",
    summary="Change a subscription, or go on with it 修改或恢复订阅",
    response_class=Response,
    responses={**_SAID, 200: RESOURCE, 201: RESOURCE},
    openapi_extra=_BODY,
)
async def update(
    request: Request,
    identity: Identity,
    sent: Sent,
    wanted: Wanted,
    service: ServiceNow,
    actor: ActorNow,
    reason: Why = None,
    if_match: IfMatch = None,
) -> Response:
    """The receiver is asked anew whether it is there; what waited since an error is told then. `off` ends the telling.

    A header whose value is `***` keeps the one that was given before.
    """
    resource = _subscription(sent, base_of(request))
    if resource.get("id") != identity:
        raise AdapterError(no_subscription_sent("Subscription.id"))
    told_ = act(service, actor, reason, "change a subscription")
    version = version_in(if_match)
    row, new = await run_in_threadpool(subscribe, resource, service.tools, told_, identity, version=version)
    service.worker.wake()
    return _kept(request, row, 201 if new else 200, wanted)


@router.delete(
    "/fhir/Subscription/{identity:identity}",
    summary="End a subscription 取消订阅",
    response_class=Response,
    status_code=204,
    responses={204: {"description": "Deleted"}, 404: OUTCOME, 406: OUTCOME, 422: OUTCOME},
)
def delete(identity: Identity, service: ServiceNow, actor: ActorNow, reason: Why = None) -> Response:
    """What has not been told yet is let go."""
    unsubscribe(identity, service.tools, act(service, actor, reason, "unsubscribe"))
    return Response(status_code=204)


def _subscription(sent: Any, base: str) -> dict[str, Any]:
    """What was sent. Raises AdapterError API-882, and CASE-464 for criteria that name what is kept by our own address.

    References are kept without it, and whoever tells the subscribers does not know it: nothing would ever match.
    """
    if not isinstance(sent, dict) or sent.get("resourceType") != "Subscription":
        raise AdapterError(no_subscription_sent("body"))
    if f"{base}/" in unquote(str(sent.get("criteria", ""))):
        raise AdapterError(criteria_unusable())
    return sent


def _kept(request: Request, row: ResourceRow, status: int, wanted: Format) -> Response:
    headers = {"ETag": f'W/"{row.version}"', "Last-Modified": format_datetime(row.at, usegmt=True)}
    if status == 201:
        headers["Location"] = f"{base_of(request)}/Subscription/{row.id}/_history/{row.version}"
    return answer(request, told(row, decode(row.body)), status, headers, format_=wanted)
