"""HL7's validator and the readers of HAPI, started once: what we write in R4 and R5, and our packages.

HAPI opens each variant of the package, judges by our snapshots, and makes snapshots of its own. R4 judges the wire, the
record, the demo, examples, outputs, goldens and definitions; R5 the same as we say it there.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from importlib.resources import files as packaged_files
from pathlib import Path
from typing import Any

import pytest

from adapter import __version__
from adapter.fhir.canonical import decode
from adapter.fhir.identity import CANON
from adapter.fhir.package.variants import HL7_CHINA, R4, R5, VARIANTS
from adapter.fhir.schema import build_r5
from adapter.fhir.schema.build import Builder, text_of
from adapter.fhir.schema.build_r5 import DefinitionsR5
from adapter.settings import data_folder
from tests.conformance import judged, snapshots, strangers
from tests.conformance.examples import FOLDER, examples
from tests.conformance.faults import Fault
from tests.conformance.judged import NEVER_SAID, STILL_R4, Read
from tests.conformance.promises import SEEDED
from tests.conformance.strangers import Verdict

pytestmark = pytest.mark.slow

Json = dict[str, Any]

#: Dictionaries that nobody published: a hospital's own codes, and the Chinese edition of ICD-10.
UNPUBLISHED = re.compile(r"CodeSystem is unknown .*(/CodeSystem/[a-z0-9_]+/[a-z_-]+|/sid/icd-10) for ")

#: Of base definitions that are not as FHIR asks, what HL7's validator says of our profiles on them: R4 binds
#: ExplanationOfBenefit.priority to the address of a code system.
_OF_HL7 = re.compile(r"CodeSystem/processpriority on element ExplanationOfBenefit.priority points to")


@dataclass(frozen=True)
class Said:
    """What HAPI said in its one start.

    Attributes:
        packages: by the key of the variant.
        hapi: R4's verdicts on what we write and on the faults of fixtures/faults.
        fifth: R5's verdicts on the same, said in R5.
    """

    packages: dict[str, Read]
    hapi: dict[Path, Verdict]
    fifth: dict[Path, Verdict]


@pytest.fixture(scope="module")
def unclaimed(ours: list[Path]) -> list[Path]:
    """What names no profile. The goldens are judged with the names of theirs, which is more."""
    goldens = {*strangers.expected_outputs()}
    return [path for path in ours if path not in goldens]


@pytest.fixture(scope="module")
def said(
    tmp_path_factory: pytest.TempPathFactory,
    unclaimed: list[Path],
    fault_files: dict[Path, Fault],
    pytestconfig: pytest.Config,
) -> Said:
    fourth = (*unclaimed, *fault_files)
    fifth = tuple(judged.said_in_r5(tmp_path_factory.mktemp("said-in-r5")))
    others = {R4.key: fourth, R5.key: fifth, HL7_CHINA.key: ()}
    asked = {key: judged.asked(variant, tmp_path_factory.mktemp(key), others[key]) for key, variant in VARIANTS.items()}
    verdicts = strangers.packaged(*(each.judging for each in asked.values()))
    hapi = {path: verdicts[path] for path in fourth}
    strangers.counted("HL7 validator (HAPI)", hapi, unclaimed, pytestconfig)
    return Said(
        packages={key: judged.read(each, verdicts) for key, each in asked.items()},
        hapi=hapi,
        fifth={path: verdicts[path] for path in fifth},
    )


@pytest.fixture(params=VARIANTS)
def read(request: pytest.FixtureRequest, said: Said) -> Read:
    return said.packages[request.param]


# -- what we write -----------------------------------------------------------------------------------------------------


def test_what_we_write_has_no_error(said: Said, unclaimed: list[Path]) -> None:
    assert [(path.name, said.hapi[path].messages) for path in unclaimed if not said.hapi[path].accepts] == []


def test_what_it_warns_of_are_dictionaries_that_nobody_published(said: Said, wire: list[Path]) -> None:
    warnings = {text for path in wire for text in said.hapi[path].messages if not UNPUBLISHED.search(text)}
    assert warnings == set()


def test_it_sees_the_faults_that_it_is_said_to_see(said: Said, fault_files: dict[Path, Fault]) -> None:
    seen = {fault.name for path, fault in fault_files.items() if not said.hapi[path].accepts}
    assert seen == {fault.name for fault in fault_files.values() if "hapi" in fault.others}


def test_strangers_are_said_to_see_at_least_25_of_our_faults(fault_files: dict[Path, Fault]) -> None:
    """That they see just those is what the tests of HAPI and of Medplum show."""
    assert sum(bool({"hapi", "medplum"} & fault.others) for fault in fault_files.values()) >= 25


# -- and in R5 ---------------------------------------------------------------------------------------------------------


def test_the_schema_is_what_hl7_publishes() -> None:
    strangers.built_java()
    (jar,) = (strangers.JAVA / "target" / "lib").glob("hapi-fhir-validation-resources-r5-*.jar")
    committed = packaged_files("adapter.fhir.schema").joinpath("r5.json").read_text(encoding="utf-8")
    built = text_of(Builder(DefinitionsR5(jar), build_r5.R5).build())
    assert built == committed, f"run: python -m adapter.fhir.schema.build_r5 {jar}"


def test_what_we_say_in_r5_has_no_error(said: Said) -> None:
    ours = {path: found for path, found in said.fifth.items() if path.stem not in STILL_R4}
    assert len(ours) > 60
    assert [(path.name, found.messages) for path, found in ours.items() if not found.accepts] == []


def test_what_is_still_r4_has(said: Said) -> None:
    judged_ = {path.stem: found for path, found in said.fifth.items() if path.stem in STILL_R4}
    assert judged_.keys() == STILL_R4.keys()
    assert [name for name, found in judged_.items() if found.accepts] == []


# -- the packages ------------------------------------------------------------------------------------------------------


def test_a_foreign_reader_opens_it(read: Read) -> None:
    variant = read.ours.variant
    told = {key: read.package[key] for key in ("name", "version", "fhirVersion", "canonical")}
    assert told == {
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
