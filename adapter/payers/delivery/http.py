"""HTTP out: one request, one honest answer. Bodies and keys only; nothing personal is logged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from ssl import SSLContext, SSLError, create_default_context
from time import monotonic
from typing import Protocol

import httpx
import structlog

from adapter.model.issues import AdapterError, Issue
from adapter.payers.delivery import issues

log = structlog.get_logger(__name__)

#: The longest that anybody is waited for because he asked for it, in seconds.
DAY = 86_400
#: Too many requests, and unavailable: with these a counterpart that says when to come back means everybody.
_BUSY = frozenset({429, 503})
#: So many seconds after it was begun, waiting for tokens included, a request is no longer sent.
TOKEN_SECONDS = 10


def _moment(text: str) -> datetime | None:
    """An HTTP date, or None."""
    try:
        found = parsedate_to_datetime(text)
    except (TypeError, ValueError, OverflowError):
        return None
    return found if found.tzinfo is not None else None


@dataclass(frozen=True, slots=True)
class Answered:
    """The other side answered, with any status."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def retry_after(self) -> int | None:
        """Seconds the endpoint asks us to wait, at most a day.

        A date is counted from the answer's own ``Date``: by its clock, not ours. Without one it says nothing.
        """
        value = self.headers.get("retry-after", "")
        if value.isascii() and value.isdigit():
            return min(int(value[:9]), DAY)
        until, now = _moment(value), _moment(self.headers.get("date", ""))
        if until is None or now is None:
            return None
        return min(max(-(-(until - now) // timedelta(seconds=1)), 0), DAY)

    @property
    def leave_alone(self) -> int | None:
        """Seconds for which the endpoint wants to hear nothing at all (429 and 503 with ``Retry-After``), or None.

        With any other status the wait is the one request's own: RFC 9110 10.2.3.
        """
        return self.retry_after if self.status in _BUSY else None


@dataclass(frozen=True, slots=True)
class NotSent:
    """No connection was made, or there is no token to show: proof that nothing was received.

    Attributes:
        issues: why no token was given, for a person; empty where somebody is merely not there.
        retry_after: seconds that a token endpoint asks us to wait, or None. Without a token nothing can be sent.
    """

    reason: str
    issues: tuple[Issue, ...] = ()
    retry_after: int | None = None

    @property
    def leave_alone(self) -> int | None:
        return self.retry_after


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """It may have arrived: the connection broke or the wait ended after sending began."""

    reason: str

    @property
    def leave_alone(self) -> None:
        return None


def _in_time(token: str | NotSent, begun: float) -> str | NotSent:
    """The token, unless it took so long that the lease of the message may end before its answer comes."""
    late = isinstance(token, str) and monotonic() - begun > TOKEN_SECONDS
    return NotSent("the token came too late") if late else token


def mutual_tls(place: str, *, cert: Path | None, key: Path | None, ca: Path | None) -> SSLContext | None:
    """What a connection shows and whom it trusts; None where nothing is set: the machine's own authorities.

    Args:
        cert, key: PEM; the certificate that we show. The key may stand in the certificate's file.
        ca: PEM with the only authorities that are trusted.

    Raises:
        AdapterError: CFG-746.
    """
    if cert is None and key is None and ca is None:
        return None
    try:
        context = create_default_context(cafile=str(ca) if ca is not None else None)
        if cert is not None:
            context.load_cert_chain(cert, key)
    except (SSLError, OSError) as error:
        raise AdapterError(issues.tls_unusable(place, type(error).__name__)) from None
    if cert is None and key is not None:
        raise AdapterError(issues.tls_unusable(place, "client_key without client_cert"))
    return context


class Bearer(Protocol):
    """Gives the token to be shown, or says why there is none; ``instead_of`` names one that was not taken."""

    def token(self, *, instead_of: str | None = None) -> str | NotSent: ...

    def close(self) -> None: ...


class Wire:
    """A connection pool to one endpoint.

    Attributes:
        bearer: where tokens come from that end and are renewed; ``token``: one that is good for ever.
    """

    def __init__(
        self,
        base_url: str,
        *,
        timeout: int,
        token: str | None = None,
        tls: SSLContext | None = None,
        bearer: Bearer | None = None,
    ) -> None:
        self.bearer = bearer
        headers = {"Accept": "application/fhir+json; fhirVersion=4.0"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self._client = httpx.Client(
            base_url=base_url,
            headers=headers,
            timeout=httpx.Timeout(timeout, connect=min(timeout, 10)),
            verify=tls if tls is not None else True,
        )

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
        content_type: str = "application/fhir+json; fhirVersion=4.0",
        more: Mapping[str, str] | None = None,
    ) -> Answered | NotSent | NoAnswer:
        """Send once; once more with a new token where the one shown was not taken (401: it was not looked at).

        Never raises for anything that the network or the other side does.

        Args:
            more: further headers of this one request; they are not logged.
        """
        headers = {**({"Content-Type": content_type} if body is not None else {}), **(more or {})}
        if self.bearer is None:
            return self._sent(method, path, params, body, headers)
        begun = monotonic()
        token = _in_time(self.bearer.token(), begun)
        if isinstance(token, NotSent):
            return token
        answered = self._shown(token, method, path, params, body, headers)
        if not isinstance(answered, Answered) or answered.status != 401:
            return answered
        renewed = _in_time(self.bearer.token(instead_of=token), begun)
        return renewed if isinstance(renewed, NotSent) else self._shown(renewed, method, path, params, body, headers)

    def _shown(
        self,
        token: str,
        method: str,
        path: str,
        params: Mapping[str, str] | None,
        body: bytes | None,
        headers: Mapping[str, str],
    ) -> Answered | NotSent | NoAnswer:
        """Send with a token. An answer that repeats it loses it: answers are kept."""
        answered = self._sent(method, path, params, body, {**headers, "Authorization": f"Bearer {token}"})
        if not isinstance(answered, Answered):
            return answered
        return replace(answered, body=answered.body.replace(token.encode(), b"***"))

    def _sent(
        self, method: str, path: str, params: Mapping[str, str] | None, body: bytes | None, headers: Mapping[str, str]
    ) -> Answered | NotSent | NoAnswer:
        try:
            response = self._client.request(method, path, params=params, content=body, headers=dict(headers))
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            log.warning("endpoint not reached", path=path, error=type(error).__name__)
            return NotSent(type(error).__name__)
        except httpx.HTTPError as error:
            log.warning("no answer", path=path, error=type(error).__name__)
            return NoAnswer(type(error).__name__)
        return Answered(response.status_code, response.content, response.headers)

    def close(self) -> None:
        self._client.close()
        if self.bearer is not None:
            self.bearer.close()
