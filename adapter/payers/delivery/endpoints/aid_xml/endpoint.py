"""How the ``aid-xml`` dialect travels: SOAP over HTTP, a session that is never stored, honest receipts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from html import escape

from adapter.model.call import CallFacts
from adapter.model.claim import YearToDate
from adapter.model.dates import Clock, local_day
from adapter.model.issues import AdapterError, Issue
from adapter.model.messages import OutboundMessage, Outcome, Receipt, Remittance, Stage
from adapter.model.money import Money
from adapter.payers.delivery import issues as common
from adapter.payers.delivery.endpoint import Done, EndpointConfig, Exchange, OurSide, Statement
from adapter.payers.delivery.endpoints.aid_xml import issues
from adapter.payers.delivery.endpoints.aid_xml.definitions import NAMESPACE, Definitions, Meaning, ReturnCode
from adapter.payers.delivery.endpoints.aid_xml.dialogue import STAGES, Turn, next_message
from adapter.payers.delivery.endpoints.aid_xml.lookup import look
from adapter.payers.delivery.endpoints.aid_xml.soap import (
    CONTENT_TYPE,
    Reply,
    Unreadable,
    envelope,
    noted_in,
    read_reply,
)
from adapter.payers.delivery.endpoints.aid_xml.stay import Office
from adapter.payers.delivery.http import Answered, NoAnswer, NotSent, Wire

#: Answers that tell nothing about the effect: ask before sending again.
_TELLS_NOTHING = frozenset({408, 425, 429})
#: A repeat is refused with these when the first one was stored after all: no proof of anything.
_REFUSED_AS_REPEAT = frozenset({"01002", "02002"})


class AidXmlEndpoint:
    """A civil-affairs aid service (docs/wire-aid-xml.md)."""

    #: The admission must be registered before a ceiling is told or anything settled.
    stages: tuple[Stage, ...] = STAGES

    def __init__(
        self,
        config: EndpointConfig,
        clock: Clock,
        *,
        definitions: Definitions,
        office: Office,
        user_name: str,
        password: Callable[[], str],
        session_seconds: int = 600,
    ) -> None:
        self.config = config
        self._clock, self._definitions, self._office = clock, definitions, office
        self._user_name, self._password = user_name, password
        self._session_seconds = session_seconds
        self._signed_in: datetime | None = None
        self._shut_out: ReturnCode | None = None
        self._wire = Wire(config.base_url, timeout=config.timeout, tls=config.tls)

    def close(self) -> None:
        """End the session, where there is one, and give the connections back."""
        if self._signed_in is not None:
            self._post("logout", envelope("logout", {}, {}, namespace=NAMESPACE))
        self._wire.close()

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

        Raises:
            AdapterError: DEL-503 for a test profile at a real endpoint; DEL-585 to -597 for what must not be said yet.
        """
        if facts.test_profile and not self.config.simulator:
            raise AdapterError(common.test_profile_refused(self.config.name))
        return next_message(Turn(self._definitions, self._office, stage, facts, so_far, before, at))

    def deliver(self, message: OutboundMessage) -> Receipt:
        """Send it once. What counts goes out over a fresh session; a question over a lost one is asked once more.

        A refused settlement is believed when the service, asked, does not show it: what a proxy sends twice is refused
        the second time.
        """
        receipt = self._deliver(message, fresh=message.effect)
        if receipt.outcome is Outcome.REJECTED and message.operation == "balance":
            looked = self.lookup(message)
            return replace(looked, sent=True) if looked.outcome is Outcome.ACCEPTED else receipt
        if message.effect or receipt.outcome is not Outcome.UNKNOWN or self._signed_in is not None:
            return receipt
        return self._deliver(message, fresh=True)

    def lookup(self, message: OutboundMessage) -> Receipt:
        """What became of it, as far as the service can tell. NOT_SEEN counts only after the longest delay."""
        why: list[Receipt] = []

        def ask(operation: str, fields: Mapping[str, str]) -> tuple[Reply, bytes] | None:
            if (shut := self._sign_in(message.key, fresh=False)) is not None:
                why.append(shut)
                return None
            answered = self._post(operation, envelope(operation, fields, {}, namespace=NAMESPACE))
            if not isinstance(answered, Answered) or answered.status != 200:
                why.append(replace(self._not_sent(), leave_alone=answered.leave_alone))
                return None
            try:
                return read_reply(answered.body, operation), answered.body
            except Unreadable:
                return None

        found = look(message, ask, self._clock.now())
        told = found.issues or tuple(issue for each in why for issue in each.issues)
        alone = max((each.leave_alone or 0 for each in why), default=0) or None
        return Receipt(found.outcome, self._clock.now(), body=found.body, issues=told, leave_alone=alone)

    def remittance(self, day: date, facility: str) -> Remittance:
        """The service lists nothing. Raises AdapterError DEL-595."""
        raise AdapterError(issues.lists_nothing(self.config.name, day.isoformat()))

    def statement(self, day: date, facility: str, ours: OurSide) -> Statement:
        """Nothing can be asked: by maxPay only, of one person at a time."""
        return Statement(None, silent=issues.lists_nothing(self.config.name, day.isoformat()))

    # -- out -----------------------------------------------------------------------------------------------------------

    def _deliver(self, message: OutboundMessage, *, fresh: bool) -> Receipt:
        if (shut := self._sign_in(message.key, fresh=fresh)) is not None:
            return shut
        return self._receipt(message, self._post(message.operation, message.composed))

    def _post(self, operation: str, composed: bytes) -> Answered | NotSent | NoAnswer:
        """One request; the namespace is the office's from here on."""
        body = composed.replace(f'{NAMESPACE}"'.encode(), f'{escape(self._office.namespace)}"'.encode())
        more = {"Accept": "text/xml", "SOAPAction": f'"urn:{operation}"'}
        return self._wire.request("POST", self.config.base_url, body=body, content_type=CONTENT_TYPE, more=more)

    def _sign_in(self, key: str, *, fresh: bool) -> Receipt | None:
        """Open a session where there is none, or a fresh one; None when it is open.

        A wrong password is tried once only: the service locks accounts.
        """
        now = self._clock.now()
        lasts = timedelta(seconds=self._session_seconds)
        if self._signed_in is not None and not fresh and now - self._signed_in < lasts:
            return None
        if self._shut_out is not None:
            return self._not_sent(issues.not_signed_in(key, self._shut_out))
        self._signed_in = None
        fields = {"userName": self._user_name, "password": self._password()}
        answered = self._post("login", envelope("login", fields, {}, namespace=NAMESPACE))
        if not isinstance(answered, Answered) or answered.status != 200:
            return replace(self._not_sent(), leave_alone=answered.leave_alone)
        try:
            told = self._definitions.code(read_reply(answered.body, "login").code)
        except Unreadable as error:
            return self._not_sent(issues.unclear(key, f"login: {error}"))
        if told.meaning is Meaning.ACCEPTED:
            self._signed_in = now
            return None
        if told.meaning is Meaning.UNKNOWN:
            return self._not_sent(issues.unclear(key, f"login: {told.code}"))
        self._shut_out = told if told.code == "0L002" else None
        return self._not_sent(issues.not_signed_in(key, told))

    def _not_sent(self, *why: Issue) -> Receipt:
        return Receipt(Outcome.NOT_SEEN, self._clock.now(), issues=why, sent=False)

    # -- back ----------------------------------------------------------------------------------------------------------

    def _receipt(self, message: OutboundMessage, answered: Answered | NotSent | NoAnswer) -> Receipt:
        now = self._clock.now()
        if isinstance(answered, NotSent):
            return Receipt(Outcome.NOT_SEEN, now, sent=False)
        if isinstance(answered, NoAnswer):
            return Receipt(Outcome.UNKNOWN, now)
        status, body = answered.status, answered.body
        if status >= 500 or status in _TELLS_NOTHING or 300 <= status < 400:
            again, alone = answered.retry_after, answered.leave_alone
            return Receipt(Outcome.UNKNOWN, now, body=body, retry_after=again, leave_alone=alone)
        if status >= 400:
            return Receipt(Outcome.REJECTED, now, body=body, issues=(common.rejected(message.key, status, "—"),))
        try:
            return self._read(message, read_reply(body, message.operation), body, now)
        except Unreadable as error:
            return Receipt(Outcome.UNKNOWN, now, body=body, issues=(issues.unclear(message.key, str(error)),))

    def _read(self, message: OutboundMessage, reply: Reply, body: bytes, now: datetime) -> Receipt:
        told = self._definitions.code(reply.code)
        repeat = message.effect and message.attempts > 0 and told.code in _REFUSED_AS_REPEAT
        if told.meaning is Meaning.UNKNOWN or repeat:
            self._signed_in = None  # an exception may be a session that has ended
            return Receipt(Outcome.UNKNOWN, now, body=body, issues=(issues.unclear(message.key, told.code),))
        if told.meaning is Meaning.LOGIN:
            self._signed_in = None
            return self._not_sent(issues.not_signed_in(message.key, told))
        if told.meaning is Meaning.REJECTED:
            return Receipt(Outcome.REJECTED, now, body=body, issues=(issues.refused(message.key, told),))
        accrued = self._year(message, reply, now)
        return Receipt(Outcome.ACCEPTED, now, accrued=accrued, body=body)

    def _year(self, message: OutboundMessage, reply: Reply, now: datetime) -> YearToDate | None:
        """What was paid this year, from what is left of the plan's ceiling. Raises Unreadable for odd amounts."""
        left, noted = reply.money("maxPay"), noted_in(message.composed)
        reply.money("otherPay"), reply.ratio("percentage")  # what is accepted can be read later
        if left is None or "ceiling" not in noted:
            return None
        ceiling = Money.yuan(noted["ceiling"])
        if left > ceiling:
            return None  # another ceiling than the plan's: the dialogue holds the case (DEL-596)
        paid = ((f"{noted['payer']}.paid", ceiling - left),)
        return YearToDate(local_day(now).year, paid, "payer", now, message.case_id)
