"""A hospital's own codes translated: its code tables, and what its dated facts say on a day (编码转换)."""

from __future__ import annotations

from datetime import date
from pathlib import Path, PurePosixPath
from typing import Any

from adapter.fhir.identity import CANON, codesystem
from adapter.intake.mapping import Mapping_, load_mapping, source_names
from adapter.intake.mapping.translate import (
    code_tables,
    concept_maps,
    diagnosis_table,
    item_table,
    level_table,
)
from adapter.intake.mapping.translate import translate as translate
from adapter.intake.reference import load_reference


def maps_of(source: str, mappings: Path, reference: Path, on: date) -> dict[str, dict[str, Any]]:
    """Every ConceptMap of a source on a day, by canonical url.

    Charge categories, departments, discharge ways and whatever else has a code table; items, diagnoses and hospital
    levels from the dated facts.

    Raises:
        AdapterError: the source is unknown, or one of its tables is wrong.
    """
    mapping = load_mapping(mappings, source)
    book = load_reference(reference / source)
    dated = (
        item_table((each for rows in book.items.values() for each in rows), on),
        diagnosis_table((each for rows in book.diagnoses.values() for each in rows), on),
        level_table((each for rows in book.facilities.values() for each in rows), on),
    )
    return concept_maps((*code_tables(mappings, mapping).values(), *dated), source)


def translated(
    source: str,
    mappings: Path,
    reference: Path,
    on: date,
    code: str,
    *,
    url: str | None = None,
    system: str | None = None,
    target: str | None = None,
    reverse: bool = False,
) -> dict[str, Any]:
    """One code of a source translated, as FHIR R4 Parameters; arguments as in ``translate``.

    A hospital that speaks FHIR may name its own code systems.

    Raises:
        AdapterError: the source is unknown, or one of its tables is wrong.
    """
    theirs = _own_systems(load_mapping(mappings, source))
    maps = maps_of(source, mappings, reference, on)
    known = None if system is None else theirs.get(system, system)
    wanted = None if target is None else theirs.get(target, target)
    return translate(maps, code, url=url, system=known, target=wanted, reverse=reverse)


def table_url(source: str, name: str) -> str:
    """Canonical url of the ConceptMap that a code table of a source becomes."""
    return f"{CANON}/ConceptMap/{source}-{name}".replace("_", "-")


def source_named(mappings: Path, *names: str | None) -> str | None:
    """The source that one of these names is about: the url of a ConceptMap, or a code system of the hospital."""
    for source in source_names(mappings):
        begins = (table_url(source, ""), codesystem(f"{source}/"))
        for name in names:
            if name is not None and name.startswith(begins):
                return source
    return next((source for source in source_names(mappings) if _speaks(mappings, source, names)), None)


def _speaks(mappings: Path, source: str, names: tuple[str | None, ...]) -> bool:
    """Whether one of these is a code system that the hospital itself uses."""
    text = (mappings / "sources" / f"{source}.yaml").read_text("utf-8")
    return any(name and name in text for name in names) and any(
        name in _own_systems(load_mapping(mappings, source)) for name in names if name
    )


def _own_systems(mapping: Mapping_) -> dict[str, str]:
    """Of a hospital that speaks FHIR, its code systems, and what they are called here."""
    native = mapping.native
    if native is None:
        return {}
    tables = [each for of_type in native.codes.values() for each in of_type if each.system]
    found = {each.system: codesystem(f"{mapping.source}/{PurePosixPath(each.table.file).stem}") for each in tables}
    return {**found, **({native.item_system: codesystem(f"{mapping.source}/item")} if native.item_system else {})}
