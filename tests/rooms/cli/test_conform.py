"""``adapter conform`` as a bureau's team types it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.support.counterparts import ROOT, Counterpart, counterpart
from tests.support.nhsa_window import bureau_process
from tests.support.terminal import PAYER, run, start_talking
from tests.support.way_back import SECRET, SECRET_ENV, mappings_with, receiver

EVERYTHING = "send: [eligibility, estimate, settlement, reversal, issues, notice]"


@pytest.mark.slow
def test_a_bureau_as_a_process_passes_and_one_that_loses_reversals_does_not(tmp_path: Path) -> None:
    with counterpart("bureau", store=tmp_path / "bureau.sqlite", clock="system") as bureau:
        command = ["conform", "insurance", "--url", bureau.fhir]
        files = ["--junit", "all.xml", "--html", "all.html", "--report", "all.json"]
        passed = run(*command, *files, cwd=tmp_path)
        assert (passed.returncode, passed.stderr) == (0, "") and "18 / 18" in passed.stdout
        suite = ElementTree.fromstring((tmp_path / "all.xml").read_bytes())
        assert (suite.get("tests"), suite.get("failures")) == ("18", "0")
        assert json.loads((tmp_path / "all.json").read_bytes())["result"] == "pass"
        assert "18 / 18" in (tmp_path / "all.html").read_text("utf-8")

        bureau.script({"match": {"stage": "reverse", "times": 0}, "do": "drop-before"})
        failed = run(*command, "--scenario", "reversal", "--scenario", "look-up", cwd=tmp_path)
        assert failed.returncode == 1 and "1 / 2" in failed.stdout
        assert "CNF-904" in failed.stderr and "5. Reversal" in failed.stdout


@pytest.mark.slow
def test_a_bureau_of_the_national_platform_passes_and_an_aid_service_that_forgets_does_not(tmp_path: Path) -> None:
    with bureau_process(tmp_path / "nhsa.sqlite", clock="system") as bureau:
        address = ["--dialect", "nhsa", "--url", f"{bureau.base}/nhsa"]
        passed = run("conform", "insurance", *address, "--html", "all.html", cwd=tmp_path)
        assert (passed.returncode, passed.stderr) == (0, "") and "26 / 26" in passed.stdout
        assert "docs/wire-nhsa.md" in (tmp_path / "all.html").read_text("utf-8")
    seed = ROOT / "fixtures" / "endpoints" / "aid-xml.yaml"
    command = ["aid-xml", "--store", str(tmp_path / "aid.sqlite")]
    aid = Counterpart("aid-xml", [*command, "--seed", str(seed)]).start()
    try:
        env = os.environ | {"ADAPTER_CONFORM_PASSWORD": "not-a-real-password"}
        aid.script({"match": {"path": "balance", "nth": 2}, "do": "drop-before"})
        address = ["--dialect", "aid-xml", "--url", f"{aid.base}/services/MedicalAid"]
        failed = run("conform", "aid", *address, "--scenario", "reversal", cwd=tmp_path, env=env)
        assert (
            failed.returncode == 1 and "CNF-904" in failed.stderr and "docs/wire-aid-xml.md § balance" in failed.stdout
        )
    finally:
        aid.stop()


@pytest.mark.slow
def test_a_bureau_behind_a_folder_is_tried_by_its_path(tmp_path: Path) -> None:
    root = tmp_path / "交换 目录"
    words = ["folder", "bureau", "--root", str(root), "--every", "0.05", "--store", str(tmp_path / "store.sqlite")]
    words += ["--seed", str(ROOT / "fixtures" / "endpoints" / "bureau.yaml"), "--mappings", str(ROOT / "mappings")]
    command = ["conform", "insurance", "--dialect", "folder", "--url", str(root), "--html", "all.html"]
    assert "CNF-906" in run(*command, cwd=tmp_path).stderr
    process = start_talking(*words, program=PAYER)
    assert process.stdout is not None and process.stdout.readline().startswith("ready ")
    passed = run(*command, cwd=tmp_path)
    process.terminate()
    assert process.wait(10) == 0
    process.stdout.close()
    assert (passed.returncode, passed.stderr) == (0, "") and "20 / 20" in passed.stdout
    text = (tmp_path / "all.html").read_text("utf-8")
    assert "docs/wire-folder.md" in text and "T00000002" not in text
    assert list((root / "out").iterdir()) == []


@pytest.mark.slow
def test_a_receiver_that_checks_no_signature_is_told_so(tmp_path: Path) -> None:
    with receiver(tmp_path) as his:
        mappings_with(tmp_path, f'form: webhook\nurl: "{his.url}"\nsecret_env: {SECRET_ENV}\n{EVERYTHING}')
        env = os.environ | {
            "ADAPTER_DATABASE_URL": f"sqlite:///{tmp_path / 'adapter.db'}",
            "ADAPTER_MAPPINGS": str(tmp_path / "mappings"),
            "PYTHONPATH": str(ROOT),
            SECRET_ENV: SECRET,
        }
        done = run("conform", "his", "--source", "qingshi_county", "--junit", "his.xml", cwd=tmp_path, env=env)
        assert done.returncode == 1
        suite = ElementTree.fromstring((tmp_path / "his.xml").read_bytes())
        failed = {case.get("name") for case in suite.findall("testcase") if case.find("failure") is not None}
        assert failed == {"forged-signature", "unsigned", "stale-signature"}
        assert all(each["body"]["test"] for each in his.heard())


def test_what_cannot_be_tried_is_said(tmp_path: Path) -> None:
    unknown = run("conform", "aid", "--url", "http://127.0.0.1:9/fhir", "--scenario", "nothing", cwd=tmp_path)
    assert unknown.returncode == 1 and "CNF-903" in unknown.stderr
    dialect = run("conform", "insurance", "--url", "http://127.0.0.1:9/fhir", "--dialect", "fax", cwd=tmp_path)
    assert dialect.returncode == 1 and "CNF-900" in dialect.stderr and "fhir (insurance)" in dialect.stderr
    assert run("conform", "aid", "--url", "ftp://there", cwd=tmp_path).returncode == 2


def test_nobody_there_fails_the_scenario_and_not_the_kit(tmp_path: Path) -> None:
    nobody = run("conform", "aid", "--url", "http://127.0.0.1:9/fhir", "--scenario", "look-up", cwd=tmp_path)
    assert nobody.returncode == 1 and "CNF-904" in nobody.stderr and "ConnectError" in nobody.stdout


def test_a_part_of_a_scenario_is_handed_to_a_simulator(tmp_path: Path) -> None:
    listed = run("counterparts", "play", cwd=tmp_path)
    assert listed.returncode == 0 and "endpoint-down" in listed.stdout and "nhsa-bureau" in listed.stdout
    for words, code in (
        (["nothing"], "DEL-615"),
        (["endpoint-down"], "DEL-615"),
        (["endpoint-down", "--part", "down", "--url", "http://127.0.0.1:9"], "DEL-616"),
    ):
        refused = run("counterparts", "play", *words, cwd=tmp_path)
        assert refused.returncode == 1 and code in refused.stderr


@pytest.mark.slow
def test_a_simulator_acts_out_what_it_was_handed(tmp_path: Path) -> None:
    with counterpart("aid", store=tmp_path / "aid.sqlite") as aid:
        done = run("counterparts", "play", "endpoint-down", "--part", "back", "--url", aid.base, cwd=tmp_path)
        assert (done.returncode, aid.state()["faults"]["scripted"]) == (0, 1)
