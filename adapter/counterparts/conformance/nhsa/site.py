"""The site file for ``nhsa``: hospital, operator, gateway and test persons that the bureau's team has set up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from adapter.counterparts.conformance.site import read_site

SCHEMES = ("none", "gateway-hmac-sha1", "x-tif", "sm3")


@dataclass(frozen=True, slots=True)
class TestPerson:
    """Somebody whose certificate is shown; invented or agreed."""

    certno: str = field(repr=False)
    name: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class NhsaSite:
    """What the scenarios' words mean at one bureau.

    Attributes:
        division: mdtrtarea_admvs, also the agency that settles (setl_optins).
        envelope: recer_sys_code, infver and what else this bureau wants in every envelope.
        more: further fields of a transaction's first node, by infno.
        by_path: each transaction has an address of its own (``/2304``).
        signing: one of ``SCHEMES``; the keys come from ``key_env`` and ``secret_env``.
        signs_in: calls carry the day's sign_no.
        digits: serials of fee lines have at most 15 digits and nothing else.
        account_inside_fund: fund_pay_sumamt holds what the personal account pays.
        refusals: infcodes that prove a refusal.
        opposite_positive: 2305 answers with the amounts as they were.
        lines_by_visit: 5204 may be asked without a settlement id.
        cumulative: cum_type_code of 5206 → first digits of the fund codes whose payments it counts.
        persons: ``insured``, ``unknown``.
        items: class → code of the hospital's list; ``not-listed`` is in no list.
    """

    facility: str
    facility_name: str
    division: str
    operator: Mapping[str, str]
    envelope: Mapping[str, str]
    more: Mapping[str, Mapping[str, str]]
    by_path: bool
    signing: str
    signs_in: bool
    digits: bool
    account_inside_fund: bool
    refusals: tuple[str, ...]
    opposite_positive: bool
    lines_by_visit: bool
    cumulative: Mapping[str, str]
    med_type: str
    persons: Mapping[str, TestPerson]
    items: Mapping[str, str]
    days: Mapping[str, date]
    timeout_seconds: int = 30
    key_env: str = ""
    secret_env: str = ""
    token_env: str = ""

    @property
    def features(self) -> frozenset[str]:
        """What a scenario's ``forms`` may ask for."""
        has = {
            "signs-in": self.signs_in,
            "signed": self.signing != "none",
            "lines-by-visit": self.lines_by_visit,
            "cumulative": bool(self.cumulative),
        }
        return frozenset(name for name, there in has.items() if there)


def load_site(path: Path, *, facility: str | None = None) -> NhsaSite:
    """Read a site file; ``facility`` replaces its hospital.

    Raises:
        AdapterError: CNF-902, naming what is missing or does not fit.
    """
    site = read_site(path, _site)
    return replace(site, facility=facility) if facility else site


def _site(content: Mapping[str, Any]) -> NhsaSite:
    region = content["region"]
    if region["signing"] not in SCHEMES:
        raise ValueError(f"signing is one of {', '.join(SCHEMES)}")
    return NhsaSite(
        facility=content["facility"],
        facility_name=content["facility_name"],
        division=content["division"],
        operator={name: content["operator"][name] for name in ("number", "name", "mac", "ip")},
        envelope={name: region["envelope"][name] for name in ("recer_sys_code", "infver")} | region["envelope"],
        more=region.get("more", {}),
        by_path=_one_of(region, "address", "one", "path") == "path",
        signing=region["signing"],
        signs_in=_flag(region, "sign_in"),
        digits=_one_of(region, "line_serial", "text30", "digits15") == "digits15",
        account_inside_fund=_flag(region, "account_inside_fund"),
        refusals=tuple(region["refusals"]),
        opposite_positive=_one_of(region, "cancelled_amounts", "negative", "positive") == "positive",
        lines_by_visit=_flag(region, "lines_by_visit"),
        cumulative=region.get("cumulative", {}),
        med_type=region["med_type"],
        persons={
            name: TestPerson(content["persons"][name]["certno"], content["persons"][name]["name"])
            for name in ("insured", "unknown")
        },
        items={name: content["items"][name] for name in ("in-scope", "part-paid", "outside", "not-listed")},
        days={name: date.fromisoformat(content["days"][name]) for name in ("admitted", "discharged")},
        timeout_seconds=int(content.get("timeout_seconds", "30")),
        key_env=region.get("key_env", ""),
        secret_env=region.get("secret_env", ""),
    )


def _flag(table: Mapping[str, str], name: str) -> bool:
    return _one_of(table, name, "no", "yes") == "yes"


def _one_of(table: Mapping[str, str], name: str, *allowed: str) -> str:
    """The word of an entry; the first allowed one when it is left out."""
    found = table.get(name, allowed[0])
    if found not in allowed:
        raise ValueError(f"{name} is one of {', '.join(allowed)}")
    return found
