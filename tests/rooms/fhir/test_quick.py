"""The quick question never says yes where the full schema, or a comparing rule, would say no."""

from __future__ import annotations

import copy
import sys
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.fhir.rules import findings
from adapter.fhir.schema.compiled import fits, ordinary
from adapter.model.issues import Severity
from tests.conformance.faults import base

RESOURCES = [entry["resource"] for entry in base()["entry"]]
Place = tuple[Any, Any]

#: What a member may be changed into: wrong types, odd text, odd numbers, and things that rules compare.
ODD = [
    *(None, True, 0, -1, Decimal("NaN"), Decimal("Infinity"), Decimal("1.10"), [], {}, [None], {"id": "x"}),
    *("", " ", "a b", "a\u0085b", "\ufeff", "CNY", "USD", "2021-02-29", "2021-03-05T08:00:00+08:00"),
    *("Patient/p1", "Patient/p 1", "Device/d1", "#p1", "urn:uuid:1", "https://else.example/Patient/1", "x" * 70),
    {"start": "2021-03-05", "end": "2021-03-01"},
    {"low": {"value": Decimal(2)}, "high": {"value": Decimal(1)}},
    {"reference": "Organization/o1"},
    {"value": Decimal("1.00")},
    {"value": Decimal("1.00"), "currency": "USD"},
    {"url": "x", "valueCode": "a", "valueString": "b"},
    {"url": "x", "extension": [{"url": "y"}]},
]
NEW = ["id", "end", "high", "lastModified", "contained", "extension", "_status", "valueCode", "period", "unknown"]


def places(node: Any) -> Iterator[Place]:
    """Every member and list entry under a node, as (its owner, its name or index)."""
    named = list(node.items()) if isinstance(node, dict) else list(enumerate(node)) if isinstance(node, list) else []
    for name, value in named:
        yield node, name
        yield from places(value)


def agrees(resource: dict[str, Any]) -> bool:
    """Whether a quick yes is a full yes. A quick no may be anything."""
    name = resource.get("resourceType")
    if not isinstance(name, str) or name not in {one["resourceType"] for one in RESOURCES}:
        return True
    if not ordinary(name, resource):
        return True
    compared = [issue for issue in findings(resource, "x", Severity.WARNING) if issue.stops]
    return fits(name, resource) and not compared and "contained" not in resource


@given(st.data())
@settings(deadline=None, max_examples=200)
def test_whatever_is_changed_a_quick_yes_is_a_full_yes(data: st.DataObject) -> None:
    resource = copy.deepcopy(data.draw(st.sampled_from(RESOURCES)))
    for _ in range(data.draw(st.integers(1, 3))):
        owner, name = data.draw(st.sampled_from(list(places(resource))))
        act = data.draw(st.sampled_from(["change", "drop", "add"]))
        if act == "drop":
            del owner[name]
        elif act == "change":
            owner[name] = copy.deepcopy(data.draw(st.sampled_from(ODD)))
        elif isinstance(owner, dict):
            owner[data.draw(st.sampled_from(NEW))] = copy.deepcopy(data.draw(st.sampled_from(ODD)))
        if not resource:
            break
    assert agrees(resource)


CHARGE: dict[str, Any] = {
    "resourceType": "ChargeItem",
    "status": "billable",
    "code": {"text": "床位费"},
    "subject": {"reference": "Patient/p1"},
}


def test_an_ordinary_line_is_ordinary() -> None:
    line = next(each for each in RESOURCES if each["resourceType"] == "ChargeItem")
    assert ordinary("ChargeItem", CHARGE)
    assert ordinary("ChargeItem", line)


@pytest.mark.parametrize("member", ["definitionUri", "definitionCanonical"])
def test_white_space_of_any_kind_is_seen_the_same(member: str) -> None:
    """The validator's own scanner for text without white space and its regular expressions mean the same characters."""
    for point in range(sys.maxunicode + 1):
        if 0xD800 <= point <= 0xDFFF or (point > 0x4000 and not chr(point).isspace() and point != 0xFEFF):
            continue
        line = {**CHARGE, member: [f"a{chr(point)}b"]}
        assert ordinary("ChargeItem", line) <= fits("ChargeItem", line), f"U+{point:04X}"


@pytest.mark.parametrize(
    "changes",
    [
        {"occurrencePeriod": {"start": "2021-03-01", "end": "2021-03-05"}},
        {"occurrencePeriod": {"start": "2021-03-05", "end": "2021-03-01"}},
        {"contained": [{"resourceType": "Patient", "id": "p2"}]},
        {"priceOverride": {"value": Decimal("1.00")}},
        {"priceOverride": {"value": Decimal("NaN"), "currency": "CNY"}},
        {"extension": [{"url": "x", "valueCode": "a", "valueString": "b"}]},
        {"subject": {"reference": "Device/d1"}},
        {"subject": {"reference": "https://else.example/Patient/1"}},
    ],
)
def test_what_needs_a_second_look_is_not_ordinary(changes: dict[str, Any]) -> None:
    assert not ordinary("ChargeItem", {**CHARGE, **changes})
