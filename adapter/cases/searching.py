"""Search over kept resources: the index proposes, the resources decide, and the journal says who looked (检索)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from adapter.cases.served import is_personal
from adapter.cases.tools import Act, Tools
from adapter.fhir.canonical import reread
from adapter.fhir.names import identifiers
from adapter.fhir.posted import WRITABLE, case_id_of, kind_of, local_name, space_of
from adapter.fhir.search import issues
from adapter.fhir.search.parameters import parameter_number, parameters_of, searched_types, value_number
from adapter.fhir.search.query import Include, Query
from adapter.fhir.search.terms import reference_number, values_at
from adapter.fhir.search.values import reference_of
from adapter.ledger.ledger import Transaction
from adapter.ledger.resources import Name
from adapter.ledger.rows import ResourceRow
from adapter.model.issues import AdapterError
from adapter.model.search import AnyValue, Search

#: Resources that are looked at for one page, at most: what the index cannot tell is not searched for without an end.
MOST_LOOKED_AT = 20_000
#: Resources that come along with a page, at most.
MOST_INCLUDED = 2_000


@dataclass(frozen=True, slots=True)
class Kept:
    """A resource as it is kept, and as it reads.

    Attributes:
        posted: as a hospital posted it; else as the cases have it.
    """

    row: ResourceRow
    resource: dict[str, Any] = field(repr=False)
    posted: bool = False

    @property
    def name(self) -> Name:
        """Type and id."""
        return self.row.type, self.row.id

    @property
    def case_name(self) -> Name:
        """As the cases call it."""
        return self.row.type, case_id_of(self.resource) if self.posted else self.row.id


@dataclass(frozen=True, slots=True)
class SearchAnswer:
    """One page.

    Attributes:
        included: what came along, by type and id; none of the found ones.
        following: the place after which the next page begins; None on the last one.
        total: how many match in all, where that was asked for.
        cut: more would have come along than is given at once.
        of_posted: what hospitals posted was found, since the cases had nothing; the next page is of the same.
    """

    found: tuple[Kept, ...]
    included: tuple[Kept, ...] = ()
    following: tuple[int, int] | None = None
    total: int | None = None
    cut: bool = False
    of_posted: bool = False


def search_resources(query: Query, tools: Tools, act: Act) -> SearchAnswer:
    """Answer a search. Whoever finds a person's resources stands in the journal of each case that they belong to.

    Searched on one unchanging view, so that it waits for nobody who writes. The lines are committed before the answer
    is given: no line, no data.

    Raises:
        AdapterError: FHIR-206, the conditions are so wide that too many resources would have to be looked at.
    """
    with tools.ledger.reading() as tx:
        query = with_case_ids(tx, query)
        total = _count(tx, query) if query.total else None
        if query.summary == "count" or not query.count:
            return SearchAnswer((), total=total)
        found, following = page(tx, query, query.count, space_of(query.type) if query.posted else query.type)
        of_posted = query.posted or (not found and query.after is None and query.type in WRITABLE)
        if of_posted and not query.posted:
            found, following = page(tx, query, query.count, space_of(query.type))
        included, cut = _along(tx, query, found)
        shown = _shown_by_case(tx, (*found, *included))
    if shown:
        with tools.ledger.transaction() as tx:
            _write_down(tx, query, shown, act)
    return SearchAnswer(tuple(found), tuple(included), following, total, cut, of_posted)


def with_case_ids(tx: Transaction, query: Query) -> Query:
    """A question in which references to posted resources lead to what the cases have of them as well.

    ``context=Encounter/E1`` asks for ``Encounter/E1,Encounter/6f0ca281-…``; so does each of several, and a bare id.
    """
    places = {place for each in query.criteria if each.parameter.kind == "reference" for place in each.places}
    names = sorted(name for place in places if (name := local_name(place)) is not None)
    rows = tx.newest_resources((space_of(kind), id_) for kind, id_ in names)
    ours = {f"{kind_of(row.type)}/{row.id}": f"{kind_of(row.type)}/{case_id_of(reread(row.body))}" for row in rows}
    if not ours:
        return query
    led = [
        replace(
            each, places=tuple(dict.fromkeys((*each.places, *(ours[place] for place in each.places if place in ours))))
        )
        for each in query.criteria
    ]
    return replace(query, criteria=tuple(led))


def _search(query: Query, space: str, after: tuple[int, int] | None) -> Search:
    return Search(
        type=space,
        everything=parameter_number(space, ""),
        updated=parameter_number(query.type, "_lastUpdated"),
        conditions=tuple(condition for each in query.criteria for condition in each.conditions()),
        order=query.order,
        descending=query.descending,
        after=after,
    )


def page(tx: Transaction, query: Query, count: int, space: str) -> tuple[list[Kept], tuple[int, int] | None]:
    """Resources that match, in order, and the place after which more of them stand.

    Args:
        space: the type, or where what was posted of it is kept.
    """
    found: list[Kept] = []
    places: list[tuple[int, int]] = []
    after, looked_at, step = query.after, 0, count + 1
    by_writing = any(each.parameter.name == "_lastUpdated" for each in query.criteria)
    while True:
        proposed = tx.find(_search(query, space, after), step)
        places_of = {each.id: each.place for each in proposed}
        for row in tx.newest_resources((space, each.id) for each in proposed):
            if row.deleted:
                continue
            resource = reread(row.body)
            asked = told(row, resource) if by_writing else resource
            if all(criterion.matches(asked) for criterion in query.criteria):
                found.append(Kept(replace(row, type=query.type), resource, posted=space != query.type))
                places.append(places_of[row.id])
        if len(found) > count:
            return found[:count], places[count - 1]
        if len(proposed) < step:
            return found, None
        after, looked_at = proposed[-1].place, looked_at + len(proposed)
        if looked_at >= MOST_LOOKED_AT:
            raise AdapterError(issues.too_costly(query.type, looked_at))
        step = min(step * 4, 1_000)


def _count(tx: Transaction, query: Query) -> int:
    """How many match among what the cases have; where none does, among what hospitals posted."""
    count = 0 if query.posted else _count_in(tx, query, query.type)
    return count if count or query.type not in WRITABLE else _count_in(tx, query, space_of(query.type))


def _count_in(tx: Transaction, query: Query, space: str) -> int:
    """How many match: what the index proposes, where it can tell all that was asked."""
    if all(each.told_by_index for each in query.criteria):
        return tx.count_found(_search(query, space, None))
    return len(page(tx, replace(query, after=None), MOST_LOOKED_AT, space)[0])


class Versioned(Protocol):
    """A version of a resource, and when it was written."""

    @property
    def version(self) -> int: ...

    @property
    def at(self) -> datetime: ...


def told(row: Versioned, resource: dict[str, Any]) -> dict[str, Any]:
    """A resource with what the ledger knows of it: its version and when it was written."""
    known = {"versionId": str(row.version), "lastUpdated": row.at.isoformat(timespec="milliseconds")}
    return {**resource, "meta": {**resource.get("meta", {}), **known}}


# -- what comes along -------------------------------------------------------------------------------------------------


def _along(tx: Transaction, query: Query, found: Sequence[Kept]) -> tuple[list[Kept], bool]:
    """Resources that the found ones point to, or that point to them, as far as that was asked for."""
    have = {each.name for each in found}
    along: dict[Name, Kept] = {}
    new: Sequence[Kept] = found
    while new and len(along) < MOST_INCLUDED:
        first = new is found
        names = _pointed_to(new, [each for each in query.includes if first or each.again])
        names += _pointing(tx, new, [each for each in query.revincludes if first or each.again])
        wanted = [name for name in dict.fromkeys(names) if name not in have and name not in along]
        new = _newest(tx, wanted[: MOST_INCLUDED - len(along)])
        along |= {each.name: each for each in new}
    return [along[name] for name in sorted(along)], len(along) >= MOST_INCLUDED


def _newest(tx: Transaction, names: Sequence[Name]) -> list[Kept]:
    """What the cases have under these names, or else what hospitals posted; deleted ones are left out."""
    rows = tx.newest_resources(names)
    have = {(row.type, row.id) for row in rows}
    others = [name for name in names if name not in have]
    return [Kept(row, reread(row.body)) for row in rows if not row.deleted] + _posted(tx, others)


def _posted(tx: Transaction, names: Iterable[Name]) -> list[Kept]:
    """What hospitals posted under these names."""
    rows = tx.newest_resources((space_of(kind), id_) for kind, id_ in names if kind in WRITABLE)
    plain = (replace(row, type=kind_of(row.type)) for row in rows if not row.deleted)
    return [Kept(row, reread(row.body), posted=True) for row in plain]


def _pointed_to(kept: Sequence[Kept], includes: Sequence[Include]) -> list[Name]:
    names: list[Name] = []
    for include in includes:
        for each in kept:
            if each.row.type != include.type:
                continue
            known = parameters_of(include.type)
            wanted = known.values() if include.parameter == "*" else (known[include.parameter],)
            for parameter in wanted:
                if parameter.kind == "reference":
                    values = (value for place in parameter.places for value in values_at(each.resource, place))
                    names += _own_names(values, include.target)
    return names


def _own_names(values: Iterable[Any], target: str | None) -> list[Name]:
    """``Type/id`` of references that may point to what is kept here."""
    names: list[Name] = []
    for value in values:
        kind, slash, id_ = (reference_of(value)[0] or "").partition("/")
        if slash and kind in _SEARCHED and "/" not in id_ and target in (None, kind):
            names.append((kind, id_))
    return names


def _pointing(tx: Transaction, kept: Sequence[Kept], includes: Sequence[Include]) -> list[Name]:
    """What points to these: the cases' own, and what was posted and is in no case."""
    names: list[Name] = []
    for include in includes:
        to = [each for each in kept if include.target in (None, each.row.type)]
        names += _referring(tx, include, include.type, [each.name for each in to])
        if include.type in WRITABLE:
            called = [*(each.name for each in to), *_called_when_posted(tx, to)]
            names += _in_no_case(tx, _referring(tx, include, space_of(include.type), called))
    return names


def _referring(tx: Transaction, include: Include, space: str, to: Sequence[Name]) -> list[Name]:
    """Names of the resources in a space that point to some with what an include asks for."""
    known = parameters_of(include.type)
    wanted = known.values() if include.parameter == "*" else (known[include.parameter],)
    values = tuple(reference_number("/".join(name)) for name in to)
    everything, updated = parameter_number(space, ""), parameter_number(include.type, "_lastUpdated")
    return [
        (include.type, each.id)
        for parameter in wanted
        if parameter.kind == "reference" and values
        for each in tx.find(Search(space, everything, updated, (AnyValue(parameter.number, values),)), MOST_INCLUDED)
    ]


def _called_when_posted(tx: Transaction, kept: Sequence[Kept]) -> list[Name]:
    """What hospitals call resources that the cases have: theirs of the same identifiers that became these."""
    wanted: dict[str, set[int]] = {}
    for each in kept:
        if each.row.type in WRITABLE and not each.posted:
            marks = (f"{system}|{value}" for system, value in identifiers(each.resource))
            wanted.setdefault(each.row.type, set()).update(map(value_number, marks))
    ours, found = {each.name for each in kept}, []
    for kind, values in wanted.items():
        space, parameter = space_of(kind), parameters_of(kind).get("identifier")
        if parameter is None or not values:
            continue
        everything, updated = parameter_number(space, ""), parameter_number(kind, "_lastUpdated")
        search = Search(space, everything, updated, (AnyValue(parameter.number, tuple(sorted(values))),))
        found += [(kind, each.id) for each in tx.find(search, MOST_INCLUDED)]
    return [each.name for each in _posted(tx, found) if each.case_name in ours and each.name not in ours]


def _in_no_case(tx: Transaction, names: Iterable[Name]) -> list[Name]:
    """Those of some posted resources that the cases do not have."""
    posted = _posted(tx, dict.fromkeys(names))
    theirs = {(row.type, row.id) for row in tx.newest_resources(each.case_name for each in posted)}
    return [each.name for each in posted if each.case_name not in theirs]


_SEARCHED = frozenset(searched_types())


def _shown_by_case(tx: Transaction, seen: Sequence[Kept]) -> dict[str, list[str]]:
    """By case, the resources of persons that are about to be shown; those of no case under ``""``."""
    personal = [each for each in seen if is_personal(each.row.type)]
    cases = tx.cases_of_resources(each.case_name for each in personal)
    by_case: dict[str, list[str]] = {}
    for each in personal:
        for case_id in cases.get(each.case_name) or [""]:
            by_case.setdefault(case_id, []).append("/".join(each.name))
    return by_case


def _write_down(tx: Transaction, query: Query, by_case: Mapping[str, Sequence[str]], act: Act) -> None:
    """Who looked, for what kind of thing, and what was shown: a line in each case that it belongs to.

    The searched values are not written down; they may be a person's.
    """
    asked = sorted({each.parameter.name for each in query.criteria})
    for case_id, shown in sorted(by_case.items()):
        tx.note(case_id, "resources-searched", {"type": query.type, "by": asked, "shown": shown}, **act.said)
