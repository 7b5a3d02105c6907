"""What a counterpart wants to hear once a settlement stands: the settlement list (结算清单上传).

It goes through the outbox like everything else, after the bill is final, and holds nobody: what keeps it from being
composed, and what the counterpart refuses, is a work list of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol, cast, runtime_checkable

from adapter.cases import afterwards_issues
from adapter.cases.reading import Dossier, billed_dossier, call_state, calls_version, case_of
from adapter.cases.tools import Act, Tools
from adapter.cases.walk import call_facts, endpoint_of, expectation, roles_of, said_before
from adapter.ledger.ledger import Transaction
from adapter.ledger.rows import CaseRow, MessageRow, MessageState
from adapter.model.case import BillState, CallState
from adapter.model.issues import AdapterError
from adapter.model.messages import OutboundMessage, Outcome, Stage
from adapter.rules.policy.scheme import Call
from adapter.rules.programme.collection import require_person

PAPER = "settlement-list/"


@runtime_checkable
class Lists(Protocol):
    """A counterpart that wants a list after each settlement.

    Attributes:
        lists: operation of the message that carries it, or empty: this one wants none.
    """

    @property
    def lists(self) -> str: ...


@dataclass(frozen=True, slots=True)
class SettlementList:
    """Where the list of one settlement stands.

    Attributes:
        state: ``accepted``, ``refused``, ``waits`` (in the outbox), ``not-composed`` or ``not-sent``.
        why: codes of what keeps it.
    """

    case_id: str
    version: int
    call: str
    state: str
    key: str
    why: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "case_id": self.case_id,
            "version": self.version,
            "call": self.call,
            "state": self.state,
            "key": self.key,
            "why": list(self.why),
        }


def advance_afterwards(tx: Transaction, case_id: str, tools: Tools, act: Act) -> None:
    """Once a bill is settled, store the list that its payer wants, the first time by itself."""
    row = case_of(tx, case_id)
    if row.bill is not BillState.SETTLED:
        return
    for call, operation in _wanted(row, tools):
        if _now(tx, row, call, operation).state == "not-sent":
            _store(tx, row, call, tools, act)


def send_list(case_id: str, tools: Tools, act: Act) -> list[SettlementList]:
    """Send the list of a settled case, or send it anew after what was wrong with it is corrected.

    Raises:
        AdapterError: CASE-302, CASE-445 nothing settled or nobody wants a list, PRG-282 by the service.
    """
    require_person(case_id, act.actor, "send a settlement list", "上传结算清单")
    with tools.ledger.transaction() as tx:
        row = case_of(tx, case_id)
        wanted = _wanted(row, tools) if row.bill is BillState.SETTLED else []
        if not wanted:
            raise AdapterError(afterwards_issues.no_list_wanted(case_id))
        for call, operation in wanted:
            if _now(tx, row, call, operation).state not in ("accepted", "waits"):
                _store(tx, row, call, tools, act)
        return [_now(tx, row, call, operation) for call, operation in wanted]


def settlement_lists(tools: Tools, *, everything: bool = False) -> list[SettlementList]:
    """Settled cases whose list is not accepted yet, by case; or with ``everything`` all of them."""
    found: list[SettlementList] = []
    after = ""
    with tools.ledger.reading() as tx:
        while page := tx.cases(in_states={"bill": (BillState.SETTLED,)}, after=after, limit=500):
            for row in page:
                found += [_now(tx, row, call, operation) for call, operation in _wanted(row, tools)]
            after = page[-1].case_id
    return [each for each in found if everything or each.state != "accepted"]


def _wanted(row: CaseRow, tools: Tools) -> list[tuple[Call, str]]:
    found = []
    for call in tools.book.scheme(row.scheme).calls if row.scheme else ():
        endpoint: object = tools.endpoints.get(call.endpoint) if call.is_sent else None
        operation = endpoint.lists if isinstance(endpoint, Lists) else ""
        found += [(call, operation)] if operation else []
    return found


def _now(tx: Transaction, row: CaseRow, call: Call, operation: str) -> SettlementList:
    version = calls_version(tx, row.case_id, row.version)
    sent = [each for each in tx.messages_of_case(row.case_id, version) if _carries(each, call, operation)]
    paper = tx.paper(row.case_id, _paper(version, call))
    key, why = "", tuple(cast("list[str]", paper["codes"])) if paper is not None else ()
    state = "not-composed" if why else "not-sent"
    if sent and not why:
        key = sent[-1].message.key
        known = {Outcome.ACCEPTED: "accepted", Outcome.REJECTED: "refused"}
        done = sent[-1].state is MessageState.DONE and sent[-1].outcome is not None
        state = known.get(cast("Outcome", sent[-1].outcome), "waits") if done else "waits"
        receipts = tx.receipts(key)
        why = tuple(issue.code for each in receipts[-1:] for issue in each.issues)
    if call_state(tx, row.case_id, version, call) is not CallState.ACCEPTED:
        state = "accepted"  # left out of this bill, or settled by the HIS: nobody waits for a list of it
    return SettlementList(row.case_id, version, call.name, state, key, why)


def _carries(row: MessageRow, call: Call, operation: str) -> bool:
    message = row.message
    return message.call == call.name and message.stage is Stage.RECONCILE and message.operation == operation


def _store(tx: Transaction, row: CaseRow, call: Call, tools: Tools, act: Act) -> None:
    """Compose and store it; what keeps it from being composed is written down."""
    version = calls_version(tx, row.case_id, row.version)
    try:
        case = _as_known_now(billed_dossier(tx, row.case_id, version, tools))
        roles = roles_of(tx, case, tools)
        facts = call_facts(case, call, expectation(case, tools, roles, roles.observed), roles.observed)
        before = said_before(tx, case, call, Stage.TRIAL)
        message = endpoint_of(call, tools).next(Stage.RECONCILE, facts, (), act.at, before=before)
    except AdapterError as error:
        told = [issue.code for issue in error.issues]
        tx.file_paper(row.case_id, _paper(version, call), {"codes": told}, **act.said)
        return
    if isinstance(message, OutboundMessage):
        tx.file_paper(row.case_id, _paper(version, call), {"codes": []}, **act.said)
        tx.enqueue(replace(message, order_key=None), **act.said)  # nobody's next settlement waits for it


def _as_known_now(case: Dossier) -> Dossier:
    """The bill as it was settled, with what the HIS has corrected of its resources since (a contact, a diagnosis)."""
    now = (case.newer.get((each["resourceType"], each["id"]), each) for each in case.resources)
    return replace(case, resources=tuple(now))


def _paper(version: int, call: Call) -> str:
    return f"{PAPER}{version}/{call.name}"
