"""The stays of a shard, and what only shows when every file is in: rows told twice, rows of no stay (分片成住院)."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from adapter.intake.readers import issues
from adapter.intake.readers.rows_now import KEY_SEPARATOR
from adapter.intake.readers.shards import Cut, Form, PartRead, unmarked
from adapter.intake.readers.spill import CELL, Spill, Spilled
from adapter.intake.readers.staging import PER_STAY, ReadFile, Staged
from adapter.model.issues import Issue
from adapter.model.packed import Layout, PackedRow, as_records
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

        Rows stay one text each until their stay comes, so that few of them are spread out at a time.

        Args:
            orphaned: told of rows whose stay is not in the stay table, in order too, when all stays have been given.
        """
        orphans = _OrphanRows(self._export.files)
        rows_of: defaultdict[str, list[tuple[_PartRows, str]]] = defaultdict(list)
        wanted = self._known_stays(shard) if sum(part.size(shard) for part in self._parts) > _LARGE else None
        dropped = frozenset(self._dropped.numbers(shard)) if self._dropped is not None else frozenset[int]()
        for part in self._parts:
            for text in part.texts(shard):
                stay, _, rest = text.partition(CELL)
                if wanted is None or stay in wanted:
                    rows_of[stay].append((part, rest))
                else:
                    orphans.add(unmarked(stay), [each for each in (part.row(rest),) if each[0] not in dropped])
        for marked in sorted(rows_of, key=unmarked):
            stay = unmarked(marked)
            rows = [part.row(text) for part, text in rows_of.pop(marked)]
            if dropped:
                rows = [each for each in rows if each[0] not in dropped]
            tables: dict[str, list[PackedRow]] = {}
            for _, row in rows:
                tables.setdefault(row.layout.table, []).append(row)
            if self._shape.stay_table in tables:
                known = {name: as_records(of_table) for name, of_table in tables.items()}
                yield StayRecords(stay, known, (*self._export.of_stay.get(stay, ()), *self._of_batch))
            else:
                orphans.add(stay, rows)
        for each in orphans.in_order(self._order):
            orphaned(each)

    def _known_stays(self, shard: int) -> frozenset[str]:
        found = set()
        for part in self._parts:
            for text in part.texts(shard):
                stay, _, rest = text.partition(CELL)
                if part.table_of(rest) == self._shape.stay_table:
                    found.add(stay)
        return frozenset(found)


class _OrphanRows:
    """Counts rows of no stay."""

    def __init__(self, files: Sequence[ReadFile]) -> None:
        self._files = files
        self._found: dict[tuple[str, str], list[int]] = {}

    def add(self, stay: str, rows: Iterable[tuple[int, PackedRow]]) -> None:
        for place, row in rows:
            known = self._found.setdefault((stay, row.layout.table), [0, place // _ROWS_OF_A_FILE, row.number])
            known[:] = known[0] + 1, min(known[1], place // _ROWS_OF_A_FILE), min(known[2], row.number)

    def in_order(self, tables: Mapping[str, int]) -> Iterator[Orphans]:
        for stay, table in sorted(self._found, key=lambda each: (each[0], tables[each[1]])):
            count, file, number = self._found[stay, table]
            yield Orphans(stay, table, count, self._files[file].name, number)


class _PartRows:
    """The rows of one file."""

    def __init__(self, part: PartRead, base: int, source: str, separator: str, workdir: Path, into: Cut) -> None:
        self._spilled = Spilled(workdir / f"{part.name}.rows", into.shards)
        self._layouts = {
            str(number): (
                Layout(source, part.files[file].name, table, columns),
                (base + file) * _ROWS_OF_A_FILE,
                {Form.CELLS: CELL, Form.LINES: separator, Form.JSON: ""}[form],
            )
            for number, (file, table, columns, form) in enumerate(part.layouts)
        }

    def size(self, shard: int) -> int:
        return self._spilled.size(shard)

    def texts(self, shard: int) -> Iterator[str]:
        """Rows as they were put aside: stay key, layout, number, cells."""
        return self._spilled.rows(shard)

    def row(self, text: str) -> tuple[int, PackedRow]:
        """The row of a text behind its stay key, and where it stands among all rows."""
        named, number, rest = text.split(CELL, 2)
        layout, base, separator = self._layouts[named]
        cells = rest.split(separator) if separator else json.loads(rest)
        return base + int(number), PackedRow(layout, int(number), cells)

    def table_of(self, text: str) -> str:
        return self._layouts[text.partition(CELL)[0]][0].table


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
                    self._concerned(rows, rows.texts(shard), repeated),
                )
        self._db.execute("CREATE INDEX by_key ON staged (place, key)")
        self._db.execute("CREATE TABLE all_of_them AS SELECT id, stay FROM staged")
        self._drop_repeated()
        gone = self._db.execute("SELECT id, stay FROM all_of_them WHERE id NOT IN (SELECT id FROM staged)")
        with Spill(self._workdir / DROPPED, into.shards) as dropped:
            for place, stay in gone:
                dropped.numbers[bisect_right(into.splits, stay)].append(place)

    def _concerned(
        self, rows: _PartRows, texts: Iterable[str], repeated: frozenset[int]
    ) -> Iterator[tuple[object, ...]]:
        for text in texts:
            stay, _, rest = text.partition(CELL)
            place, row = rows.row(rest)
            stay = unmarked(stay)
            name = row.layout.table
            key = KEY_SEPARATOR.join(row.get(column, "") for column in self._shape.tables[name].row_key)
            if hash((self._places[name], key)) in repeated:
                fields = json.dumps(dict(row.fields), ensure_ascii=False, separators=(",", ":"))
                file = place // _ROWS_OF_A_FILE
                yield (place, self._places[name], stay, key, file, row.number, fields)


def _with_bases(parts: Iterable[PartRead]) -> Iterator[tuple[int, PartRead]]:
    """Each part with the number of files before it."""
    base = 0
    for part in parts:
        yield base, part
        base += len(part.files)
