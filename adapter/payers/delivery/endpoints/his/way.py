"""What the four forms have in common: receipts, secrets by name, and patience that grows while nobody answers."""

from __future__ import annotations

import ssl
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime

from adapter.model.call import CallFacts
from adapter.model.dates import Clock
from adapter.model.issues import AdapterError, Issue
from adapter.model.messages import OutboundMessage, Outcome, Receipt, Remittance, Stage
from adapter.payers.delivery.endpoint import Done, EndpointConfig, Exchange, OurSide, Statement
from adapter.payers.delivery.endpoints.his import issues
from adapter.payers.delivery.issues import no_statement

#: Gives the value of an environment variable, or None.
Secret = Callable[[str], str | None]

#: Longest pause after failures in a row, seconds.
_LONGEST_PAUSE = 300


class Way(ABC):
    """An endpoint of the way back. It is told things and asked nothing."""

    stages: tuple[Stage, ...] = ()

    def __init__(
        self, name: str, timeout: int, clock: Clock, secret: Secret = lambda _: None, *, dialect: str = "his"
    ) -> None:
        self.config = EndpointConfig(name, dialect, "", form="notice", timeout=timeout)
        self._clock = clock
        self._secret = secret
        self._failures = 0

    @abstractmethod
    def _send(self, message: OutboundMessage) -> Receipt:
        """Send it once."""

    def deliver(self, message: OutboundMessage) -> Receipt:
        """Send it once. After failures in a row ``retry_after`` says how long to leave this HIS alone: 1, 2, 4 … s."""
        receipt = self._send(message)
        if receipt.outcome in (Outcome.ACCEPTED, Outcome.REJECTED):
            self._failures = 0
            return receipt
        self._failures += 1
        pause = min(2 ** min(self._failures - 1, 20), _LONGEST_PAUSE)
        return replace(receipt, retry_after=max(receipt.retry_after or 0, pause))

    def next(
        self,
        stage: Stage,
        facts: CallFacts,
        so_far: Sequence[Exchange],
        at: datetime,
        *,
        before: Sequence[Exchange] = (),
    ) -> OutboundMessage | Done:
        """Nothing: no stage of a settlement is spoken with a HIS."""
        return Done()

    def lookup(self, message: OutboundMessage) -> Receipt:
        """Nobody can be asked, and nobody need be: a repeated notice does no harm."""
        return self._open(Outcome.UNKNOWN, issues.not_heard(message.key, "no look-up"), sent=False)

    def remittance(self, day: date, facility: str) -> Remittance:
        """A HIS pays nothing. Raises AdapterError DEL-504."""
        raise AdapterError(no_statement(self.config.name, day.isoformat(), "a HIS gives no statement"))

    def statement(self, day: date, facility: str, ours: OurSide) -> Statement:
        """A HIS pays nothing."""
        return Statement(None, silent=no_statement(self.config.name, day.isoformat(), "a HIS gives no statement"))

    def close(self) -> None:
        """Give connections back; most forms keep none."""
        return

    # -- receipts ----------------------------------------------------------------------------------------------------

    def _accepted(self, reference: str, body: bytes = b"") -> Receipt:
        return Receipt(Outcome.ACCEPTED, self._clock.now(), reference=reference, body=body)

    def _rejected(self, issue: Issue, body: bytes = b"") -> Receipt:
        return Receipt(Outcome.REJECTED, self._clock.now(), body=body, issues=(issue,))

    def _open(
        self, outcome: Outcome, issue: Issue, body: bytes = b"", *, retry_after: int | None = None, sent: bool = True
    ) -> Receipt:
        now = self._clock.now()
        return Receipt(outcome, now, body=body, retry_after=retry_after, issues=(issue,), sent=sent)

    def _not_sent(self, issue: Issue) -> Receipt:
        return self._open(Outcome.NOT_SEEN, issue, sent=False)


class NotReady(Exception):
    """Something of our own is missing, so nothing was sent."""

    def __init__(self, issue: Issue) -> None:
        self.issue = issue
        super().__init__(issue.code)


def secret_of(secret: Secret, variable: str, key: str) -> str:
    """The value of an environment variable. Raises NotReady."""
    value = secret(variable)
    if not value:
        raise NotReady(issues.secret_missing(key, variable))
    return value


def client_context(key: str, *, ca: str = "", certificate: str = "", own_key: str = "") -> ssl.SSLContext:
    """TLS 1.2 or newer; the receiver's certificate and name are checked. Raises NotReady."""
    try:
        context = ssl.create_default_context(cafile=ca or None)
        if certificate:
            context.load_cert_chain(certificate, own_key)
    except (OSError, ssl.SSLError) as error:
        raise NotReady(issues.certificate_unusable(key, type(error).__name__)) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
