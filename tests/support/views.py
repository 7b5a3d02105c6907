"""A hospital's database in a test: a fixture export as tables of SQLite or PostgreSQL, and a source that reads them."""

from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, make_url, text

from adapter.intake.mapping import load_mapping
from tests.support.intake import FIXTURES, MAPPINGS

#: The fixture hospital whose export becomes views.
HOSPITAL = "baihe_county"
VENDOR = "neusoft_hisfc"
EXPORT = FIXTURES / "his" / VENDOR / HOSPITAL / "export"

STAYS, ITEMS, DRUGS = "FIN_IPR_INMAININFO", "FIN_IPB_ITEMLIST", "FIN_IPB_MEDICINELIST"

#: When a row was written last, in every table of the test databases; the last row of each table a day after the others.
CHANGED = "GXSJ"
FIRST, LAST = "2021-10-01 00:00:00", "2021-10-02 00:00:00"

_NUMBER, _TIME = re.compile(r"-?\d+\.(\d+)"), re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


@dataclass(frozen=True)
class Table:
    """A table of the export, with a column for the watermark."""

    name: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


def export_tables() -> dict[str, Table]:
    found = {}
    for path in sorted(EXPORT.glob("*.csv")):
        with path.open(encoding="gb18030", newline="") as stream:
            columns, *rows = csv.reader(stream)
        found[path.stem] = Table(
            path.stem, (*columns, CHANGED), [*((*row, FIRST) for row in rows[:-1]), (*rows[-1], LAST)]
        )
    return found


def viewed_tables() -> dict[str, Table]:
    """By table of the shape, what the database has for it; several tables may come out of one."""
    there = export_tables()
    shape = load_mapping(MAPPINGS, HOSPITAL).shape
    stems = {name: table.file or name for name, table in shape.tables.items()}
    return {name: there[stem] for name, stem in stems.items() if stem in there}


def type_of(values: Iterable[str]) -> str:
    """The type that a PostgreSQL table would have for these texts."""
    filled = [each for each in values if each]
    if filled and all(map(_TIME.fullmatch, filled)):
        return "timestamp"
    decimals = {len(found[1]) for each in filled if (found := _NUMBER.fullmatch(each))}
    if len(decimals) == 1 and all(map(_NUMBER.fullmatch, filled)):
        return f"numeric(18, {decimals.pop()})"
    return "text"


class HisDatabase:
    """Its tables are typed in PostgreSQL, and text in SQLite, which has no types to speak of."""

    def __init__(self, url: str) -> None:
        self.url = url
        made = make_url(url)
        self._typed = made.get_backend_name() == "postgresql"
        self._engine = create_engine(made.set(drivername="postgresql+psycopg") if self._typed else made)
        for table in export_tables().values():
            self._make(table)

    @property
    def source_url(self) -> str:
        """As it stands in a source file."""
        url = make_url(self.url)
        if self._typed:
            url = url.set(drivername="postgresql+psycopg", password=None)
        return url.render_as_string(hide_password=False)

    def run(self, statement: str, **values: object) -> None:
        with self._engine.begin() as connection:
            connection.execute(text(statement), values)

    def rows(self, table: str) -> int:
        with self._engine.begin() as connection:
            return int(connection.execute(text(f'SELECT count(*) FROM "{table}"')).scalar_one())

    def close(self) -> None:
        self._engine.dispose()

    def _make(self, table: Table) -> None:
        types = [
            type_of(row[place] for row in table.rows) if self._typed else "text" for place in range(len(table.columns))
        ]
        columns = ", ".join(f'"{name}" {kind}' for name, kind in zip(table.columns, types, strict=True))
        with self._engine.begin() as connection:
            connection.execute(text(f'CREATE TABLE "{table.name}" ({columns})'))
            self._insert(connection, table, types)

    def _insert(self, connection: Connection, table: Table, types: Sequence[str]) -> None:
        names = [f"c{place}" for place in range(len(table.columns))]
        cast = ", ".join(f"CAST(:{name} AS {kind})" for name, kind in zip(names, types, strict=True))
        for row in table.rows:
            given = [cell if cell or kind == "text" else None for cell, kind in zip(row, types, strict=True)]
            values = dict(zip(names, given, strict=True))
            connection.execute(text(f'INSERT INTO "{table.name}" VALUES ({cast})'), values)


def whole(table: Table) -> dict[str, Any]:
    """A query that gives every column of the export."""
    columns = ", ".join(f'"{name}"' for name in table.columns if name != CHANGED)
    return {"query": f'SELECT {columns} FROM "{table.name}"'}


def since(table: Table, *, kind: str, overlap: str = "30m") -> dict[str, Any]:
    """A query that gives what changed; the watermark stands among the columns."""
    columns = ", ".join(f'"{name}"' for name in table.columns)
    query = f'SELECT {columns} FROM "{table.name}" WHERE "{CHANGED}" >= :since ORDER BY "{CHANGED}"'
    return {"query": query, "watermark": CHANGED, "kind": kind, "overlap": overlap}


def mappings_with(folder: Path, section: Mapping[str, Any], *, delivery: str = "whole", source: str = HOSPITAL) -> Path:
    """A copy of the mappings in which one hospital has a ``database`` section."""
    out = folder / "mappings"
    shutil.copytree(MAPPINGS, out, dirs_exist_ok=True)
    file = out / "sources" / f"{source}.yaml"
    told = file.read_text("utf-8")
    told += "" if "\ndelivery:" in told else f"delivery: {delivery}\n"
    file.write_text(f"{told}database:\n{_yaml(section, 2)}", encoding="utf-8")
    return out


def _yaml(value: Mapping[str, Any], indent: int) -> str:
    lines = []
    for name, each in value.items():
        if isinstance(each, Mapping):
            lines.append(f"{' ' * indent}{name}:\n{_yaml(each, indent + 2)}")
        else:
            lines.append(f"{' ' * indent}{name}: '{str(each).replace(chr(39), chr(39) * 2)}'\n")
    return "".join(lines)
