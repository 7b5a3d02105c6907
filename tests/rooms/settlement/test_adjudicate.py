"""Answers, third parties, layers that nobody published, and other turns a settlement takes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from adapter.model.claim import LineSplit, SplitBasis, YearToDate
from adapter.model.issues import AdapterError, Issue, PolicyNotInForce, Severity
from adapter.model.money import ZERO, Money
from adapter.model.settlement import Authority, LineDifference, Payer, PayerAnswer, Settlement
from adapter.rules.policy.load import layers_from
from adapter.rules.policy.scheme import ResolvedLayer
from adapter.rules.settlement.accumulators import advanced
from adapter.rules.settlement.adjudicate import adjudicate
from adapter.rules.settlement.explain import TEST_PROFILE_TAG, as_json, rows
from adapter.rules.settlement.facts import read_facts
from adapter.rules.settlement.sheet import Sheet, check_sheet
from tests.support.settlement import SCHEME, composite

POOR = {"person": {"categories": ["registered-poor"]}}
Y = Money.yuan


def settle(
    facts: dict[str, Any],
    *,
    answers: dict[Payer, PayerAnswer] | None = None,
    authorities: dict[Payer, Authority] | None = None,
    layers: tuple[ResolvedLayer, ...] | None = None,
    accrued: YearToDate | None = None,
) -> Settlement:
    read = read_facts({"settled_on": "2021-06-30", **facts})
    return adjudicate(
        read.claim,
        accrued or read.accrued,
        layers or composite(),
        scheme=SCHEME,
        test_profile=True,
        answers=answers if answers is not None else dict(read.answers),
        authorities=authorities,
    )


def codes(settlement: Settlement) -> list[str]:
    return [issue.code for issue in settlement.issues]


def refused(facts: dict[str, Any], **more: Any) -> list[str]:
    with pytest.raises(AdapterError) as error:
        settle(facts, **more)
    return [issue.code for issue in error.value.issues]


def answer(payer: Payer, amount: str, **more: Any) -> dict[Payer, PayerAnswer]:
    return {payer: PayerAnswer(payer, Y(amount), "R1", **more)}


def test_a_registered_poor_stay_with_all_payers() -> None:
    result = settle({**POOR, "sums": {"in_scope": "10000", "full_self_pay": "120", "pre_self_pay": "80"}})
    assert [(str(s.payer), s.amount.text, str(s.authority)) for s in result.shares] == [
        ("basic", "8075.00", "expected"),
        ("critical-illness", "0.00", "expected"),
        ("medical-aid", "1347.50", "expected"),
        ("patient", "777.50", "expected"),
    ]
    assert result.patient.relieved == Y("-1347.50")
    assert not result.complete
    assert all(step.because.cite and step.because.zh and step.because.en for step in result.steps)


def test_an_answer_replaces_our_expectation_and_carries_into_the_next_base() -> None:
    facts = {**POOR, "sums": {"in_scope": "10000"}}
    result = settle(facts, answers=answer(Payer.BASIC, "8000.00", amounts=(("deductible", Y("600")),)))
    basic = result.shares[0]
    assert (basic.amount, basic.expected, basic.variance) == (Y("8000"), Y("8075"), Y("-75"))
    assert (basic.authority, basic.reference) == (Authority.PAYER, "R1")
    assert result.share_of(Payer.MEDICAL_AID) == Y("1400.00")
    assert result.patient.deductible == Y("600")
    assert {a.name: a.amount for a in result.accruals}["basic.deductible"] == Y("600")
    assert {a.name: a.amount for a in result.accruals}["basic.paid"] == Y("8000")
    assert "payer-answer" in [step.name for step in result.steps]


def test_a_settlement_is_complete_when_everybody_has_answered_or_the_adapter_decides() -> None:
    facts = {**POOR, "sums": {"in_scope": "10000"}}
    answers = answer(Payer.BASIC, "8075") | answer(Payer.CRITICAL_ILLNESS, "0")
    assert not settle(facts, answers=answers).complete
    ours = settle(facts, answers=answers, authorities={Payer.MEDICAL_AID: Authority.ADAPTER})
    assert ours.complete
    assert ours.shares[2].authority is Authority.ADAPTER
    assert ours.shares[-1].authority is Authority.ADAPTER
    seen = settle(facts, answers=answers, authorities={Payer.BASIC: Authority.OBSERVED})
    assert seen.shares[0].authority is Authority.OBSERVED
    assert seen.shares[1].authority is Authority.PAYER


def test_the_payers_own_line_split_wins_while_our_expectation_stays_ours() -> None:
    facts = {
        **POOR,
        "lines": [{"id": "x", "amount": "1000", "class": "A"}, {"id": "y", "amount": "9000", "class": "A"}],
    }
    theirs = (("x", LineSplit(full_self_pay=Y("1000"), basis=SplitBasis.PAYER)),)
    result = settle(facts, answers=answer(Payer.BASIC, "7225", lines=theirs))
    assert dict(result.splits)["x"].basis is SplitBasis.PAYER
    assert result.shares[0].expected == Y("8075")
    assert result.patient.full_self_pay == Y("1000")
    assert result.share_of(Payer.MEDICAL_AID) == Y("1242.50")  # (9000 − 7225) × 70%


def test_lines_that_a_payer_split_otherwise_are_kept_with_what_ours_was() -> None:
    facts = {**POOR, "lines": [{"id": name, "amount": "5000", "class": "A"} for name in ("x", "y")]}
    theirs = LineSplit(pre_self_pay=Y("500"), in_scope=Y("4500"), basis=SplitBasis.PAYER)
    same = LineSplit(in_scope=Y("5000"), basis=SplitBasis.PAYER)
    said = answer(Payer.BASIC, "7650", lines=(("x", theirs), ("y", same)), line_terms=(("x", "B"), ("y", "A")))
    result = settle(facts, answers=said)
    assert result.line_differences == (LineDifference(Payer.BASIC, "x", LineSplit(in_scope=Y("5000")), "B"),)
    assert dict(result.splits) == {"x": theirs, "y": same}
    shown: Any = as_json(result)["splits"]
    assert (shown["x"]["expected"]["in_scope"], shown["x"]["terms"]) == ("5000.00", "B")
    assert "expected" not in shown["y"]
    assert settle(facts, answers=answer(Payer.BASIC, "7650")).line_differences == ()


def test_the_header_counts_where_it_makes_the_stay_pay_first_what_no_line_does() -> None:
    facts = {**POOR, "lines": [{"id": "x", "amount": "10000", "class": "A"}]}
    lines = (("x", LineSplit(in_scope=Y("10000"), basis=SplitBasis.PAYER)),)
    header = (("eligible", Y("9000")), ("pre-self-pay", Y("1000")))
    result = settle(facts, answers=answer(Payer.BASIC, "7225", lines=lines, amounts=header))
    assert result.share_of(Payer.MEDICAL_AID) == Y("1242.50")  # (9000 − 7225) × 70%
    assert (result.patient.pre_self_pay, codes(result)) == (Y("1000"), [])


def test_what_was_not_used_of_an_answer_is_said() -> None:
    doubt = Issue("DEL-646", Severity.WARNING, "k", "明细", "lines")
    result = settle({**POOR, "sums": {"in_scope": "10000"}}, answers=answer(Payer.BASIC, "8075", doubts=(doubt,)))
    assert doubt in result.issues


def test_a_line_split_that_does_not_add_up_is_refused() -> None:
    facts = {"lines": [{"id": "x", "amount": "1000", "class": "A"}]}
    wrong = answer(Payer.BASIC, "1", lines=(("x", LineSplit(in_scope=Y("999"))), ("z", LineSplit(in_scope=Y("1")))))
    assert refused(facts, answers=wrong) == ["SET-304", "SET-304"]


def test_header_figures_serve_where_they_add_up_and_are_reported_where_not() -> None:
    facts = {**POOR, "sums": {"in_scope": "10000"}}
    whole = (("eligible", Y("9000")), ("full-self-pay", Y("1000")))
    result = settle(facts, answers=answer(Payer.BASIC, "7225", amounts=whole))
    assert result.share_of(Payer.MEDICAL_AID) == Y("1242.50")
    assert codes(result) == []
    partly = settle(facts, answers=answer(Payer.BASIC, "7225", amounts=(("eligible", Y("9000")),)))
    assert codes(partly) == ["SET-320"]
    assert partly.share_of(Payer.MEDICAL_AID) == Y("1942.50")


def test_later_payers_eligible_figures_are_their_own() -> None:
    """A critical-illness answer's ``eligible`` is what is above its deductible, not the policy range."""
    facts = {**POOR, "sums": {"in_scope": "10000"}}
    answers = answer(Payer.BASIC, "8075") | answer(Payer.CRITICAL_ILLNESS, "0", amounts=(("eligible", ZERO),))
    assert codes(settle(facts, answers=answers)) == []


@pytest.mark.parametrize("amount", ["-0.01", "10000.01"])
def test_an_answer_outside_the_bill_is_refused(amount: str) -> None:
    assert refused({"sums": {"in_scope": "10000"}}, answers=answer(Payer.BASIC, amount)) == ["SET-302"]


def test_two_answers_that_together_exceed_the_bill_are_refused() -> None:
    answers = answer(Payer.BASIC, "6000") | answer(Payer.MEDICAL_AID, "4000.01")
    assert refused({"sums": {"in_scope": "10000"}}, answers=answers) == ["SET-302"]


def test_an_answer_from_a_payer_outside_the_scheme_holds_the_case() -> None:
    assert refused({"sums": {"in_scope": "10000"}}, answers=answer(Payer.COMMERCIAL, "1")) == ["SET-305"]


@pytest.mark.rule("T-03")
def test_two_payers_of_the_same_amount_are_both_counted() -> None:
    """A real HIS summed payers through a set and lost one of two equal amounts."""
    answers = answer(Payer.BASIC, "300") | answer(Payer.CRITICAL_ILLNESS, "300") | answer(Payer.MEDICAL_AID, "300")
    assert settle({"sums": {"in_scope": "1000"}}, answers=answers).patient_pays == Y("100")


@pytest.mark.rule("T-17")
def test_a_third_partys_part_is_taken_out_first_and_listed() -> None:
    result = settle({"sums": {"in_scope": "10000", "full_self_pay": "1000"}, "third_party": "4000"})
    assert (result.shares[0].payer, result.shares[0].amount) == (Payer.THIRD_PARTY, Y("4000"))
    assert result.share_of(Payer.BASIC) == Y("4125.00")  # (10000 − 4000 − 500) × 75%
    assert result.patient.total == result.patient_pays == Y("2875.00")
    everything = settle({"sums": {"in_scope": "900", "full_self_pay": "100"}, "third_party": "1000"})
    assert everything.share_of(Payer.BASIC) == ZERO == everything.patient_pays
    assert refused({"sums": {"in_scope": "10"}, "third_party": "10.01"}) == ["SET-306"]
    assert refused({"sums": {"in_scope": "10"}, "third_party": "-1"}) == ["SET-306"]


def test_a_bill_of_nothing_and_a_bill_of_refunds() -> None:
    nothing = settle({"lines": []})
    assert nothing.total == ZERO and nothing.patient_pays == ZERO
    assert nothing.accruals == ()
    back = settle({"lines": [{"amount": "-50", "quantity": "-1", "class": "A"}]})
    assert back.patient_pays == Y("-50")
    assert back.share_of(Payer.BASIC) == ZERO
    assert back.patient.total == back.patient_pays


def test_refunds_after_settlement_give_a_smaller_bill_of_their_own_version() -> None:
    charge = {"id": "a", "amount": "3000", "class": "A", "quantity": "3"}
    refund = {"id": "b", "amount": "-1000", "class": "A", "quantity": "-1", "reverses": "a"}
    before, after = settle({"lines": [charge]}), settle({"lines": [charge, refund]})
    assert (before.share_of(Payer.BASIC), after.share_of(Payer.BASIC)) == (Y("1875"), Y("1125"))


NOT_MODELLED: dict[str, Any] = {"policy": "place/commercial", "payer": "commercial", "not_modelled": "true"}
AFTER: dict[str, Any] = {
    "policy": "place/aid",
    "payer": "medical-aid",
    "steps": ["in_scope_left", "ratio"],
    "parameters": {"ratio": {"value": "0.50", "cite": "X"}},
}
BEFORE: dict[str, Any] = {
    "policy": "place/basic",
    "payer": "basic",
    "steps": ["in_scope", "ratio"],
    "parameters": {"ratio": {"value": "0.80", "cite": "X"}},
}


def test_a_layer_nobody_published_is_never_zero() -> None:
    layers = layers_from([BEFORE, NOT_MODELLED, AFTER])
    result = settle({"sums": {"in_scope": "1000"}}, layers=layers)
    assert result.not_modelled == (Payer.COMMERCIAL,)
    assert codes(result) == ["SET-312", "SET-313"]
    assert result.share_of(Payer.BASIC) == Y("800")
    assert result.shares[1].expected is None
    assert result.shares[2].expected is None, "what depends on it is not computed either"
    assert not result.complete
    everyone = {
        Payer.BASIC: Authority.ADAPTER,
        Payer.COMMERCIAL: Authority.ADAPTER,
        Payer.MEDICAL_AID: Authority.ADAPTER,
    }
    assert not settle({"sums": {"in_scope": "1000"}}, layers=layers, authorities=everyone).complete


def test_its_answer_opens_the_way_for_the_layers_behind_it() -> None:
    layers = layers_from([BEFORE, NOT_MODELLED, AFTER])
    result = settle({"sums": {"in_scope": "1000"}}, layers=layers, answers=answer(Payer.COMMERCIAL, "100"))
    assert (result.not_modelled, codes(result)) == ((), [])
    assert result.share_of(Payer.MEDICAL_AID) == Y("50")


def test_what_a_payer_bears_outside_the_range_does_not_lower_the_next_base() -> None:
    parts = {"value": [{"name": "outside", "base": "outside", "ratio": "0.5"}], "cite": "X"}
    commercial = {"policy": "p/c", "payer": "commercial", "steps": ["commercial_parts"], "parameters": {"parts": parts}}
    layers = layers_from([BEFORE, commercial, AFTER])
    result = settle({"sums": {"in_scope": "1000", "full_self_pay": "400"}}, layers=layers)
    assert result.share_of(Payer.COMMERCIAL) == Y("200")
    assert result.share_of(Payer.MEDICAL_AID) == Y("100")  # (1000 − 800) × 50%


def test_percentage_first_and_points_off_are_two_different_things() -> None:
    first = {**BEFORE, "steps": ["in_scope", "first_share", "ratio"]}
    first["parameters"] = {**BEFORE["parameters"], "first_share": {"value": "0.10", "cite": "S42"}}
    points = {**BEFORE, "parameters": {**BEFORE["parameters"], "referral_points": {"value": "-0.10", "cite": "S45"}}}
    slices = settle({"sums": {"in_scope": "1000"}}, layers=layers_from([first, AFTER]))
    assert slices.share_of(Payer.BASIC) == Y("720")
    assert slices.patient.pre_self_pay == Y("100")
    assert slices.share_of(Payer.MEDICAL_AID) == Y("90")  # the slice left the policy range
    off = settle({"sums": {"in_scope": "1000"}}, layers=layers_from([points, AFTER]))
    assert off.share_of(Payer.BASIC) == Y("700")
    assert off.share_of(Payer.MEDICAL_AID) == Y("150")


@pytest.mark.rule("Q-01")
def test_plus_ten_as_points_or_as_factor() -> None:
    tilt = {"value": "0.10", "cite": "S17"}
    points = {**BEFORE, "parameters": {**BEFORE["parameters"], "tilt": tilt}}
    factor = {**points, "parameters": {**points["parameters"], "tilt_kind": {"value": "factor", "cite": "Q-01"}}}
    facts = {"sums": {"in_scope": "1000"}}
    assert settle(facts, layers=layers_from([points])).share_of(Payer.BASIC) == Y("900")
    assert settle(facts, layers=layers_from([factor])).share_of(Payer.BASIC) == Y("880")
    full = {**points, "parameters": {**points["parameters"], "ratio": {"value": "0.95", "cite": "X"}}}
    assert settle(facts, layers=layers_from([full])).share_of(Payer.BASIC) == Y("1000"), "never above the whole"


def test_an_uninsured_person_gets_nothing_from_basic_insurance_and_no_admission_is_counted() -> None:
    result = settle({"person": {"insurance": "none"}, "sums": {"in_scope": "1000"}})
    assert result.share_of(Payer.BASIC) == ZERO
    assert result.accruals == ()
    assert result.patient_pays == Y("1000")


def test_the_year_of_the_accumulators_is_the_year_of_settlement() -> None:
    assert refused({"sums": {"in_scope": "1"}}, accrued=YearToDate(2020)) == ["SET-315"]


def test_a_day_without_rules_is_not_a_zero() -> None:
    for day in ("2019-12-31", "2026-01-01"):
        with pytest.raises(PolicyNotInForce) as error:
            settle({"settled_on": day, "sums": {"in_scope": "1"}})
        assert {issue.code for issue in error.value.issues} == {"POL-201"}


def test_plans_that_no_calculation_understands_are_refused() -> None:
    unknown = {**BEFORE, "steps": ["in_scope", "magic"]}
    assert refused({"sums": {"in_scope": "1"}}, layers=layers_from([unknown])) == ["SET-307"]
    assert refused({"sums": {"in_scope": "1"}}, layers=layers_from([BEFORE, BEFORE])) == ["SET-308"]


@pytest.mark.parametrize(
    "parameters",
    [
        {"deductible": "500", "deductible_later": [{"factor": "0.5"}]},
        {"deductible": "500", "deductible_later": [{"from": "1"}]},
        {"deductible": "500", "deductible_later": [{"from": "1", "amount": "much"}]},
        {"deductible_share": {"min": "100"}},
    ],
)
def test_a_malformed_row_of_a_plan_is_an_issue(parameters: dict[str, Any]) -> None:
    cited = {name: {"value": value, "cite": "X"} for name, value in parameters.items()}
    layer = {**BEFORE, "steps": ["in_scope", "deductible", "ratio"], "parameters": {**BEFORE["parameters"], **cited}}
    assert refused({"sums": {"in_scope": "1"}}, layers=layers_from([layer])) == ["POL-204"]


@pytest.mark.parametrize("share", ["2", "-0.5"])
def test_a_plan_that_pays_more_than_the_bill_or_less_than_nothing_is_refused(share: str) -> None:
    waiver = {"policy": "p/h", "payer": "hospital", "steps": ["waiver"]}
    layers = layers_from([{**waiver, "parameters": {"waiver_share_of_left": {"value": share, "cite": "X"}}}])
    assert refused({"sums": {"in_scope": "10"}}, layers=layers) == ["SET-301"]


@pytest.mark.rule("T-13")
def test_the_hospitals_waivers_add_up_within_what_is_left() -> None:
    rules = {"waiver_share_of_outside": "0.05", "waiver_share_of_left": "0.50", "waiver_above_share": "0.10"}
    cited = {name: {"value": value, "cite": "X"} for name, value in rules.items()}
    layers = layers_from([{"policy": "p/h", "payer": "hospital", "steps": ["waiver"], "parameters": cited}, AFTER])
    result = settle({"sums": {"in_scope": "1000", "full_self_pay": "200"}}, layers=layers)
    parts = [step.amount.text for step in result.steps if step.name == "waiver-part"]
    assert parts == ["10.00", "595.00", "475.00"]  # 200 × 5%, 1190 × 50%, what is above 120
    assert result.share_of(Payer.HOSPITAL) == Y("1080")
    assert result.patient.relieved == -Y("1080")


def test_a_sheet_prints_what_is_wrong_with_it() -> None:
    parts = LineSplit(full_self_pay=Y("10"), in_scope=Y("80"))
    sheet = Sheet(
        Y("100"), [("a", Y("60")), ("b", Y("-1"))], parts=parts, deposit=Y("50"), cash=Y("40"), refund=Y("10")
    )
    assert [issue.code for issue in check_sheet(sheet)] == ["SET-319", "SET-318", "SET-318", "SET-318"]
    assert check_sheet(Sheet(Y("-100"), [("a", Y("-60"))], patient=Y("-40"))) == ()
    assert [issue.code for issue in check_sheet(Sheet(Y("-100"), [("a", Y("60"))]))] == ["SET-319", "SET-319"]


def test_accruals_belong_to_their_year() -> None:
    result = settle({"sums": {"in_scope": "1000"}})
    with pytest.raises(ValueError, match="2021"):
        advanced(YearToDate(2022), result.accruals)


def test_a_line_without_catalogue_row_holds_the_case_or_uses_the_his_estimate() -> None:
    read = read_facts({"settled_on": "2021-06-30", "lines": [{"id": "a", "amount": "100", "class": "A"}]})
    bare = replace(read.claim.lines[0], item=None)
    claim = replace(read.claim, lines=(bare,))
    with pytest.raises(AdapterError) as error:
        adjudicate(claim, read.accrued, composite(), scheme=SCHEME, test_profile=True)
    assert [issue.code for issue in error.value.issues] == ["SET-303"]
    estimate = LineSplit(pre_self_pay=Y("10"), in_scope=Y("90"), basis=SplitBasis.HIS)
    claim = replace(read.claim, lines=(replace(bare, his_split=estimate),))
    result = adjudicate(claim, read.accrued, composite(), scheme=SCHEME, test_profile=True)
    assert codes(result) == ["SET-316"]
    assert dict(result.splits)["a"] == estimate
    refund = replace(bare, id="b", amount=Y("-100"), reverses="a")
    claim = replace(read.claim, lines=(replace(bare, his_split=estimate), refund))
    result = adjudicate(claim, read.accrued, composite(), scheme=SCHEME, test_profile=True)
    assert all(share.amount == ZERO for share in result.shares)


def test_explained_rows_and_json_carry_formula_article_and_tag() -> None:
    result = settle({**POOR, "sums": {"in_scope": "10000", "full_self_pay": "10"}})
    by_kind = {kind: [row for row in rows(result) if row.kind == kind] for kind in ("step", "share", "part")}
    assert all(row.cite and row.formula_zh and row.formula_en for row in by_kind["step"])
    assert Money.total(row.amount for row in by_kind["share"]) == result.total
    assert Money.total(row.amount for row in by_kind["part"]) == result.patient_pays
    plain = as_json(result)
    assert plain["tag"] == TEST_PROFILE_TAG
    assert plain["patient_pays"] == result.patient_pays.text
    ratio = next(row for row in by_kind["step"] if row.payer is Payer.BASIC and row.zh == "按比例支付")
    assert ratio.formula_zh == "9,500.00 × 0.85 (0.75 + 0.10) = 8,075.00"
    assert "S18" in ratio.cite and "S17" in ratio.cite
