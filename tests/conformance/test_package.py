"""The package as a stranger reads it: HAPI opens it, judges by our snapshots, and makes snapshots of its own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from adapter import __version__
from adapter.fhir.canonical import decode, encode
from adapter.fhir.claiming import claiming
from adapter.fhir.identity import CANON
from adapter.fhir.package.archive import packed
from adapter.fhir.package.contents import Package, file_name
from adapter.fhir.package.variants import HL7_CHINA, R4, R5, VARIANTS, Variant
from adapter.fhir.r5.convert import to_r5
from adapter.fhir.xml_out import xml_of
from adapter.settings import data_folder
from tests.conformance import snapshots, strangers
from tests.conformance.examples import FOLDER, examples, outputs
from tests.conformance.promises import SEEDED, broken
from tests.conformance.strangers import Judging, Verdict
from tests.support.fhir_packages import built_package

pytestmark = pytest.mark.slow

Json = dict[str, Any]


@dataclass(frozen=True)
class Read:
    """What HAPI made of a package and of the files."""

    ours: Package
    package: Json
    snapshots: dict[str, Json]
    sound: dict[Path, Verdict]
    faulty: dict[str, Verdict]
    definitions: dict[str, Verdict]


@dataclass(frozen=True)
class Asked:
    """A package and the files that it shall judge."""

    ours: Package
    judging: Judging
    sound: tuple[Path, ...]
    faulty: dict[str, Path]
    definitions: dict[str, Path]


#: A fault of R5's own: HL7's extension for an element that R4 never had.
NEVER_SAID = "an element that R4 never had"

#: Of base definitions that are not as FHIR asks, what HL7's validator says of our profiles on them: R4 binds
#: ExplanationOfBenefit.priority to the address of a code system.
_OF_HL7 = re.compile(r"CodeSystem/processpriority on element ExplanationOfBenefit.priority points to")


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


def _asked(variant: Variant, folder: Path) -> Asked:
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
    files = (*sound, *faulty.values(), *definitions.values())
    return Asked(ours, Judging(archive, folder / "made", files), sound, faulty, definitions)


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


@pytest.fixture(scope="module")
def reads(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Read]:
    """Every variant of the package, read and asked in one start of the validator."""
    asked = {key: _asked(variant, tmp_path_factory.mktemp(key)) for key, variant in VARIANTS.items()}
    verdicts = strangers.packaged(*(each.judging for each in asked.values()))
    found = {}
    for key, each in asked.items():
        written = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in each.judging.made.glob("*.json")}
        found[key] = Read(
            ours=each.ours,
            package=written.pop("package"),
            snapshots=written,
            sound={path: verdicts[path] for path in each.sound},
            faulty={name: verdicts[path] for name, path in each.faulty.items()},
            definitions={name: verdicts[path] for name, path in each.definitions.items()},
        )
    return found


@pytest.fixture(params=VARIANTS)
def read(request: pytest.FixtureRequest, reads: dict[str, Read]) -> Read:
    return reads[request.param]


def test_a_foreign_reader_opens_it(read: Read) -> None:
    variant = read.ours.variant
    said = {key: read.package[key] for key in ("name", "version", "fhirVersion", "canonical")}
    assert said == {
        "name": variant.name,
        "version": __version__,
        "fhirVersion": variant.fhir_version,
        "canonical": CANON,
    }
    left_out = sum(each["resourceType"] == "CapabilityStatement" for each in read.ours.definitions)
    assert read.package["resources"] == len(read.ours.definitions) - left_out
    assert read.package["examples"] == len(read.ours.examples)


def test_every_output_keeps_its_profile(read: Read) -> None:
    wrong = {path.name: verdict.messages for path, verdict in read.sound.items() if not verdict.accepts}
    assert wrong == {}


def test_every_definition_is_sound_itself(read: Read) -> None:
    """As resources: operations, codes, maps, the guide, profiles with their snapshots."""
    errors = {
        name: [each for each in verdict.messages if each.startswith("error") and not _OF_HL7.search(each)]
        for name, verdict in read.definitions.items()
    }
    assert {name: found for name, found in errors.items() if found} == {}
    assert len(errors) > 100 or read.ours.variant is HL7_CHINA


def test_what_the_profiles_refuse_is_refused(read: Read) -> None:
    seeded = {R4: {*SEEDED}, R5: {*SEEDED, NEVER_SAID}, HL7_CHINA: set()}
    assert read.faulty.keys() == seeded[read.ours.variant]
    assert [name for name, verdict in read.faulty.items() if verdict.accepts] == []


def test_the_snapshots_are_those_of_the_other_generator(read: Read) -> None:
    """Element by element, but for what snapshots.py lists with its reason."""
    own = {each["id"]: each for each in read.ours.definitions if each["resourceType"] == "StructureDefinition"}
    assert len(own) >= 40
    differences = [
        each for name, ours in own.items() for each in snapshots.differences(name, ours, read.snapshots[name])
    ]
    assert differences == []


def test_the_examples_are_what_the_builders_write() -> None:
    committed = {path.name: decode(path.read_bytes()) for path in FOLDER.glob("*.json")}
    assert committed == examples(), "run: python -m tests.conformance.examples --write"


def test_every_profile_has_an_example() -> None:
    profiles = {
        path.stem.removeprefix("StructureDefinition-")
        for path in (data_folder("mappings") / "profiles").glob("StructureDefinition-*.json")
        if json.loads(path.read_text(encoding="utf-8"))["kind"] == "resource"
    }
    text = "".join(path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json"))
    assert profiles - set(re.findall(rf"{CANON}/StructureDefinition/([a-z-]+)", text)) == set()
