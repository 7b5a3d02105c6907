"""Careful reading of what others sent: lists, texts, amounts; every oddity becomes an issue. 读取外来内容。"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from adapter.fhir import answer_issues as issue
from adapter.model.issues import Issue
from adapter.model.money import Money


def resources_in(body: Any, resource_type: str, found: list[Issue]) -> list[tuple[str, Mapping[str, Any]]]:
    """Resources of a type in a body that is one itself or a Bundle of them, each with its pointer."""
    if isinstance(body, Mapping) and body.get("resourceType") == resource_type:
        return [(resource_type, body)]
    if not isinstance(body, Mapping) or body.get("resourceType") != "Bundle":
        found.append(issue.unexpected_shape("body", f"{resource_type} | Bundle"))
        return []
    chosen = []
    for number, entry in enumerate(listed(body, "entry", "Bundle", found)):
        resource = entry.get("resource")
        if isinstance(resource, Mapping) and resource.get("resourceType") == resource_type:
            chosen.append((f"Bundle.entry[{number}].resource", resource))
    return chosen


def listed(element: Any, name: str, place: str, found: list[Issue]) -> list[Mapping[str, Any]]:
    """The objects of a repeating element; absent is none, anything but a list of objects is an issue."""
    value = element.get(name, []) if isinstance(element, Mapping) else None
    if isinstance(value, list) and all(isinstance(each, Mapping) for each in value):
        return value
    found.append(issue.unexpected_shape(f"{place}.{name}", "array"))
    return []


def objects_in(element: Any, name: str) -> list[Mapping[str, Any]]:
    """The objects of a repeating element, whatever else may stand among them; never an issue."""
    value = element.get(name) if isinstance(element, Mapping) else None
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def code_in(concept: Any, system_url: str | None = None) -> str | None:
    """The first code of a CodeableConcept, in a system if one is named, or None."""
    codings = concept.get("coding") if concept.__class__ is dict else None
    if codings.__class__ is list and len(codings) == 1 and codings[0].__class__ is dict:  # nearly always
        only = codings[0]
        code = only.get("code")
        if code.__class__ is str and code and system_url in (None, only.get("system")):
            return code
    for coding in objects_in(concept, "coding"):
        code = text_in(coding, "code")
        if code is not None and system_url in (None, coding.get("system")):
            return code
    return None


def text_in(element: Mapping[str, Any], name: str) -> str | None:
    """A non-empty text, or None."""
    value = element.get(name)
    return value if isinstance(value, str) and value else None


def amount_in(value: Any, pointer: str, found: list[Issue]) -> Money | None:
    """An amount in CNY, exact to the fen; anything else is an issue."""
    if not isinstance(value, Mapping):
        found.append(issue.bad_amount(pointer))
        return None
    if value.get("currency") != "CNY":
        found.append(issue.wrong_currency(pointer))
        return None
    number = value.get("value")
    if isinstance(number, bool) or not isinstance(number, Decimal | int):
        found.append(issue.bad_amount(pointer))
        return None
    try:
        return Money.yuan(number)
    except ValueError:
        found.append(issue.bad_amount(pointer))
        return None
