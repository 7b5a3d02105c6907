"""Takes the stays that stored messages touch, in a thread of its own: senders need not wait for it (消息登记线程).

Messages that come while one round runs are taken together in the next, each stay once. The queue is only in memory:
what is in it when the process dies stands in the ledger as unprocessed, and is gone on with at the next start.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Condition, Event, Thread

import structlog

from adapter.cases.frames import Frame, take_frames
from adapter.cases.recording import Fate, StayTaken
from adapter.cases.tools import Tools
from adapter.model.case import Actor
from adapter.model.issues import AdapterError, Issue, stopping

log = structlog.get_logger(__name__)

_BUSY_SECONDS = 0.5


@dataclass(slots=True)
class Ticket:
    """A frame in the queue; ``found`` says why stays of it wait, once it has been taken."""

    frame: Frame
    found: tuple[Issue, ...] = ()
    _done: Event = field(default_factory=Event)

    def wait(self, seconds: float) -> bool:
        """Whether it was taken within this time."""
        return self._done.wait(seconds)

    def taken(self, stays: Sequence[StayTaken]) -> None:
        of_frame = (each for each in stays if each.fate is Fate.PARKED and each.stay_key in self.frame.stays)
        self.found = tuple(dict.fromkeys(issue for each in of_frame for issue in stopping(each.issues)))
        self._done.set()


class Taker:
    """One thread for all sources."""

    def __init__(self, tools: Tools, actor: Actor) -> None:
        self._tools, self._actor = tools, actor
        self._waiting: list[Ticket] = []
        self._more = Condition()
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="taker", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End after the round at hand; what still waits is found in the ledger at the next start."""
        self._stopping.set()
        with self._more:
            self._more.notify_all()
        if self._thread.is_alive():
            self._thread.join()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def put(self, frame: Frame) -> Ticket:
        """Queue a stored frame."""
        ticket = Ticket(frame)
        with self._more:
            self._waiting.append(ticket)
            self._more.notify_all()
        return ticket

    def _run(self) -> None:
        while not self._stopping.is_set():
            with self._more:
                while not self._waiting and not self._stopping.is_set():
                    self._more.wait()
                together, self._waiting = self._waiting, []
            by_source: defaultdict[str, list[Ticket]] = defaultdict(list)
            for ticket in together:
                by_source[ticket.frame.source].append(ticket)
            for tickets in by_source.values():
                if not self._stopping.is_set():
                    self._round(tickets)

    def _round(self, tickets: list[Ticket]) -> None:
        """Take the frames of one source together; one that cannot be taken is found out and left in the ledger."""
        stays: list[StayTaken] = []
        act = self._tools.act(self._actor, "message received")
        try:
            take_frames([ticket.frame for ticket in tickets], self._tools, act, stays.append)
        except AdapterError as error:  # the ledger is busy with others' work, most likely: soon again
            log.warning("messages wait", codes=[issue.code for issue in error.issues], messages=len(tickets))
            with self._more:
                self._waiting = tickets + self._waiting
            self._stopping.wait(_BUSY_SECONDS)
            return
        except Exception as error:  # the others go on; this one stays unprocessed, which the figures show
            if len(tickets) > 1:
                for ticket in tickets:
                    self._round([ticket])
                return
            log.error("message not taken", file=tickets[0].frame.name, error=type(error).__name__)
            return
        for ticket in tickets:
            ticket.taken(stays)
