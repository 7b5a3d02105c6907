"""A whole run: campaigns of several kinds of hospitals side by side, each with dice of its own from one seed."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.chaos.campaign import Campaign, Grounds, Result
from bench.chaos.dialects import DIALECTS, write_aid_seed, write_mappings
from bench.chaos.nursery import nursery
from bench.chaos.stores import Ledgers, SqliteLedgers, postgres

#: Of the kills over both stores, so many of a hundred are over SQLite.
_SQLITE_SHARE = 60


@dataclass(frozen=True, slots=True)
class Order:
    """What is wanted.

    Attributes:
        kills: by store (``sqlite``, ``postgresql``) and dialect, at which a message was leased or in flight.
        minutes: after so long no campaign begins another death.
        parallel: campaigns at a time.
    """

    kills: Mapping[tuple[str, str], int]
    seed: int
    minutes: float = 25.0
    parallel: int = 4


def shared_out(kills: int, store: str, dialects: Sequence[str]) -> dict[tuple[str, str], int]:
    """Kills by store and dialect; ``both`` gives SQLite the larger part."""
    sqlite = kills * _SQLITE_SHARE // 100
    by_store = {"sqlite": sqlite, "postgresql": kills - sqlite} if store == "both" else {store: kills}
    return {
        (each, name): number // len(dialects) + (place < number % len(dialects))
        for each, number in by_store.items()
        for place, name in enumerate(dialects)
    }


def run(
    order: Order, say: Callable[[str], None] = lambda _: None, ended: Callable[[list[Result]], None] = lambda _: None
) -> list[Result]:
    """Do it; one result for each dialect and store that had anything to do.

    Args:
        ended: is given the results so far whenever a campaign has ended.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chaos", dir=_in_memory())))
        mappings = write_mappings(folder)
        forked = stack.enter_context(nursery(*mappings.values()))
        grounds = Grounds(forked, folder, mappings, write_aid_seed(folder))
        ledgers: dict[str, Ledgers] = {"sqlite": SqliteLedgers(folder, mappings)}
        if any(store == "postgresql" for store, _ in order.kills):
            ledgers["postgresql"] = stack.enter_context(postgres(folder, mappings))
        until = time.monotonic() + order.minutes * 60
        turn = order.minutes * 60 * order.parallel / len(order.kills)
        campaigns = []
        for (store, name), quota in order.kills.items():
            dice = random.Random(f"{order.seed} {name} {store}")
            ledgers[store].prepare(DIALECTS[name].computes)
            campaigns.append(Campaign(grounds, DIALECTS[name], store, ledgers[store], quota, dice, until, turn, say))
        results: list[Result] = []
        with ThreadPoolExecutor(order.parallel) as pool:
            begun = [pool.submit(each.run) for each in campaigns if each.quota]
            for done in as_completed(begun):
                results.append(done.result())
                ended(results)
        return sorted(results, key=lambda result: (result.dialect, result.store))


def _in_memory() -> str | None:
    """What is written need not outlast the machine, only the process: a folder in memory where there is one."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None
