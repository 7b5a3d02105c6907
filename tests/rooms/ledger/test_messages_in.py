"""Messages of a HIS: kept once, and found again with everything that keys tie to them."""

from __future__ import annotations

from adapter.ledger.ledger import Ledger
from tests.rooms.ledger.world import SOURCE, after, by, kept


def tied(ledger: Ledger, *keys: str, source: str = SOURCE) -> list[str]:
    with ledger.reading() as tx:
        found = [each.identity for each in tx.messages_tied(source, keys)]
        assert tx.identities_tied(source, keys) == set(found)
    return found


def test_a_message_comes_back_as_it_was_kept(ledger: Ledger) -> None:
    message = kept("m-1", "person:5001", "stay:1")
    with ledger.transaction() as tx:
        assert tx.keep_message(SOURCE, message, **by())
    with ledger.reading() as tx:
        assert tx.messages_tied(SOURCE, ["stay:1"]) == [message]


def test_the_same_message_is_kept_once(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        assert tx.keep_message(SOURCE, kept("m-1"), **by())
    with ledger.transaction() as tx:
        assert not tx.keep_message(SOURCE, kept("m-1", text="MSH|another wrapping"), **by(1))
        assert tx.keep_message("another_county", kept("m-1"), **by(2)), "another hospital's messages are its own"
    with ledger.reading() as tx:
        assert [line.event.at for line in tx.journal()] == [after(), after(2)]
        assert tx.messages_tied(SOURCE, ["stay:1"])[0].text == kept().text


def test_what_shares_a_key_is_tied_however_far(ledger: Ledger) -> None:
    chain = [
        kept("a", "stay:1", "person:1"),
        kept("b", "person:1", "person:2"),  # a merge
        kept("c", "stay:2", "person:2"),
        kept("d", "stay:2", "stay:3"),
        kept("other", "stay:9", "person:9"),
    ]
    with ledger.transaction() as tx:
        for seconds, message in enumerate(chain):
            tx.keep_message(SOURCE, message, **by(seconds))
        tx.keep_message("another_county", kept("x", "stay:1", "stay:9"), **by(9))
    for key in ("stay:1", "person:1", "stay:3"):
        assert tied(ledger, key) == ["a", "b", "c", "d"]
    assert tied(ledger, "stay:9") == ["other"]
    assert tied(ledger, "stay:1", "person:9") == ["a", "b", "c", "d", "other"]
    assert tied(ledger, "stay:7") == tied(ledger) == []
    assert tied(ledger, "stay:9", source="another_county") == ["x"]
