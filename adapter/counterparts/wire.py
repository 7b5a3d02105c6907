"""The words of the wire: systems, JSON that keeps digits, replies and refusals."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NoReturn

import msgspec

CANON = "https://pay-after-care.example/fhir"
CLAIM_KEY = f"{CANON}/sid/claim"
CASE = f"{CANON}/sid/case"
FACILITY = f"{CANON}/sid/facility"
PAYER = f"{CANON}/CodeSystem/payer"
INFORMATION = f"{CANON}/CodeSystem/claim-information"
ACCUMULATOR = f"{CANON}/CodeSystem/accumulator"
OUR_ADJUDICATION = f"{CANON}/CodeSystem/adjudication"
HL7_ADJUDICATION = "http://terminology.hl7.org/CodeSystem/adjudication"
PAYER_EXTENSION = f"{CANON}/StructureDefinition/payer"
EXCLUDES_CASE = f"{CANON}/StructureDefinition/excludes-case"
MEDIA_TYPE = "application/fhir+json; fhirVersion=4.0"

Resource = dict[str, Any]


class Refusal(Exception):
    """The request is answered with an OperationOutcome and has no effect.

    Attributes:
        status: HTTP status; 4xx as section "Conventions" of the wire guide reads them.
        code: FHIR issue type (``invalid``, ``not-found``, ``conflict`` …).
        headers: of the answer.
    """

    def __init__(self, status: int, code: str, text: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(text)
        self.headers = headers or {}
        self.status = status
        self.code = code
        self.text = text

    def reply(self) -> Reply:
        issue = {"severity": "error", "code": self.code, "diagnostics": self.text}
        return Reply.of(
            {"resourceType": "OperationOutcome", "issue": [issue]}, status=self.status, headers=self.headers
        )


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer, byte for byte."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, resource: Resource, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
        return cls(encode(resource), status, headers or {})


_ENCODER = msgspec.json.Encoder(decimal_format="number")
_SORTED = msgspec.json.Encoder(decimal_format="number", order="sorted")


def encode(value: Any) -> bytes:
    """Compact JSON; a Decimal is a number with the digits it has."""
    return _ENCODER.encode(value)


def sorted_form(value: Any) -> bytes:
    """JSON with sorted keys, for comparing contents."""
    return _SORTED.encode(value)


def decode(body: bytes) -> Any:
    """JSON with every fraction as Decimal.

    Raises:
        Refusal: 400; not UTF-8, not JSON, a repeated key, NaN or Infinity.
    """
    try:
        return json.loads(
            body.decode("utf-8"), parse_float=Decimal, parse_constant=_no_constant, object_pairs_hook=_object
        )
    except (ValueError, RecursionError) as error:
        raise Refusal(400, "structure", f"the body is not readable JSON: {error}") from error


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an object repeats a key")
    return found


def money(amount: Decimal) -> Resource:
    """FHIR Money in yuan, two digits."""
    return {"value": amount.quantize(Decimal("0.01")), "currency": "CNY"}


def concept(system: str, code: str) -> Resource:
    """CodeableConcept with one coding."""
    return {"coding": [{"system": system, "code": code}]}


def code_in(concept_: Any, system: str) -> str | None:
    """The code that a CodeableConcept has in a system, or None."""
    for coding in concept_.get("coding", []) if isinstance(concept_, dict) else []:
        if coding.get("system") == system:
            return str(coding.get("code"))
    return None


def identifier_in(resource: Any, system: str) -> str | None:
    """The value of a resource's identifier in a system, or None."""
    found = resource.get("identifier", []) if isinstance(resource, dict) else []
    for identifier in found if isinstance(found, list) else [found]:
        if identifier.get("system") == system:
            return str(identifier.get("value"))
    return None


def searchset(resources: list[Resource], *, total: int | None = None, next_url: str | None = None) -> Resource:
    """Bundle of search results, with paging when there is more."""
    bundle: Resource = {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": len(resources) if total is None else total,
    }
    if next_url:
        bundle["link"] = [{"relation": "next", "url": next_url}]
    if resources:
        bundle["entry"] = [{"resource": resource, "search": {"mode": "match"}} for resource in resources]
    return bundle
