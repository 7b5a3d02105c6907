"""Bundles gathered by stay, on disk (资源归集).

Resources are read one at a time into a temporary SQLite file; in memory are only the names that tie them together. What
cannot be read is an issue with its place and stops nothing but the stay that it seems to be about.
"""

from __future__ import annotations

import re
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from types import TracebackType

from adapter.fhir.canonical import decode, encode
from adapter.fhir.names import key_of, lifted, literal, name_of, references, type_of
from adapter.intake.readers import issues as file_issues
from adapter.intake.readers.encoding import Sniffed, Undecodable, sniff
from adapter.intake.readers.fhir_bundle import issues
from adapter.intake.readers.fhir_bundle.files import Entry, entries
from adapter.intake.readers.fhir_bundle.folding import fold, is_stay, shared_keys, stay_key_of
from adapter.intake.readers.fhir_bundle.sent import TIED_BY_NAME, Sent, part, unpacked
from adapter.intake.readers.messages import RefusedMessage, Ties
from adapter.intake.readers.rows import BrokenFile, FileRefused
from adapter.intake.readers.staging import Progress, ReadFile
from adapter.intake.readers.xml_files import DoctypeRefused
from adapter.model.issues import Issue
from adapter.model.message import KeptMessage
from adapter.model.native import NativeShape
from adapter.model.source import StayRecords

SUFFIXES = (".json", ".ndjson", ".jsonl", ".xml")
_TOLD_EVERY = 1000
_PER_STAY = 20

#: Resources that are kept as one part.
_TOGETHER = 500

_ENCOUNTER = re.compile(r'"(?:https?://[^"\s]+/)?(Encounter/[A-Za-z0-9\-.]{1,64})(?:/_history/[^"/\s]+)?"')

_DELETED = (
    "是删除(DELETE);请改为发送 status 为 entered-in-error 的版本",
    "it is a deletion; send a version with status entered-in-error instead",
)

_SCHEMA = """
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    CREATE TABLE entry (id INTEGER PRIMARY KEY, file INTEGER, number INTEGER, bundle INTEGER, url TEXT, name TEXT,
                        key TEXT, at TEXT, deleted INTEGER, text TEXT, tie INTEGER);
    CREATE INDEX by_url ON entry (file, bundle, url) WHERE url <> '';
    CREATE TABLE part (id INTEGER PRIMARY KEY, tie INTEGER, shared INTEGER, new INTEGER, identity TEXT, keys TEXT,
                       file TEXT, number INTEGER, arrived TEXT, text TEXT);
    CREATE TABLE refused (id INTEGER PRIMARY KEY, file TEXT, number INTEGER, stay TEXT, data TEXT);
"""


class StagedBundles:
    """Resources on disk, by what ties them together. A context manager; closing it removes the temporary file."""

    def __init__(self, shape: NativeShape, source: str, workdir: Path | None = None) -> None:
        self.shape = shape
        self._source = source
        self._until = monotonic() + shape.limits.seconds
        self._room = TemporaryDirectory(dir=workdir, prefix="bundles-", ignore_cleanup_errors=True)
        self._db = sqlite3.connect(Path(self._room.name) / "bundles.sqlite")
        self._db.executescript(_SCHEMA)
        self._ties = Ties()
        self._files: list[ReadFile] = []
        self._issues: list[Issue] = []
        self._refused: list[Issue] = []
        self._of_stay: defaultdict[str, list[Issue]] = defaultdict(list)

    @property
    def issues(self) -> tuple[Issue, ...]:
        """Everything found while reading, in order of files and entries."""
        return tuple(self._issues)

    @property
    def files(self) -> tuple[ReadFile, ...]:
        return tuple(self._files)

    def __enter__(self) -> StagedBundles:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Remove what was staged. Safe to call twice."""
        self._db.close()
        self._room.cleanup()

    def add(self, path: Path, progress: Progress | None = None) -> None:
        """Read one file."""
        limit = self.shape.limits.file_bytes
        refused = ReadFile(path.name, None, None, 0, "", False)
        try:
            if (size := path.stat().st_size) > limit:
                self._issues.append(file_issues.file_too_large(path.name, size, limit))
                self._files.append(refused)
                return
            sniffed = sniff(path, ())
        except Undecodable as error:
            self._issues.append(file_issues.unreadable_encoding(path.name, error.offset))
            self._files.append(refused)
            return
        except OSError as error:
            self._issues.append(file_issues.file_unreadable(path.name, type(error).__name__))
            self._files.append(refused)
            return
        self._read(path, sniffed, progress)

    def keep(self, kept: KeptMessage) -> None:
        """Put in a part that came earlier, so that it is folded with those that come now."""
        self._store(kept, new=False)

    def messages(self) -> Iterator[KeptMessage]:
        """Every part read, in order of files, as it is to be kept for good."""
        query = "SELECT identity, keys, file, number, text, arrived FROM part WHERE new ORDER BY id"
        for identity, keys, file, number, text, arrived in self._db.execute(query):
            yield KeptMessage(identity, tuple(decode(keys.encode())), file, number, text, arrived)

    def refused(self) -> Iterator[RefusedMessage]:
        """Every entry that was refused and is listed among the issues, in order of files."""
        rows = self._db.execute("SELECT file, number, stay, data FROM refused ORDER BY id")
        for (file, number, stay, data), issue in zip(rows, self._refused, strict=True):
            yield RefusedMessage(file, number, stay, data.encode("utf-8", "replace"), issue)

    def stays(self) -> Iterator[StayRecords]:
        """Each stay as it is now, with its issues. Stays that share persons come one after another."""
        ties = [(self._ties.root(tie), tie) for (tie,) in self._db.execute("SELECT DISTINCT tie FROM part")]
        self._db.execute("CREATE TEMP TABLE IF NOT EXISTS root (tie INTEGER PRIMARY KEY, root INTEGER)")
        self._db.execute("DELETE FROM root")
        self._db.executemany("INSERT INTO root (root, tie) VALUES (?, ?)", ties)
        rows = self._db.execute(
            "SELECT root.root, file, number, text, arrived FROM part JOIN root USING (tie) WHERE NOT shared "
            "ORDER BY root, part.id"
        )
        together: list[Sent] = []
        current = None
        for root, file, number, text, arrived in rows:
            if root != current:
                yield from self._fold(together)
                together, current = [], root
            together += unpacked(KeptMessage("", (), file, number, text, arrived))
        yield from self._fold(together)

    # -- filling -------------------------------------------------------------------------------------------------------

    def _fold(self, together: list[Sent]) -> list[StayRecords]:
        return fold([*together, *self._shared(together)], self.shape, self._source, self._of_stay)

    def _shared(self, together: list[Sent]) -> list[Sent]:
        """Every version of what these name and many stays share."""
        roots = {self._ties.root(self._ties.tie([key])) for key in shared_keys(together)}
        query = "SELECT file, number, text, arrived FROM part JOIN root USING (tie) WHERE shared AND root.root = ?"
        rows = [row for root in sorted(roots) for row in self._db.execute(query, (root,))]
        return [each for row in rows for each in unpacked(KeptMessage("", (), *row))]

    def _read(self, path: Path, sniffed: Sniffed, progress: Progress | None) -> None:
        file, count, found = len(self._files), 0, _Found()
        try:
            for entry in entries(path, sniffed, self.shape.limits):
                count = entry.number
                self._within_limits(path.name, count)
                if progress is not None and count % _TOLD_EVERY == 0:
                    progress(path.name, count)
                self._take(entry, file, path, found)
        except (BrokenFile, DoctypeRefused, FileRefused) as error:
            self._db.execute("DELETE FROM entry WHERE file = ?", (file,))
            self._issues += [*found.refused, _unusable(path.name, error)]
            self._files.append(ReadFile(path.name, None, sniffed.encoding, count, sniffed.sha256, False))
            return
        self._finish(file, path.name, sniffed.sha256, found)
        self._issues += found.issues(path.name)
        if progress is not None:
            progress(path.name, count)
        self._files.append(ReadFile(path.name, None, sniffed.encoding, count, sniffed.sha256, found.left_out == 0))

    def _within_limits(self, file: str, count: int) -> None:
        """Refuse a file that holds too much, or all that remain when time is over."""
        limits = self.shape.limits
        if count > limits.rows:
            raise FileRefused(file_issues.too_many_rows(file, limits.rows))
        if monotonic() > self._until:
            raise FileRefused(file_issues.time_over(file, limits.seconds))

    def _take(self, entry: Entry, file: int, path: Path, found: _Found) -> None:
        kind, name = type_of(entry.resource), name_of(entry.resource)
        pointer = f"{path.name}#{entry.number}" + (f"/{name}" if name and "?" not in name else "")
        if entry.refused is not None:
            data = entry.data or encode(entry.resource).decode()
            stay = next(iter(_ENCOUNTER.findall(data)), "")
            if entry.data and not stay and path.suffix.lower() not in (".ndjson", ".jsonl"):
                raise BrokenFile(
                    entry.number
                )  # a Bundle is one piece of work, and nobody can tell whose part is missing
            self._refuse(issues.unreadable(pointer, *entry.refused), entry, path.name, stay, data, found)
        elif kind in self.shape.ignored:
            found.ignored[kind] += 1
        elif kind not in self.shape.used:
            self._refuse(issues.strange_type(pointer, kind), entry, path.name, "", "", found)
        elif entry.deleted and kind not in TIED_BY_NAME:
            self._refuse(issues.unreadable(pointer, *_DELETED), entry, path.name, "", "", found)
        elif not name:
            self._refuse(issues.nameless(f"{pointer}/{kind}"), entry, path.name, "", "", found)
        elif kind == "ChargeItem" and not entry.deleted and not {"context", "account"} & entry.resource.keys():
            self._refuse(issues.without_stay(pointer), entry, path.name, "", "", found)
        else:
            text, key = encode(entry.resource).decode(), key_of(entry.resource)
            self._db.execute(
                "INSERT INTO entry (file, number, bundle, url, name, key, at, deleted, text) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (file, entry.number, entry.bundle, entry.full_url, name, key, entry.at, entry.deleted, text),
            )
            for inner in lifted(entry.resource).values():
                self._take(replace(entry, resource=inner, full_url="", refused=None), file, path, found)

    def _refuse(self, issue: Issue, entry: Entry, file: str, stay: str, data: str, found: _Found) -> None:
        if stay and len(self._of_stay[stay]) < _PER_STAY:
            self._of_stay[stay].append(issue)
        if len(found.refused) >= self.shape.limits.listed:
            found.left_out += 1
            return
        found.refused.append(issue)
        self._refused.append(issue)
        row = (file, entry.number, stay, data or encode(entry.resource).decode())
        self._db.execute("INSERT INTO refused (file, number, stay, data) VALUES (?, ?, ?, ?)", row)

    # -- when a file is in ---------------------------------------------------------------------------------------------

    def _finish(self, file: int, name: str, digest: str, found: _Found) -> None:
        """Resolve what refers to what, and make parts of what belongs together."""
        self._tie(file, name)
        together: list[Sent] = []
        current = None
        for row in self._db.execute("SELECT * FROM entry WHERE file = ? ORDER BY tie, id", (file,)):
            if row[-1] != current or len(together) >= _TOGETHER:
                self._part(together, digest, found)
                together, current = [], row[-1]
            together.append(self._sent(row, name))
        self._part(together, digest, found)
        self._db.execute("DELETE FROM entry WHERE file = ?", (file,))
        self._db.commit()

    def _tie(self, file: int, name: str) -> None:
        """Number the entries of a file by what belongs together."""
        ties = Ties()
        last, tied = 0, [(0, 0)]
        while tied:
            query = "SELECT * FROM entry WHERE file = ? AND id > ? ORDER BY id LIMIT ?"
            rows = self._db.execute(query, (file, last, _TOLD_EVERY)).fetchall()
            tied = [(ties.tie(self._sent(row, name).tie_keys()), row[0]) for row in rows]
            self._db.executemany("UPDATE entry SET tie = ? WHERE id = ?", tied)
            last = rows[-1][0] if rows else last
        numbers = self._db.execute("SELECT DISTINCT tie FROM entry WHERE file = ?", (file,)).fetchall()
        moved = [(ties.root(tie), tie, file) for (tie,) in numbers if ties.root(tie) != tie]
        self._db.execute("CREATE INDEX IF NOT EXISTS by_tie ON entry (file, tie, id)")
        self._db.executemany("UPDATE entry SET tie = ? WHERE tie = ? AND file = ?", moved)

    def _sent(self, row: tuple[object, ...], file: str) -> Sent:
        _, place, number, bundle, _, name, key, at, deleted, text, _ = row
        resource = decode(str(text).encode())
        links = {said: name_of(inner) for said, inner in lifted(resource).items()}
        for each in references(resource):
            said = str(each.get("reference", ""))
            if said and said not in links and not literal(said) and (named := self._named(place, bundle, said)):
                links[said] = named
        arrived = f"{place:010d}{number:010d}"
        return Sent(str(name), str(key), resource, links, file, int(str(number)), str(at), arrived, bool(deleted))

    def _named(self, file: object, bundle: object, said: str) -> str:
        """The name behind a reference that is none itself: an entry's ``fullUrl``, or an address of the server."""
        query = "SELECT name FROM entry WHERE file = ? AND bundle = ? AND url = ?"
        found = self._db.execute(query, (file, bundle, said)).fetchone()
        return str(found[0]) if found is not None else literal(said, self.shape.bases)

    def _part(self, together: list[Sent], digest: str, found: _Found) -> None:
        if not together:
            return
        encounters = [each for each in together if each.kind == "Encounter" and not each.deleted]
        found.others += sum(not is_stay(each, self.shape) for each in encounters)
        keys = [stay_key_of(each, self.shape) for each in encounters if is_stay(each, self.shape)]
        self._store(part(together, digest, keys), new=True)

    def _store(self, kept: KeptMessage, *, new: bool) -> None:
        shared = bool(kept.keys) and all(key.startswith("shared:") for key in kept.keys)
        keys = encode(list(kept.keys)).decode()
        self._db.execute(
            "INSERT INTO part (tie, shared, new, identity, keys, file, number, arrived, text) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                self._ties.tie(kept.keys),
                shared,
                new,
                kept.identity,
                keys,
                kept.file,
                kept.number,
                kept.arrived,
                kept.text,
            ),
        )


def _unusable(file: str, error: BrokenFile | DoctypeRefused | FileRefused) -> Issue:
    if isinstance(error, BrokenFile):
        return file_issues.broken_file(file, error.line, 0)
    if isinstance(error, FileRefused):
        return error.issue
    return file_issues.doctype_refused(file)


class _Found:
    """What reading one file found."""

    def __init__(self) -> None:
        self.refused: list[Issue] = []
        self.ignored: Counter[str] = Counter()
        self.left_out = 0
        self.others = 0

    def issues(self, file: str) -> Iterator[Issue]:
        yield from self.refused
        if self.left_out:
            yield file_issues.more_issues(file, self.left_out)
        if self.ignored:
            counts = ", ".join(f"{kind} {count}" for kind, count in sorted(self.ignored.items()))
            yield issues.ignored_types(file, counts)
        if self.others:
            yield issues.other_encounters(file, self.others)


def stage_bundles(
    paths: Iterable[Path],
    shape: NativeShape,
    source: str,
    *,
    workdir: Path | None = None,
    progress: Progress | None = None,
) -> StagedBundles:
    """Read files of FHIR and gather their resources by stay.

    Args:
        paths: files, or folders whose ``*.json``, ``*.ndjson`` and ``*.jsonl`` files are taken.
        shape: what the mapping says about the hospital's server.

    Returns:
        The resources by stay; use it in a ``with``. Nothing is raised for bad input: see ``issues``.
    """
    staged = StagedBundles(shape, source, workdir)
    try:
        for path in bundle_files(paths):
            staged.add(path, progress)
    except BaseException:
        staged.close()
        raise
    return staged


def bundle_files(paths: Iterable[Path]) -> list[Path]:
    """The files named, and of the folders named those that hold FHIR; each once, by name."""
    found: dict[Path, None] = {}
    for path in paths:
        inside = (each for each in path.iterdir() if each.suffix.lower() in SUFFIXES) if path.is_dir() else (path,)
        found.update(dict.fromkeys(inside))
    return sorted(found, key=lambda file: (file.name, str(file)))
