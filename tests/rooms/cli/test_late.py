"""Commands after a bill was closed: late-payer, resettle."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from adapter.doors.cli.app import app
from adapter.model.issues import AdapterError
from tests.support.service import EXPORT

CASE = "qingshi_county-300010002"
PAID = ("--payer", "emergency-fund", "--amount", "500.00", "--reference", "E-7", "--cite", "救助通知7号")


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADAPTER_DATABASE_URL", f"sqlite:///{tmp_path / 'adapter.db'}")


@pytest.fixture
def store(empty: None) -> None:
    assert adapter("ingest", "qingshi_county", *(str(path) for path in sorted(EXPORT.iterdir()))).exit_code in (0, 1)


def adapter(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def code(done: Result) -> str:
    assert isinstance(done.exception, AdapterError), done.output
    return done.exception.issues[0].code


def test_before_settling_nothing_is_late(store: None) -> None:
    assert code(adapter("late-payer", CASE, *PAID)) == "CASE-400"
    assert code(adapter("late-payer", CASE, "--take-back")) == "CASE-400"
    assert code(adapter("resettle", CASE, "--stands", "--reason", "核实")) == "CASE-406"
    assert code(adapter("resettle", CASE, "--reason", "首次住院已更正")) == "CASE-309"
    assert code(adapter("late-payer", "nobody-1", *PAID)) == "CASE-302"


@pytest.mark.parametrize(
    "words",
    [
        PAID[:6],
        (*PAID, "--take-back"),
        (*PAID[:2], "--amount", "5.001", *PAID[4:]),
        ("--payer", "friend", *PAID[2:]),
        (*PAID, "--received", "yesterday"),
    ],
    ids=["no article", "both at once", "finer than a fen", "no such payer", "no day"],
)
def test_wrong_usage_is_2(empty: None, words: tuple[str, ...]) -> None:
    assert adapter("late-payer", CASE, *words).exit_code == 2
