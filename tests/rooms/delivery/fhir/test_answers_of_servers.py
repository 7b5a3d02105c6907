"""What a server says beside the answer: OperationOutcome, Retry-After, and whom it lets in (mutual TLS)."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest
import respx

from adapter.fhir.canonical import encode
from adapter.model.dates import SystemClock
from adapter.model.issues import AdapterError, Severity
from adapter.model.messages import OutboundMessage, Outcome, Stage
from adapter.payers.delivery.endpoint import EndpointConfig
from adapter.payers.delivery.endpoints.fhir.endpoint import FhirEndpoint
from adapter.payers.delivery.endpoints.fhir.outcome import outcome_issues
from adapter.payers.delivery.http import Answered, Wire, mutual_tls
from adapter.payers.delivery.retry import RetryPolicy, needs_person, next_attempt
from tests.support.signing_in import Papers, papers_for

BASE = "https://bureau.example/fhir"
OUTCOME = encode(
    {
        "resourceType": "OperationOutcome",
        "issue": [
            {
                "severity": "error",
                "code": "required",
                "expression": ["Claim.insurance[0]"],
                "diagnostics": "insurance is missing",
            },
            {"severity": "fatal", "code": "security", "details": {"text": "no such account"}},
            {"severity": "warning", "code": "business-rule", "details": {"coding": [{"code": "B-17"}]}},
            {"code": 7},
        ],
    }
)
SAYS = {"date": "Mon, 02 Mar 2026 01:00:00 GMT"}


def message() -> OutboundMessage:
    return OutboundMessage(
        "c.v1.insurance.settle", "c", 1, "bureau", "insurance", Stage.SETTLE, "claim-submit", b"{}", "application/json"
    )


@respx.mock
def test_a_refusal_is_told_issue_by_issue() -> None:
    respx.post(f"{BASE}/Claim/$submit").mock(return_value=httpx.Response(422, content=OUTCOME))
    got = FhirEndpoint(EndpointConfig("bureau", "fhir", BASE), SystemClock()).deliver(message())
    assert got.outcome is Outcome.REJECTED
    assert [each.code for each in got.issues] == ["DEL-501", *["DEL-610"] * 4]
    first, second, third, fourth = got.issues[1:]
    assert (first.severity, first.pointer) == (Severity.ERROR, "c.v1.insurance.settle/Claim.insurance[0]")
    assert "required" in first.en
    assert "insurance is missing" in first.zh
    assert "account" in second.hint_en
    assert "B-17" in third.en
    assert third.severity is Severity.WARNING
    assert fourth.severity is Severity.ERROR


@respx.mock
def test_what_a_busy_server_calls_fatal_does_not_stop_our_retries() -> None:
    respx.post(f"{BASE}/Claim/$submit").mock(return_value=httpx.Response(503, content=OUTCOME, headers={}))
    got = FhirEndpoint(EndpointConfig("bureau", "fhir", BASE), SystemClock()).deliver(message())
    assert got.outcome is Outcome.UNKNOWN
    assert {each.severity for each in got.issues} == {Severity.WARNING}
    assert not needs_person(got, 1, RetryPolicy())


@respx.mock
def test_what_a_server_asks_us_to_wait_is_waited() -> None:
    said = {"Retry-After": "Mon, 02 Mar 2026 01:10:00 GMT", "Date": "Mon, 02 Mar 2026 01:00:00 GMT"}
    respx.post(f"{BASE}/Claim/$submit").mock(return_value=httpx.Response(429, headers=said))
    got = FhirEndpoint(EndpointConfig("bureau", "fhir", BASE), SystemClock()).deliver(message())
    assert (got.outcome, got.retry_after) == (Outcome.UNKNOWN, 600)
    now = SystemClock().now()
    assert next_attempt("k", got, 1, RetryPolicy(), now) == now + timedelta(seconds=600)


@respx.mock
def test_a_closed_door_refuses_no_claim() -> None:
    respx.post(f"{BASE}/Claim/$submit").mock(
        return_value=httpx.Response(401, content=OUTCOME, headers={"WWW-Authenticate": "Bearer realm=x"})
    )
    respx.get(f"{BASE}/ClaimResponse").mock(return_value=httpx.Response(401))
    payer = FhirEndpoint(EndpointConfig("bureau", "fhir", BASE, token="old"), SystemClock())
    got = payer.deliver(message())
    assert (got.outcome, got.sent, got.issues[0].code) == (Outcome.NOT_SEEN, False, "DEL-599")
    assert not needs_person(got, 1, RetryPolicy()) and needs_person(got, 12, RetryPolicy())
    assert (payer.lookup(message()).outcome, payer.lookup(message()).issues[0].code) == (Outcome.UNKNOWN, "DEL-599")


@pytest.mark.parametrize("body", [b"", b"{}", b"<html/>", b"[]", b'{"resourceType":"OperationOutcome","issue":"x"}'])
def test_what_is_no_outcome_says_nothing(body: bytes) -> None:
    assert outcome_issues(body, "k") == ()


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "120"}, 120),
        ({"retry-after": "Mon, 02 Mar 2026 01:02:00 GMT", **SAYS}, 120),
        ({"retry-after": "Mon, 02 Mar 2026 00:59:00 GMT", **SAYS}, 0),
        ({"retry-after": "Mon, 02 Mar 2026 01:02:00 GMT"}, None),
        ({"retry-after": "999999999999"}, 86_400),
        ({"retry-after": "Fri, 02 Mar 2029 01:02:00 GMT", **SAYS}, 86_400),
        ({"retry-after": "soon", **SAYS}, None),
        ({"retry-after": "-5"}, None),
        ({}, None),
    ],
)
def test_retry_after_in_both_forms(headers: dict[str, str], seconds: int | None) -> None:
    assert Answered(503, b"", headers).retry_after == seconds


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    """A self-signed certificate and its key for each side, and of a stranger."""
    return papers_for(tmp_path_factory.mktemp("tls"), "server", "hospital", "stranger")


@pytest.fixture
def guarded(papers: Papers) -> Iterator[str]:
    """A server that lets nobody in but the hospital."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*papers["server"])
    context.load_verify_locations(papers["hospital"][0])
    context.verify_mode = ssl.CERT_REQUIRED
    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"https://localhost:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(("who", "let_in"), [("hospital", True), ("stranger", False), (None, False)])
def test_mutual_tls(
    guarded: str, papers: Papers, monkeypatch: pytest.MonkeyPatch, who: str | None, let_in: bool
) -> None:
    monkeypatch.setenv("NO_PROXY", "localhost")
    cert, key = papers[who] if who else (None, None)
    wire = Wire(guarded, timeout=5, tls=mutual_tls("endpoints.x", cert=cert, key=key, ca=papers["server"][0]))
    assert isinstance(wire.request("GET", "/"), Answered) is let_in
    wire.close()


def test_a_server_that_we_do_not_trust_hears_nothing(
    guarded: str, papers: Papers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "localhost")
    cert, key = papers["hospital"]
    wire = Wire(guarded, timeout=5, tls=mutual_tls("endpoints.x", cert=cert, key=key, ca=papers["stranger"][0]))
    assert not isinstance(wire.request("GET", "/"), Answered)
    wire.close()


def test_certificates_that_cannot_be_used(papers: Papers, tmp_path: Path) -> None:
    cert, key = papers["hospital"]
    wrong: list[tuple[Path | None, Path, Path | None]] = [
        (cert, papers["stranger"][1], None),
        (tmp_path / "none.pem", key, None),
        (None, key, None),
    ]
    wrong.append((cert, key, tmp_path / "none.pem"))
    for mine, its, ca in wrong:
        with pytest.raises(AdapterError) as caught:
            mutual_tls("endpoints.x", cert=mine, key=its, ca=ca)
        assert caught.value.issues[0].code == "CFG-746"
    assert mutual_tls("endpoints.x", cert=None, key=None, ca=None) is None
