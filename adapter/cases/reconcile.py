"""Compare one day with one endpoint: totals, then details (对账). Every difference has a name and a next step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from typing import Any

from adapter.cases import issues
from adapter.cases.our_side import hospital_of as hospital_of
from adapter.cases.our_side import lines_of, our_side, standing_days
from adapter.cases.reading import OURS, as_rows
from adapter.cases.reconcile_issues import cannot_be_asked
from adapter.cases.reconcile_refusals import require_day, require_hospital
from adapter.cases.tools import Act, Tools
from adapter.fhir.agreed import amounts_agreed
from adapter.ledger.ledger import Transaction
from adapter.model.case import BillState
from adapter.model.issues import AdapterError, Issue
from adapter.model.messages import Difference, DifferenceKind, Remittance
from adapter.payers.delivery.endpoint import Endpoint, OurSide, Statement
from adapter.payers.reconciliation.actions import action_for
from adapter.payers.reconciliation.matching import DayComparison, Settled, compare, not_compared

_STANDING = (BillState.SETTLING, BillState.SETTLED, BillState.SETTLED_ADVANCED, BillState.REVERSING)
#: Differences of which the other half may stand on a day near this one.
_HALVES = frozenset({DifferenceKind.MISSING, DifferenceKind.WRONG_DAY})


def reconcile_day(endpoint: str, day: date, facility: str, tools: Tools, act: Act) -> DayComparison:
    """Have the payer's statement of one hospital and name every difference; what was found is written down.

    A counterpart that cannot be asked gives a comparison with ``unasked`` and what is to be compared by hand.

    Args:
        facility: the hospital's code as the payer knows it (national code where it has one).

    Raises:
        AdapterError: CASE-315, CASE-492 or CASE-493 for a day or hospital that cannot be meant, or DEL-504 when the
            statement cannot be had.
    """
    require_day(day)
    counterpart = tools.endpoints.get(endpoint)
    if counterpart is None:
        raise AdapterError(issues.endpoint_unset(endpoint))
    span = tools.office.reconcile_days
    with tools.ledger.reading() as tx:
        ours = our_side(tx, endpoint, day, facility, tools, span=2 * span)
    if not ours.booked:
        require_hospital(facility, tools)
    result = _compared(counterpart, day, facility, ours, span)
    with tools.ledger.transaction() as tx:
        paper = comparison_json(result, day, facility)
        tx.file_paper("", day_paper(endpoint, facility, day), paper, **act.said)
        if result.agreed:
            lines = [(line.key, line.payer, line.amount) for line in result.agreed]
            resource = amounts_agreed(
                endpoint=endpoint,
                facility=facility,
                day=day,
                lines=lines,
                whole=result.agrees,
                at=act.at,
                test_profile=_is_test(tx, result.agreed),
            )
            tx.put_resources(OURS, None, as_rows([resource]), **act.said)
    return result


def _compared(counterpart: Endpoint, day: date, facility: str, ours: OurSide, span: int) -> DayComparison:
    """Compare with the day's statement, and with its neighbours' where half of a difference may stand there."""
    told = counterpart.statement(day, facility, ours)
    by_day = _by_day(ours, told)
    mine = by_day.pop(day, [])
    if told.remittance is None:
        return not_compared(counterpart.config.name, mine, cannot_be_asked(counterpart.config.name, day, len(mine)))
    result = compare(mine, told.remittance, ours_elsewhere=by_day)
    if span and any(each.kind in _HALVES for each in result.differences):
        near = _neighbours(counterpart, day, facility, ours, span)
        result = compare(mine, told.remittance, ours_elsewhere=by_day, theirs_elsewhere=near)
    return result


def _neighbours(counterpart: Endpoint, day: date, facility: str, ours: OurSide, span: int) -> list[Remittance]:
    """Statements of the days around; one that cannot be had leaves its half unnamed, and the day as it is."""
    found = []
    for number in range(-span, span + 1):
        try:
            told = counterpart.statement(day + timedelta(days=number), facility, ours) if number else None
        except AdapterError as error:
            if any(not issue.code.startswith("DEL-") for issue in error.issues):
                raise
            continue
        found += [told.remittance] if told is not None and told.remittance is not None else []
    return found


def _by_day(ours: OurSide, told: Statement) -> dict[date, list[Settled]]:
    found: dict[date, list[Settled]] = {}
    for each in ours.booked:
        found.setdefault(told.days.get(each.key, each.on), []).extend(lines_of(each))
    return found


def _is_test(tx: Transaction, lines: Sequence[Settled]) -> bool:
    """Whether the first of them is of a test profile: an endpoint hears either all or none."""
    row = tx.message(lines[0].key)
    settlement = tx.settlement(row.message.case_id, row.message.version) if row is not None else None
    return settlement is not None and settlement.test_profile


def settled_days(tools: Tools) -> list[tuple[str, date]]:
    """Every endpoint and rule date on which our books have a standing settlement with it, in order."""
    found: set[tuple[str, date]] = set()
    after = ""
    with tools.ledger.reading() as tx:
        while page := tx.cases(in_states={"bill": _STANDING}, after=after):
            for row in page:
                found |= standing_days(tx, row, tools)
            after = page[-1].case_id
    return sorted(found, key=lambda each: (each[1], each[0]))


def day_paper(endpoint: str, facility: str, day: date) -> str:
    """Name of the paper that keeps what a day's comparison found."""
    return f"{DAYS}{endpoint}/{facility}/{day.isoformat()}"


#: How the names of those papers begin.
DAYS = "reconciliation/"


@dataclass(frozen=True, slots=True)
class Place:
    """Which comparison a difference stands in."""

    endpoint: str
    facility: str
    day: date

    def id_of(self, difference: Difference) -> str:
        """A short id that is the same each time that the same difference is found."""
        parts = (self.endpoint, self.facility, self.day.isoformat(), difference.kind, difference.key)
        text = "|".join((*map(str, parts), str(difference.payer or "")))
        return sha256(text.encode()).hexdigest()[:10]


def comparison_json(result: DayComparison, day: date, facility: str) -> dict[str, Any]:
    """A day's comparison as plain JSON: the paper that is kept, and what the doors show."""
    place = Place(result.endpoint, facility, day)
    return {
        "endpoint": result.endpoint,
        "facility": facility,
        "day": day.isoformat(),
        "agrees": result.agrees,
        "asked": result.unasked is None,
        "ours": {"count": result.ours_count, "total": result.ours_total.text},
        "theirs": {"count": result.theirs_count, "total": result.theirs_total.text},
        "differences": [_difference_json(each, place) for each in result.differences],
        "to_compare": [{"key": each.key, "payer": str(each.payer), "amount": each.amount.text} for each in result.ours],
    }


def _difference_json(each: Difference, place: Place) -> Mapping[str, str]:
    where = {"endpoint": place.endpoint, "facility": place.facility, "day": place.day.isoformat()}
    action = action_for(each, **where)
    return {
        "id": place.id_of(each),
        "kind": str(each.kind),
        "key": each.key,
        "payer": str(each.payer or ""),
        "ours": each.ours.text if each.ours is not None else "",
        "theirs": each.theirs.text if each.theirs is not None else "",
        "other_day": each.other_day.isoformat() if each.other_day is not None else "",
        "action_zh": action.zh,
        "action_en": action.en,
        "command": action.command,
    }


def day_differs(result: DayComparison, day: date) -> Issue:
    """A day's books and statement differ, or could not be compared; what there is to do is listed beside this."""
    if result.unasked is not None:
        return result.unasked
    return issues.day_differs(result.endpoint, day.isoformat())
