"""HTTP out: one request, one honest answer. Bodies and keys only; nothing personal is logged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx
import structlog

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Answered:
    """The other side answered, with any status."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def retry_after(self) -> int | None:
        """Seconds the endpoint asks us to wait; only the form in seconds is honoured."""
        value = self.headers.get("retry-after", "")
        return int(value) if value.isascii() and value.isdigit() else None


@dataclass(frozen=True, slots=True)
class NotSent:
    """No connection was made: proof that nothing was received."""

    reason: str


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """It may have arrived: the connection broke or the wait ended after sending began."""

    reason: str


class Wire:
    """A connection pool to one endpoint."""

    def __init__(self, base_url: str, *, timeout: int, token: str | None = None) -> None:
        headers = {"Accept": "application/fhir+json; fhirVersion=4.0"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self._client = httpx.Client(
            base_url=base_url, headers=headers, timeout=httpx.Timeout(timeout, connect=min(timeout, 10))
        )

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
        content_type: str = "application/fhir+json; fhirVersion=4.0",
    ) -> Answered | NotSent | NoAnswer:
        """Send once. Never raises for anything that the network or the other side does."""
        headers = {"Content-Type": content_type} if body is not None else {}
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
