"""冲销: an equal and opposite entry; nothing is ever edited."""

from __future__ import annotations

from dataclasses import dataclass, replace

from adapter.model.money import Money
from adapter.model.settlement import Accrual, Settlement, Share


@dataclass(frozen=True, slots=True)
class Reversal:
    """The opposite of one settlement: added to it, every share and every accumulator is zero.

    Attributes:
        basis: the basis of the settlement that it undoes.
    """

    case_id: str
    version: int
    basis: str
    total: Money
    shares: tuple[Share, ...]
    accruals: tuple[Accrual, ...]


def reverse(settlement: Settlement) -> Reversal:
    """Undo a settlement as a whole; a part of one is undone by reversing it and settling anew."""
    return Reversal(
        case_id=settlement.case_id,
        version=settlement.version,
        basis=settlement.basis,
        total=-settlement.total,
        shares=tuple(
            replace(share, amount=-share.amount, expected=None if share.expected is None else -share.expected)
            for share in settlement.shares
        ),
        accruals=tuple(replace(accrual, amount=-accrual.amount) for accrual in settlement.accruals),
    )
