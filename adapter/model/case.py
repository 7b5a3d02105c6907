"""A case is one stay and several small machines, each a table you can read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from adapter.model.issues import Issue, MoveRefused, Severity


class StayState(StrEnum):
    """住院."""

    PLANNED = "planned"
    ARRIVED = "arrived"
    IN_PROGRESS = "in-progress"
    ON_LEAVE = "onleave"
    WARD_DISCHARGED = "ward-discharged"
    RECALLED = "recalled"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    ENTERED_IN_ERROR = "entered-in-error"


class EntitlementState(StrEnum):
    """资格: may this stay pay after care? Never says whether a payer covers it."""

    UNASSESSED = "unassessed"
    GRANTED = "granted"
    PROVISIONAL = "provisional"
    REFUSED = "refused"
    REVOKED = "revoked"


class DepositState(StrEnum):
    """押金."""

    NOT_ALLOWED = "not-allowed"
    REQUIRED = "required"
    RECEIVED = "received"
    APPLIED = "applied"
    REFUNDED = "refunded"


class BillState(StrEnum):
    """账单, one machine per version."""

    DRAFT = "draft"
    PREVIEWED = "previewed"
    SETTLING = "settling"
    SETTLED = "settled"
    SETTLED_ADVANCED = "settled-advanced"
    SUPERSEDED = "superseded"
    REVERSING = "reversing"
    REVERSED = "reversed"


class CallState(StrEnum):
    """对外调用: one call to an endpoint, answering for one or more payers."""

    EXPECTED = "expected"
    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    REVERSING = "reversing"
    REVERSED = "reversed"


class PatientPartState(StrEnum):
    """个人应付."""

    OPEN = "open"
    PART_PAID = "part-paid"
    PAID = "paid"
    ON_PLAN = "on-plan"
    OVERDUE = "overdue"
    COLLECTION = "collection"
    LEGAL = "legal"
    RISK_FUND = "risk-fund"
    WRITTEN_OFF = "written-off"
    RECOVERED = "recovered"
    REFUND_DUE = "refund-due"
    REFUNDED = "refunded"


class PlanState(StrEnum):
    """还款计划, one machine per plan of a case. Nothing in a plan is edited: another one replaces it."""

    SIGNED = "signed"  # 已签订,按期履行
    OVERDUE = "overdue"  # 有一期逾期
    FULFILLED = "fulfilled"  # 已还清
    REPLACED = "replaced"  # 已重新协商
    VOID = "void"  # 账单已冲销或变更,须重新签订


class CreditState(StrEnum):
    """信用: where a debtor stands on the shared list, one machine per debtor. Being overdue alone never lists."""

    CLEAR = "clear"  # 无不良记录
    PROPOSED = "proposed"  # 拟列入,已告知
    LISTED = "listed"  # 已列入
    APPEALED = "appealed"  # 申诉中
    CLEARED = "cleared"  # 已移出


class DocumentState(StrEnum):
    """证件, one machine per paper of a case."""

    REQUIRED = "required"  # 应交
    HELD = "held"  # 医院保管
    PRESENTED = "presented"  # 已出示(电子凭证等),无实物可保管
    WAIVED = "waived"  # 已豁免
    RETURNED = "returned"  # 已归还
    LOST = "lost"  # 遗失


class AgreementState(StrEnum):
    """协议, one machine per instrument. In R4: offered, executed, terminated, cancelled, revoked, rejected."""

    OFFERED = "offered"  # 已出具,待签
    SIGNED = "signed"  # 已签
    FULFILLED = "fulfilled"  # 已履行完毕
    BREACHED = "breached"  # 违约,已终止
    REPLACED = "replaced"  # 已由新版本代替
    REFUSED = "refused"  # 拒签


class ClearingState(StrEnum):
    """清算批次: one machine per endpoint, hospital and month. Money received is another matter than amounts agreed."""

    OPEN = "open"  # 未申报
    DECLARED = "declared"  # 已申报
    AGREED = "agreed"  # 对方已确认
    DISPUTED = "disputed"  # 有异议
    RECEIVED = "received"  # 已到账(或已全额抵扣)


_S, _E, _D, _B, _C, _P = StayState, EntitlementState, DepositState, BillState, CallState, PatientPartState
_L, _R = PlanState, CreditState

#: What may follow what. Feeds arrive in any order, so a stay may enter at any of its living states.
STAY_MOVES: Mapping[StrEnum, frozenset[StrEnum]] = {
    _S.PLANNED: frozenset({_S.ARRIVED, _S.IN_PROGRESS, _S.WARD_DISCHARGED, _S.CANCELLED, _S.ENTERED_IN_ERROR}),
    _S.ARRIVED: frozenset({_S.IN_PROGRESS, _S.WARD_DISCHARGED, _S.CANCELLED, _S.ENTERED_IN_ERROR}),
    _S.IN_PROGRESS: frozenset({_S.ON_LEAVE, _S.ARRIVED, _S.WARD_DISCHARGED, _S.CANCELLED, _S.ENTERED_IN_ERROR}),
    _S.ON_LEAVE: frozenset({_S.IN_PROGRESS, _S.WARD_DISCHARGED}),
    _S.WARD_DISCHARGED: frozenset({_S.RECALLED, _S.CLOSED, _S.ENTERED_IN_ERROR}),
    _S.RECALLED: frozenset({_S.WARD_DISCHARGED}),
    _S.CLOSED: frozenset({_S.WARD_DISCHARGED, _S.RECALLED}),
    # registered anew under the same key 撤销后重新登记
    _S.CANCELLED: frozenset({_S.PLANNED, _S.ARRIVED, _S.IN_PROGRESS, _S.WARD_DISCHARGED}),
}

ENTITLEMENT_MOVES: Mapping[StrEnum, frozenset[StrEnum]] = {
    _E.UNASSESSED: frozenset({_E.GRANTED, _E.PROVISIONAL, _E.REFUSED}),
    _E.PROVISIONAL: frozenset({_E.GRANTED, _E.REFUSED}),
    _E.REFUSED: frozenset({_E.GRANTED}),
    _E.GRANTED: frozenset({_E.REVOKED}),
}

DEPOSIT_MOVES: Mapping[StrEnum, frozenset[StrEnum]] = {
    _D.NOT_ALLOWED: frozenset({_D.REQUIRED, _D.RECEIVED}),
    _D.REQUIRED: frozenset({_D.RECEIVED, _D.NOT_ALLOWED}),
    _D.RECEIVED: frozenset({_D.APPLIED, _D.REFUNDED}),
}

BILL_MOVES: Mapping[StrEnum, frozenset[StrEnum]] = {
    _B.DRAFT: frozenset({_B.PREVIEWED}),
    _B.PREVIEWED: frozenset({_B.PREVIEWED, _B.SETTLING}),
    _B.SETTLING: frozenset({_B.SETTLED, _B.SETTLED_ADVANCED, _B.REVERSING}),
    _B.SETTLED: frozenset({_B.SUPERSEDED, _B.REVERSING}),
    _B.SETTLED_ADVANCED: frozenset({_B.SETTLED, _B.REVERSING}),
    # back to settled: refused before anything was undone
    _B.REVERSING: frozenset({_B.REVERSED, _B.SETTLED, _B.SETTLED_ADVANCED}),
    _B.REVERSED: frozenset({_B.SUPERSEDED}),
}

CALL_MOVES: Mapping[StrEnum, frozenset[StrEnum]] = {
    _C.EXPECTED: frozenset({_C.SUBMITTED, _C.ACCEPTED}),
    # back to expected: its message was withdrawn, and nothing had been sent
    _C.SUBMITTED: frozenset({_C.ACCEPTED, _C.REJECTED, _C.UNKNOWN, _C.EXPECTED}),
    _C.UNKNOWN: frozenset({_C.SUBMITTED, _C.ACCEPTED, _C.REJECTED, _C.EXPECTED}),
    _C.REJECTED: frozenset({_C.SUBMITTED}),
    _C.ACCEPTED: frozenset({_C.REVERSING}),
    _C.REVERSING: frozenset({_C.REVERSED, _C.ACCEPTED}),
}

#: Back to open or part-paid: the bill was reversed, or another version took its place, so a plan over it is void. A
#: refund that is due is credited when the bill is settled again; a part that was paid may be open again then.
PATIENT_PART_MOVES: Mapping[StrEnum, frozenset[StrEnum]] = {
    _P.OPEN: frozenset({_P.PART_PAID, _P.PAID, _P.ON_PLAN, _P.OVERDUE, _P.REFUND_DUE}),
    _P.PART_PAID: frozenset({_P.OPEN, _P.PAID, _P.ON_PLAN, _P.OVERDUE, _P.REFUND_DUE}),
    _P.ON_PLAN: frozenset({_P.OPEN, _P.PART_PAID, _P.PAID, _P.OVERDUE, _P.REFUND_DUE}),
    _P.OVERDUE: frozenset({_P.OPEN, _P.PART_PAID, _P.PAID, _P.ON_PLAN, _P.COLLECTION, _P.LEGAL, _P.REFUND_DUE}),
    _P.COLLECTION: frozenset({_P.OPEN, _P.PAID, _P.ON_PLAN, _P.LEGAL, _P.RISK_FUND, _P.WRITTEN_OFF, _P.REFUND_DUE}),
    _P.LEGAL: frozenset({_P.OPEN, _P.PAID, _P.RISK_FUND, _P.WRITTEN_OFF, _P.REFUND_DUE}),
    _P.RISK_FUND: frozenset({_P.OPEN, _P.RECOVERED, _P.REFUND_DUE}),
    _P.WRITTEN_OFF: frozenset({_P.OPEN, _P.RECOVERED, _P.REFUND_DUE}),
    _P.PAID: frozenset({_P.OPEN, _P.PART_PAID, _P.REFUND_DUE}),
    _P.RECOVERED: frozenset({_P.OPEN, _P.REFUND_DUE}),
    _P.REFUND_DUE: frozenset({_P.OPEN, _P.PART_PAID, _P.PAID, _P.REFUNDED}),
    _P.REFUNDED: frozenset({_P.OPEN, _P.PAID}),
}

PLAN_MOVES: Mapping[StrEnum, frozenset[StrEnum]] = {
    _L.SIGNED: frozenset({_L.OVERDUE, _L.FULFILLED, _L.REPLACED, _L.VOID}),
    _L.OVERDUE: frozenset({_L.SIGNED, _L.FULFILLED, _L.REPLACED, _L.VOID}),  # signed: caught up 已补还
}

DOCUMENT_MOVES: Mapping[StrEnum, frozenset[StrEnum]] = {
    DocumentState.REQUIRED: frozenset({DocumentState.HELD, DocumentState.PRESENTED, DocumentState.WAIVED}),
    DocumentState.HELD: frozenset({DocumentState.RETURNED, DocumentState.LOST}),
}

AGREEMENT_MOVES: Mapping[StrEnum, frozenset[StrEnum]] = {
    AgreementState.OFFERED: frozenset({AgreementState.SIGNED, AgreementState.REFUSED, AgreementState.REPLACED}),
    AgreementState.SIGNED: frozenset({AgreementState.FULFILLED, AgreementState.BREACHED, AgreementState.REPLACED}),
}

#: A debtor may object to a proposal as well as to a listing.
CREDIT_MOVES: Mapping[StrEnum, frozenset[StrEnum]] = {
    _R.CLEAR: frozenset({_R.PROPOSED}),
    _R.PROPOSED: frozenset({_R.LISTED, _R.APPEALED, _R.CLEARED}),
    _R.LISTED: frozenset({_R.APPEALED, _R.CLEARED}),
    _R.APPEALED: frozenset({_R.LISTED, _R.CLEARED}),
    _R.CLEARED: frozenset({_R.PROPOSED}),
}

#: Disputed goes back to declared when the month is declared anew; money may come while a dispute is open.
CLEARING_MOVES: Mapping[StrEnum, frozenset[StrEnum]] = {
    ClearingState.OPEN: frozenset({ClearingState.DECLARED}),
    ClearingState.DECLARED: frozenset({ClearingState.AGREED, ClearingState.DISPUTED}),
    ClearingState.DISPUTED: frozenset({ClearingState.DECLARED, ClearingState.AGREED, ClearingState.RECEIVED}),
    ClearingState.AGREED: frozenset({ClearingState.RECEIVED}),
}

MACHINES: Mapping[str, Mapping[StrEnum, frozenset[StrEnum]]] = {
    "stay": STAY_MOVES,
    "entitlement": ENTITLEMENT_MOVES,
    "deposit": DEPOSIT_MOVES,
    "bill": BILL_MOVES,
    "call": CALL_MOVES,
    "patient-part": PATIENT_PART_MOVES,
    "documents": DOCUMENT_MOVES,
    "agreement": AGREEMENT_MOVES,
    "plan": PLAN_MOVES,
    "credit": CREDIT_MOVES,
    "clearing": CLEARING_MOVES,
}


def check_move(machine: str, subject: str, before: StrEnum, after: StrEnum) -> None:
    """Let a listed move pass. Raises MoveRefused with CASE-301 for any other."""
    if after in MACHINES[machine].get(before, frozenset()):
        return
    raise MoveRefused(
        Issue(
            code="CASE-301",
            severity=Severity.ERROR,
            pointer=f"{subject}/{machine}",
            zh=f"状态“{before}”之后不能是“{after}”",
            en=f"{machine} cannot go from '{before}' to '{after}'",
            hint_zh="请先查看该病例的当前状态(adapter case show)",
            hint_en="look at the case's present state first (adapter case show)",
        )
    )


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a person at the window, or the service itself."""

    id: str
    role: str = "system"


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the journal. The journal is the truth; every table can be rebuilt from it.

    Attributes:
        kind: ``case-opened``, ``entitlement-assessed``, ``bill-settled`` …; docs/journal.md lists them.
        data: JSON values only; personal data stays in the resources and is referred to by key.
    """

    case_id: str
    kind: str
    at: datetime
    actor: Actor
    reason: str
    data: Mapping[str, object] = field(default_factory=dict)
