"""The ``nhsa`` chain: settled at the simulated bureau of the national platform, then at the civil-affairs office."""

from __future__ import annotations

import logging
import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog

from adapter.ledger.ledger import Ledger
from adapter.model.dates import SystemClock
from adapter.payers.delivery.endpoint import Endpoint, EndpointConfig
from adapter.payers.delivery.endpoints.nhsa.endpoint import NhsaEndpoint
from adapter.payers.delivery.endpoints.nhsa.hospital import Hospital as Institution
from adapter.payers.delivery.endpoints.nhsa.hospital import Keys
from adapter.payers.delivery.endpoints.nhsa.load import load_dialect
from bench.chains.prepare import REGION, Hospital, Said, fhir_endpoint, settle_all, simulator
from bench.prepared import MAPPINGS
from bench.report import Bench, Figure, load_now

STAYS = 40
LINES = 50
INSTITUTION = Institution(
    "H99990100001", "合成县人民医院", "999901", "901", "医保办", mac="00-00-5E-00-53-01", ip="192.0.2.1"
)
KEYS = Keys({"paasid": "test", "secret": "not-a-real-secret"})


def bureau(address: str) -> NhsaEndpoint:
    """The bureau of the national platform at an address."""
    config = EndpointConfig("bureau", "nhsa", f"{address}/nhsa", simulator=True)
    dialect = load_dialect(MAPPINGS, REGION)
    return NhsaEndpoint(config, SystemClock(), dialect=dialect, hospital=INSTITUTION, keys=KEYS)


def run(stays: int = STAYS) -> Bench:
    """Once; the simulators adjudicate, so most of the time by the clock is theirs."""
    load = load_now()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with ExitStack() as stack:
        home = Path(stack.enter_context(TemporaryDirectory(prefix="bench-")))
        hospital = Hospital.write(home / "hospital", stays=stays, lines=LINES)
        ledger = stack.enter_context(Ledger.open(f"sqlite:///{home / 'ledger.sqlite'}"))
        case_ids = hospital.take_in(ledger, stays)
        seeds = hospital.seeds(ledger, home, ("nhsa-bureau", "aid"))
        bases = {role: stack.enter_context(simulator(role, seed, home)) for role, seed in seeds.items()}
        endpoints: dict[str, Endpoint] = {
            "bureau": bureau(bases["nhsa-bureau"]),
            "civil-affairs": fhir_endpoint("civil-affairs", f"{bases['aid']}/fhir"),
        }
        tools = hospital.tools(ledger, endpoints)
        busy, start = time.process_time(), time.perf_counter()
        settled = settle_all(case_ids, tools)
        wall, worked = time.perf_counter() - start, time.process_time() - busy
        said = Said.read(ledger, case_ids)
    if settled != stays:
        raise ValueError(f"{settled} of {stays} chains were finalised")
    calls = sum(map(len, said.sent)) / stays
    at_the_bureau = sum(message.call == "insurance" for chain in said.sent for message in chain) / stays
    return Bench(
        name="settlement chains, nhsa",
        command="python -m bench chains_nhsa",
        how=f"{stays} stays of {LINES} fee lines, from the beginning of the settlement to its end: admission, lines, "
        "questions and settlement at the simulated bureau of the national platform, then the civil-affairs office. One "
        "worker on SQLite. The simulated payers are processes of their own on the same machine and adjudicate "
        "themselves, so the rate is theirs as much as ours; the processor time is ours alone.",
        figures=(
            Figure("chains", f"{stays / wall:.1f} a second"),
            Figure("our processor time for a chain", f"{worked / stays * 1000:.1f} ms"),
            Figure("messages of a chain", f"{calls:.1f}, of them {at_the_bureau:.1f} to the bureau"),
        ),
        load=load,
    )
