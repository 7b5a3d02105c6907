"""Requests that callers gave a key: the answer is kept, so that a request sent twice does its work once (重复请求)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

from adapter.cases.tools import Act, Tools

#: A request that has not been answered after so long ended with its process: what it did is not known from here.
GIVEN_UP = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer as it went out.

    Attributes:
        headers: those that belong to it, by name: where it went on, which version it was.
    """

    status: int
    content_type: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Before:
    """What is known of a key that was used before.

    Attributes:
        same: whether it came with the same request.
        answer: None while the first request has not been answered.
        lost: it ended without an answer, or was not answered in time, and will not be.
    """

    same: bool
    answer: KeptAnswer | None = None
    lost: bool = False


def digest_of_request(*parts: bytes) -> str:
    """A hash of everything that makes a request the same: method, address, query, actor, body."""
    mark = sha256()
    for part in parts:
        mark.update(len(part).to_bytes(8, "big"))
        mark.update(part)
    return mark.hexdigest()


def begin(key: str, digest: str, tools: Tools, act: Act) -> Before | None:
    """Take a key for a request; None: it is new, and is to be done now."""
    with tools.ledger.transaction() as tx:
        tx.hold_paper("", _paper(key))
        kept = tx.paper("", _paper(key))
        if kept is None or kept["state"] == "free":
            running = {"state": "running", "digest": digest, "since": act.at.isoformat()}
            tx.file_paper("", _paper(key), running, **act.said)
            return None
    if kept["digest"] != digest:
        return Before(same=False)
    if kept["state"] == "lost":
        return Before(same=True, lost=True)
    if kept["state"] == "running":
        return Before(same=True, lost=act.at - datetime.fromisoformat(str(kept["since"])) > GIVEN_UP)
    answer = KeptAnswer(
        status=int(str(kept["status"])),
        content_type=str(kept["content_type"]),
        body=str(kept["body"]).encode(),
        headers=_headers(kept),
    )
    return Before(same=True, answer=answer)


def keep(key: str, digest: str, answer: KeptAnswer, tools: Tools, act: Act) -> None:
    """Keep the answer of a request; the same request under the key gets it again."""
    kept: dict[str, object] = {
        "state": "done",
        "digest": digest,
        "status": answer.status,
        "content_type": answer.content_type,
        "headers": dict(answer.headers),
        "body": answer.body.decode("utf-8"),
    }
    with tools.ledger.transaction() as tx:
        tx.file_paper("", _paper(key), kept, **act.said)


def lose(key: str, digest: str, tools: Tools, act: Act) -> None:
    """The request ended without an answer that can be kept; what it did is not known."""
    with tools.ledger.transaction() as tx:
        tx.file_paper("", _paper(key), {"state": "lost", "digest": digest}, **act.said)


def let_go(key: str, tools: Tools, act: Act) -> None:
    """Nothing was done under a key: it may be used again."""
    with tools.ledger.transaction() as tx:
        tx.file_paper("", _paper(key), {"state": "free"}, **act.said)


def _headers(kept: Mapping[str, object]) -> dict[str, str]:
    """Headers of a kept answer; one that was kept before there were others has its ``location`` alone."""
    headers = kept.get("headers")
    if isinstance(headers, dict):
        return {str(name): str(value) for name, value in headers.items()}
    return {"location": str(kept["location"])} if kept.get("location") else {}


def _paper(key: str) -> str:
    """Keys are the callers' own words: only their hash stands in the ledger."""
    return f"request/{sha256(key.encode()).hexdigest()}"
