"""Drafts of samples that do not name their columns: fixed width and HL7 v2 messages; and what is no sample at all."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from adapter.cases.drafts import draft_sample, write_draft
from adapter.intake.mapping import compile_mapping, load_mapping
from adapter.intake.mapping.draft import SampleTable
from adapter.intake.mapping.draft.profile import ColumnProfile, profile
from adapter.intake.mapping.draft.undoing import Undoing, undoing
from adapter.intake.mapping.messages import load_messages
from adapter.intake.readers import stage
from adapter.intake.readers.messages import message_files, stage_messages
from adapter.intake.reference import load_prices
from adapter.model.issues import AdapterError
from adapter.model.source import ColumnShape
from tests.rooms.mapping.test_draft import odd_export
from tests.support.exports import as_fixed
from tests.support.intake import FIXTURES, MAPPINGS
from tests.support.messages import NEUSOFT, VENDORS, WINNING, home

HEAD = "table,column,start,width\n"


def fixed_export(folder: Path, encoding: str) -> tuple[Path, Path]:
    """The odd export as lines of fixed width, with the description that goes with it; bytes count in GB18030."""
    export, described = folder / "export", [HEAD.strip()]
    export.mkdir()
    counted = "gb18030" if encoding == "gb18030" else None
    for table, rows in odd_export(3, stays=24).items():
        start, columns = 1, []
        for column in rows[0]:
            width = 1 + max(len(row[column].encode(counted) if counted else row[column]) for row in rows)
            columns.append(ColumnShape(column, start=start, width=width))
            described.append(f"{table},{column},{start},{width}")
            start += width
        text = as_fixed(rows, columns, counted)
        (export / f"{table}.txt").write_bytes(text if counted else text.decode().encode(encoding))
    (folder / "layout.csv").write_text("\n".join(described) + "\n", encoding="utf-8")
    return export, folder / "layout.csv"


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
def test_lines_of_fixed_width_are_drafted_from_their_description(encoding: str, tmp_path: Path) -> None:
    export, layout = fixed_export(tmp_path, encoding)
    draft = draft_sample("draft_town", "draft_his", [export], MAPPINGS, layout=layout)
    shape = draft.files["his/draft_his/shape.yaml"]
    assert "reader: fixed_width" in shape and "columns: {F1: [1, " in shape
    assert ("layout: {places: bytes}" in shape) is (encoding == "gb18030")
    write_draft(draft, tmp_path / "m", MAPPINGS)
    mapper = compile_mapping(load_mapping(tmp_path / "m", "draft_town"))
    with stage([export], mapper.mapping.shape, "draft_town") as staged:
        mapped = [mapper.map(stay) for stay in staged.stays()]
        assert staged.issues == ()
    assert {len([r for r in stay.resources if r["resourceType"] == "ChargeItem"]) for stay in mapped} == {8}
    assert len(mapped) == 24


@pytest.mark.parametrize(
    ("layout", "code", "places"),
    [
        ("table,column,start\n", "MAP-180", ["layout.csv:1"]),
        ("", "MAP-180", ["layout.csv:1"]),
        (HEAD + "T,A,0,4\nT,B,5,x\nT,C,9\n", "MAP-180", ["layout.csv:2", "layout.csv:3", "layout.csv:4"]),
        (HEAD + "T,A,1,4\nT,A,5,4\n", "MAP-180", ["layout.csv:3"]),
        (HEAD + "T,A,1,4\n", "MAP-181", ["T.txt"]),
        (HEAD + "OTHER,A,1,8\n", "MAP-182", ["T.txt"]),
    ],
)
def test_a_description_that_cannot_be_used_says_where(
    layout: str, code: str, places: list[str], tmp_path: Path
) -> None:
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / "T.txt").write_text("A0010101\nA0020202\n")
    (tmp_path / "layout.csv").write_text(layout)
    with pytest.raises(AdapterError) as refused:
        draft_sample("d", "d_his", [tmp_path / "export"], MAPPINGS, layout=tmp_path / "layout.csv")
    assert [(issue.code, issue.pointer) for issue in refused.value.issues] == [(code, place) for place in places]


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("T.txt", "A0010101 X\nA0020202 Y\n", "MAP-183"),
        ("b.json", json.dumps({"resourceType": "Bundle", "entry": []}), "MAP-184"),
        ("c.ndjson", json.dumps({"resourceType": "Encounter", "id": "1"}) + "\n", "MAP-184"),
        ("d.hl7", "MSH|^~\\&|HIS|1|X|1|20210101||ADT^A01|1|P|2.4\rPID|1||5\rPV1|1|I\r", "MAP-124"),
        ("e.hl7", "no message\r", "MAP-123"),
    ],
)
def test_what_needs_something_else_says_what(name: str, text: str, code: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(AdapterError) as refused:
        draft_sample("d", "d_his", [tmp_path], MAPPINGS)
    assert [issue.code for issue in refused.value.issues] == [code]


@pytest.mark.parametrize("source", VENDORS)
def test_a_draft_from_messages_loads_and_maps(source: str, tmp_path: Path) -> None:
    """Without a correction: every stay, its person, and of the vendor that follows the standard every charge."""
    export = home(source) / "export"
    draft = draft_sample("draft_town", "draft_his", [export], MAPPINGS)
    write_draft(draft, tmp_path, MAPPINGS)
    mapping = load_mapping(tmp_path, "draft_town")
    mapper, shape = compile_mapping(mapping), load_messages(tmp_path, mapping)
    prices = FIXTURES / "reference" / source / "prices.csv"
    given = load_prices(prices) if prices.is_file() else None
    with stage_messages(message_files([export]), shape, "draft_town", prices=given) as staged:
        stays = {stay.stay_key: mapper.map(stay) for stay in staged.stays()}
    assert stays and all("SRC-124" not in {issue.code for issue in stay.issues} for stay in stays.values())
    for stay in stays.values():
        kinds = Counter(each["resourceType"] for each in stay.resources)
        assert (kinds["Patient"], kinds["Encounter"], kinds["Account"]) == (1, 1, 1)
    golden = json.loads((home(source) / "expected" / f"{next(iter(stays))}.json").read_text("utf-8"))
    lines = [e["resource"] for e in golden["entry"] if e["resource"]["resourceType"] == "ChargeItem"]
    drafted = [each for each in next(iter(stays.values())).resources if each["resourceType"] == "ChargeItem"]
    if source == WINNING:
        assert len(drafted) == len(lines)
    else:
        assert source == NEUSOFT and drafted, "its reversals glue a sign to the key, which a person must tell"


@pytest.mark.parametrize("source", VENDORS)
def test_no_person_gets_into_a_draft_from_messages(source: str) -> None:
    draft = draft_sample("draft_town", "draft_his", [home(source) / "export"], MAPPINGS)
    text = "\n".join([*draft.files.values(), *(f"{each.zh}{each.en}" for each in draft.doubts), str(draft.left)])
    for secret in ("测试", "无名氏", "9999991", "13800000", "T902", "T903"):
        assert secret not in text, secret


def test_every_event_of_messages_is_marked(tmp_path: Path) -> None:
    draft = draft_sample("draft_town", "draft_his", [home(WINNING) / "export"], MAPPINGS)
    lines = draft.files["sources/draft_town.yaml"].partition("events:")[2].splitlines()
    events = [line for line in lines if "^" in line]
    assert len(events) >= 10 and all("# ?" in line for line in events)


ROWS = [
    {"K": "1", "Q": "2", "I": "A", "O": "0", "S": "C"},
    {"K": "2", "Q": "3", "I": "B", "O": "0", "S": "N"},
    {"K": "3", "Q": "1", "I": "C", "O": "0", "S": "C"},
    {"K": "4", "Q": "5", "I": "B", "O": "0", "S": "N"},
    {"K": "8", "Q": "-2", "I": "A", "O": "1", "S": "R"},
    {"K": "9", "Q": "-1", "I": "C", "O": "3", "S": "R"},
]


def free(*names: str) -> list[ColumnProfile]:
    return [profile(name, [row[name] for row in ROWS]) for name in names]


def test_refunds_are_told_by_what_their_rows_hold() -> None:
    table = SampleTable("F", ROWS)
    assert undoing(table, "Q", ("K",), "I", free("O", "S")) == Undoing(2, "O", ("0",), "S", ("R",), ("C",))
    assert undoing(table, "Q", ("K",), "I", free("S")) == Undoing(2, "", (), "S", ("R",), ("C",))
    assert undoing(table, "Q", ("K",), "I", []) == Undoing(2)
    assert undoing(SampleTable("F", ROWS[:5]), "Q", ("K",), "I", free("O", "S")) == Undoing(1), "one proves nothing"
