"""Settlements, postings and accumulators: exact, balanced, and net zero after a reversal."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapter.ledger.ledger import Ledger
from adapter.ledger.rows import Posting
from adapter.model.claim import YearToDate
from adapter.model.issues import AdapterError
from adapter.model.money import ZERO, Money
from tests.rooms.ledger.world import SOURCE, accruals, after, by, entries, open_case, settlement


@pytest.fixture
def case_id(ledger: Ledger) -> str:
    with ledger.transaction() as tx:
        opened = open_case(tx)
        assert tx.new_version(opened, **by()) == 1
        return opened


def test_a_settlement_comes_back_as_it_was(ledger: Ledger, case_id: str) -> None:
    estimate = replace(settlement(case_id), complete=False)
    with ledger.transaction() as tx:
        assert tx.settlement(case_id) is None
        tx.save_settlement(case_id, 1, estimate, **by())
        tx.save_settlement(case_id, 1, settlement(case_id), **by(1))
        assert tx.new_version(case_id, **by(2)) == 2
        assert tx.settlement(case_id) is None, "the newest version has none yet"
        assert tx.settlement(case_id, 1) == settlement(case_id)


def test_versions_and_cases_must_exist(ledger: Ledger, case_id: str) -> None:
    with ledger.transaction() as tx:
        for refused, code in (
            (lambda: tx.save_settlement(case_id, 2, settlement(case_id), **by()), "LED-414"),
            (lambda: tx.post(case_id, 2, entries(), **by()), "LED-414"),
            (lambda: tx.new_version("nobody", **by()), "LED-404"),
        ):
            with pytest.raises(AdapterError) as raised:
                refused()
            assert raised.value.issues[0].code == code


def test_postings_balance_or_are_refused(ledger: Ledger, case_id: str) -> None:
    with ledger.transaction() as tx:
        one_fen_off = [*entries()[:2], Posting("charges", credit=Money.yuan("5000.01"))]
        with pytest.raises(AdapterError) as raised:
            tx.post(case_id, 1, one_fen_off, **by())
        assert raised.value.issues[0].code == "LED-410"
        with pytest.raises(ValueError, match="one side"):
            tx.post(case_id, 1, [Posting("charges", Money(1), Money(1))], **by())
        with pytest.raises(ValueError, match="entries"):
            tx.post(case_id, 1, [], **by())
        assert tx.postings(case_id) == []
        assert tx.post(case_id, 1, entries(), **by()) == 1
        assert [row.posting for row in tx.postings(case_id, 1)] == entries()


def test_a_reversal_books_the_opposite_once(ledger: Ledger, case_id: str) -> None:
    with ledger.transaction() as tx:
        tx.post(case_id, 1, entries(), **by())
        tx.post(
            case_id, 1, [Posting("cash", debit=Money(100)), Posting("receivable/patient", credit=Money(100))], **by()
        )
        assert tx.balances(case_id)["receivable/patient"] == Money.yuan("2539.00")
        assert tx.reverse_postings(case_id, 1, **by(1)) == [3, 4]
        assert tx.reverse_postings(case_id, 1, **by(2)) == []
        assert set(tx.balances(case_id).values()) == {ZERO}
        assert [row.reverses for row in tx.postings(case_id)] == [None] * 5 + [1] * 3 + [2] * 2
        assert tx.post(case_id, 1, entries(), **by(3)) == 5, "what comes after a reversal stands again"
        assert tx.reverse_postings(case_id, 1, **by(4)) == [6]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(-(10**12), 10**12), min_size=1, max_size=8))
def test_any_balanced_batch_nets_to_zero_after_reversal(ledger: Ledger, amounts: list[int]) -> None:
    with ledger.transaction() as tx:
        case_id = open_case(tx, tx.health().cases + 1)
        tx.new_version(case_id, **by())
        batch = [Posting(f"a{number}", debit=Money(fen)) for number, fen in enumerate(amounts)]
        tx.post(case_id, 1, [*batch, Posting("charges", credit=Money(sum(amounts)))], **by())
        assert Money.total(tx.balances(case_id).values()) == ZERO
        tx.reverse_postings(case_id, 1, **by())
        assert set(tx.balances(case_id, 1).values()) == {ZERO}


def test_accruals_are_added_once_and_taken_back(ledger: Ledger, case_id: str) -> None:
    with ledger.transaction() as tx:
        tx.accumulate(accruals(), case_id, 1, **by())
        tx.accumulate(accruals(), case_id, 1, **by(1))
        assert tx.year_to_date(SOURCE, "P-1", 2021).get("basic.deductible") == Money.yuan("500.00")
        with pytest.raises(AdapterError) as raised:
            tx.accumulate(accruals("500.01"), case_id, 1, **by(2))
        assert raised.value.issues[0].code == "LED-411"
        with pytest.raises(AdapterError):
            tx.accumulate(accruals(person="P-2"), case_id, 1, **by(2))
        back = tx.reverse_accruals(case_id, 1, **by(3))
        assert {accrual.amount for accrual in back} == {Money.yuan("-500.00"), Money.yuan("-2460.00")}
        assert tx.reverse_accruals(case_id, 1, **by(4)) == ()
        assert set(dict(tx.year_to_date(SOURCE, "P-1", 2021).amounts).values()) == {ZERO}
        tx.new_version(case_id, **by(5))
        tx.accumulate(accruals("300.00"), case_id, 2, **by(5))
        assert tx.year_to_date(SOURCE, "P-1", 2021).get("basic.deductible") == Money.yuan("300.00")


def test_the_year_leaves_out_the_case_other_persons_years_and_sources(ledger: Ledger, case_id: str) -> None:
    with ledger.transaction() as tx:
        tx.accumulate(accruals(), case_id, 1, **by())
        for number, person, source in ((2, "P-1", SOURCE), (3, "P-2", SOURCE), (4, "P-1", "other_hospital")):
            other = open_case(tx, number, person=person, source=source)
            tx.new_version(other, **by())
            tx.accumulate(accruals("100.00", person), other, 1, **by())
        year = tx.year_to_date(SOURCE, "P-1", 2021)
        assert (year.source, year.get("basic.deductible")) == ("own", Money.yuan("600.00"))
        without = tx.year_to_date(SOURCE, "P-1", 2021, case_id)
        assert (without.excludes_case, without.get("basic.deductible")) == (case_id, Money.yuan("100.00"))
        assert tx.year_to_date(SOURCE, "P-1", 2020).amounts == ()


def test_what_the_payer_said_is_kept_with_its_time(ledger: Ledger, case_id: str) -> None:
    first = YearToDate(2021, (("basic.paid", Money.yuan("10.01")),), "payer", after(1), case_id)
    second = YearToDate(2021, (("basic.paid", Money.yuan("20.02")),), "payer", after(2))
    with ledger.transaction() as tx:
        for answer in (second, first, first):
            tx.record_asked(SOURCE, "P-1", answer, endpoint="bureau", case_id=case_id, **by(3))
        assert tx.asked(SOURCE, "P-1", 2021, "bureau") == second
        assert tx.asked(SOURCE, "P-1", 2021, "civil-affairs") is None
        assert tx.asked("other", "P-1", 2021, "bureau") is None
    with ledger.reading() as tx:
        assert [line.event.kind for line in tx.journal(case_id)].count("year-asked") == 2
