"""Settle a 200-line stay and commit it: adjudication, bill version, postings, accumulators and the first message."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from adapter.ledger.ledger import Ledger
from adapter.ledger.rows import Posting
from adapter.model.case import Actor, BillState
from adapter.model.claim import Claim, YearToDate
from adapter.model.messages import OutboundMessage, Stage
from adapter.model.settlement import Settlement
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


@dataclass(frozen=True, slots=True)
class Spent:
    """Milliseconds per stay: for the adjudication alone, and with its commit."""

    decided: list[float]
    whole: list[float]


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


def commit(ledger: Ledger, settlement: Settlement, number: int) -> None:
    """Everything that a settlement writes, in one transaction."""
    at, case = datetime.now(UTC), settlement.case_id
    charged = Posting("charges", debit=settlement.total)
    borne = [
        Posting(f"receivable/{share.payer}", credit=share.amount, payer=share.payer) for share in settlement.shares
    ]
    entries = [charged, *(posting for posting in borne if posting.credit)]
    message = OutboundMessage(
        f"{case}.v{number}.insurance.settle",
        case,
        number,
        "bureau",
        "insurance",
        Stage.SETTLE,
        "claim-submit",
        b"{}",
        "",
    )
    with ledger.transaction() as tx:
        version = tx.new_version(case, at=at, actor=ACTOR, reason=REASON)
        tx.start(case, "bill", BillState.DRAFT, subject=str(version), at=at, actor=ACTOR, reason=REASON)
        for state in (BillState.PREVIEWED, BillState.SETTLING, BillState.SETTLED):
            tx.move(case, "bill", state, subject=str(version), at=at, actor=ACTOR, reason=REASON)
        tx.save_settlement(case, version, settlement, at=at, actor=ACTOR, reason=REASON)
        tx.post(case, version, entries, at=at, actor=ACTOR, reason=REASON)
        tx.accumulate(settlement.accruals, case, version, at=at, actor=ACTOR, reason=REASON)
        tx.enqueue(message, at=at, actor=ACTOR, reason=REASON)


def measure(book: PolicyBook, claims: Sequence[Claim], folder: Path) -> Spent:
    """Settle all claims, one after the other, into a new ledger; the first ones warm it up and do not count."""
    ledger = Ledger.open(f"sqlite:///{folder / 'ledger.sqlite'}")
    for claim in claims:
        _open_case(ledger, claim)
    spent = Spent([], [])
    gc.collect()
    gc.freeze()  # as the service does after its start
    for claim in claims:
        start = time.perf_counter_ns()
        settlement = settle(book, claim)
        between = time.perf_counter_ns()
        commit(ledger, settlement, 1)
        spent.decided.append((between - start) / 1e6)
        spent.whole.append((time.perf_counter_ns() - start) / 1e6)
    gc.unfreeze()
    ledger.close()
    return Spent(spent.decided[WARM:], spent.whole[WARM:])


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
        claims = [ready.claim(ready.mapper.map(each), f"{SOURCE}-{each.stay_key}") for each in ready.records]
    for _ in range(ROUNDS):
        with TemporaryDirectory(prefix="bench-") as folder:
            rounds.append(measure(book, claims, Path(folder)))
    worst = [percentile(spent.whole, 0.99) for spent in rounds]
    decided = statistics.median(each for spent in rounds for each in spent.decided)
    whole = statistics.median(each for spent in rounds for each in spent.whole)
    return Bench(
        name="settlement with commit",
        command="python -m bench settle",
        how=f"{ROUNDS} rounds of {STAYS} stays of {LINES} fee lines, {WARM} more not counted; one transaction "
        "each on SQLite (WAL, FULL): adjudication, bill version and its moves, postings, accumulators, one message. "
        "Wall clock. The bar is held against the worst round.",
        figures=(
            Figure("adjudication, median", f"{decided:.2f} ms"),
            Figure("adjudication + commit, median", f"{whole:.2f} ms"),
            Figure(
                "adjudication + commit, 99th percentile of each round",
                ", ".join(f"{each:.1f}" for each in worst) + " ms",
                f"aim under {AIM:.0f} ms",
                max(worst) < AIM,
            ),
        ),
        load=load,
    )
