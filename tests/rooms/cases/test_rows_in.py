"""A feed that sends only changes: rows are kept first, then each stay is what all its rows say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapter.cases import parked, rows_in
from adapter.cases.rows_in import rows_that_wait
from adapter.cases.settle import estimate
from adapter.cases.tools import Tools
from adapter.ledger.rows_in import RowsIn
from tests.support.changes import (
    DRUGS,
    ITEMS,
    SOURCE,
    Killed,
    Row,
    fates,
    file_of,
    journal_kinds,
    killed_at,
    lines_of,
    office_of_changes,
    rows,
    state_of,
    take,
    whole,
)
from tests.support.office import TestClock, act, codes, office
from tests.support.vendors import HOSPITALS


@pytest.fixture
def tools(tmp_path: Path) -> Iterator[Tools]:
    with office_of_changes(tmp_path) as opened:
        yield opened


def total(tools: Tools, stay: str) -> str:
    return estimate(f"{SOURCE}-{stay}", tools, act(tools, "estimate")).settlement.total.text


def line(stay: str, number: int, **changed: str) -> Row:
    """An item line of its own: a blood count at 20.00."""
    first = next(row for row in rows(ITEMS, stay) if row["sfxm"] == "X1201")
    new = {"jfbbh": str(number), "sfxm": "X2101", "sfxmmc": "血常规", "dj": "20.0", "sl": "1.0", "jmje": "0.0"}
    return {**first, **new, "dl": "14", **changed}


def test_everything_at_once_is_what_a_whole_export_gives(tools: Tools, tmp_path: Path) -> None:
    taken = take(tools, *whole(tmp_path / "in"))
    assert set(fates(taken).values()) == {"opened"} and not taken.stopped
    hospital = next(each for each in HOSPITALS if each.source == SOURCE)
    assert {stay: total(tools, stay) for stay in hospital.by_hand} == {
        stay: expected["total"] for stay, expected in hospital.by_hand.items()
    }


def test_a_later_file_adds_to_what_came_before(tools: Tools, tmp_path: Path) -> None:
    take(tools, *whole(tmp_path / "in"))
    before = lines_of(tools, "000123")
    taken = take(tools, file_of(tmp_path, ITEMS, 1, [line("000123", 80001)]))
    assert fates(taken) == {"000123": "changed"}, "only the stay that the row is about"
    assert lines_of(tools, "000123") == before + 1
    assert total(tools, "000123") == "638.54"


def test_rows_make_one_event_per_stay(tools: Tools, tmp_path: Path) -> None:
    take(tools, *whole(tmp_path / "in"))
    kept = journal_kinds(tools).count("feed-rows-kept")
    assert kept == 3, "thirty-eight rows of three stays"


def test_the_same_file_again_changes_nothing(tools: Tools, tmp_path: Path) -> None:
    files = whole(tmp_path / "in")
    take(tools, *files)
    before, kinds = state_of(SOURCE, tools), journal_kinds(tools)
    again = take(tools, *files)
    assert set(fates(again).values()) == {"unchanged"} and again.known_files == len(files)
    assert state_of(SOURCE, tools) == before
    assert journal_kinds(tools).count("feed-rows-kept") == kinds.count("feed-rows-kept")


@pytest.mark.parametrize("newest_first", [False, True])
def test_the_highest_version_counts_however_they_come(tools: Tools, tmp_path: Path, newest_first: bool) -> None:
    take(tools, *whole(tmp_path / "in"))
    versions = [line("000123", 80001, version="9"), line("000123", 80001, version="10", sl="3.0")]
    for number, each in enumerate(reversed(versions) if newest_first else versions, 1):
        take(tools, file_of(tmp_path, ITEMS, number, [each]))
    assert total(tools, "000123") == "678.54"


def test_without_versions_the_later_arrival_counts(tools: Tools, tmp_path: Path) -> None:
    """And the file that came first, sent once more, does not turn it back; another one that says so does."""
    take(tools, *whole(tmp_path / "in"))
    drug = next(row for row in rows(DRUGS, "000124") if row["yp"] == "Y3101")
    fewer = file_of(tmp_path, DRUGS, 1, [{**drug, "sl": "10.0"}])
    take(tools, fewer)
    assert total(tools, "000124") == "738.90"
    take(tools, tmp_path / "in" / f"{DRUGS}-000.json")
    assert total(tools, "000124") == "738.90"
    take(tools, file_of(tmp_path, DRUGS, 2, [drug]))
    assert total(tools, "000124") == "863.90"
    take(tools, fewer)
    assert total(tools, "000124") == "863.90"


def test_two_contents_of_one_version_hold_the_stay_until_a_later_one_decides(tools: Tools, tmp_path: Path) -> None:
    take(tools, *whole(tmp_path / "in"))
    take(tools, file_of(tmp_path, ITEMS, 1, [line("000123", 80001, version="7")]))
    (held,) = take(tools, file_of(tmp_path, ITEMS, 2, [line("000123", 80001, version="7", sl="2.0")])).stays
    assert held.fate.value == "parked"
    (conflict,) = [issue for issue in held.issues if issue.code == "SRC-140"]
    assert all(f"{ITEMS}-00{number}.json#1" in f"{conflict.pointer} {conflict.en}" for number in (1, 2))
    (waiting,) = parked.parked_stays(tools)
    assert parked.replay(waiting.id, tools, act(tools)).fate.value == "parked", "nothing has decided yet"
    decided = take(tools, file_of(tmp_path, ITEMS, 3, [line("000123", 80001, version="8")]))
    assert fates(decided) == {"000123": "unchanged"}, "it says what the case has from before the conflict"
    assert parked.parked_stays(tools) == []
    assert total(tools, "000123") == "638.54"


def test_a_row_that_goes_to_another_stay_is_gone_from_the_first(tools: Tools, tmp_path: Path) -> None:
    take(tools, *whole(tmp_path / "in"))
    take(tools, file_of(tmp_path, ITEMS, 1, [line("000123", 80001)]))
    moved = take(tools, file_of(tmp_path, ITEMS, 2, [line("000123", 80001, zyh="000124", version="2")]))
    assert fates(moved) == {"000123": "changed", "000124": "changed"}
    assert (total(tools, "000123"), total(tools, "000124")) == ("618.54", "883.90")


def test_rows_wait_for_their_stay_and_are_taken_when_it_comes(tools: Tools, tmp_path: Path) -> None:
    stay, *others = whole(tmp_path / "in", "000123")
    early = take(tools, *others)
    assert early.stays == [] and parked.parked_stays(tools) == []
    (waiting,) = [issue for issue in early.issues if issue.code == "SRC-141"]
    assert "000123" in waiting.pointer and not early.stopped
    assert rows_that_wait(tools.feed(SOURCE), tools) == [waiting], "and it can be asked for later"
    assert fates(take(tools, stay)) == {"000123": "opened"}
    assert rows_that_wait(tools.feed(SOURCE), tools) == []
    assert total(tools, "000123") == "618.54"


def test_a_row_that_could_not_be_read_holds_its_stay_until_its_file_is_right(tools: Tools, tmp_path: Path) -> None:
    take(tools, *whole(tmp_path / "in"))
    wrong = file_of(tmp_path / "a", ITEMS, 1, [line("000123", 80001), line("000123", 80002, jfbbh="")])
    assert fates(take(tools, wrong)) == {"000123": "parked"}
    other = file_of(tmp_path, ITEMS, 2, [line("000123", 80003)])
    assert fates(take(tools, other)) == {"000123": "parked"}, "another file does not make the lost row good"
    right = file_of(tmp_path / "b", ITEMS, 1, [line("000123", 80001), line("000123", 80002)])
    assert fates(take(tools, right)) == {"000123": "changed"}
    assert parked.parked_stays(tools) == []
    assert total(tools, "000123") == "678.54"


def test_a_file_that_was_cut_holds_the_stays_it_names(tools: Tools, tmp_path: Path) -> None:
    take(tools, *whole(tmp_path / "in"))
    path = file_of(tmp_path, ITEMS, 1, [line("000123", 80001), line("000124", 80002)])
    good = path.read_bytes()
    path.write_bytes(good[: good.rindex(b"sfxmmc")])
    assert fates(take(tools, path, dry_run=True)) == {"000123": "parked"}
    assert fates(take(tools, path)) == {"000123": "parked"}
    assert fates(take(tools, file_of(tmp_path, ITEMS, 2, [line("000123", 80003)]))) == {"000123": "parked"}
    path.write_bytes(good)
    assert fates(take(tools, path)) == {"000123": "changed", "000124": "changed"}
    assert (total(tools, "000123"), total(tools, "000124")) == ("658.54", "883.90")


def test_a_dry_run_sees_what_was_kept_and_writes_nothing(tools: Tools, tmp_path: Path) -> None:
    take(tools, *whole(tmp_path / "in", "000123"))
    length = len(journal_kinds(tools))
    moved = {**rows(ITEMS, "000123")[0], "version": "2", "zyh": "000124"}
    seen = take(tools, file_of(tmp_path, ITEMS, 1, [moved, line("000123", 80001)]), dry_run=True)
    assert fates(seen) == {"000123": "opened"}
    assert codes(seen.issues) == ["SRC-141"], "a row would go to a stay that is not there yet"
    assert codes(seen.stays[0].issues) == []
    clash = take(tools, file_of(tmp_path, ITEMS, 2, [{**rows(ITEMS, "000123")[0], "sl": "9.0"}]), dry_run=True)
    assert [issue.code for issue in clash.stays[0].issues if issue.stops] == ["SRC-140"]
    assert len(journal_kinds(tools)) == length


@pytest.mark.parametrize("where", [1, 2])
def test_an_ingest_that_broke_off_goes_on(tmp_path: Path, where: int) -> None:
    """Between stays: what was not taken is taken by the next run, and nothing counts twice."""
    for name in ("whole", "broken"):
        (tmp_path / name).mkdir()
    with office_of_changes(tmp_path / "whole") as at_once:
        take(at_once, *whole(tmp_path / "in"))
        expected = state_of(SOURCE, at_once)
    with office_of_changes(tmp_path / "broken") as tools:
        with pytest.raises(Killed):
            take(tools, *whole(tmp_path / "in"), taken_one=killed_at(where))
        assert len(state_of(SOURCE, tools)) == where
        take(tools, *whole(tmp_path / "in"))
        assert state_of(SOURCE, tools) == expected


@pytest.mark.parametrize("after", [1, 3])
def test_an_ingest_that_broke_off_while_rows_were_kept_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    """Between batches of rows; another file comes in before the first ones are sent again."""
    monkeypatch.setattr(rows_in, "_TOGETHER", 5)
    keep, left = RowsIn.keep_rows, [after]

    def breaking(self: RowsIn, *args: Any, **more: Any) -> int:
        left[0] -= 1
        if left[0] < 0:
            raise Killed
        return keep(self, *args, **more)

    with office_of_changes(tmp_path) as tools:
        monkeypatch.setattr(RowsIn, "keep_rows", breaking)
        with pytest.raises(Killed):
            take(tools, *whole(tmp_path / "in"))
        monkeypatch.setattr(RowsIn, "keep_rows", keep)
        assert state_of(SOURCE, tools) == {}
        take(tools, file_of(tmp_path, ITEMS, 5, [line("000123", 80001)]))
        take(tools, *whole(tmp_path / "in"))
        hospital = next(each for each in HOSPITALS if each.source == SOURCE)
        found = {stay: total(tools, stay) for stay in hospital.by_hand}
        assert found == {**{stay: each["total"] for stay, each in hospital.by_hand.items()}, "000123": "638.54"}


def test_what_somebody_else_keeps_meanwhile_is_recorded_too(tools: Tools, tmp_path: Path) -> None:
    """Another file of the same stay comes in after this one was kept and before its stay is recorded for good."""
    take(tools, *whole(tmp_path / "in"))
    other = file_of(tmp_path / "other", ITEMS, 2, [line("000123", 80002)])
    nested = []

    def meanwhile(_: object) -> None:
        if not nested:
            nested.append(take(tools, other))

    taken = take(tools, file_of(tmp_path, ITEMS, 1, [line("000123", 80001)]), taken_one=meanwhile)
    assert [stay.stay_key for stay in taken.stays] == ["000123", "000123"], "once more, with what came meanwhile"
    assert total(tools, "000123") == "658.54"


def test_a_whole_delivery_keeps_no_rows_and_withdraws_what_is_gone(tmp_path: Path) -> None:
    with office(tmp_path, {}, clock=TestClock()) as tools:
        files = whole(tmp_path / "in", "000123")
        take(tools, *files)
        before = lines_of(tools, "000123")
        file_of(tmp_path / "in", ITEMS, 0, rows(ITEMS, "000123")[1:])
        assert fates(take(tools, *files)) == {"000123": "changed"}
        assert lines_of(tools, "000123") == before - 1
        assert "feed-rows-kept" not in journal_kinds(tools)


def test_a_whole_file_that_was_cut_waits_no_more_when_it_comes_again(tmp_path: Path) -> None:
    with office(tmp_path, {}, clock=TestClock()) as tools:
        files = whole(tmp_path / "in", "000123")
        cut = next(each for each in files if each.stem.startswith(DRUGS))
        good = cut.read_bytes()
        cut.write_bytes(good[:-20])
        assert fates(take(tools, *files)) == {"000123": "parked"}
        cut.write_bytes(good)
        assert fates(take(tools, *files)) == {"000123": "opened"}
        assert parked.parked_stays(tools) == []
