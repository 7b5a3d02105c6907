"""Resources of a hospital that speaks FHIR on their way to cases: kept for good first, then folded (FHIR 资源接收).

What a stay is follows from every version of every resource that was ever kept of it, so that a later Bundle may bring
one changed charge alone. A resource that waits for its stay goes on when that comes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from adapter.cases.messages_in import keep_messages
from adapter.cases.refused import held_stays
from adapter.cases.tools import Act, Feed, Tools
from adapter.intake.readers.fhir_bundle import StagedBundles, fold, shared_keys
from adapter.intake.readers.fhir_bundle.sent import unpacked
from adapter.ledger.ledger import Transaction
from adapter.model.issues import Issue
from adapter.model.message import KeptMessage
from adapter.model.native import NativeShape
from adapter.model.source import StayRecords

#: A stay that nobody has sent is parked under the name of its Encounter.
_NAMED = "Encounter"


def stays_of_resources(
    staged: StagedBundles,
    feed: Feed,
    tools: Tools,
    act: Act,
    *,
    dry_run: bool,
    found: Callable[[Issue], None],
) -> Iterator[StayRecords]:
    """Keep what came, then every stay that is tied to it, as it is now. A dry run keeps nothing.

    The caller records each stay before it asks for the next. Where somebody else has kept more meanwhile, their stays
    come once more, so that whoever records last records everything.
    """
    if dry_run:
        yield from _looked_at(staged, feed, tools)
        return
    kept = keep_messages(staged, feed, tools, act)
    for issue in kept.issues:
        found(issue)
    done: set[str] = set()
    for key in kept.keys:
        if key in done or key.startswith("shared:"):
            continue
        seen: frozenset[str] = frozenset()
        while True:
            with tools.ledger.reading() as tx:
                if (now := tx.identities_tied(feed.name, [key])) == seen:
                    break
                tied, stays = _tied(tx, feed, [key])
            _settle_waiting(feed, stays, tools, act)
            yield from stays
            done.update(each for part in tied for each in part.keys)
            seen = now


def stay_of_resources(feed: Feed, stay_key: str, tools: Tools) -> StayRecords | None:
    """One stay as everything that was kept of it has it; None when nothing is about it."""
    with tools.ledger.reading() as tx:
        _, stays = _tied(tx, feed, [f"stay:{stay_key}"])
    return next((stay for stay in stays if stay.stay_key == stay_key), None)


def _tied(tx: Transaction, feed: Feed, keys: Sequence[str]) -> tuple[list[KeptMessage], list[StayRecords]]:
    """Everything that is tied to these keys, and the stays that it makes."""
    tied = tx.messages_tied(feed.name, keys)
    sent = [each for part in tied for each in unpacked(part)]
    shared = [each for key in sorted(shared_keys(sent)) for each in tx.messages_tied(feed.name, [key])]
    sent += [each for part in _once(shared) for each in unpacked(part)]
    return tied, fold(sent, _shape(feed), feed.name, held_stays(tx, feed.name))


def _looked_at(staged: StagedBundles, feed: Feed, tools: Tools) -> Iterator[StayRecords]:
    """The stays as they would be if what came were kept."""
    keys = dict.fromkeys(key for part in staged.messages() for key in part.keys)
    with tools.ledger.reading() as tx:
        earlier = _once(part for key in keys for part in tx.messages_tied(feed.name, [key]))
        for part in earlier:
            staged.keep(part)
        sent = (each for part in earlier for each in unpacked(part))
        for part in _once(
            part for key in shared_keys(sent) - keys.keys() for part in tx.messages_tied(feed.name, [key])
        ):
            staged.keep(part)
    yield from staged.stays()


def _settle_waiting(feed: Feed, stays: Sequence[StayRecords], tools: Tools, act: Act) -> None:
    """What waited for these stays under the names of their encounters waits no longer."""
    names = {row.fields["name"] for stay in stays for row in stay.tables.get(_NAMED, ())}
    with tools.ledger.transaction() as tx:
        for name in sorted(names):
            for parked in tx.parked(source=feed.name, stay_key=name):
                tx.resolve_parked(parked.id, **act.said)


def _once(parts: Iterable[KeptMessage]) -> list[KeptMessage]:
    return list({part.identity: part for part in parts}.values())


def _shape(feed: Feed) -> NativeShape:
    native = feed.mapper.mapping.native
    assert native is not None
    return native.shape
