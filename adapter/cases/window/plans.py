"""Repayment plans and staged collection: signed, renegotiated, asked; never in advance (延期、分期还款,分阶段收取)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from adapter.cases.settle import estimate
from adapter.cases.tools import Act, Tools
from adapter.cases.window import money_issues as said
from adapter.cases.window.account import OPEN_BILL, Account, account_of, follow, ready_account, terms_of
from adapter.cases.window.plan_papers import (
    STAGES,
    file_plan,
    last_plan,
    publish_plan,
    stage_json,
    stages_of,
)
from adapter.ledger.ledger import Transaction
from adapter.model.case import PatientPartState, PlanState
from adapter.model.dates import local_day
from adapter.model.issues import AdapterError
from adapter.model.money import ZERO, Money
from adapter.model.reference import DocumentFact, DocumentKind
from adapter.model.settlement import Payer
from adapter.rules.programme.instalments import Instalment, Plan, PlanStanding, sign_plan, spread, standing
from adapter.rules.programme.staging import Stage, check_stage, stage_due, staging_rule


@dataclass(frozen=True, slots=True)
class Signed:
    """A plan as it stands, with the machines it moved."""

    plan: Plan
    state: PlanState
    standing: PlanStanding
    part: PatientPartState


def sign(
    case_id: str,
    dues: Sequence[date],
    tools: Tools,
    act: Act,
    *,
    amounts: Sequence[Money] = (),
    certificate: DocumentFact | None = None,
    signed_by: str = "",
) -> Signed:
    """Sign a plan over the whole balance; where one runs, the new one replaces it.

    Args:
        dues: the day of each row.
        amounts: of each row, CNY; left out, equal rows of whole fen, the last one with the remainder.
        certificate: of hardship; left out, the one that the window took.
        signed_by: the debtor's key; left out, the patient's.

    Raises:
        AdapterError: PRG-270 under a programme without plans, PRG-274 … PRG-277, CASE-370, CASE-382.
        SettingMissing: PRG-201 while the longest term is not filled in.
    """
    with tools.ledger.transaction() as tx:
        row = account_of(tx, case_id).row
        terms = terms_of(row, tools)
        account = ready_account(tx, case_id, terms.clause("instalments").cite)
        if account.settled_on is None:
            raise AdapterError(said.plan_needs_bill(case_id))
        before = last_plan(tx, case_id)
        plan = sign_plan(
            account.part,
            _rows(account.part.still_open, dues, amounts),
            certificate or _shown(account, tools),
            terms,
            signed=local_day(act.at),
            signed_by=signed_by or row.person_key,
            before=before,
        )
        if account.plan is not None:
            replaced = str(account.plan.version)
            tx.move(case_id, "plan", PlanState.REPLACED, subject=replaced, **act.said)
            publish_plan(tx, row, account.plan, PlanState.REPLACED, act)
        booked = max((posting.batch for posting in tx.postings(case_id)), default=0)
        file_plan(tx, plan, booked, act)
        tx.start(case_id, "plan", PlanState.SIGNED, subject=str(plan.version), **act.said)
        publish_plan(tx, row, plan, PlanState.SIGNED, act)
        part = follow(tx, case_id, act, signed=True)
        return Signed(plan, PlanState.SIGNED, standing(plan, ZERO, local_day(act.at)), part)


def plan_of(case_id: str, tools: Tools) -> Signed:
    """The running plan, or the newest one; how it stands today. Raises AdapterError CASE-376 without any."""
    today = local_day(tools.clock.now())
    with tools.ledger.reading() as tx:
        account = account_of(tx, case_id)
        plan = account.plan or last_plan(tx, case_id)
        if plan is None:
            raise AdapterError(said.plan_unsigned(case_id))
        state = PlanState(str(tx.state(case_id, "plan", str(plan.version))))
        paid = account.plan_paid if account.plan is not None else plan.total if state is PlanState.FULFILLED else ZERO
        part = account.row.patient_part or PatientPartState.OPEN
        return Signed(plan, state, standing(plan, max(paid, ZERO), today), part)


def ask_stage(case_id: str, agreement: str, tools: Tools, act: Act) -> Stage:
    """Ask the patient for the stage that is due: the share of what is incurred so far, less what was asked before.

    Args:
        agreement: number of the repayment agreement (还款协议书) that the patient signed.

    Raises:
        AdapterError: PRG-270 under a programme without stages, PRG-281 without the agreement, CASE-374 when none is
            due, CASE-375 once there is a final bill; what keeps the case from being estimated.
        SettingMissing: PRG-201 while the hospital's stage rule is not filled in.
    """
    with tools.ledger.reading() as tx:
        terms = terms_of(account_of(tx, case_id).row, tools)
        rule = staging_rule(terms)
        _refuse_after_bill(tx, case_id)
    incurred = estimate(case_id, tools, act).settlement.share_of(Payer.PATIENT)
    with tools.ledger.transaction() as tx:
        account = _refuse_after_bill(tx, case_id)
        before, today = stages_of(tx, case_id), local_day(act.at)
        admitted = account.row.admitted or today
        stage = stage_due(rule, before, incurred=incurred, admitted=admitted, today=today)
        if stage is None:
            asked = Money.total(each.amount for each in before)
            raise AdapterError(said.no_stage_due(case_id, incurred, asked, rule.zh))
        stages = (*before, stage)
        found = check_stage(
            case_id, stages, incurred=incurred, agreed=bool(agreement.strip()), payer_transaction=False, cite=rule.cite
        )
        if found:
            raise AdapterError(*found)
        shown: list[object] = [stage_json(each) for each in stages]
        tx.file_paper(case_id, STAGES, {STAGES: shown, "agreement": agreement}, **act.said)
        follow(tx, case_id, act)
        return stage


def _refuse_after_bill(tx: Transaction, case_id: str) -> Account:
    account = account_of(tx, case_id)
    if account.part.final or account.row.bill not in OPEN_BILL:
        raise AdapterError(said.stage_after_bill(case_id))
    return account


def _rows(balance: Money, dues: Sequence[date], amounts: Sequence[Money]) -> tuple[Instalment, ...]:
    """Rows as given, or spread. What cannot be spread is left to the rule to refuse."""
    if amounts or balance.fen < len(dues) or not dues:
        given = (*amounts, *[ZERO] * (len(dues) - len(amounts)))  # a row without an amount is refused as one
        pairs = zip(dues, given, strict=False)
        return tuple(Instalment(number, due, amount) for number, (due, amount) in enumerate(pairs, 1))
    return spread(balance, dues)


def _shown(account: Account, tools: Tools) -> DocumentFact | None:
    """The certificate of hardship that the window took, if it did."""
    window = tools.feed(account.row.source).windows.get(account.row.stay_key)
    papers = window.documents if window is not None else ()
    return next((each for each in papers if each.kind is DocumentKind.HARDSHIP_CERTIFICATE), None)
