"""Rules of single resources that neither the schema nor the money rules say: consents, accounts, covers, identifiers.

Published invariants that HL7 wrote in words or in functions of its own (ppc-2 to ppc-5, txt-1, txt-2, cpb-3 to cpb-12)
stand here too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lxml import etree

from adapter.fhir import issues, rule_issues
from adapter.fhir.identity import codesystem
from adapter.model.issues import Issue, Severity

Resource = Mapping[str, Any]

_SCOPE = "http://terminology.hl7.org/CodeSystem/consentscope"
#: Scope of a Consent → the invariant that asks for its patient. HL7's expressions name the system 'something' and
#: cannot fail; the text of the invariants is what counts.
_OF_A_PATIENT = {"patient-privacy": "ppc-2", "research": "ppc-3", "adr": "ppc-4", "treatment": "ppc-5"}

#: HL7 China's system of the identity card, which its R5 guide uses; R4 has another one.
IDENTITY_CARD_R5 = "urn:oid:2.16.840.1.113883.2.23.1.19.1"

_XHTML = "{http://www.w3.org/1999/xhtml}"
#: HTML 4.0 chapters 7 to 11 and 15, links to and images inside (txt-1): the elements that a narrative may hold.
_NARRATIVE = frozenset(
    {
        *("a", "abbr", "acronym", "address", "b", "bdo", "big", "blockquote", "br", "caption", "cite", "code", "col"),
        *("colgroup", "dd", "del", "dfn", "div", "dl", "dt", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i"),
        *("img", "ins", "kbd", "li", "ol", "p", "pre", "q", "samp", "small", "span", "strong", "sub", "sup", "table"),
        *("tbody", "td", "tfoot", "th", "thead", "tr", "tt", "ul", "var"),
    }
)
_ACTIVE = re.compile(r"(?i)on|action$|form")  # attributes that run something


def consent(resource: Resource, where: str, prose: Severity) -> Iterator[Issue]:
    """ppc-2 to ppc-5: a consent about a person's data or care names the person."""
    if "patient" in resource:
        return
    for one in resource["scope"].get("coding", ()):
        if one.get("system") == _SCOPE and (key := _OF_A_PATIENT.get(one.get("code", ""))):
            yield rule_issues.consent_patient(f"{where}.patient", key, prose)


def account(resource: Resource, where: str, prose: Severity) -> Iterator[Issue]:
    """Account.coverage.priority orders the settlement, so no two payers have the same."""
    seen: set[int] = set()
    for index, one in enumerate(resource.get("coverage", ())):
        number = one.get("priority")
        if number in seen:
            yield rule_issues.priority_repeated(f"{where}.coverage[{index}].priority", prose)
        if number is not None:
            seen.add(number)


def coverage(resource: Resource, where: str, prose: Severity) -> Iterator[Issue]:
    """A liable third party's Coverage says ``subrogation``."""
    codings = resource.get("type", {}).get("coding", ())
    liable = any(one.get("system") == codesystem("payer") and one.get("code") == "third-party" for one in codings)
    if liable and resource.get("subrogation") is not True:
        yield rule_issues.not_subrogated(f"{where}.subrogation", prose)


def identity_card(resource: Resource, where: str) -> Iterator[Issue]:
    """The identity card's system is the one of R4. A hospital's own resources pass through us with what they say, so
    this is advice and holds nobody's stay."""
    for index, one in enumerate(resource.get("identifier", ())):
        if one.get("system") == IDENTITY_CARD_R5:
            yield rule_issues.identity_card_system(f"{where}.identifier[{index}].system")


def capability(resource: Resource, where: str, prose: Severity) -> Iterator[Issue]:
    """cpb-3, cpb-7, cpb-9, cpb-12: what a server describes, it describes once."""
    del prose  # published invariants, always errors
    if resource["kind"] != "instance" and any("endpoint" in one for one in resource.get("messaging", ())):
        yield issues.invariant(f"{where}.messaging", "cpb-3")
    if _repeats((one["profile"], one["mode"]) for one in resource.get("document", ())):
        yield issues.invariant(f"{where}.document", "cpb-7")
    for number, rest in enumerate(resource.get("rest", ())):
        described = rest.get("resource", ())
        if _repeats(one["type"] for one in described):
            yield issues.invariant(f"{where}.rest[{number}]", "cpb-9")
        for index, one in enumerate(described):
            if _repeats(each["name"] for each in one.get("searchParam", ())):
                yield issues.invariant(f"{where}.rest[{number}].resource[{index}]", "cpb-12")


def _repeats(values: Iterable[Any]) -> bool:
    every = list(values)
    return len(every) != len(set(every))


def narrative(resource: Resource, where: str) -> Iterator[Issue]:
    """txt-1 and txt-2: ``text.div`` is XHTML without anything that acts, and has content."""
    div = resource["text"]["div"]
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(div.encode(), parser)
    except etree.XMLSyntaxError:
        yield issues.invariant(f"{where}.text.div", "txt-1")
        return
    if root.tag != f"{_XHTML}div" or not all(map(_harmless, root.iter())):
        yield issues.invariant(f"{where}.text.div", "txt-1")
    if not "".join(map(str, root.itertext())).strip() and root.find(f".//{_XHTML}img") is None:
        yield issues.invariant(f"{where}.text.div", "txt-2")


def _harmless(element: Any) -> bool:
    if element.tag is etree.Comment:
        return True
    named = isinstance(element.tag, str) and element.tag.removeprefix(_XHTML) in _NARRATIVE
    return named and not any(_ACTIVE.match(name) for name in element.attrib)
