"""Bulk exports that go on by themselves: asked for, written, fetched, gone when their time is over (批量导出).

What was asked for and how far it has come is kept in the ledger, the files in a folder of the settings. An export whose
worker was killed is taken on by the next one, from the last whole file.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from errno import errorcode
from pathlib import Path
from typing import Any
from uuid import uuid4

from adapter.cases.export_files import START, Asked, File, Mark, Stopped, Unreadable, write_files
from adapter.cases.export_issues import (
    export_failed,
    export_stopped,
    no_such_export,
    resource_unreadable,
    too_many_exports,
)
from adapter.cases.export_narrowed import WHOLE, Narrowed, queries_of
from adapter.cases.tools import Act, Tools
from adapter.ledger.issues import LedgerBusy
from adapter.ledger.ledger import Transaction
from adapter.model.case import Actor
from adapter.model.issues import AdapterError, Issue

#: Paper of one export, by id; and the paper that lists those whose files are, or will be, there.
PAPER, LISTED = "export/", "exports"
#: How the folder of an export is called: its id.
_FOLDER = re.compile(r"[0-9a-f]{32}", re.ASCII)
#: Seconds after which a worker says how far it is; so soon, at the latest, it hears that it is to stop.
_TOLD_EVERY = 5


class ExportState(StrEnum):
    """Where an export stands. 导出状态."""

    RUNNING = "running"  # waits for a worker, or has one
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Export:
    """One export.

    Attributes:
        request: what was asked for, as the manifest repeats it.
        by: who asked.
        count: resources written so far.
        worker: who writes it, until ``alive_until`` unless he says that he still does.
        finished_at: None while it runs.
        why: of a failure: the system's word for it, without any path; or which resource cannot be read.
        failed_by: the code of a failure.
    """

    id: str
    state: ExportState
    request: str
    asked: Asked
    by: str
    mark: Mark = START
    count: int = 0
    worker: str = ""
    alive_until: datetime | None = None
    finished_at: datetime | None = None
    why: str = ""
    failed_by: str = ""

    @property
    def failure(self) -> Issue:
        """Why it failed, and what is to be done about it."""
        if self.failed_by == "CASE-486":
            return resource_unreadable(f"export/{self.id}", self.why)
        return (export_stopped if self.failed_by == "CASE-487" else export_failed)(self.id, self.why)


def start_export(
    types: tuple[str, ...], since: datetime | None, request: str, tools: Tools, act: Act, *, narrowed: Narrowed = WHOLE
) -> Export:
    """Ask for an export of the state of this moment.

    Raises:
        AdapterError: CASE-468 there are too many; what ``queries_of`` says of the filters.
    """
    with tools.ledger.transaction() as tx:
        tx.hold_paper("", LISTED)
        running = [each for each in _listed(tx) if each.state is ExportState.RUNNING]
        if len(running) >= tools.exports.unfinished:
            raise AdapterError(too_many_exports(len(running)))
        identity = uuid4().hex
        asked = ask(tx, types, since, f"export/{identity}", act, narrowed=narrowed)
        made = Export(identity, ExportState.RUNNING, request, asked, act.actor.id)
        _file(tx, made, act)
        tx.file_paper("", LISTED, {"ids": [*_ids(tx), made.id]}, **act.said)
        return made


def ask(
    tx: Transaction,
    types: tuple[str, ...],
    since: datetime | None,
    to: str,
    act: Act,
    *,
    narrowed: Narrowed = WHOLE,
) -> Asked:
    """What is to be exported, of this moment; the journal says who takes it, and where it goes.

    How far the journal had come is remembered with the moment: the export that goes on from here finds by it what was
    under way.

    Raises:
        AdapterError: what ``queries_of`` says of the filters.
    """
    filtered = sorted(queries_of(narrowed.filters, types))
    now = tx.journal_end()
    then = None if since is None else tx.paper("", _moment_paper(since))
    late = None if then is None else (int(str(then["line"])), now)
    tx.file_paper("", _moment_paper(act.at), {"line": now}, **act.said)
    told = {"types": list(types), "since": None if since is None else since.isoformat(), "to": to}
    told |= {"filtered": filtered} if filtered else {}
    told |= {"elements": list(narrowed.elements)} if narrowed.elements else {}
    tx.note("", "resources-exported", told, **act.said)
    return Asked(types, act.at, since, late, now, narrowed)


def _moment_paper(at: datetime) -> str:
    return f"export-at/{at.astimezone(UTC).isoformat()}"


def exports_now(tools: Tools) -> list[Export]:
    """Exports whose files are, or will be, there; oldest first."""
    with tools.ledger.reading() as tx:
        return _listed(tx)


def export_now(identity: str, tools: Tools) -> Export:
    """One export. Raises AdapterError CASE-469 also for one that was cancelled or whose time is over."""
    with tools.ledger.reading() as tx:
        return _there(tx, identity)


def cancel_export(identity: str, tools: Tools, act: Act) -> None:
    """End an export and delete its files, finished or not. Raises AdapterError CASE-469."""
    _end(identity, ExportState.CANCELLED, tools, act)


def fetch_file(identity: str, name: str, tools: Tools, act: Act) -> Path:
    """A file of a finished export; the journal says who fetched it. Raises AdapterError CASE-469."""
    with tools.ledger.transaction() as tx:
        known = _there(tx, identity)
        path = _folder(known.id, tools) / name
        if known.state is not ExportState.DONE or name not in {each.name for each in known.mark.files}:
            raise AdapterError(no_such_export(identity))
        if not path.is_file():
            raise AdapterError(no_such_export(identity))
        tx.note("", "export-fetched", {"export": identity, "file": name}, **act.said)
        return path


def work_on_exports(tools: Tools, *, stopping: Callable[[], bool] = lambda: False) -> bool:
    """Write one export that nobody writes, and delete those whose time is over; returns whether there was one."""
    now = tools.clock.now()
    for each in exports_now(tools):
        if each.finished_at is not None and each.finished_at + timedelta(hours=tools.exports.hours) <= now:
            _end(each.id, ExportState.EXPIRED, tools, _act(tools, "expired"))
    _clear_away(tools)
    taken = _take(tools)
    if taken is None:
        return False
    _write(taken, tools, stopping)
    return True


def said_of(error: OSError) -> str:
    """What the system says of a failure, without the path: it is shown to whoever asked."""
    if error.errno is None:
        return type(error).__name__
    return f"{errorcode.get(error.errno, type(error).__name__)} ({os.strerror(error.errno)})"


def _clear_away(tools: Tools) -> None:
    """Delete files of exports that are over: a process was killed before it could, or wrote on for a moment."""
    try:
        names = [each.name for each in tools.exports.folder.iterdir() if _FOLDER.fullmatch(each.name)]
    except OSError:  # there is none yet; or it cannot be read: whoever asks for an export hears of that
        return
    if names:
        with tools.ledger.reading() as tx:
            known = [_known(tx, name) for name in names]
        for each in known:
            if each is not None and each.state not in (ExportState.RUNNING, ExportState.DONE):
                shutil.rmtree(_folder(each.id, tools), ignore_errors=True)


def _take(tools: Tools) -> Export | None:
    """The oldest export without a living worker."""
    now = tools.clock.now()
    waiting = [each for each in exports_now(tools) if _free(each, tools.worker, now)]
    for each in waiting:
        with tools.ledger.transaction() as tx:
            tx.hold_paper("", f"{PAPER}{each.id}")
            known = _there(tx, each.id)
            if _free(known, tools.worker, now):
                taken = _alive(known, tools)
                _file(tx, taken, _act(tools, "taken"))
                return taken
    return None


def _free(known: Export, worker: str, now: datetime) -> bool:
    held = known.alive_until is not None and known.alive_until > now and known.worker != worker
    return known.state is ExportState.RUNNING and not held


def _write(taken: Export, tools: Tools, stopping: Callable[[], bool]) -> None:
    """Write it to its end, unless it is cancelled, or this worker is to stop or was given up for dead."""
    mine = taken

    def heard(mark: Mark, count: int) -> None:
        nonlocal mine
        now = tools.clock.now()
        told_for = timedelta(seconds=tools.lease_seconds - min(_TOLD_EVERY, tools.lease_seconds / 2))
        late = mine.alive_until is None or now >= mine.alive_until - told_for
        if mark != mine.mark or late or stopping():
            mine = _still(replace(mine, mark=mark, count=count), tools)
        if stopping():
            _change(mine.id, lambda known: replace(known, alive_until=None), tools, "given back")
            raise Stopped

    try:
        mark = write_files(
            taken.asked,
            _folder(taken.id, tools),
            tools.ledger,
            file_lines=tools.exports.file_lines,
            mark=taken.mark,
            heard=heard,
        )
    except Stopped:
        return
    except LedgerBusy:
        raise
    except OSError as error:
        _fail(taken, "CASE-467", said_of(error), tools)
    except Unreadable as error:  # no later attempt can read it either, and others wait
        _fail(taken, "CASE-486", error.what, tools)
    except AdapterError as error:
        _fail(taken, "CASE-487", ", ".join(issue.code for issue in error.issues), tools)
    else:
        _finish(taken, ExportState.DONE, tools, "done", mark=mark)


def _fail(mine: Export, code: str, why: str, tools: Tools) -> None:
    """End it with the reason, and leave nothing half: the disk may be full."""
    if _finish(replace(mine, failed_by=code), ExportState.FAILED, tools, code, why=why):
        shutil.rmtree(_folder(mine.id, tools), ignore_errors=True)


def _finish(
    mine: Export, state: ExportState, tools: Tools, reason: str, *, mark: Mark | None = None, why: str = ""
) -> bool:
    """Write its end down; False where it was cancelled, or this worker was given up for dead: another one writes it."""

    def finished(known: Export) -> Export:
        if known.worker != mine.worker:
            raise Stopped
        last = mark or START
        ended = replace(known, state=state, mark=last, count=last.count, finished_at=tools.clock.now())
        return replace(ended, why=why, failed_by=mine.failed_by)

    try:
        return _change(mine.id, finished, tools, reason) is not None
    except Stopped:
        return False


def _still(mine: Export, tools: Tools) -> Export:
    """Say that it is being written. Raises Stopped where it was cancelled, or another one writes it."""

    def further(known: Export) -> Export:
        if known.worker != mine.worker:
            raise Stopped
        return _alive(replace(known, mark=mine.mark, count=mine.count), tools)

    now = _change(mine.id, further, tools, "going on")
    if now is None:
        raise Stopped
    return now


def _change(identity: str, change: Callable[[Export], Export], tools: Tools, reason: str) -> Export | None:
    """Write down how a running export goes on; None where it runs no more: somebody cancelled it."""
    with tools.ledger.transaction() as tx:
        tx.hold_paper("", f"{PAPER}{identity}")
        known = _known(tx, identity)
        if known is None or known.state is not ExportState.RUNNING:
            return None
        now = change(known)
        _file(tx, now, _act(tools, reason))
        return now


def _end(identity: str, state: ExportState, tools: Tools, act: Act) -> None:
    with tools.ledger.transaction() as tx:
        tx.hold_paper("", LISTED)
        tx.hold_paper("", f"{PAPER}{identity}")
        _file(tx, replace(_there(tx, identity), state=state, finished_at=act.at), act)
        tx.file_paper("", LISTED, {"ids": [each for each in _ids(tx) if each != identity]}, **act.said)
    shutil.rmtree(_folder(identity, tools), ignore_errors=True)


def _alive(known: Export, tools: Tools) -> Export:
    until = tools.clock.now() + timedelta(seconds=tools.lease_seconds)
    return replace(known, worker=tools.worker, alive_until=until)


def _folder(identity: str, tools: Tools) -> Path:
    return tools.exports.folder / identity


def _act(tools: Tools, reason: str) -> Act:
    return tools.act(Actor(tools.worker, "worker"), reason)


# -- kept in the ledger ------------------------------------------------------------------------------------------------


def _ids(tx: Transaction) -> list[str]:
    paper: dict[str, Any] = tx.paper("", LISTED) or {"ids": []}
    return list(paper["ids"])


def _listed(tx: Transaction) -> list[Export]:
    return [each for each in (_known(tx, identity) for identity in _ids(tx)) if each is not None]


def _there(tx: Transaction, identity: str) -> Export:
    known = _known(tx, identity)
    if known is None or known.state in (ExportState.CANCELLED, ExportState.EXPIRED):
        raise AdapterError(no_such_export(identity))
    return known


def _known(tx: Transaction, identity: str) -> Export | None:
    paper: dict[str, Any] | None = tx.paper("", f"{PAPER}{identity}")
    if paper is None:
        return None
    asked, mark = paper["asked"], paper["mark"]
    return Export(
        identity,
        ExportState(paper["state"]),
        paper["request"],
        Asked(
            tuple(asked["types"]),
            datetime.fromisoformat(asked["at"]),
            _moment(asked["since"]),
            None if asked["late"] is None else tuple(asked["late"]),
            asked.get("line"),
            _narrowed(asked.get("narrowed", {})),
        ),
        paper["by"],
        Mark(tuple(File(**each) for each in mark["files"]), mark["number"], mark["after"]),
        paper["count"],
        paper["worker"],
        _moment(paper["alive_until"]),
        _moment(paper["finished_at"]),
        paper["why"],
        paper.get("failed_by", ""),
    )


def _narrowed(told: Mapping[str, Any]) -> Narrowed:
    """An export that an older version was asked for takes everything."""
    return Narrowed(tuple(told.get("filters", ())), tuple(told.get("elements", ())))


def _file(tx: Transaction, known: Export, act: Act) -> None:
    told = asdict(known)
    for part, names in ((told, ("alive_until", "finished_at")), (told["asked"], ("at", "since"))):
        part |= {name: None if part[name] is None else part[name].isoformat() for name in names}
    tx.file_paper("", f"{PAPER}{known.id}", {**told, "state": str(known.state)}, **act.said)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
