"""Constraints of profiles. FHIRPath is not run; the expressions that our own profiles use are said here in Python."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

Json = Mapping[str, Any]


def _decimals(most: int) -> Callable[[Json], bool]:
    def within(money: Json) -> bool:
        value = money.get("value", 0)
        exponent = value.as_tuple().exponent if isinstance(value, Decimal) else 0
        return isinstance(exponent, int) and -exponent <= most

    return within


def _one_focal(resource: Json) -> bool:
    return sum(one.get("focal") is True for one in resource.get("insurance", ())) == 1


def _no_reductions(invoice: Json) -> bool:
    return all(one.get("type") not in ("discount", "deduction") for one in invoice.get("totalPriceComponent", ()))


def _distributed(payment: Json) -> bool:
    parts = [one.get("amount", {}).get("value", 0) for one in payment.get("detail", ())]
    return not parts or sum(parts) == payment.get("paymentAmount", {}).get("value")


def _allocated(payment: Json) -> bool:
    """The same in R5."""
    return _distributed({"detail": payment.get("allocation", ()), "paymentAmount": payment.get("amount", {})})


#: Expression, as the profile writes it → what it says.
EXPRESSIONS: dict[str, Callable[[Json], bool]] = {
    "value.toString().matches('^-?[0-9]+([.][0-9]{1,2})?$')": _decimals(2),
    "value.toString().matches('^-?[0-9]+([.][0-9]{1,4})?$')": _decimals(4),
    "totalPriceComponent.where(type = 'discount' or type = 'deduction').empty()": _no_reductions,
    "insurance.where(focal = true).count() = 1": _one_focal,
    "detail.exists() implies detail.amount.value.aggregate($this + $total, 0) = paymentAmount.value": _distributed,
    "allocation.exists() implies allocation.amount.value.aggregate($this + $total, 0) = amount.value": _allocated,
}


def known(constraint: Json) -> bool:
    """Whether a constraint can be checked. One that only warns, or stands in R4 already, need not be."""
    published = str(constraint.get("source", "")).startswith("http://hl7.org/fhir/StructureDefinition/")
    return published or constraint.get("severity") != "error" or constraint.get("expression") in EXPRESSIONS


def holds(constraint: Json, value: Json) -> bool:
    """Whether a constraint holds for an element; one that is not known is taken to hold (``Tree.unchecked``)."""
    test = EXPRESSIONS.get(str(constraint.get("expression")))
    return test is None or constraint.get("severity") != "error" or test(value)
