"""``$translate``: what a hospital's own code means, from the tables that people edit (编码转换).

ConceptMaps are generated from code tables and from the dated facts of items, diagnoses and facilities, never edited.
An answer names the map that gave it; no answer says so and guesses nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from adapter.fhir.identity import codesystem
from adapter.fhir.least import ICD10
from adapter.intake.mapping.codes import CodeRow, CodeTable, Target, concept_map, load_table
from adapter.intake.mapping.spec import Mapping_
from adapter.model.reference import CatalogueItem, DiagnosisEntry, Facility


def code_tables(mappings_dir: Path, mapping: Mapping_) -> dict[str, CodeTable]:
    """Every code table of a vendor and of a source by name, those that no field uses included; the source's own win.

    Departments (``department.csv``) and discharge ways (``discharge_way.csv``) stand beside the others though
    settlement does not need them. Raises MappingRefused (MAP-114).
    """
    found: dict[str, CodeTable] = {}
    for folder in (*(f"his/{vendor}" for vendor in mapping.vendors), f"sources/{mapping.source}"):
        for path in sorted((mappings_dir / folder).glob("*.csv")):
            found[path.stem] = load_table(path, f"{folder}/{path.name}")
    return found


def item_table(items: Iterable[CatalogueItem], on: date) -> CodeTable:
    """Local item → national item code, for items in force on a day; one without a national code has no answer."""
    return _table(
        "item",
        {
            each.code: CodeRow(each.name, (Target(codesystem("national-item"), each.national_code or "", each.name),))
            for each in items
            if on in each.valid
        },
    )


def diagnosis_table(entries: Iterable[DiagnosisEntry], on: date) -> CodeTable:
    """Local diagnosis → ICD-10, in the edition that the entry names."""
    return _table(
        "diagnosis",
        {
            each.code: CodeRow(each.name, (Target(ICD10, each.icd10, f"{each.name} ({each.edition})"),))
            for each in entries
            if on in each.valid
        },
    )


def level_table(facilities: Iterable[Facility], on: date) -> CodeTable:
    """Facility → hospital level."""
    system = codesystem("hospital-level")
    return _table(
        "hospital-level",
        {
            each.code: CodeRow(each.name, (Target(system, str(each.level), str(each.level)),))
            for each in facilities
            if on in each.valid
        },
    )


def concept_maps(tables: Iterable[CodeTable], source: str) -> dict[str, dict[str, Any]]:
    """By canonical url, the tables as FHIR ConceptMaps; a table that says nothing makes none."""
    maps = (concept_map(table, source) for table in tables)
    return {str(each["url"]): each for each in maps if each["group"]}


def translate(
    maps: Mapping[str, Mapping[str, Any]],
    code: str,
    *,
    url: str | None = None,
    system: str | None = None,
    target: str | None = None,
    reverse: bool = False,
) -> dict[str, Any]:
    """Translate one code.

    Args:
        maps: as ``concept_maps`` gives them.
        url: only this map.
        system: only groups from this code system, ``CANON/CodeSystem/<source>/<table>``.
        target: only answers of this code system.
        reverse: from our code to the hospital's; ``system`` is then ours, and ``target`` the hospital's.

    Returns:
        FHIR R4 Parameters: ``result``, and a ``match`` per answer with ``equivalence``, ``concept`` and ``source``;
        without an answer a ``message`` that says why.
    """
    chosen = [each for name, each in maps.items() if url is None or name == url]
    groups = [(str(each["url"]), _turned(group) if reverse else group) for each in chosen for group in each["group"]]
    matches = [
        _match(name, group, answer)
        for name, group in groups
        if (system is None or group.get("source") == system) and (target is None or group.get("target") == target)
        for element in group["element"]
        if element["code"] == code
        for answer in element["target"]
    ]
    found: list[dict[str, Any]] = [{"name": "result", "valueBoolean": bool(matches)}]
    if not matches:
        known = "no such map" if url is not None and not chosen else f"no answer for code '{code}'"
        found.append({"name": "message", "valueString": known})
    return {"resourceType": "Parameters", "parameter": [*found, *matches]}


def _turned(group: Mapping[str, Any]) -> dict[str, Any]:
    """A group read from its answers to its codes. Several codes may have one answer, so none of them is its equal."""
    elements = [
        {"code": answer["code"], "target": [_known(element) | {"equivalence": "relatedto"}]}
        for element in group["element"]
        for answer in element["target"]
    ]
    return {"source": group["target"], "target": group["source"], "element": elements}


def _known(element: Mapping[str, Any]) -> dict[str, Any]:
    return {name: element[name] for name in ("code", "display") if name in element}


def _match(url: str, group: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Any]:
    concept = {"system": group["target"], **{name: answer[name] for name in ("code", "display") if name in answer}}
    return {
        "name": "match",
        "part": [
            {"name": "equivalence", "valueCode": answer["equivalence"]},
            {"name": "concept", "valueCoding": concept},
            {"name": "source", "valueUri": url},
        ],
    }


def _table(name: str, rows: Mapping[str, CodeRow]) -> CodeTable:
    return CodeTable(f"{name}.csv", f"{name}.csv", rows)
