"""Rows of an XML export file ``<msg><row><COLUMN>…``, one at a time, in flat memory (XML 导出文件).

The parser never resolves an entity, loads a DTD or touches the network; a DOCTYPE is refused before any content is
parsed, and again should one be met while parsing, because a hardened parser drops entities without a word.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lxml import etree

from adapter.intake.readers.encoding import Sniffed
from adapter.model.source import ReadingLimits

_SPACE = " \t\r\n"

#: Of a refused row, columns up to this length are still read, so that the stay it belongs to is known and held.
_KEY_LENGTH = 64


class DoctypeRefused(Exception):
    """The file carries a DOCTYPE."""


class BrokenFile(Exception):
    """Malformed XML, or the file ends in the middle.

    Attributes:
        line: where the parser stopped, 1-based.
    """

    def __init__(self, line: int) -> None:
        self.line = line
        super().__init__(f"malformed or cut off near line {line}")


@dataclass(frozen=True, slots=True)
class Row:
    """One ``<row>``: its columns as text without the blanks around them.

    Attributes:
        number: 1-based place within the file.
        refused: why the row has the wrong form (zh, en), or None; ``fields`` then holds what was readable.
    """

    number: int
    fields: dict[str, str]
    refused: tuple[str, str] | None = None


def refuse_doctype(prolog: str) -> None:
    """Look through what stands before the first element.

    Raises:
        DoctypeRefused: a DOCTYPE stands there.
        BrokenFile: no element begins within the prolog.
    """
    at = 0
    while True:
        while at < len(prolog) and prolog[at] in _SPACE:
            at += 1
        if prolog.startswith("<?", at):
            end, step = prolog.find("?>", at), 2
        elif prolog.startswith("<!--", at):
            end, step = prolog.find("-->", at + 4), 3
        elif prolog.startswith("<!", at):
            raise DoctypeRefused
        elif prolog.startswith("<", at):
            return
        else:
            end, step = -1, 0
        if end < 0:
            raise BrokenFile(prolog.count("\n", 0, at) + 1)
        at = end + step


def read_rows(path: Path, sniffed: Sniffed, row_element: str, limits: ReadingLimits) -> Iterator[Row]:
    """Yield the rows of a file in order.

    Raises:
        DoctypeRefused, BrokenFile: while reading; the rows before it have been yielded and are good.
    """
    refuse_doctype(sniffed.prolog)
    with path.open("rb") as file:
        events = etree.iterparse(
            file,
            events=("start", "end"),
            encoding=sniffed.encoding,
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            recover=False,
            remove_comments=True,
            remove_pis=True,
        )
        try:
            yield from _Rows(row_element, limits).of(events)
        except etree.XMLSyntaxError as error:
            raise BrokenFile(error.lineno or 1) from error


class _Rows:
    """The state of one pass over a file: depth, the row being read, what is wrong with it."""

    def __init__(self, row_element: str, limits: ReadingLimits) -> None:
        self.row_element = row_element
        self.limits = limits
        self.number = 0
        self._begin()

    def _begin(self) -> None:
        self.fields: dict[str, str] = {}
        self.size = 0
        self.refused: tuple[str, str] | None = None

    def of(self, events: etree.iterparse[tuple[str, etree._Element]]) -> Iterator[Row]:
        depth = 0
        for event, element in events:
            if event == "start":
                depth += 1
                if depth == 1 and element.getroottree().docinfo.internalDTD is not None:
                    raise DoctypeRefused
                if depth == 2:
                    self.number += 1
                    self._begin()
                    if element.tag != self.row_element:
                        self.refused = ("不是约定的行元素", "not the agreed row element")
                elif depth > self.limits.depth:
                    self.refused = ("元素嵌套过深", "elements are nested too deep")
                continue
            if depth == 3:
                self._column(element)
                if self.refused is not None:
                    element.clear()
            elif depth == 2:
                yield Row(self.number, self.fields, self.refused)
                element.clear()
                parent = element.getparent()
                while parent is not None and element.getprevious() is not None:
                    del parent[0]
            elif depth > 3:
                self.refused = self.refused or ("列中含有子元素", "a column holds other elements")
                element.clear()
            depth -= 1

    def _column(self, element: etree._Element) -> None:
        name = str(element.tag)
        text = (element.text or "").strip(_SPACE)
        if self.refused is not None:
            if len(text) <= _KEY_LENGTH and len(self.fields) < self.limits.columns:
                self.fields.setdefault(name, text)
            return
        self.size += len(text) if text.isascii() else len(text.encode())
        if name in self.fields:
            self.refused = ("同一列出现两次", "a column stands twice")
        elif self.size > self.limits.row_bytes or len(self.fields) >= self.limits.columns:
            self.refused = ("行过大", "the row is too large")
        else:
            self.fields[name] = text
