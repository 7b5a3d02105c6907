"""The end state of a stay is a function of its messages, its rows and their order keys, never of how they arrived.

The sequences are those of the hospital that combines feeds: batches of rows, each sequence with one that is late, one
that comes twice and one that corrects another, between the messages of the same stay. Rows go through the ledger.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from adapter.cases.intake import ingest
from adapter.cases.rows_in import RowsOf, completed
from adapter.cases.tools import Tools
from adapter.intake.readers.folding import Folder
from adapter.intake.readers.hl7v2 import Message, MessageParser
from adapter.intake.readers.rows_now import rows_now
from adapter.ledger.ledger import Ledger, Transaction
from tests.rooms.ledger.world import by
from tests.support.changes import state_of
from tests.support.combined import DEPOSITS, FEES, SOURCE, STAYS, Row, dump, feed_of, kept, message_file, of_stay
from tests.support.office import TestClock, act, office

DISTINCT = 2000
LEAST = 8


@dataclass(frozen=True)
class Arrival:
    """A message, or a batch of rows; ``name`` tells it from all others."""

    name: str
    message: bytes = field(default=b"", compare=False)
    rows: tuple[tuple[str, Row], ...] = field(default=(), compare=False)


@cache
def story(stay: str) -> tuple[Arrival, ...]:
    """Everything of a stay: its messages one by one, its rows in batches of one to three."""
    told, rows = of_stay(stay)
    found = [Arrival(f"{stay}/m{number}", message=each) for number, each in enumerate(told)]
    dice, place = random.Random(stay), 0
    while place < len(rows):
        size = dice.randint(1, 3)
        found.append(Arrival(f"{stay}/r{place}", rows=tuple(rows[place : place + size])))
        place += size
    return tuple(found)


def with_correction(stay: str, pick: int, minute: int) -> list[Arrival]:
    """The story and one of its lines once more, as it was changed at a later minute: given up, or of another amount."""
    of_fees = [row for each in story(stay) for table, row in each.rows if table == FEES]
    undone = {row["tfxh"] for row in of_fees}
    lines = [row for row in of_fees if row["jlzt"] == "0" and row["xh"] not in undone]
    line = lines[pick % len(lines)]
    doubled = {name: str(2 * Decimal(line[name])) for name in ("ypsl", "zje")}
    changed = {"jlzt": "1"} if minute % 2 else doubled
    corrected = {**line, **changed, "gxsj": f"20211231{minute % 24:02}:{minute % 60:02}:00"}
    return [*story(stay), Arrival(f"{stay}/c{pick}-{minute}", rows=((FEES, corrected),))]


def disturbed(arrivals: Sequence[Arrival], dice: random.Random) -> list[Arrival]:
    """Permuted, at least one late, one to three twice."""
    first = next(each for each in arrivals if each.rows)
    found = [*arrivals, *dice.sample(arrivals, dice.randint(1, 3))]
    dice.shuffle(found)
    found.remove(first)
    return [*found, first]  # it arrives last of all


@cache
def _parser() -> tuple[MessageParser, Folder]:
    feed = feed_of(SOURCE)
    return MessageParser(feed.messages), Folder(feed.messages, SOURCE)


@cache
def _parsed(message: bytes) -> Message:
    return _parser()[0].parse(message.decode(), "adt.hl7", 1)


def end_state(stay: str, arrivals: Sequence[Arrival], tx: Transaction, source: str) -> Any:
    """The resources and kinds of issues of a stay when all of these have arrived, under a source of its own."""
    for place, each in enumerate(arrivals):
        if each.rows:
            tx.keep_rows(source, [kept(table, row, place) for table, row in each.rows], **by())
    feed = feed_of(SOURCE)
    tables, conflicts = rows_now(SOURCE, stay, tx.rows_of_stay(source, stay), feed.mapper.mapping.shape.tables)
    (folded,) = _parser()[1].fold([_parsed(each.message) for each in arrivals if each.message]).stays
    mapped = feed.mapper.map(completed(folded, {stay: RowsOf(tables, conflicts)}))
    return mapped.resources, sorted(issue.code for issue in mapped.issues)


def test_two_thousand_sequences_end_alike(tmp_path: Path) -> None:
    dice = random.Random(20210515)
    seen: set[tuple[str, ...]] = set()
    expected: dict[tuple[str, int, int], Any] = {}
    with Ledger.open(f"sqlite:///{tmp_path / 'rows.db'}") as ledger, ledger.transaction() as tx:
        while len(seen) < DISTINCT:
            case = (dice.choice(STAYS), dice.randrange(6), dice.randrange(4))
            arrivals = with_correction(*case)
            if case not in expected:
                expected[case] = end_state(case[0], arrivals, tx, str(case))
            sequence = disturbed(arrivals, dice)
            assert len(sequence) >= LEAST
            seen.add((str(case), *(each.name for each in sequence)))
            assert end_state(case[0], sequence, tx, str(len(seen))) == expected[case]
    corrections = {str(resources) for resources, _ in expected.values()}
    assert len(corrections) > len(STAYS), "the corrections change something"
    assert {code for _, codes in expected.values() for code in codes} == set(), "and none of it is in doubt"


def end_of(folder: Path, files: Sequence[Path]) -> Any:
    """What is stored in an office that took these files in, one after the other."""
    with office(folder, {}, clock=TestClock()) as tools:
        for each in files:
            _take(tools, each)
        return state_of(SOURCE, tools)


def _take(tools: Tools, file: Path) -> None:
    ingest(SOURCE, [file], tools, act(tools, "arrival"))


@pytest.mark.parametrize("seed", range(2))
def test_what_is_stored_is_alike_too(tmp_path: Path, seed: int) -> None:
    """The same through files, cases and the stored resources, all stays mixed."""
    dice = random.Random(seed)
    arrivals = [each for stay in STAYS for each in with_correction(stay, seed, dice.randrange(60))]
    files = {}
    for number, each in enumerate(arrivals):
        if each.message:
            files[each] = [message_file(tmp_path / "in", number, each.message)]
        else:
            by_table = {table: [row for of, row in each.rows if of == table] for table in (FEES, DEPOSITS)}
            files[each] = [dump(tmp_path / "in", table, number, rows) for table, rows in by_table.items() if rows]
    in_order = [file for each in arrivals for file in files[each]]
    (tmp_path / "one").mkdir(), (tmp_path / "other").mkdir()
    expected = end_of(tmp_path / "one", in_order)
    assert set(expected) == set(STAYS)
    assert end_of(tmp_path / "other", [file for each in disturbed(arrivals, dice) for file in files[each]]) == expected
