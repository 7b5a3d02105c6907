"""Watermarks: how far a view was read, and where the next read begins (增量水位).

A watermark is kept as text and compared as what its column holds. The next read begins an overlap before the highest
one seen, because lines that were read can change and a transaction may commit late.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from adapter.model.database import MarkKind, ViewQuery

#: What a row version of hexadecimal digits begins with.
_HEX = re.compile(r"0[xX][0-9A-Fa-f]+")
_DAY = re.compile(r"\d{4}[-/.]?\d{2}[-/.]?\d{2}")
_DIGIT = re.compile(r"\d")
#: Local time like all watermarks; every database can say it.
_EARLIEST = datetime(1, 1, 1)  # noqa: DTZ001
#: Digits of a whole time: year to microsecond.
_WHOLE = "00010101000000000000"


class WrongMark(Exception):
    """A watermark is none of its kind."""


def since(view: ViewQuery, highest: str | None) -> datetime | int | str:
    """What ``:since`` is for the next read: the highest watermark seen less the overlap; for the first read the start.

    Raises:
        WrongMark: the kept watermark, or ``start``, is none of the view's kind.
    """
    if highest:
        return _lower(view, highest)
    return _FIRST[view.kind] if not view.start else _as_kind(view.kind, view.start)


def mark_of(view: ViewQuery, value: object, zone: ZoneInfo) -> datetime | int | str:
    """A value of the watermark column as it is compared. Raises WrongMark."""
    if view.kind is MarkKind.TIME and isinstance(value, date):
        return local(value, zone) if isinstance(value, datetime) else datetime.combine(value, time())
    if view.kind is MarkKind.INTEGER and not isinstance(value, bool):
        return _whole_number(value)
    if view.kind is MarkKind.TEXT and isinstance(value, str) and value.isascii():
        return value.strip()
    raise WrongMark


def local(moment: datetime, zone: ZoneInfo) -> datetime:
    """A time as the clocks of that zone show it; one without a zone is that already."""
    return moment if moment.tzinfo is None else moment.astimezone(zone).replace(tzinfo=None)


class Highest:
    """The highest watermark of a view, as far as it was read.

    Args:
        before: the highest of earlier reads.
        now: local time; a row from the future counts as of now, or it would hide everything that comes before it.

    Raises:
        WrongMark: ``before`` is none of the view's kind.
    """

    def __init__(self, view: ViewQuery, before: str | None, zone: ZoneInfo, now: datetime) -> None:
        self._view, self._zone, self._now = view, zone, now
        self._mark = _as_kind(view.kind, before) if before else None

    def see(self, value: object) -> None:
        """Take a row's watermark into account; an absent one says nothing. Raises WrongMark."""
        if value is None or value == "":
            return
        mark = self._not_from_the_future(mark_of(self._view, value, self._zone))
        if self._mark is None or _is_higher(mark, self._mark):
            self._mark = mark

    @property
    def text(self) -> str | None:
        """As it is kept; None when no row had one."""
        if self._mark is None:
            return None
        return self._mark.isoformat(" ") if isinstance(self._mark, datetime) else str(self._mark)

    def _not_from_the_future(self, mark: datetime | int | str) -> datetime | int | str:
        if isinstance(mark, datetime):
            return min(mark, self._now)
        if isinstance(mark, str) and isinstance(self._view.overlap, timedelta):
            return min(mark, _written_like(mark, self._now))
        return mark


def _is_higher(mark: datetime | int | str, other: datetime | int | str) -> bool:
    if isinstance(mark, datetime) and isinstance(other, datetime):
        return mark > other
    if isinstance(mark, int) and isinstance(other, int):
        return mark > other
    if isinstance(mark, str) and isinstance(other, str) and len(mark) == len(other):
        return mark > other
    raise WrongMark


def _lower(view: ViewQuery, highest: str) -> datetime | int | str:
    mark, overlap = _as_kind(view.kind, highest), view.overlap
    if isinstance(mark, datetime) and isinstance(overlap, timedelta):
        return _earlier(mark, overlap)
    if isinstance(mark, int) and isinstance(overlap, int):
        return mark - overlap
    if isinstance(mark, str):
        if isinstance(overlap, timedelta):
            return _written_like(mark, _earlier(_moment(mark), overlap))
        return _less(mark, overlap)
    raise WrongMark


def _earlier(moment: datetime, overlap: timedelta) -> datetime:
    return moment - overlap if moment - _EARLIEST > overlap else _EARLIEST


def _less(digits: str, overlap: int) -> str:
    """A row version written in digits, in the same length."""
    if _HEX.fullmatch(digits):
        body = f"{max(int(digits, 16) - overlap, 0):0{len(digits) - 2}x}"
        return digits[:2] + (body.upper() if digits[2:] == digits[2:].upper() else body)
    return str(max(_whole_number(digits) - overlap, 0)).zfill(len(digits))


def _moment(text: str) -> datetime:
    """A time of any zero padded writing that goes from the year to the second or finer. Raises WrongMark."""
    digits = "".join(_DIGIT.findall(text))
    if not _DAY.match(text) or not 8 <= len(digits) <= len(_WHOLE):
        raise WrongMark
    try:
        return datetime.strptime(digits + _WHOLE[len(digits) :], "%Y%m%d%H%M%S%f")  # noqa: DTZ007 - hospital local
    except ValueError:
        raise WrongMark from None


def _written_like(text: str, moment: datetime) -> str:
    """The time in the same writing, cut off to the same digits."""
    _moment(text)
    digits = iter(f"{moment.year:04d}{moment:%m%d%H%M%S%f}")
    return _DIGIT.sub(lambda _: next(digits), text)


def _whole_number(value: object) -> int:
    try:
        number = int(str(value))
    except ValueError:
        raise WrongMark from None
    return number


def _time(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        raise WrongMark from None


_KINDS: dict[MarkKind, Callable[[str], datetime | int | str]] = {
    MarkKind.TIME: _time,
    MarkKind.INTEGER: _whole_number,
    MarkKind.TEXT: str,
}
#: Lower than every watermark. For texts not the empty one, which some databases take for "nothing".
_FIRST: dict[MarkKind, datetime | int | str] = {
    MarkKind.TIME: _EARLIEST,
    MarkKind.INTEGER: -(2**63),
    MarkKind.TEXT: "0",
}


def _as_kind(kind: MarkKind, text: str) -> datetime | int | str:
    return _KINDS[kind](text)
