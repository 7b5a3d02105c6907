"""R4 definitions → R5 ones: the same promises on renamed elements, out of one table (derived.json). R5 规范的推导。

Pure. A differential is written once, for R4. For R5 its elements are renamed, put into the order of R5's base, and what
R4 demands of itself and R5 no longer does is said by the profile, so that it promises no less.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from adapter.fhir.canonical import decode
from adapter.fhir.elements import Resource
from adapter.fhir.package.bases import HL7_BASE, R4, R5
from adapter.fhir.package.snapshot import Lookup, in_order
from adapter.fhir.r5.convert import to_r5
from adapter.fhir.r5.tables import RENAMED

Json = dict[str, Any]


@lru_cache(maxsize=1)
def table() -> Json:
    """What is built differently: ``built``, ``left_out``, ``expressions``, and what a profile says ``also``."""
    content: Json = decode(Path(__file__).with_name("derived.json").read_bytes())
    return content


def of_r5(written: Iterable[Resource]) -> list[Resource]:
    """Definitions that are written for R4, as R5 has them; addresses, names and texts stay.

    Raises:
        AdapterError: a profile says something of an element that R5 does not have (FHIR-240).
    """
    plain = [_CHANGED.get(str(each["resourceType"]), dict)(each) for each in written]
    known = {str(each["url"]): each for each in plain if each["resourceType"] == "StructureDefinition"}
    return [
        _sorted(each, known.get) if each["resourceType"] == "StructureDefinition" else each
        for each in plain
        if each["resourceType"] != "CapabilityStatement"
    ]


def renamed(element: str) -> str:
    """The id of an R4 element in R5, slices and all.

    >>> renamed("PaymentReconciliation.detail.amount")
    'PaymentReconciliation.allocation.amount'
    """
    built: dict[str, str] = table()["built"]
    parent, dot, last = element.rpartition(".")
    if element in built or not dot:
        return built.get(element, element)
    name, colon, slice_name = last.partition(":")
    return f"{renamed(parent)}.{RENAMED.get(_path(f'{parent}.{name}'), name)}{colon}{slice_name}"


def _profile(definition: Resource) -> Resource:
    left_out = table()["left_out"]
    own = [_element(each) for each in definition["differential"]["element"] if each["id"] not in left_out]
    told = {each["id"]: each for each in own}
    added = [*_lost_minimums(definition, told), *table()["also"].get(definition["id"], ())]
    for each in added:
        told.setdefault(each["id"], {"id": each["id"], "path": _path(each["id"])}).update(each)
    return {**definition, "fhirVersion": R5.version, "differential": {"element": list(told.values())}}


def _sorted(definition: Resource, lookup: Lookup) -> Resource:
    return {**definition, "differential": {"element": in_order(definition, lookup, R5)}}


def _element(said: Mapping[str, Any]) -> Json:
    """One element of a differential."""
    name = renamed(said["id"])
    made: Json = {**said, "id": name, "path": _path(name)}
    if "patternCoding" in made and _type_of(name) == "CodeableConcept":
        made = {key: value for key, value in made.items() if key != "patternCoding"}
        made["patternCodeableConcept"] = {"coding": [said["patternCoding"]]}
    if "constraint" in made:
        expressions = table()["expressions"]
        made["constraint"] = [
            {**each, "expression": expressions.get(each["expression"], each["expression"])}
            for each in made["constraint"]
        ]
    return made


def _path(name: str) -> str:
    return ".".join(step.partition(":")[0] for step in name.split("."))


def _type_of(name: str) -> str | None:
    kind = name.partition(".")[0]
    found = next((each for each in R5.elements(kind) if each["id"] == name), None) if kind in R5.types() else None
    return str(found["type"][0]["code"]) if found is not None and len(found.get("type", ())) == 1 else None


def _lost_minimums(definition: Resource, told: Mapping[str, Json]) -> Iterator[Json]:
    """What R4 itself demands of a resource and of the parts that the profile speaks of, and R5 leaves free."""
    kind = str(definition["type"])
    if definition["kind"] != "resource" or not str(definition["baseDefinition"]).startswith(HL7_BASE):
        return
    free = {each["id"] for each in R5.elements(kind) if each["min"] == 0}
    forbidden = {name for name, each in told.items() if each.get("max") == "0"}
    for each in R4.elements(kind):
        name = renamed(each["id"])
        owner = name.rpartition(".")[0]
        spoken_of = owner == kind or any(said.startswith(f"{owner}.") for said in told)
        if each["min"] and name in free and name not in forbidden and spoken_of:
            yield {"id": name, "min": each["min"]}


def _as_r5(resource: Resource) -> Resource:
    """An artifact that R5 builds differently, by the same conversion as everything that we serve."""
    return to_r5(resource)[0]


_CHANGED: dict[str, Callable[[Resource], Resource]] = {"StructureDefinition": _profile, "ConceptMap": _as_r5}
