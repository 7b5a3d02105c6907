"""The quick question: a narrower schema, whose yes needs no second look; its no says nothing.

Nearly every resource is an ordinary one. So r4.json is narrowed in memory, for speed alone: whatever passes here
passes there as well, and holds nothing that the comparing rules (rules_base.py) would look at. What does not pass is
asked by the full schema, which alone decides and alone has words for a fault. Every change below takes something away;
tests/rooms/fhir/test_quick.py holds the two against each other.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]

#: Members that a rule would have to compare with another one, or to look into.
COMPARED = frozenset({"end", "high", "lastModified", "contained"})

#: Text without white space: the validator has a scanner of its own for this pattern and needs no regular expression.
_WORD: Json = {"type": "string", "minLength": 1, "pattern": r"^\S*$"}


def narrowed(definitions: Mapping[str, Json]) -> dict[str, Json]:
    """The definitions of r4.json for the quick question."""
    quick = copy.deepcopy(dict(definitions))
    for schema in quick.values():
        for name in COMPARED & schema.get("properties", {}).keys():
            schema["properties"][name] = False
        for name, member in schema.get("properties", {}).items():
            if member == {"$ref": "#/$defs/Narrative"}:
                schema["properties"][name] = False
    for name in ("canonical", "code", "uri", "url"):
        quick[name] = _WORD
    quick["Reference"]["properties"]["type"] = False  # has to agree with the reference
    _require_amount(quick["Money"])
    _require_plain(quick["Extension"])
    for name in quick:
        if name.startswith("to."):
            quick[name] = _relative(quick["Reference"], name.split(".")[1:])
    return quick


def _require_amount(money: Json) -> None:
    """Value and currency, nothing in need of a condition."""
    del money["allOf"]
    money["required"] = ["value", "currency"]
    money["properties"]["currency"] = {"const": "CNY"}


def _require_plain(extension: Json) -> None:
    """A url and one other member, which spares counting the fifty kinds of value."""
    del extension["allOf"]
    extension["minProperties"] = extension["maxProperties"] = 2
    del extension["properties"]["id"]


def _relative(reference: Json, targets: list[str]) -> Json:
    """A relative reference to one of the targets, looked at once and not as any reference first."""
    pattern = rf"^(?:{'|'.join(targets)})/[A-Za-z0-9\-.]{{1,64}}$"
    return {
        **reference,
        "properties": {**reference["properties"], "reference": {"type": "string", "pattern": pattern}},
    }
