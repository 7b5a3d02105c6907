"""Starts after their ends: what is told at a glance of the text is what walking through the resource tells."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.fhir.rules_base import objects, order_findings
from adapter.fhir.validation import validate

EARLY, LATE = "2024-03-01T08:00:00+08:00", "2024-03-02T08:00:00+08:00"
WEST = "2024-03-02T01:00:00-08:00"  # nine hours after LATE, though its text comes before

TIMES = st.sampled_from([None, EARLY, LATE, WEST, "2024-03-01", "2024-03-02", "2024-03-01T08:00:60+08:00", "2024"])


def account(start: str | None, end: str | None, **more: Any) -> dict[str, Any]:
    period = {name: text for name, text in (("start", start), ("end", end)) if text is not None}
    return {"resourceType": "Account", "id": "a", "status": "active", "servicePeriod": period, **more}


@pytest.mark.parametrize(
    ("start", "end", "wrong"),
    [
        (EARLY, LATE, False),
        (EARLY, EARLY, False),
        (LATE, EARLY, True),
        (LATE, WEST, False),
        (WEST, LATE, True),
        (None, EARLY, False),
        ("2024-03-02", EARLY, True),
        ("2024-03-01", EARLY, False),
    ],
)
def test_a_period(start: str | None, end: str, *, wrong: bool) -> None:
    found = validate([account(start, end)])
    assert [issue.pointer for issue in found] == (["Account/a.servicePeriod"] if wrong else [])


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(TIMES, TIMES, st.booleans()), min_size=1, max_size=3), st.sampled_from(["", '"end":', "end"]))
def test_any_periods(periods: list[tuple[str | None, str | None, bool]], name: str) -> None:
    """In either order of the members, and with texts that look like one."""
    found = [account(start, end)["servicePeriod"] for start, end, _ in periods]
    of_text = [
        dict(reversed(each.items())) if turned else each for each, (_, _, turned) in zip(found, periods, strict=True)
    ]
    resource = {"resourceType": "Account", "id": "a", "name": name, "x": of_text}
    parents = [path for path, node in objects(resource) if _late(node)]
    assert len(order_findings(resource, "Account/a")) == len(parents)


def _late(node: Any) -> bool:
    """Said anew: a day stands for all of it, and a leap second is compared with nothing."""
    start, end = node.get("start"), node.get("end")
    if start is None or end is None or (":60" in start + end and "T" in start and "T" in end):
        return False
    moments = {EARLY: 0, LATE: 24, WEST: 33}
    if start in moments and end in moments:
        return moments[start] > moments[end]
    days = [text.partition("T")[0] for text in (start, end)]
    common = min(map(len, days))
    return bool(days[0][:common] > days[1][:common])
