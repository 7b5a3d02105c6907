"""What the oracle looks at: a bill and its person, what nobody bears yet, and a plan as it speaks to that person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from adapter.counterparts.adjudicator import NIL, ONE, Split
from adapter.model.issues import NotPublished
from adapter.rules.policy.parameters import Policy, Value


@dataclass(frozen=True, slots=True)
class Facts:
    """One bill and its person.

    Attributes:
        stay: the four parts of all lines, yuan; a third party's part is already out.
        keys: what plans vary by: hospital level, referral, age …
        used: year to date before this stay, by full name, yuan; ``basic.admissions`` counts.
    """

    on: date
    insurance: str
    categories: frozenset[str]
    keys: Mapping[str, str]
    stay: Split
    used: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(slots=True)
class Unpaid:
    """What nobody bears yet; a part may be below zero where refunds exceed."""

    whole: Decimal
    in_scope: Decimal
    inside: Decimal
    full_self_pay: Decimal
    first: Decimal  # 先行自付
    total: Decimal
    outside: Decimal
    outside_paid: Decimal = NIL
    basic_deductible: Decimal = NIL
    basic_over_cap: Decimal = NIL
    commercial: Decimal = NIL

    @property
    def patient(self) -> Decimal:
        return max(self.whole, NIL)

    @property
    def in_range(self) -> Decimal:
        return min(max(self.inside, NIL), self.patient)

    @property
    def beyond(self) -> Decimal:
        return min(max(self.outside - self.outside_paid, NIL), self.patient)


@dataclass(frozen=True, slots=True)
class Offer:
    """What a plan gives, of which base; how much of it beyond the range, and what it leaves under which name."""

    benefit: Decimal = NIL
    beyond: Decimal = NIL
    deductible: Decimal = NIL
    over_cap: Decimal = NIL
    first: Decimal = NIL
    base: Decimal = NIL


@dataclass(frozen=True, slots=True)
class Terms:
    """A plan as it speaks to one person on one day."""

    plan: Policy
    payer: str
    facts: Facts
    category: str

    def _keys(self) -> dict[str, str]:
        return {**self.facts.keys, "person_category": self.category}

    def must(self, name: str) -> Value:
        return self.plan.at(name, self.facts.on, self._keys())

    def maybe(self, name: str) -> Value | None:
        return self.plan.find(name, self.facts.on, self._keys())

    def harmless(self, name: str) -> Value | None:
        """As ``maybe``; a value that nobody published does no harm where it could change nothing."""
        try:
            return self.maybe(name)
        except NotPublished:
            return None

    def says(self, name: str, default: str) -> str:
        found = self.maybe(name)
        return default if found is None else found.text

    def number(self, name: str) -> Decimal | None:
        found = self.maybe(name)
        return None if found is None else found.decimal

    def used(self, name: str) -> Decimal:
        return self.facts.used.get(f"{self.payer}.{name}", NIL)

    def rest(self, limit: Decimal, name: str) -> Decimal:
        """What a yearly limit still leaves."""
        return max(limit - self.used(name), NIL)

    def raised(self, printed: Decimal) -> Decimal:
        """A printed ratio with poverty tilt (Q-01: points or factor) and referral points, from 0 to 1."""
        tilt, referral = self.number("tilt") or Decimal(0), self.number("referral_points") or Decimal(0)
        if tilt and self.says("tilt_kind", "points") == "factor":
            printed, tilt = printed * (ONE + tilt), Decimal(0)
        return min(max(printed + tilt + referral, Decimal(0)), ONE)
