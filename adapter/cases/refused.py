"""What could not be read waits for a person, and still holds the stays that it may be about (读取未成).

It is parked under its place without a stay of its own; a file of the same name that comes again without it settles it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from adapter.fhir.canonical import decode
from adapter.ledger.ledger import Transaction
from adapter.ledger.rows import ParkedRow
from adapter.model.issues import Issue

#: Of one source, so many may wait at a time and still hold their stays.
_MOST = 100_000


def refused(tx: Transaction, source: str) -> list[ParkedRow]:
    """Everything of a source that could not be read and that nobody has settled yet."""
    return [each for each in tx.parked(source=source, limit=_MOST) if each.stay_key is None]


def stays_about(parked: ParkedRow) -> tuple[str, ...]:
    """The stays that it seems to be about; none where nobody can tell."""
    body = decode(parked.body)
    stays = body.get("stays", [body.get("stay", "")])
    return tuple(str(stay) for stay in stays if stay)


def held_stays(tx: Transaction, source: str) -> Mapping[str, Sequence[Issue]]:
    """By stay, the issues of what could not be read of it."""
    found: defaultdict[str, list[Issue]] = defaultdict(list)
    for parked in refused(tx, source):
        for stay in stays_about(parked):
            found[stay] += parked.issues
    return found


def in_files(place: str, files: Collection[str]) -> bool:
    """Whether a place (``a.csv``, ``a.csv#3``, ``a.csv:7``, ``a.csv@120``) lies in one of these files."""
    return any(place == file or (place.startswith(file) and place[len(file)] in "#:@/") for file in files)
