"""Damaged exports: each gives its issue at its place, the good stays go on, the bad ones are held."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from adapter.intake.readers import stage
from adapter.model.issues import Issue, stopping
from tests.support.intake import FIXTURES, SOURCE, mapper

BAD = FIXTURES / "his/bsoft_phis/bad"


def cases() -> list[Any]:
    """The damaged exports that reading and mapping alone must find; the others need the reference data."""
    found = []
    for path in sorted(BAD.glob("*/expected.yaml")):
        expected = yaml.safe_load(path.read_text("utf-8"))
        if all(issue["code"].startswith(("SRC", "MAP")) for issue in expected["issues"]):
            found.append(pytest.param(path.parent, expected, id=path.parent.name))
    return found


@pytest.mark.parametrize(("folder", "expected"), cases())
def test_a_damaged_export(folder: Path, expected: dict[str, Any]) -> None:
    with stage([folder / "export"], mapper().mapping.shape, SOURCE) as staged:
        stays = [mapper().map(stay) for stay in staged.stays()]
    told = [*staged.issues, *(issue for stay in stays for issue in stay.issues)]
    for wanted in expected["issues"]:
        assert any(_is(issue, wanted) for issue in told), (wanted, [str(issue) for issue in told])
    held = [stay.stay_key for stay in stays if stopping(stay.issues)]
    assert held == expected["held"]
    assert [stay.stay_key for stay in stays if stay.stay_key not in held] == expected["go_on"]
    assert sorted(staged.orphans) == expected["gone"]


def _is(issue: Issue, wanted: dict[str, str]) -> bool:
    pointer = wanted.get("file", "")
    if "row" in wanted:
        pointer += f"#{wanted['row']}"
    if "field" in wanted:
        pointer += f"/{wanted['field']}"
    return issue.code.startswith(wanted["code"]) and issue.pointer.startswith(pointer)


def test_there_are_enough_of_them() -> None:
    assert len(cases()) >= 14
