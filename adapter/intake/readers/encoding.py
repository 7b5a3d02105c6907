"""Which encoding a file really has, told from its bytes and never from its label (编码识别)."""

from __future__ import annotations

import codecs
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

_CHUNK = 1 << 20
_PROLOG_CHARACTERS = 1 << 16
_DECLARED = re.compile(r"""<\?xml[^>]*?\bencoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_GB_LABELS = frozenset({"gb2312", "gbk", "gb18030", "cp936"})

#: So many characters that are good UTF-8 do not come about by chance in GB18030 text (两三个字可能,十几个不会):
#: a later bad byte then means a damaged UTF-8 file, not GB18030.
_BEYOND_CHANCE = 16

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (b"\x84\x31\x95\x33", "gb18030"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class Undecodable(Exception):
    """The bytes are valid in no accepted encoding.

    Attributes:
        offset: first byte that cannot be decoded.
    """

    def __init__(self, offset: int) -> None:
        self.offset = offset
        super().__init__(f"cannot be decoded from byte {offset} on")


@dataclass(frozen=True, slots=True)
class Sniffed:
    """What the bytes say.

    Attributes:
        encoding: ``utf-8``, ``gb18030`` or ``utf-16``.
        declared: the label of the XML declaration in lower case, or None.
        ascii: every byte is ASCII, so that most labels are right.
        sha256: of the whole file, hex.
        prolog: the first characters, for the DOCTYPE check.
    """

    encoding: str
    declared: str | None
    ascii: bool
    sha256: str
    prolog: str

    @property
    def label_contradicts(self) -> bool:
        """Whether the XML declaration names another encoding than the bytes have."""
        if self.declared is None or self.ascii or self.declared == self.encoding:
            return False
        if self.encoding == "gb18030":
            return self.declared not in _GB_LABELS
        return not (self.encoding == "utf-16" and self.declared.startswith("utf-16"))


def sniff(path: Path) -> Sniffed:
    """Read the file once, a megabyte at a time: byte order mark, else strict UTF-8, else strict GB18030.

    A character that is cut off at the very end counts as the encoding it began in: the file is cut, not foreign.

    Raises:
        Undecodable: no accepted encoding fits; nothing is ever replaced.
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(4)
    marked = next((name for bom, name in _BOMS if head.startswith(bom)), None)
    first = marked or "utf-8"
    scan = _scan(path, first)
    if scan.bad_at is not None:
        if marked is not None or scan.beyond_ascii >= _BEYOND_CHANCE:
            raise Undecodable(scan.bad_at)
        first = "gb18030"
        scan = _scan(path, first)
        if scan.bad_at is not None:
            raise Undecodable(scan.bad_at)
    declared = _DECLARED.search(scan.prolog[:512])
    return Sniffed(
        encoding=first,
        declared=declared.group(1).lower() if declared else None,
        ascii=scan.beyond_ascii == 0,
        sha256=scan.sha256,
        prolog=scan.prolog,
    )


@dataclass(slots=True)
class _Scan:
    prolog: str = ""
    beyond_ascii: int = 0
    bad_at: int | None = None
    sha256: str = ""


def _scan(path: Path, encoding: str) -> _Scan:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    digest, found, offset = hashlib.sha256(), _Scan(), 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            pending = len(decoder.getstate()[0])
            try:
                text = decoder.decode(chunk)
            except UnicodeDecodeError as error:
                found.bad_at = offset - pending + error.start
                _count(found, chunk[: max(error.start - pending, 0)].decode(encoding, "ignore"))
                return found
            offset += len(chunk)
            if len(found.prolog) < _PROLOG_CHARACTERS:
                found.prolog += text[: _PROLOG_CHARACTERS - len(found.prolog)]
            _count(found, text)
    found.prolog = found.prolog.lstrip("\ufeff")
    found.sha256 = digest.hexdigest()
    return found


def _count(found: _Scan, text: str) -> None:
    """Count characters beyond ASCII, as far as the count matters; the byte order mark is none."""
    if found.beyond_ascii < _BEYOND_CHANCE and not text.isascii():
        found.beyond_ascii += sum(1 for character in text if character > "\x7f" and character != "\ufeff")
