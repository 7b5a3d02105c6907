"""The payer behind a folder as a process: a start that cannot work says why; its statements are those of its days."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from adapter.counterparts.__main__ import main
from adapter.counterparts.folder.process import _days
from adapter.doors.cli.app import app
from adapter.model.messages import OutboundMessage, Stage
from tests.support.exchange import counter
from tests.support.nhsa import stay_facts
from tests.support.office import FACILITY, ROOT, TestClock


def test_a_seed_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["folder", "bureau", "--root", str(tmp_path / "out"), "--store", str(tmp_path / "store.sqlite")]
    assert main([*words, "--seed", str(tmp_path / "nowhere.yaml"), "--mappings", str(ROOT / "mappings")]) == 2
    assert "nowhere.yaml" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "words",
    [
        ["folder", "pharmacy", "exchange"],
        ["folder", "bureau", "exchange", "--clock", "sundial"],
        ["seed", "yunxi_county", "nowhere", "--role", "pharmacy", "--out", "seed.yaml"],
        ["seed", "yunxi_county", "nowhere", "--role", "bureau", "--out", "seed.yaml"],
    ],
)
def test_a_command_that_cannot_start_is_wrong_usage(words: list[str]) -> None:
    assert CliRunner().invoke(app, ["counterparts", *words]).exit_code == 2


def test_statements_are_due_for_the_hospitals_and_days_that_were_settled(tmp_path: Path) -> None:
    clock = TestClock()
    with ExitStack() as stack:
        behind = counter(stack, tmp_path, "bureau", "bureau", clock)
        assert _days(behind.receiver.desk) == []
        message = behind.endpoint.next(Stage.SETTLE, stay_facts(), (), clock.now())
        assert isinstance(message, OutboundMessage)
        behind.endpoint.deliver(message)
        assert behind.receiver.collect() == 1
        assert _days(behind.receiver.desk) == [(FACILITY, date(2021, 5, 17))]
