"""Webhook: ``POST`` of a notice as JSON, signed, to an address of the HIS (回传:HTTP 推送)."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Mapping
from urllib.parse import quote

import httpx
import structlog

from adapter.model.dates import Clock
from adapter.model.messages import OutboundMessage, Outcome, Receipt
from adapter.model.notice import WebhookForm
from adapter.payers.delivery.endpoints.his import issues
from adapter.payers.delivery.endpoints.his.way import NotReady, Secret, Way, client_context, secret_of
from adapter.payers.delivery.http import Answered

log = structlog.get_logger(__name__)

#: Answers that say nothing about this notice: it goes out again.
TELLS_NOTHING = frozenset({408, 409, 425, 429})
_MOST_BYTES = 64 * 1024


class Webhook(Way):
    """Sends notices to one address."""

    def __init__(self, name: str, form: WebhookForm, clock: Clock, secret: Secret) -> None:
        super().__init__(name, form.timeout, clock, secret)
        self._form = form
        self._client: httpx.Client | None = None

    def close(self) -> None:
        if self._client is not None:
            self._client.close()

    def _send(self, message: OutboundMessage) -> Receipt:
        try:
            headers = self._headers(message)
            answered = self._post(message, headers)
        except NotReady as error:
            return self._not_sent(error.issue)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            log.warning("HIS not reached", endpoint=self.config.name, error=type(error).__name__)
            return self._not_sent(issues.not_heard(message.key, type(error).__name__))
        except (httpx.HTTPError, TooSlow) as error:
            log.warning("no answer from the HIS", endpoint=self.config.name, error=type(error).__name__)
            return self._open(Outcome.UNKNOWN, issues.not_heard(message.key, type(error).__name__))
        return self._receipt(message, answered)

    def _receipt(self, message: OutboundMessage, answered: Answered) -> Receipt:
        """2xx is taken; 4xx is refused, but for those that speak of the moment; the rest goes out again."""
        status, body = answered.status, answered.body
        if 200 <= status < 300:
            return self._accepted(f"HTTP {status}", body)
        if 300 <= status < 400:
            return self._open(Outcome.UNKNOWN, issues.redirected(message.key, status), body)
        if status >= 500 or status in TELLS_NOTHING:
            heard = issues.not_heard(message.key, f"HTTP {status}")
            return self._open(Outcome.UNKNOWN, heard, body, retry_after=answered.retry_after)
        reason = body.decode("utf-8", "replace")
        return self._rejected(issues.notice_rejected(message.key, f"HTTP {status}", reason), body)

    def _headers(self, message: OutboundMessage) -> dict[str, str]:
        form, at = self._form, int(self._clock.now().timestamp())
        secret = secret_of(self._secret, form.secret_env, message.key)
        headers = {
            "Content-Type": message.content_type,
            "Idempotency-Key": quote(message.key, safe="._-~:"),
            "Adapter-Signature": f"t={at},v1={signature(secret, at, message.composed)}",
        }
        if form.token_env:
            headers["Authorization"] = f"Bearer {secret_of(self._secret, form.token_env, message.key)}"
        return headers

    def _post(self, message: OutboundMessage, headers: dict[str, str]) -> Answered:
        form = self._form
        return asked(self._wire(message.key), "POST", form.url, message.composed, headers, form.timeout)

    def _wire(self, key: str) -> httpx.Client:
        if self._client is None:
            form = self._form
            secured = form.url.startswith("https:")
            verify = client_context(key, ca=form.ca) if secured else True
            timeout = httpx.Timeout(form.timeout, connect=min(form.timeout, 5))
            self._client = httpx.Client(verify=verify, timeout=timeout, follow_redirects=False)
        return self._client


class TooSlow(Exception):
    """The answer drips in longer than the timeout allows."""


def asked(
    client: httpx.Client, method: str, url: str, body: bytes, headers: Mapping[str, str], seconds: int
) -> Answered:
    """One request, answered within the time as a whole, its answer read up to a limit.

    Raises:
        TooSlow: the time is over.
        httpx.HTTPError: nobody was reached, or the connection broke.
    """
    until = time.monotonic() + seconds
    with client.stream(method, url, content=body, headers=dict(headers)) as response:
        read = b""
        for part in response.iter_bytes():
            read += part
            if len(read) > _MOST_BYTES:
                break
            if time.monotonic() > until:
                raise TooSlow
        return Answered(response.status_code, read[:_MOST_BYTES], response.headers)


def signature(secret: str, at: int, body: bytes) -> str:
    """HMAC-SHA256 over ``<seconds>.<body>``, hexadecimal.

    Args:
        at: seconds since 1970, as the header names them.
    """
    return hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
