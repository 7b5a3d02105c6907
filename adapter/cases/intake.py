"""Take an export in: read, map, validate, record; or hold with issues and keep every row (接收).

One bad row never stops the others: its stay is parked with its rows and issues, and replayed when the cause is fixed.
The same export twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import file_digest
from pathlib import Path

from adapter.cases import issues
from adapter.cases.arrival_issues import goes_on, out_of_time
from adapter.cases.batch import Batch, batch_of_files, batch_of_rows, stays_of
from adapter.cases.recording import Fate, StayTaken, look_at, set_aside, take_stay
from adapter.cases.refused import in_files
from adapter.cases.tools import Act, Feed, Tools
from adapter.fhir.canonical import encode
from adapter.intake.readers.staging import Staged
from adapter.model.issues import Issue, stopping


@dataclass(slots=True)
class Taken:
    """The result of taking an export in."""

    files: int = 0
    known_files: int = 0
    stays: list[StayTaken] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)

    @property
    def parked(self) -> int:
        return sum(stay.fate is Fate.PARKED for stay in self.stays)

    @property
    def stopped(self) -> bool:
        """Whether something waits for a person."""
        return bool(stopping(self.issues)) or any(stopping(stay.issues) for stay in self.stays)


@dataclass(frozen=True, slots=True)
class Again:
    """What going on with an arrival needs to know.

    Attributes:
        leave: stays that a later arrival holds; they are left to that one.
    """

    arrival: str
    leave: frozenset[str]


def ingest(
    source: str,
    paths: Sequence[Path],
    tools: Tools,
    act: Act,
    *,
    dry_run: bool = False,
    taken_one: Callable[[StayTaken], None] = lambda _: None,
    again: Again | None = None,
) -> Taken:
    """Take files or folders of one source in. A dry run maps and validates everything and writes nothing.

    Whatever breaks off in the middle goes on when the same files come again, or by ``arrivals.go_on``.

    Raises:
        AdapterError: the source is unknown or its mapping is wrong; nothing was read.
    """
    feed = tools.feed(source)
    taken = Taken()
    until = tools.clock.now() + timedelta(seconds=tools.most_seconds)
    with _staged(feed, paths) as staged:
        files = staged.files
        taken.files = len(files)
        taken.issues += [*feed.issues, *staged.issues]
        digests = {} if dry_run else {path: _digest(path) for path in files if path.is_file()}
        arrival = again.arrival if again is not None else _begin(source, digests, tools, act)
        taken.issues += _receive(source, digests, tools, act, taken)
        names, leave = {path.name for path in files}, again.leave if again is not None else frozenset[str]()
        take_staged(
            staged, names, feed, tools, act, taken, until=until, dry_run=dry_run, taken_one=taken_one, leave=leave
        )
        if not dry_run:
            _processed(source, digests, arrival, tools, act)
    return taken


def take_staged(
    staged: Batch | Staged,
    names: Collection[str],
    feed: Feed,
    tools: Tools,
    act: Act,
    taken: Taken,
    *,
    until: datetime,
    dry_run: bool,
    taken_one: Callable[[StayTaken], None],
    leave: Collection[str] = (),
) -> None:
    """What follows reading, whichever way the rows came: map and record each stay, park what belongs to none.

    Args:
        names: of the files or views that were read.
        taken: what becomes of each stay is added to it.
        until: from then on stays are set aside.
        leave: whole stays that are not taken; one that is seen together with all that was kept always is.
    """
    batch = staged if isinstance(staged, Batch) else batch_of_rows(staged)
    for records in stays_of(batch, feed, tools, act, dry_run=dry_run, found=taken.issues.append):
        if batch.whole is not None and records.stay_key in leave:
            continue
        if dry_run:
            one = look_at(feed, records, tools)
        elif tools.clock.now() < until:
            one = take_stay(feed, records, tools, act)
        else:
            late = out_of_time(records.stay_key, tools.most_seconds)
            one = set_aside(feed, records, (late, *records.issues), tools, act)
        taken.stays.append(one)
        taken_one(one)
    if not dry_run and batch.whole is not None:
        _park_strays(feed.name, names, batch.issues, taken, tools, act)


def stay_keys_of(feed: Feed, paths: Sequence[Path]) -> frozenset[str]:
    """The stays that files hold; nothing is written."""
    with _staged(feed, paths) as staged:
        return frozenset(records.stay_key for records in staged.stays())


def _begin(source: str, digests: Mapping[Path, str], tools: Tools, act: Act) -> str:
    """Write down which files came together, so that somebody can go on when this breaks off."""
    if not digests:
        return ""
    with tools.ledger.transaction() as tx:
        return tx.begin_arrival(source, [(path.name, digest) for path, digest in digests.items()], **act.said)


def _staged(feed: Feed, paths: Sequence[Path]) -> AbstractContextManager[Batch]:
    """The files that this source's readers take, and what they read in them."""
    return batch_of_files(feed.mapper.mapping, feed.messages, paths, feed.prices)


#: The inbox keeps the bytes of files up to this size; of larger ones the digest, and the rows that were parked.
KEPT_BYTES = 64 * 1024 * 1024


def _receive(source: str, digests: Mapping[Path, str], tools: Tools, act: Act, taken: Taken) -> list[Issue]:
    """Write every file into the inbox before anything is made of it."""
    found = []
    known_with_it: dict[str, bool] = {}
    for path, digest in digests.items():
        if digest in known_with_it:  # the same bytes under another name of this very delivery: two empty tables
            taken.known_files += known_with_it[digest]
            continue
        size = path.stat().st_size
        body = path.read_bytes() if size <= KEPT_BYTES else None
        with tools.ledger.transaction() as tx:
            row = tx.receive(source, path.name, digest, size, body, **act.said)
        known_with_it[digest] = not row.new
        if not row.new:
            taken.known_files += 1
            known = issues.duplicate_file if row.processed_at is not None else goes_on
            found.append(known(path.name, row.received_at.date().isoformat()))
    return found


def _park_strays(
    source: str, names: Collection[str], found: Sequence[Issue], taken: Taken, tools: Tools, act: Act
) -> None:
    """What stopped a row or a file that belongs to no stay waits for a person too, under its place.

    The bytes are in the inbox. A file of the same name coming again without the issue settles the matter.
    """
    of_stays = {issue for stay in taken.stays for issue in stay.issues}
    strays = [issue for issue in stopping(found) if issue not in of_stays]
    with tools.ledger.transaction() as tx:
        for parked in tx.parked(source=source):
            gone = parked.place not in {issue.pointer for issue in strays}
            if parked.stay_key is None and gone and in_files(parked.place, names):
                tx.resolve_parked(parked.id, **act.said)
        for issue in strays:
            tx.park(source, None, [issue], encode({"pointer": issue.pointer}), issue.pointer, **act.said)


def _processed(source: str, digests: Mapping[Path, str], arrival: str, tools: Tools, act: Act) -> None:
    with tools.ledger.transaction() as tx:
        for digest in digests.values():
            tx.mark_processed(source, digest, **act.said)
        if arrival:
            tx.finish_arrival(source, arrival, **act.said)


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()
