"""The subjects of the promises."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.promises.counters import Counters
from tests.promises.subjects import CAN, Subject


@pytest.fixture(scope="module")
def counters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counters]:
    with ExitStack() as stack:
        yield Counters(tmp_path_factory.mktemp("payers"), stack)


@pytest.fixture(params=list(CAN))
def subject(request: pytest.FixtureRequest, counters: Counters, tmp_path: Path) -> Iterator[Subject]:
    """One endpoint after the other."""
    with counters.subject(str(request.param), tmp_path) as found:
        yield found
