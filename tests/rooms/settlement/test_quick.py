"""Amounts only, from lines: the same fen as the whole settlement; refunds, limits, restrictions and third parties."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from adapter.model.issues import AdapterError
from adapter.rules.settlement.adjudicate import adjudicate
from adapter.rules.settlement.facts import read_facts
from adapter.rules.settlement.quick import Quick
from tests.support.settlement import SCHEME, composite

QUICK = Quick(composite())


def drawn(seed: int) -> dict[str, Any]:
    random = Random(seed)
    lines: list[dict[str, Any]] = []
    for number in range(random.randint(1, 14)):
        quantity = random.choice(("1", "2", "0.5", "7", "14"))
        line: dict[str, Any] = {
            "id": f"l{number}",
            "amount": f"{int(900_000 ** random.random()) / 100:.2f}",
            "quantity": quantity,
            "class": random.choice("ABC"),
            "self_share": random.choice(("0", "0.05", "0.135", "0.30")),
        }
        if random.random() < 0.4:
            line["price_limit"] = random.choice(("0.5", "1.3975", "33.33", "800"))
        if random.random() < 0.2:
            line |= {"restricted": True, "in_restriction": random.random() < 0.5}
        lines.append(line)
    for line in random.sample(lines, random.randint(0, len(lines) // 2)):
        whole = random.random() < 0.5
        amount = line["amount"] if whole else f"{int(float(line['amount']) * 30) / 100:.2f}"
        refund = {"id": f"r{line['id']}", "class": "A", "amount": f"-{amount}", "reverses": line["id"]}
        lines.append(refund | {"quantity": f"-{line['quantity'] if whole else '0.3'}"})
    random.shuffle(lines)
    facts: dict[str, Any] = {
        "settled_on": "2022-05-31",
        "hospital_level": random.choice(("primary", "secondary", "tertiary")),
        "person": {"categories": random.choice(([], ["registered-poor"], ["registered-poor", "orphan"]))},
        "lines": lines,
        "year_to_date": {"basic.deductible": "1900.00", "basic.paid": "149000.00"} if random.random() < 0.3 else {},
    }
    if random.random() < 0.2:
        facts["third_party"] = "1.00"
    return facts


def both(facts: dict[str, Any]) -> tuple[Any, Any]:
    read = read_facts(facts)
    try:
        whole = adjudicate(read.claim, read.accrued, composite(), scheme=SCHEME, test_profile=True)
        wanted: Any = [(share.payer, share.amount) for share in whole.shares if share.payer != "third-party"]
    except AdapterError as error:
        wanted = [issue.code for issue in error.issues]
    try:
        found = QUICK.amounts(read.claim, read.accrued)
        return wanted, [*found.pays, ("patient", found.patient)]
    except AdapterError as error:
        return wanted, [issue.code for issue in error.issues]


@pytest.mark.parametrize("seed", range(300))
def test_the_same_fen_as_the_whole_settlement(seed: int) -> None:
    wanted, found = both(drawn(seed))
    assert found == wanted


@pytest.mark.parametrize(
    "line",
    [
        {"class": "B", "quantity": "1"},  # no share anywhere
        {"class": "A", "quantity": "1", "restricted": True},  # not said whether the restriction is met
        {"class": "A", "quantity": "-2", "id": "r", "reverses": "l"},  # gives back more than there was
        {"class": "A", "quantity": "1", "id": "l2", "reverses": "l2"},  # undoes itself
    ],
)
def test_what_stops_a_settlement_stops_it_here(line: dict[str, Any]) -> None:
    lines = [{"id": "l", "amount": "100.00", "quantity": "1", "class": "A"}]
    lines.append({"id": "x", "amount": "-250.00" if line["quantity"] == "-2" else "50.00", **line})
    wanted, found = both({"settled_on": "2022-05-31", "hospital_level": "secondary", "person": {}, "lines": lines})
    assert found == wanted


def test_a_third_party_that_bears_more_than_the_bill_is_refused() -> None:
    facts = {"settled_on": "2022-05-31", "third_party": "9.00", "sums": {"in_scope": "5.00"}}
    wanted, found = both({**facts, "hospital_level": "secondary"})
    assert found == wanted == ["SET-306"]
