"""What a hospital writes to our server, resource by resource: kept and answered, then taken in like a file (写入资源).

Writing and taking in are two steps. ``write`` is one transaction: conditions are looked up, ids given, versions
checked; every resource is kept as it was posted, and beside it, in the inbox, the Bundle that the hospital might have
sent as a file instead. Then the answer stands. ``take`` is the ordinary way of a file: the stays that are touched are
mapped, validated and recorded, or parked with their issues. A process that ends between the two leaves an arrival that
was begun, and whoever comes next goes on with it. So a stay that came in two hundred single posts, in any order, is the
stay that one Bundle makes, and nothing that was answered can be lost.

How the ids of both relate, see ``adapter.fhir.posted``.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from adapter.cases.intake import Again, ingest
from adapter.cases.reading import as_rows
from adapter.cases.resources_in_plan import Change, Plan, Planned, names_in_files, planned
from adapter.cases.tools import Act, Feed, Tools
from adapter.fhir import posted_issues as issues
from adapter.fhir.canonical import digest_of, encode, reread
from adapter.fhir.posted import addressed, as_fed, as_kept, deeper_than, space_of, tags_of
from adapter.fhir.rules_versions import active_findings
from adapter.fhir.validation import validate
from adapter.ledger.ledger import Transaction
from adapter.ledger.rows import ResourcePut
from adapter.model.issues import AdapterError, Issue, stopping
from adapter.model.native import NativeShape

#: Codes of remarks about the file that stands for what was posted; nobody sent it.
_OF_THE_FILE = frozenset({"CASE-316", "SRC-162"})


#: Bytes that a resource may grow by until it stands in its file: our meta, longer references.
_ROOM = 4096


@dataclass(frozen=True, slots=True)
class Placed:
    """One resource after it was written.

    Attributes:
        created: there was none before.
        changed: a new version was made; the same content again makes none.
        resource: as it is kept, without version and time.
        issues: what was found about it, none of which stops.
    """

    kind: str
    id: str
    version: int
    at: datetime
    created: bool
    changed: bool
    resource: Mapping[str, Any]
    issues: tuple[Issue, ...] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """What one transaction wrote.

    Attributes:
        placed: in the order of the changes.
        file: name under which it waits in the inbox to be taken in; empty where nothing changed.
        numbers: by number of the file's entry, the place among the changes.
    """

    source: str
    placed: tuple[Placed, ...]
    file: str = ""
    digest: str = ""
    arrival: str = ""
    numbers: tuple[int, ...] = ()


def speaking(source: str, tools: Tools) -> Feed | None:
    """The feed of a hospital that speaks FHIR; None for one that does not. Raises AdapterError, there is none."""
    feed = tools.feed(source)
    return feed if feed.mapper.mapping.native is not None else None


def write(source: str, changes: Sequence[Change], tools: Tools, act: Act, *, base: str = "") -> Written:
    """Write resources of one hospital, all or none.

    Args:
        source: of a hospital that speaks FHIR.
        base: our own FHIR address, without a trailing slash; references that begin with it are ours.

    Raises:
        AdapterError: nothing was written. FHIR-1xx what is wrong with the resources; FHIR-280 … FHIR-295; LED-403.
    """
    feed = tools.feed(source)
    native = feed.mapper.mapping.native
    assert native is not None
    told = _all_checked(changes, native.shape)
    if wrong := [issue for found in told for issue in found if issue.stops]:
        raise AdapterError(*wrong)
    with tools.ledger.transaction() as tx:
        tx.hold_resources(source)
        return _written(tx, source, planned(tx, source, changes, base), told, act)


def take(written: Iterable[Written], tools: Tools, act: Act) -> dict[tuple[str, int], tuple[Issue, ...]]:
    """Take in what was written, as the files that stand for it.

    Returns:
        By file and place among its changes, what was found about the stays; what belongs to none in particular stands
        with the first. What cannot be taken in now waits, and is gone on with by whoever comes next.
    """
    waiting = [each for each in written if each.file]
    if not waiting:
        return {}
    source = waiting[0].source
    with TemporaryDirectory(prefix="posted-", ignore_cleanup_errors=True) as folder:
        paths = []
        for each in waiting:
            path = Path(folder) / each.file
            with tools.ledger.reading() as tx:
                path.write_bytes(tx.received_body(source, each.digest) or b"")
            paths.append(path)
        try:
            taken = ingest(source, paths, tools, act, again=Again(waiting[0].arrival, frozenset()))
            if len(waiting) > 1:
                with tools.ledger.transaction() as tx:
                    for each in waiting:
                        tx.finish_arrival(source, each.arrival, **act.said)
        except AdapterError as error:
            return _by_place(waiting, error.issues)
    found = [*taken.issues, *(issue for stay in taken.stays for issue in stay.issues)]
    return _by_place(waiting, dict.fromkeys(found))


def _by_place(waiting: Sequence[Written], found: Iterable[Issue]) -> dict[tuple[str, int], tuple[Issue, ...]]:
    files = {each.file: each for each in waiting}
    places: defaultdict[tuple[str, int], list[Issue]] = defaultdict(list)
    for issue in found:
        if issue.code in _OF_THE_FILE:
            continue
        file, _, rest = issue.pointer.partition("#")
        number = re.match(r"(\d+)/", rest)
        if file not in files or number is None or int(number[1]) > len(files[file].numbers):
            places[waiting[0].file, 0].append(issue)
            continue
        place = files[file].numbers[int(number[1]) - 1]
        places[file, place].append(replace(issue, pointer=rest.partition("/")[2]))
    return {place: tuple(its) for place, its in places.items()}


def _all_checked(changes: Sequence[Change], shape: NativeShape) -> list[list[Issue]]:
    """What is wrong with each resource, with its place in what was sent."""
    told = [_form(change, shape) for change in changes]
    if not any(told) and not validate([each.resource for each in changes], sending=False):
        return told  # sound, all of them: nobody need be told which is not
    for change, found in zip(changes, told, strict=True):
        found += [] if found else validate([change.resource], sending=False)
    return [
        [replace(issue, pointer=change.pointer(issue.pointer)) for issue in found]
        for change, found in zip(changes, told, strict=True)
    ]


def _form(change: Change, shape: NativeShape) -> list[Issue]:
    """What keeps a resource from being looked at, or from being anybody's."""
    resource, kind = change.resource, change.kind
    levels, size = shape.limits.nesting - 1, shape.limits.row_bytes - _ROOM
    if resource.get("resourceType") != kind or change.identity not in ("", resource.get("id")):
        return [issues.not_what_is_addressed(kind)]
    if any(tag.get("code") == "SUBSETTED" for tag in tags_of(resource)):
        return [issues.only_a_part(f"{kind}.meta.tag")]
    text = encode(resource)
    deep = text.count(b"{") + text.count(b"[") > levels and deeper_than(resource, levels)
    if deep or len(text) > size:
        return [issues.too_much_in_one(kind, levels, size)]
    if kind == "ChargeItem" and not {"context", "account"} & resource.keys():
        return [issues.charge_of_nobody(f"{kind}.context")]
    return []


def _written(tx: Transaction, source: str, whole: Plan, told: Sequence[list[Issue]], act: Act) -> Written:
    plan, place = whole.each, _in(whole.links)
    for each in plan:
        if not each.there:
            each.kept = addressed(as_kept(each.change.resource, each.id, source, each.key, place), whole.called)
    wrong = [issue for each in plan for issue in _not_allowed(each)]
    if stopping(wrong):
        raise AdapterError(*wrong)
    writing = [each for each in plan if not each.there]
    at = max([act.at, *(each.before.at + timedelta(milliseconds=1) for each in writing if each.before is not None)])
    rows = [replace(row, type=space_of(row.type)) for row in as_rows(each.kept for each in writing)]
    put = tx.put_resources(source, None, rows, at=at, actor=act.actor, reason=act.reason)
    versions = {(each.type, each.id): each for each in put}
    placed = [_placed(each, versions, at, found) for each, found in zip(plan, told, strict=True)]
    numbers = tuple(number for number, each in enumerate(placed) if each.changed)
    if not numbers:
        return Written(source, tuple(placed))
    body = _as_file(tx, source, whole, [placed[number] for number in numbers])
    digest = digest_of(body)
    file = f"fhir-{digest[:16]}.json"
    tx.receive(source, file, digest, len(body), body, **act.said)
    arrival = tx.begin_arrival(source, [(file, digest)], **act.said)
    return Written(source, tuple(placed), file, digest, arrival, numbers)


def _in(links: Mapping[str, str]) -> Callable[[str], str] | None:
    """Where a reference leads; None where no text is another there."""
    return (lambda text: links.get(text, text)) if links else None


def _as_file(tx: Transaction, source: str, plan: Plan, changed: Sequence[Placed]) -> bytes:
    """The Bundle that the hospital might have sent as a file, to be taken in as one."""
    name = _in(names_in_files(tx, source, plan))
    entries = [{"resource": as_fed(each.resource, each.version, each.at, name)} for each in changed]
    return encode({"resourceType": "Bundle", "type": "collection", "entry": entries})


def _not_allowed(planned: Planned) -> list[Issue]:
    """What a new version must not change."""
    if planned.before is None or planned.there:
        return []
    found = active_findings(reread(planned.before.body), planned.kept)
    return [replace(issue, pointer=planned.change.pointer(issue.pointer)) for issue in found]


def _placed(
    each: Planned, versions: Mapping[tuple[str, str], ResourcePut], at: datetime, found: Sequence[Issue]
) -> Placed:
    kind, known = each.change.kind, each.before
    if each.like is not None:
        return replace(_placed(each.like, versions, at, found), created=False, changed=False)
    if each.there and known is not None:
        return Placed(kind, each.id, known.version, known.at, False, False, reread(known.body), tuple(found))
    put = versions[space_of(kind), each.id]
    when = at if put.changed or known is None else known.at
    return Placed(kind, each.id, put.version, when, known is None, put.changed, each.kept, tuple(found))
