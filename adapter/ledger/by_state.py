"""Cases by where their bill stands, for whoever wants the few of them among many. 按账单状态查找病例。

The index on states leads to them: what is found is read, however many cases the ledger holds. ``Cases.cases`` is for
walks over all of them, page by page.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Select, String, and_, bindparam, cast, exists, select

from adapter.ledger.codec import json_object
from adapter.ledger.rows import WAITING
from adapter.ledger.session import Session
from adapter.ledger.tables import cases, content, outbox, papers, states
from adapter.model.case import BillState
from adapter.model.messages import Stage

_NEWEST_BILL_IN = and_(
    states.c.machine == "bill",
    states.c.state.in_(bindparam("states", expanding=True)),
    states.c.subject == cast(cases.c.version, String),
)
_UNDER_WAY = exists().where(
    outbox.c.case_id == cases.c.case_id,
    outbox.c.state.in_(WAITING),
    outbox.c.stage.in_(bindparam("stages", expanding=True)),
    outbox.c.endpoint.in_(bindparam("endpoints", expanding=True)),
)


def _found(*columns: Any) -> Select[Any]:
    joined = states.join(cases, cases.c.case_id == states.c.case_id)
    return select(*columns).select_from(joined).where(_NEWEST_BILL_IN)


_IDLE = _found(cases.c.case_id, cases.c.held).where(~_UNDER_WAY)
_PAPERS = (
    _found(cases.c.case_id, content.c.body)
    .join(papers, and_(papers.c.case_id == cases.c.case_id, papers.c.name == bindparam("name")))
    .join(content, content.c.digest == papers.c.content)
)


class ByState(Session):
    """Find cases by their newest bill version."""

    def idle_bills(self, *wanted: BillState, stages: Collection[Stage], endpoints: Collection[str]) -> dict[str, bool]:
        """By id, cases whose bill stands in one of these states and waits for no message; whether they are held.

        Args:
            stages, endpoints: only messages of these, to these, that are due or on their way are waited for.
        """
        given = {"states": wanted, "stages": stages, "endpoints": endpoints}
        rows = self._connection.execute(_IDLE, {name: list(map(str, each)) for name, each in given.items()})
        return {row.case_id: row.held for row in rows}

    def papers_of_bills(self, name: str, *wanted: BillState) -> dict[str, dict[str, object]]:
        """By case id, the paper of that name of each case that has one and whose bill stands in one of these states."""
        rows = self._connection.execute(_PAPERS, {"states": [str(each) for each in wanted], "name": name})
        return {row.case_id: json_object(bytes(row.body)) for row in rows}
