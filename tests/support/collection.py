"""Collection terms of the two programmes with test settings, and the debts that the tests are about."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from adapter.model.case import Actor
from adapter.model.money import ZERO, Money
from adapter.model.reference import DocumentFact, DocumentKind
from adapter.rules.policy.load import read_plain
from adapter.rules.programme.collection import CollectionTerms, read_collection
from adapter.rules.programme.instalments import Instalment, Plan, sign_plan, spread
from adapter.rules.programme.patient_part import PatientPart
from tests.support.programme import PROGRAMMES, settings

ROOT = Path(__file__).parents[2]
TABLE: Any = read_plain(ROOT / "fixtures/programme/collection.yaml")
COUNTY, YONGZHOU = "county-plan-2021", "yongzhou-2017-67"
CASE = "CASE-1"
CLERK = Actor("F009", "finance")
SERVICE = Actor("adapter")
SIGNED = date(2020, 3, 20)
CERTIFICATE = DocumentFact(DocumentKind.HARDSHIP_CERTIFICATE, issuer="示例村民委员会", confirmed_by="示例镇人民政府")


def terms(name: str, **extra: Any) -> CollectionTerms:
    """A programme's clauses; a setting given as None is left unset."""
    chosen = {**settings(name), **TABLE["settings"][name], **extra}
    return read_collection(PROGRAMMES[name], {key: value for key, value in chosen.items() if value is not None})


def part(share: str = "1000.00", paid: Money = ZERO) -> PatientPart:
    owed = PatientPart(CASE, Money.yuan(share), "永卫计发〔2017〕67号 三(二)")
    return owed.pay(paid) if paid else owed


def plan(owed: PatientPart, *dues: date, before: Plan | None = None, signed: date = SIGNED) -> Plan:
    return sign_plan(
        owed,
        rows(owed.still_open, *dues),
        CERTIFICATE,
        terms(YONGZHOU),
        signed=signed,
        signed_by="99999",
        before=before,
    )


def rows(balance: Money, *dues: date) -> tuple[Instalment, ...]:
    return spread(balance, dues)
