"""CapabilityStatement: what the service offers at ``GET /fhir/metadata``. 能力声明。"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from adapter.fhir.elements import Resource
from adapter.fhir.identity import CANON
from adapter.fhir.search.parameters import PERSONAL, Parameter, parameters_of, searched_types

#: R4. Its corrected twin R4B (4.3.0) has the same elements for what we serve, but its number upsets R4 clients.
FHIR_VERSION = "4.0.1"

#: Day of this version of the software; statements and definitions change with the software and with nothing else.
RELEASED = date(2026, 11, 21)

#: Resource types that the service reads out: those that can be searched, but for the ones that it does not keep.
SERVED = tuple(kind for kind in searched_types() if kind not in ("AuditEvent", "DocumentReference", "Subscription"))

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
        "format": ["application/fhir+json", "application/fhir+xml", "json", "xml"],
        "rest": [
            {
                "mode": "server",
                "resource": [
                    *(_resource(kind) for kind in served),
                    {"type": "ConceptMap", "operation": [dict(_TRANSLATE)]},
                ],
            }
        ],
    }


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
        "interaction": [{"code": code} for code in ("read", "vread", "history-instance", "search-type")],
        "versioning": "versioned",
        "readHistory": True,
        "conditionalRead": "full-support",
        "searchInclude": ["*", *references],
    }
    if pointing:
        found["searchRevInclude"] = pointing
    return {**found, "searchParam": [_parameter(each) for each in known]}


def _parameter(parameter: Parameter) -> Resource:
    found: Resource = {"name": parameter.name, "definition": parameter.url, "type": parameter.kind}
    if parameter.name in PERSONAL.get(parameter.type, ()):
        found["documentation"] = "A person's data: POST it to _search; it is refused in an address."
    return found
