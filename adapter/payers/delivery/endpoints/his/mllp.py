"""HL7 v2 over MLLP: one connection per notice, its acknowledgement believed only when it is of this message."""

from __future__ import annotations

import socket
import time

import structlog

from adapter.model.dates import Clock
from adapter.model.messages import OutboundMessage, Outcome, Receipt
from adapter.model.notice import Hl7Form
from adapter.payers.delivery.endpoints.his import issues
from adapter.payers.delivery.endpoints.his.hl7v2 import acknowledgement_of, control_id
from adapter.payers.delivery.endpoints.his.way import NotReady, Way, client_context

log = structlog.get_logger(__name__)

_START, _END = b"\x0b", b"\x1c"
_MOST_BYTES = 64 * 1024


class Mllp(Way):
    """Sends notices to one listener of the HIS."""

    def __init__(self, name: str, form: Hl7Form, clock: Clock) -> None:
        super().__init__(name, form.timeout, clock)
        self._form = form

    def _send(self, message: OutboundMessage) -> Receipt:
        form = self._form
        try:
            connection = self._connection(message.key)
        except NotReady as error:
            return self._not_sent(error.issue)
        except OSError as error:  # refused, unknown host, too late, or no TLS: nothing was sent yet
            log.warning("HIS not reached", endpoint=self.config.name, error=type(error).__name__)
            return self._not_sent(issues.not_heard(message.key, type(error).__name__))
        try:
            with connection:
                connection.sendall(_START + message.composed + _END + b"\r")
                answer = _answer(connection, time.monotonic() + form.timeout)
        except OSError as error:
            log.warning("no answer from the HIS", endpoint=self.config.name, error=type(error).__name__)
            return self._open(Outcome.UNKNOWN, issues.not_heard(message.key, type(error).__name__))
        return self._receipt(message, answer)

    def _receipt(self, message: OutboundMessage, answer: bytes | None) -> Receipt:
        if answer is None:
            return self._open(Outcome.UNKNOWN, issues.not_heard(message.key, "no whole acknowledgement"))
        said = acknowledgement_of(answer, self._form.encoding)
        if said is None:
            return self._open(Outcome.UNKNOWN, issues.unreadable_acknowledgement(message.key, "no MSA"), answer)
        if said.about != control_id(message.key):
            return self._open(Outcome.UNKNOWN, issues.unreadable_acknowledgement(message.key, "MSA-2"), answer)
        if said.code in ("AA", "CA"):
            return self._accepted(said.code, answer)
        return self._rejected(issues.notice_rejected(message.key, said.code, said.text), answer)

    def _connection(self, key: str) -> socket.socket:
        """Raises NotReady, OSError."""
        form = self._form
        secured = client_context(key, ca=form.ca, certificate=form.certificate, own_key=form.key) if form.tls else None
        plain = socket.create_connection((form.host, form.port), timeout=min(form.timeout, 5))
        if secured is None:
            return plain
        try:
            return secured.wrap_socket(plain, server_hostname=form.host)
        except OSError:
            plain.close()
            raise


def _answer(connection: socket.socket, until: float) -> bytes | None:
    """The first frame that comes, or None when the receiver leaves, or sends too much before it ends.

    Raises:
        OSError: the connection broke, or the time was over.
    """
    received = b""
    while (end := received.find(_END)) < 0:
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        connection.settimeout(left)
        part = connection.recv(4096)
        received += part
        if not part or len(received) > _MOST_BYTES:
            return None
    return received[:end].rpartition(_START)[2]
