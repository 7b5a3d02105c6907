"""policy explain, check and diff, and a plan of another time at the terminal."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.rooms.cli.test_commands import ROOT, Terminal

CASES = str(ROOT / "fixtures/settlement/line_sums.csv")
DATES = ("--on-a", "2023-06-30", "--on-b", "2019-06-30", "--cases", CASES)


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """These commands need no store and no settings."""
    return Terminal(tmp_path, {"ADAPTER_DATABASE_URL": "sqlite:////nowhere/at/all.db", **_outside()})


def _outside() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("ADAPTER_")}


def test_a_real_plan_is_explained_with_all_that_it_does_not_say(terminal: Terminal) -> None:
    ran = terminal.run("policy", "explain", "ningbo/basic", "--on", "2023-06-30")
    assert ran.code == 0
    said = ran.out
    assert "历史参数,不是现行规定" in said and "historical, not current" in said
    assert "● deductible (tertiary) = 1200.00" in said and "[GC-01 三级 1200]" in said
    assert "✗ deductible (default)" in said and "✗ deductible_later" in said
    assert "http://m.jwbk.com/" in said and "(P2)" in said and "does not cover" in said
    late = terminal.run("policy", "explain", "ningbo/basic", "--on", "2024-01-01").out
    assert "2024-01-01 不在其内" in late and "○ ratio" in late
    programme = terminal.run("policy", "explain", "county-plan-2021", "--json").json
    assert programme["kind"] == "programme" and programme["settings"] and programme["plans"] == []
    assert terminal.run("policy", "explain", "nowhere").code == 1


def test_plans_of_another_time_say_so_wherever_they_are_shown(terminal: Terminal, tmp_path: Path) -> None:
    assert "历史参数" in terminal.run("policy", "show", "ningbo/basic", "--on", "2023-06-30").out
    facts = {"settled_on": "2023-06-30", "hospital_level": "tertiary", "sums": {"in_scope": "20000"}}
    (tmp_path / "facts.json").write_text(json.dumps(facts), encoding="utf-8")
    plan = str(ROOT / "mappings/plans/ningbo/basic.yaml")
    ran = terminal.run("whatif", str(tmp_path / "facts.json"), "--plan", plan)
    assert (
        ran.code == 0 and "13,160" in ran.out.replace("13160", "13,160") and "historical (2023), not current" in ran.out
    )
    (tmp_path / "facts.json").write_text(json.dumps({**facts, "hospital_level": "primary"}), encoding="utf-8")
    gap = terminal.run("whatif", str(tmp_path / "facts.json"), "--plan", plan).out
    assert "— 未测算 not computed" in gap and "至多 at most 20000.00" in gap and "ningbo/basic#deductible" in gap


def test_files_are_checked_with_their_lines(terminal: Terminal, tmp_path: Path) -> None:
    mappings = ROOT / "mappings"
    good = [*mappings.glob("plans/*/*.yaml"), *mappings.glob("schemes/*.yaml"), *mappings.glob("programmes/*.yaml")]
    ran = terminal.run("policy", "check", *map(str, good), "--json")
    assert [each["file"] for each in ran.json if each["kind"] == "unknown"] == []
    assert {each["kind"] for each in ran.json} == {"plan", "scheme", "programme"}
    assert all(each["ok"] for each in ran.json if each["kind"] != "scheme")
    bad = tmp_path / "bad.yaml"
    text = (mappings / "plans/changsha/critical_illness.yaml").read_text("utf-8")
    bad.write_text(text.replace('{over: "30000", upto', '{over: "20000", upto', 1), encoding="utf-8")
    found = terminal.run("policy", "check", str(bad))
    line = 1 + next(n for n, each in enumerate(bad.read_text("utf-8").splitlines()) if '"20000"' in each)
    assert found.code == 1 and "POL-224" in found.err and f"bad.yaml:{line}" in found.err


def test_schemes_that_share_a_day_are_seen(terminal: Terminal, tmp_path: Path) -> None:
    text = (ROOT / "mappings/schemes/test_hunan_one_call.yaml").read_text("utf-8")
    other = tmp_path / "test_other.yaml"
    other.write_text(text.replace("test_hunan_one_call", "test_other"), encoding="utf-8")
    ran = terminal.run("policy", "check", str(other))
    assert ran.code == 1 and "POL-230" in ran.err and "test_hunan_one_call" in ran.err


def test_two_plans_are_compared(terminal: Terminal, tmp_path: Path) -> None:
    ran = terminal.run("policy", "diff", "ningbo/basic", "yueyang/basic", *DATES, "--json")
    assert ran.code == 1  # five cases of a level that neither prints
    found = ran.json
    assert (found["compared"], found["not_compared"], found["unreadable"]) == (35, 5, 0)
    shown = terminal.run("policy", "diff", "ningbo/basic", "yueyang/basic", *DATES, "--out", str(tmp_path / "each.csv"))
    assert "lose 受损" in shown.out and found["patients"]["lost"] in shown.out
    assert (tmp_path / "each.csv").read_text("utf-8").count("\n") == 41
