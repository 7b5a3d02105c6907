"""The worker of a service: it delivers what is due and takes unfinished cases on. 送达线程。

One thread speaks with the payers; a second one, where there is anybody to tell, with the hospitals. A HIS that is slow
or away keeps no settlement waiting. A third one tells subscribers of changed resources, a fourth one writes bulk
exports, a fifth one looks each morning for what patients must be told.

More services and ``adapter deliver --watch`` may work on the same ledger at the same time: leases keep them apart.
"""

from __future__ import annotations

from datetime import date
from threading import Event, Thread
from time import monotonic

import structlog

from adapter.cases.dispatch import payers_only, resume_all, ways_back_only, work_once
from adapter.cases.export import work_on_exports
from adapter.cases.subscriptions_lane import SubscriberLane
from adapter.cases.tools import Tools
from adapter.cases.window.notices import run_notices
from adapter.doors.web.logs import place_of
from adapter.doors.web.metrics import Metrics
from adapter.model.case import Actor
from adapter.model.dates import HOSPITAL_ZONE
from adapter.model.issues import AdapterError

log = structlog.get_logger(__name__)

#: Messages leased at a time: a stop waits until these are dealt with.
_BATCH = 4
_IDLE_SECONDS = 0.5
_RESUME_SECONDS = 60.0
_AFTER_FAILURE_SECONDS = 5.0


class Worker:
    """Runs rounds until it is stopped. What it leaves behind when killed, the next one finds and asks about."""

    def __init__(self, tools: Tools, metrics: Metrics, actor: str, notices_at: str = "off") -> None:
        told = ways_back_only(tools)
        self._lanes = [_Lane(payers_only(tools), metrics, actor, "worker", resumes=True)]
        self._lanes += [_Lane(told, metrics, actor, "worker-his", resumes=False)] if told.endpoints else []
        self._lanes += [_Subscribers(tools, metrics, actor), _Exports(tools, metrics, actor)]
        self._lanes += [_Notices(tools, metrics, actor, notices_at)] if notices_at != "off" else []

    def start(self) -> None:
        """Begin; unfinished cases are taken on first."""
        for lane in self._lanes:
            lane.start()

    def stop(self) -> None:
        """Finish the messages in hand and end."""
        for lane in self._lanes:
            lane.ask_to_stop()
        for lane in self._lanes:
            lane.stop()

    def wake(self) -> None:
        """Something was stored that may be sent now."""
        for lane in self._lanes:
            lane.wake()

    @property
    def alive(self) -> bool:
        return all(lane.alive for lane in self._lanes)


class _Lane:
    """One thread of it."""

    def __init__(self, tools: Tools, metrics: Metrics, actor: str, name: str, *, resumes: bool) -> None:
        self._tools, self._metrics = tools, metrics
        self._actor = Actor(actor, "service")
        self._resumes = resumes
        self._stopping, self._due = Event(), Event()
        self._thread = Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def ask_to_stop(self) -> None:
        self._stopping.set()
        self._due.set()

    def stop(self) -> None:
        self.ask_to_stop()
        self._thread.join()

    def wake(self) -> None:
        self._due.set()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def _run(self) -> None:
        resume_at = 0.0
        while not self._stopping.is_set():
            self._due.clear()
            try:
                if self._resumes and monotonic() >= resume_at:
                    resume_at = monotonic() + _RESUME_SECONDS  # first: what fails here keeps no message waiting
                    resume_all(self._tools, self._actor)
                busy = self._round()
            except AdapterError as error:  # the ledger is busy with others' work, most likely: soon again
                log.warning("worker waits", codes=[issue.code for issue in error.issues])
                self._pause(_IDLE_SECONDS)
            except Exception as error:
                # the service must go on delivering; the figure and the log line tell the operator
                self._metrics.failures.inc()
                log.error("worker failed", error=type(error).__name__, place=place_of(error))
                self._pause(_AFTER_FAILURE_SECONDS)
            else:
                if not busy:
                    self._due.wait(_IDLE_SECONDS)

    def _round(self) -> bool:
        done = work_once(self._tools, limit=_BATCH)
        self._metrics.delivered(done)
        return bool(done.sent)

    def _pause(self, seconds: float) -> None:
        self._stopping.wait(seconds)


class _Subscribers(_Lane):
    """The thread that follows the journal for those who subscribed, and tells them."""

    def __init__(self, tools: Tools, metrics: Metrics, actor: str) -> None:
        super().__init__(tools, metrics, actor, "worker-subscribers", resumes=False)
        self._subscribers = SubscriberLane(tools)

    def stop(self) -> None:
        super().stop()
        self._subscribers.close()

    def _round(self) -> bool:
        done, behind = self._subscribers.round(limit=_BATCH)
        self._metrics.delivered(done)
        return behind or bool(done.sent)


class _Exports(_Lane):
    """The thread that writes bulk exports, and deletes those whose time is over."""

    def __init__(self, tools: Tools, metrics: Metrics, actor: str) -> None:
        super().__init__(tools, metrics, actor, "worker-exports", resumes=False)

    def _round(self) -> bool:
        return work_on_exports(self._tools, stopping=self._stopping.is_set)


class _Notices(_Lane):
    """The thread that makes daily bills and looks for alerts, once a day from the set time on.

    After a restart it looks again, which makes nothing twice; a failure waits for the next day or a command.
    """

    def __init__(self, tools: Tools, metrics: Metrics, actor: str, at: str) -> None:
        super().__init__(tools, metrics, actor, "worker-notices", resumes=False)
        self._at = at
        self._looked: date | None = None

    def _round(self) -> bool:
        now = self._tools.clock.now().astimezone(HOSPITAL_ZONE)
        if f"{now:%H:%M}" < self._at or self._looked == now.date():
            return False
        self._looked = now.date()
        for looked in run_notices(self._tools, self._actor, on=now.date()):
            if looked.issues:
                log.warning("notices", case=looked.case_id, codes=[issue.code for issue in looked.issues])
            if self._stopping.is_set():
                break
        return False
