"""Tools for whoever writes a mapping: one row explained, and an edited mapping beside the one in force (映射工具)."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from adapter.cases import sample_issues as issues
from adapter.cases.batch import Batch
from adapter.cases.mappings import staged_sample
from adapter.fhir.validation import validate
from adapter.intake.mapping import Mapping_, compile_mapping, explainer_of, load_mapping
from adapter.intake.mapping.check import claimed_columns
from adapter.intake.mapping.compare import Comparison, compare
from adapter.intake.mapping.engine import MappedStay
from adapter.intake.mapping.explain import Line
from adapter.intake.mapping.native_explain import personal_paths
from adapter.intake.mapping.private import personal_columns
from adapter.intake.mapping.schema import schemas as schemas
from adapter.model.issues import AdapterError, Issue
from adapter.model.source import SourceRecord, StayRecords


@dataclass(frozen=True, slots=True)
class OtherColumn:
    """A column of the row that no element came from: read by a check or key, ignored for a reason, or unclaimed."""

    column: str
    text: str
    why: str


@dataclass(frozen=True, slots=True)
class ExplainedRow:
    """One row of a sample and everything that it became.

    Attributes:
        lines: element by element; one without a path gave nothing.
        personal: columns whose texts say who somebody is.
        issues: of mapping and validating that point at the row.
    """

    source: str
    stay_key: str
    row: SourceRecord
    lines: tuple[Line, ...]
    others: tuple[OtherColumn, ...]
    personal: frozenset[str]
    issues: tuple[Issue, ...]
    version: str


def explain_row(
    source: str,
    paths: Sequence[Path],
    row: str,
    mappings: Path,
    *,
    table: str | None = None,
    reference: Path | None = None,
) -> ExplainedRow:
    """Explain one row of a sample.

    Args:
        row: its number within its file, or ``FILE#NUMBER``.
        table: its table; the stay table when None.

    Raises:
        AdapterError: MAP-127, or the mapping is unknown or wrong.
    """
    mapping = load_mapping(mappings, source)
    explainer = explainer_of(mapping)
    wanted = table or mapping.shape.stay_table
    with staged_sample(mapping, paths, mappings, reference) as staged:
        stay, record = _find(staged, wanted, row)
    mapped = explainer.mapper.map(stay)
    lines = explainer.of_row(stay, record)
    made = {line.element for line in lines}
    found = [
        *(issue for issue in mapped.issues if _points_at(issue, record)),
        *(issue for issue in validate(mapped.resources) if issue.pointer.partition(".")[0] in made),
    ]
    return ExplainedRow(
        source=source,
        stay_key=stay.stay_key,
        row=record,
        lines=lines,
        others=_others(mapping, record, lines),
        personal=personal_paths(lines) if mapping.native is not None else personal_columns(mapping, wanted),
        issues=tuple(found),
        version=mapping.version,
    )


def _find(staged: Batch, table: str, row: str) -> tuple[StayRecords, SourceRecord]:
    file, _, number = row.rpartition("#")
    for stay in staged.stays():
        for record in stay.tables.get(table, ()):
            if str(record.origin.row) == number and file in ("", record.origin.file):
                return stay, record
    raise AdapterError(issues.no_such_row(f"{table}#{row}", table))


def _points_at(issue: Issue, record: SourceRecord) -> bool:
    at = record.origin.pointer()
    return issue.pointer == at or issue.pointer.startswith(f"{at}/")


def _others(mapping: Mapping_, record: SourceRecord, lines: Sequence[Line]) -> tuple[OtherColumn, ...]:
    if mapping.native is not None:
        return ()  # every element is taken over or left out for a stated reason: mapping check shows which
    table = record.origin.table
    shown = {place.column for line in lines for place in line.sources if place.table == table}
    claimed, ignored = claimed_columns(mapping)[table], mapping.ignored.get(table, {})
    found = []
    for column, text in record.fields.items():
        if column not in shown:
            why = ignored.get(column) or mapping.ignored_tables.get(table) or ("check" if column in claimed else "?")
            found.append(OtherColumn(column, text, why))
    return tuple(found)


def compare_edited(
    source: str, paths: Sequence[Path], edited: Path, mappings: Path, reference: Path | None = None
) -> tuple[Comparison, str, str]:
    """What an edited mapping changes on a sample, with the versions of both.

    Args:
        edited: a vendor folder (with ``shape.yaml``), or a mappings folder with ``his/`` or ``sources/``; what it does
            not hold is taken from the mapping in force.

    Raises:
        AdapterError: either mapping is unknown or wrong.
    """
    before = load_mapping(mappings, source)
    with _laid_over(mappings, before, edited) as folder:
        after = load_mapping(folder, source)
        with (
            staged_sample(before, paths, mappings, reference) as old,
            staged_sample(after, paths, folder, reference) as new,
        ):
            pairs = _pairs(_mapped(before, old), _mapped(after, new))
            return compare(pairs), before.version, after.version


def write_schemas(folder: Path) -> tuple[str, ...]:
    """Write the JSON Schemas of mapping files for editors; returns the names of the files."""
    folder.mkdir(parents=True, exist_ok=True)
    for kind, schema in schemas().items():
        (folder / f"{kind}.json").write_bytes(pretty(schema))
    return tuple(f"{kind}.json" for kind in schemas())


def pretty(schema: Mapping[str, Any]) -> bytes:
    """A schema as its file holds it."""
    return (json.dumps(schema, ensure_ascii=False, indent=2) + "\n").encode()


@contextmanager
def _laid_over(mappings: Path, before: Mapping_, edited: Path) -> Iterator[Path]:
    """A mappings folder with the edited parts in place of those in force."""
    with TemporaryDirectory(prefix="mappings-") as name:
        folder = Path(name)
        shutil.copytree(mappings / "his", folder / "his")
        shutil.copytree(mappings / "sources", folder / "sources")
        parts = (
            [(edited, folder / "his" / _vendor_of(edited, before))]
            if (edited / "shape.yaml").is_file()
            else [
                (part, folder / kind / part.name)
                for kind in ("his", "sources")
                if (edited / kind).is_dir()
                for part in sorted((edited / kind).iterdir())
            ]
        )
        for part, target in parts:
            if part.is_dir():
                shutil.rmtree(target, ignore_errors=True)
                shutil.copytree(part, target)
            else:
                shutil.copyfile(part, target)
        yield folder


def _vendor_of(edited: Path, before: Mapping_) -> str:
    """Which of a combined source's folders an edited one stands for: told by its name, else the first one."""
    return edited.resolve().name if edited.resolve().name in before.vendors else before.vendor


def _mapped(mapping: Mapping_, staged: Batch) -> Iterator[MappedStay]:
    mapper = compile_mapping(mapping)
    return (mapper.map(stay) for stay in staged.stays())


def _pairs(
    before: Iterator[MappedStay], after: Iterator[MappedStay]
) -> Iterator[tuple[MappedStay | None, MappedStay | None]]:
    """Both in the order of their keys, side by side; a stay that only one of them sees stands alone."""
    waiting_before: dict[str, MappedStay] = {}
    waiting_after: dict[str, MappedStay] = {}
    for one, other in zip_longest(before, after):
        if one is not None:
            waiting_before[one.stay_key] = one
        if other is not None:
            waiting_after[other.stay_key] = other
        for key in waiting_before.keys() & waiting_after.keys():
            yield waiting_before.pop(key), waiting_after.pop(key)
    for stay in waiting_before.values():
        yield stay, None
    for stay in waiting_after.values():
        yield None, stay
