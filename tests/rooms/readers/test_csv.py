"""CSV and TSV: encodings, quotes, line breaks, wrong rows, cut files; no row is lost and none stops another."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapter.intake.readers import stage
from adapter.model.source import ColumnShape, ReadingLimits, TableShape, TextLayout
from tests.support.exports import as_csv, put, read, shape

SHAPE = shape("csv_files")
STAYS = "STAY,NAME\r\n1,测试甲\r\n2,测试乙\r\n"


def lines_of(
    tmp_path: Path, content: str | bytes, **kinds: object
) -> tuple[dict[str, list[dict[str, str]]], list[str]]:
    found, codes, _ = read(put(tmp_path, {"STAYS.csv": STAYS, "LINES.csv": content}), replace(SHAPE, **kinds))  # type: ignore[arg-type]
    return found, codes


@pytest.mark.parametrize(
    ("encoding", "bom"),
    [
        ("utf-8", b""),
        ("utf-8", b"\xef\xbb\xbf"),
        ("gb18030", b""),
        ("utf-16-le", b"\xff\xfe"),
        ("utf-16-be", b"\xfe\xff"),
    ],
)
def test_every_encoding_is_told_by_its_bytes(tmp_path: Path, encoding: str, bom: bytes) -> None:
    text = "STAY,LINE,NAME\r\n1,1,二级护理𠮷\r\n"
    lines, codes = lines_of(tmp_path, bom + text.encode(encoding))
    assert lines["1"] == [{"STAY": "1", "LINE": "1", "NAME": "二级护理𠮷"}] and codes == []


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark_is_told_by_its_zero_bytes(tmp_path: Path, encoding: str) -> None:
    text = "STAY,LINE,NAME\r\n" + "1,{},二级护理\r\n" * 3
    folder = put(tmp_path, {"STAYS.csv": STAYS, "LINES.csv": text.format(1, 2, 3).encode(encoding)})
    with stage([folder], SHAPE, "anywhere") as staged:
        assert {file.name: file.encoding for file in staged.files} == {"LINES.csv": encoding, "STAYS.csv": "utf-8"}
        assert [len(stay.tables.get("LINES", ())) for stay in staged.stays()] == [3, 0]


@pytest.mark.parametrize(("said", "codes"), [(("utf-8",), ["SRC-104"]), (("gb18030", "utf-8"), []), (("gbk",), [])])
def test_what_the_hospital_says_it_sends_is_compared(tmp_path: Path, said: tuple[str, ...], codes: list[str]) -> None:
    folder = put(
        tmp_path, {"STAYS.csv": "STAY\r\n1\r\n", "LINES.csv": "STAY,LINE,NAME\r\n1,1,护理\r\n".encode("gb18030")}
    )
    assert read(folder, replace(SHAPE, encodings=said))[1] == codes


def test_quotes_hold_separators_line_breaks_and_quotes(tmp_path: Path) -> None:
    lines, codes = lines_of(
        tmp_path, 'STAY,LINE,NAME\r\n1,1,"a,b"\r\n1,2,"多行\r\n第二行"\r\n1,3,"说""好"""\r\n1,4, x \r\n'
    )
    assert [row["NAME"] for row in lines["1"]] == ["a,b", "多行\r\n第二行", '说"好"', "x"] and codes == []


def test_tabs_and_no_quotes(tmp_path: Path) -> None:
    content = 'STAY\tLINE\tNAME\n1\t1\t5" 管, 一根\n'
    stays = put(tmp_path, {"STAYS.csv": STAYS.replace(",", "\t"), "LINES.tsv": content})
    lines, codes, _ = read(stays, replace(SHAPE, layout=TextLayout(separator="\t", quote="")))
    assert lines["1"][0]["NAME"] == '5" 管, 一根' and codes == []


def test_declared_columns_without_a_header(tmp_path: Path) -> None:
    columns = tuple(map(ColumnShape, ("STAY", "LINE", "NAME")))
    of = shape(
        "csv_files",
        layout=TextLayout(header=False),
        STAYS=TableShape("STAYS", ("STAY",), columns=columns[:1]),
        LINES=TableShape("LINES", ("LINE",), columns=columns),
    )
    lines, codes, _ = read(put(tmp_path, {"STAYS.csv": "1\n", "LINES.csv": "1,7,护理\n"}), of)
    assert lines == {"1": [{"STAY": "1", "LINE": "7", "NAME": "护理"}]} and codes == []


@pytest.mark.parametrize(
    ("name", "content", "kept", "codes"),
    [
        ("one cell too many", "STAY,LINE,NAME\n1,1,a,b\n2,2,c\n", ["2"], ["SRC-107"]),
        ("one cell too few", "STAY,LINE,NAME\n1,1\n2,2,c\n", ["2"], ["SRC-107"]),
        ("a quote that nobody closes", 'STAY,LINE,NAME\n1,1,"a\n2,2,c\n2,3,d\n', ["2", "3"], ["SRC-107"]),
        ("a quote closed by the next row's", 'STAY,LINE,NAME\n1,1,"a\n2,2,"c"\n2,3,d\n', ["2", "3"], ["SRC-107"]),
        ("text behind a closing quote", 'STAY,LINE,NAME\n1,1,"a"b\n2,2,c\n', ["2"], ["SRC-107"]),
        ("no stay", "STAY,LINE,NAME\n,1,a\n2,2,c\n", ["2"], ["SRC-105"]),
        ("no key", "STAY,LINE,NAME\n1,,a\n2,2,c\n", ["2"], ["SRC-106"]),
        ("empty lines and a DOS end", "STAY,LINE,NAME\n\n2,2,c\n\n\x1a", ["2"], []),
    ],
)
def test_a_bad_row_never_stops_the_others(
    tmp_path: Path, name: str, content: str, kept: list[str], codes: list[str]
) -> None:
    lines, found = lines_of(tmp_path, content)
    assert [row["LINE"] for stay in lines.values() for row in stay] == kept
    assert found == codes


@pytest.mark.parametrize("row", ["1,1,a,b", "1,1", '1,1,"a', "x,1,1,9"])
def test_the_stay_of_a_bad_row_is_held(tmp_path: Path, row: str) -> None:
    """Read from the left or from the right end, whichever shows a stay; the other stay goes on."""
    content = f"STAY,LINE,NAME\n{row}\n2,2,c\n"
    _, _, held = read(put(tmp_path, {"STAYS.csv": STAYS, "LINES.csv": content}), SHAPE)
    assert held == {"1": ["SRC-107"], "2": []}


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        ("STAY,LINE,NAME\n1,1,a\n2,2", 1),
        ("STAY,LINE,NAME\n1,1,a\n2,2,c", 2),
        ('STAY,LINE,NAME\n1,1,a\n2,2,"c', 1),
        ("STAY,LINE,NAME\n1,1,a\n2", 1),
    ],
)
def test_a_file_that_was_cut_holds_every_stay(tmp_path: Path, content: str, rows: int) -> None:
    lines, codes, held = read(put(tmp_path, {"STAYS.csv": STAYS, "LINES.csv": content}), SHAPE)
    assert sum(map(len, lines.values())) == rows
    assert codes == ["SRC-101"] and held == {"1": ["SRC-113"], "2": ["SRC-113"]}


def test_an_open_last_line_may_be_said_to_be_usual(tmp_path: Path) -> None:
    lines, codes = lines_of(tmp_path, "STAY,LINE,NAME\n1,1,a\n2,2,c", layout=TextLayout(last_line_ends=False))
    assert sum(map(len, lines.values())) == 2 and codes == []
    assert lines_of(tmp_path / "q", 'STAY,LINE,NAME\n2,2,"c"')[1] == []  # closed by its quote


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("", "SRC-118"),
        ("STAY,LINE,LINE\n1,1,1\n", "SRC-119"),
        ("STAY,NAME\n1,a\n", "SRC-119"),
        ("LINE,NAME\n1,a\n", "SRC-119"),
    ],
)
def test_a_wrong_header_refuses_the_file(tmp_path: Path, content: str, code: str) -> None:
    _, codes, held = read(put(tmp_path, {"STAYS.csv": STAYS, "LINES.csv": content}), SHAPE)
    assert codes == [code] and held["1"] == ["SRC-113"]


def test_a_row_that_is_too_large_is_refused_alone(tmp_path: Path) -> None:
    small = ReadingLimits(row_bytes=100)
    content = "STAY,LINE,NAME\n1,1," + "长" * 100 + '\n1,2,"' + "b\n" * 100 + '"\n2,3,c\n'
    lines, codes, held = read(put(tmp_path, {"STAYS.csv": STAYS, "LINES.csv": content}), replace(SHAPE, limits=small))
    assert lines["2"] == [{"STAY": "2", "LINE": "3", "NAME": "c"}]
    assert codes[:2] == ["SRC-107", "SRC-107"] and "SRC-107" in held["1"] and held["2"] == []


def test_undecodable_bytes_are_never_replaced(tmp_path: Path) -> None:
    _, codes, held = read(put(tmp_path, {"STAYS.csv": STAYS, "LINES.csv": b"STAY,LINE\n1,\xff\xff\n"}), SHAPE)
    assert codes == ["SRC-103"] and held["1"] == ["SRC-113"]


def test_a_stay_key_of_two_columns(tmp_path: Path) -> None:
    """病人ID and 主页ID are one stay; in another table they are spelt small."""
    of = shape(
        "csv_files",
        STAYS=TableShape("STAYS", ("A", "B"), join=("A", "B")),
        LINES=TableShape("LINES", ("LINE",), join=("a", "b")),
    )
    lines, codes, _ = read(put(tmp_path, {"STAYS.csv": "A,B\n7,1\n7,2\n", "LINES.csv": "LINE,a,b\n1,7,2\n2,7,\n"}), of)
    assert lines == {"7-1": [], "7-2": [{"LINE": "1", "a": "7", "b": "2", "STAY": "7-2"}]} and codes == ["SRC-105"]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_highest_version_of_a_row_counts(tmp_path: Path, order: tuple[int, int]) -> None:
    rows = ["1,1,I,2021-03-06 08:00:00", "1,1,D,2021-03-07 08:00:00"]
    content = "STAY,LINE,OP,AT\n" + "".join(f"{rows[each]}\n" for each in order)
    of = shape("csv_files", LINES=TableShape("LINES", ("LINE",), version="AT"))
    lines, codes, _ = read(put(tmp_path, {"STAYS.csv": STAYS, "LINES.csv": content}), of)
    assert [row["OP"] for row in lines["1"]] == ["D"] and codes == []


def test_equal_versions_that_differ_hold_the_stay(tmp_path: Path) -> None:
    of = shape("csv_files", LINES=TableShape("LINES", ("LINE",), version="AT"))
    content = "STAY,LINE,OP,AT\n1,1,I,7\n1,1,D,7\n1,1,U,6\n"
    _, codes, held = read(put(tmp_path, {"STAYS.csv": STAYS, "LINES.csv": content}), of)
    assert codes == ["SRC-109"] and held == {"1": ["SRC-109"], "2": []}


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\x00\x1a\ufeff"), max_size=12)


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=8), st.sampled_from([",", "\t", ";", "|"]))
def test_whatever_a_writer_writes_is_read(tmp_path: Path, cells: list[tuple[str, str]], separator: str) -> None:
    """Any text in any cell comes back as it was, but for the blanks around it."""
    rows = [{"STAY": "1", "LINE": str(n), "A": a, "B": b} for n, (a, b) in enumerate(cells)]
    folder = tmp_path / str(len(list(tmp_path.iterdir())))
    put(folder, {"STAYS.csv": f"STAY{separator}N\n1{separator}x\n", "LINES.csv": as_csv(rows, separator)})
    lines, codes, _ = read(folder, replace(SHAPE, layout=TextLayout(separator=separator)))
    kept = [{name: cell.strip(" \t\r\n") for name, cell in row.items()} for row in rows]
    assert codes == [] and lines["1"] == kept


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=400), st.integers(0, 60))
def test_no_bytes_crash_the_reader(tmp_path: Path, noise: bytes, at: int) -> None:
    """Whatever stands in a file, reading ends, and a file that is not whole or a row that is not read says so."""
    whole = "STAY,LINE,NAME\r\n1,1,护理\r\n2,2,床位\r\n".encode()
    folder = tmp_path / str(len(list(tmp_path.iterdir())))
    put(folder, {"STAYS.csv": STAYS, "LINES.csv": whole[:at] + noise + whole[at:]})
    with stage([folder], SHAPE, "anywhere") as staged:
        read_rows = sum(len(stay.tables.get("LINES", ())) for stay in staged.stays())
        assert read_rows >= 2 or staged.issues
