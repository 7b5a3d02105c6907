"""Any sequence of bills, reversals, payments, refunds, plans, losses and recoveries keeps the books on the fen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapter.cases.tools import Tools
from adapter.cases.window import arrears, fund, payments, plans
from adapter.cases.window.account import account_of, bill_reversed, bill_settled
from adapter.cases.window.books import CASH, OWED
from adapter.cases.window.payments import Method
from adapter.ledger.ledger import Transaction
from adapter.ledger.rows import Posting
from adapter.model.case import BillState, StayState
from adapter.model.issues import AdapterError
from adapter.model.money import ZERO, Money
from tests.support.collection import COUNTY
from tests.support.office import SOURCE, TestClock, act, office
from tests.support.patient_part import CERTIFICATE, days, later, with_collection

_ACTS = (
    "bill",
    "late-payer",
    "reverse",
    "pay",
    "refund",
    "plan",
    "late",
    "collect",
    "write-off",
    "fund",
    "fund-pays",
    "repay",
)
#: Acts with the part of what is open, due or owed that they are about, in percent; above 100 it is refused.
SEQUENCES = st.lists(st.tuples(st.sampled_from(_ACTS), st.integers(1, 120)), min_size=1, max_size=14)
_NUMBERS = count(1)


@pytest.fixture(scope="module")
def desks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Tools, Tools]]:
    """One office under each programme, over one ledger."""
    folder: Path = tmp_path_factory.mktemp("books")
    with office(folder, {}, clock=TestClock()) as tools:
        yield with_collection(tools), with_collection(tools, programme=COUNTY)


class Stay:
    """A case whose bills are written by hand: only the patient's part is looked at."""

    def __init__(self, tools: Tools, *, person: str = "P", admitted: date | None = None) -> None:
        self.tools, self.case = tools, f"CASE-{next(_NUMBERS)}"
        self.receipts = count(1)
        with tools.ledger.transaction() as tx:
            told = act(tools).said
            tx.open_case(
                self.case,
                source=SOURCE,
                stay_key=self.case,
                person_key=person,
                scheme="test_hunan_two_calls",
                facility="H1",
                admitted=admitted,
                **told,
            )
            tx.start(self.case, "stay", StayState.CLOSED, **told)

    def bill(self, share: Money) -> None:
        with self.tools.ledger.transaction() as tx:
            told = act(self.tools)
            row = tx.case(self.case)
            assert row is not None
            if row.bill is BillState.SETTLED:
                self._undo(tx, row.version)
            version = tx.new_version(self.case, **told.said)
            tx.start(self.case, "bill", BillState.SETTLED, subject=str(version), **told.said)
            tx.file_paper(self.case, "settled", {"at": told.at.isoformat(), "version": str(version)}, **told.said)
            tx.post(self.case, version, [Posting(OWED, debit=share), Posting("charges", credit=share)], **told.said)
            bill_settled(tx, self.case, told)

    def reverse(self) -> None:
        with self.tools.ledger.transaction() as tx:
            row = tx.case(self.case)
            if row is not None and row.bill is BillState.SETTLED:
                self._undo(tx, row.version)

    def smaller(self, by: Money) -> None:
        """A payer who came late: another version takes the place of the bill at once."""
        with self.tools.ledger.transaction() as tx:
            told = act(self.tools)
            row, account = tx.case(self.case), account_of(tx, self.case)
            if row is None or row.bill is not BillState.SETTLED or account.loss is not None or by > account.part.share:
                return
            share = account.part.share - by
            tx.reverse_postings(self.case, row.version, keep=CASH, **told.said)
            tx.move(self.case, "bill", BillState.SUPERSEDED, subject=str(row.version), **told.said)
            version = tx.new_version(self.case, **told.said)
            tx.start(self.case, "bill", BillState.SETTLED, subject=str(version), **told.said)
            parts = [Posting("receivable/basic", debit=by), Posting(OWED, debit=share)]
            tx.post(self.case, version, [*parts, Posting("charges", credit=share + by)], **told.said)
            bill_settled(tx, self.case, told)

    def _undo(self, tx: Transaction, version: int) -> None:
        told = act(self.tools)
        tx.reverse_postings(self.case, version, keep=CASH, **told.said)
        tx.move(self.case, "bill", BillState.REVERSING, subject=str(version), **told.said)
        tx.move(self.case, "bill", BillState.REVERSED, subject=str(version), **told.said)
        bill_reversed(tx, self.case, told)

    def part_of(self, what: str, percent: int) -> Money:
        """That part of what the act could be about, a fen at least."""
        with self.tools.ledger.reading() as tx:
            part, stands = account_of(tx, self.case).part, fund.fund_standing(tx, self.case)
        base = {"refund": part.refund_due, "fund-pays": stands.owes, "repay": stands.owed, "bill": Money(30_000)}
        return Money(max(base.get(what, part.still_open).fen * percent // 100, 1))

    def do(self, what: str, amount: Money) -> None:
        told, receipt = act(self.tools, "test"), f"R{next(self.receipts)}"
        if what == "bill":
            self.bill(amount)
        elif what == "reverse":
            self.reverse()
        elif what == "late-payer":
            self.smaller(amount)
        elif what == "late":
            later(self.tools, 20)
            arrears.run(self.tools, told)
        elif what == "pay":
            payments.pay(self.case, amount, Method.CASH, receipt, self.tools, told)
        elif what == "refund":
            payments.refund(self.case, amount, Method.CASH, receipt, self.tools, told)
        elif what == "plan":
            plans.sign(self.case, days(self.tools, 10, 30), self.tools, told, certificate=CERTIFICATE)
        elif what == "collect":
            arrears.collect(self.case, self.tools, told)
        elif what == "write-off":
            arrears.write_off(self.case, amount, self.tools, told)
        elif what == "fund":
            fund.claim(self.case, self.tools, told)
        elif what == "fund-pays":
            fund.received(self.case, amount, receipt, self.tools, told)
        else:
            fund.repaid(self.case, amount, receipt, self.tools, told)


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(under=st.sampled_from([0, 1]), first=st.integers(1, 50_000), acts=SEQUENCES)
def test_any_sequence_keeps_the_books(
    desks: tuple[Tools, Tools], under: int, first: int, acts: list[tuple[str, int]]
) -> None:
    stay = Stay(desks[under])
    stay.bill(Money(first))
    cash = ZERO
    for what, percent in acts:
        amount = stay.part_of(what, percent)
        try:
            stay.do(what, amount)
            cash += amount if what == "pay" else -amount if what == "refund" else ZERO
        except AdapterError as refused:
            assert {issue.code[:4] for issue in refused.issues} <= {"PRG-", "CASE"}
        with stay.tools.ledger.reading() as tx:
            account, booked = account_of(tx, stay.case), tx.balances(stay.case)
            state = tx.state(stay.case, "patient-part")
        part = account.part
        assert Money.total(booked.values()) == ZERO, "two equal sides"
        assert booked[OWED] == part.balance == part.share - cash - part.adjusted
        assert (state == "refund-due") == bool(part.refund_due)
        assert account.plan is None or account.plan.total - account.plan_paid == part.balance
        if account.loss is not None:
            assert -booked["allowance/patient"] == account.loss.left
    with stay.tools.ledger.transaction() as tx:
        row = tx.case(stay.case)
        assert row is not None
        if row.bill is BillState.SETTLED:
            stay._undo(tx, row.version)
        left = {name: net for name, net in tx.balances(stay.case).items() if net}
    moved = {
        name for name in left if name.startswith(CASH) or name in (OWED, "receivable/risk-fund", "payable/risk-fund")
    }
    assert left.keys() == moved, "a reversal leaves only what changed hands, and what is due back for it"


def test_the_same_books_come_out_of_the_journal(tmp_path: Path) -> None:
    """The tables rebuilt from the journal say the same."""
    with office(tmp_path, {}, clock=TestClock()) as tools:
        stay = Stay(with_collection(tools))
        stay.bill(Money(1000))
        for what, fen in (("plan", 1), ("pay", 400), ("reverse", 1), ("bill", 900), ("plan", 1), ("pay", 500)):
            stay.do(what, Money(fen))
        with tools.ledger.reading() as tx:
            before = (account_of(tx, stay.case), tx.states(stay.case), tx.balances(stay.case))
        tools.ledger.rebuild()
        assert tools.ledger.verify() == []
        with tools.ledger.reading() as tx:
            again = (account_of(tx, stay.case), tx.states(stay.case), tx.balances(stay.case))
        assert again == before
        assert replace(before[0].part, cite="").balance == ZERO


@pytest.mark.rule("A-23")
@pytest.mark.rule("X-15")
def test_a_reward_follows_a_history_of_paying_on_time(tmp_path: Path) -> None:
    """The hospital gives up a tenth; once; and a reversal takes it back with the bill."""
    with office(tmp_path, {}, clock=TestClock()) as tools:
        desk = with_collection(tools, programme=COUNTY, rewards="reduction", reward_share="0.10")
        earlier = Stay(desk, person="P-1", admitted=date(2026, 1, 2))
        earlier.bill(Money(1000))
        late = Stay(desk, person="P-1", admitted=date(2026, 2, 2))
        late.bill(Money(2000))
        with pytest.raises(AdapterError):
            payments.grant_reward(late.case, desk, act(desk))  # the earlier stay is not paid
        earlier.do("pay", Money(1000))
        granted = payments.grant_reward(late.case, desk, act(desk))
        assert [issue.code for issue in granted.issues] == ["PRG-288"]
        assert (granted.reward.reduction, granted.account.part.still_open) == (Money(200), Money(1800))
        with pytest.raises(AdapterError) as refused:
            payments.grant_reward(late.case, desk, act(desk))
        assert refused.value.issues[0].code == "CASE-384"
        late.reverse()
        with desk.ledger.reading() as tx:
            assert not any(tx.balances(late.case).values())
