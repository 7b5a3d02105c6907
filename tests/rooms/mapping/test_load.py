"""Mapping files: what is wrong is refused with file, line and what was expected."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from adapter.intake.mapping import compile_mapping, concept_map, load_mapping, source_names
from adapter.intake.mapping.check import claimed_columns
from adapter.intake.mapping.codes import load_table
from adapter.intake.mapping.issues import MappingRefused
from tests.support.intake import LINE, MAPPINGS, SOURCE, STAY, mapper, records

HIS = "his/bsoft_phis"


@pytest.fixture
def mappings(tmp_path: Path) -> Path:
    for part in (HIS, "sources"):
        shutil.copytree(MAPPINGS / part, tmp_path / part)
    return tmp_path


def edit(path: Path, old: str, new: str) -> int:
    """Change a file; the line of the change."""
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    return text[: text.index(old)].count("\n") + 1


def refused(mappings: Path) -> list[tuple[str, str]]:
    with pytest.raises(MappingRefused) as caught:
        compile_mapping(load_mapping(mappings, SOURCE))
    return [(issue.code, issue.pointer) for issue in caught.value.issues]


def test_the_sources_are_the_files() -> None:
    assert SOURCE in source_names(MAPPINGS)


def test_a_mapping_knows_what_it_was_made_of(mappings: Path) -> None:
    first = load_mapping(mappings, SOURCE)
    assert first.observed_settlements == "insurance" and first.person == "BRID"
    assert first.version == load_mapping(MAPPINGS, SOURCE).version
    edit(mappings / HIS / "gender.csv", "未知", "不详")
    assert load_mapping(mappings, SOURCE).version != first.version


@pytest.mark.parametrize(
    ("file", "old", "new", "code"),
    [
        ("charge_item.yaml", "as: yuan", "as: money", "MAP-101"),
        ("charge_item.yaml", "from: ZJJE", "fron: ZJJE", "MAP-101"),
        ("charge_item.yaml", "{reference: patient}", "{reference: pateint}", "MAP-101"),
        ("charge_item.yaml", "table: ZY_FYMX", "table: ZY_FYMY", "MAP-101"),
        ("charge_item.yaml", "codes: fee_category.csv", "codes: fees.csv", "MAP-101"),
        ("charge_item.yaml", "form: coding", "form: codings", "MAP-101"),
        ("charge_item.yaml", 'limit: "1.00"', "limit: lots", "MAP-101"),
        ("charge_item.yaml", "{from: FYXH, required: yes}", "{from: FYXH, required: maybe}", "MAP-101"),
        ("charge_item.yaml", "  quantity.value:", "  quantity value:", "MAP-101"),
        ("charge_item.yaml", "  quantity.value:", "  status:", "MAP-102"),
        ("charge_item.yaml", "  quantity.value:", "  code.text.x:", "MAP-101"),
        ("charge_item.yaml", "to: ChargeItem", "zu: ChargeItem", "MAP-101"),
        ("encounter.yaml", ', formats: ["%Y-%m-%d %H:%M:%S", "%Y-%m-%d"]', "", "MAP-101"),
        ("hospital.yaml", "facility.name", "facility.nom", "MAP-101"),
        ("shape.yaml", "person: BRID", "persn: BRID", "MAP-101"),
        ("shape.yaml", "  ZY_TBKK:", "  ZY_FYMX:", "MAP-102"),
        ("shape.yaml", "needed: yes", "needed: true", "MAP-101"),
    ],
)
def test_a_wrong_line_is_named(mappings: Path, file: str, old: str, new: str, code: str) -> None:
    line = edit(mappings / HIS / file, old, new)
    found_code, pointer = refused(mappings)[0]
    assert found_code == code
    where, _, found_line = pointer.rpartition(":")
    assert where == f"{HIS}/{file}"
    assert 0 <= int(found_line) - line <= 1, "the line itself, or where its block begins"


def test_all_faults_of_all_files_are_told_together(mappings: Path) -> None:
    edit(mappings / HIS / "charge_item.yaml", "as: yuan", "as: money")
    edit(mappings / HIS / "charge_item.yaml", "as: decimal", "as: number")
    edit(mappings / HIS / "patient.yaml", "as: date", "as: day")
    assert len(refused(mappings)) == 3


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "a: [\n", "&x {a: *x}\n", "? [a]\n: b\n"])
def test_what_is_no_mapping_is_refused(mappings: Path, text: str) -> None:
    (mappings / "sources" / f"{SOURCE}.yaml").write_text(text, "utf-8")
    assert [code for code, _ in refused(mappings)] == ["MAP-101"]


def test_an_unknown_source_is_an_issue() -> None:
    with pytest.raises(MappingRefused) as caught:
        load_mapping(MAPPINGS, "nowhere")
    assert [issue.code for issue in caught.value.issues] == ["MAP-112"]
    assert "/" not in caught.value.issues[0].pointer.removeprefix("sources/")


def test_yaml_turns_nothing_into_something_else(mappings: Path) -> None:
    """Scalars stay text: a code 011 is not nine, ``no`` is not false, 1.10 is not 1.1."""
    overlay = "overlays:\n  account:\n    fields:\n      name: {const: 011}\n      description: {const: no}\n"
    edit(mappings / "sources" / f"{SOURCE}.yaml", "overlays: {}\n", overlay)
    mapped = compile_mapping(load_mapping(mappings, SOURCE)).map(records(ZY_BRRY=[STAY], ZY_FYMX=[LINE]))
    account = next(each for each in mapped.resources if each["resourceType"] == "Account")
    assert (account["name"], account["description"]) == ("011", "no")


def test_an_overlay_replaces_entries_of_the_vendor(mappings: Path) -> None:
    overlay = (
        "overlays:\n  charge_item:\n    fields:\n      code.text: {from: XMMC}\n"
        '    amount_check: {limit: "0.50"}\n    ignored: {FYMC: 用 XMMC (XMMC is used)}\n'
    )
    edit(mappings / "sources" / f"{SOURCE}.yaml", "overlays: {}\n", overlay)
    line = {**LINE, "XMMC": "护理", "ZJJE": "18.90"}
    mapped = compile_mapping(load_mapping(mappings, SOURCE)).map(records(ZY_BRRY=[STAY], ZY_FYMX=[line]))
    charge = next(each for each in mapped.resources if each["resourceType"] == "ChargeItem")
    assert charge["code"]["text"] == "护理"
    assert [(issue.code, str(issue.severity)) for issue in mapped.issues] == [("MAP-106", "error")]


def test_an_overlay_of_nothing_is_refused(mappings: Path) -> None:
    line = edit(mappings / "sources" / f"{SOURCE}.yaml", "overlays: {}\n", "overlays:\n  nothing: {fields: {}}\n")
    assert refused(mappings) == [("MAP-101", f"sources/{SOURCE}.yaml:{line + 1}")]


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("1,男,,male,\n1,男,,female,\n", 3),
        ("1,男,,male\n", 2),
        (",男,,male,\n", 2),
    ],
)
def test_a_wrong_code_table_is_refused_by_line(tmp_path: Path, body: str, line: int) -> None:
    path = tmp_path / "gender.csv"
    path.write_text(f"code,meaning,system,target,display\n{body}", "utf-8")
    with pytest.raises(MappingRefused) as caught:
        load_table(path, "his/x/gender.csv")
    assert [(issue.code, issue.pointer) for issue in caught.value.issues] == [("MAP-114", f"his/x/gender.csv:{line}")]


def test_codes_are_compared_exactly(tmp_path: Path) -> None:
    path = tmp_path / "kind.csv"
    path.write_text(
        "code,meaning,system,target,display\ng,临潼合疗,,one,\nG,蓝田合疗,,two,\n01,零一,,three,\n", "utf-8"
    )
    rows = load_table(path, "kind.csv").rows
    assert (rows["g"].code, rows["G"].code) == ("one", "two") and "1" not in rows


def test_concept_maps_are_generated_from_the_tables() -> None:
    tables = mapper().mapping.tables
    assert f"sources/{SOURCE}/insurance.csv" in tables and f"{HIS}/gender.csv" in tables
    for table in tables.values():
        built = concept_map(table, SOURCE)
        assert len(built["group"]) == len({t.system for row in table.rows.values() for t in row.targets if t.code})
    (group,) = concept_map(tables[f"{HIS}/encounter_status.csv"], SOURCE)["group"]
    assert {each["code"]: each["target"][0]["code"] for each in group["element"]}["102"] == "finished"


def test_every_ignored_column_has_a_reason() -> None:
    for columns in mapper().mapping.ignored.values():
        assert all(len(reason) > 8 and "(" in reason for reason in columns.values())
    assert all(mapper().mapping.ignored_tables.values())


def test_no_column_is_both_used_and_ignored() -> None:
    mapping = mapper().mapping
    claimed = claimed_columns(mapping)
    assert {table: sorted(claimed[table] & columns.keys()) for table, columns in mapping.ignored.items()} == {
        table: [] for table in mapping.ignored
    }
