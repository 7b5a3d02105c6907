"""Rows of a feed that sends only changes, on their way to cases: kept for good first, then seen together (增量接收).

What a stay is follows from every row that was ever kept of it, never from one export: the same row again, or exports in
another order, give the same stays. A row whose stay has not come yet is kept and taken when it comes. A row that could
not be read holds the stays that it may belong to until its file comes again without it being refused.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import islice

from adapter.cases.refused import held_stays, in_files, refused, stays_about
from adapter.cases.tools import Act, Feed, Tools
from adapter.fhir.canonical import encode
from adapter.intake.readers import row_issues as issues
from adapter.intake.readers.rows_now import Tables, rows_now
from adapter.intake.readers.staging import Staged
from adapter.ledger.ledger import Transaction
from adapter.model.issues import Issue
from adapter.model.source import KeptRow, StayRecords, TableShape

#: Rows that are kept in one transaction.
_TOGETHER = 1000


@dataclass(frozen=True, slots=True)
class KeptRows:
    """What became of the rows of an export.

    Attributes:
        stay_keys: of every row, known before or not, and of every stay that such a row belonged to before: all of
            them are to be taken again.
        issues: what keeping found.
    """

    stay_keys: tuple[str, ...]
    issues: tuple[Issue, ...] = ()


@dataclass(frozen=True, slots=True)
class RowsOf:
    """The kept rows of one stay as they are now, and what holds the stay because of them."""

    tables: Tables = field(default_factory=dict)
    conflicts: tuple[Issue, ...] = ()

    @property
    def count(self) -> int:
        return sum(map(len, self.tables.values()))


NO_ROWS = RowsOf()


def keep_rows(staged: Staged, feed: Feed, tools: Tools, act: Act) -> KeptRows:
    """Keep every row that was read, and park what was refused: afterwards nothing can be lost.

    A row arrived when its file did for the first time, so the same file again changes nothing, whenever it comes.
    """
    stays = dict.fromkeys(_park_refused(staged, feed, tools, act))
    by_arrival = frozenset(name for name, table in _tables_of(feed).items() if not table.version)
    arrivals = _arrivals(staged, feed, tools, act.at)
    rest = staged.kept_rows()
    while together := [replace(row, arrived=arrivals[row.file]) for row in islice(rest, _TOGETHER)]:
        with tools.ledger.transaction() as tx:
            tx.keep_rows(feed.name, together, by_arrival=by_arrival, **act.said)
            named = tx.stays_of_rows(feed.name, ((row.table, row.row_key) for row in together))
        stays |= dict.fromkeys(sorted(named))
    return KeptRows(tuple(stays))


def stays_kept(
    feed: Feed, stay_keys: Iterable[str], tools: Tools, waits: Callable[[Issue], None] = lambda _: None
) -> Iterator[StayRecords]:
    """These stays as all their kept rows have them.

    The caller records each stay before it asks for the next. Where somebody else has kept more rows of it meanwhile, it
    comes once more, so that whoever records last records everything.

    Args:
        waits: told of rows whose stay has not come yet.
    """
    with tools.ledger.reading() as tx:
        held = held_stays(tx, feed.name)
    for stay_key in stay_keys:
        seen = -1
        while True:
            with tools.ledger.reading() as tx:
                if (now := tx.rows_seen(feed.name, stay_key)) == seen:
                    break
                rows = rows_kept(tx, feed, stay_key)
            seen = now
            stay = _stay(feed, stay_key, rows, held)
            if stay is not None:
                yield stay
            else:
                for issue in waiting(feed, stay_key, rows):
                    waits(issue)


def rows_looked_at(staged: Sequence[Staged], feed: Feed, tools: Tools, at: datetime) -> Callable[[str], RowsOf]:
    """The rows of a stay as they would be if the staged ones were kept at that moment; nothing is written."""
    arrivals = {each: _arrivals(each, feed, tools, at) for each in staged}
    held: defaultdict[str, list[Issue]] = defaultdict(list)
    for issue, stays in (pair for each in staged for pair in each.holding()):
        for stay_key in stays:
            held[stay_key].append(issue)

    def rows_of(stay_key: str) -> RowsOf:
        with tools.ledger.reading() as tx:
            contents = tx.rows_of_stay(feed.name, stay_key)
            known = {(row.table, row.row_key) for row in contents}
            named = known | {row for each in staged for row in each.rows_of(stay_key)}
            contents += tx.row_contents(feed.name, named - known)
        for each, arrived in arrivals.items():
            read = (row for name in named for row in each.contents_of(*name))
            contents += [replace(row, arrived=arrived[row.file]) for row in read]
        now = _now(feed, stay_key, contents)
        return replace(now, conflicts=(*held.get(stay_key, ()), *now.conflicts))

    return rows_of


def stays_of_rows_looked_at(staged: Sequence[Staged], feed: Feed, tools: Tools) -> list[str]:
    """The stays that staged rows would touch, those included that a row would leave."""
    found: dict[str, None] = {}
    for each in staged:
        rest = each.kept_rows()
        while together := list(islice(rest, _TOGETHER)):
            found |= dict.fromkeys(row.stay_key for row in together)
            with tools.ledger.reading() as tx:
                found |= dict.fromkeys(tx.stays_of_rows(feed.name, ((row.table, row.row_key) for row in together)))
    return sorted(found)


def stays_looked_at(
    staged: Sequence[Staged], feed: Feed, tools: Tools, at: datetime, waits: Callable[[Issue], None]
) -> Iterator[StayRecords]:
    """The stays as they would be if the staged rows were kept; nothing is written."""
    rows_of = rows_looked_at(staged, feed, tools, at)
    for stay_key in stays_of_rows_looked_at(staged, feed, tools):
        rows = rows_of(stay_key)
        stay = _stay(feed, stay_key, rows, {})
        if stay is not None:
            yield stay
        else:
            for issue in waiting(feed, stay_key, rows):
                waits(issue)


def stay_of_rows(feed: Feed, stay_key: str, tools: Tools) -> StayRecords | None:
    """One stay as all its kept rows have it; None while its own row has not come."""
    with tools.ledger.reading() as tx:
        return _stay(feed, stay_key, rows_kept(tx, feed, stay_key), held_stays(tx, feed.name))


def rows_that_wait(feed: Feed, tools: Tools) -> list[Issue]:
    """An issue for every stay of which rows are kept while its own row has not come; none for a source without rows."""
    if not _tables_of(feed):
        return []
    with tools.ledger.reading() as tx:
        # Beside messages no kept row makes a stay: it waits while the messages have made none.
        without = tx.stays_without(feed.name, feed.mapper.mapping.shape.stay_table)
        alone = [each for each in without if tx.find_case(feed.name, each) is None]
        return [issue for each in alone for issue in waiting(feed, each, rows_kept(tx, feed, each))]


# -- beside messages -----------------------------------------------------------------------------------------------


def rows_kept(tx: Transaction, feed: Feed, stay_key: str) -> RowsOf:
    """The kept rows of a stay; none for a source that keeps none."""
    return _now(feed, stay_key, tx.rows_of_stay(feed.name, stay_key)) if _tables_of(feed) else NO_ROWS


def rows_counted(tx: Transaction, feed: Feed, stay_keys: Iterable[str]) -> int:
    """How many contents are kept of these stays; it grows whenever somebody keeps more."""
    return sum(tx.rows_seen(feed.name, each) for each in stay_keys) if _tables_of(feed) else 0


def completed(stay: StayRecords, rows_of: Mapping[str, RowsOf]) -> StayRecords:
    """A stay that messages made, with its kept rows. Rows left behind at a stay that was given up hold both."""
    rows = rows_of.get(stay.stay_key, NO_ROWS)
    behind = [(stay.stay_key, stay.merged_into, rows.count)] if stay.merged_into else []
    behind += [(each, stay.stay_key, rows_of.get(each, NO_ROWS).count) for each in stay.merged_from]
    found = [issues.charges_left_behind(prior, prior, into, count) for prior, into, count in behind if count]
    if not rows.tables and not rows.conflicts and not found:
        return stay
    return replace(stay, tables={**stay.tables, **rows.tables}, issues=(*stay.issues, *rows.conflicts, *found))


def waiting(feed: Feed, stay_key: str, rows: RowsOf) -> Iterator[Issue]:
    """What to say of rows whose stay has not come yet."""
    if rows.count:
        yield issues.waits_for_stay(stay_key, rows.count, feed.mapper.mapping.shape.stay_table)


# -- one stay ----------------------------------------------------------------------------------------------------------


def _stay(feed: Feed, stay_key: str, rows: RowsOf, held: Mapping[str, Sequence[Issue]]) -> StayRecords | None:
    if feed.mapper.mapping.shape.stay_table not in rows.tables:
        return None
    return StayRecords(stay_key, rows.tables, (*held.get(stay_key, ()), *rows.conflicts))


def _now(feed: Feed, stay_key: str, contents: Iterable[KeptRow]) -> RowsOf:
    return RowsOf(*rows_now(feed.name, stay_key, contents, _tables_of(feed)))


def _tables_of(feed: Feed) -> Mapping[str, TableShape]:
    """The tables whose rows are kept: those of the source's files and views, not those that messages make."""
    mapping = feed.mapper.mapping
    own = mapping.shape.tables if feed.messages is None else {}
    return {**own, **{name: table for each in mapping.completing for name, table in each.shape.tables.items()}}


def _arrivals(staged: Staged, feed: Feed, tools: Tools, at: datetime) -> dict[str, str]:
    """By file, when it arrived for the first time, as text that compares; files of one moment by their names."""
    found = {}
    with tools.ledger.reading() as tx:
        for file in staged.files:
            known = tx.received(feed.name, file.sha256) if file.sha256 else None
            moment = known.received_at if known is not None else at
            found[file.name] = f"{moment.astimezone(UTC):%Y%m%d%H%M%S%f}-{file.name}"
    return found


def _park_refused(staged: Staged, feed: Feed, tools: Tools, act: Act) -> list[str]:
    """Park what could not be read. Returns the stays that are held by it, or no longer are."""
    files = {each.name for each in staged.files}
    standing = {issue.pointer: (issue, stays) for issue, stays in staged.holding()}
    keys: list[str] = []
    with tools.ledger.transaction() as tx:
        for parked in refused(tx, feed.name):
            if parked.place not in standing and in_files(parked.place, files) and staged.came_again(parked.place):
                tx.resolve_parked(parked.id, **act.said)
                keys += stays_about(parked)
        for pointer, (issue, stays) in standing.items():
            tx.park(feed.name, None, [issue], encode({"pointer": pointer, "stays": list(stays)}), pointer, **act.said)
            keys += stays
    return keys
