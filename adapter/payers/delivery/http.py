"""HTTP out: one request, one honest answer. Bodies and keys only; nothing personal is logged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from ssl import SSLContext, SSLError, create_default_context

import httpx
import structlog

from adapter.model.issues import AdapterError
from adapter.payers.delivery import issues

log = structlog.get_logger(__name__)


_DAY = 86_400


def _moment(text: str) -> datetime | None:
    """An HTTP date, or None."""
    try:
        found = parsedate_to_datetime(text)
    except (TypeError, ValueError):
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
            return min(int(value[:9]), _DAY)
        until, now = _moment(value), _moment(self.headers.get("date", ""))
        if until is None or now is None:
            return None
        return min(max(-(-(until - now) // timedelta(seconds=1)), 0), _DAY)


@dataclass(frozen=True, slots=True)
class NotSent:
    """No connection was made: proof that nothing was received."""

    reason: str


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """It may have arrived: the connection broke or the wait ended after sending began."""

    reason: str


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


class Wire:
    """A connection pool to one endpoint."""

    def __init__(self, base_url: str, *, timeout: int, token: str | None = None, tls: SSLContext | None = None) -> None:
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
        """Send once. Never raises for anything that the network or the other side does.

        Args:
            more: further headers of this one request; they are not logged.
        """
        headers = {**({"Content-Type": content_type} if body is not None else {}), **(more or {})}
        try:
            response = self._client.request(method, path, params=params, content=body, headers=headers)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            log.warning("endpoint not reached", path=path, error=type(error).__name__)
            return NotSent(type(error).__name__)
        except httpx.HTTPError as error:
            log.warning("no answer", path=path, error=type(error).__name__)
            return NoAnswer(type(error).__name__)
        return Answered(response.status_code, response.content, response.headers)

    def close(self) -> None:
        self._client.close()
