"""What a scenario may expect of an answer: one small function a word. 检查项。"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from adapter.counterparts.conformance.answers import (
    amount_in,
    benefit_of,
    benefits_of,
    entries_of,
    moneys,
    payer_of,
    resource_of,
    responses_of,
    settlement_ids,
    tables,
    total_of,
)
from adapter.counterparts.conformance.play import Exchange, Finding
from adapter.counterparts.conformance.said import Said
from adapter.counterparts.wire import CLAIM_KEY, Resource, identifier_in, sorted_form

Check = Callable[[Said, Any, Mapping[str, Said]], list[Finding]]

#: 4xx that do not mean "rejected" (Conventions of the page).
_NOT_REJECTED = frozenset({"HTTP 408", "HTTP 409", "HTTP 425", "HTTP 429"})


# -- first of all: was it answered, and as what ------------------------------------------------------------------------


def answered(now: Said, wanted: str) -> list[Finding]:
    """Every exchange was answered with readable FHIR JSON, and the last one as the step wants it."""
    for exchange in now.exchanges:
        if exchange.failure:
            return [Finding(f"{exchange.address} 没有应答:{exchange.failure}", f"no answer: {exchange.failure}")]
        if not resource_of(exchange):
            return [Finding("应答不是可读的 FHIR JSON", "the answer is no readable FHIR JSON")]
        kind = exchange.headers.get("content-type", "").partition(";")[0].strip()
        if kind not in ("application/fhir+json", "application/json"):
            return [Finding(f"应答的 Content-Type 是 {kind}", f"the answer's Content-Type is {kind}")]
    return ANSWERS[wanted](now) if wanted else []


def _complete(now: Said) -> list[Finding]:
    found = responses_of(now.last)
    if now.last.status == "HTTP 200" and found and all(one.get("outcome") == "complete" for one in found):
        return []
    return [_unlike("ClaimResponse outcome=complete", now.last)]


def _refused(now: Said) -> list[Finding]:
    """4xx with an OperationOutcome, or ``outcome=error`` with its reason."""
    status = now.last.status
    if status.startswith("HTTP 4") and status not in _NOT_REJECTED and _tells_why(now.last):
        return []
    found = responses_of(now.last)
    if status == "HTTP 200" and found and all(one.get("outcome") == "error" and one.get("error") for one in found):
        return []
    return [_unlike("4xx OperationOutcome, or ClaimResponse outcome=error with error[]", now.last)]


def _status_with_reason(status: str) -> Callable[[Said], list[Finding]]:
    def check(now: Said) -> list[Finding]:
        fits = now.last.status == status and _tells_why(now.last)
        return [] if fits else [_unlike(f"{status} with OperationOutcome", now.last)]

    return check


def _rejected(now: Said) -> list[Finding]:
    """4xx with an OperationOutcome: what cannot be read is never answered as if it had been adjudicated."""
    status = now.last.status
    fits = status.startswith("HTTP 4") and status not in _NOT_REJECTED and _tells_why(now.last)
    return [] if fits else [_unlike("4xx with OperationOutcome", now.last)]


def _claim_entry(status: str) -> Callable[[Said], list[Finding]]:
    def check(now: Said) -> list[Finding]:
        answer, entries = resource_of(now.last), entries_of(now.last)
        said = str(entries[-1].get("response", {}).get("status", "")) if entries else ""
        fits = now.last.status == "HTTP 200" and answer.get("type") == "transaction-response"
        if fits and said[:3] == status:
            return []
        return [_unlike(f"transaction-response, the Claim's entry {status}", now.last, f"entry {said}")]

    return check


def _resource(kind: str, type_: str = "") -> Callable[[Said], list[Finding]]:
    def check(now: Said) -> list[Finding]:
        for exchange in now.exchanges:
            answer = resource_of(exchange)
            if exchange.status != "HTTP 200" or answer.get("resourceType") != kind or answer.get("type", "") != type_:
                return [_unlike(f"HTTP 200 {kind} {type_}".rstrip(), exchange)]
        return []

    return check


#: The word behind ``answer:`` → what it means.
ANSWERS: Mapping[str, Callable[[Said], list[Finding]]] = {
    "complete": _complete,
    "refused": _refused,
    "rejected": _rejected,
    "conflict": _status_with_reason("HTTP 409"),
    "not-found": _status_with_reason("HTTP 404"),
    "stored": _claim_entry("201"),
    "known": _claim_entry("200"),
    "searchset": _resource("Bundle", "searchset"),
    "parameters": _resource("Parameters"),
    "year": _resource("CoverageEligibilityResponse"),
}


def _tells_why(exchange: Exchange) -> bool:
    answer = resource_of(exchange)
    return answer.get("resourceType") == "OperationOutcome" and bool(tables(answer.get("issue")))


def _unlike(wanted: str, exchange: Exchange, more: str = "") -> Finding:
    answer = resource_of(exchange)
    outcome = " ".join(str(one.get("outcome", "")) for one in responses_of(exchange))
    words = (exchange.status, str(answer.get("resourceType", "")), str(answer.get("type", "")), outcome, more)
    got = " ".join(word for word in words if word and not word.startswith("{"))
    return Finding(f"应为 {wanted},实为 {got}", f"wanted {wanted}, got {got}")


# -- then: what it says ------------------------------------------------------------------------------------------------


def answer(now: Said, wanted: str, said: Mapping[str, Said]) -> list[Finding]:
    """Looked at first, by ``answered``."""
    return []


def per_payer(now: Said, wanted: str, said: Mapping[str, Said]) -> list[Finding]:
    """One answer per payer of the call, in order, each with payer, settlement id and the claim key that it answers."""
    found, payers = responses_of(now.last), list(now.stay_needed.payers)
    if [payer_of(one) for one in found] != payers:
        got = ", ".join(payer_of(one) or "-" for one in found)
        wish = ", ".join(payers)
        return [Finding(f"应按序各一份应答:{wish};实为 {got}", f"wanted one answer each of {wish}; got {got}")]
    if any(identifier_in({"identifier": _about(one)}, CLAIM_KEY) != now.key for one in found):
        return [Finding("request.identifier 不是结算单号", "request.identifier is not the claim key")]
    ids = [number for one in found for number in settlement_ids(one)[:1]]
    if now.send != "trial" and len(set(ids)) != len(found):
        return [Finding("缺少各自的结算号", "an answer has no settlement id of its own")]
    return []


def _about(response: Resource) -> Any:
    request = response.get("request")
    return request.get("identifier", []) if isinstance(request, dict) else []


def money(now: Said, wanted: str, said: Mapping[str, Said]) -> list[Finding]:
    """Two digits everywhere; ``submitted`` is the claim's total; 0 ≤ ``payment`` = ``benefit``; payers ≤ total."""
    inexact = [path for path, each in moneys(resource_of(now.last)) if amount_in(each) is None]
    if inexact:
        return [Finding(f"金额不是两位小数的人民币:{inexact[0]}", f"no CNY amount with two digits: {inexact[0]}")]
    whole, borne = now.stay_needed.total, Decimal(0)
    for one in responses_of(now.last):
        paid, payer = benefit_of(one), payer_of(one)
        if paid is None or paid != total_of(one, "benefit"):
            return [Finding(f"{payer}:payment 与 benefit 不等", f"{payer}: payment is not the benefit total")]
        if total_of(one, "submitted") != whole:
            return [Finding(f"{payer}:submitted 不等于 {whole}", f"{payer}: submitted is not {whole}")]
        if paid < 0:
            return [Finding(f"{payer}:支付额为负", f"{payer}: bears less than nothing")]
        borne += paid
    if borne > whole:
        return [Finding(f"各方支付合计 {borne} 超过 {whole}", f"the payers bear {borne} of {whole}")]
    return []


def lines(now: Said, wanted: str, said: Mapping[str, Said]) -> list[Finding]:
    """The split of every line adds up to its net amount."""
    items = [item for one in responses_of(now.last) for item in tables(one.get("item"))]
    split = {item.get("itemSequence"): _split(item) for item in items}
    for number, (_, net) in enumerate(now.stay_needed.lines, start=1):
        if split.get(number) != net:
            got = split.get(number)
            return [
                Finding(f"明细 {number} 分项合计 {got},应为 {net}", f"line {number} is split into {got}, not {net}")
            ]
    return []


def _split(item: Resource) -> Decimal:
    parts = [amount_in(row.get("amount")) for row in tables(item.get("adjudication"))]
    return sum((part for part in parts if part is not None), Decimal(0))


def status_is(now: Said, wanted: str, said: Mapping[str, Said]) -> list[Finding]:
    """``ClaimResponse.status`` of every answer."""
    got = {str(one.get("status")) for one in responses_of(now.last)}
    if got == {wanted}:
        return []
    shown = ", ".join(sorted(got)) or "-"
    return [Finding(f"status 应为 {wanted},实为 {shown}", f"status is {shown}, not {wanted}")]


def replayed(now: Said, wanted: str, said: Mapping[str, Said]) -> list[Finding]:
    """Header ``X-Replayed``: on a stored answer, and only there."""
    got = now.last.headers.get("x-replayed", "").lower() == "true"
    if got == (wanted == "yes"):
        return []
    return [Finding(f"X-Replayed 应为 {wanted}", f"X-Replayed should be {'true' if wanted == 'yes' else 'absent'}")]


def same_as(now: Said, wanted: str, said: Mapping[str, Said]) -> list[Finding]:
    """The same ClaimResponses as in an earlier answer, but for their order of elements."""
    before, after = ([sorted_form(one) for one in responses_of(each.last)] for each in (said[wanted], now))
    if before and before == after:
        return []
    return [Finding(f"与 {wanted} 的应答不同", f"not the answer of {wanted}")]


def same_amounts_as(now: Said, wanted: str, said: Mapping[str, Said]) -> list[Finding]:
    """Every payer bears what it said in an earlier answer."""
    before, after = benefits_of(said[wanted].last), benefits_of(now.last)
    return [] if before == after else [_amounts(wanted, before, after)]


def opposite_of(now: Said, wanted: str, said: Mapping[str, Said]) -> list[Finding]:
    """Every payer bears the negative of an earlier answer."""
    before = {payer: -paid for payer, paid in benefits_of(said[wanted].last).items() if paid is not None}
    after = benefits_of(now.last)
    return [] if before == after else [_amounts(wanted, before, after)]


def _amounts(name: str, wanted: Mapping[str, Decimal | None], got: Mapping[str, Decimal | None]) -> Finding:
    def told(each: Mapping[str, Decimal | None]) -> str:
        return ", ".join(f"{payer} {amount}" for payer, amount in each.items())

    return Finding(f"金额应为 {told(wanted)},实为 {told(got)}", f"amounts {told(got)}, wanted {told(wanted)} by {name}")


def entries(now: Said, wanted: str, said: Mapping[str, Said]) -> list[Finding]:
    """How many answers a look-up finds: ``none``, or ``per-payer``: one for each."""
    found = [payer_of(one) for one in responses_of(now.last)]
    wish = [] if wanted == "none" else list(now.stay_needed.payers)
    if sorted(found) == sorted(wish):
        return []
    return [Finding(f"应查到 {len(wish)} 份,实为 {len(found)}", f"{len(found)} answers found, wanted {len(wish)}")]


def in_force(now: Said, wanted: str, said: Mapping[str, Said]) -> list[Finding]:
    """``insurance[0].inforce`` of a year-to-date answer."""
    rows: Sequence[Resource] = tables(resource_of(now.last).get("insurance"))
    got = rows[0].get("inforce") if rows else None
    return [] if got is (wanted == "yes") else [Finding(f"inforce 应为 {wanted}", f"inforce is not {wanted}")]


CHECKS: Mapping[str, Check] = {
    "answer": answer,
    "per_payer": per_payer,
    "money": money,
    "lines": lines,
    "status_is": status_is,
    "replayed": replayed,
    "same_as": same_as,
    "same_amounts_as": same_amounts_as,
    "opposite_of": opposite_of,
    "entries": entries,
    "in_force": in_force,
}
