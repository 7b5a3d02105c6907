"""Rows written as JSON without being built: what the ordinary mapper made of a text once is written again (已学写法).

Each member of a resource depends on a few columns only. So its JSON is kept by the texts of these columns (slots.py).
Everything kept was made by the ordinary closures, stood in a resource that the validator passed, and came without an
issue. What is new in a row is learned; where that fails, the row is left to the ordinary mapper.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, repeat
from typing import Any

from adapter.fhir.canonical import decode, encode
from adapter.fhir.validation import validate
from adapter.intake.mapping.checks import Check
from adapter.intake.mapping.closures import Member
from adapter.intake.mapping.known import check_columns, columns_of
from adapter.intake.mapping.slots import LONGEST_KEPT, Columns, Slot, keep, slot_of
from adapter.intake.mapping.spec import ResourceSpec
from adapter.intake.mapping.working import Working
from adapter.model.packed import PackedRow

#: From so many rows at most it is tried to learn one thing, before rows that have it are left to the ordinary mapper.
_TRIES = 3


@dataclass(slots=True)
class _Checked:
    """A check and the texts that passed it."""

    check: Check
    columns: tuple[str, ...]
    passed: dict[Any, None] = field(default_factory=dict)

    def lacking(self, keys: set[Any]) -> set[Any]:
        return {key for key in keys if key not in self.passed}


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows in order, with the key of each and the id of its resource."""

    rows: Sequence[PackedRow]
    keys: Sequence[str]
    ids: Sequence[str]

    def at(self, places: Sequence[int]) -> Rows:
        """Some of them."""
        rows, keys, ids = self.rows, self.keys, self.ids
        return Rows([rows[at] for at in places], [keys[at] for at in places], [ids[at] for at in places])

    def columns(self, work: Working) -> Columns:
        return Columns(self.rows, self.keys, work)


class Learned:
    """One mapping file's rows as JSON. Not for threads to share.

    Attributes:
        given_up: what was learned did not give what the ordinary mapper gave; every row is left to that one.
    """

    def __init__(
        self, spec: ResourceSpec, members: Sequence[Member], checks: Sequence[Check], of_rows: frozenset[str]
    ) -> None:
        """Raises Unknown where the mapping file uses what bulk conversion does not know."""
        slots = [slot_of(member, columns_of(member, of_rows)) for member in members]
        grouped = groupby(slots, lambda slot: (slot.member.name, slot.member.entry is not None))
        self._members = [(name, tuple(group), listed) for (name, listed), group in grouped]
        columns: list[tuple[str, ...]] = [(each.column,) for each in spec.expectations]
        if spec.amount_check is not None:
            columns.append(check_columns(spec.amount_check))
        self._checked = [_Checked(check, names) for check, names in zip(checks, columns, strict=True)]
        self._all: tuple[Slot | _Checked, ...] = (*self._checked, *slots)
        self._head = f'{{"resourceType":"{spec.to}","id":"'.encode()
        self._sound: dict[str, Any] | None = None
        self.given_up = False
        self._at_times_absent: frozenset[str] = frozenset()
        self._patterns: set[tuple[bool, ...]] = set()

    def write(self, rows: Rows, work: Working) -> Sequence[bytes | None]:
        """The resources as ``canonical.encode`` writes them; None for a row that must be built the ordinary way."""
        if self._sound is None:
            return [None] * len(rows.rows)
        layouts = {row.layout for row in rows.rows}
        if len(layouts) == 1:
            return self._write_alike(rows, work)
        found: dict[int, bytes | None] = {}
        for layout in layouts:
            places = [place for place, row in enumerate(rows.rows) if row.layout is layout]
            found.update(zip(places, self._write_alike(rows.at(places), work), strict=True))
        return [found[place] for place in range(len(rows.rows))]

    def _write_alike(self, rows: Rows, work: Working) -> Sequence[bytes | None]:
        """Rows of one layout: at once, or once more when what is new has been learned."""
        columns = rows.columns(work)
        try:
            return self._bodies(rows, columns)
        except KeyError:
            odd = self._learn_new(rows, columns, work)
        good = [place for place in range(columns.count) if place not in odd]
        bodies: list[bytes | None] = [None] * columns.count
        if good:
            try:
                written = self._bodies(rows.at(good), rows.at(good).columns(work))
            except KeyError:
                return bodies
            for place, body in zip(good, written, strict=True):
                bodies[place] = body
        return bodies

    def _bodies(self, rows: Rows, columns: Columns) -> list[bytes | None]:
        """Raises KeyError where something is not known; None for rows whose members never stood together."""
        for each in self._checked:
            if not all(map(each.passed.__contains__, columns.keys_of(each.columns))):
                raise KeyError
        parts = _Parts()
        parts.add(self._head)
        parts.add([identity.encode() for identity in rows.ids])
        parts.add(b'"')
        absent: list[Iterable[bool]] = []
        for name, slots, listed in self._members:
            pieces = _as_list(name, slots, columns) if listed else slots[0].write(columns)
            parts.add(pieces)
            if name in self._at_times_absent:
                all_of_them = repeat(pieces, columns.count) if isinstance(pieces, bytes) else pieces
                absent.append([not piece for piece in all_of_them])
        parts.add(b"}")
        bodies: list[bytes | None] = parts.joined()
        if not absent:
            return bodies if () in self._patterns else [None] * len(bodies)
        patterns = list(zip(*absent, strict=True))
        if not self._patterns.issuperset(patterns):
            bodies = [
                body if pattern in self._patterns else None for body, pattern in zip(bodies, patterns, strict=True)
            ]
        return bodies

    # -- learning ----------------------------------------------------------------------------------------------------

    def learn(self, built: Mapping[str, Any], row: PackedRow, key: str, work: Working) -> bool:
        """Learn from a resource that the ordinary mapper built of a row, without an issue.

        Returns:
            Whether the next rows may be written where they could not before.
        """
        if self.given_up or validate([built]):
            return False
        body = encode(built)
        before = (self._sound is None, len(self._patterns))
        self._sound = decode(body)
        if not self._learn_row(row, key, work):
            return False
        self._patterns.add(tuple([name not in built for name, _, _ in self._members if name in self._at_times_absent]))
        if self.write(Rows([row], [key], [str(built["id"])]), work) != [body]:
            self.given_up, self._sound = True, None
        return before != (self._sound is None, len(self._patterns))

    def _learn_new(self, rows: Rows, columns: Columns, work: Working) -> frozenset[int]:
        """Learn what is new in some rows, each thing from the first row that has it, or the next where that fails.

        Returns:
            The places of rows that hold something which could not be learned.
        """
        odd: set[int] = set()
        for each in self._all:
            if not each.columns:
                continue
            keys = list(columns.keys_of(each.columns))
            new: dict[Any, list[int]] = {key: [] for key in each.lacking(set(keys))}
            for place, key in enumerate(keys) if new else ():
                if key in new:
                    new[key].append(place)
            for key, places in new.items():
                if not each.lacking({key}):  # it is of an hour that was learned by now
                    continue
                if not any(self._learn_one(each, key, rows, place, work) for place in places[:_TRIES]):
                    odd.update(places)
        return frozenset(odd)

    def _learn_row(self, row: PackedRow, key: str, work: Working) -> bool:
        """Learn what is new in a row. False where something is not in order."""
        rows = Rows([row], [key], [""])
        columns = rows.columns(work)
        for each in self._all:
            text = next(iter(columns.keys_of(each.columns))) if each.columns else ()
            if each.lacking({text}) and not self._learn_one(each, text, rows, 0, work):
                return False
        return True

    def _learn_one(self, each: Slot | _Checked, text: Any, rows: Rows, place: int, work: Working) -> bool:
        """Learn one thing from a row. False where it is not in order there, or too long to be kept."""
        if any(len(part or "") > LONGEST_KEPT for part in (text if isinstance(text, tuple) else (text,))):
            return False
        row, noted = rows.rows[place], len(work.issues)
        work.record, work.row_key, work.private = row, rows.keys[place], False  # type: ignore[assignment]
        work.failed = work.unmapped = False
        value = None
        if isinstance(each, Slot):
            value = each.member.build(row, work)
        else:
            each.check(row, work)
        good = len(work.issues) == noted and not work.failed and not work.unmapped
        del work.issues[noted:]
        if not good:
            return False
        if isinstance(each, _Checked):
            keep(each.passed, text, None)
            return True
        if value is None:
            self._may_be_absent(each.member.name)
        elif not self._is_sound(each.member, value):
            return False
        each.keep(text, value)
        return True

    def _is_sound(self, member: Member, value: Any) -> bool:
        """Whether the sound resource stays sound with this member in it."""
        return not validate([{**(self._sound or {}), member.name: value if member.entry is None else [value]}])

    def _may_be_absent(self, name: str) -> None:
        if name not in self._at_times_absent:
            self._at_times_absent |= {name}
            self._patterns.clear()


class _Parts:
    """What resources are put together from, constants that follow one another taken as one."""

    def __init__(self) -> None:
        self._constant = b""
        self._parts: list[Iterable[bytes]] = []

    def add(self, pieces: bytes | list[bytes]) -> None:
        if isinstance(pieces, bytes):
            self._constant += pieces
            return
        if self._constant:
            self._parts.append(repeat(self._constant))
            self._constant = b""
        self._parts.append(pieces)

    def joined(self) -> list[Any]:
        if self._constant:
            self._parts.append(repeat(self._constant))
        return list(map(b"".join, zip(*self._parts, strict=False)))


def _as_list(name: str, slots: Sequence[Slot], columns: Columns) -> bytes | list[bytes]:
    """A member of several entries, where there are any."""
    opening = f',"{name}":['.encode()
    pieces = [slot.write(columns) for slot in slots]
    each = [repeat(piece, columns.count) if isinstance(piece, bytes) else piece for piece in pieces]
    entries = map(b"".join, zip(*each, strict=True))
    return [b"%b%b]" % (opening, found[1:]) if found else b"" for found in entries]
