"""The risk fund: claimed after collection was tried, received, repaid out of what the debtor pays later (医疗风险基金).

The fund is no payer of the stay: the debtor owes what he owed, and his later payments are shared as the region says.
"""

from __future__ import annotations

from dataclasses import dataclass

from adapter.cases.reading import OURS, as_rows, his_resources
from adapter.cases.tools import Act, Tools
from adapter.cases.window import money_issues as said
from adapter.cases.window.account import Account, account_of, ready_account, terms_of
from adapter.cases.window.arrears import arrears_of, keep_step, refuse_second_loss
from adapter.cases.window.books import FUND_OWES, OWED_TO_FUND, fund_paid, fund_repaid, lost
from adapter.cases.window.credit import debtor_of
from adapter.fhir.collection import payment_resources
from adapter.ledger.ledger import Transaction
from adapter.ledger.rows import Posting
from adapter.model.case import PatientPartState
from adapter.model.dates import local_day
from adapter.model.issues import AdapterError
from adapter.model.money import ZERO, Money
from adapter.rules.programme.collection import require_person
from adapter.rules.programme.risk_fund import FundClaim, claim_fund


@dataclass(frozen=True, slots=True)
class FundStanding:
    """What stands between the hospital and the fund for one case, CNY.

    Attributes:
        owes: claimed and not received yet.
        owed: to be passed on: recoveries, and what a reversed bill no longer carries.
    """

    owes: Money
    owed: Money


def claim(case_id: str, tools: Tools, act: Act) -> FundClaim:
    """Ask the fund for its share of a debt that could not be collected.

    Raises:
        AdapterError: PRG-270, PRG-282, PRG-286, PRG-287, CASE-370, CASE-379.
        SettingMissing: PRG-201 while nobody filled in the fund's share.
    """
    with tools.ledger.transaction() as tx:
        row = account_of(tx, case_id).row
        terms = terms_of(row, tools)
        account = ready_account(tx, case_id, terms.clause("at-once").cite)
        refuse_second_loss(account)
        debt = arrears_of(account, local_day(act.at), debtor_of(tx, case_id).kind)
        asked = claim_fund(debt, terms, actor=act.actor)
        tx.move(case_id, "patient-part", PatientPartState.RISK_FUND, **act.said)
        tx.post(case_id, row.version, lost(asked.amount, asked.hospital, asked.cite), **act.said)
        keep_step(tx, row, PatientPartState.RISK_FUND, asked.amount, (asked.zh, asked.cite), tools, act)
        return asked


def received(case_id: str, amount: Money, reference: str, tools: Tools, act: Act) -> FundStanding:
    """The fund paid, whole or in part. The same reference again books nothing.

    Raises AdapterError PRG-282, CASE-371, CASE-380, CASE-388.
    """
    return _move(case_id, amount, reference, tools, act, into=True)


def repaid(case_id: str, amount: Money, reference: str, tools: Tools, act: Act) -> FundStanding:
    """The hospital passed a recovery on to the fund. The same reference again books nothing.

    Raises AdapterError PRG-282, CASE-371, CASE-380, CASE-388.
    """
    return _move(case_id, amount, reference, tools, act, into=False)


def fund_standing(tx: Transaction, case_id: str) -> FundStanding:
    """From the books of the case."""
    net = tx.balances(case_id)
    claimed, owed = net.get(FUND_OWES, ZERO), -net.get(OWED_TO_FUND, ZERO)
    return FundStanding(max(claimed, ZERO), max(owed - min(claimed, ZERO), ZERO))


def _move(case_id: str, amount: Money, reference: str, tools: Tools, act: Act, *, into: bool) -> FundStanding:
    with tools.ledger.transaction() as tx:
        account = ready_account(tx, case_id, "")
        require_person(case_id, act.actor, "risk-fund", "登记风险基金往来")
        if not reference.strip():
            raise AdapterError(said.receipt_missing(case_id))
        account_name = FUND_OWES if into else OWED_TO_FUND
        if _known(tx, case_id, reference, amount, account_name):
            return fund_standing(tx, case_id)
        now = fund_standing(tx, case_id)
        most = now.owes if into else now.owed
        if not ZERO < amount <= most:
            raise AdapterError(said.fund_amount_wrong(case_id, amount, most))
        booked = (fund_paid if into else fund_repaid)(amount, reference, _cite(account, tools))
        tx.post(case_id, account.row.version, booked, **act.said)
        now = fund_standing(tx, case_id)
        made = payment_resources(
            his_resources(tx, case_id),
            source=account.row.source,
            case_id=case_id,
            amount=amount if into else -amount,
            method="transfer",
            receipt=reference,
            at=act.at,
            cleared=not (now.owes if into else now.owed),
            test_profile=tools.book.scheme(account.row.scheme).test_profile,
            kind="fund",
        )
        tx.put_resources(OURS, case_id, as_rows(made), **act.said)
        return now


def _cite(account: Account, tools: Tools) -> str:
    return terms_of(account.row, tools).clause("risk-fund").cite


def _known(tx: Transaction, case_id: str, reference: str, amount: Money, account: str) -> bool:
    """Whether this very transfer is booked. Raises AdapterError CASE-371 for another one under its reference."""

    def same(posting: Posting) -> bool:
        return (posting.account, posting.debit + posting.credit) == (account, amount)

    booked = [row.posting for row in tx.postings(case_id) if row.posting.reference == reference]
    if booked and not any(map(same, booked)):
        raise AdapterError(said.receipt_used(case_id, reference, booked[0].debit + booked[0].credit, amount))
    return bool(booked)
