"""The same cases under two sets of rules: gains, losses and totals, equal to settling each case by itself."""

from __future__ import annotations

import csv
import json
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from adapter.cases.line_sums import LineSums, read_line_sums
from adapter.cases.policies import book
from adapter.cases.policy_diff import Difference, Side, compare, layers_named
from adapter.cases.policy_diff import side as side_of
from adapter.cases.settlers import reference
from adapter.model.issues import AdapterError, Issue
from adapter.model.money import Money
from adapter.rules.settlement.whatif import whatif

ROOT = Path(__file__).resolve().parents[3]
CASES = ROOT / "fixtures/settlement/line_sums.csv"
BOOK = book(ROOT / "mappings")
NINGBO, YUEYANG = date(2023, 6, 30), date(2019, 6, 30)


def side(name: str, on: date | None) -> Side:
    return side_of(name, BOOK, on)


def diff(cases: Path = CASES, **more: Any) -> Difference:
    return compare(side("ningbo/basic", NINGBO), side("yueyang/basic", YUEYANG), cases, **more)


def patient(row: dict[str, str], plan: str, on: date) -> Money | None:
    """One case by the plain what-if; None where a layer is not modelled."""
    facts: dict[str, Any] = {
        "settled_on": on.isoformat(),
        "hospital_level": row["hospital_level"],
        "person": {"categories": [each for each in row["categories"].split(";") if each]},
        "sums": {part: row[part] for part in ("full_self_pay", "over_limit", "pre_self_pay", "in_scope")},
    }
    found: Any = whatif(facts, layers_named(plan, BOOK))
    return None if found["not_modelled"] else Money.yuan(found["patient_pays"])


def test_it_is_what_settling_each_case_by_itself_gives(tmp_path: Path) -> None:
    with CASES.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    both = [(row, patient(row, "ningbo/basic", NINGBO), patient(row, "yueyang/basic", YUEYANG)) for row in rows]
    computed = [(row["case"], b - a) for row, a, b in both if a is not None and b is not None]
    found = diff(to=tmp_path / "each.csv").as_json()
    signs = Counter((change.fen > 0) - (change.fen < 0) for _, change in computed)
    assert (found["compared"], found["not_compared"]) == (len(computed), len(rows) - len(computed))
    assert found["compared"] and found["not_compared"]
    patients = found["patients"]
    assert (patients["gain"], patients["lose"], patients["same"]) == (signs[-1], signs[1], signs[0])
    assert patients["lost"] == Money.total(change for _, change in computed if change.fen > 0).text
    assert found["payers"]["patient"]["difference"] == Money.total(change for _, change in computed).text
    for one in ("a", "b"):
        assert Money.total(Money.yuan(line[one]) for line in found["payers"].values()).text == found["total"]
    largest = sorted(computed, key=lambda each: (-each[1].fen, each[0]))[:10]
    assert [(each["case"], each["amount"]) for each in found["most_lost"]] == [(c, m.text) for c, m in largest]
    with (tmp_path / "each.csv").open(encoding="utf-8") as file:
        written = {row["case"]: row["difference"] for row in csv.DictReader(file) if not row["why_not"]}
    assert written == {case: change.text for case, change in computed}


def test_a_plan_against_itself_changes_nothing() -> None:
    found = compare(side("ningbo/basic", NINGBO), side("ningbo/basic", NINGBO), CASES).as_json()
    assert found["patients"]["gain"] == found["patients"]["lose"] == 0
    assert found["patients"]["same"] == found["compared"] > 0
    assert {line["difference"] for line in found["payers"].values()} == {"0.00"}


def test_the_other_way_round_gains_become_losses() -> None:
    there, back = (
        diff().as_json(),
        compare(side("yueyang/basic", YUEYANG), side("ningbo/basic", NINGBO), CASES).as_json(),
    )
    assert there["most_lost"] == back["most_gained"]
    assert (there["patients"]["lose"], there["patients"]["lost"]) == (
        back["patients"]["gain"],
        back["patients"]["gained"],
    )


def test_what_cannot_be_compared_says_why() -> None:
    found = diff().as_json()
    assert {(why["side"], why["code"]) for why in found["why_not"]} == {("a", "SET-321"), ("b", "SET-321")}
    late = compare(side("ningbo/basic", date(2024, 1, 1)), side("yueyang/basic", YUEYANG), CASES).as_json()
    assert late["compared"] == 0 and ("a", "POL-201") in {(why["side"], why["code"]) for why in late["why_not"]}
    undated = compare(side("ningbo/basic", None), side("yueyang/basic", YUEYANG), CASES).as_json()
    assert {why["code"] for why in undated["why_not"] if why["side"] == "a"} == {"POL-234"}
    assert found["historical"] == ["ningbo/basic", "yueyang/basic"]


def test_both_forms_of_file_are_the_same(tmp_path: Path) -> None:
    with CASES.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    lines = tmp_path / "cases.ndjson"
    lines.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    assert list(read_line_sums(lines)) == list(read_line_sums(CASES))
    assert diff(lines).as_json() == diff().as_json()


BAD = {
    "an amount": ("c,tertiary,12.345", "POL-231"),
    "a level": ("c,premium,12.34", "POL-231"),
    "too few columns": ("c,tertiary", "POL-231"),
}


@pytest.mark.parametrize(("line", "code"), BAD.values(), ids=BAD)
def test_a_line_that_cannot_be_read_is_named_and_stops_no_other(tmp_path: Path, line: str, code: str) -> None:
    cases = tmp_path / "cases.csv"
    cases.write_text(f"case,hospital_level,in_scope\na,tertiary,5000\n{line}\nb,tertiary,6000\n", encoding="utf-8")
    read = list(read_line_sums(cases))
    assert [each.case for each in read if isinstance(each, LineSums)] == ["a", "b"]
    (issue,) = [each for each in read if isinstance(each, Issue)]
    assert (issue.code, issue.pointer) == (code, "cases.csv:3")
    found = diff(cases)
    assert (found.compared, found.unreadable, found.issues) == (2, 1, [issue])


def test_columns_are_checked_before_anything_else(tmp_path: Path) -> None:
    cases = tmp_path / "cases.csv"
    cases.write_text("case,in_scop,basic.dedutible\n", encoding="utf-8")
    with pytest.raises(AdapterError) as refused:
        list(read_line_sums(cases))
    assert [issue.code for issue in refused.value.issues] == ["POL-232", "POL-232", "POL-233"]


def test_year_to_date_amounts_and_circumstances_count(tmp_path: Path) -> None:
    cases = tmp_path / "cases.csv"
    cases.write_text(
        "case,settled_on,hospital_level,in_scope,basic.deductible,circumstance.referral\n"
        "first,2019-06-30,tertiary,5000,0,\nthird,2019-06-30,tertiary,5000,1200.00,registered\n",
        encoding="utf-8",
    )
    first, third = (each for each in read_line_sums(cases) if isinstance(each, LineSums))
    assert third.keys["referral"] == "registered"
    divided = reference(layers_named("yueyang/basic", BOOK))([first, third])
    assert [Money(each.pays[0]).text for each in divided] == ["2470.00", "2535.00"]


def test_a_file_with_one_plan_or_with_layers_will_do(tmp_path: Path) -> None:
    plan = tmp_path / "new.yaml"
    plan.write_text(
        "policy: try/basic\npayer: basic\nsteps: [in_scope, ratio]\n"
        "parameters: {ratio: {value: '0.80', as: ratio, cite: 草案}}\n",
        encoding="utf-8",
    )
    found = compare(side("ningbo/basic", NINGBO), side(str(plan), NINGBO), CASES).as_json()
    assert found["patients"]["gain"] == found["compared"] > 0
    with pytest.raises(AdapterError) as refused:
        layers_named("nowhere", BOOK)
    assert [issue.code for issue in refused.value.issues] == ["POL-208"]
