"""Messages to payers and what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from adapter.model.claim import YearToDate
from adapter.model.issues import Issue
from adapter.model.money import Money
from adapter.model.settlement import Payer, PayerAnswer


class Stage(StrEnum):
    """Stages of a dialogue with an endpoint."""

    ELIGIBILITY = "eligibility"  # 待遇资格与年度累计
    ADMIT = "admit"  # 入院登记
    CHARGES = "charges"  # 费用上传
    TRIAL = "trial"  # 预结算
    SETTLE = "settle"  # 结算
    REVERSE = "reverse"  # 冲销
    RECONCILE = "reconcile"  # 对账
    NOTIFY = "notify"  # 回传 HIS: told to the hospital, answered with no amount


class Outcome(StrEnum):
    """The truth about a delivery, as far as it is known."""

    ACCEPTED = "accepted"  # 对方已受理; the receipt holds their reference and their amounts
    REJECTED = "rejected"  # 对方退回; a person must change something, no retry helps
    NOT_SEEN = "not-seen"  # 对方未收到, proven by an authoritative look-up; safe to send
    UNKNOWN = "unknown"  # 无应答; it may have arrived, so ask before sending again


@dataclass(frozen=True, slots=True)
class OutboundMessage:
    """One request, stored before it is sent. What was decided is what is sent.

    Attributes:
        key: ``<case>.v<version>.<call>.<stage>[.<n>]``; unique for ever, and the payer sees it as Claim.identifier.
        call: the scheme's call that this message belongs to.
        payers: who must answer it, each exactly once; empty where no amounts are asked for.
        order_key: messages with the same key go out in sequence (person and year), or None.
        effect: whether a repeat would count twice; queries and trials have none.
        composed: the wire body, byte for byte.
        operation: dialect's own name of what to do with the body (``claim-submit``, ``transaction`` …).
        attempts: how often it has been leased for sending before now; each of them may have reached the payer.
        last_attempt: the latest moment at which an earlier lease may have sent it, or None: when its answer came, else
            when the lease ended. A look-up is no attempt.
    """

    key: str
    case_id: str
    version: int
    endpoint: str
    call: str
    stage: Stage
    operation: str
    composed: bytes
    content_type: str
    effect: bool = True
    payers: tuple[Payer, ...] = ()
    order_key: str | None = None
    attempts: int = 0
    last_attempt: datetime | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What we know after sending or asking.

    Attributes:
        outcome: one of the four truths.
        at: when we learned it.
        reference: the payer's id of what it did.
        answers: per payer, when amounts came back.
        accrued: year-to-date amounts, when they were asked for.
        body: the raw answer, stored as it came.
        retry_after: seconds after which this message may be tried again, where somebody said so, or None.
        leave_alone: seconds for which the counterpart wants to hear nothing, of this message or any other, or None.
        issues: why it was rejected, or what was odd.
        sent: whether the message itself went out for this receipt, or may have; False for a mere look-up.
        told_by: who said so, where it was a person and not the counterpart; there is no body then.
    """

    outcome: Outcome
    at: datetime
    reference: str | None = None
    answers: tuple[PayerAnswer, ...] = ()
    accrued: YearToDate | None = None
    body: bytes = b""
    retry_after: int | None = None
    issues: tuple[Issue, ...] = ()
    sent: bool = True
    told_by: str | None = None
    leave_alone: int | None = None


@dataclass(frozen=True, slots=True)
class RemittanceLine:
    """One settlement as the payer reports it for a day."""

    key: str
    reference: str
    payer: Payer
    amount: Money
    reversed: bool = False


@dataclass(frozen=True, slots=True)
class Remittance:
    """A payer's statement for one day: totals and details. 对账单.

    Attributes:
        differing: keys that it holds with another amount, which it does not name.
    """

    endpoint: str
    day: date
    count: int
    total: Money
    lines: tuple[RemittanceLine, ...]
    differing: tuple[str, ...] = ()


class DifferenceKind(StrEnum):
    """How a day's statement and our books may differ."""

    MISSING = "missing"  # 对方漏记: we settled it, the payer does not list it
    UNEXPECTED = "unexpected"  # 对方多出: the payer lists it, our books do not have it
    SHORT = "short"  # 对方少记: the payer's amount is below ours
    OVER = "over"  # 对方多记: the payer's amount is above ours
    AMOUNT = "amount-differs"  # 金额不符: the payer says so, and does not name its amount
    DUPLICATE = "duplicate"  # 重复: listed twice
    WRONG_DAY = "wrong-day"  # 记账日不同: each side has it on another day
    TOTAL = "total-differs"  # 合计不符: their total is not the sum of their own details


@dataclass(frozen=True, slots=True)
class Difference:
    """One named difference between our books and a remittance.

    Attributes:
        other_day: of a settlement that the two sides have on two days: the day that is not this statement's.
    """

    kind: DifferenceKind
    key: str
    payer: Payer | None
    ours: Money | None
    theirs: Money | None
    other_day: date | None = None
