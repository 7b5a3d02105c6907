"""Money received from a payer for a month, as a PaymentReconciliation (月度清算到账).

It names the counterpart, the hospital and the month, and no case and no person. What each payer was asked for and what
of it did not come as money are its details; they add up to the payment.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from datetime import date, datetime

from adapter.fhir.elements import Resource, moment, money, tagged
from adapter.fhir.identity import HL7, concept, identifier, resource_id
from adapter.model.money import Money

_KIND = f"{HL7}/payment-type"
#: Parts that did not come as money; everything else was asked for.
_TYPES = {"offset": "advance", "retained": "adjustment", "deducted": "adjustment"}
#: There is no HIS behind it: the id derives from the book.
_SOURCE = "clearing"


def money_received(
    *,
    book: str,
    endpoint: str,
    facility: str,
    month: date,
    reference: str,
    cash: Money,
    parts: Sequence[tuple[str, Money]],
    at: datetime,
    test_profile: bool,
) -> Resource:
    """One month's money.

    Args:
        cash: CNY that came in; the sum of the parts.
        parts: by payer what was declared, and below zero ``offset``, ``retained``, ``deducted``.
    """
    day = moment(at)[:10]
    first, last = month.replace(day=1), month.replace(day=monthrange(month.year, month.month)[1])
    built: Resource = {
        "resourceType": "PaymentReconciliation",
        "id": resource_id(_SOURCE, "PaymentReconciliation", book),
        "identifier": [identifier("clearing", book)],
        "status": "active",
        "period": {"start": first.isoformat(), "end": last.isoformat()},
        "created": moment(at),
        "paymentIssuer": {"identifier": identifier("endpoint", endpoint)},
        "requestor": {"identifier": identifier("facility", facility)},
        "outcome": "complete",
        "paymentDate": day,
        "paymentAmount": money(cash),
        "paymentIdentifier": identifier("receipt", reference),
        "detail": [
            {
                "identifier": identifier("clearing", f"{book}/{name}"),
                "type": concept(_KIND, _TYPES.get(name, "payment")),
                "date": day,
                "amount": money(amount),
            }
            for name, amount in parts
            if amount
        ],
    }
    if not built["detail"]:
        del built["detail"]
    return tagged(built, test_profile)
