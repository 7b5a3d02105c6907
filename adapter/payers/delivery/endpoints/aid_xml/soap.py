"""SOAP 1.1 envelopes, composed and read. No DTD, no entities, no network (报文)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from lxml import etree

from adapter.model.money import Money, decimal_of

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
NOTED = "urn:pay-after-care:aid-xml:noted"
CONTENT_TYPE = "text/xml; charset=utf-8"

PARSER = etree.XMLParser(
    resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
)

#: Fields in the order of the schema; a value of several rows repeats its element.
Fields = Mapping[str, "str | Fields | Sequence[Fields]"]


class Unreadable(ValueError):
    """An answer that is no answer of this service; the text says why, without repeating it."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the service answered. ``fields`` by name, empty text where it left one blank."""

    code: str
    words: str
    fields: Mapping[str, str]

    def text(self, name: str) -> str:
        return self.fields.get(name, "").strip()

    def money(self, name: str) -> Money | None:
        """An amount in yuan; None where it is blank. Raises Unreadable for what is none."""
        told = self.text(name)
        if told in ("", "null"):
            return None
        try:
            return Money.yuan(decimal_of(told))
        except ValueError as error:
            raise Unreadable(f"{name} is no amount") from error

    def ratio(self, name: str) -> Decimal | None:
        """A ratio: up to 1 a fraction, above it per cent, with or without the sign; None where it is blank."""
        told = self.text(name)
        if told in ("", "null"):
            return None
        try:
            number = decimal_of(told.removesuffix("%"))
        except ValueError as error:
            raise Unreadable(f"{name} is no ratio") from error
        return number / 100 if told.endswith("%") or number > 1 else number


def envelope(operation: str, fields: Fields, noted: Mapping[str, str], *, namespace: str) -> bytes:
    """A request. ``noted`` goes into a header that no receiver needs to understand."""
    root = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"soap": SOAP})
    if noted:
        header = etree.SubElement(root, f"{{{SOAP}}}Header")
        etree.SubElement(header, f"{{{NOTED}}}message", dict(noted), nsmap={"n": NOTED})
    body = etree.SubElement(root, f"{{{SOAP}}}Body")
    _fill(etree.SubElement(body, f"{{{namespace}}}{operation}", nsmap=_default(namespace)), fields, namespace)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def payload(composed: bytes) -> etree._Element:
    """The operation's element of a message of our own."""
    return _body(_parsed(composed))


def noted_in(composed: bytes) -> Mapping[str, str]:
    """What we noted in a message when we composed it."""
    found = _parsed(composed).find(f"{{{SOAP}}}Header/{{{NOTED}}}message")
    return {} if found is None else {str(name): str(value) for name, value in found.attrib.items()}


def sent_fields(composed: bytes) -> dict[str, str]:
    """The texts of a message of our own by element name; for operations without rows."""
    return {etree.QName(each).localname: each.text or "" for each in payload(composed).iter() if len(each) == 0}


def wrong_fields(composed: bytes, schema: etree.XMLSchema) -> tuple[str, ...]:
    """Names of the elements that the schema refuses; their values are not told."""
    alone = etree.fromstring(etree.tostring(payload(composed)), PARSER)  # places are told from the root
    if schema.validate(alone):
        return ()
    log: Any = schema.error_log
    found: list[Any] = [alone.getroottree().xpath(str(entry.path)) for entry in log]
    names = [etree.QName(rows[0]).localname if rows else "—" for rows in found]
    return tuple(dict.fromkeys(names))


def read_reply(body: bytes, operation: str) -> Reply:
    """An answer of an operation, whatever its namespaces and prefixes.

    Raises:
        Unreadable: not XML, a DOCTYPE, a SOAP fault, another operation's answer, no return code.
    """
    try:
        element = _body(_parsed(body))
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Unreadable("not a SOAP message") from error
    name = etree.QName(element).localname
    if name == "Fault":
        raise Unreadable("a SOAP fault")
    if name != f"{operation}Response":
        raise Unreadable("the answer of another operation")
    rows = next((each for each in element if etree.QName(each).localname == "return"), element)
    fields = {etree.QName(each).localname: (each.text or "").strip() for each in rows if len(each) == 0}
    if not fields.get("returnCode"):
        raise Unreadable("no returnCode")
    return Reply(fields["returnCode"], fields.get("returnCodeDes", ""), fields)


def _default(namespace: str) -> Any:
    """A namespace map without a prefix, for which the library's types have no word."""
    return {None: namespace}


def _parsed(text: bytes) -> etree._Element:
    root = etree.fromstring(text, PARSER)
    if root.getroottree().docinfo.internalDTD is not None:
        raise ValueError("a DOCTYPE is refused")
    return root


def _body(root: etree._Element) -> etree._Element:
    body = next((each for each in root if etree.QName(each).localname == "Body"), None)
    first = None if body is None else next(iter(body), None)
    if first is None:
        raise ValueError("no SOAP body")
    return first


def _fill(element: etree._Element, fields: Fields, namespace: str) -> None:
    for name, value in fields.items():
        rows: Sequence[str | Fields] = [value] if isinstance(value, str | Mapping) else list(value)
        for row in rows:
            child = etree.SubElement(element, f"{{{namespace}}}{name}")
            if isinstance(row, str):
                child.text = row
            else:
                _fill(child, row, namespace)
