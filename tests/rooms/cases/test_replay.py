"""Stored bills settle again to the fen under the rules of that day, whatever happened since."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from adapter.cases import reverse
from adapter.cases.replay import replay, settled_cases
from adapter.cases.tools import Tools
from adapter.cases.window.checks import record_facts
from adapter.model.case import BillState
from adapter.model.issues import AdapterError
from adapter.model.money import Money
from adapter.model.window import StayFacts
from adapter.rules.certificate.compare import Change, changes
from adapter.rules.policy.parameters import Entry
from adapter.rules.settlement.certificate import certificate
from tests.support.office import (
    Story,
    act,
    case_id,
    codes,
    copy_of_reference,
    feed_from,
    row_of,
    settle_case,
    settlement_of,
    take_in,
    work,
)

FIRST, SECOND = "300010002", "300010021"  # one person, one year
OBSERVED, REFUNDS = "300010014", "300010004"


def one_line_more(told: Story) -> None:
    told["stays"][0]["lines"].append({"item": "2104", "on": "2021-05-12"})


@pytest.mark.parametrize("stay", [REFUNDS, OBSERVED, "300010003"])
def test_a_settled_bill_settles_again_to_the_fen(stay: str, tools: Tools, tmp_path: Path) -> None:
    take_in(tools, tmp_path, stay)
    settle_case(stay, tools)
    (found,) = replay(case_id(stay), tools)
    assert (found.version, found.issues) == (1, ())


def test_later_stays_and_later_facts_change_no_earlier_bill(tools: Tools, tmp_path: Path) -> None:
    take_in(tools, tmp_path, FIRST, SECOND)
    settle_case(FIRST, tools)
    settle_case(SECOND, tools)
    take_in(tools, tmp_path, FIRST, changed=one_line_more)
    assert list(settled_cases(tools)) == [case_id(FIRST), case_id(SECOND)]
    assert [each.issues for stay in (FIRST, SECOND) for each in replay(case_id(stay), tools)] == [(), ()]


def test_an_emptied_catalogue_and_another_third_party_change_no_bill_that_was_settled(
    tools: Tools, tmp_path: Path
) -> None:
    take_in(tools, tmp_path, REFUNDS)
    settle_case(REFUNDS, tools)
    reference = copy_of_reference(tmp_path / "reference")
    catalogue = reference / "qingshi_county" / "items.csv"
    catalogue.write_text(catalogue.read_text("utf-8").splitlines()[0] + "\n", "utf-8")
    later = replace(tools, feed=feed_from(reference))
    record_facts(case_id(REFUNDS), StayFacts(third_party=True, third_party_amount=Money.yuan("100")), later, act(later))
    assert [each.issues for each in replay(case_id(REFUNDS), later)] == [()]
    reverse.start_reversal(case_id(REFUNDS), later, act(later, "again"))
    assert work(later)
    assert row_of(REFUNDS, later).bill is BillState.REVERSED


def test_a_reversed_version_settles_again_as_well(tools: Tools, tmp_path: Path) -> None:
    take_in(tools, tmp_path, REFUNDS)
    settle_case(REFUNDS, tools)
    reverse.start_reversal(case_id(REFUNDS), tools, act(tools, "again"))
    assert work(tools)
    settle_case(REFUNDS, tools)
    assert [(each.version, each.issues) for each in replay(case_id(REFUNDS), tools)] == [(1, ()), (2, ())]


def test_what_was_never_settled_has_nothing_to_replay(tools: Tools, tmp_path: Path) -> None:
    take_in(tools, tmp_path, REFUNDS)
    assert replay(case_id(REFUNDS), tools) == ()
    with pytest.raises(AdapterError) as refused:
        replay("nobody", tools)
    assert codes(refused.value) == ["CASE-302"]


def edited(tools: Tools, name: str, value: object) -> Tools:
    """The office with one parameter of the basic plan rewritten from its first day on."""
    book = tools.book
    plan = book.plan("test_hunan_composite/basic")
    old = plan.parameters[name]
    history = tuple(Entry(each.since, each.cite, value if each.value else None) for each in old.history)  # type: ignore[arg-type]
    parameters = {**plan.parameters, name: replace(old, history=history)}
    changed = replace(plan, parameters=parameters, version="edited")
    return replace(tools, book=replace(book, plans={**book.plans, plan.name: changed}))


def test_a_plan_rewritten_behind_old_bills_is_found_by_every_amount(tools: Tools, tmp_path: Path) -> None:
    take_in(tools, tmp_path, REFUNDS)
    settle_case(REFUNDS, tools)
    levels = {"township": "0.90", "primary": "0.90", "secondary": "0.76", "tertiary": "0.60"}
    (found,) = replay(case_id(REFUNDS), edited(tools, "ratio", levels))
    assert set(codes(found)) == {"CASE-410"}
    then = settlement_of(REFUNDS, tools).shares[0].expected
    (expected,) = [each for each in found.issues if each.pointer.endswith("#shares.basic.expected")]
    assert then is not None and expected.zh.startswith(f"当时为{then.text}")


def test_a_plan_file_edited_without_effect_is_only_said(tools: Tools, tmp_path: Path) -> None:
    take_in(tools, tmp_path, REFUNDS)
    settle_case(REFUNDS, tools)
    (found,) = replay(case_id(REFUNDS), edited(tools, "deductible_year_ceiling", "2400.00"))
    assert codes(found) == ["CASE-411"]


def test_changes_names_each_amount_then_and_now(tools: Tools, tmp_path: Path) -> None:
    take_in(tools, tmp_path, REFUNDS)
    settle_case(REFUNDS, tools)
    then = certificate(settlement_of(REFUNDS, tools))
    now = certificate(settlement_of(REFUNDS, tools))
    assert changes(then, now) == []
    share = now["shares"][0]  # type: ignore[index]
    more = Money(Money.yuan(share["amount"]).fen + 1).text
    assert changes(then, {**now, "shares": [{**share, "amount": more}, *now["shares"][1:]]}) == [  # type: ignore[index]
        Change("shares.basic.amount", share["amount"], more)
    ]
