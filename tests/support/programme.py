"""Rows of fixtures/programme/entitlement.yaml as facts, and the programmes with their test settings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from adapter.model.dates import Period
from adapter.model.money import Money
from adapter.model.person import Category, Insurance, Person
from adapter.model.reference import (
    Cause,
    DocumentFact,
    DocumentKind,
    Facility,
    FacilityKind,
    Level,
    Ownership,
    RegisterEntry,
    WindowFacts,
)
from adapter.rules.policy.load import read_plain, read_tree
from adapter.rules.policy.scheme import Programme
from adapter.rules.policy.scheme_file import programme_of
from adapter.rules.programme import AdmissionFacts, Assessment, CreditState, Decision, assess

ROOT = Path(__file__).parents[2]
TABLE: Any = read_plain(ROOT / "fixtures/programme/entitlement.yaml")
NAMES = ("yongzhou-2017-67", "county-plan-2021")


def programme(name: str) -> Programme:
    return programme_of(read_tree(ROOT / f"mappings/programmes/{name}.yaml"), name)


PROGRAMMES = {name: programme(name) for name in NAMES}


def settings(name: str, extra: Mapping[str, Any] | None = None) -> dict[str, Any]:
    return {**TABLE["settings"][name], **(extra or {})}


def known(value: Any) -> Any:
    """``none`` is a fact nobody established."""
    return None if value == "none" else value


def flag(value: Any) -> bool | None:
    return None if known(value) is None else value == "yes"


def facts(name: str, given: Mapping[str, Any] | None = None) -> AdmissionFacts:
    """The complete stay of a programme with what is different in it."""
    given = dict(given or {})
    base = TABLE["base"][name]
    row = {**base, **{key: value for key, value in given.items() if key != "papers"}}
    admitted = date.fromisoformat(row["admitted"])
    period, registers = known(row["period"]), known(row["registers"])
    decision = row.get("decision")
    return AdmissionFacts(
        stay_key="300099999",
        admitted=admitted,
        person=None if row.get("person") == "none" else _person(row),
        facility=_facility(row.get("facility", {})),
        registers=None if registers is None else tuple(_register(entry) for entry in registers),
        insurance_period=period and Period(*map(date.fromisoformat, period)),
        self_pay=flag(row.get("self_pay", "none")),
        window=None if row.get("window") == "none" else _window(row, given, base),
        credit=known(row["credit"]) and CreditState(row["credit"]),
        other_causes=frozenset(map(Cause, row.get("other_causes", ()))),
        decision=Decision(by="D002", excluded=decision == "exclude") if decision else None,
    )


def answer(name: str, given: Mapping[str, Any] | None = None, **extra: Any) -> Assessment:
    stay = facts(name, given)
    on = date.fromisoformat(extra["on"]) if "on" in extra else stay.admitted
    return assess(stay, PROGRAMMES[name], on, settings(name, extra.get("settings")))


def _person(row: Mapping[str, Any]) -> Person:
    insurance = Insurance.NONE if row["insurance"] == "none-insured" else Insurance(row["insurance"])
    return Person("99999", insurance, known(row["insured_area"]), known(row["home_area"]))


def _facility(over: Mapping[str, Any]) -> Facility:
    start = over.get("programme_start", "2017-11-01")
    return Facility(
        code=over.get("code", "999901001"),
        name="清石县人民医院",
        kind=FacilityKind(over.get("kind", "county-general")),
        level=Level(over.get("level", "secondary")),
        ownership=Ownership(over.get("ownership", "public")),
        county=over.get("county", "999901"),
        valid=Period(date(2010, 1, 1)),
        national_code=over.get("national_code", "H99990100001"),
        programme_start=known(start) and date.fromisoformat(start),
    )


def _register(entry: Mapping[str, str]) -> RegisterEntry:
    end = date.fromisoformat(entry["to"]) if "to" in entry else None
    period = Period(date.fromisoformat(entry["from"]), end)
    return RegisterEntry("99999", Category(entry["category"]), entry["issuer"], period)


def _window(row: Mapping[str, Any], given: Mapping[str, Any], base: Mapping[str, Any]) -> WindowFacts:
    without = given.get("without", ())
    kept = [paper for paper in base["papers"] if without != "all" and paper["kind"] not in without]
    amount = row.get("third_party_amount")
    return WindowFacts(
        stay_key="300099999",
        cause=known(row["cause"]) and Cause(row["cause"]),
        emergency=flag(row["emergency"]),
        emergency_decided_by=row.get("doctor"),
        third_party=flag(row["third_party"]),
        third_party_amount=Money.yuan(amount) if amount else None,
        documents=tuple(paper(each) for each in [*kept, *given.get("papers", ())]),
        verifier=known(row["verifier"]),
        admission_order=known(row["admission_order"]),
    )


def paper(row: Mapping[str, str]) -> DocumentFact:
    year = row.get("year")
    return DocumentFact(
        kind=DocumentKind(row["kind"]),
        original=row["original"] == "yes",
        issuer=row.get("issuer"),
        confirmed_by=row.get("confirmed_by"),
        year=int(year) if year else None,
    )
