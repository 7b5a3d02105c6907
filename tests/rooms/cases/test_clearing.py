"""A month with a payer and a year's prepayment, over a real ledger."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adapter.cases import clearing, prepayment, reverse, settle
from adapter.cases.clearing import Batch
from adapter.cases.tools import Tools
from adapter.fhir.canonical import decode
from adapter.fhir.validation import validate
from adapter.model.case import Actor
from adapter.model.issues import AdapterError
from adapter.model.money import ZERO, Money
from adapter.model.settlement import Payer
from tests.support.office import FACILITY, act, case_id, codes, settle_case, settled_on, shares_of, take_in, work

pytestmark = pytest.mark.slow

STAY, OTHER = "300010004", "300010002"
HERE = ("bureau", FACILITY)
FUNDS = (Payer.BASIC, Payer.CRITICAL_ILLNESS)


@pytest.fixture
def month(tools: Tools, tmp_path: Path) -> date:
    """A stay that is settled; its month."""
    take_in(tools, tmp_path, STAY, OTHER)
    settle_case(STAY, tools)
    return settled_on(STAY, tools).replace(day=1)


def owed(stay: str, tools: Tools) -> Money:
    shares = shares_of(stay, tools)
    return Money.total(Money.yuan(shares[payer]) for payer in FUNDS if payer in shares)


def refusal(call: Callable[[], object]) -> list[str]:
    with pytest.raises(AdapterError) as caught:
        call()
    return codes(caught.value)


def declared(tools: Tools, month: date) -> Batch:
    return clearing.declare(*HERE, month, tools, act(tools))


def receive(tools: Tools, month: date, reference: str = "BF-1", why: str = "", **parts: Any) -> Batch:
    given = {name: Money.yuan(text) for name, text in parts.items()}
    return clearing.receive(*HERE, month, reference, tools, act(tools), why_deducted=why, **given)


def balances(tools: Tools) -> dict[str, str]:
    with tools.ledger.reading() as tx:
        return {account: amount.text for account, amount in tx.finance_balances().items() if amount}


@pytest.mark.rule("A-17")
def test_a_month_is_declared_answered_and_received(tools: Tools, month: date) -> None:
    gross = owed(STAY, tools)
    batch = declared(tools, month)
    assert (batch.state, batch.paper["gross"]) == ("declared", gross.text)
    assert {line["case_id"] for line in batch.paper["lines"]} == {case_id(STAY)}
    assert refusal(lambda: receive(tools, month, cash=gross.text)) == ["CASE-503"]  # the payer has not answered
    assert refusal(lambda: declared(tools, month)) == ["CASE-502"]
    assert refusal(lambda: clearing.agree(*HERE, month, " ", tools, act(tools))) == ["CASE-392"]
    clearing.agree(*HERE, month, "QS-1", tools, act(tools))
    short = {"cash": (gross - Money(12_00)).text, "deducted": "11.99"}
    assert refusal(lambda: receive(tools, month, why="超限", **short)) == ["CASE-392"]
    short["deducted"] = "12.00"
    assert refusal(lambda: receive(tools, month, **short)) == ["CASE-392"]  # no reason
    patient = shares_of(STAY, tools)[Payer.PATIENT]
    done = receive(tools, month, why="超限", **short)
    assert (done.state, done.again, done.issues) == ("received", False, ())
    found = balances(tools)
    assert found["loss/deducted"] == "12.00"
    assert found["cash/transfer"] == short["cash"]
    assert not any(account.endswith("/patient") for account in found)
    assert shares_of(STAY, tools)[Payer.PATIENT] == patient
    assert sum(Money.yuan(amount).fen for amount in found.values()) == 0
    again = receive(tools, month, why="超限", **short)
    assert again.again and balances(tools) == found
    assert refusal(lambda: receive(tools, month, cash=gross.text)) == ["CASE-393"]  # another content, same number
    _check_fhir(tools, Money.yuan(short["cash"]))
    assert tools.ledger.verify() == []
    tools.ledger.rebuild()
    assert balances(tools) == found


def _check_fhir(tools: Tools, cash: Money) -> None:
    with tools.ledger.reading() as tx:
        rows = [row for row in tx.journal(limit=10_000) if row.event.kind == "resources-recorded"]
        (version,) = list(rows[-1].event.data["versions"])  # type: ignore[attr-defined]
        row = tx.resource(version["type"], version["id"])
    assert row is not None
    resource = decode(row.body)
    assert resource["resourceType"] == "PaymentReconciliation"
    assert validate([resource]) == []
    assert resource["paymentAmount"]["value"] == cash.decimal
    assert sum(each["amount"]["value"] for each in resource["detail"]) == cash.decimal
    assert case_id(STAY) not in row.body.decode() and resource["meta"]["tag"]


def test_a_reversed_stay_is_taken_back_in_the_next_month(tools: Tools, month: date) -> None:
    first = declared(tools, month)
    next_month = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    assert refusal(lambda: declared(tools, next_month)) == ["CASE-391"]
    reverse.start_reversal(case_id(STAY), tools, act(tools))
    assert work(tools)
    settle_case(OTHER, tools)
    second = declared(tools, next_month)
    kinds = {(line["case_id"], line["kind"]) for line in second.paper["lines"]}
    assert (case_id(STAY), "reversed") in kinds
    with tools.ledger.reading() as tx:
        standing, test_profile = clearing.standing_of(tx, *HERE, tools)
        told = {key: amount for key, amount in clearing.declared_before(tx, *HERE).items() if amount}
    late = {key: each.amount for key, each in standing.items() if each.on.replace(day=1) <= next_month}
    assert told == late and test_profile
    assert Money.yuan(first.paper["gross"]) + Money.yuan(second.paper["gross"]) == Money.total(late.values())


def test_a_dispute_and_who_may_act(tools: Tools, month: date) -> None:
    declared(tools, month)
    gross = owed(STAY, tools)
    assert refusal(lambda: clearing.dispute(*HERE, month, gross, "x", tools, act(tools))) == ["CASE-392"]
    less = gross - Money(1)
    batch = clearing.dispute(*HERE, month, less, "超限用药", tools, act(tools))
    assert batch.paper["answer"]["recognised"] == less.text
    assert declared(tools, month).state == "declared"  # declared anew
    clearing.dispute(*HERE, month, less, "超限用药", tools, act(tools))
    receive(tools, month, cash=less.text, deducted="0.01", why="超限用药")
    service = tools.act(Actor("adapter"), "no person")
    assert refusal(lambda: clearing.declare(*HERE, month, tools, service)) == ["PRG-282"]
    assert refusal(lambda: clearing.declare("nobody", FACILITY, month, tools, act(tools))) == ["CASE-390"]
    assert refusal(lambda: clearing.batch_of("bureau", "H0", month, tools)) == ["CASE-391"]


@pytest.mark.rule("A-17", "A-18")
def test_a_prepaid_year(tools: Tools, month: date) -> None:
    year, gross = month.year, owed(STAY, tools)
    assert refusal(lambda: prepayment.prepayment_of(*HERE, year, tools, act(tools))) == ["CASE-391"]
    wrong = ("test_hunan_two_calls", "PRG-300")
    budget = (*HERE, year, Money.yuan("100000.00"), "医保预1号")
    assert refusal(lambda: prepayment.set_budget(*budget, wrong[0], tools, act(tools))) == [wrong[1]]
    planned = prepayment.set_budget(*budget, "test_county_plan", tools, act(tools))
    assert [each.amount.text for each in planned.planned.advances] == ["22500.00"] * 4
    for number in ("YF-1", "YF-1"):  # the same money twice books once
        now = prepayment.receive_prepayment(*HERE, year, Money.yuan("22500.00"), number, tools, act(tools))
    assert (now.again, now.year.prepaid.text, now.year.prepaid_left.text) == (True, "22500.00", "22500.00")
    declared(tools, month)
    clearing.agree(*HERE, month, "QS-1", tools, act(tools))
    kept = gross - gross.share(Decimal("0.90"))
    offset = min(gross - kept, Money.yuan("22500.00"))
    too_much = {"cash": (gross - Money.yuan("22500.01")).text, "offset": "22500.01"}
    assert refusal(lambda: receive(tools, month, **too_much)) == ["CASE-392"]
    done = receive(
        tools, month, cash=(gross - kept - offset - Money(1)).text, offset=offset.text, retained=(kept + Money(1)).text
    )
    assert codes(done) == ["CASE-394"]  # the payer kept a fen more than the clause gives
    result = prepayment.assess(*HERE, year, tools, act(tools), released=kept, returned=ZERO, document="KH-1")
    assert result.result is not None and result.result.forfeited == Money(1)
    stands = result.year
    assert (stands.settled, stands.offset, stands.retained, stands.deducted) == (gross, offset, ZERO, Money(1))
    assert stands.prepaid_left == Money.yuan("22500.00") - offset
    assert not any(account.endswith("/patient") for account in balances(tools))


def test_what_the_his_settled_itself_is_owed_too(tools: Tools, tmp_path: Path) -> None:
    stay = "300010014"
    take_in(tools, tmp_path, stay)
    settle.estimate(case_id(stay), tools, act(tools))
    settle.start_settlement(case_id(stay), tools, act(tools))
    assert work(tools)
    batch = declared(tools, settled_on(stay, tools))
    assert [(line["payer"], line["amount"]) for line in batch.paper["lines"]] == [("basic", owed(stay, tools).text)]
