"""The site file for ``aid-xml``: account, hospital and test persons that the aid office's team has set up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from adapter.counterparts.conformance.site import read_site
from adapter.model.money import decimal_of


@dataclass(frozen=True, slots=True)
class AidPerson:
    """A test person; invented or agreed."""

    id_card: str = field(repr=False)
    name: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class AidXmlSite:
    """What the scenarios' words mean at one aid office.

    Attributes:
        namespace: of the service's messages.
        hospital, hospital_name: as the office numbers it.
        user: account; its password is in ``password_env``.
        persons: ``aided``, ``known`` (on record, not aided), ``unknown``.
        first_day, last_day: admissions of the scenarios fall between them, each on a day of its own.
        aid: amount of the scenarios' settlements, yuan; small enough for the ceiling of ``aided``.
    """

    namespace: str
    hospital: str
    hospital_name: str
    user: str
    password_env: str
    persons: Mapping[str, AidPerson]
    first_day: date
    last_day: date
    aid: Decimal
    timeout_seconds: int = 30
    token_env: str = ""


def load_site(path: Path, *, facility: str | None = None) -> AidXmlSite:
    """Read a site file; ``facility`` replaces its hospital.

    Raises:
        AdapterError: CNF-902, naming what is missing or does not fit.
    """
    site = read_site(path, _site)
    return replace(site, hospital=facility) if facility else site


def _site(content: Mapping[str, Any]) -> AidXmlSite:
    days = {name: date.fromisoformat(content["days"][name]) for name in ("first", "last")}
    if days["last"] <= days["first"]:
        raise ValueError("days: last is not after first")
    return AidXmlSite(
        namespace=content["namespace"],
        hospital=content["hospital"],
        hospital_name=content["hospital_name"],
        user=content["user"],
        password_env=content["password_env"],
        persons={name: AidPerson(**content["persons"][name]) for name in ("aided", "known", "unknown")},
        first_day=days["first"],
        last_day=days["last"],
        aid=decimal_of(content["aid"]),
        timeout_seconds=int(content.get("timeout_seconds", "30")),
    )
