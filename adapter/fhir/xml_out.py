"""FHIR XML written out of the plain dicts of FHIR JSON, by the definitions of its version (FHIR XML 写出).

The order of elements is the definitions', which XML demands and JSON does not. Decimals keep their digits. What the
definitions do not know is refused, never left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import Any
from xml.sax.saxutils import quoteattr

from adapter.fhir import issues
from adapter.fhir.schema.compiled import Version, definition
from adapter.model.issues import AdapterError

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_NAMESPACE = ' xmlns="http://hl7.org/fhir"'

#: What XML 1.0 cannot carry, not even escaped.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class _Out(list[str]):
    """The text so far, and the version whose definitions it follows."""

    def __init__(self, version: Version) -> None:
        super().__init__([_HEAD])
        self.version: Version = version


def xml_of(resource: Mapping[str, Any], version: Version = "R4") -> bytes:
    """A resource as FHIR XML, UTF-8.

    Raises:
        AdapterError: FHIR-141 for an element that the version does not know there, FHIR-142 for a character that XML
            cannot carry.
    """
    out = _Out(version)
    _resource(resource, out, _NAMESPACE)
    return "".join(out).encode()


def _resource(resource: Mapping[str, Any], out: _Out, namespace: str = "") -> None:
    kind = resource.get("resourceType")
    if not isinstance(kind, str) or "properties" not in definition(kind, out.version):
        raise AdapterError(issues.no_xml_for("resourceType"))
    out.append(f"<{kind}{namespace}>")
    _members(resource, kind, kind, out)
    out.append(f"</{kind}>")


def _members(value: Mapping[str, Any], kind: str, where: str, out: _Out) -> None:
    """Every element of a complex value, in the order of its definition."""
    places = _places(kind, out.version)
    wrong = [name for name in value if name.removeprefix("_") not in places and name != "resourceType"]
    if wrong:
        raise AdapterError(issues.no_xml_for(f"{where}.{wrong[0].removeprefix('_')}"))
    for name, target in places.items():
        if name in ("id", "url") and name in _attributes(kind, out.version):
            continue
        inside, beside = value.get(name), value.get(f"_{name}")
        if inside is None and beside is None:
            continue
        here = f"{where}.{name}"
        if not isinstance(inside, list) and not isinstance(beside, list):
            _element(name, inside, beside, target, here, out)
            continue
        values = inside if isinstance(inside, list) else []
        others = beside if isinstance(beside, list) else []
        for number in range(max(len(values), len(others))):
            one = values[number] if number < len(values) else None
            other = others[number] if number < len(others) else None
            _element(name, one, other, target, here, out)


def _element(name: str, value: Any, beside: Any, target: str, where: str, out: _Out) -> None:
    if target == "AnyResource":
        out.append(f"<{name}>")
        _resource(value, out)
        out.append(f"</{name}>")
        return
    if target == "xhtml":
        out.append(_text(value, where))
        return
    if isinstance(value, Mapping):
        out.append(f"<{name}{_own_attributes(value, target, where, out.version)}>")
        _members(value, target, where, out)
        out.append(f"</{name}>")
        return
    attributes = _own_attributes(beside, "Element", where, out.version) if isinstance(beside, Mapping) else ""
    if value is not None:
        attributes += f" value={quoteattr(_text(_written(value), where), _LINES)}"
    extensions = beside.get("extension", ()) if isinstance(beside, Mapping) else ()
    if not extensions:
        out.append(f"<{name}{attributes}/>")
        return
    out.append(f"<{name}{attributes}>")
    for each in extensions:
        _element("extension", each, None, "Extension", f"{where}.extension", out)
    out.append(f"</{name}>")


#: White space of a value that an attribute would lose.
_LINES = {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}


def _own_attributes(value: Mapping[str, Any], kind: str, where: str, version: Version) -> str:
    names = [name for name in _attributes(kind, version) if name in value]
    return "".join(f" {name}={quoteattr(_text(str(value[name]), where), _LINES)}" for name in names)


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return format(value, "f") if isinstance(value, Decimal) and value.as_tuple().exponent in _PLAIN else str(value)


#: Exponents with which Decimal would write a number that JSON wrote without one.
_PLAIN = range(-18, 1)


def _text(value: str, where: str) -> str:
    if _NOT_XML.search(value):
        raise AdapterError(issues.not_in_xml(where))
    return value


@cache
def _attributes(kind: str, version: Version) -> tuple[str, ...]:
    """Elements that XML writes as attributes: ``id`` of everything inside a resource, ``url`` of an extension."""
    if kind == "Extension":
        return ("id", "url")
    return () if "resourceType" in definition(kind, version).get("properties", {}) else ("id",)


@cache
def _places(kind: str, version: Version) -> dict[str, str]:
    """Elements of a type in order, each with the definition that its value follows."""
    found = {}
    for name, schema in definition(kind, version).get("properties", {}).items():
        if name == "resourceType" or name.startswith("_"):
            continue
        inner = schema.get("items", {}) if schema.get("type") == "array" else schema
        target = str(inner.get("$ref", "")).rpartition("/")[2]
        found[name] = "Reference" if target.startswith("to.") else target
    return found
