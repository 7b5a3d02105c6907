"""An export put aside in shards, each holding some stays with all their rows, for several processes (分片暂存).

For bulk conversion. Each file is read by itself (``read_part``), and its rows go to the shard of their stay; the stay
keys of the shards follow one another, so that what is made of them shard by shard is in the order of the stays. Rows
and issues are those of ``Staged``, which it is made of. Every step can run in a process of its own.
"""

from __future__ import annotations

import json
from array import array
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path
from time import monotonic

from adapter.intake.readers.encoding import Sniffed
from adapter.intake.readers.formats import FORMATS
from adapter.intake.readers.quick import QUICK, Block, Unusual
from adapter.intake.readers.rows import Row
from adapter.intake.readers.rows_now import KEY_SEPARATOR
from adapter.intake.readers.spill import CELL, ROW, Chunk, Spill
from adapter.intake.readers.staging import Progress, ReadFile, Staged, tables_of_file
from adapter.model.issues import Issue
from adapter.model.source import ExportShape, TableShape

#: So much of a file, in bytes, goes into a shard and stays in memory until it is written.
_OF_LINES, _OF_MARKUP = 1 << 20, 3 << 20
_ROOM = 4 << 20
_BYTES_OF_KEYS = 8 << 20
_SAMPLE = 1 << 14

Moved = Callable[[int, int], None]


class Form(StrEnum):
    """How the rows of a layout were put aside."""

    CELLS = "cells"  # what separates cells is between all of them, also between rows
    LINES = "lines"  # the same, as they stood in a file of separated values
    JSON = "json"  # rows as JSON, because a cell holds what separates cells


@dataclass(frozen=True, slots=True)
class Cut:
    """Where stays go: shard ``n`` holds the stays before ``splits[n]`` that no earlier one holds.

    Attributes:
        keys: number of partitions of row keys, of which none is large.
    """

    splits: tuple[str, ...]
    keys: int

    @property
    def shards(self) -> int:
        return len(self.splits) + 1


@dataclass(frozen=True, slots=True)
class PartRead:
    """One file, read.

    Attributes:
        files: one for each table that it holds.
        of_stay, of_batch: issues by stay, and those of whole tables.
        layouts: place among ``files``, table, columns and form of its rows.
        rows: rows kept, by table.
    """

    name: str
    files: tuple[ReadFile, ...]
    issues: tuple[Issue, ...]
    of_stay: Mapping[str, tuple[Issue, ...]]
    of_batch: tuple[tuple[str, Issue], ...]
    layouts: tuple[tuple[int, str, tuple[str, ...], Form], ...]
    rows: Mapping[str, int]


#: What is known of a shape here; a feature that is added later goes the ordinary way until it is looked at.
_KNOWN: Mapping[type, frozenset[str]] = {
    ExportShape: frozenset(
        {
            *("reader", "row", "stay_table", "stay_key", "tables", "limits", "layout", "encodings"),
            "zeros_stripped",
        }
    ),
    TableShape: frozenset({"name", "row_key", "needed", "file", "join", "version", "columns", "rows", "rows_where"}),
}


def shardable(shape: ExportShape) -> bool:
    """Whether exports of this shape can be put aside in shards; others are read by ``stage``."""
    parts: tuple[ExportShape | TableShape, ...] = (shape, *shape.tables.values())
    return shape.reader in FORMATS and all(
        each.name in _KNOWN[type(part)] or getattr(part, each.name) == each.default
        for part in parts
        for each in fields(part)
    )


def cut(paths: Sequence[Path], shape: ExportShape, source: str, workdir: Path) -> Cut:
    """Choose where the shards end, by the keys of the stay table."""
    size = sum(path.stat().st_size for path in paths if path.is_file())
    shards = 1 + size // (_OF_LINES if shape.reader in ("csv_files", "fixed_width") else _OF_MARKUP)
    keys: list[str] = []
    if shards > 1:
        with _Sample(shape, source, workdir) as sample:
            for path in paths:
                if shape.tables[shape.stay_table] in tables_of_file(path, shape.tables):
                    sample.look_at(path)
            keys = sorted(sample.keys)
    places = (len(keys) * number // shards for number in range(1, shards))
    splits = dict.fromkeys(keys[place] for place in places if keys)
    return Cut(tuple(splits), 1 + size // _BYTES_OF_KEYS)


def read_part(
    path: Path, name: str, shape: ExportShape, source: str, workdir: Path, into: Cut, until: float, moved: Moved
) -> PartRead:
    """Read one file; its rows go to ``workdir/<name>.rows``.

    Args:
        until: when reading must be over, by the monotonic clock.
        moved: told bytes and rows since it was told last.
    """
    rows, keys = Spill(workdir / f"{name}.rows", into.shards), Spill(workdir / f"{name}.keys", into.keys)
    with rows, keys, _Part(shape, source, workdir, into, (rows, keys), moved) as part:
        part.add(path, until)
        part.flush()
        return part.result(name)


class _Part(Staged):
    """One file on its way to the shards. Blocks of plain rows go there directly, all else by way of ``Staged``."""

    def __init__(
        self, shape: ExportShape, source: str, workdir: Path, into: Cut, spills: tuple[Spill, Spill], moved: Moved
    ) -> None:
        super().__init__(shape, source, workdir)
        self._splits = into.splits
        self._rows, self._keys = spills
        self._moved = moved
        self._layouts: dict[tuple[int, str, tuple[str, ...], Form], int] = {}
        self._kept: Counter[str] = Counter()
        self._gathered: dict[int, _Gathered] = {}
        self._done = self._room_taken = 0

    def add(self, path: Path, until: float) -> None:
        """Read the file."""
        self._until = until
        self._add(path, None)

    def result(self, name: str) -> PartRead:
        """Everything but the rows."""
        return PartRead(
            name=name,
            files=self.files,
            issues=self.issues,
            of_stay={stay: tuple(found) for stay, found in self._of_stay.items()},
            of_batch=tuple(self._of_batch),
            layouts=tuple(self._layouts),
            rows=dict(self._kept),
        )

    def _read(self, path: Path, sniffed: Sniffed, table: TableShape, progress: Progress | None) -> tuple[int, bool]:
        self._done = 0
        quick = QUICK.get(self._shape.reader)
        if quick is not None and not self._shape.zeros_stripped and not table.rows_where:
            try:
                for block in quick(path, sniffed, self._shape, table):
                    if (
                        self._done + max(len(block.lines), len(block.rows)) > self._shape.limits.rows
                        or monotonic() > self._until
                    ):
                        raise Unusual
                    self._take(block, table)
                return self._done, True
            except Unusual:
                pass  # the reader itself goes on behind the rows that were taken
        return super()._read(path, sniffed, table, progress)

    def _take(self, block: Block, table: TableShape) -> None:
        """Put the rows of a block aside. Raises Unusual at the first one that lacks a key."""
        stay_key = self._shape.stay_key
        if not {*(table.join or (stay_key,)), *table.row_key}.issubset(block.columns):
            raise Unusual
        added = bool(table.join) and stay_key not in block.columns
        columns = (*block.columns, stay_key) if added else block.columns
        form = Form.LINES if block.lines else Form.CELLS
        separator = (self._shape.layout.separator if block.lines else CELL).encode()
        lines = block.lines or [CELL.join(cells).encode() for cells in block.rows]
        of_stay = [block.columns.index(column) for column in table.join or (stay_key,)]
        of_key = [block.columns.index(column) for column in table.row_key]
        deepest = max(*of_stay, *of_key) + 1
        beginnings = [line.split(separator, deepest) for line in lines]
        stays, keys = _keys(beginnings, of_stay, b"-"), _keys(beginnings, of_key, KEY_SEPARATOR.encode())
        whole, count = all(stays) and all(keys), len(lines)
        if not whole:
            count = next(place for place, both in enumerate(zip(stays, keys, strict=True)) if not all(both))
        if added:
            lines = [line + separator + stay for line, stay in zip(lines, stays, strict=True)]
        numbers = range(self._done + 1, self._done + count + 1)
        gathered = self._gathered_of(self._layout(table, columns, form), separator)
        gathered.add(lines[:count], stays[:count], numbers)
        self._keep_keys(self._places[table.name], keys[:count])
        self._done += count
        self._kept[table.name] += count
        self._moved(block.consumed, count)
        self._room_taken += block.consumed
        self._flush_at(_ROOM)
        if not whole:
            raise Unusual

    def _keep(
        self, row: Row, place: int, table: TableShape, file: str, listed_before: int
    ) -> tuple[object, ...] | None:
        if row.number <= self._done:
            return None
        return super()._keep(row, place, table, file, listed_before)

    def _store(self, batch: list[tuple[object, ...]]) -> None:
        for place, stay, key, file, number, text_of_fields in batch:
            found: dict[str, str] = json.loads(str(text_of_fields))
            cells, name = list(found.values()), self._tables[int(str(place))]
            text, form = CELL.join(cells), Form.CELLS
            if text.count(CELL) >= max(len(cells), 1) or ROW in text or not _in_utf8(text):
                text, form = json.dumps(cells), Form.JSON
            layout = self._layouts.setdefault((int(str(file)), name, tuple(found), form), len(self._layouts))
            gathered = self._gathered_of(layout, (CELL if form is Form.CELLS else ROW).encode())
            gathered.add([text.encode()], [str(stay).encode(errors="surrogatepass")], [int(str(number))])
            self._keep_keys(int(str(place)), [str(key).encode(errors="surrogatepass")])
            self._kept[name] += 1
            self._room_taken += len(text)
        self._moved(0, len(batch))
        batch.clear()
        self._flush_at(_ROOM)

    def _keep_keys(self, place: int, keys: Sequence[bytes]) -> None:
        partitions, count = self._keys.numbers, len(self._keys.numbers)
        for number in [hash((place, key)) for key in keys]:
            partitions[number % count].append(number)

    def _flush_at(self, room: int) -> None:
        if self._room_taken >= room:
            self.flush()
            self._rows.flush()
            self._keys.flush()
            self._room_taken = 0

    def flush(self) -> None:
        """Hand what was gathered to the shards."""
        for layout, gathered in self._gathered.items():
            for chunk in gathered.chunks(layout):
                self._rows.parts[bisect_right(self._splits, chunk.stay)].append(chunk.packed())
        self._gathered.clear()

    def _gathered_of(self, layout: int, separator: bytes) -> _Gathered:
        known = self._gathered.get(layout)
        if known is None:
            known = self._gathered[layout] = _Gathered(separator)
        return known

    def _layout(self, table: TableShape, columns: tuple[str, ...], form: Form) -> int:
        return self._layouts.setdefault((len(self._files), table.name, columns, form), len(self._layouts))


class _Gathered:
    """Rows of one layout that wait for being put aside."""

    def __init__(self, separator: bytes) -> None:
        self._separator = separator
        self._lines: list[bytes] = []
        self._numbers: list[int] = []
        self._of_stay: defaultdict[bytes, list[int]] = defaultdict(list)

    def add(self, lines: Sequence[bytes], stays: Sequence[bytes], numbers: Sequence[int]) -> None:
        """Add rows, each with its stay key and its number within the file."""
        of_stay = self._of_stay
        for place, stay in enumerate(stays, start=len(self._lines)):
            of_stay[stay].append(place)
        self._lines += lines
        self._numbers += numbers

    def chunks(self, layout: int) -> Iterator[Chunk]:
        """All of them, by stay."""
        lines, numbers = self._lines, self._numbers
        for stay, places in self._of_stay.items():
            text = self._separator.join([lines[place] for place in places])
            of_rows = array("Q", [numbers[place] for place in places]).tobytes()
            yield Chunk(stay.decode(errors="surrogatepass"), layout, of_rows, text)


class _Sample(Staged):
    """Stay keys of the stay table, evenly over its rows, however many there are."""

    def __init__(self, shape: ExportShape, source: str, workdir: Path) -> None:
        super().__init__(shape, source, workdir)
        self.keys: list[str] = []
        self._every, self._seen = 1, 0

    def look_at(self, path: Path) -> None:
        """Read what can be read of a file; its issues are found again when it is read in earnest."""
        self._add(path, None)

    def _read(self, path: Path, sniffed: Sniffed, table: TableShape, progress: Progress | None) -> tuple[int, bool]:
        return (0, True) if table.name != self._shape.stay_table else super()._read(path, sniffed, table, progress)

    def _store(self, batch: list[tuple[object, ...]]) -> None:
        for _, stay, *_ in batch:
            if self._seen % self._every == 0:
                self.keys.append(str(stay))
            self._seen += 1
        batch.clear()
        if len(self.keys) > _SAMPLE:
            del self.keys[1::2]
            self._every *= 2


def _keys(rows: Sequence[Sequence[bytes]], places: Sequence[int], between: bytes) -> Sequence[bytes]:
    """The cell, or several cells as one key, of each row; nothing where one of them is empty."""
    if len(places) == 1:
        only = places[0]
        return [cells[only] for cells in rows]
    parts = [[cells[place] for place in places] for cells in rows]
    return [between.join(of_row) if all(of_row) else b"" for of_row in parts]


def _in_utf8(text: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in text)
