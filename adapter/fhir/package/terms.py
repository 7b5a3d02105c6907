"""Tables and fields as FHIR terminology, the national platform's above all; never edited. 代码与字段对照。"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from adapter.fhir.elements import Resource
from adapter.fhir.identity import CANON, codesystem

_GENDER = "http://hl7.org/fhir/administrative-gender"


@dataclass(frozen=True, slots=True)
class Table:
    """A code table: code → Chinese and English meaning."""

    name: str
    zh: str
    en: str
    codes: Mapping[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One field of one transaction and the FHIR element that it is made from, or read back to.

    Attributes:
        sent: in what we send; else in what the platform answers.
        fhir: path of the element; empty where no single element says it.
        table: the platform's code table, or empty.
        codes: FHIR code → platform code, or empty.
        system: the code system of the FHIR codes, where there are codes.
    """

    transaction: str
    title: str
    sent: bool
    node: str
    field: str
    zh: str
    fhir: str
    table: str = ""
    codes: tuple[tuple[str, str], ...] = ()
    system: str | None = None


def code_system(table: Table, description: str, *, content: str = "complete", title: str | None = None) -> Resource:
    """A CodeSystem of a table, with Chinese and English."""
    return {
        "resourceType": "CodeSystem",
        "id": table.name,
        "url": codesystem(table.name),
        "name": _computable(table.name),
        "title": title or table.zh,
        "status": "active",
        "description": description,
        "caseSensitive": True,
        "content": content,
        "concept": [_concept(code, zh, en) for code, (zh, en) in table.codes.items()],
    }


def _concept(code: str, zh: str, en: str) -> Resource:
    """A concept; what the table does not say is left out."""
    said = {"display": zh or en, "definition": en or zh}
    return {"code": code, **{key: value for key, value in said.items() if value}}


def value_set(table: Table, description: str) -> Resource:
    """The ValueSet of all codes of a table."""
    return {
        "resourceType": "ValueSet",
        "id": table.name,
        "url": f"{CANON}/ValueSet/{table.name}",
        "name": _computable(table.name),
        "title": table.zh,
        "status": "active",
        "description": description,
        "compose": {"include": [{"system": codesystem(table.name)}]},
    }


def _computable(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("-"))


def nhsa_systems(tables: Iterable[Table]) -> list[Resource]:
    """A CodeSystem for each table of the platform, with Chinese and English."""
    told = "codes of the national medical-insurance platform as public material has them; a region may have its own."
    return [
        code_system(
            replace(table, name=_id(table.name)),
            f"{table.en}: {told}",
            content="fragment",
            title=f"{table.zh}({table.name})",
        )
        for table in tables
    ]


def nhsa_maps(rows: Iterable[FieldRow]) -> list[Resource]:
    """A ConceptMap from FHIR codes to the platform's, for each table that a mapped field uses."""
    found: dict[str, Resource] = {}
    for row in rows:
        if row.codes and row.table and row.table not in found:
            found[row.table] = _map(row)
    return [found[name] for name in sorted(found)]


def _map(row: FieldRow) -> Resource:
    name = _id(row.table)
    return {
        "resourceType": "ConceptMap",
        "id": name,
        "url": f"{CANON}/ConceptMap/{name}",
        "name": f"To{_computable(name)}",
        "title": f"{row.zh}:FHIR → 医保平台",
        "status": "active",
        "description": f"{row.fhir} to {row.field} of the national medical-insurance platform.",
        "group": [
            {
                "source": row.system or _GENDER,
                "target": codesystem(name),
                "element": [
                    {"code": ours, "target": [{"code": theirs, "equivalence": "equivalent"}]}
                    for ours, theirs in row.codes
                ],
            }
        ],
    }


def _id(table: str) -> str:
    return "nhsa-" + table.replace("_", "-")
