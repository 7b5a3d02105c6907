"""What we say in R5, judged by the HL7 validator for R5: the wire, the record and the goldens, JSON and XML."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from adapter.cases.fhir_package import fhir_package
from adapter.fhir.canonical import decode, encode
from adapter.fhir.metadata import RELEASED
from adapter.fhir.package.archive import packed
from adapter.fhir.package.variants import R5
from adapter.fhir.r5.convert import to_r5
from adapter.fhir.r5.metadata import capability_statement_r5
from adapter.fhir.schema import build_r5
from adapter.fhir.schema.build import Builder, text_of
from adapter.fhir.schema.build_r5 import DefinitionsR5
from adapter.fhir.xml_out import xml_of
from adapter.settings import data_folder
from tests.conformance import strangers, written
from tests.conformance.strangers import Judging, Verdict

pytestmark = pytest.mark.slow

Json = dict[str, Any]


def in_r5() -> Iterator[tuple[str, Json]]:
    """Everything that we write, said in R5."""
    for name, resource in (*written.on_the_wire(), *written.in_the_record()):
        if name != "metadata":
            yield name, to_r5(resource)[0]
    yield "metadata", capability_statement_r5(version="1.0", released=RELEASED, base="https://x.example/fhir/r5")
    for number, golden in enumerate(strangers.expected_outputs()):
        yield f"golden-{number:03}-{golden.stem}", to_r5(decode(golden.read_bytes()))[0]


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


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Verdict]:
    """Everything in JSON, and what is no golden in XML as well; one start of the validator."""
    folder = tmp_path_factory.mktemp("r5")
    written_down = []
    for name, resource in (*in_r5(), *STILL_R4.items()):
        written_down.append(folder / f"{name}.json")
        written_down[-1].write_bytes(encode(resource))
        if not name.startswith(("golden", "fault")):
            written_down.append(folder / f"{name}.xml")
            written_down[-1].write_bytes(xml_of(resource, "R5"))
    archive = folder / "package.tgz"
    archive.write_bytes(packed(fhir_package(data_folder("mappings"), data_folder("fixtures"), R5)))
    (folder / "made").mkdir()
    return strangers.packaged(Judging(archive, folder / "made", tuple(written_down)))


def test_the_schema_is_what_hl7_publishes() -> None:
    strangers.built_java()
    (jar,) = (strangers.JAVA / "target" / "lib").glob("hapi-fhir-validation-resources-r5-*.jar")
    committed = files("adapter.fhir.schema").joinpath("r5.json").read_text(encoding="utf-8")
    built = text_of(Builder(DefinitionsR5(jar), build_r5.R5).build())
    assert built == committed, f"run: python -m adapter.fhir.schema.build_r5 {jar}"


def test_what_we_say_in_r5_has_no_error(verdicts: dict[Path, Verdict]) -> None:
    ours = {path: found for path, found in verdicts.items() if path.stem not in STILL_R4}
    assert len(ours) > 60
    assert [(path.name, found.messages) for path, found in ours.items() if not found.accepts] == []


def test_what_is_still_r4_has(verdicts: dict[Path, Verdict]) -> None:
    assert [path.stem for path, found in verdicts.items() if path.stem in STILL_R4 and found.accepts] == []
