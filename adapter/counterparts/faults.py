"""Scripted misbehaviour: what a network or a receiver does on a bad day, on request.

A fault names the requests that it meets (``match``) and what happens to them (``do``):

    {"match": {"path": "Claim/$submit", "stage": "settle", "key": "CASE-1.v1", "nth": 2}, "do": "drop-after"}

Every part of ``match`` may be left out; ``nth`` counts the requests that match the rest, from 1; ``times`` says how
often it acts from there on (1), 0 is for ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapter.counterparts.wire import CLAIM_KEY, MEDIA_TYPE, Refusal, decode, encode

_STAGES = frozenset({"settle", "reverse", "trial", "eligibility"})

#: What may be done, and whether the request has been processed when it happens.
ACTIONS = {
    "drop-before": False,  # the connection closes; nothing was processed
    "drop-after": True,  # processed; the connection closes without an answer
    "delay": False,  # waits, then processes and answers, also when the caller has gone
    "delay-after": True,  # processes at once, answers late
    "status": False,  # answers with a status, not processed ("processed": true processes first)
    "garbage": True,  # processed; the body is not JSON
    "truncated": True,  # processed; the body breaks off
    "duplicate-answer": True,  # processed; every resource of the answer stands twice
    "twice": True,  # the request arrives twice; the second answer is given
    "hang": False,  # neither processed nor answered
    "stall": True,  # processed; half of the answer is sent, the rest never comes
    "drip": True,  # processed; the answer comes in small pieces, with a pause before each
}


#: What only a party of docs/wire-fhir.md does itself (bad_days.py).
FHIR_OWN = dict.fromkeys(
    ("refuse", "refuse-line", "differ", "rule-change", "wrong-signature", "maintenance", "clock-skew", "stale"), True
)


class FaultError(ValueError):
    """A fault that cannot be scripted."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One scripted fault and how many requests it has met."""

    do: str
    method: str = ""
    path: str = ""
    stage: str = ""
    key: str = ""
    nth: int = 1
    times: int = 1
    seconds: float = 1.0
    status: int = 503
    retry_after: int | str | None = None
    processed: bool = False
    text: str = ""
    met: int = 0

    def fits(self, call: Call) -> bool:
        return (
            self.method in ("", call.method)
            and self.path in call.path
            and self.key in call.key
            and self.stage in ("", call.stage)
        )

    @property
    def due(self) -> bool:
        """Whether the request just met is one that it acts on."""
        return self.met >= self.nth and (self.times == 0 or self.met < self.nth + self.times)


@dataclass(frozen=True, slots=True)
class Call:
    """A request as faults see it; the stage is as stated, or the last word of its claim key that names one."""

    method: str
    path: str
    key: str
    stated: str = ""

    @property
    def stage(self) -> str:
        return self.stated or next((word for word in reversed(self.key.split(".")) if word in _STAGES), "")


@dataclass(frozen=True, slots=True)
class Wire:
    """How the faults see and speak one dialect.

    Attributes:
        prefix: requests to other paths are never met.
        call: what the faults see of a request.
        doubled: a body with everything in it twice.
        refused: content type and body that go with a scripted status.
        further: actions of this dialect alone; the application does them and finds the fault in ``scope["fault"]``.
    """

    prefix: str
    call: Callable[[Scope, bytes], Call]
    doubled: Callable[[bytes], bytes]
    refused: Callable[[Fault], tuple[str, bytes]]
    further: Mapping[str, bool] = field(default_factory=dict)


def fault_of(row: Any, further: Mapping[str, bool] | None = None) -> Fault:
    """Read one fault. Raises FaultError for a word that is not known."""
    known = {**ACTIONS, **(further or {})}
    try:
        match = dict(row.get("match", {}))
        rest = {name: value for name, value in row.items() if name != "match"}
        found = Fault(**match, **rest)
    except (AttributeError, TypeError, ValueError) as error:
        raise FaultError(f"not a fault: {error}") from error
    if found.do not in known:
        raise FaultError(f"do: one of {', '.join(known)}")
    return replace(found, seconds=float(found.seconds))


def _fhir() -> Wire:
    """The dialect of docs/wire-fhir.md."""
    return Wire(prefix="/fhir", call=call_of, doubled=_doubled, refused=_refused, further=FHIR_OWN)


@dataclass
class Faults:
    """The script in force, and what has been done to whom."""

    pending: list[Fault] = field(default_factory=list)
    fired: list[dict[str, str]] = field(default_factory=list)
    wire: Wire = field(default_factory=_fhir)

    def script(self, faults: Sequence[Fault]) -> None:
        """Replace the script."""
        self.pending = list(faults)
        self.fired = []

    def meet(self, call: Call) -> Fault | None:
        """Count a request against the script; the first fault that is due."""
        due: Fault | None = None
        for number, fault in enumerate(self.pending):
            if fault.fits(call):
                self.pending[number] = met = replace(fault, met=fault.met + 1)
                due = due or (met if met.due else None)
        if due:
            self.fired.append({"do": due.do, "path": call.path, "key": call.key})
        return due

    def told(self) -> dict[str, Any]:
        return {"scripted": len(self.pending), "fired": list(self.fired)}

    def around(self, app: ASGIApp, hang_up: Callable[[Scope], None]) -> ASGIApp:
        """The application with the script in front of it; ``hang_up`` closes a request's connection."""

        async def faulty(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http" or not scope["path"].startswith(self.wire.prefix):
                await app(scope, receive, send)
                return
            body = await _body(receive)
            fault = self.meet(self.wire.call(scope, body))
            scope["fault"] = fault
            broken = await _perform(fault, _Request(app, scope, body), send, self.wire)
            if broken and fault and fault.do not in ("hang", "stall"):
                hang_up(scope)
            if broken:
                await receive()  # until the connection is gone

        return faulty


@dataclass(frozen=True)
class _Request:
    """A request held back, to be processed when the fault says so."""

    app: ASGIApp
    scope: Scope
    body: bytes

    async def process(self) -> list[Message]:
        """Let the application answer; gives the messages instead of sending them."""
        answered: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": self.body, "more_body": False}

        async def send(message: Message) -> None:
            answered.append(message)

        await self.app(self.scope, receive, send)
        return answered


async def _perform(fault: Fault | None, request: _Request, send: Send, wire: Wire) -> bool:
    """Do what the fault says; True when the connection is to be broken or left hanging."""
    do = fault.do if fault else ""
    if fault and do == "delay":
        await asyncio.sleep(fault.seconds)
    processes = fault is None or {**ACTIONS, **wire.further}[do] or do == "delay" or fault.processed
    answered = await request.process() if processes else []
    if do == "twice":
        answered = await request.process()
    if fault and do == "delay-after":
        await asyncio.sleep(fault.seconds)
    if do in ("drop-before", "drop-after", "hang"):
        return True
    if fault and do == "status":
        answered = _status(fault, wire)
    for message in _altered(do, answered, wire):
        for piece in _pieces(message) if fault and do == "drip" else [message]:
            await asyncio.sleep(fault.seconds if fault and do == "drip" else 0)
            await send(piece)
    return do in ("truncated", "stall")


def _altered(do: str, answered: list[Message], wire: Wire) -> list[Message]:
    start, body = answered[0], b"".join(message.get("body", b"") for message in answered[1:])
    if do == "garbage":
        body = b"\x1f\x8b<html>\xff" + body[: len(body) // 3]
    if do == "duplicate-answer":
        body = wire.doubled(body)
    headers = [(name, value) for name, value in start["headers"] if name != b"content-length"]
    headers.append((b"content-length", str(len(body)).encode()))
    breaks_off = do in ("truncated", "stall")
    if breaks_off:
        body = body[: len(body) // 2]
    return [{**start, "headers": headers}, {"type": "http.response.body", "body": body, "more_body": breaks_off}]


def _pieces(message: Message) -> list[Message]:
    """A body in eight pieces; the start of an answer as it is."""
    body = message.get("body", b"")
    size = len(body) // 8 + 1
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    more = len(parts) - 1
    return [{**message, "body": part, "more_body": n < more} for n, part in enumerate(parts)] or [message]


def _doubled(body: bytes) -> bytes:
    answer = decode(body)
    if answer.get("resourceType") != "Bundle":
        twice = [{"resource": answer}, {"resource": answer}]
        return encode({"resourceType": "Bundle", "type": "collection", "entry": twice})
    return encode({**answer, "entry": [entry for one in answer.get("entry", []) for entry in (one, one)]})


def _refused(fault: Fault) -> tuple[str, bytes]:
    return MEDIA_TYPE, Refusal(fault.status, "transient", "scripted").reply().body


def _status(fault: Fault, wire: Wire) -> list[Message]:
    media_type, content = wire.refused(fault)
    headers = [(b"content-type", media_type.encode())]
    if fault.retry_after is not None:
        headers.append((b"retry-after", str(fault.retry_after).encode()))
    start: Message = {"type": "http.response.start", "status": fault.status, "headers": headers}
    return [start, {"type": "http.response.body", "body": content}]


async def _body(receive: Callable[[], Awaitable[Message]]) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


def call_of(scope: Scope, body: bytes) -> Call:
    """Path with its query, and the claim key that the request carries in its query or its body."""
    query = unquote(scope["query_string"].decode("latin-1"))
    key = query.partition(f"{CLAIM_KEY}|")[2].partition("&")[0]
    if not key and body:
        key = _key_in(body)
    return Call(scope["method"], scope["path"] + (f"?{query}" if query else ""), key)


def _key_in(body: bytes) -> str:
    try:
        bundle = decode(body)
        for entry in bundle["entry"]:
            for identifier in entry["resource"].get("identifier", []):
                if identifier.get("system") == CLAIM_KEY:
                    return str(identifier["value"])
    except (Refusal, KeyError, TypeError, AttributeError):
        # an unreadable body has no key; the application says what is wrong with it
        return ""
    return ""
