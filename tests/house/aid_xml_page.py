"""docs/wire-aid-xml.md from the schema and the definitions: ``python -m tests.house.pages --write`` makes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from lxml import etree

from adapter.payers.delivery.endpoints.aid_xml.definitions import Definitions, load_definitions
from adapter.payers.delivery.endpoints.aid_xml.soap import envelope
from adapter.payers.delivery.endpoints.aid_xml.stay import OPTIONAL

ROOT = Path(__file__).resolve().parents[2]
MAPPINGS = ROOT / "mappings"
AID_XML_PAGE = ROOT / "docs" / "wire-aid-xml.md"

NEVER_TRIED = "**It was never tried against an aid office.** 本方言从未与任何救助经办机构的系统联调。"
_XS = "{http://www.w3.org/2001/XMLSchema}"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"

_HEAD = f"""# The `aid-xml` dialect on the wire

The hospital's side of a civil-affairs aid service (民政医疗救助系统): SOAP 1.1, document/literal, a session by cookie.
{NEVER_TRIED} It was written from the one complete service of this kind that is publicly visible, of 2011; an office in use
will differ, at least in its namespace. Generated (`make docs`) from `mappings/aid-xml` (`service.xsd`, `service.wsdl`,
`service.yaml`); a test compares. What is marked "assumed" is not in that source.

## 1. What this service is

- **The caller computes the aid.** The service gives a ceiling and a ratio and stores what it is told; it checks no arithmetic. A scheme's call to
  it has `authority: adapter` (DEL-592). Ceiling and ratio that differ from our plan hold the case: nothing is corrected by itself.
- It keeps **no transaction id**, and there is no look-up. A record is found by person, admission date and hospital; the hospital's own number is not looked at.
- A repeated settlement or reversal is refused with 02002. **After one reversal every further settlement is stored again.**
- What was stored shows in `maxPay` alone: the year's ceiling less the aid paid. It may be negative (nobody set a ceiling: it counts as −1).

## 2. Stages 对话

| stage | messages | |
| --- | --- | --- |
| eligibility 待遇资格 | `checkIdentity` | `00000` is answered for any known person: only a filled `assitanceType` means aid (DEL-587). Name and ceiling are compared. Where our plan has a yearly ceiling, ceiling less `maxPay` is the year-to-date amount |
| admit 入院备案 | `saveInRecord` | once per stay, before the first trial; afterwards admission date and hospital must stay what they were (DEL-591): the service has no way to withdraw it |
| trial 预结算 | `queryBalancePre`, `queryPercentage` | nothing is kept; the amount is our own, bounded by the ceiling (DEL-585), at the office's ratio (DEL-586) |
| settle 结算 | `checkIdentity`, `queryBalancePre`, `queryPercentage`, `balance`, `saveExpenseDetail` | the terms are asked once more; what is left of the year before is noted in the settlement's message. The lines go last, where the office wants them (`details`) |
| reverse 冲账 | `checkIdentity`, `balance` | the settlement as it was sent, every amount with the other sign |
| reconcile 对账 | – | the service lists nothing (DEL-595): compare with the office's own list |

`login` opens a session before the first message and anew before each message that counts; a session is never stored. A question over a lost session is asked once
more. A wrong password is tried once only, because accounts are locked; the message waits, unsent, for a person (DEL-582).

## 3. Lost answers, and what the hospital must not do

| message | how its effect is told | otherwise |
| --- | --- | --- |
| `saveInRecord` | `queryBalancePre` of person and date: `05002` not registered, `00000` registered (whichever the hospital) | unknown |
| `balance` | `checkIdentity`: `maxPay` fell by exactly the amount since the question before (rose, for a reversal): done. It is what it was, and the longest delay has passed: not received | unknown, a person asks the office (DEL-583) |
| `balance` of nothing | – | unknown, a person (DEL-584) |
| `saveExpenseDetail` | – | unknown, a person (DEL-584) |

- Nothing that counts is sent again before this says that it was not received. Never by hand either: after a reversal the service would store it twice.
- Somebody else's aid of exactly the same amount, stored between question and look-up, would be taken for ours. Nothing in the service tells them apart; a look-up in
  another calendar year than the question proves nothing and goes to a person.
- A repeat that is refused with 01002 or 02002 is no refusal: the first one may have landed late. It is looked for again.

## 4. Least data

ID number and name, the stay's dates, the hospital, sums. These fields are sent only where the office's settings ask for them (`also`):
{", ".join(f"`{name}`" for name in OPTIONAL)}. A ward is never sent. Basic, critical-illness and commercial insurance stand together in `insurancePay`, for the
service has no field of their own; other aid, government and household top-ups in `otherPay`; the personal account in `personalPay`. The shares add up to
`totalExpense`. Each message has a SOAP header `message` that a receiver need not understand: our key, and what was noted when it was composed.
"""  # noqa: E501 - tables of a page


def aid_xml_page(issues: Iterable[tuple[str, str]]) -> str:
    """The page. ``issues``: (code, words) of the dialect, in order."""
    definitions = load_definitions(MAPPINGS)
    schema = etree.parse(str(MAPPINGS / "aid-xml" / "service.xsd")).getroot()
    lines = [*_HEAD.splitlines(), "", "## 5. Messages 报文", "", *_example(), *_operations(schema, definitions)]
    lines += ["## 6. Return codes 返回码", "", "| code | outcome | meaning | what to do |", "| --- | --- | --- | --- |"]
    for told in definitions.codes.values():
        hint = f"{told.hint_en}<br>{told.hint_zh}" if told.hint_en else "–"
        lines.append(f"| {told.code} | {told.meaning} | {told.en}<br>{told.zh} | {hint} |")
    lines += ["", "A code that is not in this table tells nothing: unknown.", "", "## 7. Categories 救助对象类别", ""]
    lines += ["| assitanceType | |", "| --- | --- |"]
    lines += [f"| {code} | {zh} {en} |" for code, (zh, en) in definitions.categories.items()]
    lines += ["", "## 8. Issues", "", "| code | finding |", "| --- | --- |"]
    lines += [f"| {code} | {words} |" for code, words in issues]
    return "\n".join(lines).rstrip() + "\n"


#: How every message travels, and what the state of an answer says before its body is looked at.
_TRAVELS = """Every operation goes to the one address of the service: `POST`, `Content-Type: text/xml; charset=utf-8`,
`SOAPAction: "urn:<operation>"`, the cookie of the session. A refusal is 200 with its return code (section 6). 408, 425,
429, 3xx, 5xx, a SOAP fault, no answer and one that cannot be read tell nothing: section 3. Any other 4xx: refused,
nothing was done (DEL-501).

An answer is in the namespace of the messages, which is a setting of the endpoint (`namespace`; `service.xsd` and
`service.wsdl` have one of our own in its place), every element qualified. The adapter reads it under other prefixes and
namespaces too, by its element names; the conformance kit does not let another namespace pass. Its encoding is that of
the XML declaration, UTF-8 without one: the header's charset is not looked at. What is no operation of the service, or
no XML, is a SOAP 1.1 fault, 500. Amounts are yuan in plain digits, at most two decimals, never an exponent. A ratio up
to 1 is a fraction, above it per cent, with or without the sign (0.70, 70, 70%). Dates are `yyyy-MM-dd`.

The session is whatever cookie `login` sets. A call without one, or after `logout`, is answered with 0000X or 0L00X and
does nothing; a wrong user or password with 0L002. A person has one open registration at most, whichever the day and the
hospital (01002); settling it closes it. `balance` with a negative `totalExpense` takes back the settlement of that very
person, day of admission and hospital, and no other; its `assistancePay` is negative too. A refusal changes nothing."""

_KEY = "qingshi_county-300010004.v1.aid"
_ASKED = {"idCard": "999999198301250084", "inDate": "2021-05-10"}
_SETTLED = {
    "idCard": "999999198301250084",
    "recordNo": "0020210004",
    "name": "测试丁",
    "inDate": "2021-05-10",
    "leaveDate": "2021-05-17",
    "totalExpense": "1006.95",
    "insuranceExpense": "998.36",
    "insurancePay": "423.61",
    "hospitalPay": "0.00",
    "specialPay": "0.00",
    "otherPay": "0.00",
    "assistancePay": "402.33",
    "assistancePer": "0.70",
    "personalPay": "181.01",
    "hospitalId": "H99990100001",
    "hospitalName": "清石县人民医院",
}
#: By operation: what is sent, and the answer as it is written by hand; a test reads each.
SPOKEN: dict[str, tuple[bytes, str]] = {
    "queryBalancePre": (
        envelope(
            *("queryBalancePre", _ASKED, {"key": f"{_KEY}.trial.ask.queryBalancePre.20210517020000000000"}),
            namespace="http://service.aid.example/MedicalAid",
        ),
        "<returnCode>00000</returnCode><returnCodeDes/><pauseFlag/><maxPay>28800.00</maxPay><otherPay>0.00</otherPay>",
    ),
    "balance": (
        envelope(
            *("balance", {"info": _SETTLED}, {"key": f"{_KEY}.settle", "maxPay": "28800.00"}),
            namespace="http://service.aid.example/MedicalAid",
        ),
        "<returnCode>00000</returnCode><returnCodeDes/>",
    ),
}


def answered(operation: str) -> str:
    """The service's answer to an example."""
    said = f'<{operation}Response xmlns="http://service.aid.example/MedicalAid"><return>{SPOKEN[operation][1]}</return>'
    soap = "http://schemas.xmlsoap.org/soap/envelope/"
    return f'<soap:Envelope xmlns:soap="{soap}"><soap:Body>{said}</{operation}Response></soap:Body></soap:Envelope>'


def _example() -> Iterator[str]:
    yield from (_TRAVELS, "")
    for operation, (sent, _) in SPOKEN.items():
        for title, body in ((f"`{operation}`:", sent), ("Answered:", answered(operation).encode())):
            root = etree.fromstring(body)
            etree.indent(root)
            yield from (title, "", "```xml", *etree.tostring(root, encoding="unicode").splitlines(), "```", "")


def _operations(schema: etree._Element, definitions: Definitions) -> Iterator[str]:
    types = {str(each.get("name")): each for each in schema.findall(f"{_XS}complexType")}
    elements = {str(each.get("name")): each for each in schema.findall(f"{_XS}element")}
    for name, operation in definitions.operations.items():
        zh, en = _words(elements[name])
        yield f"### {name} {zh}"
        yield ""
        counts = "A repeat would count." if operation.effect else "No effect; it may be repeated."
        yield f"{en[0].upper()}{en[1:]}. {counts}"
        yield ""
        yield "| | field | need | content |"
        yield "| --- | --- | --- | --- |"
        yield from _rows("sent", elements[name].find(f"{_XS}complexType"), types)
        yield from _rows("answer", elements[f"{name}Response"].find(f"{_XS}complexType"), types)
        yield ""


def _rows(side: str, parent: etree._Element | None, types: dict[str, etree._Element]) -> Iterator[str]:
    """A row for each field; one with fields of its own gives theirs."""
    for field in [] if parent is None else parent.iter(f"{_XS}element"):
        kind = str(field.get("type")).rpartition(":")[2]
        if kind in types:
            many = " (repeated)" if field.get("maxOccurs") == "unbounded" else ""
            yield f"| {side} | `{field.get('name')}`{many} | yes | {kind}: |"
            yield from _rows(side, types[kind], types)
            continue
        zh, en = _words(field)
        need = "no" if field.get("minOccurs") == "0" else "yes"
        yield f"| {side} | `{field.get('name')}` | {need} | {zh}: {en} |"


def _words(element: etree._Element) -> tuple[str, str]:
    found = {str(each.get(_LANG)): each.text or "" for each in element.findall(f"{_XS}annotation/{_XS}documentation")}
    return found["zh"], found["en"]
