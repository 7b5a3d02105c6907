"""``Idempotency-Key``: a POST that comes twice under one key is done once, and answered alike both times."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from hmac import compare_digest

from fastapi import Response
from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapter.cases.requests_kept import Before, KeptAnswer, begin, digest_of_request, keep, let_go, lose
from adapter.cases.tools import Act, Tools
from adapter.doors.web import issues
from adapter.doors.web.errors import answer
from adapter.model.case import Actor
from adapter.model.issues import AdapterError
from adapter.settings import Settings

_KEY = re.compile(r"[\x21-\x7e]{1,200}")

#: Headers that say what is asked for as much as the body does; the same request names the same.
_ASKED = ("if-none-exist", "x-source")
#: Headers of an answer that are made anew with its body.
_MADE = frozenset({"content-length", "content-type"})

#: Nothing was done, whatever was asked: the key stays free. 404 and 422 change nothing either, but are answers.
_NOT_DONE = frozenset({401, 413, 429, 503})


def takes_key(path: str) -> bool:
    """Whether a POST to this address may carry a key."""
    return not (path.startswith("/his/") or path.endswith("/present"))


@dataclass(slots=True)
class _Sent:
    """An answer on its way out, also kept."""

    status: int = 0
    headers: Headers = field(default_factory=Headers)
    body: bytearray = field(default_factory=bytearray)
    whole: bool = False

    def heard(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], Headers(raw=message["headers"])
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")
            self.whole = not message.get("more_body", False)


@dataclass(frozen=True, slots=True)
class _Begun:
    """A request that is done now, under its key."""

    key: str
    digest: str
    body: bytes
    tools: Tools
    act: Act


class Repeated:
    """ASGI middleware for POSTs with a key.

    Exports under ``/his`` are known by their content and pass; so does what was shown at the window, of which not even
    a hash is kept.

    It asks for the token itself: what was answered before is shown to nobody who may not come in.
    """

    def __init__(self, app: ASGIApp, *, settings: Settings, tools: Callable[[Scope], Tools]) -> None:
        self._app, self._settings, self._tools = app, settings, tools

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope) if scope["type"] == "http" and scope["method"] == "POST" else Headers()
        key = headers.get("idempotency-key")
        if key is None or not takes_key(scope["path"]) or not self._may_come_in(headers):
            await self._app(scope, receive, send)
            return
        if not _KEY.fullmatch(key):
            await answer(scope, [issues.key_unusable()])(scope, receive, send)
            return
        try:
            before = await self._begin(scope, headers, key, receive)
        except AdapterError as error:  # a body that is too large, a ledger that is busy
            await answer(scope, error.issues)(scope, receive, send)
            return
        if isinstance(before, Before):
            await _again(scope, before)(scope, receive, send)
            return
        await self._once(scope, send, before)

    async def _begin(self, scope: Scope, headers: Headers, key: str, receive: Receive) -> Before | _Begun:
        body = b"".join([part async for part in _parts(receive)])
        actor = headers.get("x-actor", "") or " " * ("x-actor" in headers)  # an empty one is not the same as none
        address = (scope["method"], scope["path"], scope["query_string"].decode("latin-1"), actor)
        more = [f"{name}: {headers[name]}" for name in _ASKED if name in headers]
        digest = digest_of_request(*(part.encode() for part in (*address, *more)), body)
        tools = self._tools(scope)
        act = tools.act(Actor(self._settings.actor, "api"), "request with a key")
        before = await run_in_threadpool(begin, key, digest, tools, act)
        return before or _Begun(key, digest, body, tools, act)

    async def _once(self, scope: Scope, send: Send, begun: _Begun) -> None:
        sent = _Sent()

        async def kept(message: Message) -> None:
            sent.heard(message)
            if sent.whole:  # kept before the caller has it: an answer that was given can be given again
                await run_in_threadpool(_keep, begun, sent)
            await send(message)

        try:
            await self._app(scope, _given(begun.body), kept)
        except Exception:
            if not sent.whole:  # what fails behind an answer takes nothing from it
                await run_in_threadpool(lose, begun.key, begun.digest, begun.tools, begun.act)
            raise

    def _may_come_in(self, headers: Headers) -> bool:
        """Whoever may not is refused by the route, in the usual words."""
        if self._settings.api_token is None:
            return True
        kind, _, token = headers.get("authorization", "").partition(" ")
        wanted = self._settings.api_token.get_secret_value().encode()
        return kind.lower() == "bearer" and compare_digest(token.encode("utf-8", "surrogateescape"), wanted)


def _keep(begun: _Begun, sent: _Sent) -> None:
    if sent.status in _NOT_DONE:
        let_go(begun.key, begun.tools, begun.act)
    elif sent.status >= 500:  # it may have done something: the key stays taken
        lose(begun.key, begun.digest, begun.tools, begun.act)
    else:
        headers = {name: value for name, value in sent.headers.items() if name not in _MADE}
        answered = KeptAnswer(sent.status, sent.headers.get("content-type", ""), bytes(sent.body), headers)
        keep(begun.key, begun.digest, answered, begun.tools, begun.act)


def _again(scope: Scope, before: Before) -> Response:
    """The kept answer, or why there is none."""
    if not before.same:
        return answer(scope, [issues.key_taken()])
    if before.answer is None:
        found = answer(scope, [issues.key_lost() if before.lost else issues.key_running()])
        if not before.lost:
            found.headers["Retry-After"] = "1"
        return found
    headers = {**before.answer.headers, "Idempotent-Replayed": "true"}
    return Response(before.answer.body, before.answer.status, headers, before.answer.content_type or None)


async def _parts(receive: Receive) -> AsyncIterator[bytes]:
    """The body as it comes, already limited."""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        yield message.get("body", b"")
        if not message.get("more_body", False):
            return


def _given(body: bytes) -> Receive:
    """A body that was read already."""
    messages: Iterator[Message] = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> Message:
        return next(messages, {"type": "http.disconnect"})

    return receive
