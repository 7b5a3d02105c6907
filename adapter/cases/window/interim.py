"""Interim settlements (中途结算): what a payer settled of a stay that goes on; never the patient's stages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from adapter.cases.observed import observed_parts_so_far
from adapter.cases.observed_issues import part_settled_by_his
from adapter.cases.tools import Act, Tools
from adapter.cases.window import money_issues as said
from adapter.cases.window.account import OPEN_BILL, account_of
from adapter.cases.window.plan_papers import listed, money_in
from adapter.ledger.ledger import Transaction
from adapter.model.issues import AdapterError
from adapter.model.settlement import Payer
from adapter.rules.programme.staging import InterimSettlement as InterimSettlement

INTERIM = "interim"


def record_interim(case_id: str, part: InterimSettlement, tools: Tools, act: Act) -> tuple[InterimSettlement, ...]:
    """Record that a payer settled a part of the stay (中途结算). It is the payer's act: no money of the patient moves.

    Raises AdapterError CASE-373 for the same number with another content, CASE-477 once the whole stay is being settled
    or has a final bill.
    """
    with tools.ledger.transaction() as tx:
        parts = interim_parts(tx, case_id)
        known = next((each for each in parts if each.reference == part.reference), None)
        if known is not None and known == part:
            return parts
        if known is not None or not part.reference.strip():
            raise AdapterError(said.interim_known(case_id, part.reference))
        account = account_of(tx, case_id)
        if account.part.final or account.row.bill not in OPEN_BILL:
            raise AdapterError(said.interim_after_bill(case_id, part.reference))
        return _keep_interim(tx, case_id, (*parts, part), act)


def cancel_interim(case_id: str, reference: str, tools: Tools, act: Act) -> tuple[InterimSettlement, ...]:
    """Record that the payer took a part back. Raises AdapterError CASE-373 for one that is not there."""
    with tools.ledger.transaction() as tx:
        parts = interim_parts(tx, case_id)
        left = tuple(each for each in parts if each.reference != reference)
        if left == parts:
            raise AdapterError(said.interim_known(case_id, reference))
        return _keep_interim(tx, case_id, left, act)


def interim_parts(tx: Transaction, case_id: str) -> tuple[InterimSettlement, ...]:
    """Parts of the stay that a payer settled, oldest first."""
    return tuple(_interim(each) for each in listed(tx.paper(case_id, INTERIM), "parts"))


def refuse_settled_parts(tx: Transaction, case_id: str) -> None:
    """The whole stay cannot be tried or settled while a payer's settlement of a part of it stands: it would pay twice.

    Nor is it tried: a platform computes only what has been uploaded, and the settled lines would go there once more.

    Raises AdapterError CASE-372 for a part that a person recorded, CASE-476 for one that the HIS settled.
    """
    found = [said.interim_stands(case_id, part.reference) for part in interim_parts(tx, case_id)]
    if by_his := observed_parts_so_far(tx, case_id):
        found.append(part_settled_by_his(case_id, by_his))
    if found:
        raise AdapterError(*found)


def interim_json(part: InterimSettlement) -> dict[str, object]:
    """A part as JSON."""
    return {
        "reference": part.reference,
        "through": part.through.isoformat(),
        "amounts": {str(payer): amount.text for payer, amount in part.amounts.items()},
        "new_stay": "yes" if part.new_stay else "no",
    }


def _keep_interim(
    tx: Transaction, case_id: str, parts: tuple[InterimSettlement, ...], act: Act
) -> tuple[InterimSettlement, ...]:
    tx.file_paper(case_id, INTERIM, {"parts": [interim_json(each) for each in parts]}, **act.said)
    return parts


def _interim(paper: Mapping[str, object]) -> InterimSettlement:
    amounts = paper["amounts"]
    assert isinstance(amounts, Mapping)
    return InterimSettlement(
        reference=str(paper["reference"]),
        through=date.fromisoformat(str(paper["through"])),
        amounts={Payer(str(payer)): money_in(amounts, str(payer)) for payer in amounts},
        new_stay=paper["new_stay"] == "yes",
    )
