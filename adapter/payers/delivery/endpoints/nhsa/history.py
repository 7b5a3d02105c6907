"""What has been said with the bureau about a stay, folded from its exchanges (已办交易).

Nothing is remembered elsewhere: every id that came back is read out of the stored answer that brought it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from adapter.fhir.canonical import decode, digest
from adapter.model.claim import LineSplit, SplitBasis
from adapter.model.dates import local_day
from adapter.model.messages import OutboundMessage
from adapter.model.money import ZERO, Money
from adapter.payers.delivery.endpoint import Exchange
from adapter.payers.delivery.endpoints.nhsa.definitions import Definitions
from adapter.payers.delivery.endpoints.nhsa.envelope import Answer, read_answer
from adapter.payers.delivery.endpoints.nhsa.values import amount_of, text_of


@dataclass(frozen=True, slots=True)
class Enrolment:
    """One row of ``insuinfo``: a scheme that the person is enrolled in, and in which state."""

    insutype: str
    psn_type: str
    state: str
    area: str


@dataclass(frozen=True, slots=True)
class Insured:
    """Whom the bureau knows: its person number, enrolments, register identities in force as it names them."""

    psn_no: str = field(repr=False)
    enrolments: tuple[Enrolment, ...]
    identities: tuple[str, ...]

    def enrolled(self, insutype: str, states: Sequence[str]) -> Enrolment | None:
        """The enrolment under a scheme that is in force, or None."""
        return next((each for each in self.enrolments if each.insutype == insutype and each.state in states), None)


@dataclass(frozen=True, slots=True)
class SentLine:
    """A fee line that the bureau accepted: digest of what was sent, its amount and the bureau's own split.

    Attributes:
        split: None where the bureau gave none, or one that cannot be read to the fen (``unread`` names its field).
        terms: how the bureau classes the line, in its own codes, or empty.
    """

    digest: str
    amount: Money
    original: str = ""
    split: LineSplit | None = None
    unread: str = ""
    terms: str = ""


@dataclass(frozen=True, slots=True)
class RefusedChunk:
    """Lines that were refused together, by serial with their digests."""

    lines: Mapping[str, str]
    words: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Settled:
    """A settlement that stands: the bureau's id, our message id and key, and what each fund paid (funds by code)."""

    setl_id: str
    msgid: str
    key: str
    funds: tuple[tuple[str, Money], ...] = ()


@dataclass(frozen=True, slots=True)
class Visit:
    """Where a stay stands with the bureau.

    Attributes:
        signed: day and number of the last sign-in.
        entitled: funds with whether they grant benefits, and why not.
        admission, change, discharge: what was last sent of each, or None.
        lines: accepted lines by serial.
        refused: chunks of lines refused, oldest first.
        said: moments of all answers, oldest first.
    """

    signed: tuple[date, str] | None = None
    insured: Insured | None = None
    entitled: tuple[tuple[str, bool, str], ...] = ()
    mdtrt_id: str = ""
    admission: Mapping[str, Any] | None = field(default=None, repr=False)
    change: Mapping[str, Any] | None = field(default=None, repr=False)
    discharge: Mapping[str, Any] | None = field(default=None, repr=False)
    lines: Mapping[str, SentLine] = field(default_factory=dict)
    refused: tuple[RefusedChunk, ...] = ()
    settled: Settled | None = None
    listed: bool = False
    said: tuple[datetime, ...] = ()

    def signed_on(self, day: date) -> str | None:
        """The sign-in number of a day, or None."""
        return self.signed[1] if self.signed is not None and self.signed[0] == day else None

    @property
    def accepted_total(self) -> Money:
        """Σ of the accepted lines."""
        return Money.total(line.amount for line in self.lines.values())


def visit_of(exchanges: Iterable[Exchange], definitions: Definitions) -> Visit:
    """Fold everything said so far, in the order of the answers. An exchange that is named twice counts once."""
    unique = {exchange.message.key: exchange for exchange in exchanges}
    visit = Visit()
    for exchange in sorted(unique.values(), key=lambda each: each.receipt.at):
        number = exchange.message.operation
        transaction = definitions.transactions.get(number)
        if transaction is None:
            continue
        answer = answer_of(exchange, definitions)
        fold = _FOLDS.get(number)
        visit = replace(visit, said=(*visit.said, exchange.receipt.at))
        if fold is not None:
            visit = fold(visit, exchange, answer)
    return visit


def answer_of(exchange: Exchange, definitions: Definitions) -> Answer:
    """The stored answer. What a person told of a transaction says that it is done, and no more."""
    if exchange.receipt.told_by is not None:
        return Answer("0", "", {})
    return read_answer(exchange.receipt.body, definitions)


def sent_input(message: OutboundMessage) -> Mapping[str, Any]:
    """The ``input`` of a stored message."""
    found: Mapping[str, Any] = decode(message.composed)["input"]
    return found


def message_id(message: OutboundMessage) -> str:
    """The ``msgid`` of a stored message."""
    return str(decode(message.composed)["msgid"])


def row_digest(row: Mapping[str, Any]) -> str:
    """What a fee line says, without the ids that the bureau gave."""
    return digest({key: value for key, value in row.items() if key not in ("mdtrt_id", "psn_no")})


def _signed(visit: Visit, exchange: Exchange, answer: Answer) -> Visit:
    return replace(visit, signed=(local_day(exchange.receipt.at), sign_number(answer)))


def sign_number(answer: Answer) -> str:
    """The number of a sign-in, from the answer to 9001; empty where the bureau gives none."""
    return text_of(answer.first("signinoutb").get("sign_no") or answer.first("result").get("sign_no"))


def _known(visit: Visit, exchange: Exchange, answer: Answer) -> Visit:
    return replace(visit, insured=insured_from(answer, exchange.receipt.at))


def insured_from(answer: Answer, at: datetime) -> Insured:
    """Person, enrolments and identities of an answer to 1101."""
    day = local_day(at).isoformat()
    enrolments = tuple(
        Enrolment(*(text_of(row.get(key)) for key in ("insutype", "psn_type", "psn_insu_stas", "insuplc_admdvs")))
        for row in answer.rows("insuinfo")
    )
    identities = tuple(
        text_of(row.get("psn_idet_type"))
        for row in answer.rows("idetinfo")
        if text_of(row.get("begntime"))[:10] <= day and (text_of(row.get("endtime")) or day)[:10] >= day
    )
    return Insured(text_of(answer.first("baseinfo").get("psn_no")), enrolments, identities)


def _entitled(visit: Visit, exchange: Exchange, answer: Answer) -> Visit:
    rows = tuple(
        (
            text_of(row.get("fund_pay_type")),
            text_of(row.get("trt_enjymnt_flag")) != "0",
            text_of(row.get("trt_chk_rslt")),
        )
        for row in answer.rows("trtinfo")
    )
    return replace(visit, entitled=rows)


def _admitted(visit: Visit, exchange: Exchange, answer: Answer) -> Visit:
    fresh = Visit(visit.signed, visit.insured, visit.entitled, said=visit.said)
    mdtrt_id = text_of(answer.first("result").get("mdtrt_id")) or _told_by_person(exchange)
    return replace(fresh, mdtrt_id=mdtrt_id, admission=sent_input(exchange.message))


def _changed(visit: Visit, exchange: Exchange, answer: Answer) -> Visit:
    return replace(visit, change=sent_input(exchange.message))


def _admission_cancelled(visit: Visit, exchange: Exchange, answer: Answer) -> Visit:
    return Visit(visit.signed, visit.insured, visit.entitled, said=visit.said)


def _charged(visit: Visit, exchange: Exchange, answer: Answer) -> Visit:
    sent = {str(row["feedetl_sn"]): row for row in sent_input(exchange.message)["feedetail"]}
    if answer.infcode != "0":
        lines = {serial: row_digest(row) for serial, row in sent.items()}
        return replace(visit, refused=(*visit.refused, RefusedChunk(lines, answer.words, exchange.receipt.at)))
    told = {text_of(row.get("feedetl_sn")): row for row in answer.rows("result")}
    told = told if exchange.receipt.told_by is None else {serial: {} for serial in sent}
    accepted = {serial: _accepted(row, told[serial]) for serial, row in sent.items() if serial in told}
    return replace(visit, lines={**visit.lines, **accepted})


#: Fields of 2301's answer: a line's amount, its four parts in the order of ``LineSplit``, its class.
_AMOUNT = "det_item_fee_sumamt"
_PARTS = ("fulamt_ownpay_amt", "overlmt_amt", "preselfpay_amt", "inscp_scp_amt")
_TERMS = ("chrgitm_lv", "selfpay_prop", "pric_uplmt_amt", "lmt_used_flag")


def _accepted(sent: Mapping[str, Any], told: Mapping[str, Any]) -> SentLine:
    """A line as it was sent, with what the bureau said of it.

    A line that nobody has split has no split: parts that are all left out are no zeros.
    """
    amounts: dict[str, Money | None] = {}
    unread = ""
    for name in (_AMOUNT, *_PARTS):
        try:
            amounts[name] = amount_of(told.get(name))
        except ValueError:
            amounts[name], unread = None, unread or name
    parts = [amounts[name] for name in _PARTS]
    split = None
    if not unread and any(part is not None for part in parts):
        full, over, pre, scope = (part or ZERO for part in parts)
        split = LineSplit(full, over, pre, scope, SplitBasis.PAYER)
    return SentLine(
        row_digest(sent),
        amounts[_AMOUNT] or Money.yuan(sent[_AMOUNT]),
        text_of(sent.get("init_feedetl_sn")),
        split,
        unread,
        ", ".join(f"{name} {text_of(told[name])[:20]}" for name in _TERMS if text_of(told.get(name))),
    )


def _withdrawn(visit: Visit, exchange: Exchange, answer: Answer) -> Visit:
    serials = {str(row["feedetl_sn"]) for row in sent_input(exchange.message)["data"]}
    left = {} if ALL_LINES in serials else {k: v for k, v in visit.lines.items() if k not in serials}
    return replace(visit, lines=left)


#: Serial that stands for every unsettled line in 2302.
ALL_LINES = "0000"


def _discharged(visit: Visit, exchange: Exchange, answer: Answer) -> Visit:
    return replace(visit, discharge=sent_input(exchange.message))


def _discharge_cancelled(visit: Visit, exchange: Exchange, answer: Answer) -> Visit:
    return replace(visit, discharge=None)


def _settled(visit: Visit, exchange: Exchange, answer: Answer) -> Visit:
    setl_id = text_of(answer.first("setlinfo").get("setl_id")) or _told_by_person(exchange)
    funds = tuple(
        (text_of(row.get("fund_pay_type")), amount_of(row.get("fund_payamt")) or ZERO)
        for row in answer.rows("setldetail")
    )
    settled = Settled(setl_id, message_id(exchange.message), exchange.message.key, funds)
    return replace(visit, settled=settled, listed=False)


def _told_by_person(exchange: Exchange) -> str:
    """The bureau's id as a person read it from paper or screen."""
    return (exchange.receipt.reference or "") if exchange.receipt.told_by is not None else ""


def _settlement_cancelled(visit: Visit, exchange: Exchange, answer: Answer) -> Visit:
    return replace(visit, settled=None, listed=False)


def _reversed(visit: Visit, exchange: Exchange, answer: Answer) -> Visit:
    undone = str(sent_input(exchange.message)["data"]["oinfno"])
    if undone == "2401":
        return _admission_cancelled(visit, exchange, answer)
    return _settlement_cancelled(visit, exchange, answer) if undone == "2304" else visit


def _listed(visit: Visit, exchange: Exchange, answer: Answer) -> Visit:
    return replace(visit, listed=True)


_FOLDS = {
    "9001": _signed,
    "1101": _known,
    "2001": _entitled,
    "2401": _admitted,
    "2403": _changed,
    "2404": _admission_cancelled,
    "2301": _charged,
    "2302": _withdrawn,
    "2402": _discharged,
    "2405": _discharge_cancelled,
    "2304": _settled,
    "2305": _settlement_cancelled,
    "2601": _reversed,
    "4101": _listed,
}
