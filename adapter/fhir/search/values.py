"""Values in the form in which they are compared: times and numbers as ranges, texts folded, codes and references.

A time that is known to the day, month or year stands for all of it. Times without a zone are the hospital's.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from adapter.model.dates import HOSPITAL_ZONE
from adapter.model.search import NO_END, NO_TIME

_TIME = re.compile(
    r"(?P<year>\d{4})(-(?P<month>\d\d)(-(?P<day>\d\d)"
    r"(T(?P<hour>\d\d):(?P<minute>\d\d)(:(?P<second>\d\d)(\.(?P<part>\d{1,9}))?)?(?P<zone>Z|[+-]\d\d:\d\d)?)?)?)?",
    re.ASCII,
)
_NUMBER = re.compile(r"-?\d{1,12}(\.\d{1,12})?([eE][+-]?\d{1,2})?", re.ASCII)
#: No number of so many digits is searched for.
_FAR = 18
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)

Range = tuple[int, int]


@lru_cache(maxsize=4096)
def time_range(text: str) -> Range | None:
    """First and last millisecond that a date or time in FHIR's form stands for; None when it is none."""
    found = _TIME.fullmatch(text.replace(" ", "+"))  # a + in an address that was not escaped arrives as a space
    if found is None:
        return None
    parts = found.groupdict()
    try:
        return _span(parts)
    except (ValueError, OverflowError):
        return None


def _span(parts: dict[str, str | None]) -> Range:
    year, month, day = int(parts["year"] or 0), int(parts["month"] or 1), int(parts["day"] or 1)
    if parts["hour"] is None:
        start = date(year, month, day)
        if parts["day"] is not None:
            end = start + timedelta(days=1)
        elif parts["month"] is not None:
            end = date(year + month // 12, month % 12 + 1, 1)
        else:
            end = date(year + 1, 1, 1)
        return _ms(datetime(start.year, start.month, start.day, tzinfo=HOSPITAL_ZONE)), (
            _ms(datetime(end.year, end.month, end.day, tzinfo=HOSPITAL_ZONE)) - 1
        )
    zone = HOSPITAL_ZONE if parts["zone"] is None else _zone(parts["zone"])
    second = int(parts["second"] or 0)
    leap = second == 60
    moment = datetime(
        year, month, day, int(parts["hour"]), int(parts["minute"] or 0), 59 if leap else second, tzinfo=zone
    )
    low = _ms(moment) + 1000 * leap
    if parts["second"] is None:
        return low, low + 59_999
    if parts["part"] is None:
        return low, low + 999
    low += int(parts["part"].ljust(3, "0")[:3])
    return low, low


@lru_cache(maxsize=256)
def _zone(text: str) -> tzinfo | None:
    return datetime.strptime(text, "%z").tzinfo


def _ms(moment: datetime) -> int:
    return (moment - _EPOCH) // _MS


def time_of(value: Any) -> Iterator[Range]:
    """Ranges of a value that a date parameter reads: a date, a Period, a Timing's events."""
    if isinstance(value, str):
        if (span := time_range(value)) is not None:
            yield span
    elif isinstance(value, dict):
        if "event" in value:
            for each in value["event"]:
                yield from time_of(each)
        elif "start" in value or "end" in value:
            start, end = time_range(str(value.get("start", ""))), time_range(str(value.get("end", "")))
            yield start[0] if start else NO_TIME, end[1] if end else NO_END


@lru_cache(maxsize=4096)
def number_range(text: str) -> Range | None:
    """What a number in a search stands for, in millionths: as precise as it is written; None when it is none."""
    if _NUMBER.fullmatch(text) is None:
        return None
    number = Decimal(text)
    exponent = int(number.as_tuple().exponent)
    half = Decimal(5).scaleb(exponent - 1)
    try:
        return _millionths(number - half), _millionths(number + half) - 1
    except InvalidOperation:
        return None


def exactly(value: Any) -> int | None:
    """A number of a resource in millionths; None when it is none or out of reach."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    if isinstance(value, Decimal) and value.adjusted() > _FAR:
        return None  # multiplying it would cost minutes
    try:
        return _millionths(Decimal(value))
    except InvalidOperation:
        return None


def _millionths(number: Decimal) -> int:
    found = int((number * 1_000_000).to_integral_value())
    if abs(found) >= 2**62:
        raise InvalidOperation
    return found


def folded(text: str) -> str:
    """A text as it is compared: without case, accents or repeated spaces; at most 200 characters."""
    plain = unicodedata.normalize("NFKD", text)
    kept = "".join(each for each in plain if not unicodedata.combining(each))
    return " ".join(kept.casefold().split())[:200]


def texts_of(value: Any) -> Iterator[str]:
    """Texts of a value that a string parameter reads: a string, the parts of a name or an address."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name in ("text", "family", "city", "district", "state", "postalCode", "country"):
            if isinstance(value.get(name), str):
                yield value[name]
        for name in ("given", "prefix", "suffix", "line"):
            for each in value.get(name, ()):
                if isinstance(each, str):
                    yield each


def tokens_of(value: Any) -> Iterator[tuple[str, str]]:
    """(system, code) of a value that a token parameter reads; the system of a plain code is not written: ''."""
    if isinstance(value, bool):
        yield "", "true" if value else "false"
    elif isinstance(value, str):
        yield "", value
    elif isinstance(value, dict):
        if "coding" in value:
            for each in value["coding"]:
                yield from tokens_of(each)
        elif isinstance(code := value.get("code", value.get("value")), str):
            yield str(value.get("system", "")), code


def reference_of(value: Any) -> tuple[str | None, tuple[str, str] | None]:
    """Where a reference points (``Patient/x``, an address), and the identifier beside or instead of it."""
    if isinstance(value, str):
        return value, None
    if not isinstance(value, dict):
        return None, None
    named = value.get("identifier")
    beside = (
        (str(named.get("system", "")), str(named["value"])) if isinstance(named, dict) and "value" in named else None
    )
    place = value.get("reference")
    return (without_version(place) if isinstance(place, str) else None), beside


def without_version(place: str) -> str:
    """A reference without the version that it may name."""
    return place.partition("/_history/")[0]
