"""Undo a settlement: backwards along the calls, each equal and opposite, resumable (冲销)."""

from __future__ import annotations

from collections.abc import Sequence

from adapter.cases import issues
from adapter.cases.call_orders import held_call
from adapter.cases.finalise import advanced_paper, undo
from adapter.cases.observed import observed_answers
from adapter.cases.reading import Dossier, billed_dossier, call_state, call_subject, calls_version, case_of
from adapter.cases.reversal_refusals import refusals
from adapter.cases.tools import Act, Tools
from adapter.cases.walk import (
    OnHold,
    Refused,
    Waiting,
    call_facts,
    endpoint_of,
    exchanges,
    expectation,
    hold,
    reasons,
    roles_of,
    said_before,
)
from adapter.cases.way_back import tell_standing
from adapter.cases.window.later_stays import stay_undone
from adapter.ledger.ledger import Transaction
from adapter.ledger.rows import MessageState
from adapter.model.case import BillState, CallState
from adapter.model.issues import AdapterError, Issue
from adapter.model.messages import OutboundMessage, Outcome, Stage
from adapter.model.settlement import Authority
from adapter.payers.delivery.endpoint import Exchange
from adapter.rules.policy.scheme import Call

_UNDECIDED = frozenset({CallState.SUBMITTED, CallState.UNKNOWN})
_REVERSIBLE = frozenset({BillState.SETTLED, BillState.SETTLED_ADVANCED, BillState.SETTLING, BillState.REVERSING})


def start_reversal(case_id: str, tools: Tools, act: Act) -> None:
    """Begin to undo the newest bill version; started again after a refusal, it asks the payer anew.

    Raises:
        AdapterError: CASE-309 nothing to reverse; CASE-310 a call's effect is unknown; CASE-319 the HIS settled it;
            CASE-430 … CASE-432 the hospital's own reasons.
    """
    with tools.ledger.transaction() as tx:
        row = case_of(tx, case_id)
        if row.bill not in _REVERSIBLE:
            raise AdapterError(issues.not_settled(case_id, str(row.bill or "draft")))
        asked = calls_version(tx, case_id, row.version)
        case = billed_dossier(tx, case_id, asked, tools)
        _refuse_what_cannot_be_undone(tx, case)
        if not_here := refusals(tx, row, tools, act):
            raise AdapterError(*not_here)
        if row.bill is not BillState.REVERSING:
            tx.move(case_id, "bill", BillState.REVERSING, subject=str(row.version), **act.said)
        tx.clear_held(case_id, **act.said)
        for message in tx.messages_of_case(case_id, asked):
            if message.message.stage is Stage.REVERSE and message.outcome is Outcome.REJECTED:
                tx.retry(message.message.key, **act.said)
        advance_reversal(tx, case_id, tools, act)
        tell_standing(tx, case_id, tools, act)


def advance_reversal(tx: Transaction, case_id: str, tools: Tools, act: Act) -> None:
    """Take a reversal as far as it goes without waiting; finish it when every call is undone."""
    row = case_of(tx, case_id)
    if row.bill is not BillState.REVERSING:
        return
    asked = calls_version(tx, case_id, row.version)
    case = billed_dossier(tx, case_id, asked, tools)
    for call in reversed(case.scheme.calls):
        state = call_state(tx, case_id, asked, call)
        if state in (CallState.ACCEPTED, CallState.REVERSING) and not _undo_call(tx, case, call, tools, act):
            return
    standing = case if asked == row.version else billed_dossier(tx, case_id, row.version, tools)
    undo(tx, standing, act)
    stay_undone(tx, standing, tools, act)


def _undo_call(tx: Transaction, case: Dossier, call: Call, tools: Tools, act: Act) -> bool:
    """Whether the call is undone; if not, its message is on its way or was refused."""
    case_id, subject = case.row.case_id, call_subject(case.claim.version, call)
    if _undone_by_his(tx, case, call):
        tx.move(case_id, "call", CallState.REVERSING, subject=subject, **act.said)
        tx.move(case_id, "call", CallState.REVERSED, subject=subject, **act.said)
        return True
    if (why := held_call(tx, case_id, call.name)) is not None:
        hold(tx, case_id, reasons(tx, OnHold(case_id, call.name, why), tools), act)
        return False
    so_far = exchanges(tx, case, call, Stage.REVERSE)
    if isinstance(so_far, Waiting):
        hold(tx, case_id, reasons(tx, so_far, tools), act)
        if call_state(tx, case_id, case.claim.version, call) is CallState.ACCEPTED:
            tx.move(case_id, "call", CallState.REVERSING, subject=subject, **act.said)
        return False
    if isinstance(so_far, Refused):
        _refused(tx, case, call, so_far, tools, act)
        return False
    roles = roles_of(tx, case, tools)
    facts = call_facts(case, call, expectation(case, tools, roles, roles.observed), roles.observed)
    endpoint = endpoint_of(call, tools)
    before = said_before(tx, case, call, Stage.REVERSE) if endpoint.stages else ()
    following = endpoint.next(Stage.REVERSE, facts, so_far, act.at, before=before)
    if isinstance(following, OutboundMessage):
        tx.enqueue(following, **act.said)
        if call_state(tx, case_id, case.claim.version, call) is CallState.ACCEPTED:
            tx.move(case_id, "call", CallState.REVERSING, subject=subject, **act.said)
        return False
    if unlike := _not_opposite(tx, case, so_far):
        hold(tx, case_id, unlike, act)
        return False
    hold(tx, case_id, (), act)
    tx.move(case_id, "call", CallState.REVERSED, subject=subject, **act.said)
    return True


def _undone_by_his(tx: Transaction, case: Dossier, call: Call) -> bool:
    """Whether this call is one that the HIS itself settled, and has undone since: nobody is to be told."""
    settled = tx.settlement(case.row.case_id, case.claim.version)
    shares = settled.shares if settled is not None else ()
    return any(share.authority is Authority.OBSERVED and share.payer in call.payers for share in shares)


def _not_opposite(tx: Transaction, case: Dossier, so_far: Sequence[Exchange]) -> list[Issue]:
    """Payers whose reversal does not take back exactly what they bore."""
    settled = tx.settlement(case.row.case_id, case.claim.version)
    if settled is None:
        return []
    back = [answer for exchange in so_far for answer in exchange.receipt.answers]
    return [
        issues.reversal_differs(case.row.case_id, answer.payer, settled.share_of(answer.payer), answer.amount)
        for answer in back
        if answer.amount != -settled.share_of(answer.payer)
    ]


def _refused(tx: Transaction, case: Dossier, call: Call, refused: Refused, tools: Tools, act: Act) -> None:
    """The payer will not undo it: the bill stands as it was, unless another call is undone already."""
    case_id, version = case.row.case_id, case.claim.version
    if call_state(tx, case_id, version, call) is CallState.REVERSING:
        tx.move(case_id, "call", CallState.ACCEPTED, subject=call_subject(version, call), **act.said)
    undone = [each for each in case.scheme.calls if call_state(tx, case_id, version, each) is CallState.REVERSED]
    settled = tx.settlement(case_id, version)
    if not undone and settled is not None:
        back = BillState.SETTLED_ADVANCED if _is_advanced(tx, case) else BillState.SETTLED
        tx.move(case_id, "bill", back, subject=str(case.row.version), **act.said)
    taken_back = [f"{payer} {settled.share_of(payer)}" for each in undone for payer in each.payers] if settled else []
    halfway = [issues.half_undone(case_id, ", ".join(taken_back))] if taken_back else []
    hold(tx, case_id, [*reasons(tx, refused, tools), *halfway], act)


def _refuse_what_cannot_be_undone(tx: Transaction, case: Dossier) -> None:
    observed = set(observed_answers(tx, case))
    for call in case.scheme.calls:
        if observed and set(call.payers) <= observed:
            raise AdapterError(issues.settled_by_his(case.row.case_id, call.name))
        if call_state(tx, case.row.case_id, case.claim.version, call) in _UNDECIDED:
            raise AdapterError(issues.effect_unknown(case.row.case_id, call.name))
    open_messages = [
        row
        for row in tx.messages_of_case(case.row.case_id, case.claim.version)
        if row.state is not MessageState.DONE and row.message.effect and row.message.stage is Stage.SETTLE
    ]
    if open_messages:
        raise AdapterError(issues.effect_unknown(case.row.case_id, open_messages[0].message.call))


def _is_advanced(tx: Transaction, case: Dossier) -> bool:
    """Whether the bill stood on an advance of the hospital: somebody has not answered yet."""
    states = {call_state(tx, case.row.case_id, case.claim.version, call) for call in case.scheme.calls}
    waits = not states.isdisjoint({CallState.EXPECTED, CallState.REJECTED})
    return waits and tx.paper(case.row.case_id, advanced_paper(case.row.version)) is not None
