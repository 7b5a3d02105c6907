"""A person says what became of a message that cannot be asked about (人工认定):

accepted, as the payer's paper or screen says, or not seen, so that it is sent as if for the first time. The payer is
asked once more before; its own word goes before any person's. A sending that may still land forbids "not seen".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum

from adapter.cases import issues, verdict_issues
from adapter.cases.compensate import compensated
from adapter.cases.dispatch import go_on
from adapter.cases.reading import billed_dossier
from adapter.cases.tools import Act, Tools
from adapter.cases.verdict_papers import keep_verdict, looked_into
from adapter.cases.walk import expectation, hold, roles_of
from adapter.ledger.issues import effect_known, unknown_message
from adapter.ledger.ledger import Transaction
from adapter.ledger.rows import MessageRow, MessageState
from adapter.model.issues import AdapterError
from adapter.model.messages import OutboundMessage, Outcome, Receipt, Stage
from adapter.model.money import ZERO, Money
from adapter.model.settlement import Payer, PayerAnswer
from adapter.payers.delivery.endpoint import proof_after
from adapter.rules.programme.collection import require_person


class Word(StrEnum):
    """What a person may say."""

    ACCEPTED = "accepted"  # 对方已受理
    NOT_SEEN = "not-seen"  # 对方未收到


Amounts = Mapping[Payer, Money]


def resolve(
    key: str, word: Word, tools: Tools, act: Act, *, reference: str = "", amounts: Amounts | None = None
) -> MessageRow:
    """Take a person's word for what became of a parked message of unknown effect, and let the case go on.

    Args:
        reference: of ``accepted``: the payer's id of what it did, as its paper or screen says.
        amounts: of ``accepted`` where the payer decides: what each payer of the call bears, CNY.

    Raises:
        AdapterError: LED-409, LED-418 its effect is known; CASE-436 the payer says that it has it (its answer is
            recorded then); CASE-437 the payer says that it has nothing; CASE-438 it may still arrive; CASE-439
            reference or amounts cannot be right; CASE-440 answered meanwhile; PRG-282 by the service.
    """
    require_person(key, act.actor, "decide what became of a message", "认定报文结果")
    with tools.ledger.reading() as tx:
        before = _open(tx, key)
    found = _asked(before.message, tools)
    with tools.ledger.transaction() as tx:
        row = _open(tx, key)
        if row.receipts != before.receipts:
            raise AdapterError(verdict_issues.changed_meanwhile(key))
        case_id = row.message.case_id
        if found.outcome is Outcome.ACCEPTED:
            tx.told(key, found, **act.said)
        elif word is Word.NOT_SEEN:
            _refuse_early(row.message, tools, act)
            tx.never_arrived(key, **act.said)
        elif found.outcome is Outcome.NOT_SEEN:
            raise AdapterError(verdict_issues.payer_lacks_it(key))
        else:
            tx.told(key, _receipt(tx, row.message, reference, amounts or {}, tools, act), **act.said)
            compensated(tx, row.message, act)
        if found.outcome is not Outcome.ACCEPTED:
            keep_verdict(tx, case_id, key, str(word), act, reference=reference)
        hold(tx, case_id, (), act)
    go_on(case_id, tools, act)
    if found.outcome is Outcome.ACCEPTED and word is Word.NOT_SEEN:
        raise AdapterError(verdict_issues.payer_has_it(key))
    return _row(key, tools)


def clear(key: str, tools: Tools, act: Act) -> MessageRow:
    """A person looked into an answer that contradicts a verdict: the case goes on with what the payer said last.

    Raises:
        AdapterError: LED-409, CASE-442 nothing contradicts, PRG-282 by the service.
    """
    require_person(key, act.actor, "clear a contradiction", "核实矛盾答复")
    with tools.ledger.transaction() as tx:
        row = _known(tx, key)
        if not looked_into(tx, row.message.case_id, key, act):
            raise AdapterError(verdict_issues.nothing_to_clear(key))
        hold(tx, row.message.case_id, (), act)
    go_on(row.message.case_id, tools, act)
    return _row(key, tools)


def _known(tx: Transaction, key: str) -> MessageRow:
    row = tx.message(key)
    if row is None:
        raise AdapterError(unknown_message(key))
    return row


def _row(key: str, tools: Tools) -> MessageRow:
    with tools.ledger.reading() as tx:
        return _known(tx, key)


def _open(tx: Transaction, key: str) -> MessageRow:
    """A parked message whose last word is unknown."""
    row = _known(tx, key)
    message = row.message
    counts = message.effect or (message.stage is Stage.SETTLE and message.payers)  # an answer that was asked for
    parked = row.state is MessageState.PARKED and row.outcome is Outcome.UNKNOWN
    if not (parked and counts and message.stage is not Stage.NOTIFY):
        raise AdapterError(effect_known(key, str(row.state), str(row.outcome or "—")))
    return row


def _asked(message: OutboundMessage, tools: Tools) -> Receipt:
    """What the payer itself says now. "Not there" counts only once nothing that was sent can still arrive."""
    endpoint = tools.endpoints.get(message.endpoint)
    if endpoint is None:
        raise AdapterError(issues.endpoint_unset(message.endpoint))
    found = replace(endpoint.lookup(message), sent=False)
    proof = proof_after(message, endpoint.config)
    if found.outcome is Outcome.NOT_SEEN and proof is not None and tools.clock.now() < proof:
        return replace(found, outcome=Outcome.UNKNOWN)
    return found


def _refuse_early(message: OutboundMessage, tools: Tools, act: Act) -> None:
    proof = proof_after(message, tools.endpoints[message.endpoint].config)
    if proof is not None and act.at < proof:
        raise AdapterError(verdict_issues.too_early(message.key, proof.isoformat(timespec="seconds")))


def _receipt(
    tx: Transaction, message: OutboundMessage, reference: str, amounts: Amounts, tools: Tools, act: Act
) -> Receipt:
    """The payer's answer as a person read it; it says so, on every paper that is made of it."""
    if not reference.strip():
        raise _wrong(message, "缺对方的结算号(编号)", "the payer's id is missing")
    borne = dict(amounts)
    if message.stage is Stage.REVERSE and message.payers:
        if borne:
            raise _wrong(message, "冲销的金额即原金额之负,不另填", "a reversal takes back what stands: no amounts")
        borne = _opposite(tx, message)
    elif message.payers:
        _check(tx, message, borne, tools)
    elif borne:
        raise _wrong(message, "对方不决定金额,不应填写", "the payer decides no amount here")
    told = f"由 {act.actor.id} 按对方书面或系统所示录入 (typed by {act.actor.id} from the payer's paper or screen)"
    answers = tuple(
        PayerAnswer(payer, borne[payer], f"{reference}/{payer}", steps=(told,)) for payer in message.payers if borne
    )
    return Receipt(Outcome.ACCEPTED, act.at, reference, answers, sent=False, told_by=act.actor.id)


def _opposite(tx: Transaction, message: OutboundMessage) -> dict[Payer, Money]:
    settled = tx.settlement(message.case_id, message.version)
    return {} if settled is None else {payer: -settled.share_of(payer) for payer in message.payers}


def _check(tx: Transaction, message: OutboundMessage, amounts: Amounts, tools: Tools) -> None:
    """Each payer once, none below zero, and together with what others bear no more than the bill."""
    if set(amounts) != set(message.payers):
        names = ", ".join(message.payers)
        raise _wrong(message, f"须给出每个支付方的金额:{names}", f"an amount of each is needed: {names}")
    if any(amount < ZERO for amount in amounts.values()):
        raise _wrong(message, "金额不得为负", "an amount is below zero")
    case = billed_dossier(tx, message.case_id, message.version, tools)
    roles = roles_of(tx, case, tools)
    others: dict[Payer, PayerAnswer] = dict(roles.observed)
    for row in tx.messages_of_case(message.case_id, message.version):
        if row.message.stage is Stage.SETTLE and row.outcome is Outcome.ACCEPTED:
            others |= {each.payer: each for each in tx.receipts(row.message.key)[-1].answers}
    mine = {payer: PayerAnswer(payer, amount, "?") for payer, amount in amounts.items()}
    left = case.claim.total - Money.total(each.amount for each in {**others, **mine}.values())
    if left < ZERO or expectation(case, tools, roles, {**others, **mine}).patient_pays < ZERO:
        raise _wrong(message, f"各方合计超出费用总额 {case.claim.total}", "together more than the bill")


def _wrong(message: OutboundMessage, zh: str, en: str) -> AdapterError:
    return AdapterError(verdict_issues.amounts_wrong(message.key, zh, en))
