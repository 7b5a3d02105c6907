"""What R4 and R5 call differently: elements, codes, code systems. Data only; what is built differently is special.py.

Names are the definitions' own: ``Encounter.period`` of R4 is ``actualPeriod`` of R5 on the same parent.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

#: The types that are said in both versions: those that are kept, and what they travel in.
SPOKEN = (
    *("Account", "Basic", "Bundle", "ChargeItem", "Claim", "ClaimResponse", "Communication", "CommunicationRequest"),
    *("ConceptMap", "Condition", "Consent", "Contract", "Coverage", "CoverageEligibilityRequest"),
    *("CoverageEligibilityResponse", "Encounter", "ExplanationOfBenefit", "Flag", "Invoice", "Location"),
    *("OperationOutcome", "Organization", "Parameters", "Patient", "PaymentNotice", "PaymentReconciliation"),
    *("Practitioner", "Procedure", "Provenance", "RelatedPerson", "Task"),
)

#: Start of the address of an extension that carries an element of a version.
CARRIES: Mapping[str, str] = MappingProxyType(
    {
        "R4": "http://hl7.org/fhir/4.0/StructureDefinition/extension-",
        "R5": "http://hl7.org/fhir/5.0/StructureDefinition/extension-",
    }
)

#: R4 element → its name in R5.
RENAMED: Mapping[str, str] = MappingProxyType(
    {
        "ChargeItem.context": "encounter",
        "Claim.careTeam.qualification": "specialty",
        "ClaimResponse.item.adjudication.value": "quantity",
        "Communication.payload.contentString": "contentCodeableConcept",
        "CommunicationRequest.payload.contentString": "contentCodeableConcept",
        "CommunicationRequest.sender": "informationProvider",
        "ConceptMap.group.element.target.equivalence": "relationship",
        "ConceptMap.group.unmapped.url": "otherMap",
        "ConceptMap.sourceCanonical": "sourceScopeCanonical",
        "ConceptMap.sourceUri": "sourceScopeUri",
        "ConceptMap.targetCanonical": "targetScopeCanonical",
        "ConceptMap.targetUri": "targetScopeUri",
        "Consent.dateTime": "date",
        "Consent.organization": "manager",
        "Consent.patient": "subject",
        "Consent.performer": "grantor",  # R4's may be either; whoever signs for the patient grants
        "Consent.policyRule": "regulatoryBasis",
        "Consent.provision.class": "documentType",
        "Encounter.hospitalization": "admission",
        "Encounter.location.physicalType": "form",
        "Encounter.participant.individual": "actor",
        "Encounter.period": "actualPeriod",
        "ExplanationOfBenefit.careTeam.qualification": "specialty",
        "ExplanationOfBenefit.item.adjudication.value": "quantity",
        "Location.physicalType": "form",
        "PaymentNotice.provider": "reporter",
        "PaymentReconciliation.detail": "allocation",
        "PaymentReconciliation.detail.request": "target",
        "PaymentReconciliation.paymentAmount": "amount",
        "PaymentReconciliation.paymentDate": "date",
        "Procedure.asserter": "reportedReference",
        "Procedure.performedAge": "occurrenceAge",
        "Procedure.performedDateTime": "occurrenceDateTime",
        "Procedure.performedPeriod": "occurrencePeriod",
        "Procedure.performedRange": "occurrenceRange",
        "Procedure.performedString": "occurrenceString",
        "Provenance.reason": "authorization",
        "Task.performerType": "requestedPerformer",
    }
)

#: Elements of the same name that are something else in the other version: carried, never copied.
NOT_THE_SAME = frozenset({"Location.hoursOfOperation"})

#: Where a version's invariant wants one of several elements (enc-1 of R5).
ONE_OF: Mapping[str, Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"R4": {}, "R5": {"Encounter.participant": ("actor", "type")}}
)

#: R4 code → R5 code, by element, where a required list changed.
CODES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "ConceptMap.group.element.target.equivalence": {
            "equal": "equivalent",
            "relatedto": "related-to",
            "wider": "source-is-narrower-than-target",
            "subsumes": "source-is-narrower-than-target",
            "narrower": "source-is-broader-than-target",
            "specializes": "source-is-broader-than-target",
            "inexact": "related-to",
            "unmatched": "not-related-to",
            "disjoint": "not-related-to",
        },
        "ConceptMap.group.unmapped.mode": {"provided": "use-source-code"},
        "Consent.status": {"proposed": "draft", "rejected": "inactive"},
        "Encounter.status": {
            "arrived": "in-progress",
            "triaged": "in-progress",
            "onleave": "in-progress",
            "finished": "completed",
        },
        "Provenance.entity.role": {"derivation": "source"},
    }
)

#: R5 code → R4 code, by R5 element, where R4 does not know it.
CODES_BACK: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "ConceptMap.group.element.target.relationship": {
            "equivalent": "equivalent",
            "related-to": "relatedto",
            "source-is-narrower-than-target": "wider",
            "source-is-broader-than-target": "narrower",
            "not-related-to": "disjoint",
        },
        "ConceptMap.group.unmapped.mode": {"use-source-code": "provided"},
        "Consent.status": {"not-done": "rejected", "unknown": "inactive"},
        "Encounter.status": {
            "completed": "finished",
            "discharged": "finished",
            "discontinued": "cancelled",
            "on-hold": "in-progress",
        },
        "Provenance.entity.role": {"instantiates": "derivation"},
    }
)

#: Code system of a list whose codes R5 says as concepts, by R4's value set.
SYSTEMS: Mapping[str, str] = MappingProxyType({"vs.note-type": "http://hl7.org/fhir/note-type"})
