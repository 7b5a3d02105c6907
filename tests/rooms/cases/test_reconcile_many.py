"""A few hundred settlements of one day, through the ledger and a simulator's own statement, with seeded differences."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from adapter.cases import differences, reconcile
from adapter.cases.tools import Tools
from adapter.model.messages import DifferenceKind
from tests.support.many_settled import CASE, KEY, copy_into_ledger, fhir_office, fund_changed, key_of
from tests.support.nhsa import STAY
from tests.support.nhsa_office import bureau_office
from tests.support.office import FACILITY, act, settle_case, settlement_of

MANY, WRONG = 200, 20
KINDS = (
    DifferenceKind.MISSING,
    DifferenceKind.UNEXPECTED,
    DifferenceKind.SHORT,
    DifferenceKind.OVER,
    DifferenceKind.DUPLICATE,
    DifferenceKind.WRONG_DAY,
)


def picked(kinds: tuple[DifferenceKind, ...]) -> dict[int, DifferenceKind]:
    numbers = random.Random(20260302).sample(range(MANY), WRONG)
    return {number: kinds[place % len(kinds)] for place, number in enumerate(numbers)}


def named(tools: Tools, day: date) -> dict[str, set[DifferenceKind]]:
    found: dict[str, set[DifferenceKind]] = {}
    for each in reconcile.reconcile_day("bureau", day, FACILITY, tools, act(tools)).differences:
        found.setdefault(each.key, set()).add(each.kind)
    return found


@pytest.mark.slow
def test_a_day_of_hundreds_with_the_fhir_bureau(tmp_path: Path) -> None:
    with fhir_office(tmp_path) as at:
        settle_case(STAY, at.tools)
        day = settlement_of(STAY, at.tools).on
        wrong = picked(KINDS)
        unexpected = {number for number, kind in wrong.items() if kind is DifferenceKind.UNEXPECTED}
        copy_into_ledger(at.tools, _without(unexpected), {})
        at.copy(range(MANY))
        assert set(named(at.tools, day)) == {key_of(number) for number in unexpected}
        tomorrow = (day + timedelta(days=1)).isoformat()
        for number, kind in wrong.items():
            if kind in (DifferenceKind.MISSING, DifferenceKind.SHORT, DifferenceKind.OVER, DifferenceKind.WRONG_DAY):
                at.drop(number)
            (kept,) = at.store.by_key(KEY)
            if kind is DifferenceKind.DUPLICATE:
                at.keep(kept, number)
            if kind is DifferenceKind.WRONG_DAY:
                at.keep(kept, number, recorded_on=tomorrow)
            if kind in (DifferenceKind.SHORT, DifferenceKind.OVER):
                at.keep(kept, number, off="0.01" if kind is DifferenceKind.OVER else "-0.01")
        assert named(at.tools, day) == {key_of(number): {kind} for number, kind in wrong.items()}
        assert {each.told["key"] for each in differences.differences(at.tools)} == {key_of(each) for each in wrong}


@pytest.mark.slow
def test_a_day_of_hundreds_with_the_bureau_of_the_platform(tmp_path: Path) -> None:
    kinds = tuple(kind for kind in KINDS if kind is not DifferenceKind.DUPLICATE)  # a settlement has one id there
    with bureau_office(tmp_path, "test_coastal") as at:
        settle_case(STAY, at.tools)
        day = settlement_of(STAY, at.tools).on
        wrong = picked(kinds)
        unexpected = {number for number, kind in wrong.items() if kind is DifferenceKind.UNEXPECTED}
        store = at.window.bureau.office.store
        (bill,) = store.bills()
        ids = {bill.setl_id: f"{bill.setl_id}{{n:05}}", bill.msgid: f"{bill.msgid[:-5]}{{n:05}}"}
        copy_into_ledger(at.tools, _without(unexpected), ids)
        expected: dict[str, set[DifferenceKind]] = {}
        for number in range(MANY):
            kind = wrong.get(number)
            msgid = f"{bill.msgid[:-5]}{number:05}"
            made = replace(bill, seq=bill.seq + 1 + number, setl_id=f"{bill.setl_id}{number:05}", msgid=msgid)
            if kind in (DifferenceKind.SHORT, DifferenceKind.OVER):
                made = fund_changed(made, "0.01" if kind is DifferenceKind.OVER else "-0.01")
            if kind is DifferenceKind.WRONG_DAY:
                made = replace(made, setl_time=f"{day + timedelta(days=1)} 09:00:00")
            if kind is not DifferenceKind.MISSING:
                store.keep(made)
            if kind is not None:
                key = f"msgid:{msgid}" if kind is DifferenceKind.UNEXPECTED else key_of(number)
                expected[key] = {kind}
        assert named(at.tools, day) == expected
        assert CASE not in {each.told["key"] for each in differences.differences(at.tools)}


def _without(numbers: set[int]) -> list[int]:
    return [number for number in range(MANY) if number not in numbers]
