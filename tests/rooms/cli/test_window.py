"""Acts at the window as a clerk types them, and over the service."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from adapter.doors.cli.app import app
from adapter.settings import Settings
from bench.synthetic.story import write_export
from tests.support.office import story
from tests.support.service import serving

Run = Callable[..., Result]
SOURCE, CASE = "qingshi_county", "qingshi_county-300010008"  # programme A, an emergency without any paper
COUNTY = "qingshi_county-300010020"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with two stays of programme A in it."""
    folder = tmp_path_factory.mktemp("window")
    write_export(story("300010008", "300010020"), folder / "export")
    url = f"sqlite:///{folder / 'adapter.db'}"
    CliRunner().invoke(app, ["ingest", SOURCE, str(folder / "export")], env={"ADAPTER_DATABASE_URL": url})
    return folder / "adapter.db"


@pytest.fixture(scope="module")
def run(store: Path) -> Run:
    env = {"ADAPTER_DATABASE_URL": f"sqlite:///{store}", "COLUMNS": "200"}
    return lambda *words: CliRunner().invoke(app, list(words), env=env)


def test_from_provisional_to_granted_by_hand(run: Run) -> None:
    assert "? insurance-card" in run("document", "list", CASE).stdout
    for words in (("insurance-card",), ("id-card", "--copy"), ("household-book", "--copy")):
        assert run("document", "take", CASE, *words).exit_code == 0
    assert run("window", "check", CASE, "identity", "--by", "W007").exit_code == 0
    assert run("agreement", "offer", CASE, "--text", "2021-1").exit_code == 0
    done = json.loads(
        run("agreement", "sign", CASE, "1", "--relation", "spouse", "--authority", "委托", "--json").stdout
    )
    assert (done["entitlement_before"], done["entitlement"]) == ("provisional", "granted")
    assert "spouse" in run("agreement", "list", CASE).stdout
    refused = run("document", "return", CASE, "insurance-card")
    assert (refused.exit_code, type(refused.exception).__name__) == (1, "AdapterError")
    lost = run("document", "lose", CASE, "household-book", "--reason", "交接时遗失")
    assert "household-book  lost" in lost.stdout
    held = json.loads(run("document", "list", CASE, "--json").stdout)["documents"]
    assert [each["state"] for each in held] == ["held", "held", "lost"]


def test_facts_and_consents(run: Run) -> None:
    told = run("window", "facts", COUNTY, "--third-party", "yes", "--third-party-amount", "12.30", "--cause", "illness")
    assert told.exit_code == 0
    assert "third_party_amount  12.30" in run("window", "show", COUNTY).stdout
    assert run("consent", "record", COUNTY, "--item", "6101", "--by", "D001", "--at", "2024-03-04T08:30").exit_code == 0
    assert "6101" in run("consent", "list", COUNTY).stdout
    assert run("consent", "check", COUNTY).exit_code == 0
    assert run("consent", "withdraw", COUNTY, "1", "--reason", "家属改变主意").exit_code == 0
    assert run("window", "facts", COUNTY, "--third-party-amount", "1.234").exit_code == 2
    assert run("window", "items", COUNTY).exit_code == 0  # programme A excludes no items
    unknown = run("window", "finding", COUNTY, "0", "--excepted", "yes", "--by", "D001")
    assert (unknown.exit_code, type(unknown.exception).__name__) == (1, "AdapterError")


@pytest.mark.slow
def test_the_same_acts_over_the_service(store: Path) -> None:
    with serving(Settings(database_url=f"sqlite:///{store}")) as service:
        http = service.http
        who = {"X-Actor": "window-03"}
        paper = {"kind": "id-card", "original": False, "keep": "original"}
        refused = http.post(f"/cases/{COUNTY}/documents", json=paper, headers=who)
        assert (refused.status_code, refused.json()["issues"][0]["code"]) == (422, "PRG-241")
        taken = http.post(f"/cases/{COUNTY}/documents", json={**paper, "keep": None}, headers=who)
        assert (taken.status_code, taken.json()["done"]["taken_by"]) == (200, "window-03")
        assert http.post(f"/cases/{COUNTY}/documents/id-card/return", headers=who).status_code == 409
        assert http.post(f"/cases/{COUNTY}/documents/nothing/return", headers=who).status_code == 404
        lost = {"reason": "遗失"}
        assert http.post(f"/cases/{COUNTY}/documents/id-card/lost", json=lost, headers=who).status_code == 200
        assert http.post(f"/cases/{COUNTY}/documents/id-card/lost", json=lost, headers=who).status_code == 409
        waiver = {"requirement": "id-card", "reason": "遗失"}
        assert http.post(f"/cases/{COUNTY}/waivers", json=waiver, headers=who).json()["issues"][0]["code"] == "PRG-244"
        assert http.get(f"/cases/{COUNTY}/documents").json()["documents"][0]["state"] == "lost"
        offered = http.post(f"/cases/{COUNTY}/agreements", json={"version": "2021-1"}, headers=who)
        number = offered.json()["done"]["number"]
        assert http.post(f"/cases/{COUNTY}/agreements/{number}/sign", headers=who).status_code == 200
        broken = http.post(f"/cases/{COUNTY}/agreements/{number}/breach", json={"reason": "未付"}, headers=who)
        assert broken.json()["entitlement"] == "revoked"
        told = http.post(f"/cases/{COUNTY}/checks", json={"step": "explanation", "by": "D001"}, headers=who)
        assert told.json()["done"]["by"] == "D001"
        facts = {"third_party": True, "third_party_amount": "20.00"}
        known = http.post(f"/cases/{COUNTY}/facts", json=facts, headers=who)
        assert known.json()["done"]["third_party_amount"] == "20.00"
        assert http.post(f"/cases/{COUNTY}/facts", json={}, headers=who).status_code == 422
        assert http.get(f"/cases/{COUNTY}/items").json() == {"case_id": COUNTY, "items": [], "issues": []}
        finding = {"excepted": True, "by": "D001"}
        assert http.post(f"/cases/{COUNTY}/items/0/finding", json=finding, headers=who).status_code == 404
        consent = {"items": ["6101"], "explained_by": "D001", "signed_at": "2024-03-04T08:00:00+08:00"}
        before = len(http.get(f"/cases/{COUNTY}/window").json()["consents"])
        assert http.post(f"/cases/{COUNTY}/consents", json=consent, headers=who).status_code == 200
        assert http.get(f"/cases/{COUNTY}/consents/lacking").json()["issues"] == []
        number = http.get(f"/cases/{COUNTY}/window").json()["consents"][-1]["number"]
        assert number == before + 1
        gone = http.post(f"/cases/{COUNTY}/consents/{number}/withdraw", json={"reason": "撤回"}, headers=who)
        assert gone.status_code == 200
