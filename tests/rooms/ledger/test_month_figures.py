"""Figures of a month: the edges of its days and moments, and what a reversal does to them."""

from __future__ import annotations

from datetime import date, timedelta

from adapter.ledger.ledger import Ledger
from adapter.ledger.month_figures import Flow, StateCount
from adapter.ledger.rows import Posting
from adapter.model.case import CreditState, PlanState
from adapter.model.money import Money
from tests.rooms.ledger.world import SOURCE, after, by, open_case

FUND = "receivable/risk-fund"
CLAIM = [Posting(FUND, debit=Money(8000)), Posting("allowance/patient", credit=Money(8000))]


def test_the_first_and_the_last_day_count(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        open_case(tx)  # admitted 2021-02-20
        open_case(tx, 2, source="another")
        for first, last, found in (
            (date(2021, 2, 20), date(2021, 2, 28), {SOURCE: 1, "another": 1}),
            (date(2021, 2, 1), date(2021, 2, 20), {SOURCE: 1, "another": 1}),
            (date(2021, 2, 21), date(2021, 2, 28), {}),
        ):
            assert tx.stays_by_day("admitted", first, last) == found
        assert tx.stays_by_day("discharged", date(2021, 1, 1), date(2021, 12, 31)) == {}
        assert tx.schemes_in_use() == ["test_hunan_two_calls"]


def test_states_are_counted_by_source(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        case_id, other = open_case(tx), open_case(tx, 2, source="another")
        tx.start(case_id, "plan", PlanState.SIGNED, subject="1", **by())
        tx.move(case_id, "plan", PlanState.OVERDUE, subject="1", **by(1))
        tx.start(other, "plan", PlanState.SIGNED, subject="1", **by())
        tx.start(case_id, "credit", CreditState.CLEAR, subject="P-1", **by())
        assert tx.states_by_source("plan") == [StateCount("another", "signed", 1), StateCount(SOURCE, "overdue", 1)]
        before = (date(2020, 1, 1), date(2020, 12, 31))
        assert tx.states_by_source("plan", before) == []


def test_money_that_moved_stands_apart_and_a_reversal_takes_a_claim_back(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        case_id = open_case(tx)
        tx.new_version(case_id, **by())
        tx.post(case_id, 1, CLAIM, **by(10))
        came = [
            Posting("cash/transfer", debit=Money(3000), reference="F-1"),
            Posting(FUND, credit=Money(3000), reference="F-1"),
        ]
        tx.post(case_id, 1, came, **by(20))
        assert tx.flows(FUND, after(10), after(20)) == [Flow(SOURCE, False, 1, Money(8000))]
        assert tx.flows(FUND, after(11), after(20)) == []
        assert tx.flows(FUND, after(20), after(20) + timedelta(microseconds=1)) == [Flow(SOURCE, True, 1, Money(-3000))]
        tx.reverse_postings(case_id, 1, keep="cash/", **by(30))
        assert tx.flows(FUND, after(0), after(40)) == [
            Flow(SOURCE, False, 1, Money(0)),
            Flow(SOURCE, True, 1, Money(-3000)),
        ]


def test_notes_come_in_order_and_by_name(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        case_id = open_case(tx)
        for number, what in enumerate(("deposit-asked", "viewed", "deposit-asked")):
            tx.note(case_id, what, {"number": number}, **by(number))
    with ledger.reading() as tx:
        found = list(tx.notes_of_admitted("deposit-asked", date(2021, 2, 1), date(2021, 2, 28)))
        assert found == [(SOURCE, case_id, {"number": 0}), (SOURCE, case_id, {"number": 2})]
        assert list(tx.notes_of_admitted("deposit-asked", date(2021, 3, 1), date(2021, 3, 31))) == []
