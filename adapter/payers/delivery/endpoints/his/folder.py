"""Folder: one file per notice, whole or not there at all, never overwritten (回传:文件夹)."""

from __future__ import annotations

import os
import re
from hashlib import sha256
from pathlib import Path

from adapter.model.dates import Clock
from adapter.model.messages import OutboundMessage, Receipt
from adapter.model.notice import FolderForm
from adapter.payers.delivery.endpoints.his import issues
from adapter.payers.delivery.endpoints.his.way import Way

_SAFE = re.compile(r"[A-Za-z0-9._-]{1,180}", re.ASCII)


class Folder(Way):
    """Writes notices into one folder."""

    def __init__(self, name: str, form: FolderForm, clock: Clock) -> None:
        super().__init__(name, 1, clock)
        self._form = form

    def _send(self, message: OutboundMessage) -> Receipt:
        folder = Path(self._form.folder)
        target = folder / file_name(message.key)
        try:
            if target.exists() and target.read_bytes() != message.composed:
                return self._rejected(issues.key_taken(message.key))
            put(target, message.composed)
            if self._form.checksums:
                line = f"{sha256(message.composed).hexdigest()}  {target.name}\n"
                put(target.with_name(f"{target.name}.sha256"), line.encode())
        except OSError as error:
            return self._not_sent(issues.not_written(message.key, type(error).__name__))
        return self._accepted(target.name)


def file_name(key: str) -> str:
    """The file of a notice: its key where that may be a file's name anywhere, else a digest of it."""
    plain = _SAFE.fullmatch(key) is not None and not key.startswith(".")
    return f"{key if plain else sha256(key.encode()).hexdigest()}.json"


def put(target: Path, body: bytes) -> None:
    """Write beside it, force it onto the disk, then give it its name: who lists the folder sees it whole or not.

    Raises:
        OSError: it could not be written.
    """
    if not target.exists():
        name(beside(target, body), target)


def beside(target: Path, body: bytes) -> Path:
    """A whole file beside the one that it shall be, forced onto the disk: nobody's business yet.

    Raises:
        OSError: it could not be written, and nothing of it is left.
    """
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as stream:
            stream.write(body)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError:
        part.unlink(missing_ok=True)
        raise
    return part


def name(part: Path, target: Path) -> None:
    """Give what was written beside its name. Raises OSError."""
    try:
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    _sync(target.parent)


def _sync(folder: Path) -> None:
    """The name is on the disk too. Systems without such a call (Windows) do it themselves."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
