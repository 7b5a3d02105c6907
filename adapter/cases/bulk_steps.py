"""The steps of a bulk conversion, each of which a process can do by itself (批量转换的步骤).

This file is all that a converting process loads beside readers and mapping, so that it stays small: no ledger, no
policies, no web.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import BinaryIO

import msgspec

from adapter.cases import issues
from adapter.intake.mapping.direct import ConvertedStay, DirectMapper
from adapter.intake.mapping.load import load_mapping
from adapter.intake.mapping.spec import Mapping_
from adapter.intake.readers.shard_stays import ExportRead, Orphans, Shards, gather, orphan_issue
from adapter.intake.readers.shards import Cut, PartRead, cut, read_part
from adapter.intake.readers.staging import ReadFile
from adapter.model.issues import Issue, stopping
from adapter.model.source import ReadingLimits, StayRecords

#: Told what was done since it was told last: bytes read, rows read, stays converted.
Moved = Callable[[int, int, int], None]

ISSUES, REJECTED, SUMMARY = "issues.ndjson", "rejected.ndjson", "summary.json"

_TOLD_EVERY = 50


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be converted, as every process must know it.

    Attributes:
        workdir: folder for what is put aside; it is removed afterwards.
        reference: folder of dated facts, for messages that an item master prices.
    """

    source: str
    mappings: str
    reference: str | None
    workdir: str
    limits: ReadingLimits


@dataclass(slots=True)
class Written:
    """What became of some stays.

    Attributes:
        lines: resources written, by type.
        shared: resources of the source itself, the same for every stay: type and JSON. They are written once.
        codes: issues by code.
        orphans: rows whose stay is not there.
    """

    stays: int = 0
    held: int = 0
    lines: dict[str, int] = field(default_factory=dict)
    shared: dict[str, str] = field(default_factory=dict)
    codes: dict[str, int] = field(default_factory=dict)
    orphans: list[Orphans] = field(default_factory=list)

    def add(self, other: Written) -> None:
        """Add what became of further stays."""
        self.stays += other.stays
        self.held += other.held
        for mine, its in ((self.lines, other.lines), (self.codes, other.codes)):
            for name, count in its.items():
                mine[name] = mine.get(name, 0) + count
        self.orphans += other.orphans
        for body, kind in other.shared.items():
            self.shared.setdefault(body, kind)


@dataclass(frozen=True, slots=True)
class ReadExport:
    """How the files were read: all that is told of them."""

    files: tuple[ReadFile, ...]
    issues: tuple[Issue, ...]
    missing: tuple[Issue, ...]


class Steps:
    """The steps of one job. A process keeps what it has compiled and learned from one shard to the next."""

    def __init__(self, job: Job, moved: Moved, mapping: Mapping_ | None = None) -> None:
        """
        Args:
            mapping: the job's, where it is loaded already.
        """
        mapping = mapping or load_mapping(Path(job.mappings), job.source)
        self._mapping = replace(mapping, shape=replace(mapping.shape, limits=job.limits))
        self._job = job
        self._workdir = Path(job.workdir)
        self._moved = moved

    def cut(self, paths: Sequence[str]) -> Cut:
        """Choose the shards."""
        return cut([Path(path) for path in paths], self._mapping.shape, self._job.source, self._workdir)

    def read(self, path: str, number: int, into: Cut, seconds: float) -> PartRead:
        """Read one file."""
        return read_part(
            Path(path),
            str(number),
            self._mapping.shape,
            self._job.source,
            self._workdir,
            into,
            monotonic() + seconds,
            lambda size, rows: self._moved(size, rows, 0),
        )

    def gather(self, parts: Sequence[PartRead], into: Cut) -> ReadExport:
        """Put the files together, and leave what converting needs to know beside the shards."""
        export = gather(parts, self._mapping.shape, self._job.source, self._workdir, into)
        (self._workdir / "export.json").write_bytes(msgspec.json.encode(export))
        return ReadExport(export.files, export.issues, export.missing)

    def convert(self, shard: int, folder: str) -> Written:
        """Convert the stays of a shard; what they become is added to the files of a folder."""
        found = Written()
        self._write(self._shards.stays(shard, found.orphans.append), Path(folder), found)
        return found

    def orphan_issues(self, orphans: Iterable[Orphans]) -> tuple[Issue, ...]:
        """What is told of rows of no stay."""
        return tuple(orphan_issue(each, self._mapping.shape) for each in orphans)

    def convert_all(self, paths: Sequence[str], folder: str) -> tuple[ReadExport, Written]:
        """Read and convert in one go, for sources whose exports cannot be put aside in shards."""
        from adapter.cases.mappings import staged_sample  # the ledger comes with it, and few sources need it

        found = Written()
        reference = Path(self._job.reference) if self._job.reference is not None else None
        where = [Path(path) for path in paths]
        with staged_sample(self._mapping, where, Path(self._job.mappings), reference) as batch:
            self._write(batch.stays(), Path(folder), found)
            read = (batch.messages, batch.resources, *batch.rows)
            files = tuple(file for each in read if each is not None for file in each.files)
            return ReadExport(files, batch.issues, ()), found

    @cached_property
    def _mapper(self) -> DirectMapper:
        return DirectMapper(self._mapping)

    @cached_property
    def _shards(self) -> Shards:
        export = msgspec.json.decode((self._workdir / "export.json").read_bytes(), type=ExportRead)
        return Shards(export, self._mapping.shape, self._job.source, self._workdir)

    def _write(self, stays: Iterable[StayRecords], folder: Path, found: Written) -> None:
        folder.mkdir(exist_ok=True)
        told = 0
        with _Files(folder) as files:
            for stay in stays:
                files.write(stay, self._mapper.convert(stay), found)
                if found.stays - told >= _TOLD_EVERY:
                    self._moved(0, 0, found.stays - told)
                    told = found.stays
        self._moved(0, 0, found.stays - told)


class _Files:
    """The files of a folder, each opened when there is something to add to it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[str, BinaryIO] = {}
        self._stack = ExitStack()

    def __enter__(self) -> _Files:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def write(self, stay: StayRecords, converted: ConvertedStay, found: Written) -> None:
        """The resources of a stay; or, where something stops it, the stay with its rows as they came."""
        found.stays += 1
        noted = converted.issues
        if not converted.written:
            noted = noted or (issues.stay_without_admission(stay.stay_key),)
        for issue in dict.fromkeys(noted):
            found.codes[issue.code] = found.codes.get(issue.code, 0) + 1
            self._to(ISSUES).write(issue_line(issue, stay.stay_key))
        if stopping(noted):
            found.held += 1
            self._to(REJECTED).write(_rejected(stay, noted))
            return
        for each in converted.written:
            found.lines[each.kind] = found.lines.get(each.kind, 0) + each.count
            self._to(f"{each.kind}.ndjson").write(each.lines)
        for kind, body in converted.shared:
            found.shared.setdefault(body.decode(), kind)

    def _to(self, name: str) -> BinaryIO:
        known = self._open.get(name)
        if known is None:
            known = self._open[name] = self._stack.enter_context((self._folder / name).open("ab"))
        return known


def issue_line(issue: Issue, stay_key: str | None) -> bytes:
    """An issue as a line of issues.ndjson."""
    return msgspec.json.encode({"stay": stay_key, **msgspec.to_builtins(issue)}) + b"\n"


def _rejected(stay: StayRecords, noted: Iterable[Issue]) -> bytes:
    rows = [
        {"file": row.origin.file, "table": name, "row": row.origin.row, "fields": dict(row.fields)}
        for name, of_table in stay.tables.items()
        for row in of_table
    ]
    codes = list(dict.fromkeys(issue.code for issue in stopping(noted)))
    return msgspec.json.encode({"stay": stay.stay_key, "codes": codes, "rows": rows}) + b"\n"
