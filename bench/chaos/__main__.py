"""``python -m bench.chaos``: kill workers, service and counterparts at every step; writes bench/CHAOS.md."""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bench.chaos.campaign import Result
from bench.chaos.dialects import DIALECTS
from bench.chaos.report import PAGE, page
from bench.chaos.run import Order, run, shared_out
from bench.report import load_now


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit 0 when nothing was lost, doubled or wrong and all kills were made; 1 otherwise; 2 on wrong usage."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.chaos",
        description="Kill workers, service and counterparts at every write and network step, then count.",
        epilog="python -m bench.chaos --kills 60 --dialects fhir nhsa-inland --store sqlite --seed 7",
    )
    parser.add_argument("--kills", type=int, default=520, help="with a message leased or in flight (default 520)")
    parser.add_argument("--seed", type=int, help="drawn and printed where none is given")
    parser.add_argument("--dialects", nargs="+", choices=tuple(DIALECTS), default=tuple(DIALECTS), metavar="dialect")
    parser.add_argument("--store", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument("--minutes", type=float, default=25.0, help="begin no death after that (default 25)")
    parser.add_argument("--parallel", type=int, default=4, help="hospitals at a time (default 4)")
    parser.add_argument("--page", type=Path, default=PAGE, help="where the result is written (default bench/CHAOS.md)")
    given = parser.parse_args(arguments)
    seed = given.seed if given.seed is not None else random.SystemRandom().randrange(1_000_000)
    words = ["python -m bench.chaos", f"--kills {given.kills}", f"--seed {seed}", f"--store {given.store}"]
    words += [f"--dialects {' '.join(given.dialects)}"] if tuple(given.dialects) != tuple(DIALECTS) else []
    print(f"seed {seed}", file=sys.stderr, flush=True)
    begun = time.monotonic()
    order = Order(shared_out(given.kills, given.store, given.dialects), seed, given.minutes, given.parallel)

    def write(done: Sequence[Result]) -> None:
        spent = time.monotonic() - begun
        text = page(done, command=" ".join(words), seed=seed, load=load_now(), seconds=spent)
        given.page.write_text(text, encoding="utf-8")

    results = run(order, lambda told: print(told, file=sys.stderr, flush=True), write)
    write(results)
    print(given.page)
    counted = sum(result.counted for result in results)
    for result in results:
        for each in result.wrong:
            print(f"{result.dialect} {result.store}: {each}", file=sys.stderr)
    return 0 if counted >= given.kills and not any(result.wrong for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
