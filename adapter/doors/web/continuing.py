"""Goes on with what was received and not taken when an earlier process ended, in a thread of its own (续办线程)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import structlog

from adapter.cases.arrivals import GoneOn, keep_going
from adapter.cases.tools import Tools
from adapter.doors.web.logs import place_of
from adapter.model.case import Actor

log = structlog.get_logger(__name__)


@contextmanager
def going_on(tools: Tools, actor: str) -> Iterator[None]:
    """Meanwhile, go on with whatever was broken off; at the end, after the arrival at hand, stop."""
    stopping = Event()
    thread = Thread(
        target=keep_going,
        args=(tools, Actor(actor, "service")),
        kwargs={"wait": stopping.wait, "heard": _heard},
        name="going-on",
        daemon=True,
    )
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()


def _heard(done: GoneOn) -> None:
    if done.failed is not None:
        place = place_of(done.failed)
        log.error("not gone on", source=done.source, error=type(done.failed).__name__, place=place)
    elif done.taken is None:
        log.warning("not gone on", source=done.source, files=done.files, codes=[each.code for each in done.issues])
    else:
        log.info("gone on", source=done.source, files=done.files, stays=len(done.taken.stays))
