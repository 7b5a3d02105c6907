"""Reversal: undo one settled call (docs/wire-fhir.md, 5). 冲销。"""

from __future__ import annotations

from datetime import datetime

from adapter.fhir import least
from adapter.fhir.claim_elements import claim_head, insurances, sent_lines, settle_key
from adapter.fhir.coverage import applying_to, coverage, payer_organization
from adapter.fhir.elements import Held, Resource, collection, money, tagged
from adapter.fhir.identity import RELATED_CLAIM, concept, identifier
from adapter.model.call import CallFacts
from adapter.model.money import Money


def reversal_claim(facts: CallFacts, *, created: datetime, key: str | None = None) -> Resource:
    """Bundle ``collection`` with a cancelled Claim of its own key that names the settled one.

    The insurances are those of the original without the earlier answers; no items, no demographics: the key is enough.
    """
    held = Held.of(facts.resources)
    person, stay = facts.claim.person, facts.claim.stay
    key = key or f"{facts.key}.reverse"
    claim = claim_head(facts, held, key=key, use="claim", status="cancelled", created=created)
    claim["related"] = [
        {
            "claim": {"type": "Claim", "identifier": identifier("claim", settle_key(facts))},
            "relationship": concept(RELATED_CLAIM, "prior"),
        }
    ]
    claim["insurance"] = [
        {name: value for name, value in entry.items() if name != "claimResponse"} for entry in insurances(facts, held)
    ]
    claim["total"] = money(Money.total(line.amount for line in sent_lines(facts.claim.lines)))
    payers = [payer for _, payer in applying_to(facts)]
    parties = [
        least.patient(facts.source, person, held, demographics=False),
        *(coverage(facts.source, payer, person, held) for payer in payers),
        least.provider(facts.source, stay.facility, held),
        *(payer_organization(facts.source, payer, held) for payer in payers),
    ]
    return tagged(collection([tagged(claim, facts.test_profile), *parties]), facts.test_profile)
