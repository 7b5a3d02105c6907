"""Nothing personal in URLs, headers, logs and names of files; bodies with no more than the protocol needs; test

profiles to simulators only; composing says nothing to anybody.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote

import httpx
import pytest
import respx
from structlog.testing import capture_logs

from adapter.model.issues import AdapterError
from adapter.model.messages import OutboundMessage, Outcome, Stage
from adapter.payers.delivery.endpoint import EndpointConfig
from adapter.payers.delivery.endpoints.nhsa.endpoint import NhsaEndpoint
from tests.promises.counters import Counters, close, endpoint_to, facts_for
from tests.promises.subjects import CAN, ON_THE_WIRE, SECRETS, Fhir, Subject
from tests.support import nhsa
from tests.support.nhsa import HOSPITAL, KEYS
from tests.support.office import TestClock, case_id, codes

pytestmark = pytest.mark.slow


@contextmanager
def overheard(caplog: pytest.LogCaptureFixture) -> Iterator[tuple[list[httpx.Request], list[str]]]:
    """Every request that goes out, and every line of every log."""
    requests: list[httpx.Request] = []
    lines: list[str] = []
    with caplog.at_level(logging.DEBUG), capture_logs() as events, respx.mock(assert_all_called=False) as wire:
        wire.route().pass_through()
        yield requests, lines
        requests += [call.request for call in wire.calls]
        lines += [str(event) for event in events] + [record.getMessage() for record in caplog.records]


def whole_stay(subject: Subject) -> None:
    """Everything that is ever said of a stay, with a look at each."""
    for stage in (Stage.ELIGIBILITY, Stage.TRIAL, Stage.SETTLE, Stage.REVERSE):
        subject.through(stage)
        if stage in (Stage.SETTLE, Stage.REVERSE):
            subject.endpoint.lookup(subject.message(stage))
    if subject.can.lists == "yes":
        subject.endpoint.remittance(subject.facts.settlement.on, subject.facts.claim.stay.facility.code)


@pytest.mark.parametrize("name", ON_THE_WIRE)
def test_urls_headers_and_logs_hold_nothing_personal_and_bodies_only_what_is_needed(
    name: str, counters: Counters, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with counters.subject(name, tmp_path) as subject, overheard(caplog) as (requests, lines):
        assert isinstance(subject, Fhir)
        whole_stay(subject)
        subject.process.script({"match": {"times": 0}, "do": "drop-before"})
        subject.endpoint.lookup(subject.message(Stage.SETTLE))
        subject.process.script()
        breaches = subject.process.state().get("least_data_breaches", {})
    ours = [request for request in requests if "/control/" not in request.url.path]
    assert len(ours) >= 7
    assert breaches == {}
    for secret in SECRETS:
        assert not [line for line in lines if secret in line]
        assert not [r for r in ours if secret in unquote(str(r.url)) or secret in str(r.headers.raw)]
        if secret not in CAN[name].needs:
            assert not [request.url for request in ours if secret.encode() in request.content]


def test_names_of_files_hold_nothing_personal_and_files_only_what_is_needed(counters: Counters, tmp_path: Path) -> None:
    with counters.subject("folder", tmp_path) as subject:
        whole_stay(subject)
    files = [path for path in (tmp_path / "bureau").rglob("*") if path.is_file()]
    assert len(files) >= 7
    for secret in (*SECRETS, case_id("300010004"), "300010004"):
        assert not [path.name for path in files if secret in path.name]
    for secret in set(SECRETS) - set(CAN["folder"].needs):
        assert not [path.name for path in files if secret.encode() in path.read_bytes()]


def test_a_token_travels_in_its_header_only(counters: Counters, tmp_path: Path) -> None:
    with counters.subject("fhir bureau", tmp_path) as subject:
        assert isinstance(subject, Fhir)
        config = EndpointConfig("bureau", "fhir", subject.process.fhir, simulator=True, token="not-a-real-token")
        endpoint = type(subject.endpoint)(config, TestClock())  # type: ignore[call-arg]
        with respx.mock(assert_all_called=False) as wire:
            wire.route().pass_through()
            endpoint.deliver(subject.message(Stage.SETTLE))
            request = wire.calls.last.request
    assert request.headers["authorization"] == "Bearer not-a-real-token"
    assert b"not-a-real-token" not in request.content
    assert "not-a-real-token" not in str(request.url)


def test_a_password_travels_in_its_message_only(
    counters: Counters, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with counters.subject("aid-xml", tmp_path) as subject, overheard(caplog) as (requests, lines):
        whole_stay(subject)
    carrying = {str(r.headers.get("SOAPAction")) for r in requests if b"not-a-real-password" in r.content}
    assert carrying == {'"urn:login"'}
    assert "not-a-real-password" not in str([r.url for r in requests]) + str(lines) + repr(subject.said)


@pytest.mark.parametrize("name", [*ON_THE_WIRE, "folder"])
def test_a_test_profile_goes_to_simulators_only(name: str) -> None:
    facts = facts_for(name)
    assert facts.test_profile
    endpoint = endpoint_to(name, "http://127.0.0.1:9/there", simulator=False)
    for stage in (Stage.ELIGIBILITY, Stage.TRIAL, Stage.SETTLE, Stage.REVERSE):
        with pytest.raises(AdapterError) as caught:
            endpoint.next(stage, facts, (), datetime.now(UTC))
        assert codes(caught.value) == ["DEL-503"]
    close(endpoint)


@pytest.mark.parametrize("region", ["test_inland", "test_coastal"])
def test_a_test_region_goes_to_simulators_only(region: str) -> None:
    config = EndpointConfig("bureau", "nhsa", "http://127.0.0.1:9/there")
    with pytest.raises(AdapterError) as caught:
        NhsaEndpoint(config, TestClock(), dialect=nhsa.dialect(region), hospital=HOSPITAL, keys=KEYS)
    assert codes(caught.value) == ["DEL-554"]


def test_composing_is_pure(subject: Subject) -> None:
    """The same facts at the same moment give the same bytes; nothing goes out."""
    at = datetime(2021, 5, 17, 4, 0, tzinfo=UTC)
    for stage in (Stage.TRIAL, Stage.SETTLE, Stage.REVERSE):
        subject.prepare(stage)
        settled, said = subject.settled(), len(subject.said)
        first, second = (subject.next(stage, at=at) for _ in range(2))
        assert first == second
        assert isinstance(first, OutboundMessage)
        assert first.key.startswith(f"{case_id('300010004')}.v1.{subject.facts.call}.{stage}")
        assert (subject.settled(), len(subject.said)) == (settled, said)
        assert subject.endpoint.lookup(first).outcome is not Outcome.ACCEPTED
