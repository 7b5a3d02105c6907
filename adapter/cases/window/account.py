"""The patient's part as the books have it, and where its machines go after every act (个人应付账户).

Nothing is counted twice: share, payments, refunds, reductions and losses are read from the postings, so whatever a
reversal books back is gone here too, and money that changed hands stays.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from adapter.cases.reading import case_of
from adapter.cases.tools import Act, Tools
from adapter.cases.window import money_issues as said
from adapter.cases.window.books import ALLOWANCE, CASH, FUND_OWES, GIVEN_UP, LOSS, OWED, OWED_TO_FUND
from adapter.cases.window.plan_papers import money_in, publish_plan, running_plan, stage_papers
from adapter.cases.window.requests import close_requests
from adapter.ledger.ledger import Transaction
from adapter.ledger.rows import CaseRow, PostingRow
from adapter.model.case import BillState, PatientPartState, PlanState
from adapter.model.dates import local_day
from adapter.model.issues import AdapterError
from adapter.model.money import ZERO, Money
from adapter.rules.programme.collection import CollectionTerms, read_collection
from adapter.rules.programme.instalments import Plan, PlanStanding, must_resign, standing
from adapter.rules.programme.patient_part import PatientPart
from adapter.rules.programme.risk_fund import Loss

_P, _L = PatientPartState, PlanState
_FINAL = frozenset({BillState.SETTLED, BillState.SETTLED_ADVANCED})
#: No payer has been asked for money yet.
OPEN_BILL = frozenset({BillState.DRAFT, BillState.PREVIEWED, None})
_UNDER_WAY = frozenset({BillState.SETTLING, BillState.REVERSING})
#: Where a named person put it; it stays there while something is open.
DECIDED = frozenset({_P.COLLECTION, _P.LEGAL, _P.RISK_FUND, _P.WRITTEN_OFF})
_LOST = frozenset({_P.RISK_FUND, _P.WRITTEN_OFF, _P.RECOVERED})


@dataclass(frozen=True, slots=True)
class Movement:
    """Money that changed hands: above zero from the debtor, below zero back to him."""

    batch: int
    at: datetime
    amount: Money
    method: str
    receipt: str


@dataclass(frozen=True, slots=True)
class Account:
    """What one case's debtor owes, as booked.

    Attributes:
        settled_on: day on which the standing bill was settled, None without one.
        loss: what was written off or claimed from the fund, None while nothing is lost.
        plan: the running plan, or None; ``plan_paid`` is what came in since it was signed, less refunds.
    """

    row: CaseRow
    part: PatientPart
    movements: tuple[Movement, ...]
    settled_on: date | None
    loss: Loss | None
    plan: Plan | None
    plan_paid: Money

    @property
    def due(self) -> date | None:
        """Payable at discharge, and not before there is a bill."""
        days = [day for day in (self.row.discharged, self.settled_on) if day is not None]
        return max(days) if self.settled_on is not None and days else None

    def plan_on(self, day: date) -> PlanStanding | None:
        """The plan's standing; None without one, and once its rows are no longer the balance."""
        if self.plan is None or must_resign(self.plan, self.plan_paid, self.part):
            return None
        return standing(self.plan, self.plan_paid, day)

    def late_since(self, day: date) -> date | None:
        """The day that was missed: of the plan's oldest unpaid row, or of payment at discharge; None while on time."""
        if not self.part.still_open or not self.part.final:
            return None
        kept = self.plan_on(day)
        if kept is not None:
            return None if kept.overdue_since is None else kept.overdue_since - timedelta(days=1)
        return self.due if self.due is not None and day > self.due else None


def terms_of(row: CaseRow, tools: Tools) -> CollectionTerms:
    """The collection clauses that this case is under."""
    scheme = tools.book.scheme(row.scheme)
    return read_collection(tools.book.programme(scheme.programme), scheme.settings)


def account_of(tx: Transaction, case_id: str, cite: str = "") -> Account:
    """The account as it stands. Raises AdapterError CASE-302."""
    row = case_of(tx, case_id)
    booked = tx.postings(case_id)
    moved = _movements(booked)
    settled = tx.paper(case_id, "settled")
    share, adjusted = _share(booked, row.version)
    final = settled is not None
    part = PatientPart(
        case_id=case_id,
        share=share if final else Money.total(money_in(each, "amount") for each in stage_papers(tx, case_id)),
        cite=cite,
        final=final,
        paid=Money.total(each.amount for each in moved if each.amount > ZERO),
        refunded=-Money.total(each.amount for each in moved if each.amount < ZERO),
        adjusted=adjusted,
    )
    plan, signed_at = running_plan(tx, case_id)
    since = Money.total(each.amount for each in moved if plan is not None and each.batch > signed_at)
    stands = settled is not None and row.bill in _FINAL
    settled_on = local_day(datetime.fromisoformat(str(settled["at"]))) if settled is not None and stands else None
    return Account(row, part, moved, settled_on, _loss(case_id, booked), plan, since)


def ready_account(tx: Transaction, case_id: str, cite: str) -> Account:
    """An account that money may move on. Raises AdapterError CASE-370 while the bill is under way."""
    account = account_of(tx, case_id, cite)
    if account.row.bill in _UNDER_WAY:
        raise AdapterError(said.bill_under_way(case_id, str(account.row.bill)))
    return account


def bill_settled(tx: Transaction, case_id: str, act: Act) -> None:
    """A version was settled: what was paid before counts against it, a plan over another balance is void."""
    if tx.state(case_id, "patient-part") is None:
        tx.start(case_id, "patient-part", _P.OPEN, **act.said)
    follow(tx, case_id, act)


def bill_reversed(tx: Transaction, case_id: str, act: Act) -> None:
    """A version was undone: plans are void, and what was paid is due back until a new version takes it."""
    if tx.state(case_id, "patient-part") is not None:
        follow(tx, case_id, act)


def follow(tx: Transaction, case_id: str, act: Act, *, by_date: bool = False, signed: bool = False) -> PatientPartState:
    """Move plan and patient's part to where money and dates put them, along their tables.

    Args:
        by_date: also call overdue what is late today; otherwise only what was overdue before stays so.
        signed: a plan was signed just now, which ends collection.
    """
    account, today = account_of(tx, case_id), local_day(act.at)
    account = _plan_follows(tx, account, today, act)
    before = tx.state(case_id, "patient-part")
    if before is None:
        tx.start(case_id, "patient-part", _P.OPEN, **act.said)
        before = _P.OPEN
    now = _P(before)
    overdue = (by_date or now is _P.OVERDUE) and account.late_since(today) is not None
    after = _target(account, now, overdue=overdue, signed=signed)
    if after is not now:
        tx.move(case_id, "patient-part", after, **act.said)
        close_requests(tx, case_id, after, act)
    return after


def _target(account: Account, now: PatientPartState, *, overdue: bool, signed: bool) -> PatientPartState:
    part = account.part
    if part.refund_due:
        return _P.REFUND_DUE
    if account.settled_on is None and part.final:  # undone: nothing is owed until the next version
        return _P.REFUNDED if part.refunded and now in (_P.REFUND_DUE, _P.REFUNDED) else _P.OPEN
    if now in _LOST and account.loss is not None:
        return now if part.still_open else _P.RECOVERED
    if now in DECIDED and part.still_open and not signed:
        return now
    return part.state(on_plan=account.plan is not None, overdue=overdue)


def _plan_follows(tx: Transaction, account: Account, today: date, act: Act) -> Account:
    """Fulfilled, overdue, caught up, or void because the balance is another one."""
    plan, case_id = account.plan, account.row.case_id
    if plan is None:
        return account
    subject = str(plan.version)
    kept = account.plan_on(today)
    if kept is None or account.settled_on is None:
        after = _L.VOID
    elif kept.done:
        after = _L.FULFILLED
    else:
        after = _L.SIGNED if kept.kept else _L.OVERDUE
    if after is not tx.state(case_id, "plan", subject):
        tx.move(case_id, "plan", after, subject=subject, **act.said)
        publish_plan(tx, account.row, plan, after, act)
    return account_of(tx, case_id, account.part.cite)


def _movements(booked: Iterable[PostingRow]) -> tuple[Movement, ...]:
    """Between the debtor and the hospital only: what the fund pays is another account's."""
    rows = list(booked)
    with_debtor = {row.batch for row in rows if row.posting.account == OWED}
    return tuple(
        Movement(
            batch=row.batch,
            at=row.at,
            amount=row.posting.debit - row.posting.credit,
            method=row.posting.account.removeprefix(CASH),
            receipt=row.posting.reference or "",
        )
        for row in rows
        if row.posting.account.startswith(CASH) and row.batch in with_debtor
    )


def _share(booked: Iterable[PostingRow], version: int) -> tuple[Money, Money]:
    """The debtor's share of a bill version and what the hospital gave up of it."""
    rows = [row for row in booked if row.version == version]
    money = {row.batch for row in rows if row.posting.account.startswith(CASH)}
    waived = {row.batch for row in rows if row.posting.account == GIVEN_UP}
    owed = [row for row in rows if row.posting.account == OWED and row.batch not in money]
    share = Money.total(row.posting.debit - row.posting.credit for row in owed if row.batch not in waived)
    adjusted = Money.total(row.posting.credit - row.posting.debit for row in owed if row.batch in waived)
    return max(share, ZERO), min(adjusted, max(share, ZERO))


def _loss(case_id: str, booked: Iterable[PostingRow]) -> Loss | None:
    """Written off or claimed, less what came back; None once a reversal booked it back."""
    rows = list(booked)
    undone = {row.reverses for row in rows if row.reverses is not None}
    stands = {row.batch for row in rows if row.reverses is None and row.batch not in undone}
    losing = {row.batch for row in rows if row.posting.account == ALLOWANCE} & stands

    def net(account: str, *, debit: bool) -> Money:
        here = [row.posting for row in rows if row.batch in losing and row.posting.account == account]
        return Money.total(each.debit if debit else each.credit for each in here)

    if not losing:
        return None
    return Loss(
        case_id=case_id,
        fund=net(FUND_OWES, debit=True),
        hospital=net(LOSS, debit=True),
        fund_repaid=net(OWED_TO_FUND, debit=False),
        hospital_repaid=net(LOSS, debit=False),
    )
