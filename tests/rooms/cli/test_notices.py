"""Commands about notices: run, list, acknowledge, plan-discharge, daily-bill."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from adapter.doors.cli.app import app
from adapter.model.issues import AdapterError
from tests.support.service import EXPORT

CASE = "qingshi_county-300010008"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ADAPTER_DATABASE_URL", f"sqlite:///{tmp_path / 'adapter.db'}")
    assert adapter("ingest", "qingshi_county", *(str(path) for path in sorted(EXPORT.iterdir()))).exit_code in (0, 1)
    return tmp_path


def adapter(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def test_from_the_run_to_the_acknowledgement(store: Path) -> None:
    tried = adapter("notices", "run", "--on", "2023-02-18", "--dry-run", "--json")
    assert [each["due"][0]["key"] for each in json.loads(tried.stdout) if each["case_id"] == CASE] == ["daily-bill/1"]
    assert json.loads(adapter("notices", "list", "--json").stdout) == [], "nothing was kept"
    assert adapter("notices", "run", "--on", "2023-02-18").exit_code in (0, 1)
    (notice,) = json.loads(adapter("notices", "list", "--case", CASE, "--open", "--json").stdout)
    assert notice["cite"] == "县区方案2021 四(三)"
    words = ("notices", "acknowledge", CASE, "daily-bill/1", "--relation", "child", "--reason", "签收")
    assert adapter(*words).exit_code == 0
    assert json.loads(adapter("notices", "list", "--case", CASE, "--open", "--json").stdout) == []
    again = adapter(*words)
    assert isinstance(again.exception, AdapterError) and again.exception.issues[0].code == "CASE-366"


def test_the_daily_bill_as_text_page_and_json(store: Path) -> None:
    adapter("notices", "run", "--on", "2023-02-18")
    text = adapter("daily-bill", CASE, "--on", "2023-02-18")
    assert "患者:测**" in text.stdout and "累计费用:6,578.15" in text.stdout
    assert json.loads(adapter("daily-bill", CASE, "--on", "2023-02-18", "--json").stdout)["running"] == "6578.15"
    page = store / "bill.html"
    assert adapter("daily-bill", CASE, "--on", "2023-02-18", "--html", str(page)).stdout == ""
    assert "6,578.15" in page.read_text("utf-8")


def test_a_planned_discharge_is_recorded_with_its_reason(store: Path) -> None:
    done = adapter("notices", "plan-discharge", CASE, "2023-02-20", "--reason", "好转")
    assert (done.exit_code, done.stdout) == (0, f"{CASE}: 2023-02-20\n")
    refused = adapter("notices", "plan-discharge", CASE, "2023-02-01", "--reason", "x")
    assert isinstance(refused.exception, AdapterError) and refused.exception.issues[0].code == "PRG-262"
