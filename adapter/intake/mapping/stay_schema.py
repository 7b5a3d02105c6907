"""JSON Schemas of what mapping files say about several rows of a stay (跨行规格的 JSON Schema)."""

from __future__ import annotations

from typing import Any

from adapter.intake.mapping.stay_spec import Take

Schema = dict[str, Any]

_TEXT: Schema = {"type": ["string", "number", "boolean"]}
_TEXTS: Schema = {"anyOf": [_TEXT, {"type": "array", "items": _TEXT}]}
_FLAG: Schema = {"enum": ["yes", "no", True, False]}
_NUMBER: Schema = {"anyOf": [{"type": "integer", "minimum": 3}, {"type": "string", "pattern": "^[0-9]{1,8}$"}]}


def _object(properties: Schema, *required: str) -> Schema:
    return {"type": "object", "properties": properties, "additionalProperties": False, "required": list(required)}


_ROW_TEST: Schema = {
    **_object({"column": _TEXT, "in": _TEXTS, "not_in": _TEXTS}, "column"),
    "oneOf": [{"required": ["in"]}, {"required": ["not_in"]}],
}


def of_resource() -> Schema:
    """Keys of a resource file."""
    return {
        "for_newborns": {
            **_FLAG,
            "description": "takes part only where the source says newborns: with-mother",
        },
        "newborn": {"$ref": "#/definitions/newborn", "description": "lines of a newborn on the mother's stay"},
        "covers": {"$ref": "#/definitions/covers", "description": "the fee lines that a settlement took in"},
        "clock_check": {
            "$ref": "#/definitions/clock_check",
            "description": "times that a view may have written wrongly",
        },
    }


def definitions() -> Schema:
    """The definitions that these keys refer to."""
    lines = _object(
        {
            "table": _TEXT,
            "by": {"type": "object", "minProperties": 1, "additionalProperties": _TEXT},
            "amount": _TEXT,
            "only": {"type": "array", "items": _ROW_TEST},
        },
        *("table", "by", "amount"),
    )
    return {
        "newborn": _object(
            {"column": _TEXT, "none": _TEXTS, "patient": _TEXT, "key": _TEXTS, "only_one": _FLAG},
            *("column", "none", "patient", "key"),
        ),
        "covers": _object(
            {"lines": {"type": "array", "items": lines}, "tolerance": {"$ref": "#/definitions/amount"}},
            *("lines", "tolerance"),
        ),
        "clock_check": _object({"occurred": _TEXT, "booked": _TEXT, "least": _NUMBER}, "occurred", "least"),
    }


def of_table() -> Schema:
    """Keys of a table in shape.yaml."""
    tests: Schema = {"type": "array", "items": _ROW_TEST}
    taken = _object(
        {
            "take": {"enum": [each.value for each in Take]},
            "table": _TEXT,
            "of": _TEXT,
            "order": _TEXTS,
            "only": tests,
        },
        "take",
    )
    taken["allOf"] = [
        {
            "if": {"properties": {"take": {"enum": ["next", "previous"]}}},
            "then": {"required": ["of", "order"], "not": {"required": ["table"]}},
            "else": {"required": ["table"]},
        },
        {
            "if": {"properties": {"take": {"const": "count"}}},
            "then": {"not": {"anyOf": [{"required": ["of"]}, {"required": ["order"]}]}},
            "else": {"required": ["of", "order"]},
        },
    ]
    split = _object(
        {
            "column": _TEXT,
            "at": {"anyOf": [_MARK, {"type": "array", "minItems": 1, "items": _MARK}]},
            "number": _TEXT,
        },
        *("column", "at", "number"),
    )
    return {
        "from_rows": {
            "type": "object",
            "additionalProperties": taken,
            "description": "columns taken from other rows of the stay",
        },
        "split": {**split, "description": "a column that lists several things makes a row for each"},
        "rows_where": {**tests, "description": "rows for which one of these does not hold are no rows of this table"},
    }


_MARK: Schema = {"type": "string", "minLength": 1, "maxLength": 1}
