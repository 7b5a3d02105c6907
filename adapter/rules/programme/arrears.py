"""Arrears: reminders, the village doctor's task, legal action, write-off (欠费追缴)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

from adapter.model.case import Actor, CreditState, PatientPartState
from adapter.model.issues import AdapterError
from adapter.model.money import ZERO, Money
from adapter.model.person import Private
from adapter.rules.programme import collection_issues as said
from adapter.rules.programme.collection import CollectionTerms, require_person
from adapter.rules.programme.credit import CreditEntry, DebtorKind, Trigger

_LATE = frozenset({PatientPartState.OVERDUE, PatientPartState.COLLECTION, PatientPartState.LEGAL})


@dataclass(frozen=True, slots=True)
class Arrears:
    """One debtor's overdue debt on a day (欠费).

    Attributes:
        open: CNY overdue and still owed.
        due: day on which it should have been paid: the plan's row, or the discharge.
    """

    case_id: str
    state: PatientPartState
    open: Money
    due: date
    on: date
    debtor: DebtorKind = DebtorKind.PATIENT

    @property
    def days(self) -> int:
        """Days past due; zero on the day itself and before it."""
        return max((self.on - self.due).days, 0)


@dataclass(frozen=True, slots=True)
class Reminder:
    """One step of reminding: sent once, and never again for the same step."""

    step: int
    on: date
    amount: Money
    zh: str
    en: str
    cite: str


@dataclass(frozen=True, slots=True)
class VillageTask:
    """What a village doctor needs to remind somebody, and nothing else (trap 28).

    No diagnosis, no stay, no card or telephone number, no credit state.
    """

    village: str
    name: Private
    amount: Money
    due: date
    zh: str
    en: str
    cite: str


@dataclass(frozen=True, slots=True)
class CollectionStep:
    """A step that a named person took: where the patient's part goes and why."""

    state: PatientPartState
    amount: Money
    by: str
    on: date
    reason: str
    zh: str
    en: str
    cite: str


def reminder_due(arrears: Arrears, sent: Collection[int], terms: CollectionTerms) -> Reminder | None:
    """The latest reminder whose day has come and that was not sent; earlier ones that were missed are not caught up.

    Args:
        sent: numbers of the steps already sent, from 1.

    Raises:
        SettingMissing: PRG-201 while nobody filled in ``reminder_days`` (days past due, one per step).

    Source: 县区方案2021 四(四).
    """
    clause = terms.clause("reminder")
    days = _reminder_days(terms)
    reached = [step for step, after in enumerate(days, 1) if arrears.on >= arrears.due + timedelta(days=after)]
    if arrears.open <= ZERO or not reached or reached[-1] <= max(sent, default=0):
        return None
    step = reached[-1]
    return Reminder(
        step=step,
        on=arrears.on,
        amount=arrears.open,
        zh=f"第{step}次提醒:{arrears.due}应付{arrears.open}元,已逾期{arrears.days}天",
        en=f"reminder {step}: {arrears.open} was due on {arrears.due}, {arrears.days} days ago",
        cite=clause.cite,
    )


def village_task(arrears: Arrears, *, village: str, name: Private, terms: CollectionTerms) -> VillageTask:
    """Ask the village clinic to remind a debtor.

    Raises:
        AdapterError: PRG-270 under a programme without this way, PRG-281 without a village, PRG-286 when nothing is
            overdue or the debtor is nobody of the village (an estate, a liable third party).

    Source: 县区方案2021 四(四).
    """
    clause = terms.clause("village-doctor")
    _require_late(arrears, "village-task", clause.cite)
    if arrears.debtor in (DebtorKind.ESTATE, DebtorKind.THIRD_PARTY):
        zh, en = "债务人不是村民本人或亲属,不通过村卫生室督促", "the debtor is neither the villager nor a relative"
        raise AdapterError(said.step_unfounded(arrears.case_id, "village-task", zh, en, clause.cite))
    if not village.strip():
        raise AdapterError(said.proposal_unfounded(arrears.case_id, "村(居)代码", "the village", clause.cite))
    return VillageTask(
        village=village,
        name=name,
        amount=arrears.open,
        due=arrears.due,
        zh=f"请督促及时结清医疗机构住院费用{arrears.open}元",
        en=f"please remind of {arrears.open} owed to the hospital",
        cite=clause.cite,
    )


def to_collection(arrears: Arrears, terms: CollectionTerms, *, actor: Actor, reason: str) -> CollectionStep:
    """Hand an overdue debt to those who collect. Raises AdapterError PRG-282, PRG-286."""
    cite = terms.clause("reminder").cite
    require_person(arrears.case_id, actor, "collection", "转入追缴")
    _require_late(arrears, "collection", cite)
    return _step(arrears, PatientPartState.COLLECTION, actor, reason, ("转入追缴", "handed to collection"), cite)


def to_court(
    arrears: Arrears, entry: CreditEntry | None, terms: CollectionTerms, *, actor: Actor, reason: str, basis: str = ""
) -> CollectionStep:
    """Legal action against someone who will not pay.

    Args:
        entry: the debtor's credit entry. Where the programme speaks of legal action it does so for malice only.
        basis: another legal ground, named by who decides; it wins over the programme's clause and asks for no malice.

    Raises:
        AdapterError: PRG-281 without a reason or ground, PRG-282 by the service, PRG-286 without the finding of malice.

    Source: 县区方案2021 四(三)、四(四).
    """
    require_person(arrears.case_id, actor, "legal", "提起司法程序")
    clause = terms.clauses.get("legal")
    cite = basis.strip() or (clause.cite if clause else "")
    if not cite:
        at_once = terms.clause("at-once").cite
        raise AdapterError(said.proposal_unfounded(arrears.case_id, "法律依据", "the legal ground", at_once))
    _require_late(arrears, "legal", cite)
    if not basis.strip() and not _malice_found(entry, arrears.case_id):
        zh, en = "仅对经认定恶意欠费、逃费的提起司法程序", "only a debtor found malicious is taken to court"
        raise AdapterError(said.step_unfounded(arrears.case_id, "legal", zh, en, cite))
    return _step(arrears, PatientPartState.LEGAL, actor, reason, ("提起司法程序", "taken to court"), cite)


def write_off(arrears: Arrears, amount: Money, terms: CollectionTerms, *, actor: Actor, reason: str) -> CollectionStep:
    """Write a debt off in the hospital's books. The debt itself stands, and what comes later is a recovery.

    Raises:
        AdapterError: PRG-282, PRG-286 before collection or court were tried, PRG-287 for an amount beyond what is open.
    """
    cite = terms.clauses.get("risk-fund", terms.clause("at-once")).cite
    require_person(arrears.case_id, actor, "write-off", "核销")
    if arrears.state not in (PatientPartState.COLLECTION, PatientPartState.LEGAL):
        zh, en = "未经追缴不得核销", "nothing is written off before it was collected or sued for"
        raise AdapterError(said.step_unfounded(arrears.case_id, "write-off", zh, en, cite))
    if not ZERO < amount <= arrears.open:
        raise AdapterError(said.amount_over_open(arrears.case_id, "write-off", amount, arrears.open, cite))
    words = (f"核销{amount}元,债权保留", f"{amount} written off, the claim stands")
    return _step(arrears, PatientPartState.WRITTEN_OFF, actor, reason, words, cite, amount)


def _step(
    arrears: Arrears,
    state: PatientPartState,
    actor: Actor,
    reason: str,
    words: tuple[str, str],
    cite: str,
    amount: Money | None = None,
) -> CollectionStep:
    if not reason.strip():
        raise AdapterError(said.proposal_unfounded(arrears.case_id, "理由", "the reason", cite))
    taken = arrears.open if amount is None else amount
    return CollectionStep(state, taken, actor.id, arrears.on, reason, words[0], words[1], cite)


def _require_late(arrears: Arrears, act: str, cite: str) -> None:
    if arrears.state not in _LATE or arrears.open <= ZERO or arrears.on <= arrears.due:
        zh, en = "尚未逾期,不得追缴", "nothing is overdue yet"
        raise AdapterError(said.step_unfounded(arrears.case_id, act, zh, en, cite))


def _malice_found(entry: CreditEntry | None, case_id: str) -> bool:
    """Listed for malice in this very case; a proposal or an open appeal is no finding."""
    return (
        entry is not None
        and entry.case_id == case_id
        and entry.trigger is Trigger.MALICIOUS
        and entry.state is CreditState.LISTED
    )


def _reminder_days(terms: CollectionTerms) -> tuple[int, ...]:
    name = "reminder_days"
    value = terms.setting(name)
    days = tuple(terms.whole(name, each) for each in (value if isinstance(value, tuple) else (value,)))
    if list(days) != sorted(set(days)):
        raise terms.unreadable(name, "由小到大的天数", "days in ascending order")
    return days
