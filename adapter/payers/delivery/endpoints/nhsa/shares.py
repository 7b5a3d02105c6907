"""A settlement's answer as what each payer bears: funds by code, identities checked first (基金与支付方)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapter.model.issues import AdapterError, Issue
from adapter.model.money import ZERO, Money
from adapter.model.settlement import Payer, PayerAnswer
from adapter.payers.delivery.endpoints.nhsa import money_issues
from adapter.payers.delivery.endpoints.nhsa.envelope import Answer
from adapter.payers.delivery.endpoints.nhsa.region import Region
from adapter.payers.delivery.endpoints.nhsa.values import amount_of, text_of


@dataclass(frozen=True, slots=True)
class Amounts:
    """The figures of ``setlinfo``, CNY. ``hospital`` and ``patient`` as the bureau divides."""

    total: Money
    fund: Money
    patient: Money
    hospital: Money
    account: Money
    cash: Money
    full_self_pay: Money
    over_limit: Money
    pre_self_pay: Money
    in_scope: Money
    deductible: Money | None

    @property
    def named(self) -> tuple[tuple[str, Money], ...]:
        """Under the names that answers of other dialects use."""
        plain = (
            ("submitted", self.total),
            ("eligible", self.in_scope),
            ("full-self-pay", self.full_self_pay),
            ("over-limit", self.over_limit),
            ("pre-self-pay", self.pre_self_pay),
        )
        return plain if self.deductible is None else (*plain, ("deductible", self.deductible))


def amounts_of(key: str, row: Mapping[str, Any]) -> Amounts:
    """Read ``setlinfo`` of 2303, 2304, 2305 or 5203.

    A patient's part that is left out is account and cash together; other amounts left out are ¥0.00.

    Raises:
        AdapterError: DEL-564 for each amount that cannot be read to the fen.
    """
    found: list[Issue] = []

    def read(*names: str) -> Money | None:
        for name in names:
            try:
                amount = amount_of(row.get(name))
            except ValueError:
                found.append(money_issues.amount_unreadable(key, name))
                return ZERO
            if amount is not None:
                return amount
        return None

    account, cash = read("acct_pay") or ZERO, read("psn_cash_pay", "cash_payamt") or ZERO
    patient = read("psn_part_amt", "psn_pay")
    amounts = Amounts(
        total=read("medfee_sumamt") or ZERO,
        fund=read("fund_pay_sumamt") or ZERO,
        patient=account + cash if patient is None else patient,
        hospital=read("hosp_part_amt") or ZERO,
        account=account,
        cash=cash,
        full_self_pay=read("fulamt_ownpay_amt") or ZERO,
        over_limit=read("overlmt_selfpay") or ZERO,
        pre_self_pay=read("preselfpay_amt") or ZERO,
        in_scope=read("inscp_scp_amt") or ZERO,
        deductible=read("act_pay_dedc"),
    )
    if found:
        raise AdapterError(*found)
    return amounts


def identities(key: str, amounts: Amounts, region: Region) -> list[Issue]:
    """Which of the platform's money identities an answer breaks. 金额恒等式."""
    a = amounts
    fund = a.fund - a.account if region.account_inside_fund else a.fund
    scope = a.full_self_pay + a.over_limit + a.pre_self_pay + a.in_scope
    sums = (
        ("medfee_sumamt = fund_pay_sumamt + psn_part_amt + hosp_part_amt", a.total, fund + a.patient + a.hospital),
        ("medfee_sumamt = fulamt_ownpay_amt + overlmt_selfpay + preselfpay_amt + inscp_scp_amt", a.total, scope),
        ("psn_part_amt = acct_pay + psn_cash_pay", a.patient, a.account + a.cash),
    )
    return [money_issues.identity_broken(key, name, left, right) for name, left, right in sums if left != right]


def answers_from(
    key: str,
    answer: Answer,
    payers: Sequence[Payer],
    *,
    region: Region,
    reference: str,
    total: Money | None = None,
    sign: int = 1,
) -> tuple[PayerAnswer, ...]:
    """What each payer of the call bears, the identities checked first.

    The personal account is an answer of its own only where the call answers for it; else it is part of what the
    patient pays. Figures of the whole bill stand with the call's first payer.

    Args:
        reference: the settlement's id; each payer's own is made of it.
        total: what the HIS has, where the answer is for the whole bill.
        sign: -1 for a cancellation that names the amounts which it takes back without a minus.

    Raises:
        AdapterError: DEL-560 to -564, each a reason why nobody can say yet who bears what.
    """
    amounts = amounts_of(key, answer.first("setlinfo"))
    found = identities(key, amounts, region)
    if total is not None and amounts.total != total:
        found.append(money_issues.total_differs(key, total, amounts.total))
    borne = _by_payer(key, answer, amounts, payers, region, found)
    if found:
        raise AdapterError(*found)
    return tuple(
        PayerAnswer(
            payer,
            -borne.get(payer, ZERO) if sign < 0 else borne.get(payer, ZERO),
            f"{reference}/{payer}",
            amounts=amounts.named if payer is payers[0] and sign > 0 else (),
        )
        for payer in payers
    )


def _by_payer(
    key: str, answer: Answer, amounts: Amounts, payers: Sequence[Payer], region: Region, found: list[Issue]
) -> dict[Payer, Money]:
    borne: dict[Payer, Money] = {}
    for row in answer.rows("setldetail"):
        _count_row(key, row, region, borne, found)
    if amounts.hospital and not borne.get(Payer.HOSPITAL):
        borne[Payer.HOSPITAL] = amounts.hospital
    shared = Money.total(borne.values()) + amounts.patient
    if not found and shared != amounts.total:
        formula = "medfee_sumamt = Σ setldetail.fund_payamt + psn_part_amt"
        found.append(money_issues.identity_broken(key, formula, amounts.total, shared))
    if Payer.PERSONAL_ACCOUNT in payers:
        borne[Payer.PERSONAL_ACCOUNT] = amounts.account
    found += [
        money_issues.payer_not_in_call(key, payer, amount)
        for payer, amount in borne.items()
        if amount and payer not in payers
    ]
    return borne


def _count_row(key: str, row: Mapping[str, Any], region: Region, borne: dict[Payer, Money], found: list[Issue]) -> None:
    fund = text_of(row.get("fund_pay_type"))
    try:
        amount = amount_of(row.get("fund_payamt")) or ZERO
    except ValueError:
        found.append(money_issues.amount_unreadable(key, f"setldetail/{fund}.fund_payamt"))
        return
    code = (text_of(row.get("setl_proc_info"))[:6] or fund) if fund in region.indirect else fund
    payer = region.payer_of(code)
    if payer is None:
        if amount:
            found.append(money_issues.fund_unmapped(key, code, text_of(row.get("fund_pay_type_name"))[:40], amount))
    elif isinstance(payer, Payer):  # the account and rows that only tell are no payer's part
        borne[payer] = borne.get(payer, ZERO) + amount
