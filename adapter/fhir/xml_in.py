"""FHIR XML read into the same plain dicts as FHIR JSON, by the definitions of its version (FHIR XML 读入).

What is a list, a number or a flag follows from the definition of the type; a type without one gives its name and id
alone. Amounts keep their digits.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from adapter.fhir.canonical import REACH
from adapter.fhir.schema.compiled import SERVED, Version, definition

_FHIR = "{http://hl7.org/fhir}"
_XHTML = "{http://www.w3.org/1999/xhtml}"
_RESOURCES = ("AnyResource",)

#: Attributes in a namespace: where a schema lies may be said, and is nothing of the resource.
_SCHEMA_INSTANCE = "{http://www.w3.org/2001/XMLSchema-instance}"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"

#: Numbers as FHIR writes them; Python itself takes more: 1_000, digits of other scripts, spaces around.
_WHOLE = re.compile(r"(0|[-+]?[1-9][0-9]{0,18})\Z", re.ASCII)
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]{1,9})?\Z", re.ASCII)


def resource_of(element: Any, version: Version = "R4") -> dict[str, Any]:
    """A resource from its XML element (lxml or ElementTree).

    Raises:
        ValueError: it is no FHIR element, or something in it has no place in FHIR: text between elements, attributes
            that FHIR does not have.
    """
    kind = _name(element)
    found: dict[str, Any] = {"resourceType": kind}
    if kind not in SERVED:
        ids = [child.get("value") for child in element if _name(child) == "id"]
        return {**found, "id": ids[0]} if ids and ids[0] else found
    return {**found, **_members(element, kind, version, ())}


def entry_of(element: Any) -> dict[str, Any]:
    """A ``Bundle.entry`` from its XML element. Raises ValueError."""
    return _members(element, "Bundle.entry", "R4")


def _members(element: Any, kind: str, version: Version, attributes: tuple[str, ...] = ("id",)) -> dict[str, Any]:
    properties = definition(kind, version).get("properties", {})
    found: dict[str, Any] = {}
    for attribute, text in element.items():
        if attribute in attributes or (attribute == "url" and kind == "Extension"):
            if attribute != "value":
                found[attribute] = text
        elif not attribute.startswith(_SCHEMA_INSTANCE):
            raise ValueError("an attribute stands where FHIR has none")
    _no_text(element.text)
    for child in element:
        _no_text(child.tail)
        if kind == "Narrative" and child.tag == f"{_XHTML}div":
            found["div"] = _markup(child, f' xmlns="{_XHTML[1:-1]}"')
            continue
        name = _name(child)
        target, repeats = _target(properties.get(name, {}))
        value, beside = _value(child, target, version)
        if repeats:
            _append(found, name, value, beside)
        elif name in found or f"_{name}" in found:
            raise ValueError(f"{name} stands twice")
        else:
            found |= {key: each for key, each in ((name, value), (f"_{name}", beside)) if each is not None}
    return _without_nothing(found)


def _no_text(text: str | None) -> None:
    if text and not text.isspace():
        raise ValueError("text between elements; FHIR writes a value as the attribute value")


def _without_nothing(found: dict[str, Any]) -> dict[str, Any]:
    """A list that holds nothing but what stands beside its values is written without the values."""
    empty = [
        name
        for name, each in found.items()
        if f"_{name}" in found and isinstance(each, list) and all(one is None for one in each)
    ]
    return {name: each for name, each in found.items() if name not in empty} if empty else found


def _value(element: Any, target: str, version: Version) -> tuple[Any, dict[str, Any] | None]:
    """The value of an element, and what stands beside a primitive one."""
    if target in _RESOURCES:
        inner = list(element)
        if len(inner) != 1:
            raise ValueError("one resource is expected")
        return resource_of(inner[0], version), None
    if "properties" in definition(target, version):
        return _members(element, target, version), None
    if element.get("value") is None and not target:
        return _members(element, target, version), None
    value = _primitive(element.get("value"), definition(target, version).get("type"))
    beside = _members(element, "Element", version, ("id", "value"))
    return value, beside if beside or value is None else None  # an element that is empty stays there, to be told


def _markup(element: Any, namespace: str = "") -> str:
    """A narrative's markup as the text that FHIR JSON carries. Raises ValueError for markup that is not XHTML."""
    if not isinstance(element.tag, str):
        return ""  # a comment
    if not element.tag.startswith(_XHTML):
        raise ValueError("a narrative holds XHTML only")
    name = element.tag.removeprefix(_XHTML)
    attributes = "".join(f" {_attribute(key)}={quoteattr(text)}" for key, text in element.attrib.items())
    inside = escape(element.text or "") + "".join(_markup(child) + escape(child.tail or "") for child in element)
    return f"<{name}{namespace}{attributes}>{inside}</{name}>" if inside else f"<{name}{namespace}{attributes}/>"


def _attribute(name: str) -> str:
    if name == _LANGUAGE:
        return "xml:lang"
    if name.startswith("{"):
        raise ValueError("a narrative holds XHTML only")
    return name


def _primitive(text: str | None, kind: Any) -> Any:
    """A number or a flag where the definition says so and the text is one within reach; any other text stays."""
    if text is None:
        return None
    if kind == "boolean" and text in ("true", "false"):
        return text == "true"
    if kind == "integer" and _WHOLE.match(text):
        return int(text)
    if kind == "number" and _NUMBER.match(text) and -REACH < (number := Decimal(text)).adjusted() < REACH:
        return number
    return text


def _append(found: dict[str, Any], name: str, value: Any, beside: dict[str, Any] | None) -> None:
    """One more of a list; the list beside it keeps step, as FHIR JSON wants it."""
    values, others = found.setdefault(name, []), found.get(f"_{name}")
    if beside is not None and others is None:
        others = found[f"_{name}"] = [None] * len(values)
    values.append(value)
    if others is not None:
        others.append(beside)


def _target(schema: dict[str, Any]) -> tuple[str, bool]:
    """The definition that an element follows, references by what they are, and whether it repeats."""
    repeats = schema.get("type") == "array"
    inner = schema.get("items", {}) if repeats else schema
    name = str(inner.get("$ref", "")).rpartition("/")[2]
    return ("Reference" if name.startswith("to.") else name), repeats


def _name(element: Any) -> str:
    tag = element.tag
    if not isinstance(tag, str) or not tag.startswith(_FHIR):
        raise ValueError("it is no FHIR element")
    return tag.removeprefix(_FHIR)
