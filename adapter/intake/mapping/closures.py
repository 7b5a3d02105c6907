"""Compiles fields to closures that emit plain dicts; the hot path of intake (编译为闭包).

A closure takes the row's fields and the stay being worked on, and gives a value or None for "nothing there". Every
element is a new dict, so nothing is shared between resources. What goes wrong is noted with file, row and column.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from adapter.fhir.identity import extension_url, resource_id
from adapter.intake.mapping import issues
from adapter.intake.mapping.columns import compile_column
from adapter.intake.mapping.issues import MappingRefused
from adapter.intake.mapping.spec import Condition, Const, Each, Field, Reference, RowKey
from adapter.intake.mapping.working import Build, Fields, Scope, Working, compile_condition


def compile_root(fields: Sequence[Field], scope: Scope, head: Mapping[str, Any]) -> Build:
    """A closure for a whole resource; ``head`` comes first and is always there."""
    tree: _Tree = {name: Const(value) for name, value in head.items()}
    for each in fields:
        _insert(tree, each)
    build, _ = _object(tree, scope, root=True)
    return build


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
    build = compile_column(value, target, scope)
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
