"""One run of a trial: which of a case's messages belong to it (预结算的一次运行).

A trial that is asked for again while its year-to-date question still waits is the same run: a payer that does not
answer is asked once, however often somebody tries.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from adapter.cases.reading import OURS
from adapter.cases.tools import Act
from adapter.ledger.ledger import Transaction
from adapter.ledger.rows import WAITING, CaseRow, MessageRow, MessageState
from adapter.model.messages import Stage

PAPER = "trial"


def begin_run(tx: Transaction, row: CaseRow, version: int, act: Act) -> None:
    """Begin a trial anew, or make due what it waits for: the question of before, about the same facts of the HIS."""
    said = tx.messages_of_case(row.case_id, version)
    about = _about(tx, row)
    waiting = _questions(tx, row.case_id, said, about)
    for each in waiting:
        if each.state is MessageState.PENDING:
            tx.retry(each.message.key, **act.said)
    if not waiting:
        running = {"state": "running", "since": act.at.isoformat(), "after": len(said), "about": about}
        tx.file_paper(row.case_id, PAPER, running, **act.said)


def _questions(tx: Transaction, case_id: str, said: list[MessageRow], about: str) -> list[MessageRow]:
    """The year-to-date questions of the run before that wait for their answer; none where it is over."""
    paper: dict[str, Any] = dict(tx.paper(case_id, PAPER) or {})
    if paper.get("state") != "running" or paper.get("about") != about:
        return []
    run = said[int(str(paper["after"])) :]
    return [each for each in run if each.message.stage is Stage.ELIGIBILITY and each.state in WAITING]


def _about(tx: Transaction, row: CaseRow) -> str:
    """What the HIS says of the stay, and the scheme it is settled under, as one digest."""
    kept = sorted(
        f"{each.type}/{each.id}/{each.version}" for each in tx.versions_of_case(row.case_id) if each.source != OURS
    )
    return sha256("\n".join([row.scheme, *kept]).encode()).hexdigest()
