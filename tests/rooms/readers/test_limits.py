"""Limits of reading: what goes beyond them is refused with an issue, and nothing is settled on half of its lines."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from adapter.intake.readers.messages import stage_messages
from adapter.intake.readers.staging import stage
from adapter.model.message import MessageLimits
from adapter.model.source import ReadingLimits
from tests.support.intake import LINE, SHAPE, SOURCE, STAY, write
from tests.support.messages import WINNING, home, shape


def export(folder: Path, lines: int) -> Path:
    rows = [{**LINE, "ZYH": STAY["ZYH"], "JLXH": str(number)} for number in range(lines)]
    return write(folder, {"ZY_BRRY": [STAY], "ZY_FYMX": rows})


def found(folder: Path, limits: ReadingLimits) -> tuple[list[str], list[str]]:
    """Codes of the batch, and those that hold the stay."""
    with stage([folder], replace(SHAPE, limits=limits), SOURCE) as staged:
        stays = list(staged.stays())
        return [each.code for each in staged.issues], [
            each.code for stay in stays for each in stay.issues if each.stops
        ]


def test_as_many_rows_as_allowed_and_one_more(tmp_path: Path) -> None:
    export(tmp_path, 5)
    assert found(tmp_path, ReadingLimits(rows=5)) == ([], [])
    assert found(tmp_path, ReadingLimits(rows=4)) == (["SRC-160"], ["SRC-113"])


def test_reading_that_takes_too_long_holds_its_stays(tmp_path: Path) -> None:
    export(tmp_path, 5)
    codes, holding = found(tmp_path, ReadingLimits(seconds=1e-9))
    assert codes.count("SRC-161") == 2 and holding == []  # the stay itself was not read either
    with stage([tmp_path], replace(SHAPE, limits=ReadingLimits(seconds=60)), SOURCE) as staged:
        assert [stay.issues for stay in staged.stays()] == [()]


def test_a_file_with_too_many_messages_is_refused_whole(tmp_path: Path) -> None:
    export = home(WINNING) / "export"
    count = (export / "adt.hl7").read_bytes().count(b"MSH|")
    for most, codes in ((count, []), (count - 1, ["SRC-160"])):
        limited = replace(shape(WINNING), limits=MessageLimits(messages=most))
        with stage_messages([export / "adt.hl7"], limited, WINNING) as staged:
            assert [each.code for each in staged.issues if each.stops] == codes
            assert len(list(staged.messages())) == (0 if codes else count)
            assert [file.complete for file in staged.files] == [not codes]


def test_the_other_files_of_messages_go_on(tmp_path: Path) -> None:
    export = home(WINNING) / "export"
    counts = {path.name: path.read_bytes().count(b"MSH|") for path in export.glob("*.hl7")}
    larger = max(counts, key=lambda name: counts[name])
    (smaller,) = set(counts) - {larger}
    limited = replace(shape(WINNING), limits=MessageLimits(messages=counts[smaller]))
    with stage_messages([export], limited, WINNING) as staged:
        assert {each.file for each in staged.messages()} == {smaller}
        assert [(each.code, each.pointer) for each in staged.issues if each.stops] == [("SRC-160", larger)]


def test_messages_that_take_too_long_are_refused(tmp_path: Path) -> None:
    limited = replace(shape(WINNING), limits=MessageLimits(seconds=1e-9))
    with stage_messages([home(WINNING) / "export"], limited, WINNING) as staged:
        assert [each.code for each in staged.issues] == ["SRC-161", "SRC-161"]
        assert list(staged.messages()) == [] and list(staged.refused()) == []
