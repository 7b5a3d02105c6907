"""A watched folder: complete files are taken, then moved to ``done/`` or ``parked/`` (监视目录).

It looks again and again rather than being told, so that it works on network shares too. A file goes to ``parked/``
when it must be sent again: it could not be read whole. Stays that wait for another reason are parked in the ledger, and
their file goes to ``done/``, with ``<name>.issues.json`` beside it. A crash between taking and moving takes the files
once more, which changes nothing.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

import structlog

from adapter.cases.intake import Taken
from adapter.doors.listeners.groups import Entry, Group, Rules, Watched, listed
from adapter.doors.listeners.moving import move, report
from adapter.model.dates import HOSPITAL_ZONE, Clock
from adapter.model.issues import AdapterError, Issue, stopping

log = structlog.get_logger(__name__)

#: Takes files in together. Raises AdapterError when nothing was done with them: they stay where they are.
Take = Callable[[Sequence[Path]], Taken]

DONE, PARKED = "done", "parked"
_FIRST_PAUSE, _LONGEST_PAUSE = 5.0, 900.0


@dataclass(slots=True)
class _Later:
    """A group that could not be taken or moved: not before then, and then twice as long."""

    at: float
    pause: float


class WatchedFolder:
    """Watches until it is stopped.

    Args:
        every_seconds: how often it looks.
        clock: names the day's folder, in the hospital's zone.
    """

    def __init__(
        self, source: str, folder: Path, rules: Rules, take: Take, *, every_seconds: float, clock: Clock
    ) -> None:
        self._source, self._folder, self._rules, self._take = source, folder, rules, take
        self._every, self._clock = every_seconds, clock
        self._watched = Watched(rules)
        self._later: dict[tuple[str, ...], _Later] = {}
        self._stopping = Event()
        self._thread = Thread(target=self._run, name=f"folder-{source}", daemon=True)
        self.trouble = ""
        self.arrived = 0

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End after the group at hand. Safe to call twice."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.look()
            except OSError as error:  # the share is away: it is looked for again
                self._troubled(type(error).__name__)
            self._stopping.wait(self._every)

    def look(self) -> int:
        """Take every group that is complete now. Returns how many were. Raises OSError when the folder is away."""
        entries, now = self._entries(), time.monotonic()
        groups = self._watched.complete(entries, now)
        if self._rules.wait_for == "manifest":
            groups = [group for path in self._watched.manifests(entries) if (group := self._listed(path, entries))]
        self._later = {files: later for files, later in self._later.items() if entries.keys() >= set(files)}
        taken, trouble = 0, ""
        for group in groups:
            if self._stopping.is_set() or ((later := self._later.get(group.files)) is not None and now < later.at):
                trouble = self.trouble
                continue
            failed = self._one(group)
            trouble = failed or trouble
            taken += not failed
        self._troubled(trouble)
        return taken

    # -- one group -----------------------------------------------------------------------------------------------------

    def _one(self, group: Group) -> str:
        """Take and move a group. Returns what went wrong, or nothing."""
        try:
            taken = self._take([self._folder / path for path in group.files])
            if any(entry != self._entry(path) for path, entry in group.seen.items()):
                log.warning("files changed while they were taken", source=self._source, files=len(group.files))
                return ""  # they come again when they are quiet again
            self._move(group, taken)
        except AdapterError as error:
            return self._failed(group, " ".join(dict.fromkeys(issue.code for issue in error.issues)))
        except Exception as error:  # the other groups go on; the figures and the log tell the operator
            return self._failed(group, type(error).__name__)
        self._later.pop(group.files, None)
        self.arrived += 1
        return ""

    def _failed(self, group: Group, trouble: str) -> str:
        before = self._later.get(group.files)
        pause = _FIRST_PAUSE if before is None else min(before.pause * 2, _LONGEST_PAUSE)
        self._later[group.files] = _Later(time.monotonic() + pause, pause)
        log.error("files not taken", source=self._source, files=len(group.files), error=trouble, again_in=pause)
        return trouble

    def _move(self, group: Group, taken: Taken) -> None:
        now = self._clock.now().astimezone(HOSPITAL_ZONE)
        unread = [issue for issue in stopping(taken.issues) if issue.code.startswith("SRC-")]
        where = self._folder / (PARKED if unread else DONE) / f"{now:%Y-%m-%d}"
        every = tuple(dict.fromkeys([*taken.issues, *(issue for stay in taken.stays for issue in stay.issues)]))
        counts = {str(fate): count for fate, count in Counter(stay.fate for stay in taken.stays).items()}
        names = [Path(path).name for path in group.files]
        about = {issue: _about(issue, names) for issue in stopping(every)}
        for path, name in zip(group.files, names, strict=True):
            moved = move(self._folder / path, where / Path(path).parent)
            found = [issue for issue, file in about.items() if file == name]
            if found:
                report(moved, self._source, found, counts, now.isoformat(timespec="seconds"))
        for path in group.beside:
            if (self._folder / path).exists():
                move(self._folder / path, where / Path(path).parent)
        self._tidy(group)
        log.info(
            "files",
            source=self._source,
            files=len(group.files),
            moved=PARKED if unread else DONE,
            stays=counts,
            codes=sorted({issue.code for issue in stopping(every)}),
        )

    def _tidy(self, group: Group) -> None:
        """Remove sub-folders that are empty now."""
        for parent in {(self._folder / path).parent for path in group.files} - {self._folder}:
            if not any(parent.iterdir()):
                parent.rmdir()

    # -- what stands there ---------------------------------------------------------------------------------------------

    def _entries(self) -> dict[str, Entry]:
        found: dict[str, Entry] = {}
        with os.scandir(self._folder) as there:
            for each in there:
                if each.is_dir(follow_symlinks=False):
                    if each.name not in (DONE, PARKED) and not each.name.startswith("."):
                        found |= self._inside(each.name)
                elif each.is_file(follow_symlinks=False) and (entry := self._entry(each.name)) is not None:
                    found[each.name] = entry
        return found

    def _inside(self, name: str) -> dict[str, Entry]:
        with os.scandir(self._folder / name) as there:
            paths = [f"{name}/{each.name}" for each in there if each.is_file(follow_symlinks=False)]
        return {path: entry for path in paths if (entry := self._entry(path)) is not None}

    def _entry(self, path: str) -> Entry | None:
        """A file as it is now; None when it went away."""
        try:
            status = (self._folder / path).stat()
        except FileNotFoundError:
            return None
        return Entry(status.st_size, status.st_mtime_ns)

    def _listed(self, manifest: str, entries: Mapping[str, Entry]) -> Group | None:
        """The files of a list, when all of them are there as the list has them."""
        parent = manifest.rpartition("/")[0]
        prefix = f"{parent}/" if parent else ""
        try:
            wanted = listed((self._folder / manifest).read_text("utf-8"))
        except UnicodeDecodeError:
            self._troubled(f"{Path(manifest).name}: not UTF-8")
            return None
        paths = [f"{prefix}{name}" for name in wanted]
        if not paths or any(path not in entries for path in paths):
            return None
        for path, digest in zip(paths, wanted.values(), strict=True):
            if digest and _digest(self._folder / path) != digest:
                return None
        return Group(tuple(paths), (manifest,), {path: entries[path] for path in paths})

    def _troubled(self, trouble: str) -> None:
        if trouble != self.trouble:
            log.warning("watched folder", source=self._source, trouble=trouble or "over")
        self.trouble = trouble


def _about(issue: Issue, names: Sequence[str]) -> str:
    """The file that an issue names; the first one where it is about all of them."""
    fitting = [
        name for name in names if issue.pointer == name or issue.pointer.startswith(tuple(name + c for c in "#:@/"))
    ]
    return max(fitting, key=len, default=names[0])


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
