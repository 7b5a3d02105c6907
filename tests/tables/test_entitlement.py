"""The clerk's table of stays: fixtures/programme/entitlement.yaml, row by row."""

from __future__ import annotations

from typing import Any

import pytest

from adapter.model.case import EntitlementState
from tests.support.programme import TABLE, answer
from tests.support.settlement import shows

ROWS = TABLE["rows"]


@pytest.mark.parametrize(
    "row", [pytest.param(row, marks=[pytest.mark.rule(row["rule"]), *shows(row)], id=row["name"]) for row in ROWS]
)
def test_entitlement(row: dict[str, Any]) -> None:
    """State, every reason in the way, deposit, custody, and what would change the answer."""
    extra = {key: row[key] for key in ("on", "settings") if key in row}
    found = answer(row["programme"], row["given"], **extra)
    expect = row["expect"]
    assert {reason.code: reason.met for reason in found.against} == expect["against"]
    assert found.state == expect["state"]
    assert found.deposit.state == expect["deposit"]
    if "cite" in expect:
        assert found.against[0].cite == expect["cite"]
    if "review" in expect:
        assert found.review is (expect["review"] == "yes")
    if "third_party" in expect:
        assert found.third_party == expect["third_party"]
    assert found.third_party_bears.text == expect.get("bears", "0.00")
    keeps = {line.name: line.keep for line in found.papers}
    assert keeps.items() >= expect.get("keeps", {}).items()
    then = {change.reason: change.then for change in found.changes}
    assert then.items() >= expect.get("then", {}).items()
    if found.state is EntitlementState.REFUSED:
        refusing = [reason for reason in found.against if reason.effect is EntitlementState.REFUSED]
        assert all(reason.zh in found.deposit.zh and reason.en in found.deposit.en for reason in refusing)


def test_row_names_are_unique() -> None:
    """A failing row can be found by its name."""
    names = [row["name"] for row in ROWS]
    assert len(names) == len(set(names)) >= 30
