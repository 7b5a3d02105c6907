"""Commands about a settlement on its way: call, endpoint, variances, receipt, ledger, outbox park."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from adapter.doors.cli.app import app
from adapter.model.issues import AdapterError
from tests.support.service import EXPORT
from tests.support.terminal import run

CASE = "qingshi_county-300010002"
WHY = ("--reason", "核实")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An office that has taken one export in; its payers cannot be reached."""
    file = tmp_path_factory.mktemp("walk") / "adapter.db"
    with pytest.MonkeyPatch.context() as patch:
        settings_of(patch, file)
        words = ("ingest", "qingshi_county", *(str(path) for path in sorted(EXPORT.iterdir())))
        assert adapter(*words).exit_code in (0, 1)
    return file


@pytest.fixture(autouse=True)
def here(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings_of(monkeypatch, store)


def settings_of(patch: pytest.MonkeyPatch, file: Path) -> None:
    dead = {"base_url": "http://127.0.0.1:9", "simulator": True}
    patch.setenv("ADAPTER_DATABASE_URL", f"sqlite:///{file}")
    patch.setenv("ADAPTER_ENDPOINTS", json.dumps({"bureau": dead, "civil-affairs": {**dead, "form": "transaction"}}))


def adapter(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def code(done: Result) -> str:
    assert isinstance(done.exception, AdapterError), done.output
    return done.exception.issues[0].code


def test_a_call_is_held_and_resumed() -> None:
    assert adapter("call", "hold", CASE, "aid", *WHY).exit_code == 0
    shown = adapter("case", "show", CASE).stdout
    assert "人工指令" in shown and "已暂停" in shown and "核实" in shown
    done = adapter("call", "resume", CASE, "aid", *WHY, "--wait", "0", "--json")
    assert json.loads(done.stdout)["case_id"] == CASE
    assert code(adapter("call", "resume", CASE, "aid", *WHY)) == "CASE-423"
    assert code(adapter("call", "hold", CASE, "nobody", *WHY)) == "CASE-421"
    assert code(adapter("call", "skip", CASE, "aid", *WHY)) == "CASE-435"
    assert code(adapter("call", "present", CASE, "aid")) == "CASE-427"
    assert adapter("call", "hold", CASE, "aid").exit_code == 2, "a reason is wanted"


def test_an_endpoint_is_paused_and_resumed() -> None:
    paused = adapter("endpoint", "pause", "bureau", *WHY, "--until", "2999-01-01T06:00", "--json")
    assert json.loads(paused.stdout)["paused_until"] == "2998-12-31T22:00:00+00:00"
    (shown,) = json.loads(adapter("endpoint", "show", "bureau", "--json").stdout)
    assert (shown["why"], shown["reason"]) == ("person", "核实")
    assert "person" in adapter("endpoint", "show").stdout
    assert json.loads(adapter("endpoint", "resume", "bureau", "--json").stdout)["paused_until"] is None
    assert code(adapter("endpoint", "pause", "bureau", *WHY, "--until", "2020-01-01T00:00")) == "CASE-420"
    assert code(adapter("endpoint", "show", "nobody")) == "CASE-315"


def test_a_waiting_message_is_parked_and_said_so() -> None:
    adapter("endpoint", "pause", "bureau", *WHY)
    assert adapter("trial", CASE, "--wait", "0").exit_code == 0
    (row,) = json.loads(adapter("outbox", "list", "--unfinished", "--json").stdout)
    assert row["waits_for"] == "person → resumed"
    assert adapter("outbox", "park", row["key"], *WHY).exit_code == 0
    (row,) = json.loads(adapter("outbox", "list", "--unfinished", "--json").stdout)
    assert row["state"] == "parked"
    adapter("endpoint", "resume", "bureau")


def test_nothing_to_advance_and_no_variances() -> None:
    assert json.loads(adapter("variances", "list", "--json").stdout) == []
    assert code(adapter("variances", "close", CASE, "basic", *WHY)) == "CASE-429"


def test_the_hospital_advances_what_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    other = "qingshi_county-300010004"
    assert adapter("estimate", other).exit_code == 0
    assert code(adapter("settle", other, "--advance", "--wait", "0")) == "CFG-745"
    monkeypatch.setenv("ADAPTER_ADVANCE_DIFFERENCE", "hospital")
    done = adapter("settle", other, "--advance", "--wait", "0", "--reason", "平台不通,患者要出院", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["bill"] == "settled-advanced"
    assert code(adapter("settle", other, "--advance", "--wait", "0")) == "CASE-318"


def test_a_receipt_is_used_and_taken_back() -> None:
    assert "used" in adapter("receipt", "used", CASE, "0033445566", *WHY).stdout
    assert "taken back" in adapter("receipt", "take-back", CASE, "0033445566", *WHY).stdout
    assert code(adapter("receipt", "take-back", CASE, "0033445566", *WHY)) == "CASE-433"


def test_what_a_payer_has_not_answered_is_told_with_its_reason() -> None:
    other = "qingshi_county-300010005"
    adapter("endpoint", "pause", "bureau", *WHY, "--until", "2999-01-01T06:00")
    asked = adapter("trial", other, "--wait", "1")
    assert (asked.exit_code, "CASE-494" in asked.stderr) == (1, True), asked.output
    assert "person → 2999-01-01T06:00:00+08:00" in asked.stderr, "by the clock on the wall"
    assert "2999-01-01T06:00:00+08:00" in adapter("endpoint", "show").stdout
    assert code(adapter("settle", other, "--wait", "1")) == "CASE-494"
    assert adapter("trial", other, "--wait", "0").exit_code == 0, "nobody waited"
    adapter("endpoint", "resume", "bureau")


@pytest.mark.parametrize("reason", ["", " ", "x" * 301])
def test_a_reason_says_something(reason: str) -> None:
    assert adapter("call", "hold", CASE, "aid", "--reason", reason).exit_code == 2
    assert adapter("endpoint", "resume", "bureau", "--reason", reason).exit_code == 2


def test_an_id_number_in_place_of_a_case_is_not_repeated() -> None:
    done = adapter("case", "show", "999999198301250084")
    assert code(done) == "CASE-302" and "999999198301250084" not in str(done.exception)


@pytest.mark.parametrize(
    ("day", "facility", "says"), [("9999-12-31", "H99990100001", "CASE-492"), ("2021-03-19", "H9", "CASE-493")]
)
def test_a_day_or_a_hospital_that_cannot_be_meant(day: str, facility: str, says: str) -> None:
    assert code(adapter("reconcile", "bureau", day, "--facility", facility)) == says


def test_a_file_that_cannot_be_written_is_an_issue_before_anything_is_sent(tmp_path: Path) -> None:
    missing = str(tmp_path / "none" / "x.xml")
    done = run("conform", "insurance", "--url", "http://127.0.0.1:9/fhir", "--junit", missing)
    assert (done.returncode, "CASE-491" in done.stderr, "Traceback" in done.stderr) == (1, True, False), done.stderr
    assert "CNF-904" not in done.stderr
    done = run("way-back", "ddl", "x" * 300)
    assert (done.returncode, "CASE-491" in done.stderr, "Traceback" in done.stderr) == (1, True, False), done.stderr


def test_the_ledger_is_verified_and_rebuilt() -> None:
    before = json.loads(adapter("ledger", "verify", "--json").stdout)
    assert before["lines"] > 0
    assert before["issues"] == []
    assert adapter("ledger", "rebuild").exit_code == 2
    assert f"{before['lines']} lines replayed" in adapter("ledger", "rebuild", "--yes").stdout
    assert json.loads(adapter("ledger", "verify", "--json").stdout) == before
