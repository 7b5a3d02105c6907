"""The way back as HL7 v2: messages that others can read, acknowledgements that are believed only when they are ours."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import hl7
import pytest

from adapter.doors.listeners.acknowledgement import Ack, Verdict
from adapter.doors.listeners.mllp import MllpListener, server_context
from adapter.model.messages import Outcome, Receipt
from adapter.model.notice import Hl7Form, NoticeKind
from adapter.payers.delivery.endpoints.his.hl7v2 import EVENTS, acknowledgement_of, control_id, hl7_bytes
from adapter.payers.delivery.endpoints.his.mllp import Mllp
from tests.support.way_back import TOLD, clock, message, notice

PLAIN = Hl7Form("127.0.0.1", 1, tls=False, timeout=2)


def sent_to(address: tuple[str, int], form: Hl7Form = PLAIN, number: int = 1) -> Receipt:
    to = replace(form, host=address[0], port=address[1])
    return Mllp("his:qingshi_county", to, clock()).deliver(message(to, number))


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_stranger_reads_what_was_written(encoding: str) -> None:
    raw = hl7_bytes(notice(), replace(PLAIN, encoding=encoding))
    read = hl7.parse(raw.decode(encoding))
    assert str(read.segment("MSH")[9]) == "ZPC^Z05"
    assert str(read.segment("MSH")[12]) == "2.4"
    assert str(read.segment("MSH")[18]) == {"utf-8": "UNICODE UTF-8", "gb18030": "GB 18030-2000"}[encoding]
    assert str(read.segment("ZPN")[1]) == notice().key
    assert str(read.segment("ZPN")[4]) == "300010004"
    assert str(read.segment("ZPH")[1]) == "Y"
    issue = TOLD[NoticeKind.ISSUES]["issues"][0]
    fields = [unescaped(str(field)) for field in read.segment("ZPI")]
    assert fields[1:9] == ["1", *issue.values()]
    assert len(read) == 4, "nothing in a text makes a segment"


def unescaped(text: str) -> str:
    """As a receiver does it, written from the standard's table and not with our own."""
    out, index = "", 0
    plain = {"E": "\\", "F": "|", "S": "^", "T": "&", "R": "~", "X0D": "\r", "X0A": "\n"}
    while index < len(text):
        if text[index] == "\\":
            end = text.index("\\", index + 1)
            out, index = out + plain[text[index + 1 : end]], end + 1
        else:
            out, index = out + text[index], index + 1
    return out


def test_a_control_id_fits_and_stays_the_same() -> None:
    assert len(control_id(notice().key)) == 20
    assert control_id(notice().key) == control_id(notice().key) != control_id(notice(2).key)


def test_every_kind_has_an_event_and_the_source_may_name_others() -> None:
    assert set(EVENTS) == set(NoticeKind)
    assert all(event.startswith("ZPC^Z") for event in EVENTS.values()), "what the standard leaves to local agreement"
    raw = hl7_bytes(notice(), replace(PLAIN, events={NoticeKind.ISSUES: "ZZZ^Z99"}))
    assert b"|ZZZ^Z99|" in raw


@contextmanager
def listener(verdict: Callable[[bytes], Verdict], tls: ssl.SSLContext | None = None) -> Iterator[MllpListener]:
    with MllpListener("127.0.0.1", 0, verdict, tls=tls) as running:
        yield running


def test_our_own_listener_takes_it() -> None:
    heard: list[bytes] = []

    def accept(raw: bytes) -> Verdict:
        heard.append(raw)
        return Verdict(Ack.ACCEPTED)

    with listener(accept) as running:
        receipt = sent_to(running.address)
    assert (receipt.outcome, receipt.reference) == (Outcome.ACCEPTED, "AA")
    assert heard == [message(PLAIN).composed]


@pytest.mark.parametrize("ack", [Ack.ERROR, Ack.REFUSED])
def test_a_refusal_is_a_refusal_with_masked_words(ack: Ack) -> None:
    with listener(lambda _: Verdict(ack, "stay 202100011 unknown, patient 测试丁甲乙丙丁")) as running:
        receipt = sent_to(running.address)
    assert receipt.outcome is Outcome.REJECTED
    (issue,) = receipt.issues
    assert issue.code == "DEL-520"
    assert str(ack) in issue.en and "unknown" in issue.en
    assert "202100011" not in str(issue) and "测试丁" not in str(issue)
    assert b"202100011" in receipt.body, "the whole answer is kept"


def answering(answer: Callable[[bytes], bytes | None], times: int = 1) -> tuple[str, int]:
    """A listener that answers as it is told, then closes."""
    server = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        for _ in range(times):
            connection, _ = server.accept()
            with connection:
                received = b""
                while b"\x1c" not in received:
                    received += connection.recv(4096)
                said = answer(received.strip(b"\x0b\x1c\r"))
                if said is not None:
                    connection.sendall(said)
        server.close()

    threading.Thread(target=run, daemon=True).start()
    host, port = server.getsockname()[:2]
    return str(host), int(port)


def ack(code: str, about: str, more: str = "") -> bytes:
    return f"\x0bMSH|^~\\&|HIS|H|ADAPTER|H|20260302||ACK|1|P|2.4\rMSA|{code}|{about}|{more}\r\x1c\r".encode()


def test_commit_acknowledgements_count_too() -> None:
    key = message(PLAIN).key
    assert sent_to(answering(lambda _: ack("CA", control_id(key)))).outcome is Outcome.ACCEPTED
    assert sent_to(answering(lambda _: ack("CR", control_id(key), "no"))).outcome is Outcome.REJECTED


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (lambda _: None, "DEL-521"),
        (lambda _: b"\x0bMSH|^~\\&|HIS", "DEL-521"),
        (lambda _: ack("AA", "somebody-else"), "DEL-525"),
        (lambda _: ack("OK", control_id(message(PLAIN).key)), "DEL-525"),
        (lambda _: b"\x0bhello\x1c\r", "DEL-525"),
        (lambda _: b"x" * (70 * 1024), "DEL-521"),
    ],
    ids=["left", "cut", "other message", "no such code", "no HL7", "endless"],
)
def test_what_is_no_acknowledgement_of_this_message_is_not_believed(answer: Any, code: str) -> None:
    receipt = sent_to(answering(answer))
    assert receipt.outcome is Outcome.UNKNOWN
    assert [issue.code for issue in receipt.issues] == [code]


def test_a_receiver_that_says_nothing_is_waited_for_no_longer_than_the_timeout() -> None:
    stop = threading.Event()

    def silent(_: bytes) -> None:
        stop.wait(10)

    address = answering(silent)
    receipt = sent_to(address, replace(PLAIN, timeout=1))
    stop.set()
    assert receipt.outcome is Outcome.UNKNOWN
    assert [issue.code for issue in receipt.issues] == ["DEL-521"]


def test_nobody_there_means_that_nothing_was_sent() -> None:
    receipt = sent_to(("127.0.0.1", 9))
    assert (receipt.outcome, receipt.sent) == (Outcome.NOT_SEEN, False)


def test_words_of_an_err_segment_are_found() -> None:
    answer = b"MSH|^~\\&|HIS\rMSA|AE|x\rERR|||207|E|||tech|bill is locked\r"
    found = acknowledgement_of(answer, "utf-8")
    assert found is not None
    assert (found.code, found.about, found.text) == ("AE", "x", "bill is locked")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    key, cert = folder / "key.pem", folder / "cert.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(cert)),
        ],
        check=True,
        capture_output=True,
    )
    return cert, key


def test_over_tls_only_to_a_receiver_with_the_right_certificate(certificate: tuple[Path, Path]) -> None:
    cert, key = certificate
    heard: list[bytes] = []

    def accept(raw: bytes) -> Verdict:
        heard.append(raw)
        return Verdict(Ack.ACCEPTED)

    with listener(accept, server_context(cert, key)) as running:
        port = running.address[1]
        trusted = replace(PLAIN, tls=True, ca=str(cert))
        assert sent_to(("localhost", port), trusted).outcome is Outcome.ACCEPTED
        for wrong, host in ((replace(trusted, ca=""), "localhost"), (trusted, "127.0.0.1")):
            receipt = sent_to((host, port), wrong)
            assert (receipt.outcome, receipt.sent) == (Outcome.NOT_SEEN, False)
    assert len(heard) == 1


def test_a_certificate_that_is_not_there_is_said(tmp_path: Path) -> None:
    receipt = sent_to(("localhost", 9), replace(PLAIN, tls=True, ca=str(tmp_path / "none.pem")))
    assert receipt.outcome is Outcome.NOT_SEEN
    assert [issue.code for issue in receipt.issues] == ["DEL-528"]
