"""``python -m bench [name …]``: run the benches and write bench/RESULTS.md."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from bench import (
    convert,
    dead_endpoint,
    delivery_memory,
    export,
    hl7,
    map_encode,
    memory,
    oracle,
    search,
    settle,
    settle_amounts,
    transaction,
    validator,
)
from bench.chains import fhir, nhsa
from bench.report import RESULTS, Bench, write_results

BENCHES: Mapping[str, Callable[[], Bench]] = {
    "map_encode": map_encode.run,
    "settle": settle.run,
    "settle_amounts": settle_amounts.run,
    "hl7": hl7.run,
    "convert": convert.run,
    "validator": validator.run,
    "transaction": transaction.run,
    "chains": fhir.run,
    "chains_nhsa": nhsa.run,
    "dead_endpoint": dead_endpoint.run,
}

#: Those that take long or much room on disk; they run when they are named.
LARGE: Mapping[str, Callable[[], Bench]] = {
    "memory": memory.run,
    "oracle": oracle.run,
    "policy_diff": settle_amounts.run_diff,
    "delivery_memory": delivery_memory.run,
    "search": search.run,
    "export": export.run,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit 0 when every bar was kept, 1 when one was missed, 2 on wrong usage."""
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Run the benches and write bench/RESULTS.md.",
        epilog="python -m bench settle",
    )
    parser.add_argument(
        "names",
        nargs="*",
        metavar="name",
        help=f"of {', '.join(BENCHES)}; all of them when none is named. Or {', '.join(LARGE)}, with pages of their own",
    )
    parser.add_argument(
        "--store",
        metavar="URL",
        help="search, export: the store to ask; kept, and filled where it is empty (sqlite:///file)",
    )
    parser.add_argument("--items", type=int, default=search.ITEMS, help="search, export: charges to fill it with")
    asked = parser.parse_args(arguments)
    names = asked.names or list(BENCHES)
    known: dict[str, Callable[[], Bench]] = {**BENCHES, **LARGE}
    known["search"] = partial(search.run, asked.store, asked.items)
    known["export"] = partial(export.run, asked.store, asked.items)
    unknown = [name for name in names if name not in known]
    if unknown:
        parser.error(f"unknown bench {', '.join(unknown)}; there are {', '.join(known)}")
    done = []
    for name in names:
        print(f"{name} …", file=sys.stderr, flush=True)
        bench = known[name]()
        if name in LARGE:
            write_results([bench], RESULTS.with_name(f"{name.upper()}.md"))
        done.append(bench)
        for figure in bench.figures:
            print(f"  {figure.what}: {figure.value}{f'  (bar: {figure.bar})' if figure.bar else ''}", file=sys.stderr)
    if ordinary := [bench for bench, name in zip(done, names, strict=True) if name in BENCHES]:
        write_results(ordinary)
        print(RESULTS)
    return 0 if all(figure.kept is not False for bench in done for figure in bench.figures) else 1


if __name__ == "__main__":
    sys.exit(main())
