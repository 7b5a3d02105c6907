"""Messages one by one: stored first, taken afterwards; the same again changes nothing, what is refused is kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapter.cases import parked
from adapter.cases.arrivals import go_on
from adapter.cases.frames import FRAME, Frame, keep_frame, take_frames
from adapter.cases.intake import ingest
from adapter.cases.recording import Fate, StayTaken
from adapter.cases.tools import Tools
from adapter.model.issues import AdapterError
from tests.support.messages import WINNING, home
from tests.support.office import CLERK, SOURCE, TestClock, act, codes, office

STAY = "10003"


def frames_of(file: str, stay: str = "") -> list[bytes]:
    """The messages of a fixture file, one a frame; only those that name the stay."""
    data = (home(WINNING) / "export" / file).read_bytes().replace(b"\n", b"\r")
    found = [b"MSH" + each.strip(b"\r\x0b\x1c") for each in data.split(b"MSH")[1:]]
    found = [each.partition(b"\rBTS")[0].partition(b"\rFTS")[0] for each in found]
    return [each for each in found if f"{stay}".encode() in each]


@pytest.fixture
def tools(tmp_path: Path) -> Iterator[Tools]:
    with office(tmp_path, {}, clock=TestClock()) as opened:
        yield opened


class Line:
    """One connection: gives each frame its name."""

    def __init__(self, tools: Tools) -> None:
        self.tools, self.count = tools, 0

    def keep(self, data: bytes) -> Frame:
        self.count += 1
        return keep_frame(WINNING, data, f"{FRAME}{self.count}.hl7", self.tools, act(self.tools))

    def take(self, *frames: Frame) -> list[StayTaken]:
        taken: list[StayTaken] = []
        take_frames(frames, self.tools, act(self.tools), taken.append)
        return taken


def resources(tools: Tools) -> dict[tuple[str, str], bytes]:
    with tools.ledger.reading() as tx:
        cases = [row.case_id for row in tx.cases(source=WINNING)]
        return {(row.type, row.id): row.body for case in cases for row in tx.resources_of_case(case)}


def unprocessed(tools: Tools) -> int:
    with tools.ledger.reading() as tx:
        return len(tx.unprocessed())


def test_frames_one_by_one_make_what_the_files_make(tools: Tools, tmp_path: Path) -> None:
    line = Line(tools)
    for data in (*frames_of("dft.hl7"), *frames_of("adt.hl7")):
        frame = line.keep(data)
        assert not frame.refused
        if not frame.through:
            line.take(frame)
    assert unprocessed(tools) == 0
    with office(tmp_path, {}, name="files.db", clock=TestClock()) as other:
        ingest(WINNING, [home(WINNING) / "export"], other, act(other))
        assert resources(tools) == resources(other)


def test_many_frames_together_take_each_stay_once(tools: Tools) -> None:
    line = Line(tools)
    frames = [line.keep(data) for data in (*frames_of("adt.hl7"), *frames_of("dft.hl7"))]
    taken = line.take(*(frame for frame in frames if not frame.through))
    assert sorted(stay.stay_key for stay in taken) == sorted({stay.stay_key for stay in taken})
    assert {stay.fate for stay in taken} == {Fate.OPENED}


def test_the_same_frame_again_changes_nothing(tools: Tools) -> None:
    line = Line(tools)
    first = line.keep(frames_of("adt.hl7")[0])
    line.take(first)
    with tools.ledger.reading() as tx:
        before = len(list(tx.journal()))
    again = line.keep(frames_of("adt.hl7")[0])
    assert (again.new, again.through, again.name) == (False, True, first.name)
    with tools.ledger.reading() as tx:
        assert len(list(tx.journal())) == before


def test_what_was_stored_and_not_taken_is_found_in_the_ledger(tools: Tools) -> None:
    line = Line(tools)
    for data in (*frames_of("adt.hl7"), *frames_of("dft.hl7")):
        line.keep(data)
    assert unprocessed(tools) > 0 and resources(tools) == {}
    assert go_on(tools, CLERK) == 1
    assert unprocessed(tools) == 0
    with tools.ledger.reading() as tx:
        assert len(tx.cases(source=WINNING)) == 5


def test_a_frame_sent_again_before_it_was_taken_is_taken(tools: Tools) -> None:
    line = Line(tools)
    line.keep(frames_of("adt.hl7")[0])
    again = line.keep(frames_of("adt.hl7")[0])
    assert (again.new, again.through) == (False, False)
    assert [stay.fate for stay in line.take(again)] == [Fate.OPENED]


@pytest.mark.parametrize("data", [b"hello", b"MSH", b"MSH|^~\\&|A|B\rPID", b"\xff\xfe\xfd|x"])
def test_what_is_no_message_is_kept_with_its_bytes(tools: Tools, data: bytes) -> None:
    line = Line(tools)
    frame = line.keep(data)
    assert (frame.messages, frame.through, bool(frame.refused)) == (0, True, True)
    (waiting,) = parked.parked_stays(tools)
    assert waiting.place.startswith(FRAME) and waiting.stay_key is None
    line.keep(data)
    assert len(parked.parked_stays(tools)) == 1, "sent again it waits once"
    with pytest.raises(AdapterError) as still:
        parked.replay(waiting.id, tools, act(tools))
    assert still.value.issues[0].code.startswith("SRC-12")


def broken(data: bytes) -> bytes:
    """Its time cannot be read."""
    lines = data.split(b"\r")
    fields = lines[1].split(b"|")
    assert fields[0] == b"EVN"
    fields[2] = b"yesterday"
    return b"\r".join([lines[0], b"|".join(fields), *lines[2:]])


def stays_held(tools: Tools) -> dict[str | None, set[str]]:
    return {each.stay_key: set(codes(each.issues)) for each in parked.parked_stays(tools)}


def test_a_refused_message_holds_its_stay_until_it_is_sent_again(tools: Tools) -> None:
    line = Line(tools)
    first, last, *_ = frames_of("adt.hl7", STAY)
    line.take(line.keep(first))
    assert stays_held(tools) == {}
    refused = line.keep(broken(last))
    assert (refused.messages, codes(refused.refused), refused.stays) == (0, ["SRC-136"], {STAY})
    (stay,) = [each for each in line.take(refused) if each.stay_key == STAY]
    assert (stay.fate, "SRC-136" in codes(stay.issues)) == (Fate.PARKED, True)
    line.take(line.keep(last))  # the sender has corrected it; it goes by the same MSH-10
    assert stays_held(tools) == {}


def test_another_message_does_not_settle_what_was_refused(tools: Tools) -> None:
    line = Line(tools)
    first, second, *_ = frames_of("adt.hl7", STAY)
    line.take(line.keep(broken(first)))
    line.take(line.keep(second))
    assert stays_held(tools)[None] == {"SRC-136"}


def test_a_frame_of_several_messages_keeps_the_good_ones(tools: Tools) -> None:
    first, second, *_ = frames_of("adt.hl7", STAY)
    frame = Line(tools).keep(first + b"\r" + broken(second) + b"\r")
    assert (frame.messages, codes(frame.refused), frame.stays) == (1, ["SRC-136"], {STAY})


def test_messages_of_no_inpatient_stay_are_set_aside_with_their_bytes(tools: Tools) -> None:
    outpatient = frames_of("adt.hl7")[0].replace(b"|I|", b"|O|")
    assert outpatient != frames_of("adt.hl7")[0]
    frame = Line(tools).keep(outpatient)
    assert (frame.messages, frame.through, frame.refused, frame.keys) == (0, True, (), ())
    with tools.ledger.reading() as tx:
        assert tx.received_body(WINNING, frame.digest) == outpatient
    assert parked.parked_stays(tools) == []


def test_a_source_without_messages_takes_none(tools: Tools) -> None:
    with pytest.raises(AdapterError) as refused:
        keep_frame(SOURCE, b"MSH|", f"{FRAME}1.hl7", tools, act(tools))
    assert codes(refused.value) == ["SRC-165"]
    assert unprocessed(tools) == 0
