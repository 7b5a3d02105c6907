"""Risk fund: what it bears of a hospital's lost arrears, and who gets repaid later (医疗风险基金).

The fund is no payer of the stay and stands in no settlement: the debtor owes exactly what he owed before (X-16).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum

from adapter.model.case import Actor, PatientPartState
from adapter.model.issues import AdapterError
from adapter.model.money import ZERO, Money, decimal_of, half_up
from adapter.rules.programme import collection_issues as said
from adapter.rules.programme.arrears import Arrears
from adapter.rules.programme.collection import CollectionTerms, require_person


class RecoveryOrder(StrEnum):
    """Who gets what comes in after all; the source is silent, so the region says it (``risk_fund_recovery``)."""

    FUND_FIRST = "fund-first"  # 先还基金
    HOSPITAL_FIRST = "hospital-first"  # 先补医院
    PRO_RATA = "pro-rata"  # 按各自承担比例


@dataclass(frozen=True, slots=True)
class FundClaim:
    """A claim of the hospital against the fund.

    Attributes:
        lost: CNY of the arrears that the claim is about.
        amount: CNY asked of the fund: lost × share, half up.
    """

    case_id: str
    lost: Money
    share: Decimal
    amount: Money
    by: str
    on: date
    zh: str
    en: str
    cite: str

    @property
    def hospital(self) -> Money:
        """What the hospital itself still bears."""
        return self.lost - self.amount


@dataclass(frozen=True, slots=True)
class Loss:
    """A loss shared by the fund and the hospital, and what came back of it so far, CNY."""

    case_id: str
    fund: Money
    hospital: Money
    fund_repaid: Money = ZERO
    hospital_repaid: Money = ZERO

    @property
    def left(self) -> Money:
        return self.fund + self.hospital - self.fund_repaid - self.hospital_repaid


@dataclass(frozen=True, slots=True)
class Recovery:
    """One later payment of the debtor and where it goes; the two parts are the amount, to the fen."""

    amount: Money
    to_fund: Money
    to_hospital: Money
    loss: Loss
    zh: str
    en: str
    cite: str


def claim_fund(arrears: Arrears, terms: CollectionTerms, *, actor: Actor) -> FundClaim:
    """Ask the fund for its share of what could not be collected.

    Raises:
        AdapterError: PRG-270 under a programme without a fund, PRG-282, PRG-286 before collection or court were tried,
            PRG-287 when nothing is open, PRG-203 for a share outside 0–1.
        SettingMissing: PRG-201 while nobody filled in ``risk_fund_share``.

    Source: 县区方案2021 四(四).
    """
    clause = terms.clause("risk-fund")
    require_person(arrears.case_id, actor, "risk-fund", "申请风险基金")
    if arrears.state not in (PatientPartState.COLLECTION, PatientPartState.LEGAL):
        zh, en = "未经追缴不得申请风险基金", "the fund is asked only after collection or court were tried"
        raise AdapterError(said.step_unfounded(arrears.case_id, "risk-fund", zh, en, clause.cite))
    if arrears.open <= ZERO:
        raise AdapterError(said.amount_over_open(arrears.case_id, "risk-fund", arrears.open, arrears.open, clause.cite))
    share = _share(terms)
    amount = arrears.open.share(share)
    words = f"{arrears.open} × {share} = {amount}"
    return FundClaim(
        case_id=arrears.case_id,
        lost=arrears.open,
        share=share,
        amount=amount,
        by=actor.id,
        on=arrears.on,
        zh=f"向医疗风险基金申请:{words}",
        en=f"claimed from the risk fund: {words}",
        cite=clause.cite,
    )


def recover(loss: Loss, amount: Money, terms: CollectionTerms) -> Recovery:
    """Share a late payment between the fund and the hospital.

    Raises:
        AdapterError: PRG-289 for more than is still lost, or nothing; PRG-203 for an unknown order.
        SettingMissing: PRG-201 while nobody filled in ``risk_fund_recovery``.
    """
    clause = terms.clause("risk-fund")
    if not ZERO < amount <= loss.left:
        raise AdapterError(said.recovery_over_lost(loss.case_id, amount, loss.left, clause.cite))
    fund_left, hospital_left = loss.fund - loss.fund_repaid, loss.hospital - loss.hospital_repaid
    order = _order(terms)
    if order is RecoveryOrder.FUND_FIRST:
        to_fund = min(amount, fund_left)
    elif order is RecoveryOrder.HOSPITAL_FIRST:
        to_fund = amount - min(amount, hospital_left)
    else:
        to_fund = Money(half_up(amount.fen * fund_left.fen, loss.left.fen))
    to_hospital = amount - to_fund
    after = replace(loss, fund_repaid=loss.fund_repaid + to_fund, hospital_repaid=loss.hospital_repaid + to_hospital)
    return Recovery(
        amount=amount,
        to_fund=to_fund,
        to_hospital=to_hospital,
        loss=after,
        zh=f"追回{amount}元:归还基金{to_fund}元,补医院{to_hospital}元",
        en=f"{amount} recovered: {to_fund} to the fund, {to_hospital} to the hospital",
        cite=clause.cite,
    )


def _share(terms: CollectionTerms) -> Decimal:
    name = "risk_fund_share"
    refusal = terms.unreadable(name, "0 到 1 之间的小数", "a decimal between 0 and 1")
    try:
        share = decimal_of(str(terms.setting(name)))
    except ValueError:
        raise refusal from None
    if not 0 < share <= 1:
        raise refusal
    return share


def _order(terms: CollectionTerms) -> RecoveryOrder:
    name = "risk_fund_recovery"
    try:
        return RecoveryOrder(str(terms.setting(name)))
    except ValueError:
        known = ", ".join(RecoveryOrder)
        raise terms.unreadable(name, f"{known} 之一", f"one of {known}") from None
