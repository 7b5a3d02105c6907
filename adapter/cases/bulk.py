"""Convert an export into FHIR NDJSON, on all cores, and keep nothing (批量转换).

A file for each type of resource, in order of the stays; the issues; the stays that stop, with their rows; a summary.
What comes out is the same however many processes did it. Nothing goes into the ledger. The files appear together when
everything is done, and the summary is the last of them: a folder without it is not whole.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import msgspec

from adapter.cases import bulk_issues as issues
from adapter.cases.bulk_steps import ISSUES, REJECTED, SUMMARY, Job, Moved, ReadExport, Written, issue_line
from adapter.cases.bulk_workers import Alone, Task, Workers
from adapter.intake.mapping.load import load_mapping
from adapter.intake.mapping.spec import Mapping_
from adapter.intake.readers.formats import FORMATS, files_of
from adapter.intake.readers.shards import Cut, PartRead, shardable
from adapter.model.issues import AdapterError, Issue, stopping
from adapter.model.source import ReadingLimits

_MEGABYTE = 1 << 20
_TEMPORARY = ".convert-"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is.

    Attributes:
        done, total: bytes read of the files, then shards converted of all.
    """

    step: str
    done: int
    total: int
    rows: int
    stays: int


Told = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Converted:
    """What became of an export.

    Attributes:
        version: of the mapping.
        issues: of reading; those of stays are in the folder.
        published: whether the folder was written.
        written: stays and resources; nothing of it was published where ``published`` is false.
    """

    source: str
    version: str
    read: ReadExport
    issues: tuple[Issue, ...]
    published: bool
    written: Written

    @property
    def stopped(self) -> bool:
        """Whether something waits for a person."""
        return bool(self.written.held or stopping(self.issues))

    @property
    def summary(self) -> dict[str, Any]:
        """What summary.json says."""
        codes = dict(self.written.codes)
        for issue in self.issues:
            codes[issue.code] = codes.get(issue.code, 0) + 1
        lines = dict(self.written.lines)
        for kind in self.written.shared.values():
            lines[kind] = lines.get(kind, 0) + 1
        return {
            "source": self.source,
            "mapping": self.version,
            "files": [asdict(file) for file in self.read.files],
            "stays": self.written.stays,
            "written": self.written.stays - self.written.held,
            "held": self.written.held,
            "resources": dict(sorted(lines.items())),
            "issues": dict(sorted(codes.items())),
        }


class _Doing(Protocol):
    def do(self, tasks: Sequence[Task], kind: Any) -> Iterator[tuple[int, Any]]: ...


def convert(
    source: str,
    paths: Sequence[Path],
    out: Path,
    *,
    mappings: Path,
    reference: Path | None = None,
    limits: ReadingLimits | None = None,
    jobs: int = 1,
    keep_going: bool = False,
    told: Told = lambda _: None,
) -> Converted:
    """Convert files or folders of one source.

    Args:
        jobs: processes that share the work; 0 does it in this one.
        keep_going: convert what can be read, though a file or a table is not whole.

    Raises:
        AdapterError: the source is unknown or its mapping is wrong, the folder holds something else (API-840), or a
            process was lost (API-841). Nothing was written.
    """
    mapping = load_mapping(mappings, source)
    if limits is not None:
        mapping = replace(mapping, shape=replace(mapping.shape, limits=limits))
    _make_room(out)
    with _workdir(out) as workdir:
        job = Job(
            source=source,
            mappings=str(mappings.resolve()),
            reference=str(reference.resolve()) if reference is not None else None,
            workdir=str(workdir),
            limits=mapping.shape.limits,
        )
        files = workdir / "out"
        files.mkdir()
        watch = _Watch(told)
        with _doing(job, jobs, watch.moved, mapping) as doing:
            conversion = _Conversion(doing, jobs, files, watch)
            if len(mapping.row_shapes) == 1 and mapping.shape.reader in FORMATS and shardable(mapping.shape):
                shape = mapping.shape
                read, written = conversion.by_shards(files_of(paths, shape), shape.limits, keep_going=keep_going)
            else:
                read, written = conversion.at_once(paths)
            found = (*read.issues, *conversion.orphans(written), *read.missing)
        whole = not read.missing and all(file.complete for file in read.files)
        converted = Converted(source, mapping.version, read, found, whole or keep_going, written)
        if not converted.published:
            not_whole = issues.not_whole(", ".join(file.name for file in read.files if not file.complete) or source)
            return replace(converted, issues=(*found, not_whole))
        _publish(converted, files, out)
        return converted


def _doing(job: Job, jobs: int, moved: Moved, mapping: Mapping_) -> AbstractContextManager[_Doing]:
    return Workers(job, jobs, moved) if jobs else nullcontext(Alone(job, moved, mapping))


class _Watch:
    """Adds up what the processes say."""

    def __init__(self, told: Told) -> None:
        self._told = told
        self._now = Progress("reading", 0, 0, 0, 0)

    def begin(self, step: str, total: int) -> None:
        self._now = replace(self._now, step=step, done=0, total=total)
        self._told(self._now)

    def moved(self, size: int, rows: int, stays: int) -> None:
        now = self._now
        self._now = replace(now, done=now.done + size, rows=now.rows + rows, stays=now.stays + stays)
        self._told(self._now)

    def reached(self, done: int) -> None:
        """So much is done at least; where files are read row by row, nothing tells before their end."""
        self._now = replace(self._now, done=max(done, self._now.done))
        self._told(self._now)

    def one_done(self) -> None:
        self.moved(1, 0, 0)


class _Conversion:
    """The steps of a job, put one after the other."""

    def __init__(self, doing: _Doing, jobs: int, folder: Path, watch: _Watch) -> None:
        self._doing = doing
        self._jobs = jobs
        self._folder = folder
        self._watch = watch

    def by_shards(
        self, files: Sequence[Path], limits: ReadingLimits, *, keep_going: bool
    ) -> tuple[ReadExport, Written]:
        """Read the files side by side, then convert the shards side by side."""
        names = tuple(str(path.resolve()) for path in files)
        sizes = [path.stat().st_size if path.is_file() else 0 for path in files]
        self._watch.begin("reading", sum(sizes))
        into: Cut = self._one(Task("cut", (names,)), Cut)
        reading = [Task("read", (name, number, into, limits.seconds)) for number, name in enumerate(names)]
        parts: dict[int, PartRead] = {}
        for number, part in self._doing.do(reading, PartRead):
            parts[number] = part
            self._watch.reached(sum(sizes[each] for each in parts))
        read: ReadExport = self._one(
            Task("gather", (tuple(parts[number] for number in sorted(parts)), into)), ReadExport
        )
        written = Written()
        if not keep_going and (read.missing or not all(file.complete for file in read.files)):
            return read, written
        self._watch.begin("converting", into.shards)
        apart = self._jobs > 1
        folders = [self._folder / f"{shard}" if apart else self._folder for shard in range(into.shards)]
        tasks = [Task("convert", (shard, str(folder))) for shard, folder in enumerate(folders)]
        for shard, found in self._in_order(tasks, Written):
            written.add(found)
            if apart:
                _append_all(folders[shard], self._folder)
            self._watch.one_done()
        return read, written

    def at_once(self, paths: Sequence[Path]) -> tuple[ReadExport, Written]:
        """Let one process do everything."""
        self._watch.begin("converting", 0)
        task = Task("convert_all", (tuple(str(path.resolve()) for path in paths), str(self._folder)))
        read, written = self._one(task, tuple[ReadExport, Written])
        return read, written

    def orphans(self, written: Written) -> tuple[Issue, ...]:
        """What is told of rows of no stay."""
        if not written.orphans:
            return ()
        found: tuple[Issue, ...] = self._one(Task("orphan_issues", (written.orphans,)), tuple[Issue, ...])
        return found

    def _one(self, task: Task, kind: Any) -> Any:
        return next(result for _, result in self._doing.do([task], kind))

    def _in_order(self, tasks: Sequence[Task], kind: Any) -> Iterator[tuple[int, Any]]:
        """Results in the order of the tasks, each as soon as those before it are there."""
        ready: dict[int, Any] = {}
        following = 0
        for number, result in self._doing.do(tasks, kind):
            ready[number] = result
            while following in ready:
                yield following, ready.pop(following)
                following += 1


# -- what is written ---------------------------------------------------------------------------------------------------


def _make_room(out: Path) -> None:
    """Make the folder, or clear away what a conversion that was killed left in it.

    Raises:
        AdapterError: API-840, it holds what no conversion wrote.
    """
    out.mkdir(parents=True, exist_ok=True)
    left = [path for path in out.iterdir() if path.name.startswith(_TEMPORARY)]
    others = [path for path in out.iterdir() if path not in left]
    if any(path.suffix != ".ndjson" and path.name != SUMMARY for path in others) or (
        others and not left and not (out / SUMMARY).exists()
    ):
        raise AdapterError(issues.folder_taken(out.name))
    for path in left:
        shutil.rmtree(path)


@contextmanager
def _workdir(out: Path) -> Iterator[Path]:
    """A folder that is gone afterwards. ``TemporaryDirectory`` leaves it when Ctrl-C strikes while it is being made."""
    folder = out.resolve() / f"{_TEMPORARY}{secrets.token_hex(8)}"
    try:
        folder.mkdir(mode=0o700)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _append_all(part: Path, whole: Path) -> None:
    """Add the files of a shard to those of all."""
    for path in sorted(part.iterdir()):
        with path.open("rb") as source, (whole / path.name).open("ab") as target:
            shutil.copyfileobj(source, target, _MEGABYTE)
        path.unlink()
    part.rmdir()


def _publish(converted: Converted, files: Path, out: Path) -> None:
    """Put the finished files where they belong: what an earlier conversion left goes first, the summary comes last."""
    for body, kind in converted.written.shared.items():
        with (files / f"{kind}.ndjson").open("ab") as stream:
            stream.write(body.encode() + b"\n")
    of_stays = files / "of_stays"
    (files / ISSUES).touch()
    (files / REJECTED).touch()
    (files / ISSUES).rename(of_stays)
    with (files / ISSUES).open("wb") as stream, of_stays.open("rb") as rest:
        stream.writelines(issue_line(issue, None) for issue in converted.issues)
        shutil.copyfileobj(rest, stream, _MEGABYTE)
    of_stays.unlink()
    (out / SUMMARY).unlink(missing_ok=True)
    for path in out.glob("*.ndjson"):
        path.unlink()
    for path in sorted(files.iterdir()):
        path.rename(out / path.name)
    summary = files / SUMMARY
    summary.write_bytes(msgspec.json.format(msgspec.json.encode(converted.summary), indent=2) + b"\n")
    summary.rename(out / SUMMARY)
