"""The same calls and commits without work: requests that are at hand, answers that nobody reads, rows that are known.

Nothing is read, composed, checked or decided here. What is written goes straight to the driver, as it was written once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from sqlalchemy import Column, Connection, Engine, Integer, MetaData, Table, Text, event

from adapter.ledger.engine import READS, engine_for

_ROWS = Table("bench_rows", MetaData(), Column("id", Integer, primary_key=True), Column("text", Text))
_WRITES = ("INSERT", "UPDATE", "DELETE")


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP call of a chain, as it went out when it was recorded."""

    method: str
    url: str
    body: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class Write:
    """A statement as the driver got it, with its values, or with a list of them."""

    statement: str
    values: Any


#: What one transaction writes.
Commit = tuple[Write, ...]

#: A transaction that adds one row of no content.
ONE_ROW: Commit = (Write("INSERT INTO bench_rows (text) VALUES ('one row')", ()),)


@contextmanager
def commits_kept() -> Iterator[list[Commit]]:
    """Keeps what every writing transaction of this process writes until it commits; for one thread."""
    kept: list[Commit] = []
    pending: list[Write] = []

    def executing(_c: Connection, _k: object, statement: str, values: Any, _x: object, _m: object) -> None:
        if statement.lstrip().startswith(_WRITES):
            pending.append(Write(statement, values))

    def committed(connection: Connection) -> None:
        if not connection.get_execution_options().get(READS, False):
            kept.append(tuple(pending))
        pending.clear()

    def undone(_connection: Connection) -> None:
        pending.clear()

    heard: dict[str, Callable[..., None]] = {"before_cursor_execute": executing}
    heard |= {"commit": committed, "rollback": undone}
    for name, hear in heard.items():
        event.listen(Engine, name, hear)
    try:
        yield kept
    finally:
        for name, hear in heard.items():
            event.remove(Engine, name, hear)


def opened(store: str) -> Engine:
    """The store as the ledger opens it, with a table for the rows of no content."""
    engine = engine_for(store)
    _ROWS.metadata.create_all(engine)
    return engine


def no_work(chains: Sequence[Sequence[Request]], commits: Sequence[Commit], engine: Engine) -> None:
    """Every chain's requests in order, the commits in theirs, spread before and between the requests.

    Args:
        commits: of all chains together.
    """
    calls = sum(map(len, chains))
    done = made = 0
    with httpx.Client(timeout=30) as client:
        for chain in chains:
            for request in chain:
                made += 1
                upto = len(commits) * made // calls
                for commit in commits[done:upto]:
                    _write(commit, engine)
                done = upto
                headers = {"Content-Type": request.content_type} if request.body else {}
                answer = client.request(request.method, request.url, content=request.body or None, headers=headers)
                answer.raise_for_status()
                answer.read()


def _write(commit: Commit, engine: Engine) -> None:
    with engine.begin() as connection:
        cursor = connection.connection.cursor()
        for write in commit:
            many = isinstance(write.values, list)
            (cursor.executemany if many else cursor.execute)(write.statement, write.values)
        cursor.close()
