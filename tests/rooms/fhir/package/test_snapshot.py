"""Differential and base → snapshot: what is narrowed, sliced, unfolded, and what is refused."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from adapter.fhir.package.bases import HL7_BASE, R4
from adapter.fhir.package.snapshot import snapshot, with_snapshot
from adapter.model.issues import AdapterError

Json = dict[str, Any]

OURS = "https://pay-after-care.example/fhir/StructureDefinition"
BY_SYSTEM = {"discriminator": [{"type": "value", "path": "system"}], "ordered": False, "rules": "open"}
YUAN = {
    "id": "yuan",
    "url": f"{OURS}/yuan",
    "type": "Money",
    "baseDefinition": f"{HL7_BASE}Money",
    "differential": {"element": [{"id": "Money.currency", "path": "Money.currency", "min": 1, "fixedCode": "CNY"}]},
}
NOTE = {
    "id": "note",
    "url": f"{OURS}/note",
    "type": "Extension",
    "baseDefinition": f"{HL7_BASE}Extension",
    "differential": {"element": [{"id": "Extension", "path": "Extension", "short": "备注", "definition": "A note."}]},
}
KNOWN = {each["url"]: each for each in (YUAN, NOTE)}


def profile(kind: str, *said: Json, base: str | None = None) -> Json:
    elements = [{"path": ".".join(part.partition(":")[0] for part in e["id"].split(".")), **e} for e in said]
    return {
        "resourceType": "StructureDefinition",
        "id": "p",
        "baseDefinition": base or f"{HL7_BASE}{kind}",
        "differential": {"element": elements},
    }


def grown(kind: str, *said: Json) -> dict[str, Json]:
    return {each["id"]: each for each in snapshot(profile(kind, *said), KNOWN.get)}


def test_nothing_said_is_the_base() -> None:
    assert snapshot(profile("Claim"), KNOWN.get) == list(R4.elements("Claim"))


@pytest.mark.parametrize("name", R4.types())
def test_every_base_is_whole(name: str) -> None:
    """sdf-3: each element has a definition and its cardinalities; ids are unique, the root comes first."""
    elements = R4.elements(name)
    assert elements[0]["path"] == name
    assert len({each["id"] for each in elements}) == len(elements)
    for each in elements:
        assert each["definition"] and "min" in each and "max" in each and each["base"]["path"]


def test_what_is_said_takes_the_place_and_invariants_are_added() -> None:
    before = copy.deepcopy(R4.elements("Invoice"))
    rule = {"key": "x-1", "severity": "error", "human": "x", "expression": "true"}
    made = grown("Invoice", {"id": "Invoice", "constraint": [rule]}, {"id": "Invoice.date", "min": 1, "short": "日期"})
    assert (made["Invoice.date"]["min"], made["Invoice.date"]["max"], made["Invoice.date"]["short"]) == (1, "1", "日期")
    assert made["Invoice.date"]["base"] == {"path": "Invoice.date", "min": 0, "max": "1"}
    assert [each["key"] for each in made["Invoice"]["constraint"]][-1] == "x-1"
    assert "dom-6" in [each["key"] for each in made["Invoice"]["constraint"]]
    assert R4.elements("Invoice") == before


def test_a_data_type_is_unfolded_where_something_inside_is_said() -> None:
    made = grown("Patient", {"id": "Patient.maritalStatus.text", "min": 1})
    assert [name for name in made if name.startswith("Patient.maritalStatus.")] == [
        f"Patient.maritalStatus.{name}" for name in ("id", "extension", "coding", "text")
    ]
    assert made["Patient.maritalStatus.text"]["base"]["path"] == "CodeableConcept.text"
    assert made["Patient.maritalStatus.text"]["min"] == 1


def test_a_profiled_type_is_unfolded_as_its_profile_has_it() -> None:
    made = grown(
        "Invoice",
        {"id": "Invoice.totalNet", "type": [{"code": "Money", "profile": [YUAN["url"]]}]},
        {"id": "Invoice.totalNet.value", "min": 1},
    )
    assert made["Invoice.totalNet.currency"]["fixedCode"] == "CNY"


def test_slices_stand_behind_what_they_slice_in_their_order() -> None:
    made = grown(
        "Patient",
        {"id": "Patient.identifier", "slicing": BY_SYSTEM},
        {"id": "Patient.identifier:a", "min": 1, "max": "1"},
        {"id": "Patient.identifier:a.system", "min": 1, "fixedUri": "urn:a"},
        {"id": "Patient.identifier:b", "max": "1"},
    )
    names = [name for name in made if name.startswith("Patient.identifier")]
    assert names[:2] == ["Patient.identifier", "Patient.identifier:a"] and names[-1] == "Patient.identifier:b"
    assert made["Patient.identifier:a"]["sliceName"] == "a"
    assert "slicing" not in made["Patient.identifier:a"]
    assert made["Patient.identifier:a.system"]["path"] == "Patient.identifier.system"
    assert "Patient.identifier.system" not in made
    assert made["Patient.identifier:b"]["min"] == 0
    assert made["Patient.identifier"]["min"] == 1, "a slice that must be there makes its list one that must be there"


def test_a_slice_of_a_group_has_the_elements_of_the_group() -> None:
    by_code = {"discriminator": [{"type": "pattern", "path": "category"}], "rules": "open"}
    made = grown(
        "Claim",
        {"id": "Claim.supportingInfo", "slicing": by_code},
        {"id": "Claim.supportingInfo:day", "max": "1"},
        {"id": "Claim.supportingInfo:day.timing[x]", "min": 1},
    )
    assert made["Claim.supportingInfo:day.timing[x]"]["min"] == 1
    assert made["Claim.supportingInfo.timing[x]"]["min"] == 0
    assert made["Claim.supportingInfo:day.sequence"]["path"] == "Claim.supportingInfo.sequence"


def test_an_extension_needs_no_slicing_and_speaks_for_itself() -> None:
    kind = [{"code": "Extension", "profile": [NOTE["url"]]}]
    made = grown("Coverage", {"id": "Coverage.extension:note", "max": "1", "type": kind})
    assert made["Coverage.extension"]["slicing"]["discriminator"] == [{"type": "value", "path": "url"}]
    assert made["Coverage.extension:note"]["short"] == "备注"


def test_content_of_another_element_is_written_out_as_the_base_has_it() -> None:
    made = grown(
        "Invoice",
        {"id": "Invoice.lineItem.priceComponent.amount", "min": 1},
        {"id": "Invoice.totalPriceComponent.code", "min": 1},
    )
    assert "contentReference" not in made["Invoice.totalPriceComponent"]
    assert made["Invoice.totalPriceComponent"]["type"] == [{"code": "BackboneElement"}]
    assert made["Invoice.totalPriceComponent.code"]["min"] == 1
    assert made["Invoice.totalPriceComponent.amount"]["min"] == 0


def test_the_rest_of_the_definition_stays() -> None:
    given = profile("Money", {"id": "Money.value", "min": 1})
    made = with_snapshot(given, KNOWN.get)
    assert made.pop("snapshot")["element"][3]["path"] == "Money.value"
    assert made == given


@pytest.mark.parametrize(
    ("code", "kind", "said"),
    [
        ("FHIR-240", "Claim", [{"id": "Claim.colour"}]),
        ("FHIR-240", "Claim", [{"id": "Claims"}]),
        ("FHIR-240", "Patient", [{"id": "Patient.identifier:a", "max": "1"}]),
        ("FHIR-241", "Claim", [{"id": "Claim.status", "min": 0}]),
        ("FHIR-241", "Claim", [{"id": "Claim.status", "max": "*"}]),
        ("FHIR-241", "Claim", [{"id": "Claim.total", "type": [{"code": "Quantity"}]}]),
        ("FHIR-241", "Claim", [{"id": "Claim.use", "binding": {"strength": "example"}}]),
        ("FHIR-242", "ChargeItem", [{"id": "ChargeItem.occurrence[x].start", "min": 1}]),
        ("FHIR-243", "Medication", []),
        ("FHIR-246", "Claim", [{"id": "Claim.total", "min": 1}, {"id": "Claim.status", "short": "x"}]),
    ],
)
def test_what_cannot_be_is_refused(code: str, kind: str, said: list[Json]) -> None:
    with pytest.raises(AdapterError) as refused:
        snapshot(profile(kind, *said), KNOWN.get)
    assert [issue.code for issue in refused.value.issues] == [code]
