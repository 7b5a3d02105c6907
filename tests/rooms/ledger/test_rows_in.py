"""Rows of a HIS that sends only changes: each content kept once, found again with all that was said of the row."""

from __future__ import annotations

from adapter.ledger.ledger import Ledger
from adapter.model.source import KeptRow
from tests.rooms.ledger.world import SOURCE, by, row


def keep(ledger: Ledger, *rows: KeptRow, by_arrival: bool = False, source: str = SOURCE) -> int:
    with ledger.transaction() as tx:
        return tx.keep_rows(source, rows, by_arrival=["LINES"] if by_arrival else [], **by())


def seen(ledger: Ledger, stay: str = "1", source: str = SOURCE) -> list[KeptRow]:
    with ledger.reading() as tx:
        found = tx.rows_of_stay(source, stay)
        assert tx.rows_seen(source, stay) == len(found)
    return sorted(found, key=lambda each: (each.row_key, each.arrived))


def events(ledger: Ledger) -> int:
    with ledger.reading() as tx:
        return len(list(tx.journal()))


def test_a_row_comes_back_as_it_was_kept(ledger: Ledger) -> None:
    kept = row("7", AMOUNT="1.10", NAME="测试")
    assert keep(ledger, kept) == 1
    assert seen(ledger) == [kept]


def test_one_event_holds_all_rows_of_a_stay(ledger: Ledger) -> None:
    assert keep(ledger, *(row(str(number), stay=str(number % 3)) for number in range(3000))) == 3000
    assert events(ledger) == 3
    assert len(seen(ledger, "2")) == 1000
    assert ledger.verify() == []


def test_the_same_content_is_kept_once(ledger: Ledger) -> None:
    assert keep(ledger, row(), row(arrived="2"), row()) == 1
    assert keep(ledger, row(arrived="3")) == 0
    assert events(ledger) == 1
    assert keep(ledger, row(), source="another_county") == 1, "another hospital's rows are its own"
    assert [each.arrived for each in seen(ledger)] == ["1"]


def test_where_arrival_decides_what_comes_back_is_news(ledger: Ledger) -> None:
    one, other = row(arrived="1", STATE="0"), row(arrived="2", STATE="1")
    again, unchanged = row(arrived="3", STATE="0"), row(arrived="4", STATE="0")
    assert [keep(ledger, each, by_arrival=True) for each in (one, other, again, unchanged)] == [1, 1, 1, 0]
    assert keep(ledger, one, other, by_arrival=True) == 0, "both are there as of then"
    assert keep(ledger, row(arrived="25", STATE="1"), by_arrival=True) == 0, "it said so already"
    assert [each.arrived for each in seen(ledger)] == ["1", "2", "3"]


def test_a_row_that_moved_is_found_from_both_stays(ledger: Ledger) -> None:
    keep(ledger, row("7"), row("8"))
    keep(ledger, row("7", stay="2", arrived="2"))
    assert [(each.row_key, each.stay_key) for each in seen(ledger, "1")] == [("7", "1"), ("7", "2"), ("8", "1")]
    assert [(each.row_key, each.stay_key) for each in seen(ledger, "2")] == [("7", "1"), ("7", "2")]
    with ledger.reading() as tx:
        assert tx.stays_of_rows(SOURCE, [("LINES", "7")]) == {"1", "2"}
        assert tx.stays_of_rows(SOURCE, [("LINES", "8"), ("OTHERS", "7")]) == {"1"}
        assert [each.row_key for each in tx.row_contents(SOURCE, [("LINES", "8")])] == ["8"]
        assert tx.stays_of_rows("another_county", [("LINES", "7")]) == frozenset()


def test_many_keys_are_asked_for_at_once(ledger: Ledger) -> None:
    keep(ledger, *(row(str(number)) for number in range(1200)))
    with ledger.reading() as tx:
        assert len(tx.row_contents(SOURCE, [("LINES", str(number)) for number in range(0, 2400, 2)])) == 600
    assert keep(ledger, *(row(str(number)) for number in range(1300))) == 100
