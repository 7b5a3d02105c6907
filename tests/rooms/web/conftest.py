"""A service without endpoints: nothing leaves it, everything else works."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.service import EXPORT, Running, serving, settings_for


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """An empty service for the tests of a file."""
    with serving(settings_for(tmp_path_factory.mktemp("service"), max_body_bytes=2_000_000)) as running:
        yield running


@pytest.fixture(scope="session")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of a service that has taken the fixture hospital's export in, made once; to be copied."""
    folder = tmp_path_factory.mktemp("stock")
    with serving(settings_for(folder)) as running:
        assert running.take_in(EXPORT).status_code == 200
    assert [path.name for path in folder.iterdir()] == ["adapter.db"], "everything is in the one file"
    return folder / "adapter.db"


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory, stock: Path) -> Iterator[Running]:
    """A service that has taken the fixture hospital's export in."""
    folder: Path = tmp_path_factory.mktemp("stocked")
    shutil.copy(stock, folder)
    with serving(settings_for(folder)) as running:
        yield running
