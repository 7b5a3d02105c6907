"""Compare one day with one endpoint: totals, then details (对账)."""

from __future__ import annotations

from datetime import date

from adapter.cases import issues
from adapter.cases.reading import call_state, calls_version
from adapter.cases.tools import Act, Tools
from adapter.ledger.ledger import Transaction
from adapter.ledger.rows import CaseRow
from adapter.model.case import BillState, CallState
from adapter.model.issues import AdapterError, Issue
from adapter.model.settlement import Authority
from adapter.payers.reconciliation.matching import DayComparison, Settled, compare

_STANDING = (BillState.SETTLING, BillState.SETTLED, BillState.SETTLED_ADVANCED, BillState.REVERSING)


def reconcile_day(endpoint: str, day: date, facility: str, tools: Tools, act: Act) -> DayComparison:
    """Fetch the payer's statement of one hospital and name every difference; what was found is written down.

    Args:
        facility: the hospital's code as the payer knows it (national code where it has one).

    Raises:
        AdapterError: CASE-315, or DEL-504 when the statement cannot be had.
    """
    counterpart = tools.endpoints.get(endpoint)
    if counterpart is None:
        raise AdapterError(issues.endpoint_unset(endpoint))
    remittance = counterpart.remittance(day, facility)
    with tools.ledger.transaction() as tx:
        result = compare(settled_on(tx, endpoint, day, facility, tools), remittance)
        tx.file_paper(
            "", f"reconciliation/{endpoint}/{facility}/{day.isoformat()}", comparison_json(result, day), **act.said
        )
    return result


def settled_on(tx: Transaction, endpoint: str, day: date, facility: str, tools: Tools) -> list[Settled]:
    """What our books say an endpoint accepted from a hospital for a rule date and has not reversed since."""
    found: list[Settled] = []
    ours: dict[str, bool] = {}
    after = ""
    while page := tx.cases(in_states={"bill": _STANDING}, after=after):
        for row in page:
            if row.source not in ours:
                ours[row.source] = facility == hospital_of(row.source, tools)
            found += _of_case(tx, row, endpoint, day, tools) if ours[row.source] else []
        after = page[-1].case_id
    return found


def hospital_of(source: str, tools: Tools) -> str:
    """The code by which payers know a source's hospital; one office may serve several hospitals."""
    settings = tools.feed(source).mapper.mapping.settings
    return settings.get("facility.national_code") or settings.get("facility.code", "")


def _of_case(tx: Transaction, row: CaseRow, endpoint: str, day: date, tools: Tools) -> list[Settled]:
    asked = calls_version(tx, row.case_id, row.version)  # what came late was paid outside this exchange
    settlement = tx.settlement(row.case_id, asked)
    if settlement is None or settlement.on != day:
        return []
    found = []
    for call in tools.book.scheme(row.scheme).calls:
        if call.endpoint != endpoint or call_state(tx, row.case_id, asked, call) is not CallState.ACCEPTED:
            continue
        key = f"{row.case_id}.v{asked}.{call.name}.settle"
        found += [
            Settled(key, share.payer, share.amount)
            for share in settlement.shares
            if share.payer in call.payers and share.authority is not Authority.OBSERVED
        ]
    return found


def settled_days(tools: Tools) -> list[tuple[str, date]]:
    """Every endpoint and rule date on which our books have a standing settlement with it, in order."""
    found: set[tuple[str, date]] = set()
    after = ""
    with tools.ledger.reading() as tx:
        while page := tx.cases(in_states={"bill": _STANDING}, after=after):
            for row in page:
                settlement = tx.settlement(row.case_id, row.version)
                if settlement is None:
                    continue
                for call in tools.book.scheme(row.scheme).calls:
                    if _of_case(tx, row, call.endpoint, settlement.on, tools):
                        found.add((call.endpoint, settlement.on))
            after = page[-1].case_id
    return sorted(found, key=lambda each: (each[1], each[0]))


def comparison_json(result: DayComparison, day: date) -> dict[str, object]:
    """A day's comparison as plain JSON: the paper that is kept, and what the doors show."""
    return {
        "endpoint": result.endpoint,
        "day": day.isoformat(),
        "agrees": result.agrees,
        "ours": {"count": result.ours_count, "total": result.ours_total.text},
        "theirs": {"count": result.theirs_count, "total": result.theirs_total.text},
        "differences": [
            {
                "kind": str(each.kind),
                "key": each.key,
                "payer": str(each.payer or ""),
                "ours": each.ours.text if each.ours is not None else "",
                "theirs": each.theirs.text if each.theirs is not None else "",
            }
            for each in result.differences
        ],
    }


def day_differs(endpoint: str, day: date) -> Issue:
    """A day's books and statement differ; every difference is listed beside this."""
    return issues.day_differs(endpoint, day.isoformat())
