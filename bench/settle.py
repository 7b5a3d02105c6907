"""Settle a 200-line stay and commit it: adjudication, its Claim message, bill version, postings, accumulators."""

from __future__ import annotations

import gc
import os
import statistics
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from adapter.ledger.ledger import Ledger
from adapter.ledger.rows import Posting
from adapter.model.call import CallFacts
from adapter.model.case import Actor, BillState
from adapter.model.claim import Claim, YearToDate
from adapter.model.messages import OutboundMessage, Stage
from adapter.model.settlement import Settlement
from adapter.payers.delivery.endpoint import Done, EndpointConfig
from adapter.payers.delivery.endpoints.fhir.dialogue import next_message
from adapter.rules.policy.book import PolicyBook
from adapter.rules.policy.load import load_book
from adapter.rules.settlement.adjudicate import adjudicate
from bench.prepared import MAPPINGS, SOURCE, prepared
from bench.report import Bench, Figure, load_now, percentile

LINES = 200
STAYS = 200
ROUNDS = 5
WARM = 10  # settled first and not counted: statements are compiled once
AIM = 20.0  # milliseconds, 99th percentile
ACTOR, REASON = Actor("bench"), "bench"
BUREAU = EndpointConfig(name="bureau", dialect="fhir", base_url="http://127.0.0.1/fhir", simulator=True)
WRITTEN = 32 * 1024  # about what one commit adds to the write-ahead log


@dataclass(frozen=True, slots=True)
class Ready:
    """A stay before its settlement: the facts, and the resources of which its message is made."""

    claim: Claim
    resources: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Spent:
    """Milliseconds per stay: adjudication, message and commit by the clock, all of it in processor time, and fsync."""

    decided: list[float]
    composed: list[float]
    whole: list[float]
    busy: list[float]
    synced: list[float]

    @classmethod
    def nothing(cls) -> Spent:
        return cls([], [], [], [], [])


def settle(book: PolicyBook, claim: Claim) -> Settlement:
    """Our expectation for every payer of the stay's scheme."""
    scheme = book.scheme_for(SOURCE, claim.stay.admitted.date())
    return adjudicate(
        claim,
        YearToDate(claim.stay.settled_on.year),
        book.layers(scheme),
        scheme=scheme.name,
        test_profile=scheme.test_profile,
        authorities=scheme.authorities,
    )


def compose(book: PolicyBook, stay: Ready, settlement: Settlement) -> OutboundMessage:
    """The first message of the walk: the Claim for the insurance bureau, as it goes over the wire."""
    scheme = book.scheme(settlement.scheme)
    call = next(each for each in scheme.calls if each.endpoint == BUREAU.name)
    facts = CallFacts(
        case_id=settlement.case_id,
        version=settlement.version,
        source=SOURCE,
        call=call.name,
        endpoint=call.endpoint,
        payers=call.payers,
        order=scheme.order,
        authority=call.authority,
        claim=stay.claim,
        settlement=settlement,
        resources=stay.resources,
        test_profile=scheme.test_profile,
    )
    message = next_message(BUREAU, Stage.SETTLE, facts, (), datetime.now(UTC))
    if isinstance(message, Done):
        raise ValueError("the bureau is asked nothing")
    return message


def commit(ledger: Ledger, settlement: Settlement, message: OutboundMessage) -> None:
    """Everything that a settlement writes, in one transaction."""
    at, case = datetime.now(UTC), settlement.case_id
    charged = Posting("charges", debit=settlement.total)
    borne = [
        Posting(f"receivable/{share.payer}", credit=share.amount, payer=share.payer) for share in settlement.shares
    ]
    entries = [charged, *(posting for posting in borne if posting.credit)]
    with ledger.transaction() as tx:
        version = tx.new_version(case, at=at, actor=ACTOR, reason=REASON)
        tx.start(case, "bill", BillState.DRAFT, subject=str(version), at=at, actor=ACTOR, reason=REASON)
        for state in (BillState.PREVIEWED, BillState.SETTLING, BillState.SETTLED):
            tx.move(case, "bill", state, subject=str(version), at=at, actor=ACTOR, reason=REASON)
        tx.save_settlement(case, version, settlement, at=at, actor=ACTOR, reason=REASON)
        tx.post(case, version, entries, at=at, actor=ACTOR, reason=REASON)
        tx.accumulate(settlement.accruals, case, version, at=at, actor=ACTOR, reason=REASON)
        tx.enqueue(message, at=at, actor=ACTOR, reason=REASON)


def measure(book: PolicyBook, stays: Sequence[Ready], folder: Path) -> Spent:
    """Settle all stays, one after the other, into a new ledger; the first ones warm it up and do not count."""
    ledger = Ledger.open(f"sqlite:///{folder / 'ledger.sqlite'}")
    for stay in stays:
        _open_case(ledger, stay.claim)
    spent = Spent.nothing()
    gc.collect()
    gc.freeze()  # as the service does after its start
    for number, stay in enumerate(stays):
        busy, start = time.process_time_ns(), time.perf_counter_ns()
        settlement = settle(book, stay.claim)
        decided = time.perf_counter_ns()
        message = compose(book, stay, settlement)
        composed = time.perf_counter_ns()
        commit(ledger, settlement, message)
        end, rest = time.perf_counter_ns(), time.process_time_ns()
        if number >= WARM:
            spent.decided.append((decided - start) / 1e6)
            spent.composed.append((composed - decided) / 1e6)
            spent.whole.append((end - start) / 1e6)
            spent.busy.append((rest - busy) / 1e6)
    gc.unfreeze()
    ledger.close()
    spent.synced.extend(_sync_alone(folder, len(stays)))
    return spent


def _sync_alone(folder: Path, times: int) -> list[float]:
    """Milliseconds of an append and its fsync in the same folder: the part of a commit that no program can spare."""
    spent = []
    with (folder / "appended").open("ab", buffering=0) as file:
        for _ in range(times):
            start = time.perf_counter_ns()
            file.write(bytes(WRITTEN))
            os.fsync(file.fileno())
            spent.append((time.perf_counter_ns() - start) / 1e6)
    return spent


def _open_case(ledger: Ledger, claim: Claim) -> None:
    with ledger.transaction() as tx:
        tx.open_case(
            claim.case_id,
            source=SOURCE,
            stay_key=claim.stay.key,
            person_key=claim.person.key,
            scheme="bench",
            facility=claim.stay.facility.code,
            at=datetime.now(UTC),
            actor=ACTOR,
            reason=REASON,
        )


def run() -> Bench:
    """Wall-clock time per stay on SQLite; the bar is held against the worst of several rounds, not the luckiest."""
    load = load_now()
    book = load_book(MAPPINGS)
    rounds = []
    with prepared(STAYS + WARM, LINES) as ready:
        mapped = [ready.mapper.map(each) for each in ready.records]
        stays = [Ready(ready.claim(each, f"{SOURCE}-{each.stay_key}"), each.resources) for each in mapped]
    for _ in range(ROUNDS):
        with TemporaryDirectory(prefix="bench-") as folder:
            rounds.append(measure(book, stays, Path(folder)))
    worst = [percentile(spent.whole, 0.99) for spent in rounds]
    synced = [each for spent in rounds for each in spent.synced]
    return Bench(
        name="settlement with commit",
        command="python -m bench settle",
        how=f"{ROUNDS} rounds of {STAYS} stays of {LINES} fee lines, {WARM} more not counted; one transaction "
        "each on SQLite (WAL, FULL): adjudication, the Claim for the bureau composed and encoded, bill version and its "
        "moves, postings, accumulators, the message. Wall clock. The bar is held against the worst round. Beside it, "
        f"in the same folder: {WRITTEN // 1024} KiB appended and synced by themselves.",
        figures=(
            Figure("adjudication, median", _middle(spent.decided for spent in rounds)),
            Figure("message, median", _middle(spent.composed for spent in rounds)),
            Figure("adjudication + message + commit, median", _middle(spent.whole for spent in rounds)),
            Figure("of that: processor time, median", _middle(spent.busy for spent in rounds)),
            Figure(
                "adjudication + message + commit, 99th percentile of each round",
                ", ".join(f"{each:.1f}" for each in worst) + " ms",
                f"aim under {AIM:.0f} ms",
                max(worst) < AIM,
            ),
            Figure(
                "append + fsync alone", f"{statistics.median(synced):.2f} ms, p99 {percentile(synced, 0.99):.1f} ms"
            ),
        ),
        load=load,
    )


def _middle(rounds: Iterable[Sequence[float]]) -> str:
    return f"{statistics.median(each for spent in rounds for each in spent):.2f} ms"
