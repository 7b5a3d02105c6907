"""An aid office that keeps its books in HAPI's JPA server, as a subject of the promises.

What it holds is read by FHIR searches alone; ``tests/conformance/server`` is the office.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from adapter.fhir.canonical import decode, encode
from adapter.model.dates import SystemClock
from adapter.model.money import Money
from adapter.payers.delivery.endpoint import EndpointConfig
from adapter.payers.delivery.endpoints.fhir.endpoint import FhirEndpoint
from tests.conformance import strangers
from tests.promises.subjects import INSURANCE, Subject
from tests.support.counterparts import Counterpart

#: Whose numbers the office knows: the patient of the promises, and the one of the small case.
PERSONS = (INSURANCE, "T00000001")
_SETTLEMENTS = {"identifier": "https://aid-office.example/settlement|", "status": "active"}
_SECONDS = 120


@contextmanager
def office_server() -> Iterator[Counterpart]:
    """The server, until the ``with`` block ends."""
    running = Counterpart("hapi", strangers.server(*PERSONS), foreign=True).start()
    try:
        yield running
    finally:
        running.stop()


def office_endpoint(base: str, **more: Any) -> FhirEndpoint:
    """The adapter's endpoint of the office; HAPI does not know ``:identifier``, so what is asked about is chained."""
    config = EndpointConfig(
        "civil-affairs",
        "fhir",
        f"{base}/fhir",
        form="transaction",
        simulator=True,
        longest_delay=1,
        timeout=60,
        look_up="chained",
        **more,
    )
    return FhirEndpoint(config, SystemClock())


def asked(server: Counterpart, path: str, **params: str) -> Any:
    """A read or a search, answered from what is stored now."""
    answer = httpx.get(
        f"{server.fhir}/{path}", params=params, headers={"Cache-Control": "no-cache"}, timeout=_SECONDS
    ).raise_for_status()
    return decode(answer.content)


def resources(server: Counterpart, kind: str, **params: str) -> list[dict[str, Any]]:
    """What a search finds, all of it on one page."""
    found = asked(server, kind, _count="5000", **params)
    return [entry["resource"] for entry in found.get("entry", ())]


def posted(server: Counterpart, path: str, resource: dict[str, Any]) -> httpx.Response:
    """What the server says to a resource."""
    said = {"Content-Type": "application/fhir+json"}
    return httpx.post(f"{server.fhir}/{path}", content=encode(resource), headers=said, timeout=_SECONDS)


def emptied(server: Counterpart) -> None:
    """Take everything out of the store."""
    everything = {"name": "expungeEverything", "valueBoolean": True}
    posted(server, "$expunge", {"resourceType": "Parameters", "parameter": [everything]}).raise_for_status()


@dataclass(kw_only=True)
class Kept(Subject):
    """The office behind the server."""

    server: Counterpart

    def settled(self) -> int:
        return len(self._standing())

    def paid(self) -> Money:
        return Money.total(Money.yuan(str(each["payment"]["amount"]["value"])) for each in self._standing())

    def year(self) -> Any:
        return self.paid()

    def held(self, kind: str) -> int:
        """How many of a type the server holds."""
        return len(resources(self.server, kind))

    def _standing(self) -> list[dict[str, Any]]:
        return resources(self.server, "ClaimResponse", **_SETTLEMENTS)
