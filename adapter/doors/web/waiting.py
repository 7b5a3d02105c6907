"""Waiting for a case that the worker takes on (等待办理结果)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import TypeVar

from fastapi.concurrency import run_in_threadpool

from adapter.doors.web.context import Service

T = TypeVar("T")

_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 0.5


async def waited(service: Service, seconds: float, look: Callable[[], T], under_way: Callable[[T], bool]) -> T:
    """What ``look`` sees once nothing is under way, or when the time is up.

    The waiting is asynchronous: sixty clerks who wait a minute must not use up the threads that do the work.
    """
    service.worker.wake()
    give_up_at, pause = monotonic() + seconds, _FIRST_PAUSE
    while True:
        now = await run_in_threadpool(look)
        if not under_way(now) or monotonic() >= give_up_at:
            return now
        await asyncio.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)
