"""The order of a stay at the bureau, what is said again and what is not, and what keeps a message from being made."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapter.fhir.canonical import decode
from adapter.model.issues import AdapterError
from adapter.model.messages import OutboundMessage, Outcome, Stage
from adapter.model.money import Money
from adapter.model.person import Insurance
from adapter.model.settlement import Payer
from adapter.payers.delivery.endpoint import Done
from adapter.payers.delivery.endpoints.nhsa.msgid import MessageIds
from tests.support.nhsa import PSN_NO, changed_region, dialect, friendly, no, ok, stay_facts, talk
from tests.support.office import codes

BEFORE_SETTLING = (Stage.ELIGIBILITY, Stage.ADMIT, Stage.CHARGES, Stage.TRIAL)


def test_a_stay_is_said_in_the_bureaus_order_and_once() -> None:
    answers = friendly(stay_facts())
    with talk(answers) as said:
        assert said.settled() == ["1101", "2001", "5206", "2401", "2301", "2303", "2402", "2304"]
        assert said.through(Stage.ADMIT, Stage.CHARGES, Stage.SETTLE) == []
    assert answers.numbers() == ["1101", "2001", "5206", "2401", "2301", "2303", "2402", "2304"]


def test_a_bureau_with_other_ways_is_spoken_to_in_its_order() -> None:
    """Sign-in first, small chunks, discharge before the trial, an address per transaction."""
    answers = friendly(stay_facts())
    with talk(answers, spoken=dialect("test_coastal")) as said:
        numbers = said.settled()
    assert numbers == ["9001", "1101", "2001", "2401", "2301", "2301", "2402", "2303", "2304"]
    assert [request.url.path for request in answers.requests][:2] == ["/fsi/api/9001", "/fsi/api/1101"]
    assert {each["sign_no"] for each in answers.asked[1:]} == {"S1"}


def test_a_second_trial_does_not_discharge_again() -> None:
    """Nor does it when what was said in the first one is not at hand any more."""
    with talk(friendly(stay_facts()), spoken=dialect("test_coastal")) as said:
        said.through(*BEFORE_SETTLING)
        said.said = [each for each in said.said if each.message.stage is not Stage.TRIAL]
        assert said.through(Stage.CHARGES, Stage.TRIAL) == ["2303"]


def test_the_next_day_signs_in_again_and_only_when_there_is_something_to_say() -> None:
    with talk(friendly(stay_facts()), spoken=dialect("test_coastal")) as said:
        said.through(*BEFORE_SETTLING)
        said.later(24 * 60)
        assert said.through(Stage.ADMIT) == []
        assert said.through(Stage.SETTLE) == ["9001", "2304"]


def test_ids_that_came_back_go_into_what_follows() -> None:
    answers = friendly(stay_facts())
    with talk(answers) as said:
        said.settled()
        said.through(Stage.REVERSE)
    by_number = {each["infno"]: each for each in answers.asked}
    assert by_number["2402"]["input"]["dscginfo"]["mdtrt_id"] == "M1"
    assert by_number["2304"]["input"]["data"]["psn_no"] == PSN_NO
    assert by_number["2305"]["input"]["data"] == {"mdtrt_id": "M1", "setl_id": "SETL1", "psn_no": PSN_NO}
    assert by_number["2304"]["insuplc_admdvs"] == "999901"
    assert by_number["1101"]["insuplc_admdvs"] == ""


def test_the_settlement_has_one_key_and_one_message_id_for_ever() -> None:
    with talk(friendly(stay_facts())) as said:
        said.through(*BEFORE_SETTLING)
        said.take(_message(said.next(Stage.SETTLE)))
        first, second = said.next(Stage.SETTLE), said.next(Stage.SETTLE)
        at = said.clock.moment
        same = [said.endpoint.next(Stage.TRIAL, said.facts, (), at, before=said.said) for _ in range(2)]
    assert _message(first).key == _message(second).key == f"{said.facts.key}.settle"
    assert _message(first).effect
    assert same[0] == same[1]


def test_message_ids_are_thirty_characters_and_never_twice() -> None:
    answers = friendly(stay_facts())
    with talk(answers, spoken=changed_region("test_inland", lines_per_call=1)) as said:
        said.clock.moment = said.clock.moment.replace(microsecond=0)
        said.settled()
    ids = [each["msgid"] for each in answers.asked]
    assert len(set(ids)) == len(ids) > 40
    assert {len(each) for each in ids} == {30}
    assert {each[:12] for each in ids} == {"H99990100001"}


def test_changed_facts_change_the_registration() -> None:
    answers = friendly(stay_facts())
    with talk(answers) as said:
        said.through(Stage.ELIGIBILITY, Stage.ADMIT)
        claim = said.facts.claim
        said.facts = replace(said.facts, claim=replace(claim, stay=replace(claim.stay, principal_diagnosis="K35.900")))
        assert said.through(Stage.ADMIT) == ["2403"]
        assert said.through(Stage.ADMIT) == []
    assert answers.asked[-1]["input"]["adminfo"]["dscg_maindiag_code"] == "K35.900"


def test_a_reversal_goes_back_as_far_as_the_region_says() -> None:
    answers = friendly(stay_facts())
    with talk(answers, spoken=changed_region("test_inland", reversal_to="admission")) as said:
        said.settled()
        assert said.through(Stage.REVERSE) == ["2305", "2405", "2302", "2404"]
        assert said.through(Stage.REVERSE) == []
    withdrawn = next(each for each in answers.asked if each["infno"] == "2302")
    assert withdrawn["input"]["data"][0]["feedetl_sn"] == "0000"


def test_a_new_version_settles_again_without_a_new_admission() -> None:
    with talk(friendly(stay_facts())) as said:
        said.settled()
        said.through(Stage.REVERSE)
        said.facts = replace(said.facts, version=2)
        assert said.settled() == ["1101", "2001", "5206", "2303", "2304"]


def test_a_settlement_of_another_version_that_stands_is_in_the_way() -> None:
    with talk(friendly(stay_facts())) as said:
        said.settled()
        said.facts = replace(said.facts, version=2)
        with pytest.raises(AdapterError) as caught:
            said.next(Stage.SETTLE)
    assert codes(caught.value) == ["DEL-555"]


def test_the_settlement_list_follows_where_it_is_wanted() -> None:
    with talk(friendly(stay_facts())) as said:
        said.settled()
        assert said.next(Stage.RECONCILE) == Done()
    wanted = dict.fromkeys(("ntly", "prfs", "patn_rlts", "dscg_caty", "bill_code", "bill_no"), "9")
    wanted |= {"medins_fill_dept": "医保办", "medins_fill_psn": "测试", "adm_cond_type": "1"}
    spoken = changed_region("test_inland", settlement_list=True)
    spoken = replace(spoken, region=replace(spoken.region, supplied={**spoken.region.supplied, **wanted}))
    with talk(friendly(stay_facts()), spoken=spoken) as said:
        said.settled()
        with pytest.raises(AdapterError) as caught:
            said.next(Stage.RECONCILE)
    missing = {issue.en.split(" ")[3] for issue in caught.value.issues}
    assert codes(caught.value) == ["DEL-544", "DEL-544"]
    assert missing == {"coner_addr", "coner_tel"}
    contact = [{"address": {"text": "测试路1号"}, "telecom": [{"value": "00000000"}]}]
    facts = stay_facts()
    resources = tuple(
        {**each, "contact": contact} if each["resourceType"] == "Patient" else each for each in facts.resources
    )
    answers = friendly(facts)
    answers.by_number["4101"] = lambda body: ok(data={"setl_list_id": "L1"})
    with talk(answers, facts=replace(facts, resources=resources), spoken=spoken) as said:
        said.settled()
        assert said.through(Stage.RECONCILE) == ["4101"]
        assert said.through(Stage.RECONCILE) == []
    sent = answers.asked[-1]["input"]
    assert sent["payinfo"] == [{"fund_pay_type": "390100", "fund_payamt": Money.yuan("300.00").decimal}]
    assert (sent["setlinfo"]["setl_id"], sent["setlinfo"]["setl_end_date"]) == ("SETL1", "2021-05-17")


def test_missing_fields_are_named_all_at_once() -> None:
    with talk(friendly(stay_facts()), spoken=changed_region("test_inland", supplied={})) as said:
        said.through(Stage.ELIGIBILITY)
        with pytest.raises(AdapterError) as caught:
            said.next(Stage.ADMIT)
    assert set(codes(caught.value)) == {"DEL-544"}
    assert {"atddr_no", "adm_bed", "diag_dept"} <= {issue.en.split(" ")[3] for issue in caught.value.issues}


@pytest.mark.parametrize(
    "enrolled",
    [
        [],
        [{"insutype": "310", "psn_type": "11", "psn_insu_stas": "1", "insuplc_admdvs": "999901"}],
        {"insutype": "390", "psn_type": "1701", "psn_insu_stas": "2", "insuplc_admdvs": "999901"},
    ],
    ids=["not enrolled", "another scheme", "paused"],
)
def test_without_an_enrolment_in_force_nothing_goes_on(enrolled: Any) -> None:
    answers = friendly(stay_facts())
    answers.by_number["1101"] = lambda body: ok(baseinfo={"psn_no": PSN_NO}, insuinfo=enrolled)
    with talk(answers) as said:
        said.take(_message(said.next(Stage.ELIGIBILITY)))
        with pytest.raises(AdapterError) as caught:
            said.next(Stage.ELIGIBILITY)
    assert codes(caught.value) == ["DEL-546"]


def test_of_several_enrolments_the_one_of_the_stay_counts() -> None:
    answers = friendly(stay_facts())
    rows = [
        {"insutype": "310", "psn_type": "1101", "psn_insu_stas": "1", "insuplc_admdvs": "999902"},
        {"insutype": "390", "psn_type": "1701", "psn_insu_stas": "1", "insuplc_admdvs": "999901"},
    ]
    answers.by_number["1101"] = lambda body: ok(baseinfo={"psn_no": PSN_NO}, insuinfo=rows)
    facts = stay_facts()
    employee = replace(
        facts, claim=replace(facts.claim, person=replace(facts.claim.person, insurance=Insurance.EMPLOYEES))
    )
    for each, wanted in ((facts, "390"), (employee, "310")):
        with talk(answers, facts=each) as said:
            said.through(Stage.ELIGIBILITY)
        assert answers.asked[-2]["input"]["data"]["insutype"] == wanted


def test_the_year_so_far_is_asked_under_our_names() -> None:
    answers = friendly(stay_facts())
    rows = [
        {"cum_type_code": "D390101", "year": "2021", "cum_ym": "202101", "cum": 100},
        {"cum_type_code": "D390101", "year": "2021", "cum_ym": "202102", "cum": "0.50"},
        {"cum_type_code": "D610101", "year": "2020", "cum": "9.00"},
        {"cum_type_code": "X1", "year": "2021", "cum": "7.00"},
    ]
    answers.by_number["5206"] = lambda body: ok(cuminfo=rows)
    for rule, amount in (("month", "100.50"), ("year", "0.50")):
        with talk(answers, spoken=changed_region("test_inland", cumulative_rows=rule)) as said:
            said.through(Stage.ELIGIBILITY)
            accrued = said.said[-1].receipt.accrued
        assert accrued is not None
        assert (accrued.year, accrued.source, accrued.excludes_case) == (2021, "payer", said.facts.case_id)
        assert accrued.amounts == (("basic.paid", Money.yuan(amount)),)


def test_what_the_bureau_withholds_is_said_and_stops_nobody() -> None:
    answers = friendly(stay_facts())
    rows = [{"psn_no": PSN_NO, "fund_pay_type": "390200", "trt_enjymnt_flag": 0, "trt_chk_rslt": "欠费"}]
    answers.by_number["2001"] = lambda body: ok(trtinfo=rows)
    with talk(answers) as said:
        said.through(Stage.ELIGIBILITY)
        assert codes(said.said[1].receipt) == ["DEL-565"]


def test_a_third_partys_part_cannot_be_told() -> None:
    facts = stay_facts()
    shared = replace(facts, claim=replace(facts.claim, third_party=Money.yuan("100.00")))
    with talk(friendly(facts), facts=shared) as said:
        said.through(Stage.ELIGIBILITY, Stage.ADMIT, Stage.CHARGES)
        for stage in (Stage.TRIAL, Stage.SETTLE):
            with pytest.raises(AdapterError) as caught:
                said.next(stage)
            assert codes(caught.value) == ["DEL-556"]


def test_a_refused_admission_is_for_a_person() -> None:
    answers = friendly(stay_facts())
    answers.by_number["2401"] = lambda body: no("该人员已在院")
    with talk(answers) as said:
        said.through(Stage.ELIGIBILITY)
        receipt = said.take(_message(said.next(Stage.ADMIT)))
    assert receipt.outcome is Outcome.REJECTED
    assert codes(receipt) == ["DEL-540"]
    assert "该人员已在院" in receipt.issues[0].zh


def test_names_go_out_only_where_the_bureau_needs_them() -> None:
    for region, wanted in (("test_inland", True), ("test_coastal", False)):
        answers = friendly(stay_facts())
        with talk(answers, spoken=dialect(region)) as said:
            said.settled()
        settled = next(request for request in answers.requests if b'"2304"' in request.content)
        assert ("测试丁".encode() in settled.content) is wanted
        assert (b"999999198301250084" in settled.content) is wanted
        for request in answers.requests:
            assert b"13800000004" not in request.content
            assert "999999198301250084" not in str(request.url) + str(request.headers.raw)


def test_every_payer_of_the_call_is_answered_for() -> None:
    with talk(friendly(stay_facts())) as said:
        said.settled()
        receipt = said.said[-1].receipt
    assert [(each.payer, each.amount.text) for each in receipt.answers] == [
        (Payer.BASIC, "300.00"),
        (Payer.CRITICAL_ILLNESS, "0.00"),
    ]
    assert receipt.reference == "SETL1"
    assert dict(receipt.answers[0].amounts)["deductible"] == Money.yuan("100.00")


def test_a_moment_is_written_in_hospital_time() -> None:
    with talk(friendly(stay_facts())) as said:
        body = decode(_message(said.next(Stage.ELIGIBILITY)).composed)
        assert body["inf_time"] == (said.clock.moment + timedelta(hours=8)).strftime("%Y-%m-%d %H:%M:%S")


def _message(found: OutboundMessage | Done) -> OutboundMessage:
    assert isinstance(found, OutboundMessage)
    return found


def test_message_ids_of_one_second_differ_and_a_key_keeps_its_own() -> None:
    ids, moment = MessageIds("H99990100001"), datetime(2026, 3, 2, tzinfo=UTC)
    given = {key: ids.of(key, moment) for key in map(str, range(400))}
    assert len(set(given.values())) == 400
    assert all(ids.of(key, moment) == found for key, found in given.items())
    assert ids.of("1", moment + timedelta(seconds=1)) != given["1"]
