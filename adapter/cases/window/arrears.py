"""Arrears: overdue by date, reminders, the village doctor, collection, court, write-off (欠费追缴)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date

from adapter.cases.reading import OURS, as_rows, his_resources
from adapter.cases.tools import Act, Tools
from adapter.cases.window import money_issues as said
from adapter.cases.window.account import Account, account_of, follow, ready_account, terms_of
from adapter.cases.window.books import lost
from adapter.cases.window.credit import debtor_of, entry_of
from adapter.cases.window.plan_papers import listed
from adapter.fhir.collection import collection_task, reminder_request, village_task_resource
from adapter.fhir.elements import AnyResource, Held
from adapter.ledger.ledger import Transaction
from adapter.ledger.rows import CaseRow
from adapter.model.case import PatientPartState
from adapter.model.dates import local_day
from adapter.model.issues import AdapterError, Issue
from adapter.model.money import ZERO, Money
from adapter.model.person import Private
from adapter.rules.programme import arrears as rules
from adapter.rules.programme.arrears import Arrears, Reminder, VillageTask
from adapter.rules.programme.arrears import CollectionStep as CollectionStep
from adapter.rules.programme.collection import CollectionTerms
from adapter.rules.programme.credit import DebtorKind

REMINDERS, STEPS, VILLAGE = "reminders", "collection-steps", "village-tasks"

_P = PatientPartState
_WAITING = frozenset({_P.OPEN, _P.PART_PAID, _P.ON_PLAN, _P.OVERDUE, _P.COLLECTION})
_PAGE = 200

#: A rule that a named person applies to a debt.
Rule = Callable[[Arrears, CollectionTerms], CollectionStep]


@dataclass(frozen=True, slots=True)
class Line:
    """What the daily run found of one case.

    Attributes:
        became: the state that it moved to today, None where it stays.
    """

    arrears: Arrears
    became: PatientPartState | None
    reminder: Reminder | None


@dataclass(frozen=True, slots=True)
class Run:
    """One run over all debts: what was done, and what could not be for want of a setting."""

    lines: tuple[Line, ...]
    issues: tuple[Issue, ...]


def run(tools: Tools, act: Act) -> Run:
    """Call overdue what is late, and remind where a reminder is due. Nobody is listed, sued or reported by this.

    It may be run as often as one likes: a step is reminded of once.
    """
    lines: list[Line] = []
    found: dict[tuple[str, str], Issue] = {}
    for case_id in _waiting(tools):
        try:
            line = _one(case_id, tools, act)
        except AdapterError as error:
            found.update({(issue.code, issue.pointer): issue for issue in error.issues})
            continue
        if line is not None:
            lines.append(line)
    return Run(tuple(lines), tuple(found.values()))


def collect(case_id: str, tools: Tools, act: Act) -> CollectionStep:
    """A named person hands an overdue debt to collection. Raises AdapterError PRG-282, PRG-286, CASE-370."""
    return _step(
        case_id, lambda debt, terms: rules.to_collection(debt, terms, actor=act.actor, reason=act.reason), tools, act
    )


def sue(case_id: str, tools: Tools, act: Act, *, basis: str = "") -> CollectionStep:
    """A named person goes to court: over malice that was listed, or on a legal ground that he names.

    Raises AdapterError PRG-281, PRG-282, PRG-286, CASE-370.
    """
    with tools.ledger.reading() as tx:
        entry = entry_of(tx, case_id)
    return _step(
        case_id,
        lambda debt, terms: rules.to_court(debt, entry, terms, actor=act.actor, reason=act.reason, basis=basis),
        tools,
        act,
    )


def write_off(case_id: str, amount: Money | None, tools: Tools, act: Act) -> CollectionStep:
    """Write a debt off in the books; the debtor still owes it, and what he pays later is a recovery.

    Args:
        amount: CNY; all that is open where nothing is given.

    Raises AdapterError PRG-282, PRG-286, PRG-287, CASE-370, CASE-379.
    """

    def by_rule(debt: Arrears, terms: CollectionTerms) -> CollectionStep:
        wanted = debt.open if amount is None else amount
        return rules.write_off(debt, wanted, terms, actor=act.actor, reason=act.reason)

    return _step(case_id, by_rule, tools, act)


def ask_village(case_id: str, village: str, tools: Tools, act: Act) -> VillageTask:
    """Ask the village clinic to remind the debtor: his name, the amount, the day, and nothing else.

    Raises AdapterError PRG-270, PRG-281, PRG-286.
    """
    with tools.ledger.transaction() as tx:
        account, terms, debt = _debt(tx, case_id, tools, act)
        resources = his_resources(tx, case_id)
        made = rules.village_task(debt, village=village, name=_name(resources, debt.debtor), terms=terms)
        before = listed(tx.paper(case_id, VILLAGE), VILLAGE)
        paper = {"village": village, "amount": made.amount.text, "due": made.due.isoformat(), "on": debt.on.isoformat()}
        tx.file_paper(case_id, VILLAGE, {VILLAGE: [*before, paper]}, **act.said)
        task = village_task_resource(
            resources,
            source=account.row.source,
            key=f"{case_id}/village/{len(before) + 1}",
            village=village,
            name=made.name,
            amount=made.amount,
            due=made.due,
            text=made.zh,
            at=act.at,
            test_profile=_test(tools, account.row),
        )
        tx.put_resources(OURS, case_id, as_rows([task]), **act.said)
        return made


def arrears_of(account: Account, on: date, debtor: DebtorKind) -> Arrears:
    """The debt as the rules look at it; not late while no day was missed."""
    missed = account.late_since(on)
    due = missed or account.due or on
    kept = account.plan_on(on)
    still_open = account.part.still_open if kept is None or kept.kept else min(kept.overdue, account.part.still_open)
    if account.row.patient_part in (_P.COLLECTION, _P.LEGAL):  # the whole debt is collected, not one row of it
        still_open = account.part.still_open
    state = account.row.patient_part or _P.OPEN
    return Arrears(account.row.case_id, state, still_open if account.part.final else ZERO, due, on, debtor)


def reminders_of(tx: Transaction, case_id: str, due: date) -> list[int]:
    """Numbers of the reminders given for what was due on a day."""
    found = listed(tx.paper(case_id, REMINDERS), REMINDERS)
    return [int(str(each["step"])) for each in found if each["due"] == due.isoformat()]


def _waiting(tools: Tools) -> Iterator[str]:
    after = ""
    while True:
        with tools.ledger.reading() as tx:
            page = tx.cases(in_states={"patient-part": _WAITING}, after=after, limit=_PAGE)
        yield from (row.case_id for row in page)
        if len(page) < _PAGE:
            return
        after = page[-1].case_id


def _one(case_id: str, tools: Tools, act: Act) -> Line | None:
    """One case, in a transaction of its own; None where nothing is late."""
    with tools.ledger.transaction() as tx:
        before = account_of(tx, case_id)
        if before.settled_on is None:
            return None
        after = follow(tx, case_id, act, by_date=True)
        debt = replace(_debt(tx, case_id, tools, act)[2], state=after)
        if after not in (_P.OVERDUE, _P.COLLECTION):
            return None
        became = after if after is not before.row.patient_part else None
    with tools.ledger.transaction() as tx:  # a reminder that cannot be made leaves the state as it is
        return Line(debt, became, _remind(tx, before.row, debt, tools, act))


def _remind(tx: Transaction, row: CaseRow, debt: Arrears, tools: Tools, act: Act) -> Reminder | None:
    terms = terms_of(row, tools)
    if "reminder" not in terms.clauses:
        return None
    made = rules.reminder_due(debt, reminders_of(tx, debt.case_id, debt.due), terms)
    if made is None:
        return None
    given: dict[str, object] = {"step": str(made.step), "due": debt.due.isoformat(), "on": made.on.isoformat()}
    before = listed(tx.paper(debt.case_id, REMINDERS), REMINDERS)
    tx.file_paper(debt.case_id, REMINDERS, {REMINDERS: [*before, {**given, "amount": made.amount.text}]}, **act.said)
    request = reminder_request(
        his_resources(tx, debt.case_id),
        source=row.source,
        case_id=debt.case_id,
        number=f"{debt.due.isoformat()}/{made.step}",
        text=made.zh,
        at=act.at,
        test_profile=_test(tools, row),
    )
    tx.put_resources(OURS, debt.case_id, as_rows([request]), **act.said)
    return made


def _step(case_id: str, rule: Rule, tools: Tools, act: Act) -> CollectionStep:
    """One step of a named person: decided by the rule, moved, booked where it is a loss, and written as a Task."""
    with tools.ledger.transaction() as tx:
        account, terms, debt = _debt(tx, case_id, tools, act)
        step = rule(debt, terms)
        tx.move(case_id, "patient-part", step.state, **act.said)
        if step.state is _P.WRITTEN_OFF:
            refuse_second_loss(account)
            tx.post(case_id, account.row.version, lost(ZERO, step.amount, step.cite), **act.said)
        keep_step(tx, account.row, step.state, step.amount, (step.zh, step.cite), tools, act)
        return step


def refuse_second_loss(account: Account) -> None:
    """A debt is lost once. Raises AdapterError CASE-379."""
    if account.loss is not None:
        raise AdapterError(said.loss_stands(account.row.case_id))


def keep_step(
    tx: Transaction,
    row: CaseRow,
    state: PatientPartState,
    amount: Money,
    words: tuple[str, str],
    tools: Tools,
    act: Act,
) -> None:
    """File a step of collection with its Task."""
    zh, cite = words
    paper: dict[str, object] = {"state": str(state), "amount": amount.text, "by": act.actor.id, "cite": cite}
    paper["on"] = local_day(act.at).isoformat()
    before = listed(tx.paper(row.case_id, STEPS), STEPS)
    tx.file_paper(row.case_id, STEPS, {STEPS: [*before, paper]}, **act.said)
    task = collection_task(
        his_resources(tx, row.case_id),
        source=row.source,
        case_id=row.case_id,
        code=str(state),
        text=zh,
        amount=amount,
        at=act.at,
        test_profile=_test(tools, row),
        done=state is _P.WRITTEN_OFF,
    )
    tx.put_resources(OURS, row.case_id, as_rows([task]), **act.said)


def _debt(tx: Transaction, case_id: str, tools: Tools, act: Act) -> tuple[Account, CollectionTerms, Arrears]:
    row = account_of(tx, case_id).row
    terms = terms_of(row, tools)
    account = ready_account(tx, case_id, terms.clause("at-once").cite)
    return account, terms, arrears_of(account, local_day(act.at), debtor_of(tx, case_id).kind)


def _name(resources: Iterable[AnyResource], debtor: DebtorKind) -> Private:
    """The villager's name: the patient's, or of the relative who owes, whose own is not ours to know."""
    patient = Held.of(resources).patient() or {}
    names = patient.get("name") or [{}]
    name = str(names[0].get("text") or "".join([names[0].get("family", ""), *names[0].get("given", [])]))
    return Private(name if debtor is DebtorKind.PATIENT else f"{name}的亲属")


def _test(tools: Tools, row: CaseRow) -> bool:
    return tools.book.scheme(row.scheme).test_profile
