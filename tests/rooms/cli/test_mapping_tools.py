"""The tools for mappings as a person types them: draft, check, explain, compare, schema, lineage."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from adapter.cases.intake import ingest
from adapter.cases.lineage import keep_records
from adapter.intake.readers import stage
from adapter.model.case import Actor
from adapter.settings import load_settings
from adapter.wiring import open_tools
from bench.synthetic.story import write_export
from tests.support.intake import FIXTURES, MAPPINGS, ROOT, SOURCE
from tests.support.office import story
from tests.support.terminal import run as run_command

EXPORT = str(FIXTURES / "his" / "bsoft_phis" / SOURCE / "export")
STAY = "300010004"


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Desk:
    """One engineer's desk: a folder with a copy of the mappings, and a store."""

    folder: Path

    @property
    def env(self) -> dict[str, str]:
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("ADAPTER_")},
            "ADAPTER_MAPPINGS": str(self.folder / "mappings"),
            "ADAPTER_REFERENCE": str(FIXTURES / "reference"),
            "ADAPTER_DATABASE_URL": f"sqlite:///{self.folder / 'adapter.db'}",
            "PYTHONPATH": str(ROOT),
        }

    def run(self, *words: str) -> Ran:
        ran = run_command(*words, cwd=self.folder, env=self.env)
        return Ran(ran.returncode, ran.stdout, ran.stderr)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    folder = tmp_path_factory.mktemp("desk")
    shutil.copytree(MAPPINGS, folder / "mappings")
    return Desk(folder)


@pytest.fixture(scope="module")
def kept(desk: Desk) -> Iterator[str]:
    """A case whose rows are kept."""
    export = desk.folder / "export"
    write_export(story(STAY), export)
    settings = load_settings(database_url=desk.env["ADAPTER_DATABASE_URL"])
    with open_tools(settings) as tools:
        act = tools.act(Actor("clerk", "operator"), "export")
        ingest(SOURCE, [export], tools, act)
        feed = tools.feed(SOURCE)
        with stage([export], feed.mapper.mapping.shape, SOURCE) as staged, tools.ledger.transaction() as tx:
            for records in staged.stays():
                keep_records(tx, f"{SOURCE}-{STAY}", records, feed, act)
    yield f"{SOURCE}-{STAY}"


def test_a_draft_is_written_listed_and_can_be_checked(desk: Desk) -> None:
    ran = desk.run("mapping", "new", "draft_town", EXPORT, "--vendor", "draft_his", "--json")
    assert ran.code == 0, ran.err
    found = ran.json
    assert {each["table"]: each["role"] for each in found["tables"]}["ZY_FYMX"] == "charge_item"
    assert found["doubts"] and "JSCS" in found["unclaimed"]["ZY_BRRY"]
    assert (desk.folder / "mappings" / "his" / "draft_his" / "shape.yaml").is_file()
    checked = desk.run("mapping", "check", "draft_town", EXPORT, "--json")
    assert checked.code == 0 and set(checked.json["unclaimed"]["ZY_BRRY"]) == set(found["unclaimed"]["ZY_BRRY"])
    again = desk.run("mapping", "new", "draft_town", EXPORT, "--vendor", "draft_his")
    assert again.code == 1 and "MAP-125" in again.err


def test_a_draft_elsewhere_brings_its_schemas(desk: Desk, tmp_path: Path) -> None:
    ran = desk.run("mapping", "new", "other_town", EXPORT, "--out", str(tmp_path / "m"))
    assert ran.code == 0 and "? his/other_town_his/" in ran.out and "测试甲" not in ran.out
    assert (tmp_path / "m" / "his" / "schema" / "resource.json").is_file()
    assert (tmp_path / "m" / "his" / "other_town_his" / "patient.yaml").read_text("utf-8").startswith("# yaml-language")


def test_a_check_shows_the_work_list_and_coverage(desk: Desk) -> None:
    found = desk.run("mapping", "check", "draft_town", EXPORT, "--json").json
    money = [float(each["money"]) for each in found["work"]]
    assert money == sorted(money, reverse=True) and money[0] > 0
    assert {each["file"]: each["made"] for each in found["coverage"]}["charge_item"] == 1501
    assert found["examples"]["ZY_BRRY"]["SFZH"].startswith("99999999999999999")
    shown = desk.run("mapping", "check", "draft_town", EXPORT)
    assert "most money first" in shown.out and "coverage" in shown.out and "? ZY_BRRY.JSCS" in shown.out


def test_a_row_is_explained_with_persons_masked(desk: Desk) -> None:
    words = ("mapping", "explain", SOURCE, EXPORT, "--row", "1")
    masked, revealed = desk.run(*words), desk.run(*words, "--reveal", "--json")
    assert masked.code == 0 and "patient.yaml:" in masked.out and "id_number" in masked.out
    assert "测试甲" not in masked.out and "999999196203140018" not in masked.out
    assert "测试甲" in revealed.out and revealed.json["lines"][0]["rule"].startswith("his/bsoft_phis/hospital.yaml:")
    assert desk.run(*words[:-1], "4711").code == 1
    assert desk.run(*words[:-2]).code == 2


def test_a_comparison_ends_with_1_when_something_changes(desk: Desk) -> None:
    edited = desk.folder / "edited"
    shutil.copytree(MAPPINGS / "his" / "bsoft_phis", edited)
    words = ("mapping", "diff", SOURCE, EXPORT, "--edited", str(edited))
    same = desk.run(*words, "--json")
    assert same.code == 0 and same.json["same"] and same.json["stays"] == 21
    table = edited / "gender.csv"
    table.write_text(table.read_text("utf-8").replace("1,男,,male,", "1,男,,other,"), encoding="utf-8")
    changed = desk.run(*words)
    assert changed.code == 1 and "Patient.gender  +0 -0 ~11" in changed.out and "male → other" in changed.out
    name = edited / "patient.yaml"
    name.write_text(name.read_text("utf-8").replace("{from: BRXM, ", "{from: BAHM, "), encoding="utf-8")
    persons = desk.run(*words)
    assert "Patient.name" in persons.out and "测试甲" not in persons.out
    assert "测试甲" in desk.run(*words, "--reveal").out


def test_the_schemas_are_printed_and_written(desk: Desk, tmp_path: Path) -> None:
    assert desk.run("mapping", "schema", "shape").json["title"].startswith("How a HIS's export")
    assert set(desk.run("mapping", "schema").json) == {"shape", "resource", "source", "messages"}
    assert desk.run("mapping", "schema", "--out", str(tmp_path)).code == 0
    for path in tmp_path.glob("*.json"):
        assert path.read_bytes() == (MAPPINGS / "his" / "schema" / path.name).read_bytes()
    assert desk.run("mapping", "schema", "table").code == 2


def test_lineage_goes_both_ways(desk: Desk, kept: str) -> None:
    path = desk.run("case", "show", kept, "--lineage", "--path", "Encounter.period", "--json")
    assert path.code == 0, path.err
    assert {each["path"] for each in path.json["elements"]} == {"Encounter.period.start", "Encounter.period.end"}
    column = desk.run("case", "show", kept, "--lineage", "--field", "ZY_BRRY.CYPB")
    assert "Encounter.status" in column.out and "encounter_status.csv" in column.out and "condition" in column.out
    bundle = desk.run("case", "show", kept, "--lineage", "--path", "Patient.name", "--provenance")
    assert '"resourceType": "Provenance"' in bundle.out and "ZY_BRRY.xml#" in bundle.out and "测试" not in bundle.out
    masked = desk.run("case", "show", kept, "--lineage", "--path", "Patient")
    assert "***" in masked.out and "测试" not in masked.out
    assert "测试" in desk.run("case", "show", kept, "--lineage", "--path", "Patient", "--reveal").out
    nothing = desk.run("case", "show", kept, "--lineage", "--path", "Device.status")
    assert nothing.code == 1 and "MAP-131" in nothing.err
