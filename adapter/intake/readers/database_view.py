"""Database views as a source: each table of the shape is a query, and its rows become text (数据库视图).

All views are read in one snapshot where the database has one. Either every view was read to its end or nothing is
handed over, so that a connection that breaks never looks like rows that are gone. The table with one row per stay is
read first: where there is no snapshot, a stay seen as discharged then has all lines that it had at that moment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, Connection, DateTime, String, bindparam, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.types import TypeEngine

from adapter.intake.readers import database_issues as issues
from adapter.intake.readers.databases import reading, refusal
from adapter.intake.readers.rows import KEY_LENGTH, SPACE, TOO_LARGE, Row
from adapter.intake.readers.rows_now import KEY_SEPARATOR
from adapter.intake.readers.staging import Progress, Staged
from adapter.intake.readers.watermarks import Highest, WrongMark, local, since
from adapter.model.database import MarkKind, SourceDatabase, ViewQuery
from adapter.model.issues import AdapterError, Issue
from adapter.model.source import ExportShape, TableShape

#: Rows fetched at a time.
_TOGETHER = 1000
_SUFFIX = ".view"
_NO_NUMBER = ("不是有限的数字", "a number that is not finite")
_PARAMETER: Mapping[MarkKind, TypeEngine[Any]] = {
    MarkKind.TIME: DateTime(),
    MarkKind.INTEGER: BigInteger(),
    MarkKind.TEXT: String(),
}


class StagedViews(Staged):
    """Rows of a database by stay.

    Attributes:
        watermarks: by table, the highest one seen now or before.
        whole: names of views that were read from their beginning.
    """

    def __init__(self, shape: ExportShape, source: str, workdir: Path | None) -> None:
        super().__init__(shape, source, workdir)
        self.watermarks: Mapping[str, str] = {}
        self.whole: frozenset[str] = frozenset()

    def came_again(self, place: str) -> bool:
        """Whether a row that could not be read before was among the new ones, or its view was read whole."""
        name, _, label = place.partition("#")
        if name in self.whole:
            return True
        keys = "SELECT 1 FROM staged WHERE place = ? AND replace(key, ?, '-') = ?"
        table = self._places.get(name.removesuffix(_SUFFIX))
        return self._db.execute(keys, (table, KEY_SEPARATOR, label)).fetchone() is not None


def view_name(table: str) -> str:
    """What stands for a file's name in issues and lineage: ``ZY_FYMX.view``."""
    return f"{table}{_SUFFIX}"


def stage_views(
    spec: SourceDatabase,
    shape: ExportShape,
    source: str,
    marks: Mapping[str, str],
    *,
    now: datetime,
    password: str | None = None,
    workdir: Path | None = None,
    progress: Progress | None = None,
    most: int | None = None,
) -> StagedViews:
    """Read the views of a hospital's database and gather their rows by stay.

    Args:
        spec: from the source file.
        shape: what the vendor's mapping says about tables and keys.
        source: the hospital's feed.
        marks: by table, the highest watermark seen so far; a table without one is read from its start.
        now: this moment; a watermark from the future counts as of now.
        password: of the database's user.
        progress: told view and rows so far.
        most: read at most so many rows of each view, for a look at the mapping.

    Returns:
        The rows by stay; use it in a ``with``. A bad row is an issue, as in a file.

    Raises:
        AdapterError: the database is away, a query fails or a view is not what the mapping needs (SRC-150 to -159).
    """
    staged = StagedViews(shape, source, workdir)
    try:
        with reading(spec, source, password, shape.limits.seconds) as connection:
            views = [_View(each, spec, shape, source, marks.get(each.table), now) for each in _in_order(spec, shape)]
            faults: list[Issue] = []
            for view in views:
                try:
                    staged.take(view_name(view.table.name), view.table, view.rows(connection, most), progress)
                except _ViewRefused as refused:
                    faults += refused.issues
            if faults:
                raise AdapterError(*faults)
            staged.watermarks = {each.table.name: each.highest.text for each in views if each.highest.text is not None}
            staged.whole = frozenset(view_name(each.table.name) for each in views if each.from_the_start)
        staged.finish()
    except BaseException:
        staged.close()
        raise
    return staged


def _in_order(spec: SourceDatabase, shape: ExportShape) -> list[ViewQuery]:
    return sorted(spec.views.values(), key=lambda view: view.table != shape.stay_table)


class _ViewRefused(AdapterError):
    """One view is not what the mapping needs; the others are looked at all the same, so that all faults are told."""


class _View:
    """One query while it is read."""

    def __init__(
        self, view: ViewQuery, spec: SourceDatabase, shape: ExportShape, source: str, before: str | None, now: datetime
    ) -> None:
        self.table: TableShape = shape.tables[view.table]
        self.from_the_start = not view.watermark or not before
        self._view, self._spec, self._shape, self._source, self._before = view, spec, shape, source, before
        self._zone = ZoneInfo(spec.zone)
        try:
            self.highest = Highest(view, before, self._zone, local(now, self._zone))
        except WrongMark:
            raise AdapterError(self._wrong_mark()) from None

    def rows(self, connection: Connection, most: int | None) -> Iterator[Row]:
        """The rows as text. Raises AdapterError: whatever makes the view unusable as a whole."""
        try:
            yield from islice(self._texts(connection), most)
        except (SQLAlchemyError, UnicodeError) as error:
            raise AdapterError(refusal(error, self._source, self._view.table, self._shape.limits.seconds)) from None
        except WrongMark:
            raise _ViewRefused(self._wrong_mark()) from None

    def _texts(self, connection: Connection) -> Iterator[Row]:
        limit = self._shape.limits.rows
        query = text(self._view.query)
        if self._view.watermark:
            kind = _PARAMETER[self._view.kind]
            query = query.bindparams(bindparam("since", since(self._view, self._before), type_=kind))
        with connection.execution_options(yield_per=_TOGETHER).execute(query) as result:
            columns = [str(each[0]) for each in result.cursor.description or ()] if result.cursor is not None else []
            self._check(columns)
            mark = columns.index(self._view.watermark) if self._view.watermark else None
            for number, values in enumerate(result, 1):
                if number > limit:
                    raise _ViewRefused(issues.too_many_rows(self._source, self._view.table, limit))
                if mark is not None:
                    self.highest.see(values[mark])
                yield self._row(number, columns, tuple(values))

    def _check(self, columns: list[str]) -> None:
        """The query gives what rows are told apart and gathered by."""
        table, key = self.table, self._shape.stay_key
        joining = table.join if key not in columns and table.join else (key,)
        needed = (*joining, *table.row_key, *filter(None, (self._view.watermark, table.version)))
        twice = [name for name in columns if columns.count(name) > 1]
        wrong = list(dict.fromkeys((*twice, *(name for name in needed if name not in columns))))
        if len(columns) > self._shape.limits.columns:
            wrong.append(f"> {self._shape.limits.columns}")
        if wrong:
            raise _ViewRefused(issues.view_columns_wrong(self._source, self._view.table, ", ".join(wrong)))

    def _row(self, number: int, columns: list[str], values: tuple[object, ...]) -> Row:
        fields, refused, size = {}, None, 0
        for column, value in zip(columns, values, strict=True):
            if isinstance(value, Decimal) and not value.is_finite():
                refused, cell = _NO_NUMBER, ""
            else:
                cell = self._text(column, value)
            fields[column] = cell
            size += len(cell) if cell.isascii() else len(cell.encode("utf-8", "surrogatepass"))
        if size > self._shape.limits.row_bytes:
            refused = TOO_LARGE
            fields = {column: cell for column, cell in fields.items() if len(cell) <= KEY_LENGTH}
        label = "-".join(fields.get(column, "") for column in self.table.row_key).strip("-")
        return Row(number, fields, refused, label=label)

    def _text(self, column: str, value: object) -> str:
        """A value exactly as text; NULL is the empty one."""
        if value is None:
            return ""
        if isinstance(value, str):
            return value.strip(SPACE)
        if isinstance(value, bool):
            return "1" if value else "0"
        if isinstance(value, Decimal):
            return format(value, "f")
        if isinstance(value, datetime):
            # versions are compared as text, so theirs are all written to the same length
            return local(value, self._zone).isoformat(" ", "microseconds" if column == self.table.version else "auto")
        if isinstance(value, int | date | time | UUID):
            return str(value)
        if isinstance(value, float):
            raise _ViewRefused(issues.float_column(self._source, self._view.table, column))
        raise _ViewRefused(issues.column_type_refused(self._source, self._view.table, column, type(value).__name__))

    def _wrong_mark(self) -> Issue:
        return issues.watermark_wrong(self._source, self._view.table, self._view.watermark, str(self._view.kind))
