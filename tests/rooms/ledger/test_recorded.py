"""Following and copying what is kept: in the order of commits, as of a moment, page by page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from adapter.ledger.ledger import Ledger
from adapter.ledger.rows import ResourceIn
from adapter.model.case import Actor

FIRST = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def put(ledger: Ledger, minute: int, *names: str, text: str = "a") -> int:
    """Keep these as of a minute; returns the journal's end."""
    at = FIRST + minute * MINUTE
    with ledger.transaction() as tx:
        items = [ResourceIn("Flag", name, f"{name}{text}".encode(), f"{name}{text}") for name in names]
        tx.put_resources("test", None, items, at=at, actor=Actor("test"), reason="test")
    return end(ledger)


def delete(ledger: Ledger, minute: int, name: str) -> None:
    at = FIRST + minute * MINUTE
    with ledger.transaction() as tx:
        tx.delete_resources("test", None, [("Flag", name)], at=at, actor=Actor("test"), reason="test")


def end(ledger: Ledger) -> int:
    with ledger.reading() as tx:
        return tx.journal_end()


def at(ledger: Ledger, minute: int, since: int | None = None, most: int = 1000) -> list[tuple[str, bytes, bool]]:
    """Every page of a moment."""
    found: list[tuple[str, bytes, bool]] = []
    moment = FIRST + minute * MINUTE
    after, from_ = "", None if since is None else FIRST + since * MINUTE
    while True:
        with ledger.reading() as tx:
            page = tx.resources_at("Flag", moment, since=from_, after=after, most=most)
        found += [(row.id, row.body, row.deleted) for row in page]
        if len(page) < most:
            return found
        after = page[-1].id


def test_versions_are_followed_in_the_order_in_which_they_were_committed(ledger: Ledger) -> None:
    assert end(ledger) == 0
    first = put(ledger, 5, "a", "b")
    put(ledger, 1, "c")  # an earlier moment, a later line
    with ledger.transaction() as tx:
        tx.note("", "between", {}, at=FIRST, actor=Actor("test"), reason="test")
    put(ledger, 6, "a", text="b")
    delete(ledger, 7, "b")
    with ledger.reading() as tx:
        upto, lines = tx.recorded_after(0, most=100)
        assert (upto, tx.recorded_after(upto, most=100)) == (end(ledger), (upto, []))
        part, some = tx.recorded_after(first, most=1)
    assert [versions for _, versions in lines] == [
        [("Flag", "a", 1), ("Flag", "b", 1)],
        [("Flag", "c", 1)],
        [("Flag", "a", 2)],
        [],
    ]
    assert (part, [versions for _, versions in some]) == (first + 1, [[("Flag", "c", 1)]])


def test_resources_as_they_stood_at_a_moment(ledger: Ledger) -> None:
    put(ledger, 1, "a", "b", "c", "B", "é")
    put(ledger, 3, "b", text="b")
    delete(ledger, 3, "c")
    put(ledger, 5, "d")
    assert {row[:2] for row in at(ledger, 2)} == {(name, f"{name}a".encode()) for name in ("a", "b", "c", "B", "é")}
    now = at(ledger, 9)
    assert {(name, body) for name, body, _ in now} == {
        *((name, f"{name}a".encode()) for name in ("a", "B", "d", "é")),
        ("b", b"bb"),
    }
    assert at(ledger, 9, most=2) == now == at(ledger, 9, most=1)
    assert at(ledger, 4, since=2) == [("b", b"bb", False), ("c", b"", True)]
    assert at(ledger, 0) == []


def test_what_was_committed_late_is_named(ledger: Ledger) -> None:
    put(ledger, 1, "a")
    then = put(ledger, 4, "b")
    put(ledger, 2, "c", "a", text="b")  # was under way
    delete(ledger, 3, "b")
    now = put(ledger, 6, "d")
    put(ledger, 2, "e")  # still is
    with ledger.reading() as tx:
        assert tx.late_between(then, now, FIRST + 5 * MINUTE) == {"Flag": ["a", "b", "c"]}
        assert tx.late_between(then, now, FIRST + MINUTE) == {}
        rows = tx.resources_named_at("Flag", ["a", "b", "e", "nobody"], FIRST + 3 * MINUTE)
        assert {(row.id, row.version) for row in rows} == {("a", 2), ("b", 2), ("e", 1)}
        assert tx.resources_named_at("Flag", [], FIRST) == []
