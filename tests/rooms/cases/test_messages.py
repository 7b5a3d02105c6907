"""A stay out of HL7 v2 messages goes through the office like any other: taken in, estimated, changed by late ones."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapter.cases import settle
from adapter.cases.recording import Fate, StayTaken, take_stay
from adapter.cases.tools import Tools
from adapter.fhir.canonical import digest
from adapter.intake.readers.messages import stage_messages
from adapter.model.case import StayState
from adapter.model.message import KeptMessage
from adapter.model.money import Money
from adapter.model.source import StayRecords
from tests.support.messages import NEUSOFT, WINNING, fixture_messages, folded, home, mapper, prices, shape, staged
from tests.support.office import act, office


@pytest.fixture
def tools(tmp_path: Path) -> Iterator[Tools]:
    with office(tmp_path, {}) as found:
        yield found


def take_in(source: str, tools: Tools, *paths: Path) -> dict[str, StayTaken]:
    feed = tools.feed(source)
    with staged(source, *paths) as found:
        return {each.stay_key: take_stay(feed, each, tools, act(tools)) for each in found.stays()}


@pytest.mark.parametrize(
    ("source", "stay", "total"),
    [
        # bed 7 × 30.00, nursing 3 × 15.00 + 4 × 18.00, capsules 15.00 + 2.19, vials 343.80, blood count 25.00
        (NEUSOFT, "ZY010000020001", "712.99"),
        # bed 4 × 20.00, nursing 18.00 + 18.00 - 18.00, capsules adjusted to 8.00, vials 573.00 - 114.60
        (WINNING, "10001", "564.40"),
    ],
)
def test_a_stay_from_messages_to_an_estimate(source: str, stay: str, total: str, tools: Tools) -> None:
    taken = take_in(source, tools)
    assert {key: each.fate for key, each in taken.items()}[stay] is Fate.OPENED
    seen = settle.estimate(f"{source}-{stay}", tools, act(tools))
    assert seen.settlement.total == Money.yuan(total)
    assert seen.settlement.scheme == "test_hunan_two_calls"


@pytest.mark.parametrize(
    ("source", "states"),
    [
        (
            NEUSOFT,
            {
                "ZY010000020001": StayState.WARD_DISCHARGED,
                "ZY010000020002": StayState.WARD_DISCHARGED,
                "ZY010000020003": StayState.IN_PROGRESS,
                "ZYB10000020002": StayState.ARRIVED,
            },
        ),
        (
            WINNING,
            {
                "10001": StayState.WARD_DISCHARGED,
                "10002": StayState.WARD_DISCHARGED,
                "10002-B1": StayState.WARD_DISCHARGED,
                "10003": StayState.WARD_DISCHARGED,
                "10004": StayState.ENTERED_IN_ERROR,
            },
        ),
    ],
)
def test_every_stay_is_where_its_messages_say(source: str, states: dict[str, StayState], tools: Tools) -> None:
    taken = take_in(source, tools)
    assert {key: each.issues for key, each in taken.items() if each.fate is Fate.PARKED} == {}
    with tools.ledger.reading() as tx:
        assert {key: tx.state(f"{source}-{key}", "stay") for key in taken} == states


def test_the_same_messages_twice_change_nothing(tools: Tools) -> None:
    take_in(WINNING, tools)
    assert {each.fate for each in take_in(WINNING, tools).values()} == {Fate.UNCHANGED}


def test_what_comes_in_a_later_file_is_folded_with_what_came_before(tools: Tools) -> None:
    """The charges alone wait; with the movements that come the next day the stay goes on, nothing sent again."""
    export = home(WINNING) / "export"
    kept: list[KeptMessage] = []
    with staged(WINNING, export / "dft.hl7") as first:
        kept += first.messages()
        fates = {take_stay(tools.feed(WINNING), each, tools, act(tools)).fate for each in first.stays()}
    assert fates == {Fate.PARKED}
    with stage_messages([export / "adt.hl7"], shape(WINNING), WINNING, prices=prices(WINNING), earlier=kept) as second:
        later = [take_stay(tools.feed(WINNING), each, tools, act(tools)) for each in second.stays()]
    assert {each.fate for each in later} == {Fate.OPENED}
    with tools.ledger.reading() as tx:
        assert tx.parked(source=WINNING) == []
    assert settle.estimate(f"{WINNING}-10001", tools, act(tools)).settlement.total == Money.yuan("564.40")


@pytest.mark.parametrize("seed", [None, 1, 2])
@pytest.mark.parametrize("source", [NEUSOFT, WINNING])
def test_one_message_at_a_time_in_any_order_comes_to_the_same(source: str, seed: int | None, tools: Tools) -> None:
    """As a listener would have it: each message is folded with all that came before; nothing is left waiting."""
    messages = sorted(fixture_messages(source), key=lambda each: each.order)
    if seed is not None:
        random.Random(seed).shuffle(messages)
    known: dict[str, StayRecords] = {}
    for count in range(1, len(messages) + 1):
        for key, stay in folded(source, messages[:count]).items():
            if known.get(key) != stay:
                known[key] = stay
                take_stay(tools.feed(source), stay, tools, act(tools))
    with tools.ledger.reading() as tx:
        assert tx.parked(source=source) == []
        found = {
            key: sorted(row.digest for row in tx.resources_of_case(f"{source}-{key}", ("Encounter",))) for key in known
        }
    expected = {
        key: sorted(digest(each) for each in mapper(source).map(stay).resources if each["resourceType"] == "Encounter")
        for key, stay in folded(source, messages).items()
    }
    assert found == expected
