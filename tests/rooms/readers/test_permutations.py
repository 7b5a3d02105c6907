"""The end state of a stay is a function of its set of messages: permuted, delayed and sent twice, it is the same.

The sequences are those of the fixture hospitals: A08 before A01, P03 after A03, an admission cancelled and done again,
a recalled discharge, merged persons and stays. To each a correction is added: an event sent once more, later,
with something changed.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.intake.readers.hl7v2 import Message, MessageParser
from adapter.intake.readers.messages import Ties
from adapter.model.source import StayRecords
from tests.support.messages import NEUSOFT, WINNING, fixture_messages, folded, mapper, shape

DISTINCT = 2000
LEAST = 8
CHANGES = {"PV1": (4, "2"), "PID": (16, "D^离婚")}


@cache
def stories() -> tuple[tuple[str, tuple[Message, ...]], ...]:
    """Every group of fixture messages that belong together, with its hospital; those of at least eight."""
    found: list[tuple[str, tuple[Message, ...]]] = []
    for source in (NEUSOFT, WINNING):
        ties, messages = Ties(), fixture_messages(source)
        numbers = [ties.tie(each.keys) for each in messages]
        groups: defaultdict[int, list[Message]] = defaultdict(list)
        for number, each in zip(numbers, messages, strict=True):
            groups[ties.root(number)].append(each)
        found += [(source, tuple(group)) for group in groups.values() if len(group) >= LEAST]
    return tuple(found)


def sent_again(source: str, message: Message, number: int, **changed: str) -> Message:
    """The message once more, at another place and under another MSH-10; ``at`` moves it to a later time."""
    lines = [list(each.fields) for each in message.segments]
    at = changed.pop("at", "")
    for fields in lines:
        if fields[0] == "MSH":
            del fields[1]
            fields[9] = f"AGAIN{number}"
            fields[6] = at or fields[6]
        elif fields[0] == "EVN" and at:
            fields[2] = at
        elif fields[0] in changed and fields[0] in CHANGES:
            place, text = CHANGES[fields[0]]
            fields += [""] * (place + 1 - len(fields))
            fields[place] = text
    text = "\r".join("|".join(fields) for fields in lines)
    return MessageParser(shape(source)).parse(text, "again.hl7", number)


def with_correction(source: str, story: Sequence[Message], pick: int, minute: int) -> list[Message]:
    """The story and one event of it sent once more at a minute of its own, later than it and with a field changed."""
    about_stays = [each for each in story if each.event == "ADT^A08" or each.event in ("ADT^A01", "ADT^A02", "ADT^A10")]
    original = about_stays[pick % len(about_stays)]
    day, hour = original.order[0][:8], original.order[0][8:10]
    at = f"{day}{hour}{minute % 60:02d}{59 - minute % 7:02d}"
    corrected = sent_again(source, original, 1, at=max(at, f"{original.order[0][:12]}59"), PV1="yes", PID="yes")
    return [*story, corrected]


def state(stays: dict[str, StayRecords]) -> dict[str, Any]:
    """What a stay has come to: rows and kinds of issues, wherever its messages stood."""
    return {
        key: (
            {table: [dict(row.fields) for row in rows] for table, rows in stay.tables.items()},
            sorted(each.code for each in stay.issues),
        )
        for key, stay in stays.items()
    }


def disturbed(source: str, messages: Sequence[Message], dice: random.Random) -> list[Message]:
    """Permuted, at least one late, one to three sent twice."""
    copies = [sent_again(source, each, 10 + n) for n, each in enumerate(dice.sample(messages, dice.randint(1, 3)))]
    found = [*messages, *copies]
    dice.shuffle(found)
    earliest = min(messages, key=lambda each: each.order)
    found.remove(earliest)
    return [*found, earliest]  # it arrives last of all


def test_two_thousand_sequences_end_alike() -> None:
    dice = random.Random(20210412)
    seen: set[tuple[str, ...]] = set()
    expected: dict[tuple[int, int, int], dict[str, Any]] = {}
    while len(seen) < DISTINCT:
        which, pick, minute = dice.randrange(len(stories())), dice.randrange(4), dice.randrange(60)
        source, story = stories()[which]
        messages = with_correction(source, story, pick, minute)
        case = (which, pick, minute)
        if case not in expected:
            expected[case] = state(folded(source, sorted(messages, key=lambda each: each.order)))
        sequence = disturbed(source, messages, dice)
        assert len(sequence) >= LEAST
        seen.add((str(case), *(f"{each.place} {each.control_id}" for each in sequence)))
        assert state(folded(source, sequence)) == expected[case]


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_any_part_of_a_story_ends_alike(data: st.DataObject) -> None:
    """Also where something is missing, for the state in between must not depend on the order either."""
    source, story = data.draw(st.sampled_from(stories()))
    part = data.draw(st.lists(st.sampled_from(story), min_size=1, unique_by=lambda each: each.place))
    twice = data.draw(st.lists(st.sampled_from(part), max_size=3))
    sequence = data.draw(st.permutations([*part, *twice]))
    assert state(folded(source, sequence)) == state(folded(source, sorted(part, key=lambda each: each.order)))


@pytest.mark.parametrize("number", range(len(stories())))
def test_the_resources_are_alike_too(number: int) -> None:
    source, story = stories()[number]
    expected = folded(source, story)
    dice = random.Random(number)
    for _ in range(20):
        found = folded(source, disturbed(source, story, dice))
        for key, stay in found.items():
            assert mapper(source).map(stay).resources == mapper(source).map(expected[key]).resources


def test_the_stories_hold_what_feeds_do() -> None:
    """So that the test above is about something: late, doubled, corrected, cancelled and done again, merged."""
    events = [{each.event for each in story} for _, story in stories()]
    assert {"ADT^A01", "ADT^A11", "ADT^A08", "ADT^A03", "ADT^A13"} <= set().union(*events)
    assert {"ADT^A40", "ADT^A42", "DFT^P03", "DFT^P11", "RAS^O17", "RGV^O15", "BAR^P12"} <= set().union(*events)
    assert all(len(story) >= LEAST for _, story in stories())
    assert len(stories()) >= 5
