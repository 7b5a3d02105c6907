"""A transaction in parts: each whole by itself, resumable after any of them, nothing counted twice."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import respx

from adapter.fhir.aid import aid_transaction
from adapter.fhir.canonical import decode, encode
from adapter.fhir.transaction import in_parts, places, pointing, updating
from adapter.model.dates import SystemClock
from adapter.model.issues import AdapterError
from adapter.model.messages import OutboundMessage, Outcome, Receipt, Stage
from adapter.payers.delivery.endpoint import Done, EndpointConfig, Exchange
from adapter.payers.delivery.endpoints.fhir.endpoint import FhirEndpoint
from tests.support.cases import make_aid_call

NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)
FACTS = make_aid_call()
BASE = "https://aid.example/fhir"


def endpoint(**more: Any) -> FhirEndpoint:
    config = EndpointConfig("civil-affairs", "fhir", BASE, form="transaction", simulator=True, **more)
    return FhirEndpoint(config, SystemClock())


def stored(part: dict[str, Any], number: int = 0) -> bytes:
    """A server's answer to a part."""
    entries = [
        {"response": {"status": "201 Created", "location": f"{BASE}/{kind}/{kind}-{number}-{place}/_history/1"}}
        for place, kind in enumerate(each["resource"]["resourceType"] for each in part["entry"])
    ]
    return encode({"resourceType": "Bundle", "type": "transaction-response", "entry": entries})


def walk(payer: FhirEndpoint) -> list[OutboundMessage]:
    """Every part in order, each accepted."""
    said: list[Exchange] = []
    while True:
        following = payer.next(Stage.SETTLE, FACTS, said, NOW)
        assert isinstance(following, OutboundMessage)
        if following.operation == "ask-answer":
            return [each.message for each in said]
        body = stored(decode(following.composed), len(said))
        said.append(Exchange(following, Receipt(Outcome.ACCEPTED, NOW, body=body)))


def references(element: Any) -> set[str]:
    if isinstance(element, dict):
        here = {element["reference"]} if "reference" in element else set()
        return here.union(*(references(each) for each in element.values()))
    return set().union(*(references(each) for each in element)) if isinstance(element, list) else set()


@pytest.mark.parametrize("most", range(1, 12))
def test_each_part_is_whole_by_itself(most: int) -> None:
    whole = aid_transaction(FACTS, created=NOW, key=f"{FACTS.key}.settle")
    sent = walk(endpoint(max_entries=most))
    parts = [decode(each.composed) for each in sent]
    assert all(len(part["entry"]) <= most for part in parts)
    names = [entry["fullUrl"] for part in parts for entry in part["entry"]]
    assert sorted(names) == sorted(entry["fullUrl"] for entry in whole["entry"])
    assert parts[-1]["entry"][-1]["resource"]["resourceType"] == "Claim", "what counts comes last"
    there: set[str] = set()
    for number, part in enumerate(parts):
        within = {entry["fullUrl"] for entry in part["entry"]}
        meant = {each for each in references(part) if each.startswith("urn:") or ("-" in each and "/" in each)}
        assert meant <= within | there, "everything referred to is in the part, or stored already"
        there |= set(places(part, decode(stored(part, number))).values())
    assert [each.effect for each in sent] == [False] * (len(sent) - 1) + [True]
    assert [each.payers for each in sent[:-1]] == [()] * (len(sent) - 1)
    assert sent[-1].key == f"{FACTS.key}.settle", "the look-up asks for the claim key"
    assert len({each.key for each in sent}) == len(sent)


def test_a_bundle_that_is_small_enough_goes_whole() -> None:
    (only,) = walk(endpoint(max_entries=50))
    (plain,) = walk(endpoint())
    assert only == plain
    assert only.operation == "transaction"


def test_it_goes_on_after_the_last_part_that_was_stored() -> None:
    payer = endpoint(max_entries=3)
    sent = walk(payer)
    assert len(sent) >= 3
    first = Exchange(sent[0], Receipt(Outcome.ACCEPTED, NOW, body=stored(decode(sent[0].composed))))
    again = payer.next(Stage.SETTLE, FACTS, [first], NOW)
    assert isinstance(again, OutboundMessage)
    assert (again.key, again.composed) == (sent[1].key, sent[1].composed)


def test_a_server_that_does_not_say_where_stops_it() -> None:
    payer = endpoint(max_entries=3)
    part = payer.next(Stage.SETTLE, FACTS, [], NOW)
    assert isinstance(part, OutboundMessage)
    body = encode({"resourceType": "Bundle", "type": "transaction-response", "entry": []})
    with pytest.raises(AdapterError) as caught:
        payer.next(Stage.SETTLE, FACTS, [Exchange(part, Receipt(Outcome.ACCEPTED, NOW, body=body))], NOW)
    assert caught.value.issues[0].code == "DEL-611"


def test_what_is_referred_to_is_brought_up_to_date_where_it_is_wanted() -> None:
    (sent,) = walk(endpoint(conditional="update"))
    requests = {each["resource"]["resourceType"]: each["request"] for each in decode(sent.composed)["entry"]}
    assert requests["Patient"]["method"] == "PUT"
    assert requests["Patient"]["url"].startswith("Patient?identifier=")
    assert "ifNoneExist" not in requests["Patient"]
    assert requests["Claim"]["method"] == requests["ClaimResponse"]["method"] == "POST"
    assert "ifNoneExist" in requests["Claim"]


def test_pointing_changes_references_only() -> None:
    part = {
        "entry": [{"fullUrl": "urn:uuid:b", "resource": {"note": "urn:uuid:a", "for": {"reference": "urn:uuid:a"}}}]
    }
    (entry,) = pointing(part, {"urn:uuid:a": "Patient/7"})["entry"]
    assert entry["resource"] == {"note": "urn:uuid:a", "for": {"reference": "Patient/7"}}
    assert in_parts({"entry": [1, 2]}, None) == [{"entry": [1, 2]}]
    assert updating({"entry": []}) == {"entry": []}


@respx.mock
def test_parts_travel_to_the_base_and_are_repeated_without_a_look_up() -> None:
    payer = endpoint(max_entries=3)
    part = payer.next(Stage.SETTLE, FACTS, [], NOW)
    assert isinstance(part, OutboundMessage)
    respx.post(f"{BASE}/").mock(return_value=httpx.Response(200, content=stored(decode(part.composed))))
    got = payer.deliver(part)
    assert (got.outcome, got.answers) == (Outcome.ACCEPTED, ())
    assert not isinstance(payer.next(Stage.SETTLE, FACTS, [Exchange(part, got)], NOW), Done)
