"""What a payer behind a folder keeps besides the promises of every endpoint: whatever dies while a file is laid out,

whatever comes late.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from adapter.fhir.canonical import decode, encode
from adapter.model.call import CallFacts
from adapter.model.messages import OutboundMessage, Outcome, Receipt, Stage
from adapter.model.settlement import Authority, Payer
from adapter.payers.delivery.endpoint import Exchange, deliver_safely
from adapter.payers.delivery.endpoints.folder import exchange
from adapter.payers.delivery.endpoints.his.folder import put
from tests.support.aid_xml import aid_facts
from tests.support.exchange import Counter, counter
from tests.support.nhsa import stay_facts
from tests.support.office import TestClock, codes

BILLED = Stage.SETTLE


@dataclass
class Subject:
    """The bureau behind a folder, and the facts of its call."""

    counter: Counter
    facts: CallFacts
    clock: TestClock

    def message(self, stage: Stage) -> OutboundMessage:
        found = self.counter.endpoint.next(stage, self.facts, (), self.clock.now())
        assert isinstance(found, OutboundMessage)
        return found

    def safely(self, message: OutboundMessage, seconds_ago: int | None = None) -> Receipt:
        """As the worker does; ``seconds_ago``: it was leased before, and not heard of since."""
        if seconds_ago is not None:
            earlier = self.clock.moment - timedelta(seconds=seconds_ago)
            message = replace(message, attempts=1, last_attempt=earlier)
        return deliver_safely(message, self.counter.endpoint, self.clock.now())


@pytest.fixture
def subject(tmp_path: Path) -> Iterator[Subject]:
    clock = TestClock()
    with ExitStack() as stack:
        yield Subject(counter(stack, tmp_path, "bureau", "bureau", clock), stay_facts(), clock)


class Killed(BaseException):
    """The process dies here."""


@pytest.mark.parametrize("courier_came", [False, True])
@pytest.mark.parametrize("step", [1, 2, 3, 4])
def test_a_process_that_dies_at_any_step_never_settles_twice(
    subject: Subject, monkeypatch: pytest.MonkeyPatch, step: int, courier_came: bool
) -> None:
    """Checksum, mark, name, mark that it is done: killed before each of them, the courier coming by or not."""
    steps = 0

    def dying(real: Callable[..., Any]) -> Callable[..., Any]:
        def act(*given: Any) -> Any:
            nonlocal steps
            steps += 1
            if steps == step:
                raise Killed
            return real(*given)

        return act

    message = subject.message(BILLED)
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(exchange, "put", dying(put))
        patch.setattr(exchange, "name", dying(exchange.name))
        patch.setattr(exchange, "done", dying(exchange.done))
        subject.safely(message)
    if courier_came:
        subject.counter.receiver.collect()
    found = subject.safely(message, 3600)
    subject.counter.receiver.collect()
    found = subject.safely(message, 3600)
    if step == 3:
        assert codes(found) == ["DEL-602"], "begun and not there: a person asks"
        assert subject.counter.settled() == 0
        return
    assert found.outcome is Outcome.ACCEPTED
    assert subject.counter.settled() == 1 and subject.counter.receiver.collect() == 0


def test_a_folder_that_is_full_is_tried_again_and_nobody_need_be_asked(
    subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(target: Path, body: bytes) -> Path:
        raise OSError(errno.ENOSPC, "no space left")

    message = subject.message(BILLED)
    with monkeypatch.context() as patch:
        patch.setattr(exchange, "beside", full)
        for _ in range(2):
            found = subject.safely(message, 3600)
            assert (found.outcome, codes(found)) == (Outcome.UNKNOWN, ["DEL-603"])
            assert subject.counter.receiver.collect() == 0
    assert not list((subject.counter.root / "kept").iterdir()), "no mark: nobody can have taken it"
    subject.safely(message, 3600)
    assert subject.counter.receiver.collect() == 1
    assert subject.safely(message, 3600).outcome is Outcome.ACCEPTED and subject.counter.settled() == 1


@pytest.mark.parametrize("stage", [BILLED, Stage.ELIGIBILITY])
def test_nothing_is_laid_out_where_a_share_is_gone(stage: Stage, subject: Subject) -> None:
    root, away = subject.counter.root, subject.counter.root.with_name("away")
    message = subject.message(stage)
    root.rename(away)
    found = subject.safely(message)
    assert (found.outcome, codes(found), root.exists()) == (Outcome.UNKNOWN, ["DEL-603"], False)
    away.rename(root)
    subject.safely(message, 3600)
    assert subject.counter.receiver.collect() == 1
    assert subject.safely(message, 3600).outcome is Outcome.ACCEPTED


@pytest.mark.parametrize("written", ["{}", "\ufeff{}", "{} *receipt.json"])
def test_a_digest_is_read_as_other_programs_write_it(written: str, subject: Subject) -> None:
    message = subject.message(BILLED)
    subject.safely(message)
    subject.counter.receiver.collect()
    digest = subject.counter.root / "in" / f"{exchange.receipt_name(message.key)}.sha256"
    digest.write_text(written.format(digest.read_text("utf-8").split()[0].upper()), "utf-8")
    assert subject.safely(message, 3600).outcome is Outcome.ACCEPTED


def test_an_office_that_decides_later_lays_its_receipt_down_again(tmp_path: Path) -> None:
    clock = TestClock()
    with ExitStack() as stack:
        aid = counter(stack, tmp_path, "civil-affairs", "aid", clock)
        subject = Subject(aid, replace(aid_facts(), authority=Authority.PAYER), clock)
        message = subject.message(BILLED)
        subject.safely(message)
        assert (message.operation, aid.receiver.collect()) == ("transaction", 1)
        file = aid.root / "in" / exchange.receipt_name(message.key)
        whole = decode(file.read_bytes())
        lay(file, {name: each for name, each in whole.items() if name != "answer"})
        stored = subject.safely(message, 3600)
        assert (stored.outcome, stored.answers) == (Outcome.ACCEPTED, ())
        asks = aid.endpoint.next(BILLED, subject.facts, [Exchange(message, stored)], clock.now())
        assert isinstance(asks, OutboundMessage) and asks.operation == "ask-answer"
        assert subject.safely(asks).outcome is Outcome.UNKNOWN
        lay(file, whole)
        told = subject.safely(asks, 3600)
        assert [answer.payer for answer in told.answers] == [Payer.MEDICAL_AID]
        assert aid.settled() == 1


def lay(file: Path, content: Any) -> None:
    file.write_bytes(encode(content))
    file.with_name(f"{file.name}.sha256").write_text(sha256(encode(content)).hexdigest(), "utf-8")
