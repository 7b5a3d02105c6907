"""What many tests share: one run of the demo, as a user runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import structlog
from hypothesis import settings

# The gate gives the same answer for the same tree; at a desk every run looks at other examples.
settings.register_profile("gate", deadline=None, derandomize=True)
settings.register_profile("desk", deadline=None)
settings.load_profile("gate" if os.environ.get("CI") else "desk")

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class DemoRun:
    """What ``adapter demo`` left behind and said."""

    out: Path
    code: int
    stdout: str
    stderr: str

    @property
    def database_url(self) -> str:
        return f"sqlite:///{self.out / 'store' / 'adapter.db'}"


@pytest.fixture(autouse=True)
def no_log_of_another_test() -> Iterator[None]:
    """A command run inside a test sets logging up with a stream that is closed when the test ends."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def demo_run(tmp_path_factory: pytest.TempPathFactory) -> DemoRun:
    """The main job, once: both counterparts as real processes, real HTTP, files on disk."""
    out = tmp_path_factory.mktemp("demo")
    ran = subprocess.run(
        [sys.executable, "-m", "adapter", "demo", "--out", str(out)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    return DemoRun(out, ran.returncode, ran.stdout, ran.stderr)
