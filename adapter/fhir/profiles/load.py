"""Profiles from a folder of FHIR JSON: StructureDefinitions, and the ValueSets and CodeSystems that they bind to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from threading import RLock
from typing import Any

from adapter.fhir.canonical import decode
from adapter.fhir.profiles.tree import Tree, compiled

Json = Mapping[str, Any]
#: Codes of a value set: (system, code); a code of None stands for every code of its system.
Codes = frozenset[tuple[str, str | None]]


class Profiles:
    """Definitions by canonical address."""

    def __init__(self, definitions: Iterable[Json]) -> None:
        every = [each for each in definitions if "url" in each]
        of = {kind: [each for each in every if each.get("resourceType") == kind] for kind in _KINDS}
        self._structures = {str(each["url"]): each for each in of["StructureDefinition"]}
        self._terms = {str(each["url"]): each for each in (*of["ValueSet"], *of["CodeSystem"])}
        self._trees: dict[str, Tree] = {}
        self._codes: dict[str, Codes | None] = {}
        self._composing = RLock()

    def tree(self, url: str) -> Tree | None:
        """The compiled profile, or None when the definition is not at hand. A version behind ``|`` is left out."""
        url = url.partition("|")[0]
        if url not in self._trees and url in self._structures:
            self._trees[url] = compiled(self._structures[url])
        return self._trees.get(url)

    def named(self, name: str) -> Tree | None:
        """The profile of an address, an id or a name."""
        for url, each in self._structures.items():
            if name in (url, each.get("id"), each.get("name")):
                return self.tree(url)
        return None

    @cached_property
    def names(self) -> list[str]:
        """Ids of the profiles of resources, for people to choose from."""
        return sorted(
            str(each.get("id", url)) for url, each in self._structures.items() if each.get("kind") == "resource"
        )

    def codes(self, value_set: str) -> Codes | None:
        """What a value set holds, or None when it, or a part of it, is not at hand."""
        url = value_set.partition("|")[0]
        with self._composing:  # a set that another thread is still composing looks like one that is not at hand
            if url not in self._codes:
                self._codes[url] = None  # a set that holds itself is no set
                self._codes[url] = self._composed(url)
            return self._codes[url]

    def _composed(self, url: str) -> Codes | None:
        compose = self._terms.get(url, {}).get("compose")
        if compose is None or compose.get("exclude"):
            return None
        found: set[tuple[str, str | None]] = set()
        for part in compose["include"]:
            if part.get("filter"):
                return None
            for nested in part.get("valueSet", ()):
                inner = self.codes(nested)
                if inner is None:
                    return None
                found |= inner
            if "system" in part:
                found |= {(part["system"], code) for code in self._of_system(part)}
        return frozenset(found)

    def _of_system(self, part: Json) -> Iterable[str | None]:
        if "concept" in part:
            return [one["code"] for one in part["concept"]]
        system = self._terms.get(part["system"], {})
        return list(_flat(system["concept"])) if system.get("content") == "complete" and "concept" in system else [None]


_KINDS = ("StructureDefinition", "ValueSet", "CodeSystem")


def _flat(concepts: Iterable[Json]) -> Iterable[str]:
    for concept in concepts:
        yield concept["code"]
        yield from _flat(concept.get("concept", ()))


def load_profiles(*folders: Path) -> Profiles:
    """Every definition of the folders, their sub-folders too; files that hold something else are left alone.

    Raises:
        AdapterError: FHIR-101, FHIR-102, a file is no JSON.
    """
    read = [decode(file.read_bytes()) for folder in folders for file in sorted(folder.rglob("*.json"))]
    return Profiles(each for each in read if isinstance(each, dict))
