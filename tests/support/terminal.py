"""A terminal for tests: run ``adapter …`` as a process and keep what it said."""

from __future__ import annotations

import atexit
import functools
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from tests.support import nursery

ROOT = Path(__file__).resolve().parents[2]

ADAPTER = "adapter.doors.cli.app"
PAYER = "tests.support.paying"
#: What commands of a program import when they run.
_LATER = {ADAPTER: ("adapter.doors.web.serve",)}


@functools.cache
def _nursery(program: str) -> str:
    """Where the nursery of a program listens for this test process; it ends when the test process does."""
    folder = Path(tempfile.mkdtemp(prefix="nursery"))
    path = str(folder / "door")
    command = [sys.executable, "-m", "tests.support.nursery", path, program, *_LATER.get(program, ())]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    said = process.stdout.readline()
    assert said == b"ready\n", f"the nursery did not start: {said!r}"
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return path


def as_a_file(folder: Path) -> None:
    """Put a file ``adapter`` there that a shell can run: a command like the others here."""
    there = f"import sys\nsys.path.insert(0, {str(ROOT)!r})\nfrom tests.support.nursery import pass_on\n"
    file = folder / "adapter"
    file.write_text(f"#!{sys.executable} -S\n{there}pass_on({_nursery(ADAPTER)!r})\n", "utf-8")
    file.chmod(0o755)


@dataclass
class Process:
    """A command that runs: what ``subprocess.Popen`` is to a command that was started from a shell."""

    pid: int
    _door: socket.socket = field(repr=False)
    stdout: TextIO | None = field(default=None, repr=False)
    returncode: int | None = None

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        if self.returncode is None and select.select([self._door], [], [], 0)[0]:
            self._hear()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end.

        Raises:
            TimeoutError: it still runs.
        """
        if self.returncode is None:
            if not select.select([self._door], [], [], timeout)[0]:
                raise TimeoutError(f"process {self.pid} still runs after {timeout} s")
            self._hear()
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _hear(self) -> None:
        with self._door, self._door.makefile() as answer:
            self.returncode = int(answer.readline())


def start(
    *words: str,
    env: Mapping[str, str] | None = None,
    cwd: Path | str = ROOT,
    out: int | None = None,
    err: int | None = None,
    program: str = ADAPTER,
) -> Process:
    """Start one command. ``out``, ``err``: open files for what it says, else nobody hears it."""
    with Path(os.devnull).open("r+b") as nothing:
        files = [nothing.fileno() if each is None else each for each in (None, out, err)]
        return _begin(words, env, cwd, files, program)


def start_talking(
    *words: str, env: Mapping[str, str] | None = None, cwd: Path | str = ROOT, program: str = ADAPTER
) -> Process:
    """Start one command whose output is read while it runs, from ``stdout``; errors go where ours go."""
    heard, said = os.pipe()
    try:
        process = start(*words, env=env, cwd=cwd, out=said, err=2, program=program)
    finally:
        os.close(said)
    process.stdout = os.fdopen(heard, encoding="utf-8")
    return process


def _begin(
    words: tuple[str, ...], env: Mapping[str, str] | None, cwd: Path | str, files: list[int], program: str
) -> Process:
    door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    door.connect(_nursery(program))
    nursery.send(door, words, os.environ if env is None else env, str(cwd), files)
    number = b""
    while not number.endswith(b"\n"):
        read = door.recv(1)
        assert read, "the nursery is gone"
        number += read
    return Process(int(number), door)


@contextmanager
def started(*words: str, env: Mapping[str, str], cwd: Path | str = ROOT, program: str = ADAPTER) -> Iterator[int]:
    """A command that goes on until it is killed with ``kill -9``, at the end of the block; gives its process id.

    Raises:
        AssertionError: it had ended by itself.
    """
    process = start(*words, env=env, cwd=cwd, program=program)
    try:
        yield process.pid
    finally:
        process.kill()
        code = process.wait()
    assert code == -signal.SIGKILL, f"it was to be killed alive, and had ended with {code}"


def run(
    *words: str,
    env: Mapping[str, str] | None = None,
    cwd: Path | str = ROOT,
    stdin: str = "",
    timeout: float = 120,
    program: str = ADAPTER,
) -> subprocess.CompletedProcess[str]:
    """Run one command to its end.

    Raises:
        TimeoutError: it was killed after ``timeout`` seconds.
    """
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        given.write(stdin.encode())
        given.seek(0)
        process = _begin(words, env, cwd, [f.fileno() for f in (given, out, err)], program)
        try:
            code = process.wait(timeout)
        except TimeoutError:
            process.kill()
            process.wait()
            raise
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(list(words), code, out.read().decode(), err.read().decode())
