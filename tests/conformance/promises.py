"""What our profiles refuse and base R4 does not: an example of the package, and one change to it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

Json = dict[str, Any]


def _without(resource: Json, name: str) -> None:
    del resource[name]


def _yuan(text: str, currency: str = "CNY") -> Json:
    return {"value": Decimal(text), "currency": currency}


#: By what it is: the example, its change.
SEEDED: dict[str, tuple[str, Callable[[Json], object]]] = {
    "an amount finer than a fen": ("ChargeItem-charge", lambda r: r.update(priceOverride=_yuan("18.001"))),
    "an amount in dollars": ("ChargeItem-charge", lambda r: r.update(priceOverride=_yuan("18.00", "USD"))),
    "a unit price with five decimals": (
        "ChargeItem-charge",
        lambda r: r["extension"][0].update(valueMoney=_yuan("18.00001")),
    ),
    "two payers in focus": ("Claim-claim", lambda r: [each.update(focal=True) for each in r["insurance"]]),
    "a line without a net": ("Claim-claim", lambda r: _without(r["item"][0], "net")),
    "a claim of another kind": (
        "Claim-claim",
        lambda r: r["type"]["coding"][0].update(code="professional"),
    ),
    "a fact that nobody knows": (
        "Claim-claim",
        lambda r: r["supportingInfo"][0]["category"]["coding"][0].update(code="shoe-size"),
    ),
    "what a payer bears as a discount": (
        "Invoice-invoice",
        lambda r: r["totalPriceComponent"][-1].update(type="discount"),
    ),
    "a name for a payer": ("Patient-patient-least", lambda r: r.update(name=[{"text": "测试甲"}])),
    "an outpatient": ("Encounter-encounter", lambda r: r["class"].update(code="AMB")),
    "details that do not add up": (
        "PaymentReconciliation-clearing-month",
        lambda r: r["detail"][0].update(amount=_yuan("299.00")),
    ),
    "a payer that nobody knows": (
        "Coverage-coverage-basic",
        lambda r: r["type"]["coding"][0].update(code="lottery"),
    ),
    "a decision that does not exist": (
        "Task-task-entitlement",
        lambda r: r["businessStatus"]["coding"][0].update(code="perhaps"),
    ),
    "a benefit without its place": (
        "ExplanationOfBenefit-explanationofbenefit",
        lambda r: _without(r, "precedence"),
    ),
    "a flag that tells of the stay": (
        "Flag-flag-credit",
        lambda r: r.update(encounter={"reference": "Encounter/1"}),
    ),
    "a year without cover said": (
        "CoverageEligibilityResponse-year-response",
        lambda r: _without(r["insurance"][0], "inforce"),
    ),
}


def broken(examples: Mapping[str, Json]) -> Iterator[tuple[str, Json]]:
    """Each fault by name, as a resource."""
    for name, (example, change) in SEEDED.items():
        resource = copy.deepcopy(examples[f"{example}.json"])
        change(resource)
        yield name, resource
