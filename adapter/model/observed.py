"""A settlement that the HIS itself already made, as its export shows it (HIS 自行结算)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from adapter.model.money import ZERO, Money


@dataclass(frozen=True, slots=True)
class ObservedSettlement:
    """One settlement row of the HIS: observed, never computed here.

    Attributes:
        row_key: the HIS's key of the row; settlement ids derive from it.
        number: the HIS's settlement number within the stay (结算次数).
        kind: local kind of settlement as the mapping's code table names it (``interim``, ``final`` …).
        settled_at: when the HIS settled, with zone.
        void: the row is marked void (作废); its figures count for nothing.
        total: 费用合计.
        fund: paid by the insurance funds 医保统筹.
        account: paid from the personal account 医保账户.
        patient: borne by the patient 自负合计.
        deposits: deposits used 缴款合计, or None when the export does not say.
        pointer: file and row it was read from.
        rounding: what rounding the bill added to what is paid 舍入, negative where it took off.
        hospital: borne by the hospital 医院减免.
        charged: sum of the fee lines that name this settlement, or None when the mapping does not say which do.
        lines: how many lines these are.
    """

    row_key: str
    number: int
    kind: str
    settled_at: datetime
    void: bool
    total: Money
    fund: Money
    account: Money
    patient: Money
    deposits: Money | None
    pointer: str
    rounding: Money = ZERO
    hospital: Money = ZERO
    charged: Money | None = None
    lines: int = 0

    @property
    def parts(self) -> Money:
        """What is paid and waived, rounding left out: fund + account + hospital + patient − rounding."""
        return self.fund + self.account + self.hospital + self.patient - self.rounding

    @property
    def balances(self) -> bool:
        """Whether the parts make the total, to the fen."""
        return self.total == self.parts
