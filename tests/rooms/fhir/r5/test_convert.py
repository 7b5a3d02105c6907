"""R4 ↔ R5: everything that we write, and any resource at all, says the same in both, and comes back as it was."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from fhir.resources import get_fhir_model_class
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.fhir.canonical import canonical, decode, encode
from adapter.fhir.r5.convert import to_r4, to_r5
from adapter.fhir.r5.derived import DERIVED
from adapter.fhir.r5.losses import Loss, Why, told
from adapter.fhir.r5.tables import CODES, CODES_BACK, RENAMED, SPOKEN
from adapter.fhir.schema.compiled import definition, fits, problems
from adapter.fhir.written import from_xml
from adapter.fhir.xml_out import xml_of
from adapter.model.issues import AdapterError
from tests.conformance.strangers import expected_outputs
from tests.support.any_fhir import any_resource

Json = dict[str, Any]

GOLDENS = [*expected_outputs(), *sorted(Path("fixtures/package").glob("*.json"))]

#: Of Bundle and ConceptMap R5 demands more than any R4 one says (a self link, a code for each element).
WHOLE = tuple(kind for kind in SPOKEN if kind not in ("Bundle", "ConceptMap"))


def unsaid(losses: tuple[Loss, ...]) -> set[str]:
    """Elements that nothing carries."""
    return {loss.element for loss in losses if loss.carried is None}


@pytest.mark.parametrize("path", GOLDENS, ids=lambda path: path.stem)
def test_what_we_write_is_whole_r5_and_comes_back(path: Path) -> None:
    four = decode(path.read_bytes())
    five, losses = to_r5(four)
    for each in (five, *(entry["resource"] for entry in five.get("entry", ()) if "resource" in entry)):
        assert problems(each["resourceType"], each, each["resourceType"], "R5") == []
        get_fhir_model_class(each["resourceType"]).model_validate_json(encode(each))
    assert canonical(to_r4(five)[0]) == canonical(four)
    assert unsaid(losses) == set()


def test_the_converter_leaves_what_it_is_given_alone() -> None:
    four = decode(GOLDENS[0].read_bytes())
    before = canonical(four)
    to_r4(to_r5(four)[0])
    assert canonical(four) == before


@given(kind=st.sampled_from(WHOLE), seed=st.integers(0, 1 << 30))
@settings(deadline=None, max_examples=80)
def test_any_r4_comes_back_but_for_what_the_report_names(kind: str, seed: int) -> None:
    four = any_resource(kind, seed)
    if four is None:
        return
    five, losses = to_r5(four)
    missing = [loss for loss in losses if loss.carried is None]
    assert {loss.why for loss in missing} <= {Why.NEEDED, Why.GONE}
    if not missing:
        assert problems(kind, five, kind, "R5") == []
    if not [loss for loss in missing if loss.why is not Why.NEEDED]:
        assert canonical(to_r4(five)[0]) == canonical(four)


@given(kind=st.sampled_from(WHOLE), seed=st.integers(0, 1 << 30))
@settings(deadline=None, max_examples=80)
def test_any_r5_comes_back_but_for_what_the_report_names(kind: str, seed: int) -> None:
    five = any_resource(kind, seed, "R5")
    if five is None:
        return
    four, losses = to_r4(five)
    if not [loss for loss in losses if loss.carried is None]:
        assert problems(kind, four, kind) == []
    if not [loss for loss in losses if loss.carried is None and loss.why is not Why.NEEDED]:
        assert canonical(to_r5(four)[0]) == canonical(five)


@given(kind=st.sampled_from(SPOKEN), seed=st.integers(0, 1 << 30), version=st.sampled_from(("R4", "R5")))
@settings(deadline=None, max_examples=80)
def test_xml_keeps_all_meaning_decimals_included(kind: str, seed: int, version: Any) -> None:
    resource = any_resource(kind, seed, version)
    if resource is not None:
        assert canonical(from_xml(xml_of(resource, version), version)) == canonical(resource)


# -- what is said differently ------------------------------------------------------------------------------------------

STAY: Json = {"resourceType": "Encounter", "status": "finished", "class": {"code": "IMP"}}
CHARGE: Json = {"resourceType": "ChargeItem", "status": "billed", "code": {"text": "x"}, "subject": {"display": "x"}}
COVER: Json = {"resourceType": "Coverage", "status": "active", "beneficiary": {"reference": "Patient/p"}}
CONSENT: Json = {"resourceType": "Consent", "status": "active", "category": [{"text": "x"}], "scope": {"text": "s"}}
MONEY: Json = {"value": Decimal("18.00"), "currency": "CNY"}
ORGANIZATION: Json = {"reference": "Organization/o"}
PAYER = "https://pay-after-care.example/fhir/CodeSystem/payer"
UNIT_PRICE = "https://pay-after-care.example/fhir/StructureDefinition/unit-price"
FOUR = "http://hl7.org/fhir/4.0/StructureDefinition/extension-"


@pytest.mark.parametrize(
    ("four", "five"),
    [
        (STAY, {"status": "completed", "class": [{"coding": [{"code": "IMP"}]}]}),
        ({**STAY, "period": {"start": "2021"}}, {"actualPeriod": {"start": "2021"}, "period": None}),
        (
            {**STAY, "status": "onleave"},
            {
                "status": "in-progress",
                "_status": {"extension": [{"url": f"{FOUR}Encounter.status", "valueCode": "onleave"}]},
            },
        ),
        (
            {**STAY, "hospitalization": {"admitSource": {"text": "a"}, "dietPreference": [{"text": "d"}]}},
            {"admission": {"admitSource": {"text": "a"}}, "dietPreference": [{"text": "d"}], "hospitalization": None},
        ),
        (
            {**STAY, "diagnosis": [{"condition": {"reference": "Condition/c"}, "use": {"text": "u"}, "rank": 1}]},
            {
                "diagnosis": [
                    {
                        "extension": [{"url": f"{FOUR}Encounter.diagnosis.rank", "valuePositiveInt": 1}],
                        "condition": [{"reference": {"reference": "Condition/c"}}],
                        "use": [{"text": "u"}],
                    }
                ]
            },
        ),
        (
            {**CHARGE, "priceOverride": MONEY, "extension": [{"url": UNIT_PRICE, "valueMoney": MONEY}]},
            {
                "totalPriceComponent": {"type": "base", "amount": MONEY},
                "unitPriceComponent": {"type": "base", "amount": MONEY},
                "extension": None,
            },
        ),
        ({**CHARGE, "context": {"reference": "Encounter/e"}}, {"encounter": {"reference": "Encounter/e"}}),
        (
            {**CHARGE, "context": {"reference": "EpisodeOfCare/e"}},
            {
                "encounter": None,
                "extension": [{"url": f"{FOUR}ChargeItem.context", "valueReference": {"reference": "EpisodeOfCare/e"}}],
            },
        ),
        ({**COVER, "payor": [ORGANIZATION]}, {"kind": "insurance", "insurer": ORGANIZATION, "payor": None}),
        (
            {**COVER, "payor": [{"reference": "Patient/p"}]},
            {"kind": "self-pay", "paymentBy": [{"party": {"reference": "Patient/p"}}], "insurer": None},
        ),
        (
            {**COVER, "payor": [ORGANIZATION], "type": {"coding": [{"system": PAYER, "code": "medical-aid"}]}},
            {"kind": "other", "insurer": ORGANIZATION},
        ),
        ({**COVER, "payor": [ORGANIZATION], "subscriberId": "T1"}, {"subscriberId": [{"value": "T1"}]}),
        (
            {**CONSENT, "provision": {"type": "permit", "code": [{"text": "c"}]}, "policyRule": {"text": "第三条"}},
            {
                "decision": "permit",
                "provision": [{"code": [{"text": "c"}]}],
                "regulatoryBasis": [{"text": "第三条"}],
                "extension": [{"url": f"{FOUR}Consent.scope", "valueCodeableConcept": {"text": "s"}}],
            },
        ),
        (
            {**CONSENT, "dateTime": "2021-03-12T11:00:00+08:00", "policyRule": {"text": "x"}},
            {
                "date": "2021-03-12",
                "_date": {
                    "extension": [{"url": f"{FOUR}Consent.dateTime", "valueDateTime": "2021-03-12T11:00:00+08:00"}]
                },
            },
        ),
    ],
)
def test_an_element_in_both_versions(four: Json, five: Json) -> None:
    assert fits(four["resourceType"], four), "the row itself is sound R4"
    said, _ = to_r5(four)
    assert {name: said.get(name) for name in five} == five
    assert canonical(to_r4(said)[0]) == canonical(four)


def test_a_loss_says_where_why_and_what_carries_it() -> None:
    _, losses = to_r5({**STAY, "classHistory": [{"class": {"code": "AMB"}, "period": {"start": "2021"}}]})
    [loss] = losses
    assert (loss.path, loss.element, loss.why) == ("Encounter.classHistory", "Encounter.classHistory", Why.GONE)
    assert loss.carried == f"{FOUR}Encounter.classHistory"
    [issue] = told(losses)
    assert (issue.code, issue.severity, issue.pointer) == ("FHIR-261", "information", "Encounter.classHistory")
    _, losses = to_r5({**STAY, "participant": [{"period": {"start": "2021"}}]})
    [issue] = told(losses)
    assert (issue.code, issue.severity, issue.pointer) == ("FHIR-262", "warning", "Encounter.participant[0].actor")


def test_an_element_that_is_none_is_told_and_not_copied() -> None:
    said, [loss] = to_r5({**STAY, "weather": "fine"})
    assert ("weather" in said, loss.why, loss.carried) == (False, Why.UNKNOWN, None)
    _, [loss] = to_r5({**STAY, "天气\r\n": "晴"})
    assert (loss.path, loss.element) == ("Encounter.?", "Encounter.?"), "it goes into a header"


def test_what_is_inside_another_resource_is_said_too() -> None:
    outer = {**CHARGE, "contained": [{**STAY, "id": "e"}, {"resourceType": "Device", "id": "d"}]}
    said, losses = to_r5(outer)
    assert [each["resourceType"] for each in said["contained"]] == ["Encounter", "Device"]
    assert said["contained"][0]["status"] == "completed"
    assert [(loss.path, loss.why) for loss in losses] == [("ChargeItem.contained[1]", Why.FOREIGN)]


@pytest.mark.parametrize("kind", ["AuditEvent", "Device", "", "<b>"])
def test_other_types_are_refused(kind: str) -> None:
    with pytest.raises(AdapterError) as refused:
        to_r5({"resourceType": kind})
    [issue] = refused.value.issues
    assert (issue.code, "<" in issue.pointer) == ("FHIR-260", False)


# -- the tables themselves ---------------------------------------------------------------------------------------------


def test_every_renamed_element_is_one_of_r4s() -> None:
    for element, new in RENAMED.items():
        parent, _, name = element.rpartition(".")
        assert name in definition(parent)["properties"], element
        assert new not in definition(parent)["properties"], f"{element}: R4 has {new} for something else"


def test_every_changed_code_is_one_of_its_list() -> None:
    for table, mine, theirs in ((CODES, "R4", "R5"), (CODES_BACK, "R5", "R4")):
        for element, codes in table.items():
            here = _codes(element, mine)
            there = _codes(_moved(element) if mine == "R4" else _back(element), theirs)
            assert codes.keys() <= here, element
            assert set(codes.values()) <= there, element
            same = here & there
            assert codes.keys() | same == here, f"{element}: a code has no way"


def _codes(element: str, version: Any) -> set[str]:
    parent, _, name = element.rpartition(".")
    reference = definition(parent, version)["properties"][name]["$ref"].rpartition("/")[2]
    return set(definition(reference, version)["enum"])


def _moved(element: str) -> str:
    return f"{element.rpartition('.')[0]}.{RENAMED[element]}" if element in RENAMED else element


def _back(element: str) -> str:
    return next((old for old in RENAMED if _moved(old) == element), element)


def test_every_derived_element_is_one_that_r5_requires() -> None:
    assert all(name in definition(kind, "R5")["required"] for kind, (name, _) in DERIVED.items())
