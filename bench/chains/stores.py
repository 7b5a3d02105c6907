"""Stores as they were before each round: a file that is copied, a database that is made from another one."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from sqlalchemy import create_engine, make_url, text

#: Gives the address of a store as it was prepared, untouched by earlier rounds.
Fresh = Callable[[], str]
#: Fills a new store, given its address.
Prepare = Callable[[str], None]


@contextmanager
def sqlite(prepare: Prepare, folder: Path) -> Iterator[Fresh]:
    """Copies of one file in a folder; the last copy is removed before the next is made."""
    prepared = folder / "prepared.sqlite"
    prepare(f"sqlite:///{prepared}")
    numbers = count(1)

    def fresh() -> str:
        for old in folder.glob("round-*"):
            old.unlink()
        place = folder / f"round-{next(numbers)}.sqlite"
        shutil.copyfile(prepared, place)
        return f"sqlite:///{place}"

    yield fresh


@contextmanager
def postgresql(prepare: Prepare) -> Iterator[Fresh]:
    """Databases on a server of our own, from PyPI's ``pgserver``; each round's is made from the prepared one.

    Raises ImportError where the package is not installed.
    """
    from pgserver import postgres_server

    folder = Path(tempfile.mkdtemp(prefix="bench-pg-"))  # short: the socket's path has a limit of 107 bytes
    server = postgres_server.get_server(folder, cleanup_mode="stop")
    try:
        uri = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        admin = create_engine(uri, isolation_level="AUTOCOMMIT")
        numbers = count(1)

        def made(name: str, template: str) -> str:
            with admin.connect() as connection:
                words = f"CREATE DATABASE {name} TEMPLATE {template} ENCODING 'UTF8' STRATEGY file_copy"
                connection.execute(text(words))
            return uri.set(drivername="postgresql", database=name).render_as_string(hide_password=False)

        prepare(made("prepared", "template0"))
        yield lambda: made(f"round_{next(numbers)}", "prepared")
        admin.dispose()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
