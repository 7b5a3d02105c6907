"""Payers after aid, in the scheme's order: threshold, deductible paid, floor, household; and a scheme's calls."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.model.issues import AdapterError
from adapter.model.money import ZERO, Money
from adapter.model.settlement import Payer, Settlement
from adapter.rules.certificate.verify import verify
from adapter.rules.policy.load import layers_from, read_tree
from adapter.rules.policy.scheme_file import scheme_of
from adapter.rules.settlement.adjudicate import adjudicate
from adapter.rules.settlement.certificate import certificate
from adapter.rules.settlement.facts import read_facts
from adapter.rules.settlement.late_payer import with_late_payer
from tests.support.settlement import ROOT, SCHEME, book

Y = Money.yuan


def plan(payer: str, *steps: str, **parameters: Any) -> dict[str, Any]:
    return {
        "policy": f"x/{payer}",
        "payer": payer,
        "steps": list(steps),
        "parameters": {name: {"value": value, "cite": f"X {name}"} for name, value in parameters.items()},
    }


AID = plan(
    "medical-aid",
    "in_scope_left",
    "aid_threshold",
    "deductible_paid",
    "ratio",
    aid_threshold="1000",
    aid_threshold_tested="before-commercial",
    aid_threshold_aids="excess",
    deductible_times="3",
    ratio="0.50",
)
ORDER = [
    plan("basic", "in_scope", "deductible", "ratio", deductible="600", ratio="0.60"),
    plan("commercial", "in_scope_left", "ratio", ratio="0.10"),
    AID,
    plan("hospital", "waiver", waiver_share_of_outside="0.05"),
    plan("government", "floor", floor_rule={"on": "everything", "patient_share": "0.10", "patient_most": "5000"}),
    plan("household-top-up", "household", household_amounts=[{"over": "100", "amount": "80"}]),
]


def settled(layers: list[dict[str, Any]] | None = None, **facts: Any) -> Settlement:
    told = {"household-top-up.base": "0.00", **facts.pop("year_to_date", {})}
    read = read_facts(
        {"settled_on": "2022-05-31", "circumstances": {"household": "H-1"}, **facts, "year_to_date": told}
    )
    return adjudicate(read.claim, read.accrued, layers_from(layers or ORDER), scheme="x", test_profile=True)


def proven(settlement: Settlement) -> Settlement:
    assert verify(json.loads(json.dumps(certificate(settlement)))) == []
    return settlement


@pytest.mark.rule("A-19", "X-12")
def test_every_payer_of_the_order_has_its_turn() -> None:
    result = proven(settled(sums={"in_scope": "10000", "full_self_pay": "500"}))
    assert [(share.payer, share.amount) for share in result.shares] == [
        (Payer.BASIC, Y("5640")),
        (Payer.COMMERCIAL, Y("436")),
        (Payer.MEDICAL_AID, Y("2230")),  # 600 deductible, then half of 3260
        (Payer.HOSPITAL, Y("25")),
        (Payer.GOVERNMENT, Y("1119")),
        (Payer.HOUSEHOLD_TOP_UP, Y("80")),
        (Payer.PATIENT, Y("970")),
    ]
    assert {each.name: each.amount for each in result.accruals}["medical-aid.deductibles"] == Y("1")


@pytest.mark.rule("Q-02")
@pytest.mark.parametrize("left_out", ["aid_threshold_tested", "aid_threshold_aids"])
def test_what_the_text_leaves_open_has_no_default(left_out: str) -> None:
    aid = {**AID, "parameters": {name: each for name, each in AID["parameters"].items() if name != left_out}}
    with pytest.raises(AdapterError) as refused:
        settled([ORDER[0], aid], sums={"in_scope": "10000"})
    assert [issue.code for issue in refused.value.issues] == ["POL-203"]


@pytest.mark.rule("T-24")
def test_a_case_of_last_year_is_settled_by_last_years_figures() -> None:
    """Whatever day it is today: a real system picked the bracket by today's year."""
    dated = {
        "as": "money",
        "values": {"2021-01-01": {"cite": "X", "value": "500"}, "2022-01-01": {"cite": "X", "value": "900"}},
    }
    basic = {**ORDER[0], "parameters": {**ORDER[0]["parameters"], "deductible": dated}}
    for day, deductible in (("2021-12-31", "500"), ("2022-01-01", "900")):
        result = settled([basic], sums={"in_scope": "10000"}, settled_on=day)
        assert result.patient.deductible == Y(deductible)


@settings(deadline=None, max_examples=120)
@given(
    in_scope=st.integers(0, 40_000_000),
    outside=st.integers(0, 9_000_000),
    used=st.integers(0, 4),
    base=st.integers(0, 5_000_000),
    late=st.integers(1, 100),
)
def test_laws_of_the_order(in_scope: int, outside: int, used: int, base: int, late: int) -> None:
    """Shares add up, nobody bears more than is left, the floor is kept, and the certificate proves every fen."""
    year = {"medical-aid.deductibles": Money(used * 100).text, "household-top-up.base": Money(base).text}
    sums = {"in_scope": Money(in_scope).text, "full_self_pay": Money(outside).text}
    result = proven(settled(sums=sums, year_to_date=year))
    assert all(share.amount >= ZERO for share in result.shares)
    assert result.patient_pays <= min(result.total.share(Decimal("0.10")), Y("5000"))
    paid = [step.amount for step in result.steps if step.name == "deductible-paid"]
    assert used < 3 or not any(paid)
    amount = min(Money(late), result.patient_pays)
    if amount:
        after = with_late_payer(result, Payer.EMERGENCY_FUND, amount, "R", "C", person_key="p", version=2)
        assert proven(after).patient_pays == result.patient_pays - amount == after.patient.total


def test_a_masked_threshold_is_given_once_in_the_schemes_settings() -> None:
    """A-19's XXXX is a setting of the programme; the plan that needs it takes it from there."""
    policies = book()
    scheme = policies.schemes[SCHEME]
    aid = next(layer for layer in scheme.layers if layer.payer is Payer.MEDICAL_AID)
    masked = plan("medical-aid", "in_scope_left", "aid_threshold", "ratio", ratio="0.50")
    masked["parameters"]["aid_threshold"] = {"required": "true", "as": "money", "cite": "县区方案2021 四(二)"}
    masked["parameters"] |= {name: AID["parameters"][name] for name in ("aid_threshold_tested", "aid_threshold_aids")}
    (layer,) = layers_from([masked])
    policy = replace(layer.policy, name=aid.plan)
    unset = replace(policies, plans={**policies.plans, aid.plan: policy})
    given_ = replace(
        scheme, settings={**scheme.settings, "aid_threshold": "1000"}, setting_cites={"aid_threshold": "县政府 5 号"}
    )
    resolved = next(each for each in unset.layers(given_) if each.payer is Payer.MEDICAL_AID)
    value = resolved.policy.at(
        "aid_threshold", read_facts({"settled_on": "2022-05-31", "lines": []}).claim.stay.settled_on
    )
    assert (value.money, "县政府 5 号" in value.cite) == (Y("1000"), True)
    before = next(each for each in unset.layers(scheme) if each.payer is Payer.MEDICAL_AID)
    assert [issue.pointer for issue in before.policy.missing()] == [f"{aid.plan}#aid_threshold"]


@pytest.mark.parametrize(("authority", "refused"), [("adapter", False), ("payer", True)])
def test_only_a_part_that_is_computed_here_needs_no_endpoint(tmp_path: Path, authority: str, refused: bool) -> None:
    text = (ROOT / f"mappings/schemes/{SCHEME}.yaml").read_text("utf-8")
    old = "{name: aid, endpoint: civil-affairs, payers: [medical-aid], authority: payer}"
    assert old in text
    path = tmp_path / f"{SCHEME}.yaml"
    path.write_text(text.replace(old, f"{{name: aid, payers: [medical-aid], authority: {authority}}}"), "utf-8")
    policies = book()
    if refused:
        with pytest.raises(AdapterError) as caught:
            scheme_of(read_tree(path), SCHEME, policies.plans, policies.programmes)
        assert "endpoint" in caught.value.issues[0].en
        return
    scheme = scheme_of(read_tree(path), SCHEME, policies.plans, policies.programmes)
    assert [call.is_sent for call in scheme.calls] == [True, False]
