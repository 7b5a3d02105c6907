"""Access tokens by OAuth 2.0 client credentials, as SMART Backend Services has it (访问令牌).

A token lives in memory only: it is in no log, receipt, issue or repr. One is asked for at a time, whatever the threads.

Source: HL7 SMART App Launch 2.2, "Backend Services" (https://hl7.org/fhir/smart-app-launch/backend-services.html);
RFC 6749 sections 4.4, 5.1 and 5.2.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from ssl import SSLContext
from threading import Lock
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit

from adapter.model.dates import Clock
from adapter.payers.delivery import oauth_issues as issues
from adapter.payers.delivery.http import TOKEN_SECONDS, Answered, NoAnswer, NotSent, Wire

DISCOVERY = "/.well-known/smart-configuration"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
FORM = "application/x-www-form-urlencoded"

#: A token is renewed so many seconds, or a tenth of its life, before it ends.
EARLY_SECONDS = 30
#: Life of a token of which the endpoint does not say how long it is good.
UNSAID_SECONDS = 60
#: So long after a refusal, or after no answer, the token endpoint is left alone, whoever asks.
PAUSE_SECONDS, SILENT_SECONDS = 5, 1
#: Answers of a token endpoint that is not itself just now.
_BUSY = frozenset({408, 425, 429})
_WORDS, _DAY = 160, 86_400
_WHOLE = re.compile(r"[0-9]{1,9}")
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")
#: What may be a token or a proof in a token endpoint's words; it is shown to nobody.
_SECRET_LIKE = re.compile(r"[A-Za-z0-9._~+/=-]{32,}")


class Signs(Protocol):
    """Whoever can prove who we are."""

    def sign(self, audience: str, at: datetime) -> str: ...


@dataclass(frozen=True, slots=True)
class _Held:
    value: str = field(repr=False)
    until: datetime


class Tokens:
    """The tokens of one endpoint, shared by all threads of the process."""

    def __init__(
        self,
        endpoint: str,
        base_url: str,
        *,
        signer: Signs,
        scope: str,
        clock: Clock,
        token_url: str | None = None,
        timeout: int = 30,
        tls: SSLContext | None = None,
    ) -> None:
        """
        Args:
            endpoint: its name, for issues.
            token_url: None: found by the server's ``smart-configuration``, and again after a failure.
            timeout: seconds to wait for an answer, ten at most.
        """
        self._endpoint, self._base_url, self._set_url = endpoint, base_url, token_url
        self._signer, self._scope, self._clock = signer, scope, clock
        self._wire = Wire(base_url, timeout=min(timeout, TOKEN_SECONDS), tls=tls)
        self._lock = Lock()
        self._found_url: str | None = None
        self._held: _Held | None = None
        self._failed: tuple[datetime, NotSent] | None = None

    def token(self, *, instead_of: str | None = None) -> str | NotSent:
        """A token that is good now, or why there is none: then nothing can be sent.

        Args:
            instead_of: a token that the endpoint did not take; the one that is held counts only if it is another.
        """
        with self._lock:
            now = self._clock.now()
            if self._held is not None and self._held.value != instead_of and now < self._held.until:
                return self._held.value
            if self._failed is not None and now < self._failed[0]:
                until, told = self._failed
                left = -(-(until - now) // timedelta(seconds=1))
                return told if told.retry_after is None else replace(told, retry_after=left)
            self._held = self._failed = None
            got = self._ask(now)
            if isinstance(got, NotSent):
                seconds = got.retry_after or (PAUSE_SECONDS if got.issues else SILENT_SECONDS)
                self._failed, self._found_url = (now + timedelta(seconds=seconds), got), None
                return got
            self._held = got
            return got.value

    def close(self) -> None:
        """Give the connections back."""
        self._wire.close()

    def _ask(self, now: datetime) -> _Held | NotSent:
        url = self._set_url or self._found_url or self._discovered()
        if isinstance(url, NotSent):
            return url
        self._found_url = url
        form = {
            "grant_type": "client_credentials",
            "scope": self._scope,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": self._signer.sign(url, now),
        }
        body = urlencode({name: value for name, value in form.items() if value}).encode()
        answered = self._wire.request("POST", url, body=body, content_type=FORM, more={"Accept": "application/json"})
        told = _content(answered)
        if isinstance(answered, Answered) and answered.status == 200:
            return self._token_in(told, now)
        return self._no(answered, _refusal(told))

    def _discovered(self) -> str | NotSent:
        """The token endpoint that the server names."""
        answered = self._wire.request("GET", f"{self._base_url}{DISCOVERY}", more={"Accept": "application/json"})
        if not isinstance(answered, Answered) or answered.status != 200:
            return self._no(answered, "no smart-configuration; set oauth.token_url")
        url = _content(answered).get("token_endpoint")
        if not isinstance(url, str) or not as_safe(url, self._base_url):
            return self._refused("smart-configuration names no token endpoint that may be trusted")
        return url

    def _token_in(self, told: dict[str, Any], now: datetime) -> _Held | NotSent:
        value, kind, life = told.get("access_token"), told.get("token_type"), told.get("expires_in", UNSAID_SECONDS)
        if not isinstance(value, str) or not _TOKEN.fullmatch(value) or str(kind).lower() != "bearer":
            return self._refused("its answer holds no bearer token")
        seconds = min(int(life), _DAY) if isinstance(life, (int, str)) and _WHOLE.fullmatch(str(life)) else 0
        if not seconds:
            return self._refused("its token is good for no time at all")
        return _Held(value, now + timedelta(seconds=seconds - min(EARLY_SECONDS, seconds // 10)))

    def _no(self, answered: Answered | NotSent | NoAnswer, reason: str) -> NotSent:
        """No token. A token endpoint that is down is an endpoint that is down; one that refuses says so."""
        if not isinstance(answered, Answered):
            return NotSent(f"token endpoint: {answered.reason}")
        if answered.status >= 500 or answered.status in _BUSY:
            return NotSent(f"token endpoint: HTTP {answered.status}", retry_after=answered.retry_after)
        return self._refused(f"HTTP {answered.status} {reason}")

    def _refused(self, reason: str) -> NotSent:
        return NotSent(reason, issues=(issues.no_token(self._endpoint, reason),))


def as_safe(url: str, base_url: str) -> bool:
    """Whether a token endpoint is no less protected than the FHIR base, and an address at all."""
    parts = urlsplit(url)
    plain = urlsplit(base_url).scheme == "http"
    return bool(parts.hostname) and (parts.scheme == "https" or (plain and parts.scheme == "http"))


def _content(answered: Answered | NotSent | NoAnswer) -> dict[str, Any]:
    """An answer's JSON object; empty for anything else."""
    if not isinstance(answered, Answered):
        return {}
    try:
        found = json.loads(answered.body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _refusal(told: dict[str, Any]) -> str:
    """``invalid_client: …``: the error of RFC 6749 5.2 and the first of its words."""
    words = ": ".join(str(told[name]) for name in ("error", "error_description") if isinstance(told.get(name), str))
    return _SECRET_LIKE.sub("…", words)[:_WORDS] or "—"
