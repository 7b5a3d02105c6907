"""Invented plans and cases from a seed, for proofs: every switch that a plan may have, and amounts at its edges.

No figure here is any place's; the same seed gives the same plans and cases for ever.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from random import Random

from adapter.model.person import Category, Insurance
from adapter.model.settlement import Payer
from adapter.rules.policy.document import Document, Title
from adapter.rules.policy.parameters import Entry, Parameter, Policy, Raw
from adapter.rules.policy.scheme import ResolvedLayer

SINCE, ON = date(2020, 1, 1), date(2022, 5, 31)
LEVELS = ("township", "primary", "secondary", "tertiary")
REFERRALS = ("registered", "unregistered", "unknown")
CATEGORIES = (Category.REGISTERED_POOR, Category.SUBSISTENCE, Category.EXTREME_POVERTY)
YEAR = (
    "basic.deductible",
    "basic.paid",
    "basic.eligible",
    "critical-illness.base",
    "critical-illness.paid",
    "medical-aid.paid",
    "medical-aid.deductible",
    "commercial.paid",
    "aid-top-up.paid",
    "aid-top-up.deductible",
    "hospital.paid",
    "government.paid",
    "government.deductibles",
    "household-top-up.base",
    "household-top-up.paid",
)
#: A year-to-date amount that a payer always says.
KNOWN = ("household-top-up.base",)


@dataclass(frozen=True, slots=True)
class Kind:
    """What cases have in common besides their amounts."""

    insurance: Insurance
    categories: frozenset[Category]
    keys: tuple[tuple[str, str], ...]
    admission: int


@dataclass(frozen=True, slots=True)
class Sums:
    """One case's amounts in fen."""

    full_self_pay: int
    over_limit: int
    pre_self_pay: int
    in_scope: int
    year: tuple[tuple[str, int], ...]


class Plans:
    """Draws plans; ``edges`` gathers every amount that they name, in fen."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self.edges: list[int] = []

    def layers(self) -> tuple[ResolvedLayer, ...]:
        """Up to eight payers in a usual order."""
        makers = {
            Payer.BASIC: self._basic,
            Payer.CRITICAL_ILLNESS: self._critical,
            Payer.COMMERCIAL: self._commercial,
            Payer.MEDICAL_AID: self._aid,
            Payer.AID_TOP_UP: self._top_up,
            Payer.HOSPITAL: self._hospital,
            Payer.GOVERNMENT: self._government,
            Payer.HOUSEHOLD_TOP_UP: self._household,
        }
        chosen = [payer for payer in makers if payer is Payer.BASIC or self._random.random() < 0.6]
        return tuple(ResolvedLayer(payer, self._policy(payer, *makers[payer]())) for payer in chosen)

    def _policy(self, payer: Payer, steps: Sequence[str], values: dict[str, tuple[str, Raw]]) -> Policy:
        parameters = {
            name: Parameter(
                name,
                name,
                name,
                varies_by=(varies,) if varies else (),
                history=(Entry(SINCE, f"{payer} 第{number}条", value),),
            )
            for number, (name, (varies, value)) in enumerate(values.items(), 1)
        }
        return Policy(
            name=f"invented/{payer}",
            title=Title("虚构", "invented"),
            document=Document("invented"),
            version="invented",
            payer=payer,
            steps=tuple(steps),
            parameters=parameters,
        )

    def _basic(self) -> tuple[list[str], dict[str, tuple[str, Raw]]]:
        values: dict[str, tuple[str, Raw]] = {}
        if self._maybe(0.5):
            values["insurance"] = ("", self._one((("residents",), ("residents", "employees"))))
        if self._maybe(0.3):
            shares: Raw = {"registered": "0", "unregistered": self._ratio(5, 30), "default": "none"}
            values["first_share"] = ("referral", shares)
        values |= self._standard() | self._ceiling()
        if self._maybe(0.5):
            values["deductible_counts"] = ("", self._one(("stay", "year")))
        if self._maybe(0.4):
            values["deductible_year_ceiling"] = ("", self._amount(1000, 3000))
        if self._maybe(0.3):
            values |= self._bands("bands", origins=True)
            step = "bands"
        elif self._maybe(0.2):
            values["ratio_by_age"] = ("", {"base": self._ratio(40, 60), "per_year": "0.005"})
            step = "ratio"
        else:
            values["ratio"] = ("hospital_level", {level: self._ratio(50, 95) for level in LEVELS})
            step = "ratio"
        values |= self._changes()
        first = ["first_share"] if "first_share" in values else []
        return ["in_scope", *first, "ceiling_on_eligible", "deductible", step, "ceiling_on_payment"], values

    def _critical(self) -> tuple[list[str], dict[str, tuple[str, Raw]]]:
        poor: Raw = {"default": self._amount(8000, 25000), str(Category.REGISTERED_POOR): self._amount(3000, 9000)}
        values: dict[str, tuple[str, Raw]] = {"deductible": ("person_category", poor)}
        if self._maybe(0.2):
            values["deductible_factor"] = ("person_category", {str(Category.SUBSISTENCE): "0.5", "default": "none"})
        values |= self._bands("bands", origins=True) | self._changes()
        for name in ("base_with_deductible", "base_with_over_cap", "base_with_pre_self_pay"):
            if self._maybe(0.6):
                values[name] = ("", self._one(("yes", "no")))
        if self._maybe(0.7):
            none: Raw = {str(Category.REGISTERED_POOR): "none", "default": self._amount(100_000, 400_000)}
            values["ceiling"] = ("person_category", none)
        return ["critical_illness_base", "cumulative_share", "ceiling_on_payment"], values

    def _commercial(self) -> tuple[list[str], dict[str, tuple[str, Raw]]]:
        rows: list[Raw] = []
        for base in self._random.sample(
            ("in-scope", "outside", "full-self-pay", "everything"), self._random.randint(1, 3)
        ):
            row: dict[str, Raw] = {"name": base, "base": base}
            if self._maybe(0.7):
                row["deductible"] = self._amount(1000, 20000)
            if self._maybe(0.5):
                row["bands"] = self._band_rows()
            else:
                row["ratio"] = self._ratio(30, 95)
            if self._maybe(0.4):
                row["cap"] = self._amount(5000, 200_000)
            rows.append(row)
        values: dict[str, tuple[str, Raw]] = {"parts": ("", tuple(rows))}
        if self._maybe(0.5):
            values["ceiling"] = ("", self._amount(50_000, 400_000))
        return ["commercial_parts", "ceiling_on_payment"], values

    def _aid(self) -> tuple[list[str], dict[str, tuple[str, Raw]]]:
        return self._aided("in_scope_left")

    def _top_up(self) -> tuple[list[str], dict[str, tuple[str, Raw]]]:
        steps, values = self._aided("top_up_base")
        if self._maybe(0.5):
            values["referrals"] = ("", ("registered",))
        return steps, values

    def _aided(self, base: str) -> tuple[list[str], dict[str, tuple[str, Raw]]]:
        values: dict[str, tuple[str, Raw]] = {}
        if self._maybe(0.6):
            values["deductible"] = ("", self._amount(1000, 8000))
            values["deductible_counts"] = ("", self._one(("stay", "year")))
        by_bands = self._maybe(0.3)
        if by_bands:
            values |= self._bands("bands", origins=True)
        else:
            ratios: Raw = {
                str(Category.REGISTERED_POOR): self._ratio(50, 100),
                str(Category.SUBSISTENCE): self._ratio(50, 100),
                "default": self._one(("none", self._ratio(30, 60))),
            }
            values["ratio"] = ("person_category", ratios)
        if self._maybe(0.7):
            values["ceiling"] = ("", self._amount(5000, 60_000))
        if self._maybe(0.3):
            values["aid_threshold"] = ("", self._amount(1000, 9000))
            values["aid_threshold_tested"] = ("", self._one(("before-commercial", "after-commercial")))
            values["aid_threshold_aids"] = ("", self._one(("excess", "whole")))
        threshold = ["aid_threshold"] if "aid_threshold" in values else []
        deductible = ["deductible"] if "deductible" in values else []
        capped = ["ceiling_on_payment"] if "ceiling" in values else []
        return [base, *threshold, *deductible, "bands" if by_bands else "ratio", *capped], values

    def _hospital(self) -> tuple[list[str], dict[str, tuple[str, Raw]]]:
        names = ("waiver_share_of_outside", "waiver_share_of_left", "waiver_above_share")
        chosen = self._random.sample(names, self._random.randint(1, 3))
        return ["waiver"], {name: ("", self._ratio(3, 40)) for name in chosen}

    def _government(self) -> tuple[list[str], dict[str, tuple[str, Raw]]]:
        if self._maybe(0.3):
            times: dict[str, tuple[str, Raw]] = {"deductible_times": ("", "2")} if self._maybe(0.5) else {}
            return ["in_scope_left", "deductible_paid"], times
        rule: dict[str, Raw] = {"on": self._one(("everything", "in-scope"))}
        limits = ("patient_share", "target_share", "patient_most")
        for name in self._random.sample(limits, self._random.randint(1, 3)):
            low, high = (80, 95) if name == "target_share" else (5, 20)
            rule[name] = self._amount(1000, 9000) if name == "patient_most" else self._ratio(low, high)
        values: dict[str, tuple[str, Raw]] = {"floor_rule": ("", rule)}
        if self._maybe(0.5):
            return ["floor"], values
        ratio = {"ratio": ("", self._ratio(20, 60))}
        return ["in_scope_left", "ratio", "floor"], ratio | values

    def _household(self) -> tuple[list[str], dict[str, tuple[str, Raw]]]:
        rows = tuple(
            {"over": self._amount(low, low + 9000), "amount": self._amount(500, 8000)} for low in (9000, 30_000)
        )
        return ["household"], {"household_amounts": ("", rows)}

    def _standard(self) -> dict[str, tuple[str, Raw]]:
        values: dict[str, tuple[str, Raw]] = {}
        if self._maybe(0.2):
            share: dict[str, Raw] = {"share": self._ratio(5, 25)}
            if self._maybe(0.3):
                share["of"] = self._amount(10_000, 40_000)
            if self._maybe(0.7):
                share |= {"min": self._amount(500, 2000), "max": self._amount(3000, 10_000)}
            values["deductible_share"] = ("", share)
        else:
            values["deductible"] = ("hospital_level", {level: self._amount(100, 2000) for level in LEVELS})
        if self._maybe(0.4):
            row: Raw = self._one(
                (
                    {"from": "2", "amount": self._amount(50, 500)},
                    {"from": "2", "factor": self._ratio(30, 80)},
                    {"from": "2", "less": "100", "floor": self._amount(50, 200)},
                    {"from": "3", "less": self._amount(50, 200)},
                )
            )
            values["deductible_later"] = ("", (row,))
        if self._maybe(0.3):
            halved: Raw = {str(Category.REGISTERED_POOR): "0.5", "default": "none"}
            values["deductible_factor"] = ("person_category", halved)
        return values

    def _ceiling(self) -> dict[str, tuple[str, Raw]]:
        if not self._maybe(0.8):
            return {}
        return {
            "ceiling": ("", self._amount(50_000, 300_000)),
            "ceiling_reading": ("", self._one(("payment", "eligible"))),
        }

    def _changes(self) -> dict[str, tuple[str, Raw]]:
        values: dict[str, tuple[str, Raw]] = {}
        if self._maybe(0.5):
            values["tilt"] = ("person_category", {str(Category.REGISTERED_POOR): self._ratio(3, 15), "default": "none"})
            values["tilt_kind"] = ("", self._one(("points", "factor")))
        if self._maybe(0.3):
            values["referral_points"] = ("referral", {"unregistered": "-0.15", "registered": "-0.05", "default": "0"})
        return values

    def _bands(self, name: str, *, origins: bool) -> dict[str, tuple[str, Raw]]:
        values: dict[str, tuple[str, Raw]] = {name: ("", self._band_rows())}
        if origins and self._maybe(0.7):
            values[f"{name}_origin"] = ("", self._one(("absolute", "relative")))
        return values

    def _band_rows(self) -> tuple[Raw, ...]:
        starts = sorted(self._random.sample(range(1, 200), self._random.randint(0, 4)))
        rows: list[Raw] = [{"over": "0", "ratio": self._ratio(30, 70)}]
        rows += [{"over": self._said(start * 100_000), "ratio": self._ratio(50, 98)} for start in starts]
        return tuple(rows)

    def _maybe(self, share: float) -> bool:
        return self._random.random() < share

    def _one(self, choices: Sequence[Raw]) -> Raw:
        return self._random.choice(choices)

    def _ratio(self, low: int, high: int) -> str:
        """A ratio in thousandths, often a whole per cent."""
        thousandths = self._random.randint(low, high) * 10 + (self._random.randint(0, 9) if self._maybe(0.3) else 0)
        return f"{min(thousandths, 1000) / 1000:.3f}"

    def _amount(self, low: int, high: int) -> str:
        return self._said(self._random.randint(low * 100, high * 100) if self._maybe(0.3) else self._round(low, high))

    def _round(self, low: int, high: int) -> int:
        return self._random.randint(low // 10, high // 10) * 1000

    def _said(self, fen: int) -> str:
        self.edges.append(fen)
        return f"{fen // 100}.{fen % 100:02d}"


def kinds(random: Random, count: int) -> list[Kind]:
    """Persons and stays: insurance, categories, level, referral, age, number of the admission."""
    return [
        Kind(
            insurance=Insurance.EMPLOYEES if random.random() < 0.1 else Insurance.RESIDENTS,
            categories=frozenset(random.sample(CATEGORIES, random.choice((0, 0, 1, 1, 2)))),
            keys=(
                ("hospital_level", random.choice(LEVELS)),
                ("insurance", "residents"),
                ("referral", random.choice(REFERRALS)),
                ("age", str(random.randint(0, 99))),
                ("household", "household-1"),
            ),
            admission=random.choice((1, 1, 1, 2, 3, 5)),
        )
        for _ in range(count)
    ]


def sums(random: Random, edges: Sequence[int]) -> Sums:
    """One case: of any size, or within a fen of an amount that a plan names (or of two of them together)."""
    return Sums(
        full_self_pay=_size(random, 4_000_000) if random.random() < 0.5 else 0,
        over_limit=_size(random, 200_000) if random.random() < 0.3 else 0,
        pre_self_pay=_size(random, 900_000) if random.random() < 0.5 else 0,
        in_scope=-_size(random, 100_000) if random.random() < 0.02 else _near(random, edges, 60_000_000),
        year=tuple((name, _year(random, name, edges)) for name in YEAR if name in KNOWN or random.random() < 0.2),
    )


def _year(random: Random, name: str, edges: Sequence[int]) -> int:
    if name.endswith(".deductibles"):
        return 100 * random.randint(0, 3)
    if name == "household-top-up.paid" and random.random() < 0.7:
        return 0
    return _near(random, edges, 20_000_000)


def _near(random: Random, edges: Sequence[int], most: int) -> int:
    if edges and random.random() < 0.5:
        several = random.choice(edges) + (random.choice(edges) if random.random() < 0.4 else 0)
        return max(several + random.randint(-1, 1), 0)
    return _size(random, most)


def _size(random: Random, most: int) -> int:
    """Of any order of magnitude."""
    return int(most ** random.random())
