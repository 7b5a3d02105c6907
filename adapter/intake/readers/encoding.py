"""Which encoding a file really has, told from its bytes and never from its label (编码识别)."""

from __future__ import annotations

import codecs
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_CHUNK = 1 << 18
_HEAD = 1 << 16
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
        encoding: ``utf-8``, ``gb18030``, ``utf-16`` or, without a mark, ``utf-16-le`` or ``utf-16-be``.
        declared: the label of the XML declaration in lower case, or what the hospital says it sends, or None.
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
        """Whether the label names another encoding than the bytes have."""
        if self.declared is None or self.ascii or self.declared == self.encoding:
            return False
        if self.encoding == "gb18030":
            return self.declared not in _GB_LABELS
        return not (self.encoding.startswith("utf-16") and self.declared.startswith("utf-16"))


def sniff(path: Path, said: Sequence[str] = ()) -> Sniffed:
    """Read the file once, piece by piece: byte order mark, else strict UTF-8, else strict GB18030.

    UTF-16 without a mark is told by its zero bytes, of which text has none in any other encoding. A character that is
    cut off at the very end counts as the encoding it began in: the file is cut, not foreign.

    Args:
        said: encodings that the hospital says it sends, for files that carry no label themselves.

    Raises:
        Undecodable: no accepted encoding fits; nothing is ever replaced.
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    marked = next((name for bom, name in _BOMS if head.startswith(bom)), None) or _unmarked_utf16(head)
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
    labels = [declared.group(1).lower()] if declared else [label.lower() for label in said]
    fitting = next((label for label in labels if label == first or (label in _GB_LABELS and first == "gb18030")), None)
    return Sniffed(
        encoding=first,
        declared=fitting or next(iter(labels), None),
        ascii=scan.beyond_ascii == 0,
        sha256=scan.sha256,
        prolog=scan.prolog,
    )


def _unmarked_utf16(head: bytes) -> str | None:
    """Zero bytes at every other place, and hardly any between them: ASCII digits and separators in UTF-16."""
    even, odd = head[::2].count(0), head[1::2].count(0)
    if max(even, odd) <= max(10 * min(even, odd), len(head) // 8):
        return None
    return "utf-16-be" if even > odd else "utf-16-le"


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
