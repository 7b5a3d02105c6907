"""The credit list (信用记录): debtor, proposal, listing by a named person, appeal, clearing; and what desks may read.

A listing takes the deferral of later stays away and nothing else; being overdue alone never leads to one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from adapter.cases.reading import OURS, as_rows, case_of, his_resources
from adapter.cases.tools import Act, Tools
from adapter.cases.window import money_issues as said
from adapter.cases.window.account import Account, account_of, terms_of
from adapter.fhir.canonical import decode
from adapter.fhir.collection import credit_flag
from adapter.fhir.elements import Held, coded
from adapter.fhir.identity import codesystem
from adapter.ledger.ledger import Transaction
from adapter.ledger.rows import CaseRow
from adapter.model.case import CreditState
from adapter.model.dates import local_day
from adapter.model.issues import AdapterError
from adapter.model.money import ZERO
from adapter.rules.programme import credit as rules
from adapter.rules.programme.collection import CollectionTerms, read_collection
from adapter.rules.programme.credit import CreditEntry as CreditEntry
from adapter.rules.programme.credit import (
    DebtFacts,
    DeskView,
    Evidence,
    desk_view,
    triggers_met,
)
from adapter.rules.programme.credit import Debtor as Debtor
from adapter.rules.programme.credit import DebtorKind as DebtorKind
from adapter.rules.programme.credit import Trigger as Trigger

ENTRY, DEBTOR = "credit-entry", "debtor"

_C = CreditState
_STANDS = frozenset({_C.PROPOSED, _C.LISTED, _C.APPEALED})
#: Of several cases of one debtor, the state that the desks see: the first of these that stands.
_HEAVIEST = (_C.LISTED, _C.APPEALED, _C.PROPOSED, _C.CLEARED, _C.CLEAR)


@dataclass(frozen=True, slots=True)
class Standing:
    """A case's debtor and entry, with the triggers that dates and money show today and whether it should be cleared."""

    debtor: Debtor
    entry: CreditEntry | None
    met: tuple[Trigger, ...]
    clearing_due: bool


def record_debtor(case_id: str, debtor: Debtor, tools: Tools, act: Act) -> Debtor:
    """Say who owes, where it is not the patient: a relative, an estate, a liable third party.

    Raises AdapterError CASE-378 while a credit entry of the case runs.
    """
    with tools.ledger.transaction() as tx:
        case_of(tx, case_id)
        entry = entry_of(tx, case_id)
        if entry is not None and entry.state in _STANDS:
            raise AdapterError(said.debtor_fixed(case_id))
        tx.file_paper(case_id, DEBTOR, debtor_json(debtor), **act.said)
        return debtor


def propose(
    case_id: str,
    trigger: Trigger,
    references: Sequence[str],
    tools: Tools,
    act: Act,
    *,
    noticed: date | None,
    malice: str = "",
) -> CreditEntry:
    """Propose a listing, with the notice and the evidence. It has no effect on anybody yet.

    Args:
        references: keys of papers or acts that it rests on.
        noticed: day on which the debtor was told.
        malice: the finding that he can pay and will not; only for that trigger.

    Raises:
        AdapterError: PRG-270, PRG-279 … PRG-283, PRG-285.
        SettingMissing: PRG-201.
    """
    with tools.ledger.transaction() as tx:
        account, debtor = account_of(tx, case_id), debtor_of(tx, case_id)
        evidence = Evidence(tuple(references), noticed, malice)
        terms = terms_of(account.row, tools)
        entry = rules.propose(_facts(account, act), debtor, trigger, evidence, terms, actor=act.actor)
        if tx.state(case_id, "credit", debtor.key) is None:
            tx.start(case_id, "credit", _C.CLEAR, subject=debtor.key, **act.said)
        return _keep(tx, account.row, entry, debtor, act)


def confirm(case_id: str, tools: Tools, act: Act) -> CreditEntry:
    """A named person lists the debtor; what was paid or agreed since the proposal counts.

    Raises AdapterError CASE-377, PRG-279 … PRG-285.
    """
    with tools.ledger.transaction() as tx:
        account, debtor = account_of(tx, case_id), debtor_of(tx, case_id)
        facts = _facts(account, act)
        entry = rules.list_debtor(_entry(tx, case_id), facts, debtor, actor=act.actor, reason=act.reason)
        return _keep(tx, account.row, entry, debtor, act)


def appeal(case_id: str, tools: Tools, act: Act) -> CreditEntry:
    """The debtor objects; until it is decided the entry has no effect. Raises AdapterError CASE-377, PRG-285."""
    with tools.ledger.transaction() as tx:
        row, debtor = case_of(tx, case_id), debtor_of(tx, case_id)
        on = local_day(act.at)
        entry = rules.appeal(_entry(tx, case_id), actor=act.actor, on=on, reason=act.reason)
        return _keep(tx, row, entry, debtor, act)


def clear(case_id: str, tools: Tools, act: Act) -> CreditEntry:
    """Take the entry off: paid, agreed, or the appeal was right. Raises AdapterError CASE-377, PRG-282, PRG-285."""
    with tools.ledger.transaction() as tx:
        row, debtor = case_of(tx, case_id), debtor_of(tx, case_id)
        on = local_day(act.at)
        entry = rules.clear(_entry(tx, case_id), actor=act.actor, on=on, reason=act.reason)
        return _keep(tx, row, entry, debtor, act)


def desk(source: str, debtor: str, tools: Tools, act: Act) -> DeskView:
    """What a desk may read of a debtor: one answer, no amount, no case, no evidence. Reading is written down.

    Raises AdapterError CASE-389 for a hospital that no scheme is for.
    """
    with tools.ledger.transaction() as tx:
        paper = tx.paper("", list_paper(source, debtor))
        state = CreditState(str(paper["state"])) if paper is not None else _C.CLEAR
        known = next((key for key, each in _by_case(paper).items() if each == state), None)
        entry = entry_of(tx, known) if known is not None else None
        row = tx.case(known) if known is not None else None
        terms = terms_of(row, tools) if row is not None else _terms_at(source, tools)
        tx.note("", "credit-read", {"source": source, "debtor": debtor}, **act.said)
        return desk_view(entry, debtor, terms)


def standing_of(tx: Transaction, account: Account, tools: Tools, act: Act) -> Standing:
    """Debtor and entry of a case as they stand. Raises SettingMissing PRG-201."""
    case_id = account.row.case_id
    entry, facts = entry_of(tx, case_id), _facts(account, act)
    due = entry is not None and rules.clearing_due(entry, account.part.still_open, facts.plan)
    return Standing(debtor_of(tx, case_id), entry, triggers_met(facts, terms_of(account.row, tools)), due)


def entry_of(tx: Transaction, case_id: str) -> CreditEntry | None:
    """The newest entry of a case, or None."""
    paper = tx.paper(case_id, ENTRY)
    if paper is None:
        return None
    noticed, references = paper["noticed"], paper["references"]
    return CreditEntry(
        debtor=str(paper["debtor"]),
        case_id=case_id,
        state=CreditState(str(paper["state"])),
        trigger=Trigger(str(paper["trigger"])),
        definition_zh=str(paper["definition_zh"]),
        definition_en=str(paper["definition_en"]),
        evidence=Evidence(
            tuple(map(str, references)) if isinstance(references, list) else (),
            date.fromisoformat(str(noticed)) if noticed else None,
            str(paper["malice"]),
        ),
        cite=str(paper["cite"]),
        by=str(paper["by"]),
        since=date.fromisoformat(str(paper["since"])),
        reason=str(paper["reason"]),
    )


def entry_json(entry: CreditEntry) -> dict[str, object]:
    """An entry as JSON, for the record and for whoever decides about it."""
    return {
        "debtor": entry.debtor,
        "state": str(entry.state),
        "trigger": str(entry.trigger),
        "definition_zh": entry.definition_zh,
        "definition_en": entry.definition_en,
        "references": list(entry.evidence.references),
        "noticed": entry.evidence.noticed.isoformat() if entry.evidence.noticed else "",
        "malice": entry.evidence.malice,
        "cite": entry.cite,
        "by": entry.by,
        "since": entry.since.isoformat(),
        "reason": entry.reason,
    }


def debtor_of(tx: Transaction, case_id: str) -> Debtor:
    """Who owes: as recorded, else the patient. Raises AdapterError CASE-302."""
    row = case_of(tx, case_id)
    paper = tx.paper(case_id, DEBTOR)
    if paper is not None:
        return Debtor(str(paper["key"]), DebtorKind(str(paper["kind"])), _day(paper, "born"), _day(paper, "died"))
    patient = Held.of(his_resources(tx, case_id)).patient() or {}
    return Debtor(row.person_key, DebtorKind.PATIENT, _birth(patient), _death(patient, row))


def debtor_json(debtor: Debtor) -> dict[str, object]:
    """A debtor as JSON; the key is the hospital's, never a card number."""
    return {
        "key": debtor.key,
        "kind": str(debtor.kind),
        "born": debtor.born.isoformat() if debtor.born else "",
        "died": debtor.died.isoformat() if debtor.died else "",
    }


def list_paper(source: str, debtor: str) -> str:
    """Name of the paper that keeps a debtor's place on the hospital's list."""
    return f"credit/{source}/{debtor}"


def _terms_at(source: str, tools: Tools) -> CollectionTerms:
    """The newest scheme's clauses, for somebody of whom nothing is on record."""
    schemes = [scheme for scheme in tools.book.schemes.values() if source in scheme.sources]
    if not schemes:
        raise AdapterError(said.source_unknown(source))
    newest = max(schemes, key=lambda scheme: scheme.valid.start)
    return read_collection(tools.book.programme(newest.programme), newest.settings)


def _facts(account: Account, act: Act) -> DebtFacts:
    on = local_day(act.at)
    still_open = account.part.still_open if account.settled_on is not None else ZERO
    return DebtFacts(account.row.case_id, on, still_open, account.row.discharged, account.plan_on(on))


def _entry(tx: Transaction, case_id: str) -> CreditEntry:
    entry = entry_of(tx, case_id)
    if entry is None:
        raise AdapterError(said.no_credit_entry(case_id))
    return entry


def _keep(tx: Transaction, row: CaseRow, entry: CreditEntry, debtor: Debtor, act: Act) -> CreditEntry:
    """Entry, machine, the hospital's list and the patient's flag, together."""
    tx.file_paper(row.case_id, ENTRY, entry_json(entry), **act.said)
    tx.move(row.case_id, "credit", entry.state, subject=entry.debtor, **act.said)
    name = list_paper(row.source, entry.debtor)
    cases = {**_by_case(tx.paper("", name)), row.case_id: str(entry.state)}
    state = next(each for each in _HEAVIEST if str(each) in cases.values())
    tx.file_paper("", name, {"state": str(state), "cases": cases}, **act.said)
    if debtor.kind is DebtorKind.PATIENT and entry.state is not _C.PROPOSED:
        _flag(tx, row, entry, act)
    return entry


def _flag(tx: Transaction, row: CaseRow, entry: CreditEntry, act: Act) -> None:
    """Active while listed; one who was never listed has no flag at all."""
    settled, listed = tx.settlement(row.case_id), entry.state is _C.LISTED
    earlier = [decode(each.body) for each in tx.resources_of_case(row.case_id, ("Flag",))]
    since = next((each["period"]["start"] for each in earlier if coded(each["code"], codesystem("credit-state"))), None)
    if since is None and not listed:
        return
    made = credit_flag(
        his_resources(tx, row.case_id),
        source=row.source,
        case_id=row.case_id,
        debtor=entry.debtor,
        listed=listed,
        start=entry.since if listed else date.fromisoformat(str(since)),
        end=None if listed else entry.since,
        test_profile=settled is not None and settled.test_profile,
    )
    if made is not None:
        tx.put_resources(OURS, row.case_id, as_rows([made]), **act.said)


def _by_case(paper: Mapping[str, object] | None) -> dict[str, str]:
    """A debtor's states by case."""
    found = (paper or {}).get("cases")
    return {str(key): str(state) for key, state in found.items()} if isinstance(found, Mapping) else {}


def _day(paper: Mapping[str, object], name: str) -> date | None:
    return date.fromisoformat(str(paper[name])) if paper.get(name) else None


def _birth(patient: Mapping[str, Any]) -> date | None:
    """A full birth date only: an age that nobody established is asked for."""
    born = str(patient.get("birthDate", ""))
    return date.fromisoformat(born) if len(born) == 10 else None


def _death(patient: Mapping[str, Any], row: CaseRow) -> date | None:
    """The day of death; the last day of the stay where only the fact is known."""
    died = str(patient.get("deceasedDateTime", ""))
    if len(died) >= 10:
        return date.fromisoformat(died[:10])
    return (row.discharged or row.admitted) if patient.get("deceasedBoolean") else None
