"""Arrivals that were broken off: found in the ledger after a restart, and gone on with (中断后继续).

Files that came together are taken in together again. What was taken already is taken once more, which changes nothing.
An export says what its stays are at its moment, so stays that a later export of the source holds are left to that one;
messages and rows that carry an order key may come late.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from adapter.cases import arrival_issues as issues
from adapter.cases.intake import Again, Taken, ingest, stay_keys_of
from adapter.cases.tools import Act, Feed, Tools
from adapter.fhir.canonical import encode
from adapter.intake.readers.fhir_bundle import SUFFIXES as BUNDLE_SUFFIXES
from adapter.intake.readers.formats import FORMATS
from adapter.intake.readers.messages import MESSAGE_SUFFIXES
from adapter.intake.readers.staging import tables_of_file
from adapter.ledger.rows import ArrivalRow
from adapter.model.case import Actor
from adapter.model.issues import AdapterError, Issue
from adapter.model.source import Delivery

_TOGETHER = 500
_EVERY_SECONDS = 60.0
_REASON = "continues after an interruption"

#: Name and digest of each file.
Files = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class GoneOn:
    """One arrival that was gone on with.

    Attributes:
        taken: None when it could not be: ``issues`` say why, or ``failed``, when nobody foresaw it.
    """

    source: str
    files: int
    taken: Taken | None
    issues: tuple[Issue, ...] = ()
    failed: Exception | None = None


def go_on(
    tools: Tools,
    actor: Actor,
    *,
    older_than: timedelta = timedelta(0),
    heard: Callable[[GoneOn], None] = lambda _: None,
    stopping: Callable[[], bool] = lambda: False,
) -> int:
    """Go on with everything that was received and is not through, in order of arrival. Returns how many were.

    What is under way elsewhere at this moment is done twice, which changes nothing; ``older_than`` leaves it alone.
    Files whose bytes the ledger does not keep wait until somebody sends them again.

    Args:
        stopping: asked before each arrival.
    """
    before = tools.clock.now() - older_than
    count = 0
    for each in _waiting(tools, before):
        if stopping():
            break
        try:
            done = _again(each, tools, tools.act(actor, _REASON))
        except AdapterError as error:  # the mapping is broken, or others are in the way: later again
            done = GoneOn(each.source, len(each.files), None, error.issues)
        except Exception as error:  # one that cannot be gone on with must not stop the others; whoever hears it logs it
            done = GoneOn(each.source, len(each.files), None, failed=error)
        if done is not None:
            count += done.taken is not None
            heard(done)
    return count


def keep_going(
    tools: Tools, actor: Actor, *, wait: Callable[[float], bool], heard: Callable[[GoneOn], None] = lambda _: None
) -> None:
    """Go on at once with whatever was broken off, then now and again with what others have left behind.

    Args:
        wait: waits so many seconds; True when it is time to stop.
    """
    older_than = timedelta(0)
    while True:
        try:
            go_on(tools, actor, older_than=older_than, heard=heard, stopping=lambda: wait(0))
        except AdapterError as error:  # the ledger is busy with others' work
            heard(GoneOn("", 0, None, error.issues))
        older_than = timedelta(seconds=tools.most_seconds)
        if wait(_EVERY_SECONDS):
            return


@dataclass(frozen=True, slots=True)
class _Waiting:
    """Files that came and are not through; ``arrival`` is None for messages that came one by one."""

    source: str
    files: tuple[tuple[str, str], ...]
    arrival: ArrivalRow | None = None


def _waiting(tools: Tools, before: datetime) -> Iterator[_Waiting]:
    with tools.ledger.reading() as tx:
        arrivals = tx.arrivals_open()
        received = tx.unprocessed()
    of_arrivals = {(each.source, digest) for each in arrivals for _, digest in each.files}
    for each in arrivals:
        if each.received_at <= before:
            yield _Waiting(each.source, each.files, each)
    single = [row for row in received if (row.source, row.digest) not in of_arrivals and row.received_at <= before]
    for source in dict.fromkeys(row.source for row in single):
        named = iter([(row.name, row.digest) for row in single if row.source == source])
        while together := tuple(islice(named, _TOGETHER)):
            yield _Waiting(source, together)


def _again(waiting: _Waiting, tools: Tools, act: Act) -> GoneOn | None:
    """Take files in again; None when that is not for us."""
    source, feed = waiting.source, tools.feed(waiting.source)
    if waiting.arrival is None and feed.messages is None:
        return None  # a table without those that came with it is no export
    with _laid_out(source, waiting.files, tools) as paths:
        if paths is None:
            return None
        if waiting.arrival is None:
            return GoneOn(source, len(paths), ingest(source, paths, tools, act))
        leave = _newer(feed, waiting.arrival.received_at, tools) if _says_all(feed) else frozenset[str]()
        if leave is None:
            return _give_up(waiting.arrival, tools, act)
        return GoneOn(source, len(paths), ingest(source, paths, tools, act, again=Again(waiting.arrival.id, leave)))


def suffixes_of(feed: Feed) -> tuple[str, ...]:
    """The suffixes of files that a source's readers take, in lower case."""
    if feed.mapper.mapping.native is not None:
        return tuple(BUNDLE_SUFFIXES)
    of_rows = (suffix for shape in feed.mapper.mapping.row_shapes for suffix in FORMATS[shape.reader].suffixes)
    return tuple(dict.fromkeys((*(MESSAGE_SUFFIXES if feed.messages is not None else ()), *of_rows)))


def awaits(feed: Feed, name: str) -> bool:
    """Whether a file of that name tells one of the source's tables. Messages may come in a file of any name."""
    path = Path(name)
    if feed.messages is not None and path.suffix.lower() in MESSAGE_SUFFIXES:
        return True
    if feed.mapper.mapping.native is not None:
        return path.suffix.lower() in BUNDLE_SUFFIXES
    return any(tables_of_file(path, shape.tables) for shape in feed.mapper.mapping.row_shapes)


def _says_all(feed: Feed) -> bool:
    """Whether an export says what its stays are now, so that an older one must not come after a newer one."""
    mapping = feed.mapper.mapping
    return feed.messages is None and mapping.native is None and mapping.shape.delivery is Delivery.WHOLE


@contextmanager
def _laid_out(source: str, files: Files, tools: Tools) -> Iterator[list[Path] | None]:
    """The files as they were received, in a folder of their own; None when the ledger does not keep all of them."""
    with tools.ledger.reading() as tx:
        kept = tx.keeps_bodies(source, [digest for _, digest in files])
    if not kept:
        yield None
        return
    with TemporaryDirectory(prefix="arrival-", ignore_cleanup_errors=True) as folder:
        paths = []
        for number, (name, digest) in enumerate(files):
            path = Path(folder) / str(number) / name
            path.parent.mkdir()
            with tools.ledger.reading() as tx:
                path.write_bytes(tx.received_body(source, digest) or b"")
            paths.append(path)
        yield paths


def _newer(feed: Feed, received: datetime, tools: Tools) -> frozenset[str] | None:
    """Stays that later arrivals of the source hold; None when nobody can tell."""
    with tools.ledger.reading() as tx:
        later = tx.arrivals_after(feed.name, received)
    found: set[str] = set()
    for arrival in later:
        with _laid_out(feed.name, arrival.files, tools) as paths:
            if paths is None:
                return None
            found |= stay_keys_of(feed, paths)
    return frozenset(found)


def _give_up(arrival: ArrivalRow, tools: Tools, act: Act) -> GoneOn:
    """A person must look; the files count as through, so that nobody tries again."""
    found = tuple(issues.overtaken(name) for name, _ in arrival.files)
    with tools.ledger.transaction() as tx:
        for issue in found:
            tx.park(arrival.source, None, [issue], encode({"pointer": issue.pointer}), issue.pointer, **act.said)
        for digest in dict.fromkeys(digest for _, digest in arrival.files):
            tx.mark_processed(arrival.source, digest, **act.said)
        tx.finish_arrival(arrival.source, arrival.id, **act.said)
    return GoneOn(arrival.source, len(arrival.files), None, found)
