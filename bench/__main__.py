"""``python -m bench [name …]``: run the benches and write bench/RESULTS.md."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence

from bench import hl7, map_encode, settle
from bench.report import RESULTS, Bench, write_results

BENCHES: Mapping[str, Callable[[], Bench]] = {"map_encode": map_encode.run, "settle": settle.run, "hl7": hl7.run}


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit 0 when every bar was kept, 1 when one was missed, 2 on wrong usage."""
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Run the benches and write bench/RESULTS.md.",
        epilog="python -m bench settle",
    )
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(BENCHES)}; all when none is named")
    names = parser.parse_args(arguments).names or list(BENCHES)
    unknown = [name for name in names if name not in BENCHES]
    if unknown:
        parser.error(f"unknown bench {', '.join(unknown)}; there are {', '.join(BENCHES)}")
    done = []
    for name in names:
        print(f"{name} …", file=sys.stderr, flush=True)
        bench = BENCHES[name]()
        done.append(bench)
        for figure in bench.figures:
            print(f"  {figure.what}: {figure.value}{f'  (bar: {figure.bar})' if figure.bar else ''}", file=sys.stderr)
    write_results(done)
    print(RESULTS)
    return 0 if all(figure.kept is not False for bench in done for figure in bench.figures) else 1


if __name__ == "__main__":
    sys.exit(main())
