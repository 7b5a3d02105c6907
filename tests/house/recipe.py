"""Pages as recipes: files and commands that a reader copies, read from the pages' code blocks.

A block whose info string names a path (```` ```yaml my/shape.yaml ````) is a file; a block marked ``run``
(```` ```console run ````) holds commands and what is shown of their output. ``…`` stands for output left out.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.terminal import as_a_file

ROOT = Path(__file__).resolve().parents[2]

_BLOCK = re.compile(r"^```(?P<language>\w+)(?: (?P<info>\S+))?\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_FRAME = re.compile("[\u2500-\u257f]")


@dataclass(frozen=True)
class Block:
    """One code block of a page."""

    language: str
    info: str
    body: str


@dataclass(frozen=True)
class Step:
    """One command and the lines of its output that the page shows, in order."""

    command: str
    shown: tuple[str, ...]


def blocks(page: Path) -> list[Block]:
    found = _BLOCK.finditer(page.read_text("utf-8"))
    return [Block(each["language"], each["info"] or "", each["body"]) for each in found]


def steps(block: Block) -> list[Step]:
    """Commands (``$ …``) of a console block with what is shown below each."""
    found: list[tuple[str, list[str]]] = []
    for line in block.body.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif found and plain(line) not in ("", "…"):
            found[-1][1].append(plain(line))
    return [Step(command, tuple(shown)) for command, shown in found]


def plain(text: str) -> str:
    """Without the frames of tables and with single spaces."""
    return " ".join(_FRAME.sub(" ", text).split())


def missing(step: Step, output: str) -> str | None:
    """The first shown line that the output does not have at its place, or None."""
    lines = iter([plain(line) for line in output.splitlines()])
    for wanted in step.shown:
        if not any(wanted in line for line in lines):
            return wanted
    return None


def environment(**more: str) -> dict[str, str]:
    """Ours without settings of the machine, with the commands of this Python first."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ADAPTER_")}
    return {**kept, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}", "LC_ALL": "C.UTF-8", **more}


def at_a_terminal(folder: Path) -> dict[str, str]:
    """The environment of a terminal at which ``adapter`` need not be read from disk each time; ``folder`` holds it."""
    as_a_file(folder)
    env = environment()
    return env | {"PATH": f"{folder}{os.pathsep}{env['PATH']}"}


def run(command: str, folder: Path, env: Mapping[str, str], *, seconds: float = 60) -> str:
    """Output of a shell command, errors after it."""
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, env=dict(env), capture_output=True, text=True, timeout=seconds, check=False
    )
    return done.stdout + done.stderr
