"""Around every request: an id, a limit for its body, one log line, and an answer for what nobody foresaw."""

from __future__ import annotations

import re
from collections.abc import Callable
from http import HTTPStatus
from time import perf_counter
from uuid import uuid4

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapter.doors.web import issues
from adapter.doors.web.errors import answer
from adapter.doors.web.logs import place_of
from adapter.doors.web.metrics import Metrics
from adapter.model.issues import AdapterError
from adapter.model.person import without_id_numbers

log = structlog.get_logger(__name__)

#: Other methods are counted as one, so that nobody can fill the metrics with made-up ones.
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

#: The caller went away before the answer: nginx's number for it, in the log only.
_CLIENT_LEFT = 499


class Watch:
    """ASGI middleware. Bodies, queries and concrete addresses stay out of the log; case ids are in it."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics, limit_of: Callable[[str], int]) -> None:
        self._app, self._metrics, self._limit_of = app, metrics, limit_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else uuid4().hex
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        started, status = perf_counter(), 0

        async def marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = request_id
                headers["Cache-Control"] = "no-store"
                headers["X-Content-Type-Options"] = "nosniff"
            await send(message)

        try:
            await self._app(scope, limited(scope, receive, self._limit_of(scope["path"])), marked)
        except ClientDisconnect:
            status = _CLIENT_LEFT
        except Exception as error:
            log.error("unexpected", error=type(error).__name__, place=place_of(error))
            if not status:
                await answer(scope, [issues.unexpected(request_id)])(scope, receive, marked)
        self._line(scope, status, perf_counter() - started)

    def _line(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path_format", "(none)")
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        self._metrics.answered(method, route, status, seconds)
        case = scope.get("path_params", {}).get("case_id")
        known = case is not None and status != HTTPStatus.NOT_FOUND  # whatever else was typed there stays out
        more = {"case_id": without_id_numbers(str(case))} if known else {}
        log.info("request", method=method, route=route, status=status, ms=round(seconds * 1000, 1), **more)


def limited(scope: Scope, receive: Receive, limit: int) -> Receive:
    """The body as it comes, until it is more than the limit: then API-802, whoever is reading."""
    declared = Headers(scope=scope).get("content-length", "")
    taken = 0

    async def within_limit() -> Message:
        nonlocal taken
        if declared.isdecimal() and (len(declared) > 18 or int(declared) > limit):
            raise AdapterError(issues.too_large(limit))
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > limit:
            raise AdapterError(issues.too_large(limit))
        return message

    return within_limit
