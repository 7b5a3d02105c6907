"""Where a calculation stands: the bill that all payers look at, and one payer's place in its steps (计算位置)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from adapter.model.claim import LineSplit, YearToDate
from adapter.model.issues import NotPublished
from adapter.model.money import ZERO, Money
from adapter.model.person import Category, Insurance
from adapter.model.settlement import Explanation, Payer, Step
from adapter.rules.policy.parameters import Policy, Value


@dataclass(frozen=True, slots=True)
class Bill:
    """The bill as it stands before a payer's turn; a third party's part is already out.

    Attributes:
        total: what is left to be shared among payers and patient.
        sums: the four parts of all lines; they add up to ``total``.
        keys: what plans vary by: ``hospital_level``, ``insurance``, ``referral`` …
        paid: what earlier payers bear, in order.
        paid_outside: how much of ``paid`` went to costs outside the policy range.
        deductible, over_cap: what basic insurance left with the patient under these names.
    """

    total: Money
    sums: LineSplit
    on: date
    insurance: Insurance
    categories: frozenset[Category]
    keys: Mapping[str, str]
    accrued: YearToDate
    paid: tuple[tuple[Payer, Money], ...] = ()
    paid_outside: Money = ZERO
    deductible: Money = ZERO
    over_cap: Money = ZERO

    @property
    def paid_total(self) -> Money:
        return Money.total(amount for _, amount in self.paid)

    @property
    def left(self) -> Money:
        """What nobody bears yet, never below zero."""
        return max(self.total - self.paid_total, ZERO)

    @property
    def in_scope_left(self) -> Money:
        """Policy-range cost that nobody bears yet, never below zero."""
        return min(max(self.sums.in_scope - self.paid_total + self.paid_outside, ZERO), self.left)

    @property
    def outside(self) -> Money:
        """Full self-pay, over-limit and pre-self-pay together."""
        return self.sums.full_self_pay + self.sums.over_limit + self.sums.pre_self_pay

    @property
    def outside_left(self) -> Money:
        """Cost outside the policy range that nobody bears yet, never below zero."""
        return min(max(self.outside - self.paid_outside, ZERO), self.left)

    @property
    def admission(self) -> int:
        """Which admission of the year this is: 1 for the first (``basic.admissions`` counts one as 1.00)."""
        return self.accrued.get("basic.admissions").fen // 100 + 1


@dataclass(frozen=True, slots=True)
class Position:
    """One payer's calculation between two of its steps.

    Attributes:
        keys: the bill's keys and the person category that this run uses.
        base: what entered the calculation.
        left: what goes on to the next step.
        pay: what the payer bears so far.
        deductible: deductible taken on this stay.
        over_cap: what the ceiling left out.
        first: slice of the policy range that the patient bears before anything else (referral 先自付).
        outside: how much of ``pay`` goes to costs outside the policy range.
    """

    bill: Bill
    payer: Payer
    policy: Policy
    keys: Mapping[str, str]
    base: Money = ZERO
    left: Money = ZERO
    pay: Money = ZERO
    deductible: Money = ZERO
    over_cap: Money = ZERO
    first: Money = ZERO
    outside: Money = ZERO
    steps: tuple[Step, ...] = ()

    @property
    def covered(self) -> bool:
        """Whether the plan has anything to do with this person."""
        return all(step.name != "not-covered" for step in self.steps)

    def at(self, name: str) -> Value:
        """A parameter of the plan on the rule date; raises PolicyNotInForce and AdapterError POL-20x."""
        return self.policy.at(name, self.bill.on, self.keys)

    def find(self, name: str, *, moot: bool = False) -> Value | None:
        """As ``at``, None where the plan has no such rule.

        Args:
            moot: whatever the rule says, it changes nothing here; so one that nobody published does no harm.
        """
        try:
            return self.policy.find(name, self.bill.on, self.keys)
        except NotPublished:
            if not moot:
                raise
            return None

    def switch(self, name: str, default: str, cite: str, *, moot: bool = False) -> Value:
        """A switch of the plan; where the plan is silent, the adapter's default, which cites the open question.

        Args:
            moot: as ``find``: every position of the switch gives the same here.
        """
        return self.find(name, moot=moot) or Value(
            self.policy.name, name, default, f"{cite}(适配器默认 adapter default)", date.min
        )

    def accrued(self, name: str) -> Money:
        """This payer's own year-to-date amount before this stay."""
        return self.bill.accrued.get(f"{self.payer}.{name}")

    def step(
        self,
        name: str,
        amount: Money,
        left: Money,
        *,
        because: Explanation,
        inputs: Mapping[str, object],
        checks: Mapping[str, str],
        sources: Mapping[str, str] | None = None,
    ) -> Position:
        """The position after a step that is written down; ``left`` goes on. ``checks``, ``sources``: see ``Step``."""
        printed = tuple((key, _printed(value)) for key, value in inputs.items())
        taken = Step(
            self.payer, name, amount, left, because, printed, tuple(checks.items()), tuple((sources or {}).items())
        )
        return replace(self, left=left, steps=(*self.steps, taken))


#: Checks of a step that says why nothing is paid.
NOTHING: Mapping[str, str] = {"amount": "0", "left": "0"}

#: One kind of step: a position in, a position out.
StepKind = Callable[[Position], Position]


def _printed(value: object) -> str:
    if isinstance(value, Money):
        return value.text
    if isinstance(value, Decimal):
        return ratio_text(value)
    return str(value)


def ratio_text(ratio: Decimal) -> str:
    """``0.75``: at least two decimals, no exponent, no idle zeros beyond them."""
    text = format(ratio.normalize(), "f")
    whole, _, part = text.partition(".")
    return f"{whole}.{part:<02s}"


def clauses(*cites: str) -> str:
    """Several articles in one line, each once, in order."""
    return ";".join(dict.fromkeys(cite for cite in cites if cite))
