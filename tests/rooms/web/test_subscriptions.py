"""Subscriptions over HTTP: made, told by the service's own worker, changed, deleted, and true to what is claimed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from lxml import etree

from adapter.fhir.canonical import decode
from adapter.fhir.validation import validate
from adapter.fhir.xml_in import resource_of
from adapter.fhir.xml_out import xml_of
from tests.support.service import EXPORT, Running, serving, settings_for
from tests.support.subscriber import Receiver, receiving


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, receiver: Receiver) -> Iterator[Running]:
    settings = settings_for(tmp_path_factory.mktemp("subscribed"), subscriptions={"addresses": (receiver.base,)})
    with serving(settings) as running:
        yield running


def wanted(receiver: Receiver, criteria: str, **more: Any) -> dict[str, Any]:
    channel = {"type": "rest-hook", "endpoint": f"{receiver.base}/hook", "payload": "application/fhir+json"}
    given = {"status": "requested", "reason": "test", "criteria": criteria, "channel": channel}
    return {"resourceType": "Subscription", **given, **more}


def until(met: Callable[[], bool], seconds: float = 15) -> None:
    end = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.02)


def code_of(answer: httpx.Response) -> str:
    outcome = decode(answer.content)
    assert outcome["resourceType"] == "OperationOutcome"
    return str(outcome["issue"][0]["details"]["coding"][0]["code"])


def test_a_subscriber_hears_of_an_export_that_comes_in(service: Running, receiver: Receiver) -> None:
    made = service.http.post("/fhir/Subscription", json=wanted(receiver, "Encounter"))
    assert made.status_code == 201 and made.headers["etag"] == 'W/"1"'
    resource = decode(made.content)
    place = f"/fhir/Subscription/{resource['id']}"
    assert made.headers["location"] == f"{service.base}{place}/_history/1"
    assert validate([resource]) == []
    until(lambda: decode(service.http.get(place).content)["status"] == "active")
    assert service.take_in(EXPORT).status_code == 200
    found = decode(service.http.get("/fhir/Encounter?_count=1000").content)
    ids = {each["resource"]["id"] for each in found["entry"]}
    until(lambda: {each.path.rpartition("/")[2] for each in receiver.told()} == ids)
    assert len(receiver.told()) == len(ids)
    told = decode(receiver.told()[0].body)
    assert told == decode(service.http.get(f"/fhir/Encounter/{told['id']}").content)
    marked = etree.fromstring(service.http.get(place, headers={"Accept": "application/fhir+xml"}).content)
    assert resource_of(marked)["status"] == "active"
    assert decode(service.http.get("/fhir/Subscription?status=active").content)["entry"][0]["resource"]["id"]


def test_it_is_changed_and_deleted(service: Running, receiver: Receiver) -> None:
    off = wanted(receiver, "Account", id="mine", status="off")
    marked = {"Content-Type": "application/fhir+xml", "Accept": "application/fhir+xml"}
    made = service.http.put("/fhir/Subscription/mine", content=xml_of(off), headers=marked)
    assert made.status_code == 201 and resource_of(etree.fromstring(made.content))["status"] == "off"
    again = service.http.put("/fhir/Subscription/mine", json={**off, "criteria": "Account?status=active"})
    assert (again.status_code, again.headers["etag"]) == (200, 'W/"2"')
    stale = service.http.put("/fhir/Subscription/mine", json=off, headers={"If-Match": 'W/"1"'})
    assert (stale.status_code, code_of(stale)) == (412, "FHIR-287")
    assert service.http.put("/fhir/Subscription/mine", json=off, headers={"If-Match": 'W/"2"'}).status_code == 200
    assert service.http.delete("/fhir/Subscription/mine").status_code == 204
    assert service.http.get("/fhir/Subscription/mine").status_code == 410
    gone = service.http.delete("/fhir/Subscription/mine")
    assert (gone.status_code, code_of(gone)) == (404, "CASE-465")


def test_made_twice_under_one_key_it_is_one_and_answered_alike(service: Running, receiver: Receiver) -> None:
    key, off = {"Idempotency-Key": "sub-1"}, wanted(receiver, "Account", status="off")
    first, again = (service.http.post("/fhir/Subscription", json=off, headers=key) for _ in range(2))
    assert again.headers["idempotent-replayed"] == "true" and first.status_code == again.status_code == 201
    belonging = ("location", "etag", "last-modified", "vary", "content-type", "content-length")
    assert {name: again.headers[name] for name in belonging} == {name: first.headers[name] for name in belonging}
    assert again.content == first.content


@pytest.mark.parametrize(
    ("method", "place", "body", "status", "code"),
    [
        ("POST", "Subscription", {"resourceType": "Patient"}, 400, "API-882"),
        ("PUT", "Subscription/a", {"id": "b"}, 400, "API-882"),
        ("POST", "Subscription", {"channel": {"type": "rest-hook", "endpoint": "http://10.0.0.1/"}}, 422, "CASE-461"),
        ("POST", "Subscription", {"reason": None}, 422, "FHIR-111"),
    ],
)
def test_what_is_wrong_is_said(
    service: Running, receiver: Receiver, method: str, place: str, body: dict[str, Any], status: int, code: str
) -> None:
    resource = {name: value for name, value in (wanted(receiver, "Account") | body).items() if value is not None}
    answer = service.http.request(method, f"/fhir/{place}", json=resource)
    assert (answer.status_code, code_of(answer)) == (status, code)


def test_criteria_do_not_name_this_service_itself(service: Running, receiver: Receiver) -> None:
    named = wanted(receiver, f"Account?patient={service.base}/fhir/Patient/1")
    refused = service.http.post("/fhir/Subscription", json=named)
    assert (refused.status_code, code_of(refused)) == (422, "CASE-464")
    there = wanted(receiver, "Account?patient=http://elsewhere.example/fhir/Patient/1", status="off")
    assert service.http.post("/fhir/Subscription", json=there).status_code == 201


def test_without_a_token_of_the_settings_nothing_is_exported(service: Running) -> None:
    answer = service.http.get("/fhir/$export", headers={"Prefer": "respond-async"})
    assert (answer.status_code, code_of(answer)) == (403, "API-885")


def test_the_statement_says_so(service: Running) -> None:
    listed = decode(service.http.get("/fhir/metadata").content)["rest"][0]["resource"]
    (mine,) = [each for each in listed if each["type"] == "Subscription"]
    assert {"create", "update", "delete", "read"} <= {each["code"] for each in mine["interaction"]}
