"""What a schema cannot say about one resource: published invariants, and R4's money rules in prose.

Rules run after the schema, so they may trust the structure. A rule yields issues; the severity of the prose rules is
the caller's (errors for what we send, warnings for what we receive), the invariants are always errors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from adapter.fhir import rules_claim, rules_payment
from adapter.fhir.rules_base import contained_findings, order_findings
from adapter.model.issues import Issue, Severity

Rule = Callable[[Mapping[str, Any], str, Severity], Iterable[Issue]]

#: Prose rules by type; a type that is not listed has none.
PROSE: dict[str, tuple[Rule, ...]] = {
    "ChargeItem": (rules_payment.charge_item,),
    "Claim": (rules_claim.insurance, rules_claim.numbering, rules_claim.lines, rules_claim.total),
    "ClaimResponse": (rules_claim.insurance, rules_payment.payment),
    "ExplanationOfBenefit": (rules_claim.insurance, rules_claim.numbering, rules_claim.lines, rules_payment.payment),
    "Invoice": (rules_payment.invoice,),
    "PaymentReconciliation": (rules_payment.distribution,),
}


def findings(resource: Mapping[str, Any], where: str, prose: Severity) -> list[Issue]:
    """Issues of one resource whose structure is sound.

    Args:
        where: ``Type/id``, the start of every pointer.
        prose: severity of the rules that stand in the words of R4 only.
    """
    found = order_findings(resource, where)
    if "contained" in resource:
        found += contained_findings(resource, where)
    return found + prose_findings(resource, where, prose)


def prose_findings(resource: Mapping[str, Any], where: str, prose: Severity) -> list[Issue]:
    """Issues of the prose rules alone, for a resource with nothing to compare."""
    found: list[Issue] = []
    for rule in PROSE.get(resource["resourceType"], ()):
        found += rule(resource, where, prose)
    return found
