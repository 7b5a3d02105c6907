"""A hospital's database instead of files: the same cases, changes seen once, nothing moved on before it is recorded."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapter.cases import parked
from adapter.cases.intake import ingest
from adapter.cases.poll import poll, watermarks
from adapter.cases.recording import Fate
from adapter.cases.tools import Tools
from adapter.intake.mapping import load_mapping
from adapter.model.issues import AdapterError
from adapter.wiring import feeds
from tests.support.intake import FIXTURES
from tests.support.office import ROOT, TestClock, act, codes, office
from tests.support.postgres import PostgresServer, postgres
from tests.support.views import (
    CHANGED,
    DRUGS,
    EXPORT,
    HOSPITAL,
    ITEMS,
    LAST,
    STAYS,
    HisDatabase,
    mappings_with,
    since,
    viewed_tables,
    whole,
)

__all__ = ["postgres"]

STAY = "ZY010000012346"
#: After everything that the fixture tells, on the hospital's clock.
NOON = datetime(2021, 10, 3, 4, 0, tzinfo=UTC)
#: A fee line of that stay.
LINE = "F2000000006"


@pytest.fixture(params=["sqlite", "postgresql"])
def his(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[HisDatabase]:
    """The hospital's database with the fixture export in it."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'his.db'}"
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        url = server.empty()
    database = HisDatabase(url)
    yield database
    database.close()


@contextmanager
def polled_office(folder: Path, section: dict[str, Any], delivery: str = "whole") -> Iterator[Tools]:
    mappings = mappings_with(folder, section, delivery=delivery)
    with office(folder, {}, feed=feeds(mappings, FIXTURES / "reference"), clock=TestClock(NOON)) as tools:
        yield tools


def whole_views(his: HisDatabase) -> dict[str, Any]:
    return {"url": his.source_url, "tables": {name: whole(table) for name, table in viewed_tables().items()}}


def changed_views(his: HisDatabase, **more: str) -> dict[str, Any]:
    kind = "time" if his.source_url.startswith("postgresql") else "text"
    views = {name: since(table, kind=kind, **more) for name, table in viewed_tables().items()}
    return {"url": his.source_url, "tables": views}


def stored(tools: Tools) -> dict[str, list[bytes]]:
    """Every resource of every case as it is stored."""
    with tools.ledger.reading() as tx:
        cases = [row.case_id for row in tx.cases()]
        return {case: [row.body for row in tx.resources_of_case(case)] for case in cases}


def by_stay(taken: Any) -> dict[str, Fate]:
    return {stay.stay_key: stay.fate for stay in taken.stays}


def test_views_give_the_same_resources_as_files(his: HisDatabase, tmp_path: Path) -> None:
    with office(tmp_path, {}, clock=TestClock(NOON)) as tools:
        ingest(HOSPITAL, [EXPORT], tools, act(tools))
        from_files = stored(tools)
    with polled_office(tmp_path / "whole", whole_views(his)) as tools:
        taken = poll(HOSPITAL, tools, act(tools))
        assert set(by_stay(taken).values()) == {Fate.OPENED} and taken.issues == []
        assert stored(tools) == from_files
        with tools.ledger.reading() as tx:
            lines = len(list(tx.journal()))
        assert set(by_stay(poll(HOSPITAL, tools, act(tools))).values()) == {Fate.UNCHANGED}
        with tools.ledger.reading() as tx:
            assert len(list(tx.journal())) == lines, "a poll that finds nothing new writes nothing"
    with polled_office(tmp_path / "changes", changed_views(his), "changes") as tools:
        taken = poll(HOSPITAL, tools, act(tools))
        assert stored(tools) == from_files
        assert dict(taken.rows)[f"{ITEMS}.view"] == his.rows(ITEMS)


def test_where_a_row_stands_does_not_depend_on_other_stays(his: HisDatabase, tmp_path: Path) -> None:
    """Lineage and papers of a stay stay as they are when another one gets a line."""
    with polled_office(tmp_path, whole_views(his)) as tools:
        poll(HOSPITAL, tools, act(tools))
        with tools.ledger.reading() as tx:
            before = tx.paper(f"{HOSPITAL}-ZY020000012345", "records")
        his.run(f'DELETE FROM "{ITEMS}" WHERE "RECIPE_NO" = :line', line="F1000000001")
        taken = poll(HOSPITAL, tools, act(tools))
        with tools.ledger.reading() as tx:
            assert tx.paper(f"{HOSPITAL}-ZY020000012345", "records") == before
    assert by_stay(taken)["ZY010000012345"] is Fate.CHANGED, "with whole delivery a row that is gone was taken back"
    assert by_stay(taken)["ZY020000012345"] is Fate.UNCHANGED


def test_a_line_that_changed_after_it_was_read_is_seen_through_the_watermark(his: HisDatabase, tmp_path: Path) -> None:
    with polled_office(tmp_path, changed_views(his), "changes") as tools:
        poll(HOSPITAL, tools, act(tools))
        assert watermarks(HOSPITAL, tools) == dict.fromkeys(viewed_tables(), LAST)
        his.run(
            f'UPDATE "{ITEMS}" SET "ITEM_NAME" = :name, "{CHANGED}" = :at WHERE "RECIPE_NO" = :line',
            name="胸部CT平扫(复查)",
            at=_moment(his, "2021-10-02 09:30:00"),
            line=LINE,
        )
        taken = poll(HOSPITAL, tools, act(tools))
        assert by_stay(taken)[STAY] is Fate.CHANGED
        assert watermarks(HOSPITAL, tools)[ITEMS] == "2021-10-02 09:30:00"
        again = poll(HOSPITAL, tools, act(tools))
        assert set(by_stay(again).values()) == {Fate.UNCHANGED} and dict(again.rows)[f"{ITEMS}.view"] == 1


def test_only_what_lies_within_the_overlap_is_read_again(his: HisDatabase, tmp_path: Path) -> None:
    """A late commit has an older watermark: within the overlap it is seen, outside of it only by a full read."""
    later, late, too_late = "2021-10-02 12:00:00", "2021-10-02 11:40:00", "2021-10-02 09:00:00"
    with polled_office(tmp_path, changed_views(his), "changes") as tools:
        poll(HOSPITAL, tools, act(tools))
        at = _moment(his, later)
        his.run(f'UPDATE "{ITEMS}" SET "{CHANGED}" = :at WHERE "RECIPE_NO" = :line', at=at, line="F1000000001")
        assert dict(poll(HOSPITAL, tools, act(tools)).rows)[f"{ITEMS}.view"] == 2
        for line, moment in (("F2000000006", late), ("F2000000005", too_late)):
            his.run(
                f'UPDATE "{ITEMS}" SET "ITEM_NAME" = :name, "{CHANGED}" = :at WHERE "RECIPE_NO" = :line',
                name="更正后的名称",
                at=_moment(his, moment),
                line=line,
            )
        seen = poll(HOSPITAL, tools, act(tools))
        assert dict(seen.rows)[f"{ITEMS}.view"] == 2 and by_stay(seen)[STAY] is Fate.CHANGED
        missed = stored(tools)
        repaired = poll(HOSPITAL, tools, act(tools), full=True)
        assert dict(repaired.rows)[f"{ITEMS}.view"] == his.rows(ITEMS)
        assert by_stay(repaired)[STAY] is Fate.CHANGED and stored(tools) != missed
        assert watermarks(HOSPITAL, tools)[ITEMS] == later


def test_a_row_from_the_future_does_not_hide_what_comes_before_it(his: HisDatabase, tmp_path: Path) -> None:
    with polled_office(tmp_path, changed_views(his), "changes") as tools:
        his.run(
            f'UPDATE "{ITEMS}" SET "{CHANGED}" = :at WHERE "RECIPE_NO" = :line',
            at=_moment(his, "2099-01-01 00:00:00"),
            line=LINE,
        )
        poll(HOSPITAL, tools, act(tools))
        assert watermarks(HOSPITAL, tools)[ITEMS].startswith("2021-10-03 12:00:00")  # now, on the hospital's clock
        at = _moment(his, "2021-10-03 12:00:01")
        his.run(f'UPDATE "{ITEMS}" SET "{CHANGED}" = :at WHERE "RECIPE_NO" = :line', at=at, line="F2000000005")
        assert dict(poll(HOSPITAL, tools, act(tools)).rows)[f"{ITEMS}.view"] == 2


def test_a_dry_run_writes_nothing_and_moves_nothing(his: HisDatabase, tmp_path: Path) -> None:
    with polled_office(tmp_path, changed_views(his), "changes") as tools:
        taken = poll(HOSPITAL, tools, act(tools), dry_run=True)
        assert len(taken.stays) == 4 and {stay.fate for stay in taken.stays} == {Fate.OPENED}
        with tools.ledger.reading() as tx:
            assert list(tx.journal()) == []
        assert watermarks(HOSPITAL, tools) == {}


def test_a_poll_that_breaks_off_leaves_the_watermark_and_is_done_again(his: HisDatabase, tmp_path: Path) -> None:
    seen = 0

    def cut(_: object) -> None:
        nonlocal seen
        seen += 1
        if seen == 2:
            raise KeyboardInterrupt

    with polled_office(tmp_path, changed_views(his), "changes") as tools:
        with pytest.raises(KeyboardInterrupt):
            poll(HOSPITAL, tools, act(tools), taken_one=cut)
        assert watermarks(HOSPITAL, tools) == {}
        poll(HOSPITAL, tools, act(tools))
        broken = stored(tools)
        assert len(watermarks(HOSPITAL, tools)) == len(viewed_tables())
    with polled_office(tmp_path / "straight", changed_views(his), "changes") as tools:
        poll(HOSPITAL, tools, act(tools))
        assert stored(tools) == broken


@pytest.mark.slow
def test_a_killed_process_is_continued(tmp_path: Path) -> None:
    """SIGKILL after the second stay; the next poll takes them all, and the end is that of a poll without a break."""
    database = HisDatabase(f"sqlite:///{tmp_path / 'his.db'}")
    mappings = mappings_with(tmp_path, changed_views(database), delivery="changes")
    script = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from adapter.cases.poll import poll\n"
        "from adapter.wiring import feeds\n"
        "from tests.rooms.cases.test_poll import NOON\n"
        "from tests.support.office import TestClock, act, office\n"
        "seen = []\n"
        "def one(stay):\n"
        "    seen.append(stay)\n"
        "    if len(seen) == 2: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"with office(Path({str(tmp_path)!r}), {{}}, feed=feeds(Path({str(mappings)!r}), "
        f"Path({str(FIXTURES / 'reference')!r})), clock=TestClock(NOON)) as tools:\n"
        f"    poll({HOSPITAL!r}, tools, act(tools), taken_one=one)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False
    )
    assert done.returncode == -signal.SIGKILL
    feed = feeds(mappings, FIXTURES / "reference")
    with office(tmp_path, {}, feed=feed, clock=TestClock(NOON)) as tools:
        assert watermarks(HOSPITAL, tools) == {} and len(stored(tools)) == 2
        poll(HOSPITAL, tools, act(tools))
        continued = stored(tools)
        assert len(watermarks(HOSPITAL, tools)) == len(viewed_tables())
    with office(tmp_path, {}, feed=feed, clock=TestClock(NOON), name="straight.db") as tools:
        poll(HOSPITAL, tools, act(tools))
        assert stored(tools) == continued
    database.close()


def test_a_row_that_could_not_be_read_holds_its_stay_until_it_comes_again(tmp_path: Path) -> None:
    """Later polls do not read it again, and yet it is not forgotten; once it is mended, it is settled."""
    database = HisDatabase(f"sqlite:///{tmp_path / 'his.db'}")
    with polled_office(tmp_path, changed_views(database), "changes") as tools:
        mended = "胸部CT平扫"
        database.run(
            f'UPDATE "{ITEMS}" SET "ITEM_NAME" = :name WHERE "RECIPE_NO" = :line', name="长" * 40000, line=LINE
        )
        taken = poll(HOSPITAL, tools, act(tools))
        assert by_stay(taken)[STAY] is Fate.PARKED and "SRC-107" in codes(taken.issues)
        at = "2021-10-02 08:00:00"
        database.run(f'UPDATE "{ITEMS}" SET "{CHANGED}" = :at WHERE "RECIPE_NO" = :line', at=at, line="F2000000005")
        taken = poll(HOSPITAL, tools, act(tools))
        assert dict(taken.rows)[f"{ITEMS}.view"] == 2 and by_stay(taken)[STAY] is Fate.PARKED
        assert any(row.place.startswith(f"{ITEMS}.view#{LINE}") for row in parked.parked_stays(tools, source=HOSPITAL))
        statement = f'UPDATE "{ITEMS}" SET "ITEM_NAME" = :name, "{CHANGED}" = :at WHERE "RECIPE_NO" = :line'
        database.run(statement, name=mended, at="2021-10-02 08:10:00", line=LINE)
        taken = poll(HOSPITAL, tools, act(tools))
        assert by_stay(taken)[STAY] is Fate.OPENED
        assert [row for row in parked.parked_stays(tools, source=HOSPITAL) if ITEMS in row.place] == []
    database.close()


def test_nothing_is_taken_when_one_view_fails(his: HisDatabase, tmp_path: Path) -> None:
    section = changed_views(his)
    section["tables"][DRUGS] = {"query": 'SELECT "NOPE" FROM "NOWHERE"'}
    with polled_office(tmp_path, section, "changes") as tools:
        with pytest.raises(AdapterError) as error:
            poll(HOSPITAL, tools, act(tools))
        assert codes(error.value) == ["SRC-152"]
        with tools.ledger.reading() as tx:
            assert list(tx.journal()) == []


def test_a_source_without_a_database_says_so(tmp_path: Path) -> None:
    with office(tmp_path, {}) as tools, pytest.raises(AdapterError) as error:
        poll(HOSPITAL, tools, act(tools))
    assert codes(error.value) == ["CASE-335"]


def test_the_password_comes_from_the_environment(
    his: HisDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    section = {**whole_views(his), "password_env": "HIS_DB_PASSWORD"}
    monkeypatch.delenv("HIS_DB_PASSWORD", raising=False)
    with polled_office(tmp_path, section) as tools:
        with pytest.raises(AdapterError) as error:
            poll(HOSPITAL, tools, act(tools))
        assert codes(error.value) == ["CFG-710"]
        monkeypatch.setenv("HIS_DB_PASSWORD", "geheim")
        feed = tools.feed(HOSPITAL)
        assert feed.password is not None and feed.password() == "geheim"
        assert "geheim" not in repr(feed) and "geheim" not in repr(replace(feed, windows={}))
        if his.source_url.startswith("postgresql"):  # this server trusts its socket, whatever the password
            assert len(poll(HOSPITAL, tools, act(tools)).stays) == 4


def test_the_mapping_of_the_test_reads_every_column(tmp_path: Path) -> None:
    """What the queries give is what the export gives, but for the watermark."""
    database = HisDatabase(f"sqlite:///{tmp_path / 'his.db'}")
    mapping = load_mapping(mappings_with(tmp_path, changed_views(database), delivery="changes"), HOSPITAL)
    assert mapping.database is not None
    needed = {name for name, table in mapping.shape.tables.items() if table.needed}
    assert needed <= set(mapping.database.views) and STAYS in needed
    database.close()


def _moment(his: HisDatabase, text: str) -> object:
    return datetime.fromisoformat(text) if his.source_url.startswith("postgresql") else text
