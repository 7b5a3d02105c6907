"""Real processes over real HTTP; one of each kind for the whole room, emptied before every test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.counterparts import Counterpart, counterpart


@pytest.fixture(scope="session")
def bureau_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counterpart]:
    with counterpart("bureau", store=tmp_path_factory.mktemp("bureau") / "store.sqlite") as running:
        yield running


@pytest.fixture(scope="session")
def careless_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counterpart]:
    store = tmp_path_factory.mktemp("careless") / "store.sqlite"
    with counterpart("bureau", store=store, ignore_keys=True) as running:
        yield running


@pytest.fixture(scope="session")
def aid_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counterpart]:
    with counterpart("aid", store=tmp_path_factory.mktemp("aid") / "store.sqlite") as running:
        yield running


@pytest.fixture
def bureau(bureau_process: Counterpart) -> Counterpart:
    bureau_process.reset()
    return bureau_process


@pytest.fixture
def careless(careless_process: Counterpart) -> Counterpart:
    """A bureau that ignores keys and counts every submission."""
    careless_process.reset()
    return careless_process


@pytest.fixture
def aid(aid_process: Counterpart) -> Counterpart:
    aid_process.reset()
    return aid_process
