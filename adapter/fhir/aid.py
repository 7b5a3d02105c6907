"""The aid office: transaction of conditional creates, header figures only (docs/wire-fhir.md, 6). 医疗救助申请。"""

from __future__ import annotations

from datetime import datetime

from adapter.fhir import least
from adapter.fhir.claim_elements import (
    claim_head,
    computed_benefits,
    information,
    informed,
    insurances,
    settle_key,
    settlement_information,
)
from adapter.fhir.coverage import applying_to, coverage, payer_organization
from adapter.fhir.elements import Held, Resource, case_identifier, collection, identifiers, money, tagged, yuan_quantity
from adapter.fhir.responses import answered
from adapter.fhir.transaction import pointed
from adapter.model.call import CallFacts

#: What the one item of an aid Claim is called.
WHOLE_BILL = "住院费用合计"


def aid_transaction(facts: CallFacts, *, created: datetime, key: str | None = None) -> Resource:
    """Bundle ``transaction``: Patient, Coverages, Organizations, earlier answers, and the Claim last.

    Each entry is created only if nothing with its identifier is there yet, so a repeat changes nothing.
    """
    claim, parties = _claim_and_parties(facts, use="claim", created=created, key=key or settle_key(facts))
    entries = [*parties, claim]
    urls = {f"{each['resourceType']}/{each['id']}": f"urn:uuid:{each['id']}" for each in entries}
    return tagged(
        {
            "resourceType": "Bundle",
            "type": "transaction",
            "entry": [_conditional_create(each, urls) for each in entries],
        },
        facts.test_profile,
    )


def aid_trial(facts: CallFacts, *, created: datetime, key: str | None = None) -> Resource:
    """Bundle ``collection`` for ``Claim/$submit``: the same Claim as a predetermination, computed and not kept."""
    key = key or f"{facts.key}.trial.1"
    claim, parties = _claim_and_parties(facts, use="predetermination", created=created, key=key)
    return tagged(collection([claim, *parties]), facts.test_profile)


def _claim_and_parties(facts: CallFacts, *, use: str, created: datetime, key: str) -> tuple[Resource, list[Resource]]:
    held = Held.of(facts.resources)
    person = facts.claim.person
    claim = claim_head(facts, held, key=key, use=use, status="active", created=created)
    claim["supportingInfo"] = information(
        *settlement_information(facts),
        informed("in-scope-total", valueQuantity=yuan_quantity(facts.in_scope)),
        *computed_benefits(facts),
    )
    claim["insurance"] = insurances(facts, held)
    claim["item"] = [
        {
            "sequence": 1,
            "productOrService": {"text": WHOLE_BILL},
            "net": money(facts.claim.total),
            "encounter": [{"type": "Encounter", "identifier": case_identifier(facts.case_id)}],
        }
    ]
    claim["total"] = money(facts.claim.total)
    payers = [payer for _, payer in applying_to(facts)]
    earlier = [answer for answer in facts.earlier if answer.payer not in facts.payers]
    parties = [
        least.patient(facts.source, person, held, demographics=False),
        *(coverage(facts.source, payer, person, held) for payer in payers),
        least.provider(facts.source, facts.claim.stay.facility, held),
        *(payer_organization(facts.source, payer, held) for payer in payers),
        *(tagged(answered(facts, answer, held, created=created), facts.test_profile) for answer in earlier),
    ]
    return tagged(claim, facts.test_profile), parties


def _conditional_create(resource: Resource, urls: dict[str, str]) -> Resource:
    key = identifiers(resource)[0]
    return {
        "fullUrl": f"urn:uuid:{resource['id']}",
        "resource": pointed(resource, urls),
        "request": {
            "method": "POST",
            "url": resource["resourceType"],
            "ifNoneExist": f"identifier={key['system']}|{key['value']}",
        },
    }
