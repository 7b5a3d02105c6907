"""Several threads on one store: nothing twice, nothing lost, one chain."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest

from adapter.ledger.issues import LedgerBusy
from adapter.ledger.ledger import Ledger
from adapter.model.case import EntitlementState
from adapter.model.issues import AdapterError, MoveRefused
from adapter.model.messages import Outcome
from adapter.model.money import Money
from tests.rooms.ledger.world import SOURCE, accruals, after, by, entries, message, open_case, receipt, resource


def at_once(work: Callable[[int], object], times: int) -> list[object]:
    """Results of the same work in several threads that start together; an AdapterError is a result too."""
    together = threading.Barrier(times)

    def one(number: int) -> object:
        together.wait(10)
        try:
            return work(number)
        except AdapterError as error:
            return error

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(one, range(times)))


def test_two_workers_never_get_the_same_message(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        case_id = open_case(tx)
        for number in range(60):
            key = f"P-{number % 5}/2021" if number < 30 else None
            tx.enqueue(message(case_id, f"m{number:02}", order_key=key), **by())

    def drain(worker: int) -> list[str]:
        mine: list[str] = []
        for _ in range(100):
            with ledger.transaction() as tx:
                got = tx.lease(f"w{worker}", now=after(), lease_seconds=600, limit=4)
            mine += [one.key for one in got]
            for one in got:
                with ledger.transaction() as tx:
                    tx.record(one.key, receipt(), worker=f"w{worker}")
            with ledger.reading() as tx:
                if tx.health().outbox["bureau"].get("done") == 60:
                    break
        return mine

    drained = at_once(drain, 4)
    taken = [key for mine in drained for key in mine]  # type: ignore[attr-defined]
    assert len(taken) == len(set(taken)) == 60
    with ledger.reading() as tx:
        assert {row.message.attempts for row in tx.outbox()} == {1}
        order = {}
        for line in tx.journal():
            if line.event.kind == "message-leased":
                row = tx.message(str(line.event.data["key"]))
                assert row is not None
                order.setdefault(row.message.order_key, []).append(row.message.key)
    order.pop(None)
    assert all(keys == sorted(keys) for keys in order.values()), "one order key, one sequence"
    assert ledger.verify() == []


def test_of_two_conflicting_moves_one_wins(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        case_id = open_case(tx)
        tx.start(case_id, "entitlement", EntitlementState.UNASSESSED, **by())

    def grant_or_refuse(number: int) -> str:
        with ledger.transaction() as tx:
            after_ = EntitlementState.PROVISIONAL if number % 2 else EntitlementState.REFUSED
            tx.move(case_id, "entitlement", after_, **by(number))
            return "moved"

    outcomes = at_once(grant_or_refuse, 6)
    moved = [outcome for outcome in outcomes if outcome == "moved"]
    refused = [outcome for outcome in outcomes if isinstance(outcome, MoveRefused)]
    assert len(moved) + len(refused) == 6
    with ledger.reading() as tx:
        moves = [line.event.data for line in tx.journal(case_id) if line.event.kind == "machine-moved"]
    assert len(moves) == len(moved) in (1, 2)  # provisional may still become refused
    assert all(one["after"] == two["before"] for one, two in pairwise(moves))


def test_a_stay_gets_one_case(ledger: Ledger) -> None:
    def open_it(_: int) -> str:
        with ledger.transaction() as tx:
            return open_case(tx)

    outcomes = at_once(open_it, 5)
    assert sum(isinstance(outcome, str) for outcome in outcomes) == 1
    assert {outcome.issues[0].code for outcome in outcomes if isinstance(outcome, AdapterError)} == {"LED-405"}


def test_the_same_file_and_message_from_many_sides(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        case_id = open_case(tx)

    def bring(number: int) -> tuple[bool, bool]:
        with ledger.transaction() as tx:
            new_message = tx.enqueue(message(case_id), **by(number))
            return tx.receive(SOURCE, "ZY_BRRY.xml", "d" * 64, 3, b"raw", **by(number)).new, new_message

    outcomes = at_once(bring, 5)
    assert sorted(outcomes) == [(False, False)] * 4 + [(True, True)]  # type: ignore[type-var]


def test_stays_of_one_patient_write_their_shared_resources(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        ids = [open_case(tx, number) for number in range(5)]

    def put(number: int) -> int:
        with ledger.transaction() as tx:
            tx.put_resources(SOURCE, ids[number], [resource(text=str(number))], **by(number))
            return number

    at_once(put, 5)
    with ledger.reading() as tx:
        versions = tx.history("Patient", "p-1")
        assert [row.version for row in versions] == [1, 2, 3, 4, 5]
        assert [row.newest for row in versions] == [False] * 4 + [True]


def test_work_on_many_cases_at_once_replays_the_same(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        ids = [open_case(tx, number) for number in range(4)]
        for case_id in ids:
            tx.new_version(case_id, **by())

    def settle(number: int) -> None:
        for version in (1, 2):
            with ledger.transaction() as tx:
                year = tx.year_to_date(SOURCE, "P-1", 2021, ids[number])
                taken = "0.00" if year.get("basic.deductible") else "500.00"
                tx.accumulate(accruals(taken), ids[number], version, **by())
                tx.post(ids[number], version, entries(), **by())
                tx.enqueue(message(ids[number], f"v{version}", order_key="P-1/2021"), **by())
                tx.new_version(ids[number], **by())

    assert at_once(settle, 4) == [None] * 4
    with ledger.reading() as tx:
        health = tx.health()
        year = tx.year_to_date(SOURCE, "P-1", 2021)
    assert year.get("basic.deductible") in (Money.yuan("500.00"), Money.yuan("1000.00")), (
        "nobody took it beside another"
    )
    assert health.outbox == {"bureau": {"pending": 8}}
    assert ledger.verify() == []
    assert ledger.rebuild() == health.journal_length
    with ledger.reading() as tx:
        assert tx.year_to_date(SOURCE, "P-1", 2021) == year


def test_waiting_too_long_is_said_and_nothing_is_written(url: str) -> None:
    with Ledger.open(url, busy_seconds=1) as ledger:
        with ledger.transaction() as tx:
            case_id = open_case(tx)
            before = tx.health().journal_length
        entered, leave = threading.Event(), threading.Event()

        def sit() -> None:
            with ledger.transaction() as tx:
                tx.note(case_id, "sitting", {}, **by())
                tx.set_held(case_id, [], **by())
                entered.set()
                leave.wait(20)

        sitting = threading.Thread(target=sit)
        sitting.start()
        assert entered.wait(10)
        with pytest.raises(LedgerBusy) as raised, ledger.transaction() as tx:
            tx.enqueue(message(case_id), **by())
        leave.set()
        sitting.join(20)
        assert raised.value.issues[0].code == "LED-403"
        with ledger.reading() as tx:
            assert tx.messages_of_case(case_id) == []
            assert tx.health().journal_length == before + 3


def test_readers_see_one_moment_and_wait_for_nobody(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        open_case(tx)
    with ledger.reading() as reader:
        assert reader.health().cases == 1
        with ledger.transaction() as tx:
            open_case(tx, 2)
            tx.enqueue(message(f"{SOURCE}-2"), **by())
        assert reader.health().cases == 1
        assert reader.outbox(outcome=Outcome.ACCEPTED) == []
    with ledger.reading() as reader:
        assert reader.health().cases == 2
