"""The way back by webhook: signed, taken or refused or not known, and never followed elsewhere."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx

from adapter.model.messages import Outcome, Receipt
from adapter.model.notice import WebhookForm
from adapter.payers.delivery.endpoints.his.webhook import Webhook
from tests.support.way_back import SECRET, SECRET_ENV, Receiver, clock, message, notice, receiver, secrets_of

AT = "https://his.example/back"
FORM = WebhookForm(AT, SECRET_ENV, timeout=1)
SECRETS = {SECRET_ENV: SECRET, "ADAPTER_BACK_TOKEN": "a-token"}


def webhook(form: WebhookForm = FORM, secrets: dict[str, str] | None = None) -> Webhook:
    return Webhook("his:qingshi_county", form, clock(), secrets_of(SECRETS if secrets is None else secrets))


def answered(status: int, **more: Any) -> Receipt:
    with respx.mock as wire:
        wire.post(AT).respond(status, **more)
        return webhook().deliver(message(FORM))


@pytest.fixture
def his(tmp_path: Path) -> Iterator[Receiver]:
    with receiver(tmp_path) as running:
        yield running


def test_what_is_sent_is_what_was_composed_and_signed() -> None:
    with respx.mock as wire:
        route = wire.post(AT).respond(202, text="ok")
        receipt = webhook(WebhookForm(AT, SECRET_ENV, token_env="ADAPTER_BACK_TOKEN")).deliver(message(FORM))
    request = route.calls.last.request
    assert (receipt.outcome, receipt.reference, receipt.body) == (Outcome.ACCEPTED, "HTTP 202", b"ok")
    assert request.content == message(FORM).composed
    assert request.headers["idempotency-key"] == notice().key
    assert request.headers["content-type"].startswith("application/json")
    assert request.headers["authorization"] == "Bearer a-token"
    assert verified(request.headers["adapter-signature"], request.content, SECRET)
    assert not verified(request.headers["adapter-signature"], request.content + b" ", SECRET)
    assert SECRET not in str(request.headers.raw) + str(request.url)


def verified(header: str, body: bytes, secret: str) -> bool:
    """As docs/way-back.md tells a receiver to do it."""
    parts = dict(part.split("=", 1) for part in header.split(","))
    wanted = hmac.new(secret.encode(), parts["t"].encode() + b"." + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(wanted, parts["v1"]) and int(parts["t"]) == int(clock().now().timestamp())


def test_a_key_that_is_no_header_is_written_as_one() -> None:
    odd = message(FORM)
    with respx.mock as wire:
        route = wire.post(AT).respond(200)
        webhook().deliver(replace(odd, key="源\r\nx-evil: 1"))
    assert route.calls.last.request.headers["idempotency-key"] == "%E6%BA%90%0D%0Ax-evil:%201"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410, 413, 422])
def test_a_refusal_waits_for_a_person(status: int) -> None:
    receipt = answered(status, json={"code": "E12", "message": "stay 202100011 of 测试丁甲乙丙丁 is locked"})
    assert receipt.outcome is Outcome.REJECTED
    (issue,) = receipt.issues
    assert issue.code == "DEL-520" and str(status) in issue.en and "locked" in issue.en and "E12" in issue.en
    assert "202100011" not in str(issue) and "测试丁" not in str(issue)
    assert b"202100011" in receipt.body, "the whole answer is kept"


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 504])
def test_what_speaks_of_the_moment_goes_out_again(status: int) -> None:
    receipt = answered(status, headers={"Retry-After": "7"})
    assert (receipt.outcome, receipt.retry_after) == (Outcome.UNKNOWN, 7)
    assert [issue.code for issue in receipt.issues] == ["DEL-521"]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    with respx.mock(assert_all_called=False) as wire:
        wire.post(AT).respond(status, headers={"Location": "https://elsewhere.example/"})
        elsewhere = wire.route(host="elsewhere.example").respond(200)
        receipt = webhook().deliver(message(FORM))
    assert not elsewhere.called
    assert receipt.outcome is Outcome.UNKNOWN
    assert [issue.code for issue in receipt.issues] == ["DEL-523"]


@pytest.mark.parametrize(
    ("error", "outcome", "sent"),
    [
        (httpx.ConnectError, Outcome.NOT_SEEN, False),
        (httpx.ConnectTimeout, Outcome.NOT_SEEN, False),
        (httpx.ReadTimeout, Outcome.UNKNOWN, True),
        (httpx.RemoteProtocolError, Outcome.UNKNOWN, True),
    ],
)
def test_a_broken_wire_is_said_and_not_raised(error: type[httpx.HTTPError], outcome: Outcome, sent: bool) -> None:
    with respx.mock as wire:
        wire.post(AT).mock(side_effect=error)
        receipt = webhook().deliver(message(FORM))
    assert (receipt.outcome, receipt.sent) == (outcome, sent)
    assert [issue.code for issue in receipt.issues] == ["DEL-521"]


@pytest.mark.parametrize("secrets", [{}, {SECRET_ENV: ""}])
def test_without_its_secret_nothing_is_sent(secrets: dict[str, str]) -> None:
    with respx.mock(assert_all_called=False) as wire:
        route = wire.post(AT).respond(200)
        receipt = webhook(secrets=secrets).deliver(message(FORM))
    assert not route.called
    assert (receipt.outcome, receipt.sent) == (Outcome.NOT_SEEN, False)
    assert [issue.code for issue in receipt.issues] == ["DEL-522"]
    assert SECRET_ENV in receipt.issues[0].en


def test_the_certificate_file_must_be_one(tmp_path: Path) -> None:
    receipt = webhook(WebhookForm(AT, SECRET_ENV, ca=str(tmp_path / "none.pem"))).deliver(message(FORM))
    assert receipt.outcome is Outcome.NOT_SEEN
    assert [issue.code for issue in receipt.issues] == ["DEL-528"]


def test_patience_grows_while_nobody_answers_and_ends_with_an_answer() -> None:
    endpoint = webhook()
    with respx.mock as wire:
        wire.post(AT).mock(side_effect=httpx.ConnectError)
        waits = [endpoint.deliver(message(FORM)).retry_after for _ in range(12)]
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]
    with respx.mock as wire:
        wire.post(AT).respond(200)
        assert endpoint.deliver(message(FORM)).retry_after is None
        wire.post(AT).mock(side_effect=httpx.ConnectError)
        assert endpoint.deliver(message(FORM)).retry_after == 1


def test_a_real_receiver_hears_it_and_a_hanging_one_is_left(his: Receiver) -> None:
    form = WebhookForm(his.url, SECRET_ENV, timeout=1)
    endpoint = webhook(form)
    his.script("hang", "drop-before", "drop-after", 200)
    outcomes = [endpoint.deliver(message(form)).outcome for _ in range(4)]
    assert outcomes == [Outcome.UNKNOWN, Outcome.UNKNOWN, Outcome.UNKNOWN, Outcome.ACCEPTED]
    assert len(his.heard()) == 2, "one was taken though its answer was lost"
    assert [each["key"] for each in his.taken()] == [notice().key]
    assert json.loads(message(form).composed) == his.taken()[0]
    endpoint.close()


def test_an_endless_answer_is_cut() -> None:
    with respx.mock as wire:
        wire.post(AT).respond(200, content=b"x" * (1 << 20))
        receipt = webhook().deliver(message(FORM))
    assert receipt.outcome is Outcome.ACCEPTED
    assert len(receipt.body) == 64 * 1024


def test_a_his_is_asked_for_nothing() -> None:
    endpoint = webhook()
    assert endpoint.lookup(message(FORM)).outcome is Outcome.UNKNOWN
    assert not endpoint.lookup(message(FORM)).sent
