"""Named small functions that turn a column's text into a value (转换函数); ``as:`` in a mapping file names one.

A transform gets text that is neither empty nor listed as absent. It returns the value, or None for "nothing there",
raises ValueError for text it cannot read, and ``Doubtful`` for a value that is kept although a check failed.
Amounts are read from text into ``Decimal``; nothing here is ever a float.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from adapter.model.dates import HOSPITAL_ZONE
from adapter.model.money import Money, UnitPrice, decimal_of, half_up

Transform = Callable[[str], Any]

ID_CARD = "urn:oid:2.16.156.10011.1.3"

SECONDS = "%Y-%m-%d %H:%M:%S"
_DAY = "%Y-%m-%d"
_CACHED = 1 << 14
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?\Z", re.ASCII)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_DIGITS = "10X98765432"


@dataclass(frozen=True, slots=True)
class Context:
    """What a transform may depend on beside the text.

    Attributes:
        formats: accepted date and time formats (strptime); at least one for date transforms.
        zone: the hospital's zone.
        absent_days: ISO days that stand for "no date" (1900-01-01 …).
        unverified_system: identifier system for ID numbers that fail their check.
    """

    formats: tuple[str, ...] = ()
    zone: ZoneInfo = HOSPITAL_ZONE
    absent_days: frozenset[str] = frozenset()
    unverified_system: str = ""


class Doubtful(ValueError):
    """The value is kept, and a person should look at it.

    Attributes:
        value: what to emit all the same.
    """

    def __init__(self, value: Any, zh: str, en: str) -> None:
        self.value = value
        self.zh = zh
        self.en = en
        super().__init__(en)


# -- numbers ---------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=_CACHED)
def decimal(text: str) -> Decimal:
    """A plain decimal with its digits kept. Thousands commas are accepted where they stand right."""
    if "," in text:
        if not _THOUSANDS.match(text):
            raise ValueError("commas do not separate thousands")
        text = text.replace(",", "")
    return decimal_of(text)


@lru_cache(maxsize=_CACHED)
def yuan(text: str) -> Decimal:
    """An amount in yuan with two decimals. Raises ValueError for anything finer than a fen."""
    return Money.yuan(decimal(text)).decimal


@lru_cache(maxsize=_CACHED)
def yuan_rounded(text: str) -> Decimal:
    """An amount in yuan that a HIS stores finer than a fen (18.2999, 4.19250), rounded once, half up, to the fen."""
    return Money.rounded(decimal(text)).decimal


@lru_cache(maxsize=_CACHED)
def unit_price(text: str) -> Decimal:
    """A price per unit in yuan with its digits kept. Raises ValueError for anything finer than 1/10000 yuan."""
    value = decimal(text)
    UnitPrice.yuan(value)
    return value


@lru_cache(maxsize=_CACHED)
def unit_price_rounded(text: str) -> Decimal:
    """A price per unit that a HIS stores finer than 1/10000 yuan, rounded once, half up, to four decimals."""
    numerator, denominator = decimal(text).as_integer_ratio()
    return Decimal(half_up(numerator * 10_000, denominator)).scaleb(-4)


@lru_cache(maxsize=_CACHED)
def integer(text: str) -> int:
    """A whole number; ``3.00`` is one, ``3.5`` is not."""
    value = decimal(text)
    if value != value.to_integral_value():
        raise ValueError("not a whole number")
    return int(value)


# -- days and times --------------------------------------------------------------------------------------------------


def parse_moment(text: str, formats: tuple[str, ...]) -> tuple[datetime, bool]:
    """Read local time by the listed formats. Returns the moment and whether the text gave a time of day.

    ``%p`` reads 上午 and 下午 as well as AM and PM.

    Raises:
        ValueError: no format fits, or two fit and disagree.
    """
    if not text.isascii():
        if any(character.isdigit() and not character.isascii() for character in text):
            raise ValueError("not written in ASCII digits")
        text = text.replace("上午", "AM").replace("下午", "PM")
    found: dict[datetime, bool] = {}
    for each in formats:
        try:
            moment = datetime.strptime(text, each)  # noqa: DTZ007 - local time; the zone is added by the caller
        except ValueError:
            continue
        found[moment] = "%H" in each or "%I" in each
    if len(found) != 1:
        raise ValueError("no listed format fits" if not found else "two listed formats disagree")
    return next(iter(found.items()))


@lru_cache(maxsize=_CACHED)
def _offset(hour: str, zone: ZoneInfo) -> str:
    """``+08:00`` for a local hour ``2021-03-05 14``. Raises ValueError for an hour that clocks skipped or repeated."""
    moment = datetime.fromisoformat(f"{hour}:00:00").replace(tzinfo=zone)
    offset = moment.utcoffset()
    if offset is None or offset != moment.replace(fold=1).utcoffset():
        raise ValueError("the clocks were changed in that hour")
    minutes = int(offset.total_seconds()) // 60
    sign = "-" if minutes < 0 else "+"
    return f"{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


#: What may follow the hour in ``2021-03-05 14:59:59``.
WITHIN_THE_HOUR = frozenset(f":{minute:02d}:{second:02d}" for minute in range(60) for second in range(60))


def local_time(context: Context) -> Transform:
    """Local date and time → FHIR dateTime with offset; text that gives only a day stays a day."""
    formats, zone, absent_days = context.formats, context.zone, context.absent_days
    seconds = SECONDS in formats

    @lru_cache(maxsize=_CACHED)
    def hour(written: str) -> tuple[str, str] | None:
        """``2021-03-05 14`` as FHIR begins and ends it; hours repeat where seconds do not. None on an absent day."""
        datetime.fromisoformat(f"{written}:00:00")
        day = written[:10]
        return None if day in absent_days else (f"{day}T{written[11:]}", _offset(written, zone))

    def convert(text: str) -> str | None:
        if (
            seconds
            and len(text) == 19
            and text[4] == text[7] == "-"
            and text[10] == " "
            and text[13] == text[16] == ":"
        ):
            rest = text[13:]
            if rest not in WITHIN_THE_HOUR:
                raise ValueError("not a time of day")
            around = hour(text[:13])
            return None if around is None else f"{around[0]}{rest}{around[1]}"
        moment, timed = parse_moment(text, formats)
        if moment.date().isoformat() in absent_days:
            return None
        if not timed:
            return moment.date().isoformat()
        written = moment.replace(microsecond=0).isoformat(sep=" ")
        return f"{written[:10]}T{written[11:]}{_offset(written[:13], zone)}"

    return convert


def day(context: Context) -> Transform:
    """A date; a time of day beside it is dropped."""

    def convert(text: str) -> str | None:
        found = parse_moment(text, context.formats)[0].date().isoformat()
        return None if found in context.absent_days else found

    return lru_cache(maxsize=_CACHED)(convert)


# -- texts and identifiers ---------------------------------------------------------------------------------------------


def text(value: str) -> str:
    """The text as it stands."""
    return value


def id_number(context: Context) -> Transform:
    """居民身份证 → Identifier; what fails its check is kept under another system and marked doubtful."""

    def convert(value: str) -> dict[str, str]:
        number = value.upper()
        failed = id_number_fault(number)
        if failed is None:
            return {"use": "official", "system": ID_CARD, "value": number}
        unverified = {"use": "temp", "system": context.unverified_system, "value": number}
        if "*" in number:
            raise Doubtful(None, "号码已被遮盖", "the number is masked")
        raise Doubtful(unverified, *failed)

    return convert


def id_number_fault(number: str) -> tuple[str, str] | None:
    """Why a number is no valid resident ID number (GB 11643), in zh and en; None when it is one.

    18 characters with birth date and check digit, or the older 15 digits, which have no check digit.
    """
    if len(number) == 15 and number.isascii() and number.isdigit():
        birth = "19" + number[6:12]
    elif (
        len(number) == 18 and number.isascii() and number[:17].isdigit() and (number[17].isdigit() or number[17] == "X")
    ):
        birth = number[6:14]
        if _CHECK_DIGITS[sum(int(d) * w for d, w in zip(number, _WEIGHTS, strict=False)) % 11] != number[17]:
            return ("校验码不符", "the check digit does not fit")
    else:
        return ("长度或字符不符", "wrong length or characters")
    try:
        datetime.strptime(birth, "%Y%m%d")  # noqa: DTZ007 - a calendar check only
    except ValueError:
        return ("出生日期不存在", "the birth date does not exist")
    return None


def id_birth_and_sex(number: str) -> tuple[date, str]:
    """Birth date and ``male`` or ``female`` as a valid ID number says."""
    long = len(number) == 18
    birth = number[6:14] if long else "19" + number[6:12]
    order = number[16] if long else number[14]
    return date(int(birth[:4]), int(birth[4:6]), int(birth[6:])), "male" if int(order) % 2 else "female"


def _plain(function: Transform) -> Callable[[Context], Transform]:
    def factory(_: Context) -> Transform:
        return function

    return factory


#: What ``as:`` may name.
TRANSFORMS: Mapping[str, Callable[[Context], Transform]] = MappingProxyType(
    {
        "text": _plain(text),
        "local_time": local_time,
        "date": day,
        "yuan": _plain(yuan),
        "yuan_rounded": _plain(yuan_rounded),
        "unit_price": _plain(unit_price),
        "unit_price_rounded": _plain(unit_price_rounded),
        "decimal": _plain(decimal),
        "integer": _plain(integer),
        "id_number": id_number,
    }
)

#: Those that need ``formats``.
DATED = frozenset({"local_time", "date"})
