"""Bulk conversion: a stay's rows become lines of NDJSON, the most numerous ones without being built (批量转换).

It is the ordinary mapper, with one thing put in place: a row whose texts have all been met before is written as they
were written then (learned.py). Whatever differs in anything goes the ordinary way: map, validate, encode. Both ways
give the same bytes and the same issues; tests/rooms/mapping/test_direct.py holds them against each other.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import repeat
from typing import Any, cast

from adapter.fhir.canonical import encode
from adapter.fhir.identity import ids_of_many
from adapter.fhir.validation import validate
from adapter.intake.mapping.checks import compile_checks
from adapter.intake.mapping.closures import compile_members
from adapter.intake.mapping.compiled import compile_mapping
from adapter.intake.mapping.derived import Derived, with_derived
from adapter.intake.mapping.engine import Links, Made, Mapper, Plan
from adapter.intake.mapping.known import Unknown, known_plan, simple_refunds
from adapter.intake.mapping.learned import Learned
from adapter.intake.mapping.slots import Rows, rows_as_ordered, rows_in_order
from adapter.intake.mapping.spec import Mapping_
from adapter.intake.mapping.working import Working
from adapter.model.issues import Issue
from adapter.model.packed import Layout, PackedRow, PackedTable, as_records, unpacked
from adapter.model.source import Origin, SourceRecord, StayRecords

_KEPT = 1 << 13
_SHARED = ("Organization",)


#: One resource as it is written: its type and its JSON.
Line = tuple[str, bytes]


@dataclass(frozen=True, slots=True)
class Written:
    """All resources of one type: how many, and their JSON, a line break behind each."""

    kind: str
    count: int
    lines: bytes


@dataclass(frozen=True, slots=True)
class ConvertedStay:
    """A stay, mapped, validated and encoded.

    Attributes:
        written: by type, in the order of the mapping's files, rows in the order of their keys.
        shared: organisations, which are the same for many stays.
        issues: of reading, mapping and validating; whoever writes looks for those that stop.
    """

    stay_key: str
    written: tuple[Written, ...]
    issues: tuple[Issue, ...]
    shared: tuple[Line, ...] = ()


class _Known(dict[str, Any]):
    """Resources of one type that follow one another, as they are written; it stands for them among those built."""

    __slots__ = ("bodies", "ids")

    def __init__(self, to: str) -> None:
        super().__init__(resourceType=to)
        self.ids: list[bytes] = []
        self.bodies: list[bytes] = []


class _Bodies:
    """Resources as they are written, by type."""

    def __init__(self) -> None:
        self._of_kind: dict[str, list[bytes]] = {}

    def add(self, kind: str, bodies: Sequence[bytes]) -> None:
        self._of_kind.setdefault(kind, []).extend(bodies)

    def written(self) -> tuple[Written, ...]:
        found = self._of_kind.items()
        return tuple(Written(kind, len(bodies), b"\n".join([*bodies, b""])) for kind, bodies in found)


class DirectMapper:
    """A compiled mapping for bulk conversion. Not for threads to share; it keeps texts, but of nobody's person."""

    def __init__(self, mapping: Mapping_) -> None:
        self._ordinary = compile_mapping(mapping)
        early = not mapping.splits and not mapping.from_rows
        self._derive = _Derive(mapping.derived) if early and mapping.derived else None
        of_rows = replace(mapping, derived={}) if self._derive is not None else mapping
        self._quick = _Quick(of_rows) if type(self._ordinary) is Mapper else None

    @property
    def learned(self) -> tuple[Learned, ...]:
        """The mapping files whose rows are learned from."""
        return tuple(self._quick.learned.values()) if self._quick is not None else ()

    def convert(self, stay: StayRecords) -> ConvertedStay:
        """Convert one stay; its rows may be packed or plain. Never raises for what a HIS may send."""
        if self._quick is None:
            return self.ordinary(stay)
        derived = self._derive(stay) if self._derive is not None else stay
        return (derived is not None and self._quick.convert(derived)) or self.ordinary(stay)

    def ordinary(self, stay: StayRecords) -> ConvertedStay:
        """The same, every resource built: the way that ingest goes."""
        mapped = self._ordinary.map(unpacked(stay))
        bodies, shared = _Bodies(), list[Line]()
        for each in mapped.resources:
            kind, body = each["resourceType"], encode(each)
            if kind in _SHARED:
                shared.append((kind, body))
            else:
                bodies.add(kind, (body,))
        found = (*mapped.issues, *validate(mapped.resources))
        return ConvertedStay(stay.stay_key, bodies.written(), found, tuple(shared))


class _Quick(Mapper):
    """The mapper that writes known rows at once."""

    def __init__(self, mapping: Mapping_) -> None:
        super().__init__(mapping)
        of_rows = frozenset(each.name for each in mapping.resources if not self._once(each))
        self.learned: dict[int, Learned] = {}
        self._sound: set[bytes] = set()  # what is shared by many stays, once it was validated
        for plan in self._of_rows:
            spec = plan.spec
            if not known_plan(spec) or plan.whose is not None:
                continue
            try:
                members = compile_members(spec.fields, self._scope(spec))
                self.learned[plan.place] = Learned(spec, members, compile_checks(spec), of_rows)
            except Unknown:
                continue

    def convert(self, stay: StayRecords) -> ConvertedStay | None:
        """None where resources would have to be compared with each other."""
        mapped = self.map(stay)
        bodies, shared = _Bodies(), list[Line]()
        built: list[dict[str, Any]] = []
        ids: list[bytes] = []
        for each in mapped.resources:
            kind = each["resourceType"]
            if type(each) is _Known:
                if len(each) != 1:  # something was added to it that was meant for one resource
                    return None
                ids += each.ids
                bodies.add(kind, each.bodies)
                continue
            ids.append(each["id"].encode())
            body = encode(each)
            if kind not in _SHARED:
                built.append(each)
                bodies.add(kind, (body,))
                continue
            shared.append((kind, body))
            if body not in self._sound:
                built.append(each)
        if len(set(ids)) != len(ids):
            return None
        found = validate(built)
        if not found and len(self._sound) < _KEPT:
            self._sound.update(body for _, body in shared)
        return ConvertedStay(stay.stay_key, bodies.written(), (*mapped.issues, *found), tuple(shared))

    def _rows(self, plan: Plan, work: Working) -> Sequence[tuple[str, SourceRecord]]:
        spec, table = plan.spec, cast("object", work.tables.get(plan.spec.table or ""))
        if plan.place not in self.learned or not isinstance(table, PackedTable):
            return super()._rows(plan, work)
        rows = rows_in_order(table, spec.row_key, spec.prefix, work.references) if plan.only is None else None
        return rows or rows_as_ordered(table, super()._rows(plan, work), work.references)

    def _links(self, plan: Plan, rows: Sequence[tuple[str, SourceRecord]], work: Working) -> Links:
        """Of the commonest kind of refunds, only the lines of the same item are handed on: few of a stay's lines."""
        spec = plan.spec.refunds
        if spec is None or not isinstance(rows, Rows) or not simple_refunds(spec):
            return super()._links(plan, rows, work)
        quantities, items = rows.of(spec.quantity), rows.of(spec.item[0])
        links = rows.of(spec.link) if spec.link is not None else ()
        if quantities is None or items is None or links is None or isinstance(quantities, str):
            return super()._links(plan, rows, work)
        if b"-" not in b"".join(quantities):
            return {}
        of_refunds = [place for place, text in enumerate(quantities) if text < b"." and text[:1] == b"-"]
        given_back = {items[place] for place in of_refunds}
        concerned = [place for place, item in enumerate(items) if item in given_back]
        if links:
            linked = {links[place] for place in of_refunds}
            concerned = sorted({*concerned, *(place for place, key in enumerate(rows.keys) if key in linked)})
        return super()._links(plan, [rows[place] for place in concerned], work)

    def _make(
        self,
        plan: Plan,
        rows: Sequence[tuple[str, SourceRecord]],
        links: Links,
        work: Working,
        made: list[Made],
    ) -> None:
        if not isinstance(rows, Rows):
            super()._make(plan, rows, links, work, made)
            return
        learned, undone = self.learned[plan.place], {key.encode(): originals for key, originals in links.items()}
        ids = ids_of_many(self._source, plan.spec.to)(rows.keys)
        bodies = list(learned.write(rows, ids, work))
        begin = 0  # of the rows that are written as they are
        special = _special(rows.keys, bodies, undone, begin)
        while special:
            place = special.popleft()
            body = bodies[place]
            if body is not None:
                bodies[place] = learned.extended(body, self._undone(plan.spec.to, undone[rows.keys[place]]))
                if bodies[place] is not None:
                    continue
            self._add_known(plan, rows, begin, ids[begin:place], bodies[begin:place], made)
            begin = place + 1
            if self._built(plan, rows.at([place]), links, work, made) and begin < len(ids):
                rest = range(begin, len(ids))
                bodies[begin:] = learned.write(rows.at(rest), ids[begin:], work)
                special = _special(rows.keys, bodies, undone, begin)
        self._add_known(plan, rows, begin, ids[begin:], bodies[begin:], made)

    def _add_known(
        self, plan: Plan, rows: Rows, at: int, ids: list[bytes], bodies: Sequence[bytes | None], made: list[Made]
    ) -> None:
        """Rows from a place on that are written as they are."""
        if ids:
            known = _Known(plan.spec.to)
            known.ids, known.bodies = ids, cast("list[bytes]", bodies)
            made.append((plan.place, known, rows[at][1]))

    def _built(self, plan: Plan, row: Rows, links: Links, work: Working, made: list[Made]) -> bool:
        """Build a resource the ordinary way; one without an issue is learned from.

        Returns:
            Whether the rows after it may be written where they could not before.
        """
        (key, record), noted = row[0], len(work.issues)
        built = self._emit(plan, key, record, work, made)
        if built is None:
            return False
        clean = len(work.issues) == noted and not work.unmapped
        new = clean and self.learned[plan.place].learn(built, row, work)
        if key in links:
            self._link(built, links[key])
        return new


def _special(
    keys: Sequence[bytes], bodies: Sequence[bytes | None], undone: Mapping[bytes, object], begin: int
) -> deque[int]:
    """The places, from one on, of rows that are not written as they are: not known, or of a line that undoes others."""
    if undone:
        return deque(at for at in range(begin, len(keys)) if bodies[at] is None or keys[at] in undone)
    return deque() if all(bodies) else deque(at for at in range(begin, len(keys)) if bodies[at] is None)


class _Derive:
    """Columns worked out from others, remembered by the texts that they are worked out from."""

    def __init__(self, derived: Mapping[str, Sequence[Derived]]) -> None:
        self._derived = derived
        self._bases = {
            table: tuple(dict.fromkeys(column for each in columns for column in each.of))
            for table, columns in derived.items()
        }
        self._known: dict[tuple[str, tuple[bytes | None, ...]], dict[str, bytes]] = {}
        self._wider: dict[tuple[Layout, tuple[str, ...]], Layout] = {}

    def __call__(self, stay: StayRecords) -> StayRecords | None:
        """The stay with its derived columns; None where something cannot be worked out, or rows are not packed."""
        tables = dict(stay.tables)
        for name in self._derived.keys() & tables.keys():
            table: object = tables[name]
            wider = self._worked_out(table) if isinstance(table, PackedTable) else None
            if wider is None:
                return None
            tables[name] = as_records(wider)
        return replace(stay, tables=tables)

    def _worked_out(self, table: PackedTable) -> PackedTable | None:
        """The table with its derived columns; every row must get the same ones."""
        name = table.layouts[0].table
        columns = [table.column(column) or repeat(None, len(table)) for column in self._bases[name]]
        known, found = self._known, list[dict[str, bytes]]()
        for place, texts in enumerate(zip(*columns, strict=True)):
            added = known.get((name, texts))
            if added is None:
                added = self._first_time(table[place])
                if added is None:
                    return None
                if len(known) >= _KEPT:
                    known.clear()
                known[name, texts] = added
            found.append(added)
        names = tuple(found[0])
        if any(tuple(each) != names for each in found):
            return None
        return table.wider(
            [self._layout(layout, names) for layout in table.layouts],
            [[each[column] for each in found] for column in names],
        )

    def _first_time(self, row: PackedRow) -> dict[str, bytes] | None:
        table = row.layout.table
        given = {column: row[column] for column in self._bases[table] if column in row}
        alone = SourceRecord(Origin("", "", table, 0), given)
        worked_out = with_derived(StayRecords("", {table: [alone]}), {table: self._derived[table]})
        names = {each.column for each in self._derived[table]}
        if worked_out.issues or not names.isdisjoint(row.layout.columns):
            return None
        return {name: text.encode() for name, text in worked_out.tables[table][0].fields.items() if name in names}

    def _layout(self, layout: Layout, added: tuple[str, ...]) -> Layout:
        known = self._wider.get((layout, added))
        if known is None:
            if len(self._wider) >= _KEPT:
                self._wider.clear()
            known = Layout(layout.source, layout.file, layout.table, (*layout.columns, *added))
            self._wider[layout, added] = known
        return known
