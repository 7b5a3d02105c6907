"""What a service needs besides the use cases: pages, one case's present state, resources with an audit line (查询)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from adapter.cases.admission import may_take_deposit
from adapter.cases.reading import case_of
from adapter.cases.tools import Act, Tools
from adapter.cases.views import CaseLine, standing
from adapter.fhir.canonical import reread
from adapter.fhir.posted import WRITABLE, case_id_of, space_of
from adapter.ledger.ledger import Transaction
from adapter.ledger.rows import UNFINISHED, CaseRow, Health, MessageRow
from adapter.ledger.rows import ResourceRow as ResourceRow
from adapter.model.money import Money
from adapter.rules.programme import DepositAnswer

#: Resources that say nothing of a person; every other one is read under an audit line.
_NOT_PERSONAL = frozenset({"Organization"})


@dataclass(frozen=True, slots=True)
class CaseNow:
    """Where a case stands at this moment.

    Attributes:
        trial: ``running``, ``done``, ``refused``, or None where no trial was ever started.
    """

    line: CaseLine
    trial: str | None

    def as_json(self) -> dict[str, Any]:
        return {**self.line.as_json(), "trial": self.trial}


def case_now(case_id: str, tools: Tools) -> CaseNow:
    """One case without its messages and journal. Raises AdapterError CASE-302."""
    with tools.ledger.reading() as tx:
        row = case_of(tx, case_id)
        trial = tx.paper(case_id, "trial")
        return CaseNow(CaseLine(row, standing(tx, row)), None if trial is None else str(trial["state"]))


def case_page(
    tools: Tools, *, source: str | None = None, held: bool | None = None, after: str = "", limit: int = 100
) -> list[CaseLine]:
    """Cases by id, page by page: give the last id as ``after``."""
    with tools.ledger.reading() as tx:
        rows = tx.cases(source=source, held=held, after=after, limit=limit)
        return [CaseLine(row, standing(tx, row)) for row in rows]


def message_page(
    tools: Tools, *, endpoint: str | None = None, unfinished: bool = False, after: str = "", limit: int = 100
) -> list[MessageRow]:
    """Outbox messages by key, page by page: give the last key as ``after``."""
    with tools.ledger.reading() as tx:
        states = UNFINISHED if unfinished else None
        return tx.outbox(endpoint=endpoint, states=states, after=after, limit=limit)


def ask_deposit(case_id: str, amount: Money, tools: Tools, act: Act) -> tuple[DepositAnswer, CaseRow]:
    """Whether a deposit may be taken now, and the case after the question. Raises AdapterError CASE-302."""
    with tools.ledger.transaction() as tx:
        answer = may_take_deposit(tx, case_id, amount, tools, act)
        return answer, case_of(tx, case_id)


def parked_ids(tools: Tools, source: str, stay_keys: Collection[str]) -> dict[str, list[str]]:
    """Ids of what waits for a person, by stay."""
    with tools.ledger.reading() as tx:
        return {key: [row.id for row in tx.parked(source=source, stay_key=key)] for key in stay_keys}


def is_personal(kind: str) -> bool:
    """Whether a resource of this type may say something of a person."""
    return kind not in _NOT_PERSONAL


def case_name(tx: Transaction, kind: str, identity: str) -> str:
    """The id that cases have for a resource: its own, or where a hospital posted it under another, theirs."""
    posted = tx.resource(space_of(kind), identity) if kind in WRITABLE else None
    return identity if posted is None else case_id_of(reread(posted.body))


def read_resource(
    kind: str, identity: str, tools: Tools, act: Act, *, version: int | None = None
) -> ResourceRow | None:
    """The newest version of a resource, or the one that is asked for; None where there is none.

    What a hospital posted is read as it was posted; what the case has of it, a search shows.
    Whoever reads a person's data is written into the journal in the same transaction: no line, no data.
    """
    with tools.ledger.transaction() if is_personal(kind) else tools.ledger.reading() as tx:
        posted = tx.resource(space_of(kind), identity) if kind in WRITABLE else None
        if posted is None:
            found = tx.resource(kind, identity, version)
        else:
            known = posted if version in (None, posted.version) else tx.resource(space_of(kind), identity, version)
            found = None if known is None else replace(known, type=kind)
        if found is not None and is_personal(kind):
            of_case = identity if posted is None else case_id_of(reread(posted.body))
            _write_down(tx, kind, of_case, str(found.version), act)
        return found


def resource_history(kind: str, identity: str, tools: Tools, act: Act) -> list[ResourceRow]:
    """Every version of a resource, oldest first; none where there is no such resource. The journal says who looked."""
    with tools.ledger.transaction() if is_personal(kind) else tools.ledger.reading() as tx:
        posted = tx.history(space_of(kind), identity) if kind in WRITABLE else []
        rows = [replace(row, type=kind) for row in posted] or tx.history(kind, identity)
        if rows and is_personal(kind):
            _write_down(tx, kind, case_id_of(reread(posted[-1].body)) if posted else identity, "all", act)
        return rows


def _write_down(tx: Transaction, kind: str, identity: str, version: str, act: Act) -> None:
    """A patient may have several stays: each case's file shows who looked."""
    data = {"type": kind, "id": identity, "version": version}
    for case_id in tx.cases_of_resource(kind, identity) or [""]:
        tx.note(case_id, "resource-read", data, **act.said)


def counts(tools: Tools) -> Health:
    """How much of what is in which state; also the proof that the ledger can be reached."""
    with tools.ledger.reading() as tx:
        return tx.health()
