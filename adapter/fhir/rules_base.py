"""Invariants of all resources that compare values: per-1, rng-2, inv-1, dom-2 to dom-5, ref-1."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from adapter.fhir import issues
from adapter.fhir.canonical import encode
from adapter.fhir.schema.compiled import path_text
from adapter.model.issues import Issue

Resource = Mapping[str, Any]
Path = tuple[str | int, ...]

#: A period as nearly all are written: to the second, both ends with the same offset, so that they compare as texts.
_PERIOD = re.compile(
    rb'"start":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)([+-]\d\d:\d\d)","end":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\2"'
)


_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")


def pointer_to(resource: Any) -> str:
    """``Type/id`` of a resource that nobody has looked at; what is not a plain name or id is not repeated."""
    name, identity = str(resource.get("resourceType")), resource.get("id")
    plain = isinstance(identity, str) and _ID.fullmatch(identity)
    return f"{name if name.isascii() and name.isalpha() else '?'}/{identity if plain else '?'}"


def order_findings(resource: Resource, where: str, text: bytes | None = None) -> list[Issue]:
    """Starts that lie after their end, anywhere in the resource (not in contained ones, they come by themselves).

    Args:
        text: the resource as ``encode`` writes it, where it is at hand; looking there is quicker than walking.
    """
    text = encode(resource) if text is None else text
    if b'"high":' not in text and b'"lastModified":' not in text:
        periods = _PERIOD.findall(text)
        if len(periods) == text.count(b'"end":') and all(start <= end for start, _, end in periods):
            return []
    return [
        issues.inverted(where + path_text(path), key) for path, node in objects(resource) if (key := _inverted(node))
    ]


def objects(node: Any, path: Path = ()) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Every object of a resource with its path, outermost first; resources inside it are left out."""
    if isinstance(node, dict):
        if path and "resourceType" in node:
            return
        yield path, node
        for name, value in node.items():
            if isinstance(value, dict | list):
                yield from objects(value, (*path, name))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from objects(value, (*path, index))


def _inverted(node: Mapping[str, Any]) -> str:
    """The invariant that an object breaks by its order, or nothing."""
    if later(node.get("start"), node.get("end")):
        return "per-1"
    if "low" in node and "high" in node:
        low, high = node["low"], node["high"]
        if isinstance(low, dict) and isinstance(high, dict) and low.get("code") == high.get("code"):
            first, last = low.get("value"), high.get("value")
            if first is not None and last is not None and first > last:
                return "rng-2"
    if node.get("resourceType") == "Task" and later(node.get("authoredOn"), node.get("lastModified")):
        return "inv-1"
    return ""


def later(start: Any, end: Any) -> bool:
    """Whether ``start`` is certainly after ``end``: FHIR dates of any precision, with or without a zone."""
    if not isinstance(start, str) or not isinstance(end, str):
        return False
    if "T" in start and "T" in end:
        try:
            return datetime.fromisoformat(start) > datetime.fromisoformat(end)
        except ValueError:  # a leap second, which Python cannot hold
            return False
    common = min(len(start.partition("T")[0]), len(end.partition("T")[0]))
    return start[:common] > end[:common]


def references(resource: Resource) -> Iterator[tuple[Path, str]]:
    """Every literal reference of a resource, with its path."""
    for path, node in objects(resource):
        target = node.get("reference")
        if isinstance(target, str):
            yield (*path, "reference"), target


def contained_findings(resource: Resource, where: str) -> Iterator[Issue]:
    """dom-2 to dom-5 and ref-1: contained resources are flat, unversioned, and referred to by ``#id``."""
    ids = {inner.get("id") for inner in resource["contained"]}
    targets = [(path, target) for path, target in references(resource) if target.startswith("#")]
    used = {target[1:] for _, target in targets}
    for path, target in targets:
        if target[1:] not in ids:
            yield issues.dangling(where + path_text(path), target)
    for index, inner in enumerate(resource["contained"]):
        place = f"{where}.contained[{index}]"
        outward = {target for _, target in references(inner)}
        meta = inner.get("meta", {})
        if "contained" in inner:
            yield issues.invariant(place, "dom-2")
        if inner.get("id") not in used and "#" not in outward:
            yield issues.invariant(place, "dom-3")
        if "versionId" in meta or "lastUpdated" in meta:
            yield issues.invariant(place, "dom-4")
        if "security" in meta:
            yield issues.invariant(place, "dom-5")
