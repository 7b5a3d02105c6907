"""Codes and lineage as a person types them: the work list, one code translated, Provenance into a file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from adapter.doors.cli.app import app
from adapter.fhir.canonical import decode
from adapter.fhir.validation import validate
from tests.support.native import EXPORT, SOURCE, bundle, charge, put, resources

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Commands over one store that has taken a hospital's FHIR in."""
    folder = tmp_path_factory.mktemp("codes")
    env = {"ADAPTER_DATABASE_URL": f"sqlite:///{folder / 'adapter.db'}", "COLUMNS": "200"}

    def typed(*words: str) -> Result:
        return CliRunner().invoke(app, list(words), env=env)

    strange = charge(5, "9.90", code={"coding": [{"code": "NEW"}], "text": "示例项目"})
    put(folder / "in", {"a.json": bundle(*resources(), strange)})
    assert "1 parked" in typed("ingest", SOURCE, str(folder / "in")).output
    assert typed("ingest", SOURCE, str(EXPORT)).exit_code == 1
    return typed


def test_the_work_list(run: Run) -> None:
    shown = run("codes", "unmapped", "--source", SOURCE)
    assert shown.exit_code == 0
    assert "NEW" in shown.output and "9.90" in shown.output and f"{SOURCE}/items.csv" in shown.output
    (only,) = json.loads(run("codes", "unmapped", "--json").stdout)
    assert (only["kind"], only["code"], only["text"], only["stays"]) == ("item", "NEW", "示例项目", 1)
    assert "NEW" in only["hint_zh"] and "NEW" in only["hint_en"]


def test_one_code_is_translated(run: Run) -> None:
    assert "residents" in run("translate", SOURCE, "insurance", "20").output
    assert run("translate", SOURCE, "insurance", "residents", "--reverse").output.startswith("20 ")
    found = json.loads(run("translate", SOURCE, "item", "T2101", "--json").stdout)
    assert validate([found]) == [] and found["parameter"][0]["valueBoolean"] is True


def test_a_code_without_an_answer_is_1(run: Run) -> None:
    nothing = run("translate", SOURCE, "item", "t2101")
    assert nothing.exit_code == 1 and "t2101" in nothing.output
    assert run("translate", SOURCE, "nowhere", "20").exit_code == 1
    before = run("translate", SOURCE, "item", "T2101", "--on", "2001-01-01")
    assert before.exit_code == 1


def test_lineage_goes_into_a_file(run: Run, tmp_path: Path) -> None:
    case, file = f"{SOURCE}-202100001", tmp_path / "provenance.json"
    shown = run("case", "show", case, "--lineage", "--provenance", "--out", str(file))
    assert (shown.exit_code, shown.output) == (0, "")
    made = decode(file.read_bytes())
    assert validate([made]) == [] and made["total"] == len(made["entry"])
    run("case", "show", case, "--lineage", "--field", "Encounter.period.end", "--out", str(file))
    assert [each["path"] for each in json.loads(file.read_text("utf-8"))["elements"]] == ["Encounter.period.end"]
