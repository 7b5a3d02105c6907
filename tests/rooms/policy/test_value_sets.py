"""The programmes' value sets: FHIR, one per clause, and the rules take their codes from nowhere else."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from adapter.model.issues import AdapterError
from adapter.model.reference import Cause
from adapter.rules.policy.load import read_tree
from adapter.rules.policy.scheme_file import programme_of
from adapter.rules.policy.value_sets import codes_of
from adapter.rules.programme.reading import read_terms
from adapter.rules.programme.terms import Terms
from tests.support.programme import PROGRAMMES, ROOT, facts, settings

FOLDER = ROOT / "mappings" / "valuesets"
FILES = sorted(FOLDER.glob("*.json"))
B = "yongzhou-2017-67"


def said(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def system(name: str) -> dict[str, str]:
    path = ROOT / "mappings" / "profiles" / f"CodeSystem-{name}.json"
    return {each["code"]: each["display"] for each in said(path)["concept"]}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_value_set_is_fhir_and_lists_known_codes(path: Path) -> None:
    found = said(path)
    assert found["url"] == f"https://pay-after-care.example/fhir/ValueSet/{found['id']}" and found["id"] == path.stem
    assert (found["resourceType"], found["status"]) == ("ValueSet", "active")
    assert found["purpose"].startswith(("永卫计发〔2017〕67号 ", "县区方案2021 "))
    (include,) = found["compose"]["include"]
    known = system(include["system"].rpartition("/")[2])
    assert {each["code"]: each["display"] for each in include["concept"]}.items() <= known.items()
    assert all(each["designation"][0]["language"] == "en" for each in include["concept"])
    assert codes_of(path) == tuple(each["code"] for each in include["concept"])


def test_the_code_system_of_causes_is_that_of_the_window() -> None:
    assert set(system("cause")) == set(Cause)


def test_every_value_set_is_named_by_a_clause() -> None:
    texts = "".join((ROOT / f"mappings/programmes/{name}.yaml").read_text("utf-8") for name in PROGRAMMES)
    assert all(f"{{valueset: {path.stem}}}" in texts for path in FILES)


def changed(folder: Path, name: str, codes: list[str]) -> Terms:
    """Programme B with other codes in one value set."""
    shutil.copytree(FOLDER, folder / "valuesets")
    (folder / "programmes").mkdir()
    file = shutil.copy(ROOT / f"mappings/programmes/{B}.yaml", folder / "programmes")
    path = folder / "valuesets" / f"{name}.json"
    found = said(path)
    concepts = {each["code"]: each for each in found["compose"]["include"][0]["concept"]}
    found["compose"]["include"][0]["concept"] = [concepts.get(code, {"code": code}) for code in codes]
    path.write_text(json.dumps(found), encoding="utf-8")
    return read_terms(programme_of(read_tree(Path(file)), B), settings(B))


@pytest.mark.rule("X-05")
def test_the_rule_follows_the_value_set(tmp_path: Path) -> None:
    terms = changed(tmp_path, "yongzhou-2017-67-cause", ["drunkenness"])
    (clause,) = [each for each in terms.causes if each.code == "cause"]
    assert clause.causes == {Cause.DRUNKENNESS}
    assert facts(B, {"cause": "fighting"}).causes.isdisjoint(clause.causes)


def test_an_item_group_taken_away_is_no_exclusion_any_more(tmp_path: Path) -> None:
    with pytest.raises(AdapterError) as caught:  # its words stand in the programme still
        changed(tmp_path, "yongzhou-2017-67-devices", ["dentures", "glasses"])
    assert [issue.code for issue in caught.value.issues] == ["PRG-202"]


def test_a_cause_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AdapterError) as caught:
        changed(tmp_path, "yongzhou-2017-67-crime", ["sorcery"])
    assert [issue.code for issue in caught.value.issues] == ["PRG-202"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "POL-211"),
        ("{}", "POL-216"),
        ('{"resourceType": "ValueSet", "id": "v", "compose": {"include": []}}', "POL-216"),
        (
            '{"resourceType": "ValueSet", "id": "v", "compose": {"include": [{"system": "s", "concept": []}]}}',
            "POL-216",
        ),
        (
            '{"resourceType": "ValueSet", "id": "v", "compose": {"include": [{"system": "s", "concept": '
            '[{"code": "a"}, {"code": "a"}]}]}}',
            "POL-216",
        ),
    ],
)
def test_what_is_no_value_set(tmp_path: Path, text: str, code: str) -> None:
    (tmp_path / "v.json").write_text(text, encoding="utf-8")
    with pytest.raises(AdapterError) as caught:
        codes_of(tmp_path / "v.json")
    assert [issue.code for issue in caught.value.issues] == [code]


@pytest.mark.parametrize("name", ["nowhere", "../schemes/x"])
def test_a_missing_value_set_has_the_line_of_who_names_it(tmp_path: Path, name: str) -> None:
    (tmp_path / "programmes").mkdir()
    file = tmp_path / "programmes" / "p.yaml"
    file.write_text(f"programme: p\ncauses: {{valueset: {name}}}\n", encoding="utf-8")
    with pytest.raises(AdapterError) as caught:
        read_tree(file)
    assert [issue.code for issue in caught.value.issues] in (["POL-211"], ["POL-216"])
