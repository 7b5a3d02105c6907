"""Whom a reference may name, seen through to the resource: ``urn:uuid``, ``#contained`` and full addresses.

The schema reads the type off a relative reference. One that names an entry by its address tells no type; where the
entry lies in the same Bundle, its type is looked at here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from adapter.fhir import issues, rule_issues
from adapter.fhir.rules_base import Path, objects, references
from adapter.fhir.schema.compiled import definition, path_text
from adapter.model.issues import Issue

Resource = Mapping[str, Any]

#: Reference.type as it may stand in the written resource: a quick sign that there is one at all.
TYPED = re.compile(rb'"type":"(?:[A-Z]|http://hl7\.org/fhir/StructureDefinition/)')

_RELATIVE = re.compile(r"(?:^|/)([A-Z][A-Za-z]+)/[A-Za-z0-9\-.]{1,64}(?:/_history/[A-Za-z0-9\-.]{1,64})?$")


def target_findings(resource: Resource, where: str, types: Mapping[str, str]) -> Iterator[Issue]:
    """References whose target, found by its address, is of a type that the element does not take.

    Args:
        types: type by address (``urn:uuid:…``, ``#id``, ``https://…``) of what lies at hand.
    """
    name = str(resource["resourceType"])
    for path, target in references(resource):
        kind = types.get(target.partition("/_history/")[0])
        if kind is None:
            continue
        allowed = allowed_types(name, tuple(part for part in path[:-1] if isinstance(part, str)))
        if allowed and kind not in allowed:
            yield issues.reference_target(where + path_text(path), ", ".join(allowed))


def type_findings(resource: Resource, where: str) -> Iterator[Issue]:
    """Reference.type is the type that the reference itself tells."""
    for path, node in objects(resource):
        target, named = node.get("reference"), node.get("type")
        if isinstance(target, str) and isinstance(named, str) and (found := _RELATIVE.search(target)):
            kind = found.group(1)
            if named.rpartition("/")[2] != kind:
                yield rule_issues.reference_type(f"{where}{path_text(path)}.type", kind)


@cache
def allowed_types(name: str, path: Path) -> tuple[str, ...]:
    """Types that the element at a path takes (``("Claim", ("insurance", "coverage"))``); empty for any."""
    for part in path:
        schema = definition(name).get("properties", {}).get(part, {})
        name = str(schema.get("items", schema).get("$ref", "")).rpartition("/")[2]
    return tuple(name.split(".")[1:]) if name.startswith("to.") else ()
