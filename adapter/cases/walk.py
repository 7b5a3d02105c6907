"""The durable walk along the payers: ask one, record its answer, ask the next (结算流程).

Nothing here waits and nothing here sends. ``advance`` looks at what is stored, and either stores the next message,
or finishes the stage. It is called after every recorded answer, in the same transaction, and may be called at any
other time: the same state gives the same next step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import cast

from adapter.cases import issues, walk_issues
from adapter.cases.call_orders import call_orders
from adapter.cases.endpoints import is_nobodys
from adapter.cases.observed import observed_answers
from adapter.cases.reading import Dossier, call_subject, case_of
from adapter.cases.tools import Act, Tools
from adapter.ledger.ledger import Transaction
from adapter.ledger.rows import CaseRow, MessageRow, MessageState
from adapter.model.call import CallFacts
from adapter.model.case import CallState
from adapter.model.issues import AdapterError, Issue
from adapter.model.messages import OutboundMessage, Outcome, Stage
from adapter.model.settlement import Authority, Payer, PayerAnswer, Settlement
from adapter.payers.delivery.endpoint import Endpoint, Exchange
from adapter.rules.policy.scheme import Call
from adapter.rules.settlement.adjudicate import adjudicate

Answers = Mapping[Payer, PayerAnswer]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message is on its way, or waits for a person; ``answers`` are those of the calls before."""

    message: MessageRow
    answers: Answers = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refused:
    """A payer said no to a message; its receipt holds the reason."""

    message: MessageRow


@dataclass(frozen=True, slots=True)
class OnHold:
    """A person holds a call: nothing is composed for it."""

    case_id: str
    call: str
    reason: str
    answers: Answers = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Through:
    """Every call has answered, or the adapter's own figures stand."""

    answers: Answers


def endpoint_of(call: Call, tools: Tools) -> Endpoint:
    """The counterpart of a call, or CASE-315."""
    found = tools.endpoints.get(call.endpoint)
    if found is None:
        raise AdapterError(issues.endpoint_unset(call.endpoint))
    return found


@dataclass(frozen=True, slots=True)
class Roles:
    """Who need not be asked, and why.

    Attributes:
        observed: answers that the HIS got itself; their calls are never sent.
        spared: payers of calls that have nothing to do with this person by their plans: an aid office hears nothing
            of a patient whom it does not aid; and of calls that a person left out of this bill version.
        held: calls that a person holds, and why.
    """

    observed: Answers
    spared: frozenset[Payer]
    held: Mapping[str, str] = field(default_factory=dict)

    def skips(self, call: Call) -> bool:
        """Whether a call is not sent at all."""
        return set(call.payers) <= (self.spared | self.observed.keys())


def roles_of(tx: Transaction, case: Dossier, tools: Tools) -> Roles:
    """Observed answers on record, and the calls that do not concern this person."""
    observed = observed_answers(tx, case)
    plain = expectation(case, tools, Roles(observed, frozenset()), observed)
    strangers = {step.payer for step in plain.steps if step.name == "not-covered"}
    orders = call_orders(tx, case.row.case_id, case.claim.version)
    calls = [call for call in case.scheme.calls if set(call.payers) <= strangers or call.name in orders.skipped]
    return Roles(observed, frozenset(payer for call in calls for payer in call.payers), orders.held)


def expectation(case: Dossier, tools: Tools, roles: Roles, answers: Answers) -> Settlement:
    """What our rules make of the case, with the answers received so far in place of our own figures."""

    def authority(payer: Payer, by_scheme: Authority) -> Authority:
        if payer in roles.observed:
            return Authority.OBSERVED
        return Authority.ADAPTER if payer in roles.spared else by_scheme

    authorities = {payer: authority(payer, by) for payer, by in case.scheme.authorities.items()}
    given = (
        id(tools.book),
        id(case.claim),
        case.scheme.name,
        case.accrued,
        *authorities.items(),
        *sorted(answers.items()),
    )
    if given not in case.worked_out:
        made = adjudicate(
            case.claim,
            case.accrued,
            tools.book.layers(case.scheme),
            scheme=case.scheme.name,
            test_profile=case.scheme.test_profile,
            answers=answers,
            authorities=authorities,
        )
        case.worked_out[given] = tools.book, case.claim, made  # kept with both, so that no others get their ids
    *_, worked_out = case.worked_out[given]
    return cast("Settlement", worked_out)


def walk_calls(
    tx: Transaction,
    case: Dossier,
    stage: Stage,
    tools: Tools,
    act: Act,
    roles: Roles,
    *,
    after: int = 0,
) -> Waiting | Refused | OnHold | Through:
    """Take a stage along the scheme's calls as far as it goes without waiting.

    Args:
        after: how many messages the bill version had before this run: trials are repeated, settlements are not.
    """
    gathered = dict(roles.observed)
    for call in case.scheme.calls:
        if roles.skips(call):
            continue
        if call.is_sent and call.name in roles.held:
            return OnHold(case.row.case_id, call.name, roles.held[call.name], gathered)
        if stage in _PREPARED and call.is_sent:
            ready = _prepare(tx, case, call, tools, act, roles, gathered, after)
            if isinstance(ready, Waiting | Refused):
                return ready if isinstance(ready, Refused) else replace(ready, answers=gathered)
        so_far = exchanges(tx, case, call, stage, after)
        if isinstance(so_far, Waiting | Refused):
            return so_far if isinstance(so_far, Refused) else replace(so_far, answers=gathered)
        expected = expectation(case, tools, roles, gathered)
        if call.authority is Authority.ADAPTER and not set(call.payers).isdisjoint(expected.not_modelled):
            return Through(gathered)  # ours to decide, and nobody published how: nothing is sent (CASE-395)
        if not call.is_sent:
            continue
        facts = call_facts(case, call, expected, gathered)
        endpoint = endpoint_of(call, tools)
        before = said_before(tx, case, call, stage) if endpoint.stages else ()
        following = endpoint.next(stage, facts, so_far, act.at, before=before)
        if isinstance(following, OutboundMessage):
            waiting = _enqueued(tx, following, act)
            if stage is Stage.SETTLE:
                _move_call(tx, case, call, CallState.SUBMITTED, (CallState.EXPECTED,), act)
            return Waiting(waiting, gathered)
        gathered.update({answer.payer: answer for exchange in so_far for answer in exchange.receipt.answers})
        gathered.update({answer.payer: answer for answer in following.answers})
        if stage is Stage.SETTLE:
            _move_call(tx, case, call, CallState.ACCEPTED, (CallState.SUBMITTED, CallState.UNKNOWN), act)
    return Through(gathered)


#: Stages for which an endpoint may want to have heard something first: the admission, the lines.
_PREPARED = frozenset({Stage.TRIAL, Stage.SETTLE})


def _prepare(
    tx: Transaction, case: Dossier, call: Call, tools: Tools, act: Act, roles: Roles, gathered: Answers, after: int
) -> Waiting | Refused | None:
    """Take what an endpoint must hear before a trial or a settlement as far as it goes; None when it has heard it.

    What it heard it need not hear again; what it refused before this run is said anew, since somebody corrected it.
    """
    endpoint = endpoint_of(call, tools)
    for stage in endpoint.stages:
        so_far = exchanges(tx, case, call, stage, forgiven=after)
        if isinstance(so_far, Waiting | Refused):
            return so_far
        facts = call_facts(case, call, expectation(case, tools, roles, gathered), gathered)
        following = endpoint.next(stage, facts, so_far, act.at, before=said_before(tx, case, call, stage))
        if isinstance(following, OutboundMessage):
            return Waiting(_enqueued(tx, following, act))
    return None


def said_before(tx: Transaction, case: Dossier, call: Call, stage: Stage) -> list[Exchange]:
    """What the case and the call have said and had accepted outside this stage of this version, oldest first."""
    said = []
    for row in tx.messages_of_case(case.row.case_id):
        here = row.message.stage is stage and row.message.version == case.claim.version
        if row.message.call != call.name or here or row.outcome is not Outcome.ACCEPTED:
            continue
        said.append(_accepted(tx, row.message))
    return said


def _accepted(tx: Transaction, message: OutboundMessage) -> Exchange:
    """An accepted message with the answer that accepted it."""
    accepted = [each for each in tx.receipts(message.key) if each.outcome is Outcome.ACCEPTED]
    return Exchange(message, accepted[-1])


def exchanges(
    tx: Transaction, case: Dossier, call: Call, stage: Stage, after: int = 0, forgiven: int | None = None
) -> Sequence[Exchange] | Waiting | Refused:
    """What has been said in a stage of a call so far, or the message that it waits for.

    Args:
        after: messages of the bill version that do not count, from the first one on.
        forgiven: messages of the bill version whose refusal does not count, from the first one on, nor does one that
            was followed by another attempt; None: every refusal counts.
    """
    rows = [
        (number, row)
        for number, row in enumerate(tx.messages_of_case(case.row.case_id, case.claim.version))
        if number >= after and row.message.call == call.name and row.message.stage is stage
    ]
    said: list[Exchange] = []
    for number, row in rows:
        if row.state is not MessageState.DONE:
            return Waiting(row)
        if row.outcome is Outcome.REJECTED:
            if forgiven is not None and (number < forgiven or row is not rows[-1][1]):
                continue
            return Refused(row)
        said.append(_accepted(tx, row.message))
    return said


def call_facts(case: Dossier, call: Call, expected: Settlement, answers: Answers) -> CallFacts:
    """The facts of one call; earlier payers outside it come with their answers."""
    earlier = [answers[payer] for payer in case.scheme.order if payer in answers and payer not in call.payers]
    return CallFacts(
        case_id=case.row.case_id,
        version=case.claim.version,
        source=case.row.source,
        call=call.name,
        endpoint=call.endpoint,
        payers=call.payers,
        order=case.scheme.order,
        authority=call.authority,
        claim=case.claim,
        settlement=expected,
        resources=case.resources,
        earlier=tuple(earlier),
        test_profile=case.scheme.test_profile,
    )


#: Issues with which the walk itself holds a case; what stands before the first of them, somebody else found.
_OF_THE_WALK = frozenset(
    {"CASE-320", "CASE-322", "CASE-323", "CASE-324", "CASE-395", "CASE-422", "CASE-426", "CASE-441", "DEL-630"}
)

#: With these a message waits for somebody to show something; nothing was sent and nothing is wrong.
_AT_WINDOW = frozenset({"DEL-543"})


def hold(tx: Transaction, case_id: str, why: Sequence[Issue], act: Act) -> None:
    """Hold a case with what keeps the walk from going on; no reasons lift what the walk put there before.

    What others hold the case with stays: a changed charge does not become right because a payer answered.
    """
    row = case_of(tx, case_id)
    others = held_by_others(row)
    if others or why:
        tx.set_held(case_id, (*others, *why), **act.said)
    else:
        tx.clear_held(case_id, **act.said)


def held_by_others(row: CaseRow) -> tuple[Issue, ...]:
    """What holds a case beside the walk."""
    return tuple(takewhile(lambda issue: issue.code not in _OF_THE_WALK, row.issues))


def at_window(tx: Transaction, row: MessageRow) -> bool:
    """Whether a message waits for the patient's card, credential or password, or for a signed-in operator."""
    receipts = tx.receipts(row.message.key) if row.state is MessageState.PARKED else []
    return any(issue.code in _AT_WINDOW for each in receipts[-1:] for issue in each.issues[:1])


def reasons(tx: Transaction, came: Waiting | Refused | OnHold | Through, tools: Tools) -> list[Issue]:
    """Why a person is needed: a payer said no, a message was set aside, or no settings describe whom it is for.

    Empty while it goes on by itself.
    """
    if isinstance(came, OnHold):
        return [walk_issues.call_held(came.case_id, came.call, came.reason)]
    if isinstance(came, Through):
        return []
    if isinstance(came, Waiting) and came.message.state is not MessageState.PARKED:
        if not is_nobodys(came.message, tools):
            return []
        there = came.message.message
        return [issues.walk_stopped(there.case_id), issues.endpoint_unset(there.endpoint)]
    message = came.message.message
    receipts = tx.receipts(message.key)
    words = receipts[-1].issues if receipts else ()
    if isinstance(came, Refused):
        return [issues.refused_by_payer(message.case_id, message.call, message.stage), *words]
    if at_window(tx, came.message):
        return [walk_issues.waits_at_window(message.case_id, message.call), *words]
    return [issues.message_parked(message.key), *words]


def _enqueued(tx: Transaction, message: OutboundMessage, act: Act) -> MessageRow:
    """The message, stored for sending."""
    there = None if tx.enqueue(message, **act.said) else tx.message(message.key)
    return there or MessageRow.waiting(message, act.at)


def _move_call(
    tx: Transaction, case: Dossier, call: Call, after: CallState, before: Sequence[CallState], act: Act
) -> None:
    subject = call_subject(case.claim.version, call)
    if tx.state(case.row.case_id, "call", subject) in before:
        tx.move(case.row.case_id, "call", after, subject=subject, **act.said)
