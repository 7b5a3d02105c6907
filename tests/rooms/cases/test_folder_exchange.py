"""Stays walked with payers that are reached by files only: a courier takes them, receipts come back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from adapter.cases import dispatch, reverse, settle
from adapter.cases.tools import Tools
from adapter.counterparts.faults import FHIR_OWN, fault_of
from adapter.counterparts.folder.bad_days import MoodyReceiver
from adapter.counterparts.wire import encode
from adapter.model.case import BillState
from adapter.model.issues import AdapterError
from adapter.model.messages import OutboundMessage, Outcome, Stage
from adapter.model.money import Money
from adapter.model.settlement import Payer
from adapter.payers.delivery.endpoint import deliver_safely
from adapter.payers.delivery.endpoints.folder.endpoint import FolderEndpoint
from adapter.payers.delivery.endpoints.folder.exchange import receipt_name, stem
from tests.support.exchange import Counter, counter
from tests.support.office import (
    FACILITY,
    TestClock,
    act,
    case_id,
    codes,
    office,
    row_of,
    settlement_of,
    take_in,
)

STAY = "300010004"
SECRETS = ("88004", "T00000004", "999999198301250084", "300010004", "qingshi")


@dataclass
class Both:
    """Two payers, one clock."""

    clock: TestClock
    bureau: Counter
    aid: Counter

    def days(self, tools: Tools, number: int = 12) -> None:
        """The worker works, the courier comes by, time passes."""
        for _ in range(number):
            dispatch.work_once(tools)
            self.bureau.receiver.collect()
            self.aid.receiver.collect()
            self.clock.moment += timedelta(seconds=30)


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Both]:
    clock = TestClock()
    with ExitStack() as stack:
        bureau = counter(stack, tmp_path, "bureau", "bureau", clock)
        yield Both(clock, bureau, counter(stack, tmp_path, "civil-affairs", "aid", clock))


@pytest.fixture
def tools(tmp_path: Path, both: Both) -> Iterator[Tools]:
    endpoints = {"bureau": both.bureau.endpoint, "civil-affairs": both.aid.endpoint}
    with office(tmp_path, endpoints, clock=both.clock) as opened:
        assert not take_in(opened, tmp_path, STAY).stopped
        yield opened


def tried(tools: Tools, both: Both) -> None:
    settle.start_trial(case_id(STAY), tools, act(tools, "trial"))
    both.days(tools)


def test_a_stay_is_settled_reversed_and_reconciled_by_files(tools: Tools, both: Both) -> None:
    tried(tools, both)
    settle.start_settlement(case_id(STAY), tools, act(tools, "settlement"))
    both.days(tools)
    assert row_of(STAY, tools).bill is BillState.SETTLED, codes(row_of(STAY, tools))
    settled = settlement_of(STAY, tools)
    assert settled.share_of(Payer.MEDICAL_AID) > Money(0)
    both.bureau.receiver.statement(FACILITY, settled.on)
    told = both.bureau.endpoint.remittance(settled.on, FACILITY)
    assert (told.count, told.total) == (1, settled.share_of(Payer.BASIC) + settled.share_of(Payer.CRITICAL_ILLNESS))
    reverse.start_reversal(case_id(STAY), tools, act(tools, "reversal"))
    both.days(tools)
    assert row_of(STAY, tools).bill is BillState.REVERSED
    assert (both.bureau.settled(), both.aid.settled()) == (0, 0)
    names = [path.name for path in both.bureau.root.rglob("*") if path.is_file()]
    assert names and not [name for name in names for secret in SECRETS if secret in name]


def test_a_process_that_dies_with_the_file_out_does_not_lay_it_out_again(tools: Tools, both: Both) -> None:
    message = first_message(tools, both)
    both.bureau.endpoint.deliver(message)
    again = replace(message, attempts=1, last_attempt=both.clock.moment - timedelta(hours=1))
    assert deliver_safely(again, both.bureau.endpoint, both.clock.now()).outcome is Outcome.UNKNOWN
    assert both.bureau.receiver.collect() == 1
    receipt = deliver_safely(again, both.bureau.endpoint, both.clock.now())
    assert (receipt.outcome, receipt.sent) == (Outcome.ACCEPTED, False)
    assert deliver_safely(again, both.bureau.endpoint, both.clock.now()).outcome is Outcome.ACCEPTED
    assert both.bureau.receiver.collect() == 0 and both.bureau.settled() == 1


def first_message(tools: Tools, both: Both) -> OutboundMessage:
    """The bureau's settlement, composed and stored, not yet laid out."""
    tried(tools, both)
    settle.start_settlement(case_id(STAY), tools, act(tools, "settlement"))
    with tools.ledger.reading() as tx:
        rows = tx.messages_of_case(case_id(STAY))
    return next(row.message for row in rows if row.message.stage is Stage.SETTLE)


def test_what_lies_where_says_what_is_known(tools: Tools, both: Both) -> None:
    """Every state of a file in turn, on one message; each answer is what the interface guide says."""
    message, files = first_message(tools, both), both.bureau
    out, kept = files.root / "out" / f"{stem(message.key)}.json", files.root / "kept"
    receipt = files.root / "in" / receipt_name(message.key)
    assert files.endpoint.lookup(message).outcome is Outcome.NOT_SEEN

    waiting = files.endpoint.deliver(message)
    assert (waiting.outcome, waiting.retry_after, waiting.sent) == (Outcome.UNKNOWN, 1, True)
    assert out.read_bytes() == message.composed
    assert sha256(message.composed).hexdigest() in out.with_name(f"{out.name}.sha256").read_text("utf-8")

    out.unlink()
    assert (files.endpoint.lookup(message).outcome, out.exists()) == (Outcome.UNKNOWN, False), "taken, no answer yet"

    def lay(content: Any, checksum: str | None = None) -> None:
        body = json.dumps(content).encode()
        receipt.write_bytes(body)
        receipt.with_name(f"{receipt.name}.sha256").write_text(checksum or sha256(body).hexdigest(), "utf-8")

    lay({"key": message.key, "outcome": "rejected", "reason": "没有该病人"}, checksum="0" * 64)
    assert codes(files.endpoint.lookup(message)) == ["DEL-601"], "not what its checksum says"
    lay({"key": "another", "outcome": "rejected"})
    assert codes(files.endpoint.lookup(message)) == ["DEL-601"]
    lay({"key": message.key, "outcome": "accepted", "answer": {"resourceType": "ClaimResponse"}})
    assert codes(files.endpoint.lookup(message))[0] == "DEL-601"
    lay({"key": message.key, "outcome": "rejected", "reason": "没有该病人"})
    refused = files.endpoint.lookup(message)
    assert (refused.outcome, codes(refused)) == (Outcome.REJECTED, ["DEL-600"])
    receipt.unlink()

    (kept / f"{stem(message.key)}.out").rename(kept / f"{stem(message.key)}.begun")
    assert codes(files.endpoint.lookup(message)) == ["DEL-602"], "it died while it laid it out: a person looks"
    (kept / f"{stem(message.key)}.begun").unlink()
    assert files.endpoint.lookup(message).outcome is Outcome.NOT_SEEN


def test_a_folder_that_cannot_be_written_is_tried_again_and_a_missing_statement_is_said(
    both: Both, tmp_path: Path
) -> None:
    broken = FolderEndpoint(replace(both.bureau.endpoint.config, base_url=str(tmp_path / "a-file")), both.clock)
    (tmp_path / "a-file").write_text("", "utf-8")
    message = OutboundMessage(
        *("c.v1.insurance.settle", "c", 1, "bureau", "insurance", Stage.SETTLE, "claim-submit", b"{}", "x"),
    )
    receipt = broken.deliver(message)
    assert (receipt.outcome, codes(receipt)) == (Outcome.UNKNOWN, ["DEL-603"])
    with pytest.raises(AdapterError) as caught:
        both.bureau.endpoint.remittance(both.clock.moment.date(), FACILITY)
    assert codes(caught.value) == ["DEL-504"]


def test_a_refused_reversal_goes_on_when_the_office_lays_its_receipt_down_anew(tools: Tools, both: Both) -> None:
    """The office opens the year again and acts on the file that it has: no second file is laid out."""
    tried(tools, both)
    settle.start_settlement(case_id(STAY), tools, act(tools, "settlement"))
    both.days(tools)
    key = f"{case_id(STAY)}.v1.insurance.reverse"
    desk, name = both.bureau.receiver.desk, receipt_name(key)
    refused = MoodyReceiver(both.bureau.root, desk)
    refused.faults.script([fault_of({"match": {"stage": "reverse"}, "do": "refuse", "text": "年度未开放"}, FHIR_OWN)])
    both.bureau.receiver = refused
    reverse.start_reversal(case_id(STAY), tools, act(tools, "reversal"))
    both.days(tools)
    reverse.start_reversal(case_id(STAY), tools, act(tools, "reversal"))
    both.days(tools)
    assert row_of(STAY, tools).bill is BillState.REVERSING and both.bureau.settled() == 1
    body = (both.bureau.root / "taken" / f"{stem(key)}.json").read_bytes()
    refused._lay(name, encode(refused._answered(body)))
    reverse.start_reversal(case_id(STAY), tools, act(tools, "reversal"))
    both.days(tools)
    assert (row_of(STAY, tools).bill, both.bureau.settled()) == (BillState.REVERSED, 0)


def test_a_refused_settlement_is_taken_back_and_settled_under_a_new_name(tools: Tools, both: Both) -> None:
    tried(tools, both)
    refused = MoodyReceiver(both.bureau.root, both.bureau.receiver.desk)
    refused.faults.script([fault_of({"match": {"stage": "settle"}, "do": "refuse", "text": "年度未开放"}, FHIR_OWN)])
    both.bureau.receiver = refused
    settle.start_settlement(case_id(STAY), tools, act(tools, "settlement"))
    both.days(tools)
    assert row_of(STAY, tools).bill is BillState.SETTLING
    reverse.start_reversal(case_id(STAY), tools, act(tools, "reversal"))
    both.days(tools)
    tried(tools, both)
    settle.start_settlement(case_id(STAY), tools, act(tools, "settlement"))
    both.days(tools)
    assert (row_of(STAY, tools).bill, row_of(STAY, tools).version, both.bureau.settled()) == (BillState.SETTLED, 2, 1)
