"""Transforms: what text becomes, and what is refused rather than guessed."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.intake.mapping.transforms import (
    ID_CARD,
    TRANSFORMS,
    Context,
    Doubtful,
    id_birth_and_sex,
    id_number_fault,
)

SECONDS = "%Y-%m-%d %H:%M:%S"
SENTINELS = frozenset({"1900-01-01", "0001-01-01", "9999-12-31"})


def run(name: str, text: str, *formats: str, zone: str = "Asia/Shanghai") -> object:
    context = Context(formats=formats, zone=ZoneInfo(zone), absent_days=SENTINELS, unverified_system="urn:x")
    return TRANSFORMS[name](context)(text)


@pytest.mark.parametrize(
    ("text", "formats", "expected"),
    [
        ("2021-03-05 14:30:00", (SECONDS,), "2021-03-05T14:30:00+08:00"),
        ("20210305143000", ("%Y%m%d%H%M%S",), "2021-03-05T14:30:00+08:00"),
        ("2021030514:30:00", ("%Y%m%d%H:%M:%S",), "2021-03-05T14:30:00+08:00"),
        ("2021-03-05 14:30:00.0", (f"{SECONDS}.%f",), "2021-03-05T14:30:00+08:00"),
        ("2021/3/5 8:1:9", ("%Y/%m/%d %H:%M:%S",), "2021-03-05T08:01:09+08:00"),
        ("2021-03-05", (SECONDS, "%Y-%m-%d"), "2021-03-05"),
        ("05-MAR-21", ("%d-%b-%y",), "2021-03-05"),
        ("16-6月 -16 03.55.02.156 下午", ("%d-%m月 -%y %I.%M.%S.%f %p",), "2016-06-16T15:55:02+08:00"),
        ("16-6月 -16 03.55.02.156 上午", ("%d-%m月 -%y %I.%M.%S.%f %p",), "2016-06-16T03:55:02+08:00"),
        ("19-10-2015", ("%d-%m-%Y", "%d-%m-%Y %H:%M:%S"), "2015-10-19"),
        ("13-10-2015 15:39:59", ("%d-%m-%Y", "%d-%m-%Y %H:%M:%S"), "2015-10-13T15:39:59+08:00"),
        ("1988-07-01 12:00:00", (SECONDS,), "1988-07-01T12:00:00+09:00"),  # summer time was kept then
        ("1900-01-01 00:00:00", (SECONDS,), None),
        ("0001-01-01 00:00:00", (SECONDS,), None),
        ("9999-12-31", ("%Y-%m-%d",), None),
    ],
)
def test_local_time(text: str, formats: tuple[str, ...], expected: str | None) -> None:
    assert run("local_time", text, *formats) == expected


@pytest.mark.parametrize(
    ("text", "formats"),
    [
        ("2021-02-29 10:00:00", (SECONDS,)),
        ("2021-03-05 24:00:00", (SECONDS,)),
        ("2021-W10-1 10:00:00", (SECONDS,)),
        ("2021-03-05T10:00:00", (SECONDS,)),
        ("20171027000:00:00", (SECONDS, "%Y%m%d%H%M%S")),
        ("２０２１-03-05 10:00:00", (SECONDS,)),
        ("03-04-2021", ("%d-%m-%Y", "%m-%d-%Y")),  # two formats fit and disagree
        ("1988-04-17 02:30:00", (SECONDS,)),  # the clocks went forward over that hour
    ],
)
def test_time_that_cannot_be_is_refused(text: str, formats: tuple[str, ...]) -> None:
    with pytest.raises(ValueError):
        run("local_time", text, *formats)


def test_a_date_drops_the_time_of_day() -> None:
    assert run("date", "1980-01-01 00:00:00", "%Y-%m-%d", SECONDS) == "1980-01-01"
    assert run("date", "1900-01-01", "%Y-%m-%d") is None


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("yuan", "18", "18.00"),
        ("yuan", ".3", "0.30"),
        ("yuan", "-148.00", "-148.00"),
        ("yuan", "12,345.60", "12345.60"),
        ("yuan", "18.5000", "18.50"),
        ("unit_price", "1.3975", "1.3975"),
        ("unit_price", ".313", "0.313"),
        ("unit_price", "18.0000", "18.0000"),
        ("decimal", "0.5", "0.5"),
        ("decimal", "900000000000000123", "900000000000000123"),
    ],
)
def test_numbers_keep_their_digits(name: str, text: str, expected: str) -> None:
    value = run(name, text)
    assert isinstance(value, Decimal) and str(value) == expected


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *(
            ("yuan", text)
            for text in ("18.299999", "0.001", "1,23.00", "12,34", "1e2", "NaN", "Infinity", "１８", "18元")
        ),
        *(("unit_price", text) for text in ("1.39751", "x")),
        *(("integer", text) for text in ("3.5", "", "three")),
    ],
)
def test_numbers_that_are_none_are_refused(name: str, text: str) -> None:
    with pytest.raises(ValueError):
        run(name, text)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("yuan_rounded", "4.19250", "4.19"),
        ("yuan_rounded", "8.38500", "8.39"),
        ("yuan_rounded", "-8.38500", "-8.39"),
        ("yuan_rounded", "18.299999", "18.30"),
        ("yuan_rounded", "1,234.567", "1234.57"),
        ("yuan_rounded", ".313", "0.31"),
        ("unit_price_rounded", "1.39750", "1.3975"),
        ("unit_price_rounded", "0.31345", "0.3135"),
        ("unit_price_rounded", "-0.00005", "-0.0001"),
    ],
)
def test_amounts_finer_than_a_fen_are_rounded_once_half_up(name: str, text: str, expected: str) -> None:
    assert str(run(name, text)) == expected


def test_integer_takes_whole_numbers() -> None:
    assert run("integer", "3.00") == 3


def test_a_valid_id_number_is_official() -> None:
    assert run("id_number", "999999198001010011") == {
        "use": "official",
        "system": ID_CARD,
        "value": "999999198001010011",
    }
    assert id_birth_and_sex("999999198001010011")[1] == "male"
    assert id_birth_and_sex("999999800101002")[0].isoformat() == "1980-01-01"
    assert id_number_fault("999999800101001") is None


@pytest.mark.parametrize(
    "number",
    [
        "999999198001010012",
        "99999919800101001",
        "999999198013010011",
        "ZY0000012345",
        "99999980130100",
        "999999800231001",
    ],
)
def test_a_doubtful_id_number_is_kept_as_unverified(number: str) -> None:
    with pytest.raises(Doubtful) as caught:
        run("id_number", number)
    assert caught.value.value == {"use": "temp", "system": "urn:x", "value": number}
    assert number not in str(caught.value)


def test_a_masked_id_number_is_no_identifier() -> None:
    with pytest.raises(Doubtful) as caught:
        run("id_number", "999999********0011")
    assert caught.value.value is None


@settings(deadline=None)
@given(st.decimals(min_value=-(10**9), max_value=10**9, places=2, allow_nan=False))
def test_yuan_is_exact(amount: Decimal) -> None:
    assert run("yuan", f"{amount:f}") == amount


@settings(deadline=None)
@given(st.datetimes(min_value=datetime.fromisoformat("1992-01-01")))
def test_local_time_agrees_with_the_zone_database(moment: datetime) -> None:
    """The quick way through gives what datetime gives."""
    moment = moment.replace(microsecond=0)
    text = moment.isoformat(sep=" ")
    expected = moment.replace(tzinfo=ZoneInfo("Asia/Shanghai")).isoformat()
    assert run("local_time", text, SECONDS) == (None if text[:10] in SENTINELS else expected)
