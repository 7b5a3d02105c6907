"""What a hospital sends → plain files in a folder: one file, a ZIP or tar, or a form with several of them. 收件。

A body is written to disk as it comes and opened there. Nothing in an archive is trusted: only regular files, only
their last name, never a path, and no more files and bytes than allowed however small the archive was.
"""

from __future__ import annotations

import gzip
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, cast

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

from adapter.doors.web import issues
from adapter.doors.web.names import decoded, file_name, is_plain, is_safe
from adapter.model.issues import AdapterError, Issue

_CHUNK = 1 << 16

#: One entry may grow by this factor, above the first mebibyte. Honest XML stays far below it.
_MOST_RATIO = 200
_RATIO_FREE = 1 << 20
#: A ZIP's directory is read into memory, so its size is looked at before.
_MOST_DIRECTORY = 1 << 20
_ZIP_END = b"PK\x05\x06"
_ZIP64_LOCATOR = b"PK\x06\x07"


@dataclass(frozen=True, slots=True)
class Allowed:
    """What an upload may hold.

    Attributes:
        files: most files.
        unpacked_bytes: most bytes of all of them, however small an archive was.
        known: whether the source awaits a file of that name. A name beyond ASCII that nobody awaits may be a person's.
    """

    files: int
    unpacked_bytes: int
    known: Callable[[str], bool]


@dataclass
class Unpacked:
    """The files of an upload, each under its own safe name; refuses the rest.

    Attributes:
        room: bytes that may still be written.
    """

    folder: Path
    allowed: Allowed
    room: int
    paths: list[Path] = field(default_factory=list)

    def place(self, name: str) -> Path:
        """Where a file of that name goes. Raises AdapterError API-805, API-807, API-820."""
        if not is_safe(name) or any(path.name == name for path in self.paths):
            raise AdapterError(issues.name_refused(_shown(name)))
        if not name.isascii() and not self.allowed.known(name):
            raise AdapterError(issues.name_unknown(len(self.paths) + 1))
        if len(self.paths) >= self.allowed.files:
            raise AdapterError(issues.archive_too_large("body"))
        path = self.folder / name
        self.paths.append(path)
        return path

    def copy(self, name: str, stream: IO[bytes], packed: int | None = None) -> None:
        """Write an archive's entry out, counting what really comes. Raises AdapterError API-805, API-807."""
        written = 0
        most = self.room if packed is None else min(self.room, _RATIO_FREE + packed * _MOST_RATIO)
        with self.place(name).open("wb") as out:
            while chunk := stream.read(_CHUNK):
                written += len(chunk)
                if written > most:
                    raise AdapterError(issues.archive_too_large(_shown(name)))
                out.write(chunk)
        self.room -= written


def unpack(body: Path, folder: Path, *, content_type: str, name: str | None, allowed: Allowed) -> list[Path]:
    """The files of a body that lies on disk.

    Args:
        folder: empty; the files are put there, and the body may be moved into it.
        content_type: the request's; only ``multipart/form-data`` is looked at, archives are known by their bytes.
        name: of a single file.

    Raises:
        AdapterError: API-804 … API-807, API-820.
    """
    found = Unpacked(folder, allowed, allowed.unpacked_bytes)
    kind, options = parse_options_header(content_type)
    if kind == b"multipart/form-data":
        parts = _Parts(body.parent, options.get(b"boundary", b""), allowed.files).read(body)
    else:
        parts = [(name or "", body)]
    for given, path in parts:
        _take(found, given, path)
    if not found.paths or not any(path.stat().st_size for path in found.paths):
        raise AdapterError(issues.nothing_sent())
    return found.paths


def _take(found: Unpacked, name: str, path: Path) -> None:
    with path.open("rb") as stream:
        head = stream.read(512)
    if head.startswith((b"PK\x03\x04", _ZIP_END)):
        _unzip(found, path)
    elif head.startswith(b"\x1f\x8b") or head[257:262] == b"ustar":
        _untar(found, path, packed=head.startswith(b"\x1f\x8b"))
    elif head:
        path.rename(found.place(PurePosixPath(name).name))
    else:
        raise AdapterError(issues.nothing_sent())


def _unzip(found: Unpacked, path: Path) -> None:
    _check_directory(path, found.allowed.files)
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                if (name := _plain_name(_zip_name(entry), folder=entry.is_dir())) is None:
                    continue
                if entry.flag_bits & 0x1:
                    raise AdapterError(issues.archive_refused(_shown(name), "已加密", "it is encrypted"))
                with archive.open(entry) as stream:
                    found.copy(name, stream, entry.compress_size)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, UnicodeDecodeError) as error:
        raise AdapterError(
            issues.archive_refused("body", "ZIP 已损坏或格式特殊", "a damaged or unusual ZIP")
        ) from error


def _zip_name(entry: zipfile.ZipInfo) -> str:
    """An entry's name: UTF-8 where the entry says so, else what its bytes are; DOS knew neither."""
    if entry.flag_bits & 0x800:
        return entry.orig_filename
    return decoded(entry.orig_filename.encode("cp437"))


def _check_directory(path: Path, most: int) -> None:
    """Refuse a ZIP whose directory would fill the memory, before anything of it is read."""
    with path.open("rb") as stream:
        size = stream.seek(0, 2)
        stream.seek(max(0, size - (1 << 16) - 22))
        tail = stream.read()
    at = tail.rfind(_ZIP_END)
    end = tail[at : at + 22]
    if at < 0 or len(end) < 22 or tail[max(0, at - 20) : at].startswith(_ZIP64_LOCATOR):
        raise AdapterError(issues.archive_refused("body", "ZIP 不完整或为 ZIP64", "a cut or a ZIP64 file"))
    count, directory = int.from_bytes(end[10:12], "little"), int.from_bytes(end[12:16], "little")
    if count > most * 2 or directory > _MOST_DIRECTORY:
        raise AdapterError(issues.archive_too_large("body"))


def _untar(found: Unpacked, path: Path, *, packed: bool) -> None:
    size = path.stat().st_size
    most = min(found.room, _RATIO_FREE + size * _MOST_RATIO) if packed else found.room
    try:
        with (
            cast(IO[bytes], gzip.open(path) if packed else path.open("rb")) as raw,
            tarfile.open(fileobj=cast(IO[bytes], _Measured(raw, most)), mode="r:") as archive,
        ):
            for entry in _few(archive, found.allowed.files):
                written = decoded(entry.name.encode("utf-8", "surrogateescape"))
                if (name := _plain_name(written, folder=entry.isdir())) is None:
                    continue
                stream = archive.extractfile(entry) if entry.isreg() and not entry.issparse() else None
                if stream is None:
                    raise AdapterError(issues.archive_refused(_shown(name), "含链接或设备", "a link or a device"))
                found.copy(name, stream)
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, UnicodeError, ValueError) as error:
        raise AdapterError(
            issues.archive_refused("body", "tar 已损坏或格式特殊", "a damaged or unusual tar")
        ) from error


def _few(archive: tarfile.TarFile, most: int) -> Iterable[tarfile.TarInfo]:
    """The entries one by one, as long as they are few."""
    for number, entry in enumerate(archive):
        if number >= most * 2:
            raise AdapterError(issues.archive_too_large("body"))
        yield entry


class _Measured:
    """A tar as a stream that refuses long headers and too many bytes: tarfile itself trusts the sizes it reads."""

    def __init__(self, raw: IO[bytes], most: int) -> None:
        self._raw, self._most = raw, most

    def read(self, size: int) -> bytes:
        if size > _RATIO_FREE:
            raise AdapterError(issues.archive_too_large("body"))
        return self._raw.read(size)

    def seek(self, position: int) -> int:
        if position > self._most + _RATIO_FREE:
            raise AdapterError(issues.archive_too_large("body"))
        return self._raw.seek(position)

    def tell(self) -> int:
        return self._raw.tell()


def _plain_name(name: str, *, folder: bool) -> str | None:
    """The last part of an entry's name; None for folders and what a desktop adds. Raises AdapterError API-805."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name:
        raise AdapterError(issues.name_refused(_shown(name)))
    if folder or "__MACOSX" in path.parts or path.name == ".DS_Store":
        return None
    return path.name


def _shown(name: str) -> str:
    """A name as an issue may show it: somebody else's text is not repeated unless it is plain."""
    return name if is_plain(name) else "file"


class _Parts:
    """The file parts of a form, each written to its own file as it is read."""

    def __init__(self, folder: Path, boundary: bytes, most: int) -> None:
        self._folder, self._boundary, self._most = folder, boundary, most
        self._parts: list[tuple[str, Path]] = []
        self._header, self._value = b"", b""
        self._headers: dict[bytes, bytes] = {}
        self._out: IO[bytes] | None = None
        self._ended = False

    def read(self, body: Path) -> list[tuple[str, Path]]:
        """Name and place of each part. Raises AdapterError API-805 … API-807."""
        try:
            parser = MultipartParser(
                self._boundary,
                {
                    "on_header_field": self._on_field,
                    "on_header_value": self._on_value,
                    "on_header_end": self._on_header_end,
                    "on_headers_finished": self._on_headers,
                    "on_part_data": self._on_data,
                    "on_part_end": self._close,
                    "on_end": self._on_end,
                },
            )
            with body.open("rb") as stream:
                while chunk := stream.read(_CHUNK):
                    parser.write(chunk)
        except FormParserError as error:
            raise AdapterError(_form_refused()) from error
        finally:
            self._close()
        if not self._ended:
            raise AdapterError(_form_refused())
        return self._parts

    def _on_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _on_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header_end(self) -> None:
        self._headers[self._header.lower()] = self._value
        self._header, self._value = b"", b""

    def _on_headers(self) -> None:
        name = file_name(self._headers.get(b"content-disposition", b""))
        self._headers = {}
        if name is None:
            return
        if len(self._parts) >= self._most:
            raise AdapterError(issues.archive_too_large("body"))
        path = self._folder / f"part-{len(self._parts)}"
        self._parts.append((name, path))
        self._out = path.open("wb")

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        if self._out is not None:
            self._out.write(data[start:end])

    def _close(self) -> None:
        if self._out is not None:
            self._out.close()
            self._out = None

    def _on_end(self) -> None:
        self._ended = True


def _form_refused() -> Issue:
    return issues.archive_refused("body", "表单不完整", "the form is cut or malformed")
