"""Resources as others have written them: JSON, NDJSON, XML, one after the other from a stream. 读取 FHIR 文件。

What it is, the content tells: ``<`` begins XML; lines that are each a whole JSON object are NDJSON. NDJSON is read line
by line, so that a file of any length takes the memory of its longest line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, BinaryIO

from lxml import etree

from adapter.fhir import issues, rule_issues
from adapter.fhir.canonical import decode
from adapter.fhir.schema.compiled import Version
from adapter.fhir.xml_in import resource_of
from adapter.model.issues import AdapterError, Issue

#: Marks of a byte order: UTF-8's says nothing and is skipped; with the others it is not what FHIR is written in.
_MARK = b"\xef\xbb\xbf"
_OTHER_MARKS = (b"\xff\xfe", b"\xfe\xff")

#: Endings of the names of files that hold one resource a line.
LINES = (".ndjson", ".jsonl")

_NO_DOCTYPE = "a document type is not allowed"


@dataclass(frozen=True, slots=True)
class Written:
    """One resource of a stream, or why it cannot be read.

    Attributes:
        line: where it stands in NDJSON, from 1; None for a document of one resource.
        size: bytes read for it.
        resource: as a plain dict, amounts as Decimal; None where ``issues`` say why not.
    """

    line: int | None
    size: int
    resource: dict[str, Any] | None
    issues: tuple[Issue, ...] = ()


def written(stream: BinaryIO, *, lines: bool = False, version: Version = "R4") -> Iterator[Written]:
    """The resources of a stream of bytes, one after the other.

    Args:
        lines: it is NDJSON whatever it looks like, so that a broken first line costs that line only.
        version: whose definitions tell what an XML element is.
    """
    number, first = _next(stream, 0)  # UTF-8's mark before a line break makes a line that is not blank
    if first.startswith(_OTHER_MARKS):
        rest = stream.read()
        yield Written(None, len(first) + len(rest), None, (rule_issues.not_utf8(),))
        return
    first = first.removeprefix(_MARK)
    if first.lstrip().startswith(b"<"):
        whole = first + stream.read()
        yield _read(None, whole, partial(from_xml, version=version))
        return
    one = _read(number, first, decode)
    more, second = _next(stream, number) if lines or one.resource is not None else (number, b"")
    if lines or (one.resource is not None and second):
        yield from (one,) if first else ()
        yield from _lines(stream, more, second)
        return
    rest = stream.read()
    yield _read(None, first + rest, decode) if one.resource is None else Written(None, one.size, one.resource)


def from_xml(data: bytes, version: Version = "R4") -> dict[str, Any]:
    """A resource from its XML text. Raises AdapterError: FHIR-236, it is no FHIR XML."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
    )
    try:
        if b"<!DOCTYPE" in data:
            raise ValueError(_NO_DOCTYPE)
        root = etree.fromstring(data, parser)
        if root.getroottree().docinfo.internalDTD is not None:  # in UTF-16 and the like its bytes are others
            raise ValueError(_NO_DOCTYPE)
        return resource_of(root, version)
    except etree.XMLSyntaxError as error:
        raise AdapterError(rule_issues.not_xml(f"line {error.lineno}, column {error.offset}")) from error
    except ValueError as error:
        raise AdapterError(rule_issues.not_xml(str(error))) from error


def _next(stream: BinaryIO, number: int) -> tuple[int, bytes]:
    """The next line that is not blank, with its number; nothing at the end."""
    while line := stream.readline():
        number += 1
        if not line.isspace():
            return number, line
    return number, b""


def _lines(stream: BinaryIO, number: int, line: bytes) -> Iterator[Written]:
    while line:
        yield _read(number, line, decode)
        number, line = _next(stream, number)


def _read(line: int | None, data: bytes, by: Callable[[bytes], Any]) -> Written:
    try:
        resource = by(data)
    except AdapterError as error:
        return Written(line, len(data), None, error.issues)
    if not isinstance(resource, dict):
        return Written(line, len(data), None, (issues.no_resource(),))
    return Written(line, len(data), resource)
