"""Hold, resume, skip a call, or go on with one that waited at the window: acts of a named person (人工处理对外调用)."""

from __future__ import annotations

from adapter.cases import walk_issues
from adapter.cases.call_orders import end_hold, held_call, keep_out, never_sent, set_held, set_skipped
from adapter.cases.dispatch import go_on
from adapter.cases.reading import call_state, call_subject, case_of, dossier
from adapter.cases.tools import Act, Presented, Tools
from adapter.cases.walk import at_window, expectation, hold, roles_of
from adapter.ledger.ledger import Transaction
from adapter.ledger.rows import CaseRow, MessageRow, MessageState
from adapter.model.case import BillState, CallState
from adapter.model.issues import AdapterError
from adapter.model.messages import Outcome, Stage
from adapter.model.settlement import Authority
from adapter.rules.policy.scheme import Call
from adapter.rules.programme.collection import require_person

_OPEN = (BillState.DRAFT, BillState.PREVIEWED, BillState.SETTLING)


def hold_call(case_id: str, name: str, tools: Tools, act: Act) -> None:
    """Send nothing more for a call until it is resumed; what is on the wire this moment still ends, and is recorded.

    Raises:
        AdapterError: CASE-302, CASE-421 no such call, PRG-282 by the service.
    """
    with tools.ledger.transaction() as tx:
        row, call = _call_of(tx, case_id, name, tools, act)
        messages = _messages(tx, row, call)
        aside = (each.message.key for each in messages if each.state is MessageState.PARKED)
        set_held(tx, case_id, call.name, act, aside=aside)
        for message in messages:
            if message.state is MessageState.PENDING:
                keep_out(tx, message.message.key, act)
    go_on(case_id, tools, act)


def resume_call(case_id: str, name: str, tools: Tools, act: Act) -> None:
    """Let a held call go on from where it was; a message that may have arrived is looked up before it is sent.

    One that waited for a person before the call was held waits for him still.

    Raises:
        AdapterError: CASE-302, CASE-421, CASE-423 not held, PRG-282 by the service.
    """
    with tools.ledger.transaction() as tx:
        row, call = _call_of(tx, case_id, name, tools, act)
        if held_call(tx, case_id, call.name) is None:
            raise AdapterError(walk_issues.call_not_held(case_id, name))
        aside = end_hold(tx, case_id, call.name, act)
        parked = [each for each in _messages(tx, row, call) if each.state is MessageState.PARKED]
        _due_again(tx, [each for each in parked if each.message.key not in aside], act)
        hold(tx, case_id, (), act)
    go_on(case_id, tools, act)


def skip_call(case_id: str, name: str, tools: Tools, act: Act) -> None:
    """Leave a call out of the open bill version: nothing more is composed for it, and no amount changes by it.

    What waits in the outbox for it is withdrawn, with who and why as its last word; what may have arrived and had an
    effect is set aside for a person. What is on the wire this moment ends: its answer is kept and changes nothing.
    Allowed where the payer only receives what was computed here, and where our rules give its payers ¥0.00 and no payer
    comes after them. Not once its settlement went out, or may have.

    Raises:
        AdapterError: CASE-302, CASE-421, CASE-424 others depend on it, CASE-425, CASE-428 no bill open, PRG-282.
    """
    with tools.ledger.transaction() as tx:
        row, call = _call_of(tx, case_id, name, tools, act)
        if not row.version or row.bill not in _OPEN:
            raise AdapterError(walk_issues.nothing_open(case_id, str(row.bill or "draft")))
        said = [each for each in _messages(tx, row, call) if each.message.version == row.version]
        for message in said:
            settles = message.message.stage is Stage.SETTLE and message.message.effect
            if settles and message.outcome is not Outcome.REJECTED and not never_sent(message):
                raise AdapterError(walk_issues.may_have_arrived(case_id, name, message.message.key))
        _refuse_needed(tx, row, call, tools)
        set_skipped(tx, case_id, row.version, call.name, act)
        for message in said:
            keep_out(tx, message.message.key, act)
        if call_state(tx, case_id, row.version, call) in (CallState.SUBMITTED, CallState.UNKNOWN):  # nothing was sent
            tx.move(case_id, "call", CallState.EXPECTED, subject=call_subject(row.version, call), **act.said)
        hold(tx, case_id, (), act)
    go_on(case_id, tools, act)


def present_at_window(
    case_id: str, name: str, tools: Tools, act: Act, *, credential: Presented | None = None
) -> tuple[str, ...]:
    """What the payer needs is at hand now: the messages that waited for it are due; returns their keys.

    Args:
        credential: token, card or password; it stays in this process, for one sending, and is written nowhere.

    Raises:
        AdapterError: CASE-302, CASE-421, CASE-427 nothing waits, PRG-282 by the service.
    """
    with tools.ledger.transaction() as tx:
        row, call = _call_of(tx, case_id, name, tools, act)
        waiting = [each for each in _messages(tx, row, call) if at_window(tx, each)]
        if not waiting:
            raise AdapterError(walk_issues.nothing_waits(case_id, name))
        _due_again(tx, waiting, act)
        hold(tx, case_id, (), act)
        if credential is not None:  # before the message is due: a worker may take it at once
            tools.shown.put(case_id, credential, act.at)
    return tuple(each.message.key for each in waiting)


def _call_of(tx: Transaction, case_id: str, name: str, tools: Tools, act: Act) -> tuple[CaseRow, Call]:
    require_person(case_id, act.actor, "decide about a call", "处理对外调用")
    row = case_of(tx, case_id)
    sent = {call.name: call for call in tools.book.scheme(row.scheme).calls if call.is_sent}
    if name not in sent:
        raise AdapterError(walk_issues.unknown_call(case_id, name, ", ".join(sent)))
    return row, sent[name]


def _messages(tx: Transaction, row: CaseRow, call: Call) -> list[MessageRow]:
    return [each for each in tx.messages_of_case(row.case_id) if each.message.call == call.name]


def _due_again(tx: Transaction, messages: list[MessageRow], act: Act) -> None:
    for message in messages:
        tx.retry(message.message.key, **act.said)


def _refuse_needed(tx: Transaction, row: CaseRow, call: Call, tools: Tools) -> None:
    """An amount that the payer decides, or that a later payer starts from, is not left out."""
    if call.authority is Authority.ADAPTER:
        return
    case = dossier(tx, row.case_id, row.version, tools)
    roles = roles_of(tx, case, tools)
    expected = expectation(case, tools, roles, roles.observed)
    unknown = set(call.payers) & set(expected.not_modelled)
    if unknown or any(expected.share_of(payer) for payer in call.payers):
        payers = ", ".join(call.payers)
        zh, en = f"{payers} 的金额由其决定", f"the amount of {payers} is its own to decide"
        raise AdapterError(walk_issues.others_depend(row.case_id, call.name, zh, en))
    first = min(case.scheme.order.index(payer) for payer in call.payers)
    later = [p for p in case.scheme.order[first:] if p not in call.payers and p not in roles.spared]
    if later:
        names = ", ".join(later)
        zh, en = f"其后的 {names} 以其答复为基础", f"{names} come after it and start from its answer"
        raise AdapterError(walk_issues.others_depend(row.case_id, call.name, zh, en))
