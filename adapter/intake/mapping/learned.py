"""Rows written as JSON without being built: what the ordinary mapper made of a text once is written again (已学写法).

Each member of a resource depends on a few columns only. So its JSON is kept by the texts of these columns (slots.py).
Everything kept was made by the ordinary closures, stood in a resource that the validator passed, and came without an
issue. What is new in a row is learned; where that fails, the row is left to the ordinary mapper.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import filterfalse, groupby, repeat
from typing import Any

from adapter.fhir.canonical import decode, encode
from adapter.fhir.validation import validate
from adapter.intake.mapping.checks import Check
from adapter.intake.mapping.closures import Member
from adapter.intake.mapping.known import check_columns, columns_of
from adapter.intake.mapping.slots import LONGEST_KEPT, Parts, Rows, Slot, keep, slot_of, texts_of
from adapter.intake.mapping.spec import ResourceSpec
from adapter.intake.mapping.working import Working
from adapter.model.source import Origin, SourceRecord

#: Whatever is noted of a row while something is learned is forgotten again, so that it need not say where.
_NOWHERE = Origin("", "", "", 0)

#: An id as we make them; where one of them may stand, any of them may.
_quoted_id = re.compile(rb'"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"')

#: Forms of sound values that a slot keeps at most; what comes later is validated each time.
_FORMS = 1 << 12


@dataclass(slots=True)
class _Checked:
    """A check and the texts that passed it."""

    check: Check
    columns: tuple[str, ...]
    passed: dict[Any, None] = field(default_factory=dict)

    def knows(self, key: Any) -> bool:
        return key in self.passed

    def lacking(self, keys: Iterable[Any]) -> set[Any]:
        """Those of which it is not known that they pass."""
        return set(filterfalse(self.passed.__contains__, keys))


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
        self._slots = tuple(slots)
        self._all: tuple[Slot | _Checked, ...] = (*self._checked, *self._slots)
        self._head = f'{{"resourceType":"{spec.to}","id":"'.encode()
        self._sound: dict[str, Any] | None = None
        self._sound_entries: set[bytes] = set()
        self.given_up = False
        self._at_times_absent: frozenset[str] = frozenset()
        self._patterns: set[tuple[bool, ...]] = set()

    def write(self, rows: Rows, ids: Sequence[bytes], work: Working) -> Sequence[bytes | None]:
        """The resources as ``canonical.encode`` writes them; None for a row that must be built the ordinary way."""
        if self._sound is None:
            return [None] * len(rows)
        odd: set[int] = set()
        members = self._learnt(rows, work, odd)
        if members is not None:
            return self._joined(ids, members)
        bodies: list[bytes | None] = [None] * len(rows)
        good = [place for place in range(len(rows)) if place not in odd]
        members = self._learnt(rows.at(good), work, odd) if good else None
        if members is not None:
            for place, body in zip(good, self._joined([ids[place] for place in good], members), strict=True):
                bodies[place] = body
        return bodies

    def _learnt(self, rows: Rows, work: Working, odd: set[int]) -> Sequence[tuple[str, Parts]] | None:
        """The members of each row, learned where they are new.

        Args:
            odd: the places of rows that hold something which could not be learned are added to it; then None is given.
        """
        found: list[Parts] = []
        complete = True
        for check in self._checked:
            complete = self._learn_new(check, rows, work, odd) and complete
        for slot in self._slots:
            try:
                found.append(slot.write(rows))
            except KeyError:
                self._learn_new(slot, rows, work, odd)
                try:
                    found.append(slot.write(rows))
                except KeyError:
                    complete = False
        if not complete:
            return None
        slots = iter(found)
        return [
            (name, _as_list(name, [next(slots) for _ in group], len(rows)) if listed else next(slots))
            for name, group, listed in self._members
        ]

    def _joined(self, ids: Sequence[bytes], members: Sequence[tuple[str, Parts]]) -> Sequence[bytes | None]:
        """The resources made of their members; None for rows whose members never stood together."""
        line = _Line()
        line.add((self._head, ids, b'"'))
        absent: list[bool | Sequence[bool]] = []
        for name, parts in members:
            line.add(parts)
            if name in self._at_times_absent:
                absent.append(_absent(parts))
        line.add((b"}",))
        bodies: list[bytes | None] = line.of_rows(len(ids))
        if all(isinstance(each, bool) for each in absent):
            return bodies if tuple(absent) in self._patterns else [None] * len(bodies)
        patterns = list(zip(*(repeat(each) if isinstance(each, bool) else each for each in absent), strict=False))
        if not self._patterns.issuperset(patterns):
            bodies = [
                body if pattern in self._patterns else None for body, pattern in zip(bodies, patterns, strict=True)
            ]
        return bodies

    def extended(self, body: bytes, entries: Sequence[Mapping[str, Any]]) -> bytes | None:
        """A resource as ``write`` gave it, with further extensions behind its own; None where it must be built.

        Args:
            entries: what they hold of ids are ids as we make them.
        """
        if self._members[-1][0] != "extension" or "extension" in self._at_times_absent:
            return None
        piece = encode(entries)[1:]
        longer = b"%b,%b}" % (body.removesuffix(b"]}"), piece)
        form = _quoted_id.sub(b"", piece)
        if form not in self._sound_entries:
            if validate([decode(longer)]) or len(self._sound_entries) >= _FORMS:
                return None
            self._sound_entries.add(form)
        return longer

    # -- learning ----------------------------------------------------------------------------------------------------

    def learn(self, built: Mapping[str, Any], row: Rows, work: Working) -> bool:
        """Learn from a resource that the ordinary mapper built of a row, without an issue.

        Returns:
            Whether the next rows may be written where they could not before.
        """
        if self.given_up or validate([built]):
            return False
        body = encode(built)
        before = (self._sound is None, len(self._patterns))
        self._sound = decode(body)
        if not self._learn_row(row, work):
            return False
        self._patterns.add(tuple([name not in built for name, _, _ in self._members if name in self._at_times_absent]))
        if self.write(row, [str(built["id"]).encode()], work) != [body]:
            self.given_up, self._sound = True, None
        return before != (self._sound is None, len(self._patterns))

    def _learn_new(self, each: Slot | _Checked, rows: Rows, work: Working, odd: set[int]) -> bool:
        """Learn what is new in some rows. False where something could not be learned.

        Args:
            odd: the places of rows that hold something which could not be learned are added to it.
        """
        failed = set()
        for key in each.lacking(rows.keys_of(each.columns)):
            if each.knows(key):  # by now, as one of its kind was learned
                continue
            if not self._learn_one(each, key, work):
                failed.add(key)
        if failed:
            odd.update(place for place, key in enumerate(rows.keys_of(each.columns)) if key in failed)
        return not failed

    def _learn_row(self, row: Rows, work: Working) -> bool:
        """Learn what is new in a row. False where something is not in order."""
        for each in self._all:
            key = next(iter(row.keys_of(each.columns)))
            if not each.knows(key) and not self._learn_one(each, key, work):
                return False
        return True

    def _learn_one(self, each: Slot | _Checked, key: Any, work: Working) -> bool:
        """Learn what becomes of a text, or of several. False where that is not in order, or too long to be kept."""
        texts = texts_of(each.columns, key)
        if texts is None or any(len(text or "") > LONGEST_KEPT for text in texts.values()):
            return False
        fields = {name: text.decode() for name, text in texts.items() if isinstance(text, bytes)}
        noted = len(work.issues)
        work.record, work.row_key, work.private = SourceRecord(_NOWHERE, fields), fields.get("@key", ""), False
        work.failed = work.unmapped = False
        value = None
        if isinstance(each, Slot):
            value = each.member.build(fields, work)
        else:
            each.check(fields, work)
        good = len(work.issues) == noted and not work.failed and not work.unmapped
        del work.issues[noted:]
        if not good:
            return False
        if isinstance(each, _Checked):
            keep(each.passed, key, None)
            return True
        if value is None:
            self._may_be_absent(each.member.name)
        elif not self._is_sound(each, value):
            return False
        each.keep(key, value)
        return True

    def _is_sound(self, slot: Slot, value: Any) -> bool:
        """Whether the sound resource stays sound with this member in it."""
        form = slot.form(value)
        if form in slot.sound:
            return True
        member = slot.member
        if validate([{**(self._sound or {}), member.name: value if member.entry is None else [value]}]):
            return False
        if len(slot.sound) < _FORMS:
            slot.sound.add(form)
        return True

    def _may_be_absent(self, name: str) -> None:
        if name not in self._at_times_absent:
            self._at_times_absent |= {name}
            self._patterns.clear()


class _Line:
    """What resources are put together from, constants that follow one another taken as one."""

    def __init__(self) -> None:
        self._constant = b""
        self._parts: list[Iterable[bytes]] = []

    def add(self, parts: Parts) -> None:
        for part in parts:
            if isinstance(part, bytes):
                self._constant += part
                continue
            if self._constant:
                self._parts.append(repeat(self._constant))
                self._constant = b""
            self._parts.append(part)

    def of_rows(self, count: int) -> list[Any]:
        self._parts.append(repeat(self._constant, count))
        return list(map(b"".join, zip(*self._parts, strict=False)))


def _absent(parts: Parts) -> bool | Sequence[bool]:
    """Whether a member is absent in all rows, in none, or in which of them."""
    if len(parts) > 1:
        return False
    only = parts[0]
    if isinstance(only, bytes):
        return not only
    return [not piece for piece in only] if any(only) and not all(only) else not all(only)


def _as_list(name: str, entries: Sequence[Parts], count: int) -> Parts:
    """A member of several entries, where there are any. Each of them begins with a comma."""
    opening = f',"{name}":['.encode()
    first = entries[0][0]
    if isinstance(first, bytes) and first:
        return (opening + first[1:], *entries[0][1:], *(part for parts in entries[1:] for part in parts), b"]")
    if not isinstance(first, bytes) and all(first):
        without = [piece[1:] for piece in first]
        return (opening, without, *entries[0][1:], *(part for parts in entries[1:] for part in parts), b"]")
    each = [repeat(part, count) if isinstance(part, bytes) else part for parts in entries for part in parts]
    found = map(b"".join, zip(*each, strict=True))
    return ([b"%b%b]" % (opening, entry[1:]) if entry else b"" for entry in found],)
