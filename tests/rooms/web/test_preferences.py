"""``Prefer``: whatever way it is written, one reading of it."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.doors.web.fhir.preferences import Preferences, Return, read

ASYNC = Preferences(respond_async=True)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([], Preferences()),
        (["", " , ;,"], Preferences()),
        (["respond-async"], ASYNC),
        (["Respond-Async"], ASYNC),
        (["respond-async=anything"], ASYNC),
        (["wait=10, respond-async"], Preferences(respond_async=True, wait=10)),
        (["respond-async", "wait=10"], Preferences(respond_async=True, wait=10)),
        (["respond-async; wait=10"], Preferences(respond_async=True, wait=10)),
        (['wait = "10"'], Preferences(wait=10)),
        (["wait=-1"], Preferences()),
        (["wait=soon"], Preferences()),
        (["wait=٣"], Preferences()),
        (["wait=99999999999999999999"], Preferences(wait=999999999)),
        (["return=minimal"], Preferences(returning=Return.MINIMAL)),
        (['RETURN="Representation"'], Preferences(returning=Return.REPRESENTATION)),
        (["return=operationoutcome"], Preferences(returning=Return.OUTCOME)),
        (["return=OperationOutcome;foo=bar"], Preferences(returning=Return.OUTCOME)),
        (["return=nothing"], Preferences()),
        (["return"], Preferences()),
        (["handling=lenient"], Preferences(lenient=True)),
        (["handling=strict"], Preferences()),
        (["handling=strict, handling=lenient"], Preferences()),
        (["handling=lenient, handling=strict"], Preferences(lenient=True)),
        (['handling="len\\ient"'], Preferences(lenient=True)),
        (["handling = Lenient ; respond-async"], Preferences(respond_async=True, lenient=True)),
        (["unknown; handling=lenient"], Preferences()),
        (["unknown; handling=lenient, respond-async"], ASYNC),
        (['unknown="a, handling=lenient; respond-async"'], Preferences()),
        (['unknown="a \\" , handling=lenient"'], Preferences()),
        (['unknown="never closed, respond-async'], Preferences()),
        (["not-respond-async, xhandling=lenient"], Preferences()),
    ],
)
def test_what_is_preferred(headers: list[str], expected: Preferences) -> None:
    assert read(headers) == expected


@settings(deadline=None, max_examples=100)
@given(
    st.lists(st.sampled_from(["respond-async", "wait=3", "return=minimal", "handling=lenient", "x=1;y", "z"])),
    st.data(),
)
def test_one_header_or_several_say_the_same(parts: list[str], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(parts)))
    assert read([",".join(parts)]) == read(parts) == read([", ".join(parts[:place]), " ,".join(parts[place:])])


@pytest.mark.parametrize("part", ['"', '"\\', '\\"', ";", ",", '";', "a=", '"\\,'])
def test_no_header_keeps_the_service_busy(part: str) -> None:
    begun = time.perf_counter()
    assert read([part * (60_000 // len(part))]) == Preferences()
    assert time.perf_counter() - begun < 5
