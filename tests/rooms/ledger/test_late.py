"""What is committed under an earlier moment is found behind a journal line; papers are found by how they begin."""

from __future__ import annotations

from adapter.ledger.ledger import Ledger
from tests.rooms.ledger.test_recorded import FIRST, MINUTE, delete, end, put
from tests.rooms.ledger.world import by


def test_what_bears_an_earlier_moment_and_came_later(ledger: Ledger) -> None:
    put(ledger, 0, "a", "b")
    line = put(ledger, 5, "a", text="b")
    put(ledger, 1, "a", "c", text="late")
    put(ledger, 9, "d")
    delete(ledger, 1, "b")
    with ledger.reading() as tx:
        late = list(tx.late_versions(line, end(ledger), FIRST + 5 * MINUTE))
        assert late == [("Flag", "a", 3), ("Flag", "c", 1), ("Flag", "b", 2)]
        assert list(tx.late_versions(line, line + 1, FIRST + 5 * MINUTE)) == late[:2]
        assert list(tx.late_versions(line, end(ledger), FIRST)) == []


def test_papers_are_found_by_the_beginning_of_their_names(ledger: Ledger) -> None:
    names = ("export", "export-at/1", "export/", "export/é", "export/a", "export/名", "export0", "Export/a", "exp_rt/a")
    with ledger.transaction() as tx:
        for name in names:
            tx.file_paper("", name, {"name": name}, **by())
    with ledger.reading() as tx:
        assert {*tx.papers_named("", "export/")} == {"export/", "export/a", "export/é", "export/名"}
        assert {*tx.papers_named("", "exp_rt")} == {"exp_rt/a"}
        assert tx.papers_named("case", "export/") == {}
