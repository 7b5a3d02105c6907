"""What is said in each stage: a pure function of the facts and of what has been said so far (对话).

``eligibility``: 9001 → 1101 → 2001 → 5206. ``admit``: 2401, or 2403 when the registration has changed. ``charges``:
2302 and 2301 until the bureau has every line as it is. ``trial``: 2303. ``settle``: 2402 → 2304. ``reverse``: 2305 and,
where the region goes further back, 2405 → 2302 → 2404. ``reconcile``: 4101 after the settlement, where it is wanted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from adapter.fhir.canonical import decode, encode
from adapter.model.call import CallFacts
from adapter.model.dates import local_day
from adapter.model.issues import AdapterError
from adapter.model.messages import OutboundMessage, Stage
from adapter.payers.delivery.endpoint import Done, Exchange
from adapter.payers.delivery.endpoints.nhsa import issues
from adapter.payers.delivery.endpoints.nhsa.charges import check_lines, next_upload, withdrawn_rows
from adapter.payers.delivery.endpoints.nhsa.compose import Composer, given_by_visit
from adapter.payers.delivery.endpoints.nhsa.definitions import Kind
from adapter.payers.delivery.endpoints.nhsa.envelope import envelope, signed_on
from adapter.payers.delivery.endpoints.nhsa.facts import Row, Told, id_number
from adapter.payers.delivery.endpoints.nhsa.history import ALL_LINES, message_id, sent_input, visit_of
from adapter.payers.delivery.endpoints.nhsa.hospital import Hospital
from adapter.payers.delivery.endpoints.nhsa.line_splits import with_line_splits
from adapter.payers.delivery.endpoints.nhsa.load import Dialect
from adapter.payers.delivery.endpoints.nhsa.msgid import MessageIds
from adapter.payers.delivery.endpoints.nhsa.receipts import DIVIDING, unread

CONTENT_TYPE = "application/json; charset=utf-8"
#: What must be through before a trial and a settlement.
STAGES = (Stage.ADMIT, Stage.CHARGES)


@dataclass(frozen=True)
class Dialogue:
    """One hospital's way of speaking with one bureau."""

    dialect: Dialect
    hospital: Hospital
    ids: MessageIds

    def next(
        self, stage: Stage, facts: CallFacts, so_far: Sequence[Exchange], at: datetime, before: Sequence[Exchange]
    ) -> OutboundMessage | Done:
        """The next message of a stage, or Done.

        Raises:
            AdapterError: what keeps it from being composed: DEL-544 to -551.
        """
        visit = visit_of([*before, *so_far], self.dialect.definitions)
        told = Told.of(facts, visit, self.dialect.region, self.hospital)
        turn = _Turn(self, told, stage, at, tuple(so_far))
        if self.dialect.region.sign_in and visit.signed_on(local_day(at)) is None and turn.is_needed():
            return turn.message("9001")
        return _STAGES[stage](turn) if stage in _STAGES else Done()

    @property
    def composer(self) -> Composer:
        return Composer(self.dialect.definitions, self.dialect.fields)

    def sign_in(self) -> dict[str, Any]:
        """The input of 9001, which no case is needed for."""
        hospital = self.hospital
        return {"signIn": {"opter_no": hospital.opter, "mac": hospital.mac, "ip": hospital.ip}}

    def compensation(self, lost: OutboundMessage, at: datetime) -> OutboundMessage:
        """What takes back a message whose effect is unknown and cannot be asked (冲正). A decision of a person, or of

        the reconciliation that found the bureau to hold more: 2601, which has a message id of its own and may stay
        unknown itself; of fee lines 2302 for all that is not settled, after which they are sent again.

        Raises:
            AdapterError: DEL-552, the bureau's 2601 does not undo such a transaction.
        """
        number = lost.operation
        if number == "2301":
            row = sent_input(lost)["feedetail"][0]
            data = [{"feedetl_sn": ALL_LINES, "mdtrt_id": row["mdtrt_id"], "psn_no": row["psn_no"]}]
            return self._beside(lost, "2302", {"data": data}, at, effect=False)
        if number not in self.dialect.region.reversible:
            raise AdapterError(issues.cannot_be_asked(lost.key, number))
        node: Any = next(iter(sent_input(lost).values()))
        undone = {"psn_no": node["psn_no"], "omsgid": message_id(lost), "oinfno": number}
        return self._beside(lost, "2601", {"data": undone}, at, effect=True)

    def _beside(
        self, lost: OutboundMessage, number: str, message_input: dict[str, Any], at: datetime, *, effect: bool
    ) -> OutboundMessage:
        key = f"{lost.key}.reversal.{at:%Y%m%d%H%M%S%f}"
        home = str(_envelope_of(lost).get("insuplc_admdvs", ""))
        return self.stored(lost, number, message_input, key, at, effect=effect, insuplc=home)

    def stored(
        self,
        like: OutboundMessage,
        number: str,
        message_input: dict[str, Any],
        key: str,
        at: datetime,
        *,
        effect: bool,
        insuplc: str,
    ) -> OutboundMessage:
        """A message beside another one: of the same case and call, and of its sign-in while that is today's."""
        beside = _envelope_of(like)
        body = envelope(
            number,
            message_input,
            region=self.dialect.region,
            hospital=self.hospital,
            msgid=self.ids.of(key, at),
            at=at,
            insuplc=insuplc,
            sign_no=signed_on(beside, local_day(at)),
        )
        return OutboundMessage(
            key=key,
            case_id=like.case_id,
            version=like.version,
            endpoint=like.endpoint,
            call=like.call,
            stage=like.stage,
            operation=number,
            composed=encode(body),
            content_type=CONTENT_TYPE,
            effect=effect,
            order_key=like.order_key,
        )


def _envelope_of(message: OutboundMessage) -> dict[str, Any]:
    found: dict[str, Any] = decode(message.composed)
    return found


@dataclass(frozen=True)
class _Turn:
    """One look at where a stage stands."""

    dialogue: Dialogue
    told: Told
    stage: Stage
    at: datetime
    so_far: Sequence[Exchange]

    @property
    def asked(self) -> frozenset[str]:
        """Transactions of this stage so far."""
        return frozenset(each.message.operation for each in self.so_far)

    def is_needed(self) -> bool:
        """Whether anything is to be said at all: one does not sign in to say nothing."""
        probe = _STAGES.get(self.stage)
        return probe is not None and isinstance(probe(self), OutboundMessage)

    def message(self, number: str, rows: Sequence[Row] | None = None, key: str | None = None) -> OutboundMessage:
        """A transaction, composed from the facts."""
        return self.of_input(number, self.dialogue.composer.compose(number, self.told, rows), key)

    def of_input(self, number: str, message_input: dict[str, Any], key: str | None = None) -> OutboundMessage:
        """A transaction with this input. Its key names stage, transaction and moment, unless it has one for ever."""
        facts, transaction = self.told.facts, self.dialogue.dialect.definitions.transactions[number]
        key = key or f"{facts.key}.{self.stage}.{number}.{self.at:%Y%m%d%H%M%S%f}"
        effect = transaction.kind is Kind.EFFECT
        body = envelope(
            number,
            message_input,
            region=self.told.region,
            hospital=self.dialogue.hospital,
            msgid=self.dialogue.ids.of(key, self.at),
            at=self.at,
            insuplc="" if number in ("9001", "1101") else given_by_visit(self.told, "insuplc"),
            sign_no=self.told.visit.signed_on(local_day(self.at)) or "",
        )
        return OutboundMessage(
            key=key,
            case_id=facts.case_id,
            version=facts.version,
            endpoint=facts.endpoint,
            call=facts.call,
            stage=self.stage,
            operation=number,
            composed=encode(body),
            content_type=CONTENT_TYPE,
            effect=effect,
            payers=facts.payers if number in DIVIDING else (),
            order_key=_order_key(facts) if effect else None,
        )

    def is_divided(self, *numbers: str) -> bool:
        """Whether the last answer of these says what each payer bears; False: asked again, it would.

        Raises:
            AdapterError: DEL-560 to -564, what still keeps anybody from reading it.
        """
        last = [each for each in self.so_far if each.message.operation in numbers][-1]
        if last.receipt.answers or not last.message.payers:
            return True
        error = unread(last.message, last.receipt, self.told.region, self.dialogue.dialect.definitions)
        if error is not None:
            raise error
        return False

    def answered(self, *numbers: str) -> Done:
        """What the payers answered to the last of these, with the bureau's own split of the lines."""
        last = [each for each in self.so_far if each.message.operation in numbers][-1]
        return Done(with_line_splits(last.message.key, last.receipt.answers, self.told))

    def check_insured(self) -> None:
        """The person is known and enrolled. Raises AdapterError DEL-546."""
        if given_by_visit(self.told, "insutype"):
            return
        insured = self.told.visit.insured
        seen = ", ".join(f"{e.insutype}:{e.state or '-'}" for e in insured.enrolments) if insured is not None else ""
        wanted = self.told.region.insutypes.get(self.told.facts.claim.person.insurance, "—")
        raise AdapterError(issues.not_insured(self.told.facts.case_id, wanted, seen or "—"))


def _order_key(facts: CallFacts) -> str:
    """One person's stays reach the bureau one after the other: year-to-date amounts depend on it."""
    return f"{facts.endpoint}/{facts.source}/{facts.claim.person.key}/{facts.claim.stay.settled_on.year}"


def _eligibility(turn: _Turn) -> OutboundMessage | Done:
    region = turn.told.region
    if "1101" not in turn.asked:
        if region.credential == "02" and not id_number(turn.told.held):
            raise AdapterError(issues.person_unknown(turn.told.facts.case_id))
        return turn.message("1101")
    turn.check_insured()
    if "2001" not in turn.asked and region.has("2001"):
        return turn.message("2001")
    if "5206" not in turn.asked and region.cumulative and region.has("5206"):
        year = turn.told.facts.claim.stay.settled_on.year
        return turn.message("5206", key=f"{turn.told.facts.key}.eligibility.5206.{year}.{turn.at:%Y%m%d%H%M%S%f}")
    return Done()


def _admit(turn: _Turn) -> OutboundMessage | Done:
    visit = turn.told.visit
    if visit.insured is None:
        return turn.message("1101")
    turn.check_insured()
    composer = turn.dialogue.composer
    now = composer.compose("2401", turn.told)
    if not visit.mdtrt_id:
        return turn.of_input("2401", now)
    if visit.admission == _plain(now) or visit.settled is not None or not turn.told.region.has("2403"):
        return Done()
    change = composer.compose("2403", turn.told)
    return Done() if visit.change == _plain(change) else turn.of_input("2403", change)


def _plain(message_input: dict[str, Any]) -> Any:
    """An input as it is read back from a stored message."""
    return decode(encode(message_input))


def _charges(turn: _Turn) -> OutboundMessage | Done:
    told = turn.told
    if told.visit.settled is not None:
        return Done()
    upload = next_upload(told, turn.dialogue.composer, turn.at)
    if not upload.withdraw and not upload.send:
        return _discharge_early(turn)
    if told.visit.discharge is not None and told.region.discharge_closes_lines:
        return turn.message("2405")
    if upload.withdraw:
        return turn.message("2302", withdrawn_rows(upload.withdraw))
    return turn.of_input("2301", {"feedetail": [dict(row) for row in upload.send]})


def _discharge_early(turn: _Turn) -> OutboundMessage | Done:
    """2402 once the lines are complete, where the bureau tries only what has been discharged."""
    told = turn.told
    if told.region.discharge_before != "trial" or told.facts.claim.stay.discharged is None:
        return Done()
    check_lines(told, turn.dialogue.composer)
    return _discharge(turn) or Done()


def _check_ready(turn: _Turn) -> None:
    """Both sides have the same lines, and the whole bill is theirs to look at. Raises AdapterError DEL-550, -556."""
    claim = turn.told.facts.claim
    if claim.third_party:
        raise AdapterError(issues.third_party_untold(turn.told.facts.case_id, claim.third_party))
    check_lines(turn.told, turn.dialogue.composer)


def _trial(turn: _Turn) -> OutboundMessage | Done:
    if "2303" in turn.asked and turn.is_divided("2303"):
        return turn.answered("2303")
    _check_ready(turn)
    facts = turn.told.facts
    key = f"{facts.key}.trial.{facts.settlement.basis[:12]}.{turn.at:%Y%m%d%H%M%S%f}"
    return turn.message("2303", key=key)


def _settle(turn: _Turn) -> OutboundMessage | Done:
    if "2304" in turn.asked:
        return turn.answered("2304", "5203") if turn.is_divided("2304", "5203") else turn.message("5203")
    if turn.told.visit.settled is not None:
        raise AdapterError(issues.settled_before(f"{turn.told.facts.key}.settle"))
    _check_ready(turn)
    return _discharge(turn) or turn.message("2304", key=f"{turn.told.facts.key}.settle")


def _discharge(turn: _Turn) -> OutboundMessage | None:
    """2402, cancelled before where it said something else; None: the bureau knows."""
    known = turn.told.visit.discharge
    now = turn.dialogue.composer.compose("2402", turn.told)
    if known == _plain(now):
        return None
    return turn.message("2405") if known is not None else turn.of_input("2402", now)


def _reverse(turn: _Turn) -> OutboundMessage | Done:
    """Backwards as far as the region goes; each step is undone only after the one behind it."""
    visit, far = turn.told.visit, turn.told.region.reversal_to
    if visit.settled is not None:
        return turn.message("2305", key=f"{turn.told.facts.key}.reverse")
    if far in ("discharge", "lines", "admission") and visit.discharge is not None:
        return turn.message("2405")
    if far in ("lines", "admission") and visit.lines:
        return turn.message("2302", withdrawn_rows([ALL_LINES]))
    if far == "admission" and visit.mdtrt_id:
        return turn.message("2404")
    return Done()


def _afterwards(turn: _Turn) -> OutboundMessage | Done:
    visit = turn.told.visit
    if not turn.told.region.settlement_list or visit.settled is None or visit.listed:
        return Done()
    return turn.message("4101")


_STAGES = {
    Stage.ELIGIBILITY: _eligibility,
    Stage.ADMIT: _admit,
    Stage.CHARGES: _charges,
    Stage.TRIAL: _trial,
    Stage.SETTLE: _settle,
    Stage.REVERSE: _reverse,
    Stage.RECONCILE: _afterwards,
}
