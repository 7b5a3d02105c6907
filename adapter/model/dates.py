"""Days, periods, the hospital's local time and the clock as an argument."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

#: Every hospital of the programme keeps this time; a source file may name another zone.
HOSPITAL_ZONE = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """Days from ``start`` to ``end``, both included; no end means still running (长期有效)."""

    start: date
    end: date | None = None

    def __post_init__(self) -> None:
        if self.end is not None and self.end < self.start:
            raise ValueError(f"period ends {self.end} before it starts {self.start}")

    def __contains__(self, day: object) -> bool:
        if not isinstance(day, date):
            return False
        return self.start <= day and (self.end is None or day <= self.end)

    def __str__(self) -> str:
        return f"{self.start}…{self.end or ''}"


def local_day(moment: datetime, zone: ZoneInfo = HOSPITAL_ZONE) -> date:
    """The hospital's calendar day of a moment. Raises ValueError for a moment without a zone."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs its zone")
    return moment.astimezone(zone).date()


class Clock(Protocol):
    """Time is an argument: whoever needs it is handed a clock."""

    def now(self) -> datetime:
        """This moment, with zone."""
        ...


class SystemClock:
    """The machine's clock, in UTC."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass
class FixedClock:
    """A clock that stands still until told otherwise; for tests and replays."""

    moment: datetime

    def now(self) -> datetime:
        return self.moment
