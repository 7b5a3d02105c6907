"""Read a sample export that no mapping describes yet: which format, which tables, which rows (样本识别)."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from adapter.cases import sample_issues as issues
from adapter.cases.sample_layout import Layout, counts_bytes, read_layout
from adapter.intake.mapping.draft import SampleTable
from adapter.intake.mapping.draft.writing import Export
from adapter.intake.readers.encoding import Sniffed, Undecodable, sniff
from adapter.intake.readers.formats import FORMATS
from adapter.intake.readers.json_files import LINES
from adapter.intake.readers.rows import BrokenFile, FileRefused
from adapter.model.issues import AdapterError
from adapter.model.source import ColumnShape, ExportShape, TableShape, TextLayout

#: So many rows of a table are looked at.
MOST_ROWS = 20_000

#: A JSON document is looked through whole, to find where its rows stand.
_MOST_JSON = 64 * 1024 * 1024

_READERS = ("xml_files", "csv_files", "json_files")
_SEPARATORS = "\t|;,"
_DATED = re.compile(r"[-_.][0-9][0-9_.-]*\Z")
_FHIR = re.compile(r'"resourceType"\s*:\s*"[A-Z]')
_ELEMENT = re.compile(r"<([^\s!?/>]+)[^>]*>")


def read_sample(paths: Sequence[Path], layout: Path | None = None) -> tuple[tuple[SampleTable, ...], Export]:
    """The tables of a sample with their rows, and how it is written.

    Args:
        layout: description of the columns, for lines of fixed width.

    Raises:
        AdapterError: no file of a known format (MAP-120), files of several formats (MAP-121), a file that cannot be
            read, no rows at all (MAP-123), lines whose columns nobody described (MAP-183), a description that is wrong
            (MAP-180), does not fit (MAP-181) or lacks a table (MAP-182), or FHIR, which needs no draft (MAP-184).
    """
    described = read_layout(layout) if layout is not None else {}
    files = _files(paths, ("fixed_width",) if described else _READERS)
    reader = "fixed_width" if described else _reader(files)
    sniffed = {file: _sniffed(file) for file in files}
    export = _export(reader, files[0].name, list(sniffed.values()))
    if reader == "json_files" and any(_FHIR.search(each.prolog) for each in sniffed.values()):
        raise AdapterError(issues.speaks_fhir(files[0].name))
    if described:
        placed = [(file, sniffed[file], _described(file, described)) for file in files]
        export = replace(export, in_bytes=counts_bytes(placed))
    tables: dict[str, list[Mapping[str, str]]] = {}
    shapes: dict[str, TableShape] = {}
    for file in files:
        for table in _tables(file, sniffed[file], reader, described):
            shapes.setdefault(table.name, table)
            rows = tables.setdefault(table.name, [])
            rows += islice(_rows(file, sniffed[file], export, table), max(0, MOST_ROWS - len(rows)))
    found = tuple(
        SampleTable(
            name,
            rows,
            shapes[name].file,
            shapes[name].rows,
            {column.name: (column.start, column.width) for column in shapes[name].columns},
        )
        for name, rows in tables.items()
        if rows
    )
    if not found:
        raise AdapterError(issues.sample_without_rows(files[0].name))
    encodings = tuple(dict.fromkeys(each.encoding for each in sniffed.values() if not each.ascii)) or ("utf-8",)
    return found, replace(export, encodings=encodings)


def _files(paths: Sequence[Path], readers: Sequence[str]) -> list[Path]:
    suffixes = {suffix for name in readers for suffix in FORMATS[name].suffixes}
    inside = (each for path in paths for each in (sorted(path.iterdir()) if path.is_dir() else [path]))
    files = [file for file in inside if file.suffix.lower() in suffixes and not file.name.startswith(".")]
    if not files:
        raise AdapterError(issues.no_sample_files(", ".join(str(path.name) for path in paths)))
    return files


def _reader(files: Sequence[Path]) -> str:
    found = {name for file in files for name in _READERS if file.suffix.lower() in FORMATS[name].suffixes}
    if len(found) > 1:
        raise AdapterError(issues.several_formats(", ".join(sorted(found))))
    return found.pop()


def _sniffed(file: Path) -> Sniffed:
    try:
        return sniff(file)
    except Undecodable as error:
        raise AdapterError(issues.sample_unreadable(file.name, f"byte {error.offset}")) from error


def _export(reader: str, first: str, sniffed: Sequence[Sniffed]) -> Export:
    if reader == "xml_files":
        elements = _ELEMENT.findall(sniffed[0].prolog)
        return Export(reader, row=elements[1] if len(elements) > 1 else "row")
    if reader == "csv_files":
        lines = "".join(each.prolog.partition("\n")[0] for each in sniffed)
        separator = max(_SEPARATORS, key=lines.count) if lines else ","
        if lines and separator not in lines:
            raise AdapterError(issues.lines_without_separator(first))
        return Export(reader, separator=separator)
    return Export(reader)


def _described(file: Path, described: Layout) -> tuple[ColumnShape, ...]:
    columns = described.get(_name(file))
    if columns is None:
        raise AdapterError(issues.layout_misses_table(file.name, ", ".join(described)))
    return columns


def _name(file: Path) -> str:
    """What a file's table is called."""
    return _DATED.sub("", file.stem)


def _tables(file: Path, sniffed: Sniffed, reader: str, described: Layout) -> Iterator[TableShape]:
    """The tables of a file: itself, or what a JSON document holds lists of."""
    name = _name(file)
    paths = _paths(file, sniffed) if reader == "json_files" and file.suffix.lower() not in LINES else [()]
    for path in paths:
        if len(paths) == 1:
            yield TableShape(name, (), rows=path, columns=described.get(name, ()))
        else:
            yield TableShape(path[-1], (), file=name, rows=path)


def _paths(file: Path, sniffed: Sniffed) -> list[tuple[str, ...]]:
    """Where lists of objects stand in a JSON document, two levels deep."""
    if file.stat().st_size > _MOST_JSON:
        raise AdapterError(issues.sample_unreadable(file.name, f"> {_MOST_JSON} bytes"))
    try:
        text = file.read_bytes().decode(sniffed.encoding).lstrip("\ufeff")
        document = json.loads(text, parse_float=str, parse_int=str)
    except ValueError as error:
        raise AdapterError(issues.sample_unreadable(file.name, type(error).__name__)) from error
    found = list(_lists(document, ()))
    return found if found or _has_empty_list(document) else [()]


def _lists(value: Any, above: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if isinstance(value, list):
        if value and isinstance(value[0], dict):
            yield above
    elif isinstance(value, dict) and len(above) < 3:
        for name, each in value.items():
            yield from _lists(each, (*above, name))


def _has_empty_list(value: Any) -> bool:
    """Whether a document shows where rows would stand, though it has none."""
    inner = value.values() if isinstance(value, dict) else ()
    return value == [] or any(_has_empty_list(each) for each in inner)


def _rows(file: Path, sniffed: Sniffed, export: Export, table: TableShape) -> Iterator[Mapping[str, str]]:
    """Rows as the reader gives them; those that it refuses are left out, and what is cut ends there."""
    keys = _first_column(sniffed, export)
    shape = ExportShape(
        reader=export.reader,
        row=export.row,
        stay_table=table.name,
        stay_key=keys,
        tables={table.name: table},
        layout=TextLayout(
            separator=export.separator,
            header=export.reader == "csv_files",
            last_line_ends=False,
            in_bytes=export.in_bytes,
        ),
    )
    try:
        for row in FORMATS[export.reader].read(file, sniffed, shape, table):
            if row.refused is None:
                yield row.fields
    except FileRefused as refused:
        raise AdapterError(refused.issue) from refused
    except BrokenFile as broken:
        raise AdapterError(issues.sample_unreadable(file.name, f"line {broken.line}")) from broken


def _first_column(sniffed: Sniffed, export: Export) -> str:
    """CSV: the name of the first column, which stands in for the stay key while nobody knows it."""
    if export.reader != "csv_files":
        return ""
    lines = csv.reader(sniffed.prolog.splitlines(), delimiter=export.separator)
    return next((cells[0].strip() for cells in lines if cells), "")
