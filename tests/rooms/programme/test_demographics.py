"""The registration against the insurer's record: parts that differ, by name, never by value."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from adapter.fhir.demographics import insurer_says, registered_as
from adapter.model.case import EntitlementState
from adapter.model.person import Demographics, Private
from adapter.rules.programme import assess
from adapter.rules.programme.demographics import differing
from tests.support.cases import make_resources
from tests.support.programme import PROGRAMMES, facts, settings

A = "county-plan-2021"
OURS = Demographics(Private("测试甲"), Private("99999919800101001X"), Private("T1"), "male", Private("1980-01-01"))


@pytest.mark.rule("A-13")
@pytest.mark.parametrize(
    ("theirs", "parts"),
    [
        (OURS, ()),
        (Demographics(), ()),  # says nothing, so nothing differs
        (replace(OURS, id_number=Private("999999 19800101 001x")), ()),
        (replace(OURS, name=Private("测试乙")), ("name",)),
        (replace(OURS, sex="female", born=Private("1980-01-02")), ("sex", "born")),
        (replace(OURS, id_number=Private("99999919800101002X"), insurance_number=None), ("id_number",)),
    ],
)
def test_which_parts_differ(theirs: Demographics, parts: tuple[str, ...]) -> None:
    assert differing(OURS, theirs) == parts


def test_both_sides_are_read_alike() -> None:
    resources = make_resources()
    ours = registered_as(resources)
    assert ours.id_number == Private("999999198001010011") and ours.insurance_number == Private("T00000001")
    assert insurer_says({"resourceType": "Bundle", "entry": [{"resource": each} for each in resources]}) == ours
    assert "999999198001010011" not in repr(ours)


@pytest.mark.parametrize("body", [None, [], {}, {"resourceType": "Bundle"}, {"resourceType": "Bundle", "entry": [3]}])
def test_an_answer_without_a_person_says_nothing(body: Any) -> None:
    assert insurer_says(body) is None


@pytest.mark.rule("A-13")
@pytest.mark.parametrize(
    ("differs", "state"),
    [
        (None, EntitlementState.GRANTED),
        ((), EntitlementState.GRANTED),
        (("born",), EntitlementState.PROVISIONAL),
    ],
)
def test_a_registration_that_differs_is_open_not_refused(
    differs: tuple[str, ...] | None, state: EntitlementState
) -> None:
    stay = replace(facts(A), differs=differs)
    found = assess(stay, PROGRAMMES[A], stay.admitted, settings(A))
    assert found.state is state
    if differs:
        assert "出生日期" in found.against[0].zh and "1980" not in found.against[0].zh
