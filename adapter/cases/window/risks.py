"""Risk signs of a stay, who answers for it, and who did what (风险预警、责任到人、追溯)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from adapter.cases.reading import case_of
from adapter.cases.reconcile import hospital_of
from adapter.cases.tools import Act, Tools
from adapter.cases.window.account import account_of
from adapter.cases.window.consents import lacking_consents
from adapter.cases.window.notices import notices_in
from adapter.cases.window.record import record_of, window_facts
from adapter.cases.window.shares import Calculated, shares_through
from adapter.ledger.ledger import Transaction
from adapter.ledger.rows import CaseRow, JournalRow
from adapter.model.case import PatientPartState, StayState
from adapter.model.dates import local_day
from adapter.model.issues import AdapterError, Issue
from adapter.model.money import ZERO, Money
from adapter.model.reference import DocumentKind
from adapter.rules.programme.collection import require_person
from adapter.rules.programme.oversight_issues import nobody_named
from adapter.rules.programme.warnings import RiskFacts, Sign, Signal, WarningTerms, read_warnings, signals

#: Paper that says which department and person answer for a stay.
RESPONSIBLE = "responsible"

_INSTRUMENTS = frozenset({DocumentKind.SETTLEMENT_AGREEMENT, DocumentKind.SETTLEMENT_UNDERTAKING})
_THERE = (StayState.PLANNED, StayState.ARRIVED, StayState.IN_PROGRESS, StayState.ON_LEAVE, StayState.RECALLED)
_LEFT = (StayState.WARD_DISCHARGED, StayState.CLOSED)
_ARREARS = (
    *(PatientPartState.OVERDUE, PatientPartState.COLLECTION, PatientPartState.LEGAL),
    *(PatientPartState.RISK_FUND, PatientPartState.WRITTEN_OFF),
)


@dataclass(frozen=True, slots=True)
class Risks:
    """What was seen of one stay.

    Attributes:
        issues: what could not be worked out, and why; nothing is said about that.
    """

    case_id: str
    facility: str
    department: str
    responsible: str
    signals: tuple[Signal, ...]
    issues: tuple[Issue, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "case_id": self.case_id,
            "facility": self.facility,
            "department": self.department,
            "responsible": self.responsible,
            "signals": [
                {
                    "sign": str(each.sign),
                    "zh": each.zh,
                    "en": each.en,
                    "cite": each.cite,
                    "evidence": dict(each.evidence),
                    "todo_zh": each.todo_zh,
                    "todo_en": each.todo_en,
                }
                for each in self.signals
            ],
            "issues": [issue.code for issue in self.issues],
        }


def risks_of(case_id: str, tools: Tools) -> Risks:
    """Look at one stay. Raises AdapterError CASE-302."""
    with tools.ledger.reading() as tx:
        return _look(tx, case_of(tx, case_id), tools, local_day(tools.clock.now()))


def risky_stays(tools: Tools, facility: str = "") -> Iterator[Risks]:
    """Stays with a sign, or where one could not be looked for; by case.

    Looked at are patients who are there, and those who left and owe something.

    Args:
        facility: the hospital's code at the payers (national code where it has one); empty: all.
    """
    today, after = local_day(tools.clock.now()), ""
    while True:
        with tools.ledger.reading() as tx:
            page = tx.cases(in_states={"stay": (*_THERE, *_LEFT)}, after=after)
            looked = [_look(tx, row, tools, today) for row in page if _wanted(tx, row, facility, tools)]
        if not page:
            return
        after = page[-1].case_id
        yield from (each for each in looked if each.signals or each.issues)


def put_in_charge(case_id: str, department: str, person: str, tools: Tools, act: Act) -> Risks:
    """Record which department and which person answer for a stay (科室负责制,责任到科室、到人员).

    Args:
        department, person: the hospital's own codes, never names.

    Raises AdapterError CASE-302, PRG-304 where one is missing, PRG-282 by the service itself.
    """
    require_person(case_id, act.actor, "responsible", "登记责任人")
    if not department.strip() or not person.strip():
        raise AdapterError(nobody_named(case_id))
    with tools.ledger.transaction() as tx:
        row = case_of(tx, case_id)
        tx.file_paper(case_id, RESPONSIBLE, {"department": department, "person": person}, **act.said)
        return _look(tx, row, tools, local_day(act.at))


def acts_on(case_id: str, tools: Tools) -> dict[str, Any]:
    """Who answers for a stay, who checked what, and every act of a person, oldest first (追究责任的依据).

    Raises AdapterError CASE-302.
    """
    with tools.ledger.reading() as tx:
        case_of(tx, case_id)
        checks = [{"step": str(each.step), "by": each.by, "at": each.at.isoformat()} for each in _checks(tx, case_id)]
        lines = [row for page in _pages(tx, case_id) for row in page if row.event.actor.role != "system"]
        return {
            "case_id": case_id,
            **dict(_in_charge(tx, case_id)),
            "checks": checks,
            "acts": [
                {
                    "at": row.event.at.isoformat(),
                    "by": row.event.actor.id,
                    "role": row.event.actor.role,
                    "what": _what(row),
                    "reason": row.event.reason,
                }
                for row in lines
            ],
        }


def _checks(tx: Transaction, case_id: str) -> Any:
    return record_of(tx, case_id).checks


def _pages(tx: Transaction, case_id: str) -> Iterator[list[JournalRow]]:
    after = 0
    while page := tx.journal(case_id, after=after):
        yield page
        after = page[-1].seq


def _what(row: JournalRow) -> str:
    """One line's act in short: ``machine-moved patient-part paid``, ``paper-filed window``."""
    data = row.event.data
    names = ("machine", "after", "state", "name", "what", "account")
    return " ".join([row.event.kind, *(str(data[name]) for name in names if isinstance(data.get(name), str))])


def _wanted(tx: Transaction, row: CaseRow, facility: str, tools: Tools) -> bool:
    if facility and hospital_of(row.source, tools) != facility:
        return False
    return row.stay in _THERE or _owed(tx, row) > ZERO


def _owed(tx: Transaction, row: CaseRow) -> Money:
    """Of the settled bill, owed and under no plan that is kept."""
    account = account_of(tx, row.case_id)
    if not account.part.final or account.settled_on is None or account.plan is not None:
        return ZERO
    return account.part.still_open


def _look(tx: Transaction, row: CaseRow, tools: Tools, today: date) -> Risks:
    scheme = tools.book.scheme(row.scheme)
    terms = read_warnings(tools.book.programme(scheme.programme), scheme.settings)
    facts, missing = _facts(tx, row, terms, tools, today)
    found, stopped = signals(facts, terms)
    issues = tuple(dict.fromkeys((*missing, *stopped)))
    return Risks(row.case_id, hospital_of(row.source, tools), facts.department, facts.responsible, found, issues)


def _facts(
    tx: Transaction, row: CaseRow, terms: WarningTerms, tools: Tools, today: date
) -> tuple[RiskFacts, tuple[Issue, ...]]:
    charge, notices = _in_charge(tx, row.case_id), _unanswered(tx, row.case_id)
    earlier = [amount for amount in _earlier(tx, row) if amount > ZERO]
    left = row.discharged if row.stay in _LEFT else None
    through = left or today
    came = shares_through(tx, row, through, tools, whole=left is not None)
    facts = RiskFacts(
        on=today,
        unanswered=max(((today - day).days for day in notices), default=None),
        notices=len(notices),
        signed=_signed(tx, row, tools),
        left=left,
        open=_owed(tx, row) if left is not None else ZERO,
        earlier=Money.total(earlier),
        earlier_stays=len(earlier),
        department=charge["department"],
        responsible=charge["person"],
    )
    if not isinstance(came, Calculated):
        return facts, came
    return _with_bill(tx, facts, came, row, terms, tools)


def _with_bill(
    tx: Transaction, facts: RiskFacts, came: Calculated, row: CaseRow, terms: WarningTerms, tools: Tools
) -> tuple[RiskFacts, tuple[Issue, ...]]:
    """The same with what only a bill that can be worked out says."""
    part = account_of(tx, row.case_id).part
    owed = part.still_open if part.final else came.bill.patient_pays - (part.paid - part.refunded)
    lacking: int | None = None
    missing: tuple[Issue, ...] = ()
    if Sign.CONSENT_MISSING in terms.clauses:
        try:
            lacking = len(lacking_consents(tx, came.case, tools))
        except AdapterError as error:
            missing = error.issues
    person, county = came.case.claim.person, came.case.claim.stay.facility.county
    more = replace(facts, running=owed, unconsented=lacking, home=person.home_area, county=county)
    return more, missing


def _signed(tx: Transaction, row: CaseRow, tools: Tools) -> bool:
    file = tools.feed(row.source).windows.get(row.stay_key)
    facts = window_facts(file, row.stay_key, record_of(tx, row.case_id))
    return facts is not None and any(paper.kind in _INSTRUMENTS for paper in facts.documents)


def _unanswered(tx: Transaction, case_id: str) -> list[date]:
    """The day of each notice to the patient that nobody acknowledged."""
    open_ = (each for each in notices_in(tx, case_id) if each["to"] != "hospital" and not each["acknowledged"])
    return [local_day(datetime.fromisoformat(str(each["due_at"]))) for each in open_]


def _earlier(tx: Transaction, row: CaseRow) -> list[Money]:
    """What the person's other stays left unpaid and late."""
    others = tx.cases(source=row.source, person_key=row.person_key, in_states={"patient-part": _ARREARS})
    return [account_of(tx, other.case_id).part.still_open for other in others if other.case_id != row.case_id]


def _in_charge(tx: Transaction, case_id: str) -> Mapping[str, str]:
    paper = tx.paper(case_id, RESPONSIBLE) or {}
    return {name: str(paper.get(name, "")) for name in ("department", "person")}
