"""Files of HL7 v2 messages, gathered by what ties them together and folded into stays (消息文件归集).

One message or many in a file, framed or not, in batches or not. Messages are kept on disk; only their keys are held in
memory. A message that cannot be read is an issue with its place and stops no other.
"""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from hashlib import file_digest
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from types import TracebackType
from typing import BinaryIO

from adapter.intake.readers import issues as file_issues
from adapter.intake.readers import message_issues as issues
from adapter.intake.readers.folding import Folder
from adapter.intake.readers.hl7v2 import Message, MessageParser, MessageRefused
from adapter.intake.readers.hl7v2_files import BatchCount, split
from adapter.intake.readers.rows import FileRefused
from adapter.intake.readers.staging import Progress, ReadFile
from adapter.model.issues import Issue
from adapter.model.message import KeptMessage, MessageShape, PriceList
from adapter.model.source import StayRecords

#: Of files that hold messages, in lower case.
MESSAGE_SUFFIXES = (".hl7", ".er7", ".mllp")
_TOLD_EVERY = 1000
_PER_STAY = 20
_SCHEMA = """
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    CREATE TABLE message (id INTEGER PRIMARY KEY, tie INTEGER, file TEXT, number INTEGER, arrived TEXT,
                          text TEXT, new INTEGER);
    CREATE TABLE refused (id INTEGER PRIMARY KEY, file TEXT, number INTEGER, stay TEXT, data BLOB);
"""


@dataclass(frozen=True, slots=True)
class RefusedMessage:
    """A message that could not be read.

    Attributes:
        stay: key of the stay that it seems to be about; empty when nobody can tell.
        data: its bytes, as they came.
    """

    file: str
    number: int
    stay: str
    data: bytes = field(repr=False)
    issue: Issue


class StagedMessages:
    """Messages on disk, by what ties them together. A context manager; closing it removes the temporary file."""

    def __init__(
        self, shape: MessageShape, source: str, prices: PriceList | None = None, workdir: Path | None = None
    ) -> None:
        self.parser = MessageParser(shape)
        self.folder = Folder(shape, source, prices)
        self._limits = shape.limits
        self._room = TemporaryDirectory(dir=workdir, prefix="messages-", ignore_cleanup_errors=True)
        self._db = sqlite3.connect(Path(self._room.name) / "messages.sqlite")
        self._db.executescript(_SCHEMA)
        self._ties = Ties()
        self._files: list[ReadFile] = []
        self._issues: list[Issue] = []
        self._doubled: Counter[str] = Counter()
        self._of_stay: defaultdict[str, list[Issue]] = defaultdict(list)
        self._refused: list[Issue] = []
        self._until = monotonic() + shape.limits.seconds
        self._before = {"message": 0, "refused": 0}

    @property
    def issues(self) -> tuple[Issue, ...]:
        """What was found while reading, and after ``stays`` also which files told nothing new."""
        return (*self._issues, *(issues.duplicates(file, n) for file, n in sorted(self._doubled.items())))

    @property
    def files(self) -> tuple[ReadFile, ...]:
        return tuple(self._files)

    def __enter__(self) -> StagedMessages:
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
        try:
            size = path.stat().st_size
            if size > self._limits.file_bytes:
                self._issues.append(file_issues.file_too_large(path.name, size, self._limits.file_bytes))
                self._files.append(ReadFile(path.name, None, None, 0, "", False))
                return
            with path.open("rb") as stream:
                digest = file_digest(stream, "sha256").hexdigest()
                stream.seek(0)
                self._read(path.name, stream, digest, progress)
        except FileRefused as refused:
            self._issues.append(refused.issue)
            self._files.append(ReadFile(path.name, None, None, 0, "", False))
        except OSError as error:
            self._issues.append(file_issues.file_unreadable(path.name, type(error).__name__))
            self._files.append(ReadFile(path.name, None, None, 0, "", False))

    def keep(self, kept: KeptMessage) -> None:
        """Put in a message that came earlier, so that it is folded with those that come now."""
        self._store(self._ties.tie(kept.keys), kept, new=False)

    def messages(self) -> Iterator[KeptMessage]:
        """Every message read, in order of files, as it is to be kept for good."""
        rows = self._db.execute("SELECT file, number, text, arrived FROM message WHERE new ORDER BY id")
        for file, number, text, arrived in rows:
            message = self.parser.parse(text, file, number, arrived)
            if message.relevant:
                yield KeptMessage(message.identity.hex(), message.keys, file, number, text, arrived)

    def refused(self) -> Iterator[RefusedMessage]:
        """Every message that was refused and is listed among the issues, in order of files."""
        rows = self._db.execute("SELECT file, number, stay, data FROM refused ORDER BY id")
        for (file, number, stay, data), issue in zip(rows, self._refused, strict=True):
            yield RefusedMessage(file, number, stay, data, issue)

    def stays(self) -> Iterator[StayRecords]:
        """Each stay with its current rows, and its issues. Stays that share persons come one after another."""
        self._doubled.clear()
        ties = [(self._ties.root(tie), tie) for (tie,) in self._db.execute("SELECT DISTINCT tie FROM message")]
        self._db.execute("CREATE TEMP TABLE IF NOT EXISTS root (tie INTEGER PRIMARY KEY, root INTEGER)")
        self._db.execute("DELETE FROM root")
        self._db.executemany("INSERT INTO root (root, tie) VALUES (?, ?)", ties)
        rows = self._db.execute(
            "SELECT root.root, file, number, text, arrived FROM message JOIN root USING (tie) ORDER BY root, message.id"
        )
        together: list[Message] = []
        current = None
        for root, file, number, text, arrived in rows:
            if root != current:
                yield from self._fold(together)
                together, current = [], root
            together.append(self.parser.parse(text, file, number, arrived))
        yield from self._fold(together)

    # -- filling -------------------------------------------------------------------------------------------------------

    def _fold(self, together: list[Message]) -> Iterator[StayRecords]:
        folded = self.folder.fold(together)
        self._doubled.update(folded.duplicates)
        for stay in folded.stays:
            refused = tuple(self._of_stay.get(stay.stay_key, ()))
            yield replace(stay, issues=(*refused, *stay.issues)) if refused else stay

    def _read(self, file: str, stream: BinaryIO, digest: str, progress: Progress | None) -> None:
        found: list[Issue] = []
        contradicted: Counter[tuple[str, str]] = Counter()
        encodings: Counter[str] = Counter()
        count, left_out, complete = 0, 0, True
        self._before = {
            table: int(self._db.execute(f"SELECT COALESCE(MAX(id), 0) FROM {table}").fetchone()[0])  # noqa: S608
            for table in ("message", "refused")
        }
        self._check(file, 0)
        for raw in split(stream, self._limits.message_bytes):
            if isinstance(raw, BatchCount):
                found.append(issues.batch_count(f"{file}#{raw.number}", raw.said, raw.found))
                complete = False
                continue
            count = raw.number
            self._check(file, count)
            if progress is not None and count % _TOLD_EVERY == 0:
                progress(file, count)
            try:
                read = self.parser.read(raw, file, arrived := _arrived(len(self._files), raw.number))
            except MessageRefused as refused:
                complete = False
                if refused.stay and len(self._of_stay[refused.stay]) < _PER_STAY:
                    self._of_stay[refused.stay].append(refused.issue)
                if len(found) < self._limits.listed:
                    found.append(refused.issue)
                    self._refused.append(refused.issue)
                    row = (file, raw.number, refused.stay, raw.data)
                    self._db.execute("INSERT INTO refused (file, number, stay, data) VALUES (?, ?, ?, ?)", row)
                else:
                    left_out += 1
                continue
            encodings[read.encoding] += 1
            if _contradicts(read.declared, read.encoding, raw.data):
                contradicted[(read.declared, read.encoding)] += 1
            keys = read.message.keys
            kept = KeptMessage(read.message.identity.hex(), keys, file, raw.number, read.text, arrived)
            self._store(self._ties.tie(keys), kept, new=True)
        self._db.commit()
        found += [issues.charset_contradicts(file, n, *pair) for pair, n in sorted(contradicted.items())]
        if left_out:
            found.append(file_issues.more_issues(file, left_out))
        if progress is not None:
            progress(file, count)
        self._issues += found
        encoding = encodings.most_common(1)[0][0] if encodings else ""
        self._files.append(ReadFile(file, None, encoding or None, count, digest, complete))

    def _check(self, file: str, count: int) -> None:
        """Refuse the file whole once it goes beyond the limits: what was read of it is forgotten."""
        if count > self._limits.messages:
            issue = file_issues.too_many_rows(file, self._limits.messages)
        elif not count % _TOLD_EVERY and monotonic() > self._until:
            issue = file_issues.time_over(file, self._limits.seconds)
        else:
            return
        for table, last in self._before.items():
            self._db.execute(f"DELETE FROM {table} WHERE id > ?", (last,))  # noqa: S608 - names of ours
        del self._refused[self._before["refused"] :]
        raise FileRefused(issue)

    def _store(self, tie: int, kept: KeptMessage, *, new: bool) -> None:
        self._db.execute(
            "INSERT INTO message (tie, file, number, arrived, text, new) VALUES (?, ?, ?, ?, ?, ?)",
            (tie, kept.file, kept.number, kept.arrived, kept.text, new),
        )


class Ties:
    """Which keys belong together, because some message names both (union-find)."""

    def __init__(self) -> None:
        self._number: dict[str, int] = {}
        self._above: list[int] = []

    def tie(self, keys: Iterable[str]) -> int:
        """Tie these keys together; a number of theirs, whose ``root`` is that of all they are tied to."""
        known = [self._of(key) for key in keys]
        if not known:
            return self._new()
        first = self.root(known[0])
        for other in known[1:]:
            self._above[self.root(other)] = first
        return first

    def root(self, number: int) -> int:
        while self._above[number] != number:
            self._above[number] = number = self._above[self._above[number]]
        return number

    def _of(self, key: str) -> int:
        if key not in self._number:
            self._number[key] = self._new()
        return self._number[key]

    def _new(self) -> int:
        self._above.append(len(self._above))
        return len(self._above) - 1


def stage_messages(
    paths: Iterable[Path],
    shape: MessageShape,
    source: str,
    *,
    prices: PriceList | None = None,
    workdir: Path | None = None,
    progress: Progress | None = None,
    earlier: Iterable[KeptMessage] = (),
) -> StagedMessages:
    """Read files of messages and gather them by stay.

    Args:
        paths: files, or folders whose ``*.hl7``, ``*.er7`` and ``*.mllp`` files are taken.
        shape: what the mapping says about messages.
        prices: the item master, for messages that hold no amounts.
        earlier: messages kept from before, to be folded together with these.

    Returns:
        The messages by stay; use it in a ``with``. Nothing is raised for bad input: see ``issues``.
    """
    staged = StagedMessages(shape, source, prices, workdir)
    try:
        for kept in earlier:
            staged.keep(kept)
        for path in message_files(paths):
            staged.add(path, progress)
    except BaseException:
        staged.close()
        raise
    return staged


def is_message_file(path: Path) -> bool:
    """Whether a file's name says that it holds messages."""
    return path.suffix.lower() in MESSAGE_SUFFIXES


def message_files(paths: Iterable[Path]) -> list[Path]:
    """The files named, and of the folders named those that hold messages; each once, by name."""
    found: dict[Path, None] = {}
    for path in paths:
        inside = (
            (each for each in path.iterdir() if each.suffix.lower() in MESSAGE_SUFFIXES) if path.is_dir() else (path,)
        )
        found.update(dict.fromkeys(inside))
    return sorted(found, key=lambda file: (file.name, str(file)))


def _arrived(file: int, number: int) -> str:
    return f"{file:010d}{number:010d}"


def _contradicts(declared: str, encoding: str, data: bytes) -> bool:
    """Whether MSH-18 names another encoding than the bytes have; ``UNICODE`` alone and ASCII contradict nothing."""
    label = declared.upper().replace("-", "").replace(" ", "")
    if not label or data.isascii():
        return False
    return ("GB" in label and encoding != "gb18030") or ("UTF8" in label and encoding != "utf-8")
