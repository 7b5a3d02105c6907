"""``adapter convert`` as a person types it: a summary or JSON on stdout, issues on stderr, exit codes, Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.house.recipe import ROOT, environment
from tests.support.terminal import run as run_command

HIS = ROOT / "fixtures/his"
EXPORT = HIS / "bsoft_phis/qingshi_county/export"


def started(folder: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "adapter", "convert", *words],
        cwd=folder,
        env=environment(PYTHONPATH=os.fspath(ROOT)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ran(folder: Path, *words: str) -> tuple[int, str, str]:
    done = run_command("convert", *words, cwd=folder, env=environment())
    return done.returncode, done.stdout, done.stderr


def test_a_whole_export_without_trouble_is_0(tmp_path: Path) -> None:
    export = HIS / "hsa_cloud/linjiang_county/export"
    code, out, err = ran(tmp_path, "linjiang_county", str(export), "--out", "fhir", "--json")
    assert (code, err) == (0, "")
    said = json.loads(out)
    assert said["published"] and said["held"] == 0
    files = {path.name for path in (tmp_path / "fhir").iterdir()}
    assert {f"{kind}.ndjson" for kind in said["resources"]} | {
        "issues.ndjson",
        "rejected.ndjson",
        "summary.json",
    } == files
    assert not (tmp_path / "adapter.db").exists()


def test_a_held_stay_is_1_and_the_others_are_written(tmp_path: Path) -> None:
    code, out, err = ran(tmp_path, "qingshi_county", str(EXPORT), "--out", "fhir", "--jobs", "2")
    assert code == 1 and "1 held" in out and "ChargeItem" in out
    assert err.startswith("SRC-104") and "Traceback" not in err
    assert (tmp_path / "fhir/summary.json").exists()


def test_an_export_that_is_not_whole_is_1_and_writes_nothing(tmp_path: Path) -> None:
    export = HIS / "bsoft_phis/bad/cut_in_the_middle/export"
    code, out, err = ran(tmp_path, "qingshi_county", str(export), "--out", "fhir")
    assert code == 1 and "nothing written" in out and "API-842" in err
    assert list((tmp_path / "fhir").iterdir()) == []
    code, out, _ = ran(tmp_path, "qingshi_county", str(export), "--out", "fhir", "--keep-going", "--json")
    assert code == 1 and json.loads(out)["published"]


@pytest.mark.slow
@pytest.mark.parametrize("later", [0.0, 0.05, 0.3, 0.6])
def test_ctrl_c_leaves_nothing_behind(tmp_path: Path, later: float) -> None:
    """While the processes are started, while they are handed their first tasks, and while they work."""
    process = started(tmp_path, "qingshi_county", str(EXPORT), "--out", "fhir", "--jobs", "2")
    until = time.monotonic() + 60
    while not list(tmp_path.glob("fhir/.convert-*")) and time.monotonic() < until:
        time.sleep(0.001)
    time.sleep(later)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130 and "nothing was written" in err and "Traceback" not in err
    assert list((tmp_path / "fhir").iterdir()) == []
