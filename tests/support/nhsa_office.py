"""An office whose bureau is the simulated one of the national platform, in this process; its aid office is a fake."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import respx

from adapter.cases.tools import Tools
from adapter.payers.delivery.endpoint import EndpointConfig
from adapter.payers.delivery.endpoints.nhsa.endpoint import NhsaEndpoint
from adapter.payers.delivery.endpoints.nhsa.load import Dialect
from adapter.payers.delivery.retry import RetryPolicy
from tests.support.nhsa import ADDRESS, HOSPITAL, KEYS, STAY, dialect
from tests.support.nhsa_window import DIVISION, Window
from tests.support.office import TestClock, office, take_in
from tests.support.payers import fake_payers


@dataclass
class BureauOffice:
    """The hospital's side and the bureau's."""

    tools: Tools
    window: Window
    clock: TestClock


@contextmanager
def bureau_office(
    folder: Path, region: str = "test_inland", spoken: Dialect | None = None, stays: tuple[str, ...] = (STAY,)
) -> Iterator[BureauOffice]:
    """``clock`` of the bureau: the day of settlement is the discharge."""
    clock = TestClock()
    config = EndpointConfig("bureau", "nhsa", ADDRESS, simulator=True, longest_delay=5, timeout=1)
    hospital = replace(HOSPITAL, division=DIVISION)
    bureau = NhsaEndpoint(config, clock, dialect=spoken or dialect(region), hospital=hospital, keys=KEYS)
    endpoints = {"bureau": bureau, "civil-affairs": fake_payers(clock).aid}
    with Window.at(region, clock="claim") as window, respx.mock(assert_all_called=False) as wire:

        def answer(request: httpx.Request) -> httpx.Response:
            object.__setattr__(window.bureau.office, "seconds", lambda: clock.now().timestamp())
            path = request.url.path.replace(httpx.URL(ADDRESS).path, "/nhsa")
            given = window.client.post(path, content=request.content, headers=dict(request.headers))
            return httpx.Response(given.status_code, content=given.content, headers=given.headers)

        wire.post(url__startswith=ADDRESS).mock(side_effect=answer)
        retry = RetryPolicy(first=0.1, most=1, limit=3)
        with office(folder, endpoints, clock=clock, retry=retry) as tools:
            assert not take_in(tools, folder, *stays).stopped
            yield BureauOffice(tools, window, clock)
    bureau.close()
