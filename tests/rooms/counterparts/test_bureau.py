"""The simulated insurance bureau over HTTP: sections 2, 3, 4, 5 and 7 of docs/wire-fhir.md."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.counterparts import ROOT, Counterpart, counterpart
from tests.support.wire_bodies import (
    CANON,
    FACILITY,
    HEADERS,
    claim_bundle,
    dump,
    eligibility_bundle,
    figures,
    line,
    load,
    look_up,
    paid,
    payer_of,
    post,
    responses,
    reversal_bundle,
    submit,
    told,
)

KEY = "qingshi_county-300010001.v1.insurance.settle"
REVERSE = "qingshi_county-300010001.v1.insurance.reverse"
#: bed 7 days, a 乙 drug (10% first), an operation, an escort (丙): 9327.30, in scope 9261.57
LINES = (
    line("1101", "210.00", quantity="7", price="30.00"),
    line("3105", "57.30", quantity="2"),
    line("2201", "9000.00"),
    line("6101", "60.00"),
)
#: 217600.00 in scope of 272000.00 (乙, 20% first)
LARGE = (line("4104", "272000.00", quantity="4"),)
ALL_THREE = ("basic", "critical-illness", "medical-aid")


def test_basic_and_critical_illness_answer_one_after_the_other(bureau: Counterpart) -> None:
    answer = load(submit(bureau.fhir, claim_bundle(KEY, LINES)).content)
    first, second = responses(answer)
    assert [payer_of(first), payer_of(second)] == ["basic", "critical-illness"]
    assert figures(first) == {
        "submitted": "9327.30",
        "eligible": "9261.57",
        "deductible": "500.00",
        "full-self-pay": "60.00",
        "over-limit": "0.00",
        "pre-self-pay": "5.73",
        "coinsurance": "2190.39",
        "over-cap": "0.00",
        "benefit": "6571.18",
    }
    assert figures(second) == {
        "submitted": "9327.30",
        "base": "2690.39",
        "deductible": "2690.39",
        "eligible": "0.00",
        "benefit": "0.00",
    }
    assert first["request"]["identifier"] == {"system": f"{CANON}/sid/claim", "value": KEY}
    assert [item["itemSequence"] for item in first["item"]] == [1, 2, 3, 4]
    assert "TEST PROFILE – no place's rule" in first["disposition"]


def test_amounts_keep_their_two_digits_on_the_wire(bureau: Counterpart) -> None:
    body = submit(bureau.fhir, claim_bundle(KEY, [line("2201", "1500.10")])).content
    assert b'"value":1500.10' in body
    assert b'"value":750.08' in body  # (1500.10 - 500.00) x 0.75 = 750.075


def test_over_the_fund_cap_into_critical_illness(bureau: Counterpart) -> None:
    answer = load(submit(bureau.fhir, claim_bundle(KEY, LARGE, subscriber="T00000010")).content)
    basic, critical = responses(answer)
    assert figures(basic)["over-cap"] == "12825.00"  # (217600 - 500) x 0.75 = 162825, capped at 150000
    assert figures(critical)["base"] == "67600.00"
    assert paid(answer) == {"basic": "150000.00", "critical-illness": "27929.40"}


def test_registered_poor_by_one_call_for_three_payers(bureau: Counterpart) -> None:
    bundle = claim_bundle(
        KEY, LINES, payers=ALL_THREE, settled_on="2022-05-18", admitted="2022-05-09", categories=["registered-poor"]
    )
    assert paid(load(submit(bureau.fhir, bundle).content)) == {
        "basic": "7447.33",
        "critical-illness": "0.00",
        "medical-aid": "1269.97",
    }


@pytest.mark.parametrize(
    ("admitted", "settled_on", "answered"),
    [
        ("2021-12-20", "2022-01-04", ["basic", "critical-illness"]),
        ("2021-12-31", "2022-01-04", ["basic", "critical-illness"]),
        ("2022-01-01", "2022-01-04", list(ALL_THREE)),
        ("2022-12-31", "2023-01-04", list(ALL_THREE)),
        ("2023-01-01", "2023-01-04", ["basic", "critical-illness"]),
    ],
)
def test_aid_is_answered_here_by_day_of_admission(
    bureau: Counterpart, admitted: str, settled_on: str, answered: list[str]
) -> None:
    bundle = claim_bundle(KEY, LINES, payers=ALL_THREE, settled_on=settled_on, admitted=admitted)
    assert [payer_of(one) for one in responses(load(submit(bureau.fhir, bundle).content))] == answered


def test_the_deductible_left_of_the_year(bureau: Counterpart) -> None:
    bundle = claim_bundle(KEY, LINES, subscriber="T00000009", settled_on="2021-10-20", admitted="2021-10-11")
    assert figures(responses(load(submit(bureau.fhir, bundle).content))[0])["deductible"] == "300.00"


def test_the_bureau_believes_its_own_register_where_it_has_one(bureau: Counterpart) -> None:
    poor_here = submit(bureau.fhir, claim_bundle(KEY, LINES, subscriber="T00000023"))
    not_poor_here = submit(
        bureau.fhir,
        claim_bundle("CASE-2.v1.insurance.settle", LINES, subscriber="T00000024", categories=["registered-poor"]),
    )
    assert paid(load(poor_here.content))["basic"] == "7447.33"
    assert paid(load(not_poor_here.content))["basic"] == "6571.18"


def test_refund_lines_are_split_like_the_charges_that_they_undo(bureau: Counterpart) -> None:
    lines = [line("2201", "1850.00"), line("3105", "114.60", quantity="4"), line("3105", "-85.95", quantity="-3")]
    first = responses(load(submit(bureau.fhir, claim_bundle(KEY, lines)).content))[0]
    assert figures(first)["pre-self-pay"] == "2.86"  # 11.46 - 8.60
    assert figures(first)["eligible"] == "1875.79"


def test_a_third_partys_part_is_not_shared_by_the_fund(bureau: Counterpart) -> None:
    extra = [told("third-party-amount", valueQuantity={"value": Decimal("1000.00"), "unit": "CNY"})]
    first = responses(load(submit(bureau.fhir, claim_bundle(KEY, [line("2201", "2500.00")], extra=extra)).content))[0]
    assert figures(first)["eligible"] == "1500.00"


def test_an_amount_computed_by_the_sender_is_recorded(bureau: Counterpart) -> None:
    extra = [
        told("computed-benefit", valueQuantity={"value": Decimal(one), "unit": "CNY"}) for one in ("100.00", "7.00")
    ]
    answer = load(submit(bureau.fhir, claim_bundle(KEY, LINES, extra=extra)).content)
    assert paid(answer) == {"basic": "100.00", "critical-illness": "7.00"}
    assert bureau.state()["year_to_date"]["T00000001"]["2021"]["basic.paid"] == "100.00"


# -- idempotency, look-up ----------------------------------------------------------------------------------------------


def test_the_same_key_gives_the_stored_answer_byte_for_byte(bureau: Counterpart) -> None:
    first = submit(bureau.fhir, claim_bundle(KEY, LINES))
    again = submit(bureau.fhir, claim_bundle(KEY, LINES, created="2021-03-12T23:59:59+08:00"))
    assert (again.status_code, again.headers["x-replayed"], again.content) == (200, "true", first.content)
    assert "x-replayed" not in first.headers
    state = bureau.state()
    assert (state["settled"], state["repeats"], state["duplicates"]) == (1, {KEY: 1}, {})


def test_the_same_key_with_other_content_is_a_conflict(bureau: Counterpart) -> None:
    submit(bureau.fhir, claim_bundle(KEY, LINES))
    other = submit(bureau.fhir, claim_bundle(KEY, LINES[:3]))
    assert other.status_code == 409
    assert load(other.content)["resourceType"] == "OperationOutcome"
    assert bureau.state()["settled"] == 1


def test_look_up(bureau: Counterpart) -> None:
    assert look_up(bureau.fhir, KEY) == []
    answer = load(submit(bureau.fhir, claim_bundle(KEY, LINES)).content)
    assert look_up(bureau.fhir, KEY) == responses(answer)


def test_a_receiver_that_ignores_keys_counts_twice(careless: Counterpart) -> None:
    first = load(submit(careless.fhir, claim_bundle(KEY, LINES)).content)
    second = load(submit(careless.fhir, claim_bundle(KEY, LINES)).content)
    assert first != second
    assert [payer_of(one) for one in look_up(careless.fhir, KEY)] == ["basic", "critical-illness"] * 2
    state = careless.state()
    assert (state["settled"], state["duplicates"]) == (2, {KEY: 2})
    assert state["settled_twice"] == {"qingshi_county-300010001": 2}
    assert state["year_to_date"]["T00000001"]["2021"]["basic.deductible"] == "1000.00"


def test_a_trial_keeps_nothing(bureau: Counterpart) -> None:
    trial = claim_bundle(f"{KEY}.trial.1", LINES, use="predetermination")
    answer = load(submit(bureau.fhir, trial).content)
    settled = load(submit(bureau.fhir, claim_bundle(KEY, LINES)).content)
    assert paid(answer) == paid(settled)
    assert [one["use"] for one in responses(answer)] == ["predetermination"] * 2
    assert look_up(bureau.fhir, f"{KEY}.trial.1") == []
    state = bureau.state()
    assert (state["trials"], state["settled"]) == (1, 1)


# -- reversal ----------------------------------------------------------------------------------------------------------


def year(bureau: Counterpart, subscriber: str, on: str, **options: str) -> dict[str, Any]:
    """Year-to-date amounts as the bureau tells them, by ``<payer>.<accumulator>``."""
    answer = load(
        post(bureau.fhir, "/CoverageEligibilityRequest/$submit", eligibility_bundle(subscriber, on, **options)).content
    )
    insurance = answer["insurance"][0]
    assert insurance["inforce"] is True
    found = {}
    for item in insurance["item"]:
        payer = item["category"]["coding"][0]["code"]
        for benefit in item["benefit"]:
            name = benefit["type"]["coding"][0]["code"]
            money = benefit.get("usedMoney")
            found[f"{payer}.{name}"] = str(money["value"]) if money else benefit["usedUnsignedInt"]
    return found


@pytest.mark.parametrize("subscriber", ["T00000001", "T00000009", "T00000021"])
def test_a_reversal_returns_every_accumulator(bureau: Counterpart, subscriber: str) -> None:
    before = year(bureau, subscriber, "2021-10-20")
    bundle = claim_bundle(KEY, LARGE, subscriber=subscriber, settled_on="2021-10-20", admitted="2021-10-11")
    settled = load(submit(bureau.fhir, bundle).content)
    assert year(bureau, subscriber, "2021-10-20") != before
    answer = load(submit(bureau.fhir, reversal_bundle(REVERSE, KEY, "272000.00", subscriber=subscriber)).content)
    assert paid(answer) == {payer: f"-{amount}" for payer, amount in paid(settled).items()}
    assert {one["status"] for one in responses(answer)} == {"cancelled"}
    assert {one["outcome"] for one in responses(answer)} == {"complete"}
    assert year(bureau, subscriber, "2021-10-20") == before
    assert {one["status"] for one in look_up(bureau.fhir, KEY)} == {"cancelled"}
    assert look_up(bureau.fhir, REVERSE) == responses(answer)


def test_reversing_twice_under_the_same_key_gives_the_stored_answer(bureau: Counterpart) -> None:
    submit(bureau.fhir, claim_bundle(KEY, LINES))
    reversal = reversal_bundle(REVERSE, KEY, "9327.30")
    first, again = submit(bureau.fhir, reversal), submit(bureau.fhir, reversal)
    assert (again.content, again.headers["x-replayed"]) == (first.content, "true")
    assert bureau.state()["reversed"] == 1


def test_reversing_under_another_key_what_is_reversed_is_refused(bureau: Counterpart) -> None:
    submit(bureau.fhir, claim_bundle(KEY, LINES))
    submit(bureau.fhir, reversal_bundle(REVERSE, KEY, "9327.30"))
    answer = load(submit(bureau.fhir, reversal_bundle(f"{REVERSE}2", KEY, "9327.30")).content)
    assert answer["outcome"] == "error"
    assert answer["error"][0]["code"]["coding"][0]["code"] == "already-reversed"


def test_what_was_counted_twice_is_reversed_one_by_one(careless: Counterpart) -> None:
    for _ in range(2):
        submit(careless.fhir, claim_bundle(KEY, LINES))
    reversal = reversal_bundle(REVERSE, KEY, "9327.30")
    standing = []
    for _ in range(2):
        submit(careless.fhir, reversal)
        standing.append(careless.state()["settled"])
    assert standing == [1, 0]
    assert load(submit(careless.fhir, reversal).content)["outcome"] == "error"
    assert year(careless, "T00000001", "2021-03-12")["basic.paid"] == "0.00"


def test_reversing_what_was_never_settled_is_not_found(bureau: Counterpart) -> None:
    assert submit(bureau.fhir, reversal_bundle(REVERSE, KEY, "9327.30")).status_code == 404


def test_a_reversal_of_another_total_is_refused(bureau: Counterpart) -> None:
    submit(bureau.fhir, claim_bundle(KEY, LINES))
    assert submit(bureau.fhir, reversal_bundle(REVERSE, KEY, "9327.31")).status_code == 422
    assert bureau.state()["settled"] == 1


def edited_seed(folder: Path, *changes: tuple[str, str]) -> Path:
    text = (ROOT / "fixtures" / "endpoints" / "bureau.yaml").read_text("utf-8")
    items = ROOT / "fixtures" / "endpoints" / "items"
    for old, new in ((": items/", f": {items}/"), *changes):
        assert old in text
        text = text.replace(old, new)
    seed = folder / "seed.yaml"
    seed.write_text(text, "utf-8")
    return seed


def test_a_closed_period_and_a_later_settlement_forbid_a_reversal(tmp_path: Path) -> None:
    seed = edited_seed(
        tmp_path,
        ("closed_through: 2019-12-31", "closed_through: 2021-01-31"),
        ("refuse_if_later_settled: no", "refuse_if_later_settled: yes"),
    )
    with counterpart("bureau", store=tmp_path / "store.sqlite", seed=seed) as bureau:
        days = {"A": "2021-01-31", "B": "2021-02-01", "C": "2021-03-01"}
        for case, day in days.items():
            key = f"CASE-{case}.v1.insurance.settle"
            submit(bureau.fhir, claim_bundle(key, LINES, settled_on=day, admitted="2021-01-20"))

        def reverse(case: str) -> str:
            key = f"CASE-{case}.v1.insurance"
            answer = submit(bureau.fhir, reversal_bundle(f"{key}.reverse", f"{key}.settle", "9327.30"))
            first = responses(load(answer.content))[0]
            return str(first["error"][0]["code"]["coding"][0]["code"]) if "error" in first else str(first["status"])

        assert reverse("A") == "period-closed"
        assert reverse("B") == "later-settlement"
        assert reverse("C") == "cancelled"
        assert reverse("B") == "cancelled"
        assert bureau.state()["reversed"] == 2


# -- the year and the day ----------------------------------------------------------------------------------------------


def test_the_year_leaves_out_the_case_in_question(bureau: Counterpart) -> None:
    submit(bureau.fhir, claim_bundle(KEY, LINES))
    assert year(bureau, "T00000001", "2021-12-31")["basic.paid"] == "6571.18"
    assert year(bureau, "T00000001", "2021-12-31")["basic.admissions"] == 1
    assert year(bureau, "T00000001", "2021-12-31", without="qingshi_county-300010001")["basic.paid"] == "0.00"
    assert year(bureau, "T00000001", "2022-01-01")["basic.paid"] == "0.00"


def test_a_stay_counts_in_the_year_of_its_settlement(bureau: Counterpart) -> None:
    submit(bureau.fhir, claim_bundle(KEY, LINES, settled_on="2021-01-06", admitted="2020-12-28"))
    assert year(bureau, "T00000001", "2020-12-31")["basic.deductible"] == "0.00"
    assert year(bureau, "T00000001", "2021-01-07")["basic.deductible"] == "500.00"


def test_an_unknown_person(bureau: Counterpart) -> None:
    asked = load(
        post(bureau.fhir, "/CoverageEligibilityRequest/$submit", eligibility_bundle("T99999999", "2021-03-12")).content
    )
    assert asked["insurance"][0] == {"coverage": {"reference": "Coverage/basic"}, "inforce": False}
    answer = load(submit(bureau.fhir, claim_bundle(KEY, LINES, subscriber="T99999999")).content)
    assert (answer["outcome"], answer["error"][0]["code"]["coding"][0]["code"]) == ("error", "not-insured")
    assert look_up(bureau.fhir, KEY) == []


@pytest.mark.parametrize(
    ("settled_on", "code"),
    [("2022-12-31", None), ("2023-01-01", "not-insured"), ("2019-12-31", "plan"), ("2026-01-01", "plan")],
)
def test_days_that_cover_or_plan_do_not_reach(bureau: Counterpart, settled_on: str, code: str | None) -> None:
    person = "T00000001" if code == "plan" else "T00000019"
    answer = load(submit(bureau.fhir, claim_bundle(KEY, LINES, subscriber=person, settled_on=settled_on)).content)
    first = responses(answer)[0]
    assert (first["error"][0]["code"]["coding"][0]["code"] if "error" in first else None) == code


def test_totals_and_details_of_a_day(bureau: Counterpart) -> None:
    def total(day: str, provider: str = FACILITY) -> dict[str, Any]:
        answer = httpx.get(f"{bureau.fhir}/Claim/$day-total", params={"date": day, "provider": provider})
        found: dict[str, Any] = {}
        for row in load(answer.content)["parameter"]:
            if row["name"] == "payer":
                code, count, amount = (part for part in row["part"])
                found[code["valueCode"]] = (count["valueInteger"], str(amount["valueMoney"]["value"]))
            else:
                found[row["name"]] = row["valueInteger"] if row["name"] == "count" else str(row["valueMoney"]["value"])
        return found

    for number in range(1, 4):
        submit(bureau.fhir, claim_bundle(f"CASE-{number}.v1.insurance.settle", LINES, subscriber=f"T0000000{number}"))
    submit(bureau.fhir, claim_bundle("CASE-9.v1.insurance.settle", LINES, settled_on="2021-03-13"))
    submit(bureau.fhir, reversal_bundle("CASE-2.v1.insurance.reverse", "CASE-2.v1.insurance.settle", "9327.30"))
    assert total("2021-03-12") == {
        "count": 2,
        "total": "13142.36",
        "basic": (2, "13142.36"),
        "critical-illness": (2, "0.00"),
    }
    assert total("2021-03-12", "H00000000000") == {"count": 0, "total": "0.00"}
    assert total("2021-03-11") == {"count": 0, "total": "0.00"}

    query = {"created": "2021-03-12", "requestor:identifier": f"{CANON}/sid/facility|{FACILITY}", "_count": "4"}
    page = load(httpx.get(f"{bureau.fhir}/ClaimResponse", params=query).content)
    following = load(httpx.get(page["link"][0]["url"]).content)
    assert (page["total"], len(page["entry"]), len(following["entry"]), "link" in following) == (6, 4, 2, False)
    listed = responses(page) + responses(following)
    standing = {(one["request"]["identifier"]["value"], one["status"]) for one in listed}
    assert standing == {
        ("CASE-1.v1.insurance.settle", "active"),
        ("CASE-2.v1.insurance.settle", "cancelled"),
        ("CASE-3.v1.insurance.settle", "active"),
    }


# -- what is refused ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (lambda claim: claim.pop("identifier"), 422),
        (lambda claim: claim.pop("priority"), 422),
        (lambda claim: claim["total"].update(value=Decimal("9327.31")), 422),
        (lambda claim: claim["total"].update(currency="USD"), 422),
        (lambda claim: claim.pop("item"), 422),
        (lambda claim: claim["supportingInfo"].pop(0), 422),
        (lambda claim: claim["insurance"][0]["coverage"].update(reference="Coverage/none"), 422),
        (lambda claim: claim["item"][0]["net"].update(value="much"), 422),
    ],
)
def test_a_claim_that_the_guide_does_not_allow(bureau: Counterpart, change: Any, status: int) -> None:
    bundle = claim_bundle(KEY, LINES)
    change(bundle["entry"][0]["resource"])
    answer = submit(bureau.fhir, bundle)
    assert (answer.status_code, load(answer.content)["resourceType"]) == (status, "OperationOutcome")
    assert bureau.state()["settled"] == 0


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"a": NaN}', b'{"a": 1, "a": 1}', b'{"resourceType": "Claim"}', b"\xff"]
)
def test_a_body_that_cannot_be_read(bureau: Counterpart, body: bytes) -> None:
    assert httpx.post(f"{bureau.fhir}/Claim/$submit", content=body, headers=HEADERS).status_code == 400


def test_other_content_types_and_transactions_are_not_taken_here(bureau: Counterpart) -> None:
    body = dump(claim_bundle(KEY, LINES))
    assert (
        httpx.post(f"{bureau.fhir}/Claim/$submit", content=body, headers={"Content-Type": "text/plain"}).status_code
        == 415
    )
    assert post(bureau.fhir, "", claim_bundle(KEY, LINES)).status_code == 400


def test_an_item_outside_the_list_is_refused_by_name(bureau: Counterpart) -> None:
    answer = load(submit(bureau.fhir, claim_bundle(KEY, [line("9901", "96.00")])).content)
    assert (answer["outcome"], answer["error"][0]["code"]["coding"][0]["code"]) == ("error", "item-unknown")


def test_what_should_not_have_been_sent_is_noticed(bureau: Counterpart) -> None:
    bundle = claim_bundle(KEY, LINES)
    bundle["entry"][1]["resource"]["name"] = [{"text": "测试甲"}]
    submit(bureau.fhir, bundle)
    assert bureau.state()["least_data_breaches"] == {"Patient.name": 1}


def test_a_token_is_asked_for_where_the_seed_holds_one(tmp_path: Path) -> None:
    seed = edited_seed(tmp_path, ("longest_delay_seconds: 5", "longest_delay_seconds: 5\ntoken: tell-no-one"))
    with counterpart("bureau", store=tmp_path / "store.sqlite", seed=seed) as bureau:
        body = dump(claim_bundle(KEY, LINES))
        url = f"{bureau.fhir}/Claim/$submit"
        assert httpx.post(url, content=body, headers=HEADERS).status_code == 401
        assert (
            httpx.post(url, content=body, headers=HEADERS | {"Authorization": "Bearer tell-no-one"}).status_code == 200
        )
