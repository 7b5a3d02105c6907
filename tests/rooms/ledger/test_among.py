"""Conditions on lists find what an ``IN`` with one mark per value finds, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Connection, Integer, MetaData, Select, String, Table, insert, select

from adapter.ledger import quick, resources
from adapter.ledger.among import among
from adapter.ledger.engine import engine_for
from adapter.ledger.ledger import Ledger

THINGS = Table(
    "things", MetaData(), Column("kind", String), Column("id", String), Column("number", Integer, primary_key=True)
)
BY_PAIR = select(THINGS.c.number).where(among("names", THINGS.c.kind, THINGS.c.id)).order_by(THINGS.c.number)
BY_ID = select(THINGS.c.number).where(among("ids", THINGS.c.id), THINGS.c.number > 1).order_by(THINGS.c.number)
KEPT = [("a", "1", 1), ("a", "2", 2), ("b", "1", 3), ("丙\"'%s", "?:x", 4)]


@pytest.fixture
def connection(url: str) -> Iterator[Connection]:
    engine = engine_for(url)
    with engine.connect() as opened, opened.begin():
        THINGS.create(opened)
        opened.execute(insert(THINGS), [dict(zip(THINGS.c.keys(), row, strict=True)) for row in KEPT])
        yield opened
    engine.dispose()


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ([], []),
        ([("a", "1")], [1]),
        ([("a", "1"), ("b", "1"), ("a", "1")], [1, 3]),
        ([("a", "3"), ("b", "2")], []),  # the values of a row belong together
        ([("丙\"'%s", "?:x")], [4]),
        ([("a", str(each)) for each in range(5000)], [1, 2]),
    ],
)
def test_pairs(connection: Connection, names: list[tuple[str, str]], found: list[int]) -> None:
    assert [row.number for row in quick.rows(connection, BY_PAIR, {"names": names})] == found
    assert [row.number for row in connection.execute(BY_PAIR, {"names": names})] == found


def test_single_values_beside_another_condition(connection: Connection) -> None:
    assert [row.number for row in quick.rows(connection, BY_ID, {"ids": [["1"], ["?:x"]]})] == [3, 4]


@pytest.mark.parametrize("question", [resources._HEADS, resources._NEWEST, resources._CASES])
def test_sqlite_goes_by_the_index_of_names(question: Select[Any], tmp_path: Path) -> None:
    with Ledger.open(f"sqlite:///{tmp_path / 'adapter.db'}") as ledger, ledger.reading() as tx:
        text = str(question.compile(tx._connection.engine))
        plan = [str(row[3]) for row in tx._connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", ("[]",))]
    assert any(step.startswith("SEARCH") and "(type=? AND id=?)" in step for step in plan), plan
    assert not any(step.startswith("SCAN") and "json_each" not in step for step in plan), plan
