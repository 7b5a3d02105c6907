"""The JSON Schemas: those of the repository are those of the code; they accept what is shipped and refuse what the
loader refuses."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from adapter.cases.mapping_tools import pretty
from adapter.intake.mapping import load_mapping, native_load
from adapter.intake.mapping.export import _LAYOUT_KEYS, _TABLE_KEYS, SHAPE_KEYS
from adapter.intake.mapping.fields import _COLUMN_KEYS, _RESOURCE_KEYS
from adapter.intake.mapping.issues import MappingRefused
from adapter.intake.mapping.load import _SOURCE_KEYS
from adapter.intake.mapping.messages import _ENTRY_KEYS, _KEY_NAMES, _KEYS
from adapter.intake.mapping.nodes import read_nodes
from adapter.intake.mapping.schema import schemas
from tests.support.intake import MAPPINGS, SOURCE

SCHEMAS = schemas()
VALIDATORS = {kind: jsonschema_rs.Draft7Validator(schema) for kind, schema in SCHEMAS.items()}
FILES = sorted([*MAPPINGS.glob("his/*/*.yaml"), *MAPPINGS.glob("sources/*.yaml")])


def kind_of(file: Path) -> str:
    if file.parent.name == "sources":
        return "source"
    return file.stem if file.stem in ("shape", "messages") else "resource"


def readings(text: str) -> list[Any]:
    """As the loader reads it, all text; and as an editor does, with YAML's own types."""
    return [read_nodes(text, "x").plain(), json.loads(json.dumps(yaml.safe_load(text), default=str))]


@pytest.mark.parametrize("kind", SCHEMAS)
def test_the_files_of_the_repository_are_those_of_the_code(kind: str) -> None:
    """``adapter mapping schema --out mappings/his/schema`` writes them anew."""
    assert (MAPPINGS / "his" / "schema" / f"{kind}.json").read_bytes() == pretty(SCHEMAS[kind])


@pytest.mark.parametrize("file", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_shipped_file_is_accepted(file: Path) -> None:
    for reading in readings(file.read_text("utf-8")):
        assert [error.message for error in VALIDATORS[kind_of(file)].iter_errors(reading)] == []


def test_the_schemas_know_every_key_that_the_loader_knows() -> None:
    resource, shape, source, messages = (SCHEMAS[kind] for kind in ("resource", "shape", "source", "messages"))
    table = shape["properties"]["tables"]["additionalProperties"]
    entry = messages["properties"]["entries"]["additionalProperties"]
    for schema, keys in (
        (resource, _RESOURCE_KEYS),
        (resource["definitions"]["column"], _COLUMN_KEYS),
        (shape, {*SHAPE_KEYS, *native_load.SHAPE_KEYS}),
        (source["properties"]["fhir"], native_load.SOURCE_KEYS),
        (table, _TABLE_KEYS),
        (shape["properties"]["layout"], _LAYOUT_KEYS),
        (source, _SOURCE_KEYS),
        (source["properties"]["overlays"]["additionalProperties"], _RESOURCE_KEYS),
        (messages, _KEYS),
        (messages["properties"]["keys"], _KEY_NAMES),
        (entry, _ENTRY_KEYS),
    ):
        assert set(schema["properties"]) == set(keys)


#: File, what stands there, and the mistake instead.
MISTAKES = [
    ("his/bsoft_phis/patient.yaml", "private: yes", "privat: yes"),
    ("his/bsoft_phis/patient.yaml", "private: yes", "private: perhaps"),
    ("his/bsoft_phis/patient.yaml", "as: id_number", "as: idnumber"),
    ("his/bsoft_phis/patient.yaml", "{from: BAHM}", "{from: BAHM, codes: gender.csv, form: both}"),
    ("his/bsoft_phis/patient.yaml", "{from: BAHM}", "{form: BAHM}"),
    ("his/bsoft_phis/patient.yaml", "{from: BAHM}", "{from: BAHM, required: maybe}"),
    ("his/bsoft_phis/patient.yaml", "{from: BAHM}", '{from: BAHM, formats: ["%Y"]}'),
    ("his/bsoft_phis/patient.yaml", "{from: BAHM}", "{from: BAHM, as: date}"),
    ("his/bsoft_phis/patient.yaml", "identifier[1].value:  {", "identifier[one].value: {"),
    ("his/bsoft_phis/patient.yaml", "identifier[1].value:  {", "identifier[1]..value: {"),
    ("his/bsoft_phis/patient.yaml", "to: Patient", "of: Patient"),
    ("his/bsoft_phis/patient.yaml", "id_check: {number: SFZH, ", "id_check: {"),
    ("his/bsoft_phis/patient.yaml", "row_key: [BRID]", "rowkey: [BRID]"),
    (
        "his/bsoft_phis/coverage.yaml",
        "only: {column: BRXZ, codes: insurance.csv, in:",
        "only: {codes: insurance.csv, in:",
    ),
    ("his/bsoft_phis/coverage.yaml", "in: [residents, employees]}\nfields", "in: [residents], not_in: [none]}\nfields"),
    ("his/bsoft_phis/coverage.yaml", "{reference: patient}", "{reference: patient, as: text}"),
    ("his/bsoft_phis/account.yaml", '{const: "1", as: integer}', '{const: "one", as: integer}'),
    ("his/bsoft_phis/hospital.yaml", '{const: "true", as: flag}', '{const: "yes!", as: flag}'),
    ("his/bsoft_phis/hospital.yaml", "JGID: {in_setting: facility.code, zh", "JGID: {zh"),
    ("his/bsoft_phis/charge_item.yaml", 'tolerance: "0.01"', 'tolerance: "little"'),
    ("his/bsoft_phis/charge_item.yaml", "refunds: {quantity: FYSL, ", "refunds: {"),
    ("his/bsoft_phis/charge_item.yaml", "refunds: {quantity", "refunds: {kind: linked, quantity"),
    ("his/bsoft_phis/charge_item.yaml", "refunds: {quantity", "refunds: {kind: guessed, quantity"),
    ("his/bsoft_phis/encounter.yaml", "    each: ZY_RYZD\n", "    every: ZY_RYZD\n"),
    ("his/bsoft_phis/his_settlement.yaml", "  number:     {from: JSCS,", "  number.value: {from: JSCS,"),
    ("his/bsoft_phis/his_settlement.yaml", "{from: JKHJ, as: yuan}", '{const: "1"}'),
    ("his/bsoft_phis/shape.yaml", "reader: xml_files", "reader: xls_files"),
    ("his/bsoft_phis/shape.yaml", "row: row\n", ""),
    ("his/bsoft_phis/shape.yaml", "key: ZYH, person", "person"),
    ("his/bsoft_phis/shape.yaml", "needed: yes}            # 住院", "need: yes}            # 住院"),
    ("his/bsoft_phis/shape.yaml", "ZY_TBKK: {row_key: [JKXH]}", "ZY_TBKK: {needed: no}"),
    ("his/bsoft_phis/shape.yaml", "[JKXH]}", "[JKXH], derived: {x: {as: product, of: [A]}}}"),
    ("his/bsoft_phis/shape.yaml", "[JKXH]}", "[JKXH], derived: {x: {as: quotient, of: [A, B]}}}"),
    ("his/bsoft_phis/shape.yaml", "row: row\n", "row: row\nlayout: {separator: ab}\n"),
    ("sources/qingshi_county.yaml", "zone: Asia/Shanghai\n", ""),
    ("sources/qingshi_county.yaml", "zone: Asia", "timezone: x\nzone: Asia"),
    ("sources/qingshi_county.yaml", "overlays: {}", "overlays: {patient: {privat: yes}}"),
]


@pytest.mark.parametrize(
    ("file", "before", "after"), MISTAKES, ids=[f"{Path(m[0]).stem}-{m[2][:30]}" for m in MISTAKES]
)
def test_a_mistake_is_refused_by_the_loader_and_by_the_schema(
    file: str, before: str, after: str, tmp_path: Path
) -> None:
    for folder in ("his/bsoft_phis", f"sources/{SOURCE}"):
        shutil.copytree(MAPPINGS / folder, tmp_path / folder)
    shutil.copy(MAPPINGS / "sources" / f"{SOURCE}.yaml", tmp_path / "sources")
    text = (tmp_path / file).read_text("utf-8")
    assert before in text
    (tmp_path / file).write_text(text.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(MappingRefused):
        load_mapping(tmp_path, SOURCE)
    for reading in readings((tmp_path / file).read_text("utf-8")):
        assert not VALIDATORS[kind_of(tmp_path / file)].is_valid(reading)
