"""Settlements that the HIS made with the bureau itself: imported, checked, never sent (authority ``observed``)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from adapter.cases import issues
from adapter.cases.observed_issues import part_settled_by_his, settlement_taken_back, several_finals
from adapter.cases.reading import Dossier
from adapter.cases.tools import Act
from adapter.ledger.ledger import Transaction
from adapter.model.case import BillState
from adapter.model.issues import AdapterError, Issue
from adapter.model.money import ZERO, Money
from adapter.model.observed import ObservedSettlement
from adapter.model.settlement import Payer, PayerAnswer, Settlement

PAPER = "observed"

#: What the HIS settled of a stay in the middle of it, while its final settlement is still to come.
PARTS = "observed-parts"


def record_observed(
    tx: Transaction, case_id: str, call: str | None, settlements: tuple[ObservedSettlement, ...], act: Act
) -> tuple[Issue, ...]:
    """Keep what the HIS settled itself with the case, once its final settlement stands; returns what is wrong with it.

    Several settlements of one stay (中途结算, then 出院结算) each stand for the lines that name them; together they are
    the bill. Two final ones that both stand contradict each other.
    """
    standing = sorted(
        (each for each in settlements if not each.void and each.kind in _COUNTED),
        key=lambda each: (each.settled_at, each.number, each.row_key),
    )
    finals = [each for each in standing if each.kind == "final"]
    parts = [] if call is None or finals else standing
    if settlements or call is not None:
        _keep_parts(tx, case_id, parts, act)
    if call is None or not finals:
        return _taken_back(tx, case_id, settlements, act) or _settled_by_both(tx, case_id, parts)
    if len(finals) > 1:
        return (several_finals(case_id, tuple(each.pointer for each in finals)),)
    newest = finals[0]
    paper: dict[str, object] = {
        "call": call,
        "reference": newest.row_key,
        "settled_at": newest.settled_at.isoformat(),
        **_sums(standing),
        "pointer": newest.pointer,
    }
    if len(standing) > 1:
        paper["settlements"] = [_one(each) for each in standing]
    tx.file_paper(case_id, PAPER, paper, **act.said)
    return tuple(issues.observed_unbalanced(case_id, each.total, each.parts) for each in standing if not each.balances)


def _taken_back(
    tx: Transaction, case_id: str, settlements: Sequence[ObservedSettlement], act: Act
) -> tuple[Issue, ...]:
    """The HIS voided the settlement that it had made: it answers nothing any more, and a bill made from it is to be

    reversed, which nobody outside has to be told of.
    """
    paper, row = tx.paper(case_id, PAPER), tx.case(case_id)
    if paper is None or not paper["call"] or paper["reference"] not in {each.row_key for each in settlements}:
        return ()
    tx.file_paper(case_id, PAPER, {**paper, "call": ""}, **act.said)
    if row is None or row.bill not in (BillState.SETTLING, BillState.SETTLED, BillState.SETTLED_ADVANCED):
        return ()
    return (settlement_taken_back(case_id, str(paper["reference"])),)


def _keep_parts(tx: Transaction, case_id: str, parts: Sequence[ObservedSettlement], act: Act) -> None:
    """Keep what the HIS has settled of the stay so far, where there is any or was."""
    if parts or observed_parts_so_far(tx, case_id):
        tx.file_paper(case_id, PARTS, {"parts": [_one(each) for each in parts]}, **act.said)


def observed_parts_so_far(tx: Transaction, case_id: str) -> tuple[str, ...]:
    """The HIS's own numbers of the parts of a stay that it settled, while the rest is not; none once all of it is."""
    paper = tx.paper(case_id, PARTS)
    parts = paper["parts"] if paper is not None else None
    return tuple(str(each["reference"]) for each in parts) if isinstance(parts, list) else ()


def _settled_by_both(tx: Transaction, case_id: str, parts: Sequence[ObservedSettlement]) -> tuple[Issue, ...]:
    """The HIS settled a part with the bureau while our bill of the whole stay was on its way there, or through."""
    row = tx.case(case_id) if parts else None
    if row is None or row.bill not in (BillState.SETTLING, BillState.SETTLED, BillState.SETTLED_ADVANCED):
        return ()
    return (part_settled_by_his(case_id, tuple(each.row_key for each in parts)),)


#: Kinds of settlement that are part of the bill.
_COUNTED = ("interim", "final")


def _sums(settlements: Sequence[ObservedSettlement]) -> dict[str, object]:
    """What the settlements come to together. Rounding and the hospital's part stand there where there is any."""
    sums: dict[str, object] = {
        "total": Money.total(each.total for each in settlements).text,
        "fund": Money.total(each.fund for each in settlements).text,
        "account": Money.total(each.account for each in settlements).text,
        "patient": Money.total(each.patient for each in settlements).text,
    }
    rounding = Money.total(each.rounding for each in settlements)
    hospital = Money.total(each.hospital for each in settlements)
    return sums | ({"rounding": rounding.text} if rounding else {}) | ({"hospital": hospital.text} if hospital else {})


def _one(each: ObservedSettlement) -> dict[str, object]:
    return {
        "reference": each.row_key,
        "kind": each.kind,
        "settled_at": each.settled_at.isoformat(),
        **_sums([each]),
        "lines": each.lines,
        "pointer": each.pointer,
    }


@dataclass(frozen=True, slots=True)
class ObservedParts:
    """What the HIS's settlement says beyond the funds' part, for the books; all ¥0.00 where it is not the HIS's.

    Attributes:
        rounding: what rounding the bill added to what the patient pays; negative where it took off.
        hospital: waived by the hospital; account: paid from the personal account. Both out of the patient's part.
    """

    rounding: Money = ZERO
    hospital: Money = ZERO
    account: Money = ZERO


def observed_parts(tx: Transaction, case_id: str, settlement: Settlement) -> ObservedParts:
    """These parts of a bill that was made from the HIS's settlement, but for those that the plans gave already."""
    paper = tx.paper(case_id, PAPER)
    if paper is None or paper["reference"] not in {share.reference for share in settlement.shares}:
        return ObservedParts()

    def part(name: str, payer: Payer) -> Money:
        return ZERO if settlement.share_of(payer) else Money.yuan(str(paper.get(name, "0.00")))

    rounding = Money.yuan(str(paper.get("rounding", "0.00")))
    return ObservedParts(rounding, part("hospital", Payer.HOSPITAL), part("account", Payer.PERSONAL_ACCOUNT))


def observed_answers(tx: Transaction, case: Dossier) -> dict[Payer, PayerAnswer]:
    """The fund's part as the HIS settled it, as the answer of the observed call's payers.

    The export names one fund figure for each settlement: their sum stands for the call's first payer, the others bear
    ¥0.00.

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
