"""Prices, invoices, payments: the sums that R4 describes in prose and nobody else checks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from adapter.fhir import issues, rule_issues
from adapter.fhir.identity import codesystem, extension_url
from adapter.fhir.rules_claim import amount, exact
from adapter.model.issues import Issue, Severity
from adapter.model.money import ZERO, Money

Resource = Mapping[str, Any]

_UNIT_PRICE = extension_url("unit-price")
_PAYER = codesystem("payer")
#: Whose part may be a reduction of the price: the hospital's own, granted before the bill was submitted.
_GRANTS = "hospital"
_ADJUDICATION = "http://terminology.hl7.org/CodeSystem/adjudication"
#: What a price component does to the net amount; tax comes on top for the gross one, information changes nothing.
_SIGN = {"base": 1, "surcharge": 1, "discount": -1, "deduction": -1}


def charge_item(resource: Resource, where: str, prose: Severity) -> Iterable[Issue]:
    """priceOverride is the total of the line, an exact amount (ChargeItem.priceOverride)."""
    if "priceOverride" in resource and not exact(resource["priceOverride"].get("value")):
        return (issues.inexact_amount(f"{where}.priceOverride", prose),)
    return ()


def charge_advice(resource: Resource, where: str) -> Iterator[Issue]:
    """overrideReason is expected where the total is not unit price × quantity (ChargeItem.overrideReason)."""
    prices = [one.get("valueMoney", {}) for one in resource.get("extension", ()) if one["url"] == _UNIT_PRICE]
    said, unit = resource.get("priceOverride", {}).get("value"), prices[0].get("value") if prices else None
    quantity = resource.get("quantity", {}).get("value", 1)
    if "overrideReason" in resource or unit is None or not exact(said):
        return
    if Money.rounded(Decimal(unit) * Decimal(quantity) * Decimal(resource.get("factorOverride", 1))) != Money.yuan(
        said
    ):
        yield rule_issues.override_unexplained(f"{where}.overrideReason")


def payment(resource: Resource, where: str, prose: Severity) -> Iterator[Issue]:
    """payment.amount = benefit − adjustment (ClaimResponse.payment, ExplanationOfBenefit.payment)."""
    paid = resource.get("payment", {})
    benefits = [one for one in resource.get("total", []) if _is_benefit(one["category"])]
    if "amount" not in paid or len(benefits) != 1:
        return
    said, wrong = amount(paid["amount"], f"{where}.payment.amount", prose)
    benefit, wrong_benefit = amount(benefits[0]["amount"], f"{where}.total", prose)
    adjustment, wrong_adjustment = ZERO, list[Issue]()
    if "adjustment" in paid:
        read, wrong_adjustment = amount(paid["adjustment"], f"{where}.payment.adjustment", prose)
        adjustment = read or ZERO
    yield from wrong + wrong_benefit + wrong_adjustment
    if said is None or benefit is None or wrong_adjustment:
        return
    if said != benefit - adjustment:
        yield issues.payment(f"{where}.payment.amount", said.text, (benefit - adjustment).text, prose)


def _is_benefit(category: Resource) -> bool:
    return any(
        one.get("system") == _ADJUDICATION and one.get("code") == "benefit" for one in category.get("coding", ())
    )


def invoice(resource: Resource, where: str, prose: Severity) -> Iterator[Issue]:
    """totalNet and totalGross follow from the price components of the lines and of the total (Invoice)."""
    of_lines = [line.get("priceComponent", []) for line in resource.get("lineItem", [])]
    if of_lines and all(of_lines):
        yield from _invoice_totals(resource, (part for parts in of_lines for part in parts), where, prose)
    of_total = resource.get("totalPriceComponent", [])
    if any(part["type"] == "base" for part in of_total):
        yield from _invoice_totals(resource, of_total, where, prose)


def price_parts(resource: Resource, where: str, prose: Severity) -> Iterator[Issue]:
    """What a payer bears is an adjudication, told as ``informational``, and no reduction of the price (Invoice)."""
    parts = [
        (f"{where}.totalPriceComponent[{n}]", part) for n, part in enumerate(resource.get("totalPriceComponent", ()))
    ]
    for number, line in enumerate(resource.get("lineItem", ())):
        place = f"{where}.lineItem[{number}].priceComponent"
        parts += [(f"{place}[{n}]", part) for n, part in enumerate(line.get("priceComponent", ()))]
    for place, part in parts:
        if part["type"] in ("discount", "deduction") and "code" in part:
            for one in part["code"].get("coding", ()):
                if one.get("system") == _PAYER and one.get("code") != _GRANTS:
                    yield rule_issues.payer_as_reduction(place, str(one.get("code")), prose)


def _invoice_totals(resource: Resource, components: Iterable[Resource], where: str, prose: Severity) -> Iterator[Issue]:
    net = tax = ZERO
    for part in components:
        if "amount" not in part:  # a factor alone says nothing about the amount
            return
        value, wrong = amount(part["amount"], f"{where}.lineItem.priceComponent", prose)
        if value is None:
            yield from wrong
            return
        if part["type"] == "tax":
            tax += value
        elif part["type"] in _SIGN:
            net = net + value if _SIGN[part["type"]] > 0 else net - abs(value)
    for name, computed in (("totalNet", net), ("totalGross", net + tax)):
        if name in resource:
            said, wrong = amount(resource[name], f"{where}.{name}", prose)
            yield from wrong
            if said is not None and said != computed:
                yield issues.control_total(f"{where}.{name}", said.text, computed.text, prose)


def distribution(resource: Resource, where: str, prose: Severity) -> Iterator[Issue]:
    """The details distribute no more than was paid (PaymentReconciliation.detail)."""
    paid, wrong = amount(resource["paymentAmount"], f"{where}.paymentAmount", prose)
    yield from wrong
    parts = list[Money]()
    for index, detail in enumerate(resource.get("detail", [])):
        if "amount" in detail:
            part, inexact = amount(detail["amount"], f"{where}.detail[{index}].amount", prose)
            yield from inexact
            parts.append(part or ZERO)
    if paid is not None and (spent := Money.total(parts)) > paid:
        yield issues.over_distributed(f"{where}.detail", paid.text, spent.text, prose)
