"""Invoice: the bill as the person sees it. What payers bear is informational, never a discount. 住院费用账单。"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from adapter.fhir.charge_facts import is_charge
from adapter.fhir.elements import AnyResource, Held, Resource, money, payer_concept, tagged
from adapter.fhir.identity import identifier, reference_to, resource_id
from adapter.model.money import ZERO, Money
from adapter.model.settlement import Payer, Settlement


def invoice(
    settlement: Settlement,
    resources: Sequence[AnyResource],
    status: str,
    *,
    source: str,
    day: date | None = None,
    rounding: Money = ZERO,
) -> Resource:
    """The Invoice of one bill version.

    Args:
        resources: the HIS-side resources; each charge and each refund is a line of its own.
        status: ``issued`` (the patient's part is open), ``balanced`` (all is paid), ``cancelled`` (reversed).
        day: date of the bill; the rule date when left out.
        rounding: what rounding the bill added to what the patient pays. It is told, and no part of the totals: the
            lines add up to them.

    Raises:
        ValueError: the charge lines do not add up to the bill.
    """
    held = Held.of(resources)
    charges = [each for each in held.all("ChargeItem") if is_charge(each)]
    total = Money.total(Money.yuan(each["priceOverride"]["value"]) for each in charges)
    if total != settlement.total:
        raise ValueError(f"{settlement.case_id}: charge lines {total} do not add up to the bill {settlement.total}")
    key = f"{settlement.case_id}.v{settlement.version}"
    built: Resource = {
        "resourceType": "Invoice",
        "id": resource_id(source, "Invoice", key),
        "identifier": [identifier("invoice", key)],
        "status": status,
    }
    if status == "cancelled":
        built["cancelledReason"] = "结算已冲销 (the settlement was reversed)"
    built |= _parties(held)
    built["date"] = (day or settlement.on).isoformat()
    if charges:
        built["lineItem"] = [_line(number, charge) for number, charge in enumerate(charges, start=1)]
    built["totalPriceComponent"] = _components(settlement)
    built["totalNet"] = money(settlement.total)
    built["totalGross"] = money(settlement.total)
    if rounding:
        told = f"结算舍入 {rounding.text} 元,另行入账 (the bill was rounded by {rounding.text}, posted on its own)"
        built["note"] = [{"text": told}]
    return tagged(built, settlement.test_profile)


def _parties(held: Held) -> Resource:
    """Subject and recipient are the patient, issuer is the hospital; the Account where one is held."""
    patient, encounter, account = held.patient(), held.first("Encounter") or {}, held.first("Account")
    parties: Resource = {}
    if patient is not None:
        parties["subject"] = reference_to(patient)
        parties["recipient"] = reference_to(patient)
    if (provider := held.at(encounter.get("serviceProvider"))) is not None:
        parties["issuer"] = reference_to(provider)
    if account is not None:
        parties["account"] = reference_to(account)
    return parties


def _line(number: int, charge: AnyResource) -> Resource:
    return {
        "sequence": number,
        "chargeItemReference": reference_to(charge),
        "priceComponent": [{"type": "base", "amount": dict(charge["priceOverride"])}],
    }


def _components(settlement: Settlement) -> list[dict[str, Any]]:
    """The price, then who bears it; the patient's part is always named."""
    borne = [share for share in settlement.shares if share.amount or share.payer is Payer.PATIENT]
    return [
        {"type": "base", "amount": money(settlement.total)},
        *({"type": "informational", "code": payer_concept(each.payer), "amount": money(each.amount)} for each in borne),
    ]
