"""The JSON Schema of what a hospital that speaks FHIR has in its files (FHIR 来源的格式)."""

from __future__ import annotations

from typing import Any

from adapter.intake.mapping.native_load import SYSTEMS, TYPES
from adapter.model.source import NATIVE

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_NUMBER: Schema = {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": "^[0-9]{1,9}$"}]}
_TYPE: Schema = {"enum": list(TYPES)}


def _object(properties: Schema, **more: Any) -> Schema:
    return {"type": "object", "properties": properties, "additionalProperties": False, **more}


def of_shape() -> Schema:
    """Keys of ``shape.yaml`` beside those of other readers."""
    reasons: Schema = {"type": "object", "additionalProperties": _TEXT}
    return {
        "inpatient": {
            "type": "array",
            "items": _TEXT,
            "description": "FHIR: codes of Encounter.class that mean a stay",
        },
        "ignored": {**reasons, "description": "FHIR: resource type → why it is left out"},
        "left_out": {
            "type": "object",
            "propertyNames": _TYPE,
            "additionalProperties": reasons,
            "description": "FHIR: by resource type, element → why it stays behind",
        },
        "limits": _object({"resource_bytes": _NUMBER, "depth": _NUMBER}),
    }


def shape_conditions() -> list[Schema]:
    """What is required of a shape depends on its reader."""
    native: Schema = {"properties": {"reader": {"const": NATIVE}}, "required": ["reader"]}
    others: Schema = {
        "required": ["stay", "tables"],
        "not": {"anyOf": [{"required": [name]} for name in of_shape()]},
    }
    barred = [{"required": [name]} for name in ("stay", "tables", "row", "layout", "absent")]
    then: Schema = {"required": ["inpatient"], "not": {"anyOf": barred}}
    return [{"if": native, "then": then, "else": others}]


def of_source() -> Schema:
    """The part ``fhir`` of a source file."""
    table = _object({"table": _TEXT, "system": _TEXT}, required=["table"])
    codes: Schema = {
        "type": "object",
        "propertyNames": {"pattern": rf"^({'|'.join(TYPES)})(\.[A-Za-z]+)+$"},
        "additionalProperties": {"anyOf": [_TEXT, table]},
    }
    bases: Schema = {"anyOf": [_TEXT, {"type": "array", "items": _TEXT}]}
    found = _object(
        {
            "bases": {**bases, "description": "addresses of the hospital's server; references below them are its own"},
            "systems": _object(
                dict.fromkeys(SYSTEMS, _TEXT), description="identifier and code systems by what they name"
            ),
            "codes": {**codes, "description": "Type.element → code table of the source"},
        }
    )
    return {**found, "description": "a hospital that speaks FHIR"}
