"""FHIR XML as entries, one at a time: the same as its JSON (FHIR XML 文件).

No entity is resolved, no DTD loaded and no address fetched; a DOCTYPE refuses the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lxml import etree

from adapter.fhir.xml_in import entry_of, resource_of
from adapter.intake.readers.encoding import Sniffed
from adapter.intake.readers.rows import BrokenFile
from adapter.intake.readers.xml_files import XML_NAMES, refuse_doctype
from adapter.model.source import ReadingLimits

_FHIR = "{http://hl7.org/fhir}"

#: An element takes at least so many bytes of its entry.
_LEAST_BYTES = 8


def read_xml(path: Path, sniffed: Sniffed, limits: ReadingLimits) -> Iterator[tuple[int, dict[str, Any] | None]]:
    """Yield number and ``Bundle.entry`` of each entry; a single resource comes as the only entry.

    None in place of an entry that is no FHIR.

    Raises:
        DoctypeRefused: the file carries a DOCTYPE.
        BrokenFile: malformed or cut, or an entry larger than allowed.
    """
    refuse_doctype(sniffed.prolog)
    most = limits.row_bytes // _LEAST_BYTES
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
            yield from _entries(events, most, limits.nesting)
        except etree.XMLSyntaxError as error:
            raise BrokenFile(error.lineno or 1) from error


def _entries(events: Any, most: int, deepest: int) -> Iterator[tuple[int, dict[str, Any] | None]]:
    depth = number = held = 0
    root, timestamp = None, ""
    for event, element in events:
        if event == "start":
            root = element if root is None else root
            depth, held = depth + 1, held + 1
            if held > most or depth > deepest:
                raise BrokenFile(element.sourceline or 1)
            continue
        depth -= 1
        if depth != 1 or root is None or root.tag != f"{_FHIR}Bundle":
            continue
        if element.tag == f"{_FHIR}timestamp":
            timestamp = str(element.get("value", ""))
        if element.tag == f"{_FHIR}entry":
            number += 1
            entry = _read(entry_of, element)
            yield number, entry if entry is None else {"response": {"lastModified": timestamp}, **entry}
        element.clear()
        while element.getprevious() is not None:
            del root[0]
        held = 0
    if root is not None and root.tag != f"{_FHIR}Bundle":
        resource = _read(resource_of, root)
        yield 1, resource if resource is None else {"resource": resource}


def _read(read: Any, element: Any) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = read(element)
    except ValueError:
        return None
    return found
