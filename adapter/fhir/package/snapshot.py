"""Differential + base snapshot → snapshot: what a profile says, all of it, element by element. 快照生成。

Pure. The differential is read in its order: an element that the base has is narrowed; a slice is a copy of what it
slices, placed behind it; an element inside a data type is unfolded from that type first. A differential that widens its
base is refused, and so is one that leaves its order, which other generators read past in silence.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from itertools import pairwise
from typing import Any

from adapter.fhir.package.bases import HL7_BASE, R4, Bases
from adapter.fhir.package.issues import loosened, no_such_element, not_unfolded, out_of_order, unknown_base
from adapter.model.issues import AdapterError

Json = dict[str, Any]
Lookup = Callable[[str], Json | None]

_STRENGTHS = ("example", "preferred", "extensible", "required")
#: What a differential adds to the base; everything else that it says takes the place of what the base says.
_ADDED = ("constraint", "condition")
#: Extensions are always sliced by their address.
_BY_URL: Json = {"discriminator": [{"type": "value", "path": "url"}], "ordered": False, "rules": "open"}
#: Types whose elements are said in the resource itself.
_INLINE = ("BackboneElement", "Element")


def with_snapshot(definition: Mapping[str, Any], lookup: Lookup, bases: Bases = R4) -> Json:
    """The StructureDefinition with its snapshot; its other content stays as it is.

    Args:
        definition: a constraint with a differential whose elements have ids.
        lookup: our own StructureDefinitions by canonical address, or None.
        bases: of the version of FHIR that the definition is written for.

    Raises:
        AdapterError: FHIR-240 – FHIR-243, FHIR-246.
    """
    known = {key: value for key, value in definition.items() if key != "differential"}
    return {
        **known,
        "snapshot": {"element": snapshot(definition, lookup, bases)},
        "differential": definition["differential"],
    }


def snapshot(definition: Mapping[str, Any], lookup: Lookup, bases: Bases = R4) -> list[Json]:
    """The elements of the snapshot; as ``with_snapshot``."""
    elements = _grown(definition, lookup, bases)
    places = {each["id"]: place for place, each in enumerate(elements)}
    order = [said["id"] for said in definition["differential"]["element"]]
    for before, after in pairwise(order):
        if places[after] < places[before]:
            raise AdapterError(out_of_order(f"StructureDefinition/{definition['id']}", after, before))
    return elements


def in_order(definition: Mapping[str, Any], lookup: Lookup, bases: Bases) -> list[Json]:
    """The elements of a differential that is in no order, in the order of its base."""
    places = {each["id"]: place for place, each in enumerate(_grown(definition, lookup, bases))}
    said: list[Json] = definition["differential"]["element"]
    return sorted(said, key=lambda each: places[each["id"]])


def _grown(definition: Mapping[str, Any], lookup: Lookup, bases: Bases) -> list[Json]:
    name = f"StructureDefinition/{definition['id']}"
    grown = _Growing(name, _elements_of(definition["baseDefinition"], lookup, name, bases), lookup, bases)
    for said in definition["differential"]["element"]:
        grown.take(said)
    grown.count_slices()
    return grown.elements


def _elements_of(url: str, lookup: Lookup, where: str, bases: Bases) -> list[Json]:
    own = lookup(url)
    if own is not None:
        return _grown(own, lookup, bases)
    name = url.removeprefix(HL7_BASE)
    if name not in bases.types():
        raise AdapterError(unknown_base(where, url))
    return deepcopy(list(bases.elements(name)))


class _Growing:
    """A snapshot on its way: starts as the base's, takes one element of the differential after the other."""

    def __init__(self, where: str, elements: list[Json], lookup: Lookup, bases: Bases) -> None:
        self.where, self.elements, self.lookup, self.bases = where, elements, lookup, bases
        self.base = deepcopy(elements)

    def take(self, said: Json) -> None:
        """Narrow the element that is meant; where it does not stand there yet, it is made first."""
        element = self._element(said["id"])
        _narrow(element, self._documented(said), self.where)

    def count_slices(self) -> None:
        """A sliced element stands at least as often as its slices must together."""
        least: dict[str, int] = {}
        for each in self.elements:
            owner, colon, _ = each["id"].rpartition(":")
            if colon and "." not in each["id"].removeprefix(f"{owner}:"):
                least[owner] = least.get(owner, 0) + each["min"]
        for each in self.elements:
            each["min"] = max(each["min"], least.get(each["id"], 0))

    def _element(self, wanted: str) -> Json:
        found = self._at(wanted)
        if found is not None:
            return self.elements[found]
        parent, _, last = wanted.rpartition(".")
        sliced, colon, name = last.partition(":")
        if colon:
            return self._slice(f"{parent}.{sliced}", name)
        if not parent:
            raise AdapterError(no_such_element(self.where, wanted))
        holder = self._element(parent)
        if not self._inside(parent):
            self._unfold(holder)
        found = self._at(wanted)
        if found is None:
            raise AdapterError(no_such_element(self.where, wanted))
        return self.elements[found]

    def _at(self, wanted: str) -> int | None:
        return next((index for index, each in enumerate(self.elements) if each["id"] == wanted), None)

    def _inside(self, parent: str) -> bool:
        return any(each["id"].startswith(f"{parent}.") for each in self.elements)

    def _end(self, owner: str) -> int:
        """The place behind an element, what is inside it, and its slices."""
        mine = (f"{owner}.", f"{owner}:")
        last = max(n for n, each in enumerate(self.elements) if each["id"] == owner or each["id"].startswith(mine))
        return last + 1

    def _slice(self, sliced: str, name: str) -> Json:
        """A copy of the sliced element behind it, with what is inside it where that stands in the resource itself."""
        original = self._element(sliced)
        if sliced.rpartition(".")[2] in ("extension", "modifierExtension"):
            original.setdefault("slicing", deepcopy(_BY_URL))
        if "slicing" not in original:
            raise AdapterError(no_such_element(self.where, f"{sliced}:{name}"))
        own = f"{sliced}:{name}"
        made = {key: value for key, value in deepcopy(original).items() if key != "slicing"} | {"id": own, "min": 0}
        inner = []
        if any(kind["code"] in _INLINE for kind in original.get("type", ())):
            inner = [
                {**deepcopy(each), "id": own + each["id"].removeprefix(sliced)}
                for each in self.elements
                if each["id"].startswith(f"{sliced}.")
            ]
        at = self._end(sliced)
        whole = _in_order(made, name)
        self.elements[at:at] = [whole, *inner]
        return whole

    def _unfold(self, holder: Json) -> None:
        """Write the elements of the holder's one type behind it."""
        if "contentReference" in holder:
            self._refer(holder)
            return
        kinds = holder.get("type", [])
        if len(kinds) != 1 or kinds[0]["code"] not in self.bases.types():
            raise AdapterError(not_unfolded(self.where, holder["id"]))
        own = [url for url in kinds[0].get("profile", ()) if self.lookup(url) is not None]
        source = own[0] if len(own) == 1 else f"{HL7_BASE}{kinds[0]['code']}"
        root, *inner = _elements_of(source, self.lookup, self.where, self.bases)
        self._put_inside(holder, root, inner)

    def _refer(self, holder: Json) -> None:
        """An element that has the content of another one gets that content written out, as the base has it."""
        name = holder.pop("contentReference").rpartition("#")[2]
        target = next(each for each in self.base if each["id"] == name)
        holder["type"] = deepcopy(target["type"])
        self._put_inside(holder, target, [each for each in self.base if each["id"].startswith(f"{name}.")])

    def _put_inside(self, holder: Json, root: Json, inner: Iterable[Json]) -> None:
        at = next(index for index, each in enumerate(self.elements) if each is holder)
        self.elements[at + 1 : at + 1] = [
            {
                **deepcopy(each),
                "id": holder["id"] + each["id"].removeprefix(root["id"]),
                "path": holder["path"] + each["path"].removeprefix(root["path"]),
            }
            for each in inner
        ]

    def _documented(self, said: Json) -> Json:
        """An extension's slice speaks with the words of the extension, where the profile has none of its own."""
        profiles = [url for kind in said.get("type", ()) for url in kind.get("profile", ())]
        extension = self.lookup(profiles[0]) if len(profiles) == 1 else None
        if extension is None or extension["type"] != "Extension":
            return said
        root = extension["differential"]["element"][0]
        return {**{key: root[key] for key in ("short", "definition") if key in root}, **said}


def _in_order(element: Json, slice_name: str) -> Json:
    """An element with its slice name where ElementDefinition has it: behind path and representation."""
    head: Json = {key: element[key] for key in ("id", "extension", "path", "representation") if key in element}
    rest = {key: value for key, value in element.items() if key not in head}
    return {**head, "sliceName": slice_name, **rest}


def _narrow(element: Json, said: Mapping[str, Any], where: str) -> None:
    """Lay what the differential says over an element, in place."""
    _check(element, said, where)
    for key, value in said.items():
        if key in ("id", "path", "sliceName"):
            continue
        if key in _ADDED:
            value = [*element.get(key, ()), *value]
        element[key] = deepcopy(value)


def _check(element: Json, said: Mapping[str, Any], where: str) -> None:
    """Refuse what the base does not allow."""
    name = element["id"]
    if said.get("min", element["min"]) < element["min"]:
        raise AdapterError(loosened(where, name, "min"))
    if _number(said.get("max", element["max"])) > _number(element["max"]):
        raise AdapterError(loosened(where, name, "max"))
    if not set(_types(said.get("type", ()))) <= set(_types(element.get("type", ()))):
        raise AdapterError(loosened(where, name, "type"))
    if "binding" in said and "binding" in element:
        before, after = element["binding"]["strength"], said["binding"]["strength"]
        if _STRENGTHS.index(after) < _STRENGTHS.index(before):
            raise AdapterError(loosened(where, name, "binding"))


def _number(most: str) -> int:
    return sys.maxsize if most == "*" else int(most)


def _types(kinds: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    return (kind["code"] for kind in kinds)
