"""Whole blocks of rows at a time, while a file is of the plainest form; the moment it is not, the reader takes over.

For bulk conversion. What is plain is said narrowly: whatever might be refused, cut short or read in another way than
the readers read it raises ``Unusual``, and the file is read again from there by csv_files.py or xml_files.py, which
alone decide. Rows given before that are the ones that they give.
"""

from __future__ import annotations

import csv
import re
from codecs import BOM_UTF8, getincrementaldecoder
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

from lxml import etree

from adapter.intake.readers.encoding import Sniffed
from adapter.intake.readers.rows import SPACE, BrokenFile
from adapter.intake.readers.xml_files import XML_NAMES, DoctypeRefused, refuse_doctype
from adapter.model.source import ExportShape, TableShape

#: So much is read at a time; the rows made of it should still lie in the processor's cache when they are put aside.
_AT_A_TIME = 1 << 15


class Unusual(Exception):
    """The file is not of the plainest form from here on."""


@dataclass(frozen=True, slots=True)
class Block:
    """Rows that follow one another, all with the same columns.

    Attributes:
        lines: the rows as lines in UTF-8, a separator between the cells and nothing to be taken off; or else
        rows: the rows as cells.
        consumed: how much of the file was read for it, in bytes; of text files about so much.
    """

    columns: tuple[str, ...]
    consumed: int
    lines: Sequence[bytes] = ()
    rows: Sequence[list[str]] = ()


#: Gives the blocks of one table of a file in order. Raises Unusual.
QuickRead = Callable[[Path, Sniffed, ExportShape, TableShape], Iterator[Block]]


# -- separated values --------------------------------------------------------------------------------------------------


def quick_csv(path: Path, sniffed: Sniffed, shape: ExportShape, table: TableShape) -> Iterator[Block]:
    """Records of one line each, all of the same number of cells."""
    columns = tuple(column.name for column in table.columns)
    header = shape.layout.header
    quote, separator = shape.layout.quote.encode(), shape.layout.separator.encode()
    blanks = _beside_a_blank(separator)
    taken = 0
    with path.open("rb") as raw:
        for text in _texts(_utf8(raw, sniffed.encoding), shape.limits.row_bytes):
            lines = _lines(text)
            if max(map(len, lines)) + len("\r\n") > shape.limits.row_bytes:
                raise Unusual
            if header:
                named = _records(lines[:1], shape)[0]
                columns, header = columns or _header(named, shape, table), False
                del lines[0]
            if len(columns) < 2:
                raise Unusual
            consumed, taken = raw.tell() - taken, raw.tell()
            if (quote and quote in text) or blanks(b"\n%b\n" % text) or len(separator) > 1:
                rows = [cells for cells in _records(lines, shape) if len(cells) > 1 or any(cells)]
                if not {len(columns)}.issuperset(map(len, rows)):
                    raise Unusual
                yield Block(columns, consumed, rows=rows)
                continue
            if b"" in lines:
                lines = [line for line in lines if line]
            if not {len(columns) - 1}.issuperset([line.count(separator) for line in lines]):
                raise Unusual
            yield Block(columns, consumed, lines=lines)
    if header:
        raise Unusual


def _utf8(raw: BinaryIO, encoding: str) -> Callable[[int], bytes]:
    """Reads about so many bytes of the file, as UTF-8; what it reads of a UTF-8 file may end inside a character.

    Only a UTF-8 file is taken as it stands: ``sniff`` read it to its end, so that it is known to be good UTF-8.
    """
    if encoding == "utf-8":
        return raw.read
    decoder = getincrementaldecoder(encoding)("strict")

    def read(count: int) -> bytes:
        text = ""
        try:
            while not text and (data := raw.read(count)):
                text = decoder.decode(data)
            return (text or decoder.decode(b"", final=True)).encode()
        except UnicodeError:
            raise Unusual from None

    return read


def _texts(read: Callable[[int], bytes], longest: int) -> Iterator[bytes]:
    """The text up to a line break, piece by piece, the last break of each taken off.

    The last line of the file must have one, and every carriage return must belong to one.
    """
    tail, begun = b"", False
    while text := read(_AT_A_TIME):
        if not begun:
            while text.startswith(BOM_UTF8):
                text = text.removeprefix(BOM_UTF8)
            begun = True
        if text.endswith(b"\r"):
            text += read(1)
        whole, end, rest = text.rpartition(b"\n")
        if end:
            whole, tail = tail + whole, rest
            _must_be_plain(whole)
            yield whole
        else:
            tail += rest
        if len(tail) > longest:
            raise Unusual
    if tail:
        raise Unusual


def _must_be_plain(text: bytes) -> None:
    """Raises Unusual for characters that mean something else here."""
    if any(odd in text for odd in (b"\x1f", b"\x1e", b"\0")):
        raise Unusual


def _lines(text: bytes) -> list[bytes]:
    """The lines of a text whose last line break was taken off, all of the same kind as a rule."""
    lines = text.splitlines()
    if len(lines) == text.count(b"\n") + 1 and not text.endswith(b"\n"):  # and so no return stands alone
        return lines
    if text.count(b"\r\n") + text.endswith(b"\r") != text.count(b"\r"):
        raise Unusual
    return [line.removesuffix(b"\r") for line in text.split(b"\n")]


def _records(lines: Sequence[bytes], shape: ExportShape) -> list[list[str]]:
    quote = shape.layout.quote
    reader = csv.reader(
        [line.decode() for line in lines],
        delimiter=shape.layout.separator,
        quotechar=quote or None,
        quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
        strict=True,
    )
    try:
        rows = [[cell.strip(SPACE) for cell in cells] for cells in reader]
    except csv.Error:
        raise Unusual from None
    if len(rows) != len(lines):
        raise Unusual
    return rows


def _beside_a_blank(separator: bytes) -> Callable[[bytes], object]:
    """Whether a cell may begin or end with a blank, of text with a line break before and behind it."""
    edges = rb"[\r\n%b]" % re.escape(separator)
    blanks = [blank for blank in (b" ", b"\t") if blank != separator]
    # each pattern begins with its blank: that is what the engine finds fast
    found = [re.compile(rb"%b(?:%b|(?<=%b%b))" % (blank, edges, edges, blank)).search for blank in blanks]
    return lambda text: any(search(text) for search in found)


def _header(columns: Sequence[str], shape: ExportShape, table: TableShape) -> tuple[str, ...]:
    named = frozenset(columns)
    needed = (*(table.join or (shape.stay_key,)), *table.row_key)
    if len(named) != len(columns) or len(columns) > shape.limits.columns or not named.issuperset(needed):
        raise Unusual
    return tuple(columns)


# -- XML ---------------------------------------------------------------------------------------------------------------


def quick_xml(path: Path, sniffed: Sniffed, shape: ExportShape, _: TableShape) -> Iterator[Block]:
    """Row elements of one parent that hold columns and nothing else.

    Each piece of the file that is fed to the parser holds the end of a row; so no row is larger than two of them, and
    two of them hold no more than a row may have, whatever the encoding becomes in UTF-8.
    """
    if shape.limits.depth < 3:
        raise Unusual
    try:
        refuse_doctype(sniffed.prolog)
    except (DoctypeRefused, BrokenFile):
        raise Unusual from None
    parser = etree.XMLPullParser(
        events=("end",),
        tag=shape.row,
        encoding=XML_NAMES.get(sniffed.encoding, sniffed.encoding),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        recover=False,
        remove_comments=True,
        remove_pis=True,
    )
    rows = _Elements(shape.limits.columns)
    with path.open("rb") as file:
        begun = False
        while data := file.read(min(_AT_A_TIME, shape.limits.row_bytes // 3)):
            try:
                parser.feed(data)
            except etree.XMLSyntaxError:
                raise Unusual from None
            blocks = list(rows.blocks(parser))
            if begun and not blocks:
                raise Unusual
            begun = begun or bool(blocks)
            for place, (columns, found) in enumerate(blocks):
                yield Block(columns, 0 if place else len(data), rows=_stripped(found))
    try:
        rows.must_be_all_of(parser.close())
    except etree.XMLSyntaxError:
        raise Unusual from None


def _stripped(rows: list[list[str]]) -> list[list[str]]:
    """Without the blanks around the texts, of which there are none as a rule."""
    text = "\x00".join(chain(("",), chain.from_iterable(rows), ("",)))
    if any(f"\x00{blank}" in text or f"{blank}\x00" in text for blank in SPACE):
        return [[cell.strip(SPACE) for cell in cells] for cells in rows]
    return rows


class _Elements:
    """Row elements as lists of texts; each is taken out of the tree when the next one has come."""

    def __init__(self, most_columns: int) -> None:
        self._most = most_columns
        self._last: etree._Element | None = None
        self._names: list[str] = []
        self._columns: tuple[str, ...] = ()

    def blocks(self, parser: etree.XMLPullParser) -> Iterator[tuple[tuple[str, ...], list[list[str]]]]:
        """The rows that the parser has read to their end, as they follow one another with the same columns."""
        found: list[list[str]] = []
        for _, element in parser.read_events():
            if not isinstance(element, etree._Element):
                raise Unusual
            self._follows(element)
            nodes = list(element.iter())
            if len(nodes) != len(element) + 1:
                raise Unusual
            names = [node.tag for node in nodes]
            if names != self._names:
                if found:
                    yield self._columns, found
                    found = []
                self._rename(names)
            texts = [node.text or "" for node in nodes]
            del texts[0]
            found.append(texts)
        if found:
            yield self._columns, found

    def must_be_all_of(self, root: etree._Element) -> None:
        """Raises Unusual where the root holds more than the rows."""
        if len(root) > (self._last is not None):
            raise Unusual

    def _follows(self, element: etree._Element) -> None:
        parent, before, last = element.getparent(), element.getprevious(), self._last
        if parent is None or before is not last or (last is None and parent.getparent() is not None):
            raise Unusual
        if last is None and parent.getroottree().docinfo.internalDTD is not None:
            raise Unusual
        if last is not None:
            parent.remove(last)
        self._last = element

    def _rename(self, names: list[str]) -> None:
        columns = names[1:]
        if not all(isinstance(each, str) for each in columns):
            raise Unusual
        if len(set(columns)) != len(columns) or len(columns) > self._most:
            raise Unusual
        self._names, self._columns = names, tuple(map(str, columns))


#: By the reader of a shape.
QUICK: Mapping[str, QuickRead] = MappingProxyType({"csv_files": quick_csv, "xml_files": quick_xml})
