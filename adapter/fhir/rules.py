"""What a schema cannot say about one resource: published invariants, and R4's money rules in prose.

Rules run after the schema, so they may trust the structure. A rule yields issues; the severity of the prose rules is
the caller's (errors for what we send, warnings for what we receive), the invariants are always errors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from adapter.fhir import rules_claim, rules_payment, rules_record
from adapter.fhir.canonical import encode
from adapter.fhir.rules_base import contained_findings, order_findings
from adapter.fhir.rules_targets import TYPED, target_findings, type_findings
from adapter.model.issues import Issue, Severity

Rule = Callable[[Mapping[str, Any], str, Severity], Iterable[Issue]]

#: Prose rules by type; a type that is not listed has none.
PROSE: dict[str, tuple[Rule, ...]] = {
    "Account": (rules_record.account,),
    "CapabilityStatement": (rules_record.capability,),
    "ChargeItem": (rules_payment.charge_item,),
    "Claim": (rules_claim.insurance, rules_claim.numbering, rules_claim.lines, rules_claim.total),
    "ClaimResponse": (rules_claim.insurance, rules_claim.lines, rules_payment.payment),
    "Consent": (rules_record.consent,),
    "Coverage": (rules_record.coverage,),
    "ExplanationOfBenefit": (rules_claim.insurance, rules_claim.numbering, rules_claim.lines, rules_payment.payment),
    "Invoice": (rules_payment.invoice, rules_payment.price_parts),
    "PaymentReconciliation": (rules_payment.distribution,),
}

#: What R4 or its Chinese use recommends, by type.
ADVICE: dict[str, Callable[[Mapping[str, Any], str], Iterable[Issue]]] = {
    "ChargeItem": rules_payment.charge_advice,
    "Patient": rules_record.identity_card,
    "Practitioner": rules_record.identity_card,
    "RelatedPerson": rules_record.identity_card,
}


def findings(resource: Mapping[str, Any], where: str, prose: Severity) -> list[Issue]:
    """Issues of one resource whose structure is sound.

    Args:
        where: ``Type/id``, the start of every pointer.
        prose: severity of the rules that stand in the words of R4 only.
    """
    text = encode(resource)
    found = order_findings(resource, where, text)
    if TYPED.search(text):
        found += type_findings(resource, where)
    if "text" in resource and "div" in resource["text"]:
        found += rules_record.narrative(resource, where)
    if "contained" in resource:
        found += contained_findings(resource, where)
        inner = {f"#{one.get('id')}": str(one.get("resourceType")) for one in resource["contained"]}
        found += target_findings(resource, where, inner)
    return found + prose_findings(resource, where, prose)


def advice(resource: Mapping[str, Any], where: str) -> list[Issue]:
    """What R4 recommends and nobody has to follow; never more than information."""
    rule = ADVICE.get(resource["resourceType"])
    return [*rule(resource, where)] if rule is not None else []


def prose_findings(resource: Mapping[str, Any], where: str, prose: Severity) -> list[Issue]:
    """Issues of the prose rules alone, for a resource with nothing to compare."""
    found: list[Issue] = []
    for rule in PROSE.get(resource["resourceType"], ()):
        found += rule(resource, where, prose)
    return found
