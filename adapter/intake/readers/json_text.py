"""A JSON document as a stream of text: where its values begin and end, without ever holding more than one row."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

_CHUNK = 1 << 16
_BLANKS = re.compile(r"[ \t\r\n]*")
_FLAT_OBJECT = re.compile(r'\{(?:[^{}"]+|"(?:[^"\\]+|\\.)*+")*+\}', re.DOTALL)
_MARK = re.compile(r'["{}\[\]]')
_IN_STRING = re.compile(r'["\\]')
_SCALAR = re.compile(r"[^\s,\]}]*")


class Malformed(Exception):
    """The text is not JSON here, or it ends too early."""


@dataclass(frozen=True, slots=True)
class TooLong:
    """A value that is longer than a row may be; only its beginning is here."""

    beginning: str


class JsonText:
    """A place in a JSON text. Every method moves on; none goes back."""

    def __init__(self, file: BinaryIO, encoding: str, longest: int) -> None:
        self._file, self._longest = file, longest
        self._decoder = codecs.getincrementaldecoder(encoding)("strict")
        self._held, self._at = "", 0
        self._lines_before = 1
        self._more()
        self._held = self._held.lstrip("\ufeff")

    @property
    def line(self) -> int:
        """1-based line of the place reached."""
        return self._lines_before + self._held.count("\n", 0, self._at)

    def peek(self) -> str:
        """The next character that is no blank. Raises Malformed at the end."""
        while True:
            match = _BLANKS.match(self._held, self._at)
            self._at = match.end() if match is not None else self._at
            if self._at < len(self._held):
                return self._held[self._at]
            if not self._more():
                raise Malformed

    def must_end(self) -> None:
        """Nothing but blanks follows. Raises Malformed."""
        try:
            self.peek()
        except Malformed:
            return
        raise Malformed

    def members(self) -> Iterator[str]:
        """The keys of an object; the caller takes each value before the next key."""
        self._take("{")
        if self.peek() == "}":
            self._at += 1
            return
        while True:
            if self.peek() != '"':
                raise Malformed
            key = self.value()
            if isinstance(key, TooLong):
                raise Malformed
            try:
                name = str(json.loads(key))
            except ValueError:
                raise Malformed from None
            self._take(":")
            yield name
            if self._closed_by("}"):
                return

    def elements(self) -> Iterator[str | TooLong]:
        """The text of each element of an array."""
        self._take("[")
        if self.peek() == "]":
            self._at += 1
            return
        while True:
            yield self.value()
            if self._closed_by("]"):
                return

    def value(self) -> str | TooLong:
        """The text of the next value; its inside need not be right, only its brackets and quotes."""
        first = self.peek()
        if first in "}],:":
            raise Malformed
        if first == "{":
            match = _FLAT_OBJECT.match(self._held, self._at)
            if match is None and len(self._held) - self._at < self._longest and self._more():
                match = _FLAT_OBJECT.match(self._held, self._at)
            if match is not None and match.end() - match.start() <= self._longest:
                self._at = match.end()
                return match.group()
        return self._scan(scalar=first not in '"{[')

    # -- the text at hand --------------------------------------------------------------------------------------------

    def _scan(self, *, scalar: bool) -> str | TooLong:
        """Find the end of a value of any form and length, chunk after chunk."""
        kept, size = [], 0
        depth, inside = 0, False
        while True:
            if scalar:
                match = _SCALAR.match(self._held, self._at)
                end = match.end() if match is not None else self._at
                over = end < len(self._held)
            else:
                end, depth, inside = _run(self._held, self._at, depth, inside)
                over = depth == 0 and not inside
            if size <= self._longest:
                kept.append(self._held[self._at : end])
            size += end - self._at
            self._at = end
            if over:
                break
            if not self._more():
                if scalar:
                    break
                raise Malformed
        text = "".join(kept)
        return text if size <= self._longest else TooLong(text[: self._longest])

    def _take(self, expected: str) -> None:
        if self.peek() != expected:
            raise Malformed
        self._at += 1

    def _closed_by(self, end: str) -> bool:
        found = self.peek()
        if found not in (",", end):
            raise Malformed
        self._at += 1
        return found == end

    def _more(self) -> bool:
        """Let go of what has been passed and read on. False at the end, be it in the middle of a character."""
        data = self._file.read(_CHUNK)
        chunk = self._decoder.decode(data) if data else ""
        self._lines_before += self._held.count("\n", 0, self._at)
        self._held, self._at = self._held[self._at :] + chunk, 0
        return bool(data)


def _run(text: str, at: int, depth: int, inside: bool) -> tuple[int, int, bool]:
    """Go on until the value ends or the text does. Returns the place, the depth and whether a string is open."""
    while at < len(text):
        match = (_IN_STRING if inside else _MARK).search(text, at)
        if match is None:
            return len(text), depth, inside
        mark = match.group()
        if mark == "\\":
            if match.end() == len(text):
                return match.start(), depth, inside
            at = match.end() + 1
            continue
        at = match.end()
        if mark == '"':
            inside = not inside
        else:
            depth += 1 if mark in "{[" else -1
        if depth == 0 and not inside:
            break
    return at, depth, inside
