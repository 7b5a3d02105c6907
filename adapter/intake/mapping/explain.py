"""Every element of a mapped stay with the rule and the columns that made it, worked out when somebody asks (逐项说明).

Each field is mapped once more on its own, by the very closures that mapped the stay; so a value that is shown here is
the value that the rule gives, and not a second opinion.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import Any

from adapter.intake.mapping.engine import MappedStay, Mapper
from adapter.intake.mapping.places import real_paths
from adapter.intake.mapping.spec import (
    OBSERVED,
    Column,
    Condition,
    Const,
    Each,
    Field,
    Mapping_,
    Reference,
    ResourceSpec,
    RowKey,
)
from adapter.intake.mapping.trace import Traced
from adapter.model.source import SourceRecord, StayRecords


class Made(StrEnum):
    """How an element came about."""

    VALUE = "value"  # 取自列
    CONSTANT = "constant"  # 映射文件中的固定值
    REFERENCE = "reference"  # 指向本次住院的其他资源
    KEY = "key"  # 由行主键得出
    REFUND = "refund"  # 退费对应
    MARK = "mark"  # 编码未对照的标记


@dataclass(frozen=True, slots=True)
class Place:
    """A cell of the export.

    Attributes:
        pointer: file, row and column (``ZY_FYMX.xml#12/ZJJE``).
        text: what stands there; personal data unless the resource is none of a person.
    """

    table: str
    column: str
    pointer: str
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """One element of a resource and where it came from.

    Attributes:
        element: ``ChargeItem/<id>``.
        path: in the resource, ``ChargeItem.identifier[0].value``; empty when the rule gave nothing.
        target: in the mapping file, ``identifier[0].value``.
        value: what the rule gave, or None.
        sources: the cells it was made of; ``conditions``: cells that decided whether it counts.
        rule: mapping file and line.
        via: code table, transform, setting or constant.
        private: the resource is about a person, so its values are masked for everybody who need not see them.
    """

    element: str
    path: str
    target: str
    made: Made
    value: Any
    sources: tuple[Place, ...]
    conditions: tuple[Place, ...]
    rule: str
    via: str
    private: bool


class Explainer:
    """Explains what one mapping makes of stays. Compiled once; each question maps the stay again, field by field."""

    def __init__(self, mapping: Mapping_) -> None:
        self.mapping = mapping
        self._stay_table = mapping.shape.stay_table
        self._alone: dict[tuple[str, str, str], Mapper] = {}

    @cached_property
    def mapper(self) -> Mapper:
        """The mapping as it runs."""
        return Mapper(self.mapping)

    def lines(self, stay: StayRecords, mapped: MappedStay, types: Iterable[str] | None = None) -> Iterator[Line]:
        """Every line of every resource, in order.

        Args:
            mapped: the stay as ``mapper`` mapped it.
            types: resource types to explain; all when None.
        """
        wanted = None if types is None else frozenset(types)
        resources = {f"{each['resourceType']}/{each['id']}": each for each in mapped.resources}
        by_spec: dict[str, list[Traced]] = {}
        for each in mapped.trace.traced():
            by_spec.setdefault(each.spec.name, []).append(each)
        for name, traced in by_spec.items():
            spec = self.mapping.resource(name)
            if wanted is None or spec.to in wanted:
                yield from self._of_spec(spec, traced, stay, mapped, resources)

    def of_row(self, stay: StayRecords, row: SourceRecord) -> tuple[Line, ...]:
        """Every line that a row bears on: of its own resources, and of those that list it.

        What the row lacks is there too, with no path and no value; so are observed settlements.
        """
        small = self._with_only(stay, row)
        found: list[Line] = []
        for spec in self.mapping.resources:
            if (spec.table or self._stay_table) == row.origin.table:
                found += self._unmapped(spec, small, row)
            else:
                listing = [each for each in spec.fields if isinstance(each.value, Each)]
                for entry in listing:
                    if isinstance(entry.value, Each) and entry.value.table == row.origin.table:
                        found += self._listed(spec, entry, small, row)
        return tuple(found)

    # -- resources that were made -----------------------------------------------------------------------------------

    def _of_spec(
        self,
        spec: ResourceSpec,
        traced: Sequence[Traced],
        stay: StayRecords,
        mapped: MappedStay,
        resources: Mapping[str, dict[str, Any]],
    ) -> Iterator[Line]:
        alone = {entry.path: self._values(spec, entry, stay) for entry in spec.fields}
        root = mapped.trace.root
        for each in traced:
            found = {path: each.element in values for path, values in alone.items()}
            paths = real_paths(spec.fields, found)
            yield self._key_line(spec, each)
            for entry in spec.fields:
                if entry.path not in paths:
                    continue
                path = f"{spec.to}.{paths[entry.path]}"
                if isinstance(entry.value, Each):
                    yield from self._entries(spec, entry, each, path, stay, mapped)
                else:
                    value = alone[entry.path].get(each.element)
                    yield self._line(spec, entry, each.element, path, value, each.record, root)
            yield from _added(spec, each, resources[each.element], self.mapping)

    def _entries(
        self, spec: ResourceSpec, entry: Field, each: Traced, path: str, stay: StayRecords, mapped: MappedStay
    ) -> Iterator[Line]:
        """The lines of a list with an entry per row of another table."""
        listed = entry.value
        assert isinstance(listed, Each)
        place, root = 0, mapped.trace.root
        for row in mapped.trace.order(listed.table, mapped.trace.tables.get(listed.table, ())):
            small = replace(stay, tables={**stay.tables, listed.table: (row,)})
            values = {inner.path: self._inner(spec, entry, inner, small, each.element) for inner in listed.fields}
            present = real_paths(listed.fields, {name: value is not None for name, value in values.items()})
            if not any(values[inner.path] is not None for inner in listed.fields):
                continue
            for inner in listed.fields:
                if inner.path in present:
                    at = f"{path}[{place}].{present[inner.path]}"
                    yield self._line(spec, inner, each.element, at, values[inner.path], row, root, listed.only)
            place += 1

    # -- one row ----------------------------------------------------------------------------------------------------

    def _unmapped(self, spec: ResourceSpec, stay: StayRecords, row: SourceRecord) -> list[Line]:
        """The lines of a row's own resource, made or not."""
        root = next(iter(stay.tables.get(self._stay_table, ())), None)
        found: list[Line] = []
        alone = {entry.path: self._values(spec, entry, stay) for entry in spec.fields}
        elements = [name for values in alone.values() for name in values]
        element = elements[0] if elements else f"{spec.to}/?"
        paths = real_paths(spec.fields, {path: bool(values) for path, values in alone.items()})
        for entry in spec.fields:
            if not isinstance(entry.value, Each):
                value = next(iter(alone[entry.path].values()), None)
                path = f"{spec.to}.{paths[entry.path]}" if entry.path in paths else ""
                found.append(self._line(spec, entry, element, path, value, row, root))
        return found

    def _listed(self, spec: ResourceSpec, entry: Field, stay: StayRecords, row: SourceRecord) -> list[Line]:
        """The lines of the entry that a row makes in another resource's list."""
        listed = entry.value
        assert isinstance(listed, Each)
        root = next(iter(stay.tables.get(self._stay_table, ())), None)
        found = []
        for inner in listed.fields:
            lone = replace(entry, value=replace(listed, fields=(inner,)))
            values = self._values(spec, lone, stay, inner.path)
            element, value = next(iter(values.items()), (f"{spec.to}/?", None))
            given = _leaf(value[0], inner) if isinstance(value, list) and value else None
            path = f"{spec.to}.{entry.path}[].{inner.path}" if given is not None else ""
            found.append(self._line(spec, inner, element, path, given, row, root, listed.only))
        return found

    def _with_only(self, stay: StayRecords, row: SourceRecord) -> StayRecords:
        """The stay with this row alone of its table."""
        return replace(stay, tables={**stay.tables, row.origin.table: (row,)})

    # -- one field alone ----------------------------------------------------------------------------------------------

    def _values(self, spec: ResourceSpec, entry: Field, stay: StayRecords, inner: str = "") -> dict[str, Any]:
        """By element, what one field gives on its own; elements without a value are left out."""
        key = (spec.name, entry.path, inner)
        mapper = self._alone.get(key)
        if mapper is None:
            mapper = self._alone[key] = Mapper(self._lone(spec, entry))
        found = {}
        for resource in mapper.map(stay).resources:
            if resource["resourceType"] == _type(spec):
                value = _leaf(resource, entry)
                if value is not None:
                    found[f"{spec.to}/{resource['id']}"] = value
        return found

    def _inner(self, spec: ResourceSpec, entry: Field, inner: Field, stay: StayRecords, element: str) -> Any:
        listed = entry.value
        assert isinstance(listed, Each)
        lone = replace(entry, value=replace(listed, fields=(inner,)))
        value = self._values(spec, lone, stay, inner.path).get(element)
        return _leaf(value[0], inner) if isinstance(value, list) and value else None

    def _lone(self, spec: ResourceSpec, entry: Field) -> Mapping_:
        """The mapping with one field in one file; the other files stay, bare, because references lead to them."""

        def bare(each: ResourceSpec) -> ResourceSpec:
            kept = (entry,) if each.name == spec.name else ()
            return replace(
                each, to=_type(each), fields=kept, expectations=(), amount_check=None, id_check=None, refunds=None
            )

        kept = [bare(each) for each in self.mapping.resources if each.to != OBSERVED or each.name == spec.name]
        return replace(self.mapping, resources=tuple(kept))

    # -- lines ------------------------------------------------------------------------------------------------------

    def _line(
        self,
        spec: ResourceSpec,
        entry: Field,
        element: str,
        path: str,
        value: Any,
        row: SourceRecord,
        root: SourceRecord | None,
        only: Condition | None = None,
    ) -> Line:
        source = entry.value
        of = row
        when = None
        columns: Sequence[str] = ()
        if isinstance(source, Column):
            of = root if source.of_stay and root is not None else row
            made, via, columns, when = Made.VALUE, _via(source), (source.column,), source.when
        elif isinstance(source, Const):
            made, via, when = Made.CONSTANT, "const", source.when
        elif isinstance(source, Reference):
            target = self.mapping.resource(source.resource)
            of_row = target.table is not None and target.table == row.origin.table
            of = row if of_row or root is None else root
            made, via, columns = Made.REFERENCE, f"reference {source.resource}", target.row_key
        else:
            assert isinstance(source, RowKey)
            made, via, columns = Made.KEY, "row_key", spec.row_key
        deciding = [each.column for each in (when, only, spec.only) if each is not None]
        if spec.newborn is not None and entry.path == "subject":
            deciding.append(spec.newborn.column)
        return Line(
            element=element,
            path=path,
            target=entry.path,
            made=made,
            value=value,
            sources=self._cells(of, columns),
            conditions=self._cells(row, deciding),
            rule=str(entry.where),
            via=via,
            private=spec.private,
        )

    def _key_line(self, spec: ResourceSpec, each: Traced) -> Line:
        cells = self._cells(each.record, spec.row_key)
        identity = each.element.partition("/")[2]
        rule, path = str(spec.where), f"{spec.to}.id"
        return Line(each.element, path, "id", Made.KEY, identity, cells, (), rule, "row_key", spec.private)

    def _cells(self, row: SourceRecord, columns: Iterable[str]) -> tuple[Place, ...]:
        """The HIS's own cells behind the columns of a row."""
        table = row.origin.table
        bases = dict.fromkeys(base for column in columns for base in self.mapping.bases(table, column))
        return tuple(
            Place(table, base, row.origin.pointer(base), row.fields[base]) for base in bases if base in row.fields
        )


def _type(spec: ResourceSpec) -> str:
    """An observed settlement is no resource; on its own it passes for one."""
    return "Basic" if spec.to == OBSERVED else spec.to


def _via(source: Column) -> str:
    if source.codes is not None:
        return source.codes.file
    return "" if source.transform == "text" else source.transform


def _leaf(resource: Any, entry: Field) -> Any:
    """The one value in a resource that one field made."""
    for name, place in entry.steps:
        if not isinstance(resource, dict) or name not in resource:
            return None
        resource = resource[name]
        if place is not None:
            resource = resource[0]
    return resource


def _added(spec: ResourceSpec, each: Traced, resource: Mapping[str, Any], mapping: Mapping_) -> Iterator[Line]:
    """What the mapper itself adds: the lines that a refund undoes, and the mark of a code that nobody mapped."""
    table = each.record.origin.table
    for place, extension in enumerate(resource.get("extension", ())):
        if spec.refunds is not None and str(extension["url"]).endswith("/reverses"):
            columns = dict.fromkeys(base for name in spec.refunds.columns for base in mapping.bases(table, name))
            cells = tuple(
                Place(table, name, each.record.origin.pointer(name), each.record.fields[name])
                for name in columns
                if name in each.record.fields
            )
            path, rule = f"{spec.to}.extension[{place}]", str(spec.where)
            yield Line(each.element, path, "refunds", Made.REFUND, extension, cells, (), rule, "refunds", False)
    if "meta" in resource:
        path, rule = f"{spec.to}.meta.tag[0]", str(spec.where)
        tag = resource["meta"]["tag"][0]
        yield Line(each.element, path, "meta.tag", Made.MARK, tag, (), (), rule, "unmapped code", False)
