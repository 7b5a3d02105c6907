"""Each row of the table of bad input: the code that names it, in both languages, and what a clerk can do about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pytest

from adapter.model.dates import HOSPITAL_ZONE
from adapter.model.issues import AdapterError, Issue
from adapter.model.person import Category
from adapter.model.settlement import Payer
from adapter.rules.policy.check import check_plan
from adapter.rules.policy.load import layers_from, survey_tree
from adapter.rules.settlement.adjudicate import adjudicate
from adapter.rules.settlement.facts import read_facts
from adapter.rules.settlement.stay_dates import ended_during, in_benefit_year
from adapter.rules.settlement.switches import ALWAYS, READS
from tests.support.settlement import SCHEME, book, by_name, composite, table

ROWS = table("bad_input.yaml")


def of_facts(row: dict[str, Any]) -> tuple[Sequence[Issue], tuple[Payer, ...]]:
    """Issues of a settlement, and whose part stays open."""
    try:
        read = read_facts(row["facts"])
        layers = layers_from(row["layers"]) if "layers" in row else composite()
        result = adjudicate(read.claim, read.accrued, layers, scheme=SCHEME, test_profile=True)
    except AdapterError as error:
        return error.issues, ()
    return result.issues, result.not_modelled


def of_plan(row: dict[str, Any], folder: Path) -> Sequence[Issue]:
    path = folder / "plan.yaml"
    path.write_text(row["plan"], encoding="utf-8")
    tree, found = survey_tree(path)
    return [*found, *check_plan(tree, READS, ALWAYS)]


def of_stay(stay: dict[str, Any]) -> tuple[Sequence[Issue], date | None]:
    """Issues of a stay's dates, and the day whose rules count."""
    read = read_facts({"settled_on": stay["settled_on"], "sums": {"in_scope": "1000"}})
    days = {
        name: datetime.combine(date.fromisoformat(stay[name]), time(12), HOSPITAL_ZONE)
        for name in ("admitted", "discharged")
    }
    has = frozenset(Category(each) for each in stay.get("has", ()))
    claim = replace(
        read.claim, stay=replace(read.claim.stay, **days), person=replace(read.claim.person, categories=has)
    )
    ended = ended_during(claim, frozenset(Category(each) for each in stay.get("had", ())))
    plans = [
        {
            "policy": f"x/{payer}",
            "payer": payer,
            "steps": ["in_scope_left"],
            "parameters": {"cross_year": {"value": rule, "as": "text", "cite": "X"}},
        }
        for payer, rule in zip(("basic", "medical-aid"), stay.get("cross_year", ()), strict=False)
    ]
    try:
        return ended, in_benefit_year(claim, layers_from(plans) if plans else ()).stay.settled_on
    except AdapterError as error:
        return error.issues, None


@pytest.mark.rule("T-10")
@pytest.mark.parametrize("row", ROWS, ids=by_name)
def test_row(row: dict[str, Any], tmp_path: Path) -> None:
    wanted, on, open_ = row["expect"], None, ()
    if "facts" in row:
        found, open_ = of_facts(row)
    elif "plan" in row:
        found = of_plan(row, tmp_path)
    else:
        found, on = of_stay(row["stay"])
    if "on" in wanted:
        assert (list(found), on) == ([], date.fromisoformat(wanted["on"]))
        return
    issue = next((each for each in found if each.code == wanted["code"]), None)
    assert issue is not None, [str(each) for each in found]
    assert issue.stops is (wanted["stops"] == "yes")
    assert issue.zh and issue.en and issue.hint_zh and issue.hint_en
    if "open" in wanted:
        assert open_ == (Payer(wanted["open"]),)


def test_overlapping_documents() -> None:
    """Two schemes for one hospital and day: POL-207 names both; none at all: POL-206."""
    policies = book()
    first = policies.schemes[SCHEME]
    twice = replace(policies, schemes={**policies.schemes, "again": replace(first, name="again")})
    source, day = first.sources[0], first.valid.start
    with pytest.raises(AdapterError) as refused:
        twice.scheme_for(source, day)
    (issue,) = refused.value.issues
    assert issue.code == "POL-207" and SCHEME in issue.en and "again" in issue.en
    with pytest.raises(AdapterError) as refused:
        policies.scheme_for(source, date(1999, 1, 1))
    assert [each.code for each in refused.value.issues] == ["POL-206"]
