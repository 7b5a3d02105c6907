"""The way back by folder and by intermediate table: whole or not there, once, never over something else."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from sqlalchemy import create_engine, text

from adapter.intake.mapping.way_back import COMMON_KEYS, FORM_KEYS
from adapter.model.messages import Outcome
from adapter.model.notice import FolderForm, TableForm
from adapter.payers.delivery.endpoints.his.compose import message_for
from adapter.payers.delivery.endpoints.his.content import sample_notice
from adapter.payers.delivery.endpoints.his.folder import Folder, file_name
from adapter.payers.delivery.endpoints.his.schema import NOTICE_SCHEMA
from adapter.payers.delivery.endpoints.his.table import DIALECTS, IntermediateTable, ddl
from tests.support.office import ROOT
from tests.support.postgres import PostgresServer
from tests.support.way_back import DATABASE_ENV, clock, message, notice, secrets_of, way_of

KEY = notice().key


# -- content -----------------------------------------------------------------------------------------------------------


def test_a_sample_is_marked_as_a_test_and_is_what_the_schema_says() -> None:
    way = way_of(FolderForm("x"))
    sent = json.loads(message_for(sample_notice(way, clock().now()), way).composed)
    jsonschema_rs.Draft7Validator(NOTICE_SCHEMA).validate(sent)
    assert (sent["test"], sent["stay"]) == (True, "TEST")


@pytest.mark.parametrize("wrong", [{"kind": "gossip"}, {"issues": None}, {"name": "somebody"}, {"sequence": 0}])
def test_the_schema_refuses_what_is_none(wrong: dict[str, Any]) -> None:
    sent = json.loads(message(FolderForm("x")).composed)
    validator = jsonschema_rs.Draft7Validator(NOTICE_SCHEMA)
    assert validator.is_valid(sent)
    assert not validator.is_valid(sent | wrong)


# -- folder ------------------------------------------------------------------------------------------------------------


def folder(path: Path, *, checksums: bool = False) -> Folder:
    return Folder("his:qingshi_county", FolderForm(str(path), checksums=checksums), clock())


def names(path: Path) -> list[str]:
    return sorted(each.name for each in path.iterdir())


def test_a_file_per_notice_with_its_checksum(tmp_path: Path) -> None:
    endpoint = folder(tmp_path, checksums=True)
    receipt = endpoint.deliver(message(FolderForm("")))
    assert (receipt.outcome, receipt.reference) == (Outcome.ACCEPTED, f"{KEY}.json")
    assert names(tmp_path) == [f"{KEY}.json", f"{KEY}.json.sha256"]
    body = (tmp_path / f"{KEY}.json").read_bytes()
    assert body == message(FolderForm("")).composed
    assert (tmp_path / f"{KEY}.json.sha256").read_text() == f"{sha256(body).hexdigest()}  {KEY}.json\n"


def test_the_same_again_is_there_already_and_other_content_is_never_overwritten(tmp_path: Path) -> None:
    endpoint = folder(tmp_path)
    endpoint.deliver(message(FolderForm("")))
    written = (tmp_path / f"{KEY}.json").stat()
    assert endpoint.deliver(message(FolderForm(""))).outcome is Outcome.ACCEPTED
    assert (tmp_path / f"{KEY}.json").stat().st_mtime_ns == written.st_mtime_ns
    receipt = endpoint.deliver(replace(message(FolderForm("")), composed=b"{}"))
    assert receipt.outcome is Outcome.REJECTED
    assert [issue.code for issue in receipt.issues] == ["DEL-524"]
    assert (tmp_path / f"{KEY}.json").read_bytes() == message(FolderForm("")).composed


def test_a_folder_that_is_away_is_waited_for(tmp_path: Path) -> None:
    away = tmp_path / "share"
    endpoint = folder(away)
    receipt = endpoint.deliver(message(FolderForm("")))
    assert (receipt.outcome, receipt.sent) == (Outcome.NOT_SEEN, False)
    assert [issue.code for issue in receipt.issues] == ["DEL-526"]
    away.mkdir()
    assert endpoint.deliver(message(FolderForm(""))).outcome is Outcome.ACCEPTED


def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    receipt = folder(tmp_path).deliver(message(FolderForm("")))
    assert [issue.code for issue in receipt.issues] == ["DEL-526"]
    assert names(tmp_path) == []


def test_nobody_sees_a_file_before_it_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []
    sync = os.fsync

    def looked_at(handle: int) -> None:
        seen.append(names(tmp_path))
        sync(handle)

    monkeypatch.setattr(os, "fsync", looked_at)
    folder(tmp_path).deliver(message(FolderForm("")))
    assert [name for name in seen[0] if not name.startswith(".")] == []
    assert names(tmp_path) == [f"{KEY}.json"]


@pytest.mark.parametrize("key", ["../../etc/x", "a/b", "源-1", "x" * 300, ".hidden", "a:b"])
def test_a_key_that_is_no_file_name_gets_one(key: str) -> None:
    assert file_name(key) == f"{sha256(key.encode()).hexdigest()}.json"


# -- table -------------------------------------------------------------------------------------------------------------

TABLE = TableForm(DATABASE_ENV, "adapter_notice", timeout=2)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A HIS's database without the table."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'his.db'}"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.empty().replace("postgresql://", "postgresql+psycopg://")


def table(address: str, form: TableForm = TABLE) -> IntermediateTable:
    return IntermediateTable("his:qingshi_county", form, clock(), secrets_of({DATABASE_ENV: address}))


def create(address: str, change: Callable[[str], str] = lambda sql: sql) -> None:
    run(address, change(ddl(TABLE, address.partition(":")[0].partition("+")[0])))


def run(address: str, sql: str) -> list[Any]:
    engine = create_engine(address)
    with engine.begin() as connection:
        result = connection.execute(text(sql))
        rows = list(result.mappings()) if result.returns_rows else []
    engine.dispose()
    return rows


def test_a_row_per_notice_and_none_twice(database: str) -> None:
    create(database)
    endpoint = table(database)
    for _ in range(2):
        assert endpoint.deliver(message(TABLE)).outcome is Outcome.ACCEPTED
    assert endpoint.deliver(message(TABLE, 2)).outcome is Outcome.ACCEPTED
    first, second = run(database, "SELECT * FROM adapter_notice ORDER BY sequence")
    assert (first["notice_key"], first["kind"], first["stay_key"]) == (KEY, "issues", "300010004")
    assert (second["sequence"], second["test"], second["read_at"]) == (2, "N", None)
    assert first["content"].encode() == message(TABLE).composed
    endpoint.close()


def test_what_the_his_has_read_is_not_touched(database: str) -> None:
    create(database)
    endpoint = table(database)
    endpoint.deliver(message(TABLE))
    run(database, "UPDATE adapter_notice SET read_at = 'noon'")
    assert endpoint.deliver(message(TABLE)).outcome is Outcome.ACCEPTED
    assert run(database, "SELECT read_at FROM adapter_notice") == [{"read_at": "noon"}]
    other = endpoint.deliver(replace(message(TABLE, 2), key=KEY))
    assert other.outcome is Outcome.REJECTED
    assert [issue.code for issue in other.issues] == ["DEL-524"]
    endpoint.close()


def test_a_table_that_is_not_there_yet_is_waited_for(database: str) -> None:
    endpoint = table(database)
    receipt = endpoint.deliver(message(TABLE))
    assert receipt.outcome in (Outcome.NOT_SEEN, Outcome.UNKNOWN)
    assert [issue.code for issue in receipt.issues] in (["DEL-526"], ["DEL-527"])
    create(database)
    assert endpoint.deliver(message(TABLE)).outcome is Outcome.ACCEPTED
    endpoint.close()


def test_a_table_that_wants_more_refuses(database: str) -> None:
    create(database, lambda sql: sql.replace("read_at", "ward VARCHAR(9) NOT NULL, read_at"))
    receipt = table(database).deliver(message(TABLE))
    assert receipt.outcome is Outcome.REJECTED
    assert [issue.code for issue in receipt.issues] == ["DEL-527"]


def test_a_column_that_is_too_short_refuses(postgres: PostgresServer) -> None:
    address = postgres.empty().replace("postgresql://", "postgresql+psycopg://")
    create(address, lambda sql: sql.replace("content TEXT", "content VARCHAR(9)"))
    receipt = table(address).deliver(message(TABLE))
    assert receipt.outcome is Outcome.REJECTED
    assert [issue.code for issue in receipt.issues] == ["DEL-527"]


@pytest.mark.parametrize(
    "address",
    ["", "sqlite:////nowhere/at/all/his.db", "no address", "oracle+nodriver://h/d", "postgresql://h:1/d"],
)
def test_a_database_that_cannot_be_had_is_said_without_its_address(address: str) -> None:
    receipt = table(address).deliver(message(TABLE))
    assert receipt.outcome in (Outcome.NOT_SEEN, Outcome.UNKNOWN)
    (issue,) = receipt.issues
    assert issue.code in ("DEL-522", "DEL-526")
    assert not address or address not in str(issue)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_ddl_names_every_column_in_the_words_of_the_database(dialect: str) -> None:
    printed = ddl(TableForm(DATABASE_ENV, "HIS.ADAPTER_BACK"), dialect)
    assert printed.startswith("CREATE TABLE") and "ADAPTER_BACK" in printed and printed.endswith(");\n")
    for column in ("notice_key", "sequence", "stay_key", "content", "read_at"):
        assert column in printed
    assert {"oracle": "CLOB", "mssql": "NVARCHAR(max)"}.get(dialect, "TEXT") in printed


# -- the page ----------------------------------------------------------------------------------------------------------


def test_the_page_prints_the_schema_and_every_key_of_the_source_file() -> None:
    page = (ROOT / "docs" / "way-back.md").read_text("utf-8")
    (printed,) = re.findall(r"^```json\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert json.loads(printed) == NOTICE_SCHEMA
    table = page.partition("| key | of |")[2].partition("\n\n")[0]
    listed = set(re.findall(r"`([a-z_]+)`", " ".join(line.split("|")[1] for line in table.splitlines()[2:])))
    assert listed == {*COMMON_KEYS, *(key for keys in FORM_KEYS.values() for key in keys)}
