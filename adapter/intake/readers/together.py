"""Messages and rows of one sample seen together: what a combined source shows before anything is kept (合并)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from adapter.intake.readers.messages import StagedMessages
from adapter.intake.readers.staging import Staged, tables_of_file
from adapter.model.issues import Issue
from adapter.model.source import ExportShape, StayRecords


def shape_of_file(file: Path, shapes: Sequence[ExportShape]) -> int:
    """Place of the shape that has the file's table; the first one where none has."""
    fitting = (place for place, shape in enumerate(shapes) if tables_of_file(file, shape.tables))
    return next(fitting, 0)


def stays_together(messages: StagedMessages | None, rows: Sequence[Staged]) -> Iterator[StayRecords]:
    """The stays that messages make, or the first of the rows, with the rows of all of them."""
    held: defaultdict[str, list[Issue]] = defaultdict(list)
    for each in rows:
        for issue, stays in each.holding():
            for stay_key in stays:
                held[stay_key].append(issue)
    if messages is not None:
        for stay in messages.stays():
            yield _with_rows(stay, rows, held)
        return
    keys = sorted({key for each in rows for key in each.stay_keys()})
    for key in keys:
        stay = _with_rows(StayRecords(key, {}), rows, held)
        if any(each.shape.stay_table in stay.tables for each in rows):
            yield stay


def _with_rows(stay: StayRecords, rows: Sequence[Staged], held: dict[str, list[Issue]]) -> StayRecords:
    tables, found = dict(stay.tables), [*held.get(stay.stay_key, ()), *stay.issues]
    for each in rows:
        now, conflicts = each.now(stay.stay_key)
        tables |= now
        found += conflicts
    return replace(stay, tables=tables, issues=tuple(found))
