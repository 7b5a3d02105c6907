"""A service without endpoints: nothing leaves it, everything else works."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.service import EXPORT, Running, serving, settings_for


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """An empty service for the tests of a file."""
    with serving(settings_for(tmp_path_factory.mktemp("service"), max_body_bytes=2_000_000)) as running:
        yield running


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service that has taken the fixture hospital's export in."""
    folder: Path = tmp_path_factory.mktemp("stocked")
    with serving(settings_for(folder)) as running:
        assert running.take_in(EXPORT).status_code == 200
        yield running
