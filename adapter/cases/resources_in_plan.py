"""Where each posted resource goes, before anything is written: conditions, ids, versions, references (写入前的安排)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl
from uuid import uuid4

from adapter.cases.searching import page, with_case_ids
from adapter.fhir import posted_issues as issues
from adapter.fhir.canonical import reread
from adapter.fhir.identity import resource_id
from adapter.fhir.posted import (
    called_in_files,
    condition_in,
    key_in,
    key_of_kept,
    kind_of,
    local_name,
    references_in,
    space_of,
    within_bundle,
)
from adapter.fhir.search.query import Query, parse
from adapter.ledger.ledger import Transaction
from adapter.ledger.rows import ResourceRow
from adapter.model.issues import AdapterError, Issue

Name = tuple[str, str]

#: Resources that a condition may find before other hospitals' are told from ours.
_LOOKED_AT = 200


@dataclass(frozen=True, slots=True)
class Change:
    """One resource that a hospital wants to have written.

    Attributes:
        create: a POST; else a PUT.
        identity: the id in the address of a PUT.
        condition: a search; a POST is made only if nothing matches, a PUT changes what matches.
        in_address: the condition stood in an address, where a person's data must not be.
        version: the present one, as If-Match says it; 0: there must be none (If-None-Match); None: nothing is said.
        full_url: how other entries of the same Bundle refer to it.
        place: where it stands in what was sent; empty for a body of its own.
    """

    kind: str
    resource: Mapping[str, Any] = field(repr=False)
    create: bool = True
    identity: str = ""
    condition: str = ""
    in_address: bool = False
    version: int | None = None
    full_url: str = ""
    place: str = ""

    def pointer(self, inner: str) -> str:
        return f"{self.place}/{inner}" if self.place else inner


@dataclass(slots=True)
class Planned:
    """Where one goes.

    Attributes:
        id, key: ours, and the hospital's own.
        before: the version that is there.
        there: it is there already and stays as it is.
        of_case: what is there was not posted; the case made it of a file.
        like: the earlier one of the same transaction that makes it.
        elsewhere: the id under which the hospital POSTed it, where a PUT names its own.
    """

    change: Change
    id: str
    key: str
    before: ResourceRow | None = None
    there: bool = False
    of_case: bool = False
    like: Planned | None = None
    elsewhere: str = ""
    kept: dict[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Plan:
    """Where all go.

    Attributes:
        links: by the text of each reference that does not lead here by itself, ``Type/id``.
        said: the texts of all references, as they are kept.
        called: ``Type/id`` by ``fullUrl``, for addresses that are no references (``urn:uuid:…`` in a link).
    """

    each: Sequence[Planned]
    links: Mapping[str, str]
    said: Sequence[str]
    called: Mapping[str, str] = field(default_factory=dict)


def planned(tx: Transaction, source: str, changes: Sequence[Change], base: str) -> Plan:
    """A plan for every change, with what is there now. Raises AdapterError: all that stands in the way."""
    plan = _places(tx, source, changes, base)
    _look_up(tx, source, plan)
    found = [issue for each in plan for issue in _in_the_way(source, each)]
    found += _twice(plan)
    found += _called_alike(plan)
    called = _called(plan)
    texts = references_in(each.change.resource for each in plan if not each.there)
    if any(each.change.place for each in plan):  # by itself, a resource is kept as it is
        found += _resolve(tx, source, plan, base, texts, called)
    if found:
        raise AdapterError(*found)
    ours = {text: called.get(text) or (text.removeprefix(f"{base}/") if base else text) for text in texts}
    links = {text: place for text, place in ours.items() if place != text}
    within = {url: place for url, place in called.items() if within_bundle(url)}
    return Plan(plan, links, list(dict.fromkeys(ours.values())), within)


def _places(tx: Transaction, source: str, changes: Sequence[Change], base: str) -> list[Planned]:
    """Where each change goes; one condition finds one resource. Raises AdapterError: all that cannot be told."""
    conditional: dict[tuple[str, ...], Planned] = {}
    plan: list[Planned] = []
    found: list[Issue] = []
    for change in changes:
        asked = (change.kind, *map(str, sorted(parse_qsl(change.condition))))
        known = conditional.get(asked) if change.condition else None
        try:
            if known is None or (known.there and not change.create):
                each = _place(tx, source, change, base)
            else:
                each = _again(change, known) if change.create else Planned(change, known.id, known.key)
        except AdapterError as error:
            found += error.issues
            continue
        if change.condition:
            conditional.setdefault(asked, each)
        plan.append(each)
    if found:
        raise AdapterError(*found)
    return plan


def _place(tx: Transaction, source: str, change: Change, base: str) -> Planned:
    own = key_in(change.resource)
    if change.condition:
        query = _query(change, base)
        found = _matching(tx, source, query)
        if len(found) > 1:
            raise AdapterError(issues.several_match(change.pointer(change.kind), len(found)))
        if found and change.create:
            return Planned(change, found[0].id, "", found[0], there=True, of_case=found[0].type == change.kind)
        if found:
            return Planned(change, found[0].id, "", found[0], of_case=found[0].type == change.kind)
        if not change.create and own:  # R4: nothing matches and the resource brings an id: an update that creates
            return Planned(change, own, own)
    if not change.create and not change.condition:
        return Planned(change, change.identity, change.identity)
    key = own or str(uuid4())
    return Planned(change, resource_id(source, change.kind, key), key)


def _again(change: Change, first: Planned) -> Planned:
    """The same conditional create twice in one transaction is one resource."""
    return Planned(change, first.id, first.key, first.before, there=True, of_case=first.of_case, like=first)


def _query(change: Change, base: str) -> Query:
    """Raises AdapterError: FHIR-20x a search that is wrong, FHIR-284 one without a condition."""
    try:
        query = parse(change.kind, parse_qsl(change.condition), base=base, in_address=change.in_address)
    except AdapterError as error:
        raise AdapterError(*(replace(each, pointer=change.pointer(each.pointer)) for each in error.issues)) from error
    if not query.criteria:
        raise AdapterError(issues.entry_unusable(change.pointer(change.kind), "条件为空", "its condition is empty"))
    if any(within_bundle(place) for each in query.criteria for place in each.places):
        told = "条件不能引用同一 Bundle 的条目", "a condition names an entry of its own Bundle, which it never finds"
        raise AdapterError(issues.entry_unusable(change.pointer(change.kind), *told))
    return query


def _matching(tx: Transaction, source: str, query: Query) -> list[ResourceRow]:
    """What a hospital has that matches: what it posted, or where that is nothing, what its cases have.

    Rows of what was posted are of the type under which that is kept.
    """
    query = with_case_ids(tx, query)
    for space in (space_of(query.type), query.type):
        found = page(tx, query, _LOOKED_AT, space)[0]
        rows = [each.row for each in found if each.row.source == source]
        if rows:
            names = [(space, row.id) for row in rows]
            return tx.newest_resources(names)
    return []


def _look_up(tx: Transaction, source: str, plan: Sequence[Planned]) -> None:
    """What is there now, of everything that is to be written."""
    open_ = [each for each in plan if not each.there]
    names = [(space_of(each.change.kind), id_) for each in open_ for id_ in (each.id, each.key) if id_]
    names += [(space_of(each.change.kind), _when_posted(source, each)) for each in open_ if not each.change.create]
    posted = {(kind_of(row.type), row.id): row for row in tx.newest_resources(names)}
    others = [(each.change.kind, each.id) for each in open_ if (each.change.kind, each.id) not in posted]
    cases = {(row.type, row.id): row for row in tx.newest_resources(others) if not row.deleted}
    for each in open_:
        name = (each.change.kind, each.id)
        each.before = posted.get(name)
        under_its_own = posted.get((each.change.kind, each.key)) if each.change.create else None
        if each.before is None and under_its_own is not None and under_its_own.source == source:
            each.before = under_its_own
        each.of_case = name in cases and not each.change.create
        if each.before is not None and not each.change.create:
            each.key = key_of_kept(reread(each.before.body))
        elif not each.change.create:
            there = posted.get((each.change.kind, _when_posted(source, each)))
            each.elsewhere = there.id if there is not None and there.source == source else ""


def _when_posted(source: str, each: Planned) -> str:
    """The id that a resource of this key was given, if it was POSTed."""
    return resource_id(source, each.change.kind, each.key or each.id)


def _in_the_way(source: str, each: Planned) -> Iterator[Issue]:
    change, pointer = each.change, each.change.pointer(f"{each.change.kind}/{each.id}")
    if each.there:
        return
    own = key_in(change.resource)
    if each.of_case or (each.before is not None and each.before.source != source):
        yield issues.id_is_taken(pointer)
    elif change.create and each.before is not None:
        yield issues.already_posted(pointer)
    elif each.elsewhere:
        yield issues.posted_elsewhere(pointer, f"{change.kind}/{each.elsewhere}")
    elif change.condition and not change.create and own not in ("", each.id):
        yield issues.not_what_is_addressed(pointer)
    elif change.version == 0 and each.before is not None:
        yield issues.there_already(pointer)
    elif change.version is not None and change.version != (each.before.version if each.before else 0):
        yield issues.version_is_another(pointer, each.before.version if each.before else 0)


def _twice(plan: Sequence[Planned]) -> Iterator[Issue]:
    """One resource is written once: neither its address nor the hospital's own key may stand twice."""
    ids: set[Name] = set()
    keys: set[Name] = set()
    for each in plan:
        name, key = (each.change.kind, each.id), (each.change.kind, each.key)
        if each.there:
            continue
        if name in ids or key in keys:
            yield issues.same_resource_twice(each.change.pointer("/".join(name)))
        ids.add(name)
        keys.add(key)


def _called_alike(plan: Sequence[Planned]) -> Iterator[Issue]:
    """R4 bdl-7: a fullUrl names one resource of a Bundle; with two of them nobody knows which one is referred to."""
    called: dict[str, Name] = {}
    for each in plan:
        url, name = each.change.full_url, (each.change.kind, each.id)
        if url and called.setdefault(url, name) != name:
            yield issues.same_full_url(each.change.pointer("/".join(name)))


def _called(plan: Sequence[Planned]) -> dict[str, str]:
    """``Type/id`` of what is written, by the ``fullUrl`` under which its Bundle has it."""
    links: dict[str, str] = {}
    for each in plan:
        url, ours = each.change.full_url, f"{each.change.kind}/{each.id}"
        if url:
            links[url] = ours
            theirs = local_name("/".join(url.rsplit("/", 2)[-2:]))  # https://server/r4/Patient/1: also Patient/1
            if theirs is not None and theirs[0] == each.change.kind:
                links["/".join(theirs)] = ours
    return links


def _resolve(
    tx: Transaction, source: str, plan: Sequence[Planned], base: str, texts: Sequence[str], links: dict[str, str]
) -> Iterator[Issue]:
    """Lead every conditional reference to the one resource that it finds; others must lead somewhere in the Bundle."""
    open_ = [text for text in texts if text not in links and (condition_in(text) or within_bundle(text))]
    saying = _saying(plan) if open_ else {}
    for text in open_:
        pointer = saying[text].pointer(saying[text].kind)
        asked = condition_in(text)
        if asked is None:
            yield issues.reference_unresolved(pointer, 0)
            continue
        try:
            found = _conditional(tx, source, plan, Change(asked[0], {}, condition=asked[1], place=pointer), base)
        except AdapterError as error:
            yield from error.issues
            continue
        if len(found) == 1:
            links[text] = f"{asked[0]}/{next(iter(found))}"
        else:
            yield issues.reference_unresolved(pointer, len(found))


def _saying(plan: Sequence[Planned]) -> dict[str, Change]:
    """By the text of each reference, the first change that says it."""
    found: dict[str, Change] = {}
    for each in plan:
        if not each.there:
            for text in references_in([each.change.resource]):
                found.setdefault(text, each.change)
    return found


def _conditional(tx: Transaction, source: str, plan: Sequence[Planned], asked: Change, base: str) -> set[str]:
    """Ids that a conditional reference finds: among what is written with it, else among what is there."""
    query = _query(asked, base)
    of_kind = [each for each in plan if each.change.kind == asked.kind and not each.there]
    found = {each.id for each in of_kind if all(one.matches({**each.change.resource}) for one in query.criteria)}
    return found or {row.id for row in _matching(tx, source, query)}


def names_in_files(tx: Transaction, source: str, plan: Plan) -> dict[str, str]:
    """How the hospital's files refer to what the planned resources do, where that is not how they are kept."""
    here = {(each.change.kind, each.id): each.key for each in plan.each if not each.there}
    places = {text: name for text in plan.said if (name := local_name(text)) is not None}
    said = set(places.values())
    posted = tx.newest_resources(sorted((space_of(kind), id_) for kind, id_ in said - here.keys()))
    here |= {(kind_of(row.type), row.id): key_of_kept(reread(row.body)) for row in posted if row.source == source}
    names = {(kind, id_): f"{kind}/{key}" for (kind, id_), key in here.items() if key != id_}
    for row in tx.newest_resources(sorted(said - here.keys())):
        if row.source == source and (called := called_in_files(row.type, reread(row.body))):
            names[row.type, row.id] = called
    return {text: names[name] for text, name in places.items() if name in names}
