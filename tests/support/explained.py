"""Every element of a mapped stay against what ``mapping explain`` says of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapter.intake.mapping.explain import Explainer
from adapter.model.source import StayRecords


def check_explained(explainer: Explainer, stay: StayRecords) -> int:
    """Each line shows the value that stands there, and each element has a line; returns the lines."""
    mapped = explainer.mapper.map(stay)
    resources = {f"{each['resourceType']}/{each['id']}": each for each in mapped.resources}
    known: dict[str, list[str]] = {}
    for line in explainer.lines(stay, mapped):
        assert at(resources[line.element], line.path) == line.value, line
        known.setdefault(line.element, []).append(line.path)
    for element, resource in resources.items():
        for leaf in leaves(resource, str(resource["resourceType"])):
            if not leaf.endswith((".url", ".resourceType")):
                above = [p for p in known[element] if leaf == p or leaf.startswith((f"{p}.", f"{p}["))]
                assert above, leaf
    return sum(map(len, known.values()))


def at(resource: Any, path: str) -> Any:
    for part in path.split(".")[1:]:
        name, _, place = part.partition("[")
        resource = resource[name]
        if place:
            resource = resource[int(place[:-1])]
    return resource


def leaves(value: object, path: str) -> list[str]:
    if isinstance(value, Mapping):
        return [leaf for name, each in value.items() for leaf in leaves(each, f"{path}.{name}")]
    if isinstance(value, list):
        return [leaf for place, each in enumerate(value) for leaf in leaves(each, f"{path}[{place}]")]
    return [path]
