"""Deferral of lines: an excluded item is payable on use; it never takes the stay out (项目层面的不缓交)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from adapter.model.claim import ChargeLine, Claim
from adapter.model.issues import Issue
from adapter.model.reference import Cause, ItemClass
from adapter.rules.policy.parameters import Raw
from adapter.rules.policy.scheme import Programme
from adapter.rules.programme import issues
from adapter.rules.programme.reading import many, read_terms
from adapter.rules.programme.terms import QUALIFIERS, ItemExclusion, Terms

_NO_FINDINGS: Mapping[str, bool] = {}
_NO_SETTINGS: Mapping[str, Raw] = {}


class Deferral(StrEnum):
    """May this line wait for payment?"""

    DEFERRED = "deferred"  # 缓交
    PAYABLE_ON_USE = "payable-on-use"  # 使用时支付
    PENDING = "pending"  # 待查明,暂不排除


@dataclass(frozen=True, slots=True)
class LineDeferral:
    """One line's answer.

    Attributes:
        own_pay: the plan also makes it the patient's own (setting ``own_pay_groups``); else the plan's split decides.
    """

    line_id: str
    answer: Deferral
    own_pay: bool
    zh: str
    en: str
    cite: str
    group: str | None = None


def deferral_of_lines(
    claim: Claim,
    programme: Programme,
    settings: Mapping[str, Raw] = _NO_SETTINGS,
    findings: Mapping[str, bool] = _NO_FINDINGS,
) -> tuple[LineDeferral, ...]:
    """Line by line, in the claim's order.

    Args:
        findings: by line id, the doctor's answer to the exception of the line's clause
            (functional, medical need); a line without one stays pending, never excluded by default.

    Source: 永卫计发〔2017〕67号 二(二)2(2)–(6).
    """
    terms = read_terms(programme, settings)
    return tuple(_line(line, claim, terms, findings.get(line.id)) for line in claim.lines)


def with_own_pay(
    claim: Claim,
    programme: Programme,
    settings: Mapping[str, Raw] = _NO_SETTINGS,
    findings: Mapping[str, bool] = _NO_FINDINGS,
) -> Claim:
    """The claim with excluded items as all self-pay, where the region's ``own_pay_groups`` say that its plan does so.

    An item whose exception is not decided stays as the catalogue has it.
    """
    if many(settings.get("own_pay_groups")) in ((), ("none",)):
        return claim
    own = {each.line_id for each in deferral_of_lines(claim, programme, settings, findings) if each.own_pay}
    lines = tuple(
        replace(line, item=replace(line.item, item_class=ItemClass.C, self_share=None))
        if line.id in own and line.item is not None
        else line
        for line in claim.lines
    )
    return replace(claim, lines=lines)


def deferral_issues(answers: tuple[LineDeferral, ...]) -> tuple[Issue, ...]:
    """PRG-230 for each excluded item, PRG-231 for each whose exception is still open."""
    found = []
    for answer in answers:
        group = answer.group or ""
        if answer.answer is Deferral.PAYABLE_ON_USE:
            found.append(issues.item_not_deferred(answer.line_id, group, answer.cite))
        elif answer.answer is Deferral.PENDING:
            found.append(issues.item_qualifier_missing(answer.line_id, group, answer.zh, answer.en, answer.cite))
    return tuple(found)


def _line(line: ChargeLine, claim: Claim, terms: Terms, finding: bool | None) -> LineDeferral:
    group = line.item.programme_group if line.item else None
    exclusion = next((each for each in terms.items if each.group == group), None)
    if exclusion is None:
        rule = terms.deposit_entitled.text
        return LineDeferral(line.id, Deferral.DEFERRED, False, "出院时结算", "settled at discharge", rule.cite, group)
    if finding is None and exclusion.unless == "medical-need" and claim.stay.cause is Cause.ABORTION:
        finding = False  # the window recorded: without medical need
    if exclusion.unless is None or finding is False:
        return _answer(
            line,
            exclusion,
            Deferral.PAYABLE_ON_USE,
            f"不享受先诊疗后付费的项目:{exclusion.text.zh}",
            f"excluded from deferral: {exclusion.text.en}",
        )
    if finding is None:
        zh, en = QUALIFIERS[exclusion.unless]
        return _answer(line, exclusion, Deferral.PENDING, f"待查明{zh}", f"to be established: {en}")
    return _answer(
        line,
        exclusion,
        Deferral.DEFERRED,
        f"属例外,不排除:{exclusion.text.zh}",
        f"falls under the exception: {exclusion.text.en}",
    )


def _answer(line: ChargeLine, exclusion: ItemExclusion, answer: Deferral, zh: str, en: str) -> LineDeferral:
    own_pay = exclusion.own_pay and answer is Deferral.PAYABLE_ON_USE
    return LineDeferral(line.id, answer, own_pay, zh, en, exclusion.text.cite, exclusion.group)
