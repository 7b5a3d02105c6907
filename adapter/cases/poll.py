"""Read a hospital's database: its views instead of files, from where the last read ended (数据库轮询).

The watermarks move only after everything that was read is recorded or parked, so that a poll that breaks off anywhere
is simply done again. The same rows again change nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from adapter.cases import poll_issues as issues
from adapter.cases.intake import Taken, take_staged
from adapter.cases.recording import StayTaken
from adapter.cases.tools import Act, Tools
from adapter.intake.mapping import Mapping_
from adapter.intake.readers.database_view import StagedViews, stage_views
from adapter.model.database import SourceDatabase
from adapter.model.issues import AdapterError
from adapter.model.source import ExportShape

#: Told a view and how many of its rows were read so far.
Progress = Callable[[str, int], None]


@dataclass(slots=True)
class Polled(Taken):
    """The result of a poll; ``files`` counts views.

    Attributes:
        rows: by view.
        watermarks: by table, how far it is read now.
    """

    rows: Mapping[str, int] = field(default_factory=dict)
    watermarks: Mapping[str, str] = field(default_factory=dict)


def poll(
    source: str,
    tools: Tools,
    act: Act,
    *,
    dry_run: bool = False,
    full: bool = False,
    taken_one: Callable[[StayTaken], None] = lambda _: None,
    progress: Progress | None = None,
) -> Polled:
    """Read the views of one source and take in what they give. A dry run writes nothing and moves no watermark.

    Args:
        full: from the start, whatever was read before: for rows that changed outside of the overlap.

    Raises:
        AdapterError: CASE-335 for a source without a database, CFG-710, SRC-150 to -159; nothing was taken then.
    """
    feed = tools.feed(source)
    mapping = feed.mapper.mapping
    before = watermarks(source, tools)
    password = feed.password() if feed.password is not None else None
    until = tools.clock.now() + timedelta(seconds=tools.most_seconds)
    with views_of(mapping, {} if full else before, act.at, password, progress) as staged:
        rows = {file.name: file.rows for file in staged.files}
        taken = Polled(files=len(rows), rows=rows, watermarks={**before, **staged.watermarks})
        taken.issues += [*feed.issues, *staged.issues]
        take_staged(staged, rows, feed, tools, act, taken, until=until, dry_run=dry_run, taken_one=taken_one)
        if not dry_run and taken.watermarks != before:
            with tools.ledger.transaction() as tx:
                tx.file_paper("", _paper(source), {**before, **staged.watermarks}, **act.said)
    return taken


def watermarks(source: str, tools: Tools) -> dict[str, str]:
    """By table, how far a source's database has been read."""
    with tools.ledger.reading() as tx:
        kept = tx.paper("", _paper(source)) or {}
    return {table: str(mark) for table, mark in kept.items()}


def views_of(
    mapping: Mapping_,
    marks: Mapping[str, str],
    now: datetime,
    password: str | None,
    progress: Progress | None = None,
    most: int | None = None,
) -> StagedViews:
    """The rows of a source's database by stay; use it in a ``with``.

    Args:
        most: of each view only its first rows, for a look at the mapping.

    Raises:
        AdapterError: CASE-335, SRC-150 to -159.
    """
    database, shape = _database(mapping)
    return stage_views(database, shape, mapping.source, marks, now=now, password=password, progress=progress, most=most)


def seconds_between(source: str, tools: Tools) -> int:
    """Seconds from the end of one poll of a source to the beginning of the next. Raises AdapterError CASE-335."""
    database, _ = _database(tools.feed(source).mapper.mapping)
    return database.every


def _database(mapping: Mapping_) -> tuple[SourceDatabase, ExportShape]:
    """The views, and the shape whose tables they are: the source's own, or one that completes it."""
    database = mapping.database
    if database is None:
        raise AdapterError(issues.no_database(mapping.source))
    shape = next(each for each in mapping.row_shapes if not each.tables.keys().isdisjoint(database.views))
    return database, replace(shape, limits=mapping.shape.limits)


def _paper(source: str) -> str:
    return f"watermarks/{source}"
