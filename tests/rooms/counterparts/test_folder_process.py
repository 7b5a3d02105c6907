"""The payer behind a folder as a process: a start that cannot work says why; its statements are those of its days."""

from __future__ import annotations

import errno
import json
from contextlib import ExitStack
from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest
from typer.testing import CliRunner

from adapter.counterparts.__main__ import main
from adapter.counterparts.folder.bad_days import MoodyReceiver
from adapter.counterparts.folder.control import Control, NotHandedOver, hand_over
from adapter.counterparts.folder.process import _days, _round
from adapter.doors.cli.app import app
from adapter.model.issues import AdapterError
from adapter.model.messages import OutboundMessage, Outcome, Stage
from tests.support.exchange import Counter, counter
from tests.support.nhsa import stay_facts
from tests.support.office import FACILITY, ROOT, TestClock, codes
from tests.support.terminal import PAYER, start_talking

PLAY = ["counterparts", "play", "not-seen-needs-proof", "--part", "receipt-lost"]


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


def moody(stack: ExitStack, folder: Path) -> tuple[Control, Counter]:
    """A receiver that takes scripts, and the hospital's side of its folder."""
    behind = counter(stack, folder, "bureau", "bureau", TestClock())
    control = Control(MoodyReceiver(behind.root, behind.receiver.desk))
    control.open()
    return control, behind


def test_a_script_is_handed_over_acted_out_and_told(tmp_path: Path) -> None:
    with ExitStack() as stack:
        control, behind = moody(stack, tmp_path)
        lost = {"match": {"key": ".settle"}, "do": "drop-after"}
        hand_over(behind.root, [lost], pause=lambda _: control.look())
        message = behind.endpoint.next(Stage.SETTLE, stay_facts(), (), TestClock().now())
        assert isinstance(message, OutboundMessage)
        behind.endpoint.deliver(message)
        assert control.receiver.collect() == 1
        control.look()
        told = json.loads((control.folder / "state.json").read_bytes())
        assert [each["do"] for each in told["fired"]] == ["drop-after"]
        assert not list((behind.root / "in").glob("*.json")), "the receipt is lost"
        hand_over(behind.root, [], pause=lambda _: control.look())
        assert (control.receiver.resume(), control.receiver.faults.pending) == (1, [])


def test_a_script_that_nobody_takes_or_nobody_knows_is_not_in_force(tmp_path: Path) -> None:
    with pytest.raises(NotHandedOver, match="watched"):
        hand_over(tmp_path, [])
    with ExitStack() as stack:
        control, behind = moody(stack, tmp_path)
        for odd in ({"do": "dance"}, {"do": "rule-change", "text": "nobody=nothing"}, {"match": 1}):
            with pytest.raises(NotHandedOver, match="script"):
                hand_over(behind.root, [odd], pause=lambda _: control.look())
        with pytest.raises(NotHandedOver, match="nobody watches"):
            hand_over(behind.root, [], pause=lambda _: None, seconds=0.3)
        control.look()
        assert json.loads((control.folder / "state.json").read_bytes())["scripted"] == 0
        done = CliRunner().invoke(app, [*PLAY, "--dir", str(tmp_path / "nowhere")])
        assert isinstance(done.exception, AdapterError) and codes(done.exception) == ["DEL-616"]
        assert CliRunner().invoke(app, [*PLAY, "--dir", str(tmp_path), "--url", "http://x"]).exit_code == 2


def test_a_file_that_is_no_bundle_is_refused_and_the_next_is_taken(tmp_path: Path) -> None:
    odd = [b"\xff", b"{}", b"[]", b'{"entry": [7]}', b'{"entry": []}', b'{"entry": [{"resource": 1}]}']
    with ExitStack() as stack:
        control, behind = moody(stack, tmp_path)
        out = behind.root / "out"
        out.mkdir(exist_ok=True)
        for number, body in enumerate(odd):
            name = f"{number:040}.json"
            (out / name).write_bytes(body)
            (out / f"{name}.sha256").write_text(f"{sha256(body).hexdigest()}  {name}\n", "utf-8")
        assert control.receiver.collect() == len(odd)
        told = [json.loads(each.read_bytes())["outcome"] for each in (behind.root / "in").glob("*.receipt.json")]
        assert told == ["rejected"] * len(odd)


def test_a_round_that_breaks_off_in_a_full_folder_is_made_good_in_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(target: Path, body: bytes) -> None:
        raise OSError(errno.ENOSPC, "no space left")

    with ExitStack() as stack:
        control, behind = moody(stack, tmp_path)
        message = behind.endpoint.next(Stage.SETTLE, stay_facts(), (), TestClock().now())
        assert isinstance(message, OutboundMessage)
        behind.endpoint.deliver(message)
        with monkeypatch.context() as patch, pytest.raises(OSError, match="no space"):
            patch.setattr("adapter.counterparts.folder.receiver.lay", full)
            _round(control.receiver, 0)
        assert _round(control.receiver, -1) == 0
        assert behind.endpoint.lookup(message).outcome is Outcome.ACCEPTED and behind.settled() == 1
        assert behind.endpoint.remittance(date(2021, 5, 17), FACILITY).count == 1


@pytest.mark.parametrize("odd", ["申报 1.json", f"{'0' * 39}.json", f".{'0' * 40}.json"])
def test_what_is_not_named_by_a_digest_is_left_alone(odd: str, tmp_path: Path) -> None:
    with ExitStack() as stack:
        control, behind = moody(stack, tmp_path)
        out = behind.root / "out"
        out.mkdir(exist_ok=True)
        (out / f"{'1' * 40}.json").mkdir()
        (out / odd).write_bytes(b"{}")
        (out / f"{odd}.sha256").write_text(sha256(b"{}").hexdigest(), "utf-8")
        assert control.receiver.collect() == 0
        assert (out / odd).exists() and not list((behind.root / "in").glob("*"))


@pytest.mark.slow
def test_the_process_acts_out_what_the_command_hands_over(tmp_path: Path) -> None:
    root = tmp_path / "exchange"
    words = ["folder", "bureau", "--root", str(root), "--every", "0.05", "--store", str(tmp_path / "store.sqlite")]
    words += ["--seed", str(ROOT / "fixtures" / "endpoints" / "bureau.yaml"), "--mappings", str(ROOT / "mappings")]
    process = start_talking(*words, program=PAYER)
    assert process.stdout is not None and process.stdout.readline().startswith("ready ")
    played = CliRunner().invoke(app, [*PLAY, "--dir", str(root)])
    assert (played.exit_code, json.loads((root / "control" / "state.json").read_bytes())["scripted"]) == (0, 1)
    process.terminate()
    assert process.wait(10) == 0
    process.stdout.close()
