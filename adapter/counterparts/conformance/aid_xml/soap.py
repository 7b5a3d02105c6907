"""SOAP 1.1, document/literal: what is sent, and what came back. A second writing of docs/wire-aid-xml.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lxml import etree

from adapter.counterparts.conformance.play import Exchange

_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)


def message(namespace: str, operation: str, content: Mapping[str, Any]) -> bytes:
    """An envelope; a table within the content is an element with children, a list repeats its element."""
    envelope = etree.Element(f"{{{_SOAP}}}Envelope", nsmap={"soap": _SOAP})
    body = etree.SubElement(envelope, f"{{{_SOAP}}}Body")
    _fill(etree.SubElement(body, f"{{{namespace}}}{operation}", nsmap={"aid": namespace}), namespace, content)
    return etree.tostring(envelope, xml_declaration=True, encoding="UTF-8")


def _fill(parent: etree._Element, namespace: str, content: Mapping[str, Any]) -> None:
    for name, value in content.items():
        for one in value if isinstance(value, list) else [value]:
            child = etree.SubElement(parent, f"{{{namespace}}}{name}")
            if isinstance(one, Mapping):
                _fill(child, namespace, one)
            else:
                child.text = str(one)


def is_fault(exchange: Exchange) -> bool:
    """Whether the answer is a SOAP fault."""
    body = _body(exchange)
    return body is not None and body.find(f"{{{_SOAP}}}Fault") is not None


def told(exchange: Exchange, namespace: str, operation: str) -> dict[str, str] | None:
    """The fields of ``<operation>Response/return``; None when the answer is none of that operation."""
    body = _body(exchange)
    if body is None:
        return None
    found = body.find(f"{{{namespace}}}{operation}Response/{{{namespace}}}return")
    if found is None:
        return None
    return {etree.QName(child).localname: (child.text or "").strip() for child in found}


def _body(exchange: Exchange) -> etree._Element | None:
    if exchange.failure or not exchange.got:
        return None
    try:
        root = etree.fromstring(exchange.got, _PARSER)
    except (etree.XMLSyntaxError, ValueError):
        return None
    return root.find(f"{{{_SOAP}}}Body")
