"""The insurance Claim: trial and settlement on the wire (docs/wire-fhir.md, 3). 医保结算申请。"""

from __future__ import annotations

from datetime import datetime

from adapter.fhir import least
from adapter.fhir.aid import aid_transaction, aid_trial
from adapter.fhir.claim_elements import (
    claim_head,
    information,
    insurance_information,
    insurances,
    items,
    sent_lines,
    settle_key,
)
from adapter.fhir.coverage import applying_to, coverage, payer_organization
from adapter.fhir.elements import Held, Resource, collection, moment, money, tagged
from adapter.fhir.eligibility import eligibility_request
from adapter.fhir.identity import reference_to
from adapter.fhir.responses import answered
from adapter.fhir.reversal import reversal_claim
from adapter.model.call import CallFacts
from adapter.model.money import Money

__all__ = ["aid_transaction", "aid_trial", "eligibility_request", "insurance_claim", "reversal_claim"]


def insurance_claim(facts: CallFacts, *, use: str = "claim", created: datetime, key: str | None = None) -> Resource:
    """Bundle ``collection`` for ``Claim/$submit``.

    Args:
        facts: one call; its first payer has the focus.
        use: ``claim`` counts; ``predetermination`` is a trial, of which the payer keeps nothing.
        created: when the message is composed.
        key: the claim key; left out, ``<case>.v<version>.<call>.settle`` (a trial: ``….trial.1``).
    """
    held = Held.of(facts.resources)
    key = key or (settle_key(facts) if use == "claim" else f"{facts.key}.trial.1")
    stay, person = facts.claim.stay, facts.claim.person
    diagnoses = least.conditions(stay, held)
    lines = sent_lines(facts.claim.lines)

    claim = claim_head(facts, held, key=key, use=use, status="active", created=created)
    period = {"start": moment(stay.admitted)}
    if stay.discharged is not None:
        period["end"] = moment(stay.discharged)
    claim["billablePeriod"] = period
    if diagnoses:
        claim["diagnosis"] = [
            {"sequence": number, "diagnosisReference": reference_to(condition)}
            for number, condition in enumerate(diagnoses, start=1)
        ]
    claim["supportingInfo"] = information(*insurance_information(facts))
    claim["insurance"] = insurances(facts, held)
    claim["item"] = items(facts, lines, held)
    claim["total"] = money(Money.total(line.amount for line in lines))

    payers = [payer for _, payer in applying_to(facts)]
    financial = [
        least.patient(facts.source, person, held, demographics=True),
        *(coverage(facts.source, payer, person, held) for payer in payers),
        least.provider(facts.source, stay.facility, held),
        *(payer_organization(facts.source, payer, held) for payer in payers),
        least.encounter(facts.case_id, stay, facts.source, held),
        *diagnoses,
        *(
            tagged(answered(facts, answer, held, created=created), facts.test_profile)
            for answer in facts.earlier
            if answer.payer not in facts.payers
        ),
    ]
    return tagged(collection([tagged(claim, facts.test_profile), *financial]), facts.test_profile)
