"""The schema at run time: one compiled validator per type, made when it is first needed.

R4 is the version of every function that is not told another one. R5's file is read when somebody asks for it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import jsonschema_rs
import msgspec

from adapter.fhir import issues
from adapter.fhir.schema.primitives import PRIMITIVES
from adapter.fhir.schema.quick import narrowed
from adapter.model.issues import Issue

#: A version of FHIR that has a schema.
Version = Literal["R4", "R5"]

_FILES: dict[Version, str] = {"R4": "r4.json", "R5": "r5.json"}


@cache
def _read(version: Version) -> dict[str, Any]:
    text = files("adapter.fhir.schema").joinpath(_FILES[version]).read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


_SCHEMA = _read("R4")

#: Resource types that have a schema.
SERVED: frozenset[str] = frozenset(_SCHEMA["types"])

_LONGEST_LIST = 12

#: A list beside a list of primitives, in the written resource: nulls of the one may be right by the other.
_BESIDE = re.compile(rb'"_[A-Za-z]+":\[')
_COMPACT = msgspec.json.Encoder(decimal_format="number")


@cache
def _narrowed() -> dict[str, Any]:
    return narrowed(_SCHEMA["$defs"])


def _compiled(name: str, definitions: dict[str, Any]) -> Any:
    schema = {"$ref": f"#/$defs/{name}", "$defs": definitions}
    # The linear engine: no pattern of ours looks back, and a hostile text cannot make it slow.
    return jsonschema_rs.Draft202012Validator(schema, pattern_options=jsonschema_rs.RegexOptions())


@cache
def _validator(name: str, version: Version = "R4") -> Any:
    return _compiled(name, _read(version)["$defs"])


@cache
def _quick_test(name: str) -> Any:
    return _compiled(name, _narrowed()).is_valid


def _asked(ask: Callable[[Any], Any], resource: Any) -> Any:
    """What a validator says. Raises RecursionError where it gives up because the resource is nested too deeply."""
    try:
        return ask(resource)
    except ValueError as error:
        if "Recursion limit" in str(error):
            raise RecursionError(str(error)) from error
        raise


def ordinary(name: str, resource: Any) -> bool:
    """Whether the resource is sound at a glance: it ``fits``, and holds nothing that the comparing rules look at.

    False says nothing about it. See quick.py.
    """
    return _asked(_quick_test(name), resource) is True


def fits(name: str, resource: Any, version: Version = "R4") -> bool:
    """Whether the resource has the structure of its type. Raises RecursionError: it is nested too deeply to tell."""
    return bool(_asked(_validator(name, version).is_valid, resource)) or (
        _BESIDE.search(_COMPACT.encode(resource)) is not None and not _errors(name, resource, version)
    )


def definition(name: str, version: Version = "R4") -> dict[str, Any]:
    """The definition of a type or element by name (``ChargeItem``, ``Bundle.entry``, ``decimal``); empty for others."""
    found: dict[str, Any] = _read(version)["$defs"].get(name, {})
    return found


def problems(name: str, resource: Any, where: str, version: Version = "R4") -> list[Issue]:
    """What is wrong with the structure, element by element.

    Args:
        name: a type of ``SERVED``.
        where: ``Type/id``, the start of every pointer.
    """
    found = [_issue(error, where, version) for error in _errors(name, resource, version)]
    return list(dict.fromkeys(found))


def _errors(name: str, resource: Any, version: Version) -> list[Any]:
    errors = _asked(_validator(name, version).iter_errors, resource)
    return [error for error in errors if not _keeps_a_place(error, resource)]


def _keeps_a_place(error: Any, resource: Any) -> bool:
    """Whether it is about a null in a list of primitives that has an extension beside it (R4 json.html, 2.6.2.3).

    A schema cannot say that: the extension stands at the same place of another list.
    """
    if error.instance is not None or len(error.instance_path) < 2:
        return False
    *outer, name, index = error.instance_path
    if not isinstance(name, str) or not isinstance(index, int):
        return False
    for part in outer:
        resource = resource[part]
    beside = resource.get(f"_{name}")
    return isinstance(beside, list) and index < len(beside) and isinstance(beside[index], dict)


def _issue(error: Any, where: str, version: Version) -> Issue:
    """One finding in words. Values never appear: they may be personal data."""
    pointer = where + path_text(error.instance_path)
    kind, definition = error.kind.name, str(error.schema_path[1])
    group, _, detail = definition.partition(".")
    if group == "inv":
        return issues.invariant(pointer, detail, version)
    if group == "ours":
        return issues.currency(pointer)
    if group == "choice":
        return issues.choice(pointer, detail.rpartition(".")[2])
    if group in ("to", "Reference") and kind == "pattern":
        return issues.reference_target(pointer, detail.replace(".", ", ") or "any type")
    if kind == "required":
        return issues.missing(pointer, error.kind.property)
    if kind == "additionalProperties":
        return issues.unknown_element(pointer, _names(error.kind.unexpected), version)
    if kind == "enum" and not isinstance(error.instance, str):
        return issues.wrong_type(pointer, "string")
    if kind in ("enum", "const", "contains"):
        return issues.code_not_listed(pointer, _codes(definition, version))
    if kind in ("minItems", "minProperties"):
        return issues.empty(pointer)
    if kind == "type":
        return issues.wrong_type(pointer, " / ".join(error.kind.types))
    if definition in PRIMITIVES:
        return issues.bad_format(pointer, definition)
    return issues.structure(pointer, kind, version)


def _names(unexpected: Iterable[str]) -> str:
    plain = [name if name.isascii() and name.isidentifier() and len(name) <= 40 else "…" for name in unexpected]
    return ", ".join(plain)


def _codes(definition: str, version: Version) -> str:
    codes = _read(version)["$defs"][definition].get("enum")
    if not codes:
        return definition
    shown = ", ".join(codes[:_LONGEST_LIST])
    return shown if len(codes) <= _LONGEST_LIST else f"{shown}, …"


def path_text(path: Iterable[str | int]) -> str:
    """``["item", 3, "net"]`` → ``.item[3].net``."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
