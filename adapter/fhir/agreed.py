"""Amounts that a payer's statement of a day agrees with, as a PaymentReconciliation (对账一致的认定金额).

It says what is agreed and nothing about money received: that is the clearing's (clearing.py). It names messages by
their keys, and no person.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from adapter.fhir.elements import Resource, moment, money, tagged
from adapter.fhir.identity import HL7, concept, identifier, resource_id
from adapter.model.money import Money
from adapter.model.settlement import Payer

_KIND = f"{HL7}/payment-type"
#: There is no HIS behind it: the id derives from counterpart, hospital and day.
_SOURCE = "reconciliation"


def amounts_agreed(
    *,
    endpoint: str,
    facility: str,
    day: date,
    lines: Sequence[tuple[str, Payer, Money]],
    whole: bool,
    at: datetime,
    test_profile: bool,
) -> Resource:
    """One day with one counterpart.

    Args:
        lines: key of the settlement's message, payer, amount in CNY; only what both sides have alike.
        whole: nothing else differs; else the outcome is ``partial``.
    """
    book = f"{endpoint}/{facility}/{day.isoformat()}"
    built: Resource = {
        "resourceType": "PaymentReconciliation",
        "id": resource_id(_SOURCE, "PaymentReconciliation", book),
        "identifier": [identifier("clearing", f"agreed/{book}")],
        "status": "active",
        "period": {"start": day.isoformat(), "end": day.isoformat()},
        "created": moment(at),
        "paymentIssuer": {"identifier": identifier("endpoint", endpoint)},
        "requestor": {"identifier": identifier("facility", facility)},
        "outcome": "complete" if whole else "partial",
        "disposition": "对账一致的认定金额,不是到账 (amounts agreed, not money received)",
        "paymentDate": day.isoformat(),
        "paymentAmount": money(Money.total(amount for _, _, amount in lines)),
        "detail": [
            {
                "identifier": identifier("clearing", f"agreed/{key}/{payer}"),
                "type": concept(_KIND, "payment"),
                "request": {"identifier": identifier("claim", key)},
                "date": day.isoformat(),
                "amount": money(amount),
            }
            for key, payer, amount in lines
        ],
    }
    return tagged(built, test_profile)
