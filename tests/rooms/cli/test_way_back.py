"""``adapter way-back`` and its neighbours as an operator types them, and the worker of the service."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.office import ROOT, case_id
from tests.support.terminal import run as run_command
from tests.support.way_back import (
    DATABASE_ENV,
    EVERYTHING,
    SECRET,
    SECRET_ENV,
    Receiver,
    mappings_with,
    receiver,
)

EXPORT = ROOT / "fixtures" / "his" / "bsoft_phis" / "qingshi_county" / "export"
STAY = "300010004"


@pytest.fixture
def his(tmp_path: Path) -> Iterator[Receiver]:
    with receiver(tmp_path) as running:
        yield running


def run(folder: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return run_command(
        *words,
        cwd=folder,
        env=os.environ
        | {
            "ADAPTER_DATABASE_URL": f"sqlite:///{folder / 'adapter.db'}",
            "ADAPTER_MAPPINGS": str(folder / "mappings"),
            "PYTHONPATH": str(ROOT),
            SECRET_ENV: SECRET,
            **env,
        },
    )


def by_webhook(folder: Path, his: Receiver) -> None:
    mappings_with(folder, f'form: webhook\nurl: "{his.url}"\nsecret_env: {SECRET_ENV}\ntimeout: "2"\n{EVERYTHING}')


@pytest.mark.slow
def test_from_test_to_skip(tmp_path: Path, his: Receiver) -> None:
    by_webhook(tmp_path, his)
    tried = run(tmp_path, "way-back", "test", "qingshi_county")
    assert (tried.returncode, tried.stdout.split()[:2]) == (0, ["accepted", "HTTP"])
    assert his.taken()[0]["test"] is True
    his.script(422)
    refused = run(tmp_path, "way-back", "test", "qingshi_county", "--json")
    assert refused.returncode == 1
    assert json.loads(refused.stdout)["outcome"] == "rejected"
    assert "DEL-520" in refused.stderr and "202100011" not in refused.stderr

    assert run(tmp_path, "ingest", "qingshi_county", str(EXPORT)).returncode in (0, 1)
    his.script(422)
    delivered = run(tmp_path, "deliver", "--wait", "20", "--json")
    assert delivered.returncode == 1, "one was refused"
    assert json.loads(delivered.stdout)["rejected"] == 1
    refused_case = next(
        row["key"].partition(".back.")[0]
        for row in json.loads(run(tmp_path, "outbox", "list", "--unfinished", "--json").stdout)
        if row["state"] == "parked"
    )
    shown = json.loads(run(tmp_path, "way-back", "show", refused_case, "--answers").stdout)
    assert (shown[0]["state"], shown[0]["outcome"]) == ("parked", "rejected")
    assert "answer 422 for 202100011" in shown[0]["answer"], "the HIS's own words, for whoever may see them"
    assert run(tmp_path, "way-back", "retry", "qingshi_county").stdout == "1 due now\n"
    his.script(422)
    run(tmp_path, "deliver", "--wait", "20")
    key = shown[0]["key"]
    assert run(tmp_path, "way-back", "skip", key, "--reason", "not wanted").returncode == 0
    again = run(tmp_path, "way-back", "skip", key, "--reason", "not wanted")
    assert again.returncode == 1 and "CASE-342" in again.stderr
    rest = json.loads(run(tmp_path, "deliver", "--wait", "20", "--json").stdout)
    assert (rest["rejected"], rest["idle"]) == (0, True)
    assert json.loads(run(tmp_path, "outbox", "list", "--unfinished", "--json").stdout) == []
    table = run(tmp_path, "way-back", "show", case_id(STAY)).stdout
    assert f"{case_id(STAY)}.back.eligibility.1" in table


def test_a_command_does_not_wait_for_a_his_that_is_away(tmp_path: Path, his: Receiver) -> None:
    by_webhook(tmp_path, his)
    his.kill()
    run(tmp_path, "ingest", "qingshi_county", str(EXPORT))
    estimated = run(tmp_path, "estimate", case_id(STAY), "--json")
    assert estimated.returncode == 0 and json.loads(estimated.stdout)["mode"] == "estimate"
    kept = json.loads(run(tmp_path, "way-back", "show", case_id(STAY), "--json").stdout)
    assert [each["kind"] for each in kept] == ["eligibility", "estimate"]
    assert {each["state"] for each in kept} == {"pending"}
    his.start()


def test_ddl_and_its_refusals(tmp_path: Path) -> None:
    mappings_with(tmp_path, f"form: table\ndatabase_env: {DATABASE_ENV}\nsend: settlement")
    printed = run(tmp_path, "way-back", "ddl", "qingshi_county", "--database", "sqlite")
    assert printed.returncode == 0 and printed.stdout.startswith("CREATE TABLE adapter_notice")
    for words, code in (
        (("ddl", "qingshi_county", "--database", "dbase"), "CASE-341"),
        (("ddl", "yunxi_county"), "CASE-340"),
        (("test", "yunxi_county"), "CASE-340"),
        (("test", "nowhere"), "MAP-112"),
    ):
        refused = run(tmp_path, "way-back", *words)
        assert refused.returncode == 1 and code in refused.stderr and refused.stdout == ""
    unset = run(tmp_path, "way-back", "test", "qingshi_county")
    assert unset.returncode == 1 and "DEL-522" in unset.stderr and DATABASE_ENV in unset.stderr


def test_a_source_with_a_wrong_way_back_stops_only_those_who_use_it(tmp_path: Path) -> None:
    mappings_with(tmp_path, "form: pigeon\nsend: settlement")
    assert run(tmp_path, "case", "list", "--json").returncode == 0
    refused = run(tmp_path, "ingest", "qingshi_county", str(EXPORT))
    assert refused.returncode == 1 and "MAP-160" in refused.stderr
