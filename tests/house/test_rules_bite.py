"""The checklist bites: with the implementation of a row disabled, that row's own tests turn red.

fixtures/rules/bites.yaml says per row which functions to disable and what they give then. Forty rows are drawn by
seed (``ADAPTER_BITE_SEED``; ``ADAPTER_BITE_ROWS=all`` tries every one).
"""

from __future__ import annotations

import os
import random
from typing import Any

import pytest
import yaml

from tests.support.rules import DONE, FILES_OF, ROOT
from tests.support.terminal import run

BITES: dict[str, list[dict[str, str]]] = yaml.safe_load((ROOT / "fixtures/rules/bites.yaml").read_text("utf-8"))
AT_LEAST, DRAWN = 60, 40
SEED = os.environ.get("ADAPTER_BITE_SEED", "1")
ROWS = (
    sorted(BITES)
    if os.environ.get("ADAPTER_BITE_ROWS") == "all"
    else sorted(random.Random(SEED).sample(sorted(BITES), min(DRAWN, len(BITES))))
)


def ended(row: str, disabled: list[dict[str, str]]) -> tuple[int, str]:
    """Exit code and words of the row's tests with these functions disabled."""
    lines = "\n".join(f"{one['at']} → {one['gives']}" for one in disabled)
    env = {name: value for name, value in os.environ.items() if not name.startswith(("ADAPTER_", "PYTEST_"))}
    done = run(row, *FILES_OF[row], env=env | {"BITTEN": lines, "CI": "1"}, program="tests.support.bitten")
    return done.returncode, done.stdout[-2000:] + done.stderr[-2000:]


@pytest.mark.parametrize("row", ROWS)
def test_disabled_the_row_is_red(row: str) -> None:
    """Exit code 1 is a failed test; 2 and more would be a harness that could not run."""
    code, said = ended(row, BITES[row])
    assert code == 1, f"{row}: {BITES[row]} disabled, and its tests end with {code}\n{said}"


@pytest.mark.parametrize("row", ["A-04", "B-07", "X-04"])
def test_something_else_disabled_the_row_is_green(row: str) -> None:
    """Red above comes from the row's own implementation, not from the harness."""
    code, said = ended(row, [{"at": "rules.programme.rewards:reward", "gives": "None"}])
    assert code == 0, said


def test_enough_rows_can_be_disabled() -> None:
    assert len(BITES) >= AT_LEAST
    assert not BITES.keys() - DONE, "a row that is not done has nothing to disable"


def test_an_entry_names_a_function_and_an_expression() -> None:
    odd: list[Any] = [one for entry in BITES.values() for one in entry if set(one) != {"at", "gives"}]
    assert odd == []
