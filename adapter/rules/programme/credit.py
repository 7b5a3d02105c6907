"""Credit: three triggers apart, a proposal with notice and evidence, a listing by a named person (信用记录).

Nothing here knows a payer: a listing takes the deferral of later stays away and never touches coverage (X-14).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from adapter.model.case import CREDIT_MOVES, Actor, CreditState
from adapter.model.issues import AdapterError, Issue
from adapter.model.money import ZERO, Money
from adapter.rules.programme import collection_issues as said
from adapter.rules.programme.collection import CollectionTerms, require_person
from adapter.rules.programme.instalments import PlanStanding

#: 民法典 第十七条: eighteen years make an adult.
ADULT = 18
_ADULT_CITE = "民法典 第十七条(原民法总则 第十七条)"
_PERSON_CITE = "民法典 第十三条(原民法总则 第十三条)"


class Trigger(StrEnum):
    """What counts as default (X-13). Each stands alone; the value is the clause of the programme."""

    UNSETTLED = "credit-unsettled"  # 医疗费用未结清
    PAST_PLAN = "credit-past-plan"  # 未按合同期限还款
    MALICIOUS = "credit-malicious"  # 恶意拖欠


class DebtorKind(StrEnum):
    """Who owes (债务人). Not always the patient."""

    PATIENT = "patient"  # 患者本人
    RELATIVE = "relative"  # 亲属(含监护人)
    ESTATE = "estate"  # 遗产
    THIRD_PARTY = "third-party"  # 责任第三方


@dataclass(frozen=True, slots=True)
class Debtor:
    """The one who owes; a credit entry is theirs and nobody else's.

    Attributes:
        key: the hospital's key of the debtor, never a card number.
        born, died: None when not established.
    """

    key: str
    kind: DebtorKind
    born: date | None = None
    died: date | None = None


@dataclass(frozen=True, slots=True)
class DebtFacts:
    """One case's debt on a day, as the triggers look at it.

    Attributes:
        open: CNY still owed by this debtor.
        discharged: day of discharge, or None while the patient is in hospital.
        plan: the running plan's standing. None without one, and once its rows are no longer the balance
            (``instalments.must_resign``): an old plan neither accuses nor protects.
    """

    case_id: str
    on: date
    open: Money
    discharged: date | None
    plan: PlanStanding | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a proposal rests on, by reference; and the notice that the debtor was given (告知).

    Attributes:
        references: keys of papers or acts (a reminder, a returned letter, the plan).
        malice: a named person's finding, in a sentence, that the debtor can pay and will not; MALICIOUS needs it.
        noticed: day on which the debtor was told of the proposal, None when nobody told him.
    """

    references: tuple[str, ...]
    noticed: date | None
    malice: str = ""


@dataclass(frozen=True, slots=True)
class CreditEntry:
    """One debtor's entry on the shared list, by case.

    Attributes:
        definition: what counted as default when it was proposed, so that a later change of rule does not rewrite it.
        by: who made the last move.
    """

    debtor: str
    case_id: str
    state: CreditState
    trigger: Trigger
    definition_zh: str
    definition_en: str
    evidence: Evidence
    cite: str
    by: str
    since: date
    reason: str


@dataclass(frozen=True, slots=True)
class DeskView:
    """What admission, outpatient and insurance desks may read: no amount, no case, no evidence (A-37)."""

    debtor: str
    state: CreditState
    deferral: bool
    zh: str
    en: str
    cite: str


def triggers_met(facts: DebtFacts, terms: CollectionTerms) -> tuple[Trigger, ...]:
    """The triggers that dates and money alone show, under this programme. Never MALICIOUS: a person finds that.

    Raises:
        SettingMissing: PRG-201 while nobody said from which day an unpaid part counts as unsettled.

    Source: 永卫计发〔2017〕67号 四(五).
    """
    found = []
    if Trigger.UNSETTLED in terms.clauses and _unsettled(facts, terms):
        found.append(Trigger.UNSETTLED)
    if Trigger.PAST_PLAN in terms.clauses and facts.plan is not None and not facts.plan.kept:
        found.append(Trigger.PAST_PLAN)
    return tuple(found)


def propose(
    facts: DebtFacts, debtor: Debtor, trigger: Trigger, evidence: Evidence, terms: CollectionTerms, *, actor: Actor
) -> CreditEntry:
    """Propose a listing. It has no effect on anybody until a named person lists.

    Raises:
        AdapterError: PRG-270 for a trigger that the programme does not have, PRG-279 while a plan is kept,
            PRG-280 for a protected debtor, PRG-281 without evidence or notice, PRG-282 by the service itself,
            PRG-283 when the facts do not carry the trigger.

    Source: 县区方案2021 四(三); 永卫计发〔2017〕67号 四(五).
    """
    clause = terms.clause(trigger)
    require_person(facts.case_id, actor, "credit", "提请列入不良记录")
    found = [*_protected(facts, debtor), *_unfounded(facts, evidence, trigger, clause.cite)]
    if facts.plan is not None and facts.plan.kept:
        found.append(said.plan_is_kept(facts.case_id, clause.cite))
    elif not _met(facts, trigger, terms):
        found.append(said.trigger_not_met(facts.case_id, trigger, clause.cite))
    if found:
        raise AdapterError(*found)
    zh, en = _definition(trigger, clause.zh, clause.en, terms)
    return CreditEntry(
        debtor=debtor.key,
        case_id=facts.case_id,
        state=CreditState.PROPOSED,
        trigger=trigger,
        definition_zh=zh,
        definition_en=en,
        evidence=evidence,
        cite=clause.cite,
        by=actor.id,
        since=facts.on,
        reason=zh,
    )


def list_debtor(entry: CreditEntry, facts: DebtFacts, debtor: Debtor, *, actor: Actor, reason: str) -> CreditEntry:
    """A named person lists. What was paid, agreed or learned since the proposal counts.

    Raises:
        AdapterError: PRG-279 … PRG-283 as ``propose`` does, PRG-285 for a state that is neither proposed nor appealed.
    """
    require_person(entry.case_id, actor, "credit", "列入不良记录")
    found = list(_protected(facts, debtor))
    if debtor.key != entry.debtor:
        found.append(
            said.debtor_protected(entry.case_id, "债务人与提请时不同", "another debtor was proposed", entry.cite)
        )
    if facts.plan is not None and facts.plan.kept:
        found.append(said.plan_is_kept(entry.case_id, entry.cite))
    elif facts.open <= ZERO:
        found.append(said.trigger_not_met(entry.case_id, entry.trigger, entry.cite))
    if found:
        raise AdapterError(*found)
    return move(entry, CreditState.LISTED, actor=actor, on=facts.on, reason=reason)


def appeal(entry: CreditEntry, *, actor: Actor, on: date, reason: str) -> CreditEntry:
    """The debtor objects, to a proposal or to a listing. Until it is decided the entry has no effect."""
    return move(entry, CreditState.APPEALED, actor=actor, on=on, reason=reason)


def clear(entry: CreditEntry, *, actor: Actor, on: date, reason: str) -> CreditEntry:
    """Take the entry off: paid, agreed, or the appeal was right."""
    require_person(entry.case_id, actor, "credit", "移出不良记录")
    return move(entry, CreditState.CLEARED, actor=actor, on=on, reason=reason)


def move(entry: CreditEntry, after: CreditState, *, actor: Actor, on: date, reason: str) -> CreditEntry:
    """A listed move with who, when and why. Raises AdapterError PRG-281 without a reason, PRG-285 for another move."""
    if after not in CREDIT_MOVES[entry.state]:
        raise AdapterError(said.credit_move_refused(entry.case_id, entry.state, after))
    if not reason.strip():
        raise AdapterError(said.proposal_unfounded(entry.case_id, "理由", "the reason", entry.cite))
    return replace(entry, state=after, by=actor.id, since=on, reason=reason)


def clearing_due(entry: CreditEntry, still_open: Money, plan: PlanStanding | None) -> bool:
    """Whether somebody should clear the entry now: nothing is owed any more, or a new plan is kept."""
    stands = entry.state in (CreditState.PROPOSED, CreditState.LISTED, CreditState.APPEALED)
    return stands and (still_open <= ZERO or (plan is not None and plan.kept))


def desk_view(entry: CreditEntry | None, debtor: str, terms: CollectionTerms) -> DeskView:
    """The least that a desk needs to know. Only a listing takes the deferral away.

    Source: 县区方案2021 五(五): 住院处、门诊、医保办公室等科室共享.
    """
    shared = terms.clauses.get("credit-shared")
    state = entry.state if entry else CreditState.CLEAR
    cite = shared.cite if shared else entry.cite if entry else terms.clause("at-once").cite
    if state is CreditState.LISTED:
        return DeskView(
            debtor, state, False, "不享受先诊疗后付费,不影响医保待遇", "no deferral; insurance is not touched", cite
        )
    if state is CreditState.APPEALED:
        zh, en = "申诉处理中,暂可享受先诊疗后付费", "under appeal, deferral is open meanwhile"
        return DeskView(debtor, state, True, zh, en, cite)
    return DeskView(debtor, state, True, "可享受先诊疗后付费", "deferral is open", cite)


def _met(facts: DebtFacts, trigger: Trigger, terms: CollectionTerms) -> bool:
    """Dates and money carry two triggers by themselves; for the third they only say that something is overdue."""
    if facts.open <= ZERO:
        return False
    if trigger is not Trigger.MALICIOUS:
        return trigger in triggers_met(facts, terms)
    return facts.plan is not None or (facts.discharged is not None and facts.on > facts.discharged)


def _unsettled(facts: DebtFacts, terms: CollectionTerms) -> bool:
    """Open after discharge and the days that the region filled in, without a plan that says otherwise."""
    if facts.open <= ZERO or facts.discharged is None or facts.plan is not None:
        return False
    return facts.on > facts.discharged + timedelta(days=terms.days("unsettled_after_days"))


def _definition(trigger: Trigger, zh: str, en: str, terms: CollectionTerms) -> tuple[str, str]:
    if trigger is not Trigger.UNSETTLED:
        return zh, en
    days = terms.days("unsettled_after_days")
    return f"{zh}:出院{days}天后仍未结清", f"{en}: still open {days} days after discharge"


def _protected(facts: DebtFacts, debtor: Debtor) -> tuple[Issue, ...]:
    """A credit entry is the debtor's, never a child's or a dead person's; an unknown age is asked for."""
    case = facts.case_id
    if debtor.kind is DebtorKind.ESTATE or (debtor.died is not None and debtor.died <= facts.on):
        return (said.debtor_protected(case, "债务人已死亡或为遗产", "the debtor is dead, or an estate", _PERSON_CITE),)
    if debtor.born is None:
        return (said.debtor_protected(case, "债务人年龄未查明", "the debtor's age is not known", _ADULT_CITE),)
    if _age(debtor.born, facts.on) < ADULT:
        return (said.debtor_protected(case, "债务人未满十八周岁", "the debtor is a minor", _ADULT_CITE),)
    return ()


def _age(born: date, on: date) -> int:
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def _unfounded(facts: DebtFacts, evidence: Evidence, trigger: Trigger, cite: str) -> tuple[Issue, ...]:
    found = []
    if not any(reference.strip() for reference in evidence.references):
        found.append(said.proposal_unfounded(facts.case_id, "证据", "the evidence", cite))
    if evidence.noticed is None or evidence.noticed > facts.on:
        found.append(said.proposal_unfounded(facts.case_id, "对债务人的告知", "the notice to the debtor", cite))
    if trigger is Trigger.MALICIOUS and not evidence.malice.strip():
        found.append(said.proposal_unfounded(facts.case_id, "恶意拖欠的认定", "the finding of malice", cite))
    return tuple(found)
