"""``adapter replay``, and the sheet that ``--explain`` prints, at the terminal."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.rooms.cli.test_commands import Terminal
from tests.support.office import TestClock, case_id, office, settle_case, take_in
from tests.support.payers import fake_payers

SETTLED, OPEN = "300010004", "300010001"


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """A ledger with one settled bill and one that nobody settled."""
    payers = fake_payers(TestClock())
    with office(tmp_path, payers.endpoints, clock=payers.clock) as tools:
        take_in(tools, tmp_path, SETTLED, OPEN)
        settle_case(SETTLED, tools)
    env = {name: value for name, value in os.environ.items() if not name.startswith("ADAPTER_")}
    return Terminal(tmp_path, {**env, "ADAPTER_DATABASE_URL": f"sqlite:///{tmp_path / 'adapter.db'}"})


def test_stored_bills_settle_again(terminal: Terminal) -> None:
    one = terminal.run("replay", case_id(SETTLED), "--json")
    assert (one.code, one.json) == (0, [{"case_id": case_id(SETTLED), "version": 1, "issues": []}])
    every = terminal.run("replay", "--all")
    assert every.code == 0 and "bills settled again, 0 differ" in every.out
    never = terminal.run("replay", case_id(OPEN))
    assert never.code == 0 and "CASE-413" in never.err
    assert terminal.run("replay").code == 2
    assert terminal.run("replay", case_id(SETTLED), "--all").code == 2
    assert terminal.run("replay", "nobody").code == 1


@pytest.mark.slow
def test_several_processes_find_the_same(terminal: Terminal) -> None:
    found = terminal.run("replay", "--all", "--jobs", "2", "--json")
    assert (found.code, found.json) == (0, [{"case_id": case_id(SETTLED), "version": 1, "issues": []}])


@pytest.mark.parametrize(
    ("lang", "there", "not_there"), [("zh", "费用总额", "Total of"), ("en", "Total of", "费用总额")]
)
def test_the_sheet_is_printed_in_the_language_asked_for(
    terminal: Terminal, lang: str, there: str, not_there: str
) -> None:
    ran = terminal.run("estimate", case_id(OPEN), "--explain", "--lang", lang)
    assert ran.code == 0 and there in ran.out and not_there not in ran.out
    assert "[S18 乡镇/社区 90%、县级 75%、市级 60%]" in ran.out
