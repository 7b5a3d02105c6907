"""A payer in this process: an Endpoint that keeps every promise, or breaks exactly the one that a test asks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from adapter.model.call import CallFacts
from adapter.model.claim import YearToDate
from adapter.model.dates import Clock
from adapter.model.issues import Issue, Severity
from adapter.model.messages import OutboundMessage, Outcome, Receipt, Remittance, RemittanceLine, Stage
from adapter.model.money import Money
from adapter.model.settlement import Payer, PayerAnswer, Settlement
from adapter.payers.delivery.endpoint import Done, EndpointConfig, Exchange, OurSide, Statement
from adapter.payers.delivery.endpoints.fhir.dialogue import next_message
from tests.support.office import TestClock

NO = Issue("DEL-501", Severity.ERROR, "test", "退回", "rejected", "更正", "correct it")


@dataclass
class Kept:
    """One thing that the payer did and remembers."""

    key: str
    on: date
    answers: tuple[PayerAnswer, ...]
    reverses: str | None = None
    reversed: bool = False


@dataclass
class FakePayer:
    """Answers what our rules expect, unless told otherwise.

    Attributes:
        says: payer → amount in yuan that it bears instead.
        refuses: stages that it rejects.
        deaf: stages whose next requests do not arrive (UNKNOWN, nothing done).
        mute: stages whose next answers are lost (UNKNOWN, but done).
        log: ``<what> <key>`` of everything that it was asked.
    """

    config: EndpointConfig
    clock: Clock
    says: dict[Payer, str] = field(default_factory=dict)
    refuses: set[Stage] = field(default_factory=set)
    stages: tuple[Stage, ...] = ()
    deaf: list[Stage] = field(default_factory=list)
    mute: list[Stage] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)
    before_answer: Callable[[OutboundMessage], None] = lambda _: None
    _expected: dict[str, CallFacts] = field(default_factory=dict)
    _stems: dict[str, Settlement] = field(default_factory=dict)

    def next(
        self,
        stage: Stage,
        facts: CallFacts,
        so_far: Sequence[Exchange],
        at: datetime,
        *,
        before: Sequence[Exchange] = (),
    ) -> OutboundMessage | Done:
        following = next_message(self.config, stage, facts, so_far, at)
        if isinstance(following, OutboundMessage):
            self._expected[following.key] = facts
        return following

    def deliver(self, message: OutboundMessage) -> Receipt:
        self.log.append(f"deliver {message.key}")
        self.before_answer(message)
        if message.stage in self.deaf:
            self.deaf.remove(message.stage)
            return Receipt(Outcome.UNKNOWN, self.clock.now())
        if message.stage in self.refuses:
            return Receipt(Outcome.REJECTED, self.clock.now(), body=b"{}", issues=(NO,))
        receipt = self._do(message)
        if message.stage in self.mute:
            self.mute.remove(message.stage)
            return Receipt(Outcome.UNKNOWN, self.clock.now())
        return receipt

    def lookup(self, message: OutboundMessage) -> Receipt:
        self.log.append(f"lookup {message.key}")
        found = self._kept(message.key)
        if found is None:
            return Receipt(Outcome.NOT_SEEN, self.clock.now())
        return self._answer(found.answers)

    def remittance(self, day: date, facility: str) -> Remittance:
        done = [each for each in self.kept if each.on == day and each.reverses is None]
        lines = tuple(
            RemittanceLine(each.key, one.reference, one.payer, one.amount, each.reversed)
            for each in done
            for one in each.answers
        )
        standing = [line for line in lines if not line.reversed]
        total = Money.total(line.amount for line in standing)
        return Remittance(self.config.name, day, len({line.key for line in standing}), total, lines)

    def statement(self, day: date, facility: str, ours: OurSide) -> Statement:
        return Statement(self.remittance(day, facility))

    def settled(self) -> list[str]:
        """Keys that stand, in the order in which they came."""
        return [each.key for each in self.kept if each.reverses is None and not each.reversed]

    def asked_about(self, stage: Stage) -> list[str]:
        """Keys delivered in a stage, in order."""
        sent = [line.removeprefix("deliver ") for line in self.log if line.startswith("deliver ")]
        return [key for key in sent if f".{stage}" in key]

    def _do(self, message: OutboundMessage) -> Receipt:
        facts = self._expected[message.key.removesuffix(".answer")]
        settlement = facts.settlement
        if message.stage is Stage.ELIGIBILITY:
            return Receipt(Outcome.ACCEPTED, self.clock.now(), accrued=self._year(facts))
        if message.operation == "ask-answer":
            found = self._kept(message.key.removesuffix(".answer"))
            return self._answer(found.answers) if found else Receipt(Outcome.UNKNOWN, self.clock.now())
        if message.stage is Stage.TRIAL:
            return self._answer(self._computed(message, settlement))
        if (known := self._kept(message.key)) is not None:
            return self._answer(known.answers)
        if message.stage is Stage.REVERSE:
            return self._undo(message)
        kept = Kept(message.key, settlement.on, self._computed(message, settlement))
        self._stems[message.key] = settlement
        self.kept.append(kept)
        if message.operation == "transaction":
            return Receipt(Outcome.ACCEPTED, self.clock.now())
        return self._answer(kept.answers)

    def _computed(self, message: OutboundMessage, settlement: Settlement) -> tuple[PayerAnswer, ...]:
        number = len(self.kept) + 1
        return tuple(
            PayerAnswer(
                payer,
                Money.yuan(self.says[payer]) if payer in self.says else settlement.share_of(payer),
                f"{self.config.name}-{number}-{payer}",
            )
            for payer in message.payers
        )

    def _undo(self, message: OutboundMessage) -> Receipt:
        key = message.key.replace(".reverse", ".settle")
        standing = next(each for each in self.kept if each.key == key and not each.reversed)
        standing.reversed = True
        opposite = tuple(PayerAnswer(one.payer, -one.amount, f"{one.reference}-R") for one in standing.answers)
        self.kept.append(Kept(message.key, standing.on, opposite, reverses=key))
        return self._answer(opposite)

    def _year(self, facts: CallFacts) -> YearToDate:
        person, year = facts.claim.person.key, facts.claim.stay.settled_on.year
        sums: dict[str, Money] = {}
        for each in self.kept:
            settlement = self._stems.get(each.key)
            if each.reverses or each.reversed or settlement is None or settlement.case_id == facts.case_id:
                continue
            mine = {str(answer.payer) for answer in each.answers}
            for accrual in settlement.accruals:
                if accrual.person_key == person and accrual.year == year and accrual.name.partition(".")[0] in mine:
                    sums[accrual.name] = sums.get(accrual.name, Money(0)) + accrual.amount
        amounts = tuple(sorted(sums.items()))
        return YearToDate(year, amounts, "payer", self.clock.now(), facts.case_id)

    def _kept(self, key: str) -> Kept | None:
        return next((each for each in self.kept if each.key == key), None)

    def _answer(self, given: tuple[PayerAnswer, ...]) -> Receipt:
        return Receipt(Outcome.ACCEPTED, self.clock.now(), given[0].reference if given else None, given)


@dataclass
class Payers:
    """Both fake payers, one clock."""

    clock: TestClock
    bureau: FakePayer
    aid: FakePayer

    @property
    def endpoints(self) -> dict[str, FakePayer]:
        return {"bureau": self.bureau, "civil-affairs": self.aid}


def fake_payers(clock: TestClock) -> Payers:
    def config(name: str, form: str) -> EndpointConfig:
        return EndpointConfig(name, "fhir", "http://127.0.0.1:9", form=form, simulator=True, longest_delay=5, timeout=1)

    return Payers(
        clock,
        FakePayer(config("bureau", "submit"), clock),
        FakePayer(config("civil-affairs", "transaction"), clock),
    )
