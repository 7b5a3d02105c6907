"""CapabilityStatement: what the service offers at ``GET /fhir/metadata``. 能力声明。"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from adapter.fhir.elements import Resource
from adapter.fhir.identity import CANON

#: R4. Its corrected twin R4B (4.3.0) has the same elements for what we serve, but its number upsets R4 clients.
FHIR_VERSION = "4.0.1"

#: Resource types that the service reads out.
SERVED = (
    "Account",
    "ChargeItem",
    "Claim",
    "ClaimResponse",
    "Communication",
    "CommunicationRequest",
    "Condition",
    "Consent",
    "Contract",
    "Coverage",
    "Encounter",
    "ExplanationOfBenefit",
    "Flag",
    "Invoice",
    "Location",
    "Organization",
    "Patient",
    "PaymentNotice",
    "PaymentReconciliation",
    "Provenance",
    "RelatedPerson",
    "Task",
)


#: The one operation: a hospital's own codes, from the tables that people edit.
_TRANSLATE = {"name": "translate", "definition": "http://hl7.org/fhir/OperationDefinition/ConceptMap-translate"}


def capability_statement(
    *, version: str, released: date, base: str | None = None, served: Sequence[str] = SERVED
) -> Resource:
    """The statement of this software.

    Args:
        version, released: of the software; the statement changes with it and not with the day on which it is asked for.
        base: the service's own FHIR base address, where it is known.
    """
    implementation = {"description": "Pay-after-care settlement adapter (先诊疗后付费结算适配器)"}
    if base is not None:
        implementation["url"] = base
    return {
        "resourceType": "CapabilityStatement",
        "id": "adapter",
        "url": f"{CANON}/CapabilityStatement/adapter",
        "version": version,
        "name": "PayAfterCareAdapter",
        "status": "active",
        "date": released.isoformat(),
        "kind": "instance",
        "software": {"name": "adapter", "version": version},
        "implementation": implementation,
        "fhirVersion": FHIR_VERSION,
        "format": ["json"],
        "rest": [
            {
                "mode": "server",
                "resource": [
                    *({"type": kind, "interaction": [{"code": "read"}], "versioning": "versioned"} for kind in served),
                    {"type": "ConceptMap", "operation": [dict(_TRANSLATE)]},
                ],
            }
        ],
    }
