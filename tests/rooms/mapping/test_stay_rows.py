"""What several rows of a stay say together: columns from other rows, lists in a cell, rows of one thing, clocks."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from adapter.intake.mapping import MappedStay, compile_mapping, load_mapping
from adapter.intake.mapping.across import split_rows, with_columns_of_rows
from adapter.intake.mapping.clock import clock_findings
from adapter.intake.mapping.issues import MappingRefused
from adapter.intake.mapping.stay_spec import ClockCheck, FromRows, Split, Take
from adapter.intake.mapping.uses import uses_of
from adapter.model.source import Origin, RowTest, SourceRecord, StayRecords
from tests.support.intake import DIAGNOSIS, LINE, MAPPINGS, SOURCE, STAY, records
from tests.support.traps import changed_mappings, mapped_with
from tests.support.vendors import HOSPITALS

Rows = Sequence[Mapping[str, str]]


def stay(**tables: Rows) -> StayRecords:
    found = {
        name: tuple(SourceRecord(Origin("s", f"{name}.csv", name, at), row) for at, row in enumerate(rows, 1))
        for name, rows in tables.items()
    }
    return StayRecords("1", found)


def column(found: StayRecords, table: str, name: str) -> list[str]:
    return [row.fields.get(name, "") for row in found.tables[table]]


MOVES: Rows = (
    {"n": "10", "at": "c"},
    {"n": "2", "at": "b"},
    {"n": "1", "at": "a"},
    {"n": "3", "at": "x", "asked": "1"},
)
DONE = (RowTest("asked", frozenset({"1"}), negated=True),)


@pytest.mark.parametrize(
    ("take", "table", "expected"),
    [
        (Take.NEXT, "M", ["", "c", "b", ""]),
        (Take.PREVIOUS, "M", ["b", "a", "", ""]),
        (Take.FIRST, "S", ["a"]),
        (Take.LAST, "S", ["c"]),
        (Take.COUNT, "S", ["3"]),
    ],
)
def test_a_column_is_taken_from_another_row(take: Take, table: str, expected: list[str]) -> None:
    """2 comes before 10; what was only asked for takes no part; the rows themselves stay in their order."""
    spec = FromRows("found", take, "M", "" if take is Take.COUNT else "at", () if take is Take.COUNT else ("n",), DONE)
    once = with_columns_of_rows(stay(S=[{"k": "1"}], M=MOVES), {table: (spec,)})
    assert column(once, table, "found") == expected and once.issues == ()
    assert with_columns_of_rows(once, {table: (spec,)}) == once


def test_a_stay_without_those_rows_takes_nothing() -> None:
    spec = FromRows("found", Take.LAST, "M", "at", ("n",))
    assert column(with_columns_of_rows(stay(S=[{"k": "1"}]), {"S": (spec,), "M": ()}), "S", "found") == [""]


@pytest.mark.parametrize(("other", "found"), [("b", ["MAP-191"]), ("a", [])])
def test_two_rows_at_one_place_have_no_order(other: str, found: list[str]) -> None:
    """Unless they say the same, nobody can tell which one follows; the stay is held."""
    spec = FromRows("next", Take.NEXT, "M", "at", ("n",))
    told = with_columns_of_rows(stay(M=[{"n": "1", "at": "a"}, {"n": "1", "at": other}]), {"M": (spec,)})
    assert [issue.code for issue in told.issues if issue.stops] == found


def test_a_list_in_a_cell_is_a_row_for_each() -> None:
    """Full-width and plain separators, blanks, empty parts; a cell with nothing in it stays one row."""
    splits = {"D": Split("text", (",", "\uff0c", "、"), "part")}
    rows = [{"k": "1", "text": "肺炎\uff0c 高血压、,糖尿病 "}, {"k": "2", "text": ""}]
    once = split_rows(stay(D=rows), splits)
    assert column(once, "D", "text") == ["肺炎", "高血压", "糖尿病", ""]
    assert column(once, "D", "part") == ["1", "2", "3", "1"]
    assert split_rows(once, splits) == once


def times(*rows: tuple[str, str]) -> list[SourceRecord]:
    return list(stay(L=[{"at": at, "booked": booked} for at, booked in rows]).tables["L"])


#: One day as a right clock has it, as hh24 without hh, and with mm for mi.
RIGHT = [(f"2021-03-05 {hour:02d}:{hour * 3 % 60:02d}:07", f"2021-03-05 {hour:02d}:50:07") for hour in range(8, 16)]
HALF = [
    tuple(text[:11] + f"{(int(text[11:13]) - 1) % 12 + 1:02d}" + text[13:] for text in pair) for pair in RIGHT[:-1]
] + [("2021-03-05 11:00:07", "2021-03-05 02:30:07")]
MONTHS = [tuple(text[:14] + "03" + text[16:] for text in pair) for pair in RIGHT]


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        (RIGHT, []),
        (HALF, ["MAP-196"]),
        (MONTHS, ["MAP-195"]),
        (MONTHS[:3], []),  # too few to conclude anything
        ([("2021-03-05 00:00:00", "")] * 9, []),  # days, not times
        ([(at, "") for at, _ in HALF], []),  # a morning is a morning: without a contradiction nothing is said
    ],
)
def test_a_clock_that_a_view_wrote_wrongly_is_noticed(rows: Any, found: list[str]) -> None:
    """No single text shows it. It warns: the day is right, and settlement goes by days."""
    issues = list(clock_findings(times(*rows), ClockCheck("at", "booked", 6)))
    assert [issue.code for issue in issues] == found and not any(issue.stops for issue in issues)


# -- in mapping files --------------------------------------------------------------------------------------------------

SETTLED: Mapping[str, str] = {
    "ZYH": "300012345",
    "JSLX": "5",
    "JSRQ": "2021-03-12 11:00:00",
    "ZFPB": "0",
    "JKHJ": "0.00",
    "JSCS": "1",
    "FYHJ": "36.00",
    "TCJE": "20.00",
    "ZHZF": "0.00",
    "ZFHJ": "16.00",
}
OF_ONE = [{**LINE, "JSCS": "1"}, {**LINE, "JLXH": "900000124", "JSCS": "1"}]
LATER = {**LINE, "JLXH": "900000125", "JSCS": "0"}


def mapped(lines: Rows, settlements: Rows, mappings: Path = MAPPINGS) -> MappedStay:
    whole = records(ZY_BRRY=[STAY], ZY_FYMX=lines, ZY_RYZD=[DIAGNOSIS], ZY_ZYJS=settlements)
    return compile_mapping(load_mapping(mappings, SOURCE)).map(whole)


def codes(stay: MappedStay) -> list[str]:
    return sorted({issue.code for issue in stay.issues})


def test_lines_belong_to_the_settlement_whose_number_they_name() -> None:
    """A line of the same day that names none is none of it."""
    (settlement,) = mapped([*OF_ONE, LATER], [SETTLED]).observed
    assert (settlement.charged, settlement.lines) == (settlement.total, 2)


@pytest.mark.parametrize(
    ("lines", "settlements", "found"),
    [
        ([*OF_ONE, {**LATER, "JSCS": "1"}], [SETTLED], ["MAP-192"]),
        (OF_ONE[:1], [SETTLED], ["MAP-192"]),
        ([*OF_ONE, {**LATER, "JSCS": "2"}], [SETTLED], ["MAP-194"]),
        ([*OF_ONE, {**LATER, "JSCS": "2"}], [SETTLED, {**SETTLED, "JSCS": "2", "ZFPB": "1"}], ["MAP-194"]),
        ([*OF_ONE, {**LATER, "JSCS": "2"}], [], []),  # this feed exports no settlements
    ],
)
def test_lines_that_do_not_make_their_settlement_are_told(lines: Rows, settlements: Rows, found: list[str]) -> None:
    assert codes(mapped(lines, settlements)) == found


@pytest.mark.parametrize(("tolerance", "found"), [("17.99", ["MAP-192"]), ("18.00", [])])
def test_a_settlement_may_miss_its_lines_by_what_the_mapping_allows(
    tmp_path: Path, tolerance: str, found: list[str]
) -> None:
    change = ("his/bsoft_phis/his_settlement.yaml", 'tolerance: "0.00"', f'tolerance: "{tolerance}"')
    mappings = changed_mappings(tmp_path / "mappings", "bsoft_phis", SOURCE, change)
    assert codes(mapped(OF_ONE[:1], [SETTLED], mappings)) == found


@pytest.fixture
def flat(tmp_path: Path) -> Path:
    """A view that repeats the settlement's money on every line: the settlement is read off the lines."""
    vendor = "his/bsoft_phis/his_settlement.yaml"
    return changed_mappings(
        tmp_path / "mappings",
        "bsoft_phis",
        SOURCE,
        (vendor, "source: {table: ZY_ZYJS, row_key: [ZYH, JSCS]}", _FLAT),
    )


_FLAT = 'source: {table: ZY_FYMX, row_key: [ZYH, JSCS], distinct: yes}\nonly: {column: JSCS, not_in: ["", "0"]}'


def test_a_parents_money_on_every_child_row_counts_once(flat: Path) -> None:
    lines = [{**SETTLED, **line} for line in OF_ONE]
    stay = mapped([*lines, LATER], [], flat)
    assert [(each.total.text, each.lines) for each in stay.observed] == [("36.00", 2)] and codes(stay) == []


def test_a_line_that_carries_the_parents_money_as_its_own_holds_the_stay(flat: Path) -> None:
    lines = [{**SETTLED, **line, "ZJJE": "36.00", "FYDJ": "36.0000", "ZFJE": "3.60"} for line in OF_ONE]
    assert codes(mapped(lines, [], flat)) == ["MAP-192"]


def test_child_rows_that_disagree_about_the_parent_hold_the_stay(flat: Path) -> None:
    lines = [{**SETTLED, **OF_ONE[0]}, {**SETTLED, **OF_ONE[1], "FYHJ": "37.00"}]
    stay = mapped(lines, [], flat)
    assert [(issue.code, issue.pointer) for issue in stay.issues] == [("MAP-193", "ZY_FYMX.xml#2/FYHJ")]


BY_VENDOR = {hospital.vendor: hospital for hospital in HOSPITALS}


def test_diagnoses_in_one_comma_list_are_several(tmp_path: Path) -> None:
    """As text only: a code is known only where its system is."""
    mappings = changed_mappings(
        tmp_path / "mappings",
        "zlhis",
        "songquan_county",
        (
            "his/zlhis/shape.yaml",
            "      诊断来源: {as: joined, of: [记录来源, 诊断类型]}\n",
            "      诊断来源: {as: joined, of: [记录来源, 诊断类型]}\n"
            '    split: {column: 诊断描述, at: [",", "\uff0c"], number: 第几}\n',
        ),
        (
            "his/zlhis/condition.yaml",
            "row_key: [病人ID, 主页ID, 记录来源, 诊断类型, 诊断次序]",
            "row_key: [病人ID, 主页ID, 记录来源, 诊断类型, 诊断次序, 第几]",
        ),
    )
    export = Path(shutil.copytree(BY_VENDOR["zlhis"].folder / "export", tmp_path / "export"))
    path = export / "病人诊断记录.tsv"
    text = path.read_bytes().decode("utf-16")
    text = text.replace('"3301"\t"社区获得性肺炎"', '""\t"社区获得性肺炎\uff0c高血压,糖尿病"')
    path.write_bytes(text.encode("utf-16"))
    found = mapped_with(mappings, "songquan_county", export)[0]["100001-1"]
    conditions = [each for each in found.resources if each["resourceType"] == "Condition"]
    assert [each["code"] for each in conditions] == [{"text": "社区获得性肺炎"}, {"text": "高血压"}, {"text": "糖尿病"}]
    assert len({each["id"] for each in conditions}) == 3 and codes(found) == []


@pytest.mark.parametrize("stripped", ["zy_xmjfb.json", "zy_brjbxx.json"])
def test_a_view_that_strips_leading_zeros_joins_all_the_same(tmp_path: Path, stripped: str) -> None:
    """000123 and 123 are one stay where the mapping says so; both forms stay as they are written."""
    change = (
        "his/newtouch_openhis/shape.yaml",
        "key: zyh, person: patid}",
        "key: zyh, person: patid, zeros: stripped}",
    )
    mappings = changed_mappings(tmp_path / "mappings", "newtouch_openhis", "yunxi_county", change)
    export = Path(shutil.copytree(BY_VENDOR["newtouch_openhis"].folder / "export", tmp_path / "export"))
    path = export / stripped
    path.write_text(path.read_text("utf-8").replace('"000123"', '"123"'), "utf-8")
    assert "SRC-110" in {issue.code for issue in mapped_with(MAPPINGS, "yunxi_county", export)[1]}
    stays, issues = mapped_with(mappings, "yunxi_county", export)
    assert set(stays) == {"123", "124", "125"} and issues == ()
    lines = [each for each in stays["123"].resources if each["resourceType"] == "ChargeItem"]
    encounter = next(each for each in stays["123"].resources if each["resourceType"] == "Encounter")
    assert len(lines) == 13 and encounter["identifier"][0]["value"] == ("123" if "brjbxx" in stripped else "000123")


def test_columns_that_rows_take_from_one_another_are_accounted_for() -> None:
    mapping = load_mapping(MAPPINGS, "baihe_county")
    assert {use.what for use in uses_of(mapping, "PACT_CHANGE", "OPER_DATE")} == {"other rows", "value"}
    assert {use.what for use in uses_of(mapping, "FIN_IPB_ITEMLIST", "BALANCE_NO")} == {"check covers"}
    assert mapping.bases("PACT_CHANGE", "SINCE") == ("OPER_DATE",)
    assert mapping.bases("FIN_IPR_INMAININFO", "PACT_SINCE") == ()


VENDOR = "his/neusoft_hisfc"
SINCE = "SINCE: {take: previous, of: OPER_DATE, order: [HAPPEN_NO]}"
CHANGES = "rows_where: [{column: SHIFT_TYPE, in: [CP]}]"
SOURCE_FILE, OVERLAYS = "sources/baihe_county.yaml", "overlays: {}"
ONE_TIME = "overlays: {charge_item: {clock_check: {occurred: FEE_DATE, least: '1'}}}"

#: File, what stands there, what stands there instead, and what the message speaks of.
FAULTS = [
    (f"{VENDOR}/shape.yaml", SINCE, SINCE.replace("previous", "before"), "next, previous, first"),
    (f"{VENDOR}/shape.yaml", SINCE, SINCE.replace("previous", "first"), "table"),
    (f"{VENDOR}/shape.yaml", SINCE, SINCE.replace(", order: [HAPPEN_NO]", ""), "order"),
    (f"{VENDOR}/shape.yaml", "take: last, table: PACT_CHANGE", "take: last, table: PACT", "PACT_CHANGE"),
    (f"{VENDOR}/shape.yaml", CHANGES, CHANGES.replace(", in: [CP]", ""), "in"),
    (f"{VENDOR}/charge_item.yaml", "patient: newborn,", "patient: baby,", "baby"),
    (f"{VENDOR}/charge_item.yaml", 'BABY_FLAG, none: ["0"], ', "BABY_FLAG, ", "none"),
    (f"{VENDOR}/his_settlement.yaml", 'tolerance: "0.00"', "tolerance: little", "amount"),
    (f"{VENDOR}/patient.yaml", "starts_with: [无名]}}     #", 'starts_with: [""]}}     #', "starts_with"),
    (SOURCE_FILE, OVERLAYS, "newborns: somebody\noverlays: {}", "with-mother"),
    (SOURCE_FILE, OVERLAYS, ONE_TIME, "3"),
]


@pytest.mark.parametrize(("file", "old", "new", "told"), FAULTS, ids=[f"{each[0]}-{each[2][:40]}" for each in FAULTS])
def test_what_is_wrong_is_refused_with_its_place(tmp_path: Path, file: str, old: str, new: str, told: str) -> None:
    mappings = changed_mappings(tmp_path / "mappings", "neusoft_hisfc", "baihe_county", (file, old, new))
    with pytest.raises(MappingRefused) as refused:
        load_mapping(mappings, "baihe_county")
    issue = refused.value.issues[0]
    assert issue.code == "MAP-101" and told in issue.en
    assert issue.pointer.startswith(f"{file}:") and issue.pointer.rpartition(":")[2].isdigit()


def test_the_clock_check_is_laid_over_by_the_source(tmp_path: Path) -> None:
    """A hospital whose view is known for it asks for the check; reading the column as a day is its cure."""
    overlay = 'overlays: {charge_item: {clock_check: {occurred: 发生时间, booked: 登记时间, least: "4"}}}'
    mappings = changed_mappings(
        tmp_path / "mappings", "zlhis", "songquan_county", ("sources/songquan_county.yaml", "overlays: {}", overlay)
    )
    export = Path(shutil.copytree(BY_VENDOR["zlhis"].folder / "export", tmp_path / "export"))
    path = export / "住院费用记录.tsv"
    path.write_bytes(_with_months(path.read_bytes().decode("utf-16")).encode("utf-16"))
    stays = mapped_with(mappings, "songquan_county", export)[0]
    assert codes(stays["100001-1"]) == ["MAP-195"]
    assert {
        each["occurrenceDateTime"][:10] for each in stays["100001-1"].resources if "occurrenceDateTime" in each
    } == {f"2021-03-0{day}" for day in (5, 6, 7)}


def _with_months(text: str) -> str:
    """``to_char(t, 'yyyy-mm-dd hh24:mm:ss')``."""
    return re.sub(r"(\d{4}-)(\d\d)(-\d\d \d\d:)\d\d:", r"\g<1>\2\g<3>\2:", text)
