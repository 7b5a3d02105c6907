"""A scheme with a layer that nobody published: it says so, and settles nothing for that layer by itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from adapter.cases import settle
from adapter.cases.shown import explain_rows
from adapter.cases.tools import Tools
from adapter.model.case import BillState
from adapter.model.issues import AdapterError
from adapter.model.settlement import Authority, Payer
from adapter.rules.certificate.verify import verify
from adapter.rules.policy.load import layers_from
from adapter.rules.policy.parameters import Policy, Setting
from adapter.rules.policy.scheme import Scheme
from adapter.rules.settlement.certificate import certificate
from tests.support.office import (
    act,
    case_id,
    codes,
    policy_book,
    row_of,
    settle_case,
    settlement_of,
    take_in,
    try_case,
)
from tests.support.payers import Payers

STAY = "300010004"  # registered poor, two calls
AID = "test_hunan_composite/medical_aid"
GAP = {
    "policy": AID,
    "payer": "medical-aid",
    "test_profile": "true",
    "steps": ["in_scope_left", "ratio"],
    "parameters": {"ratio": {"as": "ratio", "not_published": "true", "cite": "年鉴未印"}},
}
WHOLE = {"policy": AID, "payer": "medical-aid", "test_profile": "true", "not_modelled": "true"}


def with_aid(tools: Tools, plan: Policy, authority: Authority = Authority.PAYER) -> Tools:
    """The same office with another plan of the aid layer, and who decides it."""
    book = policy_book()

    def changed(scheme: Scheme) -> Scheme:
        calls = [replace(c, authority=authority) if c.payers == (Payer.MEDICAL_AID,) else c for c in scheme.calls]
        return replace(scheme, calls=tuple(calls))

    schemes = {name: changed(scheme) for name, scheme in book.schemes.items()}
    return replace(tools, book=replace(book, plans={**book.plans, AID: plan}, schemes=schemes))


def plan(written: dict[str, object]) -> Policy:
    return layers_from([written])[0].policy


@pytest.mark.parametrize(("written", "why"), [(GAP, "SET-321"), (WHOLE, "SET-312")], ids=["one value", "the whole"])
def test_nothing_is_estimated_and_the_missing_value_is_named(
    tools: Tools, tmp_path: Path, written: dict[str, object], why: str
) -> None:
    tools = with_aid(tools, plan(written))
    take_in(tools, tmp_path, STAY)
    with pytest.raises(AdapterError) as refused:
        settle.estimate(case_id(STAY), tools, act(tools))
    assert codes(refused.value) == ["CASE-308", why]


def test_the_payers_own_answer_decides_and_the_statement_says_why(tools: Tools, payers: Payers, tmp_path: Path) -> None:
    tools = with_aid(tools, plan(GAP))
    payers.aid.says = {Payer.MEDICAL_AID: "12.34"}
    take_in(tools, tmp_path, STAY)
    settle_case(STAY, tools)
    assert row_of(STAY, tools).bill is BillState.SETTLED
    settled = settlement_of(STAY, tools)
    assert settled.complete and settled.not_modelled == ()
    assert settled.share_of(Payer.MEDICAL_AID).text == "12.34"
    aid = [row for row in explain_rows(settled) if row.payer is Payer.MEDICAL_AID]
    assert [(row.zh, row.said) for row in aid] == [
        ("未公布,未测算", "—"),
        ("支付方答复", "12.34"),
        ("医疗救助", "12.34"),
    ]
    assert verify(certificate(settled)) == []


def test_what_the_adapter_would_have_to_decide_is_neither_sent_nor_settled(
    tools: Tools, payers: Payers, tmp_path: Path
) -> None:
    tools = with_aid(tools, plan(GAP), Authority.ADAPTER)
    take_in(tools, tmp_path, STAY)
    try_case(STAY, tools)
    assert "CASE-395" in {issue.code for issue in row_of(STAY, tools).issues}
    assert payers.aid.log == []
    with pytest.raises(AdapterError) as refused:
        settle.start_settlement(case_id(STAY), tools, act(tools))
    assert codes(refused.value)[0] == "CASE-306"
    assert payers.bureau.settled() == []


def test_a_value_that_the_owner_gives_with_its_source_closes_the_gap() -> None:
    filled = plan(GAP).with_settings({"ratio": Setting("0.70", "示例医保发〔2021〕3号 第二条")})
    assert filled.missing() == () and filled.version != plan(GAP).version
    (value,) = [parameter.history[0] for parameter in filled.parameters.values()]
    assert value.cite == "年鉴未印;示例医保发〔2021〕3号 第二条"
