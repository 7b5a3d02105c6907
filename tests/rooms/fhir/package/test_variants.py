"""R5 and HL7 China: the same promises derived, in R5's words and order, kept by what we write and refused otherwise."""

from __future__ import annotations

import io
import json
import re
import tarfile
from pathlib import Path
from typing import Any

import pytest

from adapter.fhir.package.archive import packed
from adapter.fhir.package.bases import R4 as R4_BASES
from adapter.fhir.package.bases import R5 as R5_BASES
from adapter.fhir.package.contents import Package
from adapter.fhir.package.derived import of_r5, renamed
from adapter.fhir.package.hl7_china import of_hl7_china
from adapter.fhir.package.variants import HL7_CHINA, R4, R5, VARIANTS
from adapter.fhir.profiles.check import profile_findings, unchecked
from adapter.fhir.profiles.load import Profiles
from adapter.fhir.r5.convert import to_r5
from adapter.model.issues import AdapterError
from tests.conformance.promises import SEEDED, broken
from tests.support.fhir_packages import built_package

ROOT = Path(__file__).parents[4]
BUILT = {key: built_package(key) for key in VARIANTS}
PROFILES = {key: Profiles(each.definitions) for key, each in BUILT.items()}
BROKEN = {name: to_r5(resource)[0] for name, resource in broken(BUILT["r4"].examples)}

Json = dict[str, Any]


def structures(package: Package) -> dict[str, Json]:
    return {each["id"]: each for each in package.definitions if each["resourceType"] == "StructureDefinition"}


def elements(package: Package, name: str) -> dict[str, Json]:
    return {each["id"]: each for each in structures(package)[name]["snapshot"]["element"]}


@pytest.mark.parametrize(
    ("r4", "r5"),
    [
        ("Encounter.period.start", "Encounter.actualPeriod.start"),
        ("PaymentReconciliation.detail.amount", "PaymentReconciliation.allocation.amount"),
        ("ChargeItem.priceOverride", "ChargeItem.totalPriceComponent.amount"),
        ("Encounter.identifier:case.system", "Encounter.identifier:case.system"),
        ("Encounter.hospitalization:x.origin", "Encounter.admission:x.origin"),
        ("Coverage.payor", "Coverage.insurer"),
    ],
)
def test_an_element_is_found_under_its_new_name(r4: str, r5: str) -> None:
    assert renamed(r4) == r5


def test_every_profile_and_extension_is_in_every_variant() -> None:
    own = structures(BUILT["r4"]).keys()
    assert structures(BUILT["r5"]).keys() == own
    assert structures(BUILT["hl7-china"]).keys() == own | {"hl7-china-patient", "hl7-china-stay"}
    for key in ("r5", "hl7-china"):
        assert {each["fhirVersion"] for each in structures(BUILT[key]).values()} == {"5.0.0"}


def test_what_r4_asks_and_r5_leaves_free_is_asked_by_the_profile() -> None:
    claim = elements(BUILT["r5"], "payer-claim")
    assert (claim["Claim.priority"]["min"], claim["Claim.provider"]["min"]) == (1, 1)
    assert next(each for each in R5_BASES.elements("Claim") if each["id"] == "Claim.priority")["min"] == 0
    assert elements(BUILT["r5"], "payer-coverage")["Coverage.insurer"]["min"] == 1


def test_no_promise_is_lost_on_the_way() -> None:
    """Of every element that an R4 profile asks for, R5's asks too, but for the one that stands elsewhere in R5."""
    for name, profile in structures(BUILT["r4"]).items():
        there = elements(BUILT["r5"], name)
        for said in profile["differential"]["element"]:
            if said["id"] != "ChargeItem.extension:unitPrice":
                assert there[renamed(said["id"])]["min"] >= said.get("min", 0), said["id"]


def test_a_stay_of_r5() -> None:
    stay = elements(BUILT["r5"], "inpatient-stay")
    coding = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"}
    wanted = {"patternCodeableConcept": {"coding": [coding]}, "min": 1, "max": "1"}
    assert {key: stay["Encounter.class"].get(key) for key in wanted} == wanted
    assert stay["Encounter.actualPeriod.start"]["min"] == 1


def test_a_unit_price_stands_in_the_element_that_r5_has_for_it() -> None:
    line = elements(BUILT["r5"], "charge-line")
    [money] = line["ChargeItem.unitPriceComponent.amount"]["type"]
    assert money["profile"][0].endswith("/unit-price-cny")
    assert "ChargeItem.extension:unitPrice" not in line


def test_the_sum_of_the_parts_speaks_of_the_new_names() -> None:
    [rule] = [
        each
        for each in elements(BUILT["r5"], "money-received")["PaymentReconciliation"]["constraint"]
        if each["key"] == "pac-5"
    ]
    assert "allocation.exists()" in rule["expression"] and "paymentAmount" not in rule["expression"]


@pytest.mark.parametrize("key", ["r5", "hl7-china"])
def test_examples_keep_the_profiles_that_they_claim(key: str) -> None:
    found = {}
    for name, example in BUILT[key].examples.items():
        inside = [entry["resource"] for entry in example.get("entry", ())]
        found[name] = [str(issue) for each in (example, *inside) for issue in profile_findings(each, PROFILES[key])]
    assert {name: issues for name, issues in found.items() if issues} == {}


@pytest.mark.parametrize("name", SEEDED)
def test_what_is_never_written_is_refused_in_r5(name: str) -> None:
    assert list(profile_findings(BROKEN[name], PROFILES["r5"]))


@pytest.mark.parametrize("key", ["r5", "hl7-china"])
def test_nothing_is_promised_that_nobody_checks(key: str) -> None:
    trees = [PROFILES[key].named(name) for name in PROFILES[key].names]
    assert [str(issue) for tree in trees if tree is not None for issue in unchecked(tree, PROFILES[key])] == []


def test_codes_that_go_together_have_r5s_word_for_it() -> None:
    answers = [
        answer
        for each in BUILT["r5"].definitions
        if each["resourceType"] == "ConceptMap"
        for group in each["group"]
        for element in group["element"]
        for answer in element["target"]
    ]
    assert answers and {answer["relationship"] for answer in answers} == {"equivalent"}
    assert not any("equivalence" in answer for answer in answers)


@pytest.mark.parametrize(
    ("key", "name", "core", "version"),
    [
        ("r4", "example.pay-after-care", "hl7.fhir.r4.core", "4.0.1"),
        ("r5", "example.pay-after-care.r5", "hl7.fhir.r5.core", "5.0.0"),
        ("hl7-china", "example.pay-after-care.hl7-china", "hl7.fhir.r5.core", "5.0.0"),
    ],
)
def test_each_variant_is_a_package_of_its_own(key: str, name: str, core: str, version: str) -> None:
    with tarfile.open(fileobj=io.BytesIO(packed(BUILT[key])), mode="r:gz") as tar:
        file = tar.extractfile("package/package.json")
        assert file is not None
        said = json.load(file)
    assert (said["name"], said["fhirVersions"], said["dependencies"]) == (name, [version], {core: version})
    [guide] = [each for each in BUILT[key].definitions if each["resourceType"] == "ImplementationGuide"]
    assert (guide["packageId"], guide["fhirVersion"]) == (name, [version])


def test_a_guide_lists_examples_as_its_version_does() -> None:
    for key, named in (("r4", "exampleCanonical"), ("r5", "profile")):
        [guide] = [each for each in BUILT[key].definitions if each["resourceType"] == "ImplementationGuide"]
        listed = guide["definition"]["resource"]
        assert sum(named in each for each in listed) > 25
        assert all(("exampleBoolean" in each or "exampleCanonical" in each) == (key == "r4") for each in listed)


def test_a_profile_that_r5_cannot_follow_is_refused() -> None:
    profile = {
        "resourceType": "StructureDefinition",
        "id": "p",
        "url": "urn:p",
        "kind": "resource",
        "type": "Encounter",
        "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Encounter",
        "differential": {"element": [{"id": "Encounter.classHistory", "path": "Encounter.classHistory", "max": "0"}]},
    }
    with pytest.raises(AdapterError) as refused:
        of_r5([profile])
    assert refused.value.issues[0].code == "FHIR-240"


def test_hl7_chinas_identifiers_stand_in_its_variant_alone() -> None:
    text = {key: json.dumps(list(each.examples.values()), default=str) for key, each in BUILT.items()}
    for system in ("urn:oid:2.16.840.1.113883.2.23.1.19.1", "urn:oid:2.16.156.10011.1.10"):
        assert [key for key in BUILT if f'"{system}"' in text[key]] == ["hl7-china"]
    assert '"urn:oid:2.16.156.10011.1.3"' not in text["hl7-china"]


def test_whom_the_guide_cannot_name_stays_as_he_was() -> None:
    unnamed = {"resourceType": "Patient", "id": "1", "identifier": [{"system": "urn:x", "value": "1"}]}
    assert of_hl7_china(unnamed) == unnamed
    named = {**unnamed, "identifier": [{"system": "urn:oid:2.16.156.10011.1.3", "value": "999999198001010011"}]}
    assert of_hl7_china(named)["identifier"][0] == {
        "system": "urn:oid:2.16.840.1.113883.2.23.1.19.1",
        "value": "999999198001010011",
    }
    assert named["identifier"][0]["system"] == "urn:oid:2.16.156.10011.1.3", "what came in is not changed"


def test_every_profile_of_a_variant_has_an_example() -> None:
    for key, built in BUILT.items():
        claimed = set(
            re.findall(r"StructureDefinition/([a-z0-9-]+)", json.dumps(list(built.examples.values()), default=str))
        )
        wanted = {name for name, each in structures(built).items() if each["kind"] == "resource"}
        narrowed = {"hospital-patient", "inpatient-stay"} if key == "hl7-china" else set()
        assert wanted - claimed <= narrowed


@pytest.mark.parametrize("bases", [R4_BASES, R5_BASES], ids=["r4", "r5"])
def test_base_snapshots_are_whole(bases: Any) -> None:
    for name in bases.types():
        for element in bases.elements(name):
            assert element["definition"] and element["base"] and {"id", "path", "min", "max"} <= element.keys()


def test_variants_are_named_by_their_keys() -> None:
    assert [each.key for each in (R4, R5, HL7_CHINA)] == list(VARIANTS)
    assert (R4.release, R5.release, HL7_CHINA.release) == ("R4", "R5", "R5")


@pytest.mark.parametrize("key", VARIANTS)
def test_each_group_of_a_map_says_where_it_leads(key: str) -> None:
    """A server that takes files one by one (HAPI's) refuses a map with a group that does not."""
    maps = [each for each in BUILT[key].definitions if each["resourceType"] == "ConceptMap"]
    assert maps and all(group["source"] and group["target"] for each in maps for group in each["group"])
