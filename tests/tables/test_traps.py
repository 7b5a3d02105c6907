"""Traps of Chinese HIS feeds that need an export of their own: a fixture hospital's export, changed in one place.

docs/his-traps.md lists every trap and where it is tested; tests/house/test_traps.py compares the list with the tests.
"""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from adapter.cases.intake import ingest
from adapter.cases.settle import estimate
from adapter.cases.tools import Tools
from adapter.intake.mapping import MappedStay, compile_mapping, load_mapping
from adapter.intake.readers import stage
from tests.support.intake import MAPPINGS
from tests.support.office import act, office
from tests.support.traps import changed_mappings, mapped_with
from tests.support.vendors import HOSPITALS, Hospital

BY_VENDOR = {hospital.vendor: hospital for hospital in HOSPITALS}
Row = dict[str, str]


@pytest.fixture
def export(tmp_path: Path) -> Callable[[str], Path]:
    """A copy of a vendor's export, to be changed at will."""

    def copied(vendor: str) -> Path:
        return Path(shutil.copytree(BY_VENDOR[vendor].folder / "export", tmp_path / vendor))

    return copied


def change_csv(path: Path, encoding: str, separator: str, change: Callable[[list[Row]], None]) -> None:
    rows = list(csv.DictReader(io.StringIO(path.read_bytes().decode(encoding)), delimiter=separator))
    change(rows)
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), delimiter=separator, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    path.write_bytes(out.getvalue().encode(encoding))


def change_json(path: Path, change: Callable[[list[Row]], None]) -> None:
    answer = json.loads(path.read_text("utf-8"), parse_float=str, parse_int=str)
    change(answer["data"]["list"])
    path.write_text(json.dumps(answer, ensure_ascii=False), "utf-8")


def mapped(vendor: str, folder: Path) -> dict[str, MappedStay]:
    hospital: Hospital = BY_VENDOR[vendor]
    mapping = load_mapping(MAPPINGS, hospital.source)
    with stage([folder], mapping.shape, hospital.source) as staged:
        mapper = compile_mapping(mapping)
        return {records.stay_key: mapper.map(records) for records in staged.stays()}


def stopping(stay: MappedStay) -> list[tuple[str, str]]:
    return [(issue.code, issue.pointer.rpartition("/")[2]) for issue in stay.issues if issue.stops]


@pytest.mark.parametrize("column", ["价格父号", "从属父号", "婴儿费"])
def test_parts_of_a_line_and_newborns_hold_the_stay(export: Callable[[str], Path], column: str) -> None:
    """Which level of a package counts, and whose a newborn's line is, must be asked."""
    folder = export("zlhis")

    def change(rows: list[Row]) -> None:
        next(row for row in rows if row["病人id"] == "100002")[column] = "1"

    change_csv(folder / "住院费用记录.tsv", "utf-16", "\t", change)
    stays = mapped("zlhis", folder)
    assert stopping(stays["100002-1"]) == [("MAP-109", column)]
    assert stopping(stays["100001-1"]) == []


def with_mother(tmp_path: Path, vendor: str, export: Path) -> dict[str, MappedStay]:
    """The trap export of a vendor, changed, where the source says that newborns go with their mothers."""
    source = BY_VENDOR[vendor].source
    mappings = changed_mappings(tmp_path / "with-mother", vendor, source, newborns="with-mother")
    return mapped_with(mappings, source, export)[0]


def test_of_twins_a_flag_does_not_say_which_one(tmp_path: Path) -> None:
    """BABY_FLAG is 1 for either: the mother's stay is held, and neither of the two gets the other's line."""
    export = Path(shutil.copytree(BY_VENDOR["neusoft_hisfc"].folder / "traps/export", tmp_path / "export"))

    def twins(rows: list[Row]) -> None:
        rows.append({**rows[0], "INPATIENT_NO": "", "HAPPEN_NO": "2", "NAME": "测试产之女", "SEX_CODE": "F"})

    change_csv(export / "FIN_IPR_BABYINFO.csv", "gb18030", ",", twins)
    stays = with_mother(tmp_path, "neusoft_hisfc", export)
    assert stopping(stays["ZY010000010022"]) == [("MAP-190", "BABY_FLAG")]
    assert stopping(stays["ZYB10000010022"]) == []


def test_a_newborn_that_is_registered_nowhere_holds_the_stay(tmp_path: Path) -> None:
    export = Path(shutil.copytree(BY_VENDOR["zlhis"].folder / "traps/export", tmp_path / "export"))
    (export / "病人新生儿记录.tsv").unlink()
    assert set(stopping(with_mother(tmp_path, "zlhis", export)["100011-1"])) == {("MAP-190", "婴儿费")}


def test_the_parent_of_split_lines_is_left_out(export: Callable[[str], Path]) -> None:
    folder = export("neusoft_hisfc")

    def change(rows: list[Row]) -> None:
        line = next(row for row in rows if row["INPATIENT_NO"] == "ZY010000012345" and row["ITEM_NAME"] == "二级护理")
        line["SPLIT_FEE_FLAG"] = "1"

    change_csv(folder / "FIN_IPB_ITEMLIST.csv", "gb18030", ",", change)
    names = [each.get("code", {}).get("text") for each in mapped("neusoft_hisfc", folder)["ZY010000012345"].resources]
    assert "二级护理" not in names and "胸部CT平扫" in names


def test_a_discount_that_nobody_understands_holds_the_stay(export: Callable[[str], Path]) -> None:
    folder = export("neusoft_hisfc")
    change_csv(folder / "FIN_IPB_ITEMLIST.csv", "gb18030", ",", lambda rows: rows[0].update(ECO_COST="5.00"))
    assert sorted(code for stay in mapped("neusoft_hisfc", folder).values() for code, _ in stopping(stay)) == [
        "MAP-109"
    ]


def test_a_status_that_nobody_knows_holds_the_stay(export: Callable[[str], Path]) -> None:
    """The list of states is the hospital's, from its data; what is not in it is not guessed."""
    folder = export("neusoft_hisfc")
    change_csv(folder / "FIN_IPR_INMAININFO.csv", "gb18030", ",", lambda rows: rows[0].update(IN_STATE="E"))
    assert sum(bool(stopping(stay)) for stay in mapped("neusoft_hisfc", folder).values()) == 1


def test_a_settlement_that_undoes_another_one_goes_to_a_person(export: Callable[[str], Path]) -> None:
    folder = export("newtouch_openhis")
    row = {"zyh": "000123", "brxz": "2", "zje": "618.54", "jzfy": "375.60", "xjzf": "242.94", "jszt": "1", "jsxz": "1"}
    redone = [
        {**row, "jsnm": "80001", "cxjsnm": "0", "CreateTime": "2021-03-08T11:00:00"},
        {**row, "jsnm": "80002", "cxjsnm": "80001", "CreateTime": "2021-03-08T12:00:00"},
    ]
    change_json(folder / "zy_js.json", lambda rows: rows.extend(redone))
    stay = mapped("newtouch_openhis", folder)["000123"]
    assert stopping(stay) == [("MAP-109", "cxjsnm")]
    assert [each.number for each in stay.observed if each.balances] == [80001, 80002]


def test_a_payment_row_between_two_settlements_is_no_deposit(export: Callable[[str], Path]) -> None:
    """Only money paid in is a deposit; what the account gives out again is not."""
    folder = export("newtouch_openhis")
    spent = {"Id": "YJ9", "zyh": "000124", "szje": "-625.87", "zhye": "374.13", "pzh": "R0002", "szxz": "5", "zt": "1"}
    change_json(
        folder / "zy_zhszjl.json", lambda rows: rows.append({**spent, "zffs": "1", "CreateTime": "2021-04-10T10:00:00"})
    )
    stay = mapped("newtouch_openhis", folder)["000124"]
    assert sum(each["resourceType"] == "PaymentReconciliation" for each in stay.resources) == 1


def patient(stay: MappedStay) -> dict[str, Any]:
    return next(each for each in stay.resources if each["resourceType"] == "Patient")


@pytest.mark.parametrize("text", ["无", "-", "不详", "同上"])
def test_words_for_nothing_are_nothing(export: Callable[[str], Path], text: str) -> None:
    folder = export("neusoft_hisfc")
    change_csv(
        folder / "FIN_IPR_INMAININFO.csv", "gb18030", ",", lambda rows: [row.update(IDENNO=text) for row in rows]
    )
    stay = mapped("neusoft_hisfc", folder)["ZY010000012345"]
    assert len(patient(stay)["identifier"]) == 2 and "MAP-110" not in {issue.code for issue in stay.issues}


def test_an_age_never_becomes_a_birth_date(export: Callable[[str], Path]) -> None:
    folder = export("zlhis")
    change_csv(folder / "病案主页.tsv", "utf-16", "\t", lambda rows: [row.update(出生日期="") for row in rows])
    stay = mapped("zlhis", folder)["100001-1"]
    assert "birthDate" not in patient(stay) and "MAP-105" in {issue.code for issue in stay.issues}


def test_the_id_field_is_an_id_number_only_where_the_document_is_one(export: Callable[[str], Path]) -> None:
    """Kind 99 with a visit number in the field for the number."""
    folder = export("hsa_cloud")
    path = folder / "inpt_visit.ndjson"
    visit = path.read_text("utf-8").replace('"cert_code": "01"', '"cert_code": "99"')
    path.write_text(visit.replace('"cert_no": "9999', '"cert_no": "ZY99'), "utf-8")
    stay = mapped("hsa_cloud", folder)["1400000000000000001"]
    assert [each["value"] for each in patient(stay)["identifier"]] == ["1399999999999999991", "BA0001"]
    assert "MAP-110" not in {issue.code for issue in stay.issues}


def test_the_hospitals_own_dictionary_wins(tmp_path: Path) -> None:
    """The same digits may mean the opposite elsewhere: 1 is female here, says the hospital."""
    for part in ("his/newtouch_openhis", "sources"):
        shutil.copytree(MAPPINGS / part, tmp_path / part)
    own = tmp_path / "sources/yunxi_county/gender.csv"
    own.write_text("code,meaning,system,target,display\n1,女,,female,\n2,男,,male,\n", "utf-8")
    table = load_mapping(tmp_path, "yunxi_county").tables["sources/yunxi_county/gender.csv"]
    assert table.rows["1"].code == "female"
    assert load_mapping(MAPPINGS, "yunxi_county").tables["his/newtouch_openhis/gender.csv"].rows["1"].code == "male"


@pytest.fixture
def tools(tmp_path: Path) -> Iterator[Tools]:
    with office(tmp_path, {}) as opened:
        yield opened


def patient_pays(tools: Tools, stay: str) -> str:
    return estimate(f"yunxi_county-{stay}", tools, act(tools, "estimate")).settlement.total.text


def test_bed_lines_already_read_may_be_voided_and_booked_again(export: Callable[[str], Path], tools: Tools) -> None:
    """A back-dated transfer: the HIS strikes three nights out and books three of another bed; the bill follows."""
    folder = export("newtouch_openhis")
    ingest("yunxi_county", [folder], tools, act(tools, "first"))
    assert patient_pays(tools, "000123") == "618.54"

    def rebook(rows: list[Row]) -> None:
        nights = [row for row in rows if row["zyh"] == "000123" and row["sfxm"] == "X1101"]
        rows.extend({**row, "jfbbh": f"9{row['jfbbh']}", "dj": "25.00"} for row in nights)
        for row in nights:
            row["zt"] = "0"

    change_json(folder / "zy_xmjfb.json", rebook)
    ingest("yunxi_county", [folder], tools, act(tools, "second"))
    assert patient_pays(tools, "000123") == "603.54"


def test_two_bed_lines_a_day_and_half_days_are_legal(tools: Tools) -> None:
    """包床 adds a line for the second bed, and a night may count half: nothing is taken for a double."""
    hospital = BY_VENDOR["newtouch_openhis"]
    ingest(hospital.source, [hospital.folder / "export"], tools, act(tools, "first"))
    assert patient_pays(tools, "000125") == "2888.50"


@pytest.mark.parametrize("refund_first", [True, False])
def test_a_refund_may_stand_before_its_original(export: Callable[[str], Path], refund_first: bool) -> None:
    folder = export("hsa_cloud")
    path = folder / "inpt_cost.ndjson"
    lines = sorted(
        path.read_text("utf-8").splitlines(), key=lambda line: ('"status_code": "2"' in line) is not refund_first
    )
    path.write_text("\n".join(lines) + "\n", "utf-8")
    hospital = BY_VENDOR["hsa_cloud"]
    for stay in mapped("hsa_cloud", folder).values():
        told = (hospital.folder / "expected" / f"{stay.stay_key}.json").read_text("utf-8")
        assert stopping(stay) == [] and all(each["id"] in told for each in stay.resources)
