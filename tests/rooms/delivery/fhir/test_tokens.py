"""Signing in with OAuth 2.0: a token is asked for once, kept until near its end, renewed once, shown nobody."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
import respx
from joserfc.jwk import ECKey, RSAKey

from adapter.counterparts.smart import TokenDesk, load_clients
from adapter.model.issues import AdapterError
from adapter.model.messages import OutboundMessage, Outcome, Stage
from adapter.payers.delivery.assertion import Signer, load_signer
from adapter.payers.delivery.endpoint import EndpointConfig
from adapter.payers.delivery.endpoints.fhir.endpoint import FhirEndpoint
from adapter.payers.delivery.http import NotSent
from adapter.payers.delivery.tokens import Tokens, as_safe
from adapter.payers.delivery.traffic import Traffic, TrafficRules
from tests.support.office import TestClock
from tests.support.signing_in import CLIENT, SCOPE, clients_file, key_file, signer_of

BASE = "https://insurer.example/fhir"
URL = "https://login.example/token"
CLAIM = f"{BASE}/Claim/$submit"


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    return signer_of(key_file(tmp_path_factory.mktemp("keys")))


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


def tokens(signer: Signer, clock: TestClock, url: str | None = URL, base: str = BASE) -> Tokens:
    return Tokens("insurer", base, signer=signer, scope=SCOPE, clock=clock, token_url=url)


def given(value: str = "t-1", seconds: Any = 300, kind: str = "bearer") -> httpx.Response:
    return httpx.Response(200, json={"access_token": value, "token_type": kind, "expires_in": seconds})


def message() -> OutboundMessage:
    return OutboundMessage(
        "c.v1.insurance.settle", "c", 1, "insurer", "insurance", Stage.SETTLE, "claim-submit", b"{}", "application/json"
    )


def payer(bearer: Tokens, clock: TestClock) -> FhirEndpoint:
    return FhirEndpoint(EndpointConfig("insurer", "fhir", BASE), clock, bearer)


@respx.mock
def test_the_proof_says_what_smart_asks_for(signer: Signer, clock: TestClock) -> None:
    asked = respx.post(URL).mock(side_effect=[given(), given("t-2")])
    bearer = tokens(signer, clock)
    assert bearer.token() == "t-1"
    assert bearer.token(instead_of="t-1") == "t-2"
    forms = [parse_qs(call.request.content.decode()) for call in asked.calls]
    header, claims = (_part(forms[0]["client_assertion"][0], n) for n in (0, 1))
    assert header == {"alg": "ES384", "kid": "k1", "typ": "JWT"}
    assert (claims["iss"], claims["sub"], claims["aud"]) == (CLIENT, CLIENT, URL)
    assert 0 < claims["exp"] - clock.moment.timestamp() <= 300
    assert set(claims) == {"iss", "sub", "aud", "exp", "jti"}
    assert claims["jti"] != _part(forms[1]["client_assertion"][0], 1)["jti"]
    assert (forms[0]["grant_type"], forms[0]["scope"]) == (["client_credentials"], [SCOPE])


def _part(proof: str, number: int) -> Any:
    text = proof.split(".")[number]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


@pytest.mark.parametrize(("alg", "name"), [("ES384", "k.json"), ("RS384", "k.pem"), ("RS384", "k.json")])
def test_the_simulator_takes_the_proof_once(tmp_path: Path, clock: TestClock, alg: Any, name: str) -> None:
    own = signer_of(key_file(tmp_path, alg, name), alg)
    desk = load_clients(clients_file(tmp_path, own.public()))
    desk.now = lambda: clock.moment.timestamp()

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=desk.token(request.content, URL))

    with respx.mock:
        respx.post(URL).mock(side_effect=answer)
        value = tokens(own, clock).token()
    assert isinstance(value, str)
    desk.admit(f"Bearer {value}", "Claim", "c")
    assert "d" not in own.public() and own.public()["kid"] == "k1"


@respx.mock
def test_a_token_serves_until_shortly_before_its_end(signer: Signer, clock: TestClock) -> None:
    asked = respx.post(URL).mock(side_effect=[given(), given("t-2")])
    bearer = tokens(signer, clock)
    bearer.token()
    clock.moment += timedelta(seconds=265)
    assert (bearer.token(), asked.call_count) == ("t-1", 1)
    clock.moment += timedelta(seconds=10)
    assert (bearer.token(), asked.call_count) == ("t-2", 2)


@respx.mock
def test_threads_share_one_token(signer: Signer, clock: TestClock) -> None:
    asked = respx.post(URL).mock(return_value=given())
    bearer, got = tokens(signer, clock), list[Any]()
    threads = [Thread(target=lambda: got.append(bearer.token())) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert (got, asked.call_count) == (["t-1"] * 8, 1)
    assert [bearer.token(instead_of="older") for _ in range(3)] == ["t-1"] * 3, "renewed by somebody else already"


@respx.mock
def test_a_token_that_is_not_taken_is_renewed_once(signer: Signer, clock: TestClock) -> None:
    asked = respx.post(URL).mock(side_effect=[given(), given("t-2"), given("t-3")])
    sent = respx.post(CLAIM).mock(side_effect=[httpx.Response(401), httpx.Response(503), *[httpx.Response(401)] * 2])
    bureau = payer(tokens(signer, clock), clock)
    assert bureau.deliver(message()).outcome is Outcome.UNKNOWN
    assert [call.request.headers["authorization"] for call in sent.calls] == ["Bearer t-1", "Bearer t-2"]
    got = bureau.deliver(message())
    assert (got.outcome, got.sent, got.issues[0].code) == (Outcome.NOT_SEEN, False, "DEL-599")
    assert (asked.call_count, sent.call_count) == (3, 4)


@respx.mock
def test_a_message_is_not_sent_when_its_lease_may_end_first(
    signer: Signer, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = iter([0.0, 11.0, 20.0, 20.1, 31.0])
    monkeypatch.setattr("adapter.payers.delivery.http.monotonic", lambda: next(moments))
    respx.post(URL).mock(side_effect=[given(), given("t-2")])
    sent = respx.post(CLAIM).mock(return_value=httpx.Response(401))
    bureau = payer(tokens(signer, clock), clock)
    for times in (0, 1):
        got = bureau.deliver(message())
        assert (got.outcome, got.sent, got.issues, sent.call_count) == (Outcome.NOT_SEEN, False, (), times)


@respx.mock
def test_a_scope_that_does_not_reach_refuses_no_claim(signer: Signer, clock: TestClock) -> None:
    respx.post(URL).mock(return_value=given())
    challenge = {"WWW-Authenticate": 'Bearer error="insufficient_scope"'}
    respx.post(CLAIM).mock(side_effect=[httpx.Response(403, headers=challenge), httpx.Response(403)])
    bureau = payer(tokens(signer, clock), clock)
    assert [bureau.deliver(message()).outcome for _ in range(2)] == [Outcome.NOT_SEEN, Outcome.REJECTED]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (httpx.Response(401, json={"error": "invalid_client", "error_description": "unknown kid"}), "unknown kid"),
        (httpx.Response(400, json={"error": "invalid_scope"}), "invalid_scope"),
        (httpx.Response(404, content=b"<html>"), "HTTP 404"),
        (httpx.Response(302, headers={"Location": "https://elsewhere.example"}), "HTTP 302"),
        (httpx.Response(200, content=b"<html>"), "no bearer token"),
        (httpx.Response(200, json=["t"]), "no bearer token"),
        (given(kind="mac"), "no bearer token"),
        (given("t\r\nX-Evil: 1"), "no bearer token"),
        (given(seconds=0), "no time"),
        (given(seconds="soon"), "no time"),
    ],
)
@respx.mock
def test_a_refused_token_is_an_issue_and_nothing_is_sent(
    signer: Signer, clock: TestClock, answer: httpx.Response, words: str
) -> None:
    asked, sent = respx.post(URL).mock(return_value=answer), respx.post(CLAIM)
    bureau = payer(tokens(signer, clock), clock)
    got = bureau.deliver(message())
    assert (got.outcome, got.sent, [each.code for each in got.issues]) == (Outcome.NOT_SEEN, False, ["DEL-598"])
    assert words in got.issues[0].en and got.issues[0].pointer == "endpoints.insurer.oauth"
    assert (bureau.lookup(message()).outcome, bureau.lookup(message()).issues) == (Outcome.UNKNOWN, got.issues)
    assert (asked.call_count, sent.call_count) == (1, 0), "left alone for a while"
    clock.moment += timedelta(seconds=6)
    bureau.deliver(message())
    assert asked.call_count == 2
    with pytest.raises(AdapterError) as caught:
        bureau.remittance(clock.moment.date(), "H1")
    assert [each.code for each in caught.value.issues] == ["DEL-504", "DEL-598"]


@pytest.mark.parametrize(
    ("answer", "wait"),
    [
        (httpx.ConnectError("no"), None),
        (httpx.ReadTimeout("no"), None),
        (httpx.Response(503, headers={"Retry-After": "40"}), 40),
        (httpx.Response(429), None),
    ],
)
@respx.mock
def test_a_token_endpoint_that_is_down_is_an_endpoint_that_is_down(
    signer: Signer, clock: TestClock, answer: Any, wait: int | None
) -> None:
    respx.post(URL).mock(side_effect=[answer, given()])
    respx.post(CLAIM).mock(return_value=httpx.Response(503))
    bureau = payer(tokens(signer, clock), clock)
    got = bureau.deliver(message())
    assert (got.outcome, got.sent, got.issues, got.retry_after) == (Outcome.NOT_SEEN, False, (), wait)
    line = Traffic({"insurer": TrafficRules(breaker_failures=1)})
    closed = line.heard("insurer", got, clock.now())
    assert closed is not None
    assert closed.why == ("breaker" if wait is None else "asked-to-wait"), "silence opens the breaker"
    clock.moment += timedelta(seconds=(wait or 5) + 1)
    assert bureau.deliver(message()).outcome is Outcome.UNKNOWN


@respx.mock
def test_the_token_endpoint_is_found_and_found_again(signer: Signer, clock: TestClock) -> None:
    places = [{"token_endpoint": URL}, {"token_endpoint": f"{URL}2"}]
    found = respx.get(f"{BASE}/.well-known/smart-configuration").mock(
        side_effect=[httpx.Response(200, json=each) for each in places]
    )
    respx.post(URL).mock(side_effect=[given(), given("t-2"), httpx.Response(404)])
    respx.post(f"{URL}2").mock(return_value=given("t-3"))
    bearer = tokens(signer, clock, url=None)
    assert [bearer.token(), bearer.token(instead_of="t-1"), found.call_count] == ["t-1", "t-2", 1]
    assert isinstance(bearer.token(instead_of="t-2"), NotSent)
    clock.moment += timedelta(seconds=6)
    assert (bearer.token(), found.call_count) == ("t-3", 2)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(404),
        httpx.Response(200, json={}),
        httpx.Response(200, json={"token_endpoint": "http://login.example/token"}),
        httpx.Response(200, json={"token_endpoint": "/token"}),
    ],
)
@respx.mock
def test_a_token_endpoint_that_cannot_be_found_or_trusted(
    signer: Signer, clock: TestClock, answer: httpx.Response
) -> None:
    respx.get(f"{BASE}/.well-known/smart-configuration").mock(return_value=answer)
    got = tokens(signer, clock, url=None).token()
    assert isinstance(got, NotSent) and [each.code for each in got.issues] == ["DEL-598"]


@respx.mock
def test_nobody_sees_a_token_or_a_proof(
    signer: Signer, clock: TestClock, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    proofs = list[str]()

    def answer(request: httpx.Request) -> httpx.Response:
        proofs.append(parse_qs(request.content.decode())["client_assertion"][0])
        if len(proofs) == 1:
            return given("secret-token-0123456789")
        return httpx.Response(400, json={"error": "invalid_client", "error_description": f"bad: {proofs[-1]}"})

    respx.post(URL).mock(side_effect=answer)
    respx.post(CLAIM).mock(side_effect=lambda request: httpx.Response(500, content=str(request.headers)))
    bearer = tokens(signer, clock)
    bureau = payer(bearer, clock)
    kept = [bureau.deliver(message())]
    clock.moment += timedelta(seconds=400)
    kept.append(bureau.deliver(message()))
    shown = f"{kept} {bearer!r} {bureau!r} {bearer._held!r} {capsys.readouterr()} {caplog.text}"
    assert "DEL-598" in shown
    assert [secret for secret in ("secret-token", *proofs, proofs[1].split(".")[2]) if secret in shown] == []


@pytest.mark.parametrize(
    ("url", "base", "safe"),
    [
        (URL, BASE, True),
        ("http://login.example/token", BASE, False),
        ("http://127.0.0.1:1/token", "http://127.0.0.1:1/fhir", True),
        (URL, "http://127.0.0.1:1/fhir", True),
        ("https:///token", BASE, False),
        ("ftp://x/token", "http://x", False),
    ],
)
def test_a_proof_goes_only_where_it_is_as_safe(url: str, base: str, safe: bool) -> None:
    assert as_safe(url, base) is safe


@pytest.mark.filterwarnings("ignore:Key size")
def test_keys_that_cannot_be_used(tmp_path: Path) -> None:
    wrong = {
        "RS384": [RSAKey.generate_key(1024).as_pem(private=True), ECKey.generate_key("P-384").as_pem(private=True)],
        "ES384": [
            ECKey.generate_key("P-256").as_pem(private=True),
            ECKey.generate_key("P-384").as_pem(private=False),
            ECKey.generate_key("P-384").as_pem(private=True, password="x"),
            b'{"kty": "EC"}',
            b"\xff",
            b"",
        ],
    }
    file = tmp_path / "key"
    for alg, contents in wrong.items():
        for content in contents:
            file.write_bytes(content)
            with pytest.raises(AdapterError) as caught:
                load_signer("p", client_id="c", key=file, kid=None, alg=alg)
            assert [each.code for each in caught.value.issues] == ["CFG-750"]
    with pytest.raises(AdapterError):
        load_signer("p", client_id="c", key=tmp_path / "none", kid=None, alg="ES384")


def test_a_key_that_nobody_named_is_named_by_its_thumbprint(tmp_path: Path) -> None:
    file = key_file(tmp_path)
    own = load_signer("p", client_id="c", key=file, kid=None, alg="ES384")
    again = load_signer("p", client_id="c", key=file, kid=None, alg="ES384")
    assert own.public() == again.public() and len(str(own.public()["kid"])) == 43
    assert isinstance(load_clients(clients_file(tmp_path, own.public())), TokenDesk)


@respx.mock
def test_a_token_endpoint_that_asked_to_wait_is_not_waited_for_longer_by_those_who_come_later(
    signer: Signer, clock: TestClock
) -> None:
    respx.post(URL).mock(return_value=httpx.Response(503, headers={"Retry-After": "40"}))
    bureau = payer(tokens(signer, clock), clock)
    assert bureau.deliver(message()).leave_alone == 40
    clock.moment += timedelta(seconds=30)
    assert bureau.deliver(message()).leave_alone == 10
