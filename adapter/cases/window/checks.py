"""Named checks and facts of the stay, as people establish them; and all that acts recorded (核查、登记与查看)."""

from __future__ import annotations

from typing import Any

import msgspec

from adapter.cases.reading import case_of
from adapter.cases.tools import Act, Tools
from adapter.cases.window.desk import Done, at_desk
from adapter.cases.window.record import record_json, record_of
from adapter.model.case import DepositState
from adapter.model.issues import AdapterError
from adapter.model.money import ZERO, Money
from adapter.model.person import masked
from adapter.model.window import CheckStep, DepositOverride, StayFacts
from adapter.rules.programme.checks import check, given
from adapter.rules.programme.window_issues import no_exception_needed


def record_check(case_id: str, step: CheckStep, by: str, tools: Tools, act: Act) -> Done:
    """Record who checked identity, cover or papers, or explained the process.

    Raises:
        AdapterError: PRG-253 without a name, PRG-254 a step that the programme does not have.
    """
    with at_desk(case_id, tools, act, doing=f"check-{step}", zh="登记核查") as desk:
        checked = check(case_id, step, desk.terms, by=by, at=act.at, recorded_by=act.actor.id)
        desk.keep(checks=(*desk.record.checks, checked))
        shown: dict[str, Any] = msgspec.to_builtins(checked)
        return desk.done(shown)


def record_facts(case_id: str, told: StayFacts, tools: Tools, act: Act) -> Done:
    """Record cause, emergency, third party, admission order or a decision; what is left out stays as it was.

    Raises:
        AdapterError: PRG-254, each thing that makes a fact incomplete.
    """
    with at_desk(case_id, tools, act, doing="facts", zh="登记窗口信息") as desk:
        desk.keep(facts=given(case_id, desk.record.facts, told))
        return desk.done(facts_json(desk.record.facts))


def let_deposit(case_id: str, amount: Money, tools: Tools, act: Act) -> Done:
    """Let a deposit be taken from a patient who owes none: a named person's exception, kept with its reason (X-18).

    Raises:
        AdapterError: PRG-256 nothing to let through: the amount is not above zero, or deposits are allowed anyway.
    """
    with at_desk(case_id, tools, act, doing="let-deposit", zh="特许收取押金") as desk:
        if amount <= ZERO or desk.row.deposit is DepositState.REQUIRED:
            raise AdapterError(no_exception_needed(case_id, amount))
        made = DepositOverride(amount, by=act.actor.id, at=act.at, why=act.reason)
        desk.keep(overrides=(*desk.record.overrides, made))
        shown: dict[str, Any] = {"amount": amount.text, "let_in_all": desk.record.deposit_let.text, "by": made.by}
        return desk.done(shown)


def show_window(case_id: str, tools: Tools) -> dict[str, Any]:
    """Everything that acts recorded for a stay. Raises AdapterError CASE-302."""
    with tools.ledger.reading() as tx:
        case_of(tx, case_id)
        record = record_of(tx, case_id)
        return {"case_id": case_id, **record_json(record), "facts": facts_json(record.facts)}


def facts_json(facts: StayFacts) -> dict[str, Any]:
    """The facts as plain JSON values: an amount is text in yuan, a certificate's number is masked."""
    shown: dict[str, Any] = msgspec.to_builtins(facts)
    amount = facts.third_party_amount
    certificate = None if facts.aid_certificate is None else masked(facts.aid_certificate)
    return {
        **shown,
        "third_party_amount": None if amount is None else amount.text,
        "aid_certificate": certificate,
    }
