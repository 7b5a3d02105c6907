"""The ``database`` section of a source file: what it says, and every mistake by file and line."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from jsonschema_rs import validator_for

from adapter.intake.mapping import load_mapping
from adapter.intake.mapping.database_section import database_schema, source_database
from adapter.intake.mapping.issues import MappingRefused
from adapter.intake.mapping.nodes import read_nodes
from adapter.model.database import MarkKind, SourceDatabase, ViewQuery
from adapter.model.source import MESSAGES, Delivery, ExportShape, TableShape
from tests.support.views import VENDOR, mappings_with, viewed_tables, whole

STAY, LINE = TableShape("STAY", ("ZYH",), needed=True), TableShape("LINE", ("ID",))
CHANGES = ExportShape("csv_files", "", "STAY", "ZYH", {"STAY": STAY, "LINE": LINE}, delivery=Delivery.CHANGES)
WHOLE = ExportShape("csv_files", "", "STAY", "ZYH", {"STAY": STAY, "LINE": LINE})
MOVES = ExportShape(MESSAGES, "", "PV1", "ZYH", {"PV1": TableShape("PV1", ("ZYH",), needed=True)})

GOOD = """
url: postgresql+psycopg://his_reader@db.example/his
password_env: HIS_DB_PASSWORD
every: 5m
start: "2024-01-01"
tables:
  STAY: {query: "SELECT * FROM V_BRRY"}
  LINE:
    query: SELECT * FROM V_FYMX WHERE GXSJ >= :since AND FYMC <> '12:30' AND ZT::text = '1'
    watermark: GXSJ
    overlap: 2h
"""


def section(text: str, *shapes: ExportShape) -> SourceDatabase:
    found = source_database(
        read_nodes(text.lstrip("\n"), "sources/x.yaml"), shapes or (CHANGES,), ZoneInfo("Asia/Shanghai")
    )
    assert found is not None
    return found


def test_a_section_as_readers_take_it() -> None:
    found = section(GOOD)
    assert (found.url, found.password_env, found.every, found.zone) == (
        "postgresql+psycopg://his_reader@db.example/his",
        "HIS_DB_PASSWORD",
        300,
        "Asia/Shanghai",
    )
    assert found.views["STAY"] == ViewQuery("STAY", "SELECT * FROM V_BRRY")
    line = found.views["LINE"]
    assert (line.watermark, line.kind, line.overlap, line.start) == (
        "GXSJ",
        MarkKind.TIME,
        timedelta(hours=2),
        "2024-01-01",
    )


def test_the_start_of_all_tables_is_a_day_and_not_for_counters() -> None:
    text = GOOD.replace("overlap: 2h", "overlap: '5000'\n    kind: integer")
    assert section(text).views["LINE"].start == ""
    assert section(text + "    start: '17'\n").views["LINE"].start == "17"


def test_the_views_may_be_those_of_a_completing_shape() -> None:
    assert set(section(GOOD, MOVES, CHANGES).views) == {"STAY", "LINE"}


#: What stands there, what stands there instead, the code, the line.
MISTAKES = [
    ("his_reader@", "his_reader:secret@", "MAP-150", 1),
    ("db.example/his", "db.example/his?password=secret", "MAP-150", 1),
    ("postgresql+psycopg://", "mssql+pyodbc:///?odbc_connect=PWD%3Dsecret;a=", "MAP-150", 1),
    ("postgresql+psycopg://", "postgresql+asyncpg://", "MAP-151", 1),
    ("postgresql+psycopg://his_reader@", "his-database", "MAP-151", 1),
    ("password_env: HIS_DB_PASSWORD", "password_env: secret!", "MAP-101", 2),
    ("password_env: HIS_DB_PASSWORD", "password: secret", "MAP-101", 2),
    ("every: 5m", "every: 5", "MAP-101", 3),
    ("every: 5m", "every: 0m", "MAP-101", 3),
    ("SELECT * FROM V_BRRY", "DELETE FROM V_BRRY", "MAP-152", 6),
    ("SELECT * FROM V_BRRY", "SELECT 1; DROP TABLE V_BRRY", "MAP-152", 6),
    ("SELECT * FROM V_BRRY", "SELECT * FROM V_BRRY WHERE GXSJ >= :since", "MAP-152", 6),
    (":since AND", ":from AND", "MAP-152", 8),
    (">= :since", "IS NOT NULL", "MAP-152", 8),
    (":since AND", ":since AND :other < 1 AND", "MAP-152", 8),
    ("STAY: {", "STAYS: {", "MAP-153", 6),
    ("LINE:", "LINES:", "MAP-153", 6),
    ("    overlap: 2h\n", "", "MAP-101", 8),
    ("overlap: 2h", "overlap: 2", "MAP-101", 10),
    ("overlap: 2h", "overlap: 0m", "MAP-101", 10),
    ("overlap: 2h", "overlap: 2h\n    kind: integer", "MAP-101", 10),
    ("overlap: 2h", "overlap: 2h\n    kind: guess", "MAP-101", 11),
    ("    watermark: GXSJ\n", "", "MAP-152", 8),
    ('V_BRRY"}', 'V_BRRY", overlap: 2h}', "MAP-101", 6),
]


@pytest.mark.parametrize(("there", "instead", "code", "line"), MISTAKES, ids=lambda value: str(value)[:30])
def test_a_mistake_is_told_by_file_and_line(there: str, instead: str, code: str, line: int) -> None:
    assert there in GOOD
    with pytest.raises(MappingRefused) as error:
        section(GOOD.replace(there, instead))
    (issue,) = error.value.issues
    assert (issue.code, issue.pointer) == (code, f"sources/x.yaml:{line}")
    assert "secret" not in f"{issue.zh}{issue.en}{issue.hint_zh}{issue.hint_en}".replace("密码", "")


def test_a_watermark_and_whole_delivery_exclude_each_other() -> None:
    with pytest.raises(MappingRefused) as error:
        section(GOOD, WHOLE)
    assert [(each.code, each.pointer) for each in error.value.issues] == [("MAP-154", "sources/x.yaml:9")]


def test_messages_are_no_views() -> None:
    with pytest.raises(MappingRefused) as error:
        section(GOOD, MOVES)
    assert [each.code for each in error.value.issues] == ["MAP-153"]


def test_the_schema_knows_what_the_loader_knows() -> None:
    schema = validator_for(database_schema())
    table = {"query": "SELECT 1 WHERE W > :since", "watermark": "W", "overlap": "2h"}
    good = {"url": "sqlite:///his.db", "every": "60s", "start": "2024-01-01", "tables": {"T": table}}
    assert schema.is_valid(good)
    wrong = (
        {**good, "password": "x"},
        {**good, "every": 60},
        {**good, "tables": {"T": {"query": "SELECT 1", "overlap": "2h"}}},
        {**good, "tables": {"T": {"query": "SELECT 1", "watermark": "W"}}},
        {**good, "tables": {"T": {**table, "kind": "float"}}},
        {"tables": {"T": table}},
    )
    assert [each for each in wrong if schema.is_valid(each)] == []


def test_the_query_belongs_to_the_version_of_the_mapping(tmp_path: Path) -> None:
    """The file is part of the mapping, so another query is another version, which lineage names."""
    views = {name: whole(table) for name, table in viewed_tables().items()}
    first = load_mapping(mappings_with(tmp_path / "a", {"url": "sqlite:///his.db", "tables": views}), "baihe_county")
    views["COM_SHIFTDATA"] = {"query": "SELECT 1 AS CLINIC_NO"}
    other = load_mapping(mappings_with(tmp_path / "b", {"url": "sqlite:///his.db", "tables": views}), "baihe_county")
    assert first.version.startswith(VENDOR) and first.version != other.version
