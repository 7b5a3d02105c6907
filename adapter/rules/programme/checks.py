"""Checks with a named person, and facts of the stay taken at the window (具名核查与窗口登记)."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import datetime

from adapter.model.issues import AdapterError, Issue
from adapter.model.money import ZERO
from adapter.model.window import Checked, CheckStep, StayFacts
from adapter.rules.programme import window_issues as said
from adapter.rules.programme.terms import Terms


def check(case_id: str, step: CheckStep, terms: Terms, *, by: str, at: datetime, recorded_by: str) -> Checked:
    """Record a step.

    Raises:
        AdapterError: PRG-253 without a name, PRG-254 for a step that the programme does not have.

    Source: 县区方案2021 三(三)、五(三)、五(五); 永卫计发〔2017〕67号 四(四)、四(五).
    """
    if not by.strip():
        raise AdapterError(said.checker_unnamed(case_id, step))
    text = terms.checks.get(step)
    if text is None:
        zh, en = f"办法“{terms.programme}”没有该步骤", f"the programme '{terms.programme}' has no such step"
        raise AdapterError(said.fact_incomplete(case_id, step, zh, en))
    return Checked(step, by, at, recorded_by, text.zh, text.en, text.cite)


def last_by(checks: tuple[Checked, ...], step: CheckStep) -> str | None:
    """Who did a step last, or None."""
    return next((each.by for each in reversed(checks) if each.step is step), None)


def given(case_id: str, before: StayFacts, told: StayFacts) -> StayFacts:
    """The facts as they stand after ``told``; what it leaves out stays as it was.

    Raises:
        AdapterError: PRG-254, each thing that makes a fact incomplete.
    """
    changes = {each.name: value for each in fields(told) if (value := getattr(told, each.name)) is not None}
    after = replace(before, **changes)
    if told.emergency is False:
        after = replace(after, emergency_decided_by=told.emergency_decided_by)
    if told.third_party is False:
        after = replace(after, third_party_amount=None)
    found = _incomplete(case_id, after, told)
    if not changes:
        found += (said.fact_incomplete(case_id, "facts", "没有登记任何内容", "nothing was given"),)
    if found:
        raise AdapterError(*found)
    return after


def _incomplete(case_id: str, after: StayFacts, told: StayFacts) -> tuple[Issue, ...]:
    found = []
    if after.emergency and not (after.emergency_decided_by or "").strip():
        zh, en = "急救须有认定医师", "an emergency needs the doctor who decided"
        found.append(said.fact_incomplete(case_id, "emergency", zh, en))
    if told.third_party_amount is not None and (told.third_party_amount < ZERO or not after.third_party):
        zh, en = (
            "第三人负担金额须不小于零,且先登记有责任第三方",
            "an amount needs a liable third party, and is not below zero",
        )
        found.append(said.fact_incomplete(case_id, "third_party_amount", zh, en))
    if told.excluded is not None and not (told.decided_by or "").strip():
        zh, en = "人工认定须有认定人", "a decision needs the person who made it"
        found.append(said.fact_incomplete(case_id, "decision", zh, en))
    return tuple(found)
