"""POST /fhir: a transaction, all or nothing, or a batch, each entry for itself (事务与批量).

What an entry may be is the same in both: a POST or PUT of what a hospital may write, a GET of anything that is served:
a resource, one version, a history, a search. A HEAD is answered without the resource. Reads of a transaction see what
it wrote. A Bundle that only reads names no hospital.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from adapter.cases import served
from adapter.cases.resources_in import Placed, Written, take, write
from adapter.cases.resources_in_plan import Change
from adapter.cases.searching import search_resources, told
from adapter.doors.web import issues
from adapter.doors.web.errors import status_of
from adapter.doors.web.fhir import writing_issues as wrong
from adapter.doors.web.fhir.addresses import IDENTITY, KIND
from adapter.doors.web.fhir.bundles import searchset
from adapter.doors.web.fhir.negotiation import answer
from adapter.doors.web.fhir.preferences import Preferences, Return, preferences
from adapter.doors.web.fhir.reading import BUNDLE, CONTENT, OUTCOME, history_of, pairs_of, part_of
from adapter.doors.web.fhir.writing import (
    Asking,
    AskingNow,
    Caller,
    Hospital,
    Returning,
    Sent,
    Wanted,
    later,
    location,
    none_exists,
    version_in,
    writable,
)
from adapter.fhir import posted_issues
from adapter.fhir.metadata import SERVED
from adapter.fhir.outcome import operation_outcome
from adapter.fhir.search.query import parse
from adapter.model.issues import AdapterError, Issue

router = APIRouter(tags=["FHIR"])

Json = dict[str, Any]

_READING = ("GET", "HEAD")
_KIND, _ID = re.compile(KIND), re.compile(IDENTITY)

#: Entries of one Bundle, at most.
MOST_ENTRIES = 20_000

_BODY: dict[str, Any] = {"requestBody": {"required": True, "content": CONTENT, "description": "Bundle"}}
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: BUNDLE,
    **dict.fromkeys((400, 404, 405, 406, 409, 412, 413, 415, 422, 503), OUTCOME),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: a change to be written, or an address to be read; ``bare``: by HEAD, without the resource."""

    change: Change | None = None
    read: str = ""
    bare: bool = False


@router.post("/fhir", summary="Transaction or batch", response_class=Response, responses=_ANSWERS, openapi_extra=_BODY)
async def bundle(request: Request, sent: Sent, by: AskingNow, _asked: Returning, _format: Wanted) -> Response:
    """A Bundle of type `transaction` is written whole or not at all; of a `batch` each entry stands for itself.

    References within are by `fullUrl` (`urn:uuid:…`) or by a search (`Patient?identifier=system|value`), which must
    find exactly one. Stays are taken in before the answer, which tells what was found about them; with
    `Prefer: return=minimal` right after it. `X-Source` is needed as soon as one entry does not only read.
    """
    kind = sent.get("type") if isinstance(sent, dict) and sent.get("resourceType") == "Bundle" else None
    if kind not in ("transaction", "batch"):
        told_ = ("应为 transaction 或 batch 类型的 Bundle", "a Bundle of type transaction or batch is expected")
        raise AdapterError(posted_issues.entry_unusable("Bundle.type", *told_))
    entries = sent.get("entry", [])
    if not isinstance(entries, list):
        raise AdapterError(posted_issues.entry_unusable("Bundle.entry", "entry 应为数组", "entry is a list"))
    if len(entries) > MOST_ENTRIES:
        raise AdapterError(wrong.too_many_entries(MOST_ENTRIES))
    carry_out = _transaction if kind == "transaction" else _batch
    return await run_in_threadpool(carry_out, request, entries, by, preferences(request))


def _by(asking: Asking, entries: Sequence[Any]) -> Caller:
    """The hospital that writes, or whoever only reads. Raises AdapterError API-854, API-856, MAP-112."""
    return asking.reader() if all(map(_only_reads, entries)) else asking.hospital()


def _only_reads(entry: Any) -> bool:
    said = entry.get("request") if isinstance(entry, dict) else None
    return isinstance(said, dict) and said.get("method") in _READING


def _transaction(request: Request, entries: Sequence[Any], asking: Asking, preferred: Preferences) -> Response:
    by, asked = _by(asking, entries), preferred.returning
    read: list[Entry] = []
    found: list[Issue] = []
    for number, each in enumerate(entries):
        try:
            read.append(_entry(each, number, by.base))
        except AdapterError as error:
            place = f"Bundle.entry[{number}]"
            inner = (issue if issue.pointer.startswith(place) else _at(place, issue) for issue in error.issues)
            found += inner
    if found:
        raise AdapterError(*found)
    places = [number for number, each in enumerate(read) if each.change is not None]
    changes = [each.change for each in read if each.change is not None]
    answers: dict[int, Json] = {}
    written = [_written(changes, by)] if changes else []
    for one in written:
        remarks = {} if asked is Return.MINIMAL else take(written, by.tools, by.act)
        for number, placed in enumerate(one.placed):
            answers[places[number]] = _said(placed, remarks.get((one.file, number), ()), by, asked)
    answers |= {number: _read(each, by, preferred) for number, each in enumerate(read) if each.change is None}
    return _answered(request, "transaction", answers, written, by, asked)


def _batch(request: Request, entries: Sequence[Any], asking: Asking, preferred: Preferences) -> Response:
    by, asked = _by(asking, entries), preferred.returning
    answers: dict[int, Json] = {}
    written: dict[int, Written] = {}
    for number, each in enumerate(entries):
        try:
            entry = _entry(each, number, by.base)
            if entry.change is None:
                answers[number] = _read(entry, by, preferred)
            else:
                written[number] = _written([entry.change], by)
        except AdapterError as error:
            answers[number] = _refused(error.issues)
    remarks = {} if asked is Return.MINIMAL else take(written.values(), by.tools, by.act)
    for number, one in written.items():
        answers[number] = _said(one.placed[0], remarks.get((one.file, 0), ()), by, asked)
    return _answered(request, "batch", answers, list(written.values()), by, asked)


def _answered(
    request: Request,
    kind: str,
    answers: Mapping[int, Json],
    written: Sequence[Written],
    by: Caller,
    asked: Return | None,
) -> Response:
    listed: Json = {"entry": [answers[number] for number in sorted(answers)]} if answers else {}
    response = answer(request, {"resourceType": "Bundle", "type": f"{kind}-response", **listed})
    if written and asked is Return.MINIMAL:
        response.background = later(written, by)
    return response


def _written(changes: Sequence[Change], by: Caller) -> Written:
    assert isinstance(by, Hospital)  # a Bundle with something to write was asked for its hospital
    return write(by.source, changes, by.tools, by.act, base=by.base)


def _at(place: str, issue: Issue) -> Issue:
    return replace(issue, pointer=f"{place}/{issue.pointer}")


# -- one entry --------------------------------------------------------------------------------------------------------


def _entry(entry: Any, number: int, base: str) -> Entry:
    """What an entry asks for. Raises AdapterError FHIR-284, API-857 … API-859."""
    place = f"Bundle.entry[{number}]"
    said = entry.get("request") if isinstance(entry, dict) else None
    request: Json = said if isinstance(said, dict) else {}
    method, url = request.get("method"), request.get("url")
    if not isinstance(method, str) or not isinstance(url, str):
        raise AdapterError(posted_issues.entry_unusable(place, "缺少 request", "it has no request"))
    url = url.removeprefix(f"{base}/").removeprefix("/")
    if method in _READING:
        return Entry(read=url, bare=method == "HEAD")
    if method in ("DELETE", "PATCH"):
        raise AdapterError(wrong.not_done(place, method))
    sent = entry.get("resource")
    if method not in ("POST", "PUT") or not isinstance(sent, dict):
        raise AdapterError(posted_issues.entry_unusable(place, "没有 resource,或方法不对", "no resource, or no method"))
    path, _, condition = url.partition("?")
    kind, _, identity = path.partition("/")
    create = method == "POST"
    if not _KIND.fullmatch(kind) or create is bool(identity or condition) or (identity and condition):
        raise AdapterError(posted_issues.entry_unusable(place, "request.url 不对", "its address is of another kind"))
    change = Change(
        kind=writable(kind),
        resource=sent,
        create=create,
        identity=identity,
        condition=none_exists(request.get("ifNoneExist")) if create else condition,
        version=version_in(request.get("ifMatch"), None if create else request.get("ifNoneMatch")),
        full_url=str(entry.get("fullUrl") or ""),
        place=f"{place}.resource",
    )
    return Entry(change)


def _read(entry: Entry, by: Caller, preferred: Preferences) -> Json:
    """Answer a GET: one resource, one version, a history or a search. What is wrong is told in the entry."""
    path, _, asked = entry.read.partition("?")
    try:
        told_ = _looked_up(path.split("/"), pairs_of(asked, "GET"), by, lenient=preferred.lenient)
    except AdapterError as error:
        return _refused(error.issues)
    return {"response": told_["response"]} if entry.bare else told_


def _looked_up(parts: Sequence[str], asked: Sequence[tuple[str, str]], by: Caller, *, lenient: bool) -> Json:
    if not _KIND.fullmatch(parts[0]) or (len(parts) > 1 and not _ID.fullmatch(parts[1])):
        raise AdapterError(issues.no_such_resource("GET"))  # and what it was is not repeated
    response = {"status": _status(200)}
    if len(parts) == 1 and parts[0] in SERVED:
        query = parse(parts[0], asked, base=by.base, lenient=lenient, in_address=False)
        return {"resource": searchset(query, search_resources(query, by.tools, by.act), by.base), "response": response}
    if len(parts) == 3 and parts[2] == "_history":
        return {"resource": history_of(parts[0], parts[1], asked, by.tools, by.act, by.base), "response": response}
    return _one(parts, asked, by)


def _one(parts: Sequence[str], asked: Sequence[tuple[str, str]], by: Caller) -> Json:
    kind, identity = (parts[0], parts[1]) if len(parts) in (2, 4) else ("", "")
    version = int(parts[3]) if len(parts) == 4 and parts[3].isdecimal() and len(parts[3]) < 9 else None
    row = None
    if kind in SERVED and (len(parts) == 2 or (version is not None and parts[2] == "_history")):
        row = served.read_resource(kind, identity, by.tools, by.act, version=version)
    if row is None:
        raise AdapterError(issues.no_such_resource("/".join(parts[:2]) if kind in SERVED else "GET"))
    if row.deleted:
        raise AdapterError(issues.resource_gone(f"{kind}/{identity}"))
    response = {"status": _status(200), "etag": f'W/"{row.version}"', "lastModified": _moment(row)}
    return {"resource": part_of(row, asked), "response": response}


def _said(placed: Placed, remarks: Sequence[Issue], by: Caller, asked: Return | None) -> Json:
    found = [*placed.issues, *remarks]
    response: Json = {
        "status": _status(201 if placed.created else 200),
        "location": location(placed, by.base),
        "etag": f'W/"{placed.version}"',
        "lastModified": _moment(placed),
    }
    if found or asked is Return.OUTCOME:
        response["outcome"] = operation_outcome(found)
    if asked is Return.REPRESENTATION:
        return {"resource": told(placed, dict(placed.resource)), "response": response}
    return {"response": response}


def _refused(found: Sequence[Issue]) -> Json:
    return {"response": {"status": _status(status_of(found)), "outcome": operation_outcome(found)}}


def _moment(row: Placed | served.ResourceRow) -> str:
    return row.at.isoformat(timespec="milliseconds")


def _status(number: int) -> str:
    return f"{number} {HTTPStatus(number).phrase}"
