"""The resources that a counterpart answers with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from adapter.counterparts.adjudicator import Result, Split
from adapter.counterparts.assess import Outcome, Problem
from adapter.counterparts.request import Cover, Submission
from adapter.counterparts.seed import Seed
from adapter.counterparts.store import Answer, Kept
from adapter.counterparts.wire import (
    ACCUMULATOR,
    CANON,
    CLAIM_KEY,
    FACILITY,
    HL7_ADJUDICATION,
    OUR_ADJUDICATION,
    PAYER,
    PAYER_EXTENSION,
    Resource,
    concept,
    decode,
    encode,
    money,
)

TEST_PROFILE = "TEST PROFILE – no place's rule"

#: Accumulators that each payer reports, in the order of the wire guide.
ACCUMULATORS: Mapping[str, tuple[str, ...]] = {
    "basic": ("deductible", "paid", "eligible", "admissions"),
    "critical-illness": ("deductible", "paid", "eligible", "base"),
    "commercial": ("paid",),
    "medical-aid": ("deductible", "paid", "eligible", "base"),
}
_HL7_CODES = ("submitted", "eligible", "deductible", "benefit")


def settled(claim: Submission, outcome: Outcome, seed: Seed, *, stem: str, created: str) -> list[Answer]:
    """One ClaimResponse per payer; ``stem`` makes the settlement ids."""
    answers = []
    for position, (cover, result) in enumerate(outcome.results):
        response = _header(claim, seed, cover, number=f"{stem}-{position + 1}", created=created)
        response |= {"outcome": "complete", "disposition": _disposition(seed, claim, outcome)}
        response["insurance"] = [{"sequence": cover.sequence, "focal": True, "coverage": cover.coverage}]
        if position == 0 and outcome.splits:
            response["item"] = [_item(sequence, split) for sequence, split in outcome.splits]
        response["total"] = _totals({"submitted": claim.total, **result.figures, "benefit": result.benefit})
        response["payment"] = _payment(result.benefit)
        response["processNote"] = [{"number": n, "text": text} for n, text in enumerate(_notes(result), start=1)]
        answers.append(Answer(result.payer, result.benefit, encode(cover.coverage).decode(), encode(response)))
    return answers


def refused(claim: Submission, problem: Problem, seed: Seed, *, created: str) -> Resource:
    """ClaimResponse with ``outcome=error``: rejected, nothing kept."""
    cover = next((one for one in claim.covers if one.earlier is None), claim.covers[0])
    response = _header(claim, seed, cover, number=None, created=created)
    response |= {"outcome": "error", "disposition": problem.text}
    code = {"coding": [{"system": f"{CANON}/CodeSystem/refusal", "code": problem.code}], "text": problem.text}
    response["error"] = [{"code": code}]
    return response


def reversed_(claim: Submission, original: Kept, seed: Seed, *, stem: str, created: str) -> list[Answer]:
    """The opposite of every answer of a settlement."""
    answers = []
    for position, earlier in enumerate(original.answers):
        coverage = decode(earlier.coverage.encode())
        cover = next((one for one in claim.covers if one.payer == earlier.payer), None)
        cover = cover or Cover(position + 1, earlier.payer, None, coverage, None, None)
        response = _header(claim, seed, cover, number=f"{stem}-{position + 1}", created=created)
        response |= {"status": "cancelled", "outcome": "complete", "disposition": f"已冲销 reversed: {original.key}"}
        response["insurance"] = [{"sequence": cover.sequence, "focal": True, "coverage": cover.coverage}]
        response["total"] = _totals({"submitted": -original.total, "benefit": -earlier.benefit})
        response["payment"] = _payment(-earlier.benefit)
        answers.append(Answer(earlier.payer, -earlier.benefit, earlier.coverage, encode(response)))
    return answers


def together(answers: Sequence[Answer]) -> bytes:
    """One ClaimResponse as it is; several as a Bundle, in order."""
    if len(answers) == 1:
        return answers[0].body
    bodies = [decode(one.body) for one in answers]
    entries = [{"fullUrl": f"{CANON}/ClaimResponse/{body['id']}", "resource": body} for body in bodies]
    return encode({"resourceType": "Bundle", "type": "collection", "entry": entries})


def listed(kept: Kept) -> list[Resource]:
    """A submission's ClaimResponses as answered, ``cancelled`` when it was reversed since."""
    bodies: list[Resource] = [decode(one.body) for one in kept.answers]
    if kept.status == "reversed":
        bodies = [{**body, "status": "cancelled"} for body in bodies]
    return bodies


def eligibility(
    request: Resource, *, in_force: bool, used: Mapping[str, Decimal], payers: Sequence[str], created: str
) -> Resource:
    """CoverageEligibilityResponse with the year's amounts, one item per payer."""
    identifiers = request.get("identifier", [])
    insurance: Resource = {"coverage": request["insurance"][0]["coverage"], "inforce": in_force}
    if in_force:
        insurance["item"] = [_year(payer, used) for payer in payers]
    return {
        "resourceType": "CoverageEligibilityResponse",
        "status": "active",
        "purpose": ["benefits"],
        "patient": request["patient"],
        "servicedDate": request["servicedDate"],
        "created": created,
        "request": {"identifier": identifiers[0]} if identifiers else {"display": "request"},
        "outcome": "complete",
        "insurer": request["insurer"],
        "insurance": [insurance],
    }


def day_total(kept: Sequence[Kept]) -> Resource:
    """Parameters: count and total of the standing settlements, and the same per payer."""
    standing = [row for row in kept if row.status == "settled"]
    answers = [answer for row in standing for answer in row.answers]
    parameters: list[Resource] = [
        {"name": "count", "valueInteger": len(standing)},
        {"name": "total", "valueMoney": money(sum((one.benefit for one in answers), Decimal(0)))},
    ]
    for payer in dict.fromkeys(one.payer for one in answers):
        own = [one.benefit for one in answers if one.payer == payer]
        part: list[Resource] = [
            {"name": "code", "valueCode": payer},
            {"name": "count", "valueInteger": len(own)},
            {"name": "total", "valueMoney": money(sum(own, Decimal(0)))},
        ]
        parameters.append({"name": "payer", "part": part})
    return {"resourceType": "Parameters", "parameter": parameters}


def _header(claim: Submission, seed: Seed, cover: Cover, *, number: str | None, created: str) -> Resource:
    response: Resource = {"resourceType": "ClaimResponse"}
    if number:
        response |= {"id": number.lower()}
    response["extension"] = [{"url": PAYER_EXTENSION, "valueCode": cover.payer}]
    if number:
        response["identifier"] = [{"system": seed.identifier_system, "value": number}]
    system, _, facility = claim.facility[0].partition("|") if claim.facility else (FACILITY, "|", "unknown")
    return response | {
        "status": "active",
        "type": claim.claim["type"],
        "use": claim.claim["use"],
        "patient": claim.claim["patient"],
        "created": created,
        "insurer": cover.insurer or claim.claim.get("insurer") or {"display": seed.title},
        "requestor": {"identifier": {"system": system, "value": facility}},
        "request": {"identifier": {"system": CLAIM_KEY, "value": claim.key}},
    }


def _disposition(seed: Seed, claim: Submission, outcome: Outcome) -> str:
    words = "预结算 trial" if claim.trial else "已结算 settled"
    tag = f"; {TEST_PROFILE}" if outcome.test_profile else ""
    return f"{words}: {seed.title}{tag}"


def _notes(result: Result) -> tuple[str, ...]:
    return tuple(f"{result.payer}: {note}" for note in result.notes)


def _category(code: str) -> Resource:
    return concept(HL7_ADJUDICATION if code in _HL7_CODES else OUR_ADJUDICATION, code)


def _totals(figures: Mapping[str, Decimal]) -> list[Resource]:
    return [{"category": _category(code), "amount": money(amount)} for code, amount in figures.items()]


def _payment(amount: Decimal) -> Resource:
    return {
        "type": concept("http://terminology.hl7.org/CodeSystem/ex-paymenttype", "complete"),
        "amount": money(amount),
    }


def _item(sequence: int, split: Split) -> Resource:
    figures = {
        "full-self-pay": split.full_self_pay,
        "over-limit": split.over_limit,
        "pre-self-pay": split.pre_self_pay,
        "eligible": split.in_scope,
    }
    return {"itemSequence": sequence, "adjudication": _totals(figures)}


def _year(payer: str, used: Mapping[str, Decimal]) -> Resource:
    benefits: list[Resource] = []
    for name in ACCUMULATORS[payer]:
        amount = used.get(f"{payer}.{name}", Decimal(0))
        value: Resource = {"usedUnsignedInt": int(amount)} if name == "admissions" else {"usedMoney": money(amount)}
        benefits.append({"type": concept(ACCUMULATOR, name)} | value)
    return {"category": concept(PAYER, payer), "benefit": benefits}
