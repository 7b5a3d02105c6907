"""The description of a sample whose lines have no separators: which column stands where (定长样本的列说明).

A CSV file with the line ``table,column,start,width`` first, as most vendors hand it out with such an export; ``start``
counts from 1. Whether places are characters or bytes of the file's own encoding is told from the lines.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path

from adapter.cases import sample_issues as issues
from adapter.intake.readers.encoding import Sniffed
from adapter.intake.readers.lines import read_lines
from adapter.intake.readers.rows import SPACE, BrokenFile
from adapter.model.issues import AdapterError, Issue
from adapter.model.source import ColumnShape

_HEAD = ["table", "column", "start", "width"]
_LOOKED_AT = 200
_LONGEST = 1 << 20

#: Columns by table, in the order of the description.
Layout = Mapping[str, tuple[ColumnShape, ...]]


def read_layout(path: Path) -> Layout:
    """Read the description.

    Raises:
        AdapterError: MAP-180, every line that cannot be used.
    """
    found: dict[str, list[ColumnShape]] = {}
    wrong: list[Issue] = []
    try:
        lines = list(csv.reader(path.read_text("utf-8-sig").splitlines()))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise AdapterError(issues.layout_wrong(path.name, type(error).__name__)) from error
    if not lines or [cell.strip() for cell in lines[0]] != _HEAD:
        raise AdapterError(issues.layout_wrong(f"{path.name}:1", ",".join(_HEAD)))
    for number, cells in enumerate(lines[1:], 2):
        if not any(cells):
            continue
        column = _column(cells)
        known = [each.name for each in found.get(cells[0].strip(), [])]
        if column is None or column.name in known:
            wrong.append(issues.layout_wrong(f"{path.name}:{number}", ",".join(_HEAD)))
        else:
            found.setdefault(cells[0].strip(), []).append(column)
    if wrong:
        raise AdapterError(*wrong)
    return {table: tuple(columns) for table, columns in found.items()}


def _column(cells: Sequence[str]) -> ColumnShape | None:
    """One described column, or None when the line does not describe one."""
    table, name, *numbers = (cell.strip() for cell in cells)
    if len(numbers) != 2 or not (table and name) or not all(n.isascii() and n.isdigit() and int(n) for n in numbers):
        return None
    return ColumnShape(name, start=int(numbers[0]), width=int(numbers[1]))


def counts_bytes(files: Sequence[tuple[Path, Sniffed, Sequence[ColumnShape]]]) -> bool:
    """Whether the places of these files are bytes of their encoding; where both fit they are characters.

    Raises:
        AdapterError: MAP-181, the lines of a file are of neither length.
    """
    found = [_lengths(path, sniffed, columns) for path, sniffed, columns in files]
    if all(characters == {needed} for needed, characters, _ in found):
        return False
    if all(octets == {needed} for needed, _, octets in found):
        return True
    path, (needed, characters, _) = next(
        (file[0], each) for file, each in zip(files, found, strict=True) if each[1] != {each[0]}
    )
    raise AdapterError(issues.layout_does_not_fit(path.name, needed, sorted(characters - {needed})))


def _lengths(path: Path, sniffed: Sniffed, columns: Sequence[ColumnShape]) -> tuple[int, set[int], set[int]]:
    """The length that the columns need, and those that the lines have: in characters, in bytes."""
    needed = max(column.start + column.width - 1 for column in columns)
    encoding = {"utf-16": "utf-16-le"}.get(sniffed.encoding, sniffed.encoding)
    try:
        lines = [line.content for line in islice(read_lines(path, sniffed, _LONGEST), _LOOKED_AT)]
    except BrokenFile as broken:
        raise AdapterError(issues.sample_unreadable(path.name, f"line {broken.line}")) from broken
    lines = [line for line in lines if line.strip(SPACE)]
    return needed, {len(line) for line in lines}, {len(line.encode(encoding)) for line in lines}
