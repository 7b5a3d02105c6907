"""What the values of a column look like: number, amount, day, time, ID number, code, key (列画像).

A column is what nearly all of its values are; a few odd ones are what real exports have. No value leaves this file
except as a picture of its form (``9999-99-99``) or, for codes that many rows share, as the code itself.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import Enum
from functools import cached_property

from adapter.intake.mapping.transforms import decimal, id_number_fault

#: Texts that mean nothing in most exports, and further ones that a draft lists only where the sample has them.
USUAL_ABSENT = ("-", "无", "同上", "不详")
ABSENT = (*USUAL_ABSENT, "--", "/", "NULL", "null", "None", "N/A", "未填")

#: Days that mean no date in most exports.
NO_DAYS = ("0001-01-01", "1900-01-01", "3000-01-01", "9999-12-31")

#: How days and times are written, the usual ways first.
FORMATS = (
    *("%Y-%m-%d %H:%M:%S", "%Y-%m-%d", "%Y%m%d%H%M%S", "%Y%m%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S.%f"),
    *("%Y/%m/%d %H:%M:%S", "%Y/%m/%d", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M", "%Y%m%d%H%M", "%Y%m%d%H:%M:%S"),
    *("%Y年%m月%d日", "%Y年%m月%d日 %H:%M:%S", "%d-%m-%Y %H:%M:%S", "%d-%m-%Y", "%d/%m/%Y %H:%M:%S", "%d/%m/%Y"),
    *("%d-%b-%y", "%Y-%m-%d %I:%M:%S %p", "%Y/%m/%d %I:%M:%S %p"),
)
_ORDER_DOUBTFUL = ("%d-%m-%Y %H:%M:%S", "%d-%m-%Y", "%d/%m/%Y %H:%M:%S", "%d/%m/%Y")

_MOST = 0.95
_ENOUGH = 200
_FEW_CODES = 40
_PHONE = re.compile(r"(1[3-9]\d{9}|0\d{2,3}-?\d{7,8})\Z", re.ASCII)
_ICD = re.compile(r"[A-Z]\d{2}(\.[0-9xX+*]{1,8})?\Z", re.ASCII)
_CODE = re.compile(r"([0-9]{1,4}|[A-Za-z0-9]{1,6})\Z", re.ASCII)
_NUMBER_OF_SOMEBODY = re.compile(r"[0-9]{5,}\Z", re.ASCII)
_NAME = re.compile(r"[\u4e00-\u9fff·]{2,4}\Z")
_DIGIT, _UPPER, _LOWER, _CJK = (re.compile(each) for each in (r"\d", r"[A-Z]", r"[a-z]", r"[^\x00-\x7f年月日]"))


class Kind(Enum):
    """What nearly all values of a column are; the first that fits."""

    EMPTY = "empty"
    ID_NUMBER = "ID number"
    TIME = "time"
    DAY = "day"
    PHONE = "telephone"
    NUMBER = "number"
    DIAGNOSIS = "ICD code"
    NAME = "short Chinese text"
    TEXT = "text"


@dataclass(frozen=True)
class SampleTable:
    """One table of a sample.

    Attributes:
        name: table name.
        rows: rows as text; a large export is sampled from its beginning.
        file: stem of the file, where that is not the table's name.
        path: JSON: the names that lead to the rows.
        places: fixed width: where each column stands, first place and width.
    """

    name: str
    rows: Sequence[Mapping[str, str]]
    file: str = ""
    path: tuple[str, ...] = ()
    places: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    @cached_property
    def columns(self) -> Mapping[str, ColumnProfile]:
        """Every column in the order in which it first appears."""
        names = dict.fromkeys(name for row in self.rows for name in row)
        return {name: profile(name, [row.get(name, "") for row in self.rows]) for name in names}


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """One column of a sample.

    Attributes:
        filled: rows with a value that means something.
        distinct: how many different ones.
        formats: how days or times are written.
        doubtful_order: day and month could be the other way round.
        decimals: most digits after the point, for numbers; ``fine``: those that are not closing zeros.
        negative: rows below zero, for numbers.
        codes: texts that many rows share, with the number of rows; empty where they might say who somebody is.
        picture: the form of a typical value.
    """

    name: str
    rows: int
    filled: int
    distinct: int
    kind: Kind
    formats: tuple[str, ...] = ()
    doubtful_order: bool = False
    decimals: int = 0
    fine: int = 0
    negative: int = 0
    codes: Mapping[str, int] = field(default_factory=dict)
    picture: str = ""

    @property
    def unique(self) -> bool:
        """Whether it could name a row: always there, never twice."""
        return self.rows > 0 and self.filled == self.rows == self.distinct

    @property
    def example(self) -> str:
        """What a comment may show of it: codes, or the form of a value. Never a value of a person."""
        return " ".join(list(self.codes)[:6]) if self.codes else self.picture


def profile(name: str, values: Sequence[str]) -> ColumnProfile:
    """Look at all values of a column."""
    told = [text for text in values if text and text not in ABSENT]
    counts = Counter(told)
    some = list(counts)[:_ENOUGH]
    kind, formats = _kind(some)
    numbers = [decimal(text) for text in some if _is_number(text)] if kind is Kind.NUMBER else []
    return ColumnProfile(
        name=name,
        rows=len(values),
        filled=len(told),
        distinct=len(counts),
        kind=kind,
        formats=formats,
        doubtful_order=any(each in _ORDER_DOUBTFUL for each in formats) and not _day_tells(some),
        decimals=max((_digits_after_point(each) for each in numbers), default=0),
        fine=max((_digits_after_point(each.normalize()) for each in numbers), default=0),
        negative=sum(counts[text] for text in counts if text.startswith("-")) if kind is Kind.NUMBER else 0,
        codes=_codes(counts, kind, len(told)),
        picture=picture(max(some, key=len)) if some else "",
    )


def picture(text: str) -> str:
    """The form of a text: digits as 9, letters as A and a, every other character beyond ASCII as 文.

    >>> picture("2021-03-05 14:30:00"), picture("测试甲"), picture("T00000001")
    ('9999-99-99 99:99:99', '文文文', 'A99999999')
    """
    for pattern, sign in ((_DIGIT, "9"), (_UPPER, "A"), (_LOWER, "a"), (_CJK, "文")):
        text = pattern.sub(sign, text)
    return text if len(text) <= 24 else text[:23] + "…"


def _kind(some: Sequence[str]) -> tuple[Kind, tuple[str, ...]]:
    if not some:
        return Kind.EMPTY, ()
    if _share(some, lambda text: len(text) in (15, 18) and id_number_fault(text.upper()) is None) >= 0.5:
        return Kind.ID_NUMBER, ()
    formats = _formats(some)
    if formats:
        return (Kind.TIME if any("%H" in each or "%I" in each for each in formats) else Kind.DAY), formats
    for kind, fits in (
        (Kind.PHONE, lambda text: _PHONE.match(text) is not None),
        (Kind.NUMBER, _is_number),
        (Kind.DIAGNOSIS, lambda text: _ICD.match(text) is not None),
        (Kind.NAME, lambda text: _NAME.match(text) is not None),
    ):
        if _share(some, fits) >= _MOST:
            return kind, ()
    return Kind.TEXT, ()


def _formats(some: Sequence[str]) -> tuple[str, ...]:
    """The fewest formats that read nearly all values, or none."""
    left = [text for text in some if len(text) >= 6]
    if len(left) < _MOST * len(some):
        return ()
    whole, found = len(left), []
    for form in FORMATS:
        unread = [text for text in left if not _reads(text, form)]
        if len(unread) < len(left):
            found.append(form)
            left = unread
        if not left:
            break
    return tuple(found) if len(left) <= (1 - _MOST) * whole else ()


def _reads(text: str, form: str) -> bool:
    """Whether a text is a sensible moment in that form; a bare number of the right length need not be one."""
    try:
        moment = datetime.strptime(text, form)  # noqa: DTZ007 - local time as written
    except ValueError:
        return False
    sensible = 1900 <= moment.year <= 2100 or moment.date().isoformat() in NO_DAYS
    return sensible and ("-" in form or "/" in form or "年" in form or len(text) == _digits_of(form))


def _digits_of(form: str) -> int:
    return len(datetime(2000, 10, 10, 10, 10, 10).strftime(form))  # noqa: DTZ001 - only its length counts


def _day_tells(some: Sequence[str]) -> bool:
    """Whether a number above twelve shows which of the first two is the day."""
    return any(text[:2].isdigit() and int(text[:2]) > 12 for text in some)


def _codes(counts: Counter[str], kind: Kind, filled: int) -> Mapping[str, int]:
    """The codes of a column that many rows share; names, numbers of persons and money are none."""
    if kind not in (Kind.NUMBER, Kind.TEXT, Kind.NAME) or len(counts) > _FEW_CODES or 2 * len(counts) > filled:
        return {}
    if kind is Kind.NAME or any(not _CODE.match(text) or _NUMBER_OF_SOMEBODY.match(text) for text in counts):
        return {}
    return dict(sorted(counts.items()))


def is_day(text: str, formats: Sequence[str]) -> bool:
    """Whether a text gives a moment in one of the formats that does not stand for "no date"."""
    for form in formats:
        try:
            moment = datetime.strptime(text, form)  # noqa: DTZ007 - local time as written
        except ValueError:
            continue
        return moment.date().isoformat() not in NO_DAYS
    return False


def _digits_after_point(number: Decimal) -> int:
    return max(0, -int(number.as_tuple().exponent))


def _is_number(text: str) -> bool:
    try:
        decimal(text)
    except ValueError:
        return False
    return True


def _share(some: Sequence[str], fits: Callable[[str], bool]) -> float:
    return sum(fits(text) for text in some) / len(some)
