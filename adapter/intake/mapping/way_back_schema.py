"""JSON Schema of a source's ``way_back``, for editors; one alternative per form (回传设置的 JSON Schema)."""

from __future__ import annotations

from typing import Any

from adapter.intake.mapping import way_back as rules
from adapter.model.notice import NoticeKind

_TEXT: dict[str, Any] = {"type": ["string", "number", "boolean"]}
_FLAG: dict[str, Any] = {"enum": ["yes", "no", True, False]}
_NAME: dict[str, Any] = {"type": "string", "pattern": rules.NAME}


def way_back_schema() -> dict[str, Any]:
    """The ``way_back`` of a source file."""
    return {
        "description": "how the HIS hears of decisions; left out, it hears nothing",
        "oneOf": [_form(form) for form in rules.FORM_KEYS],
    }


def _form(form: str) -> dict[str, Any]:
    needed = {"webhook": ("url", "secret_env"), "folder": ("folder",), "table": ("database_env",)}
    return {
        "type": "object",
        "properties": {"form": {"const": form}, **_common(), **{key: _entry(key) for key in rules.FORM_KEYS[form]}},
        "additionalProperties": False,
        "required": ["form", "send", *needed.get(form, ("host", "port"))],
    }


def _common() -> dict[str, Any]:
    kind = {"enum": list(NoticeKind)}
    return {
        "send": {
            "anyOf": [kind, {"type": "array", "items": kind, "minItems": 1}],
            "description": "what the HIS wants to hear",
        },
        "estimate": {"enum": list(rules.ESTIMATES), "description": "when an estimate is told"},
    }


def _entry(key: str) -> dict[str, Any]:
    number = {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": rules.NUMBER}]}
    known: dict[str, dict[str, Any]] = {
        **dict.fromkeys(("plain", "checksums"), _FLAG),
        **dict.fromkeys(("timeout", "port"), number),
        **dict.fromkeys(("application", "receiver"), _NAME),
        "encoding": {"enum": list(rules.ENCODINGS)},
        "version": {"anyOf": [{"type": "number"}, {"type": "string", "pattern": rules.VERSION}]},
        "table": {"type": "string", "pattern": rules.TABLE_NAME},
        "events": {
            "type": "object",
            "propertyNames": {"enum": list(NoticeKind)},
            "additionalProperties": {"type": "string", "pattern": rules.EVENT},
            "description": "MSH-9 by kind, where the receiver wants others than ours",
        },
    }
    if key.endswith("_env"):
        return {"type": "string", "pattern": rules.ENV_NAME, "description": "name of an environment variable"}
    return known.get(key, _TEXT)
