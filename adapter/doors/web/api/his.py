"""POST /his/{source}: a raw HIS export in."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from adapter.cases import served
from adapter.cases.arrivals import awaits
from adapter.cases.intake import Taken, ingest
from adapter.cases.recording import Fate
from adapter.doors.web import issues
from adapter.doors.web.answers import exact, issues_json
from adapter.doors.web.context import ActorNow, Service, ServiceNow, Why, act
from adapter.doors.web.models import Problem, TakenOut
from adapter.doors.web.names import bundle_name, file_name
from adapter.doors.web.uploads import Allowed, unpack
from adapter.model.issues import AdapterError

router = APIRouter(tags=["intake 接收"])

_WRITE_AT = 1 << 20

_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/xml": {"schema": {"type": "string", "format": "binary"}},
            "application/fhir+json": {"schema": {"type": "object"}},
            "application/fhir+ndjson": {"schema": {"type": "string", "format": "binary"}},
            "application/fhir+xml": {"schema": {"type": "string", "format": "binary"}},
            "application/zip": {"schema": {"type": "string", "format": "binary"}},
            "application/x-tar": {"schema": {"type": "string", "format": "binary"}},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {"file": {"type": "array", "items": {"type": "string", "format": "binary"}}},
                }
            },
        },
    }
}


@router.post(
    "/his/{source}",
    summary="Take an export in",
    response_model=TakenOut,
    responses={
        404: {"model": Problem, "description": "The source is not known."},
        413: {"model": Problem, "description": "The body, or what it unpacks to, is too large."},
        422: {"model": TakenOut | Problem, "description": "Nothing could be taken in; `issues` says why."},
    },
    openapi_extra=_BODY,
)
async def take_in(
    source: str,
    request: Request,
    service: ServiceNow,
    actor: ActorNow,
    reason: Why = None,
    name: Annotated[
        str | None, Query(description="Name of a single file, after its table.", examples=["ZY_FYMX.xml"])
    ] = None,
    dry_run: Annotated[bool, Query(description="Map and validate everything, write nothing.")] = False,
) -> Response:
    """Send one file (its name in `?name=` or `Content-Disposition`), a ZIP or tar of several, or a form with several.

    A hospital that speaks FHIR sends Bundles as `application/fhir+json`, or NDJSON; they need no name.
    Bad stays are parked with their issues and good ones go on; the same export again changes nothing.
    `outcome` says `complete`, `partial` (some stays wait for a person) or `refused` (status 422).
    """
    await run_in_threadpool(service.tools.feed, source)  # an unknown source is refused before anything is read
    given = name or file_name(request.headers.get("content-disposition", "").encode("latin-1"))
    with TemporaryDirectory(prefix="upload-", ignore_cleanup_errors=True) as folder:
        received = await _receive(request, Path(folder) / "body")
        kind = request.headers.get("content-type", "")
        told = act(service, actor, reason, "import")

        def work() -> tuple[list[Path], Taken]:
            inside = Path(folder) / "files"
            inside.mkdir()
            named = given or bundle_name(received, kind)
            paths = unpack(received, inside, content_type=kind, name=named, allowed=_allowed(service, source))
            return paths, ingest(source, paths, service.tools, told, dry_run=dry_run)

        paths, taken = await run_in_threadpool(work)
    shown = await run_in_threadpool(_shown, service, source, paths, taken, dry_run)
    return exact(shown, 422 if shown["outcome"] == "refused" else 200)


def _allowed(service: Service, source: str) -> Allowed:
    limits, feed = service.settings.limits, service.tools.feed(source)
    most = service.settings.max_body_bytes * limits.unpacked_factor
    return Allowed(limits.upload_files, most, lambda name: awaits(feed, name))


async def _receive(request: Request, path: Path) -> Path:
    """The body on disk, a mebibyte at a time."""
    if request.headers.get("content-encoding", "identity") != "identity":
        raise AdapterError(issues.wrong_request("header.Content-Encoding", "send the body itself, or a ZIP"))
    waiting = bytearray()
    with path.open("wb") as out:
        async for chunk in request.stream():
            waiting += chunk
            if len(waiting) >= _WRITE_AT:
                await run_in_threadpool(out.write, bytes(waiting))
                waiting.clear()
        await run_in_threadpool(out.write, bytes(waiting))
    return path


def _shown(service: Service, source: str, paths: list[Path], taken: Taken, dry_run: bool) -> dict[str, Any]:
    held = [] if dry_run else [stay.stay_key for stay in taken.stays if stay.fate is Fate.PARKED]
    parked = served.parked_ids(service.tools, source, held)
    return {
        "source": source,
        "dry_run": dry_run,
        "outcome": "complete" if not taken.stopped else "partial" if taken.stays else "refused",
        "files": [path.name for path in paths],
        "known_files": taken.known_files,
        "stays": [
            {
                "stay_key": stay.stay_key,
                "case_id": stay.case_id,
                "fate": str(stay.fate),
                "parked": parked.get(stay.stay_key, []),
                "issues": issues_json(stay.issues),
            }
            for stay in taken.stays
        ],
        "parked": [each for ids in parked.values() for each in ids],
        "issues": issues_json(taken.issues),
    }
