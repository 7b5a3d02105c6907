"""Which files of a watched folder are complete and belong together; pure, told what stands there and when (成组判断).

A file is complete when its size and time have not changed for a while, or at once when a marker beside it says so
(``ZY_FYMX.xml.ok``, ``ZY_FYMX.ready``). A marker that names no file speaks for the whole group. Files that somebody
still writes (``.part``, ``.tmp``, ``.filepart``, a dot before the name) are left alone, and their group waits for them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

MARKERS = (".ready", ".ok")
UNFINISHED = (".tmp", ".part", ".filepart")


@dataclass(frozen=True, slots=True)
class Rules:
    """How files come to a folder.

    Attributes:
        group: ``file``: each by itself; ``folder``: all of a sub-folder; ``all``: whatever is there when all is quiet.
        wait_for: ``quiet``, where a marker only hastens; ``marker``: nothing without one; ``manifest``: a list.
        manifest: pattern of the names of lists.
        quiet_seconds: so long nothing must have changed.
        suffixes: of the files that the source's readers take; other files are left alone.
    """

    group: str
    wait_for: str
    manifest: str
    quiet_seconds: float
    suffixes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A file as the folder shows it."""

    size: int
    changed_ns: int


@dataclass(frozen=True, slots=True)
class Group:
    """Files that are complete and belong together, by their paths below the folder.

    Attributes:
        files: what is to be taken.
        beside: markers and lists that go where the files go.
        seen: how each of the files was when it was found complete.
    """

    files: tuple[str, ...]
    beside: tuple[str, ...]
    seen: Mapping[str, Entry] = field(compare=False, hash=False)


class Watched:
    """Remembers since when each file has not changed."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._since: dict[str, tuple[Entry, float]] = {}

    def complete(self, entries: Mapping[str, Entry], now: float) -> list[Group]:
        """The groups that may be taken now.

        Args:
            entries: every file, by its path below the folder: ``name`` or ``sub/name``.
            now: seconds of a clock that never goes back.
        """
        self._since = {
            path: known if (known := self._since.get(path)) is not None and known[0] == entry else (entry, now)
            for path, entry in entries.items()
        }
        quiet = {path for path, (_, since) in self._since.items() if now - since >= self._rules.quiet_seconds}
        scopes: defaultdict[str, list[str]] = defaultdict(list)
        for path in sorted(entries):
            scope = str(PurePosixPath(path).parent)
            if self._rules.group == "folder" or scope == ".":
                scopes[scope].append(path)
        found = []
        of_folders = {f"{scope}{mark}" for scope in scopes if scope != "." for mark in MARKERS}
        for scope, paths in scopes.items():
            found += self._of_scope(scope, [path for path in paths if path not in of_folders], quiet, entries)
        return found

    def _of_scope(self, scope: str, paths: list[str], quiet: set[str], entries: Mapping[str, Entry]) -> list[Group]:
        markers = [path for path in paths if _name(path).lower().endswith(MARKERS) and not _hidden(path)]
        if scope != ".":
            markers += [mark for each in MARKERS if (mark := f"{scope}{each}") in entries]
        files = [path for path in paths if self._is_data(path)]
        marks = {path: [mark for mark in markers if _stem(mark) in (_name(path), _stem(path))] for path in files}
        of_group = [mark for mark in markers if not any(mark in some for some in marks.values())]

        def ready(path: str) -> bool:
            return bool(marks[path]) or (path in quiet and self._rules.wait_for == "quiet")

        def grouped(some: Iterable[str], beside: Iterable[str]) -> Group:
            named = tuple(some)
            return Group(named, tuple(dict.fromkeys(beside)), {path: entries[path] for path in named})

        if self._rules.group == "file":
            return [grouped([path], marks[path]) for path in files if ready(path)]
        writing = any(_hidden(path) and path not in quiet for path in paths)
        if not files or (not of_group and (writing or not all(map(ready, files)))):
            return []
        return [grouped(files, (*(mark for path in files for mark in marks[path]), *of_group))]

    def manifests(self, entries: Mapping[str, Entry]) -> list[str]:
        """The lists that stand in the folder."""
        return [
            path for path in sorted(entries) if fnmatchcase(_name(path), self._rules.manifest) and not _hidden(path)
        ]

    def _is_data(self, path: str) -> bool:
        name = _name(path).lower()
        return not _hidden(path) and not name.endswith(MARKERS) and name.endswith(self._rules.suffixes)


def listed(text: str) -> dict[str, str]:
    """The files of a list: a name a line, with the sha256 before it where the sender gives one.

    >>> listed("ZY_BRRY.xml\\n" + "0" * 64 + "  ZY_FYMX.xml\\n")["ZY_BRRY.xml"]
    ''
    """
    found = {}
    for line in text.lstrip("\ufeff").splitlines():
        first, _, rest = line.strip().partition(" ")
        if len(first) == 64 and rest and all(each in "0123456789abcdef" for each in first.lower()):
            found[rest.strip().lstrip("*")] = first.lower()
        elif line.strip():
            found[line.strip()] = ""
    return found


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _stem(path: str) -> str:
    return _name(path).rpartition(".")[0]


def _hidden(path: str) -> bool:
    """Whether somebody still writes it, or it is none of ours."""
    name = _name(path).lower()
    return name.startswith((".", "~")) or name.endswith(UNFINISHED)
