"""Deposit: not allowed from an entitled patient, required from a refused one (押金)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from adapter.model.case import DepositState, EntitlementState
from adapter.model.issues import Issue
from adapter.model.money import ZERO, Money
from adapter.rules.programme import issues
from adapter.rules.programme.reasons import Reason
from adapter.rules.programme.terms import Terms

if TYPE_CHECKING:
    from adapter.rules.programme.entitlement import Assessment


@dataclass(frozen=True, slots=True)
class DepositInstruction:
    """What the admission office does about a deposit, and why. The amount of a required one is the hospital's rule."""

    state: DepositState
    zh: str
    en: str
    cite: str


@dataclass(frozen=True, slots=True)
class DepositAnswer:
    """The answer before money is taken: whether this amount may be taken now."""

    allowed: bool
    amount: Money
    zh: str
    en: str
    cite: str


@dataclass(frozen=True, slots=True)
class RefundTask:
    """Work for the admission office: give a deposit back that should not have been taken."""

    stay_key: str
    amount: Money
    zh: str
    en: str
    cite: str


def instruction(state: EntitlementState, reasons: Sequence[Reason], terms: Terms) -> DepositInstruction:
    """From a state and what led to it.

    Source: 县区方案2021 三(二)、五(二); 永卫计发〔2017〕67号 三(一)、四(四).
    """
    if state is not EntitlementState.REFUSED:
        rule = terms.deposit_entitled
        return DepositInstruction(rule.state, rule.text.zh, rule.text.en, rule.text.cite)
    rule = terms.deposit_refused
    against = [reason for reason in reasons if reason.effect is EntitlementState.REFUSED]
    because_zh = ";".join(f"{reason.zh}({reason.cite})" for reason in against)
    because_en = "; ".join(f"{reason.en} ({reason.cite})" for reason in against)
    return DepositInstruction(
        rule.state,
        zh=f"{rule.text.zh}。原因:{because_zh}",
        en=f"{rule.text.en}. Because: {because_en}",
        cite=rule.text.cite,
    )


def check_deposit(assessment: Assessment, amount: Money, let: Money = ZERO) -> DepositAnswer:
    """May this deposit or top-up be taken? Asked before the cashier takes it (X-18).

    Args:
        amount: CNY; zero or less is a refund or nothing, and is always allowed.
        let: what named persons let be taken although the programme does not allow it.
    """
    deposit = assessment.deposit
    if amount <= ZERO:
        return DepositAnswer(True, amount, "未收取押金", "no deposit is taken", deposit.cite)
    if deposit.state is not DepositState.NOT_ALLOWED:
        return DepositAnswer(True, amount, deposit.zh, deposit.en, deposit.cite)
    if amount <= let:
        zh = f"经具名人员特许收取,至多{let}元;按规定:{deposit.zh}"
        en = f"let through by a named person, {let} at most; the rule is: {deposit.en}"
        return DepositAnswer(True, amount, zh, en, deposit.cite)
    return DepositAnswer(False, amount, deposit.zh, deposit.en, deposit.cite)


def deposit_arrived(
    assessment: Assessment, amount: Money, let: Money = ZERO
) -> tuple[tuple[Issue, ...], RefundTask | None]:
    """A deposit that the HIS already took: nothing to do, or an issue (PRG-210) and a refund task.

    Args:
        let: what named persons let be taken; only what is above it goes back.
    """
    answer = check_deposit(assessment, amount, let)
    if answer.allowed:
        return (), None
    back = amount - let
    task = RefundTask(
        stay_key=assessment.stay_key,
        amount=back,
        zh=f"退还已收押金{back}元:{answer.zh}",
        en=f"refund the deposit of {back}: {answer.en}",
        cite=answer.cite,
    )
    return (issues.deposit_not_allowed(assessment.stay_key, back, answer.cite),), task
