"""Slots: one member of a resource each, and its JSON by the texts that it depends on (成员写法).

Rows are written many at a time, a slot after the other, so that the work is done in few and long loops. Texts stay what
they are in files, UTF-8; nothing is decoded that was met before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import filterfalse, repeat
from operator import itemgetter
from typing import Any, cast, overload

from adapter.fhir.canonical import encode
from adapter.intake.mapping.closures import Member
from adapter.intake.mapping.known import Unknown
from adapter.intake.mapping.spec import Column, Field, RowKey
from adapter.intake.mapping.transforms import SECONDS, WITHIN_THE_HOUR
from adapter.model.packed import PackedRow, PackedTable
from adapter.model.source import SourceRecord

#: Texts that a slot keeps at most; beyond it starts anew.
_KEPT = 1 << 14
LONGEST_KEPT = 200


class Plain:
    """Texts that a transform leaves as they are, that JSON writes as they are, and that are sound where one of them is.

    Attributes:
        one: whether a text is of this kind; ``all``: the same of texts with a line break behind each.
    """

    def __init__(self, pattern: bytes) -> None:
        self.one = re.compile(pattern).fullmatch
        self.all = re.compile(rb"(?:(?:%b)\n)*+" % pattern).fullmatch  # possessive, or it would remember each text


#: Row keys as nearly every HIS writes them.
_KEYS = Plain(rb"[0-9A-Za-z][0-9A-Za-z:._-]{0,63}")

#: Numbers as nearly every HIS writes them, by what reads them; zero has no sign.
_NUMBERS: Mapping[str, Plain] = {
    "decimal": Plain(rb"0(?:\.\d{1,4})?|-?[1-9]\d{0,8}(?:\.\d{1,4})?"),
    "unit_price": Plain(rb"0\.\d{1,4}|[1-9]\d{0,8}(?:\.\d{1,4})?"),
    "yuan": Plain(rb"0\.\d\d|-?[1-9]\d{0,8}\.\d\d"),
}

#: Ids as we make them; any of them may stand in a reference where one of them may (identity.py).
_resource_id = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII).fullmatch

_REST_OF_HOUR = frozenset(rest.encode() for rest in WITHIN_THE_HOUR)
_HOUR = 13  # characters of "2021-03-05 14"

#: Between texts that are looked up as one; no cell of a file holds it, and a key that does is never kept.
_BETWEEN = b"\x1f"

#: A time as ``local_time`` makes it of a real moment: in any year of these, it is sound when another one is.
_moment = re.compile(r"[12]\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d([+-]\d\d:\d\d)", re.ASCII).fullmatch

#: So many of a column's times show whether it says the same ones again and again.
_PROBE = 16

#: Numbers of so many digits are written without an exponent.
_DIGITS = 12

#: The JSON of a member in each row, in parts that follow one another; one part alone may be the same for all rows.
Parts = Sequence[bytes | Sequence[bytes]]


class Rows(Sequence[tuple[str, SourceRecord]]):
    """Keys and rows of a table in order of output, which are also there column by column.

    ``@key`` is the row key, ``@name`` the stay's own resource of that mapping file.

    Attributes:
        keys: the row keys.
    """

    def __init__(
        self, table: PackedTable, order: Sequence[int], keys: Sequence[bytes], references: Mapping[str, str]
    ) -> None:
        self._table = table
        self._order = order
        self.keys = keys
        self._references = references
        self._columns: dict[str, Sequence[bytes] | str | None] = {"@key": keys}

    def of(self, column: str) -> Sequence[bytes] | str | None:
        """The texts of a column; one text where it is the same for all rows, None where they do not have it."""
        if column not in self._columns:
            if column[0] == "@":
                self._columns[column] = self._references.get(column[1:])
            else:
                texts = self._table.column(column)
                self._columns[column] = None if texts is None else _picked(texts, self._order)
        return self._columns[column]

    def keys_of(self, columns: Sequence[str]) -> Iterable[Any]:
        """Under what a row's JSON is kept: its text of a column, or those of several as one (``texts_of``)."""
        if not columns:
            return repeat((), len(self))
        texts = [self.of(column) for column in columns]
        each = [repeat(text, len(self)) if text is None or isinstance(text, str) else text for text in texts]
        if len(each) == 1:
            return each[0]
        found = zip(*each, strict=True)
        return found if any(text is None for text in texts) else map(_BETWEEN.join, found)

    def row(self, place: int) -> PackedRow:
        return self._table[self._order[place]]

    def at(self, places: Sequence[int]) -> Rows:
        """Some of them."""
        order = [self._order[place] for place in places]
        return Rows(self._table, order, [self.keys[place] for place in places], self._references)

    def __len__(self) -> int:
        return len(self.keys)

    @overload
    def __getitem__(self, place: int) -> tuple[str, SourceRecord]: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[tuple[str, SourceRecord]]: ...

    def __getitem__(self, place: int | slice) -> tuple[str, SourceRecord] | Sequence[tuple[str, SourceRecord]]:
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(len(self)))]
        return self.keys[place].decode(), cast("SourceRecord", self.row(place))


def texts_of(columns: Sequence[str], key: Any) -> Mapping[str, Any] | None:
    """What ``keys_of`` made a key of, by column; None where a text holds what it puts between them."""
    if len(columns) == 1:
        return {columns[0]: key}
    texts = key.split(_BETWEEN) if isinstance(key, bytes) else key
    return dict(zip(columns, texts, strict=True)) if len(texts) == len(columns) else None


def rows_in_order(
    table: PackedTable, row_key: Sequence[str], prefix: str, references: Mapping[str, str]
) -> Rows | None:
    """The rows of a table by their keys, shorter keys first; None where a key is missing or is not ASCII."""
    columns = [table.column(name) for name in row_key]
    parts = [texts for texts in columns if texts is not None and all(texts)]
    if len(parts) != len(columns):
        return None
    keys = parts[0] if len(parts) == 1 else list(map(b":".join, zip(*parts, strict=True)))
    if prefix:
        keys = [b"%b:%b" % (prefix.encode(), key) for key in keys]
    if not keys or not b"".join(keys).isascii():
        return None
    alike = len(set(map(len, keys))) == 1
    order = sorted(range(len(keys)), key=keys.__getitem__ if alike else lambda at: (len(keys[at]), keys[at]))
    return Rows(table, order, _picked(keys, order), references)


def rows_as_ordered(
    table: PackedTable, ordered: Sequence[tuple[str, SourceRecord]], references: Mapping[str, str]
) -> Rows:
    """The same of rows of the table that were chosen and put in order one by one."""
    places = {id(row): place for place, row in enumerate(table)}
    order = [places[id(row)] for _, row in ordered]
    return Rows(table, order, [key.encode() for key, _ in ordered], references)


def _picked(texts: Sequence[bytes], order: Sequence[int]) -> Sequence[bytes]:
    return itemgetter(*order)(texts) if len(order) > 1 else [texts[place] for place in order]


@dataclass(slots=True)
class Slot:
    """A member, or an entry of one, and its JSON by the texts of its columns; empty JSON where it is absent.

    Attributes:
        plain: holds one text as it stands; whatever ``plain`` accepts is written between ``around``.
        by_hour: holds a time; minutes and seconds are written between what is kept in ``hours`` and ``after``.
        of_type: holds a reference to a resource of the stay; its id is written between what is kept by its type.
        sound: forms of values that the validator passed (``form``).
    """

    member: Member
    columns: tuple[str, ...]
    plain: Plain | None
    by_hour: bool
    known: dict[Any, bytes] = field(default_factory=dict)
    hours: dict[bytes, bytes] = field(default_factory=dict)
    after: bytes | None = None
    of_type: dict[str, tuple[bytes, bytes]] = field(default_factory=dict)
    around: tuple[bytes, bytes] | None = None
    sound: set[bytes] = field(default_factory=set)

    @property
    def of_stay(self) -> bool:
        return len(self.columns) == 1 and self.columns[0][0] == "@" and self.columns[0] != "@key"

    def write(self, rows: Rows) -> Parts:
        """The JSON of each row, or the one that all have. Raises KeyError where a text is not known."""
        if len(self.columns) > 1:
            return (list(map(self.known.__getitem__, rows.keys_of(self.columns))),)
        if not self.columns:
            return (self.known[()],)
        texts = rows.of(self.columns[0])
        if texts is None or isinstance(texts, str):
            return (self._of_all(texts),)
        if self.by_hour:
            return self._times(texts)
        if self.plain is not None and self.around is not None:
            before, after = self.around
            if self.plain.all(b"%b\n" % b"\n".join(texts)):
                return (before, texts, after)
            is_plain = self.plain.one
            return ([before + text + after if is_plain(text) else self.known[text] for text in texts],)
        return (list(map(self.known.__getitem__, texts)),)

    def _of_all(self, text: str | None) -> bytes:
        kind, _, identity = (text or "").rpartition("/")
        around = self.of_type.get(kind)
        if around is not None and _resource_id(identity):
            return around[0] + identity.encode() + around[1]
        return self.known[b"" if text is None and (self.plain or self.by_hour) else text]

    def _times(self, texts: Sequence[bytes]) -> Parts:
        hours, after = self.hours, self.after
        if 2 * len(set(texts[:_PROBE])) <= len(texts[:_PROBE]):  # each is likely to stand in many rows
            written = {text: self._time(text) for text in set(texts)}
            return (list(map(written.__getitem__, texts)),)
        rests = [text[_HOUR:] for text in texts]
        if after is not None and _REST_OF_HOUR.issuperset(rests):
            try:
                return ([hours[text[:_HOUR]] for text in texts], rests, after)
            except KeyError:
                if not self.known:
                    raise
        return ([self._time(text) for text in texts],)

    def _time(self, text: bytes) -> bytes:
        hour, rest = self.hours.get(text[:_HOUR]), text[_HOUR:]
        if hour is None or self.after is None or rest not in _REST_OF_HOUR:
            return self.known[text]
        return hour + rest + self.after

    def knows(self, key: Any) -> bool:
        """Whether ``write`` finds the JSON of a row's text or texts."""
        if self.of_stay:
            kind, _, identity = (key or "").rpartition("/")
            return key in self.known or (kind in self.of_type and _resource_id(identity) is not None)
        if not (self.plain or self.by_hour):
            return key in self.known
        text = key or b""
        if self.plain:
            return (self.around is not None and self.plain.one(text) is not None) or text in self.known
        return (text[:_HOUR] in self.hours and _timed(text)) or text in self.known

    def lacking(self, keys: Iterable[Any]) -> set[Any]:
        """Those that it does not know; of an hour that it does not know, one."""
        keys = set(filterfalse(self.known.__contains__, keys))
        if self.by_hour and None not in keys:
            odd = set() if _REST_OF_HOUR.issuperset([key[_HOUR:] for key in keys]) else set(filterfalse(_timed, keys))
            of_hours = {key[:_HOUR]: key for key in keys.difference(odd)}
            keys = {of_hours[hour] for hour in of_hours.keys() - self.hours.keys()} | odd
        return keys if not (self.plain or self.by_hour or self.of_stay) else set(filterfalse(self.knows, keys))

    def keep(self, key: Any, value: Any) -> None:
        """Keep the JSON of a value, in the most general form that is certain."""
        piece = self._piece(value)
        if self.of_stay and key is not None:
            kind, _, identity = key.rpartition("/")
            if _resource_id(identity) and piece.count(identity.encode()) == 1:
                before, _, after = piece.partition(identity.encode())
                self.of_type[kind] = (before, after)
                return
        if not (self.plain or self.by_hour):
            keep(self.known, key, piece)
            return
        text = key or b""
        if self.plain and self.plain.one(text) and piece.count(text) == 1:
            before, _, after = piece.partition(text)
            self.around = (before, after)
            return
        if self.by_hour and _timed(text) and piece.count(text[_HOUR:]) == 1:
            before, _, after = piece.partition(text[_HOUR:])
            if self.after in (None, after):
                self.after = after
                keep(self.hours, text[:_HOUR], before)
                return
        keep(self.known, text, piece)

    def form(self, value: Any) -> bytes:
        """What makes a value sound: itself, but for the digits of its numbers, and of the moments that it holds."""
        return encode({"": _form(value, moments=self.by_hour)})

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
    return Slot(member, columns, _plain_of(only) if only is not None else None, only is not None and _is_time(only))


def keep(kept: dict[Any, Any], key: Any, value: Any) -> None:
    """Keep one more; beyond the limit, begin anew."""
    if len(kept) >= _KEPT:
        kept.clear()
    kept[key] = value


def _form(value: Any, *, moments: bool) -> Any:
    if isinstance(value, dict):
        return {name: _form(each, moments=moments) for name, each in value.items()}
    if isinstance(value, list):
        return [_form(each, moments=moments) for each in value]
    if isinstance(value, Decimal):
        exponent = value.as_tuple().exponent
        plain = isinstance(exponent, int) and -_DIGITS <= exponent <= 0 and abs(value.adjusted()) <= _DIGITS
        return Decimal((0, (1,), cast("int", exponent))) if plain else value
    if moments and isinstance(value, str) and (found := _moment(value)):
        return found[1]
    return value


def _timed(text: bytes) -> bool:
    return text[_HOUR:] in _REST_OF_HOUR


def _plain_of(entry: Field) -> Plain | None:
    """What kind of texts an entry takes over as they stand: row keys in identifiers, and numbers."""
    value = entry.value
    of_identifier = entry.steps[0][0] == "identifier"
    if isinstance(value, RowKey):
        return _KEYS if of_identifier else None
    if not isinstance(value, Column) or value.codes is not None or value.when is not None:
        return None
    of_key = of_identifier and entry.steps[-1] == ("value", None) and value.transform == "text"
    plain = _KEYS if of_key else _NUMBERS.get(value.transform)
    return None if plain is None or any(plain.one(text.encode()) for text in value.absent) else plain


def _is_time(entry: Field) -> bool:
    """A time that is written to the second; all minutes and seconds of an hour are read alike (transforms.py)."""
    value = entry.value
    return (
        isinstance(value, Column)
        and value.transform == "local_time"
        and SECONDS in value.formats
        and value.codes is None
        and value.when is None
        and not any(_timed(text.encode()) for text in value.absent)
    )
