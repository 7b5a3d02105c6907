"""Rows of an XML export file ``<msg><row><COLUMN>…``, one at a time, in flat memory (XML 导出文件).

The parser never resolves an entity, loads a DTD or touches the network; a DOCTYPE is refused before any content is
parsed, and again should one be met while parsing, because a hardened parser drops entities without a word.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lxml import etree

from adapter.intake.readers import issues
from adapter.intake.readers.encoding import Sniffed
from adapter.intake.readers.rows import KEY_LENGTH, SPACE, TOO_DEEP, TOO_LARGE, TWICE, BrokenFile, FileRefused, Row
from adapter.model.source import ExportShape, ReadingLimits, TableShape


class DoctypeRefused(Exception):
    """The file carries a DOCTYPE."""


#: What the XML parser calls encodings that it knows by another name.
XML_NAMES = {"utf-16-le": "UTF-16LE", "utf-16-be": "UTF-16BE"}


def read_xml(path: Path, sniffed: Sniffed, shape: ExportShape, _: TableShape) -> Iterator[Row]:
    """Yield the rows of a file in order.

    Raises:
        FileRefused: the file carries a DOCTYPE.
        BrokenFile: malformed or cut; the rows before have been yielded and are good.
    """
    try:
        yield from read_rows(path, sniffed, shape.row, shape.limits)
    except DoctypeRefused:
        raise FileRefused(issues.doctype_refused(path.name)) from None


def refuse_doctype(prolog: str) -> None:
    """Look through what stands before the first element.

    Raises:
        DoctypeRefused: a DOCTYPE stands there.
        BrokenFile: no element begins within the prolog.
    """
    at = 0
    while True:
        while at < len(prolog) and prolog[at] in SPACE:
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
            encoding=XML_NAMES.get(sniffed.encoding, sniffed.encoding),
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
                    self.refused = TOO_DEEP
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
        text = (element.text or "").strip(SPACE)
        if self.refused is not None:
            if len(text) <= KEY_LENGTH and len(self.fields) < self.limits.columns:
                self.fields.setdefault(name, text)
            return
        self.size += len(text) if text.isascii() else len(text.encode())
        if name in self.fields:
            self.refused = TWICE
        elif self.size > self.limits.row_bytes or len(self.fields) >= self.limits.columns:
            self.refused = TOO_LARGE
        else:
            self.fields[name] = text
