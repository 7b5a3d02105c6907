"""The counterparts of the promises: started once a module, emptied between tests, with an endpoint for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from adapter.model.call import CallFacts
from adapter.model.dates import SystemClock
from adapter.model.settlement import Authority
from adapter.payers.delivery.endpoint import Endpoint, EndpointConfig
from adapter.payers.delivery.endpoints.aid_xml.endpoint import AidXmlEndpoint
from adapter.payers.delivery.endpoints.aid_xml.stay import Office
from adapter.payers.delivery.endpoints.fhir.endpoint import FhirEndpoint
from adapter.payers.delivery.endpoints.folder.endpoint import FolderEndpoint
from adapter.payers.delivery.endpoints.nhsa.endpoint import NhsaEndpoint
from tests.promises.subjects import AidXml, Fake, Fhir, Folder, Nhsa, Subject
from tests.support import aid_xml, nhsa
from tests.support.counterparts import Counterpart, counterpart
from tests.support.exchange import Couriered, counter
from tests.support.nhsa_window import bureau_process
from tests.support.office import TestClock
from tests.support.payers import fake_payers


def facts_for(name: str) -> CallFacts:
    """The facts of the call that this counterpart answers, as the office composes them for a real stay."""
    if name == "aid-xml":
        return aid_xml.aid_facts()
    if "aid" in name:
        return replace(aid_xml.aid_facts(), authority=Authority.PAYER)
    return nhsa.stay_facts()


def endpoint_to(name: str, address: str, *, simulator: bool = True, timeout: int = 20) -> Endpoint:
    """The adapter's endpoint of a counterpart at an address."""
    aid = "aid" in name
    config = EndpointConfig(
        "civil-affairs" if aid else "bureau",
        name.split()[0],
        address,
        form="transaction" if aid else "submit",
        simulator=simulator,
        longest_delay=1,
        timeout=timeout,
    )
    clock = SystemClock()
    if name.startswith("nhsa"):
        dialect = nhsa.dialect(f"test_{name.split()[1]}" if simulator else "national")
        return NhsaEndpoint(config, clock, dialect=dialect, hospital=nhsa.HOSPITAL, keys=nhsa.KEYS)
    if name == "aid-xml":
        return AidXmlEndpoint(
            config,
            clock,
            definitions=aid_xml.definitions(),
            office=Office(aid_xml.NAMESPACE),
            user_name=aid_xml.USER,
            password=lambda: aid_xml.PASSWORD,
        )
    return FolderEndpoint(config, clock, collect_seconds=1) if name == "folder" else FhirEndpoint(config, clock)


def address_of(name: str, process: Counterpart) -> str:
    """Where its endpoint is pointed at."""
    places = {"nhsa": "/nhsa", "aid-xml": aid_xml.ADDRESS.removeprefix("https://aid.example")}
    return process.base + places.get(name.split()[0], "/fhir")


@contextmanager
def _process(name: str, store: Path) -> Iterator[Counterpart]:
    if name.startswith("nhsa"):
        with bureau_process(store, f"test_{name.split()[1]}") as running:
            yield running
    elif name == "aid-xml":
        command = ["aid-xml", "--store", str(store)]
        running = Counterpart("aid-xml", [*command, "--seed", str(aid_xml.SEED)]).start()
        try:
            yield running
        finally:
            running.stop()
    else:
        with counterpart(name.split()[1], store=store, ignore_keys="ignores" in name) as running:
            yield running


@dataclass
class Counters:
    """One process for each counterpart that was ever asked for."""

    folder: Path
    stack: ExitStack
    running: dict[str, Counterpart] = field(default_factory=dict)

    def process(self, name: str) -> Counterpart:
        """Its process, empty and on its best behaviour."""
        if name not in self.running:
            store = self.folder / f"{name.replace(' ', '-')}.sqlite"
            self.running[name] = self.stack.enter_context(_process(name, store))
        self.running[name].reset()
        return self.running[name]

    @contextmanager
    def subject(self, name: str, folder: Path) -> Iterator[Subject]:
        """A subject whose counterpart has nothing yet."""
        facts = facts_for(name)
        if name.startswith("fake"):
            payers = fake_payers(TestClock())
            yield Fake(name, payers.aid if "aid" in name else payers.bureau, facts)
        elif name == "folder":
            with ExitStack() as stack:
                behind = counter(stack, folder, "bureau", "bureau", TestClock())
                real = endpoint_to(name, str(behind.root))
                assert isinstance(real, FolderEndpoint)
                yield Folder(name, Couriered(real, behind.receiver), facts)
        else:
            process = self.process(name)
            kinds: dict[str, Callable[..., Subject]] = {"nhsa": Nhsa, "aid-xml": AidXml, "fhir": Fhir}
            endpoint, hasty = (endpoint_to(name, address_of(name, process), timeout=each) for each in (20, 2))
            yield kinds[name.split()[0]](name, endpoint, facts, process=process, hasty=hasty)
            close(endpoint)
            close(hasty)


def close(endpoint: Endpoint) -> None:
    """Give its connections back."""
    assert isinstance(endpoint, FhirEndpoint | NhsaEndpoint | AidXmlEndpoint | FolderEndpoint)
    endpoint.close()
