"""schemathesis asks every address of the service: no failure of ours, and every answer is one that is documented."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conformance.explorer import explore
from tests.conformance.hospital import Hospital, hospital

pytestmark = pytest.mark.slow

#: Seconds to go on for, with other requests at every run; where it is not set, the same ones, in about a minute.
SECONDS = "ADAPTER_API_FUZZ_SECONDS"
_SAME = ("--phases", "examples,coverage,fuzzing", "--generation-deterministic", "--max-examples", "3")
_OTHERS = ("--phases", "examples,coverage,fuzzing,stateful", "--max-examples", "100")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Hospital]:
    with hospital(tmp_path) as running:
        yield running


def test_every_answer_is_a_documented_one(served: Hospital, tmp_path: Path, say: Callable[[str], None]) -> None:
    seconds = os.environ.get(SECONDS)
    options = _SAME if seconds is None else (*_OTHERS, "--max-time", seconds)
    found = explore(served, tmp_path, options, brief=seconds is None)
    say(f"schemathesis: {found.operations} addresses, {found.requests} requests")
    assert found.told == "", f"{found.told}\n{served.said()}"
