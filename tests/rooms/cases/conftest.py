"""The office with fake payers and a clock that stands still unless told otherwise."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapter.cases.tools import Tools
from adapter.ledger.ledger import Ledger
from tests.support.office import TestClock, office
from tests.support.payers import Payers, fake_payers


@pytest.fixture(scope="session")
def empty_ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger with its tables and nothing in them, made once."""
    path = tmp_path_factory.mktemp("ledger") / "empty.db"
    Ledger.open(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def payers() -> Payers:
    return fake_payers(TestClock())


@pytest.fixture
def tools(tmp_path: Path, payers: Payers, empty_ledger: Path) -> Iterator[Tools]:
    shutil.copy(empty_ledger, tmp_path / "adapter.db")
    with office(tmp_path, payers.endpoints, clock=payers.clock) as opened:
        yield opened
