"""Settling without a store: one claim of 50 lines, whole and amounts only; many cases at once; policy diff."""

from __future__ import annotations

import csv
import gc
import time
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import numpy as np

from adapter.cases.policies import book as read_book
from adapter.cases.policy_diff import compare, side
from adapter.model.claim import Claim, YearToDate
from adapter.model.money import Money
from adapter.model.settlement import Payer
from adapter.rules.policy.load import load_book
from adapter.rules.policy.scheme import ResolvedLayer
from adapter.rules.settlement.adjudicate import adjudicate
from adapter.rules.settlement.amounts import Profile
from adapter.rules.settlement.batch import Batch
from adapter.rules.settlement.certificate import certified
from adapter.rules.settlement.quick import Quick
from bench.oracle import by_oracle, columns, row
from bench.prepared import MAPPINGS, SOURCE, prepared
from bench.report import Bench, Figure, load_now
from bench.synthetic import rules

LINES = 50
CLAIMS = 60
ROUNDS = 9
WHOLE_BAR, QUICK_BAR, BATCH_BAR, DIFF_BAR = 2_000, 20_000, 1_000_000, 60
CASES = 1_000_000
SCHEME, OTHER = "test_hunan_two_calls", "test_county_plan"


def run() -> Bench:
    """One claim and many cases, in processor time: the best of several rounds, and the middle one beside it."""
    load = load_now()
    claims, layers = _claims()
    years = [YearToDate(claim.stay.settled_on.year) for claim in claims]
    quick = Quick(layers)
    pairs = list(zip(claims, years, strict=True))
    differing = sum(_whole(claim, year, layers) != _quick(quick, claim, year) for claim, year in pairs)
    gc.collect()
    gc.freeze()  # as the service does after its start
    whole = _rates(lambda: _all_proved(pairs, layers), len(pairs), 1)
    only = _rates(lambda: [quick.amounts(claim, year) for claim, year in pairs], len(pairs), 20)
    gc.unfreeze()
    many, wrong = _batch(layers)
    return Bench(
        name="settlement without a store",
        command="python -m bench settle_amounts",
        how=f"{CLAIMS} stays of {LINES} fee lines, most with refunds, three payers. Whole: adjudication with every "
        "step explained in two languages, and the certificate as bytes with its digest; each is let go before the "
        "next, as after a write. Splits and texts of amounts met before are kept, as in the service. Batch: "
        f"{CASES:,} cases given as line sums, of 40 kinds in mixed order, put in order and divided. Processor time, "
        f"one core; the best of {ROUNDS} rounds, the middle one in brackets. The bars are held against the best, "
        "because other work on the machine only ever slows a round.",
        figures=(
            _figure("one claim, with explanation and certificate", whole, "a second", WHOLE_BAR),
            _figure("one claim, amounts only", only, "a second", QUICK_BAR),
            Figure("claims whose amounts differ between the two", f"{differing}", "0", differing == 0),
            _figure("batch", many, "cases a second", BATCH_BAR),
            Figure("of 2,000 cases of the batch, those that differ from the oracle", f"{wrong}", "0", wrong == 0),
        ),
        load=load,
    )


def run_diff() -> Bench:
    """``policy diff`` on a million cases in a CSV file, by the clock."""
    load, book = load_now(), read_book(MAPPINGS)
    with TemporaryDirectory(prefix="bench-") as folder:
        file = Path(folder) / "cases.csv"
        _write_cases(file)
        begun, busy = time.perf_counter(), time.process_time()
        found = compare(side(SCHEME, book, date(2021, 6, 30)), side(OTHER, book, date(2024, 6, 30)), file)
        seconds, busy = time.perf_counter() - begun, time.process_time() - busy
    return Bench(
        name="policy diff",
        command="python -m bench policy_diff",
        how=f"{CASES:,} cases in a CSV file: read, divided under two schemes of three payers each, compared, grouped.",
        figures=(
            Figure("by the clock", f"{seconds:.0f} s", f"under {DIFF_BAR} s", seconds < DIFF_BAR),
            Figure("processor time", f"{busy:.0f} s"),
            Figure("cases compared", f"{found.compared:,}", f"{CASES:,}", found.compared == CASES),
        ),
        load=load,
    )


def _claims() -> tuple[list[Claim], tuple[ResolvedLayer, ...]]:
    book = load_book(MAPPINGS)
    with prepared(CLAIMS, LINES) as ready:
        mapped = [ready.mapper.map(each) for each in ready.records]
        claims = [ready.claim(each, f"{SOURCE}-{each.stay_key}") for each in mapped]
    return claims, book.layers(book.scheme_for(SOURCE, claims[0].stay.admitted.date()))


def _all_proved(pairs: Sequence[tuple[Claim, YearToDate]], layers: Sequence[ResolvedLayer]) -> None:
    for claim, year in pairs:
        _proved(claim, year, layers)


def _proved(claim: Claim, year: YearToDate, layers: Sequence[ResolvedLayer]) -> tuple[object, object]:
    settlement = adjudicate(claim, year, layers, scheme=SCHEME, test_profile=True)
    return certified(settlement), settlement.steps


def _whole(claim: Claim, year: YearToDate, layers: Sequence[ResolvedLayer]) -> list[tuple[Payer, Money]]:
    settlement = adjudicate(claim, year, layers, scheme=SCHEME, test_profile=True)
    return [(share.payer, share.amount) for share in settlement.shares]


def _quick(quick: Quick, claim: Claim, year: YearToDate) -> list[tuple[Payer, Money]]:
    found = quick.amounts(claim, year)
    return [*found.pays, (Payer.PATIENT, found.patient)]


def _batch(layers: Sequence[ResolvedLayer]) -> tuple[list[float], int]:
    """Cases a second per round, and how many of a sample the oracle sees otherwise."""
    random = Random(1)
    kinds = rules.kinds(random, 40)
    drawn = [rules.sums(random, (50_000, 230_000, 1_116_200, 2_232_400)) for _ in range(20_000)]
    few = columns(drawn)
    places = np.random.default_rng(1).integers(0, len(drawn), CASES)
    sums, which = few.taken(places), np.random.default_rng(2).integers(0, len(kinds), CASES)
    profiles = [
        Profile(rules.ON, kind.insurance, kind.categories, kind.keys, kind.admission, frozenset(rules.YEAR))
        for kind in kinds
    ]
    batch = Batch(layers)
    found = batch.divide_mixed(profiles, which, sums)
    wrong = sum(
        row(found, place) != by_oracle(layers, kinds[which[place]], drawn[places[place]])
        for place in range(0, CASES, CASES // 2_000)
    )
    return _rates(lambda: batch.divide_mixed(profiles, which, sums), CASES, 1), wrong


def _rates(work: Callable[[], object], count: int, times: int) -> list[float]:
    """How many a second of processor time, per round."""
    found = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        for _ in range(times):
            work()
        found.append(count * times / (time.process_time() - begun))
    return sorted(found)


def _figure(what: str, rates: Sequence[float], unit: str, bar: int) -> Figure:
    best, middle = rates[-1], rates[len(rates) // 2]
    return Figure(what, f"{best:,.0f} {unit} ({middle:,.0f})", f"{bar:,}", best >= bar)


def _write_cases(path: Path) -> None:
    random = Random(1)
    levels, persons = ("township", "primary", "secondary", "tertiary"), ("", "", "registered-poor", "orphan")

    def amount(most: int) -> str:
        return Money(int(most ** random.random())).text

    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("case", "hospital_level", "categories", *_COLUMNS))
        for number in range(CASES):
            years = (amount(120_000), amount(3_000_000)) if number % 5 == 0 else ("", "")
            parts = (amount(400_000), amount(100_000), amount(300_000), amount(60_000_000))
            writer.writerow((number, random.choice(levels), random.choice(persons), *parts, *years))


_COLUMNS = ("full_self_pay", "over_limit", "pre_self_pay", "in_scope", "basic.deductible", "basic.paid")
