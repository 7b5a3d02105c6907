"""HL7 v2 as it comes: framing, line ends, encodings, separators, escapes; and messages that are none."""

from __future__ import annotations

import io
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapter.intake.readers.hl7v2 import MessageParser, MessageRefused, moment_of, segment_records
from adapter.intake.readers.hl7v2_files import BatchCount, RawMessage, split
from adapter.intake.readers.hl7v2_paths import getter, unescaped
from adapter.model.message import path_of
from tests.support.messages import NEUSOFT, WINNING, fixture_messages, home, mapper, parsed, shape, staged

CHINA = ZoneInfo("Asia/Shanghai")
ADT = (
    r"MSH|^~\&|HIS|999907001|A|B|20210412083005||ADT^A01|C1|P|2.4|||||CHN|GBK" + "\r"
    "EVN|A01|20210412083000\r"
    "PID|1||5001^^^&PATID~1600000001^^^&BLH~0^^^&YEXH||测试柳一||19620818|F\r"
    "PV1|1|I|627^外一科|||||||||||||||02~普通病员|10001||||||||||||||||||||0|||||20210412083000|19000101000000\r"
)


def raw(data: bytes) -> list[RawMessage | BatchCount]:
    return list(split(io.BytesIO(data), 1 << 20))


def refused(text: str, source: str = WINNING) -> str:
    with pytest.raises(MessageRefused) as caught:
        parsed(source, text)
    return f"{caught.value.issue.code} {caught.value.issue.pointer}"


@pytest.mark.parametrize(
    "wrap",
    [
        lambda one: one,
        lambda one: one.replace(b"\r", b"\n"),
        lambda one: one.replace(b"\r", b"\r\n"),
        lambda one: b"\xef\xbb\xbf" + one,
        lambda one: b"\x0b" + one + b"\x1c\r",
        lambda one: b"\r\n\n" + one + b"\n\n\x1a",
        lambda one: b"\xef\xbb\xbfFHS|^~\\&|HIS\rBHS|^~\\&|HIS\r" + one + b"BTS|1\rFTS|1\r",
        lambda one: one.decode().encode("utf-16"),
    ],
)
def test_any_framing_gives_the_same_message(wrap) -> None:  # type: ignore[no-untyped-def]
    found = [each for each in raw(wrap(ADT.encode())) if isinstance(each, RawMessage)]
    assert [(each.number, each.data, each.refused) for each in found] == [(1, ADT.rstrip("\r").encode(), None)]


@pytest.mark.parametrize("cuts", [1, 3, 7, 64])
def test_messages_are_found_however_the_bytes_arrive(cuts: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapter.intake.readers.hl7v2_files._CHUNK", cuts)
    found = raw(b"\x0b" + ADT.encode() + b"\x1c\r\x0b" + ADT.encode("gb18030") + b"\x1c\r")
    assert [each.number for each in found] == [1, 2]
    assert all(isinstance(each, RawMessage) and each.refused is None for each in found)


def test_a_frame_that_does_not_end_is_cut_off() -> None:
    first, second = raw(b"\x0b" + ADT.encode() + b"\x1c\r\x0b" + ADT.encode()[:100])
    assert isinstance(first, RawMessage) and first.refused is None
    assert isinstance(second, RawMessage) and second.refused is not None and "cut off" in second.refused[1]


def test_a_batch_that_lacks_a_message_is_noticed() -> None:
    found = raw(b"BHS|^~\\&\r" + ADT.encode() + b"BTS|2\r")
    assert found[1] == BatchCount(1, "2", 1)


def test_a_message_beyond_the_limit_is_refused_and_the_next_one_goes_on() -> None:
    long = ADT.encode() + b"NTE|1||" + b"x" * (3 << 20) + b"\r"
    found = raw(long + ADT.encode())
    assert [isinstance(each, RawMessage) and each.refused is None for each in found] == [False, True]


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_the_bytes_tell_the_encoding_and_not_the_label(encoding: str) -> None:
    parser = MessageParser(shape(WINNING))
    for label in ("GBK", "UNICODE UTF-8", "", "UNICODE"):
        read = parser.read(RawMessage(1, ADT.replace("|GBK", f"|{label}").encode(encoding)), "a.hl7")
        assert read.encoding == encoding
        assert "测试柳一" in read.text


def test_a_short_gbk_name_that_could_be_utf8_is_read_by_the_label() -> None:
    """联通 in GBK is good UTF-8 as well (two-byte characters); nobody is called that in UTF-8."""
    data = ADT.replace("测试柳一", "@").replace("外一科", "").replace("普通病员", "").encode()
    data = data.replace(b"@", "联通".encode("gbk"))
    assert MessageParser(shape(WINNING)).read(RawMessage(1, data), "a.hl7").encoding == "gb18030"


def test_bytes_of_no_encoding_are_refused_and_their_stay_is_known() -> None:
    data = ADT.encode().replace("测试".encode(), b"\xff\xff\xff")
    with pytest.raises(MessageRefused) as caught:
        MessageParser(shape(WINNING)).read(RawMessage(7, data), "a.hl7")
    assert (caught.value.issue.code, caught.value.issue.pointer, caught.value.stay) == ("SRC-121", "a.hl7#7", "10001")


def test_other_separators_say_the_same() -> None:
    odd = ADT.replace("|", "#").replace("^", "*").replace("~", "!").replace("&", "%").replace("MSH#*!", "MSH#*!")
    usual, other = parsed(WINNING, ADT), parsed(WINNING, odd)
    assert (usual.stay, usual.person, usual.order) == (other.stay, other.person, other.order)
    assert [each.fields for each in usual.segments] == [each.fields for each in other.segments]


def test_what_is_no_separator_there_is_escaped_here() -> None:
    text = (
        "MSH#*!\\%#HIS#F###20210412083005##ADT*A01##P#2.4\rPID#1##5001***%PATID##A|B^C&D\rPV1#1#I" + "#" * 17 + "10001"
    )
    pid = parsed(WINNING, text).first("PID")
    assert pid is not None
    assert unescaped(pid.raw(5)) == "A|B^C&D"


@pytest.mark.parametrize(
    ("path", "raw_field", "text"),
    [
        ("PID-5", "测试", "测试"),
        ("PV1-3.4", "2021^^012^1021", "1021"),
        ("PV1-3.5", "2021^^012^1021", None),
        ("PID-3[SFZH].1", "1^^^&PATID~9^^^&SFZH", "9"),
        ("PID-3[2].4.2", "1^^^&PATID~9^^^&SFZH", "SFZH"),
        ("PID-3[3].1", "1^^^&PATID~9^^^&SFZH", None),
        ("PID-3[BLH].1", "1^^^&PATID~9^^^&SFZH", None),
        ("PV1-18", "02~普通病员", "02~普通病员"),
        ("PID-13", "1~2", "1"),
        ("PID-7", '""', ""),
        ("PID-5.2", '测试^""', ""),
        ("FT1-11.1.1", "18.00&CNY", "18.00"),
        ("FT1-11.1.1", "18.00", "18.00"),
        ("FT1-11.1.2", "18.00", None),
        ("NTE-3", r"5\S\10 \F\ \T\ \R\ \E\ \X41\ \.br\ \Zx\ ", "5^10 | & ~ \\ A \n \\Zx\\ "),
        ("NTE-3", r"\XE6B58B\ \XB2E2\ ", "测 测 "),
    ],
)
def test_paths(path: str, raw_field: str, text: str | None) -> None:
    assert getter(path_of(path), {"PID-3": (4, 2)}, frozenset({"PV1-18"}))(raw_field) == text


@pytest.mark.parametrize("text", ["PID", "PID-0", "pid-3", "PID-3.0", "PID-3[]", "PID-3.1.2.3", "PID-3[0]", "state"])
def test_what_is_no_path(text: str) -> None:
    with pytest.raises(ValueError, match="no path"):
        path_of(text)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("20210305143000", "20210305143000000000"),
        ("202103051430", "20210305143000000000"),
        ("20210305", "20210305000000000000"),
        ("2021", "20210101000000000000"),
        ("20210305143000.25", "20210305143000250000"),
        ("20210305063000.5+0000", "20210305143000500000"),
        ("20210229", None),
        ("20210305250000", None),
        ("20210305146000", None),
        ("2021030", None),
        ("heute", None),
    ],
)
def test_moments_compare_as_texts(text: str, moment: str | None) -> None:
    assert moment_of(text, CHINA) == moment


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (("MSH|", "PID|"), "SRC-120 test.hl7#1"),
        (("ADT^A01", "ADT"), None),
        (("|ADT^A01|", "||"), "SRC-120 test.hl7#1/MSH-9"),
        (("A01|20210412083000", "A01|20210412993000"), "SRC-136 test.hl7#1/EVN-2"),
        (("|10001|", "||"), "SRC-125 test.hl7#1/PV1-19.1"),
        (("PV1|1", "pv|1"), "SRC-120 test.hl7#1/PID"),
        (("EVN|A01", "MSH|A01"), "SRC-120 test.hl7#1"),
        (("^~\\&|HIS", "^^\\&|HIS"), "SRC-120 test.hl7#1/MSH-2"),
        (("PID|1", "PID|" + "|" * 300), "SRC-120 test.hl7#1/PID[1]"),
        (("测试柳一", "^" * 20_000), "SRC-120 test.hl7#1/PID[1]"),
    ],
)
def test_what_is_refused_says_where(change: tuple[str, str], found: str | None) -> None:
    text = ADT.replace(*change)
    if found is None:
        assert parsed(WINNING, text).event == "ADT^A01"  # EVN-1 tells it
    else:
        assert refused(text) == found


def test_an_event_that_no_table_lists_and_no_stay_has_goes_to_a_person() -> None:
    text = ADT.replace("ADT^A01", "ADT^A99").replace("|10001|", "||")
    assert refused(text) == "SRC-124 test.hl7#1/MSH-9"


def test_a_message_without_any_time_is_ordered_by_arrival() -> None:
    text = ADT.replace("20210412083005", "").replace("A01|20210412083000", "A01|")
    parser = MessageParser(shape(WINNING))
    first, second = (parser.parse(text, "a.hl7", n, arrived=f"{n:05d}") for n in (1, 2))
    assert first.order < second.order


def test_a_bad_message_stops_no_other(tmp_path: Path) -> None:
    """Its stay is held; what stands before and after it is read."""
    bad = ADT.replace("A01|20210412083000", "A01|gestern").replace("10001", "10009")
    good = ADT.replace("10001", "10009").replace("ADT^A01", "ADT^A10")
    (tmp_path / "a.hl7").write_bytes((ADT + bad + good).encode())
    with staged(WINNING, tmp_path) as found:
        stays = {each.stay_key: [issue.code for issue in each.issues] for each in found.stays()}
    assert stays == {"10001": [], "10009": ["SRC-136"]}
    assert [f"{each.code} {each.pointer}" for each in found.issues] == ["SRC-136 a.hl7#2/EVN-2", "SRC-122 a.hl7"]
    assert [(each.rows, each.complete) for each in found.files] == [(3, False)]


def test_one_message_per_file_and_many_in_one_are_the_same(tmp_path: Path) -> None:
    with staged(NEUSOFT) as whole:
        kept = list(whole.messages())
        expected = {each.stay_key: _fields(each.tables) for each in whole.stays()}
    for each in kept:
        (tmp_path / f"{each.file}-{each.number:03d}.hl7").write_text(each.text, encoding="utf-8", newline="")
    with staged(NEUSOFT, tmp_path) as single:
        assert {each.stay_key: _fields(each.tables) for each in single.stays()} == expected
        assert len(single.files) == len(kept)


def _fields(tables):  # type: ignore[no-untyped-def]
    return {name: [dict(row.fields) for row in rows] for name, rows in tables.items()}


def test_a_message_as_rows_one_per_segment() -> None:
    rows = list(segment_records(fixture_messages(WINNING)[1], WINNING))
    kinds = [row.origin.table for row in rows]
    assert kinds == ["MSH", "EVN", "PID", "PV1", "IN1", "IN2", "IN1", "DG1", "NK1"]
    second = rows[6]
    assert second.fields["IN1-2"] == "1000^自费"
    assert second.origin.pointer("IN1-2.1") == "adt.hl7#2/IN1[2]-2.1"
    assert (second.fields["event"], second.fields["order"][:14]) == ("ADT^A01", "20210412083000")


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=400))
def test_no_bytes_crash_the_reader(data: bytes) -> None:
    parser = MessageParser(shape(WINNING))
    for wrapped in (data, ADT.encode()[:80] + data, ADT.encode() + data):
        for each in raw(wrapped):
            if isinstance(each, RawMessage):
                try:
                    parser.read(each, "a.hl7")
                except MessageRefused as error:
                    assert error.issue.code.startswith("SRC-")


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from([NEUSOFT, WINNING]),
    st.lists(st.tuples(st.integers(0, 14_000), st.sampled_from(b"|^~&\\\r\n\x0b\x1c09AZ-.\xff\x00")), max_size=40),
)
def test_a_damaged_feed_is_read_folded_and_mapped_all_the_same(
    tmp_path: Path, source: str, damages: list[tuple[int, int]]
) -> None:
    """Whatever happens to single bytes: nothing is raised, and every message is kept, set aside or refused."""
    for old in tmp_path.iterdir():
        old.unlink()
    for path in (home(source) / "export").iterdir():
        data = bytearray(path.read_bytes())
        for place, byte in damages:
            if place < len(data):
                data[place] = byte
        (tmp_path / path.name).write_bytes(data)
    with staged(source, tmp_path) as found:
        for stay in found.stays():
            mapper(source).map(stay)
        read = sum(each.rows for each in found.files)
        refused = [each for each in found.issues if each.stops and each.code != "SRC-134"]
        kept = sum(1 for _ in found.messages())
    assert kept + len(refused) <= read
    assert damages or (refused == [] and kept >= read - 1)


@settings(deadline=None, max_examples=100)
@given(
    st.lists(st.sampled_from(["utf-8", "gb18030"]), min_size=1, max_size=6), st.sampled_from([b"\r", b"\n", b"\r\n"])
)
def test_no_message_is_lost(encodings: list[str], ends: bytes) -> None:
    data = b"".join(ADT.encode(each).replace(b"\r", ends) for each in encodings)
    parser = MessageParser(shape(WINNING))
    read = [parser.read(each, "a.hl7") for each in raw(data) if isinstance(each, RawMessage)]
    assert [each.encoding for each in read] == encodings
