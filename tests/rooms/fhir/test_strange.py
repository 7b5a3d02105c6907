"""Resources that nobody would write: each gets its issues, none stops the program, and no issue repeats a value."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest

from adapter.doors.cli.validating import Fhir, _opened
from adapter.fhir.canonical import decode
from adapter.fhir.judging import judged
from adapter.fhir.profiles import Profiles
from adapter.fhir.r5.convert import to_r4, to_r5
from adapter.fhir.r5.validation import validate_r5
from adapter.fhir.validation import validate
from adapter.model.issues import Issue

Json = dict[str, Any]

NO_PROFILES = Profiles([])
BESIDE: Json = {"extension": [{"url": "urn:x", "valueString": "y"}]}
SOUND: list[Json] = [
    decode(Path(f"fixtures/package/{name}.json").read_bytes())
    for name in ("Bundle-bundle-claim", "ChargeItem-charge", "Coverage-coverage-basic", "Encounter-encounter")
]
JUNK: tuple[Any, ...] = (
    *(None, True, 0, -1, Decimal("1E30"), "", "张三", [], {}, [None], [[]], [{}], {"a": 1}, ["x"], 10**18),
    *({"resourceType": ["x"]}, {"resourceType": "Patient"}, {"reference": 5}, {"coding": "x"}, {"value": "x"}),
)


def both(resource: Json) -> list[Issue]:
    return [*judged(resource, NO_PROFILES), *judged(resource, NO_PROFILES, sending=False), *validate_r5([resource])]


def places(node: Any) -> Iterator[tuple[Any, Any]]:
    """Every place of a resource where something else may be put."""
    for key, value in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield node, key
        yield from places(value)


@pytest.mark.parametrize("seed", range(40))
def test_junk_anywhere_is_told_and_never_repeated(seed: int) -> None:
    dice = Random(seed)
    for sound in SOUND:
        resource = copy.deepcopy(sound)
        for _ in range(dice.choice((1, 2, 4))):
            holder, key = dice.choice(list(places(resource)))
            holder[key] = copy.deepcopy(dice.choice(JUNK))
        assert "张三" not in str(both(resource))


@pytest.mark.parametrize(
    "resource",
    [
        {"resourceType": ["Patient"]},
        {"resourceType": {}, "id": []},
        {"resourceType": "Patient", "id": ["a"]},
        {"resourceType": "Patient", "id": {"张三": 1}},
        {"resourceType": "Patient", "id": "张三"},
        {
            "resourceType": "Bundle",
            "type": "collection",
            "entry": [{"resource": {"resourceType": ["x"], "id": ["张三"]}}],
        },
        {"resourceType": "Bundle", "type": "history", "entry": [{"fullUrl": "urn:x", "resource": {"meta": "张三"}}]},
        {
            "resourceType": "Bundle",
            "type": "history",
            "entry": [{"resource": {"resourceType": "Claim", "id": ["张三"]}}],
        },
    ],
    ids=str,
)
def test_what_names_a_resource_may_be_anything(resource: Json) -> None:
    for found in (judged(resource, NO_PROFILES), validate_r5([resource])):
        assert found
        assert "张三" not in str(found)


def nested(kind: str, member: str, innermost: Json, levels: int, **around: Any) -> Json:
    inner = innermost
    for _ in range(levels):
        inner = {**around, member: [inner]}
    return {"resourceType": kind, **inner}


def test_what_is_nested_too_deeply_is_told() -> None:
    deep: Json = {"resourceType": "Patient"}
    for _ in range(3_000):
        deep = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": deep}]}
    period = {"url": "urn:b", "valuePeriod": {"start": "2021", "end": "2020"}}
    extensions = nested("Patient", "extension", period, 3_000, url="urn:a")
    for resource in (deep, extensions):
        for found in (judged(resource, NO_PROFILES), validate_r5([resource]), validate([resource])):
            assert [issue.code for issue in found] == ["FHIR-297"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ({"given": ["a", None], "_given": [None, BESIDE]}, []),
        ({"given": [None, "a"], "_given": [BESIDE, None]}, []),
        ({"_given": [BESIDE]}, []),
        ({"given": ["a", None]}, ["FHIR-115"]),
        ({"given": ["a", None], "_given": [BESIDE, None]}, ["FHIR-115"]),
        ({"given": ["a", None], "_given": [BESIDE]}, ["FHIR-115"]),
        ({"given": ["a"], "_family": None}, ["FHIR-115"]),
    ],
)
def test_a_null_keeps_the_place_of_an_extension_and_no_other(name: Json, expected: list[str]) -> None:
    """R4 json.html, 2.6.2.3: nulls fill both lists up, so that values and what stands beside them are in step."""
    patient = {"resourceType": "Patient", "name": [name]}
    assert [issue.code for issue in validate([patient])] == expected
    assert [issue.code for issue in validate_r5([patient])] == expected
    if not expected:
        assert to_r4(to_r5(patient)[0])[0] == patient


def test_an_issue_about_r5_speaks_of_r5() -> None:
    [issue] = validate_r5([{"resourceType": "Patient", "weather": "fine"}])
    assert (issue.code, issue.en) == ("FHIR-112", "R5 has no such element: weather")


def test_a_file_that_cannot_be_read_is_one_issue() -> None:
    (one,) = _opened(Path("/proc/self/mem"), Fhir.R4)
    assert [issue.code for issue in one.issues] == ["FHIR-298"]
