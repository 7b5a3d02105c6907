"""Values as the platform writes them and as bureaus really answer them (取值规则).

Written: two decimals for amounts, ``yyyy-MM-dd HH:mm:ss`` in hospital time. Read leniently: numbers as text and text as
numbers, ``null`` and "NULL" for nothing, an object where a list is documented and the reverse, keys under other names.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from adapter.model.dates import HOSPITAL_ZONE
from adapter.model.money import Money, decimal_of

_NOTHING = frozenset({"", "null", "NULL", "Null", "None"})


def text_of(value: Any) -> str:
    """A value as text; every way of saying nothing is the empty text."""
    if value is None or isinstance(value, Mapping | list):
        return ""
    text = str(value).strip()
    return "" if text in _NOTHING else text


def amount_of(value: Any) -> Money | None:
    """An amount to the fen, or None where nothing was said.

    Raises:
        ValueError: not a number, or finer than a fen.
    """
    if isinstance(value, bool):
        raise ValueError("a truth value is no amount")
    text = text_of(value)
    if not text:
        return None
    return Money.yuan(value if isinstance(value, int | Decimal) else decimal_of(text))


def number_of(value: Any) -> Decimal | None:
    """A plain number, or None where nothing was said. Raises ValueError when it is none."""
    text = text_of(value)
    return decimal_of(text) if text else None


def with_decimals(number: Decimal, places: int) -> Decimal:
    """A quantity or price with at most so many decimals, half up; never used for what somebody pays."""
    finest = Decimal(1).scaleb(-places)
    return number.quantize(finest, rounding=ROUND_HALF_UP) if number != number.quantize(finest) else number


def moment_text(value: Any) -> str:
    """A moment (datetime or FHIR dateTime) as ``yyyy-MM-dd HH:mm:ss`` in hospital time; a day begins at midnight."""
    if isinstance(value, str):
        if len(value) == 10:
            return f"{date.fromisoformat(value).isoformat()} 00:00:00"
        value = datetime.fromisoformat(value)
    if value.tzinfo is None:
        raise ValueError("a moment needs its zone")
    return str(value.astimezone(HOSPITAL_ZONE).strftime("%Y-%m-%d %H:%M:%S"))


def day_text(value: Any) -> str:
    """The hospital's calendar day of a date, moment or FHIR dateTime, ``yyyy-MM-dd``."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    return moment_text(value)[:10]


def fhir_moment(text: str) -> str:
    """The FHIR dateTime of ``yyyy-MM-dd HH:mm:ss``. Raises ValueError for anything else."""
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=HOSPITAL_ZONE).isoformat()


def fhir_day(text: str) -> str:
    """The FHIR date of a day that may carry a time or blanks, as birth dates do. Raises ValueError."""
    return date.fromisoformat(text.strip()[:10]).isoformat()


def renamed(value: Any, aliases: Mapping[str, str]) -> Any:
    """The value with every key under its documented name; a key that has it already wins over an alias."""
    if isinstance(value, Mapping):
        found: dict[str, Any] = {}
        for key, inner in value.items():
            name = aliases.get(key, key)
            if name == key or name not in value:
                found[name] = renamed(inner, aliases)
        return found
    if isinstance(value, list):
        return [renamed(each, aliases) for each in value]
    return value
