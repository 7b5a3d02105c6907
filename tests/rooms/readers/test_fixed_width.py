"""Fixed width: places in characters or in bytes, wrong lengths, characters across columns, cut files."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapter.intake.readers import stage
from adapter.intake.readers.formats import FORMATS
from adapter.model.source import READERS, ColumnShape, ExportShape, TableShape, TextLayout
from tests.support.exports import as_fixed, put, read, shape

STAY = (ColumnShape("STAY", start=1, width=4),)
LINE = (
    ColumnShape("STAY", start=1, width=4),
    ColumnShape("LINE", start=5, width=3),
    ColumnShape("NAME", start=8, width=8),
)
STAYS = "1   \n2   \n"


def of(*, in_bytes: bool = False, header: bool = False) -> ExportShape:
    return shape(
        "fixed_width",
        layout=TextLayout(header=header, in_bytes=in_bytes),
        STAYS=TableShape("STAYS", ("STAY",), columns=STAY),
        LINES=TableShape("LINES", ("LINE",), columns=LINE),
    )


@pytest.mark.parametrize(
    ("encoding", "in_bytes"), [("utf-8", False), ("gb18030", False), ("gb18030", True), ("utf-8", True)]
)
def test_columns_by_their_place(tmp_path: Path, encoding: str, in_bytes: bool) -> None:
    """护理 takes two characters, four bytes of GB18030, six of UTF-8."""
    row = {"STAY": "1", "LINE": "7", "NAME": "护理"}
    content = as_fixed([row], LINE, encoding) if in_bytes else as_fixed([row], LINE).decode().encode(encoding)
    lines, codes, _ = read(put(tmp_path, {"STAYS.txt": STAYS, "LINES.txt": content}), of(in_bytes=in_bytes))
    assert lines["1"] == [row] and codes == []


def test_bytes_of_utf16_count_two_a_character(tmp_path: Path) -> None:
    columns = (ColumnShape("STAY", start=1, width=8), ColumnShape("LINE", start=9, width=4))
    shaped = shape(
        "fixed_width",
        layout=TextLayout(header=False, in_bytes=True),
        STAYS=TableShape("STAYS", ("STAY",), columns=STAY),
        LINES=TableShape("LINES", ("LINE",), columns=columns),
    )
    content = b"\xff\xfe" + "1   甲乙\r\n".encode("utf-16-le")
    lines, codes, _ = read(put(tmp_path, {"STAYS.txt": STAYS, "LINES.txt": content}), shaped)
    assert lines["1"] == [{"STAY": "1", "LINE": "甲乙"}] and codes == []


def test_a_header_is_passed_over(tmp_path: Path) -> None:
    files = {"STAYS.dat": "STAY\n" + STAYS, "LINES.dat": "whatever stands here\n1   7  a       \n"}
    lines, codes, _ = read(put(tmp_path, files), of(header=True))
    assert lines["1"] == [{"STAY": "1", "LINE": "7", "NAME": "a"}] and codes == []


@pytest.mark.parametrize(
    ("line", "name"),
    [("1   7  a", "too short"), ("1   7  a          ", "too long"), ("1   7  " + "a" * 70000, "much too long")],
    ids=lambda value: value if len(value) < 15 else "",
)
def test_a_line_of_another_length_never_stops_the_others(tmp_path: Path, line: str, name: str) -> None:
    files = {"STAYS.txt": STAYS, "LINES.txt": f"{line}\n2   8  b       \n"}
    lines, codes, held = read(put(tmp_path, files), of())
    assert [row["LINE"] for row in lines["2"]] == ["8"]
    assert codes == ["SRC-107"] and held == {"1": ["SRC-107"], "2": []}


def test_a_character_across_two_columns_refuses_its_row(tmp_path: Path) -> None:
    content = "1   77护理     \n".encode("gb18030") + "2   8  护理    \n".encode("gb18030")
    assert len(content) == 2 * 16
    lines, codes, held = read(put(tmp_path, {"STAYS.txt": STAYS, "LINES.txt": content}), of(in_bytes=True))
    assert lines["2"][0]["NAME"] == "护理" and codes == ["SRC-107"] and held["1"] == ["SRC-107"]


@pytest.mark.parametrize("end", ["2   8  b       ", "2   8"])
def test_a_file_that_was_cut_holds_every_stay(tmp_path: Path, end: str) -> None:
    files = {"STAYS.txt": STAYS, "LINES.txt": f"1   7  a       \n{end}"}
    _, codes, held = read(put(tmp_path, files), of())
    assert codes == ["SRC-101"] and held == {"1": ["SRC-113"], "2": ["SRC-113"]}


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200), st.integers(0, 31), st.booleans())
def test_no_bytes_crash_the_reader(tmp_path: Path, noise: bytes, at: int, in_bytes: bool) -> None:
    whole = "1   7  护理      \n2   8  b       \n".encode()
    folder = tmp_path / str(len(list(tmp_path.iterdir())))
    put(folder, {"STAYS.txt": STAYS, "LINES.txt": whole[:at] + noise + whole[at:]})
    with stage([folder], of(in_bytes=in_bytes), "anywhere") as staged:
        read_rows = sum(len(stay.tables.get("LINES", ())) for stay in staged.stays())
        assert read_rows >= 2 or staged.issues


def test_a_mapping_may_name_every_format() -> None:
    assert set(FORMATS) <= set(READERS)
