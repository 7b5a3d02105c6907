"""docs/plans.md is what the plans say, and every switch is shown by something that somebody printed."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from adapter.rules.settlement.coordination import KINDS
from adapter.rules.settlement.switches import ALWAYS, READS
from tests.house.plans_page import PLANS_PAGE, SWITCHES, Switch, plans_page, shown_by, used

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_is_what_the_plans_say() -> None:
    assert PLANS_PAGE.read_text("utf-8") == plans_page(), "run `make docs`"


@pytest.mark.parametrize("switch", SWITCHES, ids=lambda s: f"{s.parameter}: {s.said}")
def test_every_switch_is_shown_by_a_cited_value(switch: Switch) -> None:
    assert switch.parameter in {name for reads in READS.values() for name in reads.names}
    found = shown_by(switch, used())
    assert found and all(each.cite for each in found)


def asked_for() -> set[str]:
    """Every parameter that a step of the code asks its plan for, by name."""
    found: set[str] = set()
    for path in sorted((ROOT / "adapter/rules/settlement").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            first = node.args[0] if node.args else None
            named = isinstance(first, ast.Constant) and isinstance(first.value, str)
            if named and node.func.attr in ("at", "find", "switch"):
                assert isinstance(first, ast.Constant)
                found.add(str(first.value))
    return found


def test_the_table_of_switches_is_that_of_the_code() -> None:
    assert set(READS) == set(KINDS)
    assert asked_for() == {name for reads in READS.values() for name in reads.names} | ALWAYS
