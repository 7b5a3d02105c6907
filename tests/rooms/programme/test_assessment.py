"""What must hold for every assessment, whatever the facts."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from datetime import date
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.model.case import DepositState, EntitlementState
from adapter.model.money import Money
from adapter.model.reference import Cause, DocumentFact, DocumentKind
from adapter.model.settlement import Payer
from adapter.rules.programme import AdmissionFacts, Assessment, CreditState, Decision, Met, assess, check_deposit
from adapter.rules.programme.reasons import RANK
from tests.support.programme import NAMES, PROGRAMMES, answer, facts
from tests.support.programme import settings as filled

TRISTATE = st.sampled_from([True, False, None])
DOCUMENTS = st.builds(
    DocumentFact,
    kind=st.sampled_from(list(DocumentKind)),
    original=st.booleans(),
    issuer=st.sampled_from([None, "示例村民委员会"]),
    confirmed_by=st.sampled_from([None, "示例镇人民政府"]),
    year=st.sampled_from([None, 2020, 2022, 2023]),
)


@st.composite
def stays(draw: st.DrawFn) -> tuple[str, AdmissionFacts]:
    """A stay of either programme with any of its facts changed or unknown."""
    name = draw(st.sampled_from(NAMES))
    base = facts(name)
    assert base.window is not None and base.person is not None
    window = replace(
        base.window,
        cause=draw(st.sampled_from([None, *Cause])),
        emergency=draw(TRISTATE),
        emergency_decided_by=draw(st.sampled_from([None, "D001"])),
        third_party=draw(TRISTATE),
        third_party_amount=draw(st.sampled_from([None, Money.yuan("100.00")])),
        documents=tuple(draw(st.lists(DOCUMENTS, max_size=6))),
        verifier=draw(st.sampled_from([None, "W007"])),
    )
    person = draw(st.sampled_from([None, base.person, replace(base.person, insured_area=None)]))
    stay = replace(
        base,
        person=person,
        registers=draw(st.sampled_from([None, (), base.registers])),
        insurance_period=draw(st.sampled_from([None, base.insurance_period])),
        facility=draw(st.sampled_from([None, base.facility])),
        window=draw(st.sampled_from([window, window, window, None])),
        credit=draw(st.sampled_from([None, *CreditState])),
        other_causes=draw(st.frozensets(st.sampled_from(list(Cause)), max_size=2)),
        decision=draw(st.sampled_from([None, Decision("D002", True), Decision("D002", False)])),
    )
    return name, stay


def judged(name: str, stay: AdmissionFacts) -> Assessment:
    return assess(stay, PROGRAMMES[name], stay.admitted, filled(name))


def values(thing: object) -> list[object]:
    """Everything inside a value, down to the leaves."""
    if is_dataclass(thing):
        return [leaf for each in fields(thing) for leaf in values(getattr(thing, each.name))]
    if isinstance(thing, tuple | list | frozenset):
        return [leaf for each in thing for leaf in values(each)]
    return [thing]


@given(stays())
@settings(deadline=None, max_examples=200)
def test_every_reason_says_why_in_both_languages_with_its_article(case: tuple[str, AdmissionFacts]) -> None:
    found = judged(*case)
    for reason in found.reasons:
        assert reason.zh and reason.en and reason.cite and reason.rule
        assert bool(reason.todo_zh) == bool(reason.todo_en)
        assert reason.met is not Met.MET or reason.effect is EntitlementState.GRANTED
        if reason.met is Met.UNKNOWN and reason.effect is not EntitlementState.GRANTED:
            assert reason.todo_zh, f"{reason.code} is unknown and nobody is told what to do"
    assert found.deposit.zh and found.deposit.en and found.deposit.cite
    codes = [reason.code for reason in found.reasons]
    assert len(codes) == len(set(codes))


@given(stays())
@settings(deadline=None, max_examples=200)
def test_the_state_is_the_worst_of_its_reasons_and_gives_the_deposit(case: tuple[str, AdmissionFacts]) -> None:
    found = judged(*case)
    assert found.state is max((reason.effect for reason in found.reasons), key=RANK.index)
    refused = found.state is EntitlementState.REFUSED
    assert found.deposit.state is (DepositState.REQUIRED if refused else DepositState.NOT_ALLOWED)
    assert check_deposit(found, Money.yuan("500.00")).allowed is refused


@given(stays())
@settings(deadline=None, max_examples=200)
def test_an_assessment_names_no_payer_and_nobody(case: tuple[str, AdmissionFacts]) -> None:
    """Refused takes the deferral away, never a payer; and no person's key or staff id is in its words."""
    found = judged(*case)
    leaves = values(found)
    assert not any(isinstance(leaf, Payer) for leaf in leaves)
    texts = [leaf for leaf in leaves if isinstance(leaf, str)]
    assert not any(word in text for text in texts for word in ("99999 ", "W007", "D001", "D002"))


@given(stays(), st.sampled_from(list(DocumentKind)))
@settings(deadline=None, max_examples=200)
def test_a_further_paper_never_makes_it_worse(case: tuple[str, AdmissionFacts], kind: DocumentKind) -> None:
    name, stay = case
    if stay.window is None:
        return
    paper = DocumentFact(kind, True, "示例村民委员会", "示例镇人民政府", stay.admitted.year)
    more = replace(stay, window=replace(stay.window, documents=(*stay.window.documents, paper)))
    before, after = judged(name, stay).state, judged(name, more).state
    assert RANK.index(after) <= RANK.index(before)


@given(stays())
@settings(deadline=None, max_examples=200)
def test_an_emergency_never_makes_it_worse_than_no_emergency(case: tuple[str, AdmissionFacts]) -> None:
    name, stay = case
    if stay.window is None:
        return
    yes = replace(stay, window=replace(stay.window, emergency=True, emergency_decided_by="D001"))
    no = replace(stay, window=replace(stay.window, emergency=False))
    assert RANK.index(judged(name, yes).state) <= RANK.index(judged(name, no).state)


@given(stays())
@settings(deadline=None, max_examples=100)
def test_what_would_change_the_answer_is_true(case: tuple[str, AdmissionFacts]) -> None:
    """Each change names a reason in the way (or the open emergency), and never promises something worse."""
    found = judged(*case)
    against = {reason.code for reason in found.against} | {"emergency"}
    for change in found.changes:
        assert change.reason in against and change.zh and change.en and change.cite
        assert RANK.index(change.then) <= RANK.index(found.state)


@pytest.mark.rule("A-05")
@pytest.mark.parametrize("cause", list(Cause))
@pytest.mark.parametrize("emergency", [True, False])
@pytest.mark.parametrize("third_party", [True, False])
def test_the_accident_clause_wants_all_three(cause: Cause, emergency: bool, third_party: bool) -> None:
    """(traffic or accident) AND not an emergency AND a liable third party; anything less is no exclusion."""
    words = {True: "yes", False: "no"}
    given_ = {"cause": cause, "emergency": words[emergency], "doctor": "D001", "third_party": words[third_party]}
    found = answer("county-plan-2021", given_)
    excluded = cause in (Cause.TRAFFIC_ACCIDENT, Cause.ACCIDENTAL_INJURY) and not emergency and third_party
    reason = next(reason for reason in found.reasons if reason.code == "accident")
    assert (reason.effect is EntitlementState.REFUSED) is excluded


@pytest.mark.rule("X-06")
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("cause", [Cause.TRAFFIC_ACCIDENT, Cause.ACCIDENTAL_INJURY, Cause.MEDICAL_ACCIDENT])
def test_a_pending_third_party_never_denies(name: str, cause: Cause) -> None:
    found = answer(name, {"cause": cause, "third_party": "none"})
    assert found.state in (EntitlementState.GRANTED, EntitlementState.PROVISIONAL)
    assert found.state is EntitlementState.GRANTED or any(issue.code == "PRG-222" for issue in found.issues)


@pytest.mark.rule("A-09")
def test_every_missing_paper_refuses_on_its_own() -> None:
    """Whatever set of papers is missing, the answer lists exactly those."""
    kinds = ("insurance-card", "id-card", "household-book")
    for count in range(1, 4):
        for missing in combinations(kinds, count):
            found = answer("county-plan-2021", {"without": list(missing)})
            assert [reason.code for reason in found.against] == [f"document:{kind}" for kind in missing]
            assert found.state is EntitlementState.REFUSED


@pytest.mark.rule("B-01")
def test_a_later_assessment_stands_beside_the_earlier_one() -> None:
    """Each carries its day, the programme and the version of its text."""
    first = answer("yongzhou-2017-67", {"without": ["id-card"]})
    second = answer("yongzhou-2017-67", on="2020-03-05")
    assert (first.on, second.on) == (date(2020, 3, 2), date(2020, 3, 5))
    assert first.version == second.version == PROGRAMMES["yongzhou-2017-67"].version
    assert (first.state, second.state) == (EntitlementState.REFUSED, EntitlementState.GRANTED)


def test_unknown_facts_are_issues_that_hold_nobody() -> None:
    found: Any = answer("yongzhou-2017-67", {"registers": "none", "other_causes": [Cause.FIGHTING]})
    assert {issue.code for issue in found.issues} == {"PRG-220", "PRG-221"}
    assert not any(issue.stops for issue in found.issues)
    assert [reason.code for reason in found.missing] == ["register", "cause"]
