"""``adapter poll`` as a person types it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.recipe import ROOT, environment
from tests.support.intake import FIXTURES
from tests.support.terminal import run as run_command
from tests.support.terminal import start
from tests.support.views import CHANGED, HOSPITAL, ITEMS, HisDatabase, mappings_with, since, viewed_tables


@pytest.fixture
def his(tmp_path: Path) -> Iterator[HisDatabase]:
    database = HisDatabase(f"sqlite:///{tmp_path / 'his.db'}")
    yield database
    database.close()


@pytest.fixture
def env(his: HisDatabase, tmp_path: Path) -> dict[str, str]:
    """Settings of an office whose hospital is read every second."""
    views = {name: since(table, kind="text") for name, table in viewed_tables().items()}
    mappings = mappings_with(tmp_path, {"url": his.source_url, "every": "1s", "tables": views}, delivery="changes")
    return environment(
        ADAPTER_DATABASE_URL=f"sqlite:///{tmp_path / 'adapter.db'}",
        ADAPTER_MAPPINGS=str(mappings),
        ADAPTER_REFERENCE=str(FIXTURES / "reference"),
        PYTHONPATH=os.fspath(ROOT),
        PYTHONUNBUFFERED="1",
    )


def run(env: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return run_command(*words, env=env)


def test_poll_says_what_was_read_and_how_far(env: dict[str, str], his: HisDatabase) -> None:
    looked = run(env, "poll", HOSPITAL, "--dry-run")
    assert "4 stays: 4 opened" in looked.stdout, looked.stderr
    done = run(env, "poll", HOSPITAL, "--json")
    told = json.loads(done.stdout)
    assert told["rows"][f"{ITEMS}.view"] == his.rows(ITEMS)
    assert told["watermarks"][ITEMS] == "2021-10-02 00:00:00"
    assert {stay["fate"] for stay in told["stays"]} == {"opened"}
    again = run(env, "poll", HOSPITAL)
    assert "unchanged" in again.stdout and f"{ITEMS} → 2021-10-02 00:00:00" in again.stdout
    assert json.loads(run(env, "poll", HOSPITAL, "--full", "--json").stdout)["rows"] == told["rows"]


def test_a_database_that_is_away_is_told_and_exits_1(env: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "his.db").rename(tmp_path / "gone.db")
    done = run(env, "poll", HOSPITAL)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.lstrip().startswith("SRC-150") and "Traceback" not in done.stderr


@pytest.mark.parametrize("words", [["--watch", "--full"], ["--watch", "--dry-run"]])
def test_wrong_usage_is_2(env: dict[str, str], words: list[str]) -> None:
    assert run(env, "poll", HOSPITAL, *words).returncode == 2


def test_a_mapping_is_checked_on_live_views(env: dict[str, str]) -> None:
    done = run(env, "mapping", "check", HOSPITAL, "--database", "--json")
    told = json.loads(done.stdout)
    assert CHANGED in json.dumps(told), "the watermark is a column that nobody claims"
    assert run(env, "mapping", "check", HOSPITAL).returncode == 2
    assert run(env, "case", "list", "--json").stdout == "[]\n"


@pytest.mark.slow
def test_a_watching_poll_survives_that_the_database_goes_away_and_comes_back(
    env: dict[str, str], tmp_path: Path
) -> None:
    with (tmp_path / "out.txt").open("w") as out:
        watching = start("poll", HOSPITAL, "--watch", env=env, out=out.fileno(), err=out.fileno())
    try:
        _until(tmp_path, "4 opened")
        (tmp_path / "his.db").rename(tmp_path / "gone.db")
        _until(tmp_path, "SRC-150")
        (tmp_path / "gone.db").rename(tmp_path / "his.db")
        _until(tmp_path, "works again")
    finally:
        watching.send_signal(signal.SIGINT)
        assert watching.wait(30) == 130


def _until(folder: Path, shown: str) -> None:
    end = time.monotonic() + 60
    while shown not in (text := (folder / "out.txt").read_text("utf-8")):
        assert time.monotonic() < end, text
        time.sleep(0.1)
