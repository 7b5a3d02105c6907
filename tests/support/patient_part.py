"""A settled case whose patient owes, with the collection settings filled in; and what its books say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from adapter.cases.tools import Tools
from adapter.cases.window import payments, plans
from adapter.cases.window.account import Account, account_of
from adapter.cases.window.payments import Method, Moved
from adapter.fhir.canonical import decode
from adapter.fhir.validation import validate
from adapter.model.dates import local_day
from adapter.model.money import Money
from adapter.model.reference import DocumentFact, DocumentKind
from tests.support.collection import TABLE
from tests.support.office import TestClock, act, case_id, settle_case, take_in
from tests.support.programme import settings

STAY = "300010004"
#: Its patient was born in 1983, lives, and owes this much under the test profile.
CERTIFICATE = DocumentFact(DocumentKind.HARDSHIP_CERTIFICATE, issuer="示例村民委员会", confirmed_by="示例镇人民政府")


def with_collection(tools: Tools, *, programme: str | None = None, **extra: Any) -> Tools:
    """The same office with the blanks of the collection clauses filled in; None leaves one unset.

    Args:
        programme: puts every scheme under this programme instead.
    """
    schemes = {}
    for name, scheme in tools.book.schemes.items():
        under = programme or scheme.programme
        of_scheme = scheme.settings if under == scheme.programme else settings(under)
        chosen = {**of_scheme, **TABLE["settings"][under], **extra}
        kept = {key: value for key, value in chosen.items() if value is not None}
        schemes[name] = replace(scheme, programme=under, settings=kept)
    return replace(tools, book=replace(tools.book, schemes=schemes))


def settled(tools: Tools, folder: Path, stay: str = STAY) -> Money:
    """Take a stay in and settle it; what its patient owes."""
    take_in(tools, folder, stay)
    settle_case(stay, tools)
    return account(tools, stay).part.share


def account(tools: Tools, stay: str = STAY) -> Account:
    with tools.ledger.reading() as tx:
        return account_of(tx, case_id(stay))


def pay(tools: Tools, amount: Money, receipt: str, method: Method = Method.CASH) -> Moved:
    return payments.pay(case_id(STAY), amount, method, receipt, tools, act(tools, "收款"))


def refund(tools: Tools, amount: Money, receipt: str) -> Moved:
    return payments.refund(case_id(STAY), amount, Method.CASH, receipt, tools, act(tools, "退款"))


def today(tools: Tools) -> date:
    return local_day(tools.clock.now())


def days(tools: Tools, *ahead: int) -> list[date]:
    return [today(tools) + timedelta(days=each) for each in ahead]


def later(tools: Tools, by: int) -> None:
    """Set the clock forward by days."""
    assert isinstance(tools.clock, TestClock)
    tools.clock.moment += timedelta(days=by)


def sign(tools: Tools, *ahead: int, amounts: tuple[Money, ...] = ()) -> plans.Signed:
    dues = days(tools, *ahead)
    told = act(tools, "困难")
    return plans.sign(case_id(STAY), dues, tools, told, amounts=amounts, certificate=CERTIFICATE)


def balances(tools: Tools) -> Mapping[str, Money]:
    with tools.ledger.reading() as tx:
        return {name: net for name, net in tx.balances(case_id(STAY)).items() if net}


def books_agree(tools: Tools) -> None:
    """What the books say is owed is the balance; and every batch has two equal sides."""
    booked = balances(tools)
    assert booked.get("receivable/patient", Money(0)) == account(tools).part.balance
    assert Money.total(booked.values()) == Money(0)


def state(tools: Tools, machine: str = "patient-part", subject: str = "") -> str:
    with tools.ledger.reading() as tx:
        return str(tx.state(case_id(STAY), machine, subject))


def resources(tools: Tools, *kinds: str) -> list[dict[str, Any]]:
    """The case's own resources of these types, each of them valid."""
    with tools.ledger.reading() as tx:
        every = [decode(row.body) for row in tx.resources_of_case(case_id(STAY))]
    assert [issue for issue in validate(every) if issue.stops] == []
    return [each for each in every if each["resourceType"] in kinds]
