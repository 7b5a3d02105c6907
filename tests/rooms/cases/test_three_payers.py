"""Insurance, a commercial supplement and medical aid, one after the other: settled, reconciled, undone backwards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from adapter.cases import reconcile, reverse, settle
from adapter.cases.tools import Tools
from adapter.counterparts import web
from adapter.counterparts.desk import Desk
from adapter.counterparts.faults import Faults
from adapter.counterparts.state import state
from adapter.model.case import BillState
from adapter.model.messages import Stage
from adapter.model.money import ZERO, Money
from adapter.model.settlement import Authority, Payer
from adapter.payers.delivery.endpoints.fhir.endpoint import FhirEndpoint
from adapter.rules.policy.book import PolicyBook
from adapter.rules.policy.load import read_tree
from adapter.rules.policy.plan_file import policy_of
from adapter.rules.policy.scheme_file import scheme_of
from tests.support.bad_days import _config, _road, desk_of
from tests.support.counterparts import ROOT
from tests.support.office import (
    FACILITY,
    TestClock,
    act,
    case_id,
    office,
    policy_book,
    row_of,
    settled_on,
    settlement_of,
    take_in,
    work,
)

#: Registered poor; of her supplement's 3000.00 of the year, 2900.00 were used elsewhere.
STAY = "300010004"
CASE = case_id(STAY)
#: By endpoint, in the order of the scheme's calls: the simulator and how a claim travels.
PAYERS: Mapping[str, tuple[str, str]] = {
    "bureau": ("bureau", "submit"),
    "insurer": ("commercial", "submit"),
    "civil-affairs": ("aid", "transaction"),
}
ANSWERS = {
    "bureau": (Payer.BASIC, Payer.CRITICAL_ILLNESS),
    "insurer": (Payer.COMMERCIAL,),
    "civil-affairs": (Payer.MEDICAL_AID,),
}


@cache
def three_payers() -> PolicyBook:
    """The book with the fixture's scheme in place of the hospital's own."""
    book = policy_book()
    plan = ROOT / "fixtures" / "endpoints" / "plans" / "test_commercial" / "commercial.yaml"
    name = "test_commercial/commercial"
    plans = {**book.plans, name: policy_of(read_tree(plan), name=name)}
    file = ROOT / "fixtures" / "schemes" / "test_three_payers.yaml"
    scheme = scheme_of(read_tree(file), file.stem, plans, book.programmes)
    return PolicyBook({scheme.name: scheme}, plans, book.programmes)


@dataclass
class Three:
    """The office and its payers' desks."""

    tools: Tools
    desks: Mapping[str, Desk]

    def told(self, name: str) -> dict[str, Any]:
        return state(self.desks[name])

    def order(self, stage: Stage) -> list[str]:
        """Endpoints in the order in which they were sent a stage."""
        with self.tools.ledger.reading() as tx:
            rows = tx.messages_of_case(CASE)
        return [each.message.endpoint for each in rows if each.message.stage is stage and each.message.effect]


@contextmanager
def three(folder: Path) -> Iterator[Three]:
    clock, desks, endpoints = TestClock(), dict[str, Desk](), dict[str, Any]()
    with ExitStack() as stack:
        for name, (role, form) in PAYERS.items():
            desks[name] = desk_of(stack, folder, role, clock)
            faults, address = Faults(), f"https://{name}.example/fhir"
            _road(stack, web.build(desks[name], faults), faults, web, clock, address)
            endpoints[name] = FhirEndpoint(_config(name, "fhir", address, form), clock)
            stack.callback(endpoints[name].close)
        tools = stack.enter_context(office(folder, endpoints, clock=clock))
        yield Three(replace(tools, book=three_payers()), desks)


@pytest.mark.slow
def test_a_stay_is_settled_over_three_payers_reconciled_and_undone_backwards(tmp_path: Path) -> None:
    with three(tmp_path) as world:
        tools = world.tools
        assert not take_in(tools, tmp_path, STAY).stopped
        settle.start_trial(CASE, tools, act(tools, "trial"))
        assert work(tools)
        settle.start_settlement(CASE, tools, act(tools, "settlement"))
        assert work(tools)

        assert row_of(STAY, tools).bill is BillState.SETTLED
        assert list(dict.fromkeys(world.order(Stage.SETTLE))) == list(PAYERS)
        bill = settlement_of(STAY, tools)
        shares = {share.payer: share for share in bill.shares}
        assert Money.total(share.amount for share in bill.shares) == bill.total
        assert shares[Payer.COMMERCIAL].amount == Money.yuan("100.00"), "what is left of the year's ceiling"
        for name, payers in ANSWERS.items():
            for payer in payers:
                assert shares[payer].authority is Authority.PAYER
                assert Money.yuan(world.told(name)["paid"].get(str(payer), "0.00")) == shares[payer].amount
        later = [shares[payer] for payer in (Payer.COMMERCIAL, Payer.MEDICAL_AID)]
        assert [(share.variance, bool(share.amount)) for share in later] == [(ZERO, True)] * 2, "both sides agree"

        on = settled_on(STAY, tools)
        for name in PAYERS:
            found = reconcile.reconcile_day(name, on, FACILITY, tools, act(tools))
            assert found.agrees and found.ours_count == 1
            assert found.ours_total == Money.total(shares[payer].amount for payer in ANSWERS[name])

        reverse.start_reversal(CASE, tools, act(tools, "undo"))
        assert work(tools)
        assert row_of(STAY, tools).bill is BillState.REVERSED
        assert world.order(Stage.REVERSE) == [*PAYERS][::-1]
        assert state(world.desks["insurer"])["year_to_date"]["T00000004"]["2021"]["commercial.paid"] == "2900.00"
        for name in PAYERS:
            assert (world.told(name)["settled"], world.told(name)["reversed"]) == (0, 1)
            assert world.told(name)["least_data_breaches"] == {}
            found = reconcile.reconcile_day(name, on, FACILITY, tools, act(tools))
            assert found.agrees and found.ours_total == ZERO
        with tools.ledger.reading() as tx:
            assert set(tx.balances(CASE).values()) <= {ZERO}
