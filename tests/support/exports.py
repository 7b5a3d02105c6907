"""Exports of any format written on the spot: the same rows as XML, CSV, JSON or lines of fixed width."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from adapter.intake.readers import Staged, stage
from adapter.model.source import ColumnShape, ExportShape, ReadingLimits, TableShape, TextLayout
from tests.support.intake import Row, xml

#: Two tables are enough to show every way of reading.
TABLES: Mapping[str, tuple[str, ...]] = {"STAYS": ("STAY",), "LINES": ("LINE",)}


def shape(
    reader: str,
    *,
    layout: TextLayout | None = None,
    limits: ReadingLimits | None = None,
    encodings: tuple[str, ...] = (),
    **tables: TableShape,
) -> ExportShape:
    """Stays and their lines in the given format; a table may be given in full."""
    known = {name: TableShape(name, key, needed=True) for name, key in TABLES.items()}
    return ExportShape(
        reader=reader,
        row="row",
        stay_table="STAYS",
        stay_key="STAY",
        tables={**known, **tables},
        layout=layout or TextLayout(),
        limits=limits or ReadingLimits(),
        encodings=encodings,
    )


def put(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write files: text as UTF-8, bytes as they are."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def read(folder: Path, of: ExportShape) -> tuple[dict[str, list[dict[str, str]]], list[str], dict[str, list[str]]]:
    """Rows of ``LINES`` by stay, codes of all issues, and codes of each stay's issues."""
    with stage([folder], of, "anywhere") as staged:
        return _lines(staged)


def _lines(staged: Staged) -> tuple[dict[str, list[dict[str, str]]], list[str], dict[str, list[str]]]:
    stays = list(staged.stays())
    lines = {stay.stay_key: [dict(row.fields) for row in stay.tables.get("LINES", ())] for stay in stays}
    held = {stay.stay_key: [issue.code for issue in stay.issues] for stay in stays}
    return lines, [issue.code for issue in staged.issues], held


def as_csv(rows: Sequence[Row], separator: str = ",") -> str:
    """Rows of separated values with a header."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([row.get(column, "") for column in columns] for row in rows)
    return out.getvalue()


def as_ndjson(rows: Sequence[Row]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def as_json(rows: Sequence[Row]) -> str:
    return json.dumps({"code": 1, "data": {"list": rows}}, ensure_ascii=False)


def as_fixed(rows: Sequence[Row], columns: Sequence[ColumnShape], encoding: str | None = None) -> bytes:
    """Lines of fixed width; with an encoding, places count its bytes."""
    lines = []
    for row in rows:
        cells = []
        for column in columns:
            text = row.get(column.name, "")
            taken = len(text.encode(encoding)) if encoding else len(text)
            assert taken <= column.width, (column, text)
            cells.append(text + " " * (column.width - taken))
        lines.append("".join(cells))
    return ("\r\n".join(lines) + "\r\n").encode(encoding or "utf-8")


def as_xml(rows: Sequence[Row]) -> str:
    return xml(rows)
