"""The examples of the FHIR package, from what the builders write: fixtures/package, one file each.

    python -m tests.conformance.examples --write

An example is a real output, with the profile that it keeps named in ``meta.profile``; tests/conformance compares the
committed files with what the builders write today.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from adapter.fhir.canonical import pretty
from adapter.fhir.elements import coded
from adapter.fhir.identity import codesystem, extension_url
from tests.support.packaged import bundles, papers, year_of_the_insurer

FOLDER = Path(__file__).parents[2] / "fixtures" / "package"

#: The profile of everything that we write, by resource type; what has several is told apart in ``profile_of``.
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


def profile_of(resource: Mapping[str, Any], *, sent: bool = False) -> str | None:
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
        return "record-bundle" if resource["type"] == "transaction" and not sent else _BUNDLES.get(resource["type"])
    if kind == "Patient" and sent:
        return "least-patient"
    return PROFILES.get(kind)


def claiming(resource: Mapping[str, Any], *, sent: bool = False) -> dict[str, Any]:
    """The resource with its profile in ``meta``, and the resources of a Bundle with theirs."""
    name = profile_of(resource, sent=sent)
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


def outputs() -> Iterator[tuple[str, dict[str, Any]]]:
    """Everything that the builders write out of the small case, with profiles, by name."""
    for name, bundle in bundles():
        yield name, claiming(bundle, sent=not name.startswith("record"))
    for name, resource in papers():
        yield name, claiming(resource)
    yield "year", claiming(year_of_the_insurer())


def examples() -> dict[str, dict[str, Any]]:
    """The examples by file name: at least one for each profile."""
    known = dict(outputs())
    chosen = {name: known[name] for name, _ in papers()}
    year = known["year"]
    chosen |= {"year-response": {"resourceType": year["resourceType"], "id": "year-response", **year}}
    chosen |= {"bundle-claim": known["claim"], "bundle-record": known["record-settled"]}
    for name, resource in _told_apart(known["record-settled"]):
        chosen.setdefault(name, resource)
    sent = {entry["resource"]["resourceType"]: entry["resource"] for entry in known["eligibility"]["entry"]}
    chosen |= {"patient-least": sent["Patient"], "year-request": sent["CoverageEligibilityRequest"]}
    chosen |= {"claim-reversal": _only(known["reversal"], "Claim"), "claim-trial": _only(known["trial"], "Claim")}
    return {f"{resource['resourceType']}-{name}.json": resource for name, resource in sorted(chosen.items())}


def _told_apart(bundle: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The first resource of each kind of the record; of fee lines also a refund, of Coverages one for each payer."""
    for entry in bundle["entry"]:
        resource = entry["resource"]
        kind = resource["resourceType"]
        if kind == "ChargeItem":
            yield ("refund" if str(resource["quantity"]["value"]).startswith("-") else "charge"), resource
        elif kind == "Coverage":
            payer = coded(resource["type"], codesystem("payer"))
            yield f"coverage-{payer}", resource
        elif kind in PROFILES:
            yield kind.lower(), resource


def _only(bundle: dict[str, Any], kind: str) -> dict[str, Any]:
    [found] = [entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == kind]
    made: dict[str, Any] = found
    return made


def main() -> None:
    for path in FOLDER.glob("*.json"):
        path.unlink()
    for name, resource in examples().items():
        (FOLDER / name).write_bytes(pretty(resource) + b"\n")
    sys.stdout.write(f"{FOLDER}: {len(list(FOLDER.glob('*.json')))} files\n")


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit("python -m tests.conformance.examples --write")
    main()
