"""Stores what an MLLP listener hears for one source, and answers for it (接收应答).

``AA``: stored, and nothing is wrong with it as far as is known; ``AE``: stored, and its stay waits for a person or for
a further message, or a part of it could not be read; ``AR``: it could not be read. Even that is kept with its bytes.
"""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Sequence

import structlog

from adapter.cases.arrival_issues import sends_no_messages
from adapter.cases.frames import FRAME, Frame, keep_frame
from adapter.cases.tools import Tools
from adapter.doors.listeners.acknowledgement import Ack, Verdict
from adapter.doors.listeners.taker import Taker
from adapter.model.case import Actor
from adapter.model.dates import HOSPITAL_ZONE
from adapter.model.issues import AdapterError, Issue
from adapter.model.person import masked

log = structlog.get_logger(__name__)


class Receiver:
    """``accept`` is what an MLLP listener calls, from several threads at a time.

    Args:
        answer_seconds: how long an answer waits for its stay to be taken, so that it may say ``AE``; after that it is
            ``AA``, for stored it is. 0 never waits.
    """

    def __init__(self, source: str, tools: Tools, taker: Taker, actor: Actor, answer_seconds: float) -> None:
        self._source, self._tools, self._taker, self._actor = source, tools, taker, actor
        self._answer_seconds = answer_seconds
        self._numbers = itertools.count(1)
        self._process = secrets.token_hex(3)
        self.arrived = 0

    def check(self) -> None:
        """Raises AdapterError when the source is unknown, or sends no messages (SRC-165)."""
        if self._tools.feed(self._source).messages is None:
            raise AdapterError(sends_no_messages(self._source))

    def accept(self, message: bytes) -> Verdict:
        """Store a frame and say what became of it. Raises what kept it from being stored: then nobody answers."""
        act = self._tools.act(self._actor, "message received")
        moment = act.at.astimezone(HOSPITAL_ZONE)
        name = f"{FRAME}{moment:%Y%m%dT%H%M%S%f}-{self._process}-{next(self._numbers)}.hl7"
        frame = keep_frame(self._source, message, name, self._tools, act)
        found: Sequence[Issue] = ()
        if not frame.through:
            ticket = self._taker.put(frame)
            if self._answer_seconds and ticket.wait(self._answer_seconds):
                found = ticket.found
        verdict = _verdict(frame, found)
        self.arrived += 1
        log.info(
            "message",
            source=self._source,
            file=frame.name,
            control=masked(frame.control),
            ack=str(verdict.ack),
            new=frame.new,
            codes=[issue.code for issue in (*frame.refused, *found)],
        )
        return verdict


def _verdict(frame: Frame, found: Sequence[Issue]) -> Verdict:
    codes = " ".join(dict.fromkeys(issue.code for issue in (*frame.refused, *found)))
    if frame.refused and not frame.messages:
        return Verdict(Ack.REFUSED, codes)
    if codes:
        return Verdict(Ack.ERROR, codes)
    return Verdict(Ack.ACCEPTED, "" if frame.messages else "set aside: no inpatient stay is concerned")
