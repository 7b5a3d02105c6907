"""Write a settled bill in one transaction: version, double entry, year-to-date additions, resources (结算入账)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypedDict

from adapter.cases.line_answers import with_settled_lines
from adapter.cases.observed import ObservedParts, observed_parts
from adapter.cases.proof import certificate_paper
from adapter.cases.reading import OURS, Bodies, Dossier, as_rows, bill_paper, calls_version
from adapter.cases.tools import Act
from adapter.cases.walk import Answers
from adapter.cases.way_back import tell_reversal, tell_settlement
from adapter.cases.window.account import account_of, bill_reversed, bill_settled
from adapter.cases.window.books import CASH, given_up
from adapter.fhir.canonical import decode
from adapter.fhir.record import RecordFacts, record_bundle
from adapter.ledger.codec import billed_bytes, billed_of
from adapter.ledger.ledger import Transaction
from adapter.ledger.rows import Posting
from adapter.model.case import BillState
from adapter.model.money import ZERO, Money
from adapter.model.settlement import Payer, PayerAnswer, Settlement
from adapter.rules.policy.scheme import Scheme
from adapter.rules.settlement.certificate import certificate

#: Account that the bill is credited to; each payer's part is debited to ``receivable/<payer>``.
CHARGES = "charges"
RECEIVABLE = "receivable"

#: What the hospital advances for a payer that has not answered stands on ``advanced/<payer>`` until it has.
ADVANCED = "advanced"

#: Account of bill rounding.
ROUNDING = "rounding"


def advanced_paper(version: int) -> str:
    """Name of the paper that says for whom the hospital advanced what in a bill version."""
    return f"advanced/{version}"


#: Paper that names the row of every resource.
ORIGINS = "origins"

#: Elements of the HIS's resources that a settlement writes; a later import leaves them as the settlement put them.
SETTLED_ELEMENTS = {"ChargeItem": ("status",), "Account": ("coverage", "guarantor"), "Encounter": ("identifier",)}


def finalise(
    tx: Transaction,
    case: Dossier,
    settlement: Settlement,
    answers: Answers,
    act: Act,
    *,
    advanced: frozenset[Payer] = frozenset(),
) -> None:
    """All or nothing: the bill, its postings, its accruals, its resources, and the HIS is told.

    Args:
        advanced: payers that have not answered; the hospital advances what our rules expect of them, and the
            year-to-date amounts wait for their answers.
    """
    case_id, version = case.row.case_id, case.claim.version
    book(tx, case_id, version, settlement, act, advanced=advanced)
    if not advanced:
        tx.accumulate(settlement.accruals, case_id, version, **act.said)
    bundle = record(tx, case, settlement, answers, settled_at=act.at, undone=False)
    publish(tx, case, resources_in(bundle), act)
    after = BillState.SETTLED_ADVANCED if advanced else BillState.SETTLED
    tx.move(case_id, "bill", after, subject=str(version), **act.said)
    tx.file_paper(case_id, "settled", {"at": act.at.isoformat(), "version": str(version)}, **act.said)
    bill_settled(tx, case_id, act)
    tell_settlement(tx, case.row.stay_key, settlement, case.feed, act)


def book(
    tx: Transaction,
    case_id: str,
    version: int,
    settlement: Settlement,
    act: Act,
    *,
    advanced: frozenset[Payer] = frozenset(),
) -> None:
    """Keep a version's settlement with its certificate, and post it."""
    tx.save_settlement(case_id, version, settlement, **act.said)
    tx.file_paper(case_id, certificate_paper(version), certificate(settlement), **act.said)
    if posted := entries(settlement, observed_parts(tx, case_id, settlement), advanced):  # all refunded: nothing owed
        tx.post(case_id, version, posted, **act.said)


def book_again(
    tx: Transaction, case: Dossier, settlement: Settlement, answers: Answers, act: Act, *, borne: Money
) -> None:
    """An advanced bill as the payers decided it: its postings go back and are made anew, its accruals are added.

    Args:
        borne: of what the patient would have to pay more now, the part that the hospital bears.
    """
    case_id, version = case.row.case_id, case.claim.version
    given = account_of(tx, case_id).part.adjusted + borne
    tx.reverse_postings(case_id, version, keep=CASH, **act.said)
    book(tx, case_id, version, settlement, act)
    if given := min(given, settlement.patient_pays):
        tx.post(case_id, version, given_up(given, "医院减免及垫付差额 (waived; difference of an advance)"), **act.said)
    tx.accumulate(settlement.accruals, case_id, version, **act.said)
    at = settled_at(tx, case_id, act)
    publish(tx, case, resources_in(record(tx, case, settlement, answers, settled_at=at, undone=False)), act)
    tx.move(case_id, "bill", BillState.SETTLED, subject=str(version), **act.said)
    bill_settled(tx, case_id, act)
    tell_settlement(tx, case.row.stay_key, settlement, case.feed, act)


def undo(tx: Transaction, case: Dossier, act: Act) -> None:
    """The opposite of ``finalise``: postings and accruals come to net zero, the version's resources are cancelled.

    A version that never got as far as being settled has nothing to post back.
    """
    case_id, version = case.row.case_id, case.claim.version
    settlement = tx.settlement(case_id, version)
    if settlement is not None:
        tx.reverse_postings(case_id, version, keep=CASH, **act.said)
        tx.reverse_accruals(case_id, version, **act.said)
        answers = answers_of(tx, case_id, version, settlement)
        bundle = record(tx, case, settlement, answers, settled_at=settled_at(tx, case_id, act), undone=True)
        publish(tx, case, resources_in(bundle), act)
        tell_reversal(tx, case.row.stay_key, settlement, case.feed, act)
    tx.move(case_id, "bill", BillState.REVERSED, subject=str(version), **act.said)
    bill_reversed(tx, case_id, act)


def publish(tx: Transaction, case: Dossier, resources: list[dict[str, Any]], act: Act) -> None:
    """Keep what a settlement makes. Of the HIS's own resources only those change that a settlement speaks about,

    and of one that the HIS has changed since, only the elements that a settlement writes.
    """
    feeds = {(each["resourceType"], each["id"]) for each in case.resources}
    ours = [each for each in resources if (each["resourceType"], each["id"]) not in feeds]
    there = tx.versions_of_case(case.row.case_id)
    standing = {(each.type, each.id) for each in there if each.type in SETTLED_ELEMENTS}
    theirs = [  # one that the HIS has taken back since stays gone
        _on_newest(each, case.newer) for each in resources if (each["resourceType"], each["id"]) in feeds & standing
    ]
    tx.put_resources(OURS, case.row.case_id, as_rows(ours), **act.said)
    put = tx.put_resources(case.row.source, case.row.case_id, as_rows(theirs), **act.said)
    _bill_follows(tx, case, {f"{each.type}/{each.id}": each.version for each in put if each.changed}, act)


def _on_newest(resource: dict[str, Any], newer: Bodies) -> dict[str, Any]:
    """The HIS's newest word, with what the settlement says."""
    now = newer.get((resource["resourceType"], resource["id"]))
    if now is None:
        return resource
    written = SETTLED_ELEMENTS[resource["resourceType"]]
    kept = {name: value for name, value in now.items() if name not in written}
    return kept | {name: resource[name] for name in written if name in resource}


def _bill_follows(tx: Transaction, case: Dossier, put: dict[str, int], act: Act) -> None:
    """Our own change of a resource is no change of what the bill was made from."""
    name = bill_paper(case.claim.version)
    paper = tx.paper_bytes(case.row.case_id, name)
    if paper is not None:
        changed = {f"{kind}/{id_}" for kind, id_ in case.newer}
        after = {key: version for key, version in put.items() if key not in changed}
        before, facts = billed_of(paper)
        tx.file_paper_bytes(case.row.case_id, name, billed_bytes(before | after, facts), **act.said)


def entries(
    settlement: Settlement, observed: ObservedParts | None = None, advanced: frozenset[Payer] = frozenset()
) -> list[Posting]:
    """The bill on one side, who owes it on the other; each part its own posting with its article.

    Args:
        observed: what the HIS's own settlement moves beyond the funds' part: rounding of the bill, the hospital's
            waiver, the personal account. Each is a pair of postings of its own, so that no line is bent for it.
        advanced: payers that have not answered: what is expected of them is not claimed from them yet.
    """
    owed = [
        Posting(
            account=f"{ADVANCED if share.payer in advanced else RECEIVABLE}/{share.payer}",
            debit=max(share.amount, ZERO),
            credit=max(-share.amount, ZERO),
            payer=share.payer,
            cite=share.cite,
            reference=share.reference,
        )
        for share in settlement.shares
        if share.amount
    ]
    total = settlement.total
    bill = Posting(
        account=CHARGES, debit=max(-total, ZERO), credit=max(total, ZERO), cite="费用总额 (total of the bill)"
    )
    return [*owed, bill, *_as_observed(observed or ObservedParts())] if total or owed else []


def _as_observed(parts: ObservedParts) -> list[Posting]:
    """What goes from one account to another as the HIS settled it; nothing for what is ¥0.00."""
    patient = f"{RECEIVABLE}/{Payer.PATIENT}"
    moves = (
        (patient, ROUNDING, parts.rounding, "HIS 结算舍入 (rounding of the bill by the HIS)"),
        (f"{RECEIVABLE}/{Payer.HOSPITAL}", patient, parts.hospital, "HIS 医院减免 (waived by the hospital)"),
        (f"{RECEIVABLE}/{Payer.PERSONAL_ACCOUNT}", patient, parts.account, "HIS 个人账户支付 (personal account)"),
    )
    return [
        Posting(account, max(sign, ZERO), max(-sign, ZERO), _PAYER_OF.get(account), cite)
        for to, from_, amount, cite in moves
        for account, sign in ((to, amount), (from_, -amount))
        if amount
    ]


_PAYER_OF = {f"{RECEIVABLE}/{payer}": payer for payer in Payer}


def record(
    tx: Transaction, case: Dossier, settlement: Settlement, answers: Answers, *, settled_at: datetime, undone: bool
) -> dict[str, Any]:
    """The hospital's full record of a settled case as one transaction Bundle."""
    facts = RecordFacts(
        **record_frame(tx, case.row.case_id, case.row.source, case.scheme),
        created=settled_at,
        claim=case.claim,
        undone=undone,
        rounding=observed_parts(tx, case.row.case_id, settlement).rounding,
        asked_version=calls_version(tx, case.row.case_id, settlement.version),
    )
    return record_bundle(case.resources, settlement, tuple(answers.values()), facts=facts)


#: What acts of people make beside the bill; the record carries it along.
OF_ACTS = (
    *("Communication", "CommunicationRequest", "Consent", "Contract", "Flag", "PaymentNotice", "PaymentReconciliation"),
    *("RelatedPerson", "Task"),
)


class RecordFrame(TypedDict):
    """What every record of a case says, settled or not."""

    source: str
    case_id: str
    order: tuple[Payer, ...]
    calls: dict[str, tuple[Payer, ...]]
    origins: dict[str, str]
    more: tuple[dict[str, Any], ...]


def record_frame(tx: Transaction, case_id: str, source: str, scheme: Scheme) -> RecordFrame:
    """Order and calls of the scheme, the rows that the resources came from, the entitlement Task."""
    paper = tx.paper(case_id, ORIGINS) or {}
    rows = paper.get("rows")
    made = tuple(decode(row.body) for row in tx.resources_of_case(case_id, OF_ACTS) if row.source == OURS)
    return {
        "source": source,
        "case_id": case_id,
        "order": scheme.order,
        "calls": {call.name: call.payers for call in scheme.calls},
        "origins": {str(key): str(value) for key, value in rows.items()} if isinstance(rows, dict) else {},
        "more": made,
    }


def settled_at(tx: Transaction, case_id: str, act: Act) -> datetime:
    """When the standing bill version was settled."""
    paper = tx.paper(case_id, "settled")
    return act.at if paper is None else datetime.fromisoformat(str(paper["at"]))


def answers_of(tx: Transaction, case_id: str, version: int, settlement: Settlement) -> dict[Payer, PayerAnswer]:
    """The payers' stored answers that a settlement was made from."""
    wanted = {share.reference: share.payer for share in settlement.shares if share.reference}
    found: dict[Payer, PayerAnswer] = {}
    leading: set[Payer] = set()
    for row in tx.messages_of_case(case_id, calls_version(tx, case_id, version)):
        for receipt in tx.receipts(row.message.key):
            answers = {a.payer: a for a in receipt.answers if wanted.get(a.reference) is a.payer}
            leading.update(row.message.payers[:1] if answers else ())
            found.update(answers)
    return with_settled_lines(found, settlement, leading)


def resources_in(bundle: dict[str, Any]) -> list[dict[str, Any]]:
    """The resources of a Bundle, in order."""
    return [entry["resource"] for entry in bundle["entry"]]
