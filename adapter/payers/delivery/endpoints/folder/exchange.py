"""What lies where in an exchange folder, and which of it is whole (目录约定)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

from adapter.fhir.canonical import decode
from adapter.model.issues import AdapterError
from adapter.payers.delivery.endpoints.his.folder import beside, name, put

#: Files of ours for the counterpart, and of the counterpart for us.
OUT, IN = "out", "in"
#: Ours alone: which messages were ever handed out. Nobody else takes anything from here.
KEPT = "kept"


class Torn(Exception):
    """A file that is not what its checksum says, or cannot be read; the text names what is wrong."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One folder shared with one counterpart."""

    root: Path

    def outgoing(self, key: str) -> Path:
        return self.root / OUT / f"{stem(key)}.json"

    def hand_out(self, key: str, body: bytes) -> None:
        """Lay a message out: its checksum, the file beside, a mark of ours that it begins, its name, that it is done.

        A folder that is full says so before the mark: then nobody can have taken anything.

        Raises:
            OSError: it could not be written.
        """
        for place in (OUT, IN, KEPT):
            (self.root / place).mkdir(exist_ok=True)
        target, begun = self.outgoing(key), self._mark(key, "begun")
        put(_checksum(target), f"{sha256(body).hexdigest()}  {target.name}\n".encode())
        whole = beside(target, body)
        try:
            put(begun, b"")
        except OSError:
            whole.unlink(missing_ok=True)
            raise
        name(whole, target)
        done(begun, self._mark(key, "out"))

    def reach(self) -> None:
        """A folder that is not there tells nothing about what ever lay in it.

        Raises:
            OSError: it is not there: a share that is gone, a stick that is out.
        """
        if not self.root.is_dir():
            raise NotADirectoryError

    def lies_there(self, key: str) -> bool:
        """Whether nobody has taken it yet."""
        return self.outgoing(key).exists()

    def was_out(self, key: str) -> bool:
        return self._mark(key, "out").exists()

    def began(self, key: str) -> bool:
        return self._mark(key, "begun").exists()

    def confirm(self, key: str) -> None:
        """A file that was begun lies there after all: it is out."""
        if self.began(key) and self.lies_there(key):
            done(self._mark(key, "begun"), self._mark(key, "out"))

    def answer(self, name: str) -> Mapping[str, Any] | None:
        """A file of the counterpart; None while it, or its checksum, is not there.

        Raises:
            Torn: it is there and not whole.
            OSError: the folder cannot be read.
        """
        file = self.root / IN / name
        checksum = _checksum(file)
        if not (file.exists() and checksum.exists()):
            return None
        body = file.read_bytes()
        said = checksum.read_text("utf-8-sig", errors="replace").lower()  # programs differ in case and byte order marks
        if said.split()[:1] != [sha256(body).hexdigest()]:
            raise Torn("sha256")
        try:
            found = decode(body)
        except AdapterError as error:
            raise Torn("JSON") from error
        if not isinstance(found, dict):
            raise Torn("JSON")
        return found

    def _mark(self, key: str, state: str) -> Path:
        return self.root / KEPT / f"{stem(key)}.{state}"


def done(begun: Path, out: Path) -> None:
    """The message is out: its mark says so from now on. Raises OSError."""
    begun.replace(out)


def stem(key: str) -> str:
    """The name of a message's files: a digest of its key, which nobody can read a case out of."""
    return sha256(key.encode()).hexdigest()[:40]


def receipt_name(key: str) -> str:
    return f"{stem(key)}.receipt.json"


def statement_name(facility: str, day: date) -> str:
    return f"statement-{stem(facility)[:12]}-{day.isoformat()}.json"


def _checksum(file: Path) -> Path:
    return file.with_name(f"{file.name}.sha256")
