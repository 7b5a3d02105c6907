"""Simulated counterparts in this process, for the conformance kit: no socket, the same application and faults.

with bureau_here(tmp_path / "bureau.sqlite") as here:
    here.script({"match": {"stage": "settle"}, "do": "drop-after", "times": 0})
    conform("fhir", "insurance", here.target, scenarios)
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx

from adapter.counterparts import web
from adapter.counterparts.assess import Assessor
from adapter.counterparts.catalogue import load_lists
from adapter.counterparts.conformance import texts
from adapter.counterparts.conformance.dialects import Target
from adapter.counterparts.conformance.site import Site, load_site
from adapter.counterparts.desk import Desk
from adapter.counterparts.faults import Faults, fault_of
from adapter.counterparts.seed import load_seed
from adapter.counterparts.smart import TokenDesk
from adapter.counterparts.smart_web import sign_in
from adapter.counterparts.store import Store
from adapter.counterparts.terms import PlanBook
from tests.support.counterparts import ROOT

MAPPINGS = ROOT / "mappings"
#: A fault that makes the caller wait so long is a time-out at once; nobody sleeps for it.
PATIENCE_SECONDS = 1

Change = Callable[[httpx.Request, httpx.Response], httpx.Response]


_sleep = asyncio.sleep


async def _impatient(seconds: float, result: Any = None) -> Any:
    if seconds >= PATIENCE_SECONDS:
        raise TimeoutError
    return await _sleep(seconds, result)


async def _at_once(work: Callable[..., Any], *given: Any) -> Any:
    """No thread: there is one caller."""
    return work(*given)


@dataclass
class Wire(httpx.BaseTransport):
    """Requests go straight into the application; ``change`` may alter an answer on its way back.

    ``module`` is where the application calls ``run_in_threadpool``.
    """

    app: Any
    loop: asyncio.AbstractEventLoop
    change: Change | None = None
    module: Any = web

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answered: list[dict[str, Any]] = []
        try:
            with patch.object(asyncio, "sleep", _impatient), patch.object(self.module, "run_in_threadpool", _at_once):
                self.loop.run_until_complete(self._call(request, answered))
        except TimeoutError as error:
            raise httpx.ReadTimeout("too slow", request=request) from error
        if not answered or answered[-1].get("more_body"):
            raise httpx.RemoteProtocolError("the connection closed", request=request)
        body = b"".join(part.get("body", b"") for part in answered[1:])
        response = httpx.Response(answered[0]["status"], headers=answered[0]["headers"], content=body, request=request)
        return self.change(request, response) if self.change else response

    async def _call(self, request: httpx.Request, answered: list[dict[str, Any]]) -> None:
        parts = [{"type": "http.request", "body": request.read(), "more_body": False}]

        async def receive() -> dict[str, Any]:
            return parts.pop() if parts else {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            answered.append(message)

        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": request.method,
            "path": request.url.path,
            "raw_path": request.url.raw_path,
            "root_path": "",
            "scheme": "http",
            "query_string": request.url.query,
            "headers": [(name.lower(), value) for name, value in request.headers.raw],
            "client": ("127.0.0.1", 1),
            "server": ("here.example", 80),
        }
        await self.app(scope, receive, send)


@dataclass
class Here:
    """A counterpart in this process."""

    desk: Desk
    faults: Faults
    wire: Wire
    target: Target

    def script(self, *faults: Mapping[str, Any]) -> None:
        self.faults.script([fault_of(each) for each in faults])

    def reset(self) -> None:
        self.desk.store.reset()
        self.script()
        self.wire.change = None


@contextmanager
def counterpart_here(
    role: str, store: Path, *, ignore_keys: bool = False, tokens: TokenDesk | None = None
) -> Iterator[Here]:
    """``bureau`` or ``aid``; with ``tokens`` nobody comes in without one of theirs."""
    assessor = _assessor(role)
    kept = Store(store)
    loop = asyncio.new_event_loop()
    desk = Desk(role, kept, assessor, ignore_keys=ignore_keys, by_transaction=role == "aid")
    faults = Faults()
    app = web.build(desk, faults, tokens)
    if tokens is not None:
        sign_in(app, tokens)
    wire = Wire(faults.around(app, lambda scope: None), loop)
    try:
        with httpx.Client(transport=wire) as client:
            yield Here(desk, faults, wire, Target("http://here.example/fhir", site(), client=client))
    finally:
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
        kept.close()


def scripted_faults(role: str) -> dict[str, dict[str, Any]]:
    """The faults of ``fixtures/conformance/faults.yaml`` that concern a role, acting for ever."""
    found = {}
    for name, row in texts.read(ROOT / "fixtures" / "conformance" / "faults.yaml").items():
        fault, match = dict(row["fault"]), {"times": 0, **row["fault"]["match"]}
        if "nth" in match:
            match["nth"] = int(match["nth"])
        if "status" in fault:
            fault["status"] = int(fault["status"])
        if row.get("role", role) == role:
            found[name] = {**fault, "match": match}
    return found


def site() -> Site:
    """The site file as shipped, which fits the simulators; they adjudicate at once, so nobody waits."""
    return replace(load_site(MAPPINGS / "conformance" / "site.yaml"), wait_seconds=0)


@cache
def _assessor(role: str) -> Assessor:
    seed = load_seed(ROOT / "fixtures" / "endpoints" / f"{role}.yaml")
    return Assessor(seed, PlanBook.load(MAPPINGS, seed, []), load_lists(seed.items))
