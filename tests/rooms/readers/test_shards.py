"""Exports put aside in shards, against ``stage``: the same stays, rows, issues and files, however many shards."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.intake.readers import quick, shards, stage
from adapter.intake.readers.encoding import sniff
from adapter.intake.readers.formats import files_of
from adapter.intake.readers.quick import QUICK, Unusual
from adapter.intake.readers.shard_stays import Orphans, Shards, gather, orphan_issue
from adapter.intake.readers.shards import cut, read_part, shardable
from adapter.model.issues import Issue
from adapter.model.packed import unpacked
from adapter.model.source import Delivery, ExportShape, ReadingLimits, StayRecords, TableShape, TextLayout
from tests.support.exports import put, shape

SMALL = 300  # bytes of a shard, so that a few rows fill several


def by_shards(
    paths: Sequence[Path], of: ExportShape, moved: list[tuple[int, int]]
) -> tuple[list[StayRecords], list[Issue], int]:
    """Stays with plain rows, all issues in their order, and how many shards there were."""
    with TemporaryDirectory() as folder:
        workdir = Path(folder)
        into = cut(paths, of, "anywhere", workdir)
        until = monotonic() + of.limits.seconds
        parts = [
            read_part(path, str(n), of, "anywhere", workdir, into, until, lambda *done: moved.append(done))
            for n, path in enumerate(paths)
        ]
        export = gather(parts, of, "anywhere", workdir, into)
        reading = Shards(export, of, "anywhere", workdir)
        orphans: list[Orphans] = []
        stays = [unpacked(stay) for n in range(into.shards) for stay in reading.stays(n, orphans.append)]
        found = [*export.issues, *(orphan_issue(each, of) for each in orphans), *export.missing]
        assert tuple(file for part in parts for file in part.files) == export.files
        return stays, found, into.shards


def assert_same(folder: Path, of: ExportShape) -> int:
    """Both ways of reading agree; returns the number of shards."""
    paths = files_of([folder], of)
    moved: list[tuple[int, int]] = []
    stays, found, count = by_shards(paths, of, moved)
    with stage(paths, of, "anywhere") as staged:
        assert stays == list(staged.stays())
        assert found == list(staged.issues)
    return count


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "_OF_LINES", SMALL)
    monkeypatch.setattr(shards, "_OF_MARKUP", SMALL)
    monkeypatch.setattr(shards, "_ROOM", 2 * SMALL)


def as_csv(rows: Sequence[Sequence[str]], *, quoting: int = csv.QUOTE_MINIMAL, end: str = "\r\n") -> str:
    written = io.StringIO()
    csv.writer(written, quoting=quoting, lineterminator=end).writerows(rows)
    return written.getvalue()


def as_xml(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    body = "\n".join(
        "<row>"
        + "".join(f"<{name}>{escape(text)}</{name}>" for name, text in zip(columns, row, strict=True))
        + "</row>"
        for row in rows
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<msg>\n{body}\n</msg>\n'


COLUMNS = ("LINE", "STAY", "TEXT", "MORE")
STAYS = [[f"S{number:03d}", "a", "b"] for number in range(40)]
LINES = [[f"L{number:05d}", f"S{number * 7 % 45:03d}", f"文 {number}", ""] for number in range(300)]


def written(folder: Path, reader: str, lines: Sequence[Sequence[str]]) -> Path:
    if reader == "csv_files":
        return put(folder, {"STAYS.csv": as_csv([["STAY", "A", "B"], *STAYS]), "LINES.csv": as_csv([COLUMNS, *lines])})
    return put(folder, {"STAYS.xml": as_xml(("STAY", "A", "B"), STAYS), "LINES.xml": as_xml(COLUMNS, lines)})


@pytest.mark.parametrize("reader", ["csv_files", "xml_files"])
def test_rows_find_their_stays_and_orphans_are_told(tmp_path: Path, reader: str) -> None:
    """Stays S040 to S044 are in no stay table."""
    assert assert_same(written(tmp_path, reader, LINES), shape(reader)) > 10


@pytest.mark.parametrize("reader", ["csv_files", "xml_files"])
def test_rows_told_twice(tmp_path: Path, reader: str) -> None:
    """Equal rows count once, different ones of a key hold their stays, also when these are in different shards."""
    again = [*LINES, LINES[3], LINES[200], [*LINES[5][:3], "other"], [LINES[7][0], "S039", "moved", ""]]
    folder = written(tmp_path, reader, again)
    assert_same(folder, shape(reader))
    versions = TableShape("LINES", ("LINE",), needed=True, version="MORE")
    assert_same(folder, shape(reader, LINES=versions))


@pytest.mark.parametrize("reader", ["csv_files", "xml_files"])
def test_several_files_of_a_table_and_files_of_none(tmp_path: Path, reader: str) -> None:
    suffix = reader[:3]
    folder = written(tmp_path, reader, LINES[:150])
    text = as_csv([COLUMNS, *LINES[140:]]) if suffix == "csv" else as_xml(COLUMNS, LINES[140:])
    put(folder, {f"LINES-20210306.{suffix}": text, f"OTHER.{suffix}": text, f"LINES-2.{suffix}": b"\xff\xfe\x00"})
    assert_same(folder, shape(reader))


@pytest.mark.parametrize("missing", ["STAYS.csv", "LINES.csv"])
def test_a_missing_table(tmp_path: Path, missing: str) -> None:
    folder = written(tmp_path, "csv_files", LINES)
    (folder / missing).unlink()
    assert_same(folder, shape("csv_files"))


def test_a_stay_table_that_was_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then one shard gets all later rows; it is read for its own stays first, and holds no row of another."""
    from adapter.intake.readers import shard_stays

    monkeypatch.setattr(shard_stays, "_LARGE", 100)
    folder = written(tmp_path, "csv_files", LINES)
    whole = (folder / "STAYS.csv").read_bytes()
    (folder / "STAYS.csv").write_bytes(whole[: len(whole) // 3])
    assert_same(folder, shape("csv_files"))


@pytest.mark.parametrize("limits", [ReadingLimits(row_bytes=24), ReadingLimits(rows=100), ReadingLimits(columns=3)])
@pytest.mark.parametrize("reader", ["csv_files", "xml_files"])
def test_limits_are_those_of_the_readers(tmp_path: Path, reader: str, limits: ReadingLimits) -> None:
    lines = [*LINES, ["L99999", "S001", "长" * 30, ""]]
    assert_same(written(tmp_path, reader, lines), shape(reader, limits=limits))


def test_a_joined_key_and_zeros(tmp_path: Path) -> None:
    """The stay key made of two columns stands in no column of the file."""
    joined = TableShape("LINES", ("LINE",), needed=True, join=("A", "B"))
    stays = TableShape("STAYS", ("A", "B"), needed=True, join=("A", "B"))
    rows = [[f"L{number}", str(number % 9), "1" if number % 5 else ""] for number in range(60)]
    folder = put(
        tmp_path,
        {
            "STAYS.csv": as_csv([["A", "B"], *([str(number), "1"] for number in range(8))]),
            "LINES.csv": as_csv([["LINE", "A", "B"], *rows]),
        },
    )
    assert_same(folder, shape("csv_files", STAYS=stays, LINES=joined))


def test_what_is_not_known_is_not_put_aside() -> None:
    assert shardable(shape("csv_files")) and not shardable(shape("hl7v2"))
    whole = shape("csv_files")
    changes = ExportShape(**{**_fields(whole), "delivery": Delivery.CHANGES})
    assert not shardable(changes)


def _fields(of: ExportShape) -> dict[str, object]:
    return {name: getattr(of, name) for name in ExportShape.__slots__}


# -- anything in the files ---------------------------------------------------------------------------------------------

CELL = st.one_of(
    st.sampled_from(
        ["", "1", " 1", "1 ", "\t", "a,b", 'say "so"', "two\nlines", "\r", "文", "\x1f", "\x1e", "\u2028", "\xa0"]
    ),
    st.text("abc文 ,\"'\t\n\r;<&", max_size=6),
)
ROW = st.tuples(st.integers(0, 30), st.integers(0, 9), CELL, CELL)
ENDINGS = st.sampled_from(["\r\n", "\n", "\r"])
CUT = st.tuples(
    st.integers(0, 4000), st.sampled_from([b"", b'"', b",", b"\n", b"\r", b"\xff", b"<x/>", b"</row>", b" "])
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(ROW, max_size=40),
    ENDINGS,
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "utf-16"]),
    st.sampled_from([",", "\t"]),
    st.one_of(st.none(), CUT),
)
def test_any_csv(
    rows: list[tuple[int, int, str, str]],
    end: str,
    quoting: int,
    encoding: str,
    separator: str,
    damage: tuple[int, bytes] | None,
) -> None:
    """Also cut, or with a byte put in or taken away anywhere."""
    cells = [[f"L{line}" if line else "", f"S{stay}" if stay else "", *texts] for line, stay, *texts in rows]
    lines = io.StringIO()
    csv.writer(lines, quoting=quoting, lineterminator=end, delimiter=separator).writerows([COLUMNS, *cells])  # type: ignore[arg-type]
    stays = separator.join(("STAY", "A")) + "\n" + "".join(f"S{number}{separator}x\n" for number in range(1, 8))
    with TemporaryDirectory() as folder:
        put(
            Path(folder),
            {"STAYS.csv": stays.encode(encoding), "LINES.csv": _damaged(lines.getvalue().encode(encoding), damage)},
        )
        assert_same(Path(folder), shape("csv_files", layout=TextLayout(separator=separator)))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(ROW, max_size=40),
    st.sampled_from(["", "<!-- so -->", "<other/>", "<row><LINE>1<b/></LINE></row>", "text", "<row/>", "<?pi?>"]),
    st.booleans(),
    st.one_of(st.none(), CUT),
)
def test_any_xml(
    rows: list[tuple[int, int, str, str]], between: str, twice: bool, damage: tuple[int, bytes] | None
) -> None:
    """Also with other elements between the rows, columns that stand twice, and bytes put in anywhere."""
    clean = str.maketrans("", "", "\x1f\x1e")
    cells = [
        [f"L{line}" if line else "", f"S{stay}" if stay else "", *(text.translate(clean) for text in texts)]
        for line, stay, *texts in rows
    ]
    half = len(cells) // 2
    names = ("LINE", "STAY", "TEXT", "TEXT") if twice else COLUMNS
    first, second = as_xml(COLUMNS, cells[:half]), as_xml(names, cells[half:])
    text = first.replace("</msg>", between) + second.partition("<msg>")[2]
    stays = as_xml(("STAY",), [[f"S{number}"] for number in range(1, 8)])
    with TemporaryDirectory() as folder:
        put(Path(folder), {"STAYS.xml": stays, "LINES.xml": _damaged(text.encode(), damage)})
        assert_same(Path(folder), shape("xml_files"))


def _damaged(data: bytes, damage: tuple[int, bytes] | None) -> bytes:
    if damage is None:
        return data
    at, what = damage
    at = min(at, len(data))
    return data[:at] + what + data[at + (not what) :]


@pytest.mark.parametrize("reader", ["csv_files", "xml_files"])
def test_plain_files_are_read_in_blocks_to_their_end(tmp_path: Path, reader: str) -> None:
    """The quick way is the one that is taken; nothing of a plain file is left to the reader."""
    path = files_of([written(tmp_path, reader, LINES)], shape(reader))[0]
    of = shape(reader)
    blocks = list(QUICK[reader](path, sniff(path), of, of.tables["LINES"]))
    assert sum(len(block.rows) + len(block.lines) for block in blocks) == len(LINES)
    assert sum(block.consumed for block in blocks) <= path.stat().st_size
    first = blocks[0].rows or [line.decode().split(",") for line in blocks[0].lines]
    assert blocks[0].columns == COLUMNS and first[1] == LINES[1]


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
@pytest.mark.parametrize("size", [1, 2, 3, 5, 64])
def test_a_piece_of_a_file_may_end_inside_a_character(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str, size: int
) -> None:
    """However small the pieces are, all lines come the quick way, as UTF-8; two, three and four bytes a character."""
    monkeypatch.setattr(quick, "_AT_A_TIME", size)
    rows = [[f"L{n}", "S1", "费用€\U00020000", "é"] for n in range(1, 9)]
    put(tmp_path, {"LINES.csv": as_csv([COLUMNS, *rows]).encode(encoding)})
    path, of = tmp_path / "LINES.csv", shape("csv_files")
    blocks = list(QUICK["csv_files"](path, sniff(path), of, of.tables["LINES"]))
    assert [line.decode().split(",") for block in blocks for line in block.lines] == rows


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16"])
def test_a_file_cut_inside_a_character_is_left_to_the_reader(tmp_path: Path, encoding: str) -> None:
    text = as_csv([COLUMNS, ["L1", "S1", "费用", ""], ["L2", "S1", "费", "用"]]).removesuffix("\r\n")
    put(tmp_path, {"LINES.csv": text.encode(encoding)[:-1]})
    path, of = tmp_path / "LINES.csv", shape("csv_files")
    with pytest.raises(Unusual):
        list(QUICK["csv_files"](path, sniff(path), of, of.tables["LINES"]))


def test_stay_keys_that_hold_what_separates_cells(tmp_path: Path) -> None:
    keys = ["S\x1f1", "S\x1e1", "\x1dS", '\x1d"S"', "S"]
    lines = [[f"L{n}", key, "", ""] for n, key in enumerate([*keys * 3, "\x1dnobody", "no\x1fbody"])]
    stays = [["STAY", "A"], *([key, ""] for key in keys)]
    put(tmp_path, {"STAYS.csv": as_csv(stays), "LINES.csv": as_csv([COLUMNS, *lines])})
    assert_same(tmp_path, shape("csv_files"))


@pytest.mark.parametrize("cell", ["two\nlines", "odd\rreturn", "\x1f"])
def test_a_plain_file_with_an_odd_cell_is_left_to_the_reader(tmp_path: Path, cell: str) -> None:
    folder = written(tmp_path, "csv_files", [*LINES, ["L99999", "S001", cell, ""]])
    of = shape("csv_files")
    path = files_of([folder], of)[0]
    with pytest.raises(Unusual):
        list(QUICK["csv_files"](path, sniff(path), of, of.tables["LINES"]))
    assert_same(folder, of)
