"""What a case still waits for: messages to its payers that nobody has answered, and why (尚未答复)。"""

from __future__ import annotations

from adapter.cases import issues
from adapter.cases.endpoints import waits_for
from adapter.cases.reading import case_of
from adapter.cases.tools import Tools
from adapter.ledger.rows import WAITING
from adapter.model.case import BillState
from adapter.model.issues import Issue
from adapter.model.messages import Stage

_ON_THE_WAY = (BillState.DRAFT, BillState.SETTLING, BillState.REVERSING)


def unanswered(case_id: str, tools: Tools) -> list[Issue]:
    """One issue a payer's system that keeps the newest bill version of a case from its end; none where that is reached.

    Raises:
        AdapterError: CASE-302.
    """
    with tools.ledger.reading() as tx:
        case = case_of(tx, case_id)
        if case.bill not in _ON_THE_WAY or case.held:
            return []
        rows = [
            row
            for row in tx.messages_of_case(case_id)
            if row.state in WAITING and row.message.version == case.version and row.message.stage is not Stage.NOTIFY
        ]
    rows = list({row.message.endpoint: row for row in rows}.values())  # the newest question of each
    waits = waits_for(tools, rows)
    return [
        issues.not_answered(row.message.key, row.message.endpoint, row.message.attempts, waits.get(row.message.key, ""))
        for row in rows
    ]
