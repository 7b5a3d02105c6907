"""Collecting the patient's part as a clerk types it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.support.office import SOURCE, TestClock, case_id, office, settle_case, take_in
from tests.support.patient_part import STAY, account
from tests.support.payers import fake_payers
from tests.support.terminal import run

CASE = case_id(STAY)


@pytest.fixture
def desk(tmp_path: Path) -> tuple[Path, str]:
    """A store in which one stay is settled, and what its patient owes."""
    payers = fake_payers(TestClock())
    with office(tmp_path, payers.endpoints, clock=payers.clock) as tools:
        take_in(tools, tmp_path, STAY)
        settle_case(STAY, tools)
        return tmp_path, account(tools).part.share.text


@pytest.mark.slow
def test_a_debt_from_the_first_payment_to_its_recovery(desk: tuple[Path, str]) -> None:
    folder, owed = desk
    env = os.environ | {"ADAPTER_DATABASE_URL": f"sqlite:///{folder / 'adapter.db'}"}

    def adapter(*words: str, code: int = 0) -> tuple[str, str]:
        done = run(*words, cwd=folder, env=env)
        assert done.returncode == code, (words, done.stdout, done.stderr)
        return done.stdout, done.stderr

    paid, _ = adapter("pay", CASE, "0.01", "--receipt", "R1", "--json")
    assert json.loads(paid)["state"] == "part-paid"
    assert "booked before" in adapter("pay", CASE, "0.01", "--receipt", "R1")[0]
    assert "PRG-278" in adapter("refund", CASE, "0.01", "--receipt", "R2", code=1)[1]
    assert adapter("pay", CASE, "many", "--receipt", "R3", code=2)[0] == ""
    assert "PRG-277" in adapter("plan", "sign", CASE, "--due", "2099-01-01", code=1)[1]
    assert "CASE-376" in adapter("plan", "show", CASE, code=1)[1]
    assert "PRG-201" in adapter("stage", "ask", CASE, "--agreement", "X", code=1)[1]
    interim = ("interim", "record", CASE, "S-1", "--through", "2021-05-10", "--paid", "basic=1.00")
    assert "CASE-477" in adapter(*interim, code=1)[1]
    assert "CASE-373" in adapter("interim", "cancel", CASE, "S-1", code=1)[1]

    late, told = adapter("arrears", "run", code=1)
    assert "PRG-201" in told and late.count("\n") > 0
    proposal = ("credit", "propose", CASE, "credit-malicious", "--evidence", "CH-1", "--noticed", "2021-07-01")
    assert "PRG-281" in adapter(*proposal, code=1)[1]
    assert "proposed" in adapter(*proposal, "--malice", "有能力而拒付")[0]
    assert "CASE-378" in adapter("credit", "debtor", CASE, "relative", "R-1", code=1)[1]
    assert "listed" in adapter("credit", "confirm", CASE, "--reason", "已核实")[0]
    assert json.loads(adapter("credit", "show", SOURCE, "88004", "--json")[0])["deferral"] is False
    assert "appealed" in adapter("credit", "appeal", CASE, "--reason", "称已付")[0]
    assert "cleared" in adapter("credit", "clear", CASE, "--reason", "查明")[0]

    assert "追缴" in adapter("arrears", "collect", CASE, "--reason", "催缴")[0]
    assert "PRG-270" in adapter("arrears", "village", CASE, "V1", code=1)[1]
    assert "PRG-270" in adapter("fund", "claim", CASE, "--reason", "x", code=1)[1]
    assert "CASE-380" in adapter("fund", "received", CASE, "1.00", "--receipt", "F1", code=1)[1]
    assert "CASE-383" in adapter("reward", CASE, code=1)[1]
    adapter("arrears", "write-off", CASE, "--reason", "死账")
    rest = json.loads(adapter("account", CASE, "--json")[0])["open"]
    assert "recovered" in adapter("pay", CASE, rest, "--receipt", "R9", "--method", "card")[0]
    shown, _ = adapter("account", CASE)
    assert owed in shown and "R9" in shown
