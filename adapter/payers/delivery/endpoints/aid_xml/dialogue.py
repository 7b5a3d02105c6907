"""What is said in each stage: a pure function of the facts and of what has been said so far (docs/wire-aid-xml.md).

The service computes nothing: our amount is sent, after the office has said who the person is, what is left of his year
and at which ratio. What is left before a settlement is asked in a message of its own and noted in the settlement's
message, for by nothing else can it be told later whether it was stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from adapter.model.call import CallFacts
from adapter.model.issues import AdapterError
from adapter.model.messages import OutboundMessage, Stage
from adapter.model.money import Money
from adapter.model.settlement import Authority
from adapter.payers.delivery.endpoint import Done, Exchange
from adapter.payers.delivery.endpoints.aid_xml import issues, terms
from adapter.payers.delivery.endpoints.aid_xml.definitions import NAMESPACE, Definitions
from adapter.payers.delivery.endpoints.aid_xml.soap import (
    CONTENT_TYPE,
    Fields,
    Reply,
    envelope,
    read_reply,
    sent_fields,
    wrong_fields,
)
from adapter.payers.delivery.endpoints.aid_xml.stay import Office, Stay

#: What must be said before a trial or a settlement: a ceiling is only told of a registered stay.
STAGES: tuple[Stage, ...] = (Stage.ADMIT,)


@dataclass(frozen=True)
class Turn:
    """One moment of a dialogue.

    Attributes:
        so_far: what has been said in this stage; ``before``: what has been accepted elsewhere in the case.
    """

    definitions: Definitions
    office: Office
    stage: Stage
    facts: CallFacts
    so_far: Sequence[Exchange]
    before: Sequence[Exchange]
    at: datetime

    @property
    def stay(self) -> Stay:
        return Stay(self.facts, self.office)

    def asked(self, operation: str) -> Exchange | None:
        """The latest of an operation in this stage."""
        return next((each for each in reversed(self.so_far) if each.message.operation == operation), None)

    def said(self, operation: str) -> Exchange | None:
        """The latest of an operation in this stage, else anywhere before."""
        found = (each for each in reversed(self.before) if each.message.operation == operation)
        return self.asked(operation) or next(found, None)

    def message(self, operation: str, key: str, fields: Fields, **noted: str) -> OutboundMessage:
        """A message by our schema. Raises AdapterError DEL-593 for content that the schema refuses."""
        known = self.definitions.operations[operation]
        composed = envelope(operation, fields, {"key": key, **noted}, namespace=NAMESPACE)
        if wrong := wrong_fields(composed, self.definitions.schema):
            raise AdapterError(issues.not_by_schema(key, ", ".join(wrong)))
        person, year = self.facts.claim.person.key, self.facts.claim.stay.settled_on.year
        return OutboundMessage(
            key=key,
            case_id=self.facts.case_id,
            version=self.facts.version,
            endpoint=self.facts.endpoint,
            call=self.facts.call,
            stage=self.stage,
            operation=operation,
            composed=composed,
            content_type=CONTENT_TYPE,
            effect=known.effect,
            order_key=f"{self.facts.endpoint}/{self.facts.source}/{person}/{year}" if known.effect else None,
        )

    def question(self, operation: str) -> OutboundMessage:
        """A question: it may be asked again, so the moment stands in its key."""
        key = f"{self.facts.key}.{self.stage}.ask.{operation}.{self.at:%Y%m%d%H%M%S%f}"
        return self.message(operation, key, self._question(operation), **self._noted(operation))

    def _question(self, operation: str) -> Fields:
        stay = self.stay
        if operation == "checkIdentity":
            return {"idCard": stay.id_card}
        if operation == "queryBalancePre":
            return {"idCard": stay.id_card, "inDate": stay.in_date}
        identity = self.said("checkIdentity")
        known = Reply("", "", {}) if identity is None else answer_of(identity)
        return {
            "domicileCode": known.text("domicileCode"),
            "payBase": stay.base.text,
            "assitanceType": known.text("assitanceType"),
            "inDate": stay.in_date,
        }

    def _noted(self, operation: str) -> dict[str, str]:
        """The plan's ceiling, where what is left of it says all that the plan asks of the year."""
        ceiling = self.stay.ceiling
        if operation != "checkIdentity" or self.stage is not Stage.ELIGIBILITY or ceiling is None:
            return {}
        return {"payer": str(self.facts.payers[0]), "ceiling": ceiling.text} if self.stay.counts_only_paid else {}


def next_message(turn: Turn) -> OutboundMessage | Done:
    """The next message of a stage.

    Raises:
        AdapterError: DEL-585 to -597, what keeps it from being said.
    """
    if turn.facts.authority is not Authority.ADAPTER:
        raise AdapterError(issues.wrong_authority(turn.facts.key, str(turn.facts.authority)))
    say = {
        Stage.ELIGIBILITY: _eligibility,
        Stage.ADMIT: _admit,
        Stage.TRIAL: _trial,
        Stage.SETTLE: _settle,
        Stage.REVERSE: _reverse,
    }.get(turn.stage)
    return Done() if say is None else say(turn)


def answer_of(exchange: Exchange) -> Reply:
    """A stored answer. It was read before it was accepted, so it can be read."""
    return read_reply(exchange.receipt.body, exchange.message.operation)


def _eligibility(turn: Turn) -> OutboundMessage | Done:
    asked = turn.asked("checkIdentity")
    if asked is None:
        return turn.question("checkIdentity")
    terms.check_identity(turn.stay, answer_of(asked))
    return Done()


def _admit(turn: Turn) -> OutboundMessage | Done:
    registered = turn.said("saveInRecord")
    if registered is None:
        return turn.message("saveInRecord", f"{turn.facts.key}.admit", {"record": turn.stay.registration()})
    sent = sent_fields(registered.message.composed)
    for field, now in (("inDate", turn.stay.in_date), ("hospitalId", turn.stay.hospital_id)):
        if sent[field] != now:
            raise AdapterError(issues.admission_moved(turn.facts.key, field))
    return Done()


def _trial(turn: Turn) -> OutboundMessage | Done:
    """Ceiling and ratio; the amount is our own."""
    if turn.said("checkIdentity") is None:
        return turn.question("checkIdentity")
    return _terms_asked(turn) or Done()


def _terms_asked(turn: Turn) -> OutboundMessage | None:
    """The next question about the terms; None when they are told and agree with our plan."""
    for operation in ("queryBalancePre", "queryPercentage"):
        if turn.asked(operation) is None:
            return turn.question(operation)
    told = [found for each in terms.OPERATIONS if (found := turn.said(each)) is not None]
    terms.check(turn.stay, {each.message.operation: answer_of(each) for each in told})
    return None


def _settle(turn: Turn) -> OutboundMessage | Done:
    """Ask once more, then settle, then send the lines."""
    if turn.asked("balance") is None:
        asked = turn.asked("checkIdentity")
        if asked is None:
            return turn.question("checkIdentity")
        return _terms_asked(turn) or _balance(turn, asked)
    details = turn.stay.details() if turn.office.details else []
    if turn.asked("saveExpenseDetail") is None and details:
        return turn.message("saveExpenseDetail", f"{turn.facts.key}.settle.details", {"detail": details})
    return Done()


def _balance(turn: Turn, asked: Exchange) -> OutboundMessage:
    info = turn.stay.balance()
    return turn.message("balance", f"{turn.facts.key}.settle", {"info": info}, **_left_before(turn, asked))


def _reverse(turn: Turn) -> OutboundMessage | Done:
    """The settlement as it was sent, every amount with the other sign."""
    settled = [e for e in turn.before if e.message.operation == "balance" and e.message.version == turn.facts.version]
    if not settled:
        raise AdapterError(issues.nothing_to_reverse(turn.facts.key))
    if turn.asked("balance") is not None:
        return Done()
    asked = turn.asked("checkIdentity")
    if asked is None:
        return turn.question("checkIdentity")
    sent = sent_fields(settled[-1].message.composed)
    opposite = {name: _opposite(text) if name in _AMOUNTS else text for name, text in sent.items()}
    return turn.message("balance", f"{turn.facts.key}.reverse", {"info": opposite}, **_left_before(turn, asked))


_AMOUNTS = frozenset(
    {
        "totalExpense",
        "insuranceExpense",
        "insurancePay",
        "hospitalPay",
        "specialPay",
        "otherPay",
        "assistancePay",
        "personalPay",
    }
)


def _opposite(text: str) -> str:
    return (-Money.yuan(text)).text


def _left_before(turn: Turn, asked: Exchange) -> dict[str, str]:
    """What was left of the year just before, and when that was told: the only way to tell later what was stored."""
    left = answer_of(asked).money("maxPay")
    if left is None:
        raise AdapterError(issues.ceiling_untold(turn.facts.key))
    return {"maxPay": left.text, "asked": asked.receipt.at.isoformat()}
