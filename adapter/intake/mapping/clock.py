"""Times that a view wrote wrongly: a twelve-hour clock, or the month where minutes belong (时间格式疑误).

No single text shows it, all times of a stay together do. The day is right either way, and settlement goes by days.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from adapter.intake.mapping import stay_issues as issues
from adapter.intake.mapping.stay_spec import ClockCheck
from adapter.model.issues import Issue
from adapter.model.source import SourceRecord

_TIME = re.compile(r"(\d{4})\D?(\d\d)\D?(\d\d)\D?(\d\d)\D?(\d\d)\D?(\d\d)")
_HALF_A_DAY = frozenset(f"{hour:02d}" for hour in range(1, 13))


def clock_findings(rows: Iterable[SourceRecord], spec: ClockCheck) -> Iterator[Issue]:
    """What the times of a stay show about its clock: MAP-195, MAP-196, each once."""
    occurred: set[str] = set()
    hours: set[str] = set()
    months = True
    backwards = False
    first: SourceRecord | None = None
    for row in rows:
        at = _TIME.match(row.fields.get(spec.occurred, ""))
        if at is None or at.group(4, 5, 6) == ("00", "00", "00"):
            continue
        first = first or row
        occurred.add(at.group())
        hours.add(at[4])
        months = months and at[5] == at[2]
        booked = _TIME.match(row.fields.get(spec.booked, "")) if spec.booked else None
        if booked is not None and booked.group(1, 2, 3) == at.group(1, 2, 3):
            hours.add(booked[4])
            backwards = backwards or booked.group(4, 6) < at.group(4, 6)
    if first is None or len(occurred) < spec.least:
        return
    pointer = first.origin.pointer(spec.occurred)
    if months:
        yield issues.minutes_are_months(pointer, len(occurred))
    if backwards and hours <= _HALF_A_DAY:
        yield issues.twelve_hours(pointer, len(occurred))
