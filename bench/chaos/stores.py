"""Where the ledgers of a campaign are: SQLite files, or databases of a PostgreSQL server of our own."""

from __future__ import annotations

import importlib
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import URL, create_engine, make_url, text

from adapter.cases.intake import ingest
from adapter.cases.tools import Act
from adapter.model.case import Actor
from adapter.settings import load_settings
from adapter.wiring import open_tools
from bench.chaos.dialects import SOURCE, STAYS, STORY
from bench.synthetic.story import read_story, write_export

_numbers = count(1)
CLERK = Actor("chaos-clerk", "operator")


class SqliteLedgers:
    """One file per hospital, copied from one in which the stays have been taken in."""

    def __init__(self, folder: Path, mappings: Mapping[bool, Path]) -> None:
        self._folder, self._mappings = folder, mappings
        self._taken: dict[bool, Path] = {}

    def prepare(self, computes: bool) -> None:
        if computes not in self._taken:
            path = self._folder / f"taken-{next(_numbers)}.db"
            take_in(f"sqlite:///{path}", self._mappings[computes], self._folder)
            self._taken[computes] = path

    def new(self, computes: bool) -> str:
        self.prepare(computes)
        path = self._folder / f"ledger-{next(_numbers)}.db"
        shutil.copy(self._taken[computes], path)
        return f"sqlite:///{path}"


class PostgresLedgers:
    """One database per hospital, copied from one in which the stays have been taken in."""

    def __init__(self, admin: URL, folder: Path, mappings: Mapping[bool, Path]) -> None:
        self._url, self._folder, self._mappings = admin, folder, mappings
        self._admin = create_engine(admin, isolation_level="AUTOCOMMIT")
        self._taken: dict[bool, str] = {}

    def prepare(self, computes: bool) -> None:
        if computes not in self._taken:
            name = self._create("template0")
            take_in(self._address(name), self._mappings[computes], self._folder)
            self._taken[computes] = name

    def new(self, computes: bool) -> str:
        self.prepare(computes)
        return self._address(self._create(self._taken[computes]))

    def close(self) -> None:
        self._admin.dispose()

    def _create(self, template: str) -> str:
        name = f"chaos{next(_numbers)}"
        with self._admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template} ENCODING 'UTF8' STRATEGY file_copy"))
        return name

    def _address(self, name: str) -> str:
        return self._url.set(drivername="postgresql", database=name).render_as_string(hide_password=False)


Ledgers = SqliteLedgers | PostgresLedgers


@contextmanager
def postgres(folder: Path, mappings: Mapping[bool, Path]) -> Iterator[PostgresLedgers]:
    """A server of our own for the length of a ``with`` block. Raises ImportError where there is none to be had."""
    pgserver: Any = importlib.import_module("pgserver")
    place = Path(tempfile.mkdtemp(prefix="chaos-pg-"))  # short: the socket's path has a limit of 107 bytes
    server = pgserver.get_server(place, cleanup_mode="stop")
    try:
        ledgers = PostgresLedgers(make_url(server.get_uri()).set(drivername="postgresql+psycopg"), folder, mappings)
        yield ledgers
        ledgers.close()
    finally:
        server.cleanup()
        shutil.rmtree(place, ignore_errors=True)


def take_in(url: str, mappings: Path, folder: Path) -> None:
    """Take the stays' export into a new ledger."""
    story = dict(read_story(STORY))
    story["stays"] = [stay for stay in story["stays"] if stay["key"] in STAYS]
    export = folder / f"export-{time.monotonic_ns()}"
    write_export(story, export)
    with open_tools(load_settings(database_url=url, mappings=mappings)) as tools:
        taken = ingest(SOURCE, [export], tools, Act(tools.clock.now(), CLERK, "export"))
        if taken.stopped:
            raise RuntimeError(f"the stays were not taken in: {taken}")
