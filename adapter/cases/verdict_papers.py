"""What persons said about messages whose effect nobody could ask, and answers that say otherwise (人工认定)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapter.cases import verdict_issues
from adapter.cases.tools import Act
from adapter.ledger.ledger import Transaction
from adapter.ledger.rows import MessageState
from adapter.model.issues import Issue
from adapter.model.messages import OutboundMessage, Outcome, Receipt

PAPER = "verdicts"


def keep_verdict(tx: Transaction, case_id: str, key: str, word: str, act: Act, **more: str) -> None:
    """Write down what a person said; a later word about the same message takes its place."""
    told = {"word": word, "by": act.actor.id, "at": act.at.isoformat(), "reason": act.reason, "odd": "", **more}
    tx.file_paper(case_id, PAPER, {**_verdicts(tx, case_id), key: told}, **act.said)


def contradiction(tx: Transaction, message: OutboundMessage, receipt: Receipt, worker: str) -> Issue | None:
    """What a receipt says against a person's verdict on its message; None where it says nothing against it.

    An answer to the sending that followed the verdict is none: only one that comes from before it, or once the message
    is finished, can say otherwise. To be asked before the receipt is recorded.
    """
    if receipt.outcome not in (Outcome.ACCEPTED, Outcome.REJECTED):
        return None
    verdict = _verdicts(tx, message.case_id).get(message.key)
    if verdict is None:
        return None
    row = tx.message(message.key)
    if row is None or (row.state is MessageState.LEASED and row.worker == worker):
        return None
    standing = [each for each in tx.receipts(message.key) if each.outcome is Outcome.ACCEPTED]
    if row.state is MessageState.DONE and standing and _says_the_same(standing[-1], receipt):
        return None
    return verdict_issues.contradicted(message.key, str(verdict["word"]), str(receipt.outcome))


def keep_contradiction(tx: Transaction, message: OutboundMessage, odd: Issue, act: Act) -> None:
    """Write down that a payer said otherwise, and hold the case with it."""
    verdicts = _verdicts(tx, message.case_id)
    told = {**verdicts[message.key], "odd": odd.en, "outcome": str(act.reason)}
    tx.file_paper(message.case_id, PAPER, {**verdicts, message.key: told}, **act.said)
    row = tx.case(message.case_id)
    if row is not None:
        others = [each for each in row.issues if each != odd]
        tx.set_held(message.case_id, (*others, odd), **act.said)


def open_contradictions(tx: Transaction, case_id: str, version: int) -> list[Issue]:
    """Verdicts of a bill version that a payer has contradicted and nobody has looked into since."""
    return [
        verdict_issues.contradicted(key, str(told["word"]), str(told["outcome"]).rpartition(" ")[2])
        for key, told in _verdicts(tx, case_id).items()
        if told["odd"] and key.startswith(f"{case_id}.v{version}.")
    ]


def looked_into(tx: Transaction, case_id: str, key: str, act: Act) -> bool:
    """A person looked into a contradiction; False when there is none."""
    verdicts = _verdicts(tx, case_id)
    told = verdicts.get(key)
    if told is None or not told["odd"]:
        return False
    cleared = {"odd": "", "cleared_by": act.actor.id, "cleared_at": act.at.isoformat(), "cleared_for": act.reason}
    tx.file_paper(case_id, PAPER, {**verdicts, key: {**told, **cleared}}, **act.said)
    return True


def _says_the_same(standing: Receipt, receipt: Receipt) -> bool:
    """Whether a late answer tells what is on record already: the same amounts, and the same id where it has one."""
    amounts = [{each.payer: each.amount for each in one.answers} for one in (standing, receipt)]
    ids = receipt.reference is None or standing.reference is None or receipt.reference == standing.reference
    return receipt.outcome is Outcome.ACCEPTED and ids and (amounts[0] == amounts[1] or not receipt.answers)


def _verdicts(tx: Transaction, case_id: str) -> Mapping[str, Any]:
    return tx.paper(case_id, PAPER) or {}
