"""Read, vread, history and search of what is kept (读取、历史、检索)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from adapter import __version__
from adapter.cases import served
from adapter.cases.searching import search_resources, told
from adapter.cases.served import ResourceRow
from adapter.cases.tools import Act, Tools
from adapter.doors.web import issues
from adapter.doors.web.context import ActorNow, ServiceNow, Why, act
from adapter.doors.web.fhir.addresses import Identity, Kind
from adapter.doors.web.fhir.bundles import history as history_bundle
from adapter.doors.web.fhir.bundles import searchset
from adapter.doors.web.fhir.negotiation import answer, wanted, wanted_by
from adapter.doors.web.fhir.preferences import preferences
from adapter.doors.web.fhir.versions import R5_BASE, version_of
from adapter.fhir.canonical import decode
from adapter.fhir.metadata import RELEASED, SERVED, capability_statement
from adapter.fhir.search import issues as wrong
from adapter.fhir.search.query import MOST, parse
from adapter.fhir.search.showing import shown
from adapter.model.issues import AdapterError
from adapter.settings import Settings

opened = APIRouter(tags=["FHIR"])
router = APIRouter(tags=["FHIR"])

_MOST_PARAMETERS = 200

_SCHEMA = {"schema": {"type": "object", "required": ["resourceType"]}}
#: A resource in either format, for OpenAPI.
CONTENT = {"application/fhir+json": _SCHEMA, "application/fhir+xml": {"schema": {"type": "string"}}}
OUTCOME = {"content": CONTENT, "description": "OperationOutcome"}
RESOURCE = {"content": CONTENT, "description": "The resource"}
BUNDLE = {"content": CONTENT, "description": "Bundle"}


def base_of(request: Request) -> str:
    """Our own FHIR address as the caller sees it, of the version that was asked for."""
    base = R5_BASE if version_of(request) == "R5" else "/fhir"
    return f"{str(request.base_url).rstrip('/')}{base}"


def asks_for_token(request: Request) -> bool:
    """Whether the service that a request came to lets nobody in without its token."""
    settings: Settings = request.app.state.settings
    return settings.api_token is not None


@opened.get("/fhir/metadata", summary="CapabilityStatement", response_class=Response, responses={200: RESOURCE})
def metadata(request: Request) -> Response:
    """What this server can do, made from what it does. Open without a token."""
    base, token = base_of(request), asks_for_token(request)
    return answer(request, capability_statement(version=__version__, released=RELEASED, base=base, token=token))


@router.get(
    "/fhir/{kind:kind}/{identity:identity}",
    summary="Read a resource",
    response_class=Response,
    responses={200: RESOURCE, 304: {"description": "Not modified"}, 404: OUTCOME, 406: OUTCOME, 410: OUTCOME},
)
def read(
    request: Request, kind: Kind, identity: Identity, service: ServiceNow, actor: ActorNow, reason: Why = None
) -> Response:
    """The newest version, with `ETag` and `Last-Modified`. Whoever reads a person's resource stands in the journal.

    `If-None-Match` and `If-Modified-Since` save the transfer of what is known; `_summary` and `_elements` show a part.
    """
    pointer = f"{kind}/{identity}"
    told_ = act(service, actor, reason, "read")
    found = served.read_resource(kind, identity, service.tools, told_) if kind in SERVED else None
    return _one(request, found, pointer)


@router.get(
    "/fhir/{kind:kind}/{identity:identity}/_history/{version}",
    summary="Read one version",
    response_class=Response,
    responses={200: RESOURCE, 404: OUTCOME, 406: OUTCOME, 410: OUTCOME},
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
    """One version as it was."""
    number = int(version) if version.isascii() and version.isdigit() and len(version) < 9 else None
    told_ = act(service, actor, reason, "read a version")
    found = None
    if kind in SERVED and number is not None:
        found = served.read_resource(kind, identity, service.tools, told_, version=number)
    return _one(request, found, f"{kind}/{identity}/_history/{number or '?'}")


@router.get(
    "/fhir/{kind:kind}/{identity:identity}/_history",
    summary="Every version of a resource",
    response_class=Response,
    responses={200: BUNDLE, 404: OUTCOME, 406: OUTCOME},
)
def history(
    request: Request, kind: Kind, identity: Identity, service: ServiceNow, actor: ActorNow, reason: Why = None
) -> Response:
    """Newest first. `_count` limits how many are shown, `_since` to those written from a moment on."""
    told_ = act(service, actor, reason, "read the history")
    asked = request.query_params.multi_items()
    return answer(request, history_of(kind, identity, asked, service.tools, told_, base_of(request)))


def history_of(
    kind: str, identity: str, asked: Sequence[tuple[str, str]], tools: Tools, told_: Act, base: str
) -> dict[str, Any]:
    """The Bundle of a history. Raises AdapterError API-809, FHIR-204."""
    since, count = _since(asked, kind), _count(asked, kind)
    rows = served.resource_history(kind, identity, tools, told_) if kind in SERVED else []
    if not rows:
        raise AdapterError(issues.no_such_resource(f"{kind}/{identity}"))
    shown_rows = [row for row in reversed(rows) if since is None or row.at >= since]
    return history_bundle(kind, shown_rows[:count], base, len(shown_rows))


@router.get(
    "/fhir/{kind:kind}",
    summary="Search",
    response_class=Response,
    responses={200: BUNDLE, 400: OUTCOME, 404: OUTCOME, 406: OUTCOME, 422: OUTCOME},
)
def search(request: Request, kind: Kind, service: ServiceNow, actor: ActorNow, reason: Why = None) -> Response:
    """By R4's search parameters of the type; the CapabilityStatement lists them.

    A person's own data (names, addresses, ID numbers) is refused in an address: POST it to `_search`.
    """
    return _searched(request, kind, request.url.query, service, actor, reason, in_address=True)


@router.post(
    "/fhir/{kind:kind}/_search",
    summary="Search, with the parameters in the body",
    response_class=Response,
    responses={200: BUNDLE, 400: OUTCOME, 404: OUTCOME, 406: OUTCOME, 415: OUTCOME, 422: OUTCOME},
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
    kind_of_body = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind_of_body not in ("", "application/x-www-form-urlencoded"):
        raise AdapterError(issues.no_form())
    body = (await request.body()).decode("utf-8", "replace")
    asked = "&".join(each for each in (request.url.query, body) if each)
    return await run_in_threadpool(_searched, request, kind, asked, service, actor, reason, in_address=False)


def _searched(
    request: Request,
    kind: str,
    asked: str,
    service: ServiceNow,
    actor: ActorNow,
    reason: str | None,
    *,
    in_address: bool,
) -> Response:
    lenient, base = preferences(request).lenient, base_of(request)
    pairs = pairs_of(asked, kind)
    format_ = wanted(request) if in_address else wanted_by(request, dict(pairs).get("_format"))
    query = parse(kind, pairs, base=base, lenient=lenient, in_address=in_address)
    found = search_resources(query, service.tools, act(service, actor, reason, "search"))
    return answer(request, searchset(query, found, base), format_=format_)


def pairs_of(asked: str, kind: str) -> list[tuple[str, str]]:
    """Names and values of a question as they came."""
    try:
        return parse_qsl(asked, keep_blank_values=True, max_num_fields=_MOST_PARAMETERS)
    except ValueError:  # a question so long is no question
        raise AdapterError(wrong.bad_value(kind, "?", f"at most {_MOST_PARAMETERS} parameters")) from None


def _one(request: Request, found: ResourceRow | None, pointer: str) -> Response:
    """One version as an answer, or why there is none."""
    if found is None:
        raise AdapterError(issues.no_such_resource(pointer))
    if found.deleted:
        raise AdapterError(issues.resource_gone(pointer))
    headers = {"ETag": f'W/"{found.version}"', "Last-Modified": format_datetime(found.at, usegmt=True)}
    if _known(request, found):
        return Response(status_code=304, headers=headers)
    return answer(request, part_of(found, request.query_params.multi_items()), headers=headers)


def part_of(found: ResourceRow, asked: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """A version as far as ``_summary`` and ``_elements`` want it. Raises AdapterError FHIR-204."""
    query = parse(found.type, [(name, value) for name, value in asked if name in ("_summary", "_elements")])
    return shown(told(found, decode(found.body)), query.summary, query.elements)


def _known(request: Request, found: ResourceRow) -> bool:
    """Whether the caller has this version already."""
    if (tags := request.headers.get("if-none-match")) is not None:
        return any(tag.strip() in (f'W/"{found.version}"', f'"{found.version}"', "*") for tag in tags.split(","))
    try:
        since = parsedate_to_datetime(request.headers.get("if-modified-since", ""))
    except (TypeError, ValueError, OverflowError):
        return False
    return since.tzinfo is not None and found.at.replace(microsecond=0) <= since


def _count(asked: Sequence[tuple[str, str]], kind: str) -> int:
    pairs = [(name, value) for name, value in asked if name == "_count" and value]
    return parse(kind, pairs).count if pairs and kind in SERVED else MOST


def _since(asked: Sequence[tuple[str, str]], kind: str) -> datetime | None:
    text = dict(asked).get("_since")
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise AdapterError(wrong.bad_value(kind, "_since", "2021-05-17T08:00:00+08:00"))
    return found
