"""Tables of fixtures/settlement, and the composite test profile, ready for settlement tests."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from adapter.model.claim import LineSplit, YearToDate
from adapter.model.money import Money
from adapter.model.person import Category, Insurance
from adapter.model.settlement import Payer
from adapter.rules.policy.book import PolicyBook
from adapter.rules.policy.load import layers_from, load_book, read_plain
from adapter.rules.policy.scheme import ResolvedLayer
from adapter.rules.settlement.coordination import calculate
from adapter.rules.settlement.position import Bill, Position

ROOT = Path(__file__).parents[2]
SCHEME = "test_hunan_two_calls"


@cache
def book() -> PolicyBook:
    return load_book(ROOT / "mappings")


def composite() -> tuple[ResolvedLayer, ...]:
    return book().layers(SCHEME)


def table(name: str) -> Any:
    return read_plain(ROOT / "fixtures/settlement" / name)


def by_name(row: Mapping[str, Any]) -> str:
    return str(row["name"])


def shows(row: Mapping[str, Any]) -> list[pytest.MarkDecorator]:
    """Marks for the rows of docs/rules.md that a row of a table names under ``shows``."""
    return [pytest.mark.rule(name) for name in row.get("shows", ())]


def layer_of(row: Mapping[str, Any]) -> ResolvedLayer:
    """The row's own layer, or a layer of the composite profile by payer."""
    if "layer" in row:
        return layers_from([row["layer"]])[0]
    return next(layer for layer in composite() if layer.payer == row["payer"])


def bill_of(given: Mapping[str, Any], on: str) -> Bill:
    """A bill from a clerk's row: in_scope, full_self_pay …, level, categories, paid before, year to date."""
    sums = LineSplit(
        full_self_pay=Money.yuan(given.get("full_self_pay", "0")),
        over_limit=Money.yuan(given.get("over_limit", "0")),
        pre_self_pay=Money.yuan(given.get("pre_self_pay", "0")),
        in_scope=Money.yuan(given.get("in_scope", "0")),
    )
    day = date.fromisoformat(on)
    accrued = {name: Money.yuan(amount) for name, amount in given.get("year_to_date", {}).items()}
    return Bill(
        total=sums.total,
        sums=sums,
        on=day,
        insurance=Insurance(given.get("insurance", "residents")),
        categories=frozenset(Category(item) for item in given.get("categories", ())),
        keys={"hospital_level": given.get("level", "secondary"), **given.get("circumstances", {})},
        accrued=YearToDate(day.year, tuple(accrued.items())),
        paid=tuple((Payer(payer), Money.yuan(amount)) for payer, amount in given.get("paid", {}).items()),
        deductible=Money.yuan(given.get("deductible", "0")),
        over_cap=Money.yuan(given.get("over_cap", "0")),
    )


def outcome(row: Mapping[str, Any]) -> Position:
    """One payer's calculation for a clerk's row."""
    return calculate(bill_of(row["given"], row["settled_on"]), layer_of(row))


def assert_steps(found: list[dict[str, str]], wanted: Any) -> None:
    """Every wanted step is there, in order, with the amounts that it names."""
    position = 0
    for want in wanted:
        while position < len(found) and not _matches(found[position], want):
            position += 1
        assert position < len(found), f"no step {dict(want)} in order among {found}"
        position += 1


def _matches(step: Mapping[str, str], want: Mapping[str, str]) -> bool:
    names = {"step": "name"}
    return all(
        (value in step["cite"]) if key == "cite" else step[names.get(key, key)] == value for key, value in want.items()
    )


def steps_of(position: Position) -> list[dict[str, str]]:
    return [
        {
            "payer": str(step.payer),
            "name": step.name,
            "amount": step.amount.text,
            "left": step.left.text,
            "cite": step.because.cite,
        }
        for step in position.steps
    ]
