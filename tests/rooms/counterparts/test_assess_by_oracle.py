"""A simulated bureau with a plan of bands, later stays and an age: divided by the oracle, with the usual figures."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from adapter.counterparts import oracle
from adapter.counterparts.adjudicator import Split
from adapter.counterparts.assess import _as_result
from adapter.counterparts.oracle_facts import Facts, Offer
from adapter.rules.policy.load import layers_from

BANDED = layers_from(
    [
        {
            "policy": "try/basic",
            "payer": "basic",
            "steps": ("in_scope", "first_share", "deductible", "bands", "ceiling_on_payment"),
            "parameters": {
                "first_share": {"value": "0.10", "as": "ratio", "cite": "x"},
                "deductible": {"value": "300", "as": "money", "cite": "x"},
                "deductible_later": {"value": ({"from": "2", "factor": "0.5"},), "as": "rows", "cite": "x"},
                "bands": {
                    "value": ({"over": "0", "ratio": "0.60"}, {"over": "5000", "ratio": "0.80"}),
                    "as": "bands",
                    "cite": "x",
                },
                "ceiling": {"value": "7000", "as": "money", "cite": "x"},
            },
        }
    ]
)[0].policy


def test_bands_a_later_stay_and_a_ceiling_by_hand() -> None:
    """10000 in scope: 1000 borne first, 150 deductible on the second stay, 4850 × 0.6 + 4000 × 0.8 = 6110."""
    stay = Split(full_self_pay=Decimal("50.00"), pre_self_pay=Decimal("20.00"), in_scope=Decimal("10000.00"))
    facts = Facts(date(2022, 5, 31), "residents", frozenset(), {}, stay, {"basic.admissions": Decimal(1)})
    offer = oracle.best_offer(facts, "basic", BANDED, oracle.unpaid(stay))
    assert (offer.benefit, offer.deductible, offer.first) == (Decimal("6110.00"), Decimal("150.00"), Decimal("1000.00"))
    result = _as_result("basic", stay, offer)
    figures = result.figures
    assert {name: str(figures[name]) for name in ("eligible", "pre-self-pay", "coinsurance", "over-cap")} == {
        "eligible": "9000.00",
        "pre-self-pay": "1020.00",
        "coinsurance": "2740.00",
        "over-cap": "0.00",
    }
    used = {**facts.used, "basic.paid": Decimal("6000.00")}
    capped = Facts(facts.on, facts.insurance, facts.categories, facts.keys, stay, used)
    offer = oracle.best_offer(capped, "basic", BANDED, oracle.unpaid(stay))
    assert (offer.benefit, offer.over_cap) == (Decimal("1000.00"), Decimal("5110.00"))
    parts = [figures[name] for name in ("deductible", "coinsurance", "over-cap")]
    assert sum(parts) + result.benefit == figures["eligible"]


@pytest.mark.parametrize("payer", ["critical-illness", "medical-aid"])
def test_later_payers_answer_with_their_base(payer: str) -> None:
    offer = Offer(Decimal("60.00"), deductible=Decimal("40.00"), base=Decimal("140.00"))
    result = _as_result(payer, Split(), offer)
    assert dict(result.figures) == {
        "base": Decimal("140.00"),
        "deductible": Decimal("40.00"),
        "eligible": Decimal("100.00"),
    }
    assert result.accruals["paid"] == Decimal("60.00")
