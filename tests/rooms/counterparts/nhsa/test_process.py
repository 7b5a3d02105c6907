"""The bureau as a process: ready, killed, started again with what it had settled; a start that cannot work says why."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from adapter.counterparts.__main__ import main
from adapter.counterparts.nhsa.process import arguments, bureau_of
from adapter.counterparts.nhsa.seed import SeedError, load_seed
from adapter.doors.cli.app import app
from tests.support.nhsa_window import HOME, A, Window, bureau_process, command, line


@pytest.mark.slow
def test_what_was_settled_survives_a_kill(tmp_path: Path) -> None:
    with bureau_process(tmp_path / "nhsa.sqlite", clock="system") as bureau:
        with Window.at(base=bureau.base) as window:
            window.sign_in()
            visit = window.stay(A, [line("1", "2201", "1", "9000.00")])
            bureau.script({"match": {"stage": "settle"}, "do": "drop-after"})
            with pytest.raises(httpx.RemoteProtocolError):
                window.post("2304", window.bill(visit, A, "9000.00"))
            lost = window.last_msgid
            bureau.kill()
            bureau.restart()
            assert "已结算" in window.refused("2304", window.bill(visit, A, "9000.00"))
            assert list(bureau.state()["settlements"]) == [lost]
            window.good("2601", {"data": {"psn_no": A, "omsgid": lost, "oinfno": "2304"}})
            window.good("2304", window.bill(visit, A, "9000.00"))
        assert bureau.stop() == 0


@pytest.mark.parametrize("name", ["region", "seed_file", "plan", "fields"])
def test_a_start_that_cannot_work_says_why(tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command(tmp_path / "store.sqlite", **{name: "nowhere.yaml"})) == 2
    assert "nowhere.yaml" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("basic: test_hunan_composite/basic", "basic: nowhere/basic", "nowhere/basic"),
        ("basic: test_employees/basic", "basic: yueyang/unknown", "yueyang/unknown"),
    ],
)
def test_plans_that_the_seed_names_must_be_at_hand(tmp_path: Path, old: str, new: str, text: str) -> None:
    seed = tmp_path / "seed.yaml"
    content = (HOME / "seed.yaml").read_text("utf-8").replace("../items/", f"{HOME.parent}/items/")
    seed.write_text(content.replace(old, new), "utf-8")
    given = arguments(command(tmp_path / "store.sqlite", seed_file=str(seed))[1:])
    with pytest.raises(ValueError, match=text):
        bureau_of(store=given.store, region=given.region, seed_file=seed, plan=given.plan, fields=HOME / "fields.yaml")


def test_a_seed_that_says_something_twice_or_not_at_all_is_refused(tmp_path: Path) -> None:
    seed = tmp_path / "seed.yaml"
    for text in ((HOME / "seed.yaml").read_text("utf-8") + "\nname: again\n", "name: only\n", "[]"):
        seed.write_text(text, "utf-8")
        with pytest.raises(SeedError, match=r"seed\.yaml"):
            load_seed(seed)


@pytest.mark.parametrize(
    ("option", "value"), [("--region", "nowhere"), ("--clock", "sundial"), ("--plan", "nowhere.yaml")]
)
def test_the_command_says_what_it_cannot_start_with(tmp_path: Path, option: str, value: str) -> None:
    words = ["counterparts", "nhsa-bureau", "--store", str(tmp_path / "nhsa.sqlite"), option, value]
    assert CliRunner().invoke(app, words).exit_code == 2
