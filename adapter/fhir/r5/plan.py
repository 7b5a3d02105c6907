"""Where each element of one version goes in the other, from both definitions and the tables (对应关系)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Any

from adapter.fhir.r5.tables import CODES, CODES_BACK, NOT_THE_SAME, ONE_OF, RENAMED
from adapter.fhir.schema.compiled import Version, definition

#: Primitives that are written as the same text in both versions, whatever they are called.
_TEXTS = frozenset(
    {
        *("string", "markdown", "code", "uri", "url", "canonical", "id", "oid", "uuid", "base64Binary", "time"),
        *("instant", "xhtml"),
    }
)
#: Primitives that are the same number.
_COUNTS = frozenset({"integer", "positiveInt", "unsignedInt"})


@dataclass(frozen=True, slots=True)
class Kind:
    """What an element holds.

    Attributes:
        name: a data type, or the name of a nested element (``Encounter.participant``).
        repeats: whether it is a list.
        targets: types that a reference may point to; empty for any, and for what is no reference.
        value_set: name of the list that is required; its codes.
    """

    name: str
    repeats: bool
    targets: tuple[str, ...] = ()
    value_set: str = ""
    codes: frozenset[str] = frozenset()

    @property
    def family(self) -> str:
        """What it is for the sake of conversion: all plain texts are one."""
        if self.name in _TEXTS:
            return "text"
        if self.name in _COUNTS:
            return "count"
        return "Quantity" if self.name == "SimpleQuantity" else self.name


@dataclass(frozen=True, slots=True)
class Step:
    """One element on its way.

    Attributes:
        element: its path in its own definition.
        to: its name in the other version; None where there is none.
        to_element: its path there, empty where there is none.
        codes: its codes, where the other version has other ones.
    """

    element: str
    kind: Kind
    to: str | None = None
    to_element: str = ""
    to_kind: Kind | None = None
    codes: Mapping[str, str] = field(default_factory=dict)
    codes_back: Mapping[str, str] = field(default_factory=dict)


def other(version: Version) -> Version:
    """The other one of the two."""
    return "R4" if version == "R5" else "R5"


@cache
def members(name: str, version: Version) -> Mapping[str, Kind]:
    """The elements of a type in the order of its definition; empty for what has none."""
    places = definition(name, version).get("properties", {})
    found = {
        each: _kind(schema, version)
        for each, schema in places.items()
        if each != "resourceType" and not each.startswith("_")
    }
    return MappingProxyType(found)


def _kind(schema: Mapping[str, Any], version: Version) -> Kind:
    repeats = schema.get("type") == "array"
    inner = schema.get("items", {}) if repeats else schema
    name = str(inner.get("$ref", "")).rpartition("/")[2]
    if name.startswith("to."):
        return Kind("Reference", repeats, tuple(name.split(".")[1:]))
    if name.startswith("vs."):
        return Kind("code", repeats, (), name, frozenset(definition(name, version)["enum"]))
    return Kind(name, repeats)


@cache
def choices(name: str, version: Version) -> Mapping[str, str]:
    """The members of each choice of a type, with what they share (``valueCoding`` → ``value``)."""
    found: dict[str, str] = {}
    for part in definition(name, version).get("allOf", ()):
        title = str(part.get("$ref", "")).rpartition("/")[2]
        if title.startswith("choice."):
            shared = title.rpartition(".")[2]
            found |= {each: shared for each in _named(definition(title, version)) if each.startswith(shared)}
    return MappingProxyType(found)


def _named(schema: Any) -> Iterator[str]:
    """Every member that a choice names."""
    if isinstance(schema, dict):
        yield from schema.get("required", ())
        for each in schema.values():
            yield from _named(each)
    elif isinstance(schema, list):
        for each in schema:
            yield from _named(each)


def stem(name: str, member: str, version: Version) -> str:
    """The element that a member belongs to: its own name, or that of its choice."""
    return choices(name, version).get(member, member)


@cache
def needed(name: str, version: Version) -> tuple[tuple[str, ...], ...]:
    """Elements that must be there; of a choice, or of a group, one of them."""
    found: list[tuple[str, ...]] = [
        (each,) for each in definition(name, version).get("required", ()) if each != "resourceType"
    ]
    shared = choices(name, version)
    for choice in dict.fromkeys(shared.values()):
        branches = definition(f"choice.{name}.{choice}", version).get("oneOf", ())
        if branches and all("not" not in each for each in branches):
            found.append(tuple(member for member, each in shared.items() if each == choice))
    return (*found, ONE_OF[version][name]) if name in ONE_OF[version] else tuple(found)


@cache
def steps(here: str, there: str, towards: Version) -> Mapping[str, Step]:
    """The way of every element of a type.

    Args:
        here, there: name of the definition in its own version and in the one that it goes to.
    """
    target = members(there, towards)
    return MappingProxyType(
        {name: _step(here, there, name, kind, target, towards) for name, kind in members(here, other(towards)).items()}
    )


def _step(here: str, there: str, name: str, kind: Kind, target: Mapping[str, Kind], towards: Version) -> Step:
    element = f"{here}.{name}"
    to = _RENAMED[towards].get(element, name)
    if to not in target or element in NOT_THE_SAME or _taken_by_another(here, there, name, to, towards):
        return Step(element, kind)
    to_element = f"{there}.{to}"
    codes, back = (CODES, CODES_BACK) if towards == "R5" else (CODES_BACK, CODES)
    return Step(
        element,
        kind,
        to,
        to_element,
        target[to],
        codes.get(element, {}),
        back.get(to_element, {}),
    )


def _taken_by_another(here: str, there: str, name: str, to: str, towards: Version) -> bool:
    """Whether another element of this type is the one that goes there under a new name."""
    return name == to and any(
        new == to and element.rpartition(".")[0] == here and element != f"{here}.{name}"
        for element, new in _RENAMED[towards].items()
    )


def _backwards() -> Mapping[str, str]:
    found = {}
    for element, name in RENAMED.items():
        parent, _, own = element.rpartition(".")
        # a nested element that was renamed itself is the parent by its new name
        for old, new in RENAMED.items():
            if parent == old:
                parent = f"{old.rpartition('.')[0]}.{new}"
        found[f"{parent}.{name}"] = own
    return MappingProxyType(found)


_RENAMED: Mapping[Version, Mapping[str, str]] = MappingProxyType({"R5": RENAMED, "R4": _backwards()})
