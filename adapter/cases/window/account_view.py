"""The patient's part as the window sees it: one value for the terminal and for callers (个人应付一览)."""

from __future__ import annotations

from typing import Any

from adapter.cases.tools import Tools
from adapter.cases.window import money_issues as said
from adapter.cases.window.account import Account, account_of, terms_of
from adapter.cases.window.arrears import REMINDERS, STEPS, VILLAGE
from adapter.cases.window.credit import debtor_json, debtor_of, entry_of, standing_of
from adapter.cases.window.fund import fund_standing
from adapter.cases.window.interim import interim_json, interim_parts
from adapter.cases.window.payments import Moved
from adapter.cases.window.plan_papers import last_plan, listed, rows_json, stage_papers
from adapter.cases.window.plans import Signed
from adapter.ledger.ledger import Transaction
from adapter.model.case import Actor, PlanState
from adapter.model.dates import local_day
from adapter.model.issues import AdapterError, Issue
from adapter.rules.programme.instalments import PlanStanding, discharge_answer


def account_view(case_id: str, tools: Tools, actor: Actor) -> tuple[dict[str, Any], tuple[Issue, ...]]:
    """Everything about the patient's part of a case, and what stands in the way. Raises AdapterError CASE-302."""
    act = tools.act(actor, "account")
    with tools.ledger.reading() as tx:
        account = account_of(tx, case_id)
        terms = terms_of(account.row, tools)
        answer = discharge_answer(account.part, account.plan, account.plan_paid, terms)
        issues: tuple[Issue, ...] = ()
        if not answer.allowed:
            issues = (said.discharge_waits(case_id, answer.zh, answer.en, answer.cite),)
        if (plan := last_plan(tx, case_id)) and tx.state(case_id, "plan", str(plan.version)) is PlanState.VOID:
            issues += (said.resign_plan(case_id),)
        shown: dict[str, Any] = {**_totals(account), "discharge_formalities": answer.allowed}
        try:
            standing = standing_of(tx, account, tools, act)
            shown["triggers_met"] = [str(each) for each in standing.met]
            shown["clearing_due"] = standing.clearing_due
        except AdapterError as error:
            shown |= {"triggers_met": [], "clearing_due": False}
            issues += error.issues
        return shown | _acts(tx, account), issues


def moved_json(moved: Moved) -> dict[str, Any]:
    """A payment or a refund as it is answered."""
    split = moved.recovery
    return {
        "case_id": moved.account.row.case_id,
        "receipt": moved.movement.receipt,
        "amount": moved.movement.amount.text,
        "method": moved.movement.method,
        "again": moved.again,
        "open": moved.account.part.still_open.text,
        "refund_due": moved.account.part.refund_due.text,
        "state": str(moved.state),
        "recovered_for_fund": split.to_fund.text if split else None,
        "recovered_for_hospital": split.to_hospital.text if split else None,
    }


def signed_json(signed: Signed) -> dict[str, Any]:
    """A plan with how it stands."""
    plan = signed.plan
    return {
        "case_id": plan.case_id,
        "version": plan.version,
        "state": str(signed.state),
        "patient_part": str(signed.part),
        "signed": plan.signed.isoformat(),
        "first_signed": plan.first_signed.isoformat(),
        "total": plan.total.text,
        "cite": plan.cite,
        **standing_json(signed.standing),
    }


def standing_json(standing: PlanStanding) -> dict[str, Any]:
    """The rows of a plan and what they brought."""
    return {
        "overdue": standing.overdue.text,
        "overdue_since": standing.overdue_since.isoformat() if standing.overdue_since else None,
        "rows": [
            {
                "number": each.row.number,
                "due": each.row.due.isoformat(),
                "amount": each.row.amount.text,
                "paid": each.paid.text,
                "left": each.left.text,
                "overdue": each.overdue,
            }
            for each in standing.rows
        ],
    }


def _totals(account: Account) -> dict[str, Any]:
    part, due = account.part, account.due
    return {
        "case_id": account.row.case_id,
        "state": str(account.row.patient_part) if account.row.patient_part else None,
        "final": part.final,
        "share": part.share.text,
        "paid": part.paid.text,
        "refunded": part.refunded.text,
        "adjusted": part.adjusted.text,
        "open": part.still_open.text,
        "refund_due": part.refund_due.text,
        "due": due.isoformat() if due else None,
    }


def _acts(tx: Transaction, account: Account) -> dict[str, Any]:
    case_id = account.row.case_id
    entry, fund, loss = entry_of(tx, case_id), fund_standing(tx, case_id), account.loss
    plan = last_plan(tx, case_id)
    state = tx.state(case_id, "plan", str(plan.version)) if plan else None
    return {
        "movements": [
            {
                "on": local_day(each.at).isoformat(),
                "amount": each.amount.text,
                "method": each.method,
                "receipt": each.receipt,
            }
            for each in account.movements
        ],
        "plan": {"version": plan.version, "state": str(state), "rows": rows_json(plan)} if plan else None,
        "stages": [dict(each) for each in stage_papers(tx, case_id)],
        "interim_settlements": [interim_json(each) for each in interim_parts(tx, case_id)],
        "debtor": {"kind": debtor_json(debtor_of(tx, case_id))["kind"]},
        "credit": {"state": str(entry.state), "trigger": str(entry.trigger), "cite": entry.cite} if entry else None,
        "loss": {"fund": loss.fund.text, "hospital": loss.hospital.text, "left": loss.left.text} if loss else None,
        "fund": {"owes": fund.owes.text, "owed": fund.owed.text},
        "reminders": [dict(each) for each in listed(tx.paper(case_id, REMINDERS), REMINDERS)],
        "collection": [dict(each) for each in listed(tx.paper(case_id, STEPS), STEPS)],
        "village_tasks": [dict(each) for each in listed(tx.paper(case_id, VILLAGE), VILLAGE)],
    }
