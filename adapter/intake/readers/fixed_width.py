"""Rows of a file of fixed width: columns by their place in the line, one row at a time (定长文本).

Places count characters, or bytes of the file's own encoding: a Chinese character takes two places of GB18030, rarely
four, which is how reports of older systems are laid out. A line of another length than the columns need is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from adapter.intake.readers.encoding import Sniffed
from adapter.intake.readers.lines import Line, read_lines
from adapter.intake.readers.rows import KEY_LENGTH, SPACE, TOO_LARGE, BrokenFile, Row
from adapter.model.source import ExportShape, TableShape

_ACROSS = ("一个汉字跨越了两列", "a character lies across two columns")


def read_fixed_width(path: Path, sniffed: Sniffed, shape: ExportShape, table: TableShape) -> Iterator[Row]:
    """Yield the rows of a file in order.

    Raises:
        BrokenFile: the file was cut; the rows before have been yielded and are good.
    """
    needed = max(column.start + column.width - 1 for column in table.columns)
    encoding = {"utf-16": "utf-16-le"}.get(sniffed.encoding, sniffed.encoding) if shape.layout.in_bytes else None
    number, end, header = 0, None, shape.layout.header
    for line in read_lines(path, sniffed, shape.limits.row_bytes):
        end = line
        if header:
            header = False
            continue
        if not line.content.strip(SPACE):
            continue
        number += 1
        row = _row(number, line, needed, encoding, table)
        if row.refused is not None and not line.ended:
            raise BrokenFile(line.number)
        yield row
    if end is not None and not end.ended and shape.layout.last_line_ends:
        raise BrokenFile(end.number)


def _row(number: int, line: Line, needed: int, encoding: str | None, table: TableShape) -> Row:
    """Cut a line into its columns; what cannot be cut right is refused, with the columns that can be read."""
    text: str | bytes = line.content if encoding is None else line.content.encode(encoding)
    refused = None if line.whole else TOO_LARGE
    if refused is None and len(text) != needed:
        refused = (f"应有 {needed} 位,实有 {len(text)} 位", f"{needed} places are expected, {len(text)} found")
    fields: dict[str, str] = {}
    for column in table.columns:
        piece = text[column.start - 1 : column.start - 1 + column.width]
        try:
            cell = piece if isinstance(piece, str) else piece.decode(encoding or "ascii")
        except UnicodeDecodeError:
            refused = refused or _ACROSS
            continue
        cell = cell.strip(SPACE)
        if refused is None or len(cell) <= KEY_LENGTH:
            fields[column.name] = cell
    return Row(number, fields, refused)
