"""What HAPI is given to read and judge: our packages, R4, R5 and HL7 China's, each with the files that it judges."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapter.fhir.canonical import decode, encode
from adapter.fhir.claiming import claiming
from adapter.fhir.metadata import RELEASED
from adapter.fhir.package.archive import packed
from adapter.fhir.package.contents import Package, file_name
from adapter.fhir.package.variants import HL7_CHINA, R4, R5, Variant
from adapter.fhir.r5.convert import to_r5
from adapter.fhir.r5.metadata import capability_statement_r5
from adapter.fhir.xml_out import xml_of
from tests.conformance import strangers, written
from tests.conformance.examples import examples, outputs
from tests.conformance.promises import broken
from tests.conformance.strangers import Judging, Verdict
from tests.support.fhir_packages import built_package

Json = dict[str, Any]

#: A fault of R5's own: HL7's extension for an element that R4 never had.
NEVER_SAID = "an element that R4 never had"

#: R4 where R5 is expected: what the validator for R5 must not take.
STILL_R4: dict[str, Json] = {
    "fault-status": {
        "resourceType": "Encounter",
        "status": "finished",
        "class": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"}]}],
    },
    "fault-payor": {
        "resourceType": "Coverage",
        "status": "active",
        "beneficiary": {"reference": "Patient/p1"},
        "payor": [{"reference": "Organization/o1"}],
    },
}


@dataclass(frozen=True)
class Asked:
    """A package and the files that it shall judge: ours, seeded faults by name, definitions, and others."""

    ours: Package
    judging: Judging
    sound: tuple[Path, ...]
    faulty: dict[str, Path]
    definitions: dict[str, Path]


@dataclass(frozen=True)
class Read:
    """What HAPI made of a package and of the files."""

    ours: Package
    package: Json
    snapshots: dict[str, Json]
    sound: dict[Path, Verdict]
    faulty: dict[str, Verdict]
    definitions: dict[str, Verdict]


def asked(variant: Variant, folder: Path, others: Iterable[Path] = ()) -> Asked:
    """A variant of the package with its files.

    Args:
        folder: an empty one; everything is written there.
        others: files that it judges besides.
    """
    ours = built_package(variant.key)
    for name in ("made", "sound", "faults", "definitions"):
        (folder / name).mkdir(parents=True)
    archive = folder / "package.tgz"
    archive.write_bytes(packed(ours))
    sound = tuple(_sound(folder / "sound") if variant is R4 else _examples(ours, folder / "sound"))
    faulty = {}
    for number, (name, resource) in enumerate(_broken(variant) if variant is not HL7_CHINA else ()):
        faulty[name] = folder / "faults" / f"fault-{number:02}.json"
        faulty[name].write_bytes(encode(resource))
    definitions = dict(_definitions(ours, folder / "definitions")) if variant is not HL7_CHINA else {}
    files = (*sound, *faulty.values(), *definitions.values(), *others)
    return Asked(ours, Judging(archive, folder / "made", files), sound, faulty, definitions)


def read(each: Asked, verdicts: dict[Path, Verdict]) -> Read:
    """What became of it."""
    told = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in each.judging.made.glob("*.json")}
    return Read(
        ours=each.ours,
        package=told.pop("package"),
        snapshots=told,
        sound={path: verdicts[path] for path in each.sound},
        faulty={name: verdicts[path] for name, path in each.faulty.items()},
        definitions={name: verdicts[path] for name, path in each.definitions.items()},
    )


def _sound(folder: Path) -> Iterator[Path]:
    """Every example and output of ours in both formats, and the goldens of the hospitals, each claiming its profile."""
    for name, resource in (*examples().items(), *outputs()):
        stem = name.removesuffix(".json")
        path = folder / f"{stem}.json"
        if not path.exists():
            path.write_bytes(encode(resource))
            yield path
            marked = folder / f"{stem}.xml"
            marked.write_bytes(xml_of(resource))
            yield marked
    for number, golden in enumerate(strangers.expected_outputs()):
        path = folder / f"golden-{number:03}-{golden.stem}.json"
        path.write_bytes(encode(claiming(decode(golden.read_bytes()))))
        yield path


def _examples(ours: Package, folder: Path) -> Iterator[Path]:
    """The examples of a package; of HL7 China's those that are not as in R5."""
    for name, resource in ours.examples.items():
        if ours.variant is R5 or "/hl7-china-" in encode(resource).decode():
            path = folder / name
            path.write_bytes(encode(resource))
            yield path


def _definitions(ours: Package, folder: Path) -> Iterator[tuple[str, Path]]:
    """The definitions as resources; not the extensions, whose contexts HAPI looks up in a package that it lacks."""
    for each in ours.definitions:
        if each.get("type") != "Extension":
            path = folder / file_name(each)
            path.write_bytes(encode(each))
            yield path.name, path


def _broken(variant: Variant) -> Iterator[tuple[str, Json]]:
    """The seeded faults in the variant's version of FHIR."""
    for name, resource in broken(built_package().examples):
        yield name, resource if variant is R4 else to_r5(resource)[0]
    if variant is R5:
        carried = {"url": "http://hl7.org/fhir/4.0/StructureDefinition/extension-Encounter.mood", "valueCode": "good"}
        yield NEVER_SAID, {**built_package("r5").examples["Encounter-encounter.json"], "extension": [carried]}


def said_in_r5(folder: Path) -> Iterator[Path]:
    """Everything that we write said in R5, and what is still R4: in JSON, and what is no golden in XML as well."""
    for name, resource in (*_in_r5(), *STILL_R4.items()):
        path = folder / f"{name}.json"
        path.write_bytes(encode(resource))
        yield path
        if not name.startswith(("golden", "fault")):
            marked = folder / f"{name}.xml"
            marked.write_bytes(xml_of(resource, "R5"))
            yield marked


def _in_r5() -> Iterator[tuple[str, Json]]:
    for name, resource in (*written.on_the_wire(), *written.in_the_record()):
        if name != "metadata":
            yield name, to_r5(resource)[0]
    yield "metadata", capability_statement_r5(version="1.0", released=RELEASED, base="https://x.example/fhir/r5")
    for number, golden in enumerate(strangers.expected_outputs()):
        yield f"golden-{number:03}-{golden.stem}", to_r5(decode(golden.read_bytes()))[0]
