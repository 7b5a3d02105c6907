"""Reading: good rows come through whatever else is wrong, and nothing half-read goes on."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.intake.readers import Staged, stage
from adapter.model.source import ReadingLimits, StayRecords
from tests.support.intake import LINE, SHAPE, STAY, write, xml

OTHER = {**STAY, "ZYH": "300012346", "BRXM": "测试乙𠮷"}


def read(folder: Path, shape=SHAPE) -> tuple[list[StayRecords], Staged]:
    with stage([folder], shape, "qingshi_county") as staged:
        return list(staged.stays()), staged


def codes(staged: Staged) -> list[str]:
    return [issue.code for issue in staged.issues]


def of(stays: list[StayRecords]) -> dict[str, list[str]]:
    return {stay.stay_key: [issue.code for issue in stay.issues if issue.stops] for stay in stays}


def test_rows_are_gathered_by_stay_with_their_places(tmp_path: Path) -> None:
    lines = [{**LINE, "JLXH": "1"}, {**LINE, "JLXH": "2", "ZYH": "300012346"}, {**LINE, "JLXH": "3"}]
    stays, staged = read(write(tmp_path, {"ZY_FYMX": lines, "ZY_BRRY": [OTHER, STAY]}))
    assert [stay.stay_key for stay in stays] == ["300012345", "300012346"]
    first = stays[0].tables["ZY_FYMX"]
    assert [record.fields["JLXH"] for record in first] == ["1", "3"]
    assert first[1].origin.pointer("ZJJE") == "ZY_FYMX.xml#3/ZJJE"
    assert stays[1].tables["ZY_BRRY"][0].fields["BRXM"] == "测试乙𠮷"
    assert codes(staged) == []
    assert all(file.complete and len(file.sha256) == 64 for file in staged.files)


def test_the_staged_rows_leave_no_trace(tmp_path: Path) -> None:
    export = write(tmp_path / "export", {"ZY_FYMX": [LINE], "ZY_BRRY": [STAY]})
    work = tmp_path / "work"
    work.mkdir()
    with stage([export], SHAPE, "qingshi_county", workdir=work):
        assert list(work.iterdir())
    assert not list(work.iterdir())


@pytest.mark.parametrize(
    ("declared", "encoding", "bom", "found", "labelled_wrong"),
    [
        ("UTF-8", "utf-8", b"", "utf-8", False),
        ("UTF-8", "gb18030", b"", "gb18030", True),
        ("GB2312", "utf-8", b"", "utf-8", True),
        ("GB2312", "gb18030", b"", "gb18030", False),
        (None, "gb18030", b"", "gb18030", False),
        ("UTF-8", "utf-8", b"\xef\xbb\xbf", "utf-8", False),
        ("GBK", "utf-8", b"\xef\xbb\xbf", "utf-8", True),
        ("UTF-16", "utf-16", b"", "utf-16", False),
    ],
)
def test_encoding_is_told_by_the_bytes(
    tmp_path: Path, declared: str | None, encoding: str, bom: bytes, found: str, labelled_wrong: bool
) -> None:
    content = bom + xml([OTHER], declared).encode(encoding)
    stays, staged = read(write(tmp_path, {"ZY_BRRY": content, "ZY_FYMX": [LINE | {"ZYH": "300012346"}]}))
    assert staged.files[0].encoding == found
    assert stays[0].tables["ZY_BRRY"][0].fields["BRXM"] == "测试乙𠮷"
    assert ("SRC-104" in codes(staged)) is labelled_wrong


def test_bytes_of_no_encoding_are_refused_and_never_replaced(tmp_path: Path) -> None:
    content = xml([STAY]).encode().replace("甲".encode(), b"\xff\xff")
    stays, staged = read(write(tmp_path, {"ZY_BRRY": content, "ZY_FYMX": [LINE]}))
    assert stays == []
    assert codes(staged) == ["SRC-103", "SRC-110"]


def test_a_damaged_utf8_file_is_not_taken_for_gb18030(tmp_path: Path) -> None:
    """One byte lost in the middle of much good UTF-8: the rest would decode to nonsense as GB18030."""
    content = xml([STAY | {"HKDZ": "示例省示例市示例县示例镇示例村示例组"}]).encode() + "甲".encode()[:2] + b"\n"
    _, staged = read(write(tmp_path, {"ZY_BRRY": content, "ZY_FYMX": [LINE]}))
    assert codes(staged)[0] == "SRC-103"


@pytest.mark.parametrize(
    "head",
    [
        '<!DOCTYPE msg [<!ENTITY amount "1.00">]>',
        "<!DOCTYPE msg SYSTEM 'file:///etc/passwd'>",
        "<!-- a comment before --><!DOCTYPE msg>",
        "<?pi before?><!doctype msg>",
    ],
)
def test_a_doctype_is_refused_before_any_content(tmp_path: Path, head: str) -> None:
    text = xml([LINE | {"ZJJE": "&amount;"}]).replace("<msg>", head + "<msg>").replace("&amp;", "&")
    stays, staged = read(write(tmp_path, {"ZY_BRRY": [STAY], "ZY_FYMX": text}))
    assert codes(staged) == ["SRC-102"]
    assert of(stays) == {"300012345": ["SRC-113"]}
    assert "ZY_FYMX" not in stays[0].tables


def test_a_cut_file_of_lines_holds_every_stay(tmp_path: Path) -> None:
    """Rows before the cut stay readable, but no stay can be known to be whole."""
    lines = [{**LINE, "JLXH": "1"}, {**LINE, "JLXH": "2", "ZYH": "300012346"}]
    cut = xml(lines).rpartition("<FYSL>")[0]
    stays, staged = read(write(tmp_path, {"ZY_BRRY": [STAY, OTHER], "ZY_FYMX": cut}))
    assert codes(staged) == ["SRC-101"]
    assert of(stays) == {"300012345": ["SRC-113"], "300012346": ["SRC-113"]}
    assert [record.fields["JLXH"] for record in stays[0].tables["ZY_FYMX"]] == ["1"]


def test_a_cut_inside_a_character_is_a_cut_and_not_another_encoding(tmp_path: Path) -> None:
    content = xml([STAY]).encode()
    cut = content[: content.index("甲".encode()) + 1]
    _, staged = read(write(tmp_path, {"ZY_BRRY": cut, "ZY_FYMX": [LINE]}))
    assert staged.files[0].encoding == "utf-8"
    assert codes(staged) == ["SRC-101", "SRC-110"]


def test_a_cut_stay_table_lets_the_stays_before_the_cut_go_on(tmp_path: Path) -> None:
    cut = xml([STAY, OTHER]).rpartition("<BRXZ>")[0]
    lines = [LINE, {**LINE, "JLXH": "2", "ZYH": "300012346"}]
    stays, staged = read(write(tmp_path, {"ZY_BRRY": cut, "ZY_FYMX": lines}))
    assert of(stays) == {"300012345": []}
    assert codes(staged) == ["SRC-101", "SRC-110"]
    assert staged.orphans == ("300012346",)


def test_a_missing_file_of_lines_holds_every_stay(tmp_path: Path) -> None:
    stays, staged = read(write(tmp_path, {"ZY_BRRY": [STAY]}))
    assert codes(staged) == ["SRC-112"]
    assert of(stays) == {"300012345": ["SRC-112"]}


@pytest.mark.parametrize("empty", ["", "<msg>", "no xml at all", '<?xml version="1.0"?>'])
def test_what_is_no_xml_is_a_broken_file(tmp_path: Path, empty: str) -> None:
    stays, staged = read(write(tmp_path, {"ZY_BRRY": [STAY], "ZY_FYMX": empty}))
    assert codes(staged) == ["SRC-101"]
    assert of(stays) == {"300012345": ["SRC-113"]}


def test_rows_without_keys_are_listed_by_place(tmp_path: Path) -> None:
    lines = [{**LINE, "JLXH": "1"}, {**LINE, "JLXH": "2", "ZYH": " "}, {**LINE, "JLXH": ""}]
    stays, staged = read(write(tmp_path, {"ZY_BRRY": [STAY, OTHER], "ZY_FYMX": lines}))
    assert [(issue.code, issue.pointer) for issue in staged.issues] == [
        ("SRC-105", "ZY_FYMX.xml#2/ZYH"),
        ("SRC-106", "ZY_FYMX.xml#3/JLXH"),
    ]
    assert of(stays) == {"300012345": ["SRC-106"], "300012346": []}


def test_the_same_row_twice_counts_once(tmp_path: Path) -> None:
    stays, staged = read(write(tmp_path, {"ZY_BRRY": [STAY], "ZY_FYMX": [LINE, dict(LINE)]}))
    assert [(issue.code, issue.pointer) for issue in staged.issues] == [("SRC-108", "ZY_FYMX.xml#2")]
    assert len(stays[0].tables["ZY_FYMX"]) == 1
    assert of(stays) == {"300012345": []}


def test_the_same_key_with_other_content_holds_both_stays(tmp_path: Path) -> None:
    lines = [LINE, {**LINE, "ZJJE": "19.00", "ZYH": "300012346"}]
    stays, staged = read(write(tmp_path, {"ZY_BRRY": [STAY, OTHER], "ZY_FYMX": lines}))
    assert codes(staged) == ["SRC-109"]
    assert of(stays) == {"300012345": ["SRC-109"], "300012346": ["SRC-109"]}


def test_a_file_given_twice_counts_once(tmp_path: Path) -> None:
    export = write(tmp_path, {"ZY_BRRY": [STAY], "ZY_FYMX": [LINE], "ZY_FYMX-20210307": [LINE]})
    with stage([export, export / "ZY_FYMX.xml"], SHAPE, "qingshi_county") as staged:
        assert [file.name for file in staged.files] == ["ZY_BRRY.xml", "ZY_FYMX-20210307.xml", "ZY_FYMX.xml"]
        assert codes(staged) == ["SRC-108"]
        assert [len(stay.tables["ZY_FYMX"]) for stay in staged.stays()] == [1]


@pytest.mark.parametrize("name", ["FEES", "ZY_FYMXX", "ZY_FYMX_old"])
def test_a_file_that_names_no_table_is_an_issue(tmp_path: Path, name: str) -> None:
    export = write(tmp_path, {"ZY_BRRY": [STAY], "ZY_FYMX": [LINE], name: [LINE]})
    stays, staged = read(export)
    assert codes(staged) == ["SRC-111"]
    assert of(stays) == {"300012345": []}


@pytest.mark.parametrize(
    "row",
    [
        "<row><ZYH>300012345</ZYH><JLXH>1</JLXH><JLXH>2</JLXH></row>",
        "<row><JLXH>1</JLXH><FYMC><b>bold</b></FYMC><ZYH>300012345</ZYH></row>",
        f"<row><JLXH>1</JLXH><FYMC>{'x' * 70_000}</FYMC><ZYH>300012345</ZYH></row>",
        "<line><ZYH>300012345</ZYH><JLXH>1</JLXH></line>",
    ],
)
def test_a_row_of_the_wrong_form_holds_its_stay(tmp_path: Path, row: str) -> None:
    text = f"<msg>{row}<row><ZYH>300012346</ZYH><JLXH>9</JLXH></row></msg>"
    stays, staged = read(write(tmp_path, {"ZY_BRRY": [STAY, OTHER], "ZY_FYMX": text}))
    assert [(issue.code, issue.pointer) for issue in staged.issues] == [("SRC-107", "ZY_FYMX.xml#1")]
    assert of(stays) == {"300012345": ["SRC-107"], "300012346": []}


def test_comments_and_character_references_belong_to_the_text(tmp_path: Path) -> None:
    text = "<msg><row><ZYH>300012345</ZYH><JLXH>1</JLXH><FYMC>二级<!-- x -->护理 &#65;&amp;B</FYMC></row></msg>"
    stays, _ = read(write(tmp_path, {"ZY_BRRY": [STAY], "ZY_FYMX": text}))
    assert stays[0].tables["ZY_FYMX"][0].fields["FYMC"] == "二级护理 A&B"


def test_limits_are_kept(tmp_path: Path) -> None:
    export = write(tmp_path, {"ZY_BRRY": [STAY], "ZY_FYMX": [LINE | {"JLXH": str(n)} for n in range(9)]})
    stays, staged = read(export, replace(SHAPE, limits=ReadingLimits(file_bytes=1000)))
    assert codes(staged) == ["SRC-114"]
    assert of(stays) == {"300012345": ["SRC-113"]}


def test_a_flood_of_bad_rows_is_listed_in_part_and_holds_every_stay(tmp_path: Path) -> None:
    lines = [{**LINE, "JLXH": ""} for _ in range(20)] + [{**LINE, "JLXH": "", "ZYH": "300012346"}]
    export = write(tmp_path, {"ZY_BRRY": [STAY, OTHER], "ZY_FYMX": lines})
    stays, staged = read(export, replace(SHAPE, limits=ReadingLimits(listed=5)))
    assert codes(staged) == ["SRC-106"] * 5 + ["SRC-115"]
    assert all("SRC-106" in held for held in of(stays).values())


def test_a_file_that_is_not_there_is_an_issue(tmp_path: Path) -> None:
    with stage([tmp_path / "ZY_BRRY.xml"], SHAPE, "qingshi_county") as staged:
        assert codes(staged) == ["SRC-116", "SRC-112"]


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10_000))
def test_the_order_of_rows_and_files_does_not_matter(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    """Whatever the order, the same stays hold the same rows."""
    order = random.Random(seed)
    lines = [{**LINE, "JLXH": str(n), "ZYH": "300012345" if n % 3 else "300012346"} for n in range(12)]
    people = [STAY, OTHER]
    order.shuffle(lines)
    order.shuffle(people)
    export = write(tmp_path_factory.mktemp("export"), {"ZY_BRRY": people, "ZY_FYMX": lines[:5], "ZY_FYMX-2": lines[5:]})
    stays, staged = read(export)
    assert codes(staged) == []
    assert {stay.stay_key: sorted(r.fields["JLXH"] for r in stay.tables["ZY_FYMX"]) for stay in stays} == {
        "300012345": sorted(str(n) for n in range(12) if n % 3),
        "300012346": ["0", "3", "6", "9"],
    }


def test_no_issue_shows_a_person(tmp_path: Path) -> None:
    rows = [STAY, {**STAY, "BRXM": "测试丙"}, {**STAY, "ZYH": ""}]
    _, staged = read(write(tmp_path, {"ZY_BRRY": rows, "ZY_FYMX": xml([LINE])[:-40]}))
    told = " ".join(map(str, staged.issues))
    assert staged.issues
    assert not any(text in told for text in ("测试", "999999198001010011", "T00000001"))
