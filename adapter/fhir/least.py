"""Least data: what of a person and a stay may leave the hospital, and to whom (wire 8). 最小必要。

Every wire resource is built anew from named elements. Nothing is copied whole from the HIS side, so a name, an ID
number, an address or a telephone number has no way out.
"""

from __future__ import annotations

from typing import Any

from adapter.fhir.coverage import person_key
from adapter.fhir.elements import AnyResource, Held, Resource, case_identifier, coded
from adapter.fhir.identity import codesystem, identifier, patient_system, reference, reference_to, resource_id
from adapter.model.claim import Stay
from adapter.model.person import Person
from adapter.model.reference import Facility

#: A diagnosis that the stay does not rank comes after all that it does.
_UNRANKED = 1000

ICD10 = "urn:oid:2.16.156.10011.2.3.3.11"


def patient(source: str, person: Person, held: Held, *, demographics: bool) -> Resource:
    """The person by hospital key; ``gender`` and ``birthDate`` only where the receiver adjudicates care."""
    own = held.patient() or {}
    built: Resource = {
        "resourceType": "Patient",
        "id": own.get("id", resource_id(source, "Patient", person.key)),
        "identifier": [identifier(patient_system(source), person_key(source, own) or person.key)],
    }
    if demographics:
        built.update({key: own[key] for key in ("gender", "birthDate") if key in own})
    return built


def provider_id(source: str, facility: Facility, held: Held) -> str:
    """Id of the hospital's Organization."""
    encounter = held.first("Encounter") or {}
    own = held.at(encounter.get("serviceProvider"))
    return str(own["id"]) if own is not None else resource_id(source, "Organization", facility.code)


def provider(source: str, facility: Facility, held: Held) -> Resource:
    """The hospital, by its national code where known, else by its own."""
    return {
        "resourceType": "Organization",
        "id": provider_id(source, facility, held),
        "identifier": [identifier("facility", facility.national_code or facility.code)],
        "active": True,
        "name": facility.name,
    }


def encounter(case_id: str, stay: Stay, source: str, held: Held) -> Resource:
    """The stay: case, class, period and hospital; no ward, bed, doctor or HIS number."""
    own = held.first("Encounter") or {}
    built: Resource = {
        "resourceType": "Encounter",
        "id": own.get("id", resource_id(source, "Encounter", stay.key)),
        "identifier": [case_identifier(case_id)],
        "status": own.get("status", "finished"),
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"},
    }
    built.update({key: own[key] for key in ("subject", "period") if key in own})
    built["serviceProvider"] = reference("Organization", provider_id(source, stay.facility, held))
    return built


def conditions(stay: Stay, held: Held) -> list[Resource]:
    """Diagnoses, the principal one first: code, patient and stay, nothing written by hand.

    One that is a text only says nothing without it, and stays in the hospital.
    """
    chosen = [each for each in principal_first(held) if each.get("code", {}).get("coding")]
    return [_condition(each, stay if place == 0 else None) for place, each in enumerate(chosen)]


def principal_first(held: Held) -> list[AnyResource]:
    """Conditions in the order of Encounter.diagnosis.rank, then as they stand; the principal one leads."""
    ranked = _ranks(held)
    return sorted(held.all("Condition"), key=lambda each: ranked.get(f"Condition/{each['id']}", 2 * _UNRANKED))


def principal_condition(held: Held) -> AnyResource | None:
    """The principal discharge diagnosis, or None when none is marked as such."""
    ranked = _ranks(held)
    leading = next(iter(principal_first(held)), None)
    return leading if leading is not None and ranked.get(f"Condition/{leading['id']}") == 0 else None


def _ranks(held: Held) -> dict[str, int]:
    diagnoses = (held.first("Encounter") or {}).get("diagnosis", ())
    return {
        str(each.get("condition", {}).get("reference")): _rank(each, place)
        for place, each in enumerate(diagnoses, start=1)
    }


def _rank(diagnosis: AnyResource, place: int) -> int:
    """The principal discharge diagnosis before all others; then those with a rank; then the order in the record."""
    if coded(diagnosis.get("use"), codesystem("diagnosis-use")) == "principal":
        return 0
    return int(diagnosis.get("rank", _UNRANKED + place))


def _condition(own: AnyResource, stay: Stay | None) -> Resource:
    built: Resource = {"resourceType": "Condition", "id": own["id"]}
    code: dict[str, Any] = {"coding": [dict(coding) for coding in own.get("code", {}).get("coding", ())]}
    known = {coding.get("code") for coding in code["coding"]}
    if stay is not None and stay.principal_diagnosis is not None and stay.principal_diagnosis not in known:
        code["coding"].append({"system": ICD10, "code": stay.principal_diagnosis})
    built["code"] = code
    built.update({key: own[key] for key in ("subject", "encounter") if key in own})
    return built


def encounter_reference(case_id: str, held: Held) -> dict[str, Any]:
    """The stay as ``Claim.item.encounter`` names it: by case, and by the entry where one is sent."""
    named: dict[str, Any] = {"identifier": case_identifier(case_id)}
    own = held.first("Encounter")
    return {**reference_to(own), **named} if own is not None else named
