"""The stays of a shard, and what only shows when every file is in: rows told twice, rows of no stay (分片成住院)."""

from __future__ import annotations

import json
from array import array
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from adapter.intake.readers import issues
from adapter.intake.readers.rows_now import KEY_SEPARATOR
from adapter.intake.readers.shards import Cut, Form, PartRead
from adapter.intake.readers.spill import CELL, ROW, Chunk, Spill, Spilled
from adapter.intake.readers.staging import PER_STAY, ReadFile, Staged
from adapter.model.issues import Issue
from adapter.model.packed import Layout, PackedRow, PackedTable, as_records
from adapter.model.source import ExportShape, StayRecords

#: A row's place among all rows of the export: its file, then its number in it.
_ROWS_OF_A_FILE = 1 << 40

#: A shard beyond this many bytes holds more than its share, as when the stay table was cut off.
_LARGE = 32 << 20

DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class ExportRead:
    """All files of an export, read.

    Attributes:
        issues: everything found while reading, in order of files and rows; orphans and missing tables follow later.
        missing: tables that no file holds although they are needed.
        repeated: some rows were told several times; those that do not count are set down beside the shards.
    """

    cut: Cut
    parts: tuple[PartRead, ...]
    files: tuple[ReadFile, ...]
    issues: tuple[Issue, ...]
    missing: tuple[Issue, ...]
    of_stay: Mapping[str, tuple[Issue, ...]]
    of_batch: tuple[tuple[str, Issue], ...]
    repeated: bool


@dataclass(frozen=True, slots=True)
class Orphans:
    """Rows of one table whose stay is not in the stay table; place of the first one."""

    stay: str
    table: str
    count: int
    file: str
    number: int


def gather(parts: Sequence[PartRead], shape: ExportShape, source: str, workdir: Path, into: Cut) -> ExportRead:
    """Put together what the files say, in their order, and settle which row of a key counts."""
    files = tuple(file for part in parts for file in part.files)
    found = [issue for part in parts for issue in part.issues]
    of_stay: defaultdict[str, list[Issue]] = defaultdict(list)
    for part in parts:
        for stay, of_part in part.of_stay.items():
            of_stay[stay] += of_part[: PER_STAY - len(of_stay[stay])]
    of_batch = [each for part in parts for each in part.of_batch]
    repeated = _repeated(parts, into, workdir)
    if repeated:
        with _Repeated(shape, source, workdir, files) as rows:
            rows.settle(parts, repeated, into)
            found += rows.issues
            for stay, of_rows in rows.of_stay.items():
                of_stay[stay] += of_rows
    present = {file.table for file in files}
    lacking = [table.name for table in shape.tables.values() if table.needed and table.name not in present]
    missing = [issues.table_missing(name) for name in lacking]
    return ExportRead(
        cut=into,
        parts=tuple(parts),
        files=files,
        issues=tuple(found),
        missing=tuple(missing),
        of_stay={stay: tuple(each) for stay, each in of_stay.items()},
        of_batch=(*of_batch, *zip(lacking, missing, strict=True)),
        repeated=bool(repeated),
    )


def orphan_issue(orphans: Orphans, shape: ExportShape) -> Issue:
    """SRC issue for rows whose stay is not there."""
    pointer = f"{orphans.file}#{orphans.number}"
    return issues.orphan_rows(pointer, orphans.table, orphans.count, orphans.stay, shape.stay_table)


class Shards:
    """Reads shards; one for a process is enough."""

    def __init__(self, export: ExportRead, shape: ExportShape, source: str, workdir: Path) -> None:
        self._export = export
        self._shape = shape
        self._parts = [
            _PartRows(part, base, source, shape.layout.separator, workdir, export.cut)
            for base, part in _with_bases(export.parts)
        ]
        self._dropped = Spilled(workdir / DROPPED, export.cut.shards) if export.repeated else None
        self._of_batch = tuple(issue for table, issue in export.of_batch if table != shape.stay_table)
        self._order = {name: place for place, name in enumerate(shape.tables)}

    def stays(self, shard: int, orphaned: Callable[[Orphans], None]) -> Iterator[StayRecords]:
        """The stays of a shard in order of their keys, their rows packed.

        Rows stay in the chunks that they were put aside in until their stay comes, so that few are spread out at once.

        Args:
            orphaned: told of rows whose stay is not in the stay table, in order too, when all stays have been given.
        """
        orphans = _OrphanRows(self._export.files)
        of_stay: defaultdict[str, list[_Kept]] = defaultdict(list)
        wanted = self._known_stays(shard) if sum(part.size(shard) for part in self._parts) > _LARGE else None
        dropped = frozenset(self._dropped.numbers(shard)) if self._dropped is not None else frozenset[int]()
        for part in self._parts:
            for chunk in part.chunks(shard):
                kept = _Kept(part.layouts[chunk.layout], chunk)
                if wanted is None or chunk.stay in wanted:
                    of_stay[chunk.stay].append(kept)
                else:
                    places = [each for each in kept.places() if each not in dropped]
                    orphans.add(chunk.stay, kept.of.layout.table, places)
        for stay in sorted(of_stay):
            of_tables: dict[str, list[_Kept]] = {}
            for kept in of_stay.pop(stay):
                of_tables.setdefault(kept.of.layout.table, []).append(kept)
            read = {name: _table(each, dropped) for name, each in of_tables.items()}
            tables = {name: rows for name, (rows, _) in read.items() if rows}
            if self._shape.stay_table in tables:
                known = {name: as_records(of_table) for name, of_table in tables.items()}
                yield StayRecords(stay, known, (*self._export.of_stay.get(stay, ()), *self._of_batch))
            else:
                for name, (_, of_rows) in read.items():
                    orphans.add(stay, name, of_rows)
        for each in orphans.in_order(self._order):
            orphaned(each)

    def _known_stays(self, shard: int) -> frozenset[str]:
        return frozenset(
            chunk.stay
            for part in self._parts
            for chunk in part.chunks(shard)
            if part.layouts[chunk.layout].layout.table == self._shape.stay_table
        )


def _table(kept: Sequence[_Kept], dropped: frozenset[int]) -> tuple[Sequence[PackedRow], Sequence[int]]:
    """The rows of a stay in one table, those left out that do not count, and the place of each."""
    first = kept[0].of
    alike = all(
        each.of.layout.columns == first.layout.columns and each.of.separator == first.separator for each in kept
    )
    places = [place for each in kept for place in each.places()]
    if not alike or not first.separator or (len(kept) > 1 and any(b < a for a, b in pairwise(places))):
        rows = sorted((row for each in kept for row in each.rows()), key=_by_place)
        rows = [row for row in rows if row[0] not in dropped]
        return [row for _, row in rows], [place for place, _ in rows]
    layouts = [first.layout]
    if any(each.of is not first for each in kept):
        layouts = [each.of.layout for each in kept for _ in each.places()]
    table = PackedTable(layouts, array("Q", b"".join([each.chunk.numbers for each in kept])), _cells(kept))
    counting = [at for at, place in enumerate(places) if place not in dropped] if dropped else range(len(places))
    return (table, places) if len(counting) == len(places) else (table.at(counting), [places[at] for at in counting])


class _OrphanRows:
    """Counts rows of no stay."""

    def __init__(self, files: Sequence[ReadFile]) -> None:
        self._files = files
        self._found: dict[tuple[str, str], list[int]] = {}

    def add(self, stay: str, table: str, places: Sequence[int]) -> None:
        for place in places:
            file, number = divmod(place, _ROWS_OF_A_FILE)
            known = self._found.setdefault((stay, table), [0, file, number])
            known[:] = known[0] + 1, min(known[1], file), min(known[2], number)

    def in_order(self, tables: Mapping[str, int]) -> Iterator[Orphans]:
        for stay, table in sorted(self._found, key=lambda each: (each[0], tables[each[1]])):
            count, file, number = self._found[stay, table]
            yield Orphans(stay, table, count, self._files[file].name, number)


@dataclass(frozen=True, slots=True)
class _OfLayout:
    """What the rows of a layout have in common.

    Attributes:
        base: added to a row's number, it gives its place among all rows.
        separator: between its cells and its rows; empty where they are JSON.
    """

    layout: Layout
    base: int
    separator: bytes


@dataclass(frozen=True, slots=True)
class _Kept:
    """A chunk of rows and what is known of its layout."""

    of: _OfLayout
    chunk: Chunk

    def places(self) -> Sequence[int]:
        """The place of each row among all rows of the export."""
        return [self.of.base + number for number in array("Q", self.chunk.numbers)]

    def rows(self) -> Iterator[tuple[int, PackedRow]]:
        """Place and row, one after the other."""
        numbers = array("Q", self.chunk.numbers)
        if self.of.separator:
            table: Sequence[PackedRow] = PackedTable([self.of.layout], numbers, _cells([self]))
        else:
            texts = self.chunk.text.split(ROW.encode())
            found = zip(numbers, texts, strict=True)
            table = [PackedRow(self.of.layout, number, json.loads(text)) for number, text in found]
        return zip(self.places(), table, strict=True)


def _cells(kept: Sequence[_Kept]) -> list[bytes]:
    separator = kept[0].of.separator
    return separator.join([each.chunk.text for each in kept]).split(separator)


def _by_place(row: tuple[int, PackedRow]) -> int:
    return row[0]


class _PartRows:
    """The rows of one file."""

    def __init__(self, part: PartRead, base: int, source: str, separator: str, workdir: Path, into: Cut) -> None:
        self._spilled = Spilled(workdir / f"{part.name}.rows", into.shards)
        self.layouts = [
            _OfLayout(
                Layout(source, part.files[file].name, table, columns),
                (base + file) * _ROWS_OF_A_FILE,
                {Form.CELLS: CELL, Form.LINES: separator, Form.JSON: ""}[form].encode(),
            )
            for file, table, columns, form in part.layouts
        ]

    def size(self, shard: int) -> int:
        return self._spilled.size(shard)

    def chunks(self, shard: int) -> Iterator[Chunk]:
        """Rows as they were put aside."""
        return self._spilled.chunks(shard)

    def rows(self, shard: int) -> Iterator[tuple[str, int, PackedRow]]:
        """Stay, place and row, one after the other."""
        for chunk in self.chunks(shard):
            for place, row in _Kept(self.layouts[chunk.layout], chunk).rows():
                yield chunk.stay, place, row


# -- rows told several times -------------------------------------------------------------------------------------------


def _repeated(parts: Sequence[PartRead], into: Cut, workdir: Path) -> frozenset[int]:
    """Numbers that stand for more than one row key, of which some may be the same key."""
    spilled = [Spilled(workdir / f"{part.name}.keys", into.keys) for part in parts]
    found: set[int] = set()
    for partition in range(into.keys):
        numbers = [number for part in spilled for number in part.numbers(partition)]
        once = set(numbers)
        if len(once) != len(numbers):
            found |= {number for number, count in Counter(numbers).items() if count > 1}
    return frozenset(found)


class _Repeated(Staged):
    """The rows of keys that stand more than once, settled as ``Staged`` settles them."""

    def __init__(self, shape: ExportShape, source: str, workdir: Path, files: Sequence[ReadFile]) -> None:
        super().__init__(shape, source, workdir)
        self._files = list(files)
        self._workdir = workdir

    @property
    def of_stay(self) -> Mapping[str, Sequence[Issue]]:
        return self._of_stay

    def settle(self, parts: Sequence[PartRead], repeated: frozenset[int], into: Cut) -> None:
        """Find which rows count, and set down which do not, by shard."""
        for base, part in _with_bases(parts):
            rows = _PartRows(part, base, self._source, self._shape.layout.separator, self._workdir, into)
            for shard in range(into.shards):
                self._db.executemany(
                    "INSERT INTO staged (id, place, stay, key, file, number, fields) VALUES (?, ?, ?, ?, ?, ?, ?)",
                    self._concerned(rows.rows(shard), repeated),
                )
        self._db.execute("CREATE INDEX by_key ON staged (place, key)")
        self._db.execute("CREATE TABLE all_of_them AS SELECT id, stay FROM staged")
        self._drop_repeated()
        gone = self._db.execute("SELECT id, stay FROM all_of_them WHERE id NOT IN (SELECT id FROM staged)")
        with Spill(self._workdir / DROPPED, into.shards) as dropped:
            for place, stay in gone:
                dropped.numbers[bisect_right(into.splits, stay)].append(place)

    def _concerned(
        self, rows: Iterable[tuple[str, int, PackedRow]], repeated: frozenset[int]
    ) -> Iterator[tuple[object, ...]]:
        for stay, place, row in rows:
            name = row.layout.table
            key = KEY_SEPARATOR.join(row.get(column, "") for column in self._shape.tables[name].row_key)
            if hash((self._places[name], key.encode(errors="surrogatepass"))) in repeated:
                fields = json.dumps(dict(row.fields), ensure_ascii=False, separators=(",", ":"))
                file = place // _ROWS_OF_A_FILE
                yield (place, self._places[name], stay, key, file, row.number, fields)


def _with_bases(parts: Iterable[PartRead]) -> Iterator[tuple[int, PartRead]]:
    """Each part with the number of files before it."""
    base = 0
    for part in parts:
        yield base, part
        base += len(part.files)
