"""CapabilityStatement: what the service offers at ``GET /fhir/metadata``. 能力声明。"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from adapter.fhir.elements import Resource
from adapter.fhir.identity import CANON
from adapter.fhir.posted import WRITABLE
from adapter.fhir.schema import compiled
from adapter.fhir.search.parameters import PERSONAL, Parameter, parameters_of, searched_types

#: R4. Its corrected twin R4B (4.3.0) has the same elements for what we serve, but its number upsets R4 clients.
FHIR_VERSION = "4.0.1"

#: Day of this version of the software; statements and definitions change with the software and with nothing else.
RELEASED = date(2026, 11, 21)

#: Resource types that the service reads out: those that can be searched, but for the ones that it does not keep.
SERVED = tuple(kind for kind in searched_types() if kind not in ("AuditEvent", "DocumentReference"))

#: Resource types that can be validated: every one that has a schema.
VALIDATED = compiled.SERVED

#: Operations on one stay; mappings/profiles/OperationDefinition-encounter-*.json says what they take and answer.
STAY_OPERATIONS = ("check-entitlement", "preview", "settle", "reverse", "bill-state", "daily-bill")

#: What can be done with every type that is kept, and what beside it with some.
_READ = ("read", "vread", "history-instance", "search-type")
_WRITTEN = {**dict.fromkeys(WRITABLE, ("create", "update")), "Subscription": ("create", "update", "delete")}

#: How writing is done, where a hospital writes.
_WRITING = {
    "updateCreate": True,
    "conditionalCreate": True,
    "conditionalRead": "full-support",
    "conditionalUpdate": True,
    "conditionalDelete": "not-supported",
}
_WHO_WRITES = (
    "A hospital that speaks FHIR writes what a stay is made of: Account, ChargeItem, Condition, Coverage, Encounter, "
    "Organization, Patient, PaymentReconciliation. The header X-Source names the hospital; where there is one only, "
    "the service's setting does. A resource is read back as it was posted; once a stay is made of it, a search shows "
    "what the case has of it. Nothing is deleted: a wrong one gets a new version with status entered-in-error."
)

_WHO_COMES_IN = {
    True: "Every request but that for this statement carries the service's token: Authorization: Bearer TOKEN. "
    "Without it the answer is 401. 除本声明外,每个请求都须带令牌。",
    False: "No token is asked for: whoever reaches this address may use it. 未设令牌。",
    None: "Where a service holds a token (ADAPTER_API_TOKEN), every request but that for its statement carries it: "
    "Authorization: Bearer TOKEN. A service without one listens to its own machine only. 设有令牌的服务,请求须带令牌。",
}

#: A hospital's own codes, from the tables that people edit.
_TRANSLATE = {"name": "translate", "definition": "http://hl7.org/fhir/OperationDefinition/ConceptMap-translate"}
_VALIDATE = {"name": "validate", "definition": "http://hl7.org/fhir/OperationDefinition/Resource-validate"}


#: Everything, or what belongs to patients, as files: HL7's bulk data guide.
_BULK = "http://hl7.org/fhir/uv/bulkdata/OperationDefinition"
_HOW_EXPORTED = (
    "With _type, _since, _typeFilter (the search parameters of each type), _elements and _outputFormat. No groups of "
    "patients are kept, so there is no export of a Group; includeAssociatedData is refused."
)
_EXPORT = {"name": "export", "definition": f"{_BULK}/export", "documentation": _HOW_EXPORTED}
_PATIENT_EXPORT = {"name": "export", "definition": f"{_BULK}/patient-export", "documentation": _HOW_EXPORTED}


def capability_statement(
    *,
    version: str,
    released: date,
    base: str | None = None,
    served: Sequence[str] = SERVED,
    token: bool | None = None,
) -> Resource:
    """The statement of this software.

    Args:
        version, released: of the software; the statement changes with it and not with the day on which it is asked for.
        base: the service's own FHIR base address, where it is known.
        token: whether the service asks for one; None for the statement of no service in particular.
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
        "format": ["application/fhir+json", "application/fhir+xml", "json", "xml"],
        "rest": [
            {
                "mode": "server",
                "documentation": _WHO_WRITES,
                "security": security(token),
                "resource": [
                    *(_resource(kind) for kind in served),
                    *({"type": kind, "operation": _operations(kind)} for kind in sorted(VALIDATED - set(served))),
                ],
                "interaction": [{"code": "transaction"}, {"code": "batch"}],
                "operation": [dict(_EXPORT)],
            }
        ],
    }


def security(token: bool | None) -> Resource:
    """Who may come in. HL7 has no code for a token that the settings hold, so words say it."""
    return {"cors": False, "description": _WHO_COMES_IN[token]}


def _resource(kind: str) -> Resource:
    """What can be done with one type, from the parameters that a search really takes."""
    known = list(parameters_of(kind).values())
    references = [f"{kind}:{each.name}" for each in known if each.kind == "reference"]
    pointing = [
        f"{other}:{each.name}"
        for other in SERVED
        for each in parameters_of(other).values()
        if each.kind == "reference" and kind in each.targets
    ]
    found: Resource = {
        "type": kind,
        "interaction": [{"code": code} for code in (*_READ, *_WRITTEN.get(kind, ()))],
        "versioning": "versioned",
        "readHistory": True,
        **(_WRITING if kind in WRITABLE else {"conditionalRead": "full-support"}),
        "searchInclude": ["*", *references],
    }
    if pointing:
        found["searchRevInclude"] = pointing
    return {**found, "searchParam": [_parameter(each) for each in known], "operation": _operations(kind)}


def _operations(kind: str) -> list[Resource]:
    """What can be done with one type beside reading and searching it."""
    found = [dict(_VALIDATE)] if kind in VALIDATED else []
    if kind == "Patient":
        found.append(dict(_PATIENT_EXPORT))
    if kind == "ConceptMap":
        found.append(dict(_TRANSLATE))
    if kind == "Encounter":
        base = f"{CANON}/OperationDefinition/encounter"
        found += [{"name": name, "definition": f"{base}-{name}"} for name in STAY_OPERATIONS]
    return found


def _parameter(parameter: Parameter) -> Resource:
    found: Resource = {"name": parameter.name, "definition": parameter.url, "type": parameter.kind}
    if parameter.name in PERSONAL.get(parameter.type, ()):
        found["documentation"] = "A person's data: POST it to _search; it is refused in an address."
    return found
