"""The fixture export, read, mapped and adjudicated, against the figures worked out by hand; and who may pay later."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from adapter.fhir.facts import claim_facts
from adapter.fhir.validation import validate
from adapter.intake.mapping import MappedStay, compile_mapping, load_mapping
from adapter.intake.readers import stage
from adapter.intake.reference import load_reference, load_window
from adapter.model.claim import Claim, YearToDate
from adapter.model.issues import Issue, stopping
from adapter.model.money import Money
from adapter.model.settlement import Payer
from adapter.rules.policy.load import load_book
from adapter.rules.settlement.adjudicate import adjudicate
from bench.synthetic.story import read_story
from tests.tables.decimal_oracle import FIXTURES, REFERENCE

HOME = FIXTURES / "his/bsoft_phis/qingshi_county"
BY_HAND = read_story(HOME / "expected_by_hand.yaml")
MAPPINGS = FIXTURES.parent / "mappings"
SOURCE = "qingshi_county"


@pytest.fixture(scope="module")
def mapped() -> dict[str, MappedStay]:
    mapping = load_mapping(MAPPINGS, SOURCE)
    mapper = compile_mapping(mapping)
    with stage([HOME / "export"], mapping.shape, SOURCE) as staged:
        return {records.stay_key: mapper.map(records) for records in staged.stays()}


def claim_of(stay: MappedStay) -> tuple[Claim | None, list[Issue]]:
    window = load_window(REFERENCE / "window.yaml").get(stay.stay_key)
    book = load_reference(REFERENCE)
    return claim_facts(stay.resources, case_id=stay.stay_key, version=1, reference=book, window=window)


@pytest.mark.parametrize("key", sorted(BY_HAND))
def test_settlement_equals_the_hand_figures(key: str, mapped: Mapping[str, MappedStay]) -> None:
    expected: Any = BY_HAND[key]
    assert not stopping([*mapped[key].issues, *validate(mapped[key].resources)])
    claim, issues = claim_of(mapped[key])
    assert claim is not None, issues
    assert str(claim.stay.settled_on) == expected["settled_on"]
    assert len(claim.lines) == int(expected["lines"])
    book = load_book(MAPPINGS)
    scheme = book.scheme_for(SOURCE, claim.stay.admitted.date())
    before = tuple((name, Money.yuan(amount)) for name, amount in expected["before"].items())
    settlement = adjudicate(
        claim,
        YearToDate(claim.stay.settled_on.year, before),
        book.layers(scheme),
        scheme=scheme.name,
        test_profile=scheme.test_profile,
    )
    parts = settlement.patient
    assert {
        "scheme": scheme.name,
        "total": settlement.total.text,
        "full_self_pay": parts.full_self_pay.text,
        "over_limit": parts.over_limit.text,
        "pre_self_pay": parts.pre_self_pay.text,
        "deductible": parts.deductible.text,
        "basic": settlement.share_of(Payer.BASIC).text,
        "critical_illness": settlement.share_of(Payer.CRITICAL_ILLNESS).text,
        "medical_aid": settlement.share_of(Payer.MEDICAL_AID).text,
        "patient": settlement.patient_pays.text,
    } == {
        "scheme": expected["scheme"],
        "total": expected["total"],
        "full_self_pay": expected["split"]["full_self_pay"],
        "over_limit": expected["split"]["over_limit"],
        "pre_self_pay": expected["split"]["pre_self_pay"],
        "deductible": expected["basic"]["deductible"],
        "basic": expected["basic"]["paid"],
        "critical_illness": expected["critical_illness"]["paid"],
        "medical_aid": expected["medical_aid"]["paid"],
        "patient": expected["patient"],
    }
    assert settlement.test_profile


@pytest.mark.parametrize(
    ("key", "code"),
    [("300010013", "REF-152"), ("300010016", "REF-157"), ("300010017", "REF-157"), ("300010018", "MAP-109")],
)
def test_stays_that_cannot_be_settled_say_why(key: str, code: str, mapped: Mapping[str, MappedStay]) -> None:
    """Unknown item; still in hospital; cancelled; newborn's lines on the mother's stay."""
    _, issues = claim_of(mapped[key])
    assert code in {issue.code for issue in stopping([*mapped[key].issues, *issues])}


def test_observed_settlement_is_read(mapped: Mapping[str, MappedStay]) -> None:
    """The HIS's own settlement of 300010014 agrees with its lines and with the hand figures."""
    assert [key for key, stay in mapped.items() if stay.observed] == ["300010014"]
