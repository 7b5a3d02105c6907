"""When an endpoint may be spoken to: hours, windows, rate and breaker, without a wire."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from adapter.model.issues import Issue, Severity
from adapter.model.messages import Outcome, Receipt
from adapter.payers.delivery.traffic import Traffic, TrafficRules
from adapter.settings import EndpointSettings

NIGHT = TrafficRules(quiet=((time(22), time(6, 30)),))
ODD = Issue("DEL-502", Severity.WARNING, "k", "读不懂", "unreadable", "-", "-")
NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)


def at(clock: str, day: int = 2) -> datetime:
    """A moment of the hospital's day, in UTC."""
    return datetime.fromisoformat(f"2026-03-{day:02}T{clock}+08:00").astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "until"),
    [
        (at("21:59:59"), None),
        (at("22:00"), at("06:30", 3)),
        (at("23:30"), at("06:30", 3)),
        (at("00:10", 3), at("06:30", 3)),
        (at("06:29:59", 3), at("06:30", 3)),
        (at("06:30", 3), None),
    ],
)
def test_quiet_hours_go_on_past_midnight(now: datetime, until: datetime | None) -> None:
    closed = NIGHT.closed(now)
    assert (closed and closed.until) == until
    assert closed is None or closed.why == "quiet-hours"


def test_windows_that_touch_count_as_one() -> None:
    rules = TrafficRules(
        quiet=((time(1), time(2)),),
        maintenance=((at("00:00"), at("01:00")), (at("02:00"), at("03:00")), (at("05:00"), at("06:00"))),
    )
    closed = rules.closed(at("00:30"))
    assert closed is not None
    assert (closed.until, closed.why) == (at("03:00"), "maintenance")
    assert rules.closed(at("03:00")) is None


def test_a_window_over_the_end_of_a_month_as_the_settings_write_it() -> None:
    """Hospital time: 22:00 on 31 January is 14:00 UTC."""
    hours = {"quiet_hours": ["23:30-00:30"], "maintenance": ["2026-01-31T22:00/2026-02-01T00:00"]}
    told = EndpointSettings.model_validate({"base_url": "x", **hours})
    rules = TrafficRules(quiet=told.quiet_hours, maintenance=told.maintenance)
    begins, midnight = datetime(2026, 1, 31, 14, tzinfo=UTC), datetime(2026, 1, 31, 16, tzinfo=UTC)
    assert rules.closed(begins - timedelta(seconds=1)) is None
    for now in (begins, midnight - timedelta(microseconds=1), midnight):
        closed = rules.closed(now)
        assert closed is not None and closed.until == midnight + timedelta(minutes=30)
    assert rules.closed(midnight + timedelta(minutes=30)) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"quiet_hours": ["22:00-22:00"]},
        {"quiet_hours": ["22:00+08:00-06:00+08:00"]},
        {"quiet_hours": ["at night"]},
        {"maintenance": ["2026-02-01T02:00/2026-01-31T22:00"]},
        {"maintenance": ["2026-01-31T22:00/2026-02-30T02:00"]},
    ],
    ids=str,
)
def test_hours_that_cannot_be_meant_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        EndpointSettings(base_url="x", **wrong)


def test_an_endpoint_that_is_quiet_all_day_does_not_hang() -> None:
    rules = TrafficRules(quiet=((time(0), time(12)), (time(12), time(0))))
    closed = rules.closed(NOW)
    assert closed is not None
    assert closed.until > NOW + timedelta(days=300)


@given(st.lists(st.integers(1, 2000), min_size=1, max_size=60))
@settings(deadline=None, max_examples=100)
def test_the_rate_is_kept_whatever_the_steps(steps: list[int]) -> None:
    traffic, now, sent = Traffic({"bureau": TrafficRules(per_second=2.0)}), NOW, 0
    for step in steps:
        allowed = traffic.allowance("bureau", now, 16)
        traffic.took("bureau", allowed)
        sent += allowed
        now += timedelta(milliseconds=step)
    assert sent <= 2 + 2 * (sum(steps) / 1000)


def test_a_slow_rate_still_lets_one_through() -> None:
    traffic = Traffic({"bureau": TrafficRules(per_second=0.5)})
    assert traffic.allowance("bureau", NOW, 16) == 0
    assert traffic.allowance("bureau", NOW + timedelta(seconds=1), 16) == 1
    traffic.took("bureau", 1)
    assert traffic.allowance("bureau", NOW + timedelta(seconds=2), 16) == 0


def test_a_clock_set_back_neither_gives_nor_takes() -> None:
    traffic = Traffic({"bureau": TrafficRules(per_second=1.0)})
    assert traffic.allowance("bureau", NOW, 16) == 1
    assert traffic.allowance("bureau", NOW - timedelta(hours=1), 16) == 1


def silence() -> Receipt:
    return Receipt(Outcome.NOT_SEEN, NOW, sent=False)


def test_a_breaker_opens_after_a_silence_tries_once_and_leaves_longer_and_longer() -> None:
    traffic = Traffic({"bureau": TrafficRules(breaker_failures=3, breaker_seconds=10)})
    assert [traffic.heard("bureau", silence(), NOW) for _ in range(2)] == [None, None]
    assert traffic.allowance("bureau", NOW, 16) == 16
    pauses = []
    for _ in range(8):
        closed = traffic.heard("bureau", silence(), NOW)
        assert closed is not None
        assert traffic.allowance("bureau", NOW, 16) == 1, "one tries whether it lives again"
        pauses.append((closed.until - NOW) / timedelta(seconds=1))
    assert pauses == [10, 20, 40, 80, 160, 320, 640, 640]
    assert traffic.heard("bureau", Receipt(Outcome.ACCEPTED, NOW), NOW) is None
    assert traffic.allowance("bureau", NOW, 16) == 16


@pytest.mark.parametrize(
    "answer",
    [
        Receipt(Outcome.REJECTED, NOW),
        Receipt(Outcome.UNKNOWN, NOW, retry_after=30),
        Receipt(Outcome.UNKNOWN, NOW, body=b"?", issues=(ODD,)),
    ],
)
def test_whoever_answers_is_not_dead(answer: Receipt) -> None:
    traffic = Traffic({"bureau": TrafficRules(breaker_failures=2)})
    for _ in range(5):
        assert traffic.heard("bureau", silence(), NOW) is None
        assert traffic.heard("bureau", answer, NOW) is None


def test_without_rules_nothing_is_held_back() -> None:
    traffic = Traffic()
    assert [traffic.heard("bureau", silence(), NOW) for _ in range(99)] == [None] * 99
    assert traffic.allowance("bureau", NOW, 16) == 16
    assert traffic.of("bureau").closed(NOW) is None
