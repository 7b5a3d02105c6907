"""What ``--help`` promises: a summary first, an example that can be pasted, and exit codes 0, 1 and 2."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from adapter.doors.cli.app import app
from tests.house.recipe import ROOT, environment
from tests.house.test_docs import COMMANDS, wrong_with
from tests.support.terminal import run as run_command

NAMES = [name for name in COMMANDS if name]


def help_of(name: str) -> str:
    shown = CliRunner().invoke(app, [*name.split(), "--help"], env={"COLUMNS": "200", "TERMINAL_WIDTH": "200"})
    assert shown.exit_code == 0
    return shown.output


@pytest.mark.parametrize("name", NAMES)
def test_help_opens_with_a_summary_and_has_an_example(name: str) -> None:
    lines = [line.strip() for line in help_of(name).splitlines() if line.strip()]
    assert lines[0].startswith("Usage:")
    assert lines[1][0].isupper() and len(lines[1]) > 20
    text = " ".join(" ".join(lines).split())
    example = text.partition("Example: ")[2].partition(" Arguments:")[0].partition(" Options:")[0]
    assert example.startswith(f"adapter {name}"), text
    assert wrong_with(example) is None


def test_help_of_the_whole_begins_with_something_to_paste() -> None:
    shown = help_of("")
    assert "Try this first:  adapter demo" in shown
    assert "Exit code: 0 done, 1 the case has issues, 2 wrong usage." in " ".join(shown.split())


def ends_with(folder: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    env = environment(ADAPTER_DATABASE_URL=f"sqlite:///{folder / 'adapter.db'}", PYTHONPATH=os.fspath(ROOT), **settings)
    return run_command(*words, cwd=folder, env=env)


def test_done_is_0(tmp_path: Path) -> None:
    done = ends_with(tmp_path, "case", "list", "--json")
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")


@pytest.mark.parametrize(
    ("words", "settings", "code"),
    [
        (["case", "show", "nobody-1"], {}, "CASE-302"),
        (["policy", "show", "nowhere"], {}, "POL-208"),
        (["case", "list"], {"ADAPTER_LEASE_SECONDS": "no"}, "CFG-702"),
        (["case", "list"], {"ADAPTER_SETTINGS": "nowhere.toml"}, "CFG-703"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_an_issue_is_1_with_both_languages_on_stderr(
    tmp_path: Path, words: list[str], settings: dict[str, str], code: str
) -> None:
    done = ends_with(tmp_path, *words, **settings)
    assert done.returncode == 1 and done.stdout == ""
    first, zh, en, *hints = done.stderr.splitlines()
    assert first.split()[0] == code
    assert any("\u4e00" <= letter <= "\u9fff" for letter in zh) and en.isascii() and len(hints) == 2
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "words", [["settle"], ["case", "lists"], ["reconcile", "bureau", "someday", "--facility", "H1"], ["demo", "--bad"]]
)
def test_wrong_usage_is_2(tmp_path: Path, words: list[str]) -> None:
    done = ends_with(tmp_path, *words)
    assert done.returncode == 2 and done.stdout == "" and done.stderr.startswith("Usage: ")
