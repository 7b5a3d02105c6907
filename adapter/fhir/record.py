"""The hospital's full record of one case: one transaction Bundle (PUT Type/id). 病例全记录。

HIS-side resources as mapped, the coverages and organizations of all payers, and per bill version the Invoice, one
Claim per payer with the earlier answers attached, ClaimResponses, ExplanationOfBenefits and Provenances.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from adapter.fhir import least
from adapter.fhir.benefit import Borne, benefit_items, claim_response, explanation_of_benefit
from adapter.fhir.charge_facts import is_charge
from adapter.fhir.claim_elements import (
    claim_head,
    information,
    insurance_information,
    insurances,
    items,
    sent_lines,
)
from adapter.fhir.coverage import (
    AID,
    aid_coverage_for_record,
    applying,
    coverage,
    coverage_id,
    patient_reference,
    payer_organization,
    payer_organization_id,
)
from adapter.fhir.elements import AnyResource, Held, Resource, case_identifier, identifiers, moment, money, tagged
from adapter.fhir.identity import full_url, identifier, profile_tag, reference, reference_to, resource_id
from adapter.fhir.invoice import invoice
from adapter.fhir.provenance import computed_provenance, source_provenances
from adapter.model.call import CallFacts
from adapter.model.claim import Claim
from adapter.model.money import ZERO, Money
from adapter.model.settlement import Authority, Payer, PayerAnswer, Settlement, Share


@dataclass(frozen=True, slots=True)
class RecordFacts:
    """What the record needs to know beside the resources.

    Attributes:
        order: all payers of the scheme; it gives ``Claim.insurance.sequence`` and ``Account.coverage.priority``.
        calls: by name of the call, the payers that it answers for; the first one leads.
        created: when the version was settled: the date of Claims, answers and Provenances.
        claim: the facts that were settled; None while nothing can be.
        undone: the version was reversed: its financial resources are cancelled, its charges billable again.
        balanced: the patient's part is paid.
        origins: by ``Type/id``, the record it was made from (``ZY_FYMX.xml#12``).
        more: further resources of the case (the entitlement Task …).
        rounding: what the HIS's rounding of the bill added to what the patient pays.
        asked_version: the bill version with which the payers were asked, where a later one stands on their answers.
    """

    source: str
    case_id: str
    order: tuple[Payer, ...]
    calls: Mapping[str, Sequence[Payer]]
    created: datetime
    claim: Claim | None = None
    undone: bool = False
    balanced: bool = False
    origins: Mapping[str, str] = field(default_factory=dict)
    more: tuple[Resource, ...] = ()
    rounding: Money = ZERO
    asked_version: int | None = None


def record_bundle(
    resources: Sequence[AnyResource],
    settlement: Settlement | None,
    answers: Sequence[PayerAnswer] = (),
    *,
    facts: RecordFacts,
) -> Resource:
    """The record as one transaction Bundle with relative references; the same input gives the same bytes.

    Only payers whose amount is decided (answered, computed here, or observed) have a ClaimResponse and an
    ExplanationOfBenefit; an expectation is never written down as an answer.
    """
    held = _with_parties(resources, settlement, facts)
    written = [dict(each) for each in held.resources]
    if settlement is not None and facts.claim is not None:
        asked = replace(settlement, version=facts.asked_version or settlement.version)
        written += _financial(held, asked, facts.claim, answers, facts)
        written.append(_invoice(held, settlement, facts))
    hospital = _hospital(held, facts)
    if facts.origins and hospital is not None:
        written += source_provenances(
            facts.source, facts.case_id, facts.origins, hospital=hospital, recorded=facts.created
        )
    written += facts.more
    bundle: Resource = {"resourceType": "Bundle", "type": "transaction", "entry": [_put(each) for each in written]}
    test_profile = settlement is not None and settlement.test_profile
    return {"resourceType": "Bundle", "meta": {"tag": [profile_tag()]}, **bundle} if test_profile else bundle


def _put(resource: Resource) -> Resource:
    where = f"{resource['resourceType']}/{resource['id']}"
    return {
        "fullUrl": full_url(resource["resourceType"], resource["id"]),
        "resource": resource,
        "request": {"method": "PUT", "url": where},
    }


def _with_parties(resources: Sequence[AnyResource], settlement: Settlement | None, facts: RecordFacts) -> Held:
    """The HIS-side resources with case, account, payers and charge states in place."""
    held = Held.of(resources)
    claim = facts.claim
    if claim is None:
        return Held.of(_in_case(each, facts) for each in resources)
    payers = applying(facts.order, claim.person, settlement, _deciding(settlement))
    built: list[AnyResource] = [_charged(_in_case(each, facts), settlement, facts) for each in resources]
    known = {f"{each['resourceType']}/{each['id']}" for each in built}
    parties = [least.provider(facts.source, claim.stay.facility, held)]
    for _, payer in payers:
        parties.append(payer_organization(facts.source, payer, held))
        parties.append(_coverage(facts.source, payer, claim, held))
    if held.first("Account") is None:
        parties.append(_account(facts.source, claim, held))
    built = [_merged(each, parties) for each in built]
    built += [each for each in parties if f"{each['resourceType']}/{each['id']}" not in known]
    return Held.of(_prioritised(each, payers, claim, held, facts) for each in built)


def _deciding(settlement: Settlement | None) -> tuple[Payer, ...]:
    """Payers that have had their say in this version, whatever the amount; none that does not cover this person."""
    if settlement is None:
        return ()
    strangers = {step.payer for step in settlement.steps if step.name == "not-covered"}
    said = (share.payer for share in settlement.shares if share.authority is not Authority.EXPECTED)
    return tuple(payer for payer in said if payer not in strangers)


def _in_case(resource: AnyResource, facts: RecordFacts) -> AnyResource:
    """An Encounter also carries the case; everything else stays as mapped."""
    if resource["resourceType"] != "Encounter":
        return resource
    case = case_identifier(facts.case_id)
    return {**resource, "identifier": [*(each for each in identifiers(resource) if each != case), case]}


def _charged(resource: AnyResource, settlement: Settlement | None, facts: RecordFacts) -> AnyResource:
    """A charge of a settled version is billed; once the version is reversed it is billable again."""
    if resource["resourceType"] != "ChargeItem" or settlement is None or not is_charge(resource):
        return resource
    return {**resource, "status": "billable" if facts.undone or not settlement.complete else "billed"}


def _coverage(source: str, payer: Payer, claim: Claim, held: Held) -> Resource:
    built = coverage(source, payer, claim.person, held)
    return aid_coverage_for_record(built, claim.person) if payer in AID else built


def _merged(resource: AnyResource, parties: Sequence[Resource]) -> AnyResource:
    """The HIS's own Coverage of the basic insurance, completed by payer kind and payor where it lacks them."""
    for party in parties:
        if party["resourceType"] == resource["resourceType"] == "Coverage" and party["id"] == resource["id"]:
            codings = [*party["type"]["coding"], *resource.get("type", {}).get("coding", ())]
            unique = [each for place, each in enumerate(codings) if each not in codings[:place]]
            return {**party, **resource, "type": {**resource.get("type", {}), "coding": unique}}
    return resource


def _account(source: str, claim: Claim, held: Held) -> Resource:
    return {
        "resourceType": "Account",
        "id": resource_id(source, "Account", claim.stay.key),
        "status": "active",
        "subject": [patient_reference(source, claim.person, held)],
    }


def _prioritised(
    resource: AnyResource, payers: Sequence[tuple[int, Payer]], claim: Claim, held: Held, facts: RecordFacts
) -> AnyResource:
    """The Account names the payers in the order of the Claims, and the patient as guarantor."""
    if resource["resourceType"] != "Account":
        return resource
    listed = [
        {"coverage": reference("Coverage", coverage_id(facts.source, payer, claim.person, held)), "priority": sequence}
        for sequence, payer in payers
    ]
    account = {key: value for key, value in resource.items() if key != "coverage"}
    guarantor = [{"party": patient_reference(facts.source, claim.person, held)}]
    return {**account, **({"coverage": listed} if listed else {}), "guarantor": guarantor}


def _hospital(held: Held, facts: RecordFacts) -> str | None:
    """Id of the hospital's Organization, when the record has one."""
    provider = held.at((held.first("Encounter") or {}).get("serviceProvider"))
    if provider is not None:
        return str(provider["id"])
    return least.provider_id(facts.source, facts.claim.stay.facility, held) if facts.claim is not None else None


def _invoice(held: Held, settlement: Settlement, facts: RecordFacts) -> Resource:
    status = "cancelled" if facts.undone else "balanced" if facts.balanced else "issued"
    if not settlement.complete and status == "issued":
        status = "draft"
    return invoice(settlement, held.resources, status, source=facts.source, rounding=facts.rounding)


def _financial(
    held: Held, settlement: Settlement, claim: Claim, answers: Sequence[PayerAnswer], facts: RecordFacts
) -> list[Resource]:
    """Claims, answers and explanations, payer by payer in the scheme's order."""
    by_payer = {answer.payer: answer for answer in answers}
    lines = sent_lines(claim.lines)
    claim_items: list[Resource] = []
    ours = {each.line: each.ours for each in settlement.line_differences}
    split_items = benefit_items(facts.source, lines, dict(settlement.splits), ours)
    written: list[Resource] = []
    earlier: list[PayerAnswer] = []
    for sequence, payer in applying(facts.order, claim.person, settlement, _deciding(settlement)):
        share = _share(settlement, payer)
        call = _call(payer, held, settlement, claim, earlier, facts)
        claim_items = claim_items or items(call, lines, held)
        sent = _claim(call, held, claim_items, facts)
        written.append(sent)
        if share is None or share.authority is Authority.EXPECTED:
            continue
        borne = Borne(
            source=facts.source,
            sequence=sequence,
            claim_id=sent["id"],
            share=share,
            answer=by_payer.get(payer),
            claim=claim,
            lines=lines,
            settlement=settlement,
            held=held,
            created=facts.created,
            status=_status(facts),
        )
        response = claim_response(borne)
        written += [response, explanation_of_benefit(borne, response, sent["insurance"], split_items)]
        if share.authority is Authority.ADAPTER:
            written.append(_computed(response, payer, held, claim, facts))
        earlier.append(by_payer.get(payer) or PayerAnswer(payer, share.amount, share.reference or borne.key))
    return written


def _share(settlement: Settlement, payer: Payer) -> Share | None:
    return next((share for share in settlement.shares if share.payer is payer), None)


def _status(facts: RecordFacts) -> str:
    return "cancelled" if facts.undone else "active"


def _call(
    payer: Payer,
    held: Held,
    settlement: Settlement,
    claim: Claim,
    earlier: Iterable[PayerAnswer],
    facts: RecordFacts,
) -> CallFacts:
    """The facts of this payer's Claim, as if it were asked alone, after all that answered before it."""
    return CallFacts(
        case_id=facts.case_id,
        version=settlement.version,
        source=facts.source,
        call=next((name for name, payers in facts.calls.items() if payer in payers), str(payer)),
        endpoint="",
        payers=(payer,),
        order=facts.order,
        authority=Authority.PAYER,
        claim=claim,
        settlement=settlement,
        resources=held.resources,
        earlier=tuple(earlier),
        test_profile=settlement.test_profile,
    )


def _claim(call: CallFacts, held: Held, claim_items: list[Resource], facts: RecordFacts) -> Resource:
    """One payer's Claim. The payer that leads a call has the Claim that went out, under the same key and id."""
    payer = call.payers[0]
    leads = next(iter(facts.calls.get(call.call, (payer,))), payer) is payer
    own_key = f"{call.case_id}.v{call.version}.{payer}"
    key = f"{call.key}.settle" if leads else own_key
    claim = claim_head(call, held, key=key, use="claim", status=_status(facts), created=facts.created)
    sent = [identifier("claim", key)] if leads else []
    claim["identifier"] = [*sent, identifier("payer-claim", own_key)]
    period = {"start": moment(call.claim.stay.admitted)}
    if call.claim.stay.discharged is not None:
        period["end"] = moment(call.claim.stay.discharged)
    claim["billablePeriod"] = period
    if diagnoses := least.principal_first(held):
        claim["diagnosis"] = [
            {"sequence": number, "diagnosisReference": reference_to(each)}
            for number, each in enumerate(diagnoses, start=1)
        ]
    claim["supportingInfo"] = information(*insurance_information(call))
    claim["insurance"] = insurances(call, held)
    claim["item"] = claim_items
    claim["total"] = money(call.claim.total)
    return tagged(claim, call.test_profile)


def _computed(response: Resource, payer: Payer, held: Held, claim: Claim, facts: RecordFacts) -> Resource:
    return computed_provenance(
        facts.source,
        response,
        hospital=least.provider_id(facts.source, claim.stay.facility, held),
        payer=payer_organization_id(facts.source, payer, held),
        recorded=facts.created,
    )
