"""Plain facts: what is refused, and that schema and reader agree."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from adapter.fhir.canonical import decode
from adapter.model.issues import AdapterError
from adapter.rules.policy.load import load_layers
from adapter.rules.settlement.coordination import KINDS
from adapter.rules.settlement.facts import read_facts
from adapter.rules.settlement.whatif import whatif
from tests.support.settlement import ROOT, composite

SCHEMA = jsonschema_rs.validator_for(decode((ROOT / "adapter/rules/settlement/whatif.schema.json").read_bytes()))
GOOD: dict[str, Any] = {"settled_on": "2021-06-30", "sums": {"in_scope": "10"}}

BAD = [
    ({"sums": {"in_scope": "10"}}, "settled_on"),
    ({**GOOD, "settled_on": "30.06.2021"}, "settled_on"),
    ({"settled_on": "2021-06-30"}, "lines"),
    ({**GOOD, "lines": []}, "lines"),
    ({**GOOD, "sums": {"in_scope": "10.001"}}, "lines[3]/amount"),
    ({**GOOD, "sums": {"in_scope": 10.5}}, "lines[3]/amount"),
    ({**GOOD, "sums": {"in_scope": "1e3"}}, "lines[3]/amount"),
    ({**GOOD, "sums": {"in_scope": True}}, "lines[3]/amount"),
    ({**GOOD, "total": "11"}, "total"),
    ({**GOOD, "hospital_level": "village"}, "hospital_level"),
    ({**GOOD, "colour": "red"}, "colour"),
    ({**GOOD, "person": {"categories": ["rich"]}}, "person/categories"),
    ({**GOOD, "person": []}, "person"),
    ({**GOOD, "year_to_date": {"basic.deductable": "1"}}, "year_to_date/basic.deductable"),
    ({**GOOD, "answers": {"uncle": {"amount": "1"}}}, "answers/uncle"),
    ({**GOOD, "answers": {"basic": {}}}, "answers/basic/amount"),
    ({"settled_on": "2021-06-30", "lines": [{"amount": "1"}]}, "lines[0]/class"),
    (
        {"settled_on": "2021-06-30", "lines": [{"amount": "1", "class": "A", "restricted": "maybe"}]},
        "lines[0]/restricted",
    ),
    ({"settled_on": "2021-06-30", "lines": {"amount": "1"}}, "lines"),
]


@pytest.mark.parametrize(("facts", "pointer"), BAD, ids=[pointer + str(n) for n, (_, pointer) in enumerate(BAD)])
def test_bad_facts_are_refused_with_their_place(facts: dict[str, Any], pointer: str) -> None:
    with pytest.raises(AdapterError) as error:
        read_facts(facts)
    assert {issue.code for issue in error.value.issues} == {"SET-311"}
    assert pointer in [issue.pointer for issue in error.value.issues]


def test_all_problems_come_at_once() -> None:
    with pytest.raises(AdapterError) as error:
        read_facts({**GOOD, "hospital_level": "village", "total": "x", "colour": "red"})
    assert len(error.value.issues) == 3


def test_numbers_of_json_are_read_digit_for_digit() -> None:
    facts = decode(b'{"settled_on": "2021-06-30", "sums": {"in_scope": 45759.50, "full_self_pay": 3}}')
    assert SCHEMA.is_valid(facts)
    assert read_facts(facts).claim.total.decimal == Decimal("45762.50")


def test_the_schema_knows_what_the_reader_knows() -> None:
    assert SCHEMA.is_valid(GOOD)
    for facts, pointer in BAD:
        if pointer not in ("total",) and not isinstance(facts.get("sums", {}).get("in_scope"), float):
            assert not SCHEMA.is_valid(facts) or "year_to_date" in pointer, pointer


def test_the_examples_of_the_page_work(tmp_path: Path) -> None:
    page = (ROOT / "docs/whatif.md").read_text(encoding="utf-8")
    facts = decode(page.split("```json\n")[1].split("```")[0].encode())
    assert SCHEMA.is_valid(facts)
    (tmp_path / "plan.yaml").write_text(page.split("```yaml\n")[1].split("```")[0], encoding="utf-8")
    assert whatif(facts, composite())["not_modelled"] == []
    assert whatif(facts, load_layers(tmp_path / "plan.yaml"))["not_modelled"] == ["commercial"]


def test_the_page_of_accumulators_names_all_that_settlements_add() -> None:
    page = (ROOT / "docs/accumulators.md").read_text(encoding="utf-8")
    result: Any = whatif(
        {**GOOD, "person": {"categories": ["registered-poor"]}, "sums": {"in_scope": "90000"}}, composite()
    )
    assert len(result["accruals"]) == 8
    assert all(f"`{name}`" in page for name in result["accruals"])


def test_the_page_of_plans_names_every_step() -> None:
    page = (ROOT / "mappings/plans/README.md").read_text(encoding="utf-8")
    assert all(f"| `{step}` |" in page for step in KINDS)


def test_whatif_is_deterministic() -> None:
    assert whatif(GOOD, composite()) == whatif(dict(reversed(GOOD.items())), composite())
