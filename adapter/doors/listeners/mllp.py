"""MLLP: HL7 v2 over a socket, several senders at a time, plain or TLS (MLLP 接收).

A message is answered ``AA`` or ``AE`` only after ``accept`` has returned, that is, when it is stored for good. No
answer means that nothing was stored, and the sender sends again: ``accept`` raised, the connection broke off, or the
frame did not end in time. The connection is then closed.
"""

from __future__ import annotations

import itertools
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import structlog

from adapter.doors.listeners.acknowledgement import Ack, Verdict, acknowledgement
from adapter.model.dates import HOSPITAL_ZONE, Clock, SystemClock
from adapter.model.issues import AdapterError

#: Stores one frame for good, whatever stands in it, and says what became of it. Called from several threads at a time.
Accept = Callable[[bytes], Verdict]

_START, _END = b"\x0b", b"\x1c"
_BETWEEN = b"\r\n \x00"
_CHUNK = 1 << 16
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class MllpLimits:
    """What a sender may ask of us.

    Attributes:
        message_bytes: largest message; a larger one is refused and its connection closed.
        connections: most at a time; one more is closed at once.
        idle_seconds: a connection on which nothing comes is closed.
        frame_seconds: a message that has begun must end within this time.
        stray_bytes: most bytes outside of frames before the connection is closed as none of MLLP.
        tick_seconds: how often a waiting connection looks whether it should stop.
    """

    message_bytes: int = 4 * 1024**2
    connections: int = 64
    idle_seconds: float = 600.0
    frame_seconds: float = 30.0
    stray_bytes: int = 1024
    tick_seconds: float = 0.25


class MllpListener:
    """Listens until it is stopped. A context manager.

    Args:
        port: 0 for any free one; ``address`` tells which.
        accept: stores a message; see ``Accept``.
        tls: as ``server_context`` makes it; None for plain connections.
        clock: time of the answers, in the hospital's zone.
    """

    def __init__(
        self,
        host: str,
        port: int,
        accept: Accept,
        *,
        tls: ssl.SSLContext | None = None,
        limits: MllpLimits | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._accept = accept
        self._tls = tls
        self._limits = limits or MllpLimits()
        self._clock = clock or SystemClock()
        self._numbers = itertools.count(1)
        self._stopping = threading.Event()
        self._open: dict[int, threading.Thread] = {}
        self._lock = threading.Lock()
        self._socket = socket.create_server((host, port), backlog=self._limits.connections)
        self._socket.settimeout(self._limits.tick_seconds)
        self._thread = threading.Thread(target=self._listen, name="mllp", daemon=True)

    @property
    def address(self) -> tuple[str, int]:
        """Host and port that it listens on."""
        host, port = self._socket.getsockname()[:2]
        return str(host), int(port)

    @property
    def alive(self) -> bool:
        """Whether it takes connections."""
        return self._thread.is_alive()

    @property
    def connections(self) -> int:
        """How many senders are connected."""
        with self._lock:
            return len(self._open)

    def start(self) -> None:
        """Begin to listen, in threads of its own."""
        self._thread.start()

    def stop(self, seconds: float = 10.0) -> None:
        """Take no more connections, let messages that are being stored be answered, and close. Safe to call twice."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(seconds)
        with self._lock:
            waiting = list(self._open.values())
        until = time.monotonic() + seconds
        for each in waiting:
            each.join(max(0.0, until - time.monotonic()))
        self._socket.close()

    def __enter__(self) -> MllpListener:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # -- connections -------------------------------------------------------------------------------------------------

    def _listen(self) -> None:
        for number in itertools.count():
            connection = self._next_connection()
            if connection is None:
                return
            with self._lock:
                if len(self._open) >= self._limits.connections:
                    log.warning("too many connections", most=self._limits.connections)
                    connection.close()
                    continue
                thread = threading.Thread(
                    target=self._serve, args=(number, connection), name=f"mllp-{number}", daemon=True
                )
                self._open[number] = thread
            thread.start()

    def _next_connection(self) -> socket.socket | None:
        """The next sender; None when it is time to stop."""
        while not self._stopping.is_set():
            try:
                return self._socket.accept()[0]
            except TimeoutError:
                continue
            except OSError as error:  # the sender left again, or this process has no more sockets: the next may do
                log.warning("connection not taken", error=type(error).__name__)
                self._stopping.wait(self._limits.tick_seconds)
        return None

    def _serve(self, number: int, plain: socket.socket) -> None:
        try:
            with self._secured(plain) as connection:
                for message in self._messages(connection):
                    connection.settimeout(self._limits.frame_seconds)
                    connection.sendall(_START + self._answer(message) + _END + b"\r")
        except (ConnectionError, TimeoutError, ssl.SSLError) as error:
            log.info("connection ended", number=number, error=type(error).__name__)
        except Exception as error:  # whatever kept it from being stored: that no answer comes says so to the sender
            log.error("message not stored", number=number, error=type(error).__name__, codes=_codes(error))
        finally:
            plain.close()
            with self._lock:
                del self._open[number]

    def _secured(self, plain: socket.socket) -> socket.socket:
        plain.settimeout(self._limits.frame_seconds)
        return plain if self._tls is None else self._tls.wrap_socket(plain, server_side=True)

    # -- messages ----------------------------------------------------------------------------------------------------

    def _answer(self, message: bytes) -> bytes:
        now, number = self._clock.now().astimezone(HOSPITAL_ZONE), f"ACK{next(self._numbers)}"
        return acknowledgement(message, self._verdict(message), now=now, number=number)

    def _verdict(self, message: bytes) -> Verdict:
        if len(message) > self._limits.message_bytes:
            log.warning("message too large", bytes=len(message), most=self._limits.message_bytes)
            return Verdict(Ack.REFUSED, "the message is larger than the limit")
        if not message.strip():
            return Verdict(Ack.REFUSED, "the frame is empty")
        return self._accept(message)

    def _messages(self, connection: socket.socket) -> Iterator[bytes]:
        """Frame after frame until the sender leaves or breaks the rules; a message that is too large comes last."""
        limits = self._limits
        pending, stray = b"", 0
        since = time.monotonic()
        while True:
            start = pending.find(_START)
            outside = pending if start < 0 else pending[:start]
            stray += len(outside.strip(_BETWEEN))
            if stray > limits.stray_bytes:
                return
            pending = b"" if start < 0 else pending[start:]
            end = pending.find(_END)
            if end >= 0:
                yield pending[:end].rpartition(_START)[2]
                pending, stray, since = pending[end + 1 :], 0, time.monotonic()
                continue
            if len(pending) > limits.message_bytes:
                yield pending[1:]
                return
            began = bool(pending)
            data = self._receive(connection, since + (limits.frame_seconds if began else limits.idle_seconds), began)
            if not data:
                return
            pending += data
            if not began:
                since = time.monotonic()

    def _receive(self, connection: socket.socket, until: float, began: bool) -> bytes:
        """What comes next; nothing when the sender left, the time is over, or we stop between two messages."""
        while time.monotonic() < until and not (self._stopping.is_set() and not began):
            connection.settimeout(self._limits.tick_seconds)
            with suppress(TimeoutError):
                return connection.recv(_CHUNK)
        return b""


def _codes(error: Exception) -> list[str]:
    return [issue.code for issue in error.issues] if isinstance(error, AdapterError) else []


def server_context(certificate: Path, key: Path, *, senders: Path | None = None) -> ssl.SSLContext:
    """TLS 1.2 or newer with our certificate; with ``senders``, only those whose certificate it signed may connect.

    Raises:
        OSError, ssl.SSLError: a file is missing or is no certificate.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    if senders is not None:
        context.load_verify_locations(senders)
        context.verify_mode = ssl.CERT_REQUIRED
    return context
