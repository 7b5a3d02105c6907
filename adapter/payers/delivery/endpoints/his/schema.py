"""The JSON Schema of a notice; docs/way-back.md prints it and a test compares the two (回传内容的 JSON Schema)."""

from __future__ import annotations

from typing import Any

from adapter.fhir.identity import CANON
from adapter.model.notice import NoticeKind
from adapter.model.settlement import Payer

_TEXT: dict[str, Any] = {"type": "string"}
_FLAG: dict[str, Any] = {"type": "boolean"}
_MOMENT: dict[str, Any] = {"type": "string", "format": "date-time"}
_AMOUNT: dict[str, Any] = {"$ref": "#/definitions/amount"}
_WORDS = ("zh", "en", "cite")


def _object(properties: dict[str, Any], *optional: str) -> dict[str, Any]:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _texts(*names: str) -> dict[str, Any]:
    return dict.fromkeys(names, _TEXT)


def _list(name: str) -> dict[str, Any]:
    return {"type": "array", "items": {"$ref": f"#/definitions/{name}"}}


def _bill(**more: dict[str, Any]) -> dict[str, Any]:
    return _object(
        {
            **more,
            "version": {"type": "integer", "minimum": 0},
            "scheme": _TEXT,
            "settled_on": {"type": "string", "format": "date"},
            "total": _AMOUNT,
            "patient_pays": _AMOUNT,
            "shares": _list("share"),
            "patient": {"type": "object", "additionalProperties": _AMOUNT},
            "basis": _TEXT,
        }
    )


_REFUND = _object({"amount": _AMOUNT, **_texts(*_WORDS)})
_DEPOSIT = _object({**_texts("state", *_WORDS), "received": _AMOUNT, "refund": _REFUND}, "refund")

_DEFINITIONS = {
    "amount": {"type": "string", "pattern": r"^-?[0-9]+\.[0-9]{2}$"},
    "reason": _object(_texts("code", "met", "effect", *_WORDS, "todo_zh", "todo_en")),
    "share": _object(
        {
            "payer": {"enum": [str(payer) for payer in Payer]},
            **_texts("zh", "en"),
            "amount": _AMOUNT,
            **_texts("authority", "cite"),
            "reference": {"type": ["string", "null"]},
        }
    ),
    "issue": _object(_texts("code", "severity", "pointer", "zh", "en", "hint_zh", "hint_en")),
}

_TOLD = {
    NoticeKind.ELIGIBILITY: _object(
        {
            **_texts("state", "assessed", "programme", "version"),
            "reasons": _list("reason"),
            "deposit": _DEPOSIT,
        }
    ),
    NoticeKind.ESTIMATE: _bill(mode={"enum": ["estimate", "trial"]}),
    NoticeKind.SETTLEMENT: _bill(settled_at=_MOMENT),
    NoticeKind.REVERSAL: _bill(reversed_at=_MOMENT),
    NoticeKind.ISSUES: _object({"held": _FLAG, "issues": _list("issue")}),
    NoticeKind.NOTICE: _object(
        {
            **_texts("cause", "number", *_WORDS, "to", "channel"),
            "figures": {"type": "object", "additionalProperties": _TEXT},
        }
    ),
}

_FRAME = {
    "key": _TEXT,
    "kind": {"enum": [str(kind) for kind in NoticeKind]},
    "sequence": {"type": "integer", "minimum": 1},
    "at": _MOMENT,
    **_texts("source", "facility", "stay", "case"),
    **dict.fromkeys(("test", "test_profile"), _FLAG),
}

NOTICE_SCHEMA: dict[str, Any] = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "$id": f"{CANON}/schema/notice.json",
    "title": "What the HIS is told (回传通知)",
    **_object({**_FRAME, **{str(kind): told for kind, told in _TOLD.items()}}, *NoticeKind),
    "oneOf": [{"properties": {"kind": {"const": str(kind)}}, "required": [str(kind)]} for kind in NoticeKind],
    "definitions": _DEFINITIONS,
}
