"""Statistics of a month, per hospital: what the programme's periodic analysis looks at (定期研究分析).

Flows are of the month: stays admitted or discharged in it, bills of stays discharged in it, fund money booked in it.
Standings (plans, arrears, the credit list) are of the moment of the report. Nobody can be told from any of it.
"""

from __future__ import annotations

from calendar import monthrange
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from adapter.cases.reading import billed_dossier
from adapter.cases.reconcile import hospital_of
from adapter.cases.tools import Tools
from adapter.cases.window.account import account_of
from adapter.cases.window.arrears import arrears_of
from adapter.cases.window.books import FUND_OWES, LOSS
from adapter.ledger.ledger import Transaction
from adapter.model.case import DepositState, PatientPartState
from adapter.model.dates import HOSPITAL_ZONE, local_day
from adapter.model.issues import AdapterError
from adapter.model.money import ZERO, Money, half_up
from adapter.model.reference import ItemKind
from adapter.model.settlement import Payer
from adapter.rules.programme.credit import DebtorKind
from adapter.rules.programme.reading import many

_P = PatientPartState
#: Somebody still owes; whether it is late, the days say.
_OWING = (_P.OPEN, _P.PART_PAID, _P.ON_PLAN, _P.OVERDUE, _P.COLLECTION, _P.LEGAL)

#: Days past due up to which a debt falls into an age; the last age has no end.
AGES = (("1-30", 30), ("31-90", 90), ("91-180", 180), ("181-365", 365))
OLDEST = "over-365"


@dataclass(slots=True)
class Tally:
    """A count and an amount, CNY."""

    count: int = 0
    amount: Money = ZERO

    def add(self, amount: Money, count: int = 1) -> None:
        self.count, self.amount = self.count + count, self.amount + amount


@dataclass(slots=True)
class HospitalMonth:
    """One hospital's month.

    Attributes:
        deposits_not_taken: stays admitted in the month from which no deposit may be taken; the amount is of those
            where somebody asked for one and was told so, and ``deposits_asked`` says how many these are.
        by_payer: of bills that stand, of stays discharged in the month.
        days: days of stay of these, for the average.
        by_kind: amounts of their lines by kind of item, where it was asked for.
        by_mark: amounts of their lines that cost control counts apart (基本药物, 抗菌药物, 检查检验), likewise.
        largest_drugs: the largest drug bill of one stay (大处方), likewise.
        unread: stays whose lines could not be read for that.
    """

    facility: str
    admitted: int = 0
    discharged: int = 0
    entitlement: Counter[str] = field(default_factory=Counter)
    deposits_not_taken: Tally = field(default_factory=Tally)
    deposits_asked: int = 0
    settled: Tally = field(default_factory=Tally)
    by_payer: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    days: int = 0
    plans: Counter[str] = field(default_factory=Counter)
    arrears: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    credit: Counter[str] = field(default_factory=Counter)
    fund_claimed: Tally = field(default_factory=Tally)
    fund_received: Tally = field(default_factory=Tally)
    lost: Tally = field(default_factory=Tally)
    by_kind: dict[str, Money] = field(default_factory=lambda: defaultdict(lambda: ZERO))
    by_mark: dict[str, Money] = field(default_factory=lambda: defaultdict(lambda: ZERO))
    largest_drugs: Money | None = None
    unread: int = 0

    @property
    def patient_permille(self) -> int | None:
        """The patients' part of the settled total in tenths of a percent, half up; None without a bill."""
        if self.settled.amount <= ZERO:
            return None
        return half_up(self.by_payer[Payer.PATIENT].amount.fen * 1000, self.settled.amount.fen)


@dataclass(frozen=True, slots=True)
class Statistics:
    """A month of every hospital of the office.

    Attributes:
        as_of: the day of the standings.
        recipients: who is to receive it, as the schemes in use name them; empty where none does.
    """

    month: str
    as_of: date
    recipients: tuple[str, ...]
    hospitals: tuple[HospitalMonth, ...]


def statistics_of(month: date, tools: Tools, *, kinds: bool = False) -> Statistics:
    """Work a month out.

    Args:
        month: any day of it.
        kinds: also add the lines of every bill up by kind of item (cost control); this reads each stay.
    """
    first, last = month.replace(day=1), month.replace(day=monthrange(month.year, month.month)[1])
    today = local_day(tools.clock.now())
    with tools.ledger.reading() as tx:
        count = _Count(tx, tools)
        count.stays(first, last)
        count.deposits(first, last)
        count.bills(first, last, kinds=kinds)
        count.standings(today)
        count.fund(first, last)
        recipients = _recipients(tx, tools)
    hospitals = tuple(count.found[facility] for facility in sorted(count.found))
    return Statistics(f"{first:%Y-%m}", today, recipients, hospitals)


class _Count:
    """Adds one month up, hospital by hospital."""

    def __init__(self, tx: Transaction, tools: Tools) -> None:
        self._tx, self._tools = tx, tools
        self.found: dict[str, HospitalMonth] = {}

    def at(self, source: str) -> HospitalMonth:
        """The hospital of a source, by the code under which payers know it."""
        facility = hospital_of(source, self._tools)
        return self.found.setdefault(facility, HospitalMonth(facility))

    def stays(self, first: date, last: date) -> None:
        for source, count in self._tx.stays_by_day("admitted", first, last).items():
            self.at(source).admitted += count
        for source, count in self._tx.stays_by_day("discharged", first, last).items():
            self.at(source).discharged += count
        for row in self._tx.states_by_source("entitlement", (first, last)):
            self.at(row.source).entitlement[row.state] += row.number

    def deposits(self, first: date, last: date) -> None:
        """How many paid none; and how much, where a clerk asked and was told that none may be taken."""
        for row in self._tx.states_by_source("deposit", (first, last)):
            if row.state == DepositState.NOT_ALLOWED:
                self.at(row.source).deposits_not_taken.count += row.number
        asked = {
            (source, case_id): data
            for source, case_id, data in self._tx.notes_of_admitted("deposit-asked", first, last)
        }
        for (source, _), data in asked.items():  # the last answer to each stay
            if data["allowed"] is False:
                self.at(source).deposits_asked += 1
                self.at(source).deposits_not_taken.amount += Money.yuan(str(data["amount"]))

    def bills(self, first: date, last: date, *, kinds: bool) -> None:
        for bill in self._tx.standing_bills(first, last):
            here = self.at(bill.source)
            here.settled.add(bill.settlement.total)
            here.days += max((bill.discharged - (bill.admitted or bill.discharged)).days, 1)
            for share in bill.settlement.shares:
                if share.amount:
                    here.by_payer[share.payer].add(share.amount)
            if kinds:
                self._kinds(here, bill.case_id, bill.settlement.version)

    def _kinds(self, here: HospitalMonth, case_id: str, version: int) -> None:
        """A line whose item nobody listed counts as ``unknown``; a stay that cannot be read is counted and left out."""
        try:
            claim = billed_dossier(self._tx, case_id, version, self._tools).claim
        except AdapterError:
            here.unread += 1
            return
        drugs = ZERO
        for line in claim.lines:
            here.by_kind[str(line.item.kind) if line.item is not None else "unknown"] += line.amount
            for mark in line.item.marks if line.item is not None else ():
                here.by_mark[str(mark)] += line.amount
            if line.item is not None and line.item.kind is ItemKind.DRUG:
                drugs += line.amount
        here.largest_drugs = max(drugs, here.largest_drugs or ZERO)

    def standings(self, today: date) -> None:
        """Plans, the credit list, and debts by age, as they stand now."""
        for row in self._tx.states_by_source("plan"):
            self.at(row.source).plans[row.state] += row.number
        for row in self._tx.states_by_source("credit"):
            self.at(row.source).credit[row.state] += row.number
        after = ""
        while page := self._tx.cases(in_states={"patient-part": _OWING}, after=after, limit=200):
            for each in page:
                debt = arrears_of(account_of(self._tx, each.case_id), today, DebtorKind.PATIENT)
                if debt.days and debt.open > ZERO:
                    self.at(each.source).arrears[age_of(debt.days)].add(debt.open)
            after = page[-1].case_id

    def fund(self, first: date, last: date) -> None:
        """What was claimed from the risk fund, what it paid, and what the hospital bore of lost debts."""
        since, until = _midnight(first), _midnight(last + timedelta(days=1))
        for flow in self._tx.flows(FUND_OWES, since, until):
            here = self.at(flow.source)
            if flow.moved:
                here.fund_received.add(-flow.net, flow.cases)
            else:
                here.fund_claimed.add(flow.net, flow.cases)
        for flow in self._tx.flows(LOSS, since, until):
            self.at(flow.source).lost.add(flow.net, flow.cases)


def age_of(days: int) -> str:
    """The age that a debt of so many days past due falls into."""
    return next((name for name, most in AGES if days <= most), OLDEST)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), HOSPITAL_ZONE)


def _recipients(tx: Transaction, tools: Tools) -> tuple[str, ...]:
    """Whom the schemes of this office's cases name under ``report_recipients``."""
    named = (many(tools.book.scheme(name).settings.get("report_recipients")) for name in tx.schemes_in_use())
    return tuple(dict.fromkeys(each for found in named for each in found))
