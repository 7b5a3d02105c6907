"""JSON documents and NDJSON: rows at a path, numbers digit for digit, what is refused, and files that were cut."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapter.intake.readers import stage
from adapter.model.source import ColumnShape, ReadingLimits, TableShape
from tests.support.exports import put, read, shape

SHAPE = shape("json_files")
AT_PATH = TableShape("LINES", ("LINE",), rows=("data", "list"))
STAYS = '{"STAY": "1"}\n{"STAY": "2"}\n'


def lines_of(
    tmp_path: Path, content: str, *, name: str = "LINES.json", table: TableShape | None = None, **kinds: Any
) -> tuple[dict[str, list[dict[str, str]]], list[str], dict[str, list[str]]]:
    of = replace(SHAPE, tables={**SHAPE.tables, **({"LINES": table} if table else {})}, **kinds)
    return read(put(tmp_path, {"STAYS.ndjson": STAYS, name: content}), of)


def test_numbers_keep_their_digits(tmp_path: Path) -> None:
    content = (
        '[{"STAY": 1, "LINE": 1400000000000000001, "A": 1.10, "B": 1e2, "C": true, "D": null, "E": -0.50, "F": " x "}]'
    )
    lines, codes, _ = lines_of(tmp_path, content)
    assert codes == []
    assert lines["1"] == [
        {
            "STAY": "1",
            "LINE": "1400000000000000001",
            "A": "1.10",
            "B": "1e2",
            "C": "true",
            "D": "",
            "E": "-0.50",
            "F": "x",
        }
    ]


def test_rows_stand_at_a_path(tmp_path: Path) -> None:
    """Whatever else the answer holds, before and after, is passed over."""
    content = """{"code": 1, "trace": [{"a": "}"}, "\\"]"], "data": {"total": 2,
      "list": [{"STAY": "1", "LINE": "1"}, {"STAY": "1", "LINE": "2", "X": "]"}], "more": {"list": []}}, "list": [1]}"""
    lines, codes, _ = lines_of(tmp_path, content, table=AT_PATH)
    assert [row["LINE"] for row in lines["1"]] == ["1", "2"] and codes == []


@pytest.mark.parametrize("content", ['{"data": {"list": []}}', '{"data": {"list": null}}'])
def test_no_rows_at_the_path_are_no_fault(tmp_path: Path, content: str) -> None:
    assert lines_of(tmp_path, content, table=AT_PATH)[1] == []


@pytest.mark.parametrize(
    "content",
    ['{"code": 0, "message": "失败"}', '{"data": {"rows": []}}', '{"data": []}', '{"data": {"list": "none"}}', "[]"],
)
def test_an_answer_without_rows_is_reported(tmp_path: Path, content: str) -> None:
    _, codes, held = lines_of(tmp_path, content, table=AT_PATH)
    assert codes == ["SRC-117"] and held == {"1": ["SRC-113"], "2": ["SRC-113"]}


def test_one_object_is_one_row(tmp_path: Path) -> None:
    lines, codes, _ = lines_of(tmp_path, '{"data": {"list": {"STAY": "1", "LINE": "1"}}}', table=AT_PATH)
    assert len(lines["1"]) == 1 and codes == []


def test_one_document_may_hold_every_table(tmp_path: Path) -> None:
    of = shape(
        "json_files",
        STAYS=TableShape("STAYS", ("STAY",), file="visit", rows=("visit",)),
        LINES=TableShape("LINES", ("LINE",), file="visit", rows=("costs",)),
    )
    content = '{"costs": [{"STAY": "1", "LINE": "1"}], "visit": {"STAY": "1"}}'
    lines, codes, _ = read(put(tmp_path, {"visit-20210308.json": content}), of)
    assert lines == {"1": [{"STAY": "1", "LINE": "1"}]} and codes == []


def test_declared_paths_flatten_and_the_rest_stays_to_be_seen(tmp_path: Path) -> None:
    table = TableShape(
        "LINES",
        ("LINE",),
        columns=(ColumnShape("NO", path=("card", "no")), ColumnShape("ZONE", path=("card", "issuer", "zone"))),
    )
    row = {
        "STAY": "1",
        "LINE": "1",
        "card": {"no": 7, "kind": "x", "issuer": {"zone": "999901", "tel": [1]}},
        "ext": {"a": [1.50]},
    }
    lines, codes, _ = lines_of(tmp_path, json.dumps([row]), table=table)
    assert codes == [] and lines["1"] == [
        {
            "STAY": "1",
            "LINE": "1",
            "NO": "7",
            "card.kind": "x",
            "ZONE": "999901",
            "card.issuer.tel": '["1"]',
            "ext": '{"a":["1.5"]}',
        }
    ]


BAD_ROWS = [
    ('{"STAY": "1", "LINE": "1", "LINE": "1"}', "a key twice"),
    ('{"STAY": "1", "LINE": "1", "X": {"a": 1, "a": 1}}', "a key twice inside"),
    ('{"STAY": "1", "LINE": "1", "X": NaN}', "not a number"),
    ('{"STAY": "1", "LINE": "1", "X": -Infinity}', "infinite"),
    ('{"STAY": "1", "LINE": "1", "X": 01}', "a leading zero"),
    ('{"STAY": "1", "LINE": "1", "X": "\\ud842"}', "half a character"),
    ('{"STAY": "1", "LINE": "1", "X": ' + "[" * 40 + "]" * 40 + "}", "nested too deep"),
    ('{"STAY": "1", "LINE": "1", "X": ' + "[" * 30000 + "]" * 30000 + "}", "nested beyond any stack"),
    ('{"STAY": "1", "LINE": "1", "X": "' + "x" * 70000 + '"}', "too large"),
    ('{"STAY": "1", "LINE": "1", "X": {"y": "' + "x" * 70000 + '"}}', "too large inside"),
    ('{"STAY": "1", "LINE": "1" "X": 1}', "a comma missing"),
]


@pytest.mark.parametrize(("row", "name"), BAD_ROWS, ids=lambda value: value if len(value) < 30 else "")
@pytest.mark.parametrize("form", ["lines", "document"])
def test_a_bad_row_never_stops_the_others(tmp_path: Path, row: str, name: str, form: str) -> None:
    good = '{"STAY": "2", "LINE": "2"}'
    if form == "lines":
        lines, codes, held = lines_of(tmp_path, f"{row}\n{good}\n", name="LINES.ndjson")
    else:
        lines, codes, held = lines_of(tmp_path, f'{{"data": {{"list": [{row},\n {good}]}}}}', table=AT_PATH)
    assert lines == {"1": [], "2": [{"STAY": "2", "LINE": "2"}]}
    assert codes == ["SRC-107"] and held == {"1": ["SRC-107"], "2": []}


@pytest.mark.parametrize("row", ["7", '"text"', "[]", "null", "true", '{"STAY": "2", "LINE": "1"} {}'])
def test_what_is_no_object_is_no_row(tmp_path: Path, row: str) -> None:
    lines, codes, _ = lines_of(tmp_path, f'{row}\n{{"STAY": "2", "LINE": "2"}}\n', name="LINES.ndjson")
    assert len(lines["2"]) == 1 and codes == ["SRC-107"]


WHOLE = '{"code": 1,\n "data": {"list": [{"STAY": "1", "LINE": "1"},\n  {"STAY": "2", "LINE": "2"}]},\n "end": "护理"}'


@pytest.mark.parametrize("at", range(1, len(WHOLE.encode())))
def test_a_document_cut_anywhere_is_noticed(tmp_path: Path, at: int) -> None:
    """Rows before the cut are kept, every stay is held, and nothing is taken for whole."""
    folder = put(tmp_path, {"STAYS.ndjson": STAYS})
    (folder / "LINES.json").write_bytes(WHOLE.encode()[:at])
    of = replace(SHAPE, tables={**SHAPE.tables, "LINES": AT_PATH})
    lines, codes, held = read(folder, of)
    assert codes in (["SRC-101"], ["SRC-117"]) and held["1"] == held["2"] == ["SRC-113"]
    assert sum(map(len, lines.values())) == (at > WHOLE.index("},\n")) + (at > WHOLE.index("}]"))


@pytest.mark.parametrize(
    "content", [WHOLE + "x", WHOLE + WHOLE, "[,]", "[1,]", "{]", '{"data": {"list": [}}', "nonsense", "\x00"]
)
def test_what_is_no_json_is_a_broken_file(tmp_path: Path, content: str) -> None:
    _, codes, held = lines_of(tmp_path, content, table=AT_PATH)
    assert codes[-1:] in (["SRC-101"], ["SRC-117"]) and "SRC-113" in held["1"]


def test_a_second_list_is_not_passed_over(tmp_path: Path) -> None:
    content = '{"data": {"list": [{"STAY": "1", "LINE": "1"}], "list": []}}'
    assert lines_of(tmp_path, content, table=AT_PATH)[1] == ["SRC-101"]


def test_a_line_cut_off_is_a_broken_file(tmp_path: Path) -> None:
    content = '{"STAY": "1", "LINE": "1"}\n{"STAY": "2", "LIN'
    assert lines_of(tmp_path, content, name="LINES.ndjson")[1] == ["SRC-101"]
    whole = '{"STAY": "1", "LINE": "1"}\n{"STAY": "2", "LINE": "2"}'
    assert lines_of(tmp_path / "whole", whole, name="LINES.ndjson")[1] == []


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("name", ["LINES.json", "LINES.ndjson"])
def test_every_encoding(tmp_path: Path, encoding: str, name: str) -> None:
    row = '{"STAY": "1", "LINE": "1", "NAME": "二级护理"}'
    folder = put(tmp_path, {"STAYS.ndjson": STAYS, name: (row + "\n").encode(encoding)})
    lines, codes, _ = read(folder, SHAPE)
    assert [line["NAME"] for line in lines["1"]] == ["二级护理"] and codes == []


VALUES = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=8),
    st.integers(),
    st.booleans(),
    st.none(),
    st.decimals(allow_nan=False),
)


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=4), VALUES, max_size=5), max_size=6),
    st.booleans(),
)
def test_whatever_a_writer_writes_is_read(tmp_path: Path, rows: list[dict[str, Any]], spaced: bool) -> None:
    given_rows = [{**row, "STAY": "1", "LINE": str(n)} for n, row in enumerate(rows)]
    text = json.dumps({"data": {"list": given_rows}}, default=str, indent=2 if spaced else None, ensure_ascii=spaced)
    folder = tmp_path / str(len(list(tmp_path.iterdir())))
    lines, codes, _ = lines_of(folder, text, table=AT_PATH)
    assert codes == [] and len(lines["1"]) == len(rows)
    for row, line in zip(given_rows, lines["1"], strict=True):
        for name, value in row.items():
            expected = (
                "" if value is None else str(value).lower() if isinstance(value, bool) else str(value).strip(" \t\r\n")
            )
            assert line[name] == expected


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200), st.integers(0, len(WHOLE)), st.sampled_from(["LINES.json", "LINES.ndjson"]))
def test_no_bytes_crash_the_reader(tmp_path: Path, noise: bytes, at: int, name: str) -> None:
    folder = put(tmp_path / str(len(list(tmp_path.iterdir()))), {"STAYS.ndjson": STAYS})
    whole = WHOLE.encode() if name == "LINES.json" else b'{"STAY": "1", "LINE": "1"}\n{"STAY": "2", "LINE": "2"}\n'
    (folder / name).write_bytes(whole[:at] + noise + whole[at:])
    with stage([folder], replace(SHAPE, tables={**SHAPE.tables, "LINES": AT_PATH}), "anywhere") as staged:
        read_rows = sum(len(stay.tables.get("LINES", ())) for stay in staged.stays())
        assert read_rows >= 2 or staged.issues


def test_rows_across_chunks(tmp_path: Path) -> None:
    """More than any chunk, with nested rows and long strings at every place of its border."""
    rows = [{"STAY": "1", "LINE": str(n), "X": {"a": '"' * (n % 97)}, "Y": "护" * (n % 89)} for n in range(6000)]
    lines, codes, _ = lines_of(tmp_path, json.dumps({"data": {"list": rows}}, ensure_ascii=False), table=AT_PATH)
    assert codes == [] and sorted(int(line["LINE"]) for line in lines["1"]) == list(range(6000))
    assert all(line["Y"] == "护" * (int(line["LINE"]) % 89) for line in lines["1"])


def test_many_bad_rows_are_counted(tmp_path: Path) -> None:
    few = ReadingLimits(listed=3)
    lines, codes, _ = lines_of(tmp_path, "x\n" * 10 + '{"STAY": "1", "LINE": "1"}\n', name="LINES.ndjson", limits=few)
    assert codes == ["SRC-107"] * 3 + ["SRC-115"] and len(lines["1"]) == 1
