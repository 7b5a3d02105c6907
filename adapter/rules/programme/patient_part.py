"""The patient's part as an account: share − paid + refunded − adjusted, to the fen (个人应付)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from adapter.model.case import PatientPartState
from adapter.model.issues import AdapterError
from adapter.model.money import ZERO, Money
from adapter.rules.programme import collection_issues as said


@dataclass(frozen=True, slots=True)
class PatientPart:
    """What the debtor owes for one case.

    Attributes:
        share: CNY; the patient's share of the current bill version, or of what is incurred so far while ``final``
            is False; ``¥0.00`` after a reversal.
        paid, refunded: all money taken and given back, over every bill version.
        adjusted: what the hospital itself gave up; never a payer's money.
        cite: article under which it is paid.
    """

    case_id: str
    share: Money
    cite: str
    final: bool = True
    paid: Money = ZERO
    refunded: Money = ZERO
    adjusted: Money = ZERO

    def __post_init__(self) -> None:
        if min(self.share, self.paid, self.refunded, self.adjusted) < ZERO:
            raise ValueError("the totals of a patient's part are never below zero")
        if self.adjusted > self.share or self.refunded > self.paid:
            raise ValueError("no more is given up than the share, and no more goes back than was paid")

    @property
    def balance(self) -> Money:
        """Above zero is owed, below zero is due back."""
        return self.share - self.paid + self.refunded - self.adjusted

    @property
    def still_open(self) -> Money:
        return max(self.balance, ZERO)

    @property
    def refund_due(self) -> Money:
        return max(-self.balance, ZERO)

    def with_share(self, share: Money, *, final: bool = True) -> PatientPart:
        """A new bill version, or a reversal (``¥0.00``): what was paid is credited, never lost.

        What the hospital gave up shrinks with a share that is smaller: it is never paid out in cash.
        """
        return replace(self, share=share, final=final, adjusted=min(self.adjusted, share))

    def pay(self, amount: Money) -> PatientPart:
        """Take a payment, whole or in part, early or late.

        Raises:
            AdapterError: PRG-273 for more than is open (PRG-271 before the final bill: never in advance).
            ValueError: zero or less.
        """
        _positive(amount)
        if amount > self.still_open:
            issue = (
                said.payment_over_open(self.case_id, amount, self.still_open, self.cite)
                if self.final
                else said.in_advance(self.case_id, amount, self.still_open, self.cite)
            )
            raise AdapterError(issue)
        return replace(self, paid=self.paid + amount)

    def refund(self, amount: Money) -> PatientPart:
        """Give money back. Raises AdapterError PRG-278 for more than is due, ValueError for zero or less."""
        _positive(amount)
        if amount > self.refund_due:
            raise AdapterError(said.refund_over_due(self.case_id, amount, self.refund_due, self.cite))
        return replace(self, refunded=self.refunded + amount)

    def adjust(self, amount: Money) -> PatientPart:
        """The hospital gives up a part of what is open. Raises AdapterError PRG-287."""
        if not ZERO < amount <= self.still_open:
            raise AdapterError(said.amount_over_open(self.case_id, "adjustment", amount, self.still_open, self.cite))
        return replace(self, adjusted=self.adjusted + amount)

    def state(self, *, on_plan: bool = False, overdue: bool = False) -> PatientPartState:
        """Where money and dates alone put it; what a person decides (collection, legal, fund, write-off) is not here.

        Args:
            on_plan: a signed plan is running.
            overdue: its row, or the day of discharge without one, has passed.
        """
        if self.refund_due:
            return PatientPartState.REFUND_DUE
        if not self.still_open:
            return self._closed()
        if overdue:
            return PatientPartState.OVERDUE
        if on_plan:
            return PatientPartState.ON_PLAN
        return PatientPartState.PART_PAID if self.paid > self.refunded else PatientPartState.OPEN

    def _closed(self) -> PatientPartState:
        if not self.final:
            return PatientPartState.OPEN if self.paid == self.refunded else PatientPartState.PART_PAID
        return PatientPartState.REFUNDED if self.refunded and not self.share else PatientPartState.PAID


def _positive(amount: Money) -> None:
    if amount <= ZERO:
        raise ValueError("an amount of money that changes hands is above zero")
