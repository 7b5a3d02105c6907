"""Rest-hook: what a FHIR Subscription asks to be told, as R4 says (订阅推送).

An empty POST says that something changed; with a payload the resource itself is PUT to ``<endpoint>/<Type>/<id>``. No
redirect is followed: only addresses that the settings allow are spoken to.
"""

from __future__ import annotations

from urllib.parse import quote

import httpx
import structlog

from adapter.model.dates import Clock
from adapter.model.messages import OutboundMessage, Outcome, Receipt
from adapter.model.subscription import Channel, Told
from adapter.payers.delivery.endpoints.his import rest_hook_issues as issues
from adapter.payers.delivery.endpoints.his.way import NotReady, Way, client_context
from adapter.payers.delivery.endpoints.his.webhook import TELLS_NOTHING, TooSlow, asked
from adapter.payers.delivery.http import Answered

log = structlog.get_logger(__name__)


class RestHook(Way):
    """Sends the notices, or the pings, of one subscription."""

    def __init__(self, name: str, channel: Channel, clock: Clock, *, timeout: int, ca: str = "") -> None:
        super().__init__(name, timeout, clock, dialect="rest-hook")
        self.channel = channel
        self._ca = ca
        self._client: httpx.Client | None = None

    def close(self) -> None:
        if self._client is not None:
            self._client.close()

    def _send(self, message: OutboundMessage) -> Receipt:
        whole = message.operation == Told.RESOURCE and bool(self.channel.payload)
        method, url, body = (
            ("PUT", self._place(message), message.composed) if whole else ("POST", self.channel.url, b"")
        )
        try:
            seconds = self.config.timeout
            answered = asked(self._wire(message.key), method, url, body, self._headers(message, whole=whole), seconds)
        except NotReady as error:
            return self._not_sent(error.issue)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            log.warning("subscriber not reached", endpoint=self.config.name, error=type(error).__name__)
            return self._not_sent(issues.subscriber_silent(message.key, type(error).__name__))
        except (httpx.HTTPError, TooSlow) as error:
            log.warning("no answer from the subscriber", endpoint=self.config.name, error=type(error).__name__)
            return self._open(Outcome.UNKNOWN, issues.subscriber_silent(message.key, type(error).__name__))
        return self._receipt(message, answered)

    def _receipt(self, message: OutboundMessage, answered: Answered) -> Receipt:
        """2xx is taken; what speaks of the moment goes out again; every other answer is a refusal."""
        status = answered.status
        if 200 <= status < 300:
            return self._accepted(f"HTTP {status}")
        if status >= 500 or status in TELLS_NOTHING:
            heard = issues.subscriber_silent(message.key, f"HTTP {status}")
            return self._open(Outcome.UNKNOWN, heard, retry_after=answered.retry_after)
        if 300 <= status < 400:
            return self._rejected(issues.subscriber_moved(message.key, status))
        return self._rejected(issues.subscriber_refused(message.key, status))

    def _headers(self, message: OutboundMessage, *, whole: bool) -> dict[str, str]:
        kind = {"Content-Type": message.content_type} if whole else {}
        return {**dict(self.channel.headers), **kind, "Idempotency-Key": quote(message.key, safe="._-~:")}

    def _place(self, message: OutboundMessage) -> str:
        """The order of a notice is that of its resource: ``<endpoint>/<Type>/<id>``."""
        kind, _, identity = str(message.order_key).partition("/")[2].partition("/")
        return f"{self.channel.url.rstrip('/')}/{kind}/{identity}"

    def _wire(self, key: str) -> httpx.Client:
        if self._client is None:
            verify = client_context(key, ca=self._ca) if self.channel.url.startswith("https:") else True
            timeout = httpx.Timeout(self.config.timeout, connect=min(self.config.timeout, 5))
            self._client = httpx.Client(verify=verify, timeout=timeout, follow_redirects=False, trust_env=False)
        return self._client
