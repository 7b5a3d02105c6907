"""HL7 v2 messages on their way to cases: kept for good first, then folded with all that is tied to them (消息接收).

What a stay is follows from every message that was ever kept for it, never from one file: the same message again, or
messages in another order, give the same stays. A message that could not be read holds the stay that it seems to be
about until its file comes again without it being refused.
"""

from __future__ import annotations

from base64 import b64encode
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from itertools import islice
from typing import TypeVar

from adapter.cases.tools import Act, Feed, Tools
from adapter.fhir.canonical import decode, encode
from adapter.intake.readers.folding import Folder
from adapter.intake.readers.hl7v2 import MessageParser, MessageRefused
from adapter.intake.readers.message_issues import duplicates
from adapter.intake.readers.messages import RefusedMessage, StagedMessages
from adapter.ledger.ledger import Transaction
from adapter.ledger.rows import ParkedRow
from adapter.model.issues import Issue, stopping
from adapter.model.message import KeptMessage
from adapter.model.source import StayRecords

_Each = TypeVar("_Each")

#: Messages that are kept in one transaction.
_TOGETHER = 200
#: Refused messages of one source that may wait at a time and still hold their stays.
_MOST_REFUSED = 100_000


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of the messages of some files.

    Attributes:
        keys: of every message, known before or not: whatever is tied to them is to be folded.
        issues: how many messages of each file said what another one says.
    """

    keys: tuple[str, ...]
    issues: tuple[Issue, ...]


def keep_messages(staged: StagedMessages, feed: Feed, tools: Tools, act: Act) -> Kept:
    """Keep every message that was read, and park every one that was refused: afterwards nothing can be lost."""
    keys = dict.fromkeys(_park_refused(staged, feed, tools, act))
    known: Counter[str] = Counter()
    moment = f"{act.at.astimezone(UTC):%Y%m%d%H%M%S%f}"
    for together in _some(staged.messages()):
        with tools.ledger.transaction() as tx:
            for each in together:
                keys |= dict.fromkeys(each.keys)
                new = tx.keep_message(feed.name, replace(each, arrived=f"{moment}-{each.arrived}"), **act.said)
                known[each.file] += not new
    return Kept(tuple(keys), tuple(duplicates(file, count) for file, count in sorted(known.items()) if count))


def stays_tied(feed: Feed, keys: Iterable[str], tools: Tools) -> Iterator[StayRecords]:
    """The stays of all kept messages that are tied to these keys, as they are now.

    The caller records each stay before it asks for the next. Where somebody else has kept more messages meanwhile,
    their stays come once more, so that whoever records last records everything.
    """
    with tools.ledger.reading() as tx:
        refused = _refused_by_stay(tx, feed.name)
    done: set[str] = set()
    for key in keys:
        if key in done:
            continue
        seen: frozenset[str] = frozenset()
        while True:
            with tools.ledger.reading() as tx:
                if (now := tx.identities_tied(feed.name, [key])) == seen:
                    break
                tied = tx.messages_tied(feed.name, [key])
            yield from _folded(feed, tied, refused)
            done.update(each for message in tied for each in message.keys)
            seen = now


def stays_looked_at(staged: StagedMessages, feed: Feed, tools: Tools) -> Iterator[StayRecords]:
    """The stays as they would be if the staged messages were kept; nothing is written."""
    keys = dict.fromkeys(key for each in staged.messages() for key in each.keys)
    with tools.ledger.reading() as tx:
        for together in _some(keys):
            for kept in tx.messages_tied(feed.name, together):
                staged.keep(kept)
    yield from staged.stays()


def stay_now(feed: Feed, stay_key: str, tools: Tools) -> StayRecords | None:
    """One stay as all its kept messages have it; None when none of them is about it."""
    with tools.ledger.reading() as tx:
        tied, refused = tx.messages_tied(feed.name, [f"stay:{stay_key}"]), _refused_by_stay(tx, feed.name)
    return next((stay for stay in _folded(feed, tied, refused) if stay.stay_key == stay_key), None)


def _folded(feed: Feed, tied: Sequence[KeptMessage], refused: Mapping[str, Sequence[Issue]]) -> Iterator[StayRecords]:
    assert feed.messages is not None
    parser, folder = MessageParser(feed.messages), Folder(feed.messages, feed.name, feed.prices)
    held = {stay: list(found) for stay, found in refused.items()}
    messages = []
    for each in tied:
        try:
            messages.append(parser.parse(each.text, each.file, each.number, each.arrived))
        except MessageRefused as error:  # the mapping was another when it was kept
            for key in each.keys:
                held.setdefault(key.removeprefix("stay:"), []).append(error.issue)
    for stay in folder.fold(messages).stays:
        found = held.get(stay.stay_key, ())
        yield replace(stay, issues=(*found, *stay.issues)) if found else stay


def _park_refused(staged: StagedMessages, feed: Feed, tools: Tools, act: Act) -> list[str]:
    """Park what could not be read with its bytes. Returns keys of stays that are held by it, or no longer are.

    A file of the same name coming again without the issue settles the matter.
    """
    files = {each.name for each in staged.files}
    standing = {issue.pointer: issue for issue in stopping(staged.issues)}
    keys = []
    with tools.ledger.transaction() as tx:
        for parked in _refused(tx, feed.name):
            if parked.place not in standing and parked.place.partition("#")[0] in files:
                tx.resolve_parked(parked.id, **act.said)
                keys.append(_about(parked))
    for refused in staged.refused():
        standing.pop(refused.issue.pointer, None)
        with tools.ledger.transaction() as tx:
            tx.park(feed.name, None, [refused.issue], _packed(refused), refused.issue.pointer, **act.said)
        keys.append(refused.stay)
    with tools.ledger.transaction() as tx:
        for pointer, issue in standing.items():
            tx.park(feed.name, None, [issue], encode({"pointer": pointer}), pointer, **act.said)
    return [f"stay:{stay}" for stay in keys if stay]


def _packed(refused: RefusedMessage) -> bytes:
    """A message that could not be read: its place, the stay that it seems to be about, its bytes."""
    data = b64encode(refused.data).decode("ascii")
    return encode({"pointer": refused.issue.pointer, "stay": refused.stay, "message": data})


def _refused(tx: Transaction, source: str) -> list[ParkedRow]:
    return [each for each in tx.parked(source=source, limit=_MOST_REFUSED) if each.stay_key is None]


def _refused_by_stay(tx: Transaction, source: str) -> Mapping[str, Sequence[Issue]]:
    found: defaultdict[str, list[Issue]] = defaultdict(list)
    for parked in _refused(tx, source):
        if stay := _about(parked):
            found[stay] += parked.issues
    return found


def _about(parked: ParkedRow) -> str:
    return str(decode(parked.body).get("stay", ""))


def _some(many: Iterable[_Each]) -> Iterator[list[_Each]]:
    rest = iter(many)
    while together := list(islice(rest, _TOGETHER)):
        yield together
