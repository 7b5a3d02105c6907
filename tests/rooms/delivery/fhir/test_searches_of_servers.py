"""How a server searches is its own affair: what it may have kept from an earlier search, and how it names its pages."""

from __future__ import annotations

from datetime import date
from urllib.parse import urlsplit

import httpx
import pytest
import respx

from adapter.fhir.canonical import encode
from adapter.fhir.identity import CANON
from adapter.model.dates import SystemClock
from adapter.model.messages import OutboundMessage, Outcome, Stage
from adapter.payers.delivery.endpoint import EndpointConfig
from adapter.payers.delivery.endpoints.fhir.endpoint import FhirEndpoint

BASE = "https://bureau.example/fhir"
SENT = OutboundMessage("k", "c", 1, "bureau", "insurance", Stage.SETTLE, "claim-submit", b"{}", "application/json")
EMPTY = encode({"resourceType": "Bundle", "type": "searchset"})
TOTALS = encode(
    {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "count", "valueInteger": 0},
            {"name": "total", "valueMoney": {"value": 0, "currency": "CNY"}},
        ],
    }
)


def endpoint() -> FhirEndpoint:
    return FhirEndpoint(EndpointConfig("bureau", "fhir", BASE), SystemClock())


@respx.mock
def test_a_look_asks_for_what_is_there_now() -> None:
    """An answer kept from before the message arrived would be taken for proof that it never did."""
    asked = respx.get(f"{BASE}/ClaimResponse").mock(return_value=httpx.Response(200, content=EMPTY))
    assert endpoint().lookup(SENT).outcome is Outcome.NOT_SEEN
    assert asked.calls.last.request.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    ("look_up", "request_", "requestor"),
    [
        ("identifier", "request:identifier", "requestor:identifier"),
        ("chained", "request.identifier", "requestor:Organization.identifier"),
    ],
)
@respx.mock
def test_what_is_asked_about_is_named_as_the_server_can_read_it(look_up: str, request_: str, requestor: str) -> None:
    payer = FhirEndpoint(EndpointConfig("bureau", "fhir", BASE, look_up=look_up), SystemClock())
    respx.get(f"{BASE}/Claim/$day-total").mock(return_value=httpx.Response(200, content=TOTALS))
    asked = respx.get(f"{BASE}/ClaimResponse").mock(return_value=httpx.Response(200, content=EMPTY))
    assert payer.lookup(SENT).outcome is Outcome.NOT_SEEN
    assert dict(asked.calls.last.request.url.params) == {request_: f"{CANON}/sid/claim|k"}
    payer.remittance(date(2026, 3, 2), "H1")
    assert dict(asked.calls.last.request.url.params) == {"created": "2026-03-02", requestor: f"{CANON}/sid/facility|H1"}


@pytest.mark.parametrize(
    ("named", "path"),
    [
        (f"{BASE}?_page=2&id=7", "/fhir/"),
        (f"{BASE}/ClaimResponse/$page/2?id=7", "/fhir/ClaimResponse/$page/2"),
        ("http://10.0.0.7:8080/inside?_page=2&id=7", "/fhir/ClaimResponse"),
        ("?_page=2&id=7", "/fhir/ClaimResponse"),
        ("http://10.0.0.7:8080/fhirs/ClaimResponse?id=7", "/fhir/ClaimResponse"),
    ],
)
@respx.mock
def test_a_page_is_fetched_where_the_server_says_and_from_nobody_else(named: str, path: str) -> None:
    first = encode({"resourceType": "Bundle", "link": [{"relation": "next", "url": named}]})
    respx.get(f"{BASE}/Claim/$day-total").mock(return_value=httpx.Response(200, content=TOTALS))
    pages = respx.get(host="bureau.example").mock(
        side_effect=[httpx.Response(200, content=first), httpx.Response(200, content=EMPTY)]
    )
    assert endpoint().remittance(date(2026, 3, 2), "H1").lines == ()
    asked = pages.calls.last.request
    assert (asked.url.host, asked.url.path) == ("bureau.example", path)
    assert asked.url.query.decode() == urlsplit(named).query
    assert asked.headers["cache-control"] == "no-cache"
