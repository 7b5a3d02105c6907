"""What the chains settle: synthetic stays of two payers, taken in, estimated, and the payers' recorded answers."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import httpx

from adapter.cases import dispatch, settle
from adapter.cases.intake import ingest
from adapter.cases.tools import Tools
from adapter.counterparts.seeding import write_seed
from adapter.fhir.identity import system
from adapter.ledger.ledger import Ledger
from adapter.model.case import Actor, BillState
from adapter.model.dates import SystemClock
from adapter.model.messages import OutboundMessage
from adapter.payers.delivery.endpoint import Endpoint, EndpointConfig
from adapter.payers.delivery.endpoints.fhir.endpoint import FhirEndpoint
from adapter.rules.policy.load import load_book
from adapter.wiring import feeds
from bench.chains.baseline import Request
from bench.prepared import MAPPINGS, SOURCE
from bench.synthetic.hospital import Plan, write_hospital

CLERK = Actor("bench", "operator")
#: The scheme in which the bureau and the civil-affairs office answer separately takes stays admitted up to this day.
LAST_DAY = date(2021, 12, 31)
FORMS = {"bureau": "submit", "civil-affairs": "transaction"}
SEEDS = MAPPINGS.parent / "fixtures" / "endpoints"
LIKE = {"bureau": "bureau.yaml", "aid": "aid.yaml", "nhsa-bureau": "nhsa/seed.yaml"}
#: The region of the simulated bureau of the national platform, there and in our settings.
REGION = "test_inland"
CALLS = {"bureau": "insurance", "civil-affairs": "aid"}


@dataclass(frozen=True, slots=True)
class Hospital:
    """A synthetic hospital on disk; all of its patients are on the civil-affairs register."""

    export: Path
    reference: Path

    @classmethod
    def write(cls, home: Path, *, stays: int, lines: int) -> Hospital:
        """At least ``stays`` stays of so many fee lines that the two payers share."""
        write_hospital(Plan(seed=1, stays=stays * 2, lines=lines, spread=0), home)
        reference = home / "facts" / SOURCE
        reference.parent.mkdir()
        (home / "reference").rename(reference)
        with (reference / "registers.csv").open("w", encoding="utf-8", newline="\n") as registers:
            registers.write("person_key,category,issuer,valid_from,valid_to\n")
            registers.writelines(f"{900000 + n},registered-poor,合成县扶贫办,2014-06-01,\n" for n in range(stays * 2))
        return cls(home / "export", reference)

    def tools(self, ledger: Ledger, endpoints: Mapping[str, Endpoint]) -> Tools:
        """An office over a ledger that speaks with these payers."""
        return Tools(
            ledger=ledger,
            book=load_book(MAPPINGS),
            feed=feeds(MAPPINGS, self.reference.parent),
            endpoints=endpoints,
            clock=SystemClock(),
            worker="bench",
        )

    def take_in(self, ledger: Ledger, stays: int) -> list[str]:
        """Take the export in and estimate; gives the ids of cases that may be settled, each of another person."""
        tools = self.tools(ledger, {})
        act = tools.act(CLERK, "bench")
        ingest(SOURCE, [self.export], tools, act)
        persons: set[str] = set()
        chosen: list[str] = []
        with ledger.reading() as tx:
            rows = tx.cases(source=SOURCE, limit=stays * 2)
        for row in rows:
            if row.admitted and row.admitted <= LAST_DAY and row.person_key not in persons and len(chosen) < stays:
                persons.add(row.person_key)
                settle.estimate(row.case_id, tools, act)
                chosen.append(row.case_id)
        return chosen

    def seeds(self, ledger: Ledger, folder: Path, roles: Sequence[str]) -> Mapping[str, Path]:
        """What simulated payers know of this hospital: whom they cover, and its item list."""
        _write_persons(ledger, folder)
        made = {}
        for role in roles:
            made[role] = folder / f"seed-{role}.yaml"
            like, reference = SEEDS / LIKE[role], self.reference
            write_seed(role, like=like, converted=folder, reference=reference, source=SOURCE, out=made[role])
        return made


def fhir_endpoint(name: str, address: str) -> FhirEndpoint:
    """The bureau or the civil-affairs office, reached at an address."""
    return FhirEndpoint(EndpointConfig(name, "fhir", address, form=FORMS[name], simulator=True), SystemClock())


def _write_persons(ledger: Ledger, folder: Path) -> None:
    """The resources that a seed is made from, each type in a file as ``adapter convert`` writes them."""
    with ledger.reading() as tx:
        rows = tx.cases(source=SOURCE, limit=100_000)
        found: dict[str, dict[str, bytes]] = {"Patient": {}, "Coverage": {}}
        for row in rows:
            for each in tx.resources_of_case(row.case_id, tuple(found)):
                found[each.type][each.id] = each.body
    for name, bodies in found.items():
        (folder / f"{name}.ndjson").write_bytes(b"".join(body + b"\n" for body in bodies.values()))


@contextmanager
def simulator(role: str, seed: Path, folder: Path) -> Iterator[str]:
    """A simulated payer as a process, with a store of its own; gives the address that it listens on."""
    command = [sys.executable, "-m", "adapter.counterparts", role, "--store", str(folder / f"{role}.sqlite")]
    command += ["--clock", "claim", "--port", "0"]
    if role == "nhsa-bureau":
        command += ["--seed-file", str(seed), "--region", str(SEEDS / f"nhsa/regions/{REGION}.yaml")]
        command += ["--plan", str(MAPPINGS / "plans/test_hunan_composite"), str(SEEDS / "nhsa/plans/test_employees")]
        command += ["--fields", str(SEEDS / "nhsa/fields.yaml")]
    else:
        command += ["--seed", str(seed), "--mappings", str(MAPPINGS)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        ready = process.stdout.readline().split()
        if ready[:1] != ["ready"]:
            raise ValueError(f"the simulated {role} did not start")
        yield ready[1]
    finally:
        process.terminate()
        process.communicate()


def settle_all(case_ids: Sequence[str], tools: Tools, in_flight: int = 32) -> int:
    """Settle the cases, so many at a time: begin them, and be the worker until every answer is recorded.

    Returns how many are settled.
    """
    for first in range(0, len(case_ids), in_flight):
        for case_id in case_ids[first : first + in_flight]:
            settle.start_settlement(case_id, tools, tools.act(CLERK, "bench"))
        dispatch.work_until_idle(tools, wait=time.sleep)
    with tools.ledger.reading() as tx:
        rows = [tx.case(case_id) for case_id in case_ids]
    return sum(row is not None and row.bill is BillState.SETTLED for row in rows)


@dataclass(frozen=True, slots=True)
class Said:
    """What was said in the chains of a store: the answers by message key, and the requests by chain."""

    answers: Mapping[str, bytes]
    sent: tuple[tuple[OutboundMessage, ...], ...]

    @classmethod
    def read(cls, ledger: Ledger, case_ids: Sequence[str]) -> Said:
        with ledger.reading() as tx:
            sent = tuple(tuple(row.message for row in tx.messages_of_case(case_id)) for case_id in case_ids)
            answers = {message.key: tx.receipts(message.key)[-1].body for chain in sent for message in chain}
        return cls(answers, sent)

    def requests(self, base: str) -> tuple[tuple[Request, ...], ...]:
        """The same calls at a responder."""
        return tuple(tuple(_request(message, base) for message in chain) for chain in self.sent)


def _request(message: OutboundMessage, base: str) -> Request:
    if message.operation == "ask-answer":
        asked = f"{system('claim')}|{message.key.removesuffix('.answer')}"
        return Request(
            "GET", str(httpx.URL(f"{base}/{message.call}/ClaimResponse", params={"request:identifier": asked})), b"", ""
        )
    return Request("POST", f"{base}/{message.call}/Claim/$submit", message.composed, message.content_type)
