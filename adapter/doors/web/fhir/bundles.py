"""Bundles that answer a search or show a history, with links that hold nothing personal (结果集)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from adapter.cases.searching import Kept, SearchAnswer, told
from adapter.cases.served import ResourceRow
from adapter.doors.web import issues
from adapter.fhir.canonical import decode
from adapter.fhir.outcome import operation_outcome
from adapter.fhir.search.query import Query, page_mark
from adapter.fhir.search.showing import shown
from adapter.model.issues import Issue

Json = dict[str, Any]


def searchset(query: Query, answer: SearchAnswer, base: str) -> Json:
    """One page of a search.

    Args:
        base: our FHIR address, without a trailing slash.
    """
    here = f"{base}/{query.type}"
    said = () if query.personal else query.said
    links = [{"relation": "self", "url": _link(here, said)}]
    if answer.following is not None and not query.personal:
        mark = page_mark(answer.following, posted=answer.of_posted)
        links.append({"relation": "next", "url": _link(here, (*said, ("_page", mark)))})
    entries = [_entry(each, query, base, "match") for each in answer.found]
    entries += [_entry(each, query, base, "include") for each in answer.included]
    if found := _remarks(query, answer):
        entries.append({"resource": operation_outcome(found), "search": {"mode": "outcome"}})
    bundle: Json = {"resourceType": "Bundle", "type": "searchset"}
    if answer.total is not None:
        bundle["total"] = answer.total
    bundle["link"] = links
    return {**bundle, "entry": entries} if entries else bundle


def history(kind: str, versions: Sequence[ResourceRow], base: str, total: int) -> Json:
    """Every version that is shown, newest first."""
    bundle: Json = {"resourceType": "Bundle", "type": "history", "total": total}
    entries = [_version(row, base) for row in versions]
    bundle["link"] = [{"relation": "self", "url": f"{base}/{kind}/{versions[0].id}/_history"}] if versions else []
    return {name: value for name, value in {**bundle, "entry": entries}.items() if value != []}


def _version(row: ResourceRow, base: str) -> Json:
    place = f"{row.type}/{row.id}"
    method = "DELETE" if row.deleted else "POST" if row.version == 1 else "PUT"
    status = "204" if row.deleted else "201" if row.version == 1 else "200"
    entry: Json = {
        "fullUrl": f"{base}/{place}",
        "request": {"method": method, "url": row.type if method == "POST" else place},
        "response": {
            "status": status,
            "etag": f'W/"{row.version}"',
            "lastModified": row.at.isoformat(timespec="milliseconds"),
        },
    }
    return entry if row.deleted else {"resource": told(row, decode(row.body)), **entry}


def _entry(kept: Kept, query: Query, base: str, mode: str) -> Json:
    resource: Mapping[str, Any] = told(kept.row, kept.resource)
    if mode == "match":
        resource = shown(resource, query.summary, query.elements)
    elif query.summary in ("true", "data"):
        resource = shown(resource, query.summary, ())
    return {
        "fullUrl": f"{base}/{kept.row.type}/{kept.row.id}",
        "resource": resource,
        "search": {"mode": mode},
    }


def _link(address: str, said: Sequence[tuple[str, str]]) -> str:
    return f"{address}?{urlencode(said)}" if said else address


def _remarks(query: Query, answer: SearchAnswer) -> list[Issue]:
    found = [issues.left_out(query.type, name) for name in query.left_out]
    if answer.following is not None and query.personal:
        found.append(issues.narrower_search(query.type, query.count))
    if answer.cut:
        found.append(issues.more_included(query.type))
    return found
