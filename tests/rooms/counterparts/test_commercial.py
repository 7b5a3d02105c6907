"""A simulated commercial insurer: its own terms, after basic insurance, with one yearly ceiling over two hospitals."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapter.counterparts.assess import Assessor
from adapter.counterparts.catalogue import load_lists
from adapter.counterparts.desk import Desk
from adapter.counterparts.seed import SeedError, load_seed
from adapter.counterparts.state import state
from adapter.counterparts.store import Store
from adapter.counterparts.terms import PlanBook
from tests.support.counterparts import ROOT, counterpart
from tests.support.wire_bodies import (
    Body,
    _earlier,
    claim_bundle,
    dump,
    eligibility_bundle,
    line,
    load,
    paid,
    reversal_bundle,
    submit,
)

SEED = ROOT / "fixtures" / "endpoints" / "commercial.yaml"
CANON = "https://pay-after-care.example/fhir"


@pytest.fixture
def insurer(tmp_path: Path) -> Iterator[Desk]:
    seed, store = load_seed(SEED), Store(tmp_path / "commercial.sqlite")
    assessor = Assessor(seed, PlanBook.load(ROOT / "mappings", seed, []), load_lists(seed.items))
    yield Desk("commercial", store, assessor)
    store.close()


def after_basic(
    key: str, net: str, basic: str, *, subscriber: str = "T00000001", facility: str = "", item: str = "2201"
) -> Body:
    """A claim of one class A line, of which basic insurance has borne so much."""
    bundle = claim_bundle(key, [line(item, net)], payers=("basic", "commercial"), subscriber=subscriber)
    claim = next(e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == "Claim")
    claim["insurance"][0] |= {"claimResponse": {"reference": "ClaimResponse/basic"}, "focal": False}
    claim["insurance"][-1]["focal"] = True
    answer = _earlier("basic", basic, key)
    bundle["entry"].append({"fullUrl": f"{CANON}/ClaimResponse/basic", "resource": answer})
    return load(dump(bundle).replace(b"H99990100001", facility.encode())) if facility else bundle


def bears(insurer: Desk, bundle: Body) -> str:
    return paid(load(insurer.submit(dump(bundle)).body))["commercial"]


def test_it_bears_its_share_of_what_is_left(insurer: Desk) -> None:
    """(5000.00 - 3000.00) x 0.80."""
    assert bears(insurer, after_basic("C-1.v1.commercial.settle", "5000.00", "3000.00")) == "1600.00"


def test_the_year_is_one_over_every_hospital_and_a_reversal_gives_it_back(insurer: Desk) -> None:
    assert bears(insurer, after_basic("C-1.v1.commercial.settle", "5000.00", "3000.00")) == "1600.00"
    elsewhere = after_basic("C-2.v1.commercial.settle", "5000.00", "3000.00", facility="H99990200001", item="Y3101")
    assert bears(insurer, elsewhere) == "1400.00", "3000.00 a year, 1600.00 of it used"
    assert state(insurer)["year_to_date"]["T00000001"]["2021"]["commercial.paid"] == "3000.00"
    assert bears(insurer, after_basic("C-3.v1.commercial.settle", "5000.00", "3000.00")) == "0.00"
    undone = reversal_bundle("C-1.v1.commercial.reverse", "C-1.v1.commercial.settle", "5000.00", payers=("commercial",))
    assert bears(insurer, undone) == "-1600.00"
    assert bears(insurer, after_basic("C-4.v1.commercial.settle", "5000.00", "3000.00")) == "1600.00"


def test_what_was_used_elsewhere_counts_and_a_stranger_is_refused(insurer: Desk) -> None:
    known = after_basic("C-1.v1.commercial.settle", "5000.00", "3000.00", subscriber="T00000004")
    assert bears(insurer, known) == "100.00"
    stranger = after_basic("C-2.v1.commercial.settle", "5000.00", "3000.00", subscriber="T99999999")
    assert load(insurer.submit(dump(stranger)).body)["outcome"] == "error"
    assert state(insurer)["settled"] == 1


def test_it_tells_what_of_the_year_is_used(insurer: Desk) -> None:
    told = load(insurer.eligibility(dump(eligibility_bundle("T00000004", "2021-05-17"))).body)
    (item,) = told["insurance"][0]["item"]
    assert item["category"]["coding"][0]["code"] == "commercial"
    (used,) = item["benefit"]
    assert (used["type"]["coding"][0]["code"], str(used["usedMoney"]["value"])) == ("paid", "2900.00")


def test_a_plan_that_is_not_at_hand_is_refused(tmp_path: Path) -> None:
    bad = tmp_path / "commercial.yaml"
    bad.write_text(SEED.read_text("utf-8").replace("answers_for:", "answers_to:"), encoding="utf-8")
    with pytest.raises(SeedError):
        load_seed(bad)


@pytest.mark.slow
def test_as_a_process(tmp_path: Path) -> None:
    with counterpart("commercial", store=tmp_path / "commercial.sqlite") as insurer:
        answer = submit(insurer.fhir, after_basic("C-1.v1.commercial.settle", "5000.00", "3000.00"))
        assert paid(load(answer.content)) == {"commercial": "1600.00"}
