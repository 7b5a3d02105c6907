"""A source that combines feeds: further vendor shapes complete the stays of the first one (组合来源).

Movements may come by messages and charges by views. Each shape keeps its own folder, reader, stay key and code tables;
together they are one mapping, whose stay table is the first shape's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from adapter.intake.mapping import combining_issues as issues
from adapter.intake.mapping.export import SHAPE_KEYS, export_shape
from adapter.intake.mapping.issues import MappingRefused
from adapter.intake.mapping.nodes import Node
from adapter.intake.mapping.spec import Completing, Where
from adapter.model.issues import Issue
from adapter.model.source import MESSAGES, Delivery, ExportShape


class Files(Protocol):
    """The files of the mappings folder, as the loader reads them."""

    def read(self, file: str, kind_zh: str, kind_en: str) -> Node: ...


@dataclass(frozen=True, slots=True)
class Part:
    """One vendor's shape in a mapping: its folder, its ``shape.yaml``, and how its files are read."""

    vendor: str
    node: Node
    shape: ExportShape

    def resource_names(self) -> Iterator[tuple[str, Where]]:
        """The mapping files that it lists."""
        for each in self.node.need("resources").sequence():
            yield each.text(), each.where


def delivery_of(source: Node, reader: str) -> Delivery:
    """``delivery:`` of the source file. Raises MappingRefused (MAP-101, MAP-144)."""
    node, combined = source.get("delivery"), source.get("with")
    text = node.text() if node is not None else Delivery.WHOLE.value
    if node is not None and text not in tuple(Delivery):
        node.fail("应为 whole 或 changes", "whole or changes is expected")
    if combined is not None and text != Delivery.CHANGES:
        raise MappingRefused(issues.combined_needs_changes(str((node or combined).where)))
    if node is not None and combined is None and reader == MESSAGES and text == Delivery.CHANGES:
        node.fail("消息总是逐条保留,不写 delivery", "messages are always kept one by one; leave delivery out")
    return Delivery(text)


def completing_parts(files: Files, source: Node, first: Part) -> tuple[Part, ...]:
    """The shapes that ``with:`` names. Raises MappingRefused with every fault (MAP-140 to MAP-143, MAP-145)."""
    named = source.get("with")
    if named is None:
        return ()
    parts, faults = [first], list[Issue]()
    for each in named.sequence():
        vendor = each.text()
        if vendor in [part.vendor for part in parts]:
            faults.append(issues.shape_named_twice(str(each.where), vendor))
            continue
        node = files.read(f"his/{vendor}/shape.yaml", "厂商形态", "vendor shape")
        node.allow(*SHAPE_KEYS)
        own = node.need("stay").get("table")
        if own is not None:
            faults.append(issues.has_its_own_stays(str(own.where), vendor, first.shape.stay_table))
            continue
        if node.need("reader").text() == MESSAGES:
            faults.append(issues.messages_cannot_complete(str(node.need("reader").where), vendor))
            continue
        shape = export_shape(node, first.shape.encodings, first.shape.stay_table)
        part = Part(vendor, node, replace(shape, delivery=Delivery.CHANGES))
        faults += _taken_already(part, parts)
        parts.append(part)
    if faults:
        raise MappingRefused(*faults)
    return tuple(parts[1:])


def _taken_already(part: Part, before: Sequence[Part]) -> Iterator[Issue]:
    """Tables and mapping files that an earlier shape has under the same name."""
    for other in before:
        for name, node in part.node.need("tables").items():
            if name in other.shape.tables:
                known = other.node.need("tables").need(name)
                yield issues.table_claimed_twice(str(node.where), name, str(known.where))
        known_names = dict(other.resource_names())
        for name, where in part.resource_names():
            if name in known_names:
                yield issues.resource_claimed_twice(str(where), name, str(known_names[name]))


def together(first: ExportShape, completing: Sequence[Part]) -> ExportShape:
    """The first shape with the tables of all of them."""
    tables = dict(first.tables)
    for part in completing:
        tables |= part.shape.tables
    return replace(first, tables=tables)


def as_completing(parts: Sequence[Part]) -> tuple[Completing, ...]:
    return tuple(Completing(part.vendor, part.shape) for part in parts)


def reasons(parts: Sequence[Part]) -> Mapping[str, str]:
    """Why tables are left out, by table."""
    return {
        name: node.need("ignored").text()
        for part in parts
        for name, node in part.node.need("tables").items()
        if node.get("ignored") is not None
    }
