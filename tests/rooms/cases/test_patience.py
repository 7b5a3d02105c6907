"""A payer that closes for hours and says so: its messages go out by themselves when it is back (请稍后再试)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from adapter.cases import dispatch, outgoing, settle
from adapter.cases.tools import Tools
from adapter.ledger.rows import MessageState
from adapter.model.case import BillState
from adapter.model.messages import OutboundMessage, Outcome, Receipt
from tests.support.office import act, case_id, row_of, take_in, try_case, work
from tests.support.payers import FakePayer, Payers

STAYS = ("300010004", "300010002")


class Closed(FakePayer):
    """Answers every request with ``Retry-After: 120`` until it opens."""

    open = False

    def deliver(self, message: OutboundMessage) -> Receipt:
        if self.open:
            return super().deliver(message)
        return Receipt(Outcome.UNKNOWN, self.clock.now(), retry_after=120, leave_alone=120, sent=False)


def closed(tools: Tools, payers: Payers) -> tuple[Tools, Closed]:
    bureau = payers.bureau
    kept = Closed(bureau.config, bureau.clock, kept=bureau.kept, _expected=bureau._expected, _stems=bureau._stems)
    return replace(tools, endpoints={**tools.endpoints, bureau.config.name: kept}), kept


def test_an_afternoon_of_come_back_later_sets_nothing_aside(tools: Tools, payers: Payers, tmp_path: Path) -> None:
    take_in(tools, tmp_path, *STAYS)
    for stay in STAYS:
        try_case(stay, tools)
    tools, bureau = closed(tools, payers)
    for stay in STAYS:
        settle.start_settlement(case_id(stay), tools, act(tools))
    answered = 0
    for _ in range(40):
        payers.clock.moment += timedelta(minutes=10)
        answered += dispatch.work_once(tools).unknown
    rows = outgoing.messages(tools, unfinished=True)
    assert answered >= 40 and max(row.message.attempts for row in rows) > tools.retry.limit
    assert {row.state for row in rows} == {MessageState.PENDING}
    bureau.open = True
    assert work(tools, seconds=3600)
    assert {row_of(stay, tools).bill for stay in STAYS} == {BillState.SETTLED}


def test_a_payer_that_never_does_but_ask_is_seen_by_a_person(tools: Tools, payers: Payers, tmp_path: Path) -> None:
    take_in(tools, tmp_path, STAYS[0])
    try_case(STAYS[0], tools)
    tools, _ = closed(tools, payers)
    started = tools.clock.now()
    settle.start_settlement(case_id(STAYS[0]), tools, act(tools))
    while not row_of(STAYS[0], tools).held:
        payers.clock.moment += timedelta(hours=2)
        assert payers.clock.moment - started < timedelta(days=4)
        dispatch.work_once(tools)
    assert timedelta(days=1) < payers.clock.moment - started < timedelta(days=2, hours=2)
    (row,) = outgoing.messages(tools, unfinished=True)
    assert row.state is MessageState.PARKED
