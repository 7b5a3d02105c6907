"""What came back: ClaimResponses, year-to-date amounts and day statements as values. 应答解析。

Strict: an answer that is incomplete, contradicts itself or counts twice is refused whole with all its issues; nothing
in it is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from adapter.fhir import answer_issues as issue
from adapter.fhir.elements import value_of
from adapter.fhir.identity import codesystem, extension_url, system
from adapter.fhir.received import amount_in, code_in, listed, objects_in, resources_in, text_in
from adapter.model.claim import LineSplit, SplitBasis, YearToDate
from adapter.model.issues import AdapterError, Issue
from adapter.model.messages import Remittance, RemittanceLine
from adapter.model.money import ZERO, Money
from adapter.model.person import masked
from adapter.model.settlement import Payer, PayerAnswer

_SPLIT_CODES = {
    "full-self-pay": "full_self_pay",
    "over-limit": "over_limit",
    "pre-self-pay": "pre_self_pay",
    "eligible": "in_scope",
}
ACCUMULATORS = ("deductible", "paid", "eligible", "base", "admissions")
_LONG_NUMBER = re.compile(r"\d[\dXx]{5,}")


def answers_from(
    body: Any, payers: Sequence[Payer], *, key: str | None = None, sent: Mapping[str, Any] | None = None
) -> tuple[PayerAnswer, ...]:
    """The payers' answers to one call, in the order of ``payers``.

    Args:
        body: a ClaimResponse, or a Bundle of one per payer (the answer itself, or a look-up's searchset).
        payers: those that the call asked; each must answer exactly once, nobody else may.
        key: the claim key that was sent; an answer to another one is refused.
        sent: the Bundle that was sent: it gives the ChargeItem ids of the payer's own line splits.

    Raises:
        AdapterError: FHIR-151 … FHIR-163, all findings at once; FHIR-160 when the payer refuses.
    """
    found: list[Issue] = []
    responses = resources_in(body, "ClaimResponse", found)
    refusals = [_refusal(each, place) for place, each in responses if each.get("outcome") == "error"]
    if refusals:
        raise AdapterError(*refusals)
    lines = _lines_of(sent) if sent is not None else {}
    answers = [answer for place, each in responses if (answer := _answer(each, place, key, lines, found)) is not None]
    found += _each_payer_once(answers, payers)
    if found:
        raise AdapterError(*found)
    return tuple(sorted(answers, key=lambda answer: payers.index(answer.payer)))


def is_empty(body: Any) -> bool:
    """Whether a look-up found nothing: a searchset without a ClaimResponse. Raises AdapterError FHIR-151."""
    found: list[Issue] = []
    responses = resources_in(body, "ClaimResponse", found)
    if found:
        raise AdapterError(*found)
    return not responses


def year_to_date_from(
    body: Any, *, year: int | None = None, asked_at: datetime | None = None, excludes_case: str | None = None
) -> YearToDate:
    """Year-to-date amounts from a CoverageEligibilityResponse (alone or in a Bundle).

    Args:
        year: the year that was asked about; needed when the answer does not repeat ``servicedDate``.

    Raises:
        AdapterError: FHIR-151 … FHIR-153, FHIR-164 … FHIR-166.
    """
    found: list[Issue] = []
    responses = resources_in(body, "CoverageEligibilityResponse", found)
    if not found and len(responses) != 1:
        found.append(issue.unexpected_shape("body", "CoverageEligibilityResponse (1)"))
    if found:
        raise AdapterError(*found)
    place, response = responses[0]
    if response.get("outcome") == "error":
        raise AdapterError(_refusal(response, place))
    amounts: list[tuple[str, Money]] = []
    for index, insurance in enumerate(listed(response, "insurance", place, found)):
        where = f"{place}.insurance[{index}]"
        if insurance.get("inforce") is False:
            found.append(issue.not_in_force(f"{where}.inforce"))
        for number, entry in enumerate(listed(insurance, "item", where, found)):
            amounts += _accumulated(entry, f"{where}.item[{number}]", found)
    served = str(response.get("servicedDate", ""))[:4]
    if not served.isdigit() and year is None:
        found.append(issue.year_unknown(f"{place}.servicedDate"))
    if len({name for name, _ in amounts}) != len(amounts):
        found.append(issue.unexpected_shape(f"{place}.insurance", "each accumulator once"))
    if found:
        raise AdapterError(*found)
    answered = int(served) if served.isdigit() else year
    if answered is None or (year is not None and answered != year):
        raise AdapterError(issue.year_unknown(f"{place}.servicedDate"))
    return YearToDate(answered, tuple(amounts), "payer", asked_at, excludes_case)


def remittance_from(totals: Any, details: Iterable[Any], *, endpoint: str, day: date) -> Remittance:
    """A day's statement: the ``Parameters`` of the totals and every page of the details, as the payer gave them.

    Whether totals and details agree is for reconciliation to say.

    Raises:
        AdapterError: FHIR-151 … FHIR-154.
    """
    found: list[Issue] = []
    stated = {text_in(each, "name"): each for each in listed(totals, "parameter", "Parameters", found)}
    count = stated.get("count", {}).get("valueInteger")
    if type(count) is not int:
        found.append(issue.unexpected_shape("Parameters.parameter[count]", "valueInteger"))
    total = amount_in(stated.get("total", {}).get("valueMoney"), "Parameters.parameter[total].valueMoney", found)
    lines = []
    for number, page in enumerate(details):
        for place, response in resources_in(page, "ClaimResponse", found):
            line = _remitted(response, f"page[{number}].{place}", found)
            lines += [line] if line is not None else []
    if found or total is None:
        raise AdapterError(*found)
    return Remittance(endpoint, day, int(count or 0), total, tuple(lines))


def next_page(body: Mapping[str, Any]) -> str | None:
    """The address of the next page of a searchset, or None on the last one."""
    return next((text_in(each, "url") for each in objects_in(body, "link") if each.get("relation") == "next"), None)


def _answer(
    response: Mapping[str, Any], place: str, key: str | None, lines: Mapping[int, tuple[str, Money]], found: list[Issue]
) -> PayerAnswer | None:
    before = len(found)
    payer = _payer(response, place, found)
    _check_request(response, place, key, found)
    if response.get("outcome") != "complete":
        found.append(issue.unexpected_shape(f"{place}.outcome", "complete"))
    reference = _settlement_id(response)
    if reference is None:
        found.append(issue.unexpected_shape(f"{place}.identifier", "settlement id"))
    paid = _paid(response, place, found)
    figures = _totals(response, place, found)
    if paid is not None:
        _check_sign(response, paid, place, found)
        benefit = figures.pop("benefit", paid)
        if benefit != paid:
            found.append(issue.benefit_differs(f"{place}.payment.amount", benefit.text, paid.text))
    splits = tuple(_splits(response, place, lines, found)) if lines else ()
    notes = (text_in(note, "text") for note in listed(response, "processNote", place, found))
    steps = tuple(note for note in notes if note)
    if len(found) > before or payer is None or paid is None or reference is None:
        return None
    return PayerAnswer(payer, paid, reference, tuple(figures.items()), splits, steps)


def _settlement_id(response: Mapping[str, Any]) -> str | None:
    """The payer's own id of what it did."""
    return next((value for each in objects_in(response, "identifier") if (value := text_in(each, "value"))), None)


def _payer(response: Mapping[str, Any], place: str, found: list[Issue]) -> Payer | None:
    """Whose answer it is, by the extension ``payer``."""
    pointer = f"{place}.extension[payer]"
    named = (each for each in objects_in(response, "extension") if each.get("url") == extension_url("payer"))
    code = next((text_in(each, "valueCode") for each in named), None)
    if code is None:
        found.append(issue.unexpected_shape(pointer, "valueCode"))
        return None
    if code not in tuple(Payer):
        found.append(issue.unknown_code(pointer, _brief(code)))
        return None
    return Payer(code)


def _check_request(response: Mapping[str, Any], place: str, key: str | None, found: list[Issue]) -> None:
    named = _key(response)
    if key is not None and named != key:
        found.append(issue.other_request(f"{place}.request.identifier"))


def _key(response: Mapping[str, Any]) -> str | None:
    request = response.get("request")
    named = request.get("identifier") if isinstance(request, Mapping) else None
    if not isinstance(named, Mapping) or named.get("system") != system("claim"):
        return None
    return text_in(named, "value")


def _paid(response: Mapping[str, Any], place: str, found: list[Issue]) -> Money | None:
    payment = response.get("payment")
    if not isinstance(payment, Mapping) or "amount" not in payment:
        found.append(issue.payment_missing(f"{place}.payment"))
        return None
    return amount_in(payment["amount"], f"{place}.payment.amount", found)


def _check_sign(response: Mapping[str, Any], paid: Money, place: str, found: list[Issue]) -> None:
    status = response.get("status")
    if status not in ("active", "cancelled"):
        found.append(issue.unexpected_shape(f"{place}.status", "active | cancelled"))
    elif (status == "active" and paid < ZERO) or (status == "cancelled" and paid > ZERO):
        found.append(issue.wrong_sign(f"{place}.payment.amount"))


def _totals(response: Mapping[str, Any], place: str, found: list[Issue]) -> dict[str, Money]:
    figures: dict[str, Money] = {}
    for number, total in enumerate(listed(response, "total", place, found)):
        where = f"{place}.total[{number}]"
        code = _category(total, where, found)
        amount = amount_in(total.get("amount"), f"{where}.amount", found)
        if code in figures:
            found.append(issue.unexpected_shape(where, "each category once"))
        elif code is not None and amount is not None:
            figures[code] = amount
    return figures


def _category(element: Mapping[str, Any], where: str, found: list[Issue]) -> str | None:
    """The first code of ``category``; HL7's list and the project's share no code with two meanings."""
    code = code_in(element.get("category"))
    if code is None:
        found.append(issue.unexpected_shape(f"{where}.category", "coding.code"))
    return code


def _splits(
    response: Mapping[str, Any], place: str, lines: Mapping[int, tuple[str, Money]], found: list[Issue]
) -> Iterable[tuple[str, LineSplit]]:
    for number, entry in enumerate(listed(response, "item", place, found)):
        where = f"{place}.item[{number}]"
        number_sent = entry.get("itemSequence")
        sent = lines.get(number_sent) if isinstance(number_sent, int) else None
        if sent is None:
            found.append(issue.line_unknown(f"{where}.itemSequence"))
            continue
        parts: dict[str, Money] = {}
        for place_in, each in enumerate(listed(entry, "adjudication", where, found)):
            code = _category(each, f"{where}.adjudication[{place_in}]", found)
            if code in _SPLIT_CODES:
                amount = amount_in(each.get("amount"), f"{where}.adjudication[{place_in}].amount", found)
                parts[_SPLIT_CODES[code]] = amount if amount is not None else ZERO
        if not parts:
            continue
        charge_item, net = sent
        split = LineSplit(**parts, basis=SplitBasis.PAYER)
        if split.total != net:
            found.append(issue.line_differs(where, split.total.text, net.text))
        yield charge_item, split


def _lines_of(sent: Mapping[str, Any]) -> dict[int, tuple[str, Money]]:
    """Per item sequence of the Claim that was sent: ChargeItem id and net."""
    claims = (each["resource"] for each in sent["entry"] if each["resource"]["resourceType"] == "Claim")
    table = {}
    for claim in claims:
        for item in claim.get("item", ()):
            charge_item = value_of(item, "charge-item")
            if charge_item is not None:
                table[item["sequence"]] = (str(charge_item["value"]), Money.yuan(item["net"]["value"]))
    return table


def _each_payer_once(answers: Sequence[PayerAnswer], payers: Sequence[Payer]) -> list[Issue]:
    given = [answer.payer for answer in answers]
    doubled = [issue.counted_twice("ClaimResponse", payer, given.count(payer)) for payer in dict.fromkeys(given)]
    return [
        *(each for payer, each in zip(dict.fromkeys(given), doubled, strict=True) if given.count(payer) > 1),
        *(issue.payer_missing("ClaimResponse", payer) for payer in payers if payer not in given),
        *(issue.payer_unexpected("ClaimResponse", payer) for payer in dict.fromkeys(given) if payer not in payers),
    ]


def _refusal(response: Mapping[str, Any], place: str) -> Issue:
    codes = (each.get("code") for each in objects_in(response, "error"))
    words = [text for code in codes if isinstance(code, Mapping) and (text := text_in(code, "text"))]
    reason = ";".join(words) or text_in(response, "disposition") or "?"
    return issue.refused(f"{place}.error", _brief(reason))


def _brief(text: object) -> str:
    """Another party's words, short enough to print, with every long number masked."""
    return _LONG_NUMBER.sub(lambda match: masked(match.group()), str(text))[:200]


def _accumulated(entry: Mapping[str, Any], where: str, found: list[Issue]) -> list[tuple[str, Money]]:
    payer = code_in(entry.get("category"), codesystem("payer"))
    if payer not in tuple(Payer):
        found.append(issue.unknown_code(f"{where}.category", _brief(payer)))
        return []
    amounts = []
    for number, benefit in enumerate(listed(entry, "benefit", where, found)):
        pointer = f"{where}.benefit[{number}]"
        name = code_in(benefit.get("type"), codesystem("accumulator"))
        if name not in ACCUMULATORS:
            found.append(issue.unknown_code(f"{pointer}.type", _brief(name)))
            continue
        amount = _used(benefit, name == "admissions", pointer, found)
        amounts += [(f"{payer}.{name}", amount)] if amount is not None else []
    return amounts


def _used(benefit: Mapping[str, Any], counted: bool, pointer: str, found: list[Issue]) -> Money | None:
    """A used amount; a count of admissions is kept as one yuan each."""
    if not counted:
        return amount_in(benefit.get("usedMoney"), f"{pointer}.usedMoney", found)
    count = benefit.get("usedUnsignedInt")
    if type(count) is not int or count < 0:
        found.append(issue.unexpected_shape(f"{pointer}.usedUnsignedInt", "unsignedInt"))
        return None
    return Money(count * 100)


def _remitted(response: Mapping[str, Any], place: str, found: list[Issue]) -> RemittanceLine | None:
    before = len(found)
    payer = _payer(response, place, found)
    paid = _paid(response, place, found)
    key = _key(response)
    if key is None:
        found.append(issue.unexpected_shape(f"{place}.request.identifier", system("claim")))
    reference = _settlement_id(response) or ""
    if len(found) > before or payer is None or paid is None or key is None:
        return None
    return RemittanceLine(key, reference, payer, paid, reversed=response.get("status") == "cancelled")
