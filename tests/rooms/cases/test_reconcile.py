"""A day with a payer through the office: names, next steps, the work list, and who cannot be asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from adapter.cases import differences, reconcile
from adapter.cases.tools import Act, Tools
from adapter.fhir.canonical import decode
from adapter.fhir.identity import resource_id
from adapter.fhir.validation import validate
from adapter.model.case import Actor
from adapter.model.issues import AdapterError
from adapter.model.messages import DifferenceKind
from adapter.model.money import Money
from adapter.payers.delivery.endpoint import OurSide, Statement
from adapter.payers.delivery.endpoints.aid_xml.issues import lists_nothing
from adapter.payers.reconciliation.actions import ACTIONS
from adapter.payers.reconciliation.matching import DayComparison
from tests.support.office import FACILITY, act, case_id, codes, settle_case, settled_on, take_in
from tests.support.payers import FakePayer, Payers

STAY = "300010004"
KEY = f"{case_id(STAY)}.v1.insurance.settle"


@pytest.fixture
def day(tools: Tools, tmp_path: Path) -> date:
    take_in(tools, tmp_path, STAY)
    settle_case(STAY, tools)
    return settled_on(STAY, tools)


def compared(tools: Tools, day: date, endpoint: str = "bureau") -> DayComparison:
    return reconcile.reconcile_day(endpoint, day, FACILITY, tools, act(tools))


def kinds(tools: Tools, day: date) -> list[DifferenceKind]:
    return [each.kind for each in compared(tools, day).differences]


def off(payers: Payers, fen: int) -> None:
    """The payer's books have another amount than its answer."""
    kept = payers.bureau.kept[0]
    first = kept.answers[0]
    kept.answers = (replace(first, amount=first.amount + Money(fen)), *kept.answers[1:])


def test_a_day_agrees_and_what_is_agreed_is_kept_as_fhir(tools: Tools, payers: Payers, day: date) -> None:
    found = compared(tools, day)
    assert found.agrees and found.ours_count == 1
    book = f"bureau/{FACILITY}/{day.isoformat()}"
    with tools.ledger.reading() as tx:
        row = tx.resource("PaymentReconciliation", resource_id("reconciliation", "PaymentReconciliation", book))
    assert row is not None
    resource = decode(row.body)
    assert validate([resource]) == []
    assert resource["outcome"] == "complete"
    assert sum(each["amount"]["value"] for each in resource["detail"]) == resource["paymentAmount"]["value"]
    assert {each["request"]["identifier"]["value"] for each in resource["detail"]} == {KEY}


@pytest.mark.parametrize(("fen", "kind"), [(1, DifferenceKind.OVER), (-1, DifferenceKind.SHORT)])
def test_another_amount_says_in_which_direction(
    tools: Tools, payers: Payers, day: date, fen: int, kind: DifferenceKind
) -> None:
    off(payers, fen)
    assert kinds(tools, day) == [kind]


def test_missing_unexpected_and_duplicate(tools: Tools, payers: Payers, day: date) -> None:
    kept = payers.bureau.kept.pop()
    assert set(kinds(tools, day)) == {DifferenceKind.MISSING}
    payers.bureau.kept += [kept, replace(kept)]
    assert set(kinds(tools, day)) == {DifferenceKind.DUPLICATE}
    payers.bureau.kept[1:] = [replace(kept, key="nobody.v1.insurance.settle")]
    assert set(kinds(tools, day)) == {DifferenceKind.UNEXPECTED}


@pytest.mark.parametrize("days", [-1, 1])
def test_the_other_day_is_named_from_both_sides(tools: Tools, payers: Payers, day: date, days: int) -> None:
    other = day + timedelta(days=days)
    payers.bureau.kept[0].on = other
    for asked, elsewhere in ((day, other), (other, day)):
        found = compared(tools, asked).differences
        assert {(each.kind, each.key, each.other_day) for each in found} == {(DifferenceKind.WRONG_DAY, KEY, elsewhere)}
    far = replace(tools, office=replace(tools.office, reconcile_days=0))
    assert set(kinds(far, day)) == {DifferenceKind.MISSING}


def test_each_kind_has_a_next_step_in_both_languages() -> None:
    assert set(ACTIONS) == set(DifferenceKind)
    assert all(each.zh and each.en and each.command.startswith("adapter ") for each in ACTIONS.values())


def test_differences_are_a_work_list_that_a_named_person_closes(tools: Tools, payers: Payers, day: date) -> None:
    off(payers, 1)
    compared(tools, day)
    (found,) = differences.differences(tools)
    assert (found.told["kind"], found.told["key"], found.closed) == ("over", KEY, None)
    assert found.told["command"] == f"adapter outbox show {KEY}"
    closed = differences.close_difference(found.id, tools, act(tools, "医保局已更正"))
    assert closed.closed is not None and closed.closed["reason"] == "医保局已更正"
    assert differences.differences(tools) == []
    compared(tools, day)
    assert differences.differences(tools) == [], "the same difference again stays closed"
    assert [each.id for each in differences.differences(tools, closed=True)] == [found.id]
    off(payers, 1)
    compared(tools, day)
    (again,) = differences.differences(tools, endpoint="bureau")
    assert again.id == found.id and again.told["theirs"] != found.told["theirs"]
    assert differences.differences(tools, endpoint="civil-affairs") == []
    off(payers, -2)
    compared(tools, day)
    assert differences.differences(tools, closed=True) == []


def test_what_is_refused(tools: Tools, payers: Payers, day: date) -> None:
    with pytest.raises(AdapterError) as caught:
        differences.close_difference("0000000000", tools, act(tools))
    assert codes(caught.value) == ["REC-603"]
    with pytest.raises(AdapterError) as caught:
        differences.close_difference("0000000000", tools, Act(tools.clock.now(), Actor("service", "system"), "why"))
    assert codes(caught.value) == ["PRG-282"]


class Mute(FakePayer):
    """A counterpart that lists nothing and cannot be asked."""

    def statement(self, day: date, facility: str, ours: OurSide) -> Statement:
        return Statement(None, silent=lists_nothing(self.config.name, day.isoformat()))


def test_who_cannot_be_asked_gives_a_list_to_compare_by_hand(tools: Tools, payers: Payers, day: date) -> None:
    silent = replace(tools, endpoints={**tools.endpoints, "bureau": Mute(payers.bureau.config, payers.clock)})
    found = compared(silent, day)
    assert not found.agrees and found.differences == ()
    assert {(each.key, each.amount) for each in found.ours} == {
        (KEY, answer.amount) for answer in payers.bureau.kept[0].answers
    }
    issue = reconcile.day_differs(found, day)
    assert issue.code == "REC-602"
    shown = reconcile.comparison_json(found, day, FACILITY)
    assert not shown["asked"] and len(shown["to_compare"]) == len(found.ours)
