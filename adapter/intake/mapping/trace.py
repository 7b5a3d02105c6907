"""Lineage: which file, row and column an element came from, expanded only when somebody asks (血缘)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from adapter.intake.mapping.spec import Column, Each, Field, ResourceSpec
from adapter.model.source import SourceRecord


@dataclass(frozen=True, slots=True)
class Lineage:
    """One element and its source. It carries no value.

    Attributes:
        element: ``ChargeItem/<id>``.
        path: ``ChargeItem.priceOverride.value``.
        pointer: ``ZY_FYMX.xml#12/ZJJE``.
        rule: mapping file and line.
        via: code table that answered, or the transform; empty for text taken as it stands.
        mapping: version of the mapping.
    """

    element: str
    path: str
    pointer: str
    rule: str
    via: str
    mapping: str


@dataclass(frozen=True, slots=True)
class Traced:
    """One emitted resource: the mapping file that made it and its row."""

    element: str
    spec: ResourceSpec
    record: SourceRecord


@dataclass(frozen=True, slots=True)
class Trace:
    """The lineage of a mapped stay, kept as (resource, mapping file, row) until it is asked for.

    ``bases`` gives the HIS's own columns behind one that was worked out from them.
    """

    mapping: str
    root: SourceRecord | None
    tables: Mapping[str, Sequence[SourceRecord]]
    traced: Callable[[], tuple[Traced, ...]]
    order: Callable[[str, Sequence[SourceRecord]], list[SourceRecord]]
    bases: Callable[[str, str], tuple[str, ...]] = lambda _, column: (column,)

    def of(self, element: str) -> tuple[Lineage, ...]:
        """Lineage of one resource (``ChargeItem/<id>``); empty when this stay did not make it."""
        return tuple(line for each in self.traced() if each.element == element for line in self._lines(each))

    def expand(self) -> Iterator[Lineage]:
        """Lineage of every resource, in order."""
        for each in self.traced():
            yield from self._lines(each)

    def _lines(self, each: Traced) -> Iterator[Lineage]:
        for entry in each.spec.fields:
            yield from self._of_field(each.element, each.spec.to, entry, each.record)

    def _of_field(self, element: str, above: str, entry: Field, record: SourceRecord) -> Iterator[Lineage]:
        value = entry.value
        path = f"{above}.{entry.path}"
        if isinstance(value, Each):
            for place, row in enumerate(self.order(value.table, self.tables.get(value.table, ()))):
                for inner in value.fields:
                    yield from self._of_field(element, f"{path}[{place}]", inner, row)
        elif isinstance(value, Column):
            row = self.root if value.of_stay and self.root is not None else record
            if row.fields.get(value.column):
                via = (
                    value.codes.file
                    if value.codes is not None
                    else ""
                    if value.transform == "text"
                    else value.transform
                )
                for column in self.bases(row.origin.table, value.column):
                    yield Lineage(element, path, row.origin.pointer(column), str(entry.where), via, self.mapping)
