"""Turn a stay into a settled bill: look first, then walk the payers, then write everything at once (结算).

A bill version goes draft → previewed → settling → settled. Settling needs a preview (estimate or trial) of the same
basis; anything changed in between is refused, so what was looked at is what is settled.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from adapter.cases import issues, walk_issues
from adapter.cases.admission import assess_case
from adapter.cases.advance import answered
from adapter.cases.finalise import finalise
from adapter.cases.not_modelled import gaps, nobody_decides
from adapter.cases.reading import Dossier, billed_dossier, call_subject, case_of, dossier, keep_bill_facts
from adapter.cases.tools import Act, Tools
from adapter.cases.trial_runs import begin_run
from adapter.cases.verdict_papers import open_contradictions
from adapter.cases.walk import (
    Refused,
    Roles,
    Through,
    expectation,
    held_by_others,
    hold,
    reasons,
    roles_of,
    walk_calls,
)
from adapter.cases.way_back import tell_estimate, tell_standing
from adapter.cases.window.consents import refuse_without_consent
from adapter.cases.window.insurer import registration_differs
from adapter.cases.window.interim import refuse_settled_parts
from adapter.cases.window.later_stays import refuse_before_later, stay_settled
from adapter.ledger.codec import basis_of, json_object, json_text, settlement_bytes, settlement_of
from adapter.ledger.ledger import Transaction
from adapter.ledger.rows import CaseRow
from adapter.model.case import BillState, CallState, StayState
from adapter.model.dates import local_day
from adapter.model.issues import AdapterError, Issue
from adapter.model.messages import Stage
from adapter.model.settlement import Settlement

_CLOSED_VERSIONS = frozenset({BillState.REVERSED, BillState.SUPERSEDED})
_ENDED = frozenset({StayState.WARD_DISCHARGED, StayState.CLOSED})


@dataclass(frozen=True, slots=True)
class Preview:
    """What somebody looked at before settling.

    Attributes:
        mode: ``estimate`` (our rules, nothing sent) or ``trial`` (the payers computed and kept nothing).
    """

    mode: str
    basis: str
    settlement: Settlement


def estimate(case_id: str, tools: Tools, act: Act, *, on: date | None = None) -> Preview:
    """Our rules on the facts of now; nothing is sent.

    Args:
        on: rule date for a patient who is still in hospital; today where nothing is given.

    Raises:
        AdapterError: what keeps the case from being computed, CASE-308 for a layer nobody modelled.
    """
    with tools.ledger.transaction() as tx:
        row = case_of(tx, case_id)
        if row.bill in (BillState.SETTLED, BillState.SETTLED_ADVANCED):
            settled = tx.settlement(case_id, row.version)
            if settled is not None:
                return Preview("settled", settled.basis, settled)
        version = _open_version(tx, row, act)
        case = dossier(tx, case_id, version, tools, estimate_on=on or local_day(act.at))
        roles = roles_of(tx, case, tools)
        expected = expectation(case, tools, roles, roles.observed)
        if expected.not_modelled:
            raise AdapterError(issues.layer_not_modelled(case_id, ", ".join(expected.not_modelled)), *gaps(expected))
        if row.bill is not BillState.SETTLING:
            _previewed(tx, case, "estimate", expected, act)
        return Preview("estimate", expected.basis, expected)


def estimate_at_admission(tx: Transaction, case_id: str, tools: Tools, act: Act) -> None:
    """Tell the HIS what our rules make of a stay that has just begun, where it wants that; nothing is previewed.

    What cannot be computed yet is written down, and holds nobody.
    """
    row = case_of(tx, case_id)
    feed = tools.feed(row.source)
    if feed.way_back is None or not feed.way_back.estimate_at_admission:
        return
    try:
        case = dossier(tx, case_id, max(row.version, 1), tools, estimate_on=local_day(act.at))
        roles = roles_of(tx, case, tools)
        expected = expectation(case, tools, roles, roles.observed)
    except AdapterError as error:
        tx.note(case_id, "estimate-not-made", {"codes": [issue.code for issue in error.issues]}, **act.said)
        return
    if expected.not_modelled:
        tx.note(case_id, "estimate-not-made", {"codes": ["CASE-308"]}, **act.said)
        return
    tell_estimate(tx, row.stay_key, expected, "estimate", feed, act)


def start_trial(case_id: str, tools: Tools, act: Act) -> None:
    """Ask the payers what they would pay; they keep nothing. The answers arrive through the outbox."""
    with tools.ledger.transaction() as tx:
        row = case_of(tx, case_id)
        if row.bill is BillState.SETTLING:
            raise AdapterError(*_no_other(row))
        if not held_by_others(row):
            tx.clear_held(case_id, **act.said)  # a payer that refused is asked again
        _refuse_unready(case_of(tx, case_id))
        refuse_settled_parts(tx, case_id)
        version = _open_version(tx, row, act)
        dossier(tx, case_id, version, tools)  # a case that cannot be read is not sent anywhere
        begin_run(tx, row, version, act)
        advance_trial(tx, case_id, tools, act)
        tell_standing(tx, case_id, tools, act)


def advance_trial(tx: Transaction, case_id: str, tools: Tools, act: Act) -> None:
    """Take a running trial as far as it goes: year-to-date amounts first, then each payer in order.

    A trial whose bill began to be settled meanwhile, on another preview, is over.
    """
    paper = tx.paper(case_id, "trial")
    if paper is None or paper["state"] != "running":
        return
    row = case_of(tx, case_id)
    if row.bill not in (BillState.DRAFT, BillState.PREVIEWED):
        tx.file_paper(case_id, "trial", {**paper, "state": "overtaken"}, **act.said)
        return
    after = int(str(paper["after"]))
    case = dossier(tx, case_id, row.version, tools)
    roles = roles_of(tx, case, tools)
    came = walk_calls(tx, case, Stage.ELIGIBILITY, tools, act, roles, after=after)
    tried = walk_calls(tx, case, Stage.TRIAL, tools, act, roles, after=after) if isinstance(came, Through) else came
    hold(tx, case_id, reasons(tx, tried, tools), act)
    if isinstance(tried, Refused):
        tx.file_paper(case_id, "trial", {**paper, "state": "refused", "key": tried.message.message.key}, **act.said)
    if isinstance(tried, Through):
        settlement = expectation(case, tools, roles, tried.answers)
        if settlement.not_modelled:
            hold(tx, case_id, [nobody_decides(case_id, settlement), *gaps(settlement)], act)
            tx.file_paper(case_id, "trial", {**paper, "state": "not-modelled"}, **act.said)
            return
        _previewed(tx, case, "trial", settlement, act)
        tx.file_paper(case_id, "trial", {**paper, "state": "done", "basis": settlement.basis}, **act.said)
        if registration_differs(tx, case_id, case.resources):
            assess_case(tx, case_id, tools, act)  # the insurer holds somebody else on record: a person must look


def preview_of(tx: Transaction, case_id: str) -> Preview | None:
    """The newest preview of a case, or None."""
    paper = tx.paper(case_id, "preview")
    if paper is None:
        return None
    settlement = settlement_of(json_text(paper["settlement"]).encode())
    return Preview(str(paper["mode"]), str(paper["basis"]), settlement)


def start_settlement(case_id: str, tools: Tools, act: Act, *, basis: str | None = None) -> None:
    """Begin to settle on the preview that was looked at. The answers arrive through the outbox.

    Args:
        basis: hash of the preview that the caller saw; left out, the newest preview.

    Raises:
        AdapterError: CASE-303 … CASE-307, CASE-318, CASE-500, CASE-501; CASE-372, CASE-476 a part of the stay is
            settled already.
    """
    with tools.ledger.transaction() as tx:
        row = case_of(tx, case_id)
        _refuse_unready(row)
        if row.bill in (BillState.SETTLING, BillState.SETTLED, BillState.SETTLED_ADVANCED, BillState.REVERSING):
            raise AdapterError(*_no_other(row))
        preview = tx.paper_bytes(case_id, "preview")
        if row.bill is not BillState.PREVIEWED or preview is None:
            raise AdapterError(issues.look_first(case_id))
        case = dossier(tx, case_id, row.version, tools)
        roles = roles_of(tx, case, tools)
        now = expectation(case, tools, roles, roles.observed).basis
        wanted = basis or basis_of(preview)
        if now != wanted:
            raise AdapterError(issues.stale_preview(case_id, wanted, now))
        refuse_without_consent(tx, case, tools)
        _refuse_while_person_is_settling(tx, case)
        refuse_before_later(tx, row)
        refuse_settled_parts(tx, case_id)
        tx.move(case_id, "bill", BillState.SETTLING, subject=str(row.version), **act.said)
        billed = keep_bill_facts(tx, case, act)
        _expect_calls(tx, case, roles, act)
        advance_settlement(tx, case_id, tools, act, billed=billed)
        tell_standing(tx, case_id, tools, act)


def advance_settlement(tx: Transaction, case_id: str, tools: Tools, act: Act, *, billed: Dossier | None = None) -> None:
    """Take a settlement as far as it goes without waiting; finalise it when every payer has answered.

    Args:
        billed: the bill version's dossier, where this transaction has just read it.
    """
    row = case_of(tx, case_id)
    if row.bill not in (BillState.SETTLING, BillState.SETTLED_ADVANCED):
        return
    if odd := open_contradictions(tx, case_id, row.version):
        hold(tx, case_id, odd, act)  # nothing is booked on a verdict that the payer itself denies
        return
    case = billed or billed_dossier(tx, case_id, row.version, tools)
    roles = roles_of(tx, case, tools)
    came = walk_calls(tx, case, Stage.SETTLE, tools, act, roles)
    hold(tx, case_id, reasons(tx, came, tools), act)
    if isinstance(came, Through):
        settlement = expectation(case, tools, roles, came.answers)
        if settlement.not_modelled:
            hold(tx, case_id, [nobody_decides(case_id, settlement), *gaps(settlement)], act)
            return
        if row.bill is BillState.SETTLED_ADVANCED:
            answered(tx, case, settlement, came.answers, tools, act)
            return
        finalise(tx, case, settlement, came.answers, act)
        stay_settled(tx, case, settlement, tools, act)


def _open_version(tx: Transaction, row: CaseRow, act: Act) -> int:
    """The bill version to work on: the open one, or a new one after none or a reversed one."""
    if row.bill in (BillState.SETTLED, BillState.SETTLED_ADVANCED, BillState.REVERSING):
        raise AdapterError(*_no_other(row))
    if row.version and row.bill not in _CLOSED_VERSIONS:
        return row.version
    if row.bill is BillState.REVERSED:
        tx.move(row.case_id, "bill", BillState.SUPERSEDED, subject=str(row.version), **act.said)
    version = tx.new_version(row.case_id, **act.said)
    tx.start(row.case_id, "bill", BillState.DRAFT, subject=str(version), **act.said)
    return version


def _no_other(row: CaseRow) -> tuple[Issue, ...]:
    """Why a bill that is settled, or on its way there or back, is not settled a second time."""
    if row.bill is BillState.SETTLING:
        return (walk_issues.being_settled(row.case_id, row.version), *row.issues)
    if row.bill is BillState.REVERSING:
        return (walk_issues.being_reversed(row.case_id, row.version), *row.issues)
    return (issues.already_settled(row.case_id, row.version),)


def _previewed(tx: Transaction, case: Dossier, mode: str, settlement: Settlement, act: Act) -> None:
    case_id, version = case.row.case_id, case.claim.version
    paper: dict[str, object] = {
        "mode": mode,
        "basis": settlement.basis,
        "settlement": json_object(settlement_bytes(settlement)),
    }
    tx.file_paper(case_id, "preview", paper, **act.said)
    tx.move(case_id, "bill", BillState.PREVIEWED, subject=str(version), **act.said)
    tell_estimate(tx, case.row.stay_key, settlement, mode, case.feed, act)


def _refuse_unready(row: CaseRow) -> None:
    if row.held:
        raise AdapterError(issues.held(row.case_id, len(row.issues)), *row.issues)
    if row.stay not in _ENDED:
        raise AdapterError(issues.still_in_hospital(row.case_id))


def _refuse_while_person_is_settling(tx: Transaction, case: Dossier) -> None:
    busy = {"bill": (BillState.SETTLING, BillState.SETTLED_ADVANCED, BillState.REVERSING)}
    for other in tx.cases(source=case.row.source, person_key=case.row.person_key, in_states=busy):
        if other.case_id != case.row.case_id:
            raise AdapterError(issues.person_busy(case.row.case_id, other.case_id))


def _expect_calls(tx: Transaction, case: Dossier, roles: Roles, act: Act) -> None:
    """Start the call machines; what the HIS settled itself stands as accepted, spared calls do not exist."""
    for call in case.scheme.calls:
        subject = call_subject(case.claim.version, call)
        if call.is_sent and not set(call.payers) <= roles.spared:
            tx.start(case.row.case_id, "call", CallState.EXPECTED, subject=subject, **act.said)
        if call.is_sent and set(call.payers) <= roles.observed.keys():
            tx.move(case.row.case_id, "call", CallState.ACCEPTED, subject=subject, **act.said)
