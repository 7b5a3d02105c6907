"""A plan's parameters as the counterpart's own terms, for one person on one day (mappings/plans/*/*.yaml)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

from adapter.counterparts.adjudicator import ONE, AidTerms, Band, BasicTerms, CriticalTerms
from adapter.counterparts.oracle import refuse_unknown
from adapter.counterparts.seed import Seed
from adapter.model.money import decimal_of
from adapter.rules.policy.load import load_book, read_tree
from adapter.rules.policy.parameters import DEFAULT, Policy
from adapter.rules.policy.plan_file import policy_of

_T = TypeVar("_T")

_COMMON = {"insurance", "deductible", "ceiling", "tilt", "tilt_kind"}
#: Parameters that each payer's simple arithmetic reads; a plan with others is left to the oracle.
_READ: Mapping[str, frozenset[str]] = {
    "basic": frozenset(
        _COMMON | {"pre_self_pay_on", "deductible_counts", "deductible_year_ceiling", "ratio", "ceiling_reading"}
    ),
    "critical-illness": frozenset(
        _COMMON | {"bands", "bands_origin", "base_with_deductible", "base_with_over_cap", "base_with_pre_self_pay"}
    ),
    "medical-aid": frozenset({"insurance", "base_rule", "ratio", "deductible", "ceiling"}),
    "commercial": frozenset(),
}


def _plans_in(paths: Sequence[Path]) -> dict[str, Policy]:
    """Plan files, or folders of them, as ``<folder>/<name>``. Raises AdapterError for one that cannot be used."""
    files = [file for path in paths for file in (sorted(path.glob("*.yaml")) if path.is_dir() else [path])]
    names = {f"{file.parent.name}/{file.stem}": file for file in files}
    return {name: policy_of(read_tree(file), name=name) for name, file in names.items()}


def _beyond(plans: Mapping[str, Policy]) -> frozenset[str]:
    return frozenset(payer for payer, plan in plans.items() if plan.parameters.keys() - _READ[payer])


@dataclass(frozen=True)
class PlanBook:
    """The plan of each payer that is answered for here.

    ``beyond``: payers whose plans say more than the simple arithmetic reads; the oracle divides for them.
    ``at_hand``: every plan of the plan files by name, for rules that change.

    A person of several categories that the plan knows gets terms for each of them (就高不重复: the better one counts).
    """

    plans: Mapping[str, Policy]
    beyond: frozenset[str] = frozenset()
    at_hand: Mapping[str, Policy] = field(default_factory=dict, repr=False)

    @classmethod
    def load(cls, mappings: Path, seed: Seed, schemes: Sequence[str] = ()) -> PlanBook:
        """The seed's plans, or those of the named schemes.

        Raises:
            AdapterError: the plan files cannot be used, or a name is not among them.
            ValueError: the schemes give one payer two different plans.
        """
        book = load_book(mappings)
        plans: dict[str, Policy] = {}
        for name in schemes:
            for layer in book.layers(name):
                if plans.setdefault(layer.payer, layer.policy).version != layer.policy.version:
                    raise ValueError(f"the schemes {', '.join(schemes)} give {layer.payer} different plans")
        at_hand = {**book.plans, **_plans_in(seed.plan_files)}
        chosen = {
            mine.payer: plans.get(mine.payer) or at_hand.get(mine.plan) or book.plan(mine.plan)
            for mine in seed.responsibilities
        }
        for payer, plan in chosen.items():
            if payer not in _READ:
                raise ValueError(f"{plan.name}: there is no simulated {payer}")
            refuse_unknown(plan)
        return cls(chosen, _beyond(chosen), at_hand)

    def with_plans(self, changed: Mapping[str, str]) -> PlanBook:
        """The same book with other plans for some payers, by payer and plan name."""
        chosen = {**self.plans, **{payer: self.at_hand[name] for payer, name in changed.items()}}
        return PlanBook(chosen, _beyond(chosen), self.at_hand)

    @property
    def test_profile(self) -> bool:
        """Whether any plan is no place's rule."""
        return any(plan.test_profile for plan in self.plans.values())

    def share_on_whole_line(self, on: date) -> bool:
        """Whether the class B share is taken of the whole line rather than within its limit (Q-05)."""
        plan = self.plans.get("basic")
        found = plan.find("pre_self_pay_on", on) if plan else None
        return found is not None and found.text == "whole-line"

    def basic(self, on: date, *, level: str, categories: frozenset[str]) -> tuple[BasicTerms, ...]:
        """Basic insurance at a hospital level. Raises AdapterError where no document says."""
        return self._each("basic", on, categories, level, _basic)

    def critical(self, on: date, *, categories: frozenset[str]) -> tuple[CriticalTerms, ...]:
        """Critical illness. Raises AdapterError where no document says."""
        return self._each("critical-illness", on, categories, DEFAULT, _critical)

    def aid(self, on: date, *, categories: frozenset[str]) -> tuple[AidTerms, ...]:
        """Medical aid; empty for a person whom the plan does not aid."""
        return tuple(terms for terms in self._each("medical-aid", on, categories, DEFAULT, _aid) if terms)

    def _each(
        self, payer: str, on: date, categories: frozenset[str], level: str, read: Callable[[_Reading], _T]
    ) -> tuple[_T, ...]:
        plan = self.plans[payer]
        known = sorted(plan.keys_of("person_category") & categories) or [DEFAULT]
        keys = [{"hospital_level": level, "person_category": one, "insurance": "residents"} for one in known]
        return tuple(read(_Reading(plan, on, one)) for one in keys)


@dataclass(frozen=True)
class _Reading:
    """One plan, read for one day and one set of keys."""

    plan: Policy
    on: date
    keys: Mapping[str, str]

    def amount(self, name: str) -> Decimal:
        return self.plan.at(name, self.on, self.keys).decimal

    def maybe(self, name: str) -> Decimal | None:
        found = self.plan.find(name, self.on, self.keys)
        return None if found is None else found.decimal

    def switch(self, name: str, default: str) -> str:
        found = self.plan.find(name, self.on, self.keys)
        return default if found is None else found.text

    @property
    def tilt(self) -> tuple[Decimal, Decimal]:
        """Points to add and factor to multiply by (Q-01: the plan says which)."""
        tilt = self.maybe("tilt") or Decimal(0)
        return (Decimal(0), ONE + tilt) if self.switch("tilt_kind", "points") == "factor" else (tilt, ONE)


def _basic(read: _Reading) -> BasicTerms:
    points, factor = read.tilt
    deductible = read.amount("deductible")
    ceilings = [read.maybe("deductible_year_ceiling")]
    if read.switch("deductible_counts", "stay") == "year":
        ceilings.append(deductible)
    return BasicTerms(
        deductible=deductible,
        ratio=read.amount("ratio"),
        deductible_ceiling=min((one for one in ceilings if one is not None), default=None),
        cap=read.maybe("ceiling"),
        cap_on_eligible=read.switch("ceiling_reading", "payment") != "payment",
        tilt_points=points,
        tilt_factor=factor,
    )


def _critical(read: _Reading) -> CriticalTerms:
    rows = read.plan.at("bands", read.on, read.keys).rows
    points, factor = read.tilt
    return CriticalTerms(
        deductible=read.amount("deductible"),
        bands=tuple(
            Band(decimal_of(str(row["over"])), (decimal_of(str(row["ratio"])) + points) * factor) for row in rows
        ),
        relative=read.switch("bands_origin", "relative") == "relative",
        cap=read.maybe("ceiling"),
        with_deductible=read.switch("base_with_deductible", "yes") == "yes",
        with_over_cap=read.switch("base_with_over_cap", "yes") == "yes",
        with_pre_self_pay=read.switch("base_with_pre_self_pay", "no") == "yes",
    )


def _aid(read: _Reading) -> AidTerms | None:
    ratio = read.maybe("ratio")
    if ratio is None:
        return None
    return AidTerms(ratio=ratio, deductible=read.maybe("deductible") or Decimal("0.00"), cap=read.maybe("ceiling"))
