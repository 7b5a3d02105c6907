"""Slots: one member of a resource each, and its JSON by the texts that it depends on (成员写法).

Rows are written many at a time, a slot after the other, so that the work is done in few and long loops.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any

from adapter.fhir.canonical import encode
from adapter.intake.mapping.closures import Member
from adapter.intake.mapping.known import Unknown
from adapter.intake.mapping.spec import Column, Field, RowKey
from adapter.intake.mapping.transforms import SECONDS, WITHIN_THE_HOUR
from adapter.intake.mapping.working import Working
from adapter.model.packed import PackedRow

#: Texts that a slot keeps at most; beyond it starts anew.
_KEPT = 1 << 14
LONGEST_KEPT = 200

#: Row keys as nearly every HIS writes them: sound in any string of FHIR, and JSON writes them as they are.
_plain_key = re.compile(r"[0-9A-Za-z][0-9A-Za-z:._-]{0,63}", re.ASCII).fullmatch

#: Ids as we make them; any of them may stand in a reference where one of them may (identity.py).
_resource_id = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII).fullmatch

_REST_OF_HOUR: Mapping[str, bytes] = {rest: rest.encode() for rest in WITHIN_THE_HOUR}
_HOUR = 13  # characters of "2021-03-05 14"


class Columns:
    """Rows of one layout, column by column. ``@key`` is the row key, ``@name`` the stay's own resource of that file."""

    def __init__(self, rows: Sequence[PackedRow], keys: Sequence[str], work: Working) -> None:
        self.count = len(rows)
        self._at = rows[0].layout.at
        self._cells = [row.cells for row in rows]
        self._keys = keys
        self._references = work.references

    def of(self, column: str) -> Sequence[str] | str | None:
        """The texts of a column; one of them where it is the same for all rows, None where they do not have it."""
        if column == "@key":
            return self._keys
        if column[0] == "@":
            return self._references.get(column[1:])
        place = self._at.get(column)
        return None if place is None else [cells[place] for cells in self._cells]

    def keys_of(self, columns: Sequence[str]) -> Iterable[Any]:
        """Under what a row's JSON is kept: its text of a column, or its texts of several."""
        texts = [self.of(column) for column in columns]
        each = [repeat(text, self.count) if text is None or isinstance(text, str) else text for text in texts]
        return each[0] if len(each) == 1 else zip(*each, strict=True)


@dataclass(slots=True)
class Slot:
    """A member, or an entry of one, and its JSON by the texts of its columns; empty JSON where it is absent.

    Attributes:
        plain_key: holds the row key; whatever ``_plain_key`` accepts is written between ``around``.
        by_hour: holds a time; minutes and seconds are written between what is kept in ``hours``.
        of_type: holds a reference to a resource of the stay; its id is written between what is kept by its type.
    """

    member: Member
    columns: tuple[str, ...]
    plain_key: bool
    by_hour: bool
    known: dict[Any, bytes] = field(default_factory=dict)
    hours: dict[str, tuple[bytes, bytes]] = field(default_factory=dict)
    of_type: dict[str, tuple[bytes, bytes]] = field(default_factory=dict)
    around: tuple[bytes, bytes] | None = None

    @property
    def of_stay(self) -> bool:
        return len(self.columns) == 1 and self.columns[0][0] == "@" and self.columns[0] != "@key"

    def write(self, columns: Columns) -> bytes | list[bytes]:
        """The JSON of each row, or the one that all have. Raises KeyError where a text is not known."""
        if len(self.columns) > 1:
            return list(map(self.known.__getitem__, columns.keys_of(self.columns)))
        if not self.columns:
            return self.known[()]
        texts = columns.of(self.columns[0])
        if texts is None or isinstance(texts, str):
            return self._of_all(texts)
        if self.by_hour:
            return self._times(texts)
        if self.plain_key and self.around is not None:
            before, after = self.around
            return [before + text.encode() + after if _plain_key(text) else self.known[text] for text in texts]
        return list(map(self.known.__getitem__, texts))

    def _of_all(self, text: str | None) -> bytes:
        kind, _, identity = (text or "").rpartition("/")
        around = self.of_type.get(kind)
        if around is not None and _resource_id(identity):
            return around[0] + identity.encode() + around[1]
        return self.known["" if text is None and (self.plain_key or self.by_hour) else text]

    def _times(self, texts: Sequence[str]) -> list[bytes]:
        try:
            hours = [self.hours[text[:_HOUR]] for text in texts]
            rests = [_REST_OF_HOUR[text[_HOUR:]] for text in texts]
        except KeyError:
            return [self._time(text) for text in texts]
        return [hour[0] + rest + hour[1] for hour, rest in zip(hours, rests, strict=True)]

    def _time(self, text: str) -> bytes:
        hour, rest = self.hours.get(text[:_HOUR]), _REST_OF_HOUR.get(text[_HOUR:])
        return self.known[text] if hour is None or rest is None else hour[0] + rest + hour[1]

    def knows(self, key: Any) -> bool:
        """Whether ``write`` finds the JSON of a row's text or texts."""
        if self.of_stay:
            kind, _, identity = (key or "").rpartition("/")
            return key in self.known or (kind in self.of_type and _resource_id(identity) is not None)
        if not (self.plain_key or self.by_hour):
            return key in self.known
        text = key or ""
        if self.plain_key:
            return (self.around is not None and _plain_key(text) is not None) or text in self.known
        return (text[:_HOUR] in self.hours and _timed(text)) or text in self.known

    def lacking(self, keys: set[Any]) -> set[Any]:
        """Those that it does not know."""
        known, hours = self.known, self.hours
        if self.by_hour:
            rests = _REST_OF_HOUR
            return {
                key
                for key in keys
                if not (key and key[:_HOUR] in hours and key[_HOUR:] in rests) and (key or "") not in known
            }
        if self.plain_key and self.around is not None:
            return {key for key in keys if not _plain_key(key or "") and (key or "") not in known}
        return {key for key in keys if key not in known and not self.knows(key)}

    def keep(self, key: Any, value: Any) -> None:
        """Keep the JSON of a value, in the most general form that is certain."""
        piece = self._piece(value)
        if self.of_stay and key is not None:
            kind, _, identity = key.rpartition("/")
            if _resource_id(identity) and piece.count(identity.encode()) == 1:
                before, _, after = piece.partition(identity.encode())
                self.of_type[kind] = (before, after)
                return
        if not (self.plain_key or self.by_hour):
            keep(self.known, key, piece)
            return
        text = key or ""
        if self.plain_key and _plain_key(text) and piece.count(text.encode()) == 1:
            before, _, after = piece.partition(text.encode())
            self.around = (before, after)
        elif self.by_hour and _timed(text) and piece.count(text[_HOUR:].encode()) == 1:
            before, _, after = piece.partition(text[_HOUR:].encode())
            keep(self.hours, text[:_HOUR], (before, after))
        else:
            keep(self.known, text, piece)

    def _piece(self, value: Any) -> bytes:
        if value is None:
            return b""
        return b"," + (encode(value) if self.member.entry is not None else encode({self.member.name: value})[1:-1])


def slot_of(member: Member, columns: tuple[str, ...]) -> Slot:
    """The slot of a member that depends on these columns. Raises Unknown."""
    if len(columns) > 1 and any(column[0] == "@" for column in columns):
        raise Unknown
    leaves = [each for each in member.fields if isinstance(each, Field) and isinstance(each.value, Column | RowKey)]
    only = leaves[0] if len(leaves) == 1 and len(columns) == 1 else None
    return Slot(member, columns, only is not None and _is_key(only), only is not None and _is_time(only))


def keep(kept: dict[Any, Any], key: Any, value: Any) -> None:
    """Keep one more; beyond the limit, begin anew."""
    if len(kept) >= _KEPT:
        kept.clear()
    kept[key] = value


def _timed(text: str) -> bool:
    return text[_HOUR:] in _REST_OF_HOUR


def _is_key(entry: Field) -> bool:
    """The value of an identifier, as it stands."""
    value = entry.value
    if entry.steps[0][0] != "identifier" or entry.steps[-1] != ("value", None) or not isinstance(value, Column):
        return isinstance(value, RowKey) and entry.steps[0][0] == "identifier"
    as_it_stands = value.transform == "text" and value.codes is None and value.when is None
    return as_it_stands and not any(map(_plain_key, value.absent))


def _is_time(entry: Field) -> bool:
    """A time that is written to the second; all minutes and seconds of an hour are read alike (transforms.py)."""
    value = entry.value
    return (
        isinstance(value, Column)
        and value.transform == "local_time"
        and SECONDS in value.formats
        and value.codes is None
        and value.when is None
        and not any(map(_timed, value.absent))
    )
