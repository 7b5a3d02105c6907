"""Either side of a folder dies with a file in hand: it goes on at its next start, and nothing counts twice."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from adapter.counterparts.folder.receiver import FolderReceiver
from adapter.model.messages import OutboundMessage, Outcome, Stage
from tests.support.exchange import counter
from tests.support.nhsa import stay_facts
from tests.support.office import TestClock, codes


class Killed(BaseException):
    """As nothing else in the process survives it."""


@pytest.mark.parametrize("dies_in", ["_answered", "_lay"])
def test_what_was_taken_and_not_answered_is_answered_at_the_next_start(
    dies_in: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*given: object) -> None:
        raise Killed

    clock = TestClock()
    with ExitStack() as stack:
        bureau = counter(stack, tmp_path, "bureau", "bureau", clock)
        message = bureau.endpoint.next(Stage.SETTLE, stay_facts(), (), clock.now())
        assert isinstance(message, OutboundMessage)
        bureau.endpoint.deliver(message)
        with monkeypatch.context() as patch, pytest.raises(Killed):
            patch.setattr(FolderReceiver, dies_in, dies)
            bureau.receiver.collect()
        assert bureau.endpoint.lookup(message).outcome is Outcome.UNKNOWN
        assert (bureau.receiver.collect(), bureau.receiver.resume(), bureau.receiver.resume()) == (0, 1, 0)
        assert bureau.endpoint.lookup(message).outcome is Outcome.ACCEPTED
        assert bureau.settled() == 1


@pytest.mark.parametrize(("stage", "told"), [(Stage.SETTLE, ["DEL-602"]), (Stage.TRIAL, []), (Stage.ELIGIBILITY, [])])
def test_a_question_whose_laying_out_was_interrupted_is_laid_out_again_and_a_settlement_is_not(
    stage: Stage, told: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It dies after the mark that it begins, before the file has its name."""

    def dies(part: Path, target: Path) -> None:
        raise Killed

    clock = TestClock()
    with ExitStack() as stack:
        bureau = counter(stack, tmp_path, "bureau", "bureau", clock)
        message = bureau.endpoint.next(stage, stay_facts(), (), clock.now())
        assert isinstance(message, OutboundMessage)
        with monkeypatch.context() as patch, pytest.raises(Killed):
            patch.setattr("adapter.payers.delivery.endpoints.folder.exchange.name", dies)
            bureau.endpoint.deliver(message)
        again = bureau.endpoint.deliver(message)
        assert (again.outcome, codes(again)) == (Outcome.UNKNOWN, told)
        assert bureau.receiver.collect() == (0 if told else 1)
        assert bureau.endpoint.lookup(message).outcome is (Outcome.UNKNOWN if told else Outcome.ACCEPTED)
