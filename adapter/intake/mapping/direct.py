"""Bulk conversion: a stay's rows become lines of NDJSON, the most numerous ones without being built (批量转换).

It is the ordinary mapper, with one thing put in place: a row whose texts have all been met before is written as they
were written then (learned.py). Whatever differs in anything goes the ordinary way: map, validate, encode. Both ways
give the same bytes and the same issues; tests/rooms/mapping/test_direct.py holds them against each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from adapter.fhir.canonical import decode, encode
from adapter.fhir.validation import validate
from adapter.intake.mapping.checks import compile_checks
from adapter.intake.mapping.closures import compile_members
from adapter.intake.mapping.compiled import compile_mapping
from adapter.intake.mapping.derived import Derived, with_derived
from adapter.intake.mapping.engine import Links, Made, Mapper, Plan
from adapter.intake.mapping.known import Unknown, known_plan, simple_refunds
from adapter.intake.mapping.learned import Learned, Rows
from adapter.intake.mapping.spec import Mapping_
from adapter.intake.mapping.working import Working
from adapter.model.issues import Issue
from adapter.model.packed import Layout, PackedRow, as_records, unpacked
from adapter.model.source import Origin, SourceRecord, StayRecords

_KEPT = 1 << 13
_SHARED = ("Organization",)


#: One resource as it is written: its type and its JSON.
Line = tuple[str, bytes]


@dataclass(frozen=True, slots=True)
class ConvertedStay:
    """A stay, mapped, validated and encoded.

    Attributes:
        lines: in the order of the mapping's files, rows in the order of their keys.
        shared: organisations, which are the same for many stays.
        issues: of reading, mapping and validating; whoever writes looks for those that stop.
    """

    stay_key: str
    lines: tuple[Line, ...]
    issues: tuple[Issue, ...]
    shared: tuple[Line, ...] = ()


class _Written(dict[str, Any]):
    """Resources of one type that follow one another, as they are written; it stands for them among those built."""

    __slots__ = ("bodies", "ids")

    def __init__(self, to: str) -> None:
        super().__init__(resourceType=to)
        self.ids: list[str] = []
        self.bodies: list[bytes] = []


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
        lines: tuple[list[Line], list[Line]] = ([], [])
        for each in mapped.resources:
            lines[each["resourceType"] in _SHARED].append((each["resourceType"], encode(each)))
        found = (*mapped.issues, *validate(mapped.resources))
        return ConvertedStay(stay.stay_key, tuple(lines[False]), found, tuple(lines[True]))


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
        lines: list[Line] = []
        shared: list[Line] = []
        built: list[dict[str, Any]] = []
        ids: list[str] = []
        for each in mapped.resources:
            kind = each["resourceType"]
            if type(each) is not _Written:
                ids.append(each["id"])
                body = encode(each)
                if kind not in _SHARED:
                    built.append(each)
                    lines.append((kind, body))
                    continue
                shared.append((kind, body))
                if body not in self._sound:
                    built.append(each)
            elif len(each) != 1:  # something was added to it that was meant for one resource
                return None
            else:
                ids += each.ids
                lines += [(kind, body) for body in each.bodies]
        if len(set(ids)) != len(ids):
            return None
        found = validate(built)
        if not found and len(self._sound) < _KEPT:
            self._sound.update(body for _, body in shared)
        return ConvertedStay(stay.stay_key, tuple(lines), (*mapped.issues, *found), tuple(shared))

    def _rows(self, plan: Plan, work: Working) -> list[tuple[str, SourceRecord]]:
        rows = work.tables.get(plan.spec.table or "", ())
        simple = plan.only is None and not plan.spec.prefix and len(plan.spec.row_key) == 1
        keys = _texts(rows, plan.spec.row_key[0]) if simple and plan.place in self.learned else None
        if keys is None or not all(keys):
            return super()._rows(plan, work)
        keyed = list(zip(keys, rows, strict=True))
        keyed.sort(key=_key if len(set(map(len, keys))) == 1 else _length_and_key)
        return keyed

    def _links(self, plan: Plan, rows: Sequence[tuple[str, SourceRecord]], work: Working) -> Links:
        """Of the commonest kind of refunds, only the lines of the same item are handed on: few of a stay's lines."""
        spec = plan.spec.refunds
        if spec is None or plan.place not in self.learned or not simple_refunds(spec):
            return super()._links(plan, rows, work)
        records = [record for _, record in rows]
        quantities, items = _texts(records, spec.quantity), _texts(records, spec.item[0])
        links = _texts(records, spec.link) if spec.link is not None else ()
        if quantities is None or items is None or links is None:
            return super()._links(plan, rows, work)
        of_refunds = [place for place, text in enumerate(quantities) if text[:1] == "-"]
        if not of_refunds:
            return {}
        given_back = {items[place] for place in of_refunds}
        linked = {links[place] for place in of_refunds} if links else set[str]()
        concerned = [
            row for row, item in zip(rows, items, strict=True) if item in given_back or (linked and row[0] in linked)
        ]
        return super()._links(plan, concerned, work)

    def _make(
        self,
        plan: Plan,
        rows: Sequence[tuple[str, SourceRecord]],
        links: Links,
        work: Working,
        made: list[Made],
    ) -> None:
        learned = self.learned.get(plan.place)
        if learned is None:
            super()._make(plan, rows, links, work, made)
            return
        if not all(isinstance(record, PackedRow) for _, record in rows):
            super()._make(plan, rows, links, work, made)
            return
        packed = [cast("PackedRow", record) for _, record in rows]
        keys = [key for key, _ in rows]
        all_of_them = Rows(packed, keys, list(map(plan.id_of, keys)))
        bodies = list(learned.write(all_of_them, work)) if rows else []
        written: _Written | None = None
        for place, (key, row, identity) in enumerate(zip(keys, packed, all_of_them.ids, strict=True)):
            body = bodies[place]
            if body is None or key in links:
                if body is None:
                    if self._built(plan, key, row, links, work, made):
                        rest = range(place + 1, len(rows))
                        bodies[place + 1 :] = learned.write(all_of_them.at(rest), work) if rest else []
                else:
                    made.append((plan.place, decode(body), rows[place][1]))
                    self._link(made[-1][1], links[key])
                written = None
                continue
            if written is None:
                written = _Written(plan.spec.to)
                made.append((plan.place, written, rows[place][1]))
            written.ids.append(identity)
            written.bodies.append(body)

    def _built(self, plan: Plan, key: str, row: PackedRow, links: Links, work: Working, made: list[Made]) -> bool:
        """Build a resource the ordinary way; one without an issue is learned from.

        Returns:
            Whether the rows after it may be written where they could not before.
        """
        noted = len(work.issues)
        built = self._emit(plan, key, cast("SourceRecord", row), work, made)
        if built is None:
            return False
        clean = len(work.issues) == noted and not work.unmapped
        new = clean and self.learned[plan.place].learn(built, row, key, work)
        if key in links:
            self._link(built, links[key])
        return new


def _texts(rows: Sequence[SourceRecord], column: str) -> list[str] | None:
    """A column's texts, where all rows are packed alike and have it."""
    layouts = {row.layout for row in rows if isinstance(row, PackedRow)}
    if len(layouts) != 1 or not all(isinstance(row, PackedRow) for row in rows):
        return None
    place = next(iter(layouts)).at.get(column)
    return None if place is None else [cast("PackedRow", row).cells[place] for row in rows]


def _key(keyed: tuple[str, SourceRecord]) -> str:
    return keyed[0]


def _length_and_key(keyed: tuple[str, SourceRecord]) -> tuple[int, str]:
    return len(keyed[0]), keyed[0]


class _Derive:
    """Columns worked out from others, remembered by the texts that they are worked out from."""

    def __init__(self, derived: Mapping[str, Sequence[Derived]]) -> None:
        self._derived = derived
        self._bases = {
            table: tuple(dict.fromkeys(column for each in columns for column in each.of))
            for table, columns in derived.items()
        }
        self._known: dict[tuple[str, tuple[str | None, ...]], dict[str, str]] = {}
        self._wider: dict[tuple[Layout, tuple[str, ...]], Layout] = {}

    def __call__(self, stay: StayRecords) -> StayRecords | None:
        """The stay with its derived columns; None where something cannot be worked out, or rows are not packed."""
        tables = dict(stay.tables)
        for name in self._derived.keys() & tables.keys():
            rows = [self._worked_out(row) for row in tables[name]]
            packed = [row for row in rows if row is not None]
            if len(packed) != len(rows):
                return None
            tables[name] = as_records(packed)
        return replace(stay, tables=tables)

    def _worked_out(self, row: object) -> PackedRow | None:
        if not isinstance(row, PackedRow):
            return None
        table = row.layout.table
        texts = (table, tuple([row.get(column) for column in self._bases[table]]))
        added = self._known.get(texts)
        if added is None:
            added = self._first_time(row)
            if added is None:
                return None
            if len(self._known) >= _KEPT:
                self._known.clear()
            self._known[texts] = added
        return PackedRow(self._layout(row.layout, tuple(added)), row.number, [*row.cells, *added.values()])

    def _first_time(self, row: PackedRow) -> dict[str, str] | None:
        table = row.layout.table
        given = {column: row[column] for column in self._bases[table] if column in row}
        alone = SourceRecord(Origin("", "", table, 0), given)
        worked_out = with_derived(StayRecords("", {table: [alone]}), {table: self._derived[table]})
        names = {each.column for each in self._derived[table]}
        if worked_out.issues or not names.isdisjoint(row.layout.columns):
            return None
        return {name: text for name, text in worked_out.tables[table][0].fields.items() if name in names}

    def _layout(self, layout: Layout, added: tuple[str, ...]) -> Layout:
        known = self._wider.get((layout, added))
        if known is None:
            if len(self._wider) >= _KEPT:
                self._wider.clear()
            known = Layout(layout.source, layout.file, layout.table, (*layout.columns, *added))
            self._wider[layout, added] = known
        return known
