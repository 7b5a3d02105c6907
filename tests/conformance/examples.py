"""The examples of the FHIR package, from what the builders write: fixtures/package, one file each.

    python -m tests.conformance.examples --write

An example is a real output, with the profile that it keeps named in ``meta.profile``; tests/conformance compares the
committed files with what the builders write today.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from adapter.fhir.canonical import pretty
from adapter.fhir.claiming import PROFILES, claiming
from adapter.fhir.elements import coded
from adapter.fhir.identity import codesystem
from tests.support.packaged import bundles, papers, year_of_the_insurer

FOLDER = Path(__file__).parents[2] / "fixtures" / "package"


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
