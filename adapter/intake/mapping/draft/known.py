"""What many HIS products call things, and the codes whose meaning is a word: two tables that people edit (常见列名).

``mappings/his/_known_columns.csv``: column name → target, or the reason why it is usually ignored.
``mappings/his/_known_codes.csv``: code → answer, by code table; ``sure`` is ``no`` for numbers that a standard gives a
meaning and a vendor may give another.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from adapter.intake.mapping.issues import MappingRefused, code_table_wrong

COLUMNS_FILE, CODES_FILE = "his/_known_columns.csv", "his/_known_codes.csv"
_COLUMNS = ("name", "resource", "target", "meaning")
_CODES = ("table", "code", "meaning", "system", "target", "display", "sure")

#: ``resource`` of a column that settlement does not need; ``meaning`` is the reason.
IGNORED = "ignored"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a column name usually stands for: a resource file and a target in it."""

    resource: str
    target: str
    meaning: str


@dataclass(frozen=True, slots=True)
class KnownCode:
    """A row of a code table that need not be asked for; one that is not ``sure`` is marked in the draft."""

    code: str
    meaning: str
    system: str
    target: str
    display: str
    sure: bool


@dataclass(frozen=True, slots=True)
class Known:
    """Both tables. Names are compared without letter case, blanks and underlines."""

    columns: Mapping[str, tuple[Meaning, ...]]
    codes: Mapping[str, Mapping[str, KnownCode]]

    def of(self, column: str, resource: str) -> Meaning | None:
        """What a column stands for in a resource, or None."""
        found = self.columns.get(plain(column), ())
        return next((each for each in found if each.resource == resource), None)

    def stay_keys(self) -> frozenset[str]:
        """Names of stay keys, as ``plain`` writes them."""
        wanted = ("encounter", "identifier[0].value")
        return frozenset(
            name for name, found in self.columns.items() if any((e.resource, e.target) == wanted for e in found)
        )


def plain(name: str) -> str:
    """A column name as it is compared.

    >>> plain("item_code"), plain("Item Code")
    ('ITEMCODE', 'ITEMCODE')
    """
    return name.upper().replace("_", "").replace(" ", "").replace("-", "")


def load_known(mappings_dir: Path) -> Known:
    """Read both tables. Raises MappingRefused (MAP-114) with file and line."""
    columns: dict[str, list[Meaning]] = {}
    for row in _rows(mappings_dir, COLUMNS_FILE, _COLUMNS):
        columns.setdefault(plain(row["name"]), []).append(Meaning(row["resource"], row["target"], row["meaning"]))
    codes: dict[str, dict[str, KnownCode]] = {}
    for row in _rows(mappings_dir, CODES_FILE, _CODES):
        sure = row["sure"] == "yes"
        codes.setdefault(row["table"], {})[row["code"]] = KnownCode(
            row["code"], row["meaning"], row["system"], row["target"], row["display"], sure
        )
    return Known({name: tuple(found) for name, found in columns.items()}, codes)


def _rows(mappings_dir: Path, file: str, columns: tuple[str, ...]) -> list[dict[str, str]]:
    with (mappings_dir / file).open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(stream)
        if tuple(next(reader, [])) != columns:
            expected = ",".join(columns)
            raise MappingRefused(
                code_table_wrong(f"{file}:1", f"首行应为 {expected}", f"the first line must be {expected}")
            )
        found = []
        for cells in reader:
            if len(cells) != len(columns) or not cells[0]:
                zh, en = f"应有 {len(columns)} 列且首列非空", f"{len(columns)} cells and a first one are expected"
                raise MappingRefused(code_table_wrong(f"{file}:{reader.line_num}", zh, en))
            found.append(dict(zip(columns, cells, strict=True)))
        return found
