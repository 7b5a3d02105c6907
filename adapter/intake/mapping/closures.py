"""Compiles fields to closures that emit plain dicts; the hot path of intake (编译为闭包).

A closure takes the row's fields and the stay being worked on, and gives a value or None for "nothing there". Every
element is a new dict, so nothing is shared between resources. What goes wrong is noted with file, row and column.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from adapter.fhir.identity import extension_url, resource_id
from adapter.intake.mapping import issues, transforms
from adapter.intake.mapping.codes import CodeRow, CodeTable
from adapter.intake.mapping.issues import MappingRefused
from adapter.intake.mapping.spec import CodeForm, Column, Condition, Const, Each, Field, Need, Reference, RowKey
from adapter.model.issues import Issue
from adapter.model.person import masked
from adapter.model.source import SourceRecord

Fields = Mapping[str, str]

_SHOWN_LENGTH = 24
_SHOWN_DIGITS = 14


@dataclass(slots=True)
class Working:
    """One stay on its way through the mapping.

    Attributes:
        root: the stay's own row; ``record`` is the row being mapped, ``row_key`` its key.
        references: ``Type/id`` by mapping file, for what this stay has one of.
        failed: the resource being built lacks something required.
        unmapped: a code of the resource being built is in no table.
        private: issue texts show no value.
    """

    root: SourceRecord
    tables: Mapping[str, Sequence[SourceRecord]]
    record: SourceRecord
    row_key: str = ""
    references: dict[str, str] = field(default_factory=dict)
    failed: bool = False
    unmapped: bool = False
    private: bool = False
    issues: list[Issue] = field(default_factory=list)

    def shown(self, text: str) -> str:
        """A value as an issue may print it: short codes and numbers as they are, all else masked."""
        digits = sum(map(str.isdigit, text))
        plain = len(text) <= _SHOWN_LENGTH and text.isascii() and digits <= _SHOWN_DIGITS
        return text if plain and not self.private else masked(text)


Build = Callable[[Fields, Working], Any]
Test = Callable[[Fields, Working], bool]
KeyOf = Callable[[Fields], str | None]


@dataclass(frozen=True, slots=True)
class Scope:
    """What compiling depends on beside the field itself.

    Attributes:
        to: resource type, for messages.
        context: what transforms may need; formats are added per field.
        keys: by mapping file: resource type and how its row key is made, for those with a row of their own.
        order: puts rows of a table in their order of output.
    """

    source: str
    to: str
    context: transforms.Context
    keys: Mapping[str, tuple[str, KeyOf]]
    order: Callable[[str, Sequence[SourceRecord]], list[SourceRecord]]


def compile_root(fields: Sequence[Field], scope: Scope, head: Mapping[str, Any]) -> Build:
    """A closure for a whole resource; ``head`` comes first and is always there."""
    tree: _Tree = {name: Const(value) for name, value in head.items()}
    for each in fields:
        _insert(tree, each)
    build, _ = _object(tree, scope, root=True)
    return build


def compile_condition(condition: Condition) -> Test:
    """A closure for a condition; a code that its table does not know is noted and counts as not fulfilled."""
    column, values, negated = condition.column, condition.values, condition.negated
    if condition.codes is None:

        def plain(fields: Fields, _: Working) -> bool:
            return (fields.get(column, "") in values) is not negated

        return plain
    table = condition.codes
    rows = table.rows

    def coded(fields: Fields, work: Working) -> bool:
        text = fields.get(column, "")
        row = rows.get(text)
        if row is None:
            if text:
                pointer = work.record.origin.pointer(column)
                work.issues.append(issues.unknown_code(pointer, work.shown(text), table.file, True))
            return False
        return (row.code in values) is not negated

    return coded


def compile_key(columns: Sequence[str]) -> KeyOf:
    """A closure for the row key: the columns' texts joined by ``:``, or None when one is empty."""
    if len(columns) == 1:
        only = columns[0]

        def single(fields: Fields) -> str | None:
            return fields.get(only) or None

        return single
    names = tuple(columns)

    def several(fields: Fields) -> str | None:
        parts = [fields.get(name, "") for name in names]
        return ":".join(parts) if all(parts) else None

    return several


# -- the tree of a resource ------------------------------------------------------------------------------------------

_Tree = dict[str, Any]  # element name → _Tree, _Places or a field


class _Places(dict[int | str, Any]):
    """A repeating element: what stands at each index or extension name, in order of mention."""


def _insert(tree: _Tree, entry: Field) -> None:
    node: Any = tree
    inside_extension = False
    for place, (name, index) in enumerate(entry.steps):
        last = place == len(entry.steps) - 1
        if not isinstance(node, dict) or isinstance(node, _Places):
            _refuse(entry)
        if index is None:
            if last:
                if name in node:
                    _refuse(entry)
                node[name] = entry
            else:
                node = node.setdefault(name, {})
            continue
        places = node.setdefault(name, _Places())
        if not isinstance(places, _Places):
            _refuse(entry)
        if last:
            if index in places:
                _refuse(entry)
            places[index] = entry
        else:
            new: _Tree = {}
            if name == "extension":
                new["url"] = Const(str(index) if inside_extension else extension_url(str(index)))
                inside_extension = True
            node = places.setdefault(index, new)


def _refuse(entry: Field) -> None:
    zh, en = f"目标 {entry.path} 与另一条目冲突", f"target {entry.path} collides with another entry"
    raise MappingRefused(issues.file_wrong(str(entry.where), zh, en))


def _compile(node: Any, scope: Scope) -> tuple[Build, bool]:
    """A closure, and whether it stands for a value (True) or for mere constants (False)."""
    if isinstance(node, _Places):
        return _list(node, scope)
    if isinstance(node, dict):
        return _object(node, scope)
    entry: Field | Const = node
    return _leaf(entry, scope)


def _object(tree: _Tree, scope: Scope, root: bool = False) -> tuple[Build, bool]:
    template: dict[str, Any] = {}
    makers: list[tuple[str, Build, bool]] = []
    for name, node in tree.items():
        constant = node if isinstance(node, Const) else node.value if isinstance(node, Field) else None
        if isinstance(constant, Const) and constant.when is None and isinstance(constant.value, str | int | bool):
            template[name] = constant.value
            continue
        template[name] = None
        makers.append((name, *_compile(node, scope)))
    values = any(stands for _, _, stands in makers)
    always = root or not values
    if len(makers) == 1 and values and not always:
        return _one_value(template, makers[0][0], makers[0][1]), True
    steps = tuple(makers)

    def build(fields: Fields, work: Working) -> dict[str, Any] | None:
        out = template.copy()
        found = always
        for name, make, stands in steps:
            value = make(fields, work)
            if value is None:
                del out[name]
            else:
                out[name] = value
                if stands:
                    found = True
        return out if found else None

    return build, values


def _one_value(template: dict[str, Any], name: str, make: Build) -> Build:
    """The frequent small element: constants around one value, as in Money or Identifier."""

    def build(fields: Fields, work: Working) -> dict[str, Any] | None:
        value = make(fields, work)
        if value is None:
            return None
        out = template.copy()
        out[name] = value
        return out

    return build


def _list(places: _Places, scope: Scope) -> tuple[Build, bool]:
    compiled = [_compile(node, scope) for node in places.values()]
    values = any(stands for _, stands in compiled)
    makers = tuple(make for make, _ in compiled)
    if len(makers) == 1:
        only = makers[0]

        def single(fields: Fields, work: Working) -> list[Any] | None:
            value = only(fields, work)
            return None if value is None else [value]

        return single, values

    def several(fields: Fields, work: Working) -> list[Any] | None:
        found = [value for make in makers if (value := make(fields, work)) is not None]
        return found or None

    return several, values


# -- leaves ----------------------------------------------------------------------------------------------------------


def _leaf(entry: Field | Const, scope: Scope) -> tuple[Build, bool]:
    value = entry.value if isinstance(entry, Field) else entry
    if isinstance(value, Const):
        return _constant(value)
    if isinstance(value, RowKey):
        return lambda _, work: work.row_key, True
    if isinstance(value, Reference):
        return _reference(value, scope), True
    if isinstance(value, Each):
        return _each(value, scope), True
    target = f"{scope.to}.{entry.path}" if isinstance(entry, Field) else scope.to
    build = _column(value, target, scope)
    return (_guarded(build, value.when) if value.when is not None else build), True


def _constant(const: Const) -> tuple[Build, bool]:
    value = const.value
    plain = isinstance(value, str | int | bool)

    def build(_: Fields, __: Working) -> Any:
        return value if plain else copy.deepcopy(value)

    return (build, False) if const.when is None else (_guarded(build, const.when), True)


def _guarded(build: Build, when: Condition) -> Build:
    test = compile_condition(when)

    def guarded(fields: Fields, work: Working) -> Any:
        return build(fields, work) if test(fields, work) else None

    return guarded


def _reference(reference: Reference, scope: Scope) -> Build:
    name = reference.resource
    of_row = scope.keys.get(name)
    if of_row is None:

        def of_stay(_: Fields, work: Working) -> dict[str, str] | None:
            found = work.references.get(name)
            return None if found is None else {"reference": found}

        return of_stay
    resource_type, key_of = of_row
    source = scope.source

    def of_this_row(fields: Fields, _: Working) -> dict[str, str] | None:
        key = key_of(fields)
        return None if key is None else {"reference": f"{resource_type}/{resource_id(source, resource_type, key)}"}

    return of_this_row


def _each(each: Each, scope: Scope) -> Build:
    tree: _Tree = {}
    for entry in each.fields:
        _insert(tree, entry)
    make, _ = _object(tree, scope)
    table, order = each.table, scope.order
    test = compile_condition(each.only) if each.only is not None else None

    def build(_: Fields, work: Working) -> list[Any] | None:
        outer, found = work.record, []
        for record in order(table, work.tables.get(table, ())):
            work.record = record
            if test is None or test(record.fields, work):
                value = make(record.fields, work)
                if value is not None:
                    found.append(value)
        work.record = outer
        return found or None

    return build


def _column(spec: Column, target: str, scope: Scope) -> Build:
    """A column's value: read, looked up, transformed; every way it can fail is noted."""
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
    context = transforms.Context(
        formats=spec.formats,
        zone=scope.context.zone,
        absent_days=scope.context.absent_days,
        unverified_system=scope.context.unverified_system,
    )
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
