"""A process that has imported a program and forks a child for each command: one import for hundreds of commands.

A child is a process of its own with its own arguments, environment, folder and streams, as from a shell; only the
reading of Python files is saved. Asked over a socket (JSON, three open files); answered with the exit code.
"""

from __future__ import annotations

import array
import gc
import importlib
import json
import os
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn, cast

_MOST = 1 << 20


def send(door: socket.socket, words: Sequence[str], env: Mapping[str, str], cwd: str, files: Sequence[int]) -> None:
    """Ask for one command; ``files`` are its standard input, output and error."""
    body = json.dumps({"words": list(words), "env": dict(env), "cwd": cwd}).encode()
    door.sendmsg([len(body).to_bytes(4, "big")], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", files))])
    door.sendall(body)


def _receive(door: socket.socket) -> tuple[dict[str, object], list[int]]:
    head, files, _, _ = socket.recv_fds(door, 4, 3)
    body = b""
    while len(body) < int.from_bytes(head, "big"):
        body += door.recv(_MOST)
    return json.loads(body), files


def pass_on(path: str) -> NoReturn:
    """Be a command in front of the nursery at ``path``: our words and streams are its, and so is how it ends."""
    forwarded = (signal.SIGTERM, signal.SIGINT)
    signal.pthread_sigmask(signal.SIG_BLOCK, forwarded)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door, door.makefile() as answers:
        door.connect(path)
        send(door, sys.argv[1:], os.environ, str(Path.cwd()), (0, 1, 2))
        child = int(answers.readline())
        for each in forwarded:
            signal.signal(each, lambda number, _: os.kill(child, number))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, forwarded)
        code = int(answers.readline())
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    sys.exit(code)


def _be_the_command(program: str, asked: dict[str, object], files: list[int]) -> NoReturn:
    code = 70
    try:
        for number, file in enumerate(files):
            os.dup2(file, number)
        os.environ.clear()
        os.environ.update(cast("dict[str, str]", asked["env"]))
        os.chdir(cast(str, asked["cwd"]))
        # As the installed command: help and errors name the program after its first argument.
        sys.modules["__main__"].__package__ = None
        sys.argv = ["adapter", *cast("list[str]", asked["words"])]
        importlib.import_module(program).main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        for thread in threading.enumerate():  # as at the end of any program
            if thread is not threading.current_thread() and not thread.daemon:
                thread.join()
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(code)


def _attend(program: str, door: socket.socket) -> None:
    """Start the command, say its number, wait for it, say how it ended."""
    asked, files = _receive(door)
    child = os.fork()
    if child == 0:
        door.close()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        _be_the_command(program, asked, files)
    door.sendall(f"{child}\n".encode())
    _, status = os.waitpid(child, 0)
    door.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())


def main(path: str, program: str, *later: str) -> None:
    """Serve until standard input ends, which it does when the tests end.

    Args:
        program: the module with ``main``.
        later: modules that it imports when it runs.
    """
    for module in (program, *later):
        importlib.import_module(module)  # what the children need not read again
    gc.collect()
    gc.freeze()
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listening.bind(path)
    listening.listen(64)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if os.fork():
        sys.stdin.buffer.read()
        os.killpg(0, signal.SIGKILL)
    os.close(0)
    print("ready", flush=True)
    while True:
        door, _ = listening.accept()
        if os.fork() == 0:
            listening.close()
            # The attendant's own end is nobody's business: its parent asks not to be told.
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _attend(program, door)
            os._exit(0)
        door.close()
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)


if __name__ == "__main__":
    os.setsid()
    main(*sys.argv[1:])
