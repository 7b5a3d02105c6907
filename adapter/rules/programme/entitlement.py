"""Entitlement: may this stay pay after care, and why (先诊疗后付费资格)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from adapter.model.case import EntitlementState
from adapter.model.issues import Issue
from adapter.model.money import ZERO, Money
from adapter.rules.policy.parameters import Raw
from adapter.rules.policy.scheme import Programme
from adapter.rules.programme import issues
from adapter.rules.programme.changes import Change, changes
from adapter.rules.programme.deposit import DepositInstruction, instruction
from adapter.rules.programme.documents import Paper, checklist, paper_finding
from adapter.rules.programme.exclusions import ThirdPartyState, amount_reason, cause_reason, third_party_state
from adapter.rules.programme.facts import AdmissionFacts
from adapter.rules.programme.reading import read_terms
from adapter.rules.programme.reasons import Finding, Met, Reason, worst
from adapter.rules.programme.terms import Condition, Paperwork, Terms, Text

#: Code of the reason about the emergency clause.
EMERGENCY = "emergency"

_NO_SETTINGS: Mapping[str, Raw] = {}


@dataclass(frozen=True, slots=True)
class Assessment:
    """The hospital's answer for one stay on one day. It names no payer: refused takes the deferral away, nothing else.

    Attributes:
        on: day on which it was made; a later one stands beside it, never over it.
        programme, version: the rules that were applied.
        papers: the checklist; ``papers_returned`` says when the hospital gives them back.
        third_party_bears: the part that is not deferred because another must bear it.
        issues: PRG-220 … PRG-222, warnings; they hold nobody.
    """

    stay_key: str
    on: date
    admitted: date
    programme: str
    version: str
    state: EntitlementState
    reasons: tuple[Reason, ...]
    deposit: DepositInstruction
    changes: tuple[Change, ...]
    papers: tuple[Paper, ...]
    papers_returned: Text
    third_party: ThirdPartyState
    third_party_bears: Money
    issues: tuple[Issue, ...]

    @property
    def against(self) -> tuple[Reason, ...]:
        """The reasons that stand in the way."""
        return tuple(reason for reason in self.reasons if reason.effect is not EntitlementState.GRANTED)

    @property
    def review(self) -> bool:
        """A person must decide something that the rules may not decide alone."""
        return any(reason.review for reason in self.reasons)

    @property
    def missing(self) -> tuple[Reason, ...]:
        """Facts that stand in the way because nobody established them."""
        return tuple(reason for reason in self.against if reason.met is Met.UNKNOWN)


def assess(
    facts: AdmissionFacts, programme: Programme, on: date, settings: Mapping[str, Raw] = _NO_SETTINGS
) -> Assessment:
    """Decide whether the stay may pay after care: granted, provisional or refused, with every reason.

    Args:
        on: the day of the assessment; the conditions are looked at on the day of admission
            (switch ``identity_date`` may move the register's date).
        settings: the scheme's values for what the source leaves blank, and its choice of switches.

    Raises:
        SettingMissing: PRG-201, one issue for each blank, with its article.
        AdapterError: PRG-202 or PRG-203, the programme file or a setting cannot be read.

    Source: 县区方案2021 三(一); 永卫计发〔2017〕67号 二、三(一).
    """
    terms = read_terms(programme, settings)
    reasons = reasons_for(facts, terms, on)
    state = worst(reason.effect for reason in reasons)
    known = facts.window.third_party_amount if facts.window and facts.third_party else None
    third_party = third_party_state(facts, terms)
    return Assessment(
        stay_key=facts.stay_key,
        on=on,
        admitted=facts.admitted,
        programme=terms.programme,
        version=terms.version,
        state=state,
        reasons=reasons,
        deposit=instruction(state, reasons, terms),
        changes=changes(reasons) + _if_emergency(facts, terms, on, state),
        papers=checklist(facts, terms),
        papers_returned=terms.papers_returned,
        third_party=third_party,
        third_party_bears=(known or ZERO) if terms.amount else ZERO,
        issues=_issues(facts, reasons, third_party, terms),
    )


def reasons_for(facts: AdmissionFacts, terms: Terms, on: date) -> tuple[Reason, ...]:
    """Every clause of the programme, in its order, whether it is met or not."""
    excusing = _excusing(facts, terms)
    found = [
        _judge(condition.code, condition, condition.check(facts, condition, terms, on), excusing)
        for condition in terms.conditions
    ]
    found += [
        _judge(f"document:{paperwork.name}", _as_declined(paperwork, facts), paper_finding(facts, paperwork), excusing)
        for paperwork in terms.paperwork
    ]
    found += [cause_reason(facts, exclusion) for exclusion in terms.causes]
    if terms.amount is not None:
        found.append(amount_reason(facts, terms, terms.amount))
    found += _emergency(facts, terms)
    return tuple(found)


def _as_declined(paperwork: Paperwork, facts: AdmissionFacts) -> Paperwork:
    """Who refuses the instrument, or breaks it, is further away than who has not been asked yet."""
    if paperwork.declined is None or not any(proof.kind in facts.declined for proof in paperwork.proofs):
        return paperwork
    return replace(paperwork, not_met=paperwork.declined)


def _excusing(facts: AdmissionFacts, terms: Terms) -> bool:
    """A decided emergency goes before missing papers and insurance, where the switch says so (X-01)."""
    first = terms.switch("emergency_priority") == "emergency-first"
    return terms.emergency is not None and first and facts.emergency is True


def _judge(code: str, clause: Condition | Paperwork, finding: Finding, excusing: bool) -> Reason:
    """What a finding does under its clause."""
    if finding.met is Met.MET:
        effect = EntitlementState.GRANTED
    else:
        effect = clause.not_met if finding.met is Met.NOT_MET else clause.unknown
    if excusing and clause.excused is not None and effect is EntitlementState.REFUSED:
        effect = clause.excused
    return Reason(
        code=code,
        rule=clause.rule,
        met=finding.met,
        effect=effect,
        clause_zh=clause.text.zh,
        clause_en=clause.text.en,
        zh=finding.zh,
        en=finding.en,
        cite=clause.text.cite,
        todo_zh=finding.todo_zh,
        todo_en=finding.todo_en,
        review=finding.review,
    )


def _emergency(facts: AdmissionFacts, terms: Terms) -> tuple[Reason, ...]:
    """The emergency clause itself: it opens a door and closes none. It wants its deciding doctor on record."""
    if terms.emergency is None:
        return ()
    unsigned = bool(facts.emergency and facts.window and not facts.window.emergency_decided_by)
    zh, en = {
        True: ("经认定为急救", "decided to be an emergency"),
        False: ("非急救", "not an emergency"),
        None: ("未登记是否急救", "not recorded whether it is an emergency"),
    }[facts.emergency]
    return (
        Reason(
            code=EMERGENCY,
            rule=terms.emergency_rule,
            met=Met.UNKNOWN if unsigned else Met.of(facts.emergency),
            effect=EntitlementState.PROVISIONAL if unsigned else EntitlementState.GRANTED,
            clause_zh=terms.emergency.zh,
            clause_en=terms.emergency.en,
            zh="登记为急救,但没有认定医师" if unsigned else zh,
            en="recorded as an emergency without the deciding doctor" if unsigned else en,
            cite=terms.emergency.cite,
            todo_zh="登记认定急救的医师" if unsigned else "",
            todo_en="record the doctor who decided" if unsigned else "",
        ),
    )


def _if_emergency(facts: AdmissionFacts, terms: Terms, on: date, state: EntitlementState) -> tuple[Change, ...]:
    """What deciding the open question of an emergency would lead to, where it would help."""
    if terms.emergency is None or facts.emergency is not None or facts.window is None:
        return ()
    supposed = replace(facts, window=replace(facts.window, emergency=True, emergency_decided_by="?"))
    then = worst(reason.effect for reason in reasons_for(supposed, terms, on))
    if worst((then, state)) is then:
        return ()
    zh, en = "由医师认定是否急救", "let a doctor decide whether it is an emergency"
    return (Change(EMERGENCY, zh, en, terms.emergency.cite, then),)


def _issues(
    facts: AdmissionFacts, reasons: tuple[Reason, ...], third_party: ThirdPartyState, terms: Terms
) -> tuple[Issue, ...]:
    found: list[Issue] = []
    for reason in reasons:
        if reason.review:
            found.append(issues.review_needed(facts.stay_key, reason.code, reason.zh, reason.en))
        elif reason.met is Met.UNKNOWN and reason.effect is not EntitlementState.GRANTED:
            found.append(
                issues.fact_missing(facts.stay_key, reason.code, reason.zh, reason.en, reason.todo_zh, reason.todo_en)
            )
    if third_party is ThirdPartyState.PENDING:
        cite = terms.amount.text.cite if terms.amount else _third_party_cite(terms)
        found.append(issues.third_party_pending(facts.stay_key, cite))
    return tuple(found)


def _third_party_cite(terms: Terms) -> str:
    return next((each.text.cite for each in terms.causes if "third-party" in each.only_if), "X-06")
