"""Whom the service knows, what it gives them, and who may sign in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from adapter.counterparts.seed import SeedError
from adapter.model.money import decimal_of


@dataclass(frozen=True, slots=True)
class Known:
    """One person on the service's register.

    Attributes:
        category: assitanceType; empty for somebody who is known and not aided.
        ceiling: of a year; None where nobody set one: it counts as -1.
        paid: aid of the year on record from elsewhere.
        other: other aid, which queryBalancePre takes off.
    """

    name: str
    sex: str
    birthday: str
    category: str = ""
    domicile: str = ""
    ceiling: Decimal | None = None
    paid: Decimal = Decimal(0)
    other: Decimal = Decimal(0)
    pause: str = "0"


@dataclass(frozen=True, slots=True)
class AidSeed:
    """Everything that a seed file says.

    Attributes:
        namespace: of the service's messages; another one is a SOAP fault.
        session_seconds: so long a session lasts after its last request.
        ratios: by division and category, as text: the service says it as it stands there.
    """

    name: str
    title: str
    namespace: str
    users: Mapping[str, str] = field(repr=False)
    persons: Mapping[str, Known] = field(repr=False)
    ratios: Mapping[str, Mapping[str, str]]
    session_seconds: int = 1800
    longest_delay: int = 5


def load_seed(path: Path) -> AidSeed:
    """Read a seed file. Raises SeedError naming the file for one that cannot be used."""
    try:
        content: dict[str, Any] = yaml.load(path.read_text("utf-8"), yaml.BaseLoader)  # noqa: S506 - texts only
        return AidSeed(
            name=content["name"],
            title=content["title"],
            namespace=content["namespace"],
            users=dict(content["users"]),
            persons={id_card: _known(row) for id_card, row in content["persons"].items()},
            ratios={place: dict(row) for place, row in content["ratios"].items()},
            session_seconds=int(content.get("session_seconds", "1800")),
            longest_delay=int(content.get("longest_delay_seconds", "5")),
        )
    except (OSError, yaml.YAMLError, KeyError, AttributeError, TypeError, ValueError) as error:
        raise SeedError(f"{path.name}: {error}") from error


def _known(row: dict[str, str]) -> Known:
    amounts = {name: decimal_of(row[name]) for name in ("ceiling", "paid", "other") if name in row}
    texts = {name: row[name] for name in ("category", "domicile", "pause") if name in row}
    return Known(row["name"], row["sex"], row["birthday"], **texts, **amounts)  # type: ignore[arg-type]
