"""A combined source: movements by messages, charges from the views of the hospital's database, day by day."""

from __future__ import annotations

import csv
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapter.cases.intake import ingest
from adapter.cases.poll import poll, watermarks
from adapter.cases.tools import Tools
from adapter.wiring import feeds
from tests.support.intake import FIXTURES
from tests.support.office import TestClock, act, codes, office
from tests.support.views import mappings_with

SOURCE = "fenglin_county"
EXPORT = FIXTURES / "his" / "winning_this" / SOURCE / "export"
DUMPS, MESSAGES = sorted(EXPORT.glob("*.csv"), key=lambda path: path.stem[-8:]), sorted(EXPORT.glob("*.hl7"))
#: The watermark is text without a break between day and hour: 2021030709:00:00.
TABLES = ("ZY_BRFYMXK", "ZYB_BRYJK")
VIEWS = {
    name: {
        "query": f"SELECT * FROM {name} WHERE gxsj >= :since ORDER BY gxsj",
        "watermark": "gxsj",
        "kind": "text",
        "overlap": "1d",
    }
    for name in TABLES
}


class Dumped:
    """The hospital's database as it grows: each dump brings rows that are new or changed."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path)
        for name in TABLES:
            dump = next(each for each in DUMPS if each.stem.startswith(name))
            columns = ", ".join(f'"{column}" text' for column in _rows(dump)[0])
            self._db.execute(f'CREATE TABLE {name} ({columns}, PRIMARY KEY ("xh"))')

    def add(self, dump: Path) -> None:
        """What a day brings; a changed row takes the place of what it was."""
        with self._db:
            for row in _rows(dump):
                marks = ", ".join("?" * len(row))
                statement = f"INSERT OR REPLACE INTO {dump.stem.rpartition('-')[0]} VALUES ({marks})"
                self._db.execute(statement, list(row.values()))

    def close(self) -> None:
        self._db.close()


def _rows(dump: Path) -> list[dict[str, str]]:
    with dump.open(encoding="gb18030", newline="") as stream:
        return list(csv.DictReader(stream))


def stored(tools: Tools) -> dict[str, set[tuple[str, str, bytes]]]:
    with tools.ledger.reading() as tx:
        cases = [row.case_id for row in tx.cases()]
        return {case: {(row.type, row.id, row.body) for row in tx.resources_of_case(case)} for case in cases}


@pytest.mark.parametrize("messages", ["first", "last"])
def test_charges_from_views_and_movements_from_messages(tmp_path: Path, messages: str) -> None:
    """Whichever comes first, and however often: in the end it is as if all files had been there at once."""
    noon = datetime(2021, 10, 3, 4, 0, tzinfo=UTC)
    with office(tmp_path, {}, clock=TestClock(noon), name="files.db") as tools:
        ingest(SOURCE, [EXPORT], tools, act(tools))
        from_files = stored(tools)
    assert len(from_files) >= 4
    database = Dumped(tmp_path / "his.db")
    mappings = mappings_with(tmp_path, {"url": f"sqlite:///{tmp_path / 'his.db'}", "tables": VIEWS}, source=SOURCE)
    feed = feeds(mappings, FIXTURES / "reference")
    with office(tmp_path, {}, feed=feed, clock=TestClock(noon), name="views.db") as tools:
        if messages == "first":
            ingest(SOURCE, MESSAGES, tools, act(tools))
        for dump in DUMPS:
            database.add(dump)
            poll(SOURCE, tools, act(tools))
        if messages == "last":
            assert "SRC-141" in codes(poll(SOURCE, tools, act(tools)).issues), "rows wait for their stay"
            assert stored(tools) == {}
            ingest(SOURCE, MESSAGES, tools, act(tools))
        assert watermarks(SOURCE, tools) == {"ZY_BRFYMXK": "2021091023:30:00", "ZYB_BRYJK": "2021051316:00:00"}
        assert stored(tools) == from_files
    database.close()
