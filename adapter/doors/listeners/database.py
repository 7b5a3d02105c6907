"""Polls a hospital's database again and again, in a thread of its own (数据库轮询).

A database that is away does not end it: it waits longer each time, up to a limit, and says so in the log. Whatever a
poll had begun is done again by the next one.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from types import TracebackType

from adapter.model.issues import AdapterError

_LOG = logging.getLogger("adapter.listeners.database")


class DatabasePoller:
    """Polls until it is stopped. A context manager.

    Args:
        source: the feed, for the log.
        poll: reads once; an AdapterError means that nothing was taken.
        every: seconds from the end of one poll to the beginning of the next.
        longest: most seconds between two polls while they fail; never less than ``every``.
    """

    def __init__(self, source: str, poll: Callable[[], None], every: float, *, longest: float = 600.0) -> None:
        self._source, self._poll = source, poll
        self._every, self._longest = every, max(longest, every)
        self._stopping = threading.Event()
        self._failures = 0
        self._said: tuple[str, ...] = ()
        self._thread = threading.Thread(target=self._run, name=f"poll-{source}", daemon=True)

    @property
    def alive(self) -> bool:
        """Whether its thread runs."""
        return self._thread.is_alive()

    @property
    def failing(self) -> tuple[str, ...]:
        """Issue codes of the last poll, or the type of an unforeseen error; empty when it went well."""
        return self._said

    def start(self) -> None:
        """Begin with a poll at once."""
        self._thread.start()

    def stop(self, seconds: float = 30.0) -> None:
        """Let the poll in hand end, and no other begin. Safe to call twice."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(seconds)

    def wait(self) -> None:
        """Until it is stopped."""
        while self._thread.is_alive():
            self._thread.join(1.0)

    def __enter__(self) -> DatabasePoller:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._once()
            self._stopping.wait(self._pause())

    def _once(self) -> None:
        try:
            self._poll()
        except AdapterError as error:
            self._failed(tuple(dict.fromkeys(issue.code for issue in error.issues)))
        except Exception as error:  # it must go on polling; its words may hold values of the database
            self._failed((type(error).__name__,))
        else:
            if self._said:
                _LOG.warning("poll of %s works again after %d failures", self._source, self._failures)
            self._failures, self._said = 0, ()

    def _failed(self, said: tuple[str, ...]) -> None:
        self._failures += 1
        self._said = said
        _LOG.error(
            "poll of %s failed (%s), %d times now; next in %.0f s",
            self._source,
            ", ".join(said),
            self._failures,
            self._pause(),
        )

    def _pause(self) -> float:
        """Twice as long after each failure."""
        if not self._failures:
            return self._every
        return min(self._every * 2.0 ** min(self._failures, 16), self._longest)
