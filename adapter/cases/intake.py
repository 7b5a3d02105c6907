"""Take an export in: read, map, validate, record; or hold with issues and keep every row (接收).

One bad row never stops the others: its stay is parked with its rows and issues, and replayed when the cause is fixed.
The same export twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import file_digest
from pathlib import Path

from adapter.cases import issues
from adapter.cases.messages_in import keep_messages, stays_looked_at, stays_tied
from adapter.cases.recording import Fate, StayTaken, look_at, take_stay
from adapter.cases.tools import Act, Feed, Tools
from adapter.fhir.canonical import encode
from adapter.intake.readers.formats import files_of
from adapter.intake.readers.messages import StagedMessages, message_files, stage_messages
from adapter.intake.readers.staging import Staged, stage
from adapter.model.issues import Issue, stopping
from adapter.model.source import StayRecords


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


def ingest(
    source: str,
    paths: Sequence[Path],
    tools: Tools,
    act: Act,
    *,
    dry_run: bool = False,
    taken_one: Callable[[StayTaken], None] = lambda _: None,
) -> Taken:
    """Take files or folders of one source in. A dry run maps and validates everything and writes nothing.

    Raises:
        AdapterError: the source is unknown or its mapping is wrong; nothing was read.
    """
    feed = tools.feed(source)
    taken = Taken()
    with _staged(feed, paths) as (files, staged):
        taken.files = len(files)
        taken.issues += [*feed.issues, *staged.issues]
        digests = {} if dry_run else {path: _digest(path) for path in files if path.is_file()}
        taken.issues += _receive(source, digests, tools, act, taken)
        for records in _stays(staged, feed, tools, act, taken, dry_run=dry_run):
            one = look_at(feed, records, tools) if dry_run else take_stay(feed, records, tools, act)
            taken.stays.append(one)
            taken_one(one)
        if not dry_run:
            if isinstance(staged, Staged):
                _park_strays(source, files, staged.issues, taken, tools, act)
            _processed(source, digests, tools, act)
    return taken


@contextmanager
def _staged(feed: Feed, paths: Sequence[Path]) -> Iterator[tuple[list[Path], Staged | StagedMessages]]:
    """The files that this source's reader takes, and what it reads in them."""
    shape = feed.mapper.mapping.shape
    if feed.messages is None:
        files = files_of(paths, shape)
        with stage(files, shape, feed.name) as staged:
            yield files, staged
    else:
        files = message_files(paths)
        with stage_messages(files, feed.messages, feed.name, prices=feed.prices) as messages:
            yield files, messages


def _stays(
    staged: Staged | StagedMessages, feed: Feed, tools: Tools, act: Act, taken: Taken, *, dry_run: bool
) -> Iterator[StayRecords]:
    """The stays to be taken: those of the files, or those that the files' messages are tied to."""
    if isinstance(staged, Staged):
        return staged.stays()
    if dry_run:
        return stays_looked_at(staged, feed, tools)
    kept = keep_messages(staged, feed, tools, act)
    taken.issues += kept.issues
    return stays_tied(feed, kept.keys, tools)


#: The inbox keeps the bytes of files up to this size; of larger ones the digest, and the rows that were parked.
KEPT_BYTES = 64 * 1024 * 1024


def _receive(source: str, digests: Mapping[Path, str], tools: Tools, act: Act, taken: Taken) -> list[Issue]:
    """Write every file into the inbox before anything is made of it."""
    found = []
    for path, digest in digests.items():
        size = path.stat().st_size
        body = path.read_bytes() if size <= KEPT_BYTES else None
        with tools.ledger.transaction() as tx:
            row = tx.receive(source, path.name, digest, size, body, **act.said)
        if not row.new:
            taken.known_files += 1
            found.append(issues.duplicate_file(path.name, row.received_at.date().isoformat()))
    return found


def _park_strays(source: str, files: list[Path], found: Sequence[Issue], taken: Taken, tools: Tools, act: Act) -> None:
    """What stopped a row or a file that belongs to no stay waits for a person too, under its place.

    The bytes are in the inbox. A file of the same name coming again without the issue settles the matter.
    """
    names = {path.name for path in files}
    of_stays = {issue for stay in taken.stays for issue in stay.issues}
    strays = [issue for issue in stopping(found) if issue not in of_stays]
    with tools.ledger.transaction() as tx:
        for parked in tx.parked(source=source):
            gone = parked.place not in {issue.pointer for issue in strays}
            if parked.stay_key is None and gone and parked.place.partition("#")[0] in names:
                tx.resolve_parked(parked.id, **act.said)
        for issue in strays:
            tx.park(source, None, [issue], encode({"pointer": issue.pointer}), issue.pointer, **act.said)


def _processed(source: str, digests: Mapping[Path, str], tools: Tools, act: Act) -> None:
    with tools.ledger.transaction() as tx:
        for digest in digests.values():
            tx.mark_processed(source, digest, **act.said)


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()
