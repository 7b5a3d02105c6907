"""Speaking HTTP to the party under test: one exchange per request, whatever happens to it."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from ssl import SSLContext
from urllib.parse import urljoin, urlsplit

import httpx

from adapter.counterparts.conformance.play import Exchange
from adapter.counterparts.wire import MEDIA_TYPE
from adapter.model.issues import AdapterError

_MOST_BYTES = 8 * 1024 * 1024


class Bearer(httpx.Auth):
    """Shows a token, and a new one once where the first was not taken; what an answer repeats of it is taken out.

    ``token`` gives the one to show, given one that was not taken, or None. Raises AdapterError where there is none.
    """

    def __init__(self, token: Callable[[str | None], str]) -> None:
        self._token = token
        self._shown = ""

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        first = self._show(request, None)
        answer = yield request
        if answer.status_code == httpx.codes.UNAUTHORIZED and self._show(request, first) != first:
            yield request

    def hidden(self, body: bytes) -> bytes:
        """A body without the token."""
        return body.replace(self._shown.encode(), b"***") if self._shown else body

    def _show(self, request: httpx.Request, instead_of: str | None) -> str:
        self._shown = self._token(instead_of)
        request.headers["Authorization"] = f"Bearer {self._shown}"
        return self._shown


@dataclass
class Talk:
    """One base address.

    Attributes:
        base: without a trailing slash.
        client: follows no redirect; holds timeouts, certificate and token.
        seconds: that an answer may take as a whole.
        accept: the media type that is asked for, unless a request says another.
    """

    base: str
    client: httpx.Client
    seconds: int
    accept: str = MEDIA_TYPE

    def post(
        self, path: str, body: bytes, media_type: str = MEDIA_TYPE, headers: Mapping[str, str] | None = None
    ) -> Exchange:
        """``POST`` a body below the base; an empty path is the base itself."""
        return self._ask("POST", f"{self.base}{path}", body, {"Content-Type": media_type, **(headers or {})})

    def get(self, path: str, query: dict[str, str]) -> Exchange:
        """``GET`` below the base."""
        return self._ask("GET", str(httpx.URL(f"{self.base}{path}", params=query)), b"", {})

    def follow(self, address: str) -> Exchange | None:
        """The next page; None when it leads nowhere, or to another server, which must not see our token."""
        try:
            whole = urljoin(f"{self.base}/", address)
            if urlsplit(whole)[:2] != urlsplit(self.base)[:2]:
                return None
        except ValueError:
            return None
        return self._ask("GET", whole, b"", {})

    def _ask(self, method: str, address: str, body: bytes, headers: dict[str, str]) -> Exchange:
        until = time.monotonic() + self.seconds
        shown = f"{method} {address.removeprefix(self.base) or '/'}"
        try:
            with self.client.stream(
                method, address, content=body, headers={"Accept": self.accept, **headers}
            ) as response:
                got = b""
                for part in response.iter_bytes():
                    got += part
                    if len(got) > _MOST_BYTES or time.monotonic() > until:
                        return Exchange(shown, body, failure="the answer does not end")
                told = auth.hidden(got) if isinstance(auth := self.client.auth, Bearer) else got
                return Exchange(shown, body, f"HTTP {response.status_code}", told, dict(response.headers))
        except AdapterError as error:
            return Exchange(shown, body, failure=f"no token: {', '.join(issue.code for issue in error.issues)}")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return Exchange(shown, body, failure=type(error).__name__)


def client_for(timeout: int, token: Callable[[str | None], str] | None, tls: SSLContext | None = None) -> httpx.Client:
    """A client that waits so many seconds for an answer and follows no redirect.

    Args:
        token: as ``Bearer`` has it; None shows none.
        tls: what it shows and whom it trusts; None: the machine's own authorities.
    """
    return httpx.Client(
        timeout=httpx.Timeout(timeout, connect=min(timeout, 10)),
        auth=None if token is None else Bearer(token),
        verify=True if tls is None else tls,
    )
