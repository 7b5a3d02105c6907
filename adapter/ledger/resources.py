"""FHIR resources, one row per version. 资源。

The bytes are the caller's canonical JSON; the ledger does not look inside. A server over these tables needs indexes
only: the newest version of each resource is marked ``newest``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, select

from adapter.ledger import quick, search_index
from adapter.ledger.among import among
from adapter.ledger.rows import ResourceIn, ResourcePut, ResourceRow
from adapter.ledger.search_index import Entry
from adapter.ledger.session import Session, digest_of
from adapter.ledger.tables import case_resources, content, resources
from adapter.model.case import Actor

Name = tuple[str, str]


class Head(NamedTuple):
    """The newest version of a resource."""

    version: int
    digest: str
    deleted: bool


_TIED = (case_resources.c.type == resources.c.type) & (case_resources.c.id == resources.c.id)
_VERSIONS = (
    select(resources.c.type, resources.c.id, resources.c.version, resources.c.source, resources.c.content)
    .join(case_resources, _TIED)
    .where(case_resources.c.case_id == bindparam("case_id"), resources.c.newest, resources.c.deleted.is_(False))
    .order_by(resources.c.type, resources.c.id)
)
_NAMED = among("names", resources.c.type, resources.c.id)
_HEADS = select(resources.c.type, resources.c.id, resources.c.version, resources.c.digest, resources.c.deleted).where(
    _NAMED, resources.c.newest
)
_WITH_BODY = select(resources, content.c.body).outerjoin(content, content.c.digest == resources.c.content)
_NEWEST = _WITH_BODY.where(_NAMED, resources.c.newest)
_CASES = select(case_resources.c.type, case_resources.c.id, case_resources.c.case_id).where(
    among("names", case_resources.c.type, case_resources.c.id)  # no order: SQLite would walk through all of them for it
)
_LINKS = select(case_resources.c.type, case_resources.c.id).where(case_resources.c.case_id == bindparam("case_id"))
_OF_CASE = _VERSIONS.add_columns(content.c.body).join(content, content.c.digest == resources.c.content)


class Standing(NamedTuple):
    """The newest version of a resource of a case; ``content`` is the digest of its bytes."""

    type: str
    id: str
    version: int
    source: str
    content: str


class Kept(NamedTuple):
    """A resource of a case as its newest version stands."""

    type: str
    id: str
    version: int
    source: str
    body: bytes


class Resources(Session):
    """Keep resources and read them back."""

    def put_resources(
        self,
        source: str,
        case_id: str | None,
        items: Iterable[ResourceIn],
        *,
        at: datetime,
        actor: Actor,
        reason: str,
    ) -> list[ResourcePut]:
        """Keep resources as new versions where their digest changed, and tie them to the case.

        Unchanged content makes no version. Of a resource given twice the last one counts.
        """
        wanted = {(item.type, item.id): item for item in items}
        heads = self._heads(source, case_id, wanted)
        changed = {name: item for name, item in wanted.items() if name not in heads or _differs(heads[name], item)}
        kept = self._keep(item.body for item in changed.values())
        versions: list[dict[str, object]] = [
            {"type": name[0], "id": name[1], "version": _after(heads.get(name)), "digest": item.digest, "content": body}
            for (name, item), body in zip(changed.items(), kept, strict=True)
        ]
        written = (Entry(*name, item.body, at) for name, item in changed.items())
        links = self._unlinked(case_id, wanted)
        self._record(source, case_id, versions, links, written, at=at, actor=actor, reason=reason)
        return [
            ResourcePut(*name, _after(heads.get(name)) if name in changed else heads[name].version, name in changed)
            for name in wanted
        ]

    def delete_resources(
        self,
        source: str,
        case_id: str | None,
        names: Iterable[Name],
        *,
        at: datetime,
        actor: Actor,
        reason: str,
    ) -> list[ResourcePut]:
        """Mark resources deleted by a new version without content; unknown and already deleted ones are left out."""
        wanted = list(dict.fromkeys(names))
        heads = self._heads(source, case_id, wanted)
        going = [name for name in wanted if name in heads and not heads[name].deleted]
        gone = {"digest": digest_of(b""), "content": None}
        versions: list[dict[str, object]] = [
            {"type": kind, "id": id_, "version": _after(heads[kind, id_]), **gone} for kind, id_ in going
        ]
        self._record(source, case_id, versions, [], at=at, actor=actor, reason=reason)
        return [ResourcePut(*name, _after(heads[name]), True) for name in going]

    def withdraw_resources(
        self,
        source: str,
        case_id: str,
        names: Iterable[Name],
        *,
        at: datetime,
        actor: Actor,
        reason: str,
    ) -> list[Name]:
        """Untie resources from a case, and delete those that no other case has. Returns what was tied."""
        wanted = sorted(set(names))
        self._heads(source, case_id, wanted)
        going = [name for name in wanted if case_id in self.cases_of_resource(*name)]
        if going:
            links = [list(name) for name in going]
            self._append("resources-untied", case_id, {"links": links}, at=at, actor=actor, reason=reason)
            left = [name for name in going if not self.cases_of_resource(*name)]
            self.delete_resources(source, case_id, left, at=at, actor=actor, reason=reason)
        return going

    def hold_resources(self, source: str) -> None:
        """Keep others from writing a source's resources until this transaction ends: for whoever looks, then writes."""
        self._hold(f"resources:{source}")

    def resource(self, type_: str, id_: str, version: int | None = None) -> ResourceRow | None:
        """One version, or the newest; None when there is none. A deleted one comes with ``deleted`` set."""
        query = _WITH_BODY.where(resources.c.type == type_, resources.c.id == id_)
        query = query.where(resources.c.newest if version is None else resources.c.version == version)
        row = self._connection.execute(query).first()
        return None if row is None else _resource_row(row)

    def newest_resources(self, names: Iterable[Name]) -> list[ResourceRow]:
        """The newest versions of several resources, in the order of the names; unknown ones are left out."""
        wanted = list(dict.fromkeys(names))
        rows = map(_resource_row, self._named(_NEWEST, wanted))
        found = {(row.type, row.id): row for row in rows}
        return [found[name] for name in wanted if name in found]

    def history(self, type_: str, id_: str) -> list[ResourceRow]:
        """Every version, oldest first."""
        query = _WITH_BODY.where(resources.c.type == type_, resources.c.id == id_).order_by(resources.c.version)
        return [_resource_row(row) for row in self._connection.execute(query)]

    def resources_of_case(self, case_id: str, types: Collection[str] = ()) -> list[ResourceRow]:
        """The newest versions of a case's resources, by type and id; deleted ones are left out.

        Args:
            types: only those; none: all.
        """
        # names first: asked for types, SQLite would walk through all resources of these types to find the case's few
        names = [(kind, id_) for kind, id_ in self._links(case_id) if not types or kind in types]
        return [row for row in self.newest_resources(sorted(names)) if not row.deleted]

    def kept_of_case(self, case_id: str) -> list[Kept]:
        """As ``resources_of_case``, all of them, with no more than is needed to read them."""
        rows = quick.rows(self._connection, _OF_CASE, {"case_id": case_id})
        return [Kept(kind, id_, version, source, bytes(body)) for kind, id_, version, source, _, body in rows]

    def versions_of_case(self, case_id: str) -> list[Standing]:
        """The newest versions of a case's resources without their bytes; deleted ones are left out."""
        return [Standing(*row) for row in quick.rows(self._connection, _VERSIONS, {"case_id": case_id})]

    def cases_of_resource(self, type_: str, id_: str) -> list[str]:
        """Ids of the cases that a resource belongs to."""
        tied = (case_resources.c.type == type_) & (case_resources.c.id == id_)
        query = select(case_resources.c.case_id).where(tied).order_by(case_resources.c.case_id)
        return list(self._connection.execute(query).scalars())

    def cases_of_resources(self, names: Iterable[Name]) -> dict[Name, list[str]]:
        """Ids of the cases that each of several resources belongs to; those of none are left out."""
        found: dict[Name, list[str]] = {}
        for kind, id_, case_id in self._named(_CASES, list(dict.fromkeys(names))):
            found.setdefault((kind, id_), []).append(case_id)
        for cases in found.values():
            cases.sort()
        return found

    def _named(self, question: Select[Any], names: Sequence[Name]) -> Sequence[Any]:
        """Rows of these names; nothing is asked for none."""
        return quick.rows(self._connection, question, {"names": names}) if names else ()

    def _heads(self, source: str, case_id: str | None, names: Iterable[Name]) -> dict[Name, Head]:
        """Newest versions; the source's resources are held, because stays share patients and organizations."""
        self._hold_case(case_id or "")
        self._hold(f"resources:{source}")
        rows = self._named(_HEADS, list(names))
        return {(kind, id_): Head(version, digest, deleted) for kind, id_, version, digest, deleted in rows}

    def _unlinked(self, case_id: str | None, names: Iterable[Name]) -> list[list[str]]:
        if case_id is None:
            return []
        there = self._links(case_id)
        return [list(name) for name in names if name not in there]

    def _links(self, case_id: str) -> set[Name]:
        """Names of the resources of a case."""
        return {(kind, id_) for kind, id_ in quick.rows(self._connection, _LINKS, {"case_id": case_id})}

    def _record(
        self,
        source: str,
        case_id: str | None,
        versions: Sequence[dict[str, object]],
        links: Sequence[list[str]],
        written: Iterable[Entry] = (),
        *,
        at: datetime,
        actor: Actor,
        reason: str,
    ) -> None:
        if versions or links:
            data = {"source": source, "versions": versions, "links": links}
            before = self._newest_of(versions) if self._indexer is not None else []
            self._append("resources-recorded", case_id or "", data, at=at, actor=actor, reason=reason)
            if self._indexer is not None:
                search_index.change(self._connection, self._indexer, before, written)

    def _newest_of(self, versions: Sequence[dict[str, object]]) -> list[Entry]:
        """The versions that these are about to replace, with their bytes."""
        names = [(str(row["type"]), str(row["id"])) for row in versions if row["version"] != 1]
        return [Entry(row.type, row.id, row.body, row.at) for row in self.newest_resources(names) if not row.deleted]


def _differs(head: Head, item: ResourceIn) -> bool:
    return head.deleted or head.digest != item.digest


def _after(head: Head | None) -> int:
    return 1 if head is None else head.version + 1


def _resource_row(row: Sequence[Any]) -> ResourceRow:
    kind, id_, version, source, digest, _, deleted, newest, at, body = row
    return ResourceRow(kind, id_, version, source, digest, deleted, newest, at, b"" if body is None else bytes(body))
