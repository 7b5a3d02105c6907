"""Repayment plans: rows that are the balance to the fen, and what payments make of them (延期、分期还款)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from adapter.model.issues import AdapterError, Issue
from adapter.model.money import ZERO, Money
from adapter.model.reference import DocumentFact, DocumentKind
from adapter.rules.programme import collection_issues as said
from adapter.rules.programme.collection import CollectionTerms
from adapter.rules.programme.patient_part import PatientPart


@dataclass(frozen=True, slots=True)
class Instalment:
    """One row of a plan (一期)."""

    number: int
    due: date
    amount: Money


@dataclass(frozen=True, slots=True)
class Plan:
    """A signed undertaking to pay later (延期、分期还款承诺书). Nothing in it is edited: a new one replaces it.

    Attributes:
        version: 1 for the first plan of a case.
        first_signed: when the first plan was signed; the longest term counts from here.
        signed_by: the debtor's key.
    """

    case_id: str
    version: int
    signed: date
    first_signed: date
    signed_by: str
    rows: tuple[Instalment, ...]
    cite: str

    @property
    def total(self) -> Money:
        return Money.total(row.amount for row in self.rows)

    @property
    def ends(self) -> date:
        return self.rows[-1].due


@dataclass(frozen=True, slots=True)
class RowStanding:
    """One row and what payments brought it so far."""

    row: Instalment
    paid: Money
    left: Money
    overdue: bool


@dataclass(frozen=True, slots=True)
class PlanStanding:
    """A plan on a day.

    Attributes:
        overdue_since: the day after the oldest unpaid row was due, or None while the plan is kept.
        next_due: the oldest row that still wants money, or None when all is paid.
        over: money beyond the whole plan; it is due back or credited by whoever asked.
    """

    on: date
    rows: tuple[RowStanding, ...]
    overdue: Money
    overdue_since: date | None
    next_due: Instalment | None
    over: Money

    @property
    def kept(self) -> bool:
        return self.overdue_since is None

    @property
    def done(self) -> bool:
        return self.next_due is None


@dataclass(frozen=True, slots=True)
class DischargeAnswer:
    """May the discharge formalities be done? The clinical end of a stay never waits for payment."""

    allowed: bool
    zh: str
    en: str
    cite: str


def spread(balance: Money, dues: Sequence[date]) -> tuple[Instalment, ...]:
    """Equal rows of whole fen over these days; the last one takes the remainder (trap 26).

    Raises ValueError for no days, or fewer fen than rows.
    """
    count = len(dues)
    if count == 0 or balance.fen < count:
        raise ValueError("a plan needs at least one row, and each row at least a fen")
    each = Money(balance.fen // count)
    last = Money(balance.fen - each.fen * (count - 1))
    amounts = [each] * (count - 1) + [last]
    return tuple(
        Instalment(number, due, amount) for number, (due, amount) in enumerate(zip(dues, amounts, strict=True), 1)
    )


def sign_plan(
    part: PatientPart,
    rows: Sequence[Instalment],
    certificate: DocumentFact | None,
    terms: CollectionTerms,
    *,
    signed: date,
    signed_by: str,
    before: Plan | None = None,
) -> Plan:
    """A plan over the whole balance; with ``before``, a renegotiated one that replaces it.

    Raises:
        AdapterError: PRG-270 under a programme that wants payment at once; PRG-274 … PRG-277 for all that is wrong.
        SettingMissing: PRG-201 while the longest term is not filled in.

    Source: 永卫计发〔2017〕67号 三(二).
    """
    cite = terms.clause("instalments").cite
    longest = terms.days("repayment_longest_days")
    first = before.first_signed if before else signed
    found = plan_issues(part, rows, certificate, cite=cite, longest=longest, signed=signed, first_signed=first)
    if not signed_by.strip():
        found += (said.proposal_unfounded(part.case_id, "债务人签名", "the debtor's signature", cite),)
    if found:
        raise AdapterError(*found)
    version = before.version + 1 if before else 1
    return Plan(part.case_id, version, signed, first, signed_by, tuple(rows), cite)


def plan_issues(
    part: PatientPart,
    rows: Sequence[Instalment],
    certificate: DocumentFact | None,
    *,
    cite: str,
    longest: int,
    signed: date,
    first_signed: date,
) -> tuple[Issue, ...]:
    """Everything that stands in the way of signing, in the order in which a clerk would settle it."""
    found: list[Issue] = []
    if not _proven(certificate):
        found.append(said.hardship_unproven(part.case_id, cite))
    total = Money.total(row.amount for row in rows)
    if total != part.still_open or not part.still_open or not part.final:
        found.append(said.plan_sum_wrong(part.case_id, total, part.still_open if part.final else ZERO, cite))
    before: date | None = None
    for number, row in enumerate(rows, 1):
        if row.number != number or row.amount <= ZERO or row.due < signed or (before is not None and row.due <= before):
            found.append(said.plan_rows_wrong(part.case_id, number, cite))
        before = row.due
    days = (max(row.due for row in rows) - first_signed).days if rows else 0
    if days > longest:
        found.append(said.plan_too_long(part.case_id, days, longest, cite))
    return tuple(found)


def standing(plan: Plan, paid: Money, on: date) -> PlanStanding:
    """What a plan looks like on a day. Payments fill the oldest row first; early and partial ones count at once.

    Args:
        paid: all payments since the plan was signed, less refunds, CNY, >= 0.
    """
    left_over, rows = paid, []
    for row in plan.rows:
        taken = min(left_over, row.amount)
        left_over -= taken
        rows.append(RowStanding(row, taken, row.amount - taken, taken < row.amount and row.due < on))
    late = [each for each in rows if each.overdue]
    return PlanStanding(
        on=on,
        rows=tuple(rows),
        overdue=Money.total(each.left for each in late),
        overdue_since=late[0].row.due + timedelta(days=1) if late else None,
        next_due=next((each.row for each in rows if each.left), None),
        over=left_over,
    )


def must_resign(plan: Plan, paid: Money, part: PatientPart) -> bool:
    """Whether a new bill version or a reversal left the plan's rows something else than the balance.

    Args:
        paid: as for ``standing``.
    """
    return plan.total - paid != part.balance


def discharge_answer(part: PatientPart, plan: Plan | None, paid: Money, terms: CollectionTerms) -> DischargeAnswer:
    """Paid in full, or under a signed plan over the balance where the programme has plans.

    Args:
        paid: payments since the plan was signed; ``¥0.00`` without a plan.

    Source: 县区方案2021 三(三); 永卫计发〔2017〕67号 三(二).
    """
    at_once = terms.clause("at-once")
    if not part.final:
        return DischargeAnswer(False, "尚未出具最终账单", "there is no final bill yet", at_once.cite)
    if not part.still_open:
        return DischargeAnswer(True, "个人应付已结清", "the patient's part is paid", at_once.cite)
    if plan is not None and "instalments" in terms.clauses and not must_resign(plan, paid, part):
        return DischargeAnswer(True, "已签订还款承诺书", "a repayment plan is signed", plan.cite)
    if "instalments" in terms.clauses:
        rule = terms.clause("instalments")
        return DischargeAnswer(
            False,
            zh=f"尚欠{part.still_open}元:请结清,或凭困难证明签订还款承诺书",
            en=f"{part.still_open} is open: pay it, or sign a plan with the certificate of hardship",
            cite=rule.cite,
        )
    return DischargeAnswer(False, f"尚欠{part.still_open}元,须一次性结清", f"{part.still_open} is open", at_once.cite)


def _proven(certificate: DocumentFact | None) -> bool:
    """Issued by the village AND sealed by the township (村委会开具、加盖乡镇政府公章)."""
    return (
        certificate is not None
        and certificate.kind is DocumentKind.HARDSHIP_CERTIFICATE
        and certificate.original
        and bool(certificate.issuer)
        and bool(certificate.confirmed_by)
    )
