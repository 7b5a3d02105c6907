"""Whatever the network does: what is not known is said to be unknown, and exactly one effect comes of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapter.counterparts.faults import ACTIONS
from adapter.model.issues import AdapterError
from adapter.model.messages import Outcome, Receipt, Stage
from adapter.model.money import Money
from adapter.payers.delivery.endpoint import Endpoint
from tests.promises.counters import Counters, close, endpoint_to
from tests.promises.subjects import CAN, ON_THE_WIRE, Fhir, Folder, Nhsa, Subject
from tests.promises.test_endpoint_promises import asks_a_person
from tests.support.office import FACILITY, TestClock, codes
from tests.support.payers import fake_payers

pytestmark = pytest.mark.slow

FAULTS: list[dict[str, Any]] = [
    {"do": "drop-before"},
    {"do": "drop-after"},
    {"do": "hang"},
    {"do": "stall"},
    {"do": "garbage"},
    {"do": "truncated"},
    {"do": "status", "status": 500},
    {"do": "status", "status": 503, "retry_after": 9},
    {"do": "status", "status": 429},
    {"do": "status", "status": 408},
    {"do": "status", "status": 302},
]


@pytest.fixture
def wired(request: pytest.FixtureRequest, counters: Counters, tmp_path: Path) -> Iterator[Fhir]:
    with counters.subject(str(request.param), tmp_path) as found:
        assert isinstance(found, Fhir)
        yield found


on_the_wire = pytest.mark.parametrize("wired", ON_THE_WIRE, indirect=True)


def named(fault: dict[str, Any]) -> str:
    return "-".join(str(value) for value in fault.values())


@on_the_wire
@pytest.mark.parametrize("fault", FAULTS, ids=named)
def test_a_sending_of_which_nothing_is_known_is_said_and_not_raised(wired: Fhir, fault: dict[str, Any]) -> None:
    message = wired.message(Stage.SETTLE)
    wired.script("deliver", **fault)
    receipt = patient_enough(wired, fault).deliver(message)
    assert len(wired.process.state()["faults"]["fired"]) == 1
    nothing_is_known(receipt, fault.get("retry_after"))
    assert wired.settled() == int(ACTIONS[fault["do"]])
    in_the_end_it_counts_once(wired, message, sent=ACTIONS[fault["do"]])


@on_the_wire
@pytest.mark.parametrize("fault", FAULTS, ids=named)
def test_a_look_that_fails_tells_nothing(wired: Fhir, fault: dict[str, Any]) -> None:
    message = wired.message(Stage.SETTLE)
    wired.script("lookup", **fault)
    receipt = patient_enough(wired, fault).lookup(message)
    nothing_is_known(receipt, fault.get("retry_after") if wired.can.retries else receipt.retry_after)
    assert wired.settled() == 0
    in_the_end_it_counts_once(wired, message, sent=False)


def patient_enough(wired: Fhir, fault: dict[str, Any]) -> Endpoint:
    """Nobody waits long for what never comes."""
    return wired.hasty if fault["do"] in ("hang", "stall") else wired.endpoint


def nothing_is_known(receipt: Receipt, retry_after: int | None) -> None:
    assert (receipt.outcome, receipt.answers) == (Outcome.UNKNOWN, ())
    assert receipt.retry_after == retry_after


def in_the_end_it_counts_once(subject: Subject, message: Any, *, sent: bool) -> None:
    """The worker comes back when the longest delay is over; where nothing can be asked, a person takes it back."""
    later = subject.again(message)
    if subject.can.finds == "yes":
        assert (later.outcome, subject.settled()) == (Outcome.ACCEPTED, 1)
        return
    asks_a_person(later, subject)
    assert subject.settled() == int(sent), "nothing was sent again"
    assert isinstance(subject, Nhsa)
    if sent:
        assert subject.take_back(message).outcome is Outcome.ACCEPTED
        assert (subject.settled(), subject.paid()) == (0, Money(0))


@on_the_wire
def test_a_request_that_arrives_late_counts_once(wired: Fhir) -> None:
    """It lands after the caller has gone and has looked in vain: only the longest delay makes that look a proof."""
    message = wired.message(Stage.SETTLE)
    wired.script("deliver", do="delay", seconds=4)
    assert wired.hasty.deliver(message).outcome is Outcome.UNKNOWN
    assert wired.again(message, 0).outcome is Outcome.UNKNOWN
    deadline = time.monotonic() + 30
    while not wired.settled():
        assert time.monotonic() < deadline
        time.sleep(0.2)
    in_the_end_it_counts_once(wired, message, sent=True)


@on_the_wire
def test_a_request_that_a_proxy_sends_twice_counts_once(wired: Fhir) -> None:
    """The second one is refused, and that answer is the one that comes back: it is not believed unasked."""
    message = wired.message(Stage.SETTLE)
    wired.script("deliver", do="twice")
    receipt = wired.endpoint.deliver(message)
    assert wired.settled() == 1
    if wired.can.finds == "yes":
        assert receipt.outcome is not Outcome.REJECTED
        in_the_end_it_counts_once(wired, message, sent=True)
    else:
        assert receipt.outcome is Outcome.REJECTED
        assert wired.can.finds in codes(receipt), "the refusal says that nobody can be asked"
        wired.endpoint.deliver(message)
        assert wired.settled() == 1


@pytest.mark.parametrize("name", [*ON_THE_WIRE, "folder"])
def test_nobody_there_is_proof_for_sending_and_none_for_asking(name: str, counters: Counters, tmp_path: Path) -> None:
    """No connection, nothing received. A folder that is gone proves nothing: a file may lie in it."""
    (tmp_path / "gone").write_text("", "utf-8")
    with counters.subject(name, tmp_path) as subject:
        message = subject.message(Stage.SETTLE)
        away = endpoint_to(name, str(tmp_path / "gone") if name == "folder" else "http://127.0.0.1:9/there")
        sent = away.deliver(message)
        assert (sent.outcome, sent.sent) == (CAN[name].unreached, False)
        assert away.lookup(replace(message, attempts=1, last_attempt=datetime.now(UTC))).outcome is Outcome.UNKNOWN
        with pytest.raises(AdapterError) as caught:
            away.remittance(subject.facts.settlement.on, FACILITY)
        assert codes(caught.value) == ["DEL-504" if CAN[name].lists == "yes" else CAN[name].lists]
        assert subject.settled() == 0
        close(away)


@pytest.mark.parametrize("lost", ["torn", "no-checksum", "another"])
def test_a_receipt_that_is_spoiled_tells_nothing_until_it_is_laid_down_again(
    lost: str, counters: Counters, tmp_path: Path
) -> None:
    """What the network is to the others, the courier is to a folder."""
    with counters.subject("folder", tmp_path) as subject:
        assert isinstance(subject, Folder)
        message = subject.message(Stage.SETTLE)
        subject.courier.spoils = lost
        nothing_is_known(receipt := subject.endpoint.deliver(message), 1)
        assert codes(receipt) == ([] if lost == "no-checksum" else ["DEL-601"])
        assert (subject.again(message).outcome, subject.settled()) == (Outcome.UNKNOWN, 1)
        subject.courier.mend()
        in_the_end_it_counts_once(subject, message, sent=True)


@pytest.mark.parametrize(("lost", "effects"), [("deaf", 0), ("mute", 1)])
def test_what_is_lost_at_the_fake_one_is_not_known_either(lost: str, effects: int, counters: Counters) -> None:
    payer = fake_payers(TestClock()).bureau
    with counters.subject("fake bureau", Path()) as subject:
        subject.endpoint = payer
        getattr(payer, lost).append(Stage.SETTLE)
        assert payer.deliver(subject.message(Stage.SETTLE)).outcome is Outcome.UNKNOWN
        assert subject.settled() == effects
