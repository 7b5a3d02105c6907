"""The simulated aid office over HTTP: section 6 of docs/wire-fhir.md, with look-up, reversal and the day's totals."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.counterparts import ROOT, Counterpart, counterpart
from tests.support.wire_bodies import (
    FACILITY,
    aid_bundle,
    claim_bundle,
    figures,
    line,
    load,
    look_up,
    paid,
    post,
    responses,
    reversal_bundle,
    submit,
)

KEY = "qingshi_county-300010002.v1.aid.settle"
REVERSE = "qingshi_county-300010002.v1.aid.reverse"
EARLIER = (("basic", "107865.00"), ("critical-illness", "5442.45"))
#: in scope 127400.00, left 14092.55, 70% = 9864.785
AIDED = "9864.79"
PAYERS = ("basic", "critical-illness", "medical-aid")


def send(aid: Counterpart, key: str = KEY, in_scope: str = "127400.00", **options: Any) -> httpx.Response:
    return post(aid.fhir, "", aid_bundle(key, in_scope, EARLIER, total="146000.00", **options))


def statuses(answer: httpx.Response) -> list[str]:
    return [entry["response"]["status"] for entry in load(answer.content)["entry"]]


def test_the_amount_comes_through_the_look_up(aid: Counterpart) -> None:
    answer = send(aid)
    assert load(answer.content)["type"] == "transaction-response"
    assert set(statuses(answer)) == {"201"}
    (found,) = look_up(aid.fhir, KEY)
    assert paid(found) == {"medical-aid": AIDED}
    assert figures(found) == {
        "submitted": "146000.00",
        "base": "14092.55",
        "eligible": "14092.55",
        "deductible": "0.00",
        "benefit": AIDED,
    }
    assert "item" not in found
    assert aid.state()["least_data_breaches"] == {}


def test_a_repeat_creates_nothing(aid: Counterpart) -> None:
    send(aid)
    again = send(aid)
    assert (set(statuses(again)), again.headers["x-replayed"]) == ({"200"}, "true")
    assert len(look_up(aid.fhir, KEY)) == 1
    assert aid.state()["settled"] == 1


def test_parties_are_created_once_and_the_next_claim_uses_them(aid: Counterpart) -> None:
    first = load(send(aid).content)["entry"]
    second = load(send(aid, key="qingshi_county-300010021.v1.aid.settle").content)["entry"]
    created = [entry["response"]["status"] for entry in second]
    assert created == ["200"] * (len(created) - 3) + ["201"] * 3  # two earlier answers and the Claim are new
    assert [one["response"]["location"] for one in first[:-3]] == [one["response"]["location"] for one in second[:-3]]


def test_the_same_key_with_other_content_changes_nothing(aid: Counterpart) -> None:
    send(aid)
    assert send(aid, in_scope="127400.01").status_code == 409
    assert aid.state()["settled"] == 1


def test_all_or_nothing(aid: Counterpart) -> None:
    """A claim that cannot be adjudicated leaves none of its companions behind."""
    assert send(aid, subscriber="T99999999").status_code == 422
    assert set(statuses(send(aid))) == {"201"}


def _no_condition(bundle: Any) -> None:
    bundle["entry"][0]["request"].pop("ifNoneExist")


def _claim_first(bundle: Any) -> None:
    bundle["entry"].insert(0, bundle["entry"].pop())


def _other_condition(bundle: Any) -> None:
    bundle["entry"][-1]["request"]["ifNoneExist"] += "x"


def _no_in_scope(bundle: Any) -> None:
    information = bundle["entry"][-1]["resource"]["supportingInfo"]
    information[:] = [row for row in information if "valueQuantity" not in row]


def _no_benefit(bundle: Any) -> None:
    bundle["entry"][-2]["resource"]["total"] = []


@pytest.mark.parametrize("spoil", [_no_condition, _claim_first, _other_condition, _no_in_scope, _no_benefit])
def test_a_transaction_that_the_guide_does_not_allow(aid: Counterpart, spoil: Callable[[Any], None]) -> None:
    bundle = aid_bundle(KEY, "127400.00", EARLIER)
    spoil(bundle)
    assert post(aid.fhir, "", bundle).status_code == 422
    assert look_up(aid.fhir, KEY) == []


def test_insurance_settlements_are_not_taken_here(aid: Counterpart) -> None:
    assert submit(aid.fhir, claim_bundle(KEY, [line("2201", "1.00")])).status_code == 422


def test_a_person_of_no_aided_category_gets_nothing(aid: Counterpart) -> None:
    send(aid, categories=["subsistence-allowance"])
    assert paid(look_up(aid.fhir, KEY)[0]) == {"medical-aid": "0.00"}


def test_a_trial_keeps_nothing(aid: Counterpart) -> None:
    trial = aid_bundle(f"{KEY}.trial.1", "127400.00", EARLIER, total="146000.00", transaction=False)
    assert paid(load(submit(aid.fhir, trial).content)) == {"medical-aid": AIDED}
    assert aid.state()["settled"] == 0


def test_a_reversal_returns_the_year_and_the_day(aid: Counterpart) -> None:
    send(aid)
    assert aid.state()["year_to_date"]["T00000002"]["2021"]["medical-aid.paid"] == AIDED
    reversal = reversal_bundle(REVERSE, KEY, "146000.00", payers=PAYERS, subscriber="T00000002")
    answer = load(submit(aid.fhir, reversal).content)
    assert (answer["status"], paid(answer)) == ("cancelled", {"medical-aid": f"-{AIDED}"})
    assert aid.state()["year_to_date"]["T00000002"]["2021"] == {}
    totals = httpx.get(f"{aid.fhir}/Claim/$day-total", params={"date": "2021-03-12", "provider": FACILITY})
    assert load(totals.content)["parameter"][0]["valueInteger"] == 0


def test_an_office_that_ignores_keys_counts_twice(tmp_path: Path) -> None:
    with counterpart("aid", store=tmp_path / "store.sqlite", ignore_keys=True) as careless:
        send(careless)
        send(careless)
        assert len(look_up(careless.fhir, KEY)) == 2
        assert careless.state()["duplicates"] == {KEY: 2}


def slow_seed(folder: Path, lookups: str, seconds: str) -> Path:
    text = (ROOT / "fixtures" / "endpoints" / "aid.yaml").read_text("utf-8")
    prompt = "{after_lookups: 0, after_seconds: 0}"
    assert prompt in text
    seed = folder / "aid.yaml"
    seed.write_text(text.replace(prompt, f'{{after_lookups: "{lookups}", after_seconds: "{seconds}"}}'), "utf-8")
    return seed


def test_the_answer_may_need_several_questions(tmp_path: Path) -> None:
    with counterpart("aid", store=tmp_path / "store.sqlite", seed=slow_seed(tmp_path, "2", "0")) as slow:
        send(slow)
        assert [len(look_up(slow.fhir, KEY)) for _ in range(4)] == [0, 0, 1, 1]


def test_the_answer_may_need_time(tmp_path: Path) -> None:
    with counterpart("aid", store=tmp_path / "store.sqlite", seed=slow_seed(tmp_path, "0", "0.4")) as slow:
        send(slow)
        assert look_up(slow.fhir, KEY) == []
        time.sleep(0.5)
        assert Decimal(paid(look_up(slow.fhir, KEY)[0])["medical-aid"]) == Decimal(AIDED)


def test_the_answer_names_our_own_copies(aid: Counterpart) -> None:
    """After a transaction, resources are the office's own: its answer refers to the ids that it gave."""
    located = {entry["response"]["location"] for entry in load(send(aid).content)["entry"]}
    (found,) = responses({"resourceType": "Bundle", "entry": [{"resource": one} for one in look_up(aid.fhir, KEY)]})
    assert found["patient"]["reference"] in located
    assert found["insurance"][0]["coverage"]["reference"] in located


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counterpart]:
    """An office that takes three entries at a time."""
    store = tmp_path_factory.mktemp("small") / "store.sqlite"
    with counterpart("aid", store=store, more=["--max-entries", "3"]) as running:
        yield running


def test_parts_are_stored_and_the_claim_finds_them(small: Counterpart) -> None:
    bundle = aid_bundle(KEY, "127400.00", EARLIER, total="146000.00")
    assert post(small.fhir, "", bundle).status_code == 422
    places: dict[str, str] = {}
    entries = bundle["entry"]
    for at in (0, 3, 6, 9):
        part = {**bundle, "entry": [_pointing(each, places) for each in entries[at : at + 3]]}
        if part["entry"]:
            answer = post(small.fhir, "", part)
            assert statuses(answer) == ["201"] * len(part["entry"])
            assert statuses(post(small.fhir, "", part))[:1] == ["200"], "a part may come twice"
            stored = [told["response"]["location"] for told in load(answer.content)["entry"]]
            places |= dict(zip([one["fullUrl"] for one in part["entry"]], stored, strict=True))
    (found,) = look_up(small.fhir, KEY)
    assert paid(found) == {"medical-aid": AIDED}
    assert (small.state()["settled"], small.state()["least_data_breaches"]) == (1, {})


def test_what_is_referred_to_may_be_brought_up_to_date(small: Counterpart) -> None:
    small.reset()
    patient = next(each for each in aid_bundle(KEY, "1.00", EARLIER)["entry"] if "Patient" in each["request"]["url"])
    condition = patient["request"].pop("ifNoneExist")
    patient["request"] |= {"method": "PUT", "url": f"Patient?{condition}"}
    part = {"resourceType": "Bundle", "type": "transaction", "entry": [patient]}
    assert [statuses(post(small.fhir, "", part)) for _ in range(2)] == [["201"], ["200"]]
    patient["request"]["url"] = "Patient?name=x"
    assert post(small.fhir, "", part).status_code == 422


def test_a_place_that_is_not_here(small: Counterpart) -> None:
    small.reset()
    claim = aid_bundle(KEY, "127400.00", EARLIER)["entry"][-1]
    claim["resource"]["patient"] = {"reference": "Patient/patient-77"}
    answer = post(small.fhir, "", {"resourceType": "Bundle", "type": "transaction", "entry": [claim]})
    assert (answer.status_code, "patient-77" in answer.text) == (422, True)


def _pointing(element: Any, places: dict[str, str]) -> Any:
    """As a sender turns the full addresses of earlier parts into the places where they were stored."""
    if isinstance(element, dict):
        return {name: value if name == "fullUrl" else _pointing(value, places) for name, value in element.items()}
    if isinstance(element, list):
        return [_pointing(each, places) for each in element]
    return places.get(element, element) if isinstance(element, str) else element
