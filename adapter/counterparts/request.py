"""What a request says, read out of its Bundle once and checked against docs/wire-fhir.md."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from adapter.counterparts.adjudicator import NIL
from adapter.counterparts.wire import (
    CANON,
    CASE,
    CLAIM_KEY,
    EXCLUDES_CASE,
    INFORMATION,
    PAYER,
    PAYER_EXTENSION,
    Refusal,
    Resource,
    code_in,
    identifier_in,
    sorted_form,
)


@dataclass(frozen=True, slots=True)
class Line:
    """One ``Claim.item``."""

    sequence: int
    codes: tuple[str, ...]
    day: date | None
    quantity: Decimal | None
    net: Decimal


@dataclass(frozen=True, slots=True)
class Cover:
    """One ``Claim.insurance`` entry: whose it is, and that payer's answer when it has already given one."""

    sequence: int
    payer: str
    subscriber: str | None
    coverage: Resource
    insurer: Resource | None
    earlier: Resource | None


@dataclass(frozen=True, slots=True)
class Submission:
    """A Claim as submitted: settlement, trial or reversal.

    Attributes:
        settles: key of the settlement that a reversal undoes, or None.
        facility: identifiers of the provider.
        digest: of the content without ``Claim.created``.
        in_scope: the policy-range amount that an aid claim states, or None.
        computed: amounts that the sender computed, in the order of the call's payers (authority ``adapter``).
    """

    key: str
    case: str
    trial: bool
    settles: str | None
    claim: Resource
    covers: tuple[Cover, ...]
    lines: tuple[Line, ...]
    total: Decimal
    facility: tuple[str, ...]
    digest: str
    settled_on: date | None = None
    admitted: date | None = None
    level: str | None = None
    categories: frozenset[str] = frozenset()
    third_party: Decimal = NIL
    in_scope: Decimal | None = None
    computed: tuple[Decimal, ...] = ()

    @property
    def subscriber(self) -> str | None:
        """The person's number with the receiver: the first one that an unanswered payer's Coverage holds."""
        own = [cover.subscriber for cover in self.covers if cover.earlier is None and cover.subscriber]
        return own[0] if own else None


class Entries:
    """The resources of a Bundle, by full address and by ``Type/id``."""

    def __init__(self, bundle: Any) -> None:
        if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle":
            raise Refusal(400, "structure", "a Bundle is expected")
        self.bundle: Resource = bundle
        self.resources: list[Resource] = []
        self._found: dict[str, Resource] = {}
        for entry in bundle.get("entry", []):
            resource = entry.get("resource", {})
            self.resources.append(resource)
            self._found[f"{resource.get('resourceType')}/{resource.get('id')}"] = resource
            if "fullUrl" in entry:
                self._found[entry["fullUrl"]] = resource

    def only(self, kind: str) -> Resource:
        """The one resource of a type. Refuses none and several."""
        found = [one for one in self.resources if one.get("resourceType") == kind]
        if len(found) != 1:
            raise Refusal(400, "structure", f"exactly one {kind} is expected, {len(found)} found")
        return found[0]

    def at(self, reference: Any) -> Resource | None:
        """What a Reference points at within the Bundle, or None."""
        return self._found.get(reference.get("reference", "")) if isinstance(reference, dict) else None


def read_submission(bundle: Any) -> Submission:
    """Read a ``Claim/$submit`` body (sections 3, 5 and trials of 6) or the Claim of an aid transaction.

    Raises:
        Refusal: 400 not that shape at all; 422 an element of the guide is missing or the totals disagree.
    """
    entries = Entries(bundle)
    claim = entries.only("Claim")
    key = identifier_in(claim, CLAIM_KEY)
    if not key:
        raise Refusal(422, "required", "Claim.identifier has no claim key")
    for name in ("status", "use", "type", "patient", "created", "provider", "priority", "insurance", "total"):
        if name not in claim:
            raise Refusal(422, "required", f"Claim.{name} is missing")
    try:
        return _submission(entries, claim, key)
    except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError, IndexError) as error:
        raise Refusal(422, "invalid", f"the Claim cannot be read: {type(error).__name__} {error}") from error


def _submission(entries: Entries, claim: Resource, key: str) -> Submission:
    cancelled = claim["status"] == "cancelled"
    told = _Told(claim)
    lines = tuple(_line(item) for item in claim.get("item", []))
    total = _amount(claim["total"])
    if not cancelled and not lines:
        raise Refusal(422, "required", "Claim.item is missing")
    if not cancelled and total != sum((line.net for line in lines), NIL):
        raise Refusal(422, "invariant", "Claim.total is not the sum of Claim.item.net")
    if not cancelled and told.day("settlement-date") is None:
        raise Refusal(422, "required", "Claim.supportingInfo has no settlement-date")
    start = claim.get("billablePeriod", {}).get("start")
    return Submission(
        key=key,
        case=_case(entries, claim, key),
        trial=claim["use"] == "predetermination",
        settles=_settled_key(claim) if cancelled else None,
        claim=claim,
        covers=tuple(sorted((_cover(entries, row) for row in claim["insurance"]), key=lambda one: one.sequence)),
        lines=lines,
        total=total,
        facility=_facility(entries, claim),
        digest=digest_of(entries.bundle),
        settled_on=told.day("settlement-date"),
        admitted=date.fromisoformat(start[:10]) if start else None,
        level=next(iter(told.codes("hospital-level")), None),
        categories=frozenset(told.codes("person-category")),
        third_party=sum(told.amounts("third-party-amount"), NIL),
        in_scope=next(iter(told.amounts("in-scope-total")), None),
        computed=tuple(told.amounts("computed-benefit")),
    )


class _Told:
    """``Claim.supportingInfo`` by category."""

    def __init__(self, claim: Resource) -> None:
        self._rows = [(code_in(row["category"], INFORMATION), row) for row in claim.get("supportingInfo", [])]

    def _of(self, category: str) -> list[Resource]:
        return [row for found, row in self._rows if found == category]

    def day(self, category: str) -> date | None:
        return next((date.fromisoformat(row["timingDate"]) for row in self._of(category)), None)

    def codes(self, category: str) -> list[str]:
        return [str(coding["code"]) for row in self._of(category) for coding in row["code"]["coding"]]

    def amounts(self, category: str) -> list[Decimal]:
        return [Decimal(row["valueQuantity"]["value"]) for row in self._of(category)]


def payer_of(resource: Any) -> str | None:
    """The payer kind that a Coverage or ClaimResponse names: the extension, or a coding of the payer system."""
    if isinstance(resource, dict):
        if resource.get("url") == PAYER_EXTENSION and "valueCode" in resource:
            return str(resource["valueCode"])
        if resource.get("system") == PAYER and "code" in resource:
            return str(resource["code"])
        children: list[Any] = list(resource.values())
    else:
        children = resource if isinstance(resource, list) else []
    return next((found for found in map(payer_of, children) if found), None)


def benefit_of(answer: Resource) -> Decimal:
    """What an earlier payer's ClaimResponse says it bears."""
    for row in answer.get("total", []):
        if any(coding.get("code") == "benefit" for coding in row["category"]["coding"]):
            return _amount(row["amount"])
    raise Refusal(422, "required", "an earlier ClaimResponse has no benefit total")


def excluded_case(request: Resource) -> str | None:
    """The stay that a year-to-date question leaves out."""
    for extension in request.get("extension", []):
        if extension.get("url") == EXCLUDES_CASE:
            return str(extension["valueIdentifier"]["value"])
    return None


def renamed(value: Any, names: Mapping[str, str]) -> Any:
    """A copy in which every text that is one of ``names`` is replaced."""
    if isinstance(value, dict):
        return {key: renamed(one, names) for key, one in value.items()}
    if isinstance(value, list):
        return [renamed(one, names) for one in value]
    return names.get(value, value) if isinstance(value, str) else value


def _cover(entries: Entries, row: Mapping[str, Any]) -> Cover:
    coverage = entries.at(row["coverage"])
    if coverage is None:
        raise Refusal(422, "not-found", "Claim.insurance.coverage points at nothing in the Bundle")
    payer = payer_of(coverage)
    if payer is None:
        raise Refusal(422, "required", "a Coverage names no payer kind")
    earlier = entries.at(row["claimResponse"]) if "claimResponse" in row else None
    if "claimResponse" in row and earlier is None:
        raise Refusal(422, "not-found", "Claim.insurance.claimResponse points at nothing in the Bundle")
    insurer = next(iter(coverage.get("payor", [])), None)
    return Cover(int(row["sequence"]), payer, coverage.get("subscriberId"), row["coverage"], insurer, earlier)


def _line(item: Mapping[str, Any]) -> Line:
    codes = tuple(str(coding["code"]) for coding in item["productOrService"].get("coding", []))
    quantity = item.get("quantity", {}).get("value")
    return Line(
        sequence=int(item["sequence"]),
        codes=codes,
        day=date.fromisoformat(item["servicedDate"][:10]) if "servicedDate" in item else None,
        quantity=None if quantity is None else Decimal(quantity),
        net=_amount(item["net"]),
    )


def _amount(money_: Mapping[str, Any]) -> Decimal:
    if money_.get("currency") != "CNY":
        raise ValueError("an amount is not in CNY")
    return Decimal(money_["value"])


def _case(entries: Entries, claim: Resource, key: str) -> str:
    for item in claim.get("item", []):
        for reference in item.get("encounter", []):
            found = identifier_in(entries.at(reference), CASE) or identifier_in(
                {"identifier": [reference.get("identifier", {})]}, CASE
            )
            if found:
                return found
    return key.rsplit(".v", 1)[0]


def _facility(entries: Entries, claim: Resource) -> tuple[str, ...]:
    provider = claim["provider"]
    organization = entries.at(provider) or provider
    found = organization.get("identifier", [])
    return tuple(f"{one.get('system')}|{one.get('value')}" for one in (found if isinstance(found, list) else [found]))


def _settled_key(claim: Resource) -> str:
    key = identifier_in(claim["related"][0]["claim"], CLAIM_KEY)
    if not key:
        raise Refusal(422, "required", "Claim.related names no settled claim key")
    return key


def digest_of(bundle: Resource) -> str:
    """sha256 of the content without ``Claim.created``; full addresses read as the resource's own identifier."""
    entries = []
    names = {
        entry["fullUrl"]: f"{CANON}/entry/{number}"
        for number, entry in enumerate(bundle.get("entry", []))
        if "fullUrl" in entry
    }
    for entry in bundle.get("entry", []):
        resource = entry.get("resource", {})
        if resource.get("resourceType") == "Claim":
            resource = {name: value for name, value in resource.items() if name != "created"}
        entries.append({**entry, "resource": resource})
    return hashlib.sha256(sorted_form(renamed({**bundle, "entry": entries}, names))).hexdigest()
