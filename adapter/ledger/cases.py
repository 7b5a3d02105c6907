"""Cases and their machines. 病例。"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Integer, Row, Select, String, bindparam, cast, exists, or_, select

from adapter.ledger import issues as said
from adapter.ledger import quick
from adapter.ledger.among import among
from adapter.ledger.codec import issues_data, issues_of
from adapter.ledger.rows import CaseRow, StateRow
from adapter.ledger.session import Session
from adapter.ledger.tables import cases, states
from adapter.model.case import (
    Actor,
    AgreementState,
    BillState,
    CallState,
    CreditState,
    DepositState,
    DocumentState,
    EntitlementState,
    PatientPartState,
    PlanState,
    StayState,
    check_move,
)
from adapter.model.issues import AdapterError, Issue

#: The words of each machine.
STATES: Mapping[str, type[StrEnum]] = {
    "stay": StayState,
    "entitlement": EntitlementState,
    "deposit": DepositState,
    "bill": BillState,
    "call": CallState,
    "patient-part": PatientPartState,
    "documents": DocumentState,
    "agreement": AgreementState,
    "plan": PlanState,
    "credit": CreditState,
}

# Asked many times in a transaction, so they are made once: making a statement costs as much as running it.
_OF_CASE = select(states.c.machine, states.c.subject, states.c.state).where(states.c.case_id == bindparam("case_id"))
_CASE = select(cases).where(cases.c.case_id == bindparam("case_id"))
_MACHINES = select(states).where(states.c.case_id == bindparam("case_id")).order_by(states.c.machine, states.c.subject)
_MACHINE = _MACHINES.where(states.c.machine == bindparam("machine"))
_STANDING = select(states.c.case_id, states.c.machine, states.c.subject, states.c.state).where(
    among("case_ids", states.c.case_id), states.c.machine != "call"
)


class Cases(Session):
    """Open, find and move cases. Reading a case in a writing transaction holds it until the end."""

    def open_case(
        self,
        case_id: str,
        *,
        source: str,
        stay_key: str,
        person_key: str,
        scheme: str,
        facility: str,
        admitted: date | None = None,
        discharged: date | None = None,
        at: datetime,
        actor: Actor,
        reason: str,
    ) -> CaseRow:
        """Open a case for a stay. Raises AdapterError LED-405 when the stay or the id has one."""
        self._hold_case(case_id)
        taken = or_(cases.c.case_id == case_id, (cases.c.source == source) & (cases.c.stay_key == stay_key))
        if self._connection.execute(select(cases.c.case_id).where(taken)).first() is not None:
            raise AdapterError(said.case_exists(case_id))
        data: dict[str, object] = {"source": source, "stay_key": stay_key, "person_key": person_key, "scheme": scheme}
        dates = {"admitted": _day(admitted), "discharged": _day(discharged)}
        self._append("case-opened", case_id, data | {"facility": facility} | dates, at=at, actor=actor, reason=reason)
        return self._case(case_id)

    def amend_case(
        self,
        case_id: str,
        *,
        person_key: str | None = None,
        scheme: str | None = None,
        facility: str | None = None,
        admitted: date | None = None,
        discharged: date | None = None,
        at: datetime,
        actor: Actor,
        reason: str,
    ) -> CaseRow:
        """Change what is given and differs; nothing differs, nothing is written. Raises AdapterError LED-404."""
        case = self._case(case_id)
        given = {"person_key": person_key, "scheme": scheme, "facility": facility}
        given |= {"admitted": _day(admitted), "discharged": _day(discharged)}
        now = {"person_key": case.person_key, "scheme": case.scheme, "facility": case.facility}
        now |= {"admitted": _day(case.admitted) or "", "discharged": _day(case.discharged) or ""}
        changes = {name: value for name, value in given.items() if value is not None and value != now[name]}
        if not changes:
            return case
        self._append("case-amended", case_id, changes, at=at, actor=actor, reason=reason)
        return self._case(case_id)

    def hold_case(self, case_id: str) -> None:
        """Keep others from a case until this transaction ends: before whatever is read to decide on."""
        self._hold_case(case_id)

    def case(self, case_id: str) -> CaseRow | None:
        """The case as it stands, or None."""
        self._hold_case(case_id)
        row = self._once("case", case_id, lambda: quick.first(self._connection, _CASE, {"case_id": case_id}))
        return None if row is None else _case_row(row, self._states_of(case_id))

    def _states_of(self, case_id: str) -> dict[tuple[str, str], str]:
        """Where every machine of a case stands, by machine and subject."""

        def read() -> dict[tuple[str, str], str]:
            rows = quick.rows(self._connection, _OF_CASE, {"case_id": case_id})
            return {(machine, subject): state for machine, subject, state in rows}

        return self._once("states", case_id, read)

    def find_case(self, source: str, stay_key: str) -> CaseRow | None:
        """The case of a stay, or None."""
        stay = (cases.c.source == source) & (cases.c.stay_key == stay_key)
        case_id = self._connection.execute(select(cases.c.case_id).where(stay)).scalar()
        return None if case_id is None else self.case(case_id)

    def cases(
        self,
        *,
        source: str | None = None,
        person_key: str | None = None,
        held: bool | None = None,
        in_states: Mapping[str, Collection[StrEnum]] | None = None,
        after: str = "",
        limit: int = 100,
    ) -> list[CaseRow]:
        """Cases by id, page by page: give the last id as ``after``.

        Args:
            in_states: per machine the states wanted; for ``bill`` of the newest version, for ``call`` of any call.
        """
        given = {"source": source, "person_key": person_key, "held": held}
        asked: dict[str, object] = {name: value for name, value in given.items() if value is not None}
        machines = in_states or {}
        query = _some(frozenset(asked), tuple(machines))
        asked |= {
            f"in_{machine.replace('-', '_')}": [(str(each),) for each in any_of] for machine, any_of in machines.items()
        }
        asked |= {"after": after, "most": limit}
        return self._with_states(quick.rows(self._connection, query, asked))

    def set_held(self, case_id: str, issues: Iterable[Issue], *, at: datetime, actor: Actor, reason: str) -> None:
        """Hold the case with its issues. The same issues again write nothing. Raises AdapterError LED-404."""
        case, why = self._case(case_id), tuple(issues)
        if not (case.held and case.issues == why):
            self._append("case-held", case_id, {"issues": issues_data(why)}, at=at, actor=actor, reason=reason)

    def clear_held(self, case_id: str, *, at: datetime, actor: Actor, reason: str) -> None:
        """Let the case go on; one that is not held stays as it is. Raises AdapterError LED-404."""
        if self._case(case_id).held:
            self._append("case-released", case_id, {}, at=at, actor=actor, reason=reason)

    def start(
        self,
        case_id: str,
        machine: str,
        state: StrEnum,
        *,
        subject: str = "",
        at: datetime,
        actor: Actor,
        reason: str,
    ) -> None:
        """Give a machine its first state. Raises AdapterError LED-404, LED-407 when it has one."""
        self._case(case_id)
        if self.state(case_id, machine, subject) is not None:
            raise AdapterError(said.machine_started(case_id, machine, subject))
        first = STATES[machine](state)
        data = {"machine": machine, "subject": subject, "state": str(first)}
        standing = self._states_of(case_id) | {(machine, subject): str(first)}
        self._append("machine-started", case_id, data, at=at, actor=actor, reason=reason)
        self._once("states", case_id, lambda: standing)

    def move(
        self,
        case_id: str,
        machine: str,
        after: StrEnum,
        *,
        subject: str = "",
        at: datetime,
        actor: Actor,
        reason: str,
        data: Mapping[str, object] | None = None,
    ) -> None:
        """Move a machine along its table.

        Raises:
            MoveRefused: CASE-301, the table does not allow it.
            AdapterError: LED-406, the machine has not been started.
        """
        before = self.state(case_id, machine, subject)
        if before is None:
            raise AdapterError(said.machine_not_started(case_id, machine, subject))
        next_state = STATES[machine](after)
        check_move(machine, f"{case_id}/{subject}" if subject else case_id, before, next_state)
        move = {"machine": machine, "subject": subject, "before": str(before), "after": str(next_state)}
        standing = self._states_of(case_id) | {(machine, subject): str(next_state)}
        self._append("machine-moved", case_id, move | {"data": data or {}}, at=at, actor=actor, reason=reason)
        self._once("states", case_id, lambda: standing)

    def state(self, case_id: str, machine: str, subject: str = "") -> StrEnum | None:
        """Where a machine stands, or None before its start; ``subject`` is a bill version or ``<version>/<call>``."""
        self._hold_case(case_id)
        found = self._states_of(case_id).get((machine, subject))
        return None if found is None else STATES[machine](found)

    def states(self, case_id: str, machine: str | None = None) -> list[StateRow]:
        """Every machine of a case, by machine and subject."""
        asked = {"case_id": case_id} if machine is None else {"case_id": case_id, "machine": machine}
        rows = quick.rows(self._connection, _MACHINES if machine is None else _MACHINE, asked)
        return [StateRow(row.machine, row.subject, STATES[row.machine](row.state), row.since) for row in rows]

    def _case(self, case_id: str) -> CaseRow:
        case = self.case(case_id)
        if case is None:
            raise AdapterError(said.unknown_case(case_id))
        return case

    def _with_states(self, found: Sequence[Row[Any]]) -> list[CaseRow]:
        if not found:
            return []
        standing: dict[str, dict[tuple[str, str], str]] = {row.case_id: {} for row in found}
        for row in quick.rows(self._connection, _STANDING, {"case_ids": [(each,) for each in standing]}):
            standing[row.case_id][row.machine, row.subject] = row.state
        return [_case_row(row, standing[row.case_id]) for row in found]


@cache
def _some(given: frozenset[str], machines: tuple[str, ...]) -> Select[Any]:
    """Cases after an id that have these columns as given, and these machines in the states given."""
    wanted: list[ColumnElement[bool]] = [cases.c.case_id > bindparam("after")]
    wanted += [cases.c[name] == bindparam(name) for name in sorted(given)]
    wanted += map(_in_state, machines)
    return select(cases).where(*wanted).order_by(cases.c.case_id).limit(bindparam("most", type_=Integer))


def _in_state(machine: str) -> ColumnElement[bool]:
    here = [states.c.case_id == cases.c.case_id, states.c.machine == machine]
    here.append(among(f"in_{machine.replace('-', '_')}", states.c.state))
    if machine == "bill":
        here.append(states.c.subject == cast(cases.c.version, String))
    return exists().where(*here)


def _case_row(row: Row[Any], standing: Mapping[tuple[str, str], str]) -> CaseRow:
    def state(machine: str, subject: str = "") -> Any:
        found = standing.get((machine, subject))
        return None if found is None else STATES[machine](found)

    return CaseRow(
        case_id=row.case_id,
        source=row.source,
        stay_key=row.stay_key,
        person_key=row.person_key,
        scheme=row.scheme,
        facility=row.facility,
        opened_at=row.opened_at,
        admitted=row.admitted,
        discharged=row.discharged,
        stay=state("stay"),
        entitlement=state("entitlement"),
        deposit=state("deposit"),
        version=row.version,
        bill=state("bill", str(row.version)),
        patient_part=state("patient-part"),
        held=row.held,
        issues=issues_of(row.issues),
    )


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
