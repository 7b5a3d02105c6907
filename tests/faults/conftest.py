"""Two pairs of payers for the whole room, one that minds claim keys and one that counts every submission."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.faults.rig import STAYS, Rig, prepared
from tests.support.counterparts import Counterpart, counterpart
from tests.support.office import office, take_in

Pair = tuple[Counterpart, Counterpart]


@pytest.fixture(scope="session")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[bool], Pair]]:
    """Started when first asked for, emptied each time."""
    running: dict[bool, Pair] = {}
    with ExitStack() as stack:

        def pair(ignore_keys: bool) -> Pair:
            if ignore_keys not in running:
                folder = tmp_path_factory.mktemp("payers")
                bureau, aid = (
                    stack.enter_context(counterpart(role, store=folder / f"{role}.sqlite", ignore_keys=ignore_keys))
                    for role in ("bureau", "aid")
                )
                running[ignore_keys] = (bureau, aid)
            for payer in running[ignore_keys]:
                payer.reset()
            return running[ignore_keys]

        yield pair


@pytest.fixture(scope="session")
def taken_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger in which the stays' export has been taken in, made once."""
    folder = tmp_path_factory.mktemp("taken-in")
    with office(folder, {}) as tools:
        assert not take_in(tools, folder, *STAYS).stopped
    return folder / "adapter.db"


@pytest.fixture
def new_rig(pairs: Callable[[bool], Pair], taken_in: Path, tmp_path: Path) -> Iterator[Callable[[bool], Rig]]:
    """A hospital with nothing settled yet; what it started is gone afterwards."""
    made: list[Rig] = []

    def rig(ignore_keys: bool) -> Rig:
        bureau, aid = pairs(ignore_keys)
        prepared(taken_in, tmp_path)
        made.append(Rig(tmp_path, bureau, aid))
        return made[-1]

    yield rig
    for each in made:
        each.clean_up()
