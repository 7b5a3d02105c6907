"""What was staged of an export that holds only changes: rows to be kept, not stays to be taken (增量导出)."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

import msgspec

from adapter.intake.readers.rows_now import Tables, rows_now
from adapter.model.issues import Issue, stopping
from adapter.model.source import ExportShape, KeptRow, StayRecords

_COLUMNS = "SELECT place, key, stay, file, number, fields FROM staged"
_FIELDS = msgspec.json.Decoder(dict[str, str])


class _Named(Protocol):
    @property
    def name(self) -> str: ...


class StagedChanges:
    """The part of ``Staged`` that gives out rows. Every content of a row is there, the same one as often as it came."""

    _shape: ExportShape
    _source: str
    _db: sqlite3.Connection
    _places: Mapping[str, int]
    _tables: Sequence[str]
    _of_stay: Mapping[str, list[Issue]]
    _of_batch: Sequence[tuple[str, Issue]]
    _issues: Sequence[Issue]
    _files: Sequence[_Named]

    @property
    def shape(self) -> ExportShape:
        """How its files were read."""
        return self._shape

    def kept_rows(self) -> Iterator[KeptRow]:
        """Every row that was read, in order of stays, as it is to be kept; ``arrived`` is the file's name."""
        yield from self._contents(f"{_COLUMNS} ORDER BY stay, id")

    def contents_of(self, table: str, row_key: str) -> list[KeptRow]:
        """Every content of one row that was read."""
        query = f"{_COLUMNS} WHERE place = ? AND key = ? ORDER BY id"
        return list(self._contents(query, self._places[table], row_key)) if table in self._places else []

    def rows_of(self, stay_key: str) -> list[tuple[str, str]]:
        """Table and key of every row that was read of a stay."""
        rows = self._db.execute("SELECT DISTINCT place, key FROM staged WHERE stay = ?", (stay_key,))
        return [(self._tables[place], key) for place, key in rows]

    def stay_keys(self) -> Iterator[str]:
        """Every stay that a row names, in order."""
        for (stay,) in self._db.execute("SELECT DISTINCT stay FROM staged ORDER BY stay"):
            yield str(stay)

    def now(self, stay_key: str) -> tuple[Tables, tuple[Issue, ...]]:
        """The rows of a stay as these alone have them, and the conflicts among them."""
        contents = [each for row in self.rows_of(stay_key) for each in self.contents_of(*row)]
        return rows_now(self._source, stay_key, contents, self._shape.tables)

    def came_again(self, place: str) -> bool:
        """Whether what stands at a place of these files was read now; a file holds everything that it ever held."""
        return True

    def holding(self) -> Iterator[tuple[Issue, tuple[str, ...]]]:
        """What stops, each with the stays that it holds: none where nobody can tell which."""
        of_issue: defaultdict[Issue, list[str]] = defaultdict(list)
        for stay, found in self._of_stay.items():
            for issue in found:
                of_issue[issue].append(stay)
        for _, issue in self._of_batch:
            of_issue[issue] += self.stay_keys()
        for issue in stopping(dict.fromkeys((*self._issues, *of_issue))):
            yield issue, tuple(dict.fromkeys(of_issue.get(issue, ())))

    def _stays_of_changes(self) -> Iterator[StayRecords]:
        """The stays of these rows alone, as a sample shows them."""
        held: defaultdict[str, list[Issue]] = defaultdict(list)
        for issue, stays in self.holding():
            for stay in stays:
                held[stay].append(issue)
        for stay_key in list(self.stay_keys()):
            tables, conflicts = self.now(stay_key)
            if self._shape.stay_table in tables:
                yield StayRecords(stay_key, tables, (*held[stay_key], *conflicts))

    def _contents(self, query: str, *values: object) -> Iterator[KeptRow]:
        for place, key, stay, file, number, fields in self._db.execute(query, values):
            name = self._files[file].name
            yield KeptRow(self._tables[place], key, stay, _FIELDS.decode(fields), name, number, name)
