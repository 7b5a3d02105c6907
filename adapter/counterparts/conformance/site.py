"""The site file: hospital, test persons and items that the tested party has set up in its test system."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from adapter.counterparts.conformance import texts
from adapter.counterparts.conformance.issues import unreadable_site
from adapter.model.issues import AdapterError
from adapter.model.money import decimal_of

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Site:
    """What the scenarios' words mean at one tested party.

    Attributes:
        facility: national code of the hospital that is played.
        source: its short name in the item code system.
        level: its hospital level.
        payers: payers of one call that the party answers for, by role.
        persons: ``insured``, ``unknown`` …: the insurance numbers of test persons.
        items: ``in-scope``, ``part-paid``, ``outside`` …: the hospital's item codes.
        days: ``admitted``, ``settled``, ``too-early``.
        categories: person categories told to the aid office.
        earlier: what earlier payers are said to have borne, told to the aid office; yuan.
        in_scope: policy-range amount told to the aid office; yuan.
        wait_seconds: how long the answer to a transaction may take.
        timeout_seconds: how long any answer may take.
        token_env: environment variable with a bearer token, or empty.
    """

    facility: str
    source: str
    level: str
    payers: Mapping[str, tuple[str, ...]]
    persons: Mapping[str, str]
    items: Mapping[str, str]
    days: Mapping[str, date]
    categories: tuple[str, ...]
    earlier: Mapping[str, Decimal]
    in_scope: Decimal
    wait_seconds: int = 30
    timeout_seconds: int = 30
    token_env: str = ""


def load_site(path: Path, *, facility: str | None = None) -> Site:
    """Read a site file; ``facility`` replaces its hospital.

    Raises:
        AdapterError: CNF-902, naming what is missing or does not fit.
    """
    site = read_site(path, _site)
    return replace(site, facility=facility) if facility else site


def read_site(path: Path, made: Callable[[Mapping[str, Any]], S]) -> S:
    """What a dialect makes of its site file. Raises AdapterError CNF-902, naming what is missing or does not fit."""
    try:
        return made(texts.read(path))
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise AdapterError(unreadable_site(path.name, reason)) from error


def _site(content: Mapping[str, Any]) -> Site:
    aid = content["aid"]
    return Site(
        facility=content["facility"],
        source=content["source"],
        level=content["level"],
        payers={role: tuple(content[role]["payers"]) for role in ("insurance", "aid")},
        persons=_with(content["persons"], "insured", "unknown"),
        items=_with(content["items"], "in-scope", "part-paid", "outside"),
        days={
            name: date.fromisoformat(day)
            for name, day in _with(content["days"], "admitted", "settled", "too-early").items()
        },
        categories=tuple(aid["categories"]),
        earlier={payer: decimal_of(amount) for payer, amount in aid["earlier"].items()},
        in_scope=decimal_of(aid["in_scope"]),
        wait_seconds=int(content.get("wait_seconds", "30")),
        timeout_seconds=int(content.get("timeout_seconds", "30")),
        token_env=content.get("token_env", ""),
    )


def _with(table: dict[str, str], *names: str) -> dict[str, str]:
    """The table, which has at least these entries."""
    for name in names:
        table[name]
    return table
