"""The fixture hospital under the county plan with every notice setting filled in, and patients who are still there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from adapter.cases.tools import Tools
from adapter.cases.window.notices import Looked, run_notices
from tests.support.office import CLERK, Story, take_in

#: A stay under the county plan: admitted 2023-02-11, emergency, provisional.
STAY = "300010008"
SCHEME = "test_county_plan"
FILLED = {
    "large_cost": "1000.00",
    "self_pay_ratio_limit": "0.50",
    "estimate_least_stays": "2",
    "discharge_notice_days": "2",
}


def with_settings(tools: Tools, settings: Mapping[str, str]) -> Tools:
    """Tools whose county plan has these settings too."""
    scheme = tools.book.schemes[SCHEME]
    scheme = replace(scheme, settings={**scheme.settings, **settings})
    return replace(tools, book=replace(tools.book, schemes={**tools.book.schemes, SCHEME: scheme}))


Change = Callable[[list[dict[str, Any]]], None]


def through(day: date, *, there: bool = True, change: Change = lambda _: None) -> Callable[[Story], None]:
    """A change of the story: the stay as its HIS shows it on a day; each line has the same key every day.

    Args:
        change: changes the fee lines, one per item and day, in order of days.
    """

    def apply(story: Story) -> None:
        stay = story["stays"][0]
        if there:
            stay.pop("discharged")
            stay["state"] = "0"
            stay["diagnoses"] = [each for each in stay["diagnoses"] if each["kind"] == "2"]
        daily = sorted((each for line in stay["lines"] for each in _by_day(line)), key=lambda each: each["on"])
        stay["lines"] = [each for each in daily if each["on"] <= day.isoformat()]
        change(stay["lines"])

    return apply


def _by_day(line: dict[str, Any]) -> list[dict[str, Any]]:
    """A fee line of the story as one line a day."""
    first = date.fromisoformat(line["from"] if "from" in line else line["on"])
    rest = {key: value for key, value in line.items() if key not in ("from", "on", "days")}
    return [{**rest, "on": (first + timedelta(days=n)).isoformat()} for n in range(int(line.get("days", "1")))]


def seen_on(
    day: date, tools: Tools, folder: Path, *, there: bool = True, change: Change = lambda _: None
) -> list[Looked]:
    """The HIS's export of a morning, with what was charged by the evening before, then the run of that morning."""
    until = day - timedelta(days=1) if there else day
    take_in(tools, folder, STAY, changed=through(until, there=there, change=change))
    return list(run_notices(tools, CLERK, on=day))


def keys(found: list[Looked]) -> list[str]:
    return [due.key for each in found for due in each.due]
