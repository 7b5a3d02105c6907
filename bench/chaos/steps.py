"""What a process does at each step of its work: note it where that is wanted, die there where that was asked for.

A step is a phase of the work (``send settle insurance``) and a point in it: before a row is written, before and after a
commit, at each stage of a request, at each file. ``arm.json`` in the hospital's folder names steps and who is to die
there; the first of those that comes to one takes the file away, writes down who it was, and kills itself.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

ARM, NOTES = "arm.json", "steps.log"
_WRITES: Final = ("INSERT", "UPDATE", "DELETE")
#: Stages of a request at which a worker may die.
_WIRE: Final = {
    "connection.connect_tcp.started": "before connecting",
    "http11.send_request_headers.started": "before sending",
    "http11.send_request_headers.complete": "half sent",
    "http11.send_request_body.complete": "sent",
    "http11.receive_response_headers.complete": "half answered",
    "http11.receive_response_body.complete": "answered",
}

#: What this thread or request is doing, and for which message.
_phase: ContextVar[tuple[str, str]] = ContextVar("phase", default=("", ""))


class Steps:
    """The steps of one process."""

    def __init__(self, folder: Path, name: str, *, idle: str = "") -> None:
        """``idle``: the phase of work that belongs to no message; empty: such work has no steps."""
        self._arm, self._folder, self._name, self._idle = str(folder / ARM), folder, name, idle
        self._is_ready = False
        notes = folder / NOTES
        self._notes = os.open(notes, os.O_WRONLY | os.O_APPEND) if notes.exists() else None

    def ready(self) -> None:
        """Say that this process has begun to work, once."""
        if not self._is_ready:
            self._is_ready = True
            (self._folder / f"{self._name}.ready").write_text(str(os.getpid()), "utf-8")

    def at(self, point: str) -> None:
        """Come to a step."""
        phase, key = _phase.get()
        if not (phase := phase or self._idle):
            return
        if self._notes is not None:
            os.write(self._notes, f"{self._name}\t{phase} · {point}\n".encode())
        try:
            asked = Path(self._arm).read_bytes()
        except FileNotFoundError:
            return
        if asked:
            self._die_if(json.loads(asked), phase, point, key)

    def _die_if(self, asked: Mapping[str, Any], phase: str, point: str, key: str) -> None:
        step = f"{phase} · {point}"
        if step not in asked["steps"] or not self._name.startswith(asked["victim"]):
            return
        fired = self._folder / f"fired-{asked['number']}.json"
        try:
            Path(self._arm).rename(fired.with_suffix(".part"))
        except FileNotFoundError:
            return  # another one was first
        told = {"name": self._name, "step": step, "pid": os.getpid(), "key": key, "at": time.time()}
        fired.with_suffix(".part").write_text(json.dumps(told), "utf-8")
        fired.with_suffix(".part").rename(fired)
        os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(60)


@contextmanager
def phase(name: str, key: str = "") -> Iterator[None]:
    """Do something within a phase."""
    token = _phase.set((name, key))
    try:
        yield
    finally:
        _phase.reset(token)


def into_worker(steps: Steps) -> None:
    """Give a worker or a service its steps: phases, the ledger's writes, requests on the wire."""
    dispatch: Any = importlib.import_module("adapter.cases.dispatch")

    def name_of(message: Any) -> str:
        return f"{message.stage} {message.call} {message.operation}"

    def deliver(work: Callable[..., Any], message: Any, *more: Any) -> Any:
        with phase(f"{'ask after' if message.attempts and message.effect else 'send'} {name_of(message)}", message.key):
            return work(message, *more)

    def record(work: Callable[..., Any], message: Any, *more: Any) -> Any:
        with phase(f"record {name_of(message)}", message.key):
            return work(message, *more)

    def lease(work: Callable[..., Any], *more: Any) -> Any:
        steps.ready()
        with phase("lease"):
            return work(*more)

    def go_on(work: Callable[..., Any], *more: Any) -> Any:
        with phase(f"go on after {was.removeprefix('record ')}" if (was := _phase.get()[0]) else "resume"):
            return work(*more)

    for place, around in (("_deliver", deliver), ("_record", record), ("_round", lease), ("go_on", go_on)):
        _wrap(dispatch, place, around)
    _watch_ledger(steps)
    _watch_wire(steps)


def into_counterpart(steps: Steps) -> None:
    """Give a simulated counterpart its steps: requests as they come, its store's writes, its answers."""
    faults: Any = importlib.import_module("adapter.counterparts.faults")

    def meet(work: Callable[..., Any], itself: Any, call: Any) -> Any:
        what = "ask" if call.method == "GET" else call.stage or "request"
        _phase.set((f"{what} {call.path.partition('?')[0].rpartition('/')[2]}", call.key))
        steps.at("arrived")
        return work(itself, call)

    def around(work: Callable[..., Any], itself: Any, app: Any, hang_up: Any) -> Any:
        faulty = work(itself, app, hang_up)

        async def watched(scope: Any, receive: Any, send: Any) -> None:
            async def answer(message: Any) -> None:
                last = message["type"].endswith("body") and not message.get("more_body", False)
                steps.at(f"before the answer's {message['type'].rpartition('.')[2]}")
                await send(message)
                if last:
                    steps.at("answered")

            await faulty(scope, receive, answer)

        return watched

    _wrap(faults.Faults, "meet", meet)
    _wrap(faults.Faults, "around", around)
    watch_store(steps)


def into_courier(steps: Steps, root: Path) -> None:
    """Give the counterpart behind a folder its steps: what it does while it has files of ours in hand."""
    receiver: Any = importlib.import_module("adapter.counterparts.folder.receiver")

    def collect(work: Callable[..., Any], *more: Any) -> Any:
        with phase("at the counter"):
            return work(*more)

    for name in ("collect", "resume"):
        _wrap(receiver.FolderReceiver, name, collect)
    watch_store(steps)
    watch_files(steps, root)


def watch_store(steps: Steps) -> None:
    """The writes of a counterpart's own store."""
    one_file: Any = importlib.import_module("adapter.counterparts.one_file")

    class Watched(sqlite3.Connection):
        """One that comes to a step before each write and around each commit."""

        wrote = False

        def execute(self, text: str, *more: Any) -> sqlite3.Cursor:
            word = text.split(None, 1)[0].upper()
            if word in _WRITES:
                self.wrote = True
                steps.at(f"before it writes {_table(text)}")
            if word != "COMMIT" or not self.wrote:
                return super().execute(text, *more)
            steps.at("before its commit")
            done = super().execute(text, *more)
            self.wrote = False
            steps.at("after its commit")
            return done

    def connect(path: Path, **more: Any) -> sqlite3.Connection:
        return sqlite3.connect(path, factory=Watched, **more)

    one_file.sqlite3 = SimpleNamespace(connect=connect, Row=sqlite3.Row)


def watch_files(steps: Steps, root: Path) -> None:
    """Every file that is made, renamed or removed below a folder."""
    below = f"{root}/"

    def seen(event: str, given: tuple[Any, ...]) -> None:
        if event not in ("open", "os.rename", "os.remove") or not isinstance(given[0], str | Path):
            return
        path = str(given[0])
        if not path.startswith(below) or (event == "open" and "w" not in str(given[1])):
            return
        to = Path(str(given[1])) if event == "os.rename" else Path(path)
        kind = "".join(part for part in to.suffixes if not part[1:].isdigit())
        steps.at(f"before {event.rpartition('.')[2]} {to.parent.name}/*{kind}")

    sys.addaudithook(seen)


def _watch_ledger(steps: Steps) -> None:
    from sqlalchemy import Engine, event
    from sqlalchemy.engine.default import DefaultDialect

    @event.listens_for(Engine, "begin")
    def _begun(connection: Any) -> None:
        connection.info["wrote"] = False

    @event.listens_for(Engine, "before_cursor_execute")
    def _executing(connection: Any, cursor: Any, text: str, *more: Any) -> None:
        if text.lstrip()[:6].upper() in _WRITES:
            connection.info["wrote"] = True
            steps.at(f"before it writes {_table(text)}")

    @event.listens_for(Engine, "commit")
    def _committing(connection: Any) -> None:
        if connection.info.get("wrote"):
            steps.at("before its commit")

    def committed(work: Callable[..., Any], itself: Any, connection: Any) -> Any:
        done = work(itself, connection)
        if getattr(connection, "info", {}).get("wrote"):
            steps.at("after its commit")
        return done

    _wrap(DefaultDialect, "do_commit", committed)


def _watch_wire(steps: Steps) -> None:
    import httpx

    def trace(name: str, info: Mapping[str, Any]) -> None:
        if name in _WIRE:
            steps.at(_WIRE[name])

    def handle(work: Callable[..., Any], itself: Any, request: Any) -> Any:
        request.extensions = {**request.extensions, "trace": trace}
        return work(itself, request)

    _wrap(httpx.HTTPTransport, "handle_request", handle)


def _table(text: str) -> str:
    words = text.split(None, 4)
    return words[1 if words[0].upper() == "UPDATE" else 2].strip('"(')


def _wrap(owner: Any, name: str, around: Callable[..., Any]) -> None:
    work = getattr(owner, name)
    setattr(owner, name, lambda *given: around(work, *given))
