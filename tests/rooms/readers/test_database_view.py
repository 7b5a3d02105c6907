"""Database views: rows become text digit for digit, in one snapshot, and what a database says is never repeated."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError

from adapter.intake.readers.database_view import StagedViews, stage_views
from adapter.intake.readers.databases import refusal, state_of
from adapter.model.database import MarkKind, SourceDatabase, ViewQuery
from adapter.model.issues import AdapterError
from adapter.model.source import ExportShape, ReadingLimits, TableShape
from tests.support.postgres import PostgresServer, postgres

__all__ = ["postgres"]

NOW = datetime(2024, 6, 1, 4, 0, tzinfo=UTC)
SHAPE = ExportShape(
    reader="csv_files",
    row="",
    stay_table="STAY",
    stay_key="ZYH",
    tables={"STAY": TableShape("STAY", ("ZYH",), needed=True), "LINE": TableShape("LINE", ("ID",), needed=True)},
)
STAY = "SELECT '1' AS \"ZYH\""
SECRET = "测试甲"
_HOUR = timedelta(hours=1)


def database(url: str, line: str, stay: str = STAY, **more: Any) -> SourceDatabase:
    return SourceDatabase(
        url, {"STAY": ViewQuery("STAY", stay), "LINE": ViewQuery("LINE", line, **more)}, "Asia/Shanghai"
    )


def read(
    spec: SourceDatabase, shape: ExportShape = SHAPE, marks: Mapping[str, str] | None = None
) -> tuple[list[dict[str, str]], StagedViews]:
    """The lines of the one stay."""
    with stage_views(spec, shape, "somewhere", marks or {}, now=NOW) as staged:
        (stay,) = staged.stays()
        return [dict(each.fields) for each in stay.tables.get("LINE", ())], staged


def refused(spec: SourceDatabase, shape: ExportShape = SHAPE) -> AdapterError:
    with pytest.raises(AdapterError) as error:
        stage_views(spec, shape, "somewhere", {}, now=NOW)
    assert SECRET not in str(error.value) and error.value.__cause__ is None
    return error.value


def counting(most: int) -> str:
    """A query of SQLite that gives so many lines."""
    numbers = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {most})"
    return f"{numbers} SELECT '1' AS ZYH, i AS ID FROM n"


def codes(error: AdapterError) -> list[str]:
    return [issue.code for issue in error.issues]


@pytest.fixture
def lite(tmp_path: Path) -> str:
    sqlite3.connect(tmp_path / "his.db").close()
    return f"sqlite:///{tmp_path / 'his.db'}"


@pytest.fixture
def engine(postgres: PostgresServer) -> Iterator[Engine]:
    made = create_engine(make_url(postgres.empty()).set(drivername="postgresql+psycopg"))
    yield made
    made.dispose()


def url_of(engine: Engine, user: str | None = None) -> str:
    url = engine.url.set(password=None)
    return (url.set(username=user) if user else url).render_as_string(hide_password=False)


# -- values ------------------------------------------------------------------------------------------------------------

#: Expression of PostgreSQL and the text that it becomes.
VALUES = [
    ("1.3975::numeric(10,4)", "1.3975"),
    ("12345678901234567890.12::numeric", "12345678901234567890.12"),
    ("-0.10::numeric(6,2)", "-0.10"),
    ("1e3::numeric", "1000"),
    ("900719925474099312::bigint", "900719925474099312"),
    ("'0000012345'", "0000012345"),
    ("' padded  '::char(12)", "padded"),
    ("'测试甲𠮷'", "测试甲𠮷"),
    ("NULL", ""),
    ("''", ""),
    ("true", "1"),
    ("timestamp '2021-03-05 14:30:00'", "2021-03-05 14:30:00"),
    ("timestamp '2021-03-05 14:30:00.123'", "2021-03-05 14:30:00.123000"),
    ("timestamptz '2021-03-05 14:30:00+00'", "2021-03-05 22:30:00"),
    ("timestamp '0001-01-01 00:00:00'", "0001-01-01 00:00:00"),
    ("date '2021-03-05'", "2021-03-05"),
    ("time '23:30:00'", "23:30:00"),
    ("'6c3f6c2e-4a0f-4a39-8a5b-6f3b6f0f1c11'::uuid", "6c3f6c2e-4a0f-4a39-8a5b-6f3b6f0f1c11"),
]


@pytest.mark.parametrize(("expression", "expected"), VALUES)
def test_a_value_becomes_exactly_its_text(engine: Engine, expression: str, expected: str) -> None:
    line = f'SELECT \'1\' AS "ZYH", 7 AS "ID", {expression} AS "V"'
    (row,), _ = read(database(url_of(engine), line))
    assert row == {"ZYH": "1", "ID": "7", "V": expected}


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("1.5::real", "SRC-154"),
        ("1.5::double precision", "SRC-154"),
        ("'\\x00'::bytea", "SRC-155"),
        ("'{}'::jsonb", "SRC-155"),
        ("ARRAY[1]", "SRC-155"),
        ("interval '1 day'", "SRC-155"),
    ],
)
def test_a_column_without_exact_text_refuses_the_view(engine: Engine, expression: str, code: str) -> None:
    line = f'SELECT \'1\' AS "ZYH", 7 AS "ID", {expression} AS "V"'
    error = refused(database(url_of(engine), line))
    assert codes(error) == [code] and error.issues[0].pointer == "somewhere/database/LINE/V"


def test_a_float_of_sqlite_is_refused_and_its_text_is_taken(lite: str) -> None:
    assert codes(refused(database(lite, "SELECT '1' AS ZYH, 7 AS ID, 8.39 AS JE"))) == ["SRC-154"]
    (row,), _ = read(database(lite, "SELECT '1' AS ZYH, 7 AS ID, CAST(8.39 AS TEXT) AS JE"))
    assert row["JE"] == "8.39"


def test_a_number_that_is_none_refuses_its_row_only(engine: Engine) -> None:
    line = 'SELECT \'1\' AS "ZYH", g AS "ID", CASE g WHEN 1 THEN CAST(\'NaN\' AS numeric) ELSE 2.50 END AS "V"'
    rows, staged = read(database(url_of(engine), f"{line} FROM generate_series(1, 2) g"))
    assert [row["V"] for row in rows] == ["2.50"]
    assert [(issue.code, issue.pointer) for issue in staged.issues] == [("SRC-107", "LINE.view#1")]


def test_versions_are_written_to_the_same_length(engine: Engine) -> None:
    """They are compared as text, where 14:30:00.5 must not count as later than 14:30:01."""
    moment = "timestamp '2024-05-01' + g * interval '0.5 s' AS \"W\""
    line = f'SELECT \'1\' AS "ZYH", g AS "ID", {moment} FROM generate_series(1, 2) g'
    versioned = replace(SHAPE, tables={**SHAPE.tables, "LINE": TableShape("LINE", ("ID",), version="W")})
    rows, _ = read(database(url_of(engine), line), versioned)
    assert [row["W"] for row in rows] == ["2024-05-01 00:00:00.500000", "2024-05-01 00:00:01.000000"]


def test_names_are_as_the_query_gives_them(engine: Engine) -> None:
    line = 'SELECT \'1\' AS "ZYH", 7 AS "ID", 1 AS 床位, 2 AS folded, 3 AS "Kept"'
    (row,), _ = read(database(url_of(engine), line))
    assert list(row) == ["ZYH", "ID", "床位", "folded", "Kept"]


def test_rows_keep_the_order_of_the_query(lite: str) -> None:
    rows, staged = read(database(lite, f"{counting(2500)} ORDER BY -i"))
    assert [int(row["ID"]) for row in rows] == list(range(2500, 0, -1))
    assert {file.name: file.rows for file in staged.files} == {"STAY.view": 1, "LINE.view": 2500}


# -- what a view must be -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "columns"),
    [
        ("SELECT '1' AS ZYH", "ID"),
        ("SELECT 7 AS ID", "ZYH"),
        ("SELECT '1' AS zyh, 7 AS ID", "ZYH"),
        ("SELECT '1' AS ZYH, 7 AS ID, 1 AS A, 2 AS A", "A"),
    ],
)
def test_columns_that_do_not_fit_refuse_the_view(lite: str, line: str, columns: str) -> None:
    error = refused(database(lite, line))
    assert codes(error) == ["SRC-156"] and columns in error.issues[0].en


def test_every_view_that_is_wrong_is_told_at_once(lite: str) -> None:
    error = refused(database(lite, "SELECT 1.5 AS ID, '1' AS ZYH", stay="SELECT 1 AS NO"))
    assert codes(error) == ["SRC-156", "SRC-154"]


def test_limits(lite: str) -> None:
    limited = replace(SHAPE, limits=ReadingLimits(rows=49))
    assert codes(refused(database(lite, counting(50)), limited)) == ["SRC-159"]
    wide = replace(SHAPE, limits=ReadingLimits(columns=2))
    assert codes(refused(database(lite, "SELECT '1' AS ZYH, 7 AS ID, 1 AS A"), wide)) == ["SRC-156"]
    large = f"SELECT '1' AS ZYH, 7 AS ID, '{SECRET}' || hex(zeroblob(40000)) AS BZ"
    rows, staged = read(database(lite, large))
    assert rows == [] and [(each.code, each.pointer) for each in staged.issues] == [("SRC-107", "LINE.view#7")]
    assert SECRET not in str(staged.issues)


def test_a_stuck_query_is_given_up(engine: Engine) -> None:
    slow = replace(SHAPE, limits=ReadingLimits(seconds=1))
    error = refused(database(url_of(engine), 'SELECT \'1\' AS "ZYH", 7 AS "ID" FROM pg_sleep(30)'), slow)
    assert codes(error) == ["SRC-153"]


# -- the database itself -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("sqlite:////nowhere/at/all/his.db", "SRC-150"),
        ("postgresql+psycopg://his_reader@127.0.0.1:1/his", "SRC-150"),
        ("oracle+oracledb://his_reader@127.0.0.1:1/?service_name=his", "SRC-158"),
        ("mssql+pyodbc://his_reader@127.0.0.1:1/his?driver=ODBC+Driver+18+for+SQL+Server", "SRC-158"),
    ],
)
def test_a_database_that_cannot_be_reached(url: str, code: str) -> None:
    """Oracle's and SQL Server's drivers are not part of the test environment."""
    assert codes(refused(database(url, "SELECT 1"))) == [code]


def test_a_user_without_permission(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("DROP ROLE IF EXISTS his_reader"))
        connection.execute(text("CREATE ROLE his_reader LOGIN"))
        connection.execute(text('CREATE TABLE secret ("ZYH" text, "ID" int)'))
    error = refused(database(url_of(engine, "his_reader"), "SELECT * FROM secret"))
    assert codes(error) == ["SRC-151"] and "42501" in error.issues[0].en


@pytest.mark.parametrize(
    "line",
    [
        f"SELECT '1' AS \"ZYH\", CAST('{SECRET}' AS integer) AS \"ID\"",
        f'SELECT "{SECRET}" FROM nowhere',
        f"SELECT '1' AS \"ZYH\", 7 AS \"ID\" WHERE '{SECRET}' = 5 / 0",
    ],
)
def test_what_the_database_says_is_never_repeated(engine: Engine, line: str) -> None:
    assert codes(refused(database(url_of(engine), line))) == ["SRC-152"]


def test_nothing_can_be_written(engine: Engine, lite: str) -> None:
    with engine.begin() as connection:
        connection.execute(text('CREATE TABLE line ("ZYH" text, "ID" int)'))
    writing = "WITH gone AS (INSERT INTO line VALUES ('1', 7) RETURNING *) SELECT * FROM gone"
    assert codes(refused(database(url_of(engine), writing))) == ["SRC-152"]
    assert codes(refused(database(lite, "CREATE TABLE line (ZYH text)"))) == ["SRC-152"]


def test_all_views_are_of_one_moment(engine: Engine) -> None:
    """A line that comes while the views are read is not among them, although its view is read last."""
    with engine.begin() as connection:
        connection.execute(text('CREATE TABLE line ("ZYH" text, "ID" int)'))
        connection.execute(text("INSERT INTO line VALUES ('1', 1)"))

    def meanwhile(view: str, _: int) -> None:
        if view == "STAY.view":
            with engine.begin() as connection:
                connection.execute(text("INSERT INTO line VALUES ('1', 2)"))

    spec = database(url_of(engine), "SELECT * FROM line")
    with stage_views(spec, SHAPE, "somewhere", {}, now=NOW, progress=meanwhile) as staged:
        (stay,) = staged.stays()
    assert [row.fields["ID"] for row in stay.tables["LINE"]] == ["1"]


def test_a_connection_that_breaks_off_in_the_middle_hands_nothing_over(engine: Engine, tmp_path: Path) -> None:
    def cut(view: str, _: int) -> None:
        with engine.begin() as connection:
            others = "datname = current_database() AND pid <> pg_backend_pid()"
            connection.execute(text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}"))

    spec = database(url_of(engine), 'SELECT \'1\' AS "ZYH", 7 AS "ID"')
    with pytest.raises(AdapterError) as error:
        stage_views(spec, SHAPE, "somewhere", {}, now=NOW, workdir=tmp_path, progress=cut)
    assert codes(error.value) == ["SRC-150"] and list(tmp_path.iterdir()) == []


def test_the_database_is_let_go_of(engine: Engine) -> None:
    spec = database(url_of(engine), 'SELECT \'1\' AS "ZYH", 7 AS "ID"')
    read(spec)
    refused(database(url_of(engine), "SELECT 1"))
    with engine.begin() as connection:
        others = text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        assert connection.execute(others).scalar_one() == 0


# -- watermarks --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("column", ["timestamp", "timestamptz", "date"])
def test_a_watermark_of_every_time_type(engine: Engine, column: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(f'CREATE TABLE line ("ZYH" text, "ID" int, "W" {column})'))
        for day in (1, 2, 3):
            connection.execute(text(f"INSERT INTO line VALUES ('1', {day}, '2024-05-0{day} 00:00:00+08')"))
    line = 'SELECT * FROM line WHERE "W" >= :since'
    spec = database(url_of(engine), line, watermark="W", kind=MarkKind.TIME, overlap=_HOUR)
    rows, staged = read(spec)
    assert len(rows) == 3 and staged.watermarks == {"LINE": "2024-05-03 00:00:00"} and "LINE.view" in staged.whole
    rows, staged = read(spec, marks={"LINE": "2024-05-02 01:00:00"})
    assert [row["ID"] for row in rows] == ["2", "3"] and staged.whole == {"STAY.view"}


def test_a_watermark_of_another_kind_is_told(lite: str) -> None:
    line = "SELECT '1' AS ZYH, 7 AS ID, '2024-05-01' AS W WHERE W >= :since"
    assert codes(refused(database(lite, line, watermark="W", kind=MarkKind.TIME, overlap=_HOUR))) == ["SRC-157"]
    with pytest.raises(AdapterError) as error:
        spec = database(lite, line, watermark="W", kind=MarkKind.INTEGER, overlap=5)
        stage_views(spec, SHAPE, "somewhere", {"LINE": "2024-05-01"}, now=NOW)
    assert codes(error.value) == ["SRC-157"]


# -- drivers that are not here -----------------------------------------------------------------------------------------


class _Coded(Exception):
    """What Oracle's driver puts into its errors."""

    def __init__(self, full_code: str) -> None:
        self.full_code = full_code


def _error(*args: object) -> DBAPIError:
    return DBAPIError(f"SELECT '{SECRET}'", {"x": SECRET}, Exception(*args))


@pytest.mark.parametrize(
    ("error", "state", "code"),
    [
        (_error(_Coded("ORA-00942")), "ORA-00942", "SRC-152"),
        (_error(_Coded("ORA-01031")), "ORA-01031", "SRC-151"),
        (_error(_Coded("DPY-4024")), "DPY-4024", "SRC-153"),
        (_error(_Coded("DPY-6005")), "DPY-6005", "SRC-150"),
        (_error("42S02", f"[42S02] Invalid object name '{SECRET}'"), "42S02", "SRC-152"),
        (_error("HYT00", "Query timeout expired"), "HYT00", "SRC-153"),
        (_error("08S01", "Communication link failure"), "08S01", "SRC-150"),
        (_error(f"{SECRET} said nothing that has a code"), "Exception", "SRC-152"),
        (_error(), "Exception", "SRC-152"),
    ],
)
def test_errors_of_other_drivers_are_told_by_their_codes(error: DBAPIError, state: str, code: str) -> None:
    assert state_of(error) == state
    found = refusal(error, "somewhere", "LINE", 60)
    assert found.code == code and SECRET not in str(found)
