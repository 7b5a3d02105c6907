"""Settle again what was settled, from stored facts under the rules of that day: every fen must be the same (重算)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from adapter.cases import replay_issues as issues
from adapter.cases.finalise import answers_of
from adapter.cases.proof import certificate_paper, checked
from adapter.cases.reading import billed_dossier, carried_paper, case_of
from adapter.cases.tools import Tools
from adapter.cases.walk import expectation, roles_of
from adapter.ledger.ledger import Transaction
from adapter.model.issues import AdapterError, Issue
from adapter.model.money import Money
from adapter.model.settlement import Payer, Settlement
from adapter.rules.certificate.compare import changes
from adapter.rules.settlement.certificate import certificate
from adapter.rules.settlement.late_payer import with_late_payer

_PAGE = 200


@dataclass(frozen=True, slots=True)
class Replayed:
    """One bill version settled again.

    Attributes:
        issues: CASE-410 an amount differs; CASE-411 only the plan file's version does; CASE-412 it cannot be settled
            again, with the reasons; CASE-326 its stored certificate does not hold.
    """

    case_id: str
    version: int
    issues: tuple[Issue, ...]


def replay(case_id: str, tools: Tools) -> tuple[Replayed, ...]:
    """Settle every settled bill version of a case again; nothing is written and nothing is sent.

    Each version starts from what is stored with it: the HIS's resources in the versions that the bill was made from,
    the year-to-date amounts of that moment, the payers' answers.

    Raises:
        AdapterError: CASE-302.
    """
    with tools.ledger.reading() as tx:
        newest = case_of(tx, case_id).version
        found = []
        for version in range(1, newest + 1):
            settled = tx.settlement(case_id, version)
            if settled is not None and settled.complete:
                found.append(Replayed(case_id, version, _again(tx, case_id, settled, tools)))
        return tuple(found)


def settled_cases(tools: Tools, *, source: str | None = None) -> Iterator[str]:
    """Ids of all cases with a bill, page by page."""
    after = ""
    while True:
        with tools.ledger.reading() as tx:
            rows = tx.cases(source=source, after=after, limit=_PAGE)
        yield from (row.case_id for row in rows if row.version)
        if len(rows) < _PAGE:
            return
        after = rows[-1].case_id


def _again(tx: Transaction, case_id: str, settled: Settlement, tools: Tools) -> tuple[Issue, ...]:
    bill = f"{case_id} v{settled.version}"
    try:
        now = _settled_now(tx, case_id, settled, tools)
    except AdapterError as error:
        why = ", ".join(dict.fromkeys(issue.code for issue in error.issues))
        return (issues.not_replayed(bill, why), *error.issues)
    found = [
        issues.amount_differs(bill, change.place, change.then, change.now)
        for change in changes(certificate(settled), certificate(now))
    ]
    if not found:
        found += [
            issues.rules_differ(bill, then, today)
            for then, today in zip(settled.rules, now.rules, strict=False)
            if then != today
        ]
    kept = tx.paper(case_id, certificate_paper(settled.version))
    return (*found, *(checked(kept, bill) if kept is not None else ()))


def _settled_now(tx: Transaction, case_id: str, settled: Settlement, tools: Tools) -> Settlement:
    """The version by the rules; one that a late payer made, by the version that it stands on."""
    carried = tx.paper(case_id, carried_paper(settled.version))
    if carried is not None:
        return _carried_now(tx, case_id, settled, carried, tools)
    case = billed_dossier(tx, case_id, settled.version, tools)
    case = replace(case, accrued=settled.accrued, scheme=tools.book.scheme(settled.scheme))
    roles = roles_of(tx, case, tools)
    answers = {**roles.observed, **answers_of(tx, case_id, settled.version, settled)}
    return expectation(case, tools, roles, answers)


def _carried_now(
    tx: Transaction, case_id: str, settled: Settlement, carried: Mapping[str, object], tools: Tools
) -> Settlement:
    late = carried["late"]
    stands_on = tx.settlement(case_id, int(str(carried["from"] if late else carried["calls"])))
    if stands_on is None:
        raise AdapterError(issues.not_replayed(f"{case_id} v{settled.version}", "LED-414"))
    before = _settled_now(tx, case_id, stands_on, tools)
    if not isinstance(late, Mapping):
        return replace(before, version=settled.version)
    return with_late_payer(
        before,
        Payer(str(late["payer"])),
        Money.yuan(str(late["amount"])),
        str(late["reference"]),
        str(late["cite"]),
        person_key=case_of(tx, case_id).person_key,
        version=settled.version,
    )
