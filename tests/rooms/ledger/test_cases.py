"""Cases and machines, files and parked records, resources: what is kept, and that the same again changes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pytest

from adapter.ledger.ledger import Ledger
from adapter.ledger.rows import ResourceIn
from adapter.ledger.session import digest_of
from adapter.model.case import BillState, CallState, EntitlementState, StayState
from adapter.model.issues import AdapterError, MoveRefused
from tests.rooms.ledger.world import CLERK, SOURCE, after, by, open_case, resource, some_issue


def code_of(raised: pytest.ExceptionInfo[AdapterError]) -> str:
    return raised.value.issues[0].code


def journal_length(ledger: Ledger) -> int:
    with ledger.reading() as tx:
        return tx.health().journal_length


def test_a_case_is_opened_once(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        case_id = open_case(tx)
    with pytest.raises(AdapterError) as raised, ledger.transaction() as tx:
        open_case(tx)
    assert code_of(raised) == "LED-405"
    with ledger.reading() as tx:
        case = tx.find_case(SOURCE, "1")
        assert case is not None
        assert case == tx.case(case_id)
        assert (case.admitted, case.discharged, case.version, case.held) == (date(2021, 2, 20), None, 0, False)
        assert case.opened_at == after()
        assert tx.find_case("other", "1") is None
        assert tx.case("nobody") is None


def test_amending_writes_only_what_differs(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        case_id = open_case(tx)
        tx.amend_case(case_id, discharged=date(2021, 3, 1), scheme="test_hunan_two_calls", **by())
    length = journal_length(ledger)
    with ledger.transaction() as tx:
        case = tx.amend_case(case_id, discharged=date(2021, 3, 1), person_key="P-1", **by())
        assert case.discharged == date(2021, 3, 1)
    assert journal_length(ledger) == length
    with ledger.reading() as tx:
        assert tx.journal(case_id)[-1].event.data == {"discharged": "2021-03-01"}


def test_machines_follow_their_tables(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        case_id = open_case(tx)
        tx.start(case_id, "entitlement", EntitlementState.UNASSESSED, **by())
        tx.move(case_id, "entitlement", EntitlementState.GRANTED, data={"register": "R-1"}, **by(1, "建档立卡"))
    with pytest.raises(MoveRefused) as raised, ledger.transaction() as tx:
        tx.move(case_id, "entitlement", EntitlementState.PROVISIONAL, **by(2))
    assert code_of(raised) == "CASE-301"
    with pytest.raises(AdapterError) as raised, ledger.transaction() as tx:
        tx.move(case_id, "stay", StayState.CLOSED, **by(2))
    assert code_of(raised) == "LED-406"
    with pytest.raises(AdapterError) as raised, ledger.transaction() as tx:
        tx.start(case_id, "entitlement", EntitlementState.UNASSESSED, **by(2))
    assert code_of(raised) == "LED-407"
    with ledger.reading() as tx:
        (row,) = tx.states(case_id)
        assert (row.state, row.since) == (EntitlementState.GRANTED, after(1))
        event = tx.journal(case_id)[-1].event
        assert (event.actor, event.reason, event.at) == (CLERK, "建档立卡", after(1))
        assert event.data["data"] == {"register": "R-1"}


def test_a_state_of_another_machine_is_refused(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="granted"), ledger.transaction() as tx:
        tx.start(open_case(tx), "stay", EntitlementState.GRANTED, **by())


def test_the_case_row_shows_the_newest_bill(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        case_id = open_case(tx)
        for state in (BillState.DRAFT, BillState.SETTLED):
            tx.start(case_id, "bill", state, subject=str(tx.new_version(case_id, **by())), **by())
        tx.start(case_id, "call", CallState.EXPECTED, subject="2/insurance", **by())
        case = tx.case(case_id)
        assert case is not None
        assert (case.version, case.bill) == (2, BillState.SETTLED)
        assert tx.state(case_id, "bill", "1") is BillState.DRAFT
        assert tx.cases(in_states={"bill": [BillState.DRAFT]}) == []
        assert tx.cases(in_states={"bill": [BillState.SETTLED], "call": [CallState.EXPECTED]}) == [case]


def test_held_cases_show_their_issues_and_go_on(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        case_id = open_case(tx)
        open_case(tx, 2)
        tx.set_held(case_id, [some_issue()], **by())
    length = journal_length(ledger)
    with ledger.transaction() as tx:
        tx.set_held(case_id, [some_issue()], **by(1))
        tx.clear_held(f"{SOURCE}-2", **by(1))
        assert [case.issues for case in tx.cases(held=True)] == [(some_issue(),)]
    assert journal_length(ledger) == length
    with ledger.transaction() as tx:
        tx.clear_held(case_id, **by(2))
        assert tx.cases(held=True) == []
        with pytest.raises(AdapterError) as raised:
            tx.set_held("nobody", [], **by())
        assert code_of(raised) == "LED-404"


def test_cases_come_page_by_page(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        ids = sorted(open_case(tx, number, person=f"P-{number % 2}") for number in range(7))
        open_case(tx, 1, source="other")
        first = tx.cases(source=SOURCE, limit=4)
        rest = tx.cases(source=SOURCE, limit=4, after=first[-1].case_id)
        assert [case.case_id for case in first + rest] == ids
        assert len(tx.cases(source=SOURCE, person_key="P-1")) == 3


def test_papers_and_notes(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        case_id = open_case(tx)
        tx.file_paper(case_id, "assessment", {"state": "granted", "名": ["一", None, 2, True]}, **by())
        tx.file_paper("", "reconciliation/bureau/2021-03-01", {"count": 0}, **by())
    length = journal_length(ledger)
    with ledger.transaction() as tx:
        tx.file_paper(case_id, "assessment", {"state": "granted", "名": ["一", None, 2, True]}, **by())
    assert journal_length(ledger) == length
    with ledger.transaction() as tx:
        assert tx.paper(case_id, "assessment") == {"state": "granted", "名": ["一", None, 2, True]}
        assert tx.paper("", "reconciliation/bureau/2021-03-01") == {"count": 0}
        assert tx.paper(case_id, "trial") is None
        with pytest.raises(TypeError, match="float"):
            tx.file_paper(case_id, "trial", {"amounts": [{"yuan": 0.1}]}, **by())
        with pytest.raises(TypeError, match="float"):
            tx.note(case_id, "seen", {"yuan": 0.1}, **by())


def test_a_reading_transaction_writes_nothing(ledger: Ledger) -> None:
    with pytest.raises(RuntimeError, match="only reads"), ledger.reading() as tx:
        open_case(tx)


def test_a_moment_without_a_zone_is_refused(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="zone"), ledger.transaction() as tx:
        tx.note("", "seen", {}, at=datetime(2021, 3, 1), actor=CLERK, reason="")  # noqa: DTZ001


def test_resources_have_a_row_per_version(ledger: Ledger) -> None:
    one, two = resource(text="甲"), resource(text="乙")
    with ledger.transaction() as tx:
        case_id = open_case(tx)
        put = tx.put_resources(SOURCE, case_id, [one, resource("Encounter", "e-1")], **by())
        assert [(p.type, p.version, p.changed) for p in put] == [("Patient", 1, True), ("Encounter", 1, True)]
    length = journal_length(ledger)
    with ledger.transaction() as tx:
        assert [p.changed for p in tx.put_resources(SOURCE, case_id, [one], **by(1))] == [False]
    assert journal_length(ledger) == length
    with ledger.transaction() as tx:
        (put_two,) = tx.put_resources(SOURCE, case_id, [two], **by(2))
        assert (put_two.version, put_two.changed) == (2, True)
        newest = tx.resource("Patient", "p-1")
        assert newest is not None
        assert (newest.version, newest.body, newest.newest, newest.at) == (2, two.body, True, after(2))
        older = tx.resource("Patient", "p-1", 1)
        assert older is not None
        assert (older.body, older.newest) == (one.body, False)
        assert [row.version for row in tx.history("Patient", "p-1")] == [1, 2]
        assert tx.resource("Patient", "p-1", 3) is None


def test_the_digest_decides_whether_a_resource_changed(ledger: Ledger) -> None:
    """A caller may leave things out of its digest (a time stamp); the bytes of the first version stay."""
    with ledger.transaction() as tx:
        first = ResourceIn("Claim", "c", b'{"created":"2021"}', "d" * 64)
        tx.put_resources(SOURCE, None, [first], **by())
        (again,) = tx.put_resources(SOURCE, None, [replace(first, body=b'{"created":"2022"}')], **by())
        kept = tx.resource("Claim", "c")
        assert not again.changed
        assert kept is not None
        assert kept.body == first.body


def test_resources_shared_by_two_stays(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        first, second = open_case(tx, 1), open_case(tx, 2)
        tx.put_resources(SOURCE, first, [resource(), resource("Encounter", "e-1")], **by())
        tx.put_resources(SOURCE, second, [resource(), resource("Encounter", "e-2")], **by())
        assert [(row.type, row.id) for row in tx.resources_of_case(second)] == [
            ("Encounter", "e-2"),
            ("Patient", "p-1"),
        ]
        assert [row.id for row in tx.resources_of_case(first, ["Encounter"])] == ["e-1"]
        assert tx.cases_of_resource("Patient", "p-1") == [first, second]
        assert len(tx.history("Patient", "p-1")) == 1


def test_a_deleted_resource_is_a_version_too(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        case_id = open_case(tx)
        tx.put_resources(SOURCE, case_id, [resource()], **by())
        (gone,) = tx.delete_resources(SOURCE, case_id, [("Patient", "p-1"), ("Patient", "unknown")], **by(1))
        assert gone.version == 2
        assert tx.delete_resources(SOURCE, case_id, [("Patient", "p-1")], **by(2)) == []
        newest = tx.resource("Patient", "p-1")
        assert newest is not None
        assert (newest.deleted, newest.body) == (True, b"")
        assert tx.resources_of_case(case_id) == []
        (back,) = tx.put_resources(SOURCE, case_id, [resource()], **by(3))
        assert (back.version, back.changed) == (3, True)


def test_many_resources_at_once(ledger: Ledger) -> None:
    items = [resource("ChargeItem", f"c-{number}") for number in range(1200)]
    with ledger.transaction() as tx:
        case_id = open_case(tx)
        assert all(put.changed for put in tx.put_resources(SOURCE, case_id, items, **by()))
        assert not any(put.changed for put in tx.put_resources(SOURCE, case_id, items, **by()))
        assert len(tx.resources_of_case(case_id)) == 1200


def test_the_same_file_twice_changes_nothing(ledger: Ledger) -> None:
    digest = digest_of(b"raw")
    with ledger.transaction() as tx:
        assert tx.receive(SOURCE, "ZY_BRRY.xml", digest, 3, b"raw", **by()).new
        tx.mark_processed(SOURCE, digest, **by(1))
    length = journal_length(ledger)
    with ledger.transaction() as tx:
        again = tx.receive(SOURCE, "copy.xml", digest, 3, b"raw", **by(2))
        assert (again.new, again.name, again.processed_at) == (False, "ZY_BRRY.xml", after(1))
        tx.mark_processed(SOURCE, digest, **by(3))
        assert tx.received_body(SOURCE, digest) == b"raw"
    assert journal_length(ledger) == length
    with ledger.transaction() as tx:
        assert tx.receive("other", "ZY_BRRY.xml", digest, 3, None, **by(4)).new
        assert tx.received_body("other", digest) is None
        assert [row.source for row in tx.unprocessed()] == ["other"]
        with pytest.raises(LookupError):
            tx.mark_processed(SOURCE, "0" * 64, **by())


def test_parked_records_keep_their_bytes_and_issues(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        parked_id = tx.park(SOURCE, "9", [some_issue()], b"<row>\xb4</row>", "ZY_FYMX.xml#3", **by())
        other = tx.park(SOURCE, "9", [some_issue()], b"<row>2</row>", "ZY_FYMX.xml#4", **by(1))
        no_key = tx.park(SOURCE, None, [some_issue()], b"<row>\xb4</row>", "ZY_FYMX.xml#3", **by(2))
        assert len({parked_id, other, no_key}) == 3
        assert [row.id for row in tx.parked(source=SOURCE, stay_key="9")] == [parked_id, other]
    length = journal_length(ledger)
    with ledger.transaction() as tx:
        assert tx.park(SOURCE, "9", [some_issue()], b"<row>\xb4</row>", "later.xml#8", **by(5)) == parked_id
    assert journal_length(ledger) == length
    with ledger.transaction() as tx:
        tx.resolve_parked(parked_id, **by(6))
        tx.resolve_parked(parked_id, **by(7))
        row = tx.parked_one(parked_id)
        assert row is not None
        assert (row.body, row.issues, row.resolved_at) == (b"<row>\xb4</row>", (some_issue(),), after(6))
        assert parked_id not in {row.id for row in tx.parked()}
        tx.park(SOURCE, "9", [some_issue()], b"<row>\xb4</row>", "later.xml#8", **by(8))
        assert parked_id in {row.id for row in tx.parked()}
        with pytest.raises(AdapterError) as raised:
            tx.resolve_parked("P-0", **by())
        assert code_of(raised) == "LED-415"


def test_bytes_do_not_show_when_a_row_is_printed(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        tx.park(SOURCE, "9", [some_issue()], b"secret", "x#1", **by())
        tx.put_resources(SOURCE, None, [ResourceIn("Patient", "p", b"secret", "d")], **by())
        assert "secret" not in repr((tx.parked(), tx.resource("Patient", "p")))


def test_what_a_case_gives_away_stays_with_the_others(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        one, other = open_case(tx), open_case(tx, 2)
        for case_id in (one, other):
            tx.put_resources(SOURCE, case_id, [resource()], **by())
        name = ("Patient", "p-1")
        assert tx.withdraw_resources(SOURCE, one, [name, ("Patient", "unknown")], **by(1)) == [name]
        assert (tx.resources_of_case(one), tx.cases_of_resource(*name)) == ([], [other])
        assert [row.id for row in tx.resources_of_case(other)] == ["p-1"]
        assert tx.withdraw_resources(SOURCE, one, [name], **by(2)) == []
        tx.withdraw_resources(SOURCE, other, [name], **by(3))
        newest = tx.resource(*name)
        assert newest is not None and newest.deleted, "nobody has it any more"
        tx.put_resources(SOURCE, other, [resource()], **by(4))
        assert [row.version for row in tx.resources_of_case(other)] == [3]
