"""Closures for a column's value: read, looked up in a code table, transformed; every way it can fail is noted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from adapter.intake.mapping import issues, transforms
from adapter.intake.mapping.codes import CodeRow, CodeTable
from adapter.intake.mapping.spec import CodeForm, Column, Need
from adapter.intake.mapping.working import Build, Fields, Scope, Working


def compile_column(spec: Column, target: str, scope: Scope) -> Build:
    """The closure of one column; ``target`` is the FHIR path that a message names."""
    column, absent, of_stay = spec.column, spec.absent, spec.of_stay
    required = spec.need is Need.REQUIRED
    missing = _missing(spec, target)
    if spec.codes is None and spec.transform == "text" and not of_stay:

        def text_of_row(fields: Fields, work: Working) -> Any:
            text = fields.get(column)
            return text if text and text not in absent else missing(work)

        return text_of_row
    convert = _conversion(spec, scope)
    may_vanish = spec.codes is None

    def build(fields: Fields, work: Working) -> Any:
        text = work.root.fields.get(column) if of_stay else fields.get(column)
        if not text or text in absent:
            return missing(work)
        try:
            value = convert(text)
        except transforms.Doubtful as doubt:
            work.issues.append(issues.doubtful_id(_pointer(work, column, of_stay), doubt.zh, doubt.en))
            return doubt.value
        except _UnknownCode as unknown:
            pointer = _pointer(work, column, of_stay)
            work.issues.append(issues.unknown_code(pointer, work.shown(text), unknown.table, required))
            work.unmapped = True
            work.failed = work.failed or (required and unknown.kept is None)
            return unknown.kept
        except ValueError:
            pointer = _pointer(work, column, of_stay)
            work.issues.append(issues.unreadable_value(pointer, work.shown(text), spec.transform, required))
            work.failed = work.failed or required
            return None
        return missing(work) if value is None and may_vanish else value

    return build


def _missing(spec: Column, target: str) -> Callable[[Working], None]:
    """What happens when the value is not there: nothing, or an issue, and no resource where it is required."""
    column, of_stay, required = spec.column, spec.of_stay, spec.need is Need.REQUIRED

    def optional(_: Working) -> None:
        return None

    def noted(work: Working) -> None:
        work.issues.append(issues.required_missing(_pointer(work, column, of_stay), target, required))
        work.failed = work.failed or required

    return optional if spec.need is Need.OPTIONAL else noted


def _pointer(work: Working, column: str, of_stay: bool) -> str:
    return (work.root if of_stay else work.record).origin.pointer(column)


class _UnknownCode(Exception):
    """A code that its table does not know; ``kept`` is what is emitted all the same."""

    def __init__(self, table: str, kept: Any) -> None:
        self.table = table
        self.kept = kept
        super().__init__(table)


def _conversion(spec: Column, scope: Scope) -> transforms.Transform:
    context = replace(scope.context, formats=spec.formats)
    transform = transforms.TRANSFORMS[spec.transform](context)
    if spec.codes is None:
        return transform
    return _look_up(spec, spec.codes, None if spec.transform == "text" else transform)


def _look_up(spec: Column, table: CodeTable, after: transforms.Transform | None) -> transforms.Transform:
    """What a code table answers, worked out once per code."""
    local_system, form, file = spec.local_system, spec.form, table.file
    answers = {code: _answer(code, row, local_system, form, after) for code, row in table.rows.items()}
    scalar = form is CodeForm.CODE

    def look_up(code: str) -> Any:
        if code not in answers:
            local = {"system": local_system, "code": code}
            kept = None if scalar else local if form is CodeForm.CODING else {"coding": [local]}
            raise _UnknownCode(file, kept)
        answer = answers[code]
        return answer if scalar or answer is None else _fresh(answer)

    return look_up


def _answer(code: str, row: CodeRow, local_system: str, form: CodeForm, after: transforms.Transform | None) -> Any:
    if form is CodeForm.CODE:
        return (after(row.code) if after is not None else row.code) if row.code else None
    codings = [target.coding() for target in row.targets if target.code]
    if form is CodeForm.CODING:
        return codings[0] if codings else None
    local = {"system": local_system, "code": code}
    if row.meaning:
        local["display"] = row.meaning
    return {"coding": [*codings, local]}


def _fresh(answer: dict[str, Any]) -> dict[str, Any]:
    """A Coding or CodeableConcept of its own, so that resources share nothing."""
    if "coding" in answer:
        return {"coding": [coding.copy() for coding in answer["coding"]]}
    return answer.copy()
