"""Payments, refunds and reductions of the patient's part: taken once, booked on two sides (收款、退款、减免)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from adapter.cases.admission import deposits_in
from adapter.cases.reading import OURS, as_rows, his_resources
from adapter.cases.tools import Act, Tools
from adapter.cases.window import money_issues as said
from adapter.cases.window.account import Account, Movement, account_of, follow, ready_account, terms_of
from adapter.cases.window.books import given_back, given_up, paid, recovered
from adapter.cases.window.plan_papers import last_plan
from adapter.fhir.collection import payment_resources
from adapter.ledger.ledger import Transaction
from adapter.ledger.rows import CaseRow
from adapter.model.case import DepositState, PatientPartState, PlanState
from adapter.model.dates import local_day
from adapter.model.issues import AdapterError, Issue
from adapter.model.money import ZERO, Money
from adapter.rules.programme.collection import CollectionTerms, require_person
from adapter.rules.programme.instalments import DischargeAnswer, discharge_answer
from adapter.rules.programme.rewards import PaymentHistory, Reward, reward
from adapter.rules.programme.risk_fund import Loss, Recovery, recover


class Method(StrEnum):
    """How money changes hands."""

    CASH = "cash"  # 现金
    CARD = "card"  # 银行卡
    CHEQUE = "cheque"  # 支票
    TRANSFER = "transfer"  # 转账
    WECHAT = "wechat"  # 微信支付
    ALIPAY = "alipay"  # 支付宝
    PERSONAL_ACCOUNT = "personal-account"  # 医保个人账户(含家庭共济)
    DEPOSIT = "deposit"  # 押金抵用


@dataclass(frozen=True, slots=True)
class Moved:
    """A payment or a refund that is on record.

    Attributes:
        again: it was on record before; nothing was booked now.
        recovery: of a payment on a lost debt, who gets what.
    """

    movement: Movement
    account: Account
    state: PatientPartState
    again: bool = False
    recovery: Recovery | None = None


@dataclass(frozen=True, slots=True)
class Granted:
    """A reward that was given."""

    reward: Reward
    account: Account
    issues: tuple[Issue, ...]


def pay(case_id: str, amount: Money, method: Method, receipt: str, tools: Tools, act: Act) -> Moved:
    """Take a payment, whole or in part. The same receipt again books nothing.

    Raises:
        AdapterError: PRG-271 before it is incurred, PRG-273 for more than is open, PRG-281 without a receipt,
            CASE-370, CASE-371, CASE-381; PRG-289 for more than a loss.
        SettingMissing: PRG-201 while nobody said who gets a recovery first.
    """
    with tools.ledger.transaction() as tx:
        terms, account = _opened(tx, case_id, tools)
        if (before := _known(account, receipt, amount, method)) is not None:
            return Moved(before, account, _state(account), again=True)
        _require_receipt(account, receipt)
        _require_amount(account, amount)
        account.part.pay(amount)
        if method is Method.DEPOSIT:
            _use_deposit(tx, account, amount, act)
        split = _recovery(account, amount, terms)
        tx.post(case_id, account.row.version, paid(amount, method, receipt, account.part.cite), **act.said)
        if split is not None:
            tx.post(case_id, account.row.version, recovered(split), **act.said)
        return _through(tx, account.row, tools, act, split)


def refund(case_id: str, amount: Money, method: Method, receipt: str, tools: Tools, act: Act) -> Moved:
    """Give money back that is due back. The same receipt again books nothing.

    Raises AdapterError PRG-278 for more than is due, PRG-281 without a receipt, CASE-370, CASE-371.
    """
    with tools.ledger.transaction() as tx:
        _, account = _opened(tx, case_id, tools)
        if (before := _known(account, receipt, -amount, method)) is not None:
            return Moved(before, account, _state(account), again=True)
        _require_receipt(account, receipt)
        _require_amount(account, amount)
        account.part.refund(amount)
        tx.post(case_id, account.row.version, given_back(amount, method, receipt, account.part.cite), **act.said)
        return _through(tx, account.row, tools, act, None)


def grant_reward(case_id: str, tools: Tools, act: Act) -> Granted:
    """Give the reward for paying earlier stays on time: the hospital's own money, off by default.

    Raises AdapterError CASE-383 where there is none, CASE-384 for a second one, PRG-282 by the service.
    """
    with tools.ledger.transaction() as tx:
        terms, account = _opened(tx, case_id, tools)
        require_person(case_id, act.actor, "reward", "给予减免")
        if account.part.adjusted:
            raise AdapterError(said.reward_granted(case_id))
        found = reward(_history(tx, account.row), account.part.still_open, terms) if account.part.final else None
        if found is None:
            raise AdapterError(said.no_reward(case_id))
        if found.reduction:
            account.part.adjust(found.reduction)
            tx.post(case_id, account.row.version, given_up(found.reduction, found.cite), **act.said)
        told = {"kind": str(found.kind), "amount": found.reduction.text, "cite": found.cite}
        tx.note(case_id, "reward-granted", told, **act.said)
        follow(tx, case_id, act)
        return Granted(found, account_of(tx, case_id, account.part.cite), found.issues)


def discharge_check(case_id: str, tools: Tools) -> DischargeAnswer:
    """May the discharge formalities be done? Paid in full, or under a signed plan where the programme has plans."""
    with tools.ledger.reading() as tx:
        terms, account = _opened(tx, case_id, tools)
        return discharge_answer(account.part, account.plan, account.plan_paid, terms)


def _opened(tx: Transaction, case_id: str, tools: Tools) -> tuple[CollectionTerms, Account]:
    account = account_of(tx, case_id)
    terms = terms_of(account.row, tools)
    return terms, ready_account(tx, case_id, terms.clause("at-once").cite)


def _known(account: Account, receipt: str, amount: Money, method: Method) -> Movement | None:
    """The movement of this receipt, if it is the same act. Raises AdapterError CASE-371 for another one."""
    for each in account.movements:
        if receipt and each.receipt == receipt:
            if (each.amount, each.method) != (amount, str(method)):
                raise AdapterError(said.receipt_used(account.row.case_id, receipt, each.amount, amount))
            return each
    return None


def _require_amount(account: Account, amount: Money) -> None:
    if amount <= ZERO:
        raise AdapterError(said.nothing_moves(account.row.case_id, amount))


def _require_receipt(account: Account, receipt: str) -> None:
    if not receipt.strip():
        raise AdapterError(said.receipt_missing(account.row.case_id))


def _use_deposit(tx: Transaction, account: Account, amount: Money, act: Act) -> None:
    """What the feed says was taken as a deposit, less what was used of it already."""
    case_id = account.row.case_id
    used = Money.total(each.amount for each in account.movements if each.method == Method.DEPOSIT)
    held = deposits_in(his_resources(tx, case_id)) - used
    if amount > held or account.row.deposit not in (DepositState.RECEIVED, DepositState.APPLIED):
        raise AdapterError(said.deposit_over_held(case_id, amount, max(held, ZERO)))
    if account.row.deposit is DepositState.RECEIVED:
        tx.move(case_id, "deposit", DepositState.APPLIED, **act.said)


def _recovery(account: Account, amount: Money, terms: CollectionTerms) -> Recovery | None:
    """Of a payment, the part that recovers a loss: what was not lost is paid first."""
    loss = account.loss
    if loss is None or not loss.left:
        return None
    sound = max(account.part.still_open - loss.left, ZERO)
    back = amount - min(amount, sound)
    if not back:
        return None
    return recover(loss, back, terms) if loss.fund else _own_loss(loss, back, account.part.cite)


def _own_loss(loss: Loss, amount: Money, cite: str) -> Recovery:
    """The hospital alone bore it, so it alone is made whole; no fund's order is asked for."""
    zh, en = f"追回{amount}元,全部补医院", f"{amount} recovered, all of it the hospital's"
    return Recovery(amount, ZERO, amount, loss, zh, en, cite)


def _through(tx: Transaction, row: CaseRow, tools: Tools, act: Act, split: Recovery | None) -> Moved:
    """The machines follow, the resources are written, and the last movement is shown."""
    state = follow(tx, row.case_id, act)
    account = account_of(tx, row.case_id)
    moved = account.movements[-1]
    made = payment_resources(
        his_resources(tx, row.case_id),
        source=row.source,
        case_id=row.case_id,
        amount=moved.amount,
        method=moved.method,
        receipt=moved.receipt,
        at=act.at,
        cleared=not account.part.still_open,
        test_profile=tools.book.scheme(row.scheme).test_profile,
    )
    tx.put_resources(OURS, row.case_id, as_rows(made), **act.said)
    return Moved(moved, account, state, recovery=split)


def _state(account: Account) -> PatientPartState:
    return account.row.patient_part or PatientPartState.OPEN


def _history(tx: Transaction, row: CaseRow) -> tuple[PaymentHistory, ...]:
    """Every earlier settled stay of the person: when its part was due and when it was paid in full."""
    others: Sequence[CaseRow] = tx.cases(source=row.source, person_key=row.person_key)
    found = []
    for other in others:
        account = account_of(tx, other.case_id)
        earlier = other.admitted is not None and row.admitted is not None and other.admitted < row.admitted
        if other.case_id != row.case_id and earlier and account.due is not None:
            found.append(PaymentHistory(other.case_id, _due(tx, account), _settled(account)))
    return tuple(found)


def _due(tx: Transaction, account: Account) -> date:
    """The last row of a plan that stands or was kept to its end, else the day of payment at discharge."""
    plan = last_plan(tx, account.row.case_id)
    stands = plan is not None and tx.state(account.row.case_id, "plan", str(plan.version)) is not PlanState.VOID
    return plan.ends if plan is not None and stands else account.due or date.min


def _settled(account: Account) -> date | None:
    """Day on which it was paid in full; paid means by the debtor, not written off."""
    if account.part.balance or not account.part.final:
        return None
    last = account.movements[-1].at if account.movements else None
    return account.settled_on if last is None else local_day(last)
