"""The tables that messages would be folded into, roughly: enough to see which field is what (消息折叠表)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from adapter.intake.mapping.draft.profile import SampleTable
from adapter.intake.mapping.draft.segments import Sample, SampleMessage, SampleSegment, holds_id_numbers

#: Columns that the folding makes.
MADE = frozenset(
    {
        *("stay", "person", "state", "account", "entry", "kind", "reverses"),
        *("quantity", "price", "amount", "item", "at", "unit"),
    }
)

#: Segments that make rows of their own: what begins a row, what belongs to it, its key, what a later message replaces.
_ROWS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...], str]] = {
    "DG1": (("DG1",), ("DG1-6", "DG1-1"), "[DG1-6]"),
    "IN1": (("IN1", "IN2"), ("IN1-1",), "all"),
    "NK1": (("NK1",), ("NK1-1",), "all"),
    "GT1": (("GT1",), ("GT1-1",), "all"),
    "PR1": (("PR1",), ("PR1-1",), "all"),
}
_ROLES = {"STAY": "stay", "CHARGE": "charge_item", "PAYMENT": "deposit", "DG1": "condition", "IN1": "coverage"}

#: Fields that may hold the stay key, the standard's first.
_STAY_FIELDS = (("PV1", 19), ("PV1", 50), ("PID", 18))


@dataclass
class MessageTables:
    """What the sample has, as tables whose columns are paths.

    Attributes:
        stay_path, person_path: where the keys stand; ``stay_doubt`` when it is not where the standard has it.
        id_path: where resident ID numbers stand, or empty.
        typed: by field, where the type of a repetition stands.
        other_rows: by table, segments, key and what a later message replaces.
        keys: row key by table; ``roles``: what each is taken as.
        fields: by table, every filled field; those that nothing reads are left to a person.
    """

    stay_path: str
    person_path: str
    stay_doubt: tuple[str, str] | None = None
    id_path: str = ""
    typed: dict[str, str] = field(default_factory=dict)
    other_rows: dict[str, tuple[tuple[str, ...], tuple[str, ...], str]] = field(default_factory=dict)
    tables: dict[str, SampleTable] = field(default_factory=dict)
    keys: dict[str, tuple[str, ...]] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)

    @property
    def read_by_folding(self) -> tuple[str, ...]:
        """Paths that keys and entries read already."""
        entries = ("FT1-2", "FT1-3", "FT1-4", "FT1-6", "FT1-7", "FT1-10", "FT1-11", "FT1-12")
        orders = ("ORC-1", "ORC-2", "RXO-1", "RXO-2", "RXO-4", "RXA-3")
        return (self.stay_path, self.person_path, self.id_path, "PV1-2", "DG1-1", "DG1-6", *entries, *orders)

    @property
    def all(self) -> tuple[SampleTable, ...]:
        return tuple(self.tables.values())


def tables_of(sample: Sample) -> MessageTables | None:
    """The tables of a sample; None when no field could be the stay key."""
    place = next(((name, number) for name, number in _STAY_FIELDS if sample.texts(name, number)), None)
    if place is None:
        return None
    found = MessageTables(stay_path=sample.path(*place), person_path="")
    if place != _STAY_FIELDS[0]:
        found.stay_doubt = ("PV1-19 为空,暂用该字段", "PV1-19 is empty; this field stands in for it")
    _identifiers(sample, found)
    found.tables["STAY"] = _table("STAY", sample, ("PID", "PV1", "PV2"))
    found.keys["STAY"] = ("stay",)
    parts = tuple(name for name in ("FT1", "ORC", "RXO", "RXA", "RXG") if name in sample.names)
    if parts:
        found.tables["CHARGE"] = _table("CHARGE", sample, parts, ("at", "item"))
        found.keys["CHARGE"] = ("entry",)
    if "FT1" in parts and ("RXA" in parts or "PY" in sample.texts("FT1", 6, "1")):
        paid = Sample([_payments(each) for each in sample.messages])
        found.tables["PAYMENT"] = _table("PAYMENT", paid, ("FT1",), ("at", "item"))
        found.keys["PAYMENT"] = ("entry",)
    for name, (segments, key, replaces) in _ROWS.items():
        if name in sample.names:
            there = tuple(each for each in segments if each in sample.names)
            found.other_rows[name] = (there, key, replaces)
            found.tables[name] = _table(name, sample, there)
            found.keys[name] = ("stay", *key)
    found.roles = {name: _ROLES.get(name, "?") for name in found.tables}
    return found


def _identifiers(sample: Sample, found: MessageTables) -> None:
    """Person key and ID number among the repetitions of PID-3, else at the first one."""
    place = sample.type_place("PID", 3)
    if not place:
        found.person_path = "PID-3.1" if sample.texts("PID", 3) else "PID-2.1"
        if holds_id_numbers(sample.texts("PID", 19)):
            found.id_path = "PID-19"
        return
    found.typed["PID-3"] = place
    kinds = sample.repetitions("PID", 3, place)
    numbers = [kind for kind, texts in kinds.items() if holds_id_numbers(texts)]
    found.id_path = f"PID-3[{numbers[0]}].1" if numbers else ""
    others = [kind for kind in kinds if kind not in numbers and kind.isalnum()]
    found.person_path = f"PID-3[{others[0]}].1" if others else "PID-2.1"


def _payments(message: SampleMessage) -> SampleMessage:
    """The message with those entries only that may be deposits."""
    kept = [each for each in message.segments if each.name != "FT1" or each.part(6, "1") in ("PY", "")]
    return SampleMessage(message.event, tuple(kept))


#: Where the folding takes a moment and an item from, by segment.
_FOLDED = {"FT1": (4, 7), "RXA": (3, 0), "RXO": (0, 1)}


def _table(name: str, sample: Sample, segments: tuple[str, ...], made: tuple[str, ...] = ()) -> SampleTable:
    """One row per segment; columns are paths of whole fields and of their first parts."""
    columns = [(segment, number) for segment in segments for number in sample.filled(segment)]
    rows = []
    for segment in segments:
        for each in sample.of(segment):
            places = _FOLDED.get(segment, (0, 0))
            folded = {column: each.part(place, "1") for column, place in zip(made, places, strict=False) if place}
            rows.append({**folded, **_cells(each, columns)})
    return SampleTable(name, rows)


def _cells(segment: SampleSegment, columns: list[tuple[str, int]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, number in columns:
        mine = segment if name == segment.name else None
        found[f"{name}-{number}"] = mine.part(number) if mine else ""
        found[f"{name}-{number}.1"] = mine.part(number, "1") if mine else ""
        found[f"{name}-{number}.2"] = mine.part(number, "2") if mine else ""
    return found
