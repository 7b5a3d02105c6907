"""The nightly run: every law of ``bench.laws`` on 20,000 examples each. ``python -m bench.properties``"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence

from hypothesis import HealthCheck, given, settings

from bench.laws import ANY, LAWS, Drawn

EXAMPLES = 20_000


def checked(law: Callable[[Drawn], None], examples: int) -> Callable[[], None]:
    """A law as something to run. Raises AssertionError with the smallest example that breaks it."""

    @settings(deadline=None, max_examples=examples, database=None, suppress_health_check=list(HealthCheck))
    @given(case=ANY)
    def run(case: Drawn) -> None:
        law(case)

    return run


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit 0 when every law holds, 1 when one does not, 2 on wrong usage."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.properties",
        description="Every law of a settlement on many random plans and bills.",
        epilog="python -m bench.properties --examples 2000 shares_add_up",
    )
    parser.add_argument("laws", nargs="*", metavar="LAW", help=f"of {', '.join(LAWS)}; all when none is named")
    parser.add_argument("--examples", type=int, default=EXAMPLES, help=f"for each law; {EXAMPLES:,}")
    given_ = parser.parse_args(arguments)
    unknown = [name for name in given_.laws if name not in LAWS]
    if unknown:
        parser.error(f"unknown law {', '.join(unknown)}; there are {', '.join(LAWS)}")
    broken = 0
    for name in given_.laws or LAWS:
        begun = time.perf_counter()
        try:
            checked(LAWS[name], given_.examples)()
        except AssertionError as error:
            broken += 1
            print(f"{name}: BROKEN {error}")
        else:
            print(f"{name}: holds on {given_.examples:,} examples, {time.perf_counter() - begun:.0f} s", flush=True)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
