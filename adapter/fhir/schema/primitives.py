"""FHIR primitives as JSON schema: the published patterns, made exact where they are loose.

Tighter than R4 on purpose: a date must exist in the calendar and lie in the years 1000 to 2999; text may not be
blank; null is refused everywhere but beside a primitive extension.
"""

from __future__ import annotations

from typing import Any

_YEAR = r"[12]\d{3}"
_LEAP = r"(?:[12]\d(?:0[48]|[2468][048]|[13579][26])|(?:1[26]|2[048])00)"
_MONTH_DAY = (
    r"(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)|02-(?:0[1-9]|1\d|2[0-8]))"
)
_DAY = rf"(?:{_YEAR}-{_MONTH_DAY}|{_LEAP}-02-29)"
_TIME = r"(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?"
_ZONE = r"(?:Z|[+-](?:(?:0\d|1[0-3]):[0-5]\d|14:00))"
_PLAIN = r"[^\x00-\x08\x0b\x0c\x0e-\x1f]"


def _text(pattern: str) -> dict[str, Any]:
    return {"type": "string", "pattern": f"^(?:{pattern})$".replace(r"\d", "[0-9]")}


_STRING: dict[str, Any] = {"type": "string", "pattern": rf"^{_PLAIN}*[^\x00-\x20]{_PLAIN}*$"}
_URI = _text(r"\S+")

PRIMITIVES: dict[str, dict[str, Any]] = {
    "base64Binary": _text(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})"),
    "boolean": {"type": "boolean"},
    "canonical": _URI,
    "code": _text(r"[^\s]+(?:\s[^\s]+)*"),
    "date": _text(rf"{_YEAR}(?:-(?:0[1-9]|1[0-2]))?|{_DAY}"),
    "dateTime": _text(rf"{_YEAR}(?:-(?:0[1-9]|1[0-2]))?|{_DAY}(?:T{_TIME}{_ZONE})?"),
    "decimal": {"type": "number"},
    "id": _text(r"[A-Za-z0-9\-.]{1,64}"),
    "instant": _text(rf"{_DAY}T{_TIME}{_ZONE}"),
    "integer": {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1},
    "integer64": _text(r"-?(?:0|[1-9]\d{0,18})"),  # R5 writes it as text, so that no reader rounds it
    "markdown": _STRING,
    "oid": _text(r"urn:oid:[0-2](?:\.(?:0|[1-9][0-9]*))+"),
    "positiveInt": {"type": "integer", "minimum": 1, "maximum": 2**31 - 1},
    "string": _STRING,
    "time": _text(_TIME),
    "unsignedInt": {"type": "integer", "minimum": 0, "maximum": 2**31 - 1},
    "uri": _URI,
    "url": _URI,
    "uuid": _text(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
    "xhtml": {"type": "string", "pattern": r"^\s*<div[\s>]"},
}


def reference_pattern(targets: tuple[str, ...]) -> dict[str, Any]:
    """What ``Reference.reference`` may say: relative, conditional, urn, fragment or absolute.

    Args:
        targets: allowed resource types, empty for any. An absolute address may name a server we do not know, so its
            type is not looked at.
    """
    types = "|".join(targets) if targets else "[A-Z][A-Za-z]+"
    return _text(
        rf"(?:{types})(?:/[A-Za-z0-9\-.]{{1,64}}(?:/_history/[A-Za-z0-9\-.]{{1,64}})?|\?\S+)|urn:\S+|#\S*|https?://\S+"
    )
