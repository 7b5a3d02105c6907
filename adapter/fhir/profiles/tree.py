"""A StructureDefinition as a tree: each element with what the profile says of it, children and slices below."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from adapter.fhir.profiles.constraints import known

Json = Mapping[str, Any]

#: What an element may say that is checked, or that only people read.
_CHECKED = {"id", "path", "sliceName", "min", "max", "type", "binding", "slicing", "constraint"}
_FOR_PEOPLE = {
    *("short", "definition", "comment", "requirements", "alias", "mapping", "mustSupport", "isModifier", "label"),
    *("isModifierReason", "isSummary", "example", "base", "code", "orderMeaning", "meaningWhenMissing", "condition"),
    *("contentReference", "representation", "sliceIsConstraining"),
}


@dataclass(slots=True)
class Node:
    """One element of a profile.

    Attributes:
        name: the member (``insurance``), a choice with its ``[x]``.
        said: what the differential says of the element; empty for one that only leads to others.
        fixed, pattern: the value that it must be, or must hold; None where there is none.
        children, slices: below it, by name.
    """

    name: str
    said: dict[str, Any] = field(default_factory=dict)
    fixed: Any = None
    pattern: Any = None
    children: dict[str, Node] = field(default_factory=dict)
    slices: dict[str, Node] = field(default_factory=dict)

    @property
    def least(self) -> int:
        return int(self.said.get("min", 0))

    @property
    def most(self) -> int | None:
        most = self.said.get("max", "*")
        return None if most == "*" else int(most)

    def types(self) -> list[Json]:
        """The types that the profile names here."""
        found: list[Json] = self.said.get("type", [])
        return found

    def profiles(self) -> list[str]:
        """Canonical addresses of the profiles that a value here must follow."""
        return [url for one in self.types() for url in one.get("profile", ())]


@dataclass(frozen=True, slots=True)
class Tree:
    """A compiled profile.

    Attributes:
        kind: type of the resource or data type (``Claim``, ``Money``, ``Extension``).
        base: the profile's base.
        unchecked: what it says that is not checked, as (element, what).
    """

    url: str
    name: str
    kind: str
    base: str
    root: Node
    unchecked: tuple[tuple[str, str], ...]


def compiled(definition: Json) -> Tree:
    """The tree of a StructureDefinition: of its differential or, where it has none, of its snapshot."""
    elements = (definition.get("differential") or definition.get("snapshot") or {}).get("element", [])
    root = Node(str(definition["type"]))
    unchecked: list[tuple[str, str]] = []
    for said in elements:
        node = _placed(root, str(said.get("id", said["path"])))
        node.said |= said
        for name, value in said.items():
            if name.startswith("fixed"):
                node.fixed = value
            elif name.startswith("pattern"):
                node.pattern = value
            elif name not in _CHECKED | _FOR_PEOPLE:
                unchecked.append((str(said["path"]), name))
        unchecked += [(str(said["path"]), what) for what in _beyond(said)]
    return Tree(
        url=str(definition["url"]),
        name=str(definition.get("id", definition["url"])),
        kind=str(definition["type"]),
        base=str(definition.get("baseDefinition", "")),
        root=root,
        unchecked=tuple(dict.fromkeys(unchecked)),
    )


def _placed(root: Node, element: str) -> Node:
    """The node of an element id (``Coverage.type.coding:payer.system``), made where it is not there yet."""
    node = root
    for step in element.split(".")[1:]:
        name, _, slice_name = step.partition(":")
        node = node.children.setdefault(name, Node(name))
        for part in filter(None, slice_name.split("/")):
            node = node.slices.setdefault(part, Node(name))
    return node


def _beyond(said: Json) -> list[str]:
    """What an element says in a form that is not checked."""
    found = [f"constraint {one['key']}" for one in said.get("constraint", ()) if not known(one)]
    discriminators = said.get("slicing", {}).get("discriminator", ())
    found += [f"slicing by {one['type']}" for one in discriminators if one["type"] not in ("value", "pattern")]
    if said.get("slicing", {}).get("rules") == "openAtEnd" or said.get("slicing", {}).get("ordered"):
        found.append("order of slices")
    return found
