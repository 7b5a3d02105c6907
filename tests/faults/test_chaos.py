"""A short run of the chaos script: every dialect, both stores, a seed that is drawn and printed.

``ADAPTER_CHAOS_SEED`` repeats a run's choices; which process comes to a step first remains a matter of chance.
``python -m bench.chaos`` is the long run, with hundreds of kills.
"""

from __future__ import annotations

import os
import random

import pytest

from bench.chaos.dialects import DIALECTS
from bench.chaos.hospital import LEASE_SECONDS
from bench.chaos.report import page
from bench.chaos.run import Order, run
from bench.report import percentile

pytestmark = pytest.mark.slow

PER_DIALECT = 3
ON_POSTGRESQL = 4


@pytest.fixture
def seed() -> int:
    given = os.environ.get("ADAPTER_CHAOS_SEED")
    drawn = int(given) if given else random.SystemRandom().randrange(1_000_000)
    print(f"ADAPTER_CHAOS_SEED={drawn}")
    return drawn


def with_postgresql() -> bool:
    """Whether PostgreSQL is at hand; where it is required, its absence fails."""
    try:
        import pgserver  # noqa: F401
        import psycopg  # noqa: F401
    except ImportError:
        if os.environ.get("ADAPTER_REQUIRE_POSTGRES") == "1":
            raise
        return False
    return True


def test_killed_at_any_step_nothing_is_lost_and_nothing_doubled(seed: int) -> None:
    wanted = {("sqlite", name): PER_DIALECT for name in DIALECTS}
    if with_postgresql():
        wanted |= {("postgresql", random.Random(seed).choice(sorted(DIALECTS))): ON_POSTGRESQL}
    said: list[str] = []
    results = run(Order(wanted, seed, minutes=6, parallel=4), said.append)
    print(*said, sep="\n")
    assert [wrong for result in results for wrong in result.wrong] == []
    counted = {(result.store, result.dialect): result.counted for result in results}
    assert [place for place, quota in wanted.items() if counted[place] < quota] == []
    taken_over = [each for result in results for kill in result.kills for each in kill.taken_over]
    assert percentile(taken_over, 0.5) <= 2 * LEASE_SECONDS, "the rest is in bench/CHAOS.md: a busy machine adds to it"
    assert all(verdict.settled for result in results for verdict in result.verdicts), "stays went on to the end"
    assert "**0 lost, 0 doubled**" in page(results, command="test", seed=seed, load="", seconds=1)
