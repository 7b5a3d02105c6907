"""Which versions of resources each daily bill was made from; a bill keeps what changed since the one before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adapter.cases.window.notice_issues import bill_not_reproduced
from adapter.fhir.canonical import decode
from adapter.ledger.ledger import Transaction
from adapter.ledger.rows import ResourceRow
from adapter.model.issues import AdapterError

#: Paper with the head of the newest bill; ``daily-bill/<number>`` holds each one.
PAPER = "daily-bill"

#: Resources whose stored versions a bill is made from.
MADE_FROM = frozenset({"ChargeItem", "Patient", "Encounter"})

#: Version of each resource by ``Type/id``.
Versions = Mapping[str, int]


def versions_of(stored: Sequence[ResourceRow]) -> dict[str, int]:
    """What a bill that is made now is made from."""
    return {f"{each.type}/{each.id}": each.version for each in stored if each.type in MADE_FROM}


def changed_since(before: Versions, now: Versions) -> dict[str, object]:
    """What a bill's paper keeps: new and changed versions, and what is no longer there."""
    changed = {name: version for name, version in now.items() if before.get(name) != version}
    return {"resources": changed, "gone": sorted(before.keys() - now.keys())}


def versions_at(tx: Transaction, case_id: str, number: int) -> dict[str, int]:
    """The versions that a bill was made from, put together from its paper and those before it; 0: none."""
    found: dict[str, int] = {}
    for each in range(1, number + 1):
        paper = tx.paper(case_id, f"{PAPER}/{each}") or {}
        resources, gone = paper.get("resources"), paper.get("gone")
        if not isinstance(resources, dict) or not isinstance(gone, list):
            raise AdapterError(bill_not_reproduced(case_id, number))
        found.update(resources)
        for name in gone:
            found.pop(name, None)
    return found


def resources_at(
    tx: Transaction, case_id: str, number: int, *, stored: Sequence[ResourceRow] = ()
) -> tuple[dict[str, Any], ...]:
    """The resources that a bill was made from, as they were then.

    Args:
        stored: newest versions that are at hand already; they are not read again.

    Raises:
        AdapterError: CASE-368 a version is not there any more.
    """
    at_hand = {(f"{each.type}/{each.id}", each.version): each for each in stored}
    found = []
    for name, version in versions_at(tx, case_id, number).items():
        kind, _, id_ = name.partition("/")
        row = at_hand.get((name, version)) or tx.resource(kind, id_, version)
        if row is None or row.deleted:
            raise AdapterError(bill_not_reproduced(case_id, number))
        found.append(decode(row.body))
    return tuple(found)
