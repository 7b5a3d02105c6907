"""Acts at the window in FHIR: custody as Task, agreements as Contract, consents as Consent, signers (窗口文书).

A signer is a relation and never a name; the hospital's paper has the name.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from adapter.fhir.elements import AnyResource, Held, Resource, case_identifier, moment, tagged
from adapter.fhir.identity import HL7, codesystem, concept, identifier, reference_to, resource_id, system
from adapter.model.case import AgreementState, DocumentState
from adapter.model.window import Agreement, Consent, HeldDocument, Relation, Signer

_CUSTODY = {
    DocumentState.REQUIRED: "requested",
    DocumentState.HELD: "in-progress",
    DocumentState.PRESENTED: "completed",
    DocumentState.WAIVED: "cancelled",
    DocumentState.RETURNED: "completed",
    DocumentState.LOST: "failed",
}

#: The R4 status of each state of an agreement (product words → Contract.status).
CONTRACT_STATUS = {
    AgreementState.OFFERED: "offered",
    AgreementState.SIGNED: "executed",
    AgreementState.FULFILLED: "terminated",
    AgreementState.BREACHED: "cancelled",
    AgreementState.REPLACED: "revoked",
    AgreementState.REFUSED: "rejected",
}

_SIGNERS = f"{HL7}/contractsignertypecodes"
_SIGNATURE = {"system": "urn:iso-astm:E1762-95:2013", "code": "1.2.840.10065.1.12.1.1"}


def custody_task(
    resources: Sequence[AnyResource],
    *,
    source: str,
    case_id: str,
    document: HeldDocument,
    at: datetime,
    test_profile: bool = False,
) -> Resource:
    """The Task of one paper: to be kept and given back.

    Args:
        at: when it came to where it stands now.
    """
    built: Resource = {
        "resourceType": "Task",
        "id": resource_id(source, "Task", f"{case_id}/custody/{document.id}"),
        "identifier": [case_identifier(case_id), identifier("custody", f"{case_id}/{document.id}")],
        "status": _CUSTODY[document.state],
        "businessStatus": concept(codesystem("document-state"), str(document.state)),
        "intent": "order",
        "code": concept(codesystem("task"), "custody"),
        "description": document.cite,
        **_stay(Held.of(resources)),
        "authoredOn": moment(document.taken_at),
        "lastModified": moment(at),
        "input": [
            {
                "type": concept(codesystem("task"), "document"),
                "valueCodeableConcept": concept(codesystem("document-kind"), str(document.kind)),
            },
            {"type": concept(codesystem("task"), "kept-as"), "valueString": document.keep},
        ],
    }
    return tagged(built, test_profile)


def agreement_contract(
    resources: Sequence[AnyResource],
    *,
    source: str,
    case_id: str,
    agreement: Agreement,
    test_profile: bool = False,
) -> tuple[Resource, ...]:
    """The Contract of one instrument, before it the RelatedPerson who signed where it was not the patient.

    The hospital signs an agreement (协议书) too; an undertaking (承诺书) is the patient's alone.
    """
    held = Held.of(resources)
    provider = held.at((held.first("Encounter") or {}).get("serviceProvider"))
    patient = held.patient()
    built: Resource = {
        "resourceType": "Contract",
        "id": resource_id(source, "Contract", f"{case_id}/agreement/{agreement.number}"),
        "identifier": [case_identifier(case_id), identifier("agreement", f"{case_id}/{agreement.number}")],
        "version": agreement.version,
        "status": CONTRACT_STATUS[agreement.state],
        "issued": moment(agreement.offered_at),
    }
    if patient is not None:
        built["subject"] = [reference_to(patient)]
    if provider is not None:
        built["authority"] = [reference_to(provider)]
    built |= {"title": agreement.zh, "type": concept(codesystem("agreement-kind"), str(agreement.kind))}
    persons, signers = _signers(held, source, case_id, agreement, provider if agreement.kind.two_parties else None)
    if signers:
        built["signer"] = signers
    return (*persons, tagged(built, test_profile))


def consent_papers(
    resources: Sequence[AnyResource], *, source: str, case_id: str, consent: Consent, test_profile: bool = False
) -> tuple[Resource, ...]:
    """The Consent to items outside the catalogue, before it the RelatedPerson who signed."""
    held = Held.of(resources)
    person, signed_by = _party(held, source, case_id, consent.signer)
    provider = held.at((held.first("Encounter") or {}).get("serviceProvider"))
    codes = [concept(_item_system(held, code), code) for code in consent.items]
    codes += [concept(codesystem("item-kind"), str(kind)) for kind in consent.kinds]
    built: Resource = {
        "resourceType": "Consent",
        "id": resource_id(source, "Consent", f"{case_id}/consent/{consent.number}"),
        "identifier": [case_identifier(case_id), identifier("consent", f"{case_id}/{consent.number}")],
        "status": "active" if consent.ended_at is None else "inactive",
        "scope": concept(f"{HL7}/consentscope", "treatment"),
        "category": [concept(codesystem("consent-kind"), "outside-catalogue")],
        "dateTime": moment(consent.signed_at),
        "policyRule": {"text": consent.cite},
        "provision": {"type": "permit", "code": codes},
    }
    patient = held.patient()
    if patient is not None:
        built["patient"] = reference_to(patient)
    if signed_by is not None:
        built["performer"] = [signed_by]
    if provider is not None:
        built["organization"] = [reference_to(provider)]
    return (*person, tagged(built, test_profile))


def _signers(
    held: Held, source: str, case_id: str, agreement: Agreement, hospital: AnyResource | None
) -> tuple[tuple[Resource, ...], list[Resource]]:
    """Who signed; nobody before the signature."""
    if agreement.signer is None or agreement.signed_at is None:
        return (), []
    persons, party = _party(held, source, case_id, agreement.signer)
    own = "PAT" if agreement.signer.relation is Relation.PATIENT else "RESPRSN"
    parties = [(own, party), ("HPROV", reference_to(hospital) if hospital is not None else None)]
    signers = [
        {
            "type": {"system": _SIGNERS, "code": code},
            "party": each,
            "signature": [{"type": [_SIGNATURE], "when": moment(agreement.signed_at), "who": each}],
        }
        for code, each in parties
        if each is not None
    ]
    return persons, signers


def _party(held: Held, source: str, case_id: str, signer: Signer) -> tuple[tuple[Resource, ...], dict[str, str] | None]:
    """The patient, or the person who signs for him; None where no Patient is known."""
    patient = held.patient()
    if patient is None:
        return (), None
    if signer.relation is Relation.PATIENT:
        return (), reference_to(patient)
    person: Resource = {
        "resourceType": "RelatedPerson",
        "id": resource_id(source, "RelatedPerson", f"{case_id}/signer/{signer.relation}"),
        "identifier": [case_identifier(case_id), identifier("signer", f"{case_id}/{signer.relation}")],
        "patient": reference_to(patient),
        "relationship": [concept(codesystem("signer-relation"), str(signer.relation))],
    }
    return (person,), reference_to(person)


def _item_system(held: Held, code: str) -> str:
    """The code system under which the hospital's own lines carry a code."""
    for charge in held.all("ChargeItem"):
        for coding in charge.get("code", {}).get("coding", ()):
            if coding.get("code") == code and "system" in coding:
                return str(coding["system"])
    return system("item")


def _stay(held: Held) -> Resource:
    patient, encounter = held.patient(), held.first("Encounter")
    provider = held.at((encounter or {}).get("serviceProvider"))
    found: Resource = {}
    if patient is not None:
        found["for"] = reference_to(patient)
    if encounter is not None:
        found["encounter"] = reference_to(encounter)
    if provider is not None:
        found["owner"] = reference_to(provider)
    return found
