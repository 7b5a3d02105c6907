"""A terminal for tests: run ``adapter …`` as a process and keep what it said."""

from __future__ import annotations

import atexit
import functools
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.support import nursery

ROOT = Path(__file__).resolve().parents[2]


@functools.cache
def _nursery(program: str) -> str:
    """Where the nursery of a program listens for this test process; it ends when the test process does."""
    folder = Path(tempfile.mkdtemp(prefix="nursery"))
    path = str(folder / "door")
    command = [sys.executable, "-m", "tests.support.nursery", path, program]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    said = process.stdout.readline()
    assert said == b"ready\n", f"the nursery did not start: {said!r}"
    atexit.register(lambda: (Path(path).unlink(missing_ok=True), folder.rmdir()))
    return path


def run(
    *words: str,
    env: Mapping[str, str] | None = None,
    cwd: Path | str = ROOT,
    stdin: str = "",
    timeout: float = 120,
    program: str = "adapter.doors.cli.app",
) -> subprocess.CompletedProcess[str]:
    """Run one command to its end.

    Raises:
        TimeoutError: it was killed after ``timeout`` seconds.
    """
    with (
        tempfile.TemporaryFile() as given,
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door,
    ):
        given.write(stdin.encode())
        given.seek(0)
        door.settimeout(timeout)
        door.connect(_nursery(program))
        nursery.send(door, words, os.environ if env is None else env, str(cwd), [f.fileno() for f in (given, out, err)])
        with door.makefile() as answers:
            child = int(answers.readline())
            try:
                code = int(answers.readline())
            except TimeoutError:
                os.kill(child, signal.SIGKILL)
                raise
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(list(words), code, out.read().decode(), err.read().decode())
