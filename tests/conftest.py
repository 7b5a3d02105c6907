"""What many tests share: one run of the demo, as a user runs it."""

from __future__ import annotations

import fcntl
import json
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


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """With ``-m slow`` a file without that mark need not even be imported: five of six, in each worker."""
    if config.option.markexpr == "slow" and collection_path.name.startswith("test_"):
        return "mark.slow" not in collection_path.read_text("utf-8") or None
    return None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What bears the mark in other words would drop out of the slow lane unseen."""
    for path in {item.path for item in items if item.get_closest_marker("slow")}:
        if "mark.slow" not in path.read_text("utf-8"):
            raise pytest.UsageError(f"{path.name}: write the mark as pytest.mark.slow in the file itself")


@pytest.fixture(autouse=True)
def no_log_of_another_test() -> Iterator[None]:
    """A command run inside a test sets logging up with a stream that is closed when the test ends."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def demo_run(tmp_path_factory: pytest.TempPathFactory) -> DemoRun:
    """The main job, once for all workers, which only read it: both counterparts as real processes, real HTTP, files."""
    ours = tmp_path_factory.getbasetemp()
    shared = ours.parent if "PYTEST_XDIST_WORKER" in os.environ else ours
    out, told = shared / "demo", shared / "demo.json"
    with (shared / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not told.exists():
            ran = subprocess.run(
                [sys.executable, "-m", "adapter", "demo", "--out", str(out)],
                cwd=ROOT,
                capture_output=True,
                text=True,
                timeout=600,
                check=False,
            )
            told.write_text(json.dumps([ran.returncode, ran.stdout, ran.stderr]), "utf-8")
    code, stdout, stderr = json.loads(told.read_text("utf-8"))
    return DemoRun(out, code, stdout, stderr)
