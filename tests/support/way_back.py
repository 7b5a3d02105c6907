"""A HIS that hears of decisions: a copy of the mappings whose source names a way back, and receivers of each form.

mappings = mappings_with(tmp_path, "form: folder\\nfolder: …\\nsend: [settlement]")
with telling_office(tmp_path, mappings, payers) as tools: …
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from adapter.cases.tools import Tools
from adapter.ledger.rows import MessageRow
from adapter.model.dates import Clock, FixedClock
from adapter.model.messages import OutboundMessage, Stage
from adapter.model.notice import FolderForm, Hl7Form, Notice, NoticeKind, TableForm, WayBack, WebhookForm
from adapter.payers.delivery.endpoint import Endpoint
from adapter.payers.delivery.endpoints.his.compose import message_for
from adapter.payers.delivery.endpoints.his.way import Way
from adapter.wiring import feeds, ways_back
from tests.support.office import ROOT, SOURCE, case_id, office

EVERYTHING = "send: [eligibility, estimate, settlement, reversal, issues]"
SECRET_ENV, SECRET = "ADAPTER_BACK_TEST", "a-secret-of-the-test"
DATABASE_ENV = "ADAPTER_BACK_TEST_DB"
NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)

Form = WebhookForm | FolderForm | TableForm | Hl7Form


def mappings_with(folder: Path, way_back: str, source: str = SOURCE) -> Path:
    """A copy of the shipped mappings; the source's file gets this ``way_back``."""
    copy = folder / "mappings"
    shutil.copytree(ROOT / "mappings", copy)
    file = copy / "sources" / f"{source}.yaml"
    file.write_text(f"{file.read_text('utf-8')}\nway_back:\n{textwrap.indent(way_back, '  ')}\n", "utf-8")
    return copy


@contextmanager
def telling_office(
    folder: Path, mappings: Path, payers: Mapping[str, Endpoint], clock: Clock, **more: Any
) -> Iterator[Tools]:
    """The office over these mappings, its payers, and whoever is told."""
    hospitals = ways_back(mappings, clock)
    try:
        feed = feeds(mappings, ROOT / "fixtures" / "reference")
        with office(folder, {**payers, **hospitals}, clock=clock, feed=feed, **more) as tools:
            yield tools
    finally:
        for each in hospitals.values():
            each.close()


def way_of(form: Form, source: str = SOURCE) -> WayBack:
    return WayBack(source=source, facility="999901001", form=form, send=frozenset(NoticeKind))


TOLD: dict[NoticeKind, dict[str, Any]] = {
    NoticeKind.ISSUES: {
        "held": True,
        "issues": [
            {
                "code": "MAP-104",
                "severity": "error",
                "pointer": "a.xml#1/FYXH",
                "zh": "收费项目编码“A|B^C&D~E\\F”没有对照关系",
                "en": "charge item code has no mapping",
                "hint_zh": "补充一行\r\n后重新导入",
                "hint_en": "add a row",
            }
        ],
    }
}


def notice(number: int = 1, kind: NoticeKind = NoticeKind.ISSUES, **changed: Any) -> Notice:
    """A notice of the fixture hospital's stay."""
    told = changed.pop("told", None) or TOLD[kind]
    return Notice(
        key=f"{case_id('300010004')}.back.{kind}.{number}",
        kind=kind,
        sequence=number,
        at=NOW.astimezone(way_of(FolderForm("")).zone),
        source=SOURCE,
        case_id=case_id("300010004"),
        stay_key="300010004",
        facility="999901001",
        told=told,
        **changed,
    )


def message(form: Form, number: int = 1, **changed: Any) -> OutboundMessage:
    return message_for(notice(number, **changed), way_of(form))


def clock() -> FixedClock:
    return FixedClock(NOW)


def secrets_of(values: Mapping[str, str]) -> Any:
    return values.get


def notices(stay: str, tools: Tools) -> list[MessageRow]:
    """What the HIS was told of a stay, in order."""
    with tools.ledger.reading() as tx:
        return [row for row in tx.messages_of_case(case_id(stay)) if row.message.stage is Stage.NOTIFY]


def kinds(stay: str, tools: Tools) -> list[str]:
    return [row.message.operation.removeprefix("tell-") for row in notices(stay, tools)]


def way_in(tools: Tools) -> Way:
    """The endpoint of the fixture hospital's HIS."""
    found = tools.endpoints[f"his:{SOURCE}"]
    assert isinstance(found, Way)
    return found


# -- a HIS that listens to webhooks, as a process of its own -----------------------------------------------------------


@dataclass
class Receiver:
    """A HIS's receiver of webhooks on loopback; what it took is on disk, also after ``kill``."""

    store: Path
    port: int = 0
    process: subprocess.Popen[str] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/notices"

    def start(self) -> Receiver:
        """Start it, on the port that it had before."""
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "tests" / "support" / "his_receiver.py"), str(self.store), str(self.port)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())
        return self

    def script(self, *answers: Any) -> None:
        """What to do with the next requests: a status, ``"drop-before"``, ``"drop-after"`` or ``"hang"``."""
        httpx.post(f"http://127.0.0.1:{self.port}/script", content=json.dumps(answers)).raise_for_status()

    def kill(self) -> None:
        """``kill -9``."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)
        if self.process.stdout is not None:
            self.process.stdout.close()

    def taken(self) -> list[dict[str, Any]]:
        """What counted for the HIS: each key once, in the order in which it came."""
        first: dict[str, dict[str, Any]] = {}
        for each in self.heard():
            first.setdefault(each["body"]["key"], each["body"])
        return list(first.values())

    def heard(self) -> list[dict[str, Any]]:
        """Every request that was stored, repetitions too: its headers and body."""
        return [json.loads(line) for line in self.store.read_text("utf-8").splitlines()] if self.store.exists() else []


@contextmanager
def receiver(folder: Path) -> Iterator[Receiver]:
    running = Receiver(folder / "heard.ndjson").start()
    try:
        yield running
    finally:
        running.kill()
