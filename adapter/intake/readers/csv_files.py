"""Rows of a file of separated values, CSV or TSV, one at a time, in flat memory (分隔符文本).

A cell in quotes may hold separators, doubled quotes and line breaks. A quote that nobody closes would swallow the rows
after it; so a record of several lines that comes out wrong is refused by its first line alone, and reading goes on with
the second. A file whose last line is not closed was cut, unless the mapping says that this HIS writes it so.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path

from adapter.intake.readers import issues
from adapter.intake.readers.encoding import Sniffed
from adapter.intake.readers.lines import Line, read_lines
from adapter.intake.readers.rows import KEY_LENGTH, SPACE, TOO_LARGE, BrokenFile, FileRefused, Row
from adapter.model.source import ExportShape, TableShape, TextLayout

_BAD_QUOTES = ("引号不成对或位置不对", "its quotes do not fit")


def read_csv(path: Path, sniffed: Sniffed, shape: ExportShape, table: TableShape) -> Iterator[Row]:
    """Yield the rows of a file in order.

    Raises:
        FileRefused: the header is missing, names a column twice, or lacks a key column.
        BrokenFile: the file was cut; the rows before have been yielded and are good.
    """
    records = _Records(path, sniffed, shape.layout, shape.limits.row_bytes)
    columns = tuple(column.name for column in table.columns)
    if shape.layout.header:
        columns = _header(path.name, records, shape, table) if not columns else _passed_over(records, columns)
    records.expected = len(columns)
    number = 0
    for cells in records:
        if cells is not None and not any(cells) and len(cells) < 2:
            continue  # an empty line
        number += 1
        if cells is not None and len(cells) == len(columns):
            yield Row(number, dict(zip(columns, cells, strict=True)))
        elif records.open_end or _run_together(records.cells, columns):
            raise BrokenFile(records.line)
        else:
            yield _refused(number, columns, records)
    if records.open_end and shape.layout.last_line_ends and not records.closed_by_quote:
        raise BrokenFile(records.line)


def _header(file: str, records: _Records, shape: ExportShape, table: TableShape) -> tuple[str, ...]:
    """The columns that the first line names."""
    columns = records.first()
    if not any(columns):
        raise FileRefused(issues.header_missing(file))
    if len(columns) > shape.limits.columns:
        raise FileRefused(issues.header_wrong(file, f"> {shape.limits.columns}"))
    twice = [name for name in columns if columns.count(name) > 1]
    needed = (*(table.join if shape.stay_key not in columns and table.join else (shape.stay_key,)), *table.row_key)
    wrong = dict.fromkeys((*twice, *(name for name in needed if name not in columns)))
    if wrong:
        raise FileRefused(issues.header_wrong(file, ", ".join(wrong)))
    return columns


def _passed_over(records: _Records, columns: tuple[str, ...]) -> tuple[str, ...]:
    """The declared columns stand; the first line is passed over."""
    records.first()
    return columns


def _run_together(cells: Sequence[str], columns: Sequence[str]) -> bool:
    """Whether a line holds the cells of two rows, whose line break was lost: whose rows they are cannot be told."""
    return len(cells) > len(columns) and len(cells) >= 2 * len(columns) - 1


def _refused(number: int, columns: Sequence[str], records: _Records) -> Row:
    """A record that does not fit, read from its left and from its right end, so that its stay may be known."""
    why = records.refused or (
        f"应有 {len(columns)} 列,实有 {len(records.cells)} 列",
        f"{len(columns)} cells are expected, {len(records.cells)} found",
    )
    short = [cell if len(cell) <= KEY_LENGTH else "" for cell in records.cells]
    left = dict(zip(columns, short, strict=False))
    right = dict(zip(reversed(columns), reversed(short), strict=False))
    return Row(number, left, why, right)


class _TooMuch(Exception):
    """A record grows beyond what a row may be."""


class _Records:
    """Records of a file as lists of cells, or None for one that is refused (``refused``, ``cells``).

    Attributes:
        expected: cells of a good record, once the header is known.
        line: number of the last line taken.
        cells: of the last record, as far as they could be told.
        refused: why the last record is refused, where its form and not its length is wrong.
        open_end: the file ended with the last record, without a line break.
        closed_by_quote: the last cell of that record is whole, because a quote closes it.
    """

    def __init__(self, path: Path, sniffed: Sniffed, layout: TextLayout, row_bytes: int) -> None:
        self._layout = layout
        self._feed = _Feed(read_lines(path, sniffed, row_bytes), row_bytes)
        self._reader = csv.reader(
            self._feed,
            delimiter=layout.separator,
            quotechar=layout.quote or None,
            quoting=csv.QUOTE_MINIMAL if layout.quote else csv.QUOTE_NONE,
            strict=True,
        )
        self.expected: int | None = None
        self.line = 0
        self.cells: Sequence[str] = ()
        self.refused: tuple[str, str] | None = None
        self.open_end = self.closed_by_quote = False

    def __iter__(self) -> _Records:
        return self

    def first(self) -> tuple[str, ...]:
        """The cells of the first record; none where there is no such record."""
        for cells in self:
            return tuple(cells or ())
        return ()

    def __next__(self) -> list[str] | None:
        feed = self._feed
        feed.begin()
        self.refused = None
        try:
            cells = [cell.strip(SPACE) for cell in next(self._reader)]
        except (_TooMuch, csv.Error) as error:
            self._first_line_alone(TOO_LARGE if isinstance(error, _TooMuch) else _BAD_QUOTES)
            return None
        if len(feed.taken) > 1 and self.expected not in (None, len(cells)):
            self._first_line_alone(_BAD_QUOTES)
            return None
        self.cells = cells
        last = feed.taken[-1]
        if not last.ended:
            self._at_the_end(last)
        self.line = last.number
        return cells

    def _first_line_alone(self, why: tuple[str, str]) -> None:
        first, *others = self._feed.taken
        self._feed.waiting.extendleft(reversed(others))
        self.refused, self.line = why, first.number
        self.cells = [cell.strip(SPACE + self._layout.quote) for cell in first.content.split(self._layout.separator)]
        if not first.ended:
            self._at_the_end(first)

    def _at_the_end(self, line: Line) -> None:
        self.open_end = True
        self.closed_by_quote = bool(self._layout.quote) and line.content.rstrip(SPACE).endswith(self._layout.quote)


class _Feed:
    """Lines as the parser of cells wants them; it remembers which ones the record at hand is made of."""

    def __init__(self, lines: Iterator[Line], row_bytes: int) -> None:
        self._lines = lines
        self._row_bytes = row_bytes
        self._size = 0
        self.waiting: deque[Line] = deque()
        self.taken: list[Line] = []

    def begin(self) -> None:
        self.taken, self._size = [], 0

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        line = self.waiting.popleft() if self.waiting else next(self._lines)
        self.taken.append(line)
        text = line.text
        self._size += len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
        if not line.whole or self._size > self._row_bytes:
            raise _TooMuch
        return text
