"""Bodies as docs/wire-fhir.md describes them, written from that page alone (sections 2, 3 and 5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from adapter.counterparts.conformance.site import Site
from adapter.counterparts.wire import (
    CANON,
    CASE,
    CLAIM_KEY,
    EXCLUDES_CASE,
    FACILITY,
    INFORMATION,
    PAYER,
    Resource,
    concept,
    money,
)

_CLAIM_TYPE = concept("http://terminology.hl7.org/CodeSystem/claim-type", "institutional")
_PRIORITY = concept("http://terminology.hl7.org/CodeSystem/processpriority", "normal")
_PRIOR = concept("http://terminology.hl7.org/CodeSystem/ex-relatedclaimrelationship", "prior")
_INPATIENT = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"}

#: The hospital's own key of the test patient; it means nothing to the receiver.
PATIENT_KEY = "CONFORMANCE-1"


@dataclass(frozen=True, slots=True)
class Stay:
    """What one claim is about.

    Attributes:
        key: the claim key.
        case: the stay.
        person: insurance number.
        lines: item code and net amount of each line, yuan.
        total: as the claim states it.
    """

    key: str
    case: str
    person: str
    payers: tuple[str, ...]
    admitted: date
    settled: date
    lines: tuple[tuple[str, Decimal], ...]
    total: Decimal


def claim(stay: Stay, site: Site, *, trial: bool = False) -> Resource:
    """A settlement or a trial at an insurer: Bundle ``collection``."""
    told: list[Resource] = [
        {"category": concept(INFORMATION, "settlement-date"), "timingDate": stay.settled.isoformat()},
        {
            "category": concept(INFORMATION, "hospital-level"),
            "code": concept(f"{CANON}/CodeSystem/hospital-level", site.level),
        },
    ]
    body = claim_header(stay, stay.payers) | {
        "use": "predetermination" if trial else "claim",
        "billablePeriod": {"start": _morning(stay.admitted), "end": _noon(stay.settled)},
        "diagnosis": [{"sequence": 1, "diagnosisReference": {"reference": "Condition/principal"}}],
        "item": [_item(n, code, net, stay, site) for n, (code, net) in enumerate(stay.lines, start=1)],
        "supportingInfo": numbered(told),
    }
    encounter = {
        "resourceType": "Encounter",
        "id": "stay",
        "identifier": [{"system": CASE, "value": stay.case}],
        "status": "finished",
        "class": _INPATIENT,
        "subject": {"reference": "Patient/patient"},
    }
    condition = {
        "resourceType": "Condition",
        "id": "principal",
        "subject": {"reference": "Patient/patient"},
        "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": "K35.8"}]},
    }
    known = {"gender": "male", "birthDate": "1962-03-14"}
    return _collection([body, *parties(stay.payers, stay.person, site, known), encounter, condition])


def reversal(stay: Stay, settled_key: str, site: Site) -> Resource:
    """The undoing of a settlement, for insurers and aid offices alike."""
    related = {"claim": {"identifier": {"system": CLAIM_KEY, "value": settled_key}}, "relationship": _PRIOR}
    body = claim_header(stay, stay.payers) | {"status": "cancelled", "related": [related]}
    return _collection([body, *parties(stay.payers, stay.person, site)])


def year_question(key: str, person: str, on: date, payers: Sequence[str], site: Site, without: str = "") -> Resource:
    """Year-to-date amounts of a person; ``without``: a stay that is left out."""
    request: Resource = {
        "resourceType": "CoverageEligibilityRequest",
        "id": "question",
        "identifier": [{"system": CLAIM_KEY, "value": key}],
        "status": "active",
        "purpose": ["benefits"],
        "patient": {"reference": "Patient/patient"},
        "servicedDate": on.isoformat(),
        "created": _noon(on),
        "provider": {"reference": "Organization/hospital"},
        "insurer": {"reference": f"Organization/{payers[0]}"},
        "insurance": [{"focal": True, "coverage": {"reference": f"Coverage/{payers[0]}"}}],
    }
    if without:
        request["extension"] = [{"url": EXCLUDES_CASE, "valueIdentifier": {"system": CASE, "value": without}}]
    return _collection([request, *parties(payers[:1], person, site)])


def claim_header(stay: Stay, payers: Sequence[str]) -> Resource:
    """What settlement, trial and reversal have in common; the first payer is the focal one."""
    return {
        "resourceType": "Claim",
        "id": "claim",
        "identifier": [{"system": CLAIM_KEY, "value": stay.key}],
        "status": "active",
        "type": _CLAIM_TYPE,
        "use": "claim",
        "patient": {"reference": "Patient/patient"},
        "created": _noon(stay.settled),
        "provider": {"reference": "Organization/hospital"},
        "insurer": {"reference": f"Organization/{payers[0]}"},
        "priority": _PRIORITY,
        "insurance": [
            {"sequence": n, "focal": n == 1, "coverage": {"reference": f"Coverage/{payer}"}}
            for n, payer in enumerate(payers, start=1)
        ],
        "total": money(stay.total),
    }


def parties(
    payers: Sequence[str], person: str, site: Site, demographics: Mapping[str, str] | None = None
) -> list[Resource]:
    """Patient, Coverages, the hospital's Organization and those of the payers."""
    patient = {
        "resourceType": "Patient",
        "id": "patient",
        "identifier": [{"system": f"{CANON}/sid/{site.source}/patient", "value": PATIENT_KEY}],
        **(demographics or {}),
    }
    hospital = {
        "resourceType": "Organization",
        "id": "hospital",
        "identifier": [{"system": FACILITY, "value": site.facility}],
    }
    insurers = [
        {"resourceType": "Organization", "id": payer, "identifier": [{"system": PAYER, "value": payer}], "name": payer}
        for payer in payers
    ]
    return [patient, *(_coverage(payer, person, site) for payer in payers), hospital, *insurers]


def numbered(rows: Sequence[Mapping[str, Any]]) -> list[Resource]:
    return [{"sequence": n, **row} for n, row in enumerate(rows, start=1)]


def _coverage(payer: str, person: str, site: Site) -> Resource:
    kind = concept(PAYER, payer)
    if payer == "basic":
        kind["coding"].append({"system": f"{CANON}/CodeSystem/insurance", "code": "residents"})
    return {
        "resourceType": "Coverage",
        "id": payer,
        "identifier": [{"system": f"{CANON}/sid/{site.source}/coverage", "value": f"{payer}-{PATIENT_KEY}"}],
        "status": "active",
        "type": kind,
        "subscriberId": person,
        "beneficiary": {"reference": "Patient/patient"},
        "payor": [{"reference": f"Organization/{payer}"}],
    }


def _item(number: int, code: str, net: Decimal, stay: Stay, site: Site) -> Resource:
    charge = {"system": f"{CANON}/sid/charge-item", "value": f"{stay.case}-{number}"}
    return {
        "sequence": number,
        "extension": [{"url": f"{CANON}/StructureDefinition/charge-item", "valueIdentifier": charge}],
        "productOrService": concept(f"{CANON}/CodeSystem/{site.source}/item", code),
        "servicedDate": stay.admitted.isoformat(),
        "quantity": {"value": 1},
        "unitPrice": money(net),
        "net": money(net),
        "encounter": [{"reference": "Encounter/stay"}],
    }


def _collection(resources: Sequence[Resource]) -> Resource:
    entries = [{"fullUrl": f"{CANON}/{one['resourceType']}/{one['id']}", "resource": one} for one in resources]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def _morning(day: date) -> str:
    return f"{day.isoformat()}T09:00:00+08:00"


def _noon(day: date) -> str:
    return f"{day.isoformat()}T12:00:00+08:00"
