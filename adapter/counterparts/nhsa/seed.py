"""Whom the bureau insures, which hospitals it has a contract with, and by which plans it pays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

from adapter.counterparts.oracle import refuse_unknown
from adapter.model.dates import Period
from adapter.model.issues import AdapterError
from adapter.model.money import decimal_of
from adapter.rules.policy.load import read_plain, read_tree
from adapter.rules.policy.parameters import Policy
from adapter.rules.policy.plan_file import policy_of


class SeedError(ValueError):
    """The seed file cannot be used; the text names the place."""


@dataclass(frozen=True, slots=True)
class Identity:
    """One row of idetinfo: a category of the person and when it holds."""

    code: str
    holds: Period


@dataclass(frozen=True, slots=True)
class Person:
    """An insured person (参保人), invented.

    Attributes:
        insutype: 310 employees, 390 residents.
        card: social-security card number and its card_sn.
        token: electronic credential; ``password`` goes with it.
        account: personal account at the start of the year, yuan.
        used: by year, amounts used at other hospitals, by ``<payer>.<accumulator>``.
    """

    psn_no: str
    name: str
    certno: str
    gend: str
    born: date
    insutype: str
    psn_type: str
    in_force: Period
    division: str = ""
    card: tuple[str, str] = ("", "")
    token: str = ""
    password: str = field(default="", repr=False)
    account: Decimal = Decimal("0.00")
    identities: tuple[Identity, ...] = ()
    used: Mapping[int, Mapping[str, Decimal]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hospital:
    """A designated institution: its level of the plans and its item list.

    Attributes:
        restricted: items that count only where hosp_appr_flag is 1 (限制使用).
        refused: items that are refused, with the text.
    """

    code: str
    name: str
    level: str
    items: Path
    restricted: frozenset[str] = frozenset()
    refused: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Seed:
    """Everything that a seed file says. ``plans``: insutype → payer → plan name."""

    name: str
    persons: Mapping[str, Person]
    hospitals: Mapping[str, Hospital]
    plans: Mapping[str, Mapping[str, str]]


def load_seed(path: Path) -> Seed:
    """Read a seed file. Raises SeedError: unreadable, or a value does not fit; the text names it."""
    try:
        content = cast("dict[str, Any]", read_plain(path))
        return Seed(
            name=content["name"],
            persons={key: _person(key, row) for key, row in content["persons"].items()},
            hospitals={key: _hospital(key, row, path.parent) for key, row in content["hospitals"].items()},
            plans=content["plans"],
        )
    except (OSError, AdapterError, KeyError, AttributeError, TypeError, ValueError) as error:
        raise SeedError(f"{path.name}: {error}") from error


def _person(psn_no: str, row: dict[str, Any]) -> Person:
    return Person(
        psn_no=psn_no,
        name=row["name"],
        certno=row["certno"],
        gend=row["gend"],
        born=date.fromisoformat(row["born"]),
        insutype=row.get("insutype", "390"),
        psn_type=row.get("psn_type", "15"),
        in_force=_period(row.get("in_force", {"from": "2017-01-01"})),
        division=row.get("division", ""),
        card=(row["card"]["no"], row["card"]["sn"]) if "card" in row else ("", ""),
        token=row.get("token", ""),
        password=row.get("password", ""),
        account=decimal_of(row.get("account", "0.00")),
        identities=tuple(Identity(one["code"], _period(one)) for one in row.get("identities", [])),
        used={
            int(year): {name: decimal_of(amount) for name, amount in amounts.items()}
            for year, amounts in row.get("used", {}).items()
        },
    )


def _hospital(code: str, row: dict[str, Any], folder: Path) -> Hospital:
    return Hospital(
        code=code,
        name=row["name"],
        level=row["level"],
        items=(folder / row["items"]).resolve(),
        restricted=frozenset(row.get("restricted", [])),
        refused=row.get("refused", {}),
    )


def _period(row: dict[str, str]) -> Period:
    return Period(date.fromisoformat(row["from"]), date.fromisoformat(row["to"]) if "to" in row else None)


@dataclass(frozen=True)
class Plans:
    """The plan files at hand and which payer goes by which."""

    at_hand: Mapping[str, Policy]
    chosen: Mapping[str, Mapping[str, str]]

    @classmethod
    def load(cls, paths: Sequence[Path], seed: Seed) -> Plans:
        """Plan files, or folders of them (``mappings/plans/<place>``).

        Raises:
            AdapterError: a file cannot be used.
            ValueError: the seed names a plan that is not at hand, or one that the oracle has no article for.
        """
        files = [file for path in paths for file in (sorted(path.glob("*.yaml")) if path.is_dir() else [path])]
        names = {f"{file.parent.name}/{file.stem}": file for file in files}
        plans = cls({name: policy_of(read_tree(file), name=name) for name, file in names.items()}, seed.plans)
        for insutype in seed.plans:
            for _, plan in plans.of(insutype, {}):
                refuse_unknown(plan)
        return plans

    def of(self, insutype: str, changed: Mapping[str, str]) -> tuple[tuple[str, Policy], ...]:
        """Payers and their plans in order, with those that took another's place; empty where nobody pays here.

        Raises:
            ValueError: a plan is not at hand.
        """
        names = {payer: changed.get(payer, name) for payer, name in self.chosen.get(insutype, {}).items()}
        absent = sorted(set(names.values()) - self.at_hand.keys())
        if absent:
            raise ValueError(f"plan {', '.join(absent)} is not among the plan files given")
        return tuple((payer, self.at_hand[name]) for payer, name in names.items())
