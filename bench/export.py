"""Bulk export of 1,000,000 ChargeItems: resources a second, and memory that does not grow with them."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from adapter.cases.export_files import EXPORTED, Asked, Mark, write_files
from adapter.settings import Settings
from adapter.wiring import open_tools
from bench.delivery_memory import resident
from bench.report import Bench, Figure, load_now
from bench.search import ITEMS, fill

FLAT = 10.0  # MiB
_STEPS = 10  # of the whole, at which memory is looked at


class Written(NamedTuple):
    """One export: resources, seconds, bytes of the files, and MiB resident by how many were written."""

    resources: int
    seconds: float
    size: int
    held: Mapping[int, float]


def prepare(address: str, items: int) -> None:
    """Fill an empty store as the bench of searches does; one that holds anything stays as it is."""
    with open_tools(Settings(database_url=address)) as tools:
        with tools.ledger.reading() as tx:
            empty = not tx.journal_end()
        if empty:
            fill(tools, items)


def export(address: str, folder: str, items: int) -> Written:
    """Export all of it; memory is looked at after each tenth of the charges."""
    held: dict[int, float] = {}
    with open_tools(Settings(database_url=address)) as tools:
        begun = time.monotonic()

        def heard(_: Mark, count: int) -> None:
            if count * _STEPS // items > len(held):
                gc.collect()
                held[count] = resident()
                print(f"  {count:,} written: {held[count]:.1f} MiB", file=sys.stderr, flush=True)

        asked = Asked(EXPORTED, tools.clock.now())
        lines = tools.exports.file_lines
        mark = write_files(asked, Path(folder), tools.ledger, file_lines=lines, heard=heard)
        seconds = time.monotonic() - begun
    return Written(mark.count, seconds, sum(each.stat().st_size for each in Path(folder).iterdir()), held)


def run(store: str | None = None, items: int = ITEMS) -> Bench:
    """Fill and export in processes of their own.

    Args:
        store: address of a store, which is kept and filled only where it is empty; None: one of our own on disk.
    """
    load = load_now()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="bench-export-")))
        address = store or f"sqlite:///{folder / 'export.db'}"
        for work in (prepare, export):
            with get_context("spawn").Pool(1) as pool:
                given = (address, items) if work is prepare else (address, str(folder / "out"), items)
                done = pool.apply(work, given)
    assert isinstance(done, Written)
    first, *others = done.held.values()
    grown = max(others) - first
    return Bench(
        name="export" if address.startswith("sqlite") else "export on PostgreSQL",
        command=f"python -m bench export{'' if items == ITEMS else f' --items {items}'}",
        how=(
            f"A store of {items:,} ChargeItems with what they point to, filled as for the bench of searches; then "
            "every type is exported as NDJSON, files synced, in a fresh process. Resident memory after a collection, "
            "at each tenth of the charges."
        ),
        figures=(
            Figure(
                "exported",
                f"{done.resources:,} resources, {done.size / (1 << 20):,.0f} MiB in {done.seconds:,.1f} s "
                f"({done.resources / done.seconds:,.0f} a second)",
            ),
            *(Figure(f"resident after {count:,}", f"{mib:.1f} MiB") for count, mib in done.held.items()),
            Figure("growth after the first tenth", f"{grown:+.1f} MiB", f"≤ {FLAT:.0f} MiB", grown <= FLAT),
        ),
        load=load,
    )
