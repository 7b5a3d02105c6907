"""Listeners together: sockets and ledger in this process, what settings may not say, how each of them is."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from adapter.cases import parked
from adapter.cases.tools import Tools
from adapter.doors.listeners.listen import Folder, Listeners, Mllp, Plan, listening
from adapter.doors.listeners.mllp import MllpLimits
from adapter.model.dates import SystemClock
from adapter.model.issues import AdapterError
from tests.rooms.cases.test_frames import STAY, broken, frames_of
from tests.support.messages import WINNING
from tests.support.office import CLERK, SOURCE, codes, office

QUICK = MllpLimits(tick_seconds=0.02)
HERE = Mllp(WINNING, "127.0.0.1", 0, answer_seconds=20, limits=QUICK)


@pytest.fixture
def tools(tmp_path: Path) -> Iterator[Tools]:
    with office(tmp_path, {}, clock=SystemClock()) as opened:
        yield opened


@contextmanager
def started(tools: Tools, *mllp: Mllp, folders: tuple[Folder, ...] = ()) -> Iterator[Listeners]:
    with listening(Plan(mllp, folders), tools, CLERK) as listeners:
        yield listeners


def ask(listeners: Listeners, *messages: bytes, source: str = WINNING) -> list[tuple[str, str]]:
    """MSA-1 and MSA-3 of each answer."""
    found = []
    with socket.create_connection(listeners.addresses()[source], timeout=30) as connection:
        for message in messages:
            connection.sendall(b"\x0b" + message + b"\x1c\r")
            answer = b""
            while not answer.endswith(b"\x1c\r"):
                answer += connection.recv(4096)
            fields = (*answer.decode().split("\r")[1].rstrip("\x1c").split("|"), "", "")
            found.append((fields[1], fields[3]))
    return found


def test_what_each_answer_says(tools: Tools) -> None:
    first, second, *_ = frames_of("adt.hl7", STAY)
    charge = frames_of("dft.hl7", STAY)[0]
    with started(tools, HERE) as listeners:
        early, admitted, again = ask(listeners, charge, first, charge)
        assert early[0] == "AE" and "SRC-126" in early[1]
        assert (admitted, again) == (("AA", ""), ("AA", ""))
        assert ask(listeners, broken(second)) == [("AR", "SRC-136")]
        assert ask(listeners, b"hello") == [("AR", "SRC-120")]
        assert ask(listeners, first + b"\r" + broken(second)) == [("AE", "SRC-136")]
        assert ask(listeners, second)[0][0] == "AA"
        outpatient = second.replace(b"|I|", b"|O|")
        assert ask(listeners, outpatient) == [("AA", "set aside: no inpatient stay is concerned")]
        assert [(each.kind, each.alive, each.trouble, each.arrived) for each in listeners.standing()] == [
            ("mllp", True, "", 8)
        ]
    assert {each.stay_key for each in parked.parked_stays(tools)} == {None}, "hello and its like wait for a person"


def test_an_answer_need_not_wait_for_the_stay(tools: Tools) -> None:
    charge = frames_of("dft.hl7", STAY)[0]
    with started(tools, replace(HERE, answer_seconds=0)) as listeners:
        assert ask(listeners, charge) == [("AA", "")]


def test_log_lines_name_no_person_and_no_stay(tools: Tools) -> None:
    with capture_logs() as lines, started(tools, HERE) as listeners:
        ask(listeners, *frames_of("adt.hl7", STAY))
    arrivals = [line for line in lines if line["event"] == "message"]
    assert len(arrivals) == len(frames_of("adt.hl7", STAY))
    for text in ("测试", "999999", STAY, "20210905170000034"):
        assert text not in str([{**line, "file": ""} for line in lines])


def test_one_message_that_cannot_be_taken_keeps_no_other(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    from adapter.cases import frames

    real = frames.take_stay

    def failing(*args: object) -> object:
        if getattr(args[1], "stay_key", "") == STAY:
            raise RuntimeError("测试甲")
        return real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(frames, "take_stay", failing)
    with capture_logs() as lines, started(tools, replace(HERE, answer_seconds=0.5)) as listeners:
        ask(listeners, frames_of("adt.hl7", STAY)[0])
        assert ask(listeners, frames_of("adt.hl7", "10001")[0]) == [("AA", "")]
    assert "测试甲" not in str(lines)
    with tools.ledger.reading() as tx:
        assert len(tx.unprocessed()) == 1, "it is found at the next start"
        assert len(tx.cases(source=WINNING)) == 1


# -- settings that cannot be -------------------------------------------------------------------------------------------


def refused(tools: Tools, plan: Plan) -> list[str]:
    with pytest.raises(AdapterError) as error, listening(plan, tools, CLERK):
        pass
    return codes(error.value)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    key, cert = folder / "key.pem", folder / "cert.pem"
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run([*made, *names, "-keyout", key, "-out", cert], check=True, capture_output=True)
    return cert, key


def test_beyond_this_machine_only_with_tls_or_when_plain_is_meant(tools: Tools, certificate: tuple[Path, Path]) -> None:
    cert, key = certificate
    everywhere = replace(HERE, host="0.0.0.0")
    assert refused(tools, Plan([everywhere])) == ["CFG-720"]
    for allowed in (replace(everywhere, plain=True), replace(everywhere, certificate=cert, key=key)):
        with started(tools, allowed) as listeners:
            assert listeners.standing()[0].alive


def test_settings_with_which_nobody_can_listen(tools: Tools, tmp_path: Path, certificate: tuple[Path, Path]) -> None:
    cert, key = certificate
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert refused(tools, Plan([replace(HERE, port=taken.getsockname()[1])])) == ["CFG-722"]
    assert refused(tools, Plan([replace(HERE, certificate=cert)])) == ["CFG-723"]
    assert refused(tools, Plan([replace(HERE, senders=cert)])) == ["CFG-723"]
    assert refused(tools, Plan([replace(HERE, certificate=key, key=key)])) == ["CFG-723"]
    assert refused(tools, Plan([replace(HERE, certificate=tmp_path / "none", key=key)])) == ["CFG-723"]
    assert refused(tools, Plan([replace(HERE, source=SOURCE)])) == ["SRC-165"]
    assert refused(tools, Plan([replace(HERE, source="nowhere")])) == ["MAP-112"]
    assert refused(tools, Plan(folders=[Folder(SOURCE, tmp_path / "nowhere")])) == ["CFG-721"]
    assert refused(tools, Plan(poll=[SOURCE])) == ["CFG-724"]


def test_what_was_started_before_a_fault_is_stopped_again(tools: Tools, tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert refused(tools, Plan([replace(HERE, port=port)], [Folder(SOURCE, tmp_path / "nowhere")])) == ["CFG-721"]
    with started(tools, replace(HERE, port=port)) as listeners:
        assert listeners.addresses() == {WINNING: ("127.0.0.1", port)}
