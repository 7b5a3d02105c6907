"""Fee lines: chunks, halving, bad lines, corrections, refunds, and no settlement before both sides agree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.fhir.canonical import decode
from adapter.model.call import CallFacts
from adapter.model.claim import ChargeLine
from adapter.model.issues import AdapterError
from adapter.model.messages import Outcome, Stage
from adapter.model.money import Money
from adapter.payers.delivery.endpoints.nhsa.charges import next_upload
from adapter.payers.delivery.endpoints.nhsa.compose import Composer
from adapter.payers.delivery.endpoints.nhsa.facts import Told, line_serial
from adapter.payers.delivery.endpoints.nhsa.history import (
    Enrolment,
    Insured,
    RefusedChunk,
    SentLine,
    Visit,
    row_digest,
)
from tests.support.nhsa import (
    HOSPITAL,
    PSN_NO,
    Answers,
    Talk,
    changed_region,
    friendly,
    line_result,
    no,
    ok,
    stay_facts,
    talk,
)
from tests.support.office import codes

UP_TO_CHARGES = (Stage.ELIGIBILITY, Stage.ADMIT, Stage.CHARGES)


def refusing(facts: CallFacts, bad: set[str], words: Callable[[str], str] = "目录 {} 不在有效期".format) -> Answers:
    """A bureau that refuses a whole call for one bad line."""
    answers = friendly(facts)

    def charges(body: dict[str, Any]) -> dict[str, Any]:
        rows = body["input"]["feedetail"]
        wrong = [row["feedetl_sn"] for row in rows if row["feedetl_sn"] in bad]
        return no(words(wrong[0])) if wrong else ok(result=[line_result(row) for row in rows])

    answers.by_number["2301"] = charges
    return answers


def sent(answers: Answers) -> list[int]:
    """How many lines went out in each 2301."""
    return [len(each["input"]["feedetail"]) for each in answers.asked if each["infno"] == "2301"]


def serials() -> list[str]:
    return [line_serial(line, "digits15") for line in stay_facts().claim.lines]


def charged(said: Talk) -> AdapterError:
    with pytest.raises(AdapterError) as caught:
        said.through(*UP_TO_CHARGES)
    return caught.value


def test_chunks_keep_to_lines_and_bytes() -> None:
    for settings_, wanted in (({"lines_per_call": 15}, [15, 15, 8]), ({"bytes_per_call": 4000}, None)):
        answers = friendly(stay_facts())
        with talk(answers, spoken=changed_region("test_inland", **settings_)) as said:
            said.through(*UP_TO_CHARGES)
        assert sum(sent(answers)) == 38
        assert wanted is None or sent(answers) == wanted
        sizes = [len(request.content) for request in answers.requests if b'"2301"' in request.content]
        assert wanted is not None or (len(sizes) > 3 and max(sizes) < 4700)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_bad_lines_are_found_and_all_others_go_in(count: int) -> None:
    bad = set(serials()[3 : 3 + 9 * count : 9][:count])
    answers = refusing(stay_facts(), bad)
    with talk(answers) as said:
        error = charged(said)
        with pytest.raises(AdapterError):
            said.next(Stage.CHARGES)
        with pytest.raises(AdapterError) as blocked:
            said.next(Stage.TRIAL)
    assert codes(error) == ["DEL-548"] * count
    named = " ".join(issue.en for issue in error.issues)
    assert all(serial in named for serial in bad)
    assert codes(blocked.value) == ["DEL-550"]
    assert len(sent(answers)) < 14 * count
    accepted = {row["feedetl_sn"] for each in said.said for row in accepted_rows(each)}
    assert accepted == set(serials()) - bad


def accepted_rows(exchange: Any) -> list[dict[str, Any]]:
    body = decode(exchange.receipt.body)
    return (body.get("output") or {}).get("result", []) if exchange.message.operation == "2301" else []


@settings(deadline=None, max_examples=12)
@given(bad=st.sets(st.integers(0, 37), min_size=1, max_size=6), limit=st.integers(1, 50))
def test_halving_always_ends_with_exactly_the_bad_lines(bad: set[int], limit: int) -> None:
    """Without the wire: the bureau takes a chunk, or refuses it whole, each bad line with words of its own."""
    wrong = {serials()[place] for place in bad}
    spoken = changed_region("test_inland", lines_per_call=limit)
    composer, at = Composer(spoken.definitions, spoken.fields), datetime(2026, 3, 2, tzinfo=UTC)
    visit, calls = Visit(insured=insured(), mdtrt_id="M1"), 0
    while True:
        at, calls = at + timedelta(seconds=1), calls + 1
        told = Told.of(stay_facts(), visit, spoken.region, HOSPITAL)
        try:
            rows = next_upload(told, composer, at).send
        except AdapterError as error:
            assert sorted(issue.code for issue in error.issues) == ["DEL-548"] * len(wrong)
            break
        here = {row["feedetl_sn"]: row_digest(row) for row in rows}
        visit = replace(visit, said=(*visit.said, at))
        if refused := sorted(wrong & here.keys()):
            visit = replace(visit, refused=(*visit.refused, RefusedChunk(here, refused[0], at)))
        else:
            taken = {serial: SentLine(digest, Money(0)) for serial, digest in here.items()}
            visit = replace(visit, lines={**visit.lines, **taken})
    assert set(visit.lines) == set(serials()) - wrong
    assert calls <= 39 + len(wrong) * 12


def insured() -> Insured:
    return Insured(PSN_NO, (Enrolment("390", "1701", "1", "999901"),), ())


def test_a_refused_chunk_is_no_refusal_of_the_stay() -> None:
    """The dialogue goes on by itself; what it is looking for stands with the receipt."""
    answers = refusing(stay_facts(), {serials()[0]})
    with talk(answers) as said:
        charged(said)
    first = next(each for each in said.said if each.message.operation == "2301")
    assert first.receipt.outcome is Outcome.ACCEPTED
    assert codes(first.receipt) == ["DEL-549"]


def test_a_bureau_that_refuses_everything_alike_is_not_asked_line_by_line() -> None:
    answers = refusing(stay_facts(), set(serials()), words=lambda _: "就诊已结算")
    with talk(answers) as said:
        error = charged(said)
    assert codes(error) == ["DEL-540"]
    assert len(sent(answers)) < 15


def test_a_corrected_line_goes_in_and_the_stay_goes_on() -> None:
    facts = stay_facts()
    wrong = facts.claim.lines[5]
    answers = refusing(facts, {line_serial(wrong, "digits15")})
    with talk(answers) as said:
        charged(said)
        answers.by_number["2301"] = friendly(facts).by_number["2301"]
        with pytest.raises(AdapterError):
            said.next(Stage.CHARGES)  # unchanged, and nobody had time to mend anything
        said.facts = with_line(facts, recoded(wrong))
        assert said.through(Stage.CHARGES) == ["2301"]
        assert said.through(Stage.TRIAL) == ["2303"]
    assert sent(answers)[-1] == 1


def test_after_a_pause_an_unchanged_line_is_tried_again() -> None:
    """What was wrong may have been wrong at the bureau."""
    facts = stay_facts()
    answers = refusing(facts, {serials()[2]})
    with talk(answers) as said:
        charged(said)
        answers.by_number["2301"] = friendly(facts).by_number["2301"]
        said.later(16)
        assert said.through(Stage.CHARGES) == ["2301"]


def with_line(facts: CallFacts, line: ChargeLine, *more: ChargeLine) -> CallFacts:
    """The facts with one line changed, and others added."""
    lines = [line if each.id == line.id else each for each in facts.claim.lines]
    return replace(facts, claim=replace(facts.claim, lines=(*lines, *more)))


def recoded(line: ChargeLine) -> ChargeLine:
    """The line with another national code."""
    assert line.item is not None
    return replace(line, item=replace(line.item, national_code="C999"))


def refunded(facts: CallFacts) -> tuple[CallFacts, ChargeLine, ChargeLine]:
    """The facts with a refund of their first line: facts, line, refund."""
    line, amount = facts.claim.lines[0], Money.yuan("-30.00")
    refund = replace(line, id="refund-1", row_key="77001", quantity=Decimal(-1), amount=amount, reverses=line.id)
    resource = next(each for each in facts.resources if each.get("id") == line.id)
    amounts = {"quantity": {"value": Decimal(-1)}, "priceOverride": {"value": amount.decimal, "currency": "CNY"}}
    resources = (*facts.resources, {**resource, "id": refund.id, **amounts})
    return replace(with_line(facts, line, refund), resources=resources), line, refund


def test_a_changed_line_is_withdrawn_and_sent_again() -> None:
    facts = stay_facts()
    answers = friendly(facts)
    with talk(answers) as said:
        said.through(*UP_TO_CHARGES, Stage.TRIAL)
        line = facts.claim.lines[0]
        said.facts = with_line(facts, recoded(line))
        assert said.through(Stage.CHARGES) == ["2302", "2301"]
        assert said.through(Stage.CHARGES) == []
    assert answers.asked[-2]["input"]["data"][0]["feedetl_sn"] == line_serial(line, "digits15")


def test_lines_after_the_discharge_cancel_it_first() -> None:
    facts = stay_facts()
    with talk(friendly(facts)) as said:
        said.settled()
        said.through(Stage.REVERSE)
        said.facts = replace(refunded(facts)[0], version=2)
        assert said.through(Stage.ADMIT, Stage.CHARGES) == ["2405", "2301"]


def test_a_refund_is_negative_with_its_original_and_a_positive_price() -> None:
    facts, line, _ = refunded(stay_facts())
    answers = friendly(facts)
    with talk(answers, facts=facts) as said:
        said.through(*UP_TO_CHARGES)
    row = answers.asked[-1]["input"]["feedetail"][-1]
    assert row["init_feedetl_sn"] == line_serial(line, "digits15")
    assert (row["cnt"], row["det_item_fee_sumamt"]) == (Decimal(-1), Decimal("-30.00"))
    assert row["pric"] == Decimal(30)


def test_a_withdrawn_original_takes_its_refund_along() -> None:
    facts, line, refund = refunded(stay_facts())
    answers = friendly(facts)
    with talk(answers, facts=facts) as said:
        said.through(*UP_TO_CHARGES)
        said.facts = with_line(facts, recoded(line))
        assert said.through(Stage.CHARGES) == ["2302", "2301"]
    withdrawn = [row["feedetl_sn"] for row in answers.asked[-2]["input"]["data"]]
    assert withdrawn == [refund.row_key, line_serial(line, "digits15")]


def test_a_bureau_that_took_another_amount_is_not_settled_with() -> None:
    facts = stay_facts()
    answers = friendly(facts)

    def short(body: dict[str, Any]) -> dict[str, Any]:
        rows = [line_result(row) for row in body["input"]["feedetail"]]
        rows[0]["det_item_fee_sumamt"] = "0.01"
        return ok(result=rows)

    answers.by_number["2301"] = short
    with talk(answers) as said:
        said.through(*UP_TO_CHARGES)
        with pytest.raises(AdapterError) as caught:
            said.next(Stage.TRIAL)
    assert codes(caught.value) == ["DEL-550"]


@pytest.mark.parametrize(
    ("key", "form", "kept"),
    [
        ("9100040004", "digits15", True),
        ("0100040004", "digits15", False),
        ("1234567890123456", "digits15", False),
        ("F-12_a", "digits15", False),
        ("F-12_a", "text30", True),
        ("x" * 31, "text30", False),
        ("0000", "text30", False),
    ],
)
def test_serials_keep_the_his_key_where_the_bureau_allows_it(key: str, form: str, kept: bool) -> None:
    line = replace(stay_facts().claim.lines[0], row_key=key)
    serial = line_serial(line, form)
    assert (serial == key) is kept
    assert serial == line_serial(line, form)
    assert len(serial) <= 30
    if form == "digits15":
        assert serial.isdigit() and not serial.startswith("0") and len(serial) <= 15


def test_two_lines_with_one_serial_are_refused_here() -> None:
    facts = stay_facts()
    twin = replace(facts.claim.lines[1], row_key=facts.claim.lines[0].row_key)
    with talk(friendly(facts), facts=with_line(facts, twin)) as said:
        error = charged(said)
    assert codes(error) == ["DEL-551"]


def test_another_lines_amount_never_stands_in() -> None:
    facts = stay_facts()
    line = facts.claim.lines[3]
    left = tuple(each for each in facts.resources if each.get("id") != line.id)
    with talk(friendly(facts), facts=replace(facts, resources=left)) as said:
        error = charged(said)
    assert set(codes(error)) == {"DEL-544"}
    assert all(line.id in issue.pointer for issue in error.issues)


def test_a_line_without_a_national_code_is_named() -> None:
    facts = stay_facts()
    line = replace(facts.claim.lines[0], item=None)
    with talk(friendly(facts), facts=with_line(facts, line)) as said:
        error = charged(said)
    assert codes(error) == ["DEL-544"]
    assert line.id in error.issues[0].pointer
    assert "med_list_codg" in error.issues[0].en
    for words in (error.issues[0].zh, error.issues[0].en):
        assert f"{line.row_key}: {line.code} {line.name}" in words, "the HIS knows its own line, not our id of it"
