"""Every dialect as one subject of the same promises, and the table of what each protocol allows.

``Subject`` hides what a dialect must say before a settlement (sign-in, admission, lines, questions). The counterparts
are processes of their own, except the folder's courier and the fakes, which live in the test.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from adapter.counterparts.state import state
from adapter.model.call import CallFacts
from adapter.model.messages import OutboundMessage, Outcome, Receipt, Stage
from adapter.model.money import Money
from adapter.model.settlement import PayerAnswer
from adapter.payers.delivery.endpoint import Endpoint, Exchange, deliver_safely
from adapter.payers.delivery.endpoints.nhsa.endpoint import NhsaEndpoint
from tests.support.counterparts import Counterpart
from tests.support.exchange import Couriered
from tests.support.payers import FakePayer

#: Of the patient. None of it stands in a URL, a header, a file's name or a log; a body has it where the table says so.
NAME, ID_CARD, BORN, PHONE = "测试丁", "999999198301250084", "1983-01-25", "13800000004"
#: His number at the insurer, and the HIS's own.
INSURANCE, RECORD = "T00000004", "88004"
SECRETS = (NAME, ID_CARD, BORN, PHONE, INSURANCE, RECORD)


@dataclass(frozen=True)
class Can:
    """What a protocol allows. Where it does not, the issue named here says so, and a person decides.

    Attributes:
        finds: a settlement whose answer was lost can be found; else the issue of a look that tells nothing.
        divides: the counterpart says what each payer bears; False: it computes nothing and our amounts count.
        lists: the statement of a day can be fetched; else the issue that says how it is had instead.
        unreached: what is known when the counterpart is not there at all.
        needs: what of the patient its messages must hold.
        retries: a look that is put off says when to look again, as the counterpart asked.
    """

    finds: str = "yes"
    divides: bool = True
    lists: str = "yes"
    unreached: Outcome = Outcome.NOT_SEEN
    needs: tuple[str, ...] = ()
    retries: bool = False


_FHIR = Can(needs=(BORN, INSURANCE, RECORD), retries=True)
_NHSA = Can(lists="DEL-566", needs=(NAME, ID_CARD))
CAN = {
    "fhir bureau": _FHIR,
    "fhir bureau that ignores keys": _FHIR,
    "fhir aid": _FHIR,
    "fhir aid that ignores keys": _FHIR,
    "nhsa inland": _NHSA,
    "nhsa coastal": replace(_NHSA, finds="DEL-552"),  # 没有可查询的交易 (its fee lines name no settlement)
    "aid-xml": Can(divides=False, lists="DEL-595", needs=(NAME, ID_CARD)),  # found by what is left of the year
    "folder": replace(_FHIR, unreached=Outcome.UNKNOWN),  # a share that is gone may have a file on it
    "fake bureau": Can(),
    "fake aid": Can(),
}
#: Those that are reached over HTTP; one of each kind, for what has nothing to do with keys.
ON_THE_WIRE = ("fhir bureau", "fhir aid", "nhsa inland", "nhsa coastal", "aid-xml")


@dataclass
class Subject(ABC):
    """One endpoint under test, the facts of its call, and a look at what its counterpart has done."""

    name: str
    endpoint: Endpoint
    facts: CallFacts
    said: list[Exchange] = field(default_factory=list)

    @property
    def can(self) -> Can:
        return CAN[self.name]

    # -- the conversation, as the walk leads it ------------------------------------------------------------------------

    def next(self, stage: Stage, *, version: int | None = None, at: datetime | None = None) -> Any:
        facts = self.facts if version is None else replace(self.facts, version=version)
        here = [each for each in self.said if each.message.stage is stage and each.message.version == facts.version]
        before = [each for each in self.said if each not in here]
        return self.endpoint.next(stage, facts, here, at or datetime.now(UTC), before=before)

    def take(self, message: OutboundMessage) -> Receipt:
        """Send it; an accepted one belongs to the conversation from now on."""
        receipt = self.endpoint.deliver(message)
        if receipt.outcome is Outcome.ACCEPTED:
            self.said.append(Exchange(message, receipt))
        return receipt

    def prepare(self, stage: Stage) -> None:
        """What must be through before a stage."""
        if stage in (Stage.TRIAL, Stage.SETTLE):
            for before in self.endpoint.stages:
                self._to_the_end(before)
        if stage is Stage.REVERSE:
            self.through(Stage.SETTLE)

    def message(self, stage: Stage) -> OutboundMessage:
        """The message of a stage that counts, everything that comes before it said; or the one that was sent."""
        key = f"{self.facts.key}.{stage}"
        if (known := [each.message for each in self.said if each.message.key == key]) != []:
            return known[0]
        self.prepare(stage)
        while isinstance(found := self.next(stage), OutboundMessage):
            if found.key == key:
                return found
            assert self.take(found).outcome is Outcome.ACCEPTED
        raise AssertionError(f"{stage} has no message that counts")

    def through(self, stage: Stage) -> tuple[PayerAnswer, ...]:
        """A whole stage, and what the payers said in it."""
        self.prepare(stage)
        self._to_the_end(stage)
        here = [each.receipt for each in self.said if each.message.stage is stage]
        return tuple(answer for receipt in here for answer in receipt.answers)

    def _to_the_end(self, stage: Stage) -> None:
        while isinstance(following := self.next(stage), OutboundMessage):
            receipt = self.take(following)
            assert receipt.outcome is Outcome.ACCEPTED, (following.operation, receipt.issues, receipt.body[:400])

    def again(self, message: OutboundMessage, seconds_ago: float = 3600) -> Receipt:
        """As the worker does with a message that was sent so long ago and not heard of since."""
        now = datetime.now(UTC)
        tried = replace(message, attempts=1, last_attempt=now - timedelta(seconds=seconds_ago))
        return deliver_safely(tried, self.endpoint, now)

    def due(self, answers: Iterable[PayerAnswer]) -> Money:
        """What the counterpart should hold: what it said, or where it computes nothing what we told it."""
        if self.can.divides:
            return Money.total(answer.amount for answer in answers)
        return Money.total(self.facts.settlement.share_of(payer) for payer in self.facts.payers)

    # -- the other side ------------------------------------------------------------------------------------------------

    @abstractmethod
    def settled(self) -> int:
        """Settlements that stand."""

    @abstractmethod
    def paid(self) -> Money:
        """What stands, in yuan."""

    @abstractmethod
    def year(self) -> Any:
        """The year's amounts of the patient, those that are nil left out."""

    def refusing(self) -> OutboundMessage:
        """A settlement that the counterpart will refuse."""
        self.facts = with_stranger(self.facts)
        return self.message(Stage.SETTLE)

    def other(self) -> OutboundMessage:
        """A settlement of another claim, never sent."""
        return replace(self.message(Stage.SETTLE), key=f"{self.facts.key}0.settle")


@dataclass
class Fake(Subject):
    """A payer in the test itself."""

    @property
    def payer(self) -> FakePayer:
        assert isinstance(self.endpoint, FakePayer)
        return self.endpoint

    def settled(self) -> int:
        return len(self.payer.settled())

    def paid(self) -> Money:
        standing = [each for each in self.payer.kept if each.key in self.payer.settled()]
        return Money.total(answer.amount for each in standing for answer in each.answers)

    def year(self) -> Any:
        return self.paid()

    def refusing(self) -> OutboundMessage:
        self.payer.refuses = {Stage.SETTLE}
        return self.message(Stage.SETTLE)


@dataclass(kw_only=True)
class Fhir(Subject):
    """A simulator that speaks FHIR."""

    process: Counterpart
    #: The same endpoint, which does not wait long for an answer.
    hasty: Endpoint
    person: str = INSURANCE

    def settled(self) -> int:
        return int(self.process.state()["settled"])

    def paid(self) -> Money:
        return Money.total(Money.yuan(amount) for amount in self.process.state()["paid"].values())

    def year(self) -> Any:
        return _not_nil(self.process.state()["year_to_date"].get(self.person, {}))

    def script(self, what: str, **fault: Any) -> None:
        """Break the next sending of what counts, or the next look for it."""
        self.process.script({"match": self.met(what), **fault})

    def met(self, what: str) -> dict[str, str]:
        """What a fault is to meet: the sending of what counts (``deliver``), or the ``lookup``."""
        return {}


@dataclass(kw_only=True)
class Nhsa(Fhir):
    """A simulated bureau of the national platform."""

    person: str = "999900000004"

    def met(self, what: str) -> dict[str, str]:
        return {"path": "2304"} if what == "deliver" else {"stage": "lookup"}

    def refusing(self) -> OutboundMessage:
        """One whose total is not that of the lines that the bureau has."""
        message = self.message(Stage.SETTLE)
        total = f'"medfee_sumamt":{self.facts.claim.total.text}'.encode()
        assert total in message.composed
        return replace(message, composed=message.composed.replace(total, b'"medfee_sumamt":1.00'))

    def other(self) -> OutboundMessage:
        self.message(Stage.SETTLE)
        found = self.next(Stage.SETTLE, version=2)
        assert isinstance(found, OutboundMessage) and found.operation == "2304"
        return found

    def take_back(self, lost: OutboundMessage) -> Receipt:
        """A person's way out where nothing can be asked: 2601."""
        assert isinstance(self.endpoint, NhsaEndpoint)
        return self.endpoint.deliver(self.endpoint.compensation(lost, datetime.now(UTC)))


@dataclass(kw_only=True)
class AidXml(Fhir):
    """A simulated aid service that speaks SOAP, computes nothing and lists nothing."""

    def paid(self) -> Money:
        return Money.yuan(self.process.state()["paid"])

    def year(self) -> Any:
        return self.paid()

    def met(self, what: str) -> dict[str, str]:
        return {"path": "balance" if what == "deliver" else "checkIdentity"}

    def refusing(self) -> OutboundMessage:
        """The service forgets the registration, so there is no stay to settle."""
        message = self.message(Stage.SETTLE)
        self.process.reset()
        return message

    def other(self) -> OutboundMessage:
        mine = self.message(Stage.SETTLE)
        stranger = mine.composed.replace(ID_CARD.encode(), b"999999196203140018")
        return replace(mine, key=f"{self.facts.key}0.settle", composed=stranger)


@dataclass
class Folder(Subject):
    """A payer behind a folder."""

    @property
    def courier(self) -> Couriered:
        assert isinstance(self.endpoint, Couriered)
        return self.endpoint

    @property
    def told(self) -> dict[str, Any]:
        return state(self.courier.receiver.desk)

    def settled(self) -> int:
        return int(self.told["settled"])

    def paid(self) -> Money:
        return Money.total(Money.yuan(amount) for amount in self.told["paid"].values())

    def year(self) -> Any:
        return _not_nil(self.told["year_to_date"].get(INSURANCE, {}))


def _not_nil(years: dict[str, dict[str, str]]) -> Any:
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
