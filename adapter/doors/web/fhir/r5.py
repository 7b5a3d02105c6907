"""The R5 base: the same resources, read and searched in R5 (R5 读取与检索).

Its handlers are those of the R4 base. A question in R5's names is put to them in R4's, and what they answer is said in
R5 by ``versions.said``. Reading only: a hospital writes at the R4 base.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.types import Message

from adapter import __version__
from adapter.doors.web import issues
from adapter.doors.web.context import ActorNow, ServiceNow, Why
from adapter.doors.web.fhir import reading
from adapter.doors.web.fhir.addresses import Identity, Kind
from adapter.doors.web.fhir.negotiation import answer
from adapter.doors.web.fhir.reading import BUNDLE, OUTCOME, RESOURCE, base_of
from adapter.doors.web.fhir.versions import SAID, for_hl7_china
from adapter.fhir.metadata import RELEASED
from adapter.fhir.package.hl7_china import SYSTEMS
from adapter.fhir.r5.metadata import SERVED_IN_R5, capability_statement_r5
from adapter.fhir.r5.searching import in_r4
from adapter.fhir.search.issues import type_not_searched
from adapter.model.issues import AdapterError

_LOSSES = {
    "X-R5-Losses": {
        "description": "Elements that R5 does not have, each `;carried` by an extension or `;lost`.",
        "schema": {"type": "string"},
    }
}
_RESOURCE, _BUNDLE = {**RESOURCE, "headers": _LOSSES}, {**BUNDLE, "headers": _LOSSES}

opened = APIRouter(tags=["FHIR R5"])
router = APIRouter(tags=["FHIR R5"])


@opened.get("/fhir/r5/metadata", summary="CapabilityStatement (R5)", response_class=Response, responses={200: RESOURCE})
def metadata(request: Request) -> Response:
    """What the R5 base can do, made from what it does. Open without a token."""
    base, token = base_of(request), reading.asks_for_token(request)
    return answer(request, capability_statement_r5(version=__version__, released=RELEASED, base=base, token=token))


@router.get(
    "/fhir/r5/{kind:kind}/{identity:identity}",
    summary="Read a resource in R5",
    response_class=Response,
    responses={200: _RESOURCE, 304: {"description": "Not modified"}, 404: OUTCOME, 406: OUTCOME, 410: OUTCOME},
)
def read(
    request: Request, kind: Kind, identity: Identity, service: ServiceNow, actor: ActorNow, reason: Why = None
) -> Response:
    """As at the R4 base. The header `X-R5-Losses` names elements that R5 does not have, `;carried` in an extension."""
    _served(kind, f"{kind}/{identity}")
    return reading.read(_asked_in_r4(request, kind), kind, identity, service, actor, reason)


@router.get(
    "/fhir/r5/{kind:kind}/{identity:identity}/_history/{version}",
    summary="Read one version in R5",
    response_class=Response,
    responses={200: _RESOURCE, 404: OUTCOME, 406: OUTCOME, 410: OUTCOME},
)
def vread(
    request: Request,
    kind: Kind,
    identity: Identity,
    version: str,
    service: ServiceNow,
    actor: ActorNow,
    reason: Why = None,
) -> Response:
    """One version as it was, said in R5."""
    _served(kind, f"{kind}/{identity}/_history")
    return reading.vread(_asked_in_r4(request, kind), kind, identity, version, service, actor, reason)


@router.get(
    "/fhir/r5/{kind:kind}/{identity:identity}/_history",
    summary="Every version of a resource in R5",
    response_class=Response,
    responses={200: _BUNDLE, 404: OUTCOME, 406: OUTCOME},
)
def history(
    request: Request, kind: Kind, identity: Identity, service: ServiceNow, actor: ActorNow, reason: Why = None
) -> Response:
    """Newest first. `_count` limits how many are shown, `_since` to those written from a moment on."""
    _served(kind, f"{kind}/{identity}/_history")
    return reading.history(_asked_in_r4(request, kind), kind, identity, service, actor, reason)


@router.get(
    "/fhir/r5/{kind:kind}",
    summary="Search in R5",
    response_class=Response,
    responses={200: _BUNDLE, 400: OUTCOME, 404: OUTCOME, 406: OUTCOME, 422: OUTCOME},
)
def search(request: Request, kind: Kind, service: ServiceNow, actor: ActorNow, reason: Why = None) -> Response:
    """By R5's search parameters of the type; the CapabilityStatement of this base lists them."""
    _searched(kind)
    return reading.search(_asked_in_r4(request, kind), kind, service, actor, reason)


@router.post(
    "/fhir/r5/{kind:kind}/_search",
    summary="Search in R5, with the parameters in the body",
    response_class=Response,
    responses={200: _BUNDLE, 400: OUTCOME, 404: OUTCOME, 406: OUTCOME, 415: OUTCOME, 422: OUTCOME},
    openapi_extra={
        "requestBody": {
            "content": {"application/x-www-form-urlencoded": {"schema": {"type": "object"}}},
            "required": False,
        }
    },
)
async def search_by_post(
    request: Request, kind: Kind, service: ServiceNow, actor: ActorNow, reason: Why = None
) -> Response:
    """As a search by GET; nothing of it stands in an address or a log."""
    await run_in_threadpool(_searched, kind)
    body = await request.body()
    asked = _asked_in_r4(request, kind, body)
    return await reading.search_by_post(asked, kind, service, actor, reason)


def _served(kind: str, pointer: str) -> None:
    if kind not in SERVED_IN_R5:
        raise AdapterError(issues.no_such_resource(pointer))


def _searched(kind: str) -> None:
    if kind not in SERVED_IN_R5:
        raise AdapterError(type_not_searched(kind))


def _asked_in_r4(request: Request, kind: str, body: bytes = b"") -> Request:
    """The same request with what was asked in R4's names; its address stays, so it is answered in R5."""
    systems = SYSTEMS.get(kind, {}) if for_hl7_china(request) else {}
    query, one = _translated(kind, request.url.query, systems)
    form, other = _translated(kind, body.decode("utf-8", "replace"), systems)

    async def receive() -> Message:
        return {"type": "http.request", "body": form.encode(), "more_body": False}

    scope = {**request.scope, "query_string": query.encode(), SAID: one | other}
    return Request(scope, receive)


def _translated(
    kind: str, asked: str, systems: Mapping[str, str]
) -> tuple[str, dict[tuple[str, str], tuple[str, str]]]:
    """A query in R4's names, and its pairs by what they have become.

    Args:
        systems: our identifier systems, with the ones that stand for them.
    """
    pairs = reading.pairs_of(asked, kind)
    old = [(name, _own_system(value, systems) if name == "identifier" else value) for name, value in in_r4(kind, pairs)]
    return urlencode(old), dict(zip(old, pairs, strict=True))


def _own_system(value: str, systems: Mapping[str, str]) -> str:
    """Identifiers under the systems that we keep them under."""
    for own, shown in systems.items():
        value = ",".join(each.replace(f"{shown}|", f"{own}|", 1) for each in value.split(","))
    return value
