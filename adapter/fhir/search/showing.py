"""How much of a resource is shown: whole, a summary, or the elements that were asked for (部分显示)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from adapter.fhir.schema.compiled import definition
from adapter.fhir.search.query import Summary

#: Marks a resource that is shown in part; who gets it must not send it back as a whole one.
SUBSETTED = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED"}

_ALWAYS = frozenset({"resourceType", "id", "meta", "implicitRules"})


def shown(resource: Mapping[str, Any], summary: Summary, elements: Sequence[str]) -> dict[str, Any]:
    """A resource as far as it was asked for.

    Args:
        elements: names of top-level elements; those that R4 requires come with them. Counts before ``summary``.
    """
    kind = str(resource["resourceType"])
    if elements:
        return _part(resource, frozenset(elements) | _required(kind))
    if summary == "true":
        return _part(resource, _summary(kind))
    if summary == "text":
        return _part(resource, frozenset({"text"}) | _required(kind))
    if summary == "data":
        return _marked({name: value for name, value in resource.items() if name != "text"})
    return dict(resource)


def _part(resource: Mapping[str, Any], wanted: frozenset[str]) -> dict[str, Any]:
    kept = {name: value for name, value in resource.items() if name in _ALWAYS or _stem(name, wanted)}
    return _marked(kept)


@lru_cache(maxsize=4096)
def _stem(name: str, wanted: frozenset[str]) -> bool:
    """Whether an element, or the choice that it belongs to, was asked for."""
    plain = name.removeprefix("_")
    if plain in wanted:
        return True
    return any(plain.startswith(each) and plain[len(each) : len(each) + 1].isupper() for each in wanted)


def _marked(resource: dict[str, Any]) -> dict[str, Any]:
    meta = resource.get("meta", {})
    return {**resource, "meta": {**meta, "tag": [*meta.get("tag", ()), SUBSETTED]}}


@cache
def _summary(kind: str) -> frozenset[str]:
    text = files("adapter.fhir.search").joinpath("summaries.json").read_text(encoding="utf-8")
    names: list[str] = json.loads(text).get(kind, [])
    return frozenset(names)


@cache
def _required(kind: str) -> frozenset[str]:
    return frozenset(definition(kind).get("required", ()))
