r"""HL7 v2 messages (ER7) → segments of raw fields, hand-split (HL7 v2 消息解析).

A field is kept as it was sent, separators and escapes included; paths (hl7v2_paths.py) find what is inside when it is
asked for. A message that writes with other separators is brought to the usual ones first. What cannot be read raises
``MessageRefused`` with its issue, and stops no other message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from hashlib import blake2b
from zoneinfo import ZoneInfo

from adapter.intake.readers import message_issues as issues
from adapter.intake.readers.hl7v2_files import RawMessage, Undecodable, decoded
from adapter.intake.readers.hl7v2_paths import COMPONENT, ESCAPE, FIELD, REPETITION, SUBCOMPONENT, getter
from adapter.model.issues import Issue
from adapter.model.message import OF_PERSONS, Meaning, MessageShape, path_of
from adapter.model.source import Origin, SourceRecord

_USUAL = COMPONENT + REPETITION + ESCAPE + SUBCOMPONENT
_ESCAPES = {FIELD: "\\F\\", COMPONENT: "\\S\\", REPETITION: "\\R\\", ESCAPE: "\\E\\", SUBCOMPONENT: "\\T\\"}
_NAME = re.compile(r"[A-Z][A-Z0-9]{2}")
_TIME = re.compile(r"(\d{4,14})(?:\.(\d{1,6})\d*)?([+-]\d{4})?\Z", re.ASCII)
_FULL = "00000101000000"
_ADULT = ("", "0", "00")


class MessageRefused(Exception):
    """A message that cannot be read or belongs nowhere; carries its issue.

    Attributes:
        stay: key of the stay that it seems to be about, so that this stay is held; empty when nobody can tell.
    """

    def __init__(self, issue: Issue, stay: str = "") -> None:
        self.issue = issue
        self.stay = stay
        super().__init__(issue.en)


@dataclass(frozen=True, slots=True)
class ReadMessage:
    """A message as it was read.

    Attributes:
        text: decoded, segments ended by CR.
        encoding: what the bytes are; ``declared`` is what MSH-18 says.
    """

    message: Message
    text: str
    encoding: str
    declared: str


@dataclass(slots=True)
class Segment:
    """One segment. ``fields[n]`` is field ``n`` as HL7 counts; ``nth`` its place among its kind, from 1."""

    name: str
    nth: int
    fields: list[str]

    def raw(self, number: int) -> str:
        """A field as sent; ``""`` where the segment ends before it."""
        return self.fields[number] if number < len(self.fields) else ""


@dataclass(frozen=True, slots=True)
class Message:
    """One message.

    Attributes:
        event: ``ADT^A01``; ``meaning`` is what the source's event table makes of it, None where it is not listed.
        sender: MSH-4, the facility that sends.
        control_id: MSH-10, which may be empty or repeat; nothing rests on it.
        order: the order key: the times of the shape's order paths, the most telling first.
        identity: the same for messages that say the same about the same moment, however often they are sent.
        stay, person: the hospital's keys, or empty; ``prior_stay`` and ``prior_person`` those that a merge gives up.
        relevant: it is about a stay or a person with stays (PV1-2).
        several: names of segments that stand more than once.
    """

    file: str
    number: int
    event: str
    meaning: Meaning | None
    sender: str
    control_id: str
    order: tuple[str, ...]
    identity: bytes
    segments: tuple[Segment, ...]
    stay: str = ""
    person: str = ""
    prior_stay: str = ""
    prior_person: str = ""
    relevant: bool = True
    several: frozenset[str] = frozenset()

    @property
    def place(self) -> str:
        """``adt.hl7#3``: file and place in it."""
        return f"{self.file}#{self.number}"

    @property
    def keys(self) -> tuple[str, ...]:
        """Whatever ties this message to others: messages that share a key must be folded together."""
        stays = (f"stay:{each}" for each in (self.stay, self.prior_stay) if each)
        persons = (f"person:{each}" for each in (self.person, self.prior_person) if each)
        return (*stays, *persons)

    def pointer(self, segment: Segment) -> str:
        """``adt.hl7#3/FT1[2]``; the only one of its kind goes without a number."""
        which = f"[{segment.nth}]" if segment.name in self.several else ""
        return f"{self.file}#{self.number}/{segment.name}{which}"

    def first(self, name: str) -> Segment | None:
        return next((each for each in self.segments if each.name == name), None)


class MessageParser:
    """Reads messages of one source. It keeps nothing between messages and may be shared by threads."""

    def __init__(self, shape: MessageShape) -> None:
        self.shape = shape
        self._order = [(name, path_of(name)) for name in shape.order]
        named = ("stay_key", "person_key", "prior_stay", "prior_person", "newborn")
        self._keys = {
            name: (path := path_of(text), getter(path, shape.typed, shape.whole))
            for name in named
            if (text := getattr(shape, name))
        }
        self._class = path_of(shape.inpatient[0]) if shape.inpatient is not None else None

    def read(self, raw: RawMessage, file: str, arrived: str = "") -> ReadMessage:
        """Decode and parse one message. Raises MessageRefused."""
        place = f"{file}#{raw.number}"
        try:
            if raw.refused is not None:
                raise MessageRefused(issues.not_a_message(place, *raw.refused))
            if len(raw.data) > self.shape.limits.message_bytes:
                raise MessageRefused(issues.not_a_message(place, "超过大小上限", "it is larger than the limit"))
            header = raw.data.partition(b"\r")[0].decode("latin-1")
            declared = (header.split(header[3:4] or FIELD) + [""] * 18)[17].strip()
            text, encoding = decoded(raw.data, "GB" in declared.upper())
            return ReadMessage(self.parse(text, file, raw.number, arrived), text, encoding, declared)
        except Undecodable as error:
            refused = MessageRefused(issues.undecodable(place, error.offset), self._seems_about(raw.data))
            raise refused from error
        except MessageRefused as refused:
            raise MessageRefused(refused.issue, refused.stay or self._seems_about(raw.data)) from refused

    def parse(self, text: str, file: str, number: int, arrived: str = "") -> Message:
        """Parse one message whose segments end with CR.

        Args:
            arrived: when or as which one it arrived; the order key of a message that gives no time at all.

        Raises:
            MessageRefused: SRC-120, SRC-124, SRC-125, SRC-136.
        """
        place = f"{file}#{number}"
        segments = self._segments(text, place)
        first: dict[str, Segment] = {}
        for each in reversed(segments):
            first[each.name] = each
        header = first["MSH"]
        event = _event(header, first.get("EVN"))
        if event is None:
            raise MessageRefused(issues.not_a_message(f"{place}/MSH-9", "没有事件类型", "it names no event"))
        meaning = self.shape.events.get(event)
        order, timed = self._order_key(first, place)
        hashed = blake2b(digest_size=16)
        hashed.update(f"{event}\r{'' if timed else order}\r".encode())
        hashed.update(text.partition("\r")[2].rstrip("\r").encode())
        keys = {name: self._key(first, name) for name in self._keys}
        stay, person = keys.get("stay_key", ""), keys.get("person_key", "")
        if (newborn := keys.get("newborn", "")) not in _ADULT:
            stay, person = stay and f"{stay}-B{newborn}", person and f"{person}-B{newborn}"
        relevant = meaning is not Meaning.IGNORE and self._about_a_stay(first)
        if relevant and not stay and not (person and meaning in OF_PERSONS):
            if meaning is None:
                raise MessageRefused(issues.unknown_event(f"{place}/MSH-9", event))
            missing = self.shape.person_key if meaning in OF_PERSONS else self.shape.stay_key
            raise MessageRefused(issues.no_key(f"{place}/{missing}", missing))
        return Message(
            file=file,
            number=number,
            event=event,
            meaning=meaning,
            sender=header.raw(4).partition(COMPONENT)[0],
            control_id=header.raw(10),
            order=order or (arrived,),
            identity=hashed.digest(),
            segments=tuple(segments),
            stay=stay,
            person=person,
            prior_stay=keys.get("prior_stay", "") if meaning is Meaning.MERGE_STAY else "",
            prior_person=keys.get("prior_person", "") if meaning is Meaning.MERGE else "",
            relevant=relevant,
            several=frozenset(each.name for each in segments if each.nth == 2),
        )

    def _seems_about(self, data: bytes) -> str:
        """The stay key of a message that is not whole, as far as its bytes still tell."""
        path, get = self._keys["stay_key"]
        begins = f"\r{path.segment}{FIELD}".encode()
        line = data.partition(begins)[2].partition(b"\r")[0].decode("ascii", "ignore")
        fields = line.split(FIELD)
        return (get(fields[path.field - 1]) or "").strip() if path.field <= len(fields) else ""

    def _segments(self, text: str, place: str) -> list[Segment]:
        if not text.startswith("MSH") or len(text) < 8:
            raise MessageRefused(issues.not_a_message(place, "开头不是 MSH 段", "it does not begin with MSH"))
        if text[3] != FIELD or not _USUAL.startswith(text[4:8].partition(FIELD)[0]):
            text = _with_usual_separators(text, place)
        limits = self.shape.limits
        lines = text.split("\r")
        if len(lines) > limits.segments:
            raise MessageRefused(issues.not_a_message(place, "段数超过上限", "it has more segments than the limit"))
        found: list[Segment] = []
        counted: dict[str, int] = {}
        for line in lines:
            if not line:
                continue
            fields = line.split(FIELD)
            name = fields[0]
            if len(name) != 3 or not _NAME.match(name):
                where = f"{place}/{found[-1].name if found else 'MSH'}"
                raise MessageRefused(
                    issues.not_a_message(where, "其后的一行不是消息段", "a line after it is no segment")
                )
            counted[name] = nth = counted.get(name, 0) + 1
            if len(fields) > limits.fields:
                raise MessageRefused(
                    issues.not_a_message(f"{place}/{name}[{nth}]", "字段过多", "it has too many fields")
                )
            if len(line) > limits.parts and any(_parts(each) > limits.parts for each in fields):
                raise MessageRefused(issues.not_a_message(f"{place}/{name}[{nth}]", "字段过深", "a field is too deep"))
            if name == "MSH":
                if found:
                    raise MessageRefused(issues.not_a_message(place, "含有两个 MSH 段", "it has a second MSH"))
                fields.insert(1, FIELD)
            found.append(Segment(name, nth, fields))
        return found

    def _order_key(self, first: dict[str, Segment], place: str) -> tuple[tuple[str, ...], bool]:
        """The order key, and whether the first of its paths had a time. Raises MessageRefused for no readable time."""
        key = []
        for name, path in self._order:
            segment = first.get(path.segment)
            raw = segment.raw(path.field) if segment is not None else ""
            if not raw:
                continue
            moment = moment_of(raw.partition(COMPONENT)[0], self.shape.zone)
            if moment is None:
                raise MessageRefused(issues.order_key_unreadable(f"{place}/{name}", name))
            key.append(moment)
        evident = bool(self._order) and (segment := first.get(self._order[0][1].segment)) is not None
        return tuple(key), evident and bool(segment and segment.raw(self._order[0][1].field))

    def _key(self, first: dict[str, Segment], name: str) -> str:
        path, get = self._keys[name]
        segment = first.get(path.segment)
        return (get(segment.raw(path.field)) or "").strip() if segment is not None else ""

    def _about_a_stay(self, first: dict[str, Segment]) -> bool:
        """Whether PV1-2 or its like says inpatient; a message without it is taken for one."""
        if self._class is None or self.shape.inpatient is None:
            return True
        segment = first.get(self._class.segment)
        text = segment.raw(self._class.field) if segment is not None else ""
        return not text or text.partition(COMPONENT)[0] in self.shape.inpatient[1]


def segment_records(message: Message, source: str) -> Iterator[SourceRecord]:
    """The message as rows, one per segment, by field number (``PID-3``): what a sample shows before any mapping.

    Every row also says ``message`` (MSH-10), ``event`` and ``order`` (the order key).
    """
    known = {"message": message.control_id, "event": message.event, "order": "|".join(message.order)}
    for segment in message.segments:
        fields = known | {f"{segment.name}-{n}": text for n, text in enumerate(segment.fields) if n and text}
        origin = Origin(source, message.file, segment.name, message.number, {segment.name: message.pointer(segment)})
        yield SourceRecord(origin, fields)


def _event(header: Segment, evn: Segment | None) -> str | None:
    """``ADT^A01`` of MSH-9, with EVN-1 where MSH-9 names the message only."""
    parts = header.raw(9).split(COMPONENT)
    event = parts[1] if len(parts) > 1 and parts[1] else evn.raw(1) if evn is not None else ""
    return f"{parts[0]}^{event}" if parts[0] and event else None


def _parts(raw: str) -> int:
    return raw.count(REPETITION) + raw.count(COMPONENT) + raw.count(SUBCOMPONENT)


def _with_usual_separators(text: str, place: str) -> str:
    """The message as one with ``|^~\\&`` would say it; what would be taken for a separator there is escaped."""
    field = text[3]
    written = text[4:].partition(field)[0]
    if field.isalnum() or field in written or not 1 <= len(written) <= 5 or len(set(written)) != len(written):
        raise MessageRefused(issues.not_a_message(f"{place}/MSH-2", "分隔符有误", "its separators are wrong"))
    theirs = field + written[:4]
    changed = {ord(usual): _ESCAPES[usual] for usual in FIELD + _USUAL if usual not in theirs}
    changed |= {ord(one): usual for one, usual in zip(theirs, FIELD + _USUAL, strict=False)}
    after = 4 + len(written)
    return f"MSH{FIELD}{_USUAL}{text[after:].translate(changed)}"


def moment_of(text: str, zone: ZoneInfo) -> str | None:
    """An HL7 time as 20 digits of the source's local time, so that texts compare as times do; None: no such time.

    >>> moment_of("202103051430", ZoneInfo("Asia/Shanghai"))
    '20210305143000000000'
    >>> moment_of("20210305063000+0000", ZoneInfo("Asia/Shanghai"))
    '20210305143000000000'
    """
    digits = text if text.isascii() and text.isdigit() else ""
    if len(digits) == 14:
        return f"{digits}000000" if _exists(digits[:8]) and _within_a_day(digits[8:]) else None
    return _moment(text, zone)


@lru_cache(maxsize=4096)
def _moment(text: str, zone: ZoneInfo) -> str | None:
    match = _TIME.match(text)
    if match is None or len(match[1]) % 2:
        return None
    digits = match[1] + _FULL[len(match[1]) :]
    fraction = (match[2] or "").ljust(6, "0")
    if not (_exists(digits[:8]) and _within_a_day(digits[8:])):
        return None
    if match[3]:
        offset = timedelta(hours=int(match[3][1:3]), minutes=int(match[3][3:])) * (-1 if match[3][0] == "-" else 1)
        there = datetime.strptime(digits, "%Y%m%d%H%M%S").replace(tzinfo=timezone(offset))
        digits = there.astimezone(zone).strftime("%Y%m%d%H%M%S")
    return digits + fraction


@lru_cache(maxsize=4096)
def _exists(day: str) -> bool:
    try:
        datetime.strptime(day, "%Y%m%d")  # noqa: DTZ007 - a calendar check only
    except ValueError:
        return False
    return True


def _within_a_day(time: str) -> bool:
    return time[:2] < "24" and time[2:4] < "60" and time[4:] < "60"
