"""A process that has imported every program and forks one on request: a start costs milliseconds, not seconds.

A child is a process of its own with its own arguments, environment and output. It is asked for over a socket, one line
of JSON each way; it is nobody's child afterwards, so that whoever wants to know whether it lives looks for its number.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn

from bench.chaos import steps as watched

ROOT = Path(__file__).resolve().parents[2]
#: Programs by name.
_PROGRAMS = {
    "adapter": "adapter.doors.cli.app",
    "counterparts": "adapter.counterparts.__main__",
}
_MORE = (
    "adapter.doors.web.serve",
    "adapter.counterparts.nhsa.process",
    "adapter.counterparts.aid_xml.process",
    "adapter.counterparts.folder.process",
    "psycopg",
    "sqlalchemy.dialects.postgresql.psycopg",
    "sqlalchemy.dialects.sqlite",
)


class Nursery:
    """The asking side."""

    def __init__(self, door: Path) -> None:
        self._door = str(door)

    def start(
        self, program: str, words: Sequence[str], *, name: str, folder: Path, env: Mapping[str, str] | None = None
    ) -> int:
        """Fork a process; gives its number. ``<folder>/<name>.log`` has what it says.

        Args:
            name: whose name its steps bear; ``worker``, ``service`` or a counterpart's.
        """
        asked = {"program": program, "words": list(words), "name": name, "folder": str(folder), "env": dict(env or {})}
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(60)
            line.connect(self._door)
            line.sendall(json.dumps(asked).encode() + b"\n")
            return int(line.makefile().readline())


@contextmanager
def nursery(*mappings: Path) -> Iterator[Nursery]:
    """One for the length of a ``with`` block; what it forked ends with it. ``mappings``: folders read beforehand."""
    with tempfile.TemporaryDirectory(prefix="nursery") as folder:
        door = Path(folder) / "door"
        command = [sys.executable, "-m", "bench.chaos.nursery", str(door), *map(str, mappings)]
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            assert process.stdout is not None
            if process.stdout.readline() != b"ready\n":
                raise RuntimeError("the nursery did not start")
            yield Nursery(door)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(30)
            assert process.stdout is not None
            process.stdout.close()


def main(door: str, *mappings: str) -> None:
    """Serve until standard input ends."""
    os.setsid()
    for module in (*_PROGRAMS.values(), *_MORE):
        with suppress(ImportError):
            importlib.import_module(module)
    _read_beforehand([Path(each) for each in mappings])
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listening.bind(door)
    listening.listen(64)
    watching = selectors.DefaultSelector()
    watching.register(listening, selectors.EVENT_READ)
    watching.register(sys.stdin, selectors.EVENT_READ)
    print("ready", flush=True)
    while not any(key.fileobj is sys.stdin for key, _ in watching.select()):
        _attend(listening)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.killpg(0, signal.SIGTERM)
    os.killpg(0, signal.SIGKILL)


def _attend(listening: socket.socket) -> None:
    line, _ = listening.accept()
    with line:
        asked = json.loads(line.makefile().readline())
        child = os.fork()
        if child == 0:
            listening.close()
            _be(asked)
        line.sendall(f"{child}\n".encode())


def _be(asked: Mapping[str, Any]) -> NoReturn:
    """Become the program that was asked for."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    folder, name = Path(asked["folder"]), str(asked["name"])
    code = 70
    try:
        out = os.open(folder / f"{name}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(out, 1)
        os.dup2(out, 2)
        os.environ.update(asked["env"])
        os.chdir(folder)
        program = importlib.import_module(_PROGRAMS[asked["program"]])
        _give_steps(asked["program"], asked["words"], folder, name)
        sys.argv = ["adapter", *asked["words"]]
        given = program.main() if asked["program"] == "adapter" else program.main(asked["words"])
        code = int(given or 0)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(code)


def _give_steps(program: str, words: Sequence[str], folder: Path, name: str) -> None:
    steps = watched.Steps(folder, name, idle="request" if name.startswith("service") else "")
    if program == "adapter":
        watched.into_worker(steps)
        watched.watch_files(steps, folder / "exchange")
    elif words[0] == "folder":
        watched.into_courier(steps, folder / "exchange")
    else:
        watched.into_counterpart(steps)


def _read_beforehand(mappings: Sequence[Path]) -> None:
    """Rule and mapping files are the same for every child: they are read once."""
    wiring: Any = importlib.import_module("adapter.wiring")
    book: dict[Path, Any] = {}
    read = {folder: wiring.feeds(folder, ROOT / "fixtures" / "reference") for folder in mappings}
    for folder, feed in read.items():
        feed("qingshi_county")
        book[folder] = wiring.load_book(folder)
    wiring.load_book = book.__getitem__
    wiring.ways_back = lambda folder, clock: {}
    wiring.feeds = lambda folder, reference, limits=None: read[folder]


if __name__ == "__main__":
    main(*sys.argv[1:])
