"""The package: closed in itself, in the form that registries take, the same bytes each time."""

from __future__ import annotations

import ast
import io
import json
import re
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapter import __version__
from adapter.cases.fhir_package import fhir_package, nhsa_fields
from adapter.fhir.identity import CANON
from adapter.fhir.package.archive import index, packed
from adapter.fhir.package.contents import Package, file_name, package
from adapter.fhir.package.variants import R4
from adapter.fhir.validation import validate
from adapter.model.issues import AdapterError
from adapter.rules.settlement.explain import STEPS
from tests.support.fhir_packages import built_package
from tests.support.terminal import run

ROOT = Path(__file__).parents[4]


@pytest.fixture(scope="module")
def built() -> Package:
    return built_package()


def strings(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    for each in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from strings(each)


def test_every_address_of_ours_is_in_the_package(built: Package) -> None:
    ours = {each["url"] for each in built.definitions}
    kinds = "StructureDefinition|ValueSet|CodeSystem|ConceptMap|OperationDefinition"
    named = re.compile(rf"{CANON}/({kinds})/[a-z0-9-]+\Z")
    said = {text for each in built.definitions for text in strings(each) if named.match(text)}
    profiles = {url for each in built.examples.values() for url in each["meta"]["profile"]}
    assert (said | profiles) - ours == set()


def test_every_definition_is_stamped_and_whole(built: Package) -> None:
    for each in built.definitions:
        assert (each["version"], each["date"]) == (__version__, built.released.isoformat())
        if each["resourceType"] == "StructureDefinition":
            assert len(each["snapshot"]["element"]) >= len(each["differential"]["element"])


def test_every_code_of_a_profile_is_explained_in_chinese(built: Package) -> None:
    profiles = [each for each in built.definitions if each["resourceType"] == "StructureDefinition"]
    assert [each["id"] for each in profiles if not re.search(r"[\u4e00-\u9fff]", each["title"])] == []


def test_examples_are_sound_by_our_own_rules(built: Package) -> None:
    assert {name: found for name, each in built.examples.items() if (found := validate([each]))} == {}


def test_the_platforms_tables_are_code_systems_and_maps(built: Package) -> None:
    maps = {each["id"]: each for each in built.definitions if each["resourceType"] == "ConceptMap"}
    [group] = maps["nhsa-insutype"]["group"]
    assert (group["source"], group["target"]) == (
        f"{CANON}/CodeSystem/insurance",
        f"{CANON}/CodeSystem/nhsa-insutype",
    )
    assert {"code": "residents", "target": [{"code": "390", "equivalence": "equivalent"}]} in group["element"]
    systems = {each["url"]: each for each in built.definitions if each["resourceType"] == "CodeSystem"}
    for each in maps.values():
        for part in each["group"]:
            known = {concept["code"] for concept in systems[part["target"]]["concept"]}
            assert {answer["code"] for element in part["element"] for answer in element["target"]} <= known


def test_a_field_of_the_platform_names_its_element() -> None:
    rows = {(row.transaction, row.field): row for row in nhsa_fields(ROOT / "mappings") if row.sent}
    assert rows["2401", "begntime"].fhir == "Encounter.period.start"
    assert rows["2301", "det_item_fee_sumamt"].fhir == "ChargeItem.priceOverride.value"
    assert rows["2401", "med_type"].fhir == ""


def test_the_rules_own_words_are_code_systems(built: Package) -> None:
    systems = {each["id"]: each for each in built.definitions if each["resourceType"] == "CodeSystem"}
    steps = {each["code"]: each["display"] for each in systems["settlement-step"]["concept"]}
    assert steps["deductible"] == "起付标准" and len(steps) == len(STEPS)
    reasons = {each["code"]: each for each in systems["entitlement-reason"]["concept"]}
    assert {"county-match", "document:insurance-card", "emergency", "credit"} <= reasons.keys()
    assert all(each["display"] and each["definition"] for each in reasons.values())


def test_every_step_that_the_rules_take_is_of_the_code_system() -> None:
    """The operations' ``step.name`` is bound to it, required."""
    taken = set()
    for path in sorted((ROOT / "adapter" / "rules" / "settlement").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                place = {"step": 0, "Step": 1}.get(name, len(node.args))
                taken |= {each.value for each in node.args[place : place + 1] if isinstance(each, ast.Constant)}
    assert taken == STEPS.keys()


def test_no_concept_has_an_empty_word(built: Package) -> None:
    for each in built.definitions:
        assert "" not in strings(each), each["id"]


def test_the_archive_is_an_npm_package_of_fhir(built: Package) -> None:
    with tarfile.open(fileobj=io.BytesIO(packed(built)), mode="r:gz") as tar:
        files = {each.name: tar.extractfile(each).read() for each in tar.getmembers()}  # type: ignore[union-attr]
        assert {(each.mtime, each.uid, each.uname) for each in tar.getmembers()} == {(0, 0, "")}
    said = json.loads(files["package/package.json"])
    assert (said["name"], said["version"], said["fhirVersions"]) == (R4.name, __version__, ["4.0.1"])
    assert said["dependencies"] == {"hl7.fhir.r4.core": "4.0.1"}
    for folder, content in (("package", built.definitions), ("package/example", built.examples.values())):
        listed = json.loads(files[f"{folder}/.index.json"])
        assert listed["index-version"] == 2
        assert len(listed["files"]) == len(list(content))
        for each in listed["files"]:
            resource = json.loads(files[f"{folder}/{each['filename']}"])
            assert resource["resourceType"] == each["resourceType"]


def test_the_same_content_gives_the_same_bytes(built: Package) -> None:
    assert packed(built) == packed(fhir_package(ROOT / "mappings", ROOT / "fixtures"))
    assert packed(built) != packed(replace(built, version="0.1.1"))


def test_amounts_keep_their_digits(built: Package) -> None:
    with tarfile.open(fileobj=io.BytesIO(packed(built)), mode="r:gz") as tar:
        found = tar.extractfile("package/example/ChargeItem-charge.json")
        assert found is not None and b'"value": 18.00,' in found.read()


def test_an_index_says_what_a_reader_looks_for() -> None:
    resource = {"resourceType": "CodeSystem", "id": "a", "url": "urn:a", "content": "complete", "concept": []}
    assert index({"CodeSystem-a.json": resource})["files"] == [
        {
            "filename": "CodeSystem-a.json",
            "resourceType": "CodeSystem",
            "id": "a",
            "url": "urn:a",
            "content": "complete",
        }
    ]


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("FHIR-244", ("CodeSystem-a.json", "CodeSystem-b.json")),
        ("FHIR-245", ("CodeSystem-c.json", "CodeSystem-b.json")),
    ],
)
def test_names_and_addresses_stand_once(built: Package, code: str, names: tuple[str, str]) -> None:
    written = {
        name: {"resourceType": "CodeSystem", "id": identity, "url": "urn:x", "name": "X"}
        for name, identity in zip(names, ("a", "b"), strict=True)
    }
    with pytest.raises(AdapterError) as refused:
        package(written, [], {}, version="1", released=built.released)
    assert refused.value.issues[0].code == code


def test_the_command_writes_the_package(tmp_path: Path, built: Package) -> None:
    done = run("package", "build", "--out", str(tmp_path / "made"))
    assert done.returncode == 0
    assert f"{len(built.definitions)} definitions" in done.stdout
    assert (tmp_path / "made" / "package.tgz").read_bytes() == packed(built)
    assert R4.name in done.stdout
    assert file_name(built.definitions[-1]) == f"ImplementationGuide-{R4.name}.json"
