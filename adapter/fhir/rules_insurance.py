"""Several payers of one bill: their order, their earlier answers, reversal downstream, answers in a payer's place.

R4 says these rules in prose (Claim.insurance, Account.coverage, financial module 13.0.12). They look across resources,
and speak only where both sides of a contradiction lie in the same set; what is elsewhere is not guessed at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any

from adapter.fhir import rule_issues as issues
from adapter.fhir.identity import codesystem
from adapter.fhir.schema.compiled import fits
from adapter.model.issues import Issue, Severity

Resource = Mapping[str, Any]
#: Resources of a set by type and then by every address under which a reference may name them.
Known = Mapping[str, Mapping[str, Resource]]

_TYPES = frozenset({"Account", "Claim", "ClaimResponse", "Coverage", "Provenance"})
_PAYER = codesystem("payer")

#: National and general before special, special before what tops it up (财务模块 13.0.12; 费用分担顺序).
_RANK = {"basic": 0, "critical-illness": 1, "commercial": 2, "medical-aid": 2, "aid-top-up": 2}

#: How a ClaimResponse says that no payer wrote it.
COMPUTED_HERE = "computed by the hospital"


def insurance_findings(addressed: Iterable[tuple[str, Resource]], prose: Severity) -> Iterator[Issue]:
    """Issues of all payers of a set.

    Args:
        addressed: each resource of the set with its ``fullUrl``, or "".
    """
    known: dict[str, dict[str, Resource]] = {}
    for address, resource in addressed:
        kind = resource.get("resourceType")
        if isinstance(kind, str) and kind in _TYPES:
            its = known.setdefault(kind, {})
            its[f"{kind}/{resource.get('id')}"] = resource
            if address:
                its[address] = resource
    if not known.keys() & {"Claim", "ClaimResponse"} or not all(
        fits(kind, each) for kind, its in known.items() for each in its.values()
    ):
        return  # nobody is asked to pay, or the structure has to be put right first
    for rule in _RULES:
        yield from rule(known, prose)


def _each(known: Known, kind: str) -> Iterator[tuple[str, Resource]]:
    """Every resource of a type once, with its ``Type/id``."""
    unique = {id(each): each for each in known.get(kind, {}).values()}
    return ((f"{kind}/{each.get('id', '?')}", each) for each in unique.values())


def _at(known: Known, kind: str, reference: Any) -> Resource | None:
    """The resource of the set that a Reference names, or None."""
    target = reference.get("reference") if isinstance(reference, Mapping) else None
    return known.get(kind, {}).get(target) if isinstance(target, str) else None


def _payer_of(coverage: Resource) -> str | None:
    codings = coverage.get("type", {}).get("coding", ())
    return next((one.get("code") for one in codings if one.get("system") == _PAYER), None)


def _listed(claim: Resource) -> list[Resource]:
    """The insurances of a Claim in their order."""
    return sorted(claim.get("insurance", ()), key=lambda one: int(one["sequence"]))


def account_order(known: Known, prose: Severity) -> Iterator[Issue]:
    """Account.coverage.priority and Claim.insurance.sequence say the same order, and no payer is left out."""
    for _, account in _each(known, "Account"):
        subjects = [_target(one) for one in account.get("subject", ())]
        payers = [one for one in account.get("coverage", ()) if "priority" in one]
        ordered = [_target(one["coverage"]) for one in sorted(payers, key=lambda one: int(one["priority"]))]
        for where, claim in _each(known, "Claim"):
            if claim["status"] != "active" or account["status"] != "active" or not claim.get("insurance"):
                continue
            if _target(claim["patient"]) in subjects:
                yield from _compared(ordered, claim, where, prose)


def _compared(ordered: list[str], claim: Resource, where: str, prose: Severity) -> Iterator[Issue]:
    listed = [_target(one["coverage"]) for one in _listed(claim)]
    for absent in (each for each in ordered if each not in listed):
        yield issues.policy_not_listed(f"{where}.insurance", absent, prose)
    if [each for each in listed if each in ordered] != [each for each in ordered if each in listed]:
        yield issues.order_differs(f"{where}.insurance", prose)


def _target(reference: Resource) -> str:
    return str(reference.get("reference", ""))


def payer_order(known: Known, prose: Severity) -> Iterator[Issue]:
    """Basic insurance before critical-illness insurance before commercial insurance and aid."""
    for where, claim in _each(known, "Claim"):
        covers = [_at(known, "Coverage", one["coverage"]) for one in _listed(claim)]
        payers = [payer for one in covers if one is not None and (payer := _payer_of(one)) in _RANK]
        for earlier, later in pairwise(payers):
            if earlier and later and _RANK[earlier] > _RANK[later]:
                yield issues.payers_out_of_order(f"{where}.insurance", later, earlier, prose)


def answers_attached(known: Known, prose: Severity) -> Iterator[Issue]:
    """Claim n carries the answers of payers 1 … n−1 that are in the set (Claim.insurance.claimResponse)."""
    answered = {
        (_target(one["coverage"]), _target(answer["patient"]))
        for _, answer in _each(known, "ClaimResponse")
        if answer["status"] == "active" and answer["use"] == "claim"
        for one in answer.get("insurance", ())
        if one["focal"]
    }
    for where, claim in _each(known, "Claim"):
        if claim["status"] != "active" or claim["use"] != "claim":
            continue
        focal = min((one["sequence"] for one in claim["insurance"] if one["focal"]), default=0)
        for index, one in enumerate(claim["insurance"]):
            mine = (_target(one["coverage"]), _target(claim["patient"]))
            if one["sequence"] < focal and mine in answered and "claimResponse" not in one:
                yield issues.answer_not_attached(f"{where}.insurance[{index}]", prose)


def downstream_reversed(known: Known, prose: Severity) -> Iterator[Issue]:
    """Where a claim is cancelled, the claims that build on its answer are too (13.0.12)."""
    for where, claim in _each(known, "Claim"):
        if claim["status"] != "active":
            continue
        for index, one in enumerate(claim["insurance"]):
            answer = _at(known, "ClaimResponse", one.get("claimResponse"))
            base = _at(known, "Claim", answer.get("request")) if answer is not None else None
            if base is not None and base["status"] == "cancelled":
                yield issues.downstream_stands(f"{where}.insurance[{index}]", f"Claim/{base.get('id', '?')}", prose)


def computed_answers(known: Known, prose: Severity) -> Iterator[Issue]:
    """What the hospital computed in a payer's place says so, and does not go to that payer."""
    vouched = {
        _target(target)
        for _, each in _each(known, "Provenance")
        if any("onBehalfOf" in agent for agent in each["agent"])
        for target in each["target"]
    }
    for where, answer in _each(known, "ClaimResponse"):
        if COMPUTED_HERE not in answer.get("disposition", ""):
            continue
        if vouched.isdisjoint(at for at, one in known["ClaimResponse"].items() if one is answer):
            yield issues.computed_without_author(where, prose)
        for claim_at, claim in _each(known, "Claim"):
            for index, one in enumerate(claim["insurance"]):
                attached = _at(known, "ClaimResponse", one.get("claimResponse")) is answer
                if attached and _target(claim.get("insurer", {})) == _target(answer["insurer"]) != "":
                    yield issues.computed_sent_to_payer(f"{claim_at}.insurance[{index}].claimResponse", prose)


def third_party(known: Known, prose: Severity) -> Iterator[Issue]:
    """A liable third party is listed with ``subrogation``, and the claim tells the accident (Claim.accident)."""
    for where, claim in _each(known, "Claim"):
        covers = [_at(known, "Coverage", one["coverage"]) for one in claim["insurance"]]
        liable = any(one is not None and one.get("subrogation") is True for one in covers)
        if liable and "accident" not in claim and claim["status"] == "active":
            yield issues.accident_missing(where, prose)


_RULES: tuple[Callable[[Known, Severity], Iterator[Issue]], ...] = (
    account_order,
    payer_order,
    answers_attached,
    downstream_reversed,
    computed_answers,
    third_party,
)
