"""Names and ids that must never change: other systems store them."""

import doctest
from uuid import NAMESPACE_URL, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.fhir import identity
from adapter.fhir.identity import (
    extension_url,
    full_url,
    identifier,
    ids_of,
    ids_of_many,
    reference,
    resource_id,
    system,
)


def test_doctests() -> None:
    assert doctest.testmod(identity).failed == 0


@pytest.mark.rule("B-25")
def test_same_row_same_id_and_no_other() -> None:
    first = resource_id("qingshi_county", "ChargeItem", "900000123")
    assert first == resource_id("qingshi_county", "ChargeItem", "900000123")
    others = {
        resource_id("other_county", "ChargeItem", "900000123"),
        resource_id("qingshi_county", "Encounter", "900000123"),
        resource_id("qingshi_county", "ChargeItem", "900000124"),
    }
    assert len({first, *others}) == 4


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_an_id_is_the_uuid_5_of_its_name(row_key: str) -> None:
    name = f"{identity.CANON}/qingshi_county/ChargeItem/{row_key}"
    assert resource_id("qingshi_county", "ChargeItem", row_key) == str(uuid5(NAMESPACE_URL, name))


def test_names() -> None:
    assert system("claim") == "https://pay-after-care.example/fhir/sid/claim"
    assert extension_url("payer") == "https://pay-after-care.example/fhir/StructureDefinition/payer"
    assert full_url("Claim", "a") == "https://pay-after-care.example/fhir/Claim/a"
    assert reference("Claim", "a") == {"reference": "Claim/a"}
    assert identifier("case", "x-1") == {"system": system("case"), "value": "x-1"}


def test_many_ids_at_a_time_are_the_same_ids() -> None:
    keys = [f"{number}文:{number * 7}" for number in range(300)]
    one = ids_of("qingshi_county", "ChargeItem")
    assert ids_of_many("qingshi_county", "ChargeItem")([key.encode() for key in keys]) == [
        one(key).encode() for key in keys
    ]
    assert ids_of_many("qingshi_county", "ChargeItem")([]) == []
