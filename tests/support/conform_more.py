"""Bureaus of the national platform and the SOAP aid service in this process, for the conformance kit.

with bureau_here() as here:
    here.change = some_lie
    list(conform("nhsa", "insurance", here.target, scenarios))
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from adapter.counterparts.aid_xml import web as aid_web
from adapter.counterparts.aid_xml.seed import load_seed as load_aid_seed
from adapter.counterparts.aid_xml.service import Service
from adapter.counterparts.aid_xml.store import AidStore
from adapter.counterparts.conformance.dialects import AnySite, Target, site_for
from adapter.counterparts.faults import Fault, Faults, fault_of
from adapter.counterparts.nhsa import web as nhsa_web
from adapter.counterparts.nhsa.bureau import Bureau
from adapter.counterparts.nhsa.faults import OWN, wire_of
from adapter.counterparts.nhsa.office import Office
from adapter.counterparts.nhsa.region import load_region
from adapter.counterparts.nhsa.state import state as nhsa_state
from adapter.counterparts.nhsa.store import Store
from tests.support.conformance import MAPPINGS, Change, Wire
from tests.support.nhsa_window import HOME, _books


@dataclass
class HereToo:
    """A counterpart in this process.

    Attributes:
        state: what its ``/control/state`` tells.
        clean: empties its store.
        read: one scripted fault.
    """

    wire: Wire
    faults: Faults
    target: Target
    state: Callable[[], Mapping[str, Any]]
    clean: Callable[[], None]
    read: Callable[[Any], Fault]

    def script(self, *rows: Mapping[str, Any]) -> None:
        self.faults.script([self.read(row) for row in rows])

    def reset(self) -> None:
        self.clean()
        self.script()
        self.wire.change = None

    def lie(self, change: Change | None) -> None:
        self.wire.change = change


@contextmanager
def bureau_here(
    region: str = "plain", site: AnySite | None = None, secrets: Mapping[str, str] | None = None
) -> Iterator[HereToo]:
    """The simulated bureau of a region."""
    seed, plans, lists, definitions = _books()
    store = Store(Path(":memory:"))
    bureau = Bureau(Office(load_region(HOME / "regions" / f"{region}.yaml"), seed, plans, lists, store), definitions)
    faults = Faults(wire=wire_of(bureau.office.region.gateway))
    loop = asyncio.new_event_loop()
    wire = Wire(faults.around(nhsa_web.build(bureau, faults), lambda scope: None), loop, module=nhsa_web)
    known = site or site_for("nhsa", "insurance", MAPPINGS, None)
    try:
        with httpx.Client(transport=wire) as client:
            target = Target("http://bureau.example/nhsa", known, (secrets or {}).get, client)
            yield HereToo(
                wire, faults, target, lambda: nhsa_state(bureau.office), store.reset, lambda row: fault_of(row, OWN)
            )
    finally:
        loop.close()
        store.close()


PASSWORD = {"ADAPTER_CONFORM_PASSWORD": "not-a-real-password"}


@contextmanager
def aid_service_here() -> Iterator[HereToo]:
    """The simulated SOAP aid service."""
    store = AidStore(Path(":memory:"))
    service = Service(load_aid_seed(HOME.parent / "aid-xml.yaml"), store)
    faults = Faults(wire=aid_web.soap_wire())
    loop = asyncio.new_event_loop()
    wire = Wire(faults.around(aid_web.build(service, faults), lambda scope: None), loop, module=aid_web)
    try:
        with httpx.Client(transport=wire) as client:
            url = f"http://aid.example{aid_web.PATH}"
            target = Target(url, site_for("aid-xml", "aid", MAPPINGS, None), PASSWORD.get, client)
            yield HereToo(wire, faults, target, service.state, store.reset, fault_of)
    finally:
        loop.close()
        store.close()
