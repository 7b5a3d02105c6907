"""Each row of the clerks' settlement tables: one payer's calculation, or one line's split."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from adapter.model.issues import AdapterError
from adapter.model.reference import Level
from adapter.rules.settlement.coordination import check_layers
from adapter.rules.settlement.facts import read_facts
from adapter.rules.settlement.scope import SplitRule, split_lines
from tests.support.settlement import assert_steps, by_name, layer_of, outcome, shows, steps_of, table

TABLES = ("deductible", "ratio", "ceiling", "critical_illness", "aid", "commercial", "payer_order")
ROWS = [
    pytest.param(row, id=f"{name}: {row['name']}", marks=shows(row)) for name in TABLES for row in table(f"{name}.yaml")
]


@pytest.mark.parametrize("row", ROWS)
def test_row(row: dict[str, Any]) -> None:
    expected = dict(row["expect"])
    if "issue" in expected:
        with pytest.raises(AdapterError) as refused:
            check_layers([layer_of(row)])
            outcome(row)
        assert [issue.code for issue in refused.value.issues] == [expected["issue"]]
        return
    found = outcome(row)
    if "pay" in expected:
        assert found.pay.text == expected.pop("pay")
    assert_steps(steps_of(found), [expected])


@pytest.mark.parametrize("row", [pytest.param(row, id=by_name(row), marks=shows(row)) for row in table("scope.yaml")])
def test_split(row: dict[str, Any]) -> None:
    share = row.get("class_b_share")
    rule = SplitRule(row.get("rule", "within-limit"), None if share is None else Decimal(share))
    lines = read_facts({"settled_on": "2021-06-30", "lines": row["lines"]}).claim.lines
    expected = row["expect"]
    if isinstance(expected, dict):
        with pytest.raises(AdapterError) as refused:
            split_lines(lines, Level.SECONDARY, rule)
        assert expected["issue"] in [issue.code for issue in refused.value.issues]
        return
    splits, warnings = split_lines(lines, Level.SECONDARY, rule)
    found = [splits[line.id] for line in lines]
    assert [[s.full_self_pay.text, s.over_limit.text, s.pre_self_pay.text, s.in_scope.text] for s in found] == [
        list(parts) for parts in expected
    ]
    assert [split.total for split in found] == [line.amount for line in lines]
    assert [issue.code for issue in warnings] == ([row["warning"]] if "warning" in row else [])
