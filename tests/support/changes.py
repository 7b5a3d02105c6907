"""A feed that sends only changes: the fixture hospital of newtouch_openhis, its answers as rows written on the spot.

Its item lines carry ``version`` as their order key; its drug lines have none, so arrival decides there.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from adapter.cases.intake import Taken, ingest
from adapter.cases.tools import Tools
from adapter.ledger.rows import CaseRow
from adapter.wiring import feeds
from tests.support.office import TestClock, act, office

ROOT = Path(__file__).resolve().parents[2]
SOURCE = "yunxi_county"
EXPORT = ROOT / "fixtures/his/newtouch_openhis" / SOURCE / "export"
ITEMS, DRUGS, STAYS, DIAGNOSES = "zy_xmjfb", "zy_ypjfb", "zy_brjbxx", "mr_basy_zd"

Row = dict[str, Any]


def mappings_of_changes(folder: Path) -> Path:
    """The mappings with this source as a feed of changes."""
    for part in ("his/newtouch_openhis", "sources"):
        shutil.copytree(ROOT / "mappings" / part, folder / part)
    _replace(folder / f"sources/{SOURCE}.yaml", "zone:", "delivery: changes\nzone:")
    shape = folder / "his/newtouch_openhis/shape.yaml"
    _replace(
        shape,
        "  zy_xmjfb:                                                      # 项目计费\n",
        "  zy_xmjfb:\n    version: version\n",
    )
    return folder


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


@contextmanager
def office_of_changes(folder: Path, *, name: str = "adapter.db") -> Iterator[Tools]:
    """An office whose source sends only changes; the same folder may be opened again."""
    mappings = folder / "mappings"
    if not mappings.is_dir():
        mappings_of_changes(mappings)
    feed = feeds(mappings, ROOT / "fixtures/reference")
    with office(folder, {}, clock=TestClock(), feed=feed, name=name) as tools:
        yield tools


@cache
def _table(name: str) -> list[Row]:
    answer = json.loads((EXPORT / f"{name}.json").read_text("utf-8"), parse_float=str, parse_int=str)
    rows: list[Row] = answer["data"]["list"]
    return [{**row, "version": "1"} if name == ITEMS else row for row in rows]


def rows(table: str, stay: str | None = None) -> list[Row]:
    """Rows of the fixture export, each a copy."""
    return [dict(row) for row in _table(table) if stay is None or row["zyh"] == stay]


def file_of(folder: Path, table: str, number: int, content: list[Row]) -> Path:
    """An answer of the interface that holds only these rows."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{table}-{number:03}.json"
    path.write_text(json.dumps({"code": 200, "data": {"list": content}}, ensure_ascii=False), "utf-8")
    return path


def whole(folder: Path, stay: str | None = None) -> list[Path]:
    """Everything of a stay, or of all, as first files."""
    tables = (STAYS, DIAGNOSES, ITEMS, DRUGS, "zy_zhszjl")
    return [file_of(folder, table, 0, rows(table, stay)) for table in tables]


def take(tools: Tools, *files: Path, **more: Any) -> Taken:
    return ingest(SOURCE, files, tools, act(tools, "export"), **more)


def fates(taken: Taken) -> dict[str, str]:
    return {stay.stay_key: stay.fate.value for stay in taken.stays}


def state_of(source: str, tools: Tools, *, ours: bool = True) -> dict[str, object]:
    """Cases, their states, and the newest version of every resource; how they came to be is left out.

    Args:
        ours: with what the adapter made itself, which carries the time when it did.
    """
    with tools.ledger.reading() as tx:
        return {row.stay_key: _state(row, tx, ours) for row in tx.cases(source=source)}


def _state(row: CaseRow, tx: Any, ours: bool) -> object:
    found = tx.resources_of_case(row.case_id)
    resources = {(each.type, each.id): each.digest for each in found if ours or each.source == row.source}
    return ((row.person_key, row.admitted, row.discharged, row.stay, row.entitlement, row.held), resources)


def lines_of(tools: Tools, stay: str) -> int:
    """How many charge items a stay's case has now."""
    with tools.ledger.reading() as tx:
        return len(tx.resources_of_case(f"{SOURCE}-{stay}", ("ChargeItem",)))


def journal_kinds(tools: Tools) -> list[str]:
    with tools.ledger.reading() as tx:
        return [line.event.kind for line in tx.journal()]


#: Raised to break an ingest off where a test wants it.
class Killed(Exception):
    """The process is gone."""


def killed_at(number: int) -> Callable[[object], None]:
    """Breaks off when so many stays were taken."""
    left = [number]

    def taken_one(_: object) -> None:
        left[0] -= 1
        if left[0] <= 0:
            raise Killed

    return taken_one
