"""Bodies as docs/wire-fhir.md describes them, built by hand: what a sender other than the adapter would write."""

from __future__ import annotations

import copy
import json
import uuid
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import httpx
import msgspec

CANON = "https://pay-after-care.example/fhir"
HEADERS = {"Content-Type": "application/fhir+json; fhirVersion=4.0"}
FACILITY = "H99990100001"
CLAIM_TYPE = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/claim-type", "code": "institutional"}]}
PRIORITY = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/processpriority", "code": "normal"}]}

Body = dict[str, Any]


def dump(value: Any) -> bytes:
    """JSON; Decimals keep their digits."""
    return msgspec.json.Encoder(decimal_format="number").encode(value)


def load(body: bytes) -> Any:
    return json.loads(body, parse_float=Decimal)


def yuan(amount: str) -> Body:
    return {"value": Decimal(amount), "currency": "CNY"}


def line(item: str, net: str, *, day: str = "2021-03-05", quantity: str = "1", price: str | None = None) -> Body:
    """One Claim.item; ``sequence`` is filled in by the claim."""
    found: Body = {
        "productOrService": {"coding": [{"system": f"{CANON}/sid/qingshi_county/item", "code": item}]},
        "servicedDate": day,
        "quantity": {"value": Decimal(quantity)},
        "net": yuan(net),
        "encounter": [{"reference": "Encounter/e1"}],
    }
    return found | ({"unitPrice": yuan(price)} if price else {})


def told(category: str, **value: Any) -> Body:
    return {"category": {"coding": [{"system": f"{CANON}/CodeSystem/claim-information", "code": category}]}, **value}


def coded(system: str, code: str) -> Body:
    return {"code": {"coding": [{"system": f"{CANON}/CodeSystem/{system}", "code": code}]}}


def claim_bundle(
    key: str,
    lines: Sequence[Body] = (),
    *,
    payers: Sequence[str] = ("basic", "critical-illness"),
    subscriber: str = "T00000001",
    settled_on: str = "2021-03-12",
    admitted: str = "2021-03-03",
    level: str = "secondary",
    categories: Sequence[str] = (),
    use: str = "claim",
    extra: Sequence[Body] = (),
    created: str = "2021-03-12T10:00:00+08:00",
) -> Body:
    """Section 3: a settlement, or a trial with ``use="predetermination"``."""
    total = sum((row["net"]["value"] for row in lines), Decimal("0.00"))
    information = [told("settlement-date", timingDate=settled_on), told("hospital-level", **coded("level", level))]
    information += [told("person-category", **coded("person-category", one)) for one in categories]
    claim = _claim(key, payers, total, created) | {
        "use": use,
        "billablePeriod": {"start": f"{admitted}T09:00:00+08:00", "end": f"{settled_on}T10:00:00+08:00"},
        "item": [{"sequence": n, **copy.deepcopy(row)} for n, row in enumerate(lines, start=1)],
        "supportingInfo": [{"sequence": n, **row} for n, row in enumerate([*information, *extra], start=1)],
    }
    case = key.rsplit(".v", 1)[0]
    encounter = {
        "resourceType": "Encounter",
        "id": "e1",
        "identifier": [{"system": f"{CANON}/sid/case", "value": case}],
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"},
    }
    return _collection([claim, *_parties(payers, subscriber), encounter])


def reversal_bundle(
    key: str,
    settled_key: str,
    total: str,
    *,
    payers: Sequence[str] = ("basic", "critical-illness"),
    subscriber: str = "T00000001",
) -> Body:
    """Section 5."""
    related = {
        "claim": {"identifier": {"system": f"{CANON}/sid/claim", "value": settled_key}},
        "relationship": {
            "coding": [{"system": "http://terminology.hl7.org/CodeSystem/ex-relatedclaimrelationship", "code": "prior"}]
        },
    }
    claim = _claim(key, payers, Decimal(total), "2021-03-13T10:00:00+08:00")
    claim |= {"status": "cancelled", "use": "claim", "related": [related]}
    return _collection([claim, *_parties(payers, subscriber)])


def aid_bundle(
    key: str,
    in_scope: str,
    earlier: Sequence[tuple[str, str]],
    *,
    total: str = "10000.00",
    subscriber: str = "T00000002",
    categories: Sequence[str] = ("registered-poor",),
    settled_on: str = "2021-03-12",
    transaction: bool = True,
) -> Body:
    """Section 6: the transaction, or with ``transaction=False`` the same content as a trial."""
    payers = [payer for payer, _ in earlier] + ["medical-aid"]
    information = [
        told("settlement-date", timingDate=settled_on),
        told("in-scope-total", valueQuantity={"value": Decimal(in_scope), "unit": "CNY"}),
        *(told("person-category", **coded("person-category", one)) for one in categories),
    ]
    claim = _claim(key, payers, Decimal(total), "2021-03-12T11:00:00+08:00") | {
        "use": "claim" if transaction else "predetermination",
        "item": [{"sequence": 1, "productOrService": {"text": "住院费用合计"}, "net": yuan(total)}],
        "supportingInfo": [{"sequence": n, **row} for n, row in enumerate(information, start=1)],
    }
    for row, (payer, _) in zip(claim["insurance"], earlier, strict=False):
        row["claimResponse"] = {"reference": f"ClaimResponse/{payer}"}
        row["focal"] = False
    claim["insurance"][-1]["focal"] = True
    answers = [_earlier(payer, amount, key) for payer, amount in earlier]
    bundle = _collection([*_parties(payers, subscriber, demographics=False), *answers, claim])
    return _as_transaction(bundle) if transaction else bundle


def eligibility_bundle(subscriber: str, on: str, *, without: str | None = None) -> Body:
    """Section 2."""
    request: Body = {
        "resourceType": "CoverageEligibilityRequest",
        "id": "r1",
        "identifier": [{"system": f"{CANON}/sid/claim", "value": "CASE-1.v1.insurance.eligibility"}],
        "status": "active",
        "purpose": ["benefits"],
        "patient": {"reference": "Patient/p1"},
        "servicedDate": on,
        "created": f"{on}T09:00:00+08:00",
        "provider": {"reference": "Organization/hospital"},
        "insurer": {"reference": "Organization/payer"},
        "insurance": [{"focal": True, "coverage": {"reference": "Coverage/basic"}}],
    }
    if without:
        request["extension"] = [
            {
                "url": f"{CANON}/StructureDefinition/excludes-case",
                "valueIdentifier": {"system": f"{CANON}/sid/case", "value": without},
            }
        ]
    return _collection([request, *_parties(["basic"], subscriber)])


def _claim(key: str, payers: Sequence[str], total: Decimal, created: str) -> Body:
    return {
        "resourceType": "Claim",
        "id": "claim1",
        "identifier": [{"system": f"{CANON}/sid/claim", "value": key}],
        "status": "active",
        "type": CLAIM_TYPE,
        "use": "claim",
        "patient": {"reference": "Patient/p1"},
        "created": created,
        "provider": {"reference": "Organization/hospital"},
        "insurer": {"reference": "Organization/payer"},
        "priority": PRIORITY,
        "insurance": [
            {"sequence": n, "focal": n == 1, "coverage": {"reference": f"Coverage/{payer}"}}
            for n, payer in enumerate(payers, start=1)
        ],
        "total": yuan(str(total)),
    }


def _parties(payers: Sequence[str], subscriber: str, *, demographics: bool = True) -> list[Body]:
    patient: Body = {
        "resourceType": "Patient",
        "id": "p1",
        "identifier": [{"system": f"{CANON}/sid/qingshi_county/patient", "value": "88001"}],
    }
    if demographics:
        patient |= {"gender": "male", "birthDate": "1962-03-14"}
    coverages = [
        {
            "resourceType": "Coverage",
            "id": payer,
            "identifier": [{"system": f"{CANON}/sid/qingshi_county/coverage", "value": f"88001-{payer}"}],
            "status": "active",
            "type": {"coding": [{"system": f"{CANON}/CodeSystem/payer", "code": payer}]},
            "subscriberId": subscriber,
            "beneficiary": {"reference": "Patient/p1"},
            "payor": [{"reference": "Organization/payer"}],
        }
        for payer in payers
    ]
    hospital = {
        "resourceType": "Organization",
        "id": "hospital",
        "identifier": [{"system": f"{CANON}/sid/facility", "value": FACILITY}],
    }
    payer = {
        "resourceType": "Organization",
        "id": "payer",
        "identifier": [{"system": f"{CANON}/sid/payer-organization", "value": "bureau"}],
    }
    return [patient, *coverages, hospital, payer]


def _earlier(payer: str, amount: str, key: str) -> Body:
    """An earlier payer's answer, header figures only."""
    adjudication = "http://terminology.hl7.org/CodeSystem/adjudication"
    return {
        "resourceType": "ClaimResponse",
        "id": payer,
        "extension": [{"url": f"{CANON}/StructureDefinition/payer", "valueCode": payer}],
        "identifier": [{"system": "https://bureau.example/sid/settlement", "value": f"{key}-{payer}"}],
        "status": "active",
        "type": CLAIM_TYPE,
        "use": "claim",
        "patient": {"reference": "Patient/p1"},
        "created": "2021-03-12",
        "insurer": {"reference": "Organization/payer"},
        "outcome": "complete",
        "total": [{"category": {"coding": [{"system": adjudication, "code": "benefit"}]}, "amount": yuan(amount)}],
    }


def _collection(resources: Sequence[Body]) -> Body:
    entries = [{"fullUrl": f"{CANON}/{one['resourceType']}/{one['id']}", "resource": one} for one in resources]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def _as_transaction(bundle: Body) -> Body:
    """Conditional creates whose references are the entries' own ``urn:uuid`` addresses."""
    names = {
        f"{entry['resource']['resourceType']}/{entry['resource']['id']}": uuid.uuid5(
            uuid.NAMESPACE_URL, entry["fullUrl"]
        ).urn
        for entry in bundle["entry"]
    }
    text = dump(bundle).decode()
    for name, urn in names.items():
        text = text.replace(f'"reference":"{name}"', f'"reference":"{urn}"')
    entries = []
    for entry in load(text.encode())["entry"]:
        resource = entry["resource"]
        urn = names[f"{resource['resourceType']}/{resource['id']}"]
        identifier = resource["identifier"][0]
        condition = f"identifier={identifier['system']}|{identifier['value']}"
        request = {"method": "POST", "url": resource["resourceType"], "ifNoneExist": condition}
        entries.append({"fullUrl": urn, "resource": resource, "request": request})
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


# -- saying it, and reading what comes back ----------------------------------------------------------------------------


def post(fhir: str, path: str, body: Body) -> httpx.Response:
    """POST a resource to a FHIR base; ``path`` is empty for a transaction."""
    return httpx.post(f"{fhir}{path}", content=dump(body), headers=HEADERS)


def submit(fhir: str, body: Body) -> httpx.Response:
    return post(fhir, "/Claim/$submit", body)


def look_up(fhir: str, key: str) -> list[Body]:
    """The ClaimResponses under a claim key."""
    answer = httpx.get(f"{fhir}/ClaimResponse", params={"request:identifier": f"{CANON}/sid/claim|{key}"})
    answer.raise_for_status()
    return responses(load(answer.content))


def responses(answer: Body) -> list[Body]:
    """ClaimResponses of an answer: the one, or those of a Bundle."""
    if answer["resourceType"] == "ClaimResponse":
        return [answer]
    return [entry["resource"] for entry in answer.get("entry", [])]


def payer_of(response: Body) -> str:
    return str(response["extension"][0]["valueCode"])


def figures(response: Body) -> dict[str, str]:
    """``ClaimResponse.total`` by code, as text."""
    return {row["category"]["coding"][0]["code"]: str(row["amount"]["value"]) for row in response["total"]}


def paid(answer: Body) -> dict[str, str]:
    """What each payer bears, as text."""
    return {payer_of(one): str(one["payment"]["amount"]["value"]) for one in responses(answer)}
