"""The SOAP aid service in this process and the endpoint that speaks to it; a bad day can be scripted without a socket.

with aid_service(tmp_path) as aid, office(tmp_path, aid.endpoints) as tools:
    settle_case(STAY, computing_aid(tools))
    assert aid.service.state()["settled"] == 1
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import respx
from starlette.types import ASGIApp, Message

from adapter.cases.tools import Tools
from adapter.counterparts.aid_xml.seed import Known, load_seed
from adapter.counterparts.aid_xml.service import Service
from adapter.counterparts.aid_xml.store import AidStore
from adapter.counterparts.aid_xml.web import PATH, build, soap_wire
from adapter.counterparts.faults import Faults, fault_of
from adapter.model.call import CallFacts
from adapter.model.settlement import Authority
from adapter.payers.delivery.endpoint import EndpointConfig
from adapter.payers.delivery.endpoints.aid_xml.definitions import Definitions, load_definitions
from adapter.payers.delivery.endpoints.aid_xml.endpoint import AidXmlEndpoint
from adapter.payers.delivery.endpoints.aid_xml.stay import Office
from adapter.rules.policy.book import PolicyBook
from tests.support.office import ROOT, TestClock, case_id, office, policy_book, settle_case, take_in
from tests.support.payers import FakePayer, fake_payers

STAY = "300010004"
ID_CARD = "999999198301250084"
ADDRESS = f"https://aid.example{PATH}"
USER, PASSWORD = "hospital01", "not-a-real-password"
NAMESPACE = "http://service.aid.example/MedicalAid"
SEED = ROOT / "fixtures" / "endpoints" / "aid-xml.yaml"


class _Broken(Exception):
    """The connection was closed by a scripted fault."""


@cache
def definitions() -> Definitions:
    return load_definitions(ROOT / "mappings")


@cache
def computing_book() -> PolicyBook:
    """The fixture schemes with the aid computed by the hospital."""
    book = policy_book()
    schemes = {
        name: replace(
            scheme,
            calls=tuple(replace(c, authority=Authority.ADAPTER) if c.name == "aid" else c for c in scheme.calls),
        )
        for name, scheme in book.schemes.items()
    }
    return replace(book, schemes=schemes)


def computing_aid(tools: Tools) -> Tools:
    """Tools whose schemes compute the aid here."""
    return replace(tools, book=computing_book())


@dataclass
class Aid:
    """One service, one endpoint, one clock."""

    clock: TestClock
    service: Service
    faults: Faults
    endpoint: AidXmlEndpoint
    bureau: FakePayer
    calls: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    @property
    def endpoints(self) -> dict[str, Any]:
        return {"bureau": self.bureau, "civil-affairs": self.endpoint}

    def script(self, *rows: dict[str, Any]) -> None:
        self.faults.script([fault_of(row) for row in rows])

    def person(self, id_card: str = ID_CARD, **changed: Any) -> None:
        """Change what the service knows of a person."""
        known: Known = replace(self.service.seed.persons[id_card], **changed)
        self.service.seed = replace(self.service.seed, persons={**self.service.seed.persons, id_card: known})


@contextmanager
def aid_service(
    folder: Path,
    *,
    clock: TestClock | None = None,
    password: str = PASSWORD,
    **wishes: Any,
) -> Iterator[Aid]:
    """The service with a store of its own, reached over HTTP that never leaves the process."""
    clock = clock or TestClock()
    payers = fake_payers(clock)
    store = AidStore(folder / "aid-xml.sqlite")
    service = Service(load_seed(SEED), store, seconds=lambda: clock.moment.timestamp())
    faults = Faults(wire=soap_wire())
    endpoint = AidXmlEndpoint(
        EndpointConfig("civil-affairs", "aid-xml", ADDRESS, simulator=True, longest_delay=5, timeout=1),
        clock,
        definitions=definitions(),
        office=Office(NAMESPACE, **wishes),
        user_name=USER,
        password=lambda: password,
    )
    aid = Aid(clock, service, faults, endpoint, payers.bureau)
    app = faults.around(build(service, faults), _break_off)

    def answered(request: httpx.Request) -> httpx.Response:
        aid.calls.append(request.headers["SOAPAction"].strip('"').removeprefix("urn:"))
        aid.bodies.append(request.content)
        try:
            return asyncio.run(_answer(app, request))
        except _Broken as error:
            raise httpx.ReadError("closed") from error

    with respx.mock(assert_all_called=False) as wire:
        wire.post(ADDRESS).mock(side_effect=answered)
        yield aid
        endpoint.close()
    store.close()


async def _answer(app: ASGIApp, request: httpx.Request) -> httpx.Response:
    """One request through the application, as a server would hand it over."""
    scope = {
        "type": "http",
        "method": request.method,
        "path": request.url.path,
        "query_string": b"",
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
    }
    told: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": request.content, "more_body": False}

    async def send(message: Message) -> None:
        told.append(message)

    await app(scope, receive, send)
    content = b"".join(message.get("body", b"") for message in told[1:])
    return httpx.Response(told[0]["status"], headers=told[0]["headers"], content=content)


def _break_off(scope: Any) -> None:
    raise _Broken


@cache
def aid_facts() -> CallFacts:
    """The facts of the aid call of a real fixture stay, computed here."""
    payers = fake_payers(TestClock())
    with TemporaryDirectory() as name, office(Path(name), payers.endpoints) as tools:
        assert not take_in(tools, Path(name), STAY).stopped
        settle_case(STAY, tools)
    facts = payers.aid._expected[f"{case_id(STAY)}.v1.aid.settle"]
    return replace(facts, authority=Authority.ADAPTER)
