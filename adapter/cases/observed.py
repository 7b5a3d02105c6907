"""Settlements that the HIS made with the bureau itself: imported, checked, never sent (authority ``observed``)."""

from __future__ import annotations

from adapter.cases import issues
from adapter.cases.reading import Dossier
from adapter.cases.tools import Act
from adapter.ledger.ledger import Transaction
from adapter.model.issues import AdapterError, Issue
from adapter.model.money import ZERO, Money
from adapter.model.observed import ObservedSettlement
from adapter.model.settlement import Payer, PayerAnswer

PAPER = "observed"


def record_observed(
    tx: Transaction, case_id: str, call: str | None, settlements: tuple[ObservedSettlement, ...], act: Act
) -> tuple[Issue, ...]:
    """Keep the HIS's newest standing final settlement with the case; returns what is wrong with it."""
    standing = [each for each in settlements if not each.void and each.kind == "final"]
    if call is None or not standing:
        return ()
    newest = max(standing, key=lambda each: each.number)
    paper: dict[str, object] = {
        "call": call,
        "reference": newest.row_key,
        "settled_at": newest.settled_at.isoformat(),
        "total": newest.total.text,
        "fund": newest.fund.text,
        "account": newest.account.text,
        "patient": newest.patient.text,
        "pointer": newest.pointer,
    }
    tx.file_paper(case_id, PAPER, paper, **act.said)
    if newest.balances:
        return ()
    parts = newest.fund + newest.account + newest.patient
    return (issues.observed_unbalanced(case_id, newest.total, parts),)


def observed_answers(tx: Transaction, case: Dossier) -> dict[Payer, PayerAnswer]:
    """The fund's part as the HIS settled it, as the answer of the observed call's payers.

    The export names one fund figure for the whole call: it stands for the call's first payer, the others bear ¥0.00.

    Raises:
        AdapterError: CASE-313, the HIS settled over another amount than the lines add up to.
    """
    paper = tx.paper(case.row.case_id, PAPER)
    call = next((call for call in case.scheme.calls if paper is not None and call.name == paper["call"]), None)
    if paper is None or call is None:
        return {}
    total = Money.yuan(str(paper["total"]))
    if total != case.claim.total:
        raise AdapterError(issues.observed_other_total(case.row.case_id, total, case.claim.total))
    fund = Money.yuan(str(paper["fund"]))
    reference = str(paper["reference"])
    return {payer: PayerAnswer(payer, fund if payer is call.payers[0] else ZERO, reference) for payer in call.payers}
