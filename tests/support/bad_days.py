"""A hospital in this process with a simulated counterpart of one dialect, for bad days: no socket, no waiting.

with bad_day("nhsa-inland", tmp_path) as day:
    day.script({"match": {"stage": "settle"}, "do": "drop-after"})
    day.settle()
    assert day.settled() == 1 and day.sent() == 1
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import respx

from adapter.cases import dispatch, settle
from adapter.cases.tools import OfficeRules, Tools
from adapter.counterparts import web
from adapter.counterparts.aid_xml import bad_days as aid_days
from adapter.counterparts.aid_xml import web as aid_web
from adapter.counterparts.aid_xml.seed import load_seed as load_aid_seed
from adapter.counterparts.aid_xml.service import Service
from adapter.counterparts.aid_xml.store import AidStore
from adapter.counterparts.assess import Assessor
from adapter.counterparts.catalogue import load_lists
from adapter.counterparts.desk import Desk
from adapter.counterparts.faults import FHIR_OWN, Fault, Faults, fault_of
from adapter.counterparts.folder.bad_days import MoodyReceiver
from adapter.counterparts.nhsa import web as nhsa_web
from adapter.counterparts.nhsa.bureau import Bureau
from adapter.counterparts.nhsa.faults import OWN, wire_of
from adapter.counterparts.nhsa.office import Office as NhsaOffice
from adapter.counterparts.nhsa.region import load_region
from adapter.counterparts.nhsa.state import state as nhsa_state
from adapter.counterparts.nhsa.store import Store as NhsaStore
from adapter.counterparts.seed import load_seed
from adapter.counterparts.state import state
from adapter.counterparts.store import Store
from adapter.counterparts.terms import PlanBook
from adapter.payers.delivery.endpoint import Endpoint, EndpointConfig
from adapter.payers.delivery.endpoints.aid_xml.endpoint import AidXmlEndpoint
from adapter.payers.delivery.endpoints.aid_xml.stay import Office as AidOffice
from adapter.payers.delivery.endpoints.fhir.endpoint import FhirEndpoint
from adapter.payers.delivery.endpoints.folder.endpoint import FolderEndpoint
from adapter.payers.delivery.endpoints.nhsa.endpoint import NhsaEndpoint
from adapter.payers.delivery.endpoints.nhsa.hospital import Credential
from adapter.payers.delivery.shown import Shown
from tests.support.aid_xml import NAMESPACE, PASSWORD, USER, computing_aid, definitions
from tests.support.conformance import MAPPINGS, Wire
from tests.support.nhsa import HOSPITAL, KEYS, changed_region, dialect
from tests.support.nhsa_window import HOME, _books
from tests.support.office import ROOT, TestClock, act, case_id, office
from tests.support.payers import fake_payers

#: Registered poor, insured, two calls: insurance, then aid.
STAY = "300010004"
#: Of its patient at the bureau of the platform.
PSN_NO, CREDENTIAL = "999900000004", "ECERT-FOR-TESTS-004"
LONGEST_DELAY = 5
DIALECTS = ("fhir", "fhir-aid", "nhsa-inland", "nhsa-coastal", "aid-xml", "folder")


@dataclass
class Road:
    """HTTP from an endpoint into an application of this process; what a fault delays lands when its time has come.

    Attributes:
        inner: the application without the script.
        asked: every request that was sent, as the endpoint sent it.
        late: requests on their way, and when they land.
        closed: nobody is there.
    """

    faulty: Wire
    inner: Wire
    faults: Faults
    clock: TestClock
    asked: list[httpx.Request] = field(default_factory=list)
    late: list[tuple[datetime, httpx.Request]] = field(default_factory=list)
    closed: bool = False

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.land()
        if self.closed:
            raise httpx.ConnectError("nobody there", request=request)
        self.asked.append(request)
        before = len(self.faults.fired)
        try:
            return self.faulty.handle_request(request)
        except httpx.ReadTimeout:
            fired = self.faults.fired[before:]
            if fired and fired[0]["do"] == "delay":
                seconds = next(each.seconds for each in self.faults.pending if each.do == "delay")
                self.late.append((self.clock.moment + timedelta(seconds=seconds), request))
            raise

    def land(self) -> None:
        due = [each for each in self.late if each[0] <= self.clock.moment]
        for each in due:
            self.late.remove(each)
            self.inner.handle_request(each[1])


@dataclass
class BadDay:
    """One stay in an office, and the counterpart whose day is bad.

    Attributes:
        call: the scheme's call that the counterpart answers.
        counts: whether a request is the one that settles.
        told: what the counterpart's ``/control/state`` tells.
    """

    tools: Tools
    clock: TestClock
    call: str
    faults: Faults
    read: Callable[[Any], Fault]
    counts: Callable[[httpx.Request], bool]
    told: Callable[[], Mapping[str, Any]]
    road: Road | None = None
    courier: MoodyReceiver | None = None
    others: tuple[MoodyReceiver, ...] = ()

    @property
    def case(self) -> str:
        return case_id(STAY)

    def script(self, *rows: Mapping[str, Any]) -> None:
        self.faults.script([self.read(row) for row in rows])

    def settle(self) -> None:
        settle.start_settlement(self.case, self.tools, act(self.tools, "settlement"))
        self.work()

    def try_it(self) -> None:
        settle.start_trial(self.case, self.tools, act(self.tools, "trial"))
        self.work()

    def work(self, minutes: int = 90) -> None:
        """The worker works and time passes, until nothing is due."""
        until = self.clock.moment + timedelta(minutes=minutes)
        while self.clock.moment < until:
            done = dispatch.work_once(self.tools)
            brought = sum(each.collect() for each in self._couriers())
            due = self._next_due()
            if not done.sent and not brought and due is None:
                break
            soon = self.clock.moment + timedelta(seconds=2 if done.sent else 20)
            self.clock.moment = min(max(soon, due or soon), until) if not self._couriers() else soon
        if self.road:
            self.clock.moment += timedelta(minutes=1)
            self.road.land()

    def later(self, minutes: int) -> None:
        """Time passes without anybody doing anything."""
        self.clock.moment += timedelta(minutes=minutes)

    def sent(self) -> int:
        """How often the settlement was sent."""
        if self.courier:
            return len(list((self.courier.root / "taken").glob("*.json")))
        return sum(map(self.counts, self.road.asked if self.road else ()))

    def settled(self) -> int:
        """How many settlements stand with the counterpart."""
        return int(self.told()["settled"])

    def _couriers(self) -> tuple[MoodyReceiver, ...]:
        return (*([self.courier] if self.courier else []), *self.others)

    def _next_due(self) -> datetime | None:
        with self.tools.ledger.reading() as tx:
            return tx.next_due(tuple(self.tools.endpoints))


@contextmanager
def bad_day(kind: str, folder: Path, *, rules: OfficeRules | None = None, card: bool = False) -> Iterator[BadDay]:
    """An office whose counterpart of this dialect can be scripted; the others behave.

    ``card``: the bureau (nhsa) wants the patient's electronic credential, and knows ``CREDENTIAL`` as his.
    """
    clock, shown = TestClock(), Shown()
    with ExitStack() as stack:
        how = {"shown": shown} if card else {}
        made = _MAKERS[kind](stack, folder, clock, **how)
        endpoints = {**fake_payers(clock).endpoints, **made.pop("endpoints")}
        tools = stack.enter_context(office(folder, endpoints, clock=clock))
        tools = replace(tools, shown=shown, office=rules or tools.office)
        computing = made.pop("computing", False)
        yield BadDay(computing_aid(tools) if computing else tools, clock, **made)


# -- the counterparts -------------------------------------------------------------------------------------------------


def _road(stack: ExitStack, app: Any, faults: Faults, module: Any, clock: TestClock, address: str) -> Road:
    loop = asyncio.new_event_loop()
    stack.callback(loop.close)
    wire, inner = (Wire(each, loop, module=module) for each in (faults.around(app, lambda scope: None), app))
    road = Road(wire, inner, faults, clock)
    mocked = stack.enter_context(respx.mock(assert_all_called=False))
    mocked.route(url__startswith=address).mock(side_effect=road)
    return road


def _config(name: str, dialect_name: str, address: str, form: str = "submit") -> EndpointConfig:
    return EndpointConfig(
        name, dialect_name, address, form=form, simulator=True, longest_delay=LONGEST_DELAY, timeout=1
    )


@cache
def _assessor(role: str) -> Assessor:
    seed = load_seed(ROOT / "fixtures" / "endpoints" / f"{role}.yaml")
    plans = PlanBook.load(MAPPINGS, seed, [])
    plans = replace(plans, at_hand={**plans.at_hand, **_books()[1].at_hand})  # for rules that change
    return Assessor(seed, plans, load_lists(seed.items))


def desk_of(stack: ExitStack, folder: Path, role: str, clock: TestClock) -> Desk:
    """A FHIR counterpart's desk with a store of its own."""
    store = Store(folder / f"{role}.sqlite")
    stack.callback(store.close)
    return Desk(role, store, _assessor(role), by_transaction=role == "aid", seconds=lambda: clock.moment.timestamp())


def _fhir(stack: ExitStack, folder: Path, clock: TestClock, role: str = "bureau") -> dict[str, Any]:
    desk, faults = desk_of(stack, folder, role, clock), Faults()
    name, form = ("civil-affairs", "transaction") if role == "aid" else ("bureau", "submit")
    address = f"https://{role}.example/fhir"
    road = _road(stack, web.build(desk, faults), faults, web, clock, address)
    endpoint = FhirEndpoint(_config(name, "fhir", address, form), clock)
    stack.callback(endpoint.close)
    call = "aid" if role == "aid" else "insurance"
    return {
        "endpoints": {name: endpoint},
        "call": call,
        "faults": faults,
        "read": lambda row: fault_of(row, FHIR_OWN),
        "counts": lambda request: request.method == "POST" and f".{call}.settle".encode() in request.content,
        "told": lambda: state(desk),
        "road": road,
    }


def _fhir_aid(stack: ExitStack, folder: Path, clock: TestClock) -> dict[str, Any]:
    return _fhir(stack, folder, clock, "aid")


def _nhsa(stack: ExitStack, folder: Path, clock: TestClock, region: str, shown: Shown | None = None) -> dict[str, Any]:
    seed, plans, lists, fields = _books()
    if shown is not None:
        patient = replace(seed.persons[PSN_NO], token=CREDENTIAL)
        seed = replace(seed, persons={**seed.persons, PSN_NO: patient})
    store = NhsaStore(folder / "nhsa.sqlite")
    stack.callback(store.close)
    behaves = load_region(HOME / "regions" / f"{region}.yaml")
    bureau = Bureau(NhsaOffice(behaves, seed, plans, lists, store, True, lambda: clock.moment.timestamp()), fields)
    faults = Faults(wire=wire_of(behaves.gateway))
    address = "https://nhsa.example/nhsa"

    def window(case: str) -> Credential | None:
        given = shown.take(case, clock.now()) if shown else None
        return Credential(given.number) if given else None

    spoken = changed_region(region, credential="01") if shown is not None else dialect(region)
    endpoint: Endpoint = NhsaEndpoint(
        _config("bureau", "nhsa", address), clock, dialect=spoken, hospital=HOSPITAL, keys=KEYS, window=window
    )
    return {
        "endpoints": {"bureau": endpoint},
        "call": "insurance",
        "faults": faults,
        "read": lambda row: fault_of(row, OWN),
        "counts": lambda request: json.loads(request.content)["infno"] == "2304",
        "told": lambda: nhsa_state(bureau.office),
        "road": _road(stack, nhsa_web.build(bureau, faults), faults, nhsa_web, clock, address),
    }


def _inland(stack: ExitStack, folder: Path, clock: TestClock, shown: Shown | None = None) -> dict[str, Any]:
    return _nhsa(stack, folder, clock, "test_inland", shown)


def _coastal(stack: ExitStack, folder: Path, clock: TestClock) -> dict[str, Any]:
    return _nhsa(stack, folder, clock, "test_coastal")


def _aid_xml(stack: ExitStack, folder: Path, clock: TestClock) -> dict[str, Any]:
    store = AidStore(folder / "aid-xml.sqlite")
    stack.callback(store.close)
    seed = load_aid_seed(ROOT / "fixtures" / "endpoints" / "aid-xml.yaml")
    service = Service(seed, store, seconds=lambda: clock.moment.timestamp())
    faults = Faults(wire=aid_web.soap_wire())
    address = f"https://aid-xml.example{aid_web.PATH}"
    road = _road(stack, aid_web.build(service, faults), faults, aid_web, clock, address)
    endpoint = AidXmlEndpoint(
        _config("civil-affairs", "aid-xml", address),
        clock,
        definitions=definitions(),
        office=AidOffice(NAMESPACE),
        user_name=USER,
        password=lambda: PASSWORD,
    )
    stack.callback(endpoint.close)
    return {
        "endpoints": {"civil-affairs": endpoint},
        "call": "aid",
        "faults": faults,
        "read": lambda row: fault_of(row, aid_days.OWN),
        "counts": lambda request: request.headers["SOAPAction"] == '"urn:balance"',
        "told": service.state,
        "road": road,
        "computing": True,
    }


def _folder(stack: ExitStack, folder: Path, clock: TestClock) -> dict[str, Any]:
    desk, faults = desk_of(stack, folder, "bureau", clock), Faults()
    root = folder / "bureau"
    root.mkdir()
    courier = MoodyReceiver(root, desk, faults)
    endpoint = FolderEndpoint(_config("bureau", "folder", str(root)), clock, collect_seconds=1)
    return {
        "endpoints": {"bureau": endpoint},
        "call": "insurance",
        "faults": faults,
        "read": lambda row: fault_of(row, FHIR_OWN),
        "counts": lambda request: False,
        "told": lambda: state(desk),
        "courier": courier,
    }


_MAKERS: Mapping[str, Callable[..., dict[str, Any]]] = {
    "fhir": _fhir,
    "fhir-aid": _fhir_aid,
    "nhsa-inland": _inland,
    "nhsa-coastal": _coastal,
    "aid-xml": _aid_xml,
    "folder": _folder,
}
