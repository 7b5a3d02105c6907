"""Which profile of ours a resource keeps, and how it says so in ``meta.profile``. 声明所遵循的规范。

What we write keeps its profile whether it says so or not, and mostly it does not: a receiver needs no package to read
it. Where a partner takes only what names its profile, the endpoint says so (``claim_profiles``), and in the FHIR
package every example names its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapter.fhir.elements import Resource, coded
from adapter.fhir.identity import codesystem, extension_url

#: The profile of everything that we write, by resource type; what has several is told apart in ``kept_profile``.
PROFILES = {
    "Account": "stay-account",
    "ChargeItem": "charge-line",
    "Claim": "payer-claim",
    "ClaimResponse": "payer-claim-response",
    "Communication": "notice",
    "CommunicationRequest": "notice-request",
    "Consent": "outside-catalogue-consent",
    "Coverage": "payer-coverage",
    "CoverageEligibilityRequest": "year-request",
    "CoverageEligibilityResponse": "year-response",
    "Encounter": "inpatient-stay",
    "ExplanationOfBenefit": "payer-benefit",
    "Flag": "credit-flag",
    "Invoice": "stay-invoice",
    "Patient": "hospital-patient",
    "PaymentNotice": "money-notice",
    "PaymentReconciliation": "money-received",
    "Provenance": "origin",
}
_BUNDLES = {"transaction": "record-bundle", "collection": "submission-bundle"}
_TASKS = {"entitlement": "entitlement-task", "custody": "custody-task"}


def kept_profile(resource: Mapping[str, Any], *, sent: bool = False) -> str | None:
    """Name of the profile that a resource of ours keeps, or None for a type without one.

    Args:
        sent: it stands in what a payer gets.
    """
    kind = resource["resourceType"]
    if kind == "Task":
        said = coded(resource.get("code"), codesystem("task"))
        return _TASKS.get(said, "collection-task") if said is not None else None
    if kind == "Contract":
        return "repayment-plan" if "term" in resource else "signed-paper"
    if kind == "Bundle":
        return _BUNDLES.get(resource["type"])
    if kind == "Patient" and sent:
        return "least-patient"
    return PROFILES.get(kind)


def claiming(resource: Mapping[str, Any], *, sent: bool = False) -> Resource:
    """The resource with its profile in ``meta``, and the resources of a Bundle with theirs; nothing else changes."""
    name = kept_profile(resource, sent=sent)
    made = dict(resource)
    if name is not None:
        made = {"resourceType": made.pop("resourceType"), **({"id": made.pop("id")} if "id" in made else {})}
        made["meta"] = {**resource.get("meta", {}), "profile": [extension_url(name)]}
        made |= {key: value for key, value in resource.items() if key not in made}
    if resource["resourceType"] == "Bundle":
        made["entry"] = [
            {**entry, "resource": claiming(entry["resource"], sent=sent)} if "resource" in entry else entry
            for entry in resource["entry"]
        ]
    return made
