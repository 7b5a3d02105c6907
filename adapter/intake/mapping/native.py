"""The mapper of a hospital that speaks FHIR itself: its resources become ours, and stay what they are (FHIR 直接接入).

Ids and references become our own, the keys that settlement goes by are added, and whatever settlement needs and does
not find is an issue that leads to the very element. Nothing is computed and no digit is changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from adapter.fhir.canonical import decode
from adapter.fhir.identity import codesystem, identifier, resource_id
from adapter.fhir.names import aliases, identifiers, target
from adapter.fhir.schema.compiled import fits, problems
from adapter.intake.mapping import issues, native_issues
from adapter.intake.mapping.check import CheckReport
from adapter.intake.mapping.engine import MappedStay, Mapper
from adapter.intake.mapping.native_check import check_native
from adapter.intake.mapping.native_draft import BEHIND, Draft, Note, pointer_to
from adapter.intake.mapping.native_rules import NEEDED, NOT_PART, RULES, StayContext
from adapter.intake.mapping.native_spec import NativeRules
from adapter.intake.mapping.spec import Mapping_
from adapter.intake.mapping.trace import Trace, Traced
from adapter.model.issues import Issue, stopping
from adapter.model.source import SourceRecord, StayRecords

_UNMAPPED = {"system": codesystem("tags"), "code": "unmapped-code", "display": "编码未对照"}
_STAY = "Encounter"


@dataclass(frozen=True, slots=True)
class Worked:
    """A stay as it was worked through.

    Attributes:
        drafts: what became of each resource that is part of the stay, in order of output.
        root: the stay's own resource.
    """

    drafts: tuple[Draft, ...]
    issues: tuple[Issue, ...]
    person_key: str
    root: SourceRecord | None


@dataclass
class _Read:
    """The rows of a stay, read."""

    sent: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    links: dict[str, Mapping[str, str]] = field(default_factory=dict)
    records: dict[str, SourceRecord] = field(default_factory=dict)
    found: list[Issue] = field(default_factory=list)

    def of(self, kind: str) -> list[str]:
        names = [name for name, record in self.records.items() if record.origin.table == kind]
        return sorted(names, key=lambda name: (len(self.records[name].fields["key"]), name))


class NativeMapper(Mapper):
    """A mapper for whole resources; threads may share it. It keeps no stay."""

    def __init__(self, mapping: Mapping_) -> None:
        if mapping.native is None:
            raise ValueError("the mapping is not that of a hospital that speaks FHIR")
        self.mapping = mapping
        self.rules: NativeRules = mapping.native
        self._specs = {spec.to: spec for spec in mapping.resources}

    def map(self, stay: StayRecords) -> MappedStay:
        """Take one stay over. Never raises for what a hospital may send: what is wrong is in ``issues``."""
        worked = self.work(stay)
        standing = [draft for draft in worked.drafts if not draft.failed]
        return MappedStay(
            stay_key=stay.stay_key,
            person_key=worked.person_key,
            resources=tuple(draft.out for draft in standing),
            observed=(),
            issues=worked.issues,
            trace=Trace(self.mapping.version, worked.root, stay.tables, _traced(standing), _in_order),
        )

    def check(self, records: Iterable[SourceRecord | StayRecords]) -> CheckReport:
        """Which elements of a sample are taken over or left out for a reason; which codes are unknown."""
        return check_native(self.mapping, self.rules, records, self.work)

    def work(self, stay: StayRecords) -> Worked:
        """Take one stay over, with a note for every element that is no plain copy."""
        read = self._read(stay)
        found = [*stay.issues, *read.found]
        roots = [name for name in read.of(_STAY) if self._is_root(name, read)]
        if len(roots) > 1 or not (roots or stopping(found)):
            pointer = pointer_to(read.records[roots[0]]) if roots else _STAY
            found.append(issues.stay_row_count(pointer, _STAY, len(roots)))
        if not roots:
            return Worked((), tuple(dict.fromkeys(found)), "", None)
        context = self._context(stay.stay_key, roots[0], read)
        drafts = [self._draft(name, context, read, found) for name in self._members(roots[0], read)]
        drafts = [draft for draft in drafts if not draft.left_out]
        drafts += _added(context, read.records[roots[0]], read.sent[roots[0]], drafts, self, found)
        order = {kind: place for place, kind in enumerate(self.rules.shape.used)}
        drafts.sort(key=lambda draft: order[draft.kind])
        return Worked(tuple(drafts), tuple(dict.fromkeys(found)), context.person_key, read.records[roots[0]])

    def spec_of(self, kind: str) -> Any:
        return self._specs[kind]

    # -- reading -----------------------------------------------------------------------------------------------------

    def _read(self, stay: StayRecords) -> _Read:
        """Every resource whose structure is that of its type, without what stays behind; else what is wrong with it."""
        read = _Read()
        for kind, records in stay.tables.items():
            behind = {*BEHIND, *self.rules.left_out.get(kind, {})}
            for record in records:
                whole = decode(record.fields["resource"].encode())
                resource = {name: value for name, value in whole.items() if name.removeprefix("_") not in behind}
                if not fits(kind, resource):
                    read.found += problems(kind, resource, pointer_to(record))
                    continue
                name = record.fields["name"]
                read.sent[name], read.records[name] = resource, record
                read.links[name] = decode(record.fields.get("links", "{}").encode())
        return read

    def _is_root(self, name: str, read: _Read) -> bool:
        """Whether an encounter is the stay itself and no part of it on a ward."""
        above = target(read.sent[name].get("partOf"), read.links[name])
        known = {alias: each for each in read.of(_STAY) for alias in aliases(read.sent[each])}
        return known.get(above, above) not in read.records

    def _members(self, root: str, read: _Read) -> list[str]:
        return [name for kind in self.rules.shape.used for name in read.of(kind) if kind != _STAY or name == root]

    def _context(self, stay_key: str, root: str, read: _Read) -> StayContext:
        source = self.mapping.source
        context = StayContext(source, self.rules, stay_key)
        for name, record in read.records.items():
            kind = record.origin.table
            counts = _status(read.sent[name]) not in NOT_PART.get(kind, ())
            of = record if kind != _STAY else read.records[root]
            if counts:
                context.ours[name] = f"{kind}/{resource_id(source, kind, of.fields['key'])}"
                context.names.update(dict.fromkeys(aliases(read.sent[name]), name))
        sent, links = read.sent[root], read.links[root]
        context.encounter = context.ours[root]

        def named(element: Any) -> str:
            name = target(element, links)
            return context.names.get(name, name)

        patient = named(sent.get("subject"))
        context.patient = context.ours.get(patient, "")
        if patient in read.records:
            context.person_key = self._person_key(read.sent[patient], read.records[patient])
        accounts = [context.ours[name] for name in read.of("Account") if name in context.ours]
        context.account = next(iter(accounts), f"Account/{resource_id(source, 'Account', f'stay/{stay_key}')}")
        context.hospital_name = named(sent.get("serviceProvider"))
        hospital = f"Organization/{resource_id(source, 'Organization', context.setting('facility.code'))}"
        context.hospital = context.ours.get(context.hospital_name, hospital)
        insurer = context.setting("insurer.code")
        context.insurer = f"Organization/{resource_id(source, 'Organization', f'insurer/{insurer}')}" if insurer else ""
        return context

    def _person_key(self, patient: Mapping[str, Any], record: SourceRecord) -> str:
        wanted = self.rules.shape.person_system
        known = (value for system, value in identifiers(patient) if wanted and system == wanted)
        return next(known, record.fields["key"])

    # -- taking over -------------------------------------------------------------------------------------------------

    def _draft(self, name: str, stay: StayContext, read: _Read, found: list[Issue]) -> Draft:
        record, sent = read.records[name], read.sent[name]
        draft = Draft(self._specs[record.origin.table], record, sent, read.links[name], found)
        kind, status = draft.kind, _status(sent)
        if status in NOT_PART.get(kind, ()):
            found.append(native_issues.does_not_count(draft.pointer("status"), status))
            draft.left_out = True
            return draft
        draft.out = {"resourceType": kind, "id": stay.ours[name].partition("/")[2]}
        draft.notes["id"] = stay.key_note("id" if "id" in sent else "identifier[0].value")

        def find(reference: Mapping[str, Any], links: Mapping[str, str]) -> tuple[str, str]:
            said = target(reference, links)
            known = stay.names.get(said, said)
            return known, stay.ours.get(known, "")

        draft.copy(find, self.rules.shared_rule)
        for codes in self.rules.codes.get(kind, ()):
            draft.translate(codes)
        if (rule := RULES.get(kind)) is not None:
            rule(draft, stay)
        for element in NEEDED.get(kind, ()):
            led = draft.out.get(element)
            if not isinstance(led, dict) or "reference" not in led:
                said = target(sent.get(element), draft.links)
                found.append(native_issues.leads_nowhere(draft.pointer(element), said if "?" not in said else ""))
        if draft.unmapped:
            draft.out["meta"] = {"tag": [dict(_UNMAPPED)]}
            draft.notes["meta"] = Note("mark", "unmapped code", self.rules.rule)
        return draft


def _added(
    stay: StayContext,
    root: SourceRecord,
    encounter: Mapping[str, Any],
    drafts: Sequence[Draft],
    mapper: NativeMapper,
    found: list[Issue],
) -> list[Draft]:
    """What the hospital need not send: itself, the insurer and the stay's account, as the source file has them."""
    there = {f"{draft.kind}/{draft.out['id']}" for draft in drafts}
    made = []
    for reference, code, group, name in (
        (stay.hospital, "facility", "facility", f"{stay.source}/facility"),
        (stay.insurer if stay.insurer_used else "", "insurer", "insurer", "insurer"),
    ):
        if reference and reference not in there:
            identity = [identifier(name, stay.setting(f"{group}.code"))]
            if stay.setting(f"{group}.national_code"):
                identity.append(identifier(code, stay.setting(f"{group}.national_code")))
            body = {"identifier": identity, "active": True, "name": stay.setting(f"{group}.name")}
            made.append(_from_settings("Organization", reference, body, group, root, mapper, stay, found))
    if stay.account not in there and stay.patient:
        covers = [f"{draft.kind}/{draft.out['id']}" for draft in drafts if draft.kind == "Coverage"]
        gone = encounter.get("status") in ("cancelled", "entered-in-error")
        body = {
            "identifier": [identifier(f"{stay.source}/account", stay.stay_key)],
            "status": "entered-in-error" if gone else "active",
            "subject": [{"reference": stay.patient}],
            **({"servicePeriod": encounter["period"]} if "period" in encounter else {}),
            **({"coverage": [{"coverage": {"reference": covers[0]}, "priority": 1}]} if covers else {}),
            "owner": {"reference": stay.hospital},
            "guarantor": [{"party": {"reference": stay.patient}}],
        }
        made.append(_from_settings("Account", stay.account, body, "account", root, mapper, stay, found))
    return made


def _from_settings(
    kind: str,
    reference: str,
    body: Mapping[str, Any],
    via: str,
    root: SourceRecord,
    mapper: NativeMapper,
    stay: StayContext,
    found: list[Issue],
) -> Draft:
    draft = Draft(mapper.spec_of(kind), root, {}, {}, found)
    draft.out = {"resourceType": kind, "id": reference.partition("/")[2], **body}
    sources = {"Account": {"servicePeriod": ("period",), "identifier": ("identifier", "id")}}.get(kind, {})
    for name in draft.out:
        if name != "resourceType":
            made = "value" if name in sources else "constant"
            draft.notes[name] = Note(made, via, stay.rules.rule, sources.get(name, ()))
    return draft


def _status(sent: Mapping[str, Any]) -> str:
    """Whether a resource counts, as its type says it."""
    verified = sent.get("verificationStatus")
    if isinstance(verified, dict):
        return next((str(each.get("code")) for each in verified.get("coding", ())), "")
    return str(sent.get("status", ""))


def _traced(drafts: Sequence[Draft]) -> Callable[[], tuple[Traced, ...]]:
    def traced() -> tuple[Traced, ...]:
        return tuple(Traced(f"{draft.kind}/{draft.out['id']}", draft.spec, draft.record) for draft in drafts)

    return traced


def _in_order(_: str, records: Sequence[SourceRecord]) -> list[SourceRecord]:
    return sorted(records, key=lambda record: (len(record.fields["key"]), record.fields["key"]))
