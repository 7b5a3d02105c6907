"""Bulk export over HTTP: asked for, looked after, fetched, ended, as HL7's bulk data guide says (批量导出接口)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from fastapi.responses import FileResponse
from starlette.concurrency import run_in_threadpool

from adapter.cases.export import Export, ExportState, cancel_export, export_now, fetch_file, start_export
from adapter.cases.export_files import EXPORTED, OF_PATIENTS
from adapter.cases.export_narrowed import Narrowed, filters_in
from adapter.doors.web.answers import exact
from adapter.doors.web.context import ActorNow, Service, ServiceNow, Why, act, running
from adapter.doors.web.fhir.addresses import Identity
from adapter.doors.web.fhir.export_issues import no_groups, not_asynchronous, token_for_exports, wrong_export_parameter
from adapter.doors.web.fhir.negotiation import Format, came, outcome, wanted
from adapter.doors.web.fhir.preferences import preferences
from adapter.doors.web.fhir.reading import CONTENT, OUTCOME, base_of
from adapter.model.case import Actor
from adapter.model.issues import AdapterError

NDJSON = "application/fhir+ndjson"

_FORMATS = frozenset({NDJSON, "application/ndjson", "ndjson"})
_TAKEN = ("_type", "_since", "_outputFormat", "_typeFilter", "_elements")
#: An element of the top level, of one type or of each that has it.
_ELEMENT = re.compile(r"([A-Z][A-Za-z]*\.)?[a-z][A-Za-z]*", re.ASCII)
#: What belongs to the answer of this request and not to the export.
_BESIDE = frozenset({"_format", "_pretty", "reason"})
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})", re.ASCII)
#: Seconds until it is worth asking again.
_AGAIN = 2

_ACCEPTED: dict[str, Any] = {
    "description": "Taken; `Content-Location` says where to ask how far it is.",
    "headers": {"Content-Location": {"schema": {"type": "string"}}},
}
_ASKED: dict[int | str, dict[str, Any]] = {202: _ACCEPTED, **dict.fromkeys((400, 403, 406, 422, 429), OUTCOME)}
_NEVER: dict[int | str, dict[str, Any]] = dict.fromkeys((403, 404, 422), OUTCOME)
_BODY: dict[str, Any] = {"requestBody": {"required": False, "content": CONTENT, "description": "Parameters"}}
_MANIFEST: dict[str, Any] = {
    "description": "The manifest: what was written, and where.",
    "content": {"application/json": {"schema": {"type": "object", "required": ["transactionTime", "output"]}}},
}
_PROGRESS: dict[str, Any] = {
    "description": "Not finished; `X-Progress` says how far it is, `Retry-After` when to ask again.",
    "headers": {"X-Progress": {"schema": {"type": "string"}}, "Retry-After": {"schema": {"type": "integer"}}},
}


def guarded(service: Annotated[Service, Depends(running)]) -> None:
    """Nothing is exported where nobody is asked for a token. Raises AdapterError API-885."""
    if service.settings.api_token is None:
        raise AdapterError(token_for_exports())


router = APIRouter(tags=["FHIR"], dependencies=[Depends(guarded)])

ExportId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$", description="Of the export, as Content-Location names it.")]
Name = Annotated[str, Path(pattern=r"^[A-Za-z]{1,64}-[0-9]{1,9}(\.deleted)?\.ndjson$", description="Of a file.")]
Types = Annotated[
    list[str] | None, Query(alias="_type", description="Types to export, by commas or repeated; all without.")
]
Since = Annotated[
    str | None, Query(alias="_since", description="Only what was written, or deleted, after this moment.")
]
Filters = Annotated[
    list[str] | None,
    Query(
        alias="_typeFilter",
        description="`Type?parameter=value`, a search over one type, by commas or repeated; of several over one type a "
        "resource answers one. Types without are exported whole.",
    ),
]
Elements = Annotated[
    str | None,
    Query(
        alias="_elements", description="`Type.element` or `element`, by commas: these, and those that must be there."
    ),
]
OutputFormat = Annotated[str | None, Query(alias="_outputFormat", description=f"`{NDJSON}` is the only one.")]
Prefer = Annotated[
    str | None, Header(description="`respond-async`, always; `handling=lenient` leaves unknown parameters out.")
]
Wanted = Annotated[Format, Depends(wanted)]
Sent = Annotated[Any, Depends(came)]


@router.get(
    "/fhir/$export",
    summary="Export everything 批量导出",
    response_class=Response,
    status_code=202,
    responses=_ASKED,
)
def export_all(
    request: Request,
    wanted: Wanted,
    service: ServiceNow,
    actor: ActorNow,
    prefer: Prefer = None,
    type_: Types = None,
    since: Since = None,
    output: OutputFormat = None,
    filters: Filters = None,
    elements: Elements = None,
    reason: Why = None,
) -> Response:
    """Every kept resource of the types, as it stands at this moment, as NDJSON by type. Needs an API token.

    The worker writes the files; they are deleted after the hours of the settings, or by DELETE. The journal says who
    exported what, and who fetched which file.
    """
    return _start(request, request.query_params.multi_items(), EXPORTED, service, actor, reason)


@router.get(
    "/fhir/Patient/$export",
    summary="Export what belongs to patients 按患者批量导出",
    response_class=Response,
    status_code=202,
    responses=_ASKED,
)
def export_patients(
    request: Request,
    wanted: Wanted,
    service: ServiceNow,
    actor: ActorNow,
    prefer: Prefer = None,
    type_: Types = None,
    since: Since = None,
    output: OutputFormat = None,
    filters: Filters = None,
    elements: Elements = None,
    reason: Why = None,
) -> Response:
    """As `/fhir/$export`, of the types in R4's Patient compartment alone."""
    return _start(request, request.query_params.multi_items(), OF_PATIENTS, service, actor, reason)


@router.post(
    "/fhir/$export",
    summary="Export everything, with Parameters 批量导出",
    response_class=Response,
    status_code=202,
    responses={**_ASKED, 413: OUTCOME, 415: OUTCOME},
    openapi_extra=_BODY,
)
async def export_all_by_post(
    request: Request,
    sent: Sent,
    wanted: Wanted,
    service: ServiceNow,
    actor: ActorNow,
    prefer: Prefer = None,
    reason: Why = None,
) -> Response:
    """As by GET; the parameters stand in a Parameters resource."""
    asked = _parameters(sent)
    return await run_in_threadpool(_start, request, asked, EXPORTED, service, actor, reason)


@router.post(
    "/fhir/Patient/$export",
    summary="Export what belongs to patients, with Parameters 按患者批量导出",
    response_class=Response,
    status_code=202,
    responses={**_ASKED, 413: OUTCOME, 415: OUTCOME},
    openapi_extra=_BODY,
)
async def export_patients_by_post(
    request: Request,
    sent: Sent,
    wanted: Wanted,
    service: ServiceNow,
    actor: ActorNow,
    prefer: Prefer = None,
    reason: Why = None,
) -> Response:
    """As by GET; the parameters stand in a Parameters resource."""
    asked = _parameters(sent)
    return await run_in_threadpool(_start, request, asked, OF_PATIENTS, service, actor, reason)


@router.get(
    "/fhir/Group/{identity:identity}/$export",
    summary="Not done: export a group 不支持按分组导出",
    response_class=Response,
    responses=_NEVER,
)
@router.post(
    "/fhir/Group/{identity:identity}/$export",
    summary="Not done: export a group 不支持按分组导出",
    response_class=Response,
    responses=_NEVER,
)
def export_group(request: Request, identity: Identity) -> Response:
    """No groups of patients are kept: `Patient/$export` is of everybody, `_typeFilter` takes some."""
    return outcome(request, [no_groups()], 404)


@router.get(
    "/fhir/$export/{export_id}",
    summary="How far an export is 导出进度",
    response_class=Response,
    responses={200: _MANIFEST, 202: _PROGRESS, 403: OUTCOME, 404: OUTCOME, 422: OUTCOME, 500: OUTCOME},
)
def status(request: Request, export_id: ExportId, service: ServiceNow) -> Response:
    """202 while it is written, then the manifest with the addresses of the files; 500 with the reason of a failure."""
    known = export_now(export_id, service.tools)
    if known.state is ExportState.RUNNING:
        progress = {"X-Progress": f"{known.count} resources written", "Retry-After": str(_AGAIN)}
        return Response(status_code=202, headers=progress)
    if known.state is ExportState.FAILED:
        return outcome(request, [known.failure], 500)
    assert known.finished_at is not None
    until = known.finished_at.astimezone(UTC) + timedelta(hours=service.settings.exports.hours)
    return exact(_manifest(known, base_of(request)), headers={"Expires": format_datetime(until, usegmt=True)})


@router.delete(
    "/fhir/$export/{export_id}",
    summary="End an export 取消导出",
    response_class=Response,
    status_code=202,
    responses={202: {"description": "Ended; its files are gone."}, 403: OUTCOME, 404: OUTCOME, 422: OUTCOME},
)
def cancel(export_id: ExportId, service: ServiceNow, actor: ActorNow, reason: Why = None) -> Response:
    """Finished or not."""
    cancel_export(export_id, service.tools, act(service, actor, reason, "export ended"))
    return Response(status_code=202)


@router.get(
    "/fhir/$export/{export_id}/{name}",
    summary="A file of an export 导出文件",
    response_class=FileResponse,
    responses={
        200: {"description": "One resource a line.", "content": {NDJSON: {"schema": {"type": "string"}}}},
        206: {"description": "The part that `Range` names.", "content": {NDJSON: {"schema": {"type": "string"}}}},
        **dict.fromkeys((403, 404, 422), OUTCOME),
        400: {"description": "A `Range` that cannot be read."},
        416: {"description": "No such part."},
    },
)
def fetch(export_id: ExportId, name: Name, service: ServiceNow, actor: ActorNow, reason: Why = None) -> FileResponse:
    """Streamed; a `Range` is answered, so that a fetch that broke off goes on where it was."""
    path = fetch_file(export_id, name, service.tools, act(service, actor, reason, "export fetched"))
    return FileResponse(path, media_type=NDJSON)


def _start(
    request: Request,
    asked: Iterable[tuple[str, Any]],
    known: tuple[str, ...],
    service: Service,
    actor: Actor,
    reason: str | None,
) -> Response:
    preferred = preferences(request)
    if not preferred.respond_async:
        raise AdapterError(not_asynchronous())
    types, since, narrowed = _understood(asked, known, base_of(request), lenient=preferred.lenient)
    told = act(service, actor, reason, "bulk export")
    made = start_export(types, since, str(request.url), service.tools, told, narrowed=narrowed)
    service.worker.wake()
    return Response(status_code=202, headers={"Content-Location": f"{base_of(request)}/$export/{made.id}"})


def _understood(
    asked: Iterable[tuple[str, Any]], known: tuple[str, ...], base: str, *, lenient: bool
) -> tuple[tuple[str, ...], datetime | None, Narrowed]:
    """Types, moment, and what of the types. Raises AdapterError API-884."""
    types: list[str] = []
    filters: list[str] = []
    elements: list[str] = []
    since: datetime | None = None
    for name, value in asked:
        if name in _BESIDE:
            continue
        if name == "patient":  # left out, it would be everybody's data
            raise _wrong(name, "不能只导出部分患者", "some patients alone are not exported")
        if name in _TAKEN and not isinstance(value, str):
            raise _wrong(name, "值应为文本", "its value is text")
        if name == "_type":
            types += [each for each in value.split(",") if each]
        elif name == "_since":
            since = _moment(value)
        elif name == "_outputFormat":
            if value.partition(";")[0].strip().replace(" ", "+") not in _FORMATS:
                raise _wrong(name, f"格式只有 {NDJSON}", f"{NDJSON} is the only format")
        elif name == "_typeFilter":
            filters.append(value)
        elif name == "_elements":
            elements += [each.strip() for each in value.split(",") if each.strip()]
        elif name == "includeAssociatedData" and not lenient:
            told = (
                "出处(Provenance)按 _type 导出,不按关联附带",
                "Provenance is exported as a type, and nothing beside it",
            )
            raise _wrong(name, *told)
        elif not lenient:
            raise _wrong("parameter", "不支持该参数", "there is no such parameter")
    strange = [each for each in types if each not in known]
    if strange and not lenient:
        raise _wrong("_type", "有不能导出的资源类型", "it names a type that is not exported here")
    if not lenient and not all(map(_ELEMENT.fullmatch, elements)):
        raise _wrong(
            "_elements", "应为 类型.元素 或 元素,只能是顶层元素", "it is Type.element or element, of the top level"
        )
    taken = tuple(each for each in known if not types or each in types)
    return taken, since, Narrowed(_filters(filters, taken, base, lenient=lenient), tuple(elements))


def _filters(values: Iterable[str], types: tuple[str, ...], base: str, *, lenient: bool) -> tuple[str, ...]:
    """The filters; one that is not understood is refused in any case: without it more would go out.

    Args:
        lenient: one over a type that is not exported is left out.
    """
    found = filters_in(values, base)
    return tuple(each for each in found if not lenient or "?" not in each or each.partition("?")[0] in types)


def _moment(value: str) -> datetime:
    text = value.replace(" ", "+")  # a + in an address that was not escaped arrives as a space
    try:
        if _INSTANT.fullmatch(text):
            return datetime.fromisoformat(text)
    except ValueError:
        pass
    raise _wrong("_since", "应为带时区的时刻,如 2026-03-02T08:00:00+08:00", "it is a moment with its zone")


def _parameters(sent: Any) -> list[tuple[str, Any]]:
    """Names and values of a Parameters resource, repeated ones too. Raises AdapterError API-884."""
    if sent is None:
        return []
    listed = sent.get("parameter", []) if isinstance(sent, dict) and sent.get("resourceType") == "Parameters" else None
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        raise _wrong("body", "内容应为 Parameters 资源", "the body is no Parameters resource")
    found = []
    for each in listed:
        value = next((value for name, value in each.items() if name.startswith("value")), None)
        if not isinstance(each.get("name"), str):
            raise _wrong("Parameters.parameter", "每个参数都应有名称", "each parameter has a name")
        found.append((each["name"], value))
    return found


def _wrong(name: str, zh: str, en: str) -> AdapterError:
    return AdapterError(wrong_export_parameter(name, zh, en))


def _manifest(known: Export, base: str) -> dict[str, Any]:
    def listed(*, deleted: bool) -> list[dict[str, Any]]:
        return [
            {
                "type": "Bundle" if deleted else file.type,
                "url": f"{base}/$export/{known.id}/{file.name}",
                "count": file.count,
            }
            for file in known.mark.files
            if file.deleted is deleted
        ]

    return {
        "transactionTime": known.asked.at.isoformat(),
        "request": known.request,
        "requiresAccessToken": True,
        "output": listed(deleted=False),
        "deleted": listed(deleted=True),
        "error": [],
    }
