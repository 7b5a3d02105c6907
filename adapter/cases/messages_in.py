"""HL7 v2 messages on their way to cases: kept for good first, then folded with all that is tied to them (消息接收).

What a stay is follows from every message that was ever kept for it, never from one file: the same message again, or
messages in another order, give the same stays. A message that could not be read holds the stay that it seems to be
about until its file comes again without it being refused.
"""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from itertools import islice
from typing import Protocol, TypeVar

from adapter.cases.refused import held_stays, in_files, refused, stays_about
from adapter.cases.rows_in import NO_ROWS, RowsOf, completed, rows_counted, rows_kept, waiting
from adapter.cases.tools import Act, Feed, Tools
from adapter.fhir.canonical import encode
from adapter.intake.readers.folding import Folder
from adapter.intake.readers.hl7v2 import MessageParser, MessageRefused
from adapter.intake.readers.message_issues import duplicates
from adapter.intake.readers.messages import RefusedMessage, StagedMessages
from adapter.intake.readers.staging import ReadFile
from adapter.model.issues import Issue, stopping
from adapter.model.message import KeptMessage
from adapter.model.source import StayRecords

_Each = TypeVar("_Each")

#: Messages that are kept in one transaction.
_TOGETHER = 200


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of the messages of some files.

    Attributes:
        keys: of every message, known before or not: whatever is tied to them is to be folded.
        issues: how many messages of each file said what another one says.
    """

    keys: tuple[str, ...]
    issues: tuple[Issue, ...]


class Parts(Protocol):
    """What was read and is to be kept for good: messages, or resources that belong together."""

    @property
    def files(self) -> tuple[ReadFile, ...]: ...

    @property
    def issues(self) -> tuple[Issue, ...]: ...

    def messages(self) -> Iterator[KeptMessage]: ...

    def refused(self) -> Iterator[RefusedMessage]: ...


def keep_messages(staged: Parts, feed: Feed, tools: Tools, act: Act) -> Kept:
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


def stays_tied(
    feed: Feed, keys: Iterable[str], tools: Tools, waits: Callable[[Issue], None] = lambda _: None
) -> Iterator[StayRecords]:
    """The stays of all kept messages that are tied to these keys, as they are now, with the rows kept of them.

    The caller records each stay before it asks for the next. Where somebody else has kept more messages or rows
    meanwhile, their stays come once more, so that whoever records last records everything.

    Args:
        waits: told of rows whose stay no message has named yet.
    """
    with tools.ledger.reading() as tx:
        held = held_stays(tx, feed.name)
    done: set[str] = set()
    for key in keys:
        if key in done:
            continue
        own = _stay_of(key)
        seen, stays = (frozenset[str](), -1), own
        while True:
            with tools.ledger.reading() as tx:
                identities = tx.identities_tied(feed.name, [key])
                if (identities, rows_counted(tx, feed, stays)) == seen:
                    break
                tied = tx.messages_tied(feed.name, [key])
                named = (stay for each in tied for name in each.keys for stay in _stay_of(name))
                stays = tuple(dict.fromkeys((*own, *named)))
                seen = (identities, rows_counted(tx, feed, stays))
                rows = {stay: rows_kept(tx, feed, stay) for stay in stays}
            found = [completed(stay, rows) for stay in _folded(feed, tied, held)]
            yield from found
            for stay in set(own) - {each.stay_key for each in found}:
                for issue in waiting(feed, stay, rows[stay]):
                    waits(issue)
            done.update((key, *(each for message in tied for each in message.keys)))


def stays_looked_at(
    staged: StagedMessages,
    feed: Feed,
    tools: Tools,
    rows_of: Callable[[str], RowsOf] = lambda _: NO_ROWS,
    more: Iterable[str] = (),
) -> Iterator[StayRecords]:
    """The stays as they would be if the staged messages were kept; nothing is written.

    Args:
        rows_of: the rows of a stay as they would be.
        more: keys of further stays that are to be looked at.
    """
    keys = dict.fromkeys((*(key for each in staged.messages() for key in each.keys), *more))
    with tools.ledger.reading() as tx:
        for together in _some(keys):
            for kept in tx.messages_tied(feed.name, together):
                staged.keep(kept)
    for stay in staged.stays():
        about = (stay.stay_key, *stay.merged_from)
        yield completed(stay, {each: rows_of(each) for each in about})


def stay_now(feed: Feed, stay_key: str, tools: Tools) -> StayRecords | None:
    """One stay as all its kept messages have it, with the rows kept of it; None when no message is about it."""
    with tools.ledger.reading() as tx:
        tied, held = tx.messages_tied(feed.name, [f"stay:{stay_key}"]), held_stays(tx, feed.name)
        found = next((stay for stay in _folded(feed, tied, held) if stay.stay_key == stay_key), None)
        if found is None:
            return None
        return completed(found, {each: rows_kept(tx, feed, each) for each in (stay_key, *found.merged_from)})


def _stay_of(key: str) -> tuple[str, ...]:
    return (key.removeprefix("stay:"),) if key.startswith("stay:") else ()


def _folded(feed: Feed, tied: Sequence[KeptMessage], known: Mapping[str, Sequence[Issue]]) -> Iterator[StayRecords]:
    assert feed.messages is not None
    parser, folder = MessageParser(feed.messages), Folder(feed.messages, feed.name, feed.prices)
    held = {stay: list(found) for stay, found in known.items()}
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


def _park_refused(staged: Parts, feed: Feed, tools: Tools, act: Act) -> list[str]:
    """Park what could not be read with its bytes. Returns keys of stays that are held by it, or no longer are.

    A file of the same name coming again without the issue settles the matter.
    """
    files = {each.name for each in staged.files}
    standing = {issue.pointer: issue for issue in stopping(staged.issues)}
    keys: list[str] = []
    with tools.ledger.transaction() as tx:
        for parked in refused(tx, feed.name):
            if parked.place not in standing and in_files(parked.place, files):
                tx.resolve_parked(parked.id, **act.said)
                keys += stays_about(parked)
    for each in staged.refused():
        standing.pop(each.issue.pointer, None)
        with tools.ledger.transaction() as tx:
            tx.park(feed.name, None, [each.issue], _packed(each), each.issue.pointer, **act.said)
        keys.append(each.stay)
    with tools.ledger.transaction() as tx:
        for pointer, issue in standing.items():
            tx.park(feed.name, None, [issue], encode({"pointer": pointer}), pointer, **act.said)
    return [f"stay:{stay}" for stay in keys if stay]


def _packed(refused: RefusedMessage) -> bytes:
    """A message that could not be read: its place, the stay that it seems to be about, its bytes."""
    data = b64encode(refused.data).decode("ascii")
    return encode({"pointer": refused.issue.pointer, "stay": refused.stay, "message": data})


def _some(many: Iterable[_Each]) -> Iterator[list[_Each]]:
    rest = iter(many)
    while together := list(islice(rest, _TOGETHER)):
        yield together
