"""A million random cases: the batch, the oracle and (for a part) the reference give the same fen.

``python -m bench.oracle --cases 1000000 --seed 1``
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from random import Random

import numpy as np

from adapter.counterparts import oracle
from adapter.counterparts.adjudicator import Split
from adapter.counterparts.oracle_facts import Facts
from adapter.rules.policy.scheme import ResolvedLayer
from adapter.rules.settlement.amounts import Profile
from adapter.rules.settlement.batch import Batch, Divided, Sums
from adapter.rules.settlement.later_terms import READERS
from bench.report import Bench, Figure, load_now
from bench.synthetic import rules

CASES = 1_000_000
#: Cases drawn for one set of plans.
EACH = 2_000
KINDS = 8


@dataclass(frozen=True, slots=True)
class Compared:
    """What a comparison came to."""

    cases: int
    plans: int
    differing: int
    seconds: float
    paid: int


def by_oracle(layers: Sequence[ResolvedLayer], kind: rules.Kind, case: rules.Sums) -> tuple[int, ...]:
    """What the oracle gives, in fen: each payer, then the patient."""
    used = {name: Decimal(fen).scaleb(-2) for name, fen in case.year}
    parts = (case.full_self_pay, case.over_limit, case.pre_self_pay, case.in_scope)
    facts = Facts(
        on=rules.ON,
        insurance=str(kind.insurance),
        categories=frozenset(map(str, kind.categories)),
        keys=dict(kind.keys),
        stay=Split(*(Decimal(fen).scaleb(-2) for fen in parts)),
        used={**used, "basic.admissions": Decimal(kind.admission - 1)},
    )
    borne, patient = oracle.divide(facts, [(str(layer.payer), layer.policy) for layer in layers])
    return tuple(int(amount * 100) for amount in (*borne, patient))


def columns(cases: Sequence[rules.Sums]) -> Sums:
    """Cases as columns."""
    years = [dict(case.year) for case in cases]
    return Sums(
        np.array([case.full_self_pay for case in cases], np.int64),
        np.array([case.over_limit for case in cases], np.int64),
        np.array([case.pre_self_pay for case in cases], np.int64),
        np.array([case.in_scope for case in cases], np.int64),
        {name: np.array([year.get(name, 0) for year in years], np.int64) for name in rules.YEAR},
    )


def profile_of(kind: rules.Kind) -> Profile:
    """Any year-to-date amount may be there."""
    return Profile(rules.ON, kind.insurance, kind.categories, kind.keys, kind.admission, frozenset(rules.YEAR))


def row(divided: Divided, place: int) -> tuple[int, ...]:
    """One case of a batch: each payer, then the patient."""
    return tuple(int(column[place]) for column in (*divided.pays, divided.patient))


def compare(cases: int, seed: int, *, progress: bool = False) -> Compared:
    """Batch against oracle on random plans and cases."""
    done = plans_drawn = differing = paid = 0
    begun = time.perf_counter()
    while done < cases:
        random = Random(f"{seed}/{plans_drawn}")
        plans = rules.Plans(random)
        layers = tuple(layer for layer in plans.layers() if set(layer.policy.steps) <= set(READERS))
        batch = Batch(layers)
        plans_drawn += 1
        for kind in rules.kinds(random, KINDS):
            drawn = [rules.sums(random, plans.edges) for _ in range(min(EACH // KINDS, cases - done))]
            if not drawn:
                break
            divided = batch.divide(profile_of(kind), columns(drawn))
            for place, case in enumerate(drawn):
                ours = row(divided, place)
                if ours != by_oracle(layers, kind, case) or divided.wrong[place]:
                    differing += 1
                    print(f"seed {seed}/{plans_drawn - 1}: {kind} {case}: {ours}", file=sys.stderr)
                paid += sum(ours[:-1]) > 0
            done += len(drawn)
            if progress and sys.stderr.isatty():
                print(f"\r{done:,} of {cases:,}", end="", file=sys.stderr, flush=True)
    return Compared(done, plans_drawn, differing, time.perf_counter() - begun, paid)


def run(cases: int = CASES, seed: int = 1) -> Bench:
    """The comparison as a bench; its bar is 0 fen."""
    load = load_now()
    found = compare(cases, seed, progress=True)
    return Bench(
        name="oracle",
        command=f"python -m bench.oracle --cases {cases} --seed {seed}",
        how=f"{found.plans:,} sets of plans drawn by seed over every switch that the oracle covers, {EACH:,} "
        "cases each, half of the amounts within a fen of an amount that the plans name. The batch (int64) against the "
        "oracle (Decimal, own code): every payer and the patient.",
        figures=(
            Figure("cases", f"{found.cases:,}, of which {found.paid:,} with a payer that pays"),
            Figure("cases that differ by a fen or more", f"{found.differing:,}", "0", found.differing == 0),
            Figure("both together", f"{found.seconds:.0f} s"),
        ),
        load=load,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit 0 when nothing differs."""
    parser = argparse.ArgumentParser(prog="python -m bench.oracle", epilog="python -m bench.oracle --cases 20000")
    parser.add_argument("--cases", type=int, default=CASES)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    found = compare(given.cases, given.seed, progress=True)
    print(f"{found.cases:,} cases, {found.plans:,} sets of plans, {found.differing:,} differ, {found.seconds:.0f} s")
    return 0 if found.differing == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
