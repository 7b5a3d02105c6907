"""Every element of a stay that came as FHIR, with the element it came from (逐项说明)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

from adapter.fhir.canonical import decode
from adapter.intake.mapping.engine import MappedStay, Mapper
from adapter.intake.mapping.explain import Explainer, Line, Made, Place
from adapter.intake.mapping.native import NativeMapper
from adapter.intake.mapping.native_draft import Draft, pointer_to
from adapter.intake.mapping.spec import Mapping_
from adapter.model.source import SourceRecord, StayRecords

#: Elements outside a patient that name a person all the same.
_NAMING = ("subscriberId", "telecom", "address", "birthDate")


_PLAIN = ("id", ".system", ".use", "gender", "status")


class NativeExplainer(Explainer):
    """Explains what became of the resources of a hospital that speaks FHIR."""

    def __init__(self, mapping: Mapping_) -> None:
        super().__init__(mapping)
        self._native = NativeMapper(mapping)

    @cached_property
    def mapper(self) -> Mapper:
        """The mapping as it runs."""
        return self._native

    def lines(self, stay: StayRecords, mapped: MappedStay, types: Iterable[str] | None = None) -> Iterator[Line]:
        """Every line of every resource, in order."""
        wanted = None if types is None else frozenset(types)
        for draft in self._native.work(stay).drafts:
            if not draft.failed and (wanted is None or draft.kind in wanted):
                yield from _lines(draft)

    def of_row(self, stay: StayRecords, row: SourceRecord) -> tuple[Line, ...]:
        """Every line that a resource bears on."""
        drafts = self._native.work(stay).drafts
        return tuple(line for draft in drafts if draft.record.origin == row.origin for line in _lines(draft))


def personal_paths(lines: Iterable[Line]) -> frozenset[str]:
    """The source elements among these that say who somebody is."""
    return frozenset(
        place.column
        for line in lines
        for place in line.sources
        if (line.private or any(name in place.column for name in _NAMING)) and not place.column.endswith(_PLAIN)
    )


def _lines(draft: Draft) -> Iterator[Line]:
    """One line a leaf; what a note covers is one line as a whole where the note is about more than one leaf."""
    told: set[str] = set()
    for path, value in _leaves(draft.out, ""):
        if path == "resourceType":
            continue
        above = next((each for each in _above(path) if each in draft.notes), None)
        if above is None:
            yield _line(draft, path, value, Made.VALUE, (path,), "", str(draft.spec.where))
        elif above not in told:
            told.add(above)
            note = draft.notes[above]
            yield _line(draft, above, draft.at(above), Made(note.made), note.sources, note.via, note.rule)


def _line(draft: Draft, path: str, value: Any, made: Made, sources: Iterable[str], via: str, rule: str) -> Line:
    element = f"{draft.kind}/{draft.out['id']}"
    sent = draft.sent or decode(draft.record.fields["resource"].encode())
    said = [(each, text) for each in sources if (text := _said(sent, each)) is not None]
    table = draft.record.origin.table
    cells = tuple(Place(table, each, pointer_to(draft.record, each), str(text)) for each, text in said)
    return Line(element, f"{draft.kind}.{path}", path, made, value, cells, (), rule, via, draft.spec.private)


def _said(sent: Mapping[str, Any], path: str) -> Any:
    """What stands at a path of the hospital's resource, or None."""
    node: Any = sent
    for part in path.split("."):
        name, _, place = part.partition("[")
        node = node.get(name) if isinstance(node, dict) else None
        if place:
            index = int(place[:-1])
            node = node[index] if isinstance(node, list) and index < len(node) else None
    return node


def _leaves(node: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(node, Mapping) and node:
        for name, each in node.items():
            yield from _leaves(each, f"{path}.{name}" if path else name)
    elif isinstance(node, list) and node:
        for place, each in enumerate(node):
            yield from _leaves(each, f"{path}[{place}]")
    else:
        yield path, node


def _above(path: str) -> Iterator[str]:
    """The path itself and every path above it, the nearest first."""
    while path:
        yield path
        path = path[: path.rindex("[")] if path.endswith("]") else path.rpartition(".")[0]
