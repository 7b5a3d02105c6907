"""Lineage of a case, expanded when somebody asks: from a FHIR path to file, row and column, and back (血缘).

What is kept is small: the rows as they came, and each version of the mapping's files once. So lineage is that of the
mapping which made the case, even after the files have been edited.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from adapter.cases import sample_issues as issues
from adapter.cases.masking import Shown
from adapter.cases.parking import rows_of, unpacked_from
from adapter.cases.reading import OURS, case_of
from adapter.cases.tools import Act, Feed, Tools
from adapter.fhir.canonical import decode
from adapter.fhir.provenance import element_provenance
from adapter.intake.mapping import Mapping_, explainer_of, load_mapping
from adapter.intake.mapping.explain import Line
from adapter.intake.mapping.issues import MappingRefused
from adapter.intake.mapping.native_explain import personal_paths
from adapter.intake.mapping.private import personal_columns
from adapter.intake.mapping.uses import Use, uses_of
from adapter.ledger.ledger import Transaction
from adapter.ledger.rows import CaseRow, ResourceRow
from adapter.model.issues import AdapterError, Issue
from adapter.model.source import StayRecords

#: Under this name a case keeps the rows that it was made from.
RECORDS = "records"

_PLACE = re.compile(r"\[[^\]]*\]")


def keep_records(tx: Transaction, case_id: str, records: StayRecords, feed: Feed, act: Act) -> None:
    """Keep the rows that a case was made from, and the mapping's files once per version. Nothing new writes nothing."""
    mapping = feed.mapper.mapping
    tx.file_paper(case_id, RECORDS, {"mapping": mapping.version, **rows_of(records)}, **act.said)
    name = _paper_of(mapping.version)
    if tx.paper("", name) is None:
        files = {file: body.decode("utf-8-sig") for file, body in mapping.files.items()}
        tx.file_paper("", name, files, **act.said)


@dataclass(frozen=True, slots=True)
class Traced:
    """One element of the case as it is stored.

    Attributes:
        as_stored: the stored resource holds this value; a settlement may have written another.
        recorded: when that version of the resource was stored.
    """

    line: Line
    as_stored: bool
    recorded: datetime


@dataclass(frozen=True, slots=True)
class CaseLineage:
    """What was asked for, with the version of the mapping that made it.

    Attributes:
        uses: where a source column is used at all, keys and checks included, when a column was asked for.
        personal: columns whose texts are masked, as ``TABLE.COLUMN`` without the table.
    """

    case_id: str
    source: str
    version: str
    elements: tuple[Traced, ...]
    uses: tuple[Use, ...]
    personal: frozenset[str]
    hospital: str
    issues: tuple[Issue, ...]

    def as_json(self, shown: Shown) -> dict[str, Any]:
        """For a pipe or a program; ``shown`` masks what says who somebody is."""
        return {
            "case_id": self.case_id,
            "mapping": self.version,
            "elements": [{**shown.line_json(each.line), "as_stored": each.as_stored} for each in self.elements],
            "uses": [{"rule": each.rule, "what": each.what, "target": each.target} for each in self.uses],
        }

    def provenances(self) -> Iterator[dict[str, Any]]:
        """One FHIR Provenance per element."""
        digest = self.version.rpartition(" · ")[2]
        for each in self.elements:
            line = each.line
            file, _, number = line.rule.rpartition(":")
            yield element_provenance(
                self.source,
                self.case_id,
                line.element,
                line.path,
                [place.pointer for place in (*line.sources, *line.conditions)],
                hospital=self.hospital,
                recorded=each.recorded,
                rules=[f"{file}#L{number}", f"{self.source}/{digest}"],
            )


def lineage_for(
    case_id: str, tools: Tools, act: Act, *, path: str | None = None, field: str | None = None
) -> CaseLineage:
    """As ``case_lineage``, with a line in the journal that says who looked: no line, no data."""
    with tools.ledger.transaction() as tx:
        case_of(tx, case_id)
        tx.note(case_id, "lineage-read", {"path": path or "", "field": field or ""}, **act.said)
    return case_lineage(case_id, tools, path=path, field=field)


def case_lineage(case_id: str, tools: Tools, *, path: str | None = None, field: str | None = None) -> CaseLineage:
    """Where the elements of a case came from.

    Args:
        path: only what stands at or below this FHIR path: ``ChargeItem.quantity``, ``ChargeItem/<id>.quantity.value``,
            with or without places in lists.
        field: only what this source column touched: ``ZY_FYMX.ZJJE``.

    Raises:
        AdapterError: CASE-302, MAP-129, or MAP-131 when nothing stands at the path.
    """
    with tools.ledger.reading() as tx:
        row = case_of(tx, case_id)
        kept = tx.paper(case_id, RECORDS)
        if kept is None:
            raise AdapterError(issues.no_rows_kept(case_id))
        version = str(kept["mapping"])
        files = tx.paper("", _paper_of(version))
        stored = {f"{each.type}/{each.id}": each for each in tx.resources_of_case(case_id)}
    mapping, found = _mapping_of(row, version, files, tools)
    explainer = explainer_of(mapping)
    records = unpacked_from(kept, row.source)
    mapped = explainer.mapper.map(records)
    wanted = _Path(path) if path else None
    lines = list(explainer.lines(records, mapped, {wanted.kind} if wanted else None))
    if wanted is not None:
        lines = wanted.among(lines)
        if not lines:
            raise AdapterError(_nothing_at(wanted, stored.values()))
    if field is not None:
        lines = [line for line in lines if _touched(line, field)]
    table, _, column = (field or "").partition(".")
    return CaseLineage(
        case_id=case_id,
        source=row.source,
        version=mapping.version,
        elements=tuple(_as_stored(line, stored) for line in lines if line.element in stored),
        uses=uses_of(mapping, table, column) if field is not None else (),
        personal=_personal(mapping, lines),
        hospital=row.facility,
        issues=found,
    )


def _personal(mapping: Mapping_, lines: Iterable[Line]) -> frozenset[str]:
    """Source columns that say who somebody is: told by the mapping, or by the resources themselves."""
    if mapping.native is not None:
        return personal_paths(lines)
    return frozenset(each for name in mapping.shape.tables for each in personal_columns(mapping, name))


def _paper_of(version: str) -> str:
    return f"mapping {version}"


def _mapping_of(
    row: CaseRow, version: str, files: Mapping[str, object] | None, tools: Tools
) -> tuple[Mapping_, tuple[Issue, ...]]:
    """The mapping that made the case; today's, with MAP-128, when its files cannot be read any more."""
    if files is not None:
        with TemporaryDirectory(prefix="mapping-") as name:
            for file, text in files.items():
                target = Path(name) / file
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(str(text), encoding="utf-8")
            try:
                return load_mapping(Path(name), row.source), ()
            except MappingRefused:
                pass  # written for an older release of this program
    mapping = tools.feed(row.source).mapper.mapping
    if mapping.version == version:
        return mapping, ()
    return mapping, (issues.mapped_with_another_version(row.case_id, version, mapping.version),)


class _Path:
    """A FHIR path as a person writes it."""

    def __init__(self, text: str) -> None:
        head, _, rest = text.partition(".")
        self.kind, _, self.identity = head.partition("/")
        self.text = f"{self.kind}.{rest}" if rest else self.kind
        self._placed = "[" in rest

    def among(self, lines: Iterable[Line]) -> list[Line]:
        """Lines at, below or around the path; of the smallest element around it where nothing stands there itself."""
        kept = [line for line in lines if not self.identity or line.element.partition("/")[2] == self.identity]
        wanted = self.text
        while wanted and "." in wanted:
            found = [line for line in kept if self._fits(line.path, wanted)]
            if found:
                return found
            wanted = wanted.rpartition(".")[0]
        return [line for line in kept if line.element.partition("/")[0] == self.kind] if "." not in self.text else []

    def _fits(self, path: str, wanted: str) -> bool:
        at = path if self._placed else _PLACE.sub("", path)
        return at == wanted or at.startswith((f"{wanted}.", f"{wanted}[")) or wanted.startswith((f"{at}.", f"{at}["))


def _nothing_at(wanted: _Path, stored: Iterable[ResourceRow]) -> Issue:
    of_kind = [each for each in stored if each.type == wanted.kind]
    if of_kind and all(each.source == OURS for each in of_kind):
        return issues.not_from_the_his(wanted.text)
    return issues.nothing_at_path(wanted.text)


def _touched(line: Line, field: str) -> bool:
    return any(f"{place.table}.{place.column}" == field for place in (*line.sources, *line.conditions))


def _as_stored(line: Line, stored: Mapping[str, ResourceRow]) -> Traced:
    row = stored[line.element]
    return Traced(line, _at(decode(row.body), line.path) == line.value, row.at)


def _at(resource: Any, path: str) -> Any:
    """The value at a path as lines write it, or None."""
    for part in path.split(".")[1:]:
        name, _, place = part.partition("[")
        if not isinstance(resource, dict):
            return None
        resource = resource.get(name)
        if place:
            index = int(place[:-1])
            resource = resource[index] if isinstance(resource, list) and index < len(resource) else None
    return resource
