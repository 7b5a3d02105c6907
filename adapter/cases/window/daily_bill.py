"""Daily bill: made once for a day, kept as the versions it was made from, the same whenever it is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from adapter.cases.admission import deposits_in
from adapter.cases.reading import OURS, case_of
from adapter.cases.tools import Act, Tools
from adapter.cases.window.bill_versions import PAPER, changed_since, resources_at, versions_at, versions_of
from adapter.cases.window.notice_issues import bill_not_reproduced, no_daily_bill
from adapter.cases.window.shares import Calculated, shares_through
from adapter.fhir.canonical import decode
from adapter.fhir.charge_facts import charge_lines, fee_category
from adapter.fhir.elements import Held
from adapter.ledger.ledger import Transaction
from adapter.ledger.rows import CaseRow, ResourceRow
from adapter.model.case import BillState, StayState
from adapter.model.daily_bill import BillLine, DailyBill, PrintedBill, counted
from adapter.model.issues import AdapterError
from adapter.model.money import Money
from adapter.rules.programme.daily_bill import bill_days, daily_bill
from adapter.rules.programme.notice_terms import NoticeCause, NoticeTerms

_GONE = frozenset({StayState.WARD_DISCHARGED, StayState.CLOSED})
_SETTLED = frozenset({BillState.SETTLED, BillState.SETTLED_ADVANCED})


@dataclass(frozen=True, slots=True)
class Expected:
    """What the patient is expected to bear, or why nobody can say."""

    share: Money | None
    unknown: tuple[str, ...] = ()
    settled: bool = False


def make_bill(
    tx: Transaction, row: CaseRow, terms: NoticeTerms, on: date, tools: Tools, act: Act
) -> PrintedBill | None:
    """Make the bill that is due on a day and keep it; None when none is due."""
    if row.admitted is None or NoticeCause.DAILY_BILL not in terms.clauses:
        return None
    newest = tx.paper(row.case_id, PAPER) or {}
    last = date.fromisoformat(str(newest["through"])) if newest else None
    discharged = row.discharged if row.stay in _GONE else None
    final_made = bool(newest.get("final"))
    days = bill_days(row.admitted, discharged, last, on, final_made=final_made)
    if days is None:
        return None
    first, through, final = days
    earlier = int(str(newest.get("number", 0)))
    stored = [each for each in tx.resources_of_case(row.case_id) if each.source != OURS]
    resources = tuple(decode(each.body) for each in stored)
    before = _lines_before(tx, row.case_id, earlier, stored)
    bill = daily_bill(before, bill_lines(resources), covered=last, first=first, through=through, final=final)
    if bill.empty and (final_made or (final and last is not None and last >= through)):
        return None  # everything was told with an earlier bill
    expected = _expected(tx, row, through, final, tools)
    paper: dict[str, object] = {
        "number": earlier + 1,
        "given": on.isoformat(),
        "first": first.isoformat(),
        "through": through.isoformat(),
        "covered": last.isoformat() if last else "",
        "final": final,
        **changed_since(versions_at(tx, row.case_id, earlier), versions_of(stored)),
        "charged": bill.charged.text,
        "running": bill.running.text,
        "facility": _facility_name(row, resources),
        "deposits": deposits_in(resources).text,
        "share": expected.share.text if expected.share is not None else "",
        "unknown": list(expected.unknown),
        "settled": expected.settled,
        "cite": terms.cite(NoticeCause.DAILY_BILL),
        "test_profile": tools.book.scheme(row.scheme).test_profile,
    }
    tx.file_paper(row.case_id, f"{PAPER}/{earlier + 1}", paper, **act.said)
    head: dict[str, object] = {"number": earlier + 1, "through": through.isoformat(), "final": final}
    tx.file_paper(row.case_id, PAPER, head, **act.said)
    return _printed(row, paper, bill, resources)


def stored_bill(tx: Transaction, row: CaseRow, number: int, paper: Mapping[str, object]) -> PrintedBill:
    """A bill that was made, worked out again from the versions it names. Raises AdapterError CASE-368."""
    resources = resources_at(tx, row.case_id, number)
    bill = daily_bill(
        _lines_before(tx, row.case_id, number - 1),
        bill_lines(resources),
        covered=date.fromisoformat(str(paper["covered"])) if paper["covered"] else None,
        first=date.fromisoformat(str(paper["first"])),
        through=date.fromisoformat(str(paper["through"])),
        final=bool(paper["final"]),
    )
    if (bill.charged.text, bill.running.text) != (paper["charged"], paper["running"]):
        raise AdapterError(bill_not_reproduced(row.case_id, number))
    return _printed(row, paper, bill, resources)


def _printed(
    row: CaseRow, paper: Mapping[str, object], bill: DailyBill, resources: Sequence[Mapping[str, Any]]
) -> PrintedBill:
    unknown = paper["unknown"]
    return PrintedBill(
        case_id=row.case_id,
        stay_key=row.stay_key,
        number=int(str(paper["number"])),
        facility=str(paper["facility"]),
        patient=family_name(resources),
        bill=bill,
        deposits=Money.yuan(str(paper["deposits"])),
        share=Money.yuan(str(paper["share"])) if paper["share"] else None,
        unknown=tuple(map(str, unknown)) if isinstance(unknown, list) else (),
        settled=bool(paper["settled"]),
        cite=str(paper["cite"]),
        test_profile=bool(paper["test_profile"]),
    )


def bill_on(case_id: str, on: date, tools: Tools, act: Act) -> PrintedBill:
    """The newest bill that was given by a day: on that morning the one for the day before.

    Whoever looks is written into the journal in the same transaction: no line, no data.

    Raises:
        AdapterError: CASE-302, CASE-367 none was made by that day, CASE-368.
    """
    with tools.ledger.transaction() as tx:
        row = case_of(tx, case_id)
        newest = tx.paper(case_id, PAPER)
        for number in range(int(str(newest["number"])) if newest else 0, 0, -1):
            paper = tx.paper(case_id, f"{PAPER}/{number}") or {}
            if paper and date.fromisoformat(str(paper["given"])) <= on:
                tx.note(case_id, "daily-bill-read", {"number": number}, **act.said)
                return stored_bill(tx, row, number, paper)
        raise AdapterError(no_daily_bill(case_id, on, "此前没有出具过清单", "none was made before that day"))


def bill_lines(resources: Sequence[Mapping[str, Any]]) -> tuple[BillLine, ...]:
    """The stay's fee lines as a bill prints them; a line that cannot be read is none yet, its issue holds the case."""
    held = Held.of(resources)
    categories = {str(each["id"]): fee_category(each) for each in held.all("ChargeItem")}
    return tuple(
        BillLine(
            id=line.id,
            day=line.service_date,
            code=line.code,
            name=line.name,
            category=categories[line.id],
            quantity=line.quantity,
            amount=line.amount,
            reverses=line.reverses,
        )
        for line in charge_lines(held, [])
    )


def family_name(resources: Sequence[Mapping[str, Any]]) -> str:
    """The first character of the patient's name and stars: all that a bill by the bed may show (trap 28)."""
    patient = Held.of(resources).patient() or {}
    names = [str(each.get("text") or each.get("family", "")) for each in patient.get("name", ())]
    text = next(iter(names), "")
    return text[:1] + "*" * max(len(text) - 1, 0)


def _lines_before(
    tx: Transaction, case_id: str, number: int, stored: Sequence[ResourceRow] = ()
) -> tuple[BillLine, ...]:
    """The lines that a bill counted, as they were then; none before the first."""
    paper = tx.paper(case_id, f"{PAPER}/{number}") if number else None
    if paper is None:
        return ()
    through = date.fromisoformat(str(paper["through"]))
    resources = resources_at(tx, case_id, number, stored=stored)
    return counted(bill_lines(resources), through, final=bool(paper["final"]))


def _expected(tx: Transaction, row: CaseRow, through: date, final: bool, tools: Tools) -> Expected:
    """The patient's part of what the bill counts, by our rules; of a settled bill the part that was settled."""
    if row.bill in _SETTLED and (settled := tx.settlement(row.case_id, row.version)) is not None:
        return Expected(settled.patient_pays, settled=True)
    came = shares_through(tx, row, through, tools, whole=final)
    if isinstance(came, Calculated):
        return Expected(came.bill.patient_pays)
    return Expected(None, tuple(dict.fromkeys(issue.code for issue in came)))


def _facility_name(row: CaseRow, resources: Sequence[Mapping[str, Any]]) -> str:
    """The hospital's name as the HIS gives it, else its key."""
    hospital = Held.of(resources).at((Held.of(resources).first("Encounter") or {}).get("serviceProvider")) or {}
    return str(hospital.get("name") or row.facility)
