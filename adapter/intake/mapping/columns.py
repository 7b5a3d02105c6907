"""Closures for a column's value: read, looked up in a code table, transformed; every way it can fail is noted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from adapter.intake.mapping import issues, transforms
from adapter.intake.mapping.codes import CodeRow, CodeTable
from adapter.intake.mapping.spec import CodeForm, Column, Need
from adapter.intake.mapping.working import Build, Fields, Scope, Working

#: Stands for "never met"; None is an answer.
UNMET: Any = object()

#: Texts whose answers a column keeps. Prices, days and codes repeat; whatever does not is soon forgotten.
_KEPT = 1 << 12
_LONGEST_KEPT = 40


@dataclass(frozen=True, slots=True)
class Cell:
    """A column, compiled.

    Attributes:
        build: the closure.
        met: answers by text, where they may be shared: they cannot change and came without an issue. An element that
            finds its value here spares the call (``met.get(fields.get(column), UNMET)``); otherwise it calls
            ``build``. None where there is nothing of the kind.
    """

    build: Build
    column: str
    met: dict[str | None, Any] | None = None


def compile_column(spec: Column, target: str, scope: Scope) -> Cell:
    """The closure of one column; ``target`` is the FHIR path that a message names."""
    if spec.codes is not None and spec.form is not CodeForm.CODE:
        return _coded(spec, spec.codes, target, scope)
    if spec.codes is None and spec.transform == "text" and not spec.of_stay:
        return _text_of_row(spec, target)
    build = _general(spec, target, scope)
    if spec.of_stay or scope.private or spec.transform == "id_number":
        return Cell(build, spec.column)
    return _remembering(spec, build)


def _text_of_row(spec: Column, target: str) -> Cell:
    column, absent = spec.column, spec.absent
    missing = _missing(spec, target)

    def text_of_row(fields: Fields, work: Working) -> Any:
        text = fields.get(column)
        return text if text and text not in absent else missing(work)

    return Cell(text_of_row, column)


def _remembering(spec: Column, general: Build) -> Cell:
    """What a text became once without an issue, it becomes again."""
    column = spec.column
    met: dict[str | None, Any] = {}

    def build(fields: Fields, work: Working) -> Any:
        text = fields.get(column)
        value = met.get(text, UNMET)
        if value is not UNMET:
            return value
        noted = len(work.issues)
        value = general(fields, work)
        if len(work.issues) == noted and len(text or "") <= _LONGEST_KEPT:
            if len(met) >= _KEPT:
                met.clear()
            met[text] = value
        return value

    return Cell(build, column, met)


def _coded(spec: Column, table: CodeTable, target: str, scope: Scope) -> Cell:
    """A Coding or CodeableConcept: the table's answer, copied. Whatever else there is goes the general way."""
    general = _general(spec, target, scope)
    column, of_stay, fresh = spec.column, spec.of_stay, _FRESH[spec.form]
    answers = {code: answer for code, answer in _answers(spec, table).items() if answer and code not in spec.absent}

    def build(fields: Fields, work: Working) -> Any:
        answer = answers.get((work.root.fields if of_stay else fields).get(column, ""))
        return general(fields, work) if answer is None else fresh(answer)

    return Cell(build, column)


def _general(spec: Column, target: str, scope: Scope) -> Build:
    """Every way that a value can go, in order; notes what goes wrong."""
    column, absent, of_stay = spec.column, spec.absent, spec.of_stay
    required = spec.need is Need.REQUIRED
    missing = _missing(spec, target)
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
    answers = _answers(spec, table, after)
    fresh = _FRESH[form]

    def look_up(code: str) -> Any:
        if code not in answers:
            local = {"system": local_system, "code": code}
            kept = None if form is CodeForm.CODE else local if form is CodeForm.CODING else {"coding": [local]}
            raise _UnknownCode(file, kept)
        answer = answers[code]
        return None if answer is None else fresh(answer)

    return look_up


def _answers(spec: Column, table: CodeTable, after: transforms.Transform | None = None) -> dict[str, Any]:
    return {code: _answer(code, row, spec.local_system, spec.form, after) for code, row in table.rows.items()}


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


def _fresh_concept(answer: dict[str, Any]) -> dict[str, Any]:
    return {"coding": [coding.copy() for coding in answer["coding"]]}


#: An answer of one's own, so that resources share nothing.
_FRESH: Mapping[CodeForm, Callable[[Any], Any]] = {
    CodeForm.CODE: lambda code: code,
    CodeForm.CODING: dict.copy,
    CodeForm.CONCEPT: _fresh_concept,
}
