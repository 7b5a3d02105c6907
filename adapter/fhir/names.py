"""What resources are called among themselves: ``Type/id``, or by a business identifier where there is no id (命名).

A name made of an identifier holds a digest and never the identifier, which may be an ID number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Any

Resource = Mapping[str, Any]

_LITERAL = re.compile(r"([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?\Z")
_CONDITIONAL = re.compile(r"([A-Z][A-Za-z]+)\?identifier=([^&]+)\Z")
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}\Z")
_TYPE = re.compile(r"[A-Z][A-Za-z]{1,63}\Z")


def type_of(resource: Any) -> str:
    """The resource type, or an empty text."""
    kind = resource.get("resourceType") if isinstance(resource, dict) else None
    return kind if isinstance(kind, str) and _TYPE.match(kind) else ""


def key_of(resource: Resource) -> str:
    """The hospital's own key of a resource: its id, else its first whole identifier; empty when it has neither."""
    own = resource.get("id")
    if isinstance(own, str) and _ID.match(own):
        return own
    return next(("|".join(pair) for pair in identifiers(resource)), "")


def name_of(resource: Resource) -> str:
    """The name of a resource; empty when it has neither id nor identifier."""
    own, kind = resource.get("id"), type_of(resource)
    if isinstance(own, str) and _ID.match(own):
        return f"{kind}/{own}"
    return next(aliases(resource), "")


def aliases(resource: Resource) -> Iterator[str]:
    """The names that the identifiers of a resource give it."""
    kind = type_of(resource)
    return (_by_identifier(kind, *pair) for pair in identifiers(resource))


def identifiers(resource: Resource) -> Iterator[tuple[str, str]]:
    """System and value of each whole identifier."""
    found = resource.get("identifier", ())
    for each in found if isinstance(found, list) else [found]:
        if isinstance(each, dict) and isinstance(each.get("value"), str) and each["value"]:
            yield str(each.get("system", "")), each["value"]


def lifted(resource: Resource) -> dict[str, dict[str, Any]]:
    """The resources contained in one, by the reference that it has for them, each as a resource with an id of its own.

    They are as old as what contains them.
    """
    found: dict[str, dict[str, Any]] = {}
    contained = resource.get("contained")
    for inner in contained if isinstance(contained, list) else []:
        if type_of(inner) and isinstance(inner.get("id"), str):
            own = blake2b(f"{key_of(resource)}#{inner['id']}".encode(), digest_size=12).hexdigest()
            meta = {"meta": resource["meta"]} if "meta" in resource else {}
            found[f"#{inner['id']}"] = {**inner, **meta, "id": f"contained-{own}"}
    return found


def literal(text: str, bases: Sequence[str] = ()) -> str:
    """The name that a reference gives: relative, absolute on the hospital's own server, or conditional; else empty."""
    for base in bases:
        if text.startswith(f"{base}/"):
            text = text.removeprefix(f"{base}/")
    if match := _LITERAL.match(text):
        return f"{match[1]}/{match[2]}"
    if match := _CONDITIONAL.match(text):
        system, bar, value = match[2].partition("|")
        return _by_identifier(match[1], system, value) if bar else _by_identifier(match[1], "", system)
    return ""


def logical(reference: Resource) -> str:
    """The name that a reference by identifier gives, when it says of which type; else empty."""
    kind, named = reference.get("type"), reference.get("identifier")
    if isinstance(kind, str) and _TYPE.match(kind) and isinstance(named, dict) and isinstance(named.get("value"), str):
        return _by_identifier(kind, str(named.get("system", "")), named["value"])
    return ""


def references(node: Any) -> Iterator[Resource]:
    """Every reference in a resource, those of contained resources among them."""
    if isinstance(node, dict):
        if isinstance(node.get("reference"), str) or (isinstance(node.get("identifier"), dict) and "type" in node):
            yield node
        for each in node.values():
            if isinstance(each, dict | list):
                yield from references(each)
    elif isinstance(node, list):
        for each in node:
            yield from references(each)


def target(reference: Any, links: Mapping[str, str]) -> str:
    """The name of what a reference leads to, or an empty text.

    Args:
        links: names by reference text, for what cannot be told from the text itself.
    """
    if not isinstance(reference, dict):
        return ""
    text = reference.get("reference")
    if isinstance(text, str):
        return links.get(text) or literal(text)
    return logical(reference)


def _by_identifier(kind: str, system: str, value: str) -> str:
    digest = blake2b(f"{system}|{value}".encode(), digest_size=12).hexdigest()
    return f"{kind}?{digest}"
