"""The ledger looked after: its chain verified, its tables made anew from the journal (账簿校验与重建)."""

from __future__ import annotations

from adapter.cases.tools import Tools
from adapter.model.issues import AdapterError, Issue


def verify_ledger(tools: Tools) -> tuple[int, list[Issue]]:
    """How many lines the journal has, and what is wrong: LED-412 a broken chain, LED-413 altered content."""
    found = tools.ledger.verify()
    with tools.ledger.reading() as tx:
        return tx.health().journal_length, found


def rebuild_ledger(tools: Tools) -> int:
    """Make every table anew from the journal, all or nothing; returns the number of lines.

    Raises:
        AdapterError: LED-412, LED-413: a journal that does not verify is not replayed.
    """
    if found := tools.ledger.verify():
        raise AdapterError(*found)
    return tools.ledger.rebuild()
