"""Watermarks: compared as what they are, and the next read begins an overlap before the highest one."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.intake.readers.watermarks import Highest, WrongMark, since
from adapter.model.database import MarkKind, ViewQuery

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2024, 6, 1, 12, 0)  # noqa: DTZ001 - as the hospital's clocks show it
HALF_AN_HOUR = timedelta(minutes=30)


def view(kind: MarkKind, overlap: timedelta | int, start: str = "") -> ViewQuery:
    return ViewQuery("T", "SELECT …", "W", kind, overlap, start)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("kind", "overlap", "highest", "begins"),
    [
        (MarkKind.TIME, HALF_AN_HOUR, "2024-05-31 00:10:00", local("2024-05-30 23:40:00")),
        (MarkKind.TIME, HALF_AN_HOUR, "0001-01-01 00:10:00", local("0001-01-01 00:00:00")),
        (MarkKind.INTEGER, 100, "1000", 900),
        (MarkKind.INTEGER, 100, "50", -50),
        (MarkKind.TEXT, HALF_AN_HOUR, "2024-05-31 00:10:00", "2024-05-30 23:40:00"),
        (MarkKind.TEXT, HALF_AN_HOUR, "20240531001000", "20240530234000"),
        (MarkKind.TEXT, HALF_AN_HOUR, "2024-05-31T00:10:00.123", "2024-05-30T23:40:00.123"),
        (MarkKind.TEXT, timedelta(days=1), "2024/03/01", "2024/02/29"),
        (MarkKind.TEXT, 16, "0x0000000000001F40", "0x0000000000001F30"),
        (MarkKind.TEXT, 16, "0x00000000000000ff", "0x00000000000000ef"),
        (MarkKind.TEXT, 16, "0x0000000000000001", "0x0000000000000000"),
        (MarkKind.TEXT, 5, "0000000012", "0000000007"),
    ],
)
def test_the_next_read_begins_before_the_highest(
    kind: MarkKind, overlap: timedelta | int, highest: str, begins: object
) -> None:
    assert since(view(kind, overlap), highest) == begins


@pytest.mark.parametrize(
    ("kind", "start", "begins"),
    [
        (MarkKind.TIME, "", local("0001-01-01")),
        (MarkKind.TIME, "2024-01-01", local("2024-01-01")),
        (MarkKind.INTEGER, "5000", 5000),
        (MarkKind.TEXT, "20240101", "20240101"),
        (MarkKind.TEXT, "", "0"),  # not the empty text, which some databases take for NULL
    ],
)
def test_the_first_read_begins_at_the_start(kind: MarkKind, start: str, begins: object) -> None:
    overlap = 1 if kind is MarkKind.INTEGER else HALF_AN_HOUR
    assert since(view(kind, overlap, start), None) == begins


@pytest.mark.parametrize(
    ("kind", "values", "highest"),
    [
        (MarkKind.TIME, [local("2024-01-01"), None, date(2024, 3, 1), local("2024-02-01")], "2024-03-01 00:00:00"),
        (MarkKind.TIME, [datetime(2024, 1, 1, 20, 0, tzinfo=UTC)], "2024-01-02 04:00:00"),
        (MarkKind.TIME, [local("2099-01-01")], "2024-06-01 12:00:00"),
        (MarkKind.INTEGER, [9, 10, 2], "10"),
        (MarkKind.TEXT, ["0x0A", "0x1F", "0x09"], "0x1F"),
        (MarkKind.TEXT, ["20240101000000", "20990101000000"], "20240601120000"),
        (MarkKind.TEXT, [None, ""], None),
    ],
)
def test_the_highest_is_kept_as_text(kind: MarkKind, values: list[object], highest: str | None) -> None:
    overlap: timedelta | int = 1 if kind is MarkKind.INTEGER or "0x0A" in values else HALF_AN_HOUR
    seen = Highest(view(kind, overlap), None, ZONE, NOW)
    for value in values:
        seen.see(value)
    assert seen.text == highest


def test_it_never_falls_behind_earlier_reads() -> None:
    seen = Highest(view(MarkKind.INTEGER, 10), "100", ZONE, NOW)
    seen.see(95)
    assert seen.text == "100"


@pytest.mark.parametrize(
    ("kind", "overlap", "values"),
    [
        (MarkKind.TIME, HALF_AN_HOUR, ["2024-01-01"]),
        (MarkKind.TIME, HALF_AN_HOUR, [5]),
        (MarkKind.INTEGER, 5, [local("2024-01-01")]),
        (MarkKind.INTEGER, 5, [True]),
        (MarkKind.TEXT, 5, [5]),
        (MarkKind.TEXT, 5, ["99", "100"]),  # of unequal length: 99 would count as later
        (MarkKind.TEXT, HALF_AN_HOUR, ["yesterday"]),
        (MarkKind.TEXT, HALF_AN_HOUR, ["2024-13-01"]),
    ],
)
def test_a_value_of_another_kind_is_refused(kind: MarkKind, overlap: timedelta | int, values: list[object]) -> None:
    seen = Highest(view(kind, overlap), None, ZONE, NOW)
    with pytest.raises(WrongMark):
        for value in values:
            seen.see(value)


def test_a_kept_watermark_of_another_kind_is_refused() -> None:
    with pytest.raises(WrongMark):
        since(view(MarkKind.INTEGER, 5), "2024-01-01 00:00:00")
    with pytest.raises(WrongMark):
        Highest(view(MarkKind.TIME, HALF_AN_HOUR), "0x1F", ZONE, NOW)


@settings(deadline=None, max_examples=200)
@given(
    st.lists(
        st.datetimes(local("1990-01-01"), local("2024-06-01")).map(lambda at: at.replace(microsecond=0)), min_size=1
    ),
    st.integers(1, 10**6),
)
def test_texts_and_times_agree(moments: list[datetime], seconds: int) -> None:
    """A column of times gives the same reads whether the database hands it over as a time or as text."""
    overlap = timedelta(seconds=seconds)
    times, texts = view(MarkKind.TIME, overlap), view(MarkKind.TEXT, overlap)
    as_time, as_text = Highest(times, None, ZONE, NOW), Highest(texts, None, ZONE, NOW)
    for moment in moments:
        as_time.see(moment)
        as_text.see(moment.isoformat(" "))
    assert as_time.text == as_text.text
    assert str(since(times, as_time.text)) == since(texts, as_text.text)
