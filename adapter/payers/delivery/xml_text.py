"""A SOAP message as plain values, so that a person can read it where it is shown; nothing is decided by it."""

from __future__ import annotations

from typing import Any

from lxml import etree

_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)


def soap_values(body: bytes) -> dict[str, Any] | None:
    """What an envelope holds: elements by their local names, one that is repeated as a list; None for anything else."""
    try:
        root = etree.fromstring(body, _PARSER)
    except (etree.XMLSyntaxError, ValueError):
        return None
    name = etree.QName(root).localname
    return {name: _content(root)} if name == "Envelope" else None


def _content(element: etree._Element) -> Any:
    children = [child for child in element if isinstance(child.tag, str)]
    if not children:
        return (element.text or "").strip() or None
    found: dict[str, list[Any]] = {}
    for child in children:
        found.setdefault(etree.QName(child).localname, []).append(_content(child))
    return {name: each[0] if len(each) == 1 else each for name, each in found.items()}
