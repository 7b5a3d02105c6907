"""A transaction Bundle in parts, for servers that take only so many entries at a time. 事务拆分。

Each part stands by itself: what it refers to is in it, or was stored by a part before it and is named by the place at
which the server put it. Every entry is conditional, so a part that comes twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adapter.fhir.elements import Resource

#: Created once and never changed by a later message, also where other entries are updated.
_NEVER_UPDATED = frozenset({"Claim", "ClaimResponse"})


def in_parts(bundle: Resource, most: int | None) -> list[Resource]:
    """The Bundle as parts of at most ``most`` entries: what is referred to comes first, the last entry stays last.

    A Bundle that is small enough comes back as it is.
    """
    entries: list[Resource] = bundle["entry"]
    if most is None or len(entries) <= most:
        return [bundle]
    ordered = _referred_first(entries)
    return [{**bundle, "entry": ordered[at : at + most]} for at in range(0, len(ordered), most)]


def pointing(part: Resource, places: Mapping[str, str]) -> Resource:
    """A part with its references to entries of earlier parts turned into the places where these were stored."""
    return {**part, "entry": [{**entry, "resource": pointed(entry["resource"], places)} for entry in part["entry"]]}


def pointed(element: Any, places: Mapping[str, str]) -> Any:
    """An element with its references turned into the places known for them; what has none stays as it is."""
    if isinstance(element, dict):
        return {
            name: places.get(value, value) if name == "reference" and isinstance(value, str) else pointed(value, places)
            for name, value in element.items()
        }
    return [pointed(each, places) for each in element] if isinstance(element, list) else element


def places(part: Resource, response: Resource) -> dict[str, str]:
    """By fullUrl, where a server stored the entries of a part; those of which it gave no place are left out."""
    given = response.get("entry")
    found: dict[str, str] = {}
    for entry, told in zip(part["entry"], given if isinstance(given, list) else (), strict=False):
        location = told.get("response", {}).get("location", "") if isinstance(told, dict) else ""
        kind, id_ = _type_and_id(str(location))
        if kind == entry["resource"]["resourceType"] and id_:
            found[str(entry["fullUrl"])] = f"{kind}/{id_}"
    return found


def updating(bundle: Resource) -> Resource:
    """Conditional updates in place of conditional creates: the server gets what we know now of person and coverage."""
    return {**bundle, "entry": [_updated(entry) for entry in bundle["entry"]]}


def _updated(entry: Resource) -> Resource:
    request = entry["request"]
    if entry["resource"]["resourceType"] in _NEVER_UPDATED:
        return entry
    return {**entry, "request": {"method": "PUT", "url": f"{request['url']}?{request['ifNoneExist']}"}}


def _referred_first(entries: Sequence[Resource]) -> list[Resource]:
    """The entries so that each comes after those that it refers to; otherwise in their order, the last one last."""
    by_url = {str(entry["fullUrl"]): entry for entry in entries}
    ordered: dict[str, Resource] = {}

    def put(url: str, above: frozenset[str]) -> None:
        if url in ordered or url in above:
            return
        for needed in sorted(_references(by_url[url]["resource"]) & by_url.keys()):
            put(needed, above | {url})
        ordered[url] = by_url[url]

    for url in by_url:
        put(url, frozenset())
    return list(ordered.values())


def _references(element: Any) -> set[str]:
    if isinstance(element, dict):
        here = {str(element["reference"])} if isinstance(element.get("reference"), str) else set()
        return here.union(*(_references(each) for each in element.values()))
    return set().union(*(_references(each) for each in element)) if isinstance(element, list) else set()


def _type_and_id(location: str) -> tuple[str, str]:
    """Of ``[base/]Patient/12[/_history/1]``."""
    parts = location.partition("/_history/")[0].rstrip("/").rsplit("/", 2)
    return (parts[-2], parts[-1]) if len(parts) >= 2 else ("", "")
