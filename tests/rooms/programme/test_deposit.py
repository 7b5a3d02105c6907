"""Deposits: answered before the cashier takes one, and sent back when one came anyway."""

from __future__ import annotations

import pytest

from adapter.model.money import ZERO, Money
from adapter.rules.programme import check_deposit, deposit_arrived
from tests.support.programme import NAMES, answer

FIVE_HUNDRED = Money.yuan("500.00")


@pytest.mark.rule("A-11")
@pytest.mark.rule("B-14")
@pytest.mark.parametrize("name", NAMES)
def test_an_entitled_patient_owes_none(name: str) -> None:
    asked = check_deposit(answer(name), FIVE_HUNDRED)
    assert not asked.allowed
    assert "押金" in asked.zh and "deposit" in asked.en and asked.cite


@pytest.mark.rule("X-01")
def test_an_emergency_without_papers_owes_none_yet() -> None:
    found = answer("county-plan-2021", {"emergency": "yes", "doctor": "D001", "without": "all"})
    assert not check_deposit(found, FIVE_HUNDRED).allowed


@pytest.mark.rule("A-30")
@pytest.mark.rule("B-26")
def test_a_refused_patient_is_told_why() -> None:
    asked = check_deposit(answer("county-plan-2021", {"cause": "fighting"}), FIVE_HUNDRED)
    assert asked.allowed
    assert asked.cite == "县区方案2021 五(二)"
    assert "打架斗殴" in asked.zh and "县区方案2021 三(一)二是第2项" in asked.zh
    assert "fight" in asked.en


@pytest.mark.parametrize("amount", [ZERO, -FIVE_HUNDRED])
def test_money_back_is_always_allowed(amount: Money) -> None:
    assert check_deposit(answer("yongzhou-2017-67"), amount).allowed


@pytest.mark.rule("X-18")
def test_a_deposit_that_arrives_by_feed_goes_back() -> None:
    issues, task = deposit_arrived(answer("yongzhou-2017-67"), FIVE_HUNDRED)
    assert [issue.code for issue in issues] == ["PRG-210"]
    assert not issues[0].stops
    assert task is not None and task.amount == FIVE_HUNDRED and task.stay_key == "300099999"
    assert task.cite == "永卫计发〔2017〕67号 三(一)"


@pytest.mark.rule("X-18")
def test_what_a_named_person_lets_through_is_taken_and_the_rest_goes_back() -> None:
    found = answer("yongzhou-2017-67")
    let, fen = Money.yuan("300"), Money(1)
    assert check_deposit(found, let, let).allowed and not check_deposit(found, let + fen, let).allowed
    assert "300.00" in check_deposit(found, let, let).zh
    assert deposit_arrived(found, let, let) == ((), None)
    issues, task = deposit_arrived(found, FIVE_HUNDRED, let)
    assert [issue.code for issue in issues] == ["PRG-210"]
    assert task is not None and task.amount == Money.yuan("200")


def test_a_deposit_from_a_refused_patient_is_in_order() -> None:
    assert deposit_arrived(answer("yongzhou-2017-67", {"registers": []}), FIVE_HUNDRED) == ((), None)
