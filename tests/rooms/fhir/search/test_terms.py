"""What is read of a kept resource for the index is what the whole resource says, however little of it is read."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from adapter.fhir.canonical import canonical
from adapter.fhir.search.parameters import parameter_number
from adapter.fhir.search.terms import moved_of_kept, terms_of, terms_of_kept
from adapter.model.search import Terms

AT, LATER = datetime(2026, 3, 1, 8, tzinfo=UTC), datetime(2026, 3, 1, 9, tzinfo=UTC)

ITEM = {"sequence": 1, "net": {"value": Decimal("1.10")}, "udi": [{"reference": "Device/d1"}]}
CLAIM: dict[str, Any] = {
    "resourceType": "Claim",
    "id": "c",
    "status": "active",
    "meta": {"tag": [{"code": "TEST"}], "versionId": "3"},
    "item": [
        ITEM,
        {
            "encounter": [{"reference": "Encounter/e1"}, {"reference": "Encounter/e2"}],
            "detail": [{"udi": [{"reference": "Device/d2"}], "subDetail": [{"udi": [{"reference": "Device/d3"}]}]}],
        },
    ],
    "payee": {"party": {"reference": "Organization/o1", "identifier": {"system": "urn:o", "value": "1"}}},
}
ENCOUNTER: dict[str, Any] = {
    "resourceType": "Encounter",
    "id": "e",
    "participant": [{"type": [{"coding": [{"code": "ATND"}]}], "individual": {"reference": "Practitioner/p"}}],
    "location": [{"location": {"reference": "Location/l"}, "period": {"start": "2026-03-01"}}],
}


@pytest.mark.parametrize(
    "resource",
    [
        CLAIM,
        ENCOUNTER,
        {**CLAIM, "item": ITEM},  # no list
        {**CLAIM, "item": "of another shape"},
        {**CLAIM, "item": [ITEM, "of another shape", 7]},
        {**CLAIM, "item": [{"udi": "no reference", "detail": 3}]},
        {**CLAIM, "payee": None, "item": []},
        {**CLAIM, "payee": {"party": [{"reference": "Organization/o1"}]}},
    ],
    ids=str,
)
def test_a_kept_resource_is_found_under_the_terms_of_the_whole(resource: dict[str, Any]) -> None:
    whole = terms_of({name: each for name, each in resource.items() if each is not None})
    kept = terms_of_kept(resource["resourceType"], canonical(resource), AT)
    assert whole is not None
    assert kept is not None
    updated = parameter_number(resource["resourceType"], "_lastUpdated")
    assert [each for each in kept.ranges if each[0] == updated] == [(updated, ms(AT), ms(AT))]
    ranges = tuple(each for each in kept.ranges if each[0] != updated)
    assert Terms(kept.first, kept.last, kept.values, ranges, kept.texts) == whole


def test_the_long_items_of_a_claim_are_found_under_what_lies_deep_in_them() -> None:
    found = terms_of(CLAIM)
    without = terms_of({**CLAIM, "item": []})
    assert found is not None
    assert without is not None
    assert len(found.values) - len(without.values) == 5


def ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


@pytest.mark.parametrize(
    ("change", "spared"),
    [
        ({"net": {"value": Decimal("2.00")}}, True),  # searched nowhere in a claim's total
        ({"status": "cancelled"}, False),
        ({"meta": {"tag": [{"code": "OTHER"}]}}, False),
    ],
)
def test_a_version_that_says_the_same_where_it_is_searched_only_moves_in_time(
    change: dict[str, Any], spared: bool
) -> None:
    was, now = canonical(CLAIM), canonical({**CLAIM, "total": {"value": Decimal("1.10")}, **change})
    moved = moved_of_kept("Claim", was, AT, now, LATER)
    updated = parameter_number("Claim", "_lastUpdated")
    assert moved == (((updated, ms(AT), ms(AT)), (updated, ms(LATER), ms(LATER))) if spared else None)


def test_what_is_never_searched_does_not_move() -> None:
    assert moved_of_kept("Basic", b"{}", AT, b"{}", LATER) is None
