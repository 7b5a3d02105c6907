"""The bureau's split of each line, as 2301 answers it: read, checked against the line and the settlement, or left."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from adapter.fhir.canonical import decode
from adapter.model.claim import LineSplit, SplitBasis
from adapter.model.messages import OutboundMessage, Stage
from adapter.model.money import Money
from adapter.model.settlement import PayerAnswer
from adapter.payers.delivery.endpoint import Done
from tests.support.nhsa import Talk, friendly, line_result, ok, setlinfo, stay_facts, talk

Y = Money.yuan
#: A line of 57.30 yuan, and its serial.
SERIAL, AMOUNT = "9100040024", "57.30"


def settled(change: Callable[[dict[str, Any]], Mapping[str, Any]], **header: Any) -> tuple[PayerAnswer, Talk]:
    """What the call's first payer answered where the bureau says ``change`` of that one line."""
    facts = stay_facts()
    answers = friendly(facts)

    def lines(body: dict[str, Any]) -> dict[str, Any]:
        rows = [line_result(row) for row in body["input"]["feedetail"]]
        return ok(result=[{**row, **(change(row) if row["feedetl_sn"] == SERIAL else {})} for row in rows])

    def settle(body: dict[str, Any]) -> dict[str, Any]:
        return ok(**setlinfo(facts.claim.total, basic="300.00", mdtrt_id="M1", setl_id="SETL1", **header))

    answers.by_number |= {"2301": lines, "2303": settle, "2304": settle}
    with talk(answers) as said:
        said.settled()
        done = said.next(Stage.SETTLE)
        assert isinstance(done, Done)
        leading, *others = done.answers
        assert all(not each.lines and not each.doubts for each in others)
        assert leading.amount == Y("300.00"), "the settlement counts, whatever the lines say"
        return leading, said


def codes(answer: PayerAnswer) -> list[str]:
    return [each.code for each in answer.doubts]


def test_every_line_is_the_bureaus_and_says_how_it_is_classed() -> None:
    part = {"preselfpay_amt": 5.73, "inscp_scp_amt": "51.57", "chrgitm_lv": "02", "selfpay_prop": 0.1}
    answer, said = settled(lambda row: part, preselfpay_amt="5.73", inscp_scp_amt=(said_total() - Y("5.73")).text)
    line = next(each for each in said.facts.claim.lines if each.row_key == SERIAL)
    assert dict(answer.lines)[line.id] == LineSplit(pre_self_pay=Y("5.73"), in_scope=Y("51.57"), basis=SplitBasis.PAYER)
    assert [name for name, _ in answer.lines] == [each.id for each in said.facts.claim.lines]
    assert Money.total(split.total for _, split in answer.lines) == said.facts.claim.total
    assert (dict(answer.line_terms)[line.id], codes(answer)) == ("chrgitm_lv 02, selfpay_prop 0.1", [])
    asked = decode(said.said[-1].message.composed)["input"]["data"]
    assert (str(asked["preselfpay_amt"]), str(asked["fulamt_ownpay_amt"])) == ("5.73", "0.00")


def said_total() -> Money:
    return stay_facts().claim.total


def test_the_trial_tells_them_too() -> None:
    _, said = settled(lambda row: {})
    before = [each for each in said.said if each.message.stage is not Stage.TRIAL]
    tried = [each for each in said.said if each.message.stage is Stage.TRIAL]
    done = said.endpoint.next(Stage.TRIAL, said.facts, tried, said.clock.now(), before=before)
    assert isinstance(done, Done) and len(done.answers[0].lines) == len(said.facts.claim.lines)


ODD: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "parts that are not the line": ({"inscp_scp_amt": "57.29"}, "DEL-647"),
    "finer than a fen": ({"inscp_scp_amt": "57.295", "preselfpay_amt": "0.005"}, "DEL-648"),
    "words": ({"inscp_scp_amt": "全部"}, "DEL-648"),
    "in scope where the settlement has it outside": ({}, "DEL-646"),
}


@pytest.mark.parametrize("case", ODD)
def test_lines_that_contradict_themselves_are_not_used_and_nothing_waits(case: str) -> None:
    change, code = ODD[case]
    outside = {"fulamt_ownpay_amt": AMOUNT, "inscp_scp_amt": (said_total() - Y(AMOUNT)).text}
    header = outside if code == "DEL-646" else {}
    answer, said = settled(lambda row: change, **header)
    assert (codes(answer), answer.lines) == ([code], ())
    if code != "DEL-646":
        sent = decode(said.said[-1].message.composed)["input"]["data"]
        assert "inscp_scp_amt" not in sent, "and we do not repeat them"


def test_what_the_whole_stay_pays_first_is_no_contradiction() -> None:
    """先行自付 of care sought elsewhere stands in the settlement alone."""
    answer, _ = settled(lambda row: {}, preselfpay_amt="100.00", inscp_scp_amt=(said_total() - Y("100.00")).text)
    assert codes(answer) == [] and answer.lines


@pytest.mark.parametrize("header", [{"overlmt_selfpay": "1.00"}, {"preselfpay_amt": "-1.00"}])
def test_other_parts_than_the_lines_are(header: dict[str, str]) -> None:
    rest = said_total() - Money.total(map(Y, header.values()))
    assert codes(settled(lambda row: {}, **header, inscp_scp_amt=rest.text)[0]) == ["DEL-646"]


def test_a_bureau_that_splits_nothing_gives_no_lines() -> None:
    facts = stay_facts()
    answers = friendly(facts)
    answers.by_number["2301"] = lambda body: ok(
        result=[{"feedetl_sn": row["feedetl_sn"], "det_item_fee_sumamt": None} for row in body["input"]["feedetail"]]
    )
    with talk(answers) as said:
        said.settled()
        done = said.next(Stage.SETTLE)
        assert isinstance(done, Done) and (done.answers[0].lines, done.answers[0].doubts) == ((), ())
        assert not isinstance(said.next(Stage.CHARGES), OutboundMessage), "each line is there all the same"
