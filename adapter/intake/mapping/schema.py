"""JSON Schemas of mapping files, for editors: completion and a first look before the loader's own (格式的 JSON Schema).

Every scalar of a mapping file is text, whatever YAML makes of it; so numbers and booleans pass where text is expected.
What only the whole mapping can tell (unknown tables, settings, code tables, references) is left to the loader.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapter.fhir.identity import CANON
from adapter.intake.mapping import native_schema, stay_schema
from adapter.intake.mapping.database_section import database_schema
from adapter.intake.mapping.derived import FUNCTIONS
from adapter.intake.mapping.spec import OBSERVED, CodeForm, Need, RefundKind
from adapter.intake.mapping.transforms import DATED, TRANSFORMS
from adapter.intake.mapping.way_back_schema import way_back_schema
from adapter.model.message import EntryKind, Meaning
from adapter.model.source import READERS, Delivery

Schema = dict[str, Any]

_STEP = r"([A-Za-z][A-Za-z0-9_]*(\[[0-9]+\])?|extension\[[a-z0-9-]+\])"
_SEGMENT_PATH = r"^[A-Z][A-Z0-9]{2}(\[[0-9]+\])?-"

TEXT: Schema = {"type": ["string", "number", "boolean"]}
TEXTS: Schema = {"anyOf": [TEXT, {"type": "array", "items": TEXT}]}
FLAG: Schema = {"enum": ["yes", "no", True, False]}
NUMBER: Schema = {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": "^[0-9]{1,8}$"}]}


def schemas() -> dict[str, Schema]:
    """The schemas by kind of file: ``shape``, ``resource``, ``source``, ``messages``."""
    return {"shape": _shape(), "resource": _resource(), "source": _source(), "messages": _messages()}


def _object(properties: Mapping[str, Schema], *required: str, **more: Any) -> Schema:
    """An object with these keys and no others."""
    found: Schema = {"type": "object", "properties": dict(properties), "additionalProperties": False, **more}
    return {**found, "required": list(required)} if required else found


def _by_name(value: Schema) -> Schema:
    return {"type": "object", "additionalProperties": value}


def _told(schema: Schema, description: str) -> Schema:
    return {**schema, "description": description}


def _head(kind: str, title: str, body: Schema) -> Schema:
    address = f"{CANON}/schema/{kind}.json"
    return {"$schema": "http://json-schema.org/draft-07/schema#", "$id": address, "title": title, **body}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/definitions/{name}"}


# -- a resource file -------------------------------------------------------------------------------------------------


def _resource() -> Schema:
    body = _entries()
    body["required"] = ["to", "source", "fields"]
    body["definitions"] = _definitions()
    body["allOf"] = [
        {
            "if": {"properties": {"to": {"const": OBSERVED}}, "required": ["to"]},
            "then": {
                "properties": {
                    "fields": {
                        "propertyNames": {"pattern": "^[A-Za-z][A-Za-z0-9_]*$"},
                        "additionalProperties": _ref("column"),
                    }
                }
            },
        }
    ]
    return _head("resource", "One kind of resource of a HIS (映射文件)", body)


def _entries() -> Schema:
    """The entries of a resource file; those of an overlay need not be complete."""
    return _object(
        {
            "to": _told({"type": "string"}, "FHIR R4 resource type, or ObservedSettlement"),
            "source": _told(_ref("source"), "the table with the columns of its row key, or a value of the source file"),
            "private": _told(FLAG, "issue texts show none of its values"),
            "only": _told(_ref("condition"), "only rows for which this holds"),
            "fields": _told(_ref("fields"), "FHIR path → where its value comes from"),
            "ignored": _told(_by_name({"type": "string"}), "column → why it is left out"),
            "refunds": _told(_ref("refunds"), "how a refund line is told, and which line it undoes"),
            "amount_check": _told(_ref("amount_check"), "quantity × price (× factor) against the stored amount"),
            "id_check": _told(_ref("id_check"), "ID number against birth date and sex"),
            "expect": _told(_by_name(_ref("expectation")), "values beyond which this mapping does not go"),
            **stay_schema.of_resource(),
        }
    )


def _definitions() -> dict[str, Schema]:
    return {
        "source": _object(
            {"table": TEXT, "row_key": TEXTS, "setting": TEXT, "prefix": TEXT, "distinct": FLAG},
            anyOf=[{"required": ["setting"]}, {"required": ["table", "row_key"]}],
        ),
        "fields": {
            "type": "object",
            "propertyNames": {"pattern": rf"^{_STEP}(\.{_STEP})*$"},
            "additionalProperties": _ref("value"),
        },
        "value": {
            "type": "object",
            "oneOf": [
                _ref("column"),
                *map(_constant, ("const", "setting", "sid", "codesystem")),
                _object({"reference": _told(TEXT, "name of another resource file")}, "reference"),
                _object({"each": _told(TEXT, "a table"), "only": _ref("condition"), "fields": _ref("fields")}, *_EACH),
                _object({"row_key": FLAG}, "row_key"),
            ],
        },
        "column": _column(),
        "condition": _object(
            {"column": TEXT, "codes": TEXT, "in": TEXTS, "not_in": TEXTS, "in_setting": TEXT, "starts_with": TEXTS},
            "column",
            oneOf=[{"required": [key]} for key in ("in", "not_in", "in_setting", "starts_with")],
        ),
        "expectation": _object(
            {"in": TEXTS, "in_setting": TEXT, "zh": TEXT, "en": TEXT},
            *("zh", "en"),
            anyOf=[{"required": ["in"]}, {"required": ["in_setting"]}],
        ),
        "amount_check": _object(
            {
                **dict.fromkeys(("quantity", "price", "amount", "factor"), TEXT),
                **{name: _ref("amount") for name in ("tolerance", "limit")},
            },
            *("quantity", "price", "amount", "tolerance", "limit"),
        ),
        "amount": {"anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^[+-]?[0-9]+(\.[0-9]+)?$"}]},
        "id_check": _object(dict.fromkeys(_ID_CHECK, TEXT), *_ID_CHECK),
        "refunds": _refunds(),
        **stay_schema.definitions(),
    }


_EACH = ("each", "fields")
_ZEROS: Schema = {"zeros": {"enum": ["kept", "stripped"], "description": "whether stay keys keep their leading zeros"}}
_ID_CHECK = ("number", "birth", "sex", "sexes")


def _constant(kind: str) -> Schema:
    return _object(
        {kind: TEXT, "as": _told({"enum": ["flag", "integer"]}, "read the constant as"), "when": _ref("condition")},
        kind,
        allOf=[
            {
                "if": {"properties": {"as": {"const": "flag"}}, "required": ["as"]},
                "then": {"properties": {kind: {"enum": ["true", "false", True, False]}}},
            },
            {
                "if": {"properties": {"as": {"const": "integer"}}, "required": ["as"]},
                "then": {"properties": {kind: NUMBER}},
            },
        ],
    )


def _column() -> Schema:
    dated = {"properties": {"as": {"enum": sorted(DATED)}}, "required": ["as"]}
    return _object(
        {
            "from": _told(TEXT, "column of the row, or STAY_TABLE.COLUMN"),
            "as": _told({"enum": list(TRANSFORMS)}, "the function that reads it; text when left out"),
            "formats": _told(TEXTS, "strptime formats, all that occur"),
            "absent": _told(TEXTS, "more texts that mean nothing"),
            "required": _told({"enum": [*(each.value for each in Need), True, False]}, "what an absent value means"),
            "codes": _told(TEXT, "the code table that answers"),
            "form": _told({"enum": [each.value for each in CodeForm]}, "what its answer becomes"),
            "when": _told(_ref("condition"), "the value counts only then"),
        },
        "from",
        **{"if": dated, "then": {"required": ["formats"]}, "else": {"not": {"required": ["formats"]}}},
    )


def _refunds() -> Schema:
    plain = dict.fromkeys(("quantity", "price", "day"), TEXT)
    needed = {RefundKind.LINKED: ["link"], RefundKind.MIRROR: ["link", "told_by", "undone"]}
    return _object(
        {
            "kind": {"enum": [each.value for each in RefundKind]},
            **plain,
            "item": TEXTS,
            "link": {"anyOf": [TEXT, _by_name(TEXT)]},
            "no_link": TEXTS,
            "told_by": _ref("condition"),
            "undone": _ref("condition"),
            "among": {"type": "array", "items": _ref("condition")},
        },
        *("quantity", "item", "price", "day"),
        allOf=[
            {
                "if": {"properties": {"kind": {"const": kind.value}}, "required": ["kind"]},
                "then": {"required": keys},
            }
            for kind, keys in needed.items()
        ],
    )


# -- shape.yaml --------------------------------------------------------------------------------------------------------


def _shape() -> Schema:
    columns = {"anyOf": [TEXTS, _by_name({"anyOf": [TEXT, {"type": "array", "items": NUMBER}]})]}
    derived = _object(
        {"as": {"enum": list(FUNCTIONS)}, "of": TEXTS, "decimals": NUMBER},
        *("as", "of"),
        allOf=[
            {
                "if": {"properties": {"as": {"const": "quotient"}}},
                "then": {"required": ["decimals"]},
                "else": {"not": {"required": ["decimals"]}},
            },
            {
                "if": {"not": {"properties": {"as": {"const": "filled"}}}},
                "then": {"properties": {"of": {"type": "array", "minItems": 2}}},
            },
        ],
    )
    table = _object(
        {
            "row_key": _told(TEXTS, "columns that name a row for ever"),
            "needed": _told(FLAG, "without its file every stay is held"),
            "ignored": _told(TEXT, "why the whole table is left out"),
            "file": _told(TEXT, "stem of its file, where that is not the table's name"),
            "join": _told(TEXTS, "columns that make the stay key, where there is no column of that name"),
            "version": _told(TEXT, "column that orders what was said of one row key"),
            "columns": _told(columns, "declared columns"),
            "rows": _told(TEXT, "JSON: the names that lead to the rows"),
            "derived": _told(_by_name(derived), "columns worked out from others"),
            **stay_schema.of_table(),
        },
        "row_key",
    )
    layout = _object(
        {
            "separator": {"type": "string", "minLength": 1, "maxLength": 1},
            "quote": {"type": "string", "maxLength": 1},
            "header": FLAG,
            "last_line": {"enum": ["closed", "open"]},
            "places": {"enum": ["characters", "bytes"]},
        }
    )
    keys = ("table", "key", "person")
    body = _object(
        {
            "shape": _told(TEXT, "name of the folder"),
            "version": TEXT,
            "title": _by_name(TEXT),
            "reader": {"enum": list(READERS)},
            "row": _told(TEXT, "XML: the element that is one row"),
            "layout": layout,
            "stay": _told(
                _object({**dict.fromkeys(keys, TEXT), **_ZEROS}, "key"), "only the key where it completes another shape"
            ),
            "absent": {"type": "object", "properties": {"text": TEXTS, "time": TEXTS}},
            "tables": _by_name(table),
            "resources": _told({"type": "array", "items": TEXT}, "the resource files, in the order of output"),
            **native_schema.of_shape(),
        },
        *("reader", "resources"),
        allOf=native_schema.shape_conditions(),
        **{"if": {"properties": {"reader": {"const": "xml_files"}}}, "then": {"required": ["row"]}},
    )
    return _head("shape", "How a HIS's export is laid out (导出形态)", body)


# -- the source file --------------------------------------------------------------------------------------------------


def _source() -> Schema:
    kinds = _object({each.value: TEXTS for each in EntryKind})
    messages = _object(
        {
            "events": {
                "type": "object",
                "propertyNames": {"pattern": r"\^"},
                "additionalProperties": {"enum": [each.value for each in Meaning]},
            },
            "kinds": _by_name(kinds),
        },
        "events",
    )
    body = _object(
        {
            "source": TEXT,
            "shape": _told(TEXT, "the vendor's folder under his/"),
            "with": _told({"type": "array", "items": TEXT}, "further folders whose tables complete the stays"),
            "delivery": _told(
                {"enum": [each.value for each in Delivery]}, "an export holds each stay whole, or only what changed"
            ),
            "title": _by_name(TEXT),
            "zone": _told(TEXT, "time zone of its local times, Asia/Shanghai"),
            "encodings": _told(TEXTS, "what the hospital says it sends; the bytes decide"),
            "facility": _told(_by_name(TEXT), "values that fields may take as a setting"),
            "insurer": _told(_by_name(TEXT), "values that fields may take as a setting"),
            "observed_settlements": _told(TEXT, "the call that the HIS settles itself"),
            "newborns": _told({"enum": ["held", "with-mother"]}, "who bears newborns' lines on the mother's stay"),
            "overlays": _told(
                _by_name(_entries()), "by resource file, entries added to the vendor's or replacing them"
            ),
            "messages": _told(messages, "HL7 v2: what each event means here"),
            "fhir": native_schema.of_source(),
            "database": database_schema(),
            "way_back": way_back_schema(),
        },
        *("shape", "zone", "facility", "insurer"),
        definitions=_definitions(),
    )
    return _head("source", "One hospital's feed (来源文件)", body)


# -- messages.yaml ----------------------------------------------------------------------------------------------------


def _messages() -> Schema:
    path: Schema = {"type": "string", "pattern": _SEGMENT_PATH}
    paths: Schema = {"type": "array", "items": path}
    segments = {
        "anyOf": [
            {"type": "string", "pattern": "^[A-Z0-9]{3}$"},
            {"type": "array", "minItems": 1, "items": {"type": "string", "pattern": "^[A-Z0-9]{3}$"}},
        ]
    }

    def at(key: str) -> Schema:
        return _object({"path": path, key: TEXTS}, "path", key)

    kinds = tuple(each.value for each in EntryKind)
    rows = _object(
        {"segments": segments, "key": paths, "replaces": {"anyOf": [{"const": "all"}, paths]}, "deleted": at("in")},
        *("segments", "key"),
    )
    entry = _object(
        {
            "segments": segments,
            **dict.fromkeys(("key", "undoes", "quantity", "price", "amount", "item", "at", "unit"), path),
            "sign_length": NUMBER,
            "kind": _object({"path": path, "otherwise": {"enum": list(kinds)}, **dict.fromkeys(kinds, TEXTS)}, "path"),
            "currency": at("yuan"),
            "state": at("void"),
            "priced": FLAG,
        },
        *("segments", "key", "quantity", "item", "at"),
    )
    body = _object(
        {
            "keys": _object(
                dict.fromkeys(("stay", "person", "prior_stay", "prior_person", "newborn"), path), "stay", "person"
            ),
            "order": paths,
            "inpatient": at("in"),
            "typed": _by_name({"anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?$"}]}),
            "whole": paths,
            "segments": _object({"person": TEXTS, "stay": TEXTS}, "person", "stay"),
            "of_stay": paths,
            "tables": _object({"charges": TEXT, "payments": TEXT}),
            "rows": _by_name(rows),
            "entries": _by_name(entry),
        },
        *("keys", "order"),
    )
    return _head("messages", "How a HIS's HL7 v2 messages are understood (消息说明)", body)
