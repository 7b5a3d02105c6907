"""Kept resources as NDJSON files, one type after the other, as they stood at a moment (批量导出文件).

A page of resources is read and written at a time, each in a short look at the store: memory stays the same however many
there are, and nobody waits. What is committed while the files are made stays out, also where work that was begun before
commits it under an earlier moment: the files show one state, and the next export since this one holds the rest.
"""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from secrets import token_hex
from typing import Any, BinaryIO

from adapter.cases.export_issues import resource_unreadable
from adapter.cases.export_narrowed import WHOLE, Narrowed, Narrowing
from adapter.cases.searching import told
from adapter.fhir.canonical import decode, encode
from adapter.fhir.metadata import SERVED
from adapter.ledger.ledger import Ledger, Transaction
from adapter.ledger.rows import ResourceRow
from adapter.model.issues import AdapterError, Issue

#: Types that are exported: every one that is kept, but for what says how this service itself is used.
EXPORTED = tuple(kind for kind in SERVED if kind != "Subscription")

#: Those of them that R4's Patient compartment holds: ``Patient/$export``.
OF_PATIENTS = tuple(
    kind
    for kind in EXPORTED
    if kind not in ("Contract", "Location", "Organization", "PaymentNotice", "PaymentReconciliation", "Practitioner")
    and kind != "Task"
)

#: Resources that are read at once.
PAGE = 1000

#: Before every resource.
_EVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be exported.

    Attributes:
        at: the moment whose state is written.
        since: only what was written after it, and what was deleted.
        late: where ``since`` is the moment of an earlier export: the journal's end then and now. What was written
            between them with an earlier moment, by work that was under way, was missed then and belongs here.
        line: the journal's end at the moment; None of an export that an older version was asked for.
        narrowed: of each type, which resources, and how much of them; what was deleted is named in any case.
    """

    types: tuple[str, ...]
    at: datetime
    since: datetime | None = None
    late: tuple[int, int] | None = None
    line: int | None = None
    narrowed: Narrowed = WHOLE


@dataclass(frozen=True, slots=True)
class File:
    """One file that is whole.

    Attributes:
        count: its lines.
        deleted: it names resources that were deleted, each line a transaction Bundle.
    """

    name: str
    type: str
    count: int
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """How far an export has come: the files that are whole, and where the next one begins.

    Attributes:
        number: of the walk: the types that were asked for, then what an earlier export missed.
        after: the last id of it that a whole file holds.
    """

    files: tuple[File, ...] = ()
    number: int = 0
    after: str = ""

    @property
    def count(self) -> int:
        return sum(file.count for file in self.files)


#: Nothing is written yet.
START = Mark()


class Unreadable(AdapterError):
    """A kept resource cannot be read.

    Attributes:
        what: which one, and the codes of what is wrong with it.
    """

    def __init__(self, name: str, found: Iterable[Issue]) -> None:
        self.what = f"{name} ({', '.join(issue.code for issue in found)})"
        super().__init__(resource_unreadable(name, self.what))


class Stopped(Exception):
    """Raised by ``heard`` to end the writing between two pages."""


def write_files(
    asked: Asked,
    folder: Path,
    ledger: Ledger,
    *,
    file_lines: int,
    mark: Mark = START,
    heard: Callable[[Mark, int], None] = lambda *_: None,
) -> Mark:
    """Write what is left to write, and return the last mark.

    Args:
        folder: is made, and readable by this user only; files of more lines than ``file_lines`` are split.
        mark: where an earlier run came to; half a file of its is deleted and written anew.
        heard: told the last mark and how many resources were written in all, after each page.

    Raises:
        OSError: the files cannot be written.
        Unreadable: CASE-486, a kept resource cannot be read.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for half in folder.glob("*.part"):
        half.unlink(missing_ok=True)
    walks = _walks(asked, ledger)
    with ledger.reading() as tx:
        narrowing = Narrowing(asked.narrowed, asked.types, tx)
    while mark.number < len(walks):
        mark = _one_file(walks[mark.number], narrowing, folder, ledger, file_lines, mark, heard)
        heard(mark, mark.count)
    return mark


@dataclass(frozen=True, slots=True)
class _Walk:
    """One way through the resources of a type.

    Attributes:
        page: the next resources after an id, at most so many; the id after which the page that follows begins, and
            whether there is none.
    """

    type: str
    page: Callable[[Transaction, str, int], tuple[list[ResourceRow], str, bool]]


def _walks(asked: Asked, ledger: Ledger) -> list[_Walk]:
    """Each type, and after them what an earlier export missed."""
    stood = _AsItStood(asked)
    walks = [_Walk(kind, partial(_by_id, asked, stood, kind)) for kind in asked.types]
    if asked.late is not None and asked.since is not None:
        with ledger.reading() as tx:
            late = tx.late_between(*asked.late, asked.since)
        walks += [_Walk(kind, partial(_of_ids, asked, stood, kind, late[kind])) for kind in asked.types if kind in late]
    return walks


class _AsItStood:
    """Takes from a page what was committed after the export was asked for, though it bears an earlier moment."""

    def __init__(self, asked: Asked) -> None:
        self._asked, self._looked = asked, asked.line
        self._late: dict[tuple[str, str], int] = {}

    def of(self, tx: Transaction, page: Sequence[ResourceRow]) -> list[ResourceRow]:
        """The page with the versions that stood at the moment; what was not there yet is left out."""
        self._look(tx)
        found = (self._before(tx, row) if (row.type, row.id) in self._late else row for row in page)
        return [row for row in found if row is not None]

    def _look(self, tx: Transaction) -> None:
        """Follow the journal to its end as this page's reading sees it; the first late version of each counts."""
        if self._looked is not None and (end := tx.journal_end()) > self._looked:
            for kind, identity, version in tx.late_versions(self._looked, end, self._asked.at):
                self._late.setdefault((kind, identity), version)
            self._looked = end

    def _before(self, tx: Transaction, row: ResourceRow) -> ResourceRow | None:
        late = self._late[row.type, row.id]
        older = (tx.resource(row.type, row.id, version) for version in range(late - 1, 0, -1))
        return next((each for each in older if each is not None and each.at <= self._asked.at), None)


def _by_id(
    asked: Asked, stood: _AsItStood, kind: str, tx: Transaction, after: str, most: int
) -> tuple[list[ResourceRow], str, bool]:
    """All that are there, or those that were written or deleted since."""
    page = tx.resources_at(kind, asked.at, since=asked.since or _EVER, after=after, most=most)
    rows = stood.of(tx, page)
    wanted = [row for row in rows if (not row.deleted if asked.since is None else row.at > asked.since)]
    return wanted, page[-1].id if page else after, len(page) < most


def _of_ids(
    asked: Asked, stood: _AsItStood, kind: str, ids: Sequence[str], tx: Transaction, after: str, most: int
) -> tuple[list[ResourceRow], str, bool]:
    """Those that no walk by the moment alone has met, by id."""
    begun = bisect_right(ids, after)
    some = ids[begun : begun + most]
    rows = stood.of(tx, sorted(tx.resources_named_at(kind, some, asked.at), key=lambda row: row.id))
    missed = [row for row in rows if asked.since is not None and row.at <= asked.since]
    return missed, some[-1] if some else after, len(some) < most


def _one_file(
    walk: _Walk,
    narrowing: Narrowing,
    folder: Path,
    ledger: Ledger,
    file_lines: int,
    mark: Mark,
    heard: Callable[[Mark, int], None],
) -> Mark:
    """The next file of a walk, or the end of it."""
    number = 1 + len({file.name.partition(".")[0] for file in mark.files if file.type == walk.type})
    after, ended = mark.after, False
    with ExitStack() as stack:
        kept = _Written(folder, f"{walk.type}-{number}.ndjson", stack)
        gone = _Written(folder, f"{walk.type}-{number}.deleted.ndjson", stack)
        while not ended and kept.count + gone.count < file_lines:
            room = file_lines - kept.count - gone.count
            with ledger.reading() as tx:
                page, last, ended = walk.page(tx, after, PAGE if narrowing.leaves_out(walk.type) else min(PAGE, room))
            for row in page:
                if kept.count + gone.count == file_lines:  # the rest of the page is the next file's
                    last, ended = after, False
                    break
                after = row.id
                if row.deleted:
                    gone.write(_deletion(row))
                elif (part := narrowing.part_of(_read(row))) is not None:
                    kept.write(encode(part))
            after = last
            heard(mark, mark.count + kept.count + gone.count)
        files = tuple(File(each.name, walk.type, each.count, each is gone) for each in (kept, gone) if each.published())
    return Mark((*mark.files, *files), mark.number + ended, "" if ended else after)


def _read(row: ResourceRow) -> dict[str, Any]:
    """Raises Unreadable."""
    try:
        return told(row, decode(row.body))
    except AdapterError as error:
        raise Unreadable(f"{row.type}/{row.id}", error.issues) from error


def _deletion(row: ResourceRow) -> bytes:
    """As the bulk data guide says it: a Bundle that would delete it."""
    entry = {"request": {"method": "DELETE", "url": f"{row.type}/{row.id}"}}
    return encode({"resourceType": "Bundle", "type": "transaction", "entry": [entry]})


class _Written:
    """A file that gets its name when it is whole; none where there is no line, or where the writing broke off.

    The half that is written has a name of its own: a writer who was given up for dead and lives disturbs nobody.
    """

    def __init__(self, folder: Path, name: str, stack: ExitStack) -> None:
        self.name, self.count = name, 0
        self._part, self._whole, self._stack = folder / f"{name}.{token_hex(4)}.part", folder / name, stack
        self._stream: BinaryIO | None = None

    def write(self, line: bytes) -> None:
        if self._stream is None:
            self._stack.callback(self._part.unlink, missing_ok=True)
            self._stream = self._stack.enter_context(_opened(self._part))
        self._stream.write(line + b"\n")
        self.count += 1

    def published(self) -> bool:
        """Give it its name once it is safely on disk; False where there was no line."""
        if self._stream is None:
            return False
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self._stream.close()
        self._part.replace(self._whole)
        _on_disk(self._whole.parent)
        return True


def _on_disk(folder: Path) -> None:
    """The names in a folder outlive a loss of power too: the ledger is about to say that they are there."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _opened(path: Path) -> BinaryIO:
    """A new file that only this user reads."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb", buffering=1 << 18)
