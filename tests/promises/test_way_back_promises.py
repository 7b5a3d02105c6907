"""What every form of the way back keeps: a notice counts once however often it is sent; a failure is said."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import hl7
import pytest
from sqlalchemy import create_engine, text

from adapter.doors.listeners.acknowledgement import Ack, Verdict
from adapter.doors.listeners.mllp import MllpListener
from adapter.model.issues import AdapterError
from adapter.model.messages import OutboundMessage, Outcome, Stage
from adapter.model.notice import FolderForm, Hl7Form, TableForm, WebhookForm
from adapter.payers.delivery.endpoint import Done, deliver_safely
from adapter.payers.delivery.endpoints.his.endpoint import open_way
from adapter.payers.delivery.endpoints.his.hl7v2 import control_id
from adapter.payers.delivery.endpoints.his.table import ddl
from adapter.payers.delivery.endpoints.his.way import Way
from tests.support.way_back import DATABASE_ENV, SECRET, SECRET_ENV, Form, clock, message, receiver, secrets_of, way_of

FORMS = ["webhook", "folder", "table", "hl7v2"]
NOW = datetime(2026, 3, 2, tzinfo=UTC)


@dataclass
class Subject:
    """One way back, what counts for the HIS behind it, and how to take that HIS away and bring it back."""

    way: Way
    form: Form
    taken: Callable[[], list[str]]
    leave: Callable[[], object]
    come_back: Callable[[], object]

    def message(self, number: int = 1) -> OutboundMessage:
        return message(self.form, number)


@pytest.fixture(params=FORMS)
def subject(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Subject]:
    with ExitStack() as stack:
        made = {"webhook": webhook, "folder": folder, "table": table, "hl7v2": mllp}[request.param](tmp_path, stack)
        yield made
        made.way.close()


def opened(form: Form, address: str = "") -> Way:
    return open_way(way_of(form), clock(), secrets_of({SECRET_ENV: SECRET, DATABASE_ENV: address}))


def webhook(path: Path, stack: ExitStack) -> Subject:
    his = stack.enter_context(receiver(path))
    form = WebhookForm(his.url, SECRET_ENV, timeout=2)
    return Subject(opened(form), form, lambda: [each["key"] for each in his.taken()], his.kill, his.start)


def folder(path: Path, stack: ExitStack) -> Subject:
    back, away = path / "back", path / "away"
    back.mkdir()
    form = FolderForm(str(back))

    def taken() -> list[str]:
        found = sorted(back.iterdir()) if back.exists() else []
        return [json.loads(each.read_bytes())["key"] for each in found]

    return Subject(opened(form), form, taken, lambda: back.rename(away), lambda: away.rename(back))


def table(path: Path, stack: ExitStack) -> Subject:
    form = TableForm(DATABASE_ENV, timeout=1)
    address = f"sqlite:///{path / 'his.db'}"
    engine = create_engine(address)
    stack.callback(engine.dispose)

    def run(sql: str) -> list[str]:
        with engine.begin() as connection:
            result = connection.execute(text(sql))
            return list(result.scalars()) if result.returns_rows else []

    run(ddl(form, "sqlite"))
    return Subject(
        opened(form, address),
        form,
        lambda: run("SELECT notice_key FROM adapter_notice ORDER BY sequence"),
        lambda: run("ALTER TABLE adapter_notice RENAME TO elsewhere"),
        lambda: run("ALTER TABLE elsewhere RENAME TO adapter_notice"),
    )


def mllp(path: Path, stack: ExitStack) -> Subject:
    keys: list[str] = []

    def accept(raw: bytes) -> Verdict:
        key = str(hl7.parse(raw.decode()).segment("ZPN")[1])
        if key not in keys:  # the duty of a receiver
            keys.append(key)
        return Verdict(Ack.ACCEPTED)

    running = [MllpListener("127.0.0.1", 0, accept)]
    running[0].start()
    stack.callback(lambda: running[0].stop())
    host, port = running[0].address

    def come_back() -> None:
        running[0] = MllpListener(host, port, accept)
        running[0].start()

    form = Hl7Form(host, port, tls=False, timeout=2)
    return Subject(opened(form), form, lambda: list(keys), lambda: running[0].stop(), come_back)


def test_a_notice_is_taken_and_counts_once_however_often_it_is_sent(subject: Subject) -> None:
    first = subject.way.deliver(subject.message())
    assert (first.outcome, first.answers, first.issues) == (Outcome.ACCEPTED, (), ())
    tried = replace(subject.message(), attempts=3, last_attempt=NOW - timedelta(seconds=1))
    again = deliver_safely(tried, subject.way, NOW)
    assert again.outcome is Outcome.ACCEPTED, "it is sent again without being asked about"
    assert subject.taken() == [subject.message().key]


def test_one_after_another_they_stay_in_order(subject: Subject) -> None:
    for number in (1, 2, 3):
        assert subject.way.deliver(subject.message(number)).outcome is Outcome.ACCEPTED
    assert subject.taken() == [subject.message(number).key for number in (1, 2, 3)]
    assert len({subject.message(number).order_key for number in (1, 2, 3)}) == 1


def test_a_his_that_is_away_is_said_and_heard_from_when_it_is_back(subject: Subject) -> None:
    subject.leave()
    for wait in (1, 2, 4):
        receipt = subject.way.deliver(subject.message())
        assert receipt.outcome in (Outcome.NOT_SEEN, Outcome.UNKNOWN)
        assert receipt.retry_after == wait, "it is left alone for longer each time"
        assert receipt.issues and all(each.zh and each.en and each.hint_zh and each.hint_en for each in receipt.issues)
    subject.come_back()
    assert subject.way.deliver(subject.message()).outcome is Outcome.ACCEPTED
    assert subject.taken() == [subject.message().key]


def test_a_message_is_the_same_to_the_byte_each_time_it_is_composed(subject: Subject) -> None:
    assert subject.message() == subject.message()
    assert not subject.message().effect
    assert subject.message().payers == ()
    assert subject.message().stage is Stage.NOTIFY
    assert len(control_id(subject.message().key)) == 20


def test_a_his_takes_no_part_in_settling(subject: Subject) -> None:
    assert isinstance(subject.way.next(Stage.SETTLE, None, (), NOW), Done)  # type: ignore[arg-type]
    with pytest.raises(AdapterError) as caught:
        subject.way.remittance(NOW.date(), "H1")
    assert [issue.code for issue in caught.value.issues] == ["DEL-504"]
