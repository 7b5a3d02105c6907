"""Messages that come one by one from a sender who waits for the answer: stored first, taken afterwards (逐条接收).

Each frame is a file of the inbox under a name of its own, written in the transaction that keeps its messages; until the
stays that it touches have been taken it is unprocessed, and found again after a crash (``arrivals.go_on``).
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC
from hashlib import sha256
from io import BytesIO

from adapter.cases import issues
from adapter.cases.arrival_issues import sends_no_messages
from adapter.cases.messages_in import stays_tied
from adapter.cases.recording import Fate, StayTaken, take_stay
from adapter.cases.refused import refused, stays_about
from adapter.cases.tools import Act, Feed, Tools
from adapter.fhir.canonical import decode, encode
from adapter.intake.readers.hl7v2 import MessageParser, MessageRefused
from adapter.intake.readers.hl7v2_files import BatchCount, RawMessage, split
from adapter.intake.readers.message_issues import batch_count
from adapter.ledger.rows import ParkedRow
from adapter.model.issues import AdapterError, Issue
from adapter.model.message import KeptMessage

#: Every frame's name begins so.
FRAME = "mllp-"


@dataclass(frozen=True, slots=True)
class Frame:
    """What is known of a frame once it is stored.

    Attributes:
        keys: whatever is tied to them is to be taken; empty where nothing is.
        control: MSH-10 of its first message, or empty.
        messages: how many were kept, for the first time or again.
        refused: why messages in it could not be read; they are parked with their bytes.
        new: nobody had sent these bytes before.
        through: nothing is left to be taken.
    """

    source: str
    name: str
    digest: str
    keys: tuple[str, ...]
    control: str
    messages: int
    refused: tuple[Issue, ...]
    new: bool
    through: bool

    @property
    def stays(self) -> frozenset[str]:
        """Keys of the stays that its messages name."""
        return frozenset(key.removeprefix("stay:") for key in self.keys if key.startswith("stay:"))


@dataclass(frozen=True, slots=True)
class _Refused:
    raw: RawMessage
    issue: Issue
    stay: str


def keep_frame(source: str, data: bytes, name: str, tools: Tools, act: Act) -> Frame:
    """Store a frame for good, in one transaction. Nothing is taken yet.

    Args:
        data: the bytes between the marks of the frame: one message, or several.
        name: begins with ``FRAME``, and no other frame has it; issues and lineage name the frame so.

    Raises:
        AdapterError: the source is unknown or sends no messages, or the ledger is busy: nothing is stored.
    """
    feed = tools.feed(source)
    if feed.messages is None:
        raise AdapterError(sends_no_messages(source))
    kept, bad, counts = _read(feed, data, name, f"{act.at.astimezone(UTC):%Y%m%d%H%M%S%f}")
    keys = dict.fromkeys(
        (*(key for each in kept for key in each.keys), *(f"stay:{each.stay}" for each in bad if each.stay))
    )
    digest = sha256(data).hexdigest()
    with tools.ledger.transaction() as tx:
        row = tx.receive(source, name, digest, len(data), data, **act.said)
        if row.processed_at is None:
            for each in kept:
                tx.keep_message(source, each, **act.said)
            for wrong in bad:
                tx.park(source, None, [wrong.issue], _packed(wrong), wrong.issue.pointer, **act.said)
            for issue in counts:
                tx.park(source, None, [issue], encode({"pointer": issue.pointer}), issue.pointer, **act.said)
            if not keys:
                tx.mark_processed(source, digest, **act.said)
    return Frame(
        source=source,
        name=row.name,
        digest=digest,
        keys=tuple(keys),
        control=_header(data)[9],
        messages=len(kept),
        refused=(*(each.issue for each in bad), *counts),
        new=row.new,
        through=not keys or row.processed_at is not None,
    )


def take_frames(
    frames: Sequence[Frame], tools: Tools, act: Act, taken_one: Callable[[StayTaken], None] = lambda _: None
) -> None:
    """Take every stay that frames of one source touch, each once, and say that the frames are through."""
    feed = tools.feed(frames[0].source)
    keys = dict.fromkeys(key for frame in frames for key in frame.keys)
    keys |= dict.fromkeys(_settled_by(frames, feed, tools, act))
    for records in stays_tied(feed, keys, tools):
        taken_one(take_stay(feed, records, tools, act))
    with tools.ledger.transaction() as tx:
        for digest in dict.fromkeys(frame.digest for frame in frames):
            tx.mark_processed(feed.name, digest, **act.said)


def replay_refused(parked: ParkedRow, tools: Tools, act: Act) -> StayTaken:
    """Read a refused message again under today's mapping, and take its stays.

    Raises:
        AdapterError: it still cannot be read, or what is parked is no message.
    """
    feed, body = tools.feed(parked.source), decode(parked.body)
    if feed.messages is None or "message" not in body:
        raise AdapterError(issues.send_file_again(parked.place), *parked.issues)
    name, _, rest = parked.place.partition("#")
    raw = RawMessage(int(rest.partition("/")[0]), b64decode(body["message"]))
    try:
        read = MessageParser(feed.messages).read(raw, name)
    except MessageRefused as error:
        raise AdapterError(error.issue) from error
    keys, number = read.message.keys, raw.number
    arrived = f"{act.at.astimezone(UTC):%Y%m%d%H%M%S%f}-{number:020d}"
    with tools.ledger.transaction() as tx:
        if read.message.relevant:
            kept = KeptMessage(read.message.identity.hex(), keys, name, number, read.text, arrived)
            tx.keep_message(feed.name, kept, **act.said)
        tx.resolve_parked(parked.id, **act.said)
    also = tuple(f"stay:{stay}" for stay in stays_about(parked))
    taken = [take_stay(feed, each, tools, act) for each in stays_tied(feed, dict.fromkeys((*keys, *also)), tools)]
    of_stay = (each for each in taken if each.stay_key == read.message.stay)
    return next(of_stay, taken[0] if taken else StayTaken(parked.place, "", Fate.UNCHANGED))


def _read(feed: Feed, data: bytes, name: str, moment: str) -> tuple[list[KeptMessage], list[_Refused], list[Issue]]:
    """The messages of a frame that matter, those that cannot be read, and trailers that count otherwise than we do."""
    assert feed.messages is not None
    parser = MessageParser(feed.messages)
    kept, bad, counts = [], [], []
    for raw in split(BytesIO(data), feed.messages.limits.message_bytes):
        if isinstance(raw, BatchCount):
            counts.append(batch_count(f"{name}#{raw.number}", raw.said, raw.found))
            continue
        arrived = f"{moment}-{raw.number:020d}"
        try:
            read = parser.read(raw, name, arrived)
        except MessageRefused as error:
            bad.append(_Refused(raw, error.issue, error.stay))
            continue
        if read.message.relevant:
            identity = read.message.identity.hex()
            kept.append(KeptMessage(identity, read.message.keys, name, raw.number, read.text, arrived))
    return kept, bad, counts


def _header(data: bytes) -> tuple[str, ...]:
    """MSH as sent, by HL7 number less one; at least twelve fields, empty ones included."""
    line = data.partition(b"\r")[0].partition(b"\n")[0].decode("latin-1")
    fields = line.split(line[3]) if line.startswith("MSH") and len(line) > 3 else []
    return (*fields, *("" for _ in range(12)))


def _sent_as(data: bytes) -> str:
    """What a sender calls a message: application, facility, event, control id; empty without a control id."""
    fields = _header(data)
    return "|".join((fields[2], fields[3], fields[8], fields[9])) if fields[9] else ""


def _packed(wrong: _Refused) -> bytes:
    """A refused message: its place, the stay that it seems to be about, what its sender calls it, its bytes."""
    message = b64encode(wrong.raw.data).decode("ascii")
    return encode(
        {"pointer": wrong.issue.pointer, "stay": wrong.stay, "sent_as": _sent_as(wrong.raw.data), "message": message}
    )


def _settled_by(frames: Sequence[Frame], feed: Feed, tools: Tools, act: Act) -> list[str]:
    """A message that was refused and has come again under the same name, readable: the matter is settled.

    Returns keys of the stays that it held.
    """
    with tools.ledger.reading() as tx:
        waiting = [each for each in refused(tx, feed.name) if each.place.startswith(FRAME)]
        if not waiting:
            return []
        bodies = [tx.received_body(feed.name, frame.digest) or b"" for frame in frames]
    again = {_sent_as(body): frame for body, frame in zip(bodies, frames, strict=True) if frame.messages}
    keys: list[str] = []
    for each in waiting:
        body = decode(each.body)
        frame = again.get(body.get("sent_as") or "-")
        if frame is not None and (not body["stay"] or body["stay"] in frame.stays):
            with tools.ledger.transaction() as tx:
                tx.resolve_parked(each.id, **act.said)
            keys += [f"stay:{stay}" for stay in stays_about(each)]
    return keys
