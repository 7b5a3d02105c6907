"""Money identities of a settlement sheet that somebody else computed (结算单平衡检查)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from adapter.model.claim import LineSplit
from adapter.model.issues import Issue
from adapter.model.money import ZERO, Money
from adapter.rules.settlement import issues


@dataclass(frozen=True, slots=True)
class Sheet:
    """What an observed settlement prints.

    Attributes:
        total: the bill.
        funds: every fund's amount, in a list: two funds may well pay the same amount.
        patient: what the patient bears, personal account included; None when not printed.
        parts: the four parts of the bill, or None when not printed.
        deposit, cash, refund: the cashier's figures, None when not printed.
    """

    total: Money
    funds: Sequence[tuple[str, Money]]
    patient: Money | None = None
    parts: LineSplit | None = None
    account: Money = ZERO
    deposit: Money | None = None
    cash: Money | None = None
    refund: Money | None = None


def check_sheet(sheet: Sheet, pointer: str = "sheet") -> tuple[Issue, ...]:
    """Hold a sheet against the identities that any true one keeps; nothing is mended.

    total = Σ funds + patient · 0 ≤ each fund ≤ total · Σ funds ≤ total · total = four parts ·
    patient = account + cash · refund = deposit − cash. For a bill of refunds (total < 0) the bounds turn round.

    Returns:
        SET-318 for an identity that does not hold, SET-319 for an amount that cannot be.
    """
    found = []
    low, high = min(sheet.total, ZERO), max(sheet.total, ZERO)
    for name, amount in sheet.funds:
        if not low <= amount <= high:
            zh = f"{name} 支付{amount},不在{low}至{high}之间"
            en = f"{name} pays {amount}, which is not between {low} and {high}"
            found.append(issues.sheet_impossible(f"{pointer}/{name}", zh, en))
    paid = Money.total(amount for _, amount in sheet.funds)
    if not low <= paid <= high:
        zh, en = f"各方合计{paid}超过费用总额{sheet.total}", f"payers together {paid}, the bill is {sheet.total}"
        found.append(issues.sheet_impossible(f"{pointer}/funds", zh, en))
    if sheet.patient is not None and paid + sheet.patient != sheet.total:
        zh = f"总额{sheet.total} − 各方合计{paid} = {sheet.total - paid},单上个人负担为{sheet.patient}"
        en = f"total {sheet.total} − payers {paid} = {sheet.total - paid}, the sheet says {sheet.patient}"
        found.append(issues.sheet_unbalanced(f"{pointer}/patient", zh, en))
    if sheet.parts is not None and sheet.parts.total != sheet.total:
        zh = f"全自费、超限价、先行自付、范围内合计{sheet.parts.total},总额{sheet.total}"
        en = f"the four parts add up to {sheet.parts.total}, the total is {sheet.total}"
        found.append(issues.sheet_unbalanced(f"{pointer}/parts", zh, en))
    found += _cashier(sheet, paid, pointer)
    return tuple(found)


def _cashier(sheet: Sheet, paid: Money, pointer: str) -> list[Issue]:
    """Cash and refund are derived, never added from printed columns (GC-35)."""
    found = []
    due = sheet.total - paid - sheet.account
    if sheet.cash is not None and sheet.cash != due:
        zh, en = f"现金应为{due},单上为{sheet.cash}", f"cash is {due}, the sheet says {sheet.cash}"
        found.append(issues.sheet_unbalanced(f"{pointer}/cash", zh, en))
    if sheet.deposit is not None and sheet.refund is not None and sheet.refund != sheet.deposit - due:
        right = sheet.deposit - due
        zh, en = f"应退押金{right},单上为{sheet.refund}", f"the refund is {right}, the sheet says {sheet.refund}"
        found.append(issues.sheet_unbalanced(f"{pointer}/refund", zh, en))
    return found
