"""Exclusions by cause and by what a third party must bear, exactly as each clause is worded (不享受情形)."""

from __future__ import annotations

from enum import StrEnum

from adapter.model.case import EntitlementState
from adapter.rules.programme.facts import AdmissionFacts
from adapter.rules.programme.reasons import Finding, Met, Reason
from adapter.rules.programme.terms import AmountExclusion, CauseExclusion, Terms

#: Code of the reason about what another must bear.
THIRD_PARTY = "third-party"


class ThirdPartyState(StrEnum):
    """第三人责任."""

    NONE = "none"
    PENDING = "pending"  # THIRD_PARTY_PENDING: never a reason to deny
    KNOWN = "known"


def third_party_state(facts: AdmissionFacts, terms: Terms) -> ThirdPartyState:
    """Whether another must bear a part, is known, or still has to be found out."""
    if facts.third_party is False:
        return ThirdPartyState.NONE
    if facts.third_party is True:
        known = facts.window is not None and facts.window.third_party_amount is not None
        return ThirdPartyState.KNOWN if known else ThirdPartyState.PENDING
    return ThirdPartyState.PENDING if facts.causes & _asking(terms) else ThirdPartyState.NONE


def _asking(terms: Terms) -> frozenset[str]:
    """Causes for which the question of a liable third party arises at all."""
    asked: set[str] = set(terms.amount.causes) if terms.amount else set()
    for exclusion in terms.causes:
        if "third-party" in exclusion.only_if:
            asked |= exclusion.causes
    return frozenset(asked)


def cause_reason(facts: AdmissionFacts, exclusion: CauseExclusion) -> Reason:
    """One cause clause. A mixed stay, and a clause silent about emergencies, wait for a person (X-04, X-01)."""
    finding = _cause_finding(facts, exclusion)
    effect = {
        Met.MET: EntitlementState.GRANTED,
        Met.UNKNOWN: exclusion.unknown,
        Met.NOT_MET: EntitlementState.REFUSED,
    }[finding.met]
    return Reason(
        code=exclusion.code,
        rule=exclusion.rule,
        met=finding.met,
        effect=effect,
        clause_zh=exclusion.text.zh,
        clause_en=exclusion.text.en,
        zh=finding.zh,
        en=finding.en,
        cite=exclusion.text.cite,
        todo_zh=finding.todo_zh,
        todo_en=finding.todo_en,
        review=finding.review,
    )


def _cause_finding(facts: AdmissionFacts, exclusion: CauseExclusion) -> Finding:
    applies = _applies(facts, exclusion)
    clause_zh, clause_en = exclusion.text.zh, exclusion.text.en
    if applies is False:
        return Finding(Met.MET, zh=f"不属于:{clause_zh}", en=f"does not apply: {clause_en}")
    if applies is None:
        missing_zh, missing_en = _unestablished(facts, exclusion)
        return Finding(
            Met.UNKNOWN,
            zh=f"未查明是否属于:{clause_zh}",
            en=f"not established whether this applies: {clause_en}",
            todo_zh=f"请登记{missing_zh}",
            todo_en=f"record {missing_en}",
        )
    mixed = bool(facts.causes - exclusion.causes)
    unclear = mixed or ("emergency" in exclusion.review_if and facts.emergency is True)
    if unclear and facts.decision is not None and not facts.decision.excluded:
        return Finding(Met.MET, zh=f"经人工认定不排除:{clause_zh}", en=f"a person decided not to exclude: {clause_en}")
    if mixed and facts.decision is None:
        return Finding(
            Met.UNKNOWN,
            zh=f"多种原因的住院,部分属于:{clause_zh}",
            en=f"a stay of several causes, one of which is: {clause_en}",
            todo_zh="请由责任医师认定该情形是否适用于本次住院",
            todo_en="let the responsible doctor decide whether it governs this stay",
            review=True,
        )
    return Finding(
        Met.NOT_MET,
        zh=f"属于:{clause_zh}",
        en=f"applies: {clause_en}",
        todo_zh="因属急救,可由责任医师复核认定" if unclear and facts.decision is None else "",
        todo_en="being an emergency, it may be reviewed by the doctor" if unclear and facts.decision is None else "",
        review=unclear and facts.decision is None,
    )


def _applies(facts: AdmissionFacts, exclusion: CauseExclusion) -> bool | None:
    """The clause's facts joined by *and*: one that fails settles it, one that is unknown leaves it open."""
    named: bool | None = bool(facts.causes & exclusion.causes)
    if not named and facts.cause is None:
        named = None
    parts = [named]
    if "non-emergency" in exclusion.only_if:
        parts.append(None if facts.emergency is None else not facts.emergency)
    if "third-party" in exclusion.only_if:
        parts.append(facts.third_party)
    if False in parts:
        return False
    return None if None in parts else True


def _unestablished(facts: AdmissionFacts, exclusion: CauseExclusion) -> tuple[str, str]:
    zh, en = [], []
    if facts.cause is None:
        zh.append("住院原因")
        en.append("the cause of the stay")
    if "non-emergency" in exclusion.only_if and facts.emergency is None:
        zh.append("是否急救")
        en.append("whether it is an emergency")
    if "third-party" in exclusion.only_if and facts.third_party is None:
        zh.append("有无责任第三方")
        en.append("whether a third party is liable")
    return "、".join(zh), ", ".join(en)


def amount_reason(facts: AdmissionFacts, terms: Terms, exclusion: AmountExclusion) -> Reason:
    """What a third party must bear stays out of the deferral; the stay stays in (X-06)."""
    state = third_party_state(facts, terms)
    if state is ThirdPartyState.PENDING:
        met, effect = Met.UNKNOWN, exclusion.unknown
        zh, en = "第三人应负担的金额待定", "what a third party must bear is not known yet"
    elif state is ThirdPartyState.KNOWN and facts.window and facts.window.third_party_amount:
        met, effect = Met.MET, EntitlementState.GRANTED
        amount = facts.window.third_party_amount
        zh, en = f"第三人应负担{amount}元,该部分不缓交", f"a third party must bear {amount}; that part is not deferred"
    else:
        met, effect = Met.MET, EntitlementState.GRANTED
        zh, en = "无应由第三人负担的费用", "nothing that a third party must bear"
    pending = met is Met.UNKNOWN
    return Reason(
        code=THIRD_PARTY,
        rule=exclusion.rule,
        met=met,
        effect=effect,
        clause_zh=exclusion.text.zh,
        clause_en=exclusion.text.en,
        zh=zh,
        en=en,
        cite=exclusion.text.cite,
        todo_zh="登记有无责任第三方及其应负担金额" if pending else "",
        todo_en="record whether a third party is liable and for how much" if pending else "",
    )
