"""The files of an exchange folder as the hospital lays them out and reads them, from docs/wire-folder.md alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

from adapter.counterparts.conformance.issues import folder_in_use, folder_unusable
from adapter.model.issues import AdapterError

_PAUSE_SECONDS = 0.2
_MOST_BYTES = 8 * 1024 * 1024
OUT, IN, KEPT = "out", "in", "kept"


@dataclass(frozen=True, slots=True)
class Found:
    """What lies in ``in``: a whole file, or why there is none."""

    body: bytes = b""
    lacks: str = "not there"

    @property
    def whole(self) -> bool:
        return not self.lacks


@dataclass
class Drop:
    """One exchange folder.

    Attributes:
        seconds: how long a receipt may take.
    """

    root: Path
    seconds: int
    pause: Callable[[float], None] = time.sleep

    def lay(self, name: str, body: bytes, how: str = "whole") -> None:
        """Lay a file out.

        Args:
            how: ``whole``, or spoilt: ``wrong-checksum``, ``no-checksum``, ``cut`` (half of what the digest is of).

        Raises:
            OSError: it could not be written.
        """
        for folder in (OUT, IN):
            (self.root / folder).mkdir(exist_ok=True)
        digest = "0" * 64 if how == "wrong-checksum" else sha256(body).hexdigest()
        if how == "no-checksum":
            (self.root / OUT / f"{name}.sha256").unlink(missing_ok=True)
        else:
            self._put(f"{name}.sha256", f"{digest}  {name}\n".encode())
        self._put(name, body[: len(body) // 2] if how == "cut" else body)

    def lies(self, name: str) -> bool:
        """Whether nobody has taken it. Raises OSError."""
        return (self.root / OUT / name).exists()

    def withdraw(self, name: str) -> bool:
        """Take back what nobody took, its digest first, so that nobody takes it from now on. Raises OSError."""
        (self.root / OUT / f"{name}.sha256").unlink(missing_ok=True)
        try:
            (self.root / OUT / name).unlink()
        except FileNotFoundError:
            return False
        return True

    def read(self, name: str) -> Found:
        """A file of the counterpart, as it lies there now. Raises OSError."""
        file = self.root / IN / name
        digest = file.with_name(f"{name}.sha256")
        if not file.exists():
            return Found()
        if not digest.exists():
            return Found(lacks="without its .sha256")
        if file.stat().st_size > _MOST_BYTES:
            return Found(lacks="too long")
        body = file.read_bytes()
        said = digest.read_text("utf-8-sig", errors="replace").lower().split()
        if said[:1] != [sha256(body).hexdigest()]:
            return Found(body, "not what its .sha256 says")
        return Found(body, "")

    def heard(self, name: str, receipt: str) -> tuple[Found, str]:
        """The receipt of a file, and why there is none: once the file is taken, or when the time is over."""
        for last in self.looks():
            taken, found = not self.lies(name), self.read(receipt)
            if last or (taken and found.whole):
                break
        if not taken:
            return found, f"not taken within {self.seconds} s"
        if not found.whole:
            why = f"taken, and no receipt within {self.seconds} s"
            return found, why if found == Found() else f"{why}: it is {found.lacks}"
        return found, ""

    def looks(self) -> Iterator[bool]:
        """As many looks as the time allows, with a pause between two; True is the last."""
        for left in range(int(self.seconds / _PAUSE_SECONDS), -1, -1):
            yield left == 0
            if left:
                self.pause(_PAUSE_SECONDS)

    def names_in(self) -> set[str]:
        """What lies in ``in``, without names that begin with a dot. Raises OSError."""
        folder = self.root / IN
        return {each.name for each in folder.iterdir() if not each.name.startswith(".")} if folder.is_dir() else set()

    def _put(self, name: str, body: bytes) -> None:
        """Whole under its name, or not at all."""
        beside = self.root / OUT / f".{uuid4().hex}.part"
        beside.write_bytes(body)
        beside.replace(self.root / OUT / name)


def stem(key: str) -> str:
    """The name of a message's files: the first 40 digits of the SHA-256 of its key."""
    return sha256(key.encode()).hexdigest()[:40]


def statement_name(facility: str, day: str) -> str:
    return f"statement-{sha256(facility.encode()).hexdigest()[:12]}-{day}.json"


def usable(root: Path, *, for_tests: bool) -> None:
    """Whether the kit may lay files into this folder.

    Args:
        for_tests: somebody said of it that it is one for tests.

    Raises:
        AdapterError: CNF-906 it is not there or cannot be written; CNF-907 a hospital has laid files out in it.
    """
    try:
        if not root.is_dir():
            raise NotADirectoryError
        if not for_tests and (root / KEPT).is_dir() and any((root / KEPT).iterdir()):
            raise AdapterError(folder_in_use(str(root)))
        tried = root / f".{uuid4().hex}.part"
        tried.write_bytes(b"")
        tried.unlink()
    except OSError as error:
        raise AdapterError(folder_unusable(str(root), type(error).__name__)) from error
