"""Compiles fields to closures that emit plain dicts; the hot path of intake (编译为闭包).

A closure takes the row's fields and the stay being worked on, and gives a value or None for "nothing there". Every
element is a new dict, so nothing is shared between resources. What goes wrong is noted with file, row and column.

Calls are what costs here. So elements that hold nothing but one value are one closure however deep they nest, and
whoever holds a column looks up its known answers (``Cell.met``) and calls its closure for a new text only.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapter.fhir.identity import extension_url, ids_of
from adapter.intake.mapping import issues
from adapter.intake.mapping.columns import UNMET, compile_column
from adapter.intake.mapping.issues import MappingRefused
from adapter.intake.mapping.spec import Const, Each, Field, Reference, RowKey
from adapter.intake.mapping.working import Build, Fields, Scope, Test, Working, compile_condition


def compile_root(fields: Sequence[Field], scope: Scope, head: Mapping[str, Any]) -> Build:
    """A closure for a whole resource; ``head`` comes first and is always there."""
    tree: _Tree = {name: Const(value) for name, value in head.items()}
    for each in fields:
        _insert(tree, each)
    return _object(tree, scope, root=True).build


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a resource, or one entry of a member that is a list of several, by itself.

    Attributes:
        entry: its place in that list, or None.
        fields: every value inside it.
    """

    name: str
    entry: int | None
    fields: tuple[Field | Const, ...]
    build: Build


def compile_members(fields: Sequence[Field], scope: Scope) -> tuple[Member, ...]:
    """The members of a resource in the order in which ``compile_root`` writes them, each compiled by itself."""
    tree: _Tree = {}
    for each in fields:
        _insert(tree, each)
    found: list[Member] = []
    for name, node in tree.items():
        entries = list(node.values()) if isinstance(node, _Places) and len(node) > 1 else [node]
        for place, each in enumerate(entries):
            part = _compile(each, scope)
            found.append(Member(name, place if len(entries) > 1 else None, tuple(_values(each)), part.build))
    return tuple(found)


def _values(node: Any) -> Iterator[Field | Const]:
    if isinstance(node, dict):
        for each in node.values():
            yield from _values(each)
    else:
        yield node


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


@dataclass(frozen=True, slots=True)
class _Leaf:
    """One value: how it is made, the column and its known answers where it is a column, and when it counts."""

    make: Build
    column: str = ""
    met: dict[str | None, Any] | None = None
    when: Test | None = None


#: The constants around a value and the member that it becomes; no constants where it becomes the one entry of a list.
_Level = tuple[dict[str, Any] | None, str]


@dataclass(frozen=True, slots=True)
class _Part:
    """An element, compiled.

    Attributes:
        stands: it has a value of its own; False for mere constants.
        leaf, levels: where it holds nothing but one value: that value and what is around it, innermost first.
    """

    build: Build
    stands: bool = True
    leaf: _Leaf | None = None
    levels: tuple[_Level, ...] = ()


def _compile(node: Any, scope: Scope) -> _Part:
    if isinstance(node, _Places):
        return _list(node, scope)
    if isinstance(node, dict):
        return _object(node, scope)
    entry: Field | Const = node
    return _leaf(entry, scope)


def _object(tree: _Tree, scope: Scope, root: bool = False) -> _Part:
    template: dict[str, Any] = {}
    parts: dict[str, _Part] = {}
    for name, node in tree.items():
        constant = node if isinstance(node, Const) else node.value if isinstance(node, Field) else None
        if isinstance(constant, Const) and constant.when is None and isinstance(constant.value, str | int | bool):
            template[name] = constant.value
            continue
        template[name] = None
        parts[name] = _compile(node, scope)
    stands = any(part.stands for part in parts.values())
    always = root or not stands
    if len(parts) == 1 and not always:
        ((name, part),) = parts.items()
        return _around(part, template, name)
    return _Part(_several_values(template, parts, always), stands)


def _several_values(template: dict[str, Any], parts: Mapping[str, _Part], always: bool) -> Build:
    steps = tuple((name, part.build, part.stands, *_looked_up(part)) for name, part in parts.items())

    def build(fields: Fields, work: Working) -> dict[str, Any] | None:
        out = template.copy()
        found = always
        for name, make, stands, column, met in steps:
            value = UNMET if met is None else met.get(fields.get(column), UNMET)
            if value is UNMET:
                value = make(fields, work)
            if value is None:
                del out[name]
            else:
                out[name] = value
                if stands:
                    found = True
        return out if found else None

    return build


def _looked_up(part: _Part) -> tuple[str, dict[str | None, Any] | None]:
    """The column whose known answers a parent may look up itself, and these answers."""
    leaf = part.leaf
    return ("", None) if leaf is None or part.levels or leaf.when is not None else (leaf.column, leaf.met)


def _around(part: _Part, template: dict[str, Any] | None, name: str = "") -> _Part:
    """The frequent small element around one value, as in Money, Identifier or a list of one."""
    leaf = part.leaf if part.leaf is not None else _Leaf(part.build)
    levels = (*(part.levels if part.leaf is not None else ()), (template, name))
    return _Part(_one_value(leaf, levels), part.stands, leaf, levels)


def _one_value(leaf: _Leaf, levels: tuple[_Level, ...]) -> Build:
    make, column, met, when = leaf.make, leaf.column, leaf.met, leaf.when

    def build(fields: Fields, work: Working) -> Any:
        if when is not None and not when(fields, work):
            return None
        value = UNMET if met is None else met.get(fields.get(column), UNMET)
        if value is UNMET:
            value = make(fields, work)
        if value is None:
            return None
        for template, name in levels:
            if template is None:
                value = [value]
            else:
                out = template.copy()
                out[name] = value
                value = out
        return value

    return build


def _list(places: _Places, scope: Scope) -> _Part:
    parts = [_compile(node, scope) for node in places.values()]
    if len(parts) == 1:
        return _around(parts[0], None)
    makers = tuple(part.build for part in parts)

    def several(fields: Fields, work: Working) -> list[Any] | None:
        found = []
        for make in makers:
            value = make(fields, work)
            if value is not None:
                found.append(value)
        return found or None

    return _Part(several, any(part.stands for part in parts))


# -- leaves ----------------------------------------------------------------------------------------------------------


def _leaf(entry: Field | Const, scope: Scope) -> _Part:
    value = entry.value if isinstance(entry, Field) else entry
    if isinstance(value, Const):
        return _constant(value)
    if isinstance(value, RowKey):
        return _Part(lambda _, work: work.row_key)
    if isinstance(value, Reference):
        return _Part(_reference(value, scope))
    if isinstance(value, Each):
        return _Part(_each(value, scope))
    target = f"{scope.to}.{entry.path}" if isinstance(entry, Field) else scope.to
    cell = compile_column(value, target, scope)
    when = compile_condition(value.when) if value.when is not None else None
    leaf = _Leaf(cell.build, cell.column, cell.met, when)
    return _Part(_guarded(cell.build, when) if when is not None else cell.build, leaf=leaf)


def _constant(const: Const) -> _Part:
    value = const.value
    plain = isinstance(value, str | int | bool)

    def build(_: Fields, __: Working) -> Any:
        return value if plain else copy.deepcopy(value)

    return _Part(build, stands=False) if const.when is None else _Part(_guarded(build, compile_condition(const.when)))


def _guarded(build: Build, test: Test) -> Build:
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
    id_of = ids_of(scope.source, resource_type)

    def of_this_row(fields: Fields, _: Working) -> dict[str, str] | None:
        key = key_of(fields)
        return None if key is None else {"reference": f"{resource_type}/{id_of(key)}"}

    return of_this_row


def _each(each: Each, scope: Scope) -> Build:
    tree: _Tree = {}
    for entry in each.fields:
        _insert(tree, entry)
    make = _object(tree, scope).build
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
