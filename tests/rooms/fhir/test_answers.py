"""Answers are taken whole or not at all: what is odd in them is an issue, never a guess."""

from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.fhir.answers import answers_from, is_empty, next_page, remittance_from, year_to_date_from
from adapter.fhir.canonical import decode, encode
from adapter.fhir.claim import insurance_claim
from adapter.fhir.identity import ADJUDICATION, codesystem, extension_url, system
from adapter.model.claim import LineSplit, SplitBasis
from adapter.model.issues import AdapterError
from adapter.model.messages import RemittanceLine
from adapter.model.money import Money
from adapter.model.settlement import Payer
from tests.support.cases import CASE, CREATED, ids, make_call

KEY = f"{CASE}.v1.insurance.settle"
BOTH = (Payer.BASIC, Payer.CRITICAL_ILLNESS)
Body = dict[str, Any]


def yuan(amount: str) -> Body:
    return {"value": Decimal(amount), "currency": "CNY"}


def total(code: str, amount: str) -> Body:
    home = ADJUDICATION if code in ("submitted", "eligible", "deductible", "benefit") else codesystem("adjudication")
    return {"category": {"coding": [{"system": home, "code": code}]}, "amount": yuan(amount)}


def answer(payer: str, amount: str, **figures: str) -> Body:
    return {
        "resourceType": "ClaimResponse",
        "extension": [{"url": extension_url("payer"), "valueCode": payer}],
        "identifier": [{"system": "urn:bureau:settlement", "value": f"S-{payer}"}],
        "status": "active",
        "request": {"identifier": {"system": system("claim"), "value": KEY}},
        "outcome": "complete",
        "total": [*(total(code, value) for code, value in figures.items()), total("benefit", amount)],
        "payment": {"amount": yuan(amount)},
        "processNote": [{"text": "起付线 500.00"}],
    }


def bundle(*answers: Body, kind: str = "collection") -> Body:
    return {"resourceType": "Bundle", "type": kind, "entry": [{"resource": each} for each in answers]}


def both() -> Body:
    return bundle(answer("basic", "300.00", eligible="500.00"), answer("critical-illness", "0.00"))


def refused(call: Callable[[], object]) -> list[str]:
    with pytest.raises(AdapterError) as caught:
        call()
    return [issue.code for issue in caught.value.issues]


def test_an_answer_alone() -> None:
    (given_,) = answers_from(answer("basic", "300.00", eligible="500.00"), (Payer.BASIC,), key=KEY)
    assert given_.payer is Payer.BASIC
    assert (given_.amount, given_.reference) == (Money.yuan("300.00"), "S-basic")
    assert given_.amounts == (("eligible", Money.yuan("500.00")),)
    assert given_.steps == ("起付线 500.00",)


def test_several_payers_come_in_the_order_asked() -> None:
    swapped = bundle(answer("critical-illness", "0.00"), answer("basic", "300.00"))
    assert [each.payer for each in answers_from(swapped, BOTH, key=KEY)] == list(BOTH)


def test_an_answer_read_from_bytes() -> None:
    assert answers_from(decode(encode(both())), BOTH, key=KEY) == answers_from(both(), BOTH, key=KEY)


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([answer("basic", "1.00"), answer("basic", "1.00"), answer("critical-illness", "0.00")], "FHIR-155"),
        ([answer("basic", "1.00")], "FHIR-156"),
        ([*both()["entry"]], "FHIR-156"),
        ([answer("basic", "1.00"), answer("critical-illness", "0.00"), answer("medical-aid", "2.00")], "FHIR-157"),
        ([answer("basic", "1.00"), answer("somebody", "0.00")], "FHIR-165"),
    ],
)
def test_every_payer_once_and_nobody_else(answers: list[Body], code: str) -> None:
    assert code in refused(lambda: answers_from(bundle(*answers), BOTH, key=KEY))


def _drop(*path: str) -> Callable[[Body], None]:
    def spoil(body: Body) -> None:
        for name in path[:-1]:
            body = body[name]
        del body[path[-1]]

    return spoil


def _put(value: Any, *path: str) -> Callable[[Body], None]:
    def spoil(body: Body) -> None:
        for name in path[:-1]:
            body = body[name]
        body[path[-1]] = value

    return spoil


@pytest.mark.parametrize(
    ("spoil", "code", "pointer"),
    [
        (_drop("payment"), "FHIR-154", "payment"),
        (_drop("payment", "amount"), "FHIR-154", "payment"),
        (_put("USD", "payment", "amount", "currency"), "FHIR-152", "payment.amount"),
        (_drop("payment", "amount", "currency"), "FHIR-152", "payment.amount"),
        (_put(Decimal("1.001"), "payment", "amount", "value"), "FHIR-153", "payment.amount"),
        (_put("300.00", "payment", "amount", "value"), "FHIR-153", "payment.amount"),
        (_put(300.0, "payment", "amount", "value"), "FHIR-153", "payment.amount"),
        (_put(True, "payment", "amount", "value"), "FHIR-153", "payment.amount"),
        (_put(Decimal("-300.00"), "payment", "amount", "value"), "FHIR-163", "payment.amount"),
        (_put("cancelled", "status"), "FHIR-163", "payment.amount"),
        (_put("draft", "status"), "FHIR-151", "status"),
        (_put("queued", "outcome"), "FHIR-151", "outcome"),
        (_drop("identifier"), "FHIR-151", "identifier"),
        (_drop("extension"), "FHIR-151", "extension[payer]"),
        (_put({"reference": "Claim/1"}, "request"), "FHIR-158", "request.identifier"),
        (_drop("request"), "FHIR-158", "request.identifier"),
        (_put([total("benefit", "299.99")], "total"), "FHIR-159", "payment.amount"),
        (_put([total("eligible", "1.00"), total("eligible", "1.00")], "total"), "FHIR-151", "total[1]"),
        (_put("many", "total"), "FHIR-151", "total"),
        (_put([total("eligible", "1.001")], "total"), "FHIR-153", "total[0].amount"),
    ],
)
def test_what_is_not_taken(spoil: Callable[[Body], None], code: str, pointer: str) -> None:
    body = answer("basic", "300.00")
    spoil(body)
    with pytest.raises(AdapterError) as caught:
        answers_from(body, (Payer.BASIC,), key=KEY)
    assert (code, f"ClaimResponse.{pointer}") in [(issue.code, issue.pointer) for issue in caught.value.issues]


def test_all_that_is_odd_is_told_at_once() -> None:
    body = bundle(answer("basic", "300.00"), answer("critical-illness", "0.00"))
    del body["entry"][0]["resource"]["payment"]
    body["entry"][1]["resource"]["payment"]["amount"]["currency"] = "USD"
    assert {"FHIR-154", "FHIR-152"} <= set(refused(lambda: answers_from(body, BOTH, key=KEY)))


@pytest.mark.parametrize("body", [None, [], "x", {}, {"resourceType": "Parameters"}, {"resourceType": "Bundle"}])
def test_not_an_answer_at_all(body: Any) -> None:
    assert refused(lambda: answers_from(body, BOTH))[0] in ("FHIR-151", "FHIR-156")


def test_a_reversal_gives_the_money_back() -> None:
    body = answer("basic", "-300.00")
    body["status"] = "cancelled"
    (given_,) = answers_from(body, (Payer.BASIC,), key=KEY)
    assert given_.amount == Money.yuan("-300.00")


def test_a_refusal_has_the_payers_words_without_long_numbers() -> None:
    body = {
        **answer("basic", "0.00"),
        "outcome": "error",
        "error": [{"code": {"text": "证件 999999198001010011 不符"}}],
    }
    with pytest.raises(AdapterError) as caught:
        answers_from(bundle(body), (Payer.BASIC,))
    (issue,) = caught.value.issues
    assert issue.code == "FHIR-160"
    assert "证件" in issue.zh and "999999198001010011" not in issue.zh + issue.en


def item(sequence: int, **parts: str) -> Body:
    return {"itemSequence": sequence, "adjudication": [total(k.replace("_", "-"), v) for k, v in parts.items()]}


def test_line_splits_come_back_by_charge_item() -> None:
    sent = insurance_claim(make_call(), created=CREATED)
    body = answer("basic", "300.00")
    body["item"] = [
        item(1, eligible="18.00"),
        item(3, full_self_pay="0.00", over_limit="3.00", pre_self_pay="57.00", eligible="513.00", benefit="400.00"),
        item(4, pre_self_pay="-4.60", eligible="-41.40"),
    ]
    (given_,) = answers_from(body, (Payer.BASIC,), key=KEY, sent=sent)
    splits = dict(given_.lines)
    assert splits[ids("ChargeItem", "900000123")] == LineSplit(in_scope=Money.yuan("18.00"), basis=SplitBasis.PAYER)
    assert splits[ids("ChargeItem", "900000125")].over_limit == Money.yuan("3.00")
    assert splits[ids("ChargeItem", "900000128")].in_scope == Money.yuan("-41.40")


@pytest.mark.parametrize(
    ("given_", "code"),
    [
        (item(9, eligible="18.00"), "FHIR-161"),
        (item(1, eligible="17.99"), "FHIR-162"),
        (item(1, eligible="18.001"), "FHIR-153"),
    ],
)
def test_line_splits_must_fit_what_was_sent(given_: Body, code: str) -> None:
    sent = insurance_claim(make_call(), created=CREATED)
    body = {**answer("basic", "300.00"), "item": [given_]}
    assert code in refused(lambda: answers_from(body, (Payer.BASIC,), key=KEY, sent=sent))


def test_look_up_that_finds_nothing() -> None:
    assert is_empty({"resourceType": "Bundle", "type": "searchset", "total": 0})
    assert not is_empty(both())
    assert refused(lambda: is_empty({"resourceType": "OperationOutcome"})) == ["FHIR-151"]


@settings(deadline=None, max_examples=200)
@given(st.integers(-(10**12), 10**12))
def test_amounts_survive_to_the_fen(fen: int) -> None:
    body = answer("basic", Money(fen).text)
    body["status"] = "active" if fen >= 0 else "cancelled"
    (given_,) = answers_from(decode(encode(body)), (Payer.BASIC,), key=KEY)
    assert given_.amount == Money(fen)


# -- year-to-date ----------------------------------------------------------------------------------------------------


def used(code: str, **value: Any) -> Body:
    return {"type": {"coding": [{"system": codesystem("accumulator"), "code": code}]}, **value}


def eligibility(*benefits: Body, payer: str = "basic", **more: Any) -> Body:
    category = {"coding": [{"system": codesystem("payer"), "code": payer}]}
    return {
        "resourceType": "CoverageEligibilityResponse",
        "outcome": "complete",
        "servicedDate": "2021-03-12",
        "insurance": [{"inforce": True, "item": [{"category": category, "benefit": list(benefits)}]}],
        **more,
    }


def test_year_to_date_amounts() -> None:
    body = eligibility(used("deductible", usedMoney=yuan("2000.00")), used("admissions", usedUnsignedInt=2))
    asked = datetime(2021, 3, 12, 3, 0, tzinfo=UTC)
    accrued = year_to_date_from(body, asked_at=asked, excludes_case=CASE)
    assert (accrued.year, accrued.source, accrued.asked_at, accrued.excludes_case) == (2021, "payer", asked, CASE)
    assert accrued.get("basic.deductible") == Money.yuan("2000.00")
    assert accrued.get("basic.admissions") == Money.yuan("2")


def test_the_year_may_be_that_of_the_question() -> None:
    body = eligibility()
    del body["servicedDate"]
    assert year_to_date_from(body, year=2022).year == 2022
    assert refused(lambda: year_to_date_from(body)) == ["FHIR-164"]
    assert refused(lambda: year_to_date_from(eligibility(), year=2022)) == ["FHIR-164"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (eligibility(used("deductible", usedMoney={"value": 1})), "FHIR-152"),
        (eligibility(used("deductible", usedMoney=yuan("0.001"))), "FHIR-153"),
        (eligibility(used("deductible")), "FHIR-153"),
        (eligibility(used("admissions", usedMoney=yuan("1.00"))), "FHIR-151"),
        (eligibility(used("something", usedMoney=yuan("1.00"))), "FHIR-165"),
        (eligibility(payer="somebody"), "FHIR-165"),
        (eligibility(used("paid", usedMoney=yuan("1.00")), used("paid", usedMoney=yuan("1.00"))), "FHIR-151"),
        (eligibility(insurance=[{"inforce": False}]), "FHIR-166"),
        (eligibility(outcome="error", error=[{"code": {"text": "查无此人"}}]), "FHIR-160"),
        (bundle(), "FHIR-151"),
    ],
)
def test_year_to_date_answers_that_are_not_taken(body: Body, code: str) -> None:
    assert code in refused(lambda: year_to_date_from(body))


# -- a day's statement -----------------------------------------------------------------------------------------------


def stated(count: Any = 2, amount: str = "300.00") -> Body:
    parameters = [{"name": "count", "valueInteger": count}, {"name": "total", "valueMoney": yuan(amount)}]
    return {"resourceType": "Parameters", "parameter": parameters}


def test_a_statement_over_two_pages() -> None:
    back = {**answer("critical-illness", "12.00"), "status": "cancelled"}
    pages = [bundle(answer("basic", "300.00"), kind="searchset"), bundle(back, kind="searchset")]
    remittance = remittance_from(stated(), pages, endpoint="bureau", day=date(2021, 3, 12))
    assert (remittance.count, remittance.total) == (2, Money.yuan("300.00"))
    assert remittance.lines == (
        RemittanceLine(KEY, "S-basic", Payer.BASIC, Money.yuan("300.00")),
        RemittanceLine(KEY, "S-critical-illness", Payer.CRITICAL_ILLNESS, Money.yuan("12.00"), reversed=True),
    )


@pytest.mark.parametrize(
    ("totals", "page", "code"),
    [
        (stated(count="2"), bundle(), "FHIR-151"),
        (stated(amount="0.001"), bundle(), "FHIR-153"),
        ({"resourceType": "Parameters"}, bundle(), "FHIR-151"),
        (stated(), {"resourceType": "OperationOutcome"}, "FHIR-151"),
        (stated(), bundle({**answer("basic", "1.00"), "payment": {}}), "FHIR-154"),
        (stated(), bundle({**answer("basic", "1.00"), "request": {}}), "FHIR-151"),
    ],
)
def test_a_statement_that_is_not_taken(totals: Body, page: Body, code: str) -> None:
    assert code in refused(lambda: remittance_from(totals, [page], endpoint="bureau", day=date(2021, 3, 12)))


def test_paging() -> None:
    assert next_page({"link": [{"relation": "self", "url": "a"}, {"relation": "next", "url": "b"}]}) == "b"
    assert next_page({"link": [{"relation": "self", "url": "a"}]}) is None
    assert next_page({}) is None


# -- anything at all -------------------------------------------------------------------------------------------------

JUNK = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=3), lambda inner: st.lists(inner))


def places(node: Any) -> list[tuple[Any, Any]]:
    """Every place of a nested value: its container and its key."""
    keys = sorted(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
    return [place for key in keys for place in [(node, key), *places(node[key])]]


@pytest.mark.parametrize(
    ("body", "read"),
    [
        (both(), lambda body: answers_from(body, BOTH, key=KEY)),
        (eligibility(used("deductible", usedMoney=yuan("1.00"))), year_to_date_from),
        (stated(), lambda body: remittance_from(body, [both()], endpoint="bureau", day=date(2021, 3, 12))),
        (both(), lambda body: remittance_from(stated(), [body], endpoint="bureau", day=date(2021, 3, 12))),
    ],
    ids=["answer", "year to date", "totals", "details"],
)
@settings(deadline=None, max_examples=200)
@given(junk=JUNK, data=st.data())
def test_no_answer_upsets_a_parser(body: Body, read: Callable[[Body], object], junk: Any, data: st.DataObject) -> None:
    spoilt = deepcopy(body)
    container, key = data.draw(st.sampled_from(places(spoilt)))
    container[key] = junk
    try:
        read(spoilt)
    except AdapterError as error:
        assert error.issues
