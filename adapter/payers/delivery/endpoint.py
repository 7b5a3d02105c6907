"""What every counterpart promises, and the one safe way to deliver to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from ssl import SSLContext
from typing import Protocol

from adapter.model.call import CallFacts
from adapter.model.issues import Issue
from adapter.model.messages import OutboundMessage, Outcome, Receipt, Remittance, Stage
from adapter.model.money import Money
from adapter.model.settlement import Payer, PayerAnswer


@dataclass(frozen=True, slots=True)
class Done:
    """The dialogue of this stage has nothing more to say.

    Attributes:
        answers: what payers answered, where it takes more than the receipts of this stage to know it (a split of the
            lines that came back when they were uploaded); each stands in the place of its receipt's.
    """

    answers: tuple[PayerAnswer, ...] = ()


@dataclass(frozen=True, slots=True)
class Exchange:
    """One message of a dialogue and what came of it."""

    message: OutboundMessage
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class Booked:
    """A settlement that a counterpart accepted, as our books have it.

    Attributes:
        on: its rule date.
        total: the whole bill; ``shares`` what each payer of the call bears of it.
        undone: what took it back since, or None.
    """

    exchange: Exchange
    on: date
    total: Money
    shares: tuple[tuple[Payer, Money], ...]
    undone: Exchange | None = None

    @property
    def key(self) -> str:
        return self.exchange.message.key


@dataclass(frozen=True, slots=True)
class OurSide:
    """What our books say about a hospital with a counterpart around a day.

    Attributes:
        booked: settlements whose rule date or whose answer falls near the day.
        unsure: settlements whose effect is unknown to us.
    """

    booked: tuple[Booked, ...] = ()
    unsure: tuple[OutboundMessage, ...] = ()


@dataclass(frozen=True, slots=True)
class Statement:
    """A counterpart's word on a day.

    Attributes:
        remittance: totals and details; None where the counterpart lists nothing and cannot be asked.
        silent: why there is no remittance.
        days: by key, on which day the counterpart counts a settlement of ours; one that is not named counts on its
            rule date.
    """

    remittance: Remittance | None
    silent: Issue | None = None
    days: Mapping[str, date] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EndpointConfig:
    """One counterpart, as the settings describe it.

    Attributes:
        name: as the schemes call it (``bureau``, ``civil-affairs``).
        dialect: wire format (``fhir``).
        form: how a claim travels in the dialect: ``submit`` (Claim/$submit) or ``transaction``.
        base_url: FHIR base, without a trailing slash.
        simulator: only a simulator may be sent a test profile's amounts.
        longest_delay: seconds after which a message that the look-up does not find was never received.
        timeout: seconds to wait for an answer.
        max_entries: ``fhir``: a transaction of more entries goes in parts.
        conditional: ``fhir``: whether what is referred to is created if it is not there (``create``), or brought up to
            date as well (``update``).
        claim_profiles: ``fhir``: what is sent names its profile of our package.
        look_up: ``fhir``: what is asked about is named by R4's modifier ``request:identifier`` (``identifier``), or by
            the chain ``request.identifier`` for servers that do not know it (``chained``).
        tls: certificate of ours for mutual TLS, and whom we trust.
    """

    name: str
    dialect: str
    base_url: str
    form: str = "submit"
    simulator: bool = False
    longest_delay: int = 300
    timeout: int = 30
    token: str | None = field(default=None, repr=False)
    max_entries: int | None = None
    conditional: str = "create"
    claim_profiles: bool = False
    look_up: str = "identifier"
    tls: SSLContext | None = field(default=None, repr=False, compare=False)


class Endpoint(Protocol):
    """One counterpart, spoken to in stages. ``next`` is pure; the other three go out on the wire.

    Attributes:
        stages: what must be said before a trial or a settlement, in order (``admit``, ``charges``); a stage with
            nothing new to say gives ``Done`` at once.
    """

    config: EndpointConfig

    @property
    def stages(self) -> tuple[Stage, ...]: ...

    def next(
        self,
        stage: Stage,
        facts: CallFacts,
        so_far: Sequence[Exchange],
        at: datetime,
        *,
        before: Sequence[Exchange] = (),
    ) -> OutboundMessage | Done:
        """The next message of a stage.

        Args:
            so_far: what has been said in this stage for this bill version, oldest first.
            before: everything else that this case and this call have said and had accepted, in any stage and version,
                oldest first: ids that came back (an admission number) are read out of it.
        """
        ...

    def deliver(self, message: OutboundMessage) -> Receipt:
        """Send it once. A lost answer is ``UNKNOWN``, never an exception and never a second sending."""
        ...

    def lookup(self, message: OutboundMessage) -> Receipt:
        """Ask what became of it, by its key. Has no effect on the other side."""
        ...

    def remittance(self, day: date, facility: str) -> Remittance:
        """The payer's statement for one day: totals and details. Raises AdapterError when it cannot be had."""
        ...

    def statement(self, day: date, facility: str, ours: OurSide) -> Statement:
        """The payer's word on one day, whichever way it is had: ``remittance`` where the payer lists by itself; else

        an answer to what we hold against it. Raises AdapterError when it cannot be had today.
        """
        ...


def deliver_safely(message: OutboundMessage, endpoint: Endpoint, now: datetime) -> Receipt:
    """Deliver so that a lost answer never becomes a second payment.

    A message that was tried before is looked up first. "Not there" counts as proof only once the endpoint's longest
    delay, and the time an answer may take, have passed since the last moment at which it may have been sent. A message
    that no attempt can have sent (no connection was made, or it was given back unsent) is sent at once: a payer that
    cannot be asked would make a person decide about nothing.
    """
    proof = proof_after(message, endpoint.config)
    if not (message.effect and message.attempts) or proof is None:
        return endpoint.deliver(message)
    earlier = replace(endpoint.lookup(message), sent=False)  # asking is not sending: the proof comes no later for it
    if earlier.outcome is not Outcome.NOT_SEEN:
        return earlier
    if (wait := proof - now) > timedelta(0):
        seconds = -(-wait // timedelta(seconds=1))
        return replace(earlier, outcome=Outcome.UNKNOWN, retry_after=max(seconds, 1))
    return endpoint.deliver(message)


def proof_after(message: OutboundMessage, config: EndpointConfig) -> datetime | None:
    """From when on an empty look-up proves that the message was never received; None: no attempt can have sent it."""
    if message.last_attempt is None:
        return None
    return message.last_attempt + timedelta(seconds=config.longest_delay + config.timeout)
