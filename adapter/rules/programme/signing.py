"""Signing: who puts a name under an agreement or a consent, and whether that person may (签字人)."""

from __future__ import annotations

from datetime import date

from adapter.model.issues import Issue
from adapter.model.window import Relation, Signer
from adapter.rules.programme import window_issues as said

#: Age from which a person signs alone (民法典 第十七条、第十八条).
OF_AGE = 18


def signer_issues(case_id: str, where: str, signer: Signer, born: date | None, on: date) -> tuple[Issue, ...]:
    """What stands against a signature: a minor's own (PRG-249), or another's without a stated authority.

    Args:
        born: the patient's day of birth; None when unknown, and then nothing is said about age.
    """
    minor = born is not None and age(born, on) < OF_AGE
    if signer.relation is Relation.PATIENT:
        if not minor:
            return ()
        zh, en = "患者未成年,不能自行签字", "the patient is a minor and cannot sign alone"
        return (said.signer_may_not(case_id, where, zh, en),)
    if signer.relation in (Relation.PARENT, Relation.GUARDIAN) and minor:
        return ()  # the law itself is the authority (民法典 第二十七条)
    if signer.authority.strip():
        return ()
    zh, en = "代签未登记授权或代理依据", "somebody signs for the patient without a stated authority"
    return (said.signer_may_not(case_id, where, zh, en),)


def age(born: date, on: date) -> int:
    """Whole years of age on a day."""
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))
