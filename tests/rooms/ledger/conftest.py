"""Every ledger test runs on both databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from adapter.ledger.ledger import Ledger
from tests.support.postgres import postgres  # noqa: F401  (a fixture)

BACKENDS = ("sqlite", "postgresql")


@pytest.fixture(params=BACKENDS)
def new_store(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], str]:
    """Gives the address of a new store; a SQLite one is empty, a PostgreSQL one has its tables already."""
    if request.param == "postgresql":
        return request.getfixturevalue("postgres").migrated
    names = iter(range(1000))
    return lambda: f"sqlite:///{tmp_path / f'{next(names)}.db'}"


@pytest.fixture
def url(new_store: Callable[[], str]) -> str:
    """A store of this test alone."""
    return new_store()


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    """A ledger of this test alone."""
    with Ledger.open(url) as opened:
        yield opened
