"""Staging: rows of any order and size gathered by stay, on disk (按住院归集).

Files are read one row at a time into a temporary SQLite file that lives as long as the ``Staged``; stays come out one
at a time. A file that cannot be read to its end, or goes beyond the limits, holds every stay that may have lost rows
by it, so that nothing is settled on half its lines. In the table with one row per stay, a row that was read is whole,
so that stay goes on.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from types import TracebackType
from typing import Self

import msgspec

from adapter.intake.readers import issues
from adapter.intake.readers.encoding import Sniffed, Undecodable, sniff
from adapter.intake.readers.formats import FORMATS, files_of
from adapter.intake.readers.rows import BrokenFile, FileRefused, Row
from adapter.intake.readers.rows_now import KEY_SEPARATOR, order_of_version
from adapter.intake.readers.staged_changes import StagedChanges
from adapter.model.issues import AdapterError, Issue
from adapter.model.source import Delivery, ExportShape, Origin, SourceRecord, StayRecords, TableShape

Progress = Callable[[str, int], None]

_BATCH = 1000
PER_STAY = 20
#: It makes one string of a column's name for all rows, so that a stay's rows take less room and are quicker to read.
_FIELDS = msgspec.json.Decoder(dict[str, str])

_SCHEMA = """
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    CREATE TABLE staged (id INTEGER PRIMARY KEY, place INTEGER, stay TEXT, key TEXT, file INTEGER, number INTEGER,
                         fields TEXT);
"""


@dataclass(frozen=True, slots=True)
class ReadFile:
    """One file as it was read; a file that holds several tables is read once for each.

    Attributes:
        encoding: what the bytes are, or None when the file was refused before.
        rows: rows that were read, the refused ones included.
        sha256: of the content, hex; empty when the file was refused before reading.
        complete: read to its end without a break.
    """

    name: str
    table: str | None
    encoding: str | None
    rows: int
    sha256: str
    complete: bool


class Staged(StagedChanges):
    """An export on disk, by stay. A context manager; closing it removes the temporary file."""

    def __init__(self, shape: ExportShape, source: str, workdir: Path | None) -> None:
        self._shape = shape
        self._source = source
        self._places = {name: place for place, name in enumerate(shape.tables)}
        self._tables: Sequence[str] = tuple(shape.tables)
        self._folder = TemporaryDirectory(dir=workdir, prefix="staging-", ignore_cleanup_errors=True)
        self._db = sqlite3.connect(Path(self._folder.name) / "rows.sqlite")
        self._db.executescript(_SCHEMA)
        self._files: list[ReadFile] = []
        self._issues: list[Issue] = []
        self._of_stay: defaultdict[str, list[Issue]] = defaultdict(list)
        self._of_batch: list[tuple[str, Issue]] = []
        self._rows_left_out = 0
        self._until = monotonic() + shape.limits.seconds
        self._no_file: set[int] = set()
        self.orphans: tuple[str, ...] = ()

    @property
    def issues(self) -> tuple[Issue, ...]:
        """Everything found while reading, in order of files and rows."""
        return tuple(self._issues)

    @property
    def files(self) -> tuple[ReadFile, ...]:
        return tuple(self._files)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Remove what was staged. Safe to call twice."""
        self._db.close()
        self._folder.cleanup()

    def stays(self) -> Iterator[StayRecords]:
        """Each stay that the stay table holds, in order of its key, with all its rows and reading issues."""
        if self._shape.delivery is Delivery.CHANGES:
            yield from self._stays_of_changes()
            return
        stay_place = self._places[self._shape.stay_table]
        rows = self._db.execute("SELECT stay, place, file, number, fields FROM staged ORDER BY stay, id")
        for stay_key, group in groupby(rows, key=lambda row: str(row[0])):
            tables: dict[str, list[SourceRecord]] = {}
            for _, place, file, number, fields in group:
                name = self._tables[place]
                if file in self._no_file:
                    number = len(tables.get(name, ())) + 1
                origin = Origin(self._source, self._files[file].name, name, number)
                tables.setdefault(name, []).append(SourceRecord(origin, _FIELDS.decode(fields)))
            if self._tables[stay_place] in tables:
                yield StayRecords(stay_key, tables, self._issues_of(stay_key))

    def _issues_of(self, stay_key: str) -> tuple[Issue, ...]:
        of_batch = (issue for table, issue in self._of_batch if table != self._shape.stay_table)
        return (*self._of_stay.get(stay_key, ()), *of_batch)

    # -- filling -------------------------------------------------------------------------------------------------

    def take(self, name: str, table: TableShape, rows: Iterable[Row], progress: Progress | None = None) -> None:
        """Take the rows of a table that no file holds, then ``finish``; their places are counted within their stay.

        Args:
            name: stands in issues and lineage where a file's name would.

        Raises:
            AdapterError: beyond the limits of rows or time. What the rows raise themselves passes.
        """
        self._no_file.add(len(self._files))
        count, complete = self._fill(rows, name, table, progress)
        if not complete:
            raise AdapterError(self._issues[-1])
        self._files.append(ReadFile(name, table.name, None, count, "", complete))

    def _add(self, path: Path, progress: Progress | None) -> None:
        tables = tables_of_file(path, self._shape.tables)
        if not tables:
            self._issues.append(issues.unknown_table(path.name, self._shape.tables))
            self._files.append(ReadFile(path.name, None, None, 0, "", False))
            return
        sniffed = self._open(path)
        if sniffed is not None and sniffed.label_contradicts:
            self._issues.append(issues.label_contradicts(path.name, sniffed.declared or "", sniffed.encoding))
        for table in tables:
            if sniffed is None:
                read = ReadFile(path.name, table.name, None, 0, "", False)
            else:
                rows, complete = self._read(path, sniffed, table, progress)
                read = ReadFile(path.name, table.name, sniffed.encoding, rows, sniffed.sha256, complete)
            self._files.append(read)
            if not read.complete:
                self._of_batch.append((table.name, issues.incomplete_table(path.name, table.name)))

    def _read(self, path: Path, sniffed: Sniffed, table: TableShape, progress: Progress | None) -> tuple[int, bool]:
        """Read one table of a file into the store. Returns rows read and whether the file was whole."""
        rows = FORMATS[self._shape.reader].read(path, sniffed, self._shape, table)
        return self._fill(rows, path.name, table, progress)

    def _open(self, path: Path) -> Sniffed | None:
        try:
            size = path.stat().st_size
            if size > self._shape.limits.file_bytes:
                self._issues.append(issues.file_too_large(path.name, size, self._shape.limits.file_bytes))
                return None
            return sniff(path, self._shape.encodings)
        except Undecodable as error:
            self._issues.append(issues.unreadable_encoding(path.name, error.offset))
        except OSError as error:
            self._issues.append(issues.file_unreadable(path.name, type(error).__name__))
        return None

    def _fill(self, rows: Iterable[Row], file: str, table: TableShape, progress: Progress | None) -> tuple[int, bool]:
        """Read the next file into the store. Returns rows read and whether the file was whole."""
        place, listed_before, self._rows_left_out = len(self._files), len(self._issues), 0
        batch: list[tuple[object, ...]] = []
        count, complete, most = 0, True, self._shape.limits.rows
        try:
            self._check_time(file)
            for row in rows:
                count = row.number
                if count > most:
                    raise FileRefused(issues.too_many_rows(file, most))
                if not count % _BATCH:
                    self._check_time(file)
                kept = self._keep(row, place, table, file, listed_before)
                if kept is not None:
                    batch.append(kept)
                    if len(batch) >= _BATCH:
                        self._store(batch)
                        if progress is not None:
                            progress(file, count)
        except FileRefused as refused:
            self._issues.append(refused.issue)
            complete = False
        except BrokenFile as error:
            self._issues.append(issues.broken_file(file, error.line, count))
            complete = False
        self._store(batch)
        if self._rows_left_out:
            self._issues.append(issues.more_issues(file, self._rows_left_out))
        if progress is not None:
            progress(file, count)
        return count, complete

    def _check_time(self, file: str) -> None:
        if monotonic() > self._until:
            raise FileRefused(issues.time_over(file, self._shape.limits.seconds))

    def _keep(
        self, row: Row, place: int, table: TableShape, file: str, listed_before: int
    ) -> tuple[object, ...] | None:
        """The row as it is stored, or None with an issue."""
        pointer = f"{file}#{row.label or row.number}"
        if table.rows_where and row.refused is None and not all(each.holds(row.fields) for each in table.rows_where):
            return None
        stay = self._stay_of(row.fields, table)
        if row.refused is not None:
            stays = (stay, self._stay_of(row.otherwise, table))
            self._note(issues.row_refused(pointer, *row.refused), stays, listed_before)
            return None
        if not stay:
            column = "-".join(table.join) or self._shape.stay_key
            self._note(issues.no_join_key(f"{pointer}/{column}", column), (), listed_before)
            return None
        parts = [row.fields.get(column, "") for column in table.row_key]
        if not all(parts):
            column = table.row_key[parts.index("")]
            self._note(issues.no_row_key(f"{pointer}/{column}", column), (stay,), listed_before)
            return None
        if table.join:
            row.fields.setdefault(self._shape.stay_key, stay)
        fields = json.dumps(row.fields, ensure_ascii=False, separators=(",", ":"))
        return (self._places[table.name], stay, KEY_SEPARATOR.join(parts), place, row.number, fields)

    def _stay_of(self, fields: Mapping[str, str], table: TableShape) -> str:
        """The key of the stay that a row belongs to; made of several columns where the table has no column for it."""
        if table.join:
            parts = [fields.get(column, "") for column in table.join]
            key = "-".join(parts) if all(parts) else ""
        else:
            key = fields.get(self._shape.stay_key, "")
        return (key.lstrip("0") or key[-1:]) if self._shape.zeros_stripped else key

    def _note(self, issue: Issue, stays: Iterable[str], listed_before: int) -> None:
        if len(self._issues) - listed_before < self._shape.limits.listed:
            self._issues.append(issue)
        else:
            self._rows_left_out += 1
        for stay in dict.fromkeys(stays):
            if stay and len(self._of_stay[stay]) < PER_STAY:
                self._of_stay[stay].append(issue)

    def _store(self, batch: list[tuple[object, ...]]) -> None:
        self._db.executemany(
            "INSERT INTO staged (place, stay, key, file, number, fields) VALUES (?, ?, ?, ?, ?, ?)", batch
        )
        batch.clear()

    # -- when all files are in -----------------------------------------------------------------------------------

    def finish(self) -> None:
        """Everything is in: say which row of a key counts, which rows have no stay, which tables are missing."""
        self._db.execute("CREATE INDEX by_key ON staged (place, key)")
        if self._shape.delivery is Delivery.CHANGES:
            self._db.execute("CREATE INDEX by_stay ON staged (stay, id)")
            self._db.commit()
            return
        self._drop_repeated()
        self._db.execute("CREATE INDEX by_stay ON staged (stay, id)")
        self._find_orphans()
        present = {file.table for file in self._files}
        for table in self._shape.tables.values():
            if table.needed and table.name not in present:
                missing = issues.table_missing(table.name)
                self._issues.append(missing)
                self._of_batch.append((table.name, missing))
        self._db.commit()

    def _drop_repeated(self) -> None:
        """Keep the first of equal rows of a key. The same row again counts once; another content holds the stay."""
        before, left_out = len(self._issues), Counter[str]()
        repeated = self._db.execute("SELECT place, key FROM staged GROUP BY place, key HAVING COUNT(*) > 1").fetchall()
        for place, key in repeated:
            listed = len(self._issues) - before < self._shape.limits.listed
            first, *others = self._newest(place, key)
            of_first = self._pointer(first[2], first[3])
            for row_id, stay, file, number, fields in others:
                if _FIELDS.decode(fields) == _FIELDS.decode(first[4]):
                    if listed:
                        self._issues.append(issues.repeated_row(self._pointer(file, number), of_first))
                    else:
                        left_out[self._files[file].name] += 1
                else:
                    conflict = issues.conflicting_row(self._pointer(file, number), of_first)
                    for held in dict.fromkeys((str(first[1]), str(stay))):
                        self._of_stay[held].append(conflict)
                    self._issues.append(conflict)
                self._db.execute("DELETE FROM staged WHERE id = ?", (row_id,))
        self._issues += [issues.more_issues(file, count) for file, count in left_out.items()]

    def _newest(self, place: int, key: str) -> list[tuple[int, str, int, int, str]]:
        """The rows of one key, in order. Where the table has versions, only those of the highest one are left."""
        rows = self._db.execute(
            "SELECT id, stay, file, number, fields FROM staged WHERE place = ? AND key = ? ORDER BY id", (place, key)
        ).fetchall()
        column = self._shape.tables[self._tables[place]].version
        if not column:
            return rows
        versions = [_FIELDS.decode(row[4]).get(column, "") for row in rows]
        highest = max(versions, key=order_of_version)
        older = [(row[0],) for row, version in zip(rows, versions, strict=True) if version != highest]
        self._db.executemany("DELETE FROM staged WHERE id = ?", older)
        return [row for row, version in zip(rows, versions, strict=True) if version == highest]

    def _find_orphans(self) -> None:
        found = self._db.execute(
            "SELECT stay, place, COUNT(*), MIN(file), MIN(number) FROM staged WHERE stay NOT IN "
            "(SELECT stay FROM staged WHERE place = ?) GROUP BY stay, place ORDER BY stay, place",
            (self._places[self._shape.stay_table],),
        ).fetchall()
        for stay, place, count, file, number in found:
            self._issues.append(
                issues.orphan_rows(
                    self._pointer(file, number), self._tables[place], count, str(stay), self._shape.stay_table
                )
            )
        self.orphans = tuple(dict.fromkeys(str(row[0]) for row in found))

    def _pointer(self, file: int, number: int) -> str:
        return f"{self._files[file].name}#{number}"


def stage(
    paths: Iterable[Path],
    shape: ExportShape,
    source: str,
    workdir: Path | None = None,
    progress: Progress | None = None,
) -> Staged:
    """Read an export and gather its rows by stay.

    Args:
        paths: files, or folders whose files of the shape's format are taken; the result does not depend on their order.
        shape: what the vendor's mapping says about tables and keys.
        source: the hospital's feed.
        workdir: folder for the temporary file; the system's own one when None.
        progress: told file name and rows so far.

    Returns:
        The export by stay; use it in a ``with``. Nothing is raised for bad input: see ``issues``.
    """
    staged = Staged(shape, source, workdir)
    try:
        for path in files_of(paths, shape):
            staged._add(path, progress)
        staged.finish()
    except BaseException:
        staged.close()
        raise
    return staged


def tables_of_file(path: Path, tables: Mapping[str, TableShape]) -> tuple[TableShape, ...]:
    """``ZY_FYMX.xml`` and ``ZY_FYMX-20210306.xml`` both tell ZY_FYMX; the longest name wins."""
    stems = {table.file or table.name for table in tables.values()}
    fitting = [
        stem
        for stem in stems
        if path.stem == stem
        or (
            path.stem.startswith(stem)
            and path.stem[len(stem)] in "-_."
            and path.stem[len(stem) + 1 :].replace("-", "").replace("_", "").isdigit()
        )
    ]
    longest = max(fitting, key=len, default=None)
    return tuple(table for table in tables.values() if (table.file or table.name) == longest)
