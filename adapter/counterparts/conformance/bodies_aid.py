"""Bodies for the aid office, written from section 6 of docs/wire-fhir.md."""

from __future__ import annotations

import uuid
from decimal import Decimal

from adapter.counterparts.conformance.bodies import Stay, claim_header, numbered, parties
from adapter.counterparts.conformance.site import Site
from adapter.counterparts.wire import (
    CANON,
    CASE,
    HL7_ADJUDICATION,
    INFORMATION,
    PAYER_EXTENSION,
    Resource,
    concept,
    money,
)


def transaction(stay: Stay, site: Site) -> Resource:
    """A settlement: every entry a conditional create, the Claim last."""
    resources = _resources(stay, site, trial=False)
    names = {
        name: uuid.uuid5(uuid.NAMESPACE_URL, f"{stay.key}/{name}").urn
        for name in (f"{one['resourceType']}/{one['id']}" for one in resources)
    }
    entries = []
    for one in resources:
        kind, first = one["resourceType"], one["identifier"][0]
        condition = f"identifier={first['system']}|{first['value']}"
        request = {"method": "POST", "url": kind, "ifNoneExist": condition}
        entries.append({"fullUrl": names[f"{kind}/{one['id']}"], "resource": _pointed(one, names), "request": request})
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def trial(stay: Stay, site: Site) -> Resource:
    """The same Claim as a trial: Bundle ``collection`` for ``Claim/$submit``."""
    resources = _resources(stay, site, trial=True)
    entries = [{"fullUrl": f"{CANON}/{one['resourceType']}/{one['id']}", "resource": one} for one in resources]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def _resources(stay: Stay, site: Site, *, trial: bool) -> list[Resource]:
    earlier, own = list(site.earlier), list(stay.payers)
    told: list[Resource] = [
        {"category": concept(INFORMATION, "settlement-date"), "timingDate": stay.settled.isoformat()},
        {
            "category": concept(INFORMATION, "in-scope-total"),
            "valueQuantity": _quantity(min(site.in_scope, stay.total)),
        },
        *(
            {
                "category": concept(INFORMATION, "person-category"),
                "code": concept(f"{CANON}/CodeSystem/person-category", category),
            }
            for category in site.categories
        ),
    ]
    claim = claim_header(stay, own) | {
        "use": "predetermination" if trial else "claim",
        "item": [
            {
                "sequence": 1,
                "productOrService": {"text": "住院费用合计"},
                "net": money(sum((net for _, net in stay.lines), Decimal(0))),
                "encounter": [{"type": "Encounter", "identifier": {"system": CASE, "value": stay.case}}],
            }
        ],
        "supportingInfo": numbered(told),
        "insurance": [
            {
                "sequence": n,
                "focal": payer == own[0],
                "coverage": {"reference": f"Coverage/{payer}"},
                **({"claimResponse": {"reference": f"ClaimResponse/answer-{payer}"}} if payer in earlier else {}),
            }
            for n, payer in enumerate([*earlier, *own], start=1)
        ],
    }
    answers = [_earlier(payer, amount, stay) for payer, amount in site.earlier.items()]
    return [*parties([*earlier, *own], stay.person, site), *answers, claim]


def _earlier(payer: str, amount: Decimal, stay: Stay) -> Resource:
    """An earlier payer's answer, header figures only."""
    return {
        "resourceType": "ClaimResponse",
        "id": f"answer-{payer}",
        "extension": [{"url": PAYER_EXTENSION, "valueCode": payer}],
        "identifier": [{"system": f"{CANON}/sid/settlement/{payer}", "value": f"{stay.case}-{payer}"}],
        "status": "active",
        "type": concept("http://terminology.hl7.org/CodeSystem/claim-type", "institutional"),
        "use": "claim",
        "patient": {"reference": "Patient/patient"},
        "created": stay.settled.isoformat(),
        "insurer": {"reference": f"Organization/{payer}"},
        "outcome": "complete",
        "total": [{"category": concept(HL7_ADJUDICATION, "benefit"), "amount": money(amount)}],
    }


def _quantity(amount: Decimal) -> Resource:
    return {"value": amount.quantize(Decimal("0.01")), "unit": "CNY"}


def _pointed(value: object, names: dict[str, str]) -> Resource:
    """A copy whose references are the entries' full addresses."""

    def walk(part: object, key: str = "") -> object:
        if isinstance(part, dict):
            return {name: walk(each, name) for name, each in part.items()}
        if isinstance(part, list):
            return [walk(each) for each in part]
        return names.get(part, part) if key == "reference" and isinstance(part, str) else part

    found = walk(value)
    return found if isinstance(found, dict) else {}
