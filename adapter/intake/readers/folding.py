"""Folding: all messages of a stay become its current rows (消息归并). Pure.

The end state is a function of the set of messages and of each one's order key, never of how they arrived:

- messages that say the same about the same moment count once, however often they are sent;
- every field of the stay's row is what the message with the highest order key says of it, where a message about the
  stay itself goes before one that only brings charges, and the record that a merge kept before the one it gave up;
- rows and entries are replaced by key, or by group, in the same way;
- different texts at equal order keys are a conflict: an issue that holds the stay until a later message decides.

A field that a message leaves out says nothing; ``""`` says that there is nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b

from adapter.intake.readers import message_issues as issues
from adapter.intake.readers.entries import AMOUNTS, Entry, book, check_currency, is_undoing
from adapter.intake.readers.extraction import Extractor, Taken, groups, taken
from adapter.intake.readers.hl7v2 import Message, Segment
from adapter.intake.readers.timeline import StayNow, standing
from adapter.model.issues import Issue
from adapter.model.message import EntryKind, EntryRules, Meaning, MessageShape, PriceList, RowTable, is_path
from adapter.model.source import Origin, SourceRecord, StayRecords

#: Later is greater: (the surviving record's own, about the stay itself, order key).
_Rank = tuple[bool, bool, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Folded:
    """The stays that some messages make.

    Attributes:
        stays: in order of their keys.
        duplicates: messages that say what another one says, by file.
    """

    stays: tuple[StayRecords, ...]
    duplicates: dict[str, int]


@dataclass(slots=True)
class _Said:
    """The latest that was said of something, and who contradicts it at the same order key."""

    rank: _Rank
    message: Message
    content: object
    value: object
    rival: Message | None = None


@dataclass(slots=True)
class _Memory:
    """What was said, by what it is about."""

    said: dict[tuple[str, ...], _Said] = field(default_factory=dict)

    def take(self, about: tuple[str, ...], rank: _Rank, message: Message, content: object, value: object) -> None:
        known = self.said.get(about)
        if known is None or rank > known.rank:
            self.said[about] = _Said(rank, message, content, value)
        elif rank == known.rank and content != known.content:
            known.rival = known.rival or message


@dataclass(slots=True)
class _Stay:
    fields: _Memory = field(default_factory=_Memory)
    person: _Memory = field(default_factory=_Memory)
    rows: _Memory = field(default_factory=_Memory)
    entries: _Memory = field(default_factory=_Memory)
    messages: list[Message] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)


class Folder:
    """Folds messages of one source. It keeps nothing between calls and may be shared by threads.

    Args:
        prices: the item master, for messages that hold no amounts.
    """

    def __init__(self, shape: MessageShape, source: str, prices: PriceList | None = None) -> None:
        self.shape = shape
        self.source = source
        self.prices = prices
        self._of_stay = [taken(each, each, shape) for each in shape.columns.get(shape.stay_table, ()) if is_path(each)]
        self._used = {each.of_field for each in self._of_stay}
        self._tables = {each.segments[0]: _Rows(each, shape) for each in shape.tables}
        self._rules = {first: _Entries(rules, shape) for first, rules in shape.entries.items()}
        grouped = [*(each.segments for each in shape.tables), *(each.segments for each in shape.entries.values())]
        self._first_of = {name: segments[0] for segments in grouped for name in segments}

    def fold(self, messages: Iterable[Message]) -> Folded:
        """The current rows of every stay that the messages are about.

        Messages that share a key (``Message.keys``) must be folded together; others may be.
        """
        unique, doubled = _unique(messages)
        persons = _aliases((each.prior_person, each.person) for each in unique)
        merged = _aliases((each.prior_stay, each.stay) for each in unique)
        people: defaultdict[str, _Memory] = defaultdict(_Memory)
        stays: defaultdict[str, _Stay] = defaultdict(_Stay)
        for message in unique:
            if message.stay and message.person:
                rank = (True, message.meaning is not Meaning.ENTRIES, message.order)
                now = persons(message.person)
                stays[message.stay].person.take(("person",), rank, message, now, now)
        for message in unique:
            self._take(message, people, stays, persons, merged)
        found = [self._records(key, stays[key], people, merged) for key in sorted(stays) if stays[key].messages]
        given_up = sorted({each.prior_stay for each in unique if each.prior_stay and each.stay})
        for place, stay in enumerate(found):
            taken_over = tuple(each for each in given_up if each != stay.stay_key and merged(each) == stay.stay_key)
            if taken_over:
                found[place] = replace(stay, merged_from=taken_over)
        return Folded(tuple(found), doubled)

    # -- taking messages in ------------------------------------------------------------------------------------------

    def _take(
        self,
        message: Message,
        people: defaultdict[str, _Memory],
        stays: defaultdict[str, _Stay],
        persons: Callable[[str], str],
        merged: Callable[[str], str],
    ) -> None:
        stay = stays[message.stay] if message.stay else None
        own = message.person or (str(stay.person.said[("person",)].value) if stay and stay.person.said else "")
        rank = (persons(own) == own, message.meaning is not Meaning.ENTRIES, message.order)
        if stay is not None:
            stay.messages.append(message)
            if message.meaning is None:
                stay.issues.append(issues.unknown_event(f"{message.place}/MSH-9", message.event))
                return
        for segment in message.segments:
            of_person = segment.name in self.shape.person_segments
            if not of_person and segment.name not in self.shape.stay_segments:
                continue
            for number in range(1, len(segment.fields)):
                raw = segment.fields[number]
                if not raw:
                    continue
                name = f"{segment.name}-{number}"
                if of_person and name not in self.shape.of_stay:
                    if own:
                        people[persons(own)].take((name,), rank, message, raw, segment)
                elif stay is not None:
                    stay.fields.take((name,), (True, *rank[1:]), message, raw, segment)
        if stay is not None:
            into = merged(message.stay)
            self._take_rows(message, stays[into], (into == message.stay, *rank[1:]))

    def _take_rows(self, message: Message, current: _Stay, rank: _Rank) -> None:
        """Rows and entries; those of a stay that was merged into another are the other's, its own going before."""
        snapshots: dict[tuple[str, ...], list[SourceRecord]] = {}
        for place, (first, group) in enumerate(groups(message, self._first_of)):
            if first in self._rules:
                if message.meaning is Meaning.ENTRIES:
                    self._take_entry(message, current, rank, first, group, place)
                continue
            rows = self._tables[first]
            record, about = rows.record(message, group, self.source)
            snapshot = snapshots.setdefault(about, [])
            if record is not None:
                snapshot.append(record)
        for about, records in snapshots.items():
            content = tuple(tuple(sorted(each.fields.items())) for each in records)
            current.rows.take(about, rank, message, content, records)

    def _take_entry(
        self, message: Message, stay: _Stay, rank: _Rank, first: str, group: list[Segment], place: int
    ) -> None:
        entry, problem = self._rules[first].entry(message, group, place, self.source)
        if problem is not None:
            stay.issues.append(problem)
        if entry is not None:
            stay.entries.take((first, entry.key), (True, True, rank[2]), message, (entry.kind, entry.fields), entry)

    # -- giving rows out ---------------------------------------------------------------------------------------------

    def _records(
        self, key: str, stay: _Stay, people: defaultdict[str, _Memory], merged: Callable[[str], str]
    ) -> StayRecords:
        shape = self.shape
        person = str(stay.person.said[("person",)].value) if stay.person.said else ""
        now = standing(stay.messages)
        found = list(stay.issues)
        found += _conflicts((stay.person,), None)
        found += _conflicts((people[person], stay.fields), self._used)
        for one, other in now.conflicts:
            found.append(issues.conflict(f"{one.place}/MSH-9", other.place, "MSH-9"))
        into = merged(key)
        state = StayNow.MERGED if into != key else now.state
        root = self._root(key, stay, people[person], person, state, now.settled)
        tables: dict[str, Sequence[SourceRecord]] = {shape.stay_table: (root,)}
        if into != key:
            return StayRecords(key, tables, (*found, issues.merged_away(root.origin.pointer(), into)), into)
        if not now.seen:
            found.append(issues.not_registered(root.origin.pointer()))
        for about in sorted(stay.rows.said):
            said = stay.rows.said[about]
            tables[about[0]] = (*tables.get(about[0], ()), *self._with_stay(said.value, key))
        found += _conflicts((stay.rows, stay.entries), None)
        booked = book([_entry(each.value, key) for each in stay.entries.said.values()], self.prices)
        for name, rows in ((shape.charge_table, booked.charges), (shape.payment_table, booked.payments)):
            if rows:
                tables[name] = tuple(rows)
        return StayRecords(key, tables, tuple(dict.fromkeys((*found, *booked.issues))))

    def _root(self, key: str, stay: _Stay, people: _Memory, person: str, state: StayNow, settled: bool) -> SourceRecord:
        """The stay's own row: each field from whichever message said it last."""
        said = {about[0]: each for about, each in people.said.items()}
        said |= {about[0]: each for about, each in stay.fields.said.items()}
        newest = max(stay.messages, key=lambda each: (each.meaning is not Meaning.ENTRIES, each.order, each.identity))
        gone = state in (StayNow.CANCELLED, StayNow.MERGED)
        fields = {"stay": key, "person": person, "state": state.value, "sender": newest.sender}
        fields["account"] = "void" if gone else "settled" if settled else "open"
        parts = {name: f"{newest.place}/MSH-{field}" for name, field in (("state", 9), ("account", 9), ("sender", 4))}
        covered = set()
        for column in self._of_stay:
            covered.add(column.of_field)
            known = said.get(column.of_field)
            if known is None:
                continue
            text = column.get(str(known.content))
            if text is not None:
                fields[column.column] = text
                parts[column.column] = _pointer(known, column.suffix)
        for name, known in said.items():
            if name not in covered:
                fields[name] = str(known.content)
                parts[name] = _pointer(known, name.partition("-")[2])
        origin = Origin(self.source, newest.file, self.shape.stay_table, newest.number, parts)
        return SourceRecord(origin, fields)

    @staticmethod
    def _with_stay(records: object, key: str) -> tuple[SourceRecord, ...]:
        assert isinstance(records, list)
        return tuple(SourceRecord(each.origin, {**each.fields, "stay": key}) for each in records)


class _Rows:
    """How one table of rows is read."""

    def __init__(self, table: RowTable, shape: MessageShape) -> None:
        self.table = table
        self.extract = Extractor(table.segments, shape.columns.get(table.name, ()), shape)
        together = table.key if table.replaces is None else table.replaces
        self.together = [taken(each, each, shape) for each in together]
        self.deleted = (taken("", table.deleted[0], shape), table.deleted[1]) if table.deleted is not None else None

    def record(
        self, message: Message, group: list[Segment], source: str
    ) -> tuple[SourceRecord | None, tuple[str, ...]]:
        """The row, None where the message deletes it; and what it replaces."""
        about = (self.table.name, *(_text(group, each) for each in self.together))
        if self.deleted is not None and _text(group, self.deleted[0]) in self.deleted[1]:
            return None, about
        parts = self.extract.parts(message, group)
        origin = Origin(source, message.file, self.table.name, message.number, parts)
        return SourceRecord(origin, self.extract.fields(group)), about


class _Entries:
    """How one kind of entry is read."""

    def __init__(self, rules: EntryRules, shape: MessageShape) -> None:
        self.rules = rules
        named = {name: getattr(rules, name) for name in (*AMOUNTS, "unit")}
        known = dict.fromkeys((*shape.columns.get(shape.charge_table, ()), *shape.columns.get(shape.payment_table, ())))
        self.tables = (shape.charge_table, shape.payment_table)
        own = [each for each in known if is_path(each) and each.partition("-")[0] in rules.segments]
        self.extract = Extractor(rules.segments, own, shape, named)
        paths = {"key": rules.key, "undoes": rules.undoes, "kind": rules.kind, "state": rules.state}
        paths["currency"] = rules.currency
        self.read = {name: taken(name, path, shape) for name, path in paths.items() if path}

    def entry(
        self, message: Message, group: list[Segment], place: int, source: str
    ) -> tuple[Entry | None, Issue | None]:
        rules = self.rules
        texts = {name: _text(group, each) for name, each in self.read.items()}
        kind = rules.kinds.get(texts.get("kind", ""), rules.otherwise)
        parts = self.extract.parts(message, group)
        payment = kind is EntryKind.PAYMENT
        origin = Origin(source, message.file, self.tables[payment], message.number, parts)
        if kind is None:
            return None, issues.unknown_kind(origin.pointer(rules.kind), texts.get("kind", "")[:12])
        fields = self.extract.fields(group)
        full = texts.get("key", "")
        number = full[: -rules.sign_length] if rules.sign_length else full
        key = full or f"~{_digest(message.identity)}-{place}"
        if is_undoing(kind):
            key = f"{key}-{kind.value}-{''.join(filter(str.isdigit, fields.get('at', '')))}"
        void = texts.get("state", "") in rules.void_states
        entry = Entry(key, number, kind, texts.get("undoes", ""), message.order, fields, origin, rules, void)
        return entry, check_currency(entry, texts.get("currency"))


def _entry(value: object, stay: str) -> Entry:
    """The entry, once more for this folding: booking writes into it."""
    assert isinstance(value, Entry)
    fields = {**value.fields, "stay": stay}
    return Entry(
        value.key, value.number, value.kind, value.undoes, value.order, fields, value.origin, value.rules, value.void
    )


def _unique(messages: Iterable[Message]) -> tuple[list[Message], dict[str, int]]:
    """Each message once, in the order of order keys; of equal ones the earliest sent, by place where that is equal."""
    kept: dict[bytes, Message] = {}
    doubled: dict[str, int] = {}
    for message in messages:
        if not message.relevant:
            continue
        known = kept.get(message.identity)
        if known is None:
            kept[message.identity] = message
            continue
        first, second = sorted((known, message), key=lambda each: (each.order, each.file, each.number))
        kept[message.identity] = first
        doubled[second.file] = doubled.get(second.file, 0) + 1
    return sorted(kept.values(), key=lambda each: (each.order, each.identity)), doubled


def _aliases(merges: Iterable[tuple[str, str]]) -> Callable[[str], str]:
    """Who is who after all merges, taken in their order; one that turns an earlier one round wins over it."""
    into: dict[str, str] = {}

    def now(key: str) -> str:
        while key in into:
            key = into[key]
        return key

    for prior, survivor in merges:
        if not prior or not survivor or prior == survivor:
            continue
        if now(survivor) == prior:
            into.pop(survivor)
        if now(prior) != now(survivor):
            into[now(prior)] = survivor
    return now


def _conflicts(memories: Iterable[_Memory], used: set[str] | None) -> list[Issue]:
    """Contradictions that nothing later has decided; of fields, only of those that the mapping reads."""
    found = []
    for memory in memories:
        for about, said in memory.said.items():
            if said.rival is not None and (used is None or about[0] in used):
                one, other = sorted((said.message, said.rival), key=lambda each: each.identity)
                found.append(issues.conflict(f"{one.place}/{about[0]}", other.place, "/".join(about)))
    return found


def _text(group: Sequence[Segment], column: Taken) -> str:
    for segment in group:
        if segment.name == column.segment:
            return column.get(segment.raw(column.field)) or ""
    return ""


def _pointer(said: _Said, suffix: str) -> str:
    assert isinstance(said.value, Segment)
    return f"{said.message.pointer(said.value)}-{suffix}"


def _digest(identity: bytes) -> str:
    return blake2b(identity, digest_size=10).hexdigest()
