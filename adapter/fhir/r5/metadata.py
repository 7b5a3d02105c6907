"""CapabilityStatement of the second base: what is served in R5 (R5 能力声明)."""

from __future__ import annotations

from datetime import date

from adapter.fhir.elements import Resource
from adapter.fhir.identity import CANON
from adapter.fhir.metadata import SERVED, security
from adapter.fhir.r5.searching import parameters_in_r5
from adapter.fhir.r5.tables import SPOKEN
from adapter.fhir.search.parameters import PERSONAL

R5_VERSION = "5.0.0"

#: Types that are read in R5: what is read in R4, but for what R5 built anew (subscriptions to topics).
SERVED_IN_R5 = tuple(kind for kind in SERVED if kind in SPOKEN)

_ABOUT = (
    "The resources of the R4 base, said in R5; reading only. What R5 has no element for stands in HL7's cross-version "
    "extensions (http://hl7.org/fhir/4.0/StructureDefinition/extension-...); the header X-R5-Losses names the elements "
    "concerned."
)
_PERSONAL = "A person's data: POST it to _search; it is refused in an address."
_PAYS = "Finds who pays in any role, beside insurers other parties that pay."


def capability_statement_r5(
    *, version: str, released: date, base: str | None = None, token: bool | None = None
) -> Resource:
    """The statement of the R5 base.

    Args:
        version, released: of the software.
        base: the address of the R5 base, where it is known.
        token: whether the service asks for one; None for the statement of no service in particular.
    """
    implementation = {"description": "Pay-after-care settlement adapter (先诊疗后付费结算适配器)"}
    if base is not None:
        implementation["url"] = base
    return {
        "resourceType": "CapabilityStatement",
        "id": "adapter-r5",
        "url": f"{CANON}/CapabilityStatement/adapter-r5",
        "version": version,
        "name": "PayAfterCareAdapterR5",
        "status": "active",
        "date": released.isoformat(),
        "kind": "instance",
        "software": {"name": "adapter", "version": version},
        "implementation": implementation,
        "fhirVersion": R5_VERSION,
        "format": ["application/fhir+json", "application/fhir+xml", "json", "xml"],
        "rest": [
            {
                "mode": "server",
                "documentation": _ABOUT,
                "security": security(token),
                "resource": [_resource(kind) for kind in SERVED_IN_R5],
            }
        ],
    }


def _resource(kind: str) -> Resource:
    known = parameters_in_r5(kind)
    pointing = [
        f"{other}:{name}"
        for other in SERVED_IN_R5
        for name, each in parameters_in_r5(other).items()
        if each.kind == "reference" and kind in each.targets
    ]
    found: Resource = {
        "type": kind,
        "interaction": [{"code": code} for code in ("read", "vread", "history-instance", "search-type")],
        "versioning": "versioned",
        "readHistory": True,
        "conditionalRead": "full-support",
        "searchInclude": ["*", *(f"{kind}:{name}" for name, each in known.items() if each.kind == "reference")],
    }
    if pointing:
        found["searchRevInclude"] = pointing
    return {**found, "searchParam": [_parameter(kind, name, each.kind) for name, each in known.items()]}


def _parameter(kind: str, name: str, shape: str) -> Resource:
    found: Resource = {"name": name, "type": shape}
    if name in PERSONAL.get(kind, ()):
        found["documentation"] = _PERSONAL
    if (kind, name) == ("Coverage", "insurer"):
        found["documentation"] = _PAYS
    return found
