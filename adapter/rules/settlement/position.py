"""Where a calculation stands: the bill that all payers look at, and one payer's place in its steps (计算位置)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import TypeVar

from adapter.model.built import quickly_built
from adapter.model.claim import LineSplit, YearToDate
from adapter.model.issues import NotPublished
from adapter.model.money import TEXTS, ZERO, Money
from adapter.model.person import Category, Insurance
from adapter.model.settlement import Explanation, Payer, Step
from adapter.rules.policy.parameters import Known, Policy, Value
from adapter.rules.settlement.ratios import ratio_text

#: Checks or sources as a step keeps them; those that never change are written so once, by ``pairs``.
Pairs = tuple[tuple[str, str], ...]

_Made = TypeVar("_Made")


@quickly_built
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

    def after(
        self,
        *,
        sums: LineSplit,
        paid: tuple[tuple[Payer, Money], ...] | None = None,
        paid_outside: Money | None = None,
        deductible: Money | None = None,
        over_cap: Money | None = None,
    ) -> Bill:
        """The bill with other amounts; None leaves one as it was."""
        return Bill(
            self.total,
            sums,
            self.on,
            self.insurance,
            self.categories,
            self.keys,
            self.accrued,
            self.paid if paid is None else paid,
            self.paid_outside if paid_outside is None else paid_outside,
            self.deductible if deductible is None else deductible,
            self.over_cap if over_cap is None else over_cap,
        )

    @property
    def paid_total(self) -> Money:
        return Money(self._paid)

    @property
    def _paid(self) -> int:
        paid = 0
        for _, amount in self.paid:
            paid += amount.fen
        return paid

    @property
    def left(self) -> Money:
        """What nobody bears yet, never below zero."""
        return Money(max(self.total.fen - self._paid, 0))

    @property
    def in_scope_left(self) -> Money:
        """Policy-range cost that nobody bears yet, never below zero."""
        paid = self._paid
        left = max(self.total.fen - paid, 0)
        return Money(min(max(self.sums.in_scope.fen - paid + self.paid_outside.fen, 0), left))

    @property
    def outside(self) -> Money:
        """Full self-pay, over-limit and pre-self-pay together."""
        sums = self.sums
        return Money(sums.full_self_pay.fen + sums.over_limit.fen + sums.pre_self_pay.fen)

    @property
    def outside_left(self) -> Money:
        """Cost outside the policy range that nobody bears yet, never below zero."""
        return min(max(self.outside - self.paid_outside, ZERO), self.left)

    @property
    def admission(self) -> int:
        """Which admission of the year this is: 1 for the first (``basic.admissions`` counts one as 1.00)."""
        return self.accrued.get("basic.admissions").fen // 100 + 1


@dataclass(slots=True)
class Position:
    """One payer's calculation between two of its steps.

    Nothing ever changes one. It is not frozen only because a dozen are made, and forgotten, for every case.

    Attributes:
        keys: the bill's keys and the person category that this run uses.
        known: what the policy has said before on that day for those keys.
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
    known: Known
    base: Money = ZERO
    left: Money = ZERO
    pay: Money = ZERO
    deductible: Money = ZERO
    over_cap: Money = ZERO
    first: Money = ZERO
    outside: Money = ZERO
    steps: tuple[Step, ...] = ()

    @classmethod
    def opening(cls, bill: Bill, payer: Payer, policy: Policy, category: str = "") -> Position:
        """Before the first step; ``category``: the person category that this run uses, where one is."""
        keys = {**bill.keys, "person_category": category} if category else bill.keys
        return cls(bill, payer, policy, keys, policy.known(bill.on, keys))

    @property
    def covered(self) -> bool:
        """Whether the plan has anything to do with this person."""
        return not self.steps or self.steps[-1].name != "not-covered"

    def at(self, name: str) -> Value:
        """A parameter of the plan on the rule date; raises PolicyNotInForce and AdapterError POL-20x."""
        found = self.known.values.get(name)
        if found is None:
            found = self.policy.at(name, self.bill.on, self.keys)
            if not found.is_none:
                self.known.values[name] = found
        return found

    def find(self, name: str, *, moot: bool = False) -> Value | None:
        """As ``at``, None where the plan has no such rule.

        Args:
            moot: whatever the rule says, it changes nothing here; so one that nobody published does no harm.
        """
        if name in self.known.values:
            return self.known.values[name]
        try:
            found = self.known.values[name] = self.policy.find(name, self.bill.on, self.keys)
        except NotPublished:
            if not moot:
                raise
            return None
        return found

    def once(self, name: object, make: Callable[[], _Made]) -> _Made:
        """What follows from the plan's own values alone, worked out for the first claim with these keys."""
        if name not in self.known.made:
            self.known.made[name] = make()
        made: _Made = self.known.made[name]
        return made

    def switch(self, name: str, default: str, cite: str, *, moot: bool = False) -> Value:
        """A switch of the plan; where the plan is silent, the adapter's default, which cites the open question.

        Args:
            moot: as ``find``: every position of the switch gives the same here.
        """
        return self.find(name, moot=moot) or _default(self.policy.name, name, default, cite)

    def accrued(self, name: str) -> Money:
        """This payer's own year-to-date amount before this stay."""
        accrued = self.bill.accrued
        return accrued.get(f"{self.payer}.{name}") if accrued.amounts else ZERO

    def step(
        self,
        name: str,
        amount: Money,
        left: Money,
        *,
        because: Explanation,
        inputs: Mapping[str, object] | Pairs,
        checks: Mapping[str, str] | Pairs,
        sources: Mapping[str, str] | Pairs = (),
        base: Money | None = None,
        pay: Money | None = None,
        deductible: Money | None = None,
        over_cap: Money | None = None,
        first: Money | None = None,
        outside: Money | None = None,
    ) -> Position:
        """The position after a step that is written down; ``left`` goes on. ``checks``, ``sources``: see ``Step``.

        ``inputs``: by name, or as they are printed, where a step that stands on every bill has them so.

        The other amounts take the place of the position's own of that name; None leaves one as it was.
        """
        printed = inputs if isinstance(inputs, tuple) else as_printed(inputs)
        checked = checks if isinstance(checks, tuple) else tuple(checks.items())
        found = sources if isinstance(sources, tuple) else tuple(sources.items())
        taken = Step(self.payer, name, amount, left, because, printed, checked, found)
        return Position(
            self.bill,
            self.payer,
            self.policy,
            self.keys,
            self.known,
            self.base if base is None else base,
            left,
            self.pay if pay is None else pay,
            self.deductible if deductible is None else deductible,
            self.over_cap if over_cap is None else over_cap,
            self.first if first is None else first,
            self.outside if outside is None else outside,
            (*self.steps, taken),
        )


def pairs(**named: str) -> Pairs:
    """Checks or sources by name."""
    return tuple(named.items())


#: Checks of a step that says why nothing is paid.
NOTHING = pairs(amount="0", left="0")

#: One kind of step: a position in, a position out.
StepKind = Callable[[Position], Position]


@lru_cache(maxsize=4096)
def _default(policy: str, name: str, default: str, cite: str) -> Value:
    return Value(policy, name, default, f"{cite}(适配器默认 adapter default)", date.min)


def as_printed(inputs: Mapping[str, object]) -> Pairs:
    """Named inputs as a step keeps them."""
    return tuple([(name, _printed(value)) for name, value in inputs.items()])


def _printed(value: object) -> str:
    if type(value) is Money:
        return TEXTS[value.fen]
    return ratio_text(value) if isinstance(value, Decimal) else str(value)


@lru_cache(maxsize=4096)
def clauses(*cites: str) -> str:
    """Several articles in one line, each once, in order."""
    return ";".join(dict.fromkeys(cite for cite in cites if cite))
