"""Messages in a file: framing, batches and line ends taken off, one message at a time, in flat memory (消息切分).

MLLP frames, byte order mark, CR, LF and CRLF are all accepted; FHS, BHS, BTS and FTS lines only wrap. None of these
bytes occurs inside a character of UTF-8 or GB18030, so that bytes are cut before they are decoded.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

_CHUNK = 1 << 20
_START, _END = b"\x0b", b"\x1c"
_LINE_ENDS = bytes.maketrans(b"\n\x0b\x1c", b"\r\r\r")
_BEGINS = b"\rMSH"
_WRAPPING = re.compile(rb"\r(?:FHS|BHS|BTS|FTS)")
_COUNTED = re.compile(rb"\rBTS.([0-9]+)")
_SEVERAL_ENDS = re.compile(rb"\r+")
_BLANK = b"\r \t\x00\xef\xbb\xbf\x1a"
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

#: Text whose characters all lie below this one holds no Chinese: so short a GBK name can pass for UTF-8 by chance.
_BELOW_CHINESE = "\u0800"


@dataclass(frozen=True, slots=True)
class RawMessage:
    """One message as bytes.

    Attributes:
        number: 1-based place in the file.
        data: segments ended by CR.
        refused: why it is none (zh, en), or None.
    """

    number: int
    data: bytes
    refused: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class BatchCount:
    """A batch trailer that counts otherwise than we do."""

    number: int
    said: str
    found: int


class Undecodable(Exception):
    """The bytes are neither UTF-8 nor GB18030.

    Attributes:
        offset: first bad byte, counted from the start of the message.
    """

    def __init__(self, offset: int) -> None:
        self.offset = offset
        super().__init__(f"cannot be decoded from byte {offset} on")


def split(stream: BinaryIO, largest: int) -> Iterator[RawMessage | BatchCount]:
    """Cut a stream into messages. Whatever stands before the first MSH and wraps nothing is a refused message."""
    head = stream.read(_CHUNK)
    if head.startswith(_UTF16):
        stream = _as_utf8(head + stream.read())
        head = stream.read(_CHUNK)
    head = head.removeprefix(codecs.BOM_UTF8)
    framed = head.lstrip(_BLANK).startswith(_START)
    cutter = _Cutter(largest)
    last, chunk = b"", head
    while chunk:
        last = chunk.rstrip(_BLANK + b"\n")[-1:] or last
        yield from cutter.feed(chunk.translate(_LINE_ENDS))
        chunk = stream.read(_CHUNK)
    yield from cutter.finish(cut=framed and last != _END)


def _as_utf8(data: bytes) -> BinaryIO:
    """UTF-16 as the UTF-8 that everything else reads; bytes that are none after all stay as they are."""
    try:
        return io.BytesIO(data.decode("utf-16").encode())
    except UnicodeDecodeError:
        return io.BytesIO(data)


class _Cutter:
    """The state of one pass: what is pending, how many messages there were, in the file and in the batch."""

    def __init__(self, largest: int) -> None:
        self.largest = largest
        self.pending = b"\r"
        self.number = self.in_batch = 0
        self.begun = self.too_large = False

    def feed(self, data: bytes) -> Iterator[RawMessage | BatchCount]:
        pieces = (self.pending + data).split(_BEGINS)
        for piece in pieces[:-1]:
            yield from self._piece(piece)
            self.begun, self.too_large = True, False
        self.pending = pieces[-1]
        if len(self.pending) > self.largest:
            self.too_large = True
            self.pending = self.pending[-len(_BEGINS) :]

    def finish(self, *, cut: bool) -> Iterator[RawMessage | BatchCount]:
        refused = ("消息在末尾被截断", "it is cut off at the end") if cut else None
        yield from self._piece(self.pending, refused)

    def _piece(self, piece: bytes, refused: tuple[str, str] | None = None) -> Iterator[RawMessage | BatchCount]:
        wrapping = _WRAPPING.search(piece)
        body = piece[: wrapping.start()] if wrapping is not None else piece
        if self.begun or body.strip(_BLANK):
            self.number += 1
            self.in_batch += 1
            if self.too_large:
                refused = ("超过大小上限", "it is larger than the limit")
            elif not self.begun:
                refused = ("开头不是 MSH 段", "it does not begin with MSH")
            data = (b"MSH" if self.begun else b"") + body.rstrip(_BLANK)
            yield RawMessage(self.number, _SEVERAL_ENDS.sub(b"\r", data) if b"\r\r" in data else data, refused)
        if wrapping is not None:
            counted = _COUNTED.search(piece)
            if counted is not None and int(counted[1]) != self.in_batch:
                yield BatchCount(self.number, counted[1].decode(), self.in_batch)
            self.in_batch = 0


def decoded(data: bytes, declared_gb: bool) -> tuple[str, str]:
    """Text and encoding of a message: strict UTF-8, else strict GB18030; nothing is ever replaced.

    Args:
        declared_gb: MSH-18 names GBK or its like. It decides only over bytes that are good in both and hold, read as
            UTF-8, no Chinese: a name of two or three characters in GBK can pass for UTF-8 by chance.

    Raises:
        Undecodable: neither fits.
    """
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        try:
            return data.decode("gb18030"), "gb18030"
        except UnicodeDecodeError:
            raise Undecodable(error.start) from None
    if declared_gb and not text.isascii() and max(text) < _BELOW_CHINESE:
        try:
            return data.decode("gb18030"), "gb18030"
        except UnicodeDecodeError:
            return text, "utf-8"
    return text, "utf-8"
