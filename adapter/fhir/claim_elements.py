"""Elements that all Claims share: head, insurances, supporting information, items. 结算申请的公共部分。"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from adapter.fhir.coverage import applying_to, coverage_id, earlier_by_payer, patient_reference, payer_organization_id
from adapter.fhir.elements import Held, Resource, extension, moment, money, payer_concept, price, yuan_quantity
from adapter.fhir.identity import (
    CLAIM_TYPE,
    PROCESS_PRIORITY,
    codesystem,
    concept,
    identifier,
    reference,
    resource_id,
)
from adapter.fhir.least import encounter_reference, provider_id
from adapter.model.call import CallFacts
from adapter.model.claim import ChargeLine
from adapter.model.money import Money
from adapter.model.settlement import Authority, Payer


def settle_key(facts: CallFacts) -> str:
    """The idempotency key of the call's settlement: ``<case>.v<version>.<call>.settle``."""
    return f"{facts.key}.settle"


def claim_head(facts: CallFacts, held: Held, *, key: str, use: str, status: str, created: datetime) -> Resource:
    """Identity, parties and dates of a Claim: the call's first payer is its insurer."""
    return {
        "resourceType": "Claim",
        "id": resource_id(facts.source, "Claim", key),
        "identifier": [identifier("claim", key)],
        "status": status,
        "type": concept(CLAIM_TYPE, "institutional"),
        "use": use,
        "patient": patient_reference(facts.source, facts.claim.person, held),
        "created": moment(created),
        "insurer": reference("Organization", payer_organization_id(facts.source, facts.payers[0], held)),
        "provider": reference("Organization", provider_id(facts.source, facts.claim.stay.facility, held)),
        "priority": concept(PROCESS_PRIORITY, "normal"),
    }


def insurances(facts: CallFacts, held: Held) -> list[Resource]:
    """One entry per payer that applies, in the scheme's order; only the call's first payer has the focus.

    Payers that answered outside this call carry their ClaimResponse; the focal one never does.
    """
    earlier = earlier_by_payer(facts.earlier)
    listed = []
    for sequence, payer in applying_to(facts):
        entry: Resource = {
            "sequence": sequence,
            "focal": payer is facts.payers[0],
            "coverage": reference("Coverage", coverage_id(facts.source, payer, facts.claim.person, held)),
        }
        if payer in earlier and payer not in facts.payers:
            entry["claimResponse"] = reference(
                "ClaimResponse", response_id(facts.source, facts.case_id, facts.version, payer)
            )
        listed.append(entry)
    return listed


def response_id(source: str, case_id: str, version: int, payer: Payer) -> str:
    """Id of a payer's answer to one bill version."""
    return resource_id(source, "ClaimResponse", f"{case_id}.v{version}.{payer}")


def information(*entries: Mapping[str, Any]) -> list[Resource]:
    """``supportingInfo``: the entries, numbered."""
    return [{"sequence": number, **entry} for number, entry in enumerate(entries, start=1)]


def informed(category: str, **value: Any) -> Resource:
    """One entry of ``supportingInfo`` without its number."""
    return {"category": concept(codesystem("claim-information"), category), **value}


def settlement_information(facts: CallFacts) -> list[Resource]:
    """What every receiver is told: the rule date and the register categories that bear on it."""
    return [
        informed("settlement-date", timingDate=facts.claim.stay.settled_on.isoformat()),
        *(
            informed("person-category", code=concept(codesystem("person-category"), str(category)))
            for category in sorted(facts.claim.person.categories)
        ),
    ]


def insurance_information(facts: CallFacts) -> list[Resource]:
    """What an adjudicating insurer is told besides: hospital level, a third party's part, what we computed for it."""
    told = settlement_information(facts)
    level = concept(codesystem("hospital-level"), str(facts.claim.stay.facility.level))
    told.append(informed("hospital-level", code=level))
    if facts.claim.third_party:
        told.append(informed("third-party-amount", valueQuantity=yuan_quantity(facts.claim.third_party)))
    return told + computed_benefits(facts)


def computed_benefits(facts: CallFacts) -> list[Resource]:
    """Our own figures per payer, where this call only informs them (authority ``adapter``)."""
    if facts.authority is not Authority.ADAPTER:
        return []
    return [
        informed(
            "computed-benefit",
            code=payer_concept(payer),
            valueQuantity=yuan_quantity(facts.settlement.share_of(payer)),
        )
        for payer in facts.payers
    ]


def sent_lines(lines: Sequence[ChargeLine]) -> tuple[ChargeLine, ...]:
    """Lines that go out: all but those which their refunds undo to nothing (net zero: neither is sent)."""
    undone = {line.reverses for line in lines if line.reverses}
    amounts: dict[str, Money] = {}
    quantities: dict[str, Decimal] = {}
    for line in lines:
        root = line.reverses or line.id
        if root in undone:  # most lines have nothing to do with a refund
            amounts[root] = amounts.get(root, Money(0)) + line.amount
            quantities[root] = quantities.get(root, Decimal(0)) + line.quantity
    gone = {root for root in undone if not amounts[root] and not quantities[root]}
    return tuple(line for line in lines if (line.reverses or line.id) not in gone)


def item(source: str, sequence: int, line: ChargeLine, stay: Mapping[str, Any]) -> Resource:
    """One charge line as a Claim item.

    ``unitPrice`` stands only where quantity × price, half up, is the booked amount; else the HIS's price goes into the
    extension ``unit-price``, because R4 demands the product to be the net.
    """
    extensions = [extension("charge-item", valueIdentifier=identifier("charge-item", line.id))]
    if line.reverses is not None:
        extensions.append(extension("reverses", valueIdentifier=identifier("charge-item", line.reverses)))
    exact = line.unit_price is not None and line.unit_price.times(line.quantity) == line.amount
    if line.unit_price is not None and not exact:
        extensions.append(extension("unit-price", valueMoney=price(line.unit_price)))
    built: Resource = {
        "extension": extensions,
        "sequence": sequence,
        "productOrService": product(source, line),
        "servicedDate": line.service_date.isoformat(),
        "quantity": {"value": line.quantity},
    }
    if line.unit_price is not None and exact:
        built["unitPrice"] = price(line.unit_price)
    built["net"] = money(line.amount)
    built["encounter"] = [dict(stay)]
    return built


def product(source: str, line: ChargeLine) -> Resource:
    """The hospital's item code, the national code where the catalogue knows it, and the item's name."""
    coding = [{"system": codesystem(f"{source}/item"), "code": line.code}]
    if line.item is not None and line.item.national_code is not None:
        coding.append({"system": codesystem("national-item"), "code": line.item.national_code})
    return {"coding": coding, "text": line.name}


def items(facts: CallFacts, lines: Sequence[ChargeLine], held: Held) -> list[Resource]:
    """Claim items of the lines, numbered from 1."""
    stay = encounter_reference(facts.case_id, held)
    return [item(facts.source, number, line, stay) for number, line in enumerate(lines, start=1)]
