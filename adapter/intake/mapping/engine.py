"""The mapper: compiled once, then stay after stay (映射引擎)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from adapter.fhir.identity import codesystem, extension_url, ids_of, resource_id, system
from adapter.intake.mapping import issues, refunds, together
from adapter.intake.mapping.across import split_rows, with_columns_of_rows
from adapter.intake.mapping.check import CheckReport, check_mapping
from adapter.intake.mapping.checks import Check, compile_checks
from adapter.intake.mapping.clock import clock_findings
from adapter.intake.mapping.closures import compile_root
from adapter.intake.mapping.covered import with_lines, without_undone
from adapter.intake.mapping.derived import with_derived
from adapter.intake.mapping.spec import OBSERVED, Mapping_, ResourceSpec
from adapter.intake.mapping.trace import Trace, Traced
from adapter.intake.mapping.transforms import Context
from adapter.intake.mapping.working import Build, KeyOf, Scope, Test, Working, compile_condition, compile_key
from adapter.model.issues import Issue
from adapter.model.money import ZERO, Money
from adapter.model.observed import ObservedSettlement
from adapter.model.source import SourceRecord, StayRecords

_UNMAPPED_TAG = {"system": codesystem("tags"), "code": "unmapped-code", "display": "编码未对照"}


@dataclass(frozen=True, slots=True)
class MappedStay:
    """A stay as FHIR R4 resources, plain dicts with ``Decimal``.

    Attributes:
        stay_key, person_key: the hospital's own keys.
        resources: in the order of the mapping's files, rows in the order of their keys.
        observed: settlements that the HIS made itself, void ones included.
        issues: of reading and mapping, each once. Whoever settles looks for those that stop.
        trace: where each element came from, on demand.
    """

    stay_key: str
    person_key: str
    resources: tuple[dict[str, Any], ...]
    observed: tuple[ObservedSettlement, ...]
    issues: tuple[Issue, ...]
    trace: Trace


@dataclass(frozen=True, slots=True)
class Plan:
    """A mapping file, compiled."""

    spec: ResourceSpec
    place: int
    build: Build
    key_of: KeyOf
    id_of: Callable[[str], str]
    only: Test | None
    checks: tuple[Check, ...]
    whose: together.Whose | None = None


#: Place of its mapping file, the resource, and its row.
Made = tuple[int, dict[str, Any], SourceRecord]

#: By key of a line, the keys of the lines that it undoes.
Links = Mapping[str, tuple[str, ...]]


class Mapper:
    """A compiled mapping; threads may share it. It keeps no stay, only what texts of columns became (no person's)."""

    def __init__(self, mapping: Mapping_) -> None:
        self.mapping = mapping
        self._source = mapping.source
        self._stay_table = mapping.shape.stay_table
        self._keys = {name: compile_key(table.row_key) for name, table in mapping.shape.tables.items()}
        self._named = frozenset(each.newborn.patient for each in mapping.resources if each.newborn is not None)
        plans = [self._plan(spec) for spec in mapping.resources]
        self._of_stay = tuple(plan for plan in plans if self._once(plan.spec))
        of_rows = (plan for plan in plans if not self._once(plan.spec))
        self._of_rows = tuple(sorted(of_rows, key=lambda plan: plan.spec.name not in self._named))

    def map(self, stay: StayRecords) -> MappedStay:
        """Map one stay. Never raises for what a HIS may send: what is wrong is in ``issues``."""
        if self.mapping.splits:
            stay = split_rows(stay, self.mapping.splits)
        if self.mapping.derived:
            stay = with_derived(stay, self.mapping.derived)
        if self.mapping.from_rows:
            stay = with_columns_of_rows(stay, self.mapping.from_rows)
        roots = stay.tables.get(self._stay_table, ())
        found: list[Issue] = list(stay.issues)
        if len(roots) != 1:
            pointer = roots[0].origin.pointer() if roots else self._stay_table
            found.append(issues.stay_row_count(pointer, self._stay_table, len(roots)))
        if not roots:
            trace = Trace(self.mapping.version, None, stay.tables, tuple, self._ordered)
            return MappedStay(stay.stay_key, "", (), (), tuple(found), trace)
        work = Working(root=roots[0], tables=stay.tables, record=roots[0], issues=found)
        made: list[Made] = []
        observed: list[ObservedSettlement] = []
        made_once: dict[str, set[str]] = {}
        for plan, key in self._present(work):
            self._emit(plan, key, work.root, work, made)
        for plan in self._of_rows:
            rows = self._rows(plan, work)
            if plan.spec.distinct:
                rows = together.once_each(rows, plan.spec, work, made_once)
            if plan.spec.name in self._named:
                work.keys_of[plan.spec.name] = frozenset(key for key, _ in rows)
            if plan.spec.clock is not None:
                work.issues += clock_findings((record for _, record in rows), plan.spec.clock)
            if plan.spec.to == OBSERVED:
                observed += self._observed(plan, rows, work)
                continue
            self._make(plan, rows, self._links(plan, rows, work), work, made)
        made.sort(key=_by_place)
        return MappedStay(
            stay_key=stay.stay_key,
            person_key=work.root.fields.get(self.mapping.person, ""),
            resources=tuple([resource for _, resource, _ in made]),
            observed=tuple(observed),
            issues=_once_each(work.issues),
            trace=Trace(
                self.mapping.version, work.root, stay.tables, self._traced(made), self._ordered, self.mapping.bases
            ),
        )

    def check(self, records: Iterable[SourceRecord | StayRecords]) -> CheckReport:
        """Which columns of a sample are mapped, ignored with a reason, or unclaimed; which codes are unknown."""
        return check_mapping(self.mapping, records)

    # -- compiling -------------------------------------------------------------------------------------------------

    def _plan(self, spec: ResourceSpec) -> Plan:
        head = {} if spec.to == OBSERVED else {"resourceType": spec.to, "id": ""}
        fixed = spec.fixed_key
        return Plan(
            spec=spec,
            place=self.mapping.resources.index(spec),
            build=compile_root(spec.fields, self._scope(spec), head),
            key_of=_key_of(spec) if fixed is None else lambda _: fixed,
            id_of=ids_of(self._source, spec.to),
            only=compile_condition(spec.only) if spec.only is not None else None,
            checks=compile_checks(spec),
            whose=self._whose(spec),
        )

    def _scope(self, spec: ResourceSpec) -> Scope:
        context = Context(
            zone=self.mapping.zone,
            absent_days=self.mapping.time_absent,
            unverified_system=system(f"{self._source}/unverified-id-number"),
        )
        keys = {each.name: (each.to, _key_of(each)) for each in self.mapping.resources if not self._once(each)}
        return Scope(self._source, spec.to, context, keys, self._ordered, spec.private)

    def _whose(self, spec: ResourceSpec) -> together.Whose | None:
        """For lines of which some are a newborn's: names whose a line is."""
        if spec.newborn is None:
            return None
        patient = self.mapping.resource(spec.newborn.patient)
        return together.compile_newborn(spec.newborn, patient, ids_of(self._source, patient.to))

    def _once(self, spec: ResourceSpec) -> bool:
        """Whether a stay has this resource once: made from the stay's own row, or from the source file."""
        return spec.table is None or spec.table == self._stay_table

    # -- mapping -----------------------------------------------------------------------------------------------------

    def _present(self, work: Working) -> list[tuple[Plan, str]]:
        """The plans that apply once to this stay, with their keys; what they make can then be referred to."""
        present = []
        for plan in self._of_stay:
            work.private = plan.spec.private
            if plan.only is not None and not plan.only(work.root.fields, work):
                continue
            key = self._key(plan, work.root, work)
            if key is not None:
                present.append((plan, key))
                work.references[plan.spec.name] = f"{plan.spec.to}/{plan.id_of(key)}"
        return present

    def _rows(self, plan: Plan, work: Working) -> Sequence[tuple[str, SourceRecord]]:
        """Keys and rows of a plan's table in order of output; a row without its key is noted and left out."""
        found = []
        for record in work.tables.get(plan.spec.table or "", ()):
            work.record = record
            if plan.only is None or plan.only(record.fields, work):
                key = self._key(plan, record, work)
                if key is not None:
                    found.append((key, record))
        found.sort(key=lambda each: (len(each[0]), each[0]))
        return found

    def _links(self, plan: Plan, rows: Sequence[tuple[str, SourceRecord]], work: Working) -> Links:
        """The lines that refunds undo."""
        if plan.spec.refunds is None or not refunds.has_refunds(rows, plan.spec.refunds):
            return {}
        links, found = refunds.pair(rows, plan.spec.refunds)
        work.issues += found
        return links

    def _make(
        self,
        plan: Plan,
        rows: Sequence[tuple[str, SourceRecord]],
        links: Links,
        work: Working,
        made: list[Made],
    ) -> None:
        """Build the resources of a plan's rows."""
        for key, record in rows:
            resource = self._emit(plan, key, record, work, made)
            if resource is not None and key in links:
                self._link(resource, links[key])
            if resource is not None and plan.whose is not None:
                plan.whose(resource, record, work)

    def _key(self, plan: Plan, record: SourceRecord, work: Working) -> str | None:
        key = plan.key_of(record.fields)
        if key is None:
            column = next(each for each in plan.spec.row_key if not record.fields.get(each))
            work.issues.append(issues.required_missing(record.origin.pointer(column), f"{plan.spec.to}.id", True))
        return key

    def _emit(
        self,
        plan: Plan,
        key: str,
        record: SourceRecord,
        work: Working,
        made: list[Made],
    ) -> dict[str, Any] | None:
        """Build one resource; None, with an issue noted, when it lacks something required."""
        built = self._build(plan, key, record, work)
        if built is None:
            return None
        built["id"] = plan.id_of(key)
        if work.unmapped:
            built["meta"] = {"tag": [_UNMAPPED_TAG.copy()]}
        made.append((plan.place, built, record))
        return built

    def _build(self, plan: Plan, key: str, record: SourceRecord, work: Working) -> dict[str, Any] | None:
        work.record, work.row_key, work.private = record, key, plan.spec.private
        work.failed = work.unmapped = False
        fields = record.fields
        built: dict[str, Any] = plan.build(fields, work)
        for check in plan.checks:
            check(fields, work)
        return None if work.failed else built

    def _link(self, resource: dict[str, Any], originals: tuple[str, ...]) -> None:
        """Name the lines that a refund undoes, the nearest first."""
        resource.setdefault("extension", []).extend(self._undone(resource["resourceType"], originals))

    def _undone(self, to: str, originals: tuple[str, ...]) -> list[dict[str, Any]]:
        identities = [resource_id(self._source, to, key) for key in originals]
        named = [{"system": system("charge-item"), "value": identity} for identity in identities]
        return [{"url": extension_url("reverses"), "valueIdentifier": each} for each in named]

    def _traced(self, made: Sequence[Made]) -> Callable[[], tuple[Traced, ...]]:
        """What was made from which row, put together when somebody asks."""
        resources = self.mapping.resources

        def traced() -> tuple[Traced, ...]:
            return tuple(
                Traced(f"{built['resourceType']}/{built['id']}", resources[place], record)
                for place, built, record in made
            )

        return traced

    def _observed(
        self, plan: Plan, rows: Sequence[tuple[str, SourceRecord]], work: Working
    ) -> list[ObservedSettlement]:
        built = ((key, record, self._build(plan, key, record, work)) for key, record in rows)
        zone = self.mapping.zone
        found = [
            (_settlement(key, record, values, zone), record) for key, record, values in built if values is not None
        ]
        found, of_mirrors = without_undone(found)
        work.issues += of_mirrors
        if plan.spec.covers is None:
            return [settlement for settlement, _ in found]
        settlements, of_lines = with_lines(found, plan.spec.covers, work.tables)
        work.issues += of_lines
        return settlements

    def _ordered(self, table: str, records: Sequence[SourceRecord]) -> list[SourceRecord]:
        """Rows of a table in the order of their keys, which no order of arrival can change."""
        key_of = self._keys[table]
        keyed = [(key_of(record.fields) or "", record) for record in records]
        keyed.sort(key=lambda each: (len(each[0]), each[0]))
        return [record for _, record in keyed]


def _key_of(spec: ResourceSpec) -> KeyOf:
    """The row key of a resource, its prefix before it."""
    key_of, prefix = compile_key(spec.row_key), spec.prefix
    if not prefix:
        return key_of

    def prefixed(fields: Mapping[str, str]) -> str | None:
        key = key_of(fields)
        return None if key is None else f"{prefix}:{key}"

    return prefixed


def _settlement(key: str, record: SourceRecord, values: Mapping[str, Any], zone: ZoneInfo) -> ObservedSettlement:
    settled_at = datetime.fromisoformat(values["settled_at"])
    deposits, account = values.get("deposits"), values.get("account")
    rounding, hospital = values.get("rounding"), values.get("hospital")
    return ObservedSettlement(
        row_key=key,
        number=values.get("number", 0),
        kind=values["kind"],
        settled_at=settled_at if settled_at.tzinfo is not None else settled_at.replace(tzinfo=zone),
        void=values["void"] == "yes" or values["kind"] == "void",
        total=Money.yuan(values["total"]),
        fund=Money.yuan(values["fund"]),
        account=Money.yuan(account) if account is not None else ZERO,
        patient=Money.yuan(values["patient"]),
        deposits=Money.yuan(deposits) if deposits is not None else None,
        pointer=record.origin.pointer(),
        rounding=Money.yuan(rounding) if rounding is not None else ZERO,
        hospital=Money.yuan(hospital) if hospital is not None else ZERO,
    )


def _by_place(made: Made) -> int:
    return made[0]


def _once_each(found: Iterable[Issue]) -> tuple[Issue, ...]:
    """The same finding about the same place counts once, however many targets read it."""
    kept: dict[tuple[str, str, str], Issue] = {}
    for each in found:
        known = kept.setdefault((each.code, each.pointer, each.zh), each)
        if each.stops and not known.stops:
            kept[(each.code, each.pointer, each.zh)] = each
    return tuple(kept.values())
