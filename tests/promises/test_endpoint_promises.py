"""What every endpoint keeps, real and fake alike: one effect, honest answers, equal and opposite, nothing personal.

The real ones are the FHIR endpoint over HTTP against both simulators, each once minding claim keys and once ignoring
them. The facts are those of a real stay, as the office composes them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import unquote

import pytest
import respx

from adapter.model.call import CallFacts
from adapter.model.dates import SystemClock
from adapter.model.issues import AdapterError
from adapter.model.messages import OutboundMessage, Outcome, Receipt, Remittance, Stage
from adapter.model.money import Money
from adapter.model.settlement import Payer, PayerAnswer
from adapter.payers.delivery.endpoint import Done, Endpoint, EndpointConfig, Exchange, deliver_safely
from adapter.payers.delivery.endpoints.fhir.endpoint import FhirEndpoint
from tests.support.counterparts import Counterpart, counterpart
from tests.support.office import FACILITY, TestClock, case_id, office, settle_case, take_in
from tests.support.payers import FakePayer, fake_payers

pytestmark = pytest.mark.slow

STAY = "300010004"
#: Of this person; none of it may stand in a URL or a header, and the last three in no message at all.
SECRETS = ("T00000004", "1983-01-25", "88004", "测试丁", "999999198301250084", "13800000004")
NEVER_SENT = SECRETS[3:]
REAL = ["bureau", "bureau that ignores keys", "aid", "aid that ignores keys"]
NAMES = [*REAL, "fake bureau", "fake aid"]
on_the_wire = pytest.mark.parametrize("subject", ["bureau", "aid"], indirect=True)


@dataclass
class Subject:
    """One endpoint under test, the facts of its call, and a way to count what it has done."""

    endpoint: Endpoint
    facts: CallFacts
    process: Counterpart | None

    def settled(self) -> int:
        """Settlements that stand."""
        if self.process is not None:
            return int(self.process.state()["settled"])
        assert isinstance(self.endpoint, FakePayer)
        return len(self.endpoint.settled())

    def message(self, stage: Stage) -> OutboundMessage:
        """The first message of a stage."""
        found = self.endpoint.next(stage, self.facts, (), datetime.now(UTC))
        assert isinstance(found, OutboundMessage)
        return found

    def through(self, stage: Stage) -> tuple[PayerAnswer, ...]:
        """A whole stage, message after message."""
        said: list[Exchange] = []
        while isinstance(following := self.endpoint.next(stage, self.facts, said, datetime.now(UTC)), OutboundMessage):
            receipt = self.endpoint.deliver(following)
            assert receipt.outcome is Outcome.ACCEPTED, receipt
            said.append(Exchange(following, receipt))
        return tuple(answer for exchange in said for answer in exchange.receipt.answers)


@pytest.fixture(scope="module")
def processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Counterpart]]:
    running: dict[str, Counterpart] = {}
    with ExitStack() as stack:

        def get(name: str) -> Counterpart:
            if name not in running:
                store = tmp_path_factory.mktemp("payer") / "store.sqlite"
                started = counterpart(name.split()[0], store=store, ignore_keys="ignores" in name)
                running[name] = stack.enter_context(started)
            running[name].reset()
            return running[name]

        yield get


class Noting:
    """An endpoint that notes the facts of each call on their way through it."""

    def __init__(self, endpoint: Endpoint, noted: dict[str, CallFacts]) -> None:
        self.endpoint, self.noted, self.config = endpoint, noted, endpoint.config
        self.stages = endpoint.stages

    def next(
        self,
        stage: Stage,
        facts: CallFacts,
        so_far: Sequence[Exchange],
        at: datetime,
        *,
        before: Sequence[Exchange] = (),
    ) -> OutboundMessage | Done:
        self.noted[facts.call] = facts
        return self.endpoint.next(stage, facts, so_far, at, before=before)

    def deliver(self, message: OutboundMessage) -> Receipt:
        return self.endpoint.deliver(message)

    def lookup(self, message: OutboundMessage) -> Receipt:
        return self.endpoint.lookup(message)

    def remittance(self, day: date, facility: str) -> Remittance:
        return self.endpoint.remittance(day, facility)


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, CallFacts]:
    """The facts of both calls of the stay, the second one after the bureau's real answers."""
    folder = tmp_path_factory.mktemp("office")
    noted: dict[str, CallFacts] = {}
    with counterpart("bureau", store=folder / "bureau.sqlite") as bureau:
        real = endpoint_to("bureau", bureau.fhir)
        endpoints = {"bureau": Noting(real, noted), "civil-affairs": Noting(fake_payers(TestClock()).aid, noted)}
        with office(folder, endpoints) as tools:
            assert not take_in(tools, folder, STAY).stopped
            settle_case(STAY, tools)
        real.close()
    return noted


@pytest.fixture(params=NAMES)
def subject(
    request: pytest.FixtureRequest, processes: Callable[[str], Counterpart], facts: dict[str, CallFacts]
) -> Iterator[Subject]:
    name = str(request.param)
    call = facts["aid" if "aid" in name else "insurance"]
    if name.startswith("fake"):
        payers = fake_payers(TestClock())
        yield Subject(payers.aid if "aid" in name else payers.bureau, call, None)
        return
    process = processes(name)
    endpoint = endpoint_to("civil-affairs" if "aid" in name else "bureau", process.fhir)
    yield Subject(endpoint, call, process)
    endpoint.close()


def endpoint_to(name: str, address: str, *, simulator: bool = True, token: str | None = None) -> FhirEndpoint:
    form = "transaction" if name == "civil-affairs" else "submit"
    config = EndpointConfig(
        name, "fhir", address, form=form, simulator=simulator, longest_delay=1, timeout=1, token=token
    )
    return FhirEndpoint(config, SystemClock())


def again(message: OutboundMessage, seconds_ago: float) -> OutboundMessage:
    """The same message, tried once so long ago."""
    return replace(message, attempts=1, last_attempt=datetime.now(UTC) - timedelta(seconds=seconds_ago))


def test_every_payer_of_the_call_answers_once(subject: Subject) -> None:
    answers = subject.through(Stage.SETTLE)
    assert tuple(answer.payer for answer in answers) == subject.facts.payers
    assert len({answer.reference for answer in answers}) == len(answers)
    assert subject.settled() == 1


def test_the_same_message_again_after_a_look_has_one_effect(subject: Subject) -> None:
    message = subject.message(Stage.SETTLE)
    assert subject.endpoint.deliver(message).outcome is Outcome.ACCEPTED
    for seconds_ago in (0, 3600):
        receipt = deliver_safely(again(message, seconds_ago), subject.endpoint, datetime.now(UTC))
        assert (receipt.outcome, receipt.sent) == (Outcome.ACCEPTED, False)
        assert {answer.payer for answer in receipt.answers} == set(subject.facts.payers)
    assert subject.settled() == 1


def test_a_look_has_no_effect_and_sees_what_is_not_there(subject: Subject) -> None:
    message = subject.message(Stage.SETTLE)
    for _ in range(3):
        assert subject.endpoint.lookup(message).outcome is Outcome.NOT_SEEN
    assert subject.settled() == 0
    subject.endpoint.deliver(message)
    seen = [subject.endpoint.lookup(message) for _ in range(3)]
    assert {receipt.outcome for receipt in seen} == {Outcome.ACCEPTED}
    assert len({receipt.answers for receipt in seen}) == 1
    assert subject.settled() == 1


def test_a_look_tells_what_the_answer_told(subject: Subject) -> None:
    told = subject.through(Stage.SETTLE)
    looked = subject.endpoint.lookup(subject.message(Stage.SETTLE)).answers
    assert [(each.payer, each.amount, each.reference) for each in looked] == [
        (each.payer, each.amount, each.reference) for each in told
    ]


def test_what_is_not_seen_yet_is_not_sent_again_before_the_longest_delay(subject: Subject) -> None:
    message = subject.message(Stage.SETTLE)
    early = deliver_safely(again(message, 0), subject.endpoint, datetime.now(UTC))
    assert early.outcome is Outcome.UNKNOWN
    assert early.retry_after is not None
    assert early.retry_after >= 1
    assert subject.settled() == 0
    assert deliver_safely(again(message, 60), subject.endpoint, datetime.now(UTC)).outcome is Outcome.ACCEPTED
    assert subject.settled() == 1


def test_a_trial_and_a_question_have_no_effect(subject: Subject) -> None:
    before = state_of(subject)
    tried = subject.through(Stage.TRIAL)
    subject.through(Stage.ELIGIBILITY)
    assert tuple(answer.payer for answer in tried) == subject.facts.payers
    assert subject.settled() == 0
    assert state_of(subject) == before
    settled = subject.through(Stage.SETTLE)
    assert [(each.payer, each.amount) for each in tried] == [(each.payer, each.amount) for each in settled]


def test_a_statement_says_what_was_settled(subject: Subject) -> None:
    answers = subject.through(Stage.SETTLE)
    day = subject.facts.settlement.on
    statement = subject.endpoint.remittance(day, FACILITY)
    assert (statement.day, statement.count) == (day, 1)
    assert statement.total == Money.total(answer.amount for answer in answers)
    assert {(line.key, line.payer, line.amount, line.reversed) for line in statement.lines} == {
        (f"{subject.facts.key}.settle", answer.payer, answer.amount, False) for answer in answers
    }
    nothing = subject.endpoint.remittance(day - timedelta(days=1), FACILITY)
    assert (nothing.count, nothing.total, nothing.lines) == (0, Money(0), ())


def test_a_reversal_is_equal_and_opposite_and_happens_once(subject: Subject) -> None:
    before = state_of(subject)
    answers = subject.through(Stage.SETTLE)
    back = subject.through(Stage.REVERSE)
    assert {each.payer: each.amount for each in back} == {each.payer: -each.amount for each in answers}
    message = subject.message(Stage.REVERSE)
    looked = deliver_safely(again(message, 3600), subject.endpoint, datetime.now(UTC))
    assert {each.payer: each.amount for each in looked.answers} == {each.payer: each.amount for each in back}
    assert subject.settled() == 0
    statement = subject.endpoint.remittance(subject.facts.settlement.on, FACILITY)
    assert (statement.count, statement.total) == (0, Money(0))
    assert all(line.reversed for line in statement.lines)
    assert state_of(subject) == before, "the year is where it was"


def test_a_refusal_says_why_and_has_no_effect(subject: Subject) -> None:
    if isinstance(subject.endpoint, FakePayer):
        subject.endpoint.refuses = {Stage.SETTLE}
    else:
        subject.facts = with_stranger(subject.facts)
    message = subject.message(Stage.SETTLE)
    receipt = subject.endpoint.deliver(message)
    assert receipt.outcome is Outcome.REJECTED
    assert receipt.body
    assert receipt.issues
    assert all(issue.zh and issue.en and issue.hint_zh and issue.hint_en for issue in receipt.issues)
    assert "T99999999" not in str(receipt.issues)
    assert subject.settled() == 0
    assert subject.endpoint.lookup(message).outcome is Outcome.NOT_SEEN


FAULTS: list[dict[str, Any]] = [
    {"do": "drop-before"},
    {"do": "drop-after"},
    {"do": "hang"},
    {"do": "stall"},
    {"do": "garbage"},
    {"do": "truncated"},
    {"do": "status", "status": 500},
    {"do": "status", "status": 503, "retry_after": 9},
    {"do": "status", "status": 429},
    {"do": "status", "status": 408},
    {"do": "status", "status": 302},
]


@on_the_wire
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: "-".join(str(value) for value in fault.values()))
@pytest.mark.parametrize("what", ["deliver", "lookup"])
def test_what_is_not_known_is_said_and_not_raised(subject: Subject, fault: dict[str, Any], what: str) -> None:
    assert subject.process is not None
    message = subject.message(Stage.SETTLE)
    subject.process.script({"match": {}, **fault})
    receipt: Receipt = getattr(subject.endpoint, what)(message)
    assert receipt.outcome is Outcome.UNKNOWN
    assert receipt.answers == ()
    assert receipt.retry_after == fault.get("retry_after")
    settled = deliver_safely(again(message, 3600), subject.endpoint, datetime.now(UTC))
    assert settled.outcome is Outcome.ACCEPTED
    assert subject.settled() == 1


def test_nobody_there_is_proof_for_sending_and_none_for_asking(facts: dict[str, CallFacts]) -> None:
    endpoint = endpoint_to("bureau", "http://127.0.0.1:9/fhir")
    message = endpoint.next(Stage.SETTLE, facts["insurance"], (), datetime.now(UTC))
    assert isinstance(message, OutboundMessage)
    sent = endpoint.deliver(message)
    assert (sent.outcome, sent.sent) == (Outcome.NOT_SEEN, False)
    assert endpoint.lookup(message).outcome is Outcome.UNKNOWN
    with pytest.raises(AdapterError) as caught:
        endpoint.remittance(facts["insurance"].settlement.on, FACILITY)
    assert [issue.code for issue in caught.value.issues] == ["DEL-504"]
    endpoint.close()


def test_what_is_lost_at_the_fake_one_is_not_known_either(facts: dict[str, CallFacts]) -> None:
    for lost, effects in (("deaf", 0), ("mute", 1)):
        payer = fake_payers(TestClock()).bureau
        subject = Subject(payer, facts["insurance"], None)
        getattr(payer, lost).append(Stage.SETTLE)
        assert payer.deliver(subject.message(Stage.SETTLE)).outcome is Outcome.UNKNOWN
        assert subject.settled() == effects


@on_the_wire
def test_urls_and_headers_hold_nothing_personal_and_bodies_only_what_is_needed(subject: Subject) -> None:
    assert subject.process is not None
    with respx.mock(assert_all_called=False) as wire:
        wire.route().pass_through()
        settle, reverse = subject.message(Stage.SETTLE), subject.message(Stage.REVERSE)
        subject.through(Stage.ELIGIBILITY)
        subject.through(Stage.TRIAL)
        subject.through(Stage.SETTLE)
        subject.endpoint.lookup(settle)
        subject.endpoint.remittance(subject.facts.settlement.on, FACILITY)
        subject.through(Stage.REVERSE)
        subject.endpoint.lookup(reverse)
        requests = [call.request for call in wire.calls]
    assert len(requests) >= 7
    for request in requests:
        for secret in SECRETS:
            assert secret not in unquote(str(request.url))
            assert secret not in str(request.headers.raw)
        for secret in NEVER_SENT:
            assert secret.encode() not in request.content
    assert subject.process.state()["least_data_breaches"] == {}


@on_the_wire
def test_a_token_travels_in_its_header_only(subject: Subject) -> None:
    assert subject.process is not None
    endpoint = endpoint_to(subject.facts.endpoint, subject.process.fhir, token="not-a-real-token")
    with respx.mock(assert_all_called=False) as wire:
        wire.route().pass_through()
        endpoint.deliver(subject.message(Stage.SETTLE))
        request = wire.calls.last.request
    assert request.headers["authorization"] == "Bearer not-a-real-token"
    assert b"not-a-real-token" not in request.content
    assert "not-a-real-token" not in str(request.url)
    endpoint.close()


def test_a_test_profile_goes_to_simulators_only(facts: dict[str, CallFacts]) -> None:
    for name, call in (("bureau", "insurance"), ("civil-affairs", "aid")):
        endpoint = endpoint_to(name, "http://127.0.0.1:9/fhir", simulator=False)
        assert facts[call].test_profile
        for stage in (Stage.ELIGIBILITY, Stage.TRIAL, Stage.SETTLE, Stage.REVERSE):
            with pytest.raises(AdapterError) as caught:
                endpoint.next(stage, facts[call], (), datetime.now(UTC))
            assert [issue.code for issue in caught.value.issues] == ["DEL-503"]
        endpoint.close()


def test_composing_is_pure(subject: Subject) -> None:
    """The same facts at the same moment give the same bytes; nothing goes out."""
    at = datetime(2021, 5, 17, 4, 0, tzinfo=UTC)
    for stage in (Stage.TRIAL, Stage.SETTLE, Stage.REVERSE):
        first, second = (subject.endpoint.next(stage, subject.facts, (), at) for _ in range(2))
        assert first == second
        assert isinstance(first, OutboundMessage)
        assert first.key.startswith(f"{case_id(STAY)}.v1.{subject.facts.call}.{stage}")
    assert subject.settled() == 0


def test_an_answer_of_another_payer_or_key_is_not_taken(subject: Subject) -> None:
    """The look-up of one claim never answers for another."""
    subject.through(Stage.SETTLE)
    other = replace(subject.message(Stage.SETTLE), key=f"{case_id('300010003')}.v1.{subject.facts.call}.settle")
    assert subject.endpoint.lookup(other).outcome is Outcome.NOT_SEEN


def state_of(subject: Subject) -> Any:
    """The year's amounts as the payer has them."""
    if subject.process is None:
        return None
    years = subject.process.state()["year_to_date"].get("T00000004", {})
    return {
        (year, name): amount
        for year, used in years.items()
        for name, amount in used.items()
        if Money.yuan(amount) != Money(0)
    }


def with_stranger(facts: CallFacts) -> CallFacts:
    """The same facts of somebody whom no payer knows."""

    def renamed(resource: Any) -> Any:
        return {**resource, "subscriberId": "T99999999"} if resource["resourceType"] == "Coverage" else resource

    return replace(facts, resources=tuple(renamed(each) for each in facts.resources))


def test_the_payers_of_the_facts_are_those_of_the_scheme(facts: dict[str, CallFacts]) -> None:
    assert facts["insurance"].payers == (Payer.BASIC, Payer.CRITICAL_ILLNESS)
    assert facts["aid"].payers == (Payer.MEDICAL_AID,)
    assert [answer.payer for answer in facts["aid"].earlier] == [Payer.BASIC, Payer.CRITICAL_ILLNESS]
