"""Year-to-date amounts: CoverageEligibilityRequest (docs/wire-fhir.md, 2). 年度累计查询。"""

from __future__ import annotations

from datetime import datetime

from adapter.fhir import least
from adapter.fhir.coverage import coverage, coverage_id, patient_reference, payer_organization, payer_organization_id
from adapter.fhir.elements import Held, Resource, case_identifier, collection, extension, moment, tagged
from adapter.fhir.identity import identifier, reference, resource_id
from adapter.model.call import CallFacts


def eligibility_request(facts: CallFacts, *, created: datetime, key: str | None = None) -> Resource:
    """Bundle ``collection`` for ``CoverageEligibilityRequest/$submit``: what did this year take already, without
    this stay? Has no effect on the other side; may be repeated.
    """
    held = Held.of(facts.resources)
    lead, person, stay = facts.payers[0], facts.claim.person, facts.claim.stay
    key = key or f"{facts.key}.eligibility"
    request = {
        "resourceType": "CoverageEligibilityRequest",
        "id": resource_id(facts.source, "CoverageEligibilityRequest", key),
        "extension": [extension("excludes-case", valueIdentifier=case_identifier(facts.case_id))],
        "identifier": [identifier("claim", key)],
        "status": "active",
        "purpose": ["benefits"],
        "patient": patient_reference(facts.source, person, held),
        "servicedDate": stay.settled_on.isoformat(),
        "created": moment(created),
        "provider": reference("Organization", least.provider_id(facts.source, stay.facility, held)),
        "insurer": reference("Organization", payer_organization_id(facts.source, lead, held)),
        "insurance": [
            {"focal": True, "coverage": reference("Coverage", coverage_id(facts.source, lead, person, held))},
        ],
    }
    parties = [
        least.patient(facts.source, person, held, demographics=False),
        coverage(facts.source, lead, person, held),
        least.provider(facts.source, stay.facility, held),
        payer_organization(facts.source, lead, held),
    ]
    return tagged(collection([tagged(request, facts.test_profile), *parties]), facts.test_profile)
