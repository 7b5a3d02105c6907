"""Plans of real places, as they are shipped: what they give, what they do not cover, and that they say so."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from adapter.cases.policy_check import check_files
from adapter.cases.policy_explain import HISTORICAL, explain
from adapter.model.issues import AdapterError
from adapter.model.settlement import Payer
from adapter.rules.certificate.verify import verify
from adapter.rules.policy.parameters import Policy, Setting
from adapter.rules.policy.scheme import ResolvedLayer
from adapter.rules.settlement.adjudicate import adjudicate
from adapter.rules.settlement.certificate import certificate
from adapter.rules.settlement.facts import read_facts
from adapter.rules.settlement.whatif import whatif
from tests.support.settlement import ROOT, assert_steps, book, by_name, table

ROWS = table("shipped_plans.yaml")
REAL = {name: plan for name, plan in book().plans.items() if not plan.test_profile}
OPEN = {"SET-312", "SET-313", "SET-321"}


def plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value


def layer(name: str) -> ResolvedLayer:
    plan = book().plan(name)
    return ResolvedLayer(Payer(str(plan.payer)), plan)


@pytest.mark.parametrize("row", ROWS, ids=by_name)
def test_row(row: dict[str, Any]) -> None:
    layers = [layer(name) for name in row["plans"]]
    expected = row["expect"]
    if "issues" in expected:
        with pytest.raises(AdapterError) as refused:
            whatif(plain(row["facts"]), layers)
        assert [issue.code for issue in refused.value.issues] == list(expected["issues"])
        return
    found: Any = whatif(plain(row["facts"]), layers)
    assert found["not_modelled"] == list(expected.get("not_modelled", ()))
    shares = {share["payer"]: share["amount"] for share in found["shares"]}
    assert {payer: shares[payer] for payer in expected.get("shares", {})} == expected.get("shares", {})
    assert_steps(found["steps"], expected.get("steps", ()))
    codes = {issue["code"] for issue in found["issues"]}
    assert "SET-322" in codes, "nobody is told that the plan is of another time"
    assert bool(codes & {"SET-312", "SET-321"}) is bool(expected.get("not_modelled"))
    if "patient_at_most" in expected:
        assert not found["complete"] and found["patient_pays"] == expected["patient_at_most"]
    facts = read_facts(plain(row["facts"]))
    settled = adjudicate(facts.claim, facts.accrued, layers, scheme="x", test_profile=False, answers=facts.answers)
    assert verify(certificate(settled)) == []
    if "year" in expected:
        assert str(found["year_to_date"]["year"]) == expected["year"]


def test_every_shipped_plan_has_a_row_or_is_not_modelled_by_itself() -> None:
    shown = {name for row in ROWS for name in row["plans"]}
    silent = {name for name, plan in REAL.items() if plan.undated or plan.not_modelled or _whole_gaps(plan)}
    assert set(REAL) <= shown | silent


def _whole_gaps(plan: Policy) -> bool:
    return any(parameter.not_published for parameter in plan.parameters.values())


@pytest.mark.parametrize("name", sorted(REAL))
def test_a_shipped_plan_says_whose_it_is_and_that_it_is_history(name: str) -> None:
    plan = REAL[name]
    assert plan.historical and plan.place is not None and plan.covers and plan.does_not_cover
    assert plan.undated or (plan.valid is not None and plan.valid.end is not None and plan.valid_cite and plan.year)
    assert plan.sources and all(source.grade in ("P1", "P2") for source in plan.sources)
    cited = {entry.cite.split()[0] for parameter in plan.parameters.values() for entry in parameter.history}
    cited |= {parameter.cite.split()[0] for parameter in plan.parameters.values() if parameter.not_published}
    assert {key for key in cited if not key.startswith("Q-")} <= {source.key for source in plan.sources}


@pytest.mark.parametrize("name", sorted(REAL))
def test_a_shipped_plan_passes_the_check_and_is_explained_whole(name: str) -> None:
    (checked,) = check_files([ROOT / f"mappings/plans/{name}.yaml"], ROOT / "mappings")
    assert checked.issues == ()
    plan = REAL[name]
    day = plan.valid.start if plan.valid is not None else date(2020, 1, 1)
    (told,) = explain(book(), name, day)["plans"]
    assert told["historical"] == HISTORICAL and told["covers"] and told["does_not_cover"]
    assert all(value["cite"] for value in told["values"]) and not told["not_in_force"]
    named = {value["parameter"] for value in (*told["values"], *told["not_published"])}
    assert named == set(plan.parameters)


def test_an_owner_who_knows_the_ceiling_of_yubei_gives_it_with_its_source() -> None:
    plan = REAL["yubei/basic"].with_settings({"ceiling": Setting("100000.00", "示例文件 第三条")})
    facts = read_facts({"settled_on": "2023-06-30", "hospital_level": "secondary", "sums": {"in_scope": "5000"}})
    found = adjudicate(
        facts.claim, facts.accrued, [ResolvedLayer(Payer.BASIC, plan)], scheme="a scheme", test_profile=False
    )
    assert found.share_of(Payer.BASIC).text == "3290.00" and found.not_modelled == ()


def test_a_value_that_is_not_published_is_neither_zero_nor_none() -> None:
    facts: Any = {"settled_on": "2023-06-30", "hospital_level": "primary", "sums": {"in_scope": "5000"}}
    found: Any = whatif(facts, [layer("ningbo/basic")])
    (basic, patient) = found["shares"]
    assert (basic["expected"], basic["authority"], found["complete"]) == (None, "expected", False)
    assert [issue["code"] for issue in found["issues"] if issue["code"] in OPEN] == ["SET-321"]
    assert {step["name"] for step in found["steps"] if step["payer"] == "basic"} == {"not-modelled"}
    assert patient["amount"] == "5000.00"


def test_every_shipped_plan_is_below_its_own_place() -> None:
    files = {path.relative_to(ROOT / "mappings/plans") for path in (ROOT / "mappings/plans").glob("*/*.yaml")}
    assert {str(path.with_suffix("")) for path in files} == set(book().plans)
    assert {Path(name).parts[1] for name in REAL} <= {str(payer).replace("-", "_") for payer in Payer}
