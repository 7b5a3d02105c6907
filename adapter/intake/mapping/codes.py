"""Code tables: people edit CSV, FHIR ConceptMaps are generated from it (对照表).

Columns: ``code,meaning,system,target,display``. ``code`` and ``meaning`` are the source's own; ``target`` is our code
in ``system`` (empty for FHIR's required codes). An empty ``target`` says: known, and nothing to say. A code may have
several rows when their systems differ. Codes are compared exactly, letter case and leading zeros included.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapter.fhir.identity import CANON, codesystem
from adapter.intake.mapping.issues import MappingRefused, code_table_wrong
from adapter.model.issues import Issue

COLUMNS = ("code", "meaning", "system", "target", "display")


@dataclass(frozen=True, slots=True)
class Target:
    """What a source code means here; ``code`` is empty when there is nothing to say."""

    system: str
    code: str
    display: str

    def coding(self) -> dict[str, str]:
        """As a FHIR Coding."""
        coding = {"system": self.system, "code": self.code} if self.system else {"code": self.code}
        if self.display:
            coding["display"] = self.display
        return coding


@dataclass(frozen=True, slots=True)
class CodeRow:
    """All that a table says of one source code."""

    meaning: str
    targets: tuple[Target, ...]

    @property
    def code(self) -> str:
        """The first target's code; empty when there is nothing to say."""
        return self.targets[0].code


@dataclass(frozen=True, slots=True)
class CodeTable:
    """A code table: ``file`` relative to the mappings folder, rows by source code."""

    name: str
    file: str
    rows: Mapping[str, CodeRow]


def load_table(path: Path, file: str) -> CodeTable:
    """Read a code table.

    Raises:
        MappingRefused: with one issue per wrong row (MAP-114), file and line.
    """
    wrong: list[Issue] = []
    rows: dict[str, CodeRow] = {}
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(stream)
        header = next(reader, [])
        if tuple(header) != COLUMNS:
            expected = ",".join(COLUMNS)
            raise MappingRefused(
                code_table_wrong(f"{file}:1", f"首行应为 {expected}", f"the first line must be {expected}")
            )
        for cells in reader:
            pointer = f"{file}:{reader.line_num}"
            if not cells:
                continue
            if len(cells) != len(COLUMNS) or not cells[0].strip():
                wrong.append(code_table_wrong(pointer, "应有 5 列且 code 非空", "five cells and a code are expected"))
                continue
            code, meaning, name, target, display = (cell.strip() for cell in cells)
            added = Target(_system(name), target, display)
            known = rows.get(code)
            if known is None:
                rows[code] = CodeRow(meaning, (added,))
            elif any(each.system == added.system for each in known.targets):
                wrong.append(code_table_wrong(pointer, f"编码“{code}”重复", f"code '{code}' stands twice"))
            else:
                rows[code] = CodeRow(known.meaning, (*known.targets, added))
    if wrong:
        raise MappingRefused(*wrong)
    return CodeTable(Path(file).name, file, rows)


def _system(name: str) -> str:
    """A full URI stays; a short name is one of the project's code systems."""
    return name if not name or ":" in name else codesystem(name)


def concept_map(table: CodeTable, source: str) -> dict[str, Any]:
    """The table as a FHIR R4 ConceptMap. Codes with nothing to say are left out.

    The source system is ``CANON/CodeSystem/<source>/<table name without .csv>``; of answers that name no system it is
    ``CANON/CodeSystem/mapped/<table name without .csv>``, since servers refuse a group that leads nowhere.
    """
    stem = table.name.removesuffix(".csv")
    systems: dict[str, list[dict[str, Any]]] = {}
    for code, row in table.rows.items():
        for target in row.targets:
            if target.code:
                answer = {"code": target.code, "equivalence": "equivalent"}
                if target.display:
                    answer["display"] = target.display
                element: dict[str, Any] = {"code": code, "target": [answer]}
                if row.meaning:
                    element["display"] = row.meaning
                systems.setdefault(target.system, []).append(element)
    groups = [
        {
            "source": codesystem(f"{source}/{stem}"),
            "target": system or codesystem(f"mapped/{stem}"),
            "element": elements,
        }
        for system, elements in systems.items()
    ]
    return {
        "resourceType": "ConceptMap",
        "id": f"{source}-{stem}".replace("_", "-"),
        "url": f"{CANON}/ConceptMap/{source}-{stem}".replace("_", "-"),
        "name": f"{source}_{stem}",
        "status": "active",
        "group": groups,
    }
