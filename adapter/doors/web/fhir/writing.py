"""Create and update, one resource at a time (新建、更新).

A hospital names itself by ``X-Source``, or is the one of the settings. What it posts is kept as it is, read back at
``Location``, and taken in as if it stood in a Bundle file; see ``adapter.fhir.posted`` for the ids.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import format_datetime
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Depends, Header, Request, Response
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool

from adapter.cases.resources_in import Placed, Written, speaking, take, write
from adapter.cases.resources_in_plan import Change
from adapter.cases.searching import told
from adapter.cases.tools import Act, Tools
from adapter.doors.web import issues
from adapter.doors.web.context import ActorNow, Service, ServiceNow, Why, act
from adapter.doors.web.fhir import writing_issues as wrong
from adapter.doors.web.fhir.addresses import Identity, Kind
from adapter.doors.web.fhir.negotiation import Format, answer, came, outcome, wanted
from adapter.doors.web.fhir.preferences import Return, preferences
from adapter.doors.web.fhir.reading import CONTENT, OUTCOME, RESOURCE, base_of
from adapter.fhir import posted_issues
from adapter.fhir.metadata import SERVED
from adapter.fhir.outcome import operation_outcome
from adapter.fhir.posted import WRITABLE
from adapter.model.case import Actor
from adapter.model.issues import AdapterError, Issue
from adapter.settings import Settings

router = APIRouter(tags=["FHIR"])

_ETAG = re.compile(r'(?:W/)?"(\d{1,9})"|(\d{1,9})')

#: Parameters of an address that are no part of a condition.
_CONTROLS = frozenset({"_format", "_pretty", "reason"})

BODY: dict[str, Any] = {"requestBody": {"required": True, "content": CONTENT, "description": "The resource"}}
_REFUSED: dict[int | str, dict[str, Any]] = dict.fromkeys((400, 404, 405, 406, 409, 412, 413, 415, 422, 503), OUTCOME)
_CREATED = {**RESOURCE, "description": "Created; `Location` says where it stands."}
_WRITTEN: dict[int | str, dict[str, Any]] = {200: RESOURCE, 201: _CREATED, **_REFUSED}
_NEVER: dict[int | str, dict[str, Any]] = {405: OUTCOME, 404: OUTCOME, 406: OUTCOME}


def returning(
    request: Request,
    prefer: Annotated[
        str | None,
        Header(
            description="`return=minimal`: answer as soon as it is kept, without a body; `return=representation` or "
            "`return=OperationOutcome`: when it was taken in, with the resource or with what was found."
        ),
    ] = None,
) -> Return | None:
    """What the answer is to hold; None where nothing, or nothing known, is asked for."""
    return preferences(request).returning


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and what answering needs."""

    service: Service
    act: Act
    base: str

    @property
    def tools(self) -> Tools:
        return self.service.tools


@dataclass(frozen=True, slots=True)
class Hospital(Caller):
    """Who writes."""

    source: str


@dataclass(frozen=True, slots=True)
class Asking:
    """Who sent a request of which it is not known yet whether it writes.

    Attributes:
        source: the hospital that is named, or the one of the settings.
    """

    service: Service
    actor: Actor
    reason: str | None
    source: str | None
    base: str

    def reader(self) -> Caller:
        """As one who only reads: no hospital is asked for."""
        return Caller(self.service, act(self.service, self.actor, self.reason, "read"), self.base)

    def hospital(self) -> Hospital:
        """As the hospital that writes.

        Raises:
            AdapterError: API-854 none is named, API-856 it does not speak FHIR, MAP-112 there is no such source.
        """
        if not self.source:
            raise AdapterError(wrong.no_hospital_named())
        if speaking(self.source, self.service.tools) is None:
            raise AdapterError(wrong.speaks_no_fhir(self.source))
        told_ = act(self.service, self.actor, self.reason, "written by the hospital")
        return Hospital(self.service, told_, self.base, self.source)


def asking(
    request: Request,
    service: ServiceNow,
    actor: ActorNow,
    reason: Why = None,
    x_source: Annotated[
        str | None,
        Header(
            pattern=r"^[A-Za-z0-9_]{1,64}$",
            description="Which hospital writes: its name in `mappings/sources`. Else the one of `ADAPTER_FHIR_SOURCE`.",
            examples=["tianhu_county"],
        ),
    ] = None,
) -> Asking:
    """Who sent a request, and the hospital that it names."""
    settings: Settings = request.app.state.settings
    return Asking(service, actor, reason, x_source or settings.fhir_source, base_of(request))


AskingNow = Annotated[Asking, Depends(asking)]


def hospital(by: AskingNow) -> Hospital:
    """The hospital that writes. Raises AdapterError as ``Asking.hospital``."""
    return by.hospital()


Sent = Annotated[Any, Depends(came)]
HospitalNow = Annotated[Hospital, Depends(hospital)]
Wanted = Annotated[Format, Depends(wanted)]
Returning = Annotated[Return | None, Depends(returning)]
IfNoneMatch = Annotated[str | None, Header(description="`*`: write only where there is none yet.")]
IfMatch = Annotated[str | None, Header(description='Write only over this version: `W/"3"`.')]


@router.post(
    "/fhir/{kind:kind}", summary="Create a resource", response_class=Response, responses=_WRITTEN, openapi_extra=BODY
)
async def create(
    request: Request,
    kind: Kind,
    sent: Sent,
    by: HospitalNow,
    asked: Returning,
    _format: Wanted,
    if_none_exist: Annotated[
        str | None, Header(description="Create only if this search finds nothing: `identifier=system|value`.")
    ] = None,
) -> Response:
    """What a stay is made of: the CapabilityStatement lists the types. `If-None-Exist` answers 200 with what is there.

    An id in the body is the hospital's own key: by it the resource is known wherever else it comes from.
    """
    change = Change(writable(kind), resource(sent), condition=none_exists(if_none_exist))
    return await run_in_threadpool(_one, request, change, by, asked)


@router.put(
    "/fhir/{kind:kind}/{identity:identity}",
    summary="Update a resource, or create it under the hospital's own id",
    response_class=Response,
    responses=_WRITTEN,
    openapi_extra=BODY,
)
async def update(
    request: Request,
    kind: Kind,
    identity: Identity,
    sent: Sent,
    by: HospitalNow,
    asked: Returning,
    _format: Wanted,
    if_match: IfMatch = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """The whole resource, with the id of the address. With `If-Match` only over the version that it names.

    With `If-None-Match: *` only where there is none yet.
    """
    version = version_in(if_match, if_none_match)
    change = Change(writable(kind), resource(sent), create=False, identity=identity, version=version)
    return await run_in_threadpool(_one, request, change, by, asked)


@router.put(
    "/fhir/{kind:kind}",
    summary="Update the resource that a search finds, or create it",
    response_class=Response,
    responses=_WRITTEN,
    openapi_extra=BODY,
)
async def conditional_update(
    request: Request,
    kind: Kind,
    sent: Sent,
    by: HospitalNow,
    asked: Returning,
    _format: Wanted,
    if_match: IfMatch = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """`PUT /fhir/Patient?identifier=system|value`. Finds it nothing, the resource is created; several are 412."""
    pairs = [(name, value) for name, value in request.query_params.multi_items() if name not in _CONTROLS]
    condition = urlencode(pairs)
    if not condition:
        raise AdapterError(wrong.condition_unusable(f"{writable(kind)}?"))
    version = version_in(if_match, if_none_match)
    change = Change(writable(kind), resource(sent), create=False, condition=condition, version=version, in_address=True)
    return await run_in_threadpool(_one, request, change, by, asked)


@router.patch(
    "/fhir/{kind:kind}/{identity:identity}",
    summary="Not done: parts of a resource",
    response_class=Response,
    responses=_NEVER,
)
@router.delete(
    "/fhir/{kind:kind}/{identity:identity}",
    summary="Not done: delete a resource",
    response_class=Response,
    responses=_NEVER,
)
def not_done(request: Request, kind: Kind, identity: Identity) -> Response:
    """What was booked stays on record. A wrong one is written anew with status `entered-in-error`."""
    allowed = "GET, PUT" if kind in WRITABLE else "GET"
    return outcome(request, [wrong.not_done(f"{kind}/{identity}", request.method)], 405, {"Allow": allowed})


def writable(kind: str) -> str:
    """The type, where a hospital may write it. Raises AdapterError API-857, or API-809 for a type that is unknown."""
    if kind in WRITABLE:
        return kind
    if kind not in SERVED:
        raise AdapterError(issues.no_such_resource(kind))
    raise AdapterError(wrong.not_written(kind, ", ".join(WRITABLE)))


def resource(sent: Any) -> Mapping[str, Any]:
    """What was sent, as a resource. Raises AdapterError FHIR-283."""
    if not isinstance(sent, dict):
        raise AdapterError(posted_issues.not_what_is_addressed("body"))
    return sent


def version_in(text: Any, none_match: Any = None) -> int | None:
    """The version that an ETag names; 0, there must be none yet. Raises AdapterError API-859.

    Args:
        text: If-Match.
        none_match: If-None-Match, of which ``*`` alone makes sense for a write.
    """
    if none_match is not None and (text is not None or str(none_match).strip() != "*"):
        raise AdapterError(wrong.condition_unusable("If-None-Match"))
    if text is None:
        return None if none_match is None else 0
    match = _ETAG.fullmatch(str(text).strip())
    if match is None:
        raise AdapterError(wrong.condition_unusable("If-Match"))
    return int(match[1] or match[2])


def none_exists(text: Any) -> str:
    """The search of ``If-None-Exist``. Raises AdapterError API-859 for one without parameters."""
    if text is None:
        return ""
    condition = str(text).strip().rpartition("?")[2]
    if not parse_qsl(condition):
        raise AdapterError(wrong.condition_unusable("If-None-Exist"))
    return condition


def location(placed: Placed, base: str) -> str:
    """The address of the version that was written."""
    return f"{base}/{placed.kind}/{placed.id}/_history/{placed.version}"


def _one(request: Request, change: Change, by: Hospital, asked: Return | None) -> Response:
    written = write(by.source, [change], by.tools, by.act, base=by.base)
    [placed] = written.placed
    headers = {
        "Location": location(placed, by.base),
        "ETag": f'W/"{placed.version}"',
        "Last-Modified": format_datetime(placed.at, usegmt=True),
    }
    status = 201 if placed.created else 200
    if asked is Return.MINIMAL:
        return Response(None, status, headers, background=later([written], by))
    found = [*placed.issues, *take([written], by.tools, by.act).get((written.file, 0), ())]
    if found:
        headers["X-Issues"] = codes_of(found)
    body = operation_outcome(found) if asked is Return.OUTCOME else told(placed, dict(placed.resource))
    return answer(request, body, status, headers)


def later(written: Sequence[Written], by: Caller) -> BackgroundTask:
    """Take in what was written after the answer has gone. What breaks off is gone on with at the next start."""
    return BackgroundTask(take, written, by.tools, by.act)


def codes_of(found: Sequence[Issue]) -> str:
    """The codes of what was found, each once, for a header."""
    return ", ".join(dict.fromkeys(issue.code for issue in found))
