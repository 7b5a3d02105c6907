"""``shape.yaml``: formats, declared columns, derived columns; what is wrong is refused with file and line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from adapter.intake.mapping import compile_mapping, load_mapping
from adapter.intake.mapping.issues import MappingRefused
from adapter.model.source import ColumnShape, Origin, SourceRecord, StayRecords, TextLayout
from tests.support.intake import MAPPINGS
from tests.support.vendors import HOSPITALS, mapped


@pytest.fixture
def mappings(tmp_path: Path) -> Path:
    for part in ("his/newtouch_openhis", "his/neusoft_hisfc", "his/zlhis", "his/hsa_cloud", "sources"):
        shutil.copytree(MAPPINGS / part, tmp_path / part)
    return tmp_path


def edit(path: Path, old: str, new: str) -> int:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    return text[: text.index(old)].count("\n") + 1


def test_what_the_shapes_say() -> None:
    zlhis = load_mapping(MAPPINGS, "songquan_county").shape
    assert zlhis.layout == TextLayout(separator="\t") and zlhis.encodings == ("utf-16",)
    assert zlhis.tables["住院费用记录"].join == ("病人id", "主页id")
    hsa = load_mapping(MAPPINGS, "linjiang_county").shape
    assert hsa.tables["inpt_visit"].columns[0] == ColumnShape("insure_code", path=("insure", "code"))
    assert hsa.tables["inpt_cost"].version == "DSG_TIME"
    newtouch = load_mapping(MAPPINGS, "yunxi_county").shape
    assert newtouch.tables["zy_js"].rows == ("data", "list")


@pytest.mark.parametrize(
    ("source", "file", "old", "new"),
    [
        ("baihe_county", "his/neusoft_hisfc/shape.yaml", "reader: csv_files", "reader: excel"),
        ("baihe_county", "his/neusoft_hisfc/shape.yaml", "header: yes", "header: no"),
        ("baihe_county", "his/neusoft_hisfc/shape.yaml", 'separator: ","', 'separator: ",,"'),
        ("baihe_county", "his/neusoft_hisfc/shape.yaml", "last_line: closed", "last_line: shut"),
        ("baihe_county", "his/neusoft_hisfc/shape.yaml", "as: quotient", "as: division"),
        ("baihe_county", "his/neusoft_hisfc/shape.yaml", ', decimals: "4"', ""),
        ("baihe_county", "his/neusoft_hisfc/shape.yaml", 'decimals: "4"', 'decimals: "many"'),
        ("baihe_county", "his/neusoft_hisfc/shape.yaml", "of: [UNIT_PRICE, PACK_QTY]", "of: [UNIT_PRICE]"),
        ("baihe_county", "his/neusoft_hisfc/charge_item.yaml", "kind: linked", "kind: guessed"),
        (
            "baihe_county",
            "his/neusoft_hisfc/charge_item.yaml",
            "  link: {EXT_CODE: RECIPE_NO, SEQUENCE_NO: SEQUENCE_NO}\n",
            "",
        ),
        ("baihe_county", "his/neusoft_hisfc/charge_drug.yaml", "prefix: drug", "prefix: item"),
        ("songquan_county", "his/zlhis/charge_item.yaml", '  undone: {column: 记录状态, in: ["3"]}\n', ""),
        ("linjiang_county", "his/hsa_cloud/shape.yaml", "table: inpt_visit", "table: inpt_visits"),
    ],
)
def test_what_is_wrong_is_refused_with_its_place(mappings: Path, source: str, file: str, old: str, new: str) -> None:
    edit(mappings / file, old, new)
    with pytest.raises(MappingRefused) as caught:
        compile_mapping(load_mapping(mappings, source))
    assert {issue.code for issue in caught.value.issues} == {"MAP-101"}
    assert all(issue.pointer.startswith(f"{file}:") for issue in caught.value.issues)


def test_fixed_width_needs_its_columns(mappings: Path) -> None:
    shape = mappings / "his/neusoft_hisfc/shape.yaml"
    edit(shape, "reader: csv_files", "reader: fixed_width")
    with pytest.raises(MappingRefused) as caught:
        load_mapping(mappings, "baihe_county")
    assert "columns" in caught.value.issues[0].en


@pytest.mark.parametrize("places", ["[1, 14, 3]", "[0, 14]", "[1, x]"])
def test_a_column_of_fixed_width_is_start_and_width(mappings: Path, places: str) -> None:
    shape = mappings / "his/neusoft_hisfc/shape.yaml"
    edit(shape, "reader: csv_files", "reader: fixed_width")
    line = edit(shape, "row_key: [INPATIENT_NO], needed", f"row_key: [INPATIENT_NO], columns: {{A: {places}}}, needed")
    with pytest.raises(MappingRefused) as caught:
        load_mapping(mappings, "baihe_county")
    assert caught.value.issues[0].pointer == f"his/neusoft_hisfc/shape.yaml:{line}"


def test_lineage_leads_behind_a_derived_column() -> None:
    """The price of a tablet came from the price of the pack and the tablets in it."""
    hospital = next(each for each in HOSPITALS if each.vendor == "neusoft_hisfc")
    stay = mapped(hospital).stays["ZY010000012345"]
    drug = next(each for each in stay.resources if each.get("code", {}).get("text") == "阿莫西林胶囊")
    lines = stay.trace.of(f"ChargeItem/{drug['id']}")
    price = [each.pointer.rpartition("/")[2] for each in lines if "unit-price" in each.path]
    assert price == ["UNIT_PRICE", "PACK_QTY"]


def test_a_row_that_cannot_be_worked_out_holds_its_stay() -> None:
    """A price that is no number: named with file, row and column, and no charge is made of it."""
    mapper = compile_mapping(load_mapping(MAPPINGS, "yunxi_county"))
    row = {"jfbbh": "7", "zyh": "1", "dj": "12,5", "fwfdj": "0", "sl": "2", "zt": "1"}
    stays = {"zyh": "1", "patid": "5", "OrganizeId": "ORG1"}
    tables = {
        name: (SourceRecord(Origin("yunxi_county", f"{name}.json", name, 1), fields),)
        for name, fields in (("zy_brjbxx", stays), ("zy_xmjfb", row))
    }
    stay = mapper.map(StayRecords("1", tables))
    assert "zy_xmjfb.json#1/dj" in {issue.pointer for issue in stay.issues if issue.code == "MAP-103" and issue.stops}
    assert not [each for each in stay.resources if each["resourceType"] == "ChargeItem"]
