"""The poller: again and again, longer apart while it fails, and never silently dead."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

import pytest

from adapter.doors.listeners.database import DatabasePoller
from adapter.model.issues import AdapterError, Issue, Severity

AWAY = AdapterError(Issue("SRC-150", Severity.ERROR, "somewhere/database", "断开", "away"))


def until(true: Callable[[], bool], seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.005)


class Polls:
    """Fails as long as it is told to, and remembers when it was asked."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.at: list[float] = []

    def __call__(self) -> None:
        self.at.append(time.monotonic())
        if self.failures:
            raise self.failures.pop(0)


def test_it_polls_at_once_and_again() -> None:
    polls = Polls()
    with DatabasePoller("somewhere", polls, 0.02) as poller:
        until(lambda: len(polls.at) >= 3)
        assert poller.alive and poller.failing == ()
    assert not poller.alive
    seen = len(polls.at)
    time.sleep(0.06)
    assert len(polls.at) == seen


def test_it_waits_longer_while_the_database_is_away(caplog: pytest.LogCaptureFixture) -> None:
    polls = Polls(AWAY, AWAY, AWAY)
    with caplog.at_level(logging.WARNING), DatabasePoller("somewhere", polls, 0.02, longest=0.1) as poller:
        until(lambda: len(polls.at) >= 2)
        until(lambda: len(polls.at) >= 5)
        assert poller.failing == ()
    gaps = [after - before for before, after in zip(polls.at, polls.at[1:], strict=False)]
    assert gaps[0] >= 0.04 and gaps[1] >= 0.08 and gaps[2] >= 0.1
    said = [record.getMessage() for record in caplog.records]
    assert sum("SRC-150" in each for each in said) == 3
    assert "works again" in said[-1]


def test_an_unforeseen_error_does_not_end_it_and_its_words_stay_inside(caplog: pytest.LogCaptureFixture) -> None:
    polls = Polls(ValueError("测试甲"))
    with caplog.at_level(logging.WARNING), DatabasePoller("somewhere", polls, 0.01):
        until(lambda: len(polls.at) >= 2)
    assert "ValueError" in caplog.text and "测试甲" not in caplog.text


def test_what_fails_can_be_seen() -> None:
    with DatabasePoller("somewhere", Polls(AWAY), 5.0) as poller:
        until(lambda: poller.failing == ("SRC-150",))


def test_stopping_lets_the_poll_in_hand_end() -> None:
    begun, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def slow() -> None:
        begun.set()
        go_on.wait(5)
        ended.set()

    poller = DatabasePoller("somewhere", slow, 0.01)
    poller.start()
    begun.wait(5)
    threading.Timer(0.05, go_on.set).start()
    poller.stop()
    assert ended.is_set() and not poller.alive
    poller.stop()
