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
from adapter.cases.fhir_package import fhir_package
from adapter.fhir.canonical import decode, encode
from adapter.fhir.identity import CANON
from adapter.fhir.package.archive import packed
from adapter.fhir.package.contents import NAME
from adapter.fhir.xml_out import xml_of
from adapter.settings import data_folder
from tests.conformance import snapshots, strangers
from tests.conformance.examples import FOLDER, claiming, examples, outputs
from tests.conformance.promises import broken
from tests.conformance.strangers import Verdict

pytestmark = pytest.mark.slow

Json = dict[str, Any]


@dataclass(frozen=True)
class Read:
    """What HAPI made of the package and of the files."""

    package: Json
    snapshots: dict[str, Json]
    ours: dict[str, Json]
    sound: dict[Path, Verdict]
    faulty: dict[str, Verdict]


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


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Read:
    folder, made = tmp_path_factory.mktemp("files"), tmp_path_factory.mktemp("made")
    ours = fhir_package(data_folder("mappings"), data_folder("fixtures"))
    archive = folder / "package.tgz"
    archive.write_bytes(packed(ours))
    sound = list(_sound(folder))
    faulty = {}
    for number, (name, resource) in enumerate(broken(ours.examples)):
        path = folder / f"fault-{number:02}.json"
        path.write_bytes(encode(resource))
        faulty[name] = path
    verdicts = strangers.packaged(archive, made, [*sound, *faulty.values()])
    written = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in made.glob("*.json")}
    return Read(
        package=written.pop("package"),
        snapshots=written,
        ours={each["id"]: each for each in ours.definitions if each["resourceType"] == "StructureDefinition"},
        sound={path: verdicts[path] for path in sound},
        faulty={name: verdicts[path] for name, path in faulty.items()},
    )


def test_a_foreign_reader_opens_it(read: Read) -> None:
    package = fhir_package(data_folder("mappings"), data_folder("fixtures"))
    said = {key: read.package[key] for key in ("name", "version", "fhirVersion", "canonical")}
    assert said == {"name": NAME, "version": __version__, "fhirVersion": "4.0.1", "canonical": CANON}
    left_out = sum(each["resourceType"] == "CapabilityStatement" for each in package.definitions)
    assert read.package["resources"] == len(package.definitions) - left_out
    assert read.package["examples"] == len(package.examples)


def test_every_output_keeps_its_profile(read: Read) -> None:
    wrong = {path.name: verdict.messages for path, verdict in read.sound.items() if not verdict.accepts}
    assert wrong == {}


def test_what_the_profiles_refuse_is_refused(read: Read) -> None:
    assert [name for name, verdict in read.faulty.items() if verdict.accepts] == []


def test_the_snapshots_are_those_of_the_other_generator(read: Read) -> None:
    """Element by element, but for what snapshots.py lists with its reason."""
    differences = [
        each for name, ours in read.ours.items() for each in snapshots.differences(name, ours, read.snapshots[name])
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
