"""Excluded items: payable on use, and the stay stays in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from adapter.model.claim import ChargeLine, Claim, Stay
from adapter.model.dates import Period
from adapter.model.money import Money
from adapter.model.reference import CatalogueItem, Cause, ItemClass, ItemKind
from adapter.rules.programme import Deferral, LineDeferral, deferral_issues, deferral_of_lines
from adapter.rules.programme.deferral import with_own_pay
from tests.support.programme import PROGRAMMES, answer, facts
from tests.support.programme import settings as filled

YONGZHOU = "yongzhou-2017-67"


def claim(*groups: str | None, cause: Cause = Cause.ILLNESS, catalogued: bool = True) -> Claim:
    """One line per item group."""
    stay = facts(YONGZHOU)
    assert stay.facility is not None and stay.person is not None
    admitted = datetime(2020, 3, 2, tzinfo=UTC)
    lines = tuple(
        ChargeLine(
            id=f"L{number}",
            row_key=str(number),
            code="5101",
            name="项目",
            service_date=date(2020, 3, 3),
            quantity=Decimal(1),
            amount=Money.yuan("10.00"),
            item=_item(group) if catalogued else None,
        )
        for number, group in enumerate(groups, start=1)
    )
    place = Stay("300099999", admitted, None, date(2020, 3, 9), stay.facility, cause=cause)
    return Claim("CASE", 1, place, stay.person, lines)


def _item(group: str | None) -> CatalogueItem:
    period = Period(date(2010, 1, 1))
    return CatalogueItem("5101", "项目", ItemKind.SERVICE, ItemClass.C, period, programme_group=group)


def answers(bill: Claim, findings: Mapping[str, bool] | None = None, **extra: Any) -> tuple[LineDeferral, ...]:
    return deferral_of_lines(bill, PROGRAMMES[YONGZHOU], filled(YONGZHOU, extra), findings or {})


@pytest.mark.rule("B-07")
@pytest.mark.rule("B-09")
@pytest.mark.rule("B-10")
@pytest.mark.parametrize(
    ("group", "cite"),
    [
        ("vision-correction", "永卫计发〔2017〕67号 二(二)2(2)"),
        ("magnetic-therapy", "永卫计发〔2017〕67号 二(二)2(2)"),
        ("cosmetic", "永卫计发〔2017〕67号 二(二)2(3)"),
        ("hearing-aid", "永卫计发〔2017〕67号 二(二)2(4)"),
        ("organ-source", "永卫计发〔2017〕67号 二(二)2(5)"),
    ],
)
def test_an_excluded_item_is_payable_on_use(group: str, cite: str) -> None:
    excluded, other = answers(claim(group, None))
    assert (excluded.answer, excluded.cite, excluded.own_pay) == (Deferral.PAYABLE_ON_USE, cite, False)
    assert other.answer is Deferral.DEFERRED
    assert [issue.code for issue in deferral_issues((excluded, other))] == ["PRG-230"]


@pytest.mark.rule("X-04")
@pytest.mark.rule("T-16")
def test_excluded_items_never_take_the_stay_out() -> None:
    """The assessment has no way of knowing the lines at all."""
    assert answer(YONGZHOU).state == "granted"
    assert {each.answer for each in answers(claim("hearing-aid", "cosmetic"))} == {Deferral.PAYABLE_ON_USE}


@pytest.mark.rule("B-08")
@pytest.mark.parametrize(
    ("finding", "expected"),
    [(True, Deferral.DEFERRED), (False, Deferral.PAYABLE_ON_USE), (None, Deferral.PENDING)],
)
def test_functional_surgery_is_not_excluded(finding: bool | None, expected: Deferral) -> None:
    findings = {} if finding is None else {"L1": finding}
    (found,) = answers(claim("corrective-surgery"), findings)
    assert found.answer is expected
    codes = {Deferral.PAYABLE_ON_USE: ["PRG-230"], Deferral.PENDING: ["PRG-231"], Deferral.DEFERRED: []}
    assert [issue.code for issue in deferral_issues((found,))] == codes[expected]


@pytest.mark.rule("B-12")
@pytest.mark.parametrize(
    ("cause", "finding", "expected"),
    [
        (Cause.ABORTION, None, Deferral.PAYABLE_ON_USE),
        (Cause.ABORTION, True, Deferral.DEFERRED),
        (Cause.ILLNESS, True, Deferral.DEFERRED),
        (Cause.ILLNESS, None, Deferral.PENDING),
    ],
)
def test_abortion_with_medical_need_stays_in(cause: Cause, finding: bool | None, expected: Deferral) -> None:
    findings = {} if finding is None else {"L1": finding}
    assert answers(claim("abortion", cause=cause), findings)[0].answer is expected


def test_own_pay_only_where_the_region_says_so() -> None:
    glasses, dentures = answers(claim("glasses", "dentures"), own_pay_groups=("glasses",))
    assert (glasses.own_pay, dentures.own_pay) == (True, False)


@pytest.mark.rule("X-04")
def test_own_pay_items_are_all_self_pay_only_where_the_region_says_so() -> None:
    bill = claim("glasses", "dentures")
    share = {"item_class": ItemClass.B, "self_share": Decimal("0.10")}
    lines = tuple(replace(line, item=replace(line.item, **share)) for line in bill.lines if line.item is not None)
    plain = replace(bill, lines=lines)
    assert with_own_pay(plain, PROGRAMMES[YONGZHOU], filled(YONGZHOU)) == plain
    chosen = with_own_pay(plain, PROGRAMMES[YONGZHOU], filled(YONGZHOU, {"own_pay_groups": ("glasses",)}))
    classes = [(line.item.item_class, line.item.self_share) for line in chosen.lines if line.item is not None]
    assert classes == [(ItemClass.C, None), (ItemClass.B, Decimal("0.10"))]


def test_an_unknown_item_or_group_is_not_excluded_by_default() -> None:
    assert answers(claim(None, catalogued=False))[0].answer is Deferral.DEFERRED
    assert answers(claim("some-other-list"))[0].answer is Deferral.DEFERRED


@pytest.mark.rule("X-04")
def test_the_county_plan_excludes_persons_only() -> None:
    name = "county-plan-2021"
    (found,) = deferral_of_lines(claim("hearing-aid"), PROGRAMMES[name], filled(name))
    assert found.answer is Deferral.DEFERRED
