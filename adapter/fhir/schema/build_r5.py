"""Builds r5.json out of the official R5 definitions; a tool for build time, not for run time.

    python -m adapter.fhir.schema.build_r5 hapi-fhir-validation-resources-r5-8.6.0.jar

The jar (Maven Central) carries HL7's packages hl7.fhir.r5.core 5.0.0 and hl7.terminology 5.1.0 (CC0).
"""

from __future__ import annotations

import io
import json
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from adapter.fhir.schema.build import Builder, Edition, text_of
from adapter.fhir.schema.invariants import BY_STRUCTURE
from adapter.fhir.schema.invariants_r5 import IN_RULES_R5, IN_SCHEMA_R5, NOT_CHECKED_R5

Json = dict[str, Any]

_PACKAGES = "org/hl7/fhir/r5/packages/"
_CORE, _TERMS = "hl7.fhir.r5.core-5.0.0.tgz", "hl7.terminology-5.1.0.tgz"

#: Code lists without a published table: media types, languages, units, and currencies.
_OPEN_LISTS = frozenset(
    f"http://hl7.org/fhir/ValueSet/{name}" for name in ("all-languages", "currencies", "mimetypes", "ucum-units")
)

#: Code systems that hl7.fhir.r5.core binds to and leaves to the terminology package.
_FROM_TERMS = ("package/CodeSystem-condition-clinical.json", "package/CodeSystem-condition-ver-status.json")

R5 = Edition(
    "R5 (5.0.0)",
    "adapter/fhir/schema/build_r5.py",
    IN_SCHEMA_R5,
    IN_RULES_R5 | NOT_CHECKED_R5.keys() | BY_STRUCTURE.keys(),
)


class DefinitionsR5:
    """The published definitions of R5, looked up by name or address."""

    def __init__(self, jar: Path) -> None:
        self.structures: dict[str, Json] = {}
        self._sets: dict[str, Json] = {}
        self._systems: dict[str, Json] = {}
        for resource in _resources(jar):
            match resource["resourceType"]:
                case "StructureDefinition":
                    self.structures[resource["id"]] = resource
                case "ValueSet":
                    self._sets[resource["url"]] = resource
                case "CodeSystem":
                    self._systems[resource["url"]] = resource

    def elements(self, name: str) -> list[Json]:
        """A type's elements; an invariant of its own has no source, as R4 wrote it."""
        definition = self.structures[name]
        return [
            {**each, "constraint": [_own(one, definition["url"]) for one in each["constraint"]]}
            if "constraint" in each
            else each
            for each in definition["snapshot"]["element"]
        ]

    def codes(self, value_set: str) -> list[tuple[str, str]] | None:
        """(system, code) of a value set, sorted; None when the list is open."""
        url = value_set.split("|")[0]
        if url in _OPEN_LISTS:
            return None
        compose = self._sets[url]["compose"]
        wanted = {pair for part in compose["include"] for pair in self._part(part)}
        return sorted(wanted - {pair for part in compose.get("exclude", ()) for pair in self._part(part)})

    def _part(self, part: Json) -> Iterator[tuple[str, str]]:
        if part.get("filter"):
            raise ValueError(f"a filter is not supported: {part['system']}")
        for nested in part.get("valueSet", ()):
            yield from self.codes(nested) or ()
        if "system" in part:
            concepts = part.get("concept") or self._systems[part["system"]]["concept"]
            yield from ((part["system"], code) for code in _usable(concepts))


def _usable(concepts: list[Json]) -> Iterator[str]:
    """Every code with those below it, but for the ones that only head a group."""
    for concept in concepts:
        heads = any(
            each["code"] == "notSelectable" and each.get("valueBoolean") for each in concept.get("property", ())
        )
        if not heads:
            yield concept["code"]
        yield from _usable(concept.get("concept", []))


def _own(constraint: Json, url: str) -> Json:
    return {key: value for key, value in constraint.items() if key != "source" or value != url}


def _resources(jar: Path) -> Iterator[Json]:
    """Structures, value sets and code systems of R5, and the code systems that it takes from elsewhere."""
    kinds = ("package/StructureDefinition-", "package/ValueSet-", "package/CodeSystem-")
    with zipfile.ZipFile(jar) as outer:
        for package, wanted in ((_CORE, kinds), (_TERMS, _FROM_TERMS)):
            with tarfile.open(fileobj=io.BytesIO(outer.read(_PACKAGES + package))) as inner:
                for member in inner:
                    if member.name.startswith(wanted) and (file := inner.extractfile(member)) is not None:
                        yield json.load(file)


def main(jar: str) -> None:
    target = Path(__file__).with_name("r5.json")
    target.write_text(text_of(Builder(DefinitionsR5(Path(jar)), R5).build()), encoding="utf-8")
    sys.stdout.write(f"{target}: {target.stat().st_size} bytes\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
