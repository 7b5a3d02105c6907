"""Taking in that is broken off goes on: nothing is lost, nothing old replaces anything new, nobody waits for ever."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from adapter.cases import intake, parked
from adapter.cases.arrivals import GoneOn, go_on, keep_going
from adapter.cases.intake import ingest
from adapter.cases.recording import Fate, StayTaken
from adapter.cases.tools import Tools
from adapter.model.issues import AdapterError
from adapter.model.source import StayRecords
from bench.synthetic.story import write_export
from tests.house.recipe import ROOT
from tests.support.messages import WINNING, home
from tests.support.office import CLERK, SOURCE, Story, TestClock, act, case_id, codes, office, story

STAYS = ("300010002", "300010004", "300010014", "300010016")


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def tools(tmp_path: Path) -> Iterator[Tools]:
    with office(tmp_path, {}, clock=TestClock()) as opened:
        yield opened


def export(folder: Path, *stays: str, changed: Callable[[Story], None] = lambda _: None) -> Path:
    told = story(*stays)
    changed(told)
    write_export(told, folder)
    return folder


def die_after(count: int) -> Callable[[StayTaken], None]:
    taken: list[StayTaken] = []

    def told(one: StayTaken) -> None:
        taken.append(one)
        if len(taken) == count:
            raise Killed

    return told


def interrupted(tools: Tools, folder: Path, count: int = 2, source: str = SOURCE) -> None:
    with pytest.raises(Killed):
        ingest(source, [folder], tools, act(tools), taken_one=die_after(count))


def heard(tools: Tools, **more: object) -> list[GoneOn]:
    found: list[GoneOn] = []
    go_on(tools, CLERK, heard=found.append, **more)  # type: ignore[arg-type]
    return found


def versions(tools: Tools, *stays: str) -> dict[tuple[str, str], tuple[int, bytes]]:
    with tools.ledger.reading() as tx:
        rows = [row for stay in stays for row in tx.resources_of_case(case_id(stay))]
    return {(row.type, row.id): (row.version, row.body) for row in rows}


def open_arrivals(tools: Tools) -> int:
    with tools.ledger.reading() as tx:
        return len(tx.arrivals_open()) + len(tx.unprocessed())


def test_what_is_through_leaves_nothing_to_go_on_with(tools: Tools, tmp_path: Path) -> None:
    ingest(SOURCE, [export(tmp_path / "a", *STAYS)], tools, act(tools))
    assert (open_arrivals(tools), heard(tools)) == (0, [])


def test_tables_that_are_empty_alike_were_not_received_before(tools: Tools, tmp_path: Path) -> None:
    folder = tmp_path / "a"
    shutil.copytree(ROOT / "fixtures/his/bsoft_phis/bad/cut_in_the_middle/export", folder)
    assert (folder / "ZY_ZKJL.xml").read_bytes() == (folder / "ZY_ZYJS.xml").read_bytes()
    taken = ingest(SOURCE, [folder], tools, act(tools))
    assert taken.known_files == 0 and "SRC-162" not in codes(taken.issues)
    again = ingest(SOURCE, [folder], tools, act(tools))
    assert again.known_files == again.files == 7


@pytest.mark.parametrize("count", range(1, len(STAYS) + 1))
def test_an_export_that_was_broken_off_goes_on_from_the_ledger(tools: Tools, tmp_path: Path, count: int) -> None:
    folder = export(tmp_path / "a", *STAYS)
    interrupted(tools, folder, count)
    for file in folder.iterdir():
        file.unlink()  # the ledger has their bytes
    (done,) = heard(tools)
    assert done.taken is not None
    fates = {stay.stay_key: stay.fate for stay in done.taken.stays}
    assert list(fates.values()).count(Fate.OPENED) == len(STAYS) - count
    assert "SRC-162" in codes(done.taken.issues) and "CASE-316" not in codes(done.taken.issues)
    with office(tmp_path, {}, name="straight.db", clock=TestClock()) as straight:
        ingest(SOURCE, [export(tmp_path / "again", *STAYS)], straight, act(straight))
        assert versions(tools, *STAYS) == versions(straight, *STAYS)
    assert (open_arrivals(tools), heard(tools)) == (0, [])


def test_the_same_files_again_go_on_as_well(tools: Tools, tmp_path: Path) -> None:
    folder = export(tmp_path / "a", *STAYS)
    interrupted(tools, folder)
    taken = ingest(SOURCE, [folder], tools, act(tools))
    assert [stay.fate for stay in taken.stays].count(Fate.OPENED) == len(STAYS) - 2
    assert "SRC-162" in codes(taken.issues) and "CASE-316" not in codes(taken.issues)
    assert open_arrivals(tools) == 0


def test_stays_of_a_later_export_are_left_to_it(tools: Tools, tmp_path: Path) -> None:
    first = export(tmp_path / "first", "300010002", "300010004", "300010014")
    interrupted(tools, first, 1)
    second = tmp_path / "second"
    write_export(story("300010004", "300010016"), second)
    fees = second / "ZY_FYMX.xml"
    rows = fees.read_text("gb18030").splitlines(keepends=True)
    gone = next(n for n, row in enumerate(rows) if "<ZYH>300010004</ZYH>" in row)
    fees.write_text("".join(rows[:gone] + rows[gone + 1 :]), "gb18030")  # the HIS has taken a line back
    ingest(SOURCE, [second], tools, act(tools))
    newest = versions(tools, "300010004")
    (done,) = heard(tools)
    assert done.taken is not None
    assert {stay.stay_key for stay in done.taken.stays} == {"300010002", "300010014"}
    assert versions(tools, "300010004") == newest
    assert versions(tools, "300010014")
    assert open_arrivals(tools) == 0


def test_nobody_guesses_what_a_later_export_without_its_bytes_held(
    tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted(tools, export(tmp_path / "first", *STAYS), 1)
    monkeypatch.setattr(intake, "KEPT_BYTES", 10)
    ingest(SOURCE, [export(tmp_path / "second", "300010004")], tools, act(tools))
    (done,) = heard(tools)
    assert done.taken is None and set(codes(done.issues)) == {"SRC-164"}
    waiting = [each for each in parked.parked_stays(tools) if each.stay_key is None]
    assert {each.place for each in waiting} == {path.name for path in (tmp_path / "first").iterdir()}
    assert (open_arrivals(tools), heard(tools)) == (0, [])
    ingest(SOURCE, [tmp_path / "first"], tools, act(tools))  # a person has looked and sends it again
    assert [each for each in parked.parked_stays(tools) if each.stay_key is None] == []
    assert versions(tools, "300010014")


def test_files_that_the_ledger_does_not_keep_wait_to_be_sent_again(
    tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "KEPT_BYTES", 10)
    folder = export(tmp_path / "a", *STAYS)
    interrupted(tools, folder)
    assert heard(tools) == []
    assert open_arrivals(tools) > 0
    ingest(SOURCE, [folder], tools, act(tools))
    assert open_arrivals(tools) == 0


def test_an_older_export_that_comes_again_is_the_newest(tools: Tools, tmp_path: Path) -> None:
    first, second = export(tmp_path / "first", *STAYS), export(tmp_path / "second", "300010004")
    for folder in (first, second):
        ingest(SOURCE, [folder], tools, act(tools))
    interrupted(tools, first, 1)
    (done,) = heard(tools)
    assert done.taken is not None
    assert len(done.taken.stays) == len(STAYS)


def test_what_is_under_way_elsewhere_is_left_alone(tools: Tools, tmp_path: Path) -> None:
    interrupted(tools, export(tmp_path / "a", *STAYS))
    assert heard(tools, older_than=timedelta(hours=1)) == []
    assert isinstance(tools.clock, TestClock)
    tools.clock.moment += timedelta(hours=2)
    assert len(heard(tools, older_than=timedelta(hours=1))) == 1


def test_one_that_cannot_be_gone_on_with_stops_no_other(
    tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted(tools, export(tmp_path / "a", "300010002", "300010004"), 1)
    interrupted(tools, export(tmp_path / "b", "300010014", "300010016"), 1)
    real = intake.take_stay

    def broken(feed: object, records: StayRecords, tools: object, act: object) -> StayTaken:
        if records.stay_key == "300010002":
            raise RuntimeError("测试甲")
        return real(feed, records, tools, act)  # type: ignore[arg-type]

    monkeypatch.setattr(intake, "take_stay", broken)
    first, second = heard(tools)
    assert isinstance(first.failed, RuntimeError) and first.taken is None
    assert second.taken is not None
    monkeypatch.undo()
    assert len(heard(tools)) == 1 and open_arrivals(tools) == 0


def test_it_keeps_going_until_it_is_told_to_stop(tools: Tools, tmp_path: Path) -> None:
    interrupted(tools, export(tmp_path / "a", *STAYS))
    waits: list[float] = []
    found: list[GoneOn] = []

    def wait(seconds: float) -> bool:
        waits.append(seconds)
        return len([each for each in waits if each]) == 3

    keep_going(tools, CLERK, wait=wait, heard=found.append)
    assert len(found) == 1 and [each for each in waits if each] == [60.0] * 3


# -- time is over ------------------------------------------------------------------------------------------------------


@contextmanager
def hurried(tools: Tools, stays: int) -> Iterator[Tools]:
    """Time for so many stays: every stay takes a second."""
    assert isinstance(tools.clock, TestClock)
    yield replace(tools, most_seconds=stays + 0.5)


def test_stays_that_nobody_came_to_in_time_wait_and_are_replayed(tools: Tools, tmp_path: Path) -> None:
    clock = tools.clock
    assert isinstance(clock, TestClock)

    def slow(_: StayTaken) -> None:
        clock.moment += timedelta(seconds=1)

    folder = export(tmp_path / "a", *STAYS)
    with hurried(tools, 2) as short:
        taken = ingest(SOURCE, [folder], short, act(tools), taken_one=slow)
    assert [stay.fate for stay in taken.stays].count(Fate.PARKED) == 1
    late = [stay for stay in taken.stays if stay.fate is Fate.PARKED]
    assert {code for stay in late for code in codes(stay.issues)} == {"SRC-163"}
    assert open_arrivals(tools) == 0
    for each in parked.parked_stays(tools):
        assert parked.replay(each.id, tools, act(tools)).fate is Fate.OPENED
    assert parked.parked_stays(tools) == []


# -- messages ----------------------------------------------------------------------------------------------------------


def test_messages_that_were_kept_and_not_taken_are_found(tools: Tools) -> None:
    interrupted(tools, home(WINNING) / "export", 1, WINNING)
    (done,) = heard(tools)
    assert done.taken is not None and len(done.taken.stays) == 5
    with tools.ledger.reading() as tx:
        assert len(tx.cases(source=WINNING)) == 5
    assert open_arrivals(tools) == 0


def test_a_source_whose_mapping_is_gone_stops_no_other(tools: Tools, tmp_path: Path) -> None:
    interrupted(tools, export(tmp_path / "a", *STAYS))
    known = tools.feed

    def feed(source: str) -> object:
        if source == WINNING:
            return known("nowhere")
        return known(source)

    with tools.ledger.transaction() as tx:
        tx.receive(WINNING, "mllp-1.hl7", "0" * 64, 3, b"MSH", **act(tools).said)
    found = heard(replace(tools, feed=feed))  # type: ignore[arg-type]
    assert [(each.source, each.taken is not None, codes(each.issues)) for each in found] == [
        (SOURCE, True, []),
        (WINNING, False, ["MAP-112"]),
    ]
    with pytest.raises(AdapterError):
        feed(WINNING)
