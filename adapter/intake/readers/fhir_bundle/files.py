"""Files of FHIR as entries, one at a time: a Bundle, a single resource, or one of either a line (FHIR 文件).

Amounts keep their digits. A Bundle is one piece of work: of a file that is malformed or cut nothing is taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adapter.fhir.canonical import decode
from adapter.fhir.names import type_of
from adapter.intake.readers.encoding import Sniffed
from adapter.intake.readers.fhir_bundle.xml import read_xml
from adapter.intake.readers.json_text import JsonText, Malformed, TooLong
from adapter.intake.readers.lines import read_lines
from adapter.intake.readers.rows import SPACE, TOO_DEEP, TOO_LARGE, BrokenFile
from adapter.model.issues import AdapterError
from adapter.model.source import ReadingLimits

#: Files of these suffixes hold one resource or Bundle a line.
LINES = (".ndjson", ".jsonl")

NOT_JSON = ("不是合法的 JSON", "it is not well-formed JSON")
TWICE = ("同一个键出现两次", "a key stands twice")
NO_RESOURCE = ("没有 resourceType", "it has no resourceType")
NOTHING_INSIDE = ("条目中没有资源", "the entry holds no resource")
NO_CHANGE = ("是局部修改(PATCH),不是完整的资源", "it is a change of parts (PATCH), not a whole resource")


@dataclass(frozen=True, slots=True)
class Entry:
    """One resource of a file, or the reason why it is none.

    Attributes:
        number: its entry in the Bundle, or its line; 1-based.
        bundle: which Bundle of the file it stands in; references by ``fullUrl`` hold within one.
        at: when it was last changed, as its Bundle has it.
        refused: why it cannot be read (zh, en); ``resource`` then holds what was readable.
    """

    number: int
    resource: dict[str, Any]
    bundle: int = 0
    full_url: str = ""
    at: str = ""
    deleted: bool = False
    refused: tuple[str, str] | None = None
    data: str = field(default="", repr=False)


def entries(path: Path, sniffed: Sniffed, limits: ReadingLimits) -> Iterator[Entry]:
    """Every entry of a file, in order.

    Raises:
        BrokenFile: malformed or cut; nothing of the file may be used.
        DoctypeRefused: XML with a DOCTYPE.
    """
    if path.suffix.lower() in LINES:
        yield from _of_lines(path, sniffed, limits)
        return
    if path.suffix.lower() == ".xml":
        for number, entry in read_xml(path, sniffed, limits):
            if entry is None:
                raise BrokenFile(number)
            yield from _of_entry(entry, number, 0, "")
        return
    try:
        head = _head(path, sniffed, limits)
        if head.get("resourceType") == "Bundle":
            yield from _of_document(path, sniffed, limits, str(head.get("timestamp", "")))
            return
        with path.open("rb") as file:
            text = JsonText(file, sniffed.encoding, limits.row_bytes)
            yield from _of_text(text.value(), 1, limits)
            text.must_end()
    except Malformed:
        raise BrokenFile(1) from None


def _head(path: Path, sniffed: Sniffed, limits: ReadingLimits) -> dict[str, Any]:
    """The plain members of a document; in which order they stand is anybody's choice."""
    found: dict[str, Any] = {}
    with path.open("rb") as file:
        text = JsonText(file, sniffed.encoding, limits.row_bytes)
        if text.peek() != "{":
            return found
        try:
            for name in text.members():
                if name == "entry" or text.peek() != '"':
                    text.value()
                    continue
                value = text.value()
                if not isinstance(value, TooLong):
                    found[name] = decode(value.encode())
            text.must_end()
        except Malformed:
            raise BrokenFile(text.line) from None
        except AdapterError:
            raise BrokenFile(text.line) from None
    return found


def _of_document(path: Path, sniffed: Sniffed, limits: ReadingLimits, timestamp: str) -> Iterator[Entry]:
    number = 0
    with path.open("rb") as file:
        text = JsonText(file, sniffed.encoding, limits.row_bytes)
        met: set[str] = set()
        for name in text.members():
            if name in met:
                raise Malformed
            met.add(name)
            if name != "entry":
                text.value()
                continue
            for element in text.elements():
                number += 1
                value, refused = _value(element, limits)
                if refused is not None:
                    yield Entry(number, value, refused=refused, data=_data(element))
                else:
                    yield from _of_entry(value, number, 0, timestamp)
        text.must_end()


def _of_lines(path: Path, sniffed: Sniffed, limits: ReadingLimits) -> Iterator[Entry]:
    for line in read_lines(path, sniffed, limits.row_bytes):
        if not line.content.strip(SPACE):
            continue
        text = line.content if line.whole else TooLong(line.content)
        for entry in _of_text(text, line.number, limits):
            if entry.refused is not None and not line.ended:
                raise BrokenFile(line.number)
            yield entry


def _of_text(text: str | TooLong, number: int, limits: ReadingLimits) -> Iterator[Entry]:
    """A resource, or the entries of a small Bundle."""
    value, refused = _value(text, limits)
    if refused is not None:
        yield Entry(number, value, refused=refused, data=_data(text))
    elif value.get("resourceType") == "Bundle":
        yield from _of_bundle(value, number)
    else:
        yield _resource(value, number)


def _of_bundle(bundle: dict[str, Any], number: int, timestamp: str = "") -> Iterator[Entry]:
    inside = bundle.get("entry", [])
    for each in inside if isinstance(inside, list) else [inside]:
        if isinstance(each, dict):
            yield from _of_entry(each, number, number, str(bundle.get("timestamp", timestamp)))
        else:
            yield Entry(number, {}, number, refused=NOTHING_INSIDE)


def _of_entry(entry: dict[str, Any], number: int, bundle: int, timestamp: str) -> Iterator[Entry]:
    """What one ``Bundle.entry`` says: a resource, its end, or a Bundle of its own."""
    request, response = _object(entry, "request"), _object(entry, "response")
    at = str(response.get("lastModified", "")) or timestamp
    method, resource = str(request.get("method", "")), entry.get("resource")
    if method == "DELETE":
        kind, _, identity = str(request.get("url", "")).partition("/")
        gone = {"resourceType": kind, "id": identity}
        yield Entry(number, gone, bundle, at=at, deleted=True, refused=None if type_of(gone) else NOTHING_INSIDE)
    elif not isinstance(resource, dict):
        yield Entry(number, {}, bundle, refused=NOTHING_INSIDE)
    elif method == "PATCH":
        yield Entry(number, resource, bundle, refused=NO_CHANGE)
    elif resource.get("resourceType") == "Bundle":
        yield from _of_bundle(resource, number, at)
    else:
        yield _resource(resource, number, bundle, str(entry.get("fullUrl", "")), at)


def _resource(resource: dict[str, Any], number: int, bundle: int = 0, full_url: str = "", at: str = "") -> Entry:
    refused = None if type_of(resource) else NO_RESOURCE
    return Entry(number, resource, bundle, full_url, at, refused=refused)


def _value(text: str | TooLong, limits: ReadingLimits) -> tuple[dict[str, Any], tuple[str, str] | None]:
    """A JSON object, and why it cannot be used."""
    if isinstance(text, TooLong):
        return {}, TOO_LARGE
    try:
        value = decode(text.encode())
    except AdapterError as error:
        return {}, TWICE if error.issues[0].code == "FHIR-102" else NOT_JSON
    except UnicodeEncodeError:
        return {}, NOT_JSON
    if not isinstance(value, dict):
        return {}, NO_RESOURCE
    return (value, None) if _depth(value, limits.nesting) else ({}, TOO_DEEP)


def _depth(value: Any, left: int) -> bool:
    """Whether it is nested no deeper than allowed."""
    if not isinstance(value, dict | list):
        return True
    inner = value.values() if isinstance(value, dict) else value
    return left > 0 and all(_depth(each, left - 1) for each in inner)


def _object(value: dict[str, Any], name: str) -> dict[str, Any]:
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def _data(text: str | TooLong) -> str:
    return text.beginning if isinstance(text, TooLong) else text
