"""How the ``nhsa`` dialect travels: HTTP out, receipts back, look-ups instead of repeats (docs/wire-nhsa.md)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from adapter.fhir.canonical import decode
from adapter.model.call import CallFacts
from adapter.model.dates import Clock, local_day
from adapter.model.issues import AdapterError, Issue
from adapter.model.messages import OutboundMessage, Outcome, Receipt, Remittance, Stage
from adapter.payers.delivery import issues as common
from adapter.payers.delivery.endpoint import Done, EndpointConfig, Exchange, OurSide, Statement
from adapter.payers.delivery.endpoints.nhsa import issues, money_issues
from adapter.payers.delivery.endpoints.nhsa.desk import BOUNDARY, BureauDesk, multipart
from adapter.payers.delivery.endpoints.nhsa.dialogue import STAGES, Dialogue
from adapter.payers.delivery.endpoints.nhsa.envelope import Answer, signed_on
from adapter.payers.delivery.endpoints.nhsa.history import message_id, sent_input, sign_number
from adapter.payers.delivery.endpoints.nhsa.hospital import Credential, Hospital, Keys
from adapter.payers.delivery.endpoints.nhsa.load import Dialect
from adapter.payers.delivery.endpoints.nhsa.lookup import look
from adapter.payers.delivery.endpoints.nhsa.msgid import MessageIds
from adapter.payers.delivery.endpoints.nhsa.receipts import done_receipt
from adapter.payers.delivery.endpoints.nhsa.reconcile import compare_day, settled_at_bureau
from adapter.payers.delivery.endpoints.nhsa.signing.scheme import Sealed, open_scheme
from adapter.payers.delivery.endpoints.nhsa.verdict import Judged, Verdict, about_what_was_asked, judge
from adapter.payers.delivery.endpoints.nhsa.words import personal_texts
from adapter.payers.delivery.http import Answered, NoAnswer, NotSent, Wire

#: What the patient's credential is put into when it is sent.
_CARRIES_CREDENTIAL = ("1101", "2401", "2303", "2304")

#: A refusal of these is believed when the bureau, asked, does not have them either.
_SETTLES = ("2304", "2305")

#: Gives what the patient showed at the window for a case, once; None: nothing was shown.
Window = Callable[[str], Credential | None]


def nothing_shown(case_id: str) -> None:
    """No window: what needs a credential waits."""


class NhsaEndpoint:
    """A bureau that speaks the national platform's transactions."""

    #: The admission and every line must be with the bureau before it computes.
    stages: tuple[Stage, ...] = STAGES

    def __init__(
        self,
        config: EndpointConfig,
        clock: Clock,
        *,
        dialect: Dialect,
        hospital: Hospital,
        keys: Keys | None = None,
        window: Window = nothing_shown,
    ) -> None:
        """Raises AdapterError DEL-554 for a test region at a real endpoint, CFG-731 to -735 for its settings."""
        if dialect.region.test_profile and not config.simulator:
            raise AdapterError(issues.another_division(f"endpoints.{config.name}"))
        self.config = replace(config, longest_delay=max(config.longest_delay, dialect.region.longest_delay))
        self._clock, self._window = clock, window
        self._region, self._definitions = dialect.region, dialect.definitions
        hospital.checked(config.name, sign_in=dialect.region.sign_in)
        self._scheme = open_scheme(dialect.region.signing, keys or Keys())
        self.dialogue = Dialogue(dialect, hospital, MessageIds(hospital.fixmedins_code))
        self._signed: tuple[date, str] | None = None
        self._wire = Wire(config.base_url, timeout=config.timeout, token=config.token, tls=config.tls)

    def close(self) -> None:
        """Give the connections back."""
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
        """The next message of a stage. Raises AdapterError DEL-503 for a test profile at a real endpoint."""
        if facts.test_profile and not self.config.simulator:
            raise AdapterError(common.test_profile_refused(self.config.name))
        return self.dialogue.next(stage, facts, so_far, at, before)

    def deliver(self, message: OutboundMessage) -> Receipt:
        """Send it once. What waits for the window is not sent: NOT_SEEN with DEL-543."""
        credential = self._window(message.case_id) if self._may_need_credential(message) else None
        if self._needs_credential(message) and credential is None:
            waits = issues.waits_for_credential(message.key, message.operation)
            return Receipt(Outcome.NOT_SEEN, self._clock.now(), issues=(waits,), sent=False)
        receipt = self._receipt(message, self._post(message, credential))
        if receipt.outcome is Outcome.REJECTED and message.operation in _SETTLES:
            return self._unless_done(message, receipt)
        return receipt

    def _unless_done(self, message: OutboundMessage, refused: Receipt) -> Receipt:
        """A refusal, unless the bureau has done it: what a proxy sends twice is refused the second time (已结算).

        Where the bureau cannot be asked, the refusal says so, and the person who deals with it looks there first.
        """
        looked = self.lookup(message)
        if looked.outcome is Outcome.ACCEPTED:
            return replace(looked, sent=True)
        return replace(refused, issues=(*refused.issues, *looked.issues))

    def lookup(self, message: OutboundMessage) -> Receipt:
        """What became of it, as far as this bureau can be asked. Has no effect.

        A message that was leased and never got out, since it waited for the window, need not be asked about.
        """
        if message.attempts and message.last_attempt is None:
            return Receipt(Outcome.NOT_SEEN, self._clock.now())
        heard: list[Answered | NotSent | NoAnswer] = []
        found = look(message, self._region, lambda number, node: self._question(message, number, node, heard))
        now = self._clock.now()
        if found.body is not None:
            done = done_receipt(message, found.body, now, self._region, self._definitions)
            return replace(done, issues=(*found.issues, *done.issues))
        alone = max((each.leave_alone or 0 for each in heard), default=0) or None
        silent = bool(heard) and not any(isinstance(each, Answered) for each in heard)
        again = None if silent else alone or 1  # who does not answer at all has asked for nothing
        return Receipt(found.outcome, now, issues=found.issues, retry_after=again, leave_alone=alone)

    def remittance(self, day: date, facility: str) -> Remittance:
        """The platform lists nothing by itself. Raises AdapterError DEL-566; ``statement`` is the way."""
        raise AdapterError(money_issues.needs_our_side(self.config.name, day.isoformat()))

    def statement(self, day: date, facility: str, ours: OurSide) -> Statement:
        """The bureau's word on a day's settlements: totals (3201) and, where they differ, details (3202).

        The bureau counts by its own day of settlement, and refuses or lists nothing by rule date.

        Raises:
            AdapterError: DEL-504 when it cannot be had, DEL-567 for a file that cannot be read.
        """
        near = [settled_at_bureau(each, self._definitions) for each in ours.booked]
        unsure = {message_id(each): each.key for each in ours.unsure if each.operation == "2304"}
        desk = BureauDesk(self.config.name, day, self.dialogue, self._clock, self._send, self._judge_only)
        told = compare_day(day, near, unsure, self.config.name, self._region, desk, self._definitions)
        return Statement(told, days={each.key: each.on for each in near})

    @property
    def lists(self) -> str:
        """4101 follows a settlement where the region wants it."""
        return "4101" if self._region.settlement_list else ""

    def compensation(self, lost: OutboundMessage, at: datetime) -> OutboundMessage:
        """2601 for a message that stays unknown: to be stored and sent as any other. Raises AdapterError DEL-552."""
        return self.dialogue.compensation(lost, at)

    # -- out -----------------------------------------------------------------------------------------------------------

    def _may_need_credential(self, message: OutboundMessage) -> bool:
        by_card = self._region.credential != "02" and message.operation in _CARRIES_CREDENTIAL
        return by_card or message.operation in self._region.password_for

    def _needs_credential(self, message: OutboundMessage) -> bool:
        """The person is asked for by what he shows; a password is needed where the region says so, except across

        provinces (the first two digits of the divisions differ).
        """
        if self._region.credential != "02" and message.operation == "1101":
            return True
        home = str(decode(message.composed).get("insuplc_admdvs") or self.dialogue.hospital.division)
        near = home[:2] == self.dialogue.hospital.division[:2]
        return message.operation in self._region.password_for and near

    def _post(self, message: OutboundMessage, credential: Credential | None) -> Answered | NotSent | NoAnswer:
        sealed = self._sealed(message, credential)
        if isinstance(sealed, NotSent):
            return sealed
        return self._request(message, sealed.body, self._region.content_type, sealed.headers)

    def _request(
        self, message: OutboundMessage, body: bytes, kind: str, headers: Mapping[str, str]
    ) -> Answered | NotSent | NoAnswer:
        more = {"Accept": "application/json", **headers}
        return self._wire.request("POST", self._address(message.operation), body=body, content_type=kind, more=more)

    def _sealed(self, message: OutboundMessage, credential: Credential | None) -> Sealed | NotSent:
        """A message as it goes out: under a sign-in that counts, with what the patient showed, signed."""
        stored = decode(message.composed)
        if self._region.sign_in and message.operation != "9001" and not signed_on(stored, local_day(self._clock.now())):
            signed = self._signed_in(message)
            if isinstance(signed, NotSent):
                return signed
            stored["sign_no"] = signed
        if credential is not None and message.operation in _CARRIES_CREDENTIAL and credential.number:
            stored["input"] = _with_credential(stored["input"], credential)
        return self._scheme.seal(stored, at=self._clock.now(), credential=credential)

    def _signed_in(self, message: OutboundMessage) -> str | NotSent:
        """The number of today's sign-in, for a message without one or that waited past midnight; it stays as stored.

        The bureau would refuse it, sent as often as you like, with the number of the day before.
        """
        now = self._clock.now()
        if self._signed is None or self._signed[0] != local_day(now):
            key = f"{message.key}.sign-in.{now:%Y%m%d%H%M%S%f}"
            asked = self.dialogue.stored(message, "9001", self.dialogue.sign_in(), key, now, effect=False, insuplc="")
            answered = self._post(asked, None)
            if not isinstance(answered, Answered):
                return answered if isinstance(answered, NotSent) else NotSent(answered.reason)
            judged, _ = self._judged(asked, answered)
            if judged.verdict is not Verdict.DONE or judged.answer is None:
                words = judged.answer.words if judged.answer is not None else ""
                return NotSent(f"9001 {words}".strip(), judged.issues, answered.retry_after)
            self._signed = (local_day(now), sign_number(judged.answer))
        return self._signed[1]

    def _address(self, number: str) -> str:
        base = self.config.base_url
        return {"one": base, "path": f"{base}/{number}", "suffix": f"{base}{number}"}[self._region.address]

    def _judged(self, message: OutboundMessage, answered: Answered) -> tuple[Judged, bytes]:
        body = self._scheme.open(answered.body)
        transaction = self._definitions.transactions[message.operation]
        judged = judge(
            message.key,
            transaction,
            answered.status,
            body,
            region=self._region,
            definitions=self._definitions,
            secrets=personal_texts(sent_input(message)),
        )
        return about_what_was_asked(message.key, message.operation, judged, sent_input(message)), body

    def _receipt(self, message: OutboundMessage, answered: Answered | NotSent | NoAnswer) -> Receipt:
        now = self._clock.now()
        if isinstance(answered, NotSent):
            told, again, alone = answered.issues, answered.retry_after, answered.leave_alone
            return Receipt(Outcome.NOT_SEEN, now, issues=told, retry_after=again, leave_alone=alone, sent=False)
        if isinstance(answered, NoAnswer):
            return Receipt(Outcome.UNKNOWN, now)
        judged, body = self._judged(message, answered)
        if judged.verdict is Verdict.UNCLEAR:
            told, again, alone = judged.issues, answered.retry_after, answered.leave_alone
            return Receipt(Outcome.UNKNOWN, now, body=body, retry_after=again, issues=told, leave_alone=alone)
        if judged.verdict is Verdict.REFUSED:
            return self._refused(message, judged, body, now)
        return done_receipt(message, body, now, self._region, self._definitions)

    def _refused(self, message: OutboundMessage, judged: Judged, body: bytes, now: datetime) -> Receipt:
        """A refusal is for a person, but for a chunk of lines: the dialogue goes on by itself to find the bad ones.

        Its receipt is ACCEPTED in the sense that the bureau has dealt with the message and kept nothing; the body
        says no, and what follows is decided by it.
        """
        answer = judged.answer
        if message.operation != "2301" or answer is None or answer.status:
            return Receipt(Outcome.REJECTED, now, body=body, issues=judged.issues)
        lines = len(sent_input(message)["feedetail"])
        told: tuple[Issue, ...] = (issues.searching(message.key, lines, answer.words),)
        return Receipt(Outcome.ACCEPTED, now, body=body, issues=told)

    # -- questions beside the stored messages --------------------------------------------------------------------------

    def _question(
        self,
        like: OutboundMessage,
        number: str,
        node: Mapping[str, Any],
        heard: list[Answered | NotSent | NoAnswer],
    ) -> tuple[Verdict, Answer | None]:
        """Ask something that has no effect, for the sake of a stored message; what came of it is added to ``heard``."""
        now = self._clock.now()
        key = f"{like.key}.ask.{number}.{now:%Y%m%d%H%M%S%f}"
        home = str(decode(like.composed).get("insuplc_admdvs", ""))
        asked = self.dialogue.stored(like, number, {"data": dict(node)}, key, now, effect=False, insuplc=home)
        answered = self._post(asked, None)
        heard.append(answered)
        if not isinstance(answered, Answered):
            return Verdict.UNCLEAR, None
        judged, _ = self._judged(asked, answered)
        return judged.verdict, judged.answer

    def _send(self, message: OutboundMessage, content: bytes | None) -> Answered | NotSent | NoAnswer:
        """A message of reconciliation, with its file where it has one."""
        if content is None:
            return self._post(message, None)
        sealed = self._sealed(message, None)
        if isinstance(sealed, NotSent):
            return sealed
        body = multipart(sealed.body, str(sent_input(message)["fsUploadIn"]["filename"]), content)
        return self._request(message, body, f"multipart/form-data; boundary={BOUNDARY}", sealed.headers)

    def _judge_only(self, message: OutboundMessage, answered: Answered) -> Judged:
        return self._judged(message, answered)[0]


def _with_credential(message_input: Mapping[str, Any], credential: Credential) -> dict[str, Any]:
    """The input with what the patient showed; nothing of it is in the stored message."""
    shown = {"mdtrt_cert_no": credential.number, **({"card_sn": credential.card_sn} if credential.card_sn else {})}
    return {
        name: {**node, **shown} if isinstance(node, Mapping) and "mdtrt_cert_type" in node else node
        for name, node in message_input.items()
    }
