"""Differences of all reconciled days as a work list; a named person closes each with a reason (对账差异待办)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from adapter.cases.reconcile import DAYS
from adapter.cases.reconcile_issues import no_open_difference
from adapter.cases.tools import Act, Tools
from adapter.ledger.ledger import Transaction
from adapter.model.issues import AdapterError
from adapter.rules.programme.collection import require_person

#: How the names of papers begin that say who closed which differences of a day.
CLOSED = "reconciliation-closed/"
#: A difference is closed for as long as these stay what they were.
_AMOUNTS = ("ours", "theirs", "other_day")


@dataclass(frozen=True, slots=True)
class OpenDifference:
    """One difference of a reconciled day.

    Attributes:
        told: kind, key, payer, both amounts, and what to do, as the day's comparison keeps them.
        closed: who closed it, when and why; None while it is open.
    """

    endpoint: str
    facility: str
    day: str
    told: Mapping[str, str]
    closed: Mapping[str, str] | None

    @property
    def id(self) -> str:
        return self.told["id"]

    def as_json(self) -> dict[str, Any]:
        where = {"endpoint": self.endpoint, "facility": self.facility, "day": self.day}
        return {**where, **self.told, "closed": None if self.closed is None else dict(self.closed)}


def differences(tools: Tools, *, endpoint: str | None = None, closed: bool = False) -> list[OpenDifference]:
    """What the newest comparison of each day found, oldest day first: the open ones, or with ``closed`` all.

    A day that is compared again keeps what was closed closed, unless an amount has changed since.
    """
    with tools.ledger.reading() as tx:
        found = _all(tx, endpoint)
    return [each for each in found if closed or each.closed is None]


def close_difference(id_: str, tools: Tools, act: Act) -> OpenDifference:
    """A person dealt with a difference and says how. Books and statement stay as they are.

    Raises:
        AdapterError: REC-603 no such open difference, PRG-282 by the service.
    """
    require_person(id_, act.actor, "close a difference", "处理对账差异")
    with tools.ledger.transaction() as tx:
        mine = [each for each in _all(tx, None) if each.id == id_ and each.closed is None]
        if not mine:
            raise AdapterError(no_open_difference(id_))
        found = mine[0]
        name = f"{CLOSED}{found.endpoint}/{found.facility}/{found.day}"
        tx.hold_paper("", name)
        told = {each: found.told[each] for each in _AMOUNTS}
        told |= {"by": act.actor.id, "at": act.at.isoformat(), "reason": act.reason}
        tx.file_paper("", name, {**(tx.paper("", name) or {}), id_: told}, **act.said)
        return OpenDifference(found.endpoint, found.facility, found.day, found.told, told)


def _all(tx: Transaction, endpoint: str | None) -> list[OpenDifference]:
    ended = tx.papers_named("", CLOSED)
    found = []
    for name, paper in tx.papers_named("", DAYS).items():
        where = [str(paper.get(each, "")) for each in ("endpoint", "facility", "day")]
        if endpoint not in (None, where[0]):
            continue
        closed = ended.get(f"{CLOSED}{name.removeprefix(DAYS)}", {})
        rows = cast("list[dict[str, str]]", paper["differences"])
        found += [
            OpenDifference(where[0], where[1], where[2], told, _still(told, closed.get(told["id"])))
            for told in rows
            if "id" in told  # a day that was compared before differences had ids is compared again first
        ]
    return sorted(found, key=lambda each: (each.day, each.endpoint, each.told["key"], each.told["kind"]))


def _still(told: Mapping[str, str], closed: object) -> Mapping[str, str] | None:
    """The closing, as long as no amount has changed since."""
    if not isinstance(closed, dict) or any(closed[name] != told[name] for name in _AMOUNTS):
        return None
    return closed
