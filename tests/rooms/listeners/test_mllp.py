"""MLLP with real sockets: nothing is accepted before it is stored, and nobody can block the others."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from adapter.doors.listeners.acknowledgement import Ack, Verdict, acknowledgement, header_of
from adapter.doors.listeners.mllp import Accept, MllpLimits, MllpListener, server_context
from adapter.model.dates import FixedClock

NOON = FixedClock(datetime(2021, 3, 5, 4, 0, tzinfo=UTC))
QUICK = MllpLimits(tick_seconds=0.02)
MESSAGE = "MSH|^~\\&|HIS|H001|ADAPTER|H001|20210305143005||ADT^A01|M0001|P|2.4\rEVN|A01|20210305143005\rPID|1||测试甲\r"


class Store:
    """What a listener hands its messages to; it may be told to fail, to wait or to hold."""

    def __init__(self) -> None:
        self.kept: list[bytes] = []
        self.gate = threading.Event()
        self.gate.set()
        self.verdict = Verdict(Ack.ACCEPTED)
        self.fails = False

    def accept(self, message: bytes) -> Verdict:
        assert self.gate.wait(10)
        if self.fails:
            raise OSError("the disk is full")
        self.kept.append(message)
        return self.verdict


@contextmanager
def listening(accept: Accept, limits: MllpLimits = QUICK, tls: ssl.SSLContext | None = None) -> Iterator[MllpListener]:
    with MllpListener("127.0.0.1", 0, accept, limits=limits, tls=tls, clock=NOON) as listener:
        yield listener


class Sender:
    def __init__(self, listener: MllpListener, tls: ssl.SSLContext | None = None) -> None:
        plain = socket.create_connection(listener.address, timeout=10)
        self.socket = plain if tls is None else tls.wrap_socket(plain, server_hostname="localhost")

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def answer(self) -> str:
        """The next answer, or nothing when the other side closed."""
        found = b""
        while not found.endswith(b"\x1c\r"):
            data = self.socket.recv(4096)
            if not data:
                return ""
            found += data
        return found.strip(b"\x0b\x1c\r").decode()

    def ask(self, message: str | bytes) -> str:
        body = message.encode() if isinstance(message, str) else message
        self.send(b"\x0b" + body + b"\x1c\r")
        return self.answer()


@pytest.fixture
def store() -> Store:
    return Store()


def verdict_of(answer: str) -> str:
    return answer.split("\r")[1].split("|")[1]


def eventually(true: Callable[[], bool], seconds: float = 5) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until and not true():
        time.sleep(0.01)
    return true()


def test_a_message_is_stored_and_then_accepted(store: Store) -> None:
    with listening(store.accept) as listener:
        assert Sender(listener).ask(MESSAGE) == (
            "MSH|^~\\&|ADAPTER|H001|HIS|H001|20210305120000||ACK^A01|ACK1|P|2.4\rMSA|AA|M0001"
        )
    assert store.kept == [MESSAGE.encode()]


def test_no_answer_before_the_message_is_stored(store: Store) -> None:
    store.gate.clear()
    with listening(store.accept) as listener:
        sender = Sender(listener)
        sender.send(b"\x0b" + MESSAGE.encode() + b"\x1c\r")
        sender.socket.settimeout(0.3)
        with pytest.raises(TimeoutError):
            sender.answer()
        store.gate.set()
        sender.socket.settimeout(10)
        assert verdict_of(sender.answer()) == "AA"


def test_what_is_held_with_issues_is_stored_and_says_so(store: Store) -> None:
    store.verdict = Verdict(Ack.ERROR, "SRC-126 | stay waits")
    with listening(store.accept) as listener:
        assert Sender(listener).ask(MESSAGE).endswith("\rMSA|AE|M0001|SRC-126 stay waits")
    assert len(store.kept) == 1


def test_what_cannot_be_stored_is_not_answered(store: Store) -> None:
    """So the sender keeps it and sends it again; the log names no person."""
    store.fails = True
    with capture_logs() as lines, listening(store.accept) as listener:
        sender = Sender(listener)
        assert sender.ask(MESSAGE) == ""
        store.fails = False
        assert verdict_of(Sender(listener).ask(MESSAGE)) == "AA"
    (line,) = [each for each in lines if each["event"] == "message not stored"]
    assert line["error"] == "OSError"
    assert "测试甲" not in str(lines)


def test_an_unknown_source_is_refused_by_whoever_stores(store: Store) -> None:
    store.verdict = Verdict(Ack.REFUSED, "unknown sender")
    with listening(store.accept) as listener:
        assert verdict_of(Sender(listener).ask(MESSAGE)) == "AR"


@pytest.mark.parametrize("body", ["hello", "GET / HTTP/1.1", "MSHA1", "MSH"])
def test_what_is_no_hl7_is_stored_all_the_same(body: str, store: Store) -> None:
    store.verdict = Verdict(Ack.REFUSED, "SRC-120")
    with listening(store.accept) as listener:
        assert verdict_of(Sender(listener).ask(body)) == "AR"
    assert store.kept == [body.encode()]


def test_an_empty_frame_is_refused(store: Store) -> None:
    with listening(store.accept) as listener:
        assert verdict_of(Sender(listener).ask("")) == "AR"
    assert store.kept == []


def test_bytes_come_one_at_a_time_or_several_messages_at_once(store: Store) -> None:
    framed = b"\x0b" + MESSAGE.encode("gb18030") + b"\x1c\r"
    with listening(store.accept) as listener:
        sender = Sender(listener)
        for byte in framed:
            sender.send(bytes([byte]))
        assert verdict_of(sender.answer()) == "AA"
        sender.send(framed * 3)
        answers = ""
        while answers.count("MSA|") < 3:
            answers += sender.socket.recv(4096).decode()
    assert store.kept == [MESSAGE.encode("gb18030")] * 4


def test_a_frame_begun_anew_forgets_the_broken_one(store: Store) -> None:
    with listening(store.accept) as listener:
        sender = Sender(listener)
        sender.send(b"\x0bMSH|^~\\&|HIS|half a mess")
        assert verdict_of(sender.ask(MESSAGE)) == "AA"
    assert store.kept == [MESSAGE.encode()]


def test_a_sender_that_leaves_in_the_middle_has_sent_nothing(store: Store) -> None:
    with listening(store.accept) as listener:
        sender = Sender(listener)
        sender.send(b"\x0b" + MESSAGE.encode())
        sender.socket.close()
        assert eventually(lambda: listener.connections == 0)
    assert store.kept == []


def test_a_message_beyond_the_limit_is_refused_and_its_connection_closed(store: Store) -> None:
    with listening(store.accept, replace(QUICK, message_bytes=1000)) as listener:
        sender = Sender(listener)
        assert verdict_of(sender.ask(MESSAGE + "NTE|1||" + "x" * 2000)) == "AR"
        assert verdict_of(Sender(listener).ask(MESSAGE)) == "AA"
    assert len(store.kept) == 1


def test_a_slow_sender_is_closed_and_an_idle_one_too(store: Store) -> None:
    with listening(store.accept, replace(QUICK, frame_seconds=0.2, idle_seconds=0.2)) as listener:
        slow, idle = Sender(listener), Sender(listener)
        slow.send(b"\x0bMSH|^~\\&|")
        assert (slow.answer(), idle.answer()) == ("", "")
    assert store.kept == []


def test_whoever_speaks_no_mllp_is_closed(store: Store) -> None:
    with listening(store.accept, replace(QUICK, stray_bytes=16)) as listener:
        sender = Sender(listener)
        sender.send(b"GET / HTTP/1.1\r\nHost: example\r\n\r\n")
        assert sender.answer() == ""


def test_several_senders_at_a_time_and_no_more_than_the_limit(store: Store) -> None:
    with listening(store.accept, replace(QUICK, connections=3)) as listener:
        store.gate.clear()
        senders = [Sender(listener) for _ in range(3)]
        for sender in senders:
            sender.send(b"\x0b" + MESSAGE.encode() + b"\x1c\r")
        assert eventually(lambda: listener.connections == 3)
        assert Sender(listener).socket.recv(1) == b""
        store.gate.set()
        assert [verdict_of(sender.answer()) for sender in senders] == ["AA"] * 3
        senders[0].socket.close()
        assert eventually(lambda: listener.connections == 2)
        assert verdict_of(Sender(listener).ask(MESSAGE)) == "AA"


def test_stopping_lets_a_message_that_is_being_stored_be_answered(store: Store) -> None:
    store.gate.clear()
    listener = MllpListener("127.0.0.1", 0, store.accept, limits=QUICK, clock=NOON)
    listener.start()
    sender = Sender(listener)
    sender.send(b"\x0b" + MESSAGE.encode() + b"\x1c\r")
    assert eventually(lambda: listener.connections == 1)
    stopping = threading.Thread(target=listener.stop)
    stopping.start()
    time.sleep(0.1)
    store.gate.set()
    assert verdict_of(sender.answer()) == "AA"
    stopping.join(10)
    assert not stopping.is_alive()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", sender.socket.getpeername()[1]), timeout=1)


# -- TLS ---------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    key, certificate = folder / "key.pem", folder / "cert.pem"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    subprocess.run([*made, *names, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    return certificate, key


def test_over_tls(store: Store, certificate: tuple[Path, Path]) -> None:
    trusting = ssl.create_default_context(cafile=str(certificate[0]))
    with listening(store.accept, tls=server_context(*certificate)) as listener:
        assert verdict_of(Sender(listener, trusting).ask(MESSAGE)) == "AA"
        plain = Sender(listener)
        plain.send(b"\x0b" + MESSAGE.encode() + b"\x1c\r")
        with pytest.raises((AssertionError, ConnectionError, UnicodeDecodeError)):
            assert verdict_of(plain.answer() or "none\rMSA|none") == "AA"
        assert verdict_of(Sender(listener, trusting).ask(MESSAGE)) == "AA"  # the others go on
    assert len(store.kept) == 2


def test_only_known_senders_where_that_is_asked_for(store: Store, certificate: tuple[Path, Path]) -> None:
    context = server_context(*certificate, senders=certificate[0])
    with listening(store.accept, tls=context) as listener:
        stranger = ssl.create_default_context(cafile=str(certificate[0]))
        with pytest.raises((ssl.SSLError, ConnectionError, IndexError)):
            verdict_of(Sender(listener, stranger).ask(MESSAGE))
        known = ssl.create_default_context(cafile=str(certificate[0]))
        known.load_cert_chain(*certificate)
        assert verdict_of(Sender(listener, known).ask(MESSAGE)) == "AA"
    assert len(store.kept) == 1


# -- the answer itself -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "answer"),
    [
        (
            b"MSH|^~\\&|A|B|C|D|1||DFT^P03^DFT_P03|77|T|2.5.1\rPID|1",
            "MSH|^~\\&|C|D|A|B|20210305120000||ACK^P03|N1|T|2.5.1\rMSA|AA|77\r",
        ),
        (b"MSH#*!\\%#A#B#C#D#1##ADT*A01##P#2.4", "MSH|^~\\&|C|D|A|B|20210305120000||ACK|N1|P|2.4\rMSA|AA\r"),
        (b"rubbish", "MSH|^~\\&|||||20210305120000||ACK|N1|P|2.4\rMSA|AA\r"),
    ],
)
def test_answers(message: bytes, answer: str) -> None:
    now = datetime(2021, 3, 5, 12, 0)  # noqa: DTZ001 - local time as it is printed
    assert acknowledgement(message, Verdict(Ack.ACCEPTED), now=now, number="N1").decode() == answer


def test_headers() -> None:
    assert header_of(b"\xef\xbb\xbf\r\nMSH|^~\\&|A\rPID") is not None
    assert header_of("MSH|^~\\&|医院|B".encode("gb18030")) is not None
    assert header_of(b"PID|1") is None
