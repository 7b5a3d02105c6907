"""What is said to a SOAP aid service, message by message, and what is made of its answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest
import respx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from adapter.model.call import CallFacts
from adapter.model.issues import AdapterError
from adapter.model.messages import OutboundMessage, Outcome, Receipt, Stage
from adapter.model.money import Money
from adapter.model.settlement import Authority, Explanation, Payer, Step
from adapter.payers.delivery.endpoint import Done, Exchange, deliver_safely
from adapter.payers.delivery.endpoints.aid_xml.definitions import Meaning
from adapter.payers.delivery.endpoints.aid_xml.soap import sent_fields
from tests.support.aid_xml import ID_CARD, NAMESPACE, Aid, aid_facts, aid_service, definitions
from tests.support.office import codes

#: Of this person; the service needs none of it but the ID number and the name, and that in bodies only.
UNNEEDED = ("T00000004", "1983-01-25", "13800000004", "B0000004", "K52", "腹泻")


@dataclass
class Talk:
    """A conversation as the walk leads it."""

    aid: Aid
    facts: CallFacts
    said: list[Exchange] = field(default_factory=list)

    def next(self, stage: Stage, anew: int = 0) -> OutboundMessage | Done:
        here = [e for e in self.said[anew:] if e.message.stage is stage and e.message.version == self.facts.version]
        before = [e for e in self.said if e not in here]
        return self.aid.endpoint.next(stage, self.facts, here, self.aid.clock.now(), before=before)

    def message(self, stage: Stage, anew: int = 0) -> OutboundMessage:
        found = self.next(stage, anew)
        assert isinstance(found, OutboundMessage)
        return found

    def take(self, message: OutboundMessage) -> Receipt:
        receipt = self.aid.endpoint.deliver(message)
        self.said.append(Exchange(message, receipt))
        return receipt

    def through(self, *stages: Stage) -> list[str]:
        begun = len(self.said)
        for stage in stages:
            while isinstance(found := self.next(stage, begun if stage is Stage.TRIAL else 0), OutboundMessage):
                assert self.take(found).outcome is Outcome.ACCEPTED, self.said[-1].receipt.issues
        return [each.message.operation for each in self.said[begun:]]

    def until(self, operation: str, stage: Stage) -> OutboundMessage:
        """The first message of an operation in a stage, everything before it said."""
        while (found := self.message(stage)).operation != operation:
            assert self.take(found).outcome is Outcome.ACCEPTED
        return found

    def balance(self) -> OutboundMessage:
        self.through(Stage.ELIGIBILITY, Stage.ADMIT)
        return self.until("balance", Stage.SETTLE)


@pytest.fixture
def aid(tmp_path: Path) -> Iterator[Aid]:
    with aid_service(tmp_path) as running:
        yield running


@pytest.fixture
def talk(aid: Aid) -> Talk:
    return Talk(aid, aid_facts())


def again(message: OutboundMessage, aid: Aid, seconds_ago: int = 0) -> OutboundMessage:
    return replace(message, attempts=1, last_attempt=aid.clock.moment - timedelta(seconds=seconds_ago))


def safely(message: OutboundMessage, aid: Aid) -> Receipt:
    return deliver_safely(message, aid.endpoint, aid.clock.now())


# -- what goes out -----------------------------------------------------------------------------------------------------


def test_every_operation_of_schema_wsdl_and_definitions_is_the_same() -> None:
    folder = Path(__file__).resolve().parents[4] / "mappings" / "aid-xml"
    xs, wsdl = "{http://www.w3.org/2001/XMLSchema}", "{http://schemas.xmlsoap.org/wsdl/}"
    elements = {str(each.get("name")) for each in etree.parse(str(folder / "service.xsd")).findall(f"{xs}element")}
    port = etree.parse(str(folder / "service.wsdl")).find(f"{wsdl}portType")
    assert port is not None
    offered = {str(each.get("name")) for each in port}
    assert set(definitions().operations) == offered == {name for name in elements if not name.endswith("Response")}
    assert elements == offered | {f"{name}Response" for name in offered}


def test_bodies_hold_only_what_is_needed_and_urls_and_headers_nothing(aid: Aid, talk: Talk) -> None:
    talk.through(Stage.ELIGIBILITY, Stage.ADMIT, Stage.TRIAL, Stage.SETTLE, Stage.REVERSE)
    assert aid.bodies
    for body in aid.bodies:
        for secret in UNNEEDED:
            assert secret.encode() not in body
        assert b"pay-after-care:aid-xml:1" not in body and NAMESPACE.encode() in body
    named = [body for body in aid.bodies if "测试丁".encode() in body]
    assert len(named) == 3, "the registration, the settlement, its reversal"


def test_what_an_office_asks_for_besides_is_sent(tmp_path: Path) -> None:
    with aid_service(tmp_path, also=("insuranceNo", "disease"), hospital_id="77", details=False) as aid:
        talk = Talk(aid, aid_facts())
        said = talk.through(Stage.ELIGIBILITY, Stage.ADMIT, Stage.SETTLE)
        sent = aid.service.state()["last"]
    assert (sent["insuranceNo"], sent["disease"], sent["hospitalId"]) == ("T00000004", "K52.904", "77")
    assert "diseaseName" not in sent and "saveExpenseDetail" not in said


def test_a_value_that_the_schema_refuses_is_named_and_not_told(talk: Talk) -> None:
    def renamed(resource: Any) -> Any:
        long = {**resource, "name": [{"text": "测" * 201}]}
        return long if resource["resourceType"] == "Patient" else resource

    talk.facts = replace(talk.facts, resources=tuple(renamed(each) for each in talk.facts.resources))
    with pytest.raises(AdapterError) as caught:
        talk.next(Stage.ADMIT)
    assert codes(caught.value) == ["DEL-593"]
    assert "name" in caught.value.issues[0].en and "测测" not in str(caught.value)


@pytest.mark.parametrize(("kind", "field"), [("Patient", "identifier"), ("Patient", "name")])
def test_what_is_not_known_of_the_stay_is_asked_for(talk: Talk, kind: str, field: str) -> None:
    def without(resource: Any) -> Any:
        return {k: v for k, v in resource.items() if k != field} if resource["resourceType"] == kind else resource

    talk.facts = replace(talk.facts, resources=tuple(without(each) for each in talk.facts.resources))
    with pytest.raises(AdapterError) as caught:
        talk.next(Stage.ADMIT)
    assert codes(caught.value) == ["DEL-590"]


def test_a_reversal_is_the_settlement_with_every_amount_turned_round(talk: Talk) -> None:
    sent = sent_fields(talk.balance().composed)
    talk.through(Stage.SETTLE)
    back = sent_fields(talk.until("balance", Stage.REVERSE).composed)
    turned = {name for name in sent if sent[name] != back[name]}
    assert turned == {name for name in sent if name.endswith(("Pay", "Expense")) and sent[name] != "0.00"}
    assert all(Money.yuan(back[name]) == -Money.yuan(sent[name]) for name in turned)


def test_nothing_settled_is_nothing_to_reverse(talk: Talk) -> None:
    talk.through(Stage.ELIGIBILITY, Stage.ADMIT)
    with pytest.raises(AdapterError) as caught:
        talk.next(Stage.REVERSE)
    assert codes(caught.value) == ["DEL-594"]


def test_a_service_that_computes_nothing_is_asked_for_no_amount(aid: Aid, talk: Talk) -> None:
    talk.facts = replace(talk.facts, authority=Authority.PAYER)
    with pytest.raises(AdapterError) as caught:
        talk.next(Stage.ELIGIBILITY)
    assert codes(caught.value) == ["DEL-592"]
    aid.endpoint.config = replace(aid.endpoint.config, simulator=False)
    with pytest.raises(AdapterError) as caught:
        talk.next(Stage.ELIGIBILITY)
    assert codes(caught.value) == ["DEL-503"]


def test_a_stay_that_moved_since_it_was_registered_is_not_settled(talk: Talk) -> None:
    talk.through(Stage.ELIGIBILITY, Stage.ADMIT)
    stay = talk.facts.claim.stay
    moved = replace(stay, admitted=stay.admitted - timedelta(days=1))
    talk.facts = replace(talk.facts, claim=replace(talk.facts.claim, stay=moved))
    with pytest.raises(AdapterError) as caught:
        talk.next(Stage.ADMIT)
    assert codes(caught.value) == ["DEL-591"]


# -- terms -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"category": ""}, "DEL-587"),
        ({"name": "测试午"}, "DEL-588"),
        ({"domicile": "999902"}, "DEL-586"),
        ({"ceiling": None}, "DEL-585"),
        ({"other": 100}, "DEL-589"),
        ({"pause": "1"}, "DEL-589"),
    ],
    ids=["not aided", "another name", "no ratio", "no ceiling", "other aid", "paused"],
)
def test_terms_that_changed_since_the_trial_hold_the_settlement(
    aid: Aid, talk: Talk, changed: dict[str, Any], code: str
) -> None:
    talk.through(Stage.ELIGIBILITY, Stage.ADMIT, Stage.TRIAL)
    aid.person(**changed)
    with pytest.raises(AdapterError) as caught:
        talk.through(Stage.SETTLE)
    assert code in codes(caught.value)
    assert all(issue.zh and issue.en and issue.hint_zh and issue.hint_en for issue in caught.value.issues)
    assert "测试" not in str(caught.value) and aid.service.state()["settled"] == 0


def test_a_ratio_in_per_cent_is_the_same_ratio(aid: Aid, talk: Talk) -> None:
    aid.person(category="03")
    assert "balance" in talk.through(Stage.ELIGIBILITY, Stage.ADMIT, Stage.SETTLE)


def capped(facts: CallFacts, ceiling: str) -> CallFacts:
    """The same call under a plan with a yearly ceiling."""
    because = Explanation("封顶", "ceiling", "测试")
    pay = facts.settlement.share_of(Payer.MEDICAL_AID)
    inputs = (("ceiling", ceiling), ("used", "0.00"), ("uncapped", pay.text))
    step = Step(Payer.MEDICAL_AID, "cap", Money(0), pay, because, inputs, sources=(("used", "accrued.paid"),))
    return replace(facts, settlement=replace(facts.settlement, steps=(*facts.settlement.steps, step)))


def test_what_is_left_under_the_plan_s_ceiling_is_the_year_to_date(talk: Talk) -> None:
    """30,000.00 less 1,200.00 from elsewhere."""
    talk.facts = capped(talk.facts, "30000.00")
    receipt = talk.take(talk.message(Stage.ELIGIBILITY))
    assert receipt.accrued is not None
    assert (receipt.accrued.amounts, receipt.accrued.year) == ((("medical-aid.paid", Money.yuan("1200.00")),), 2026)
    assert receipt.accrued.excludes_case == talk.facts.case_id
    assert isinstance(talk.next(Stage.ELIGIBILITY), Done)


def test_an_office_with_a_higher_ceiling_than_the_plan_holds_the_case(talk: Talk) -> None:
    talk.facts = capped(talk.facts, "20000.00")
    assert talk.take(talk.message(Stage.ELIGIBILITY)).accrued is None
    with pytest.raises(AdapterError) as caught:
        talk.next(Stage.ELIGIBILITY)
    assert codes(caught.value) == ["DEL-596"]


# -- answers -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", sorted(definitions().codes))
def test_every_return_code_has_a_meaning_and_what_to_do(code: str) -> None:
    told = definitions().codes[code]
    assert told.zh and told.en
    assert told.meaning is Meaning.ACCEPTED or (told.hint_zh and told.hint_en)


def test_a_refusal_says_why_in_words_that_help(aid: Aid, talk: Talk) -> None:
    aid.service.seed = replace(aid.service.seed, persons={})
    receipt = talk.take(talk.message(Stage.ELIGIBILITY))
    assert (receipt.outcome, codes(receipt)) == (Outcome.REJECTED, ["DEL-580"])
    assert "04001" in receipt.issues[0].zh and receipt.issues[0].hint_zh and receipt.issues[0].hint_en
    assert ID_CARD not in str(receipt.issues)


FAULTS: list[dict[str, Any]] = [
    {"do": "drop-before"},
    {"do": "drop-after"},
    {"do": "garbage"},
    {"do": "duplicate-answer"},
    {"do": "status", "status": 500},
    {"do": "status", "status": 503, "retry_after": 9, "processed": True},
    {"do": "status", "status": 302},
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: "-".join(str(value) for value in fault.values()))
def test_what_is_not_known_is_said_looked_for_and_counts_once(aid: Aid, talk: Talk, fault: dict[str, Any]) -> None:
    message = talk.balance()
    aid.script({"match": {"path": "balance"}, **fault})
    receipt = aid.endpoint.deliver(message)
    assert (receipt.outcome, receipt.retry_after) == (Outcome.UNKNOWN, fault.get("retry_after"))
    stored = aid.service.state()["settled"]
    early = safely(again(message, aid), aid)
    assert early.outcome is (Outcome.ACCEPTED if stored else Outcome.UNKNOWN)
    assert aid.service.state()["settled"] == stored, "not sent again before the longest delay"
    assert safely(again(message, aid, 3600), aid).outcome is Outcome.ACCEPTED
    assert (aid.service.state()["settled"], aid.service.state()["settled_twice"]) == (1, {})


def test_one_that_lands_late_is_not_taken_for_refused(aid: Aid, talk: Talk) -> None:
    """Not seen, sent again, refused as a repeat: the first one has landed in between."""
    message = talk.balance()
    assert aid.endpoint.lookup(message).outcome is Outcome.NOT_SEEN
    aid.endpoint.deliver(message)
    repeated = aid.endpoint.deliver(again(message, aid, 3600))
    assert (repeated.outcome, codes(repeated)) == (Outcome.UNKNOWN, ["DEL-581"])
    assert safely(again(message, aid, 3600), aid).outcome is Outcome.ACCEPTED
    assert aid.service.state()["settled"] == 1


def test_the_ceiling_tells_only_what_it_can(aid: Aid, talk: Talk) -> None:
    message = talk.balance()
    aid.person(paid=aid.service.seed.persons[ID_CARD].paid + 1)
    found = aid.endpoint.lookup(message)
    assert (found.outcome, codes(found)) == (Outcome.UNKNOWN, ["DEL-583"])


def test_a_look_into_another_year_tells_nothing(aid: Aid, talk: Talk) -> None:
    message = talk.balance()
    aid.endpoint.deliver(message)
    aid.clock.moment += timedelta(days=366)
    assert codes(aid.endpoint.lookup(message)) == ["DEL-583"]


def test_a_settlement_of_nothing_cannot_be_looked_for(aid: Aid, talk: Talk) -> None:
    message = talk.balance()
    amount = sent_fields(message.composed)["assistancePay"].encode()
    nothing = replace(message, composed=message.composed.replace(b">" + amount + b"<", b">0.00<"))
    assert codes(aid.endpoint.lookup(nothing)) == ["DEL-584"]


def test_nobody_there_is_proof_that_nothing_was_sent(aid: Aid, talk: Talk) -> None:
    message = talk.balance()
    aid.endpoint.config = replace(aid.endpoint.config, base_url="http://127.0.0.1:9/services/none")
    with respx.mock as wire:
        wire.post("http://127.0.0.1:9/services/none").mock(side_effect=httpx.ConnectError("refused"))
        sent = aid.endpoint.deliver(message)
        assert (sent.outcome, sent.sent) == (Outcome.NOT_SEEN, False)
        assert aid.endpoint.lookup(message).outcome is Outcome.UNKNOWN


def test_the_service_lists_nothing(aid: Aid) -> None:
    with pytest.raises(AdapterError) as caught:
        aid.endpoint.remittance(aid_facts().settlement.on, "H99990100001")
    assert codes(caught.value) == ["DEL-595"]


_BAD_DAYS = st.lists(
    st.sampled_from(["drop-before", "drop-after", "garbage", "duplicate-answer", "status"]), max_size=4
)


@settings(deadline=None, max_examples=8, suppress_health_check=[HealthCheck.too_slow])
@given(days=st.lists(_BAD_DAYS, min_size=4, max_size=4))
def test_whatever_is_lost_nothing_is_ever_stored_twice(days: list[list[str]]) -> None:
    """Settled, reversed, settled, reversed, with answers lost at every turn, at a service that repeats would double."""
    with TemporaryDirectory() as folder, aid_service(Path(folder)) as aid:
        talk = Talk(aid, aid_facts())
        talk.through(Stage.ELIGIBILITY, Stage.ADMIT)
        for turn, faults in enumerate(days):
            stage = Stage.REVERSE if turn % 2 else Stage.SETTLE
            talk.facts = replace(talk.facts, version=1 + turn // 2)
            message = talk.until("balance", stage)
            aid.script(*({"match": {"path": "balance", "nth": n}, "do": do} for n, do in enumerate(faults, 1)))
            receipt = aid.endpoint.deliver(message)
            for _ in range(len(faults) + 1):
                if receipt.outcome is not Outcome.ACCEPTED:
                    aid.clock.moment += timedelta(seconds=10)
                    receipt = safely(again(message, aid, 10), aid)
            assert receipt.outcome is Outcome.ACCEPTED
            talk.said.append(Exchange(message, receipt))
            told = aid.service.state()
            wanted = 0 if stage is Stage.REVERSE else 1
            assert (told["settled"], told["settled_twice"]) == (wanted, {})


# -- session -----------------------------------------------------------------------------------------------------------


def test_a_lost_session_is_opened_again_and_a_question_asked_once_more(aid: Aid, talk: Talk) -> None:
    talk.through(Stage.ELIGIBILITY)
    aid.service.store.close_sessions()
    talk.said.clear()
    assert talk.through(Stage.ELIGIBILITY) == ["checkIdentity"]
    assert aid.calls == ["login", "checkIdentity", "checkIdentity", "login", "checkIdentity"]


def test_what_counts_goes_out_over_a_fresh_session(aid: Aid, talk: Talk) -> None:
    message = talk.balance()
    aid.service.store.close_sessions()
    assert aid.endpoint.deliver(message).outcome is Outcome.ACCEPTED
    assert aid.calls[-2:] == ["login", "balance"]


def test_a_wrong_password_waits_for_a_person_and_is_not_tried_again(tmp_path: Path) -> None:
    with aid_service(tmp_path, password="wrong") as aid:
        talk = Talk(aid, aid_facts())
        for _ in range(8):
            receipt = aid.endpoint.deliver(talk.message(Stage.ELIGIBILITY))
            assert (receipt.outcome, receipt.sent, codes(receipt)) == (Outcome.NOT_SEEN, False, ["DEL-582"])
            assert "wrong" not in str(receipt.issues).replace("wrong user", "")
        assert aid.calls == ["login"]
        assert "wrong" not in repr(aid.endpoint)
