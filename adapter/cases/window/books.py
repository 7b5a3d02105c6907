"""What each act about the patient's part books: two sides, to the fen (复式记账).

``receivable/patient`` is always what the debtor owes, whoever bears the loss of it meanwhile. Accounts that begin with
``cash/`` are money that changed hands: a reversal of the bill leaves them, everything else goes back with the version.
"""

from __future__ import annotations

from adapter.ledger.rows import Posting
from adapter.model.money import Money
from adapter.model.settlement import Payer
from adapter.rules.programme.risk_fund import Recovery

OWED = f"receivable/{Payer.PATIENT}"
CASH = "cash/"
GIVEN_UP = "given-up/hospital"  # 医院减免
ALLOWANCE = "allowance/patient"  # 坏账准备: against what the debtor still owes
LOSS = "loss/hospital"  # 医院承担的坏账
FUND_OWES = "receivable/risk-fund"  # 应收风险基金
OWED_TO_FUND = "payable/risk-fund"  # 应还风险基金


def paid(amount: Money, method: str, receipt: str, cite: str) -> list[Posting]:
    """The debtor pays."""
    return _pair(f"{CASH}{method}", OWED, amount, cite, receipt)


def given_back(amount: Money, method: str, receipt: str, cite: str) -> list[Posting]:
    """The hospital gives money back."""
    return _pair(OWED, f"{CASH}{method}", amount, cite, receipt)


def given_up(amount: Money, cite: str) -> list[Posting]:
    """The hospital gives up a part; no payer's account moves."""
    return _pair(GIVEN_UP, OWED, amount, cite, None)


def lost(fund: Money, hospital: Money, cite: str) -> list[Posting]:
    """A debt that could not be collected: what the fund is asked for and what the hospital bears; the debt stands."""
    sides = [(FUND_OWES, fund), (LOSS, hospital)]
    debit = [Posting(account, debit=amount, cite=cite) for account, amount in sides if amount]
    return [*debit, Posting(ALLOWANCE, credit=fund + hospital, cite=cite)]


def recovered(split: Recovery) -> list[Posting]:
    """A lost debt that came in after all: first to whom the region says."""
    sides = [(OWED_TO_FUND, split.to_fund), (LOSS, split.to_hospital)]
    credit = [Posting(account, credit=amount, cite=split.cite) for account, amount in sides if amount]
    return [Posting(ALLOWANCE, debit=split.amount, cite=split.cite), *credit]


def fund_paid(amount: Money, reference: str, cite: str) -> list[Posting]:
    """The fund pays its claim."""
    return _pair(f"{CASH}transfer", FUND_OWES, amount, cite, reference)


def fund_repaid(amount: Money, reference: str, cite: str) -> list[Posting]:
    """The hospital passes a recovery on to the fund."""
    return _pair(OWED_TO_FUND, f"{CASH}transfer", amount, cite, reference)


def _pair(debit: str, credit: str, amount: Money, cite: str, reference: str | None) -> list[Posting]:
    return [
        Posting(account, paid_in, paid_out, Payer.PATIENT if account == OWED else None, cite, reference=reference)
        for account, paid_in, paid_out in ((debit, amount, Money(0)), (credit, Money(0), amount))
    ]
