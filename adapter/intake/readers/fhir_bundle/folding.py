"""Folding: every version of every resource becomes the stays as they are now (资源归并). Pure.

The newest version of a resource counts; which one that is follows from its order key (``Sent.rank``) and never from how
the parts arrived. Two contents at an equal key hold the stay. A charge belongs to the stay that its ``context`` names,
be it through an encounter on a ward (``partOf``), else to that of its account.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from adapter.fhir.canonical import encode
from adapter.fhir.names import aliases, identifiers, references, target
from adapter.intake.readers.fhir_bundle import issues
from adapter.intake.readers.fhir_bundle.sent import Sent
from adapter.model.issues import Issue
from adapter.model.native import NativeShape
from adapter.model.source import Origin, SourceRecord, StayRecords

#: Coverages that say something; of a patient without an account those are taken.
_STANDING = "active"

#: A newborn's or ward's encounter inside another; deeper ones are no hospital's.
_DEEPEST = 8


@dataclass(frozen=True, slots=True)
class _Stay:
    """What belongs to one stay, by name."""

    key: str
    encounters: tuple[str, ...]
    members: dict[str, Sent] = field(default_factory=dict)
    issues: list[Issue] = field(default_factory=list)


class _Known:
    """The newest version of everything, by each of its names."""

    def __init__(self, sent: Iterable[Sent]) -> None:
        of_name: defaultdict[str, list[Sent]] = defaultdict(list)
        for each in sent:
            of_name[each.name].append(each)
        self.conflicts: dict[str, Issue] = {}
        self.newest: dict[str, Sent] = {}
        self.before: dict[str, Sent] = {}
        for name, versions in sorted(of_name.items()):
            versions.sort(key=lambda each: (each.rank, each.file, each.number))
            newest = versions[-1]
            self.newest[name] = newest
            if newest.deleted:
                self.before[name] = next((each for each in reversed(versions) if not each.deleted), newest)
            rival = next((each for each in versions if each.rank == newest.rank and _differ(each, newest)), None)
            if rival is not None:
                self.conflicts[name] = issues.conflict(pointer_of(newest), pointer_of(rival))
        self._names = {alias: each.name for each in self.newest.values() for alias in aliases(each.resource)}

    def there(self, kind: str) -> Iterator[Sent]:
        """All that are not deleted, in order of their names."""
        return (each for each in self.newest.values() if each.kind == kind and not each.deleted)

    def name(self, reference: Any, links: Mapping[str, str]) -> str:
        """The name of what a reference leads to, known or not; empty when it leads nowhere."""
        said = target(reference, links)
        return said if said in self.newest else self._names.get(said, said)

    def names(self, element: Any, links: Mapping[str, str]) -> list[str]:
        """The names in an element that holds references."""
        return [named for each in references(element) if (named := self.name(each, links))]


def fold(
    sent: Iterable[Sent], shape: NativeShape, source: str, refused: Mapping[str, Sequence[Issue]] | None = None
) -> list[StayRecords]:
    """The stays of resources that are tied together, in order of their keys.

    Args:
        refused: issues of entries that could not be read, by stay key or by name of the encounter.
    """
    known = _Known(sent)
    roots = _roots(known)
    stays = _stays(known, roots, shape)
    by_encounter = {name: stay for stay in stays.values() for name in stay.encounters}
    waiting = _charges(known, roots, by_encounter)
    for stay in stays.values():
        _gather(known, stay)
        for name in stay.members:
            if name in known.conflicts:
                stay.issues.append(known.conflicts[name])
        for name in (stay.key, *stay.encounters):
            stay.issues[:0] = (refused or {}).get(name, ())
    return [_records(stay, shape, source) for stay in (*stays.values(), *waiting)]


def shared_keys(sent: Iterable[Sent]) -> set[str]:
    """Keys of what these name and many stays share."""
    return {key for each in sent for key in each.shared()}


def pointer_of(sent: Sent, path: str = "") -> str:
    """``file#n/ChargeItem/123.priceOverride``; without an id the type alone."""
    name = sent.kind if "?" in sent.name else sent.name
    return f"{sent.file}#{sent.number}/{name}{'.' if path else ''}{path}"


def stay_key_of(encounter: Sent, shape: NativeShape) -> str:
    """The hospital's own key of a stay: its identifier in the agreed system, else the resource's own key."""
    known = (value for system, value in identifiers(encounter.resource) if system == shape.stay_system)
    return next(known, encounter.key) if shape.stay_system else encounter.key


def is_stay(encounter: Sent, shape: NativeShape) -> bool:
    """Whether an encounter is a stay; one without a class is, so that somebody is told what it lacks."""
    coding = encounter.resource.get("class")
    code = coding.get("code") if isinstance(coding, dict) else None
    return code is None or code in shape.inpatient


def _roots(known: _Known) -> dict[str, str]:
    """By encounter, the one that it is a part of in the end."""
    above = {}
    for each in known.newest.values():
        if each.kind == "Encounter":
            said = known.before.get(each.name, each)
            named = known.name(said.resource.get("partOf"), said.links)
            above[each.name] = named if named in known.newest else each.name
    roots = {}
    for name in above:
        root = name
        for _ in range(_DEEPEST):
            root = above.get(root, root)
        roots[name] = root
    return roots


def _stays(known: _Known, roots: Mapping[str, str], shape: NativeShape) -> dict[str, _Stay]:
    """The stays by their keys; a key that two encounters share makes one stay of both, which mapping then refuses."""
    of_key: defaultdict[str, list[str]] = defaultdict(list)
    for name in sorted(set(roots.values())):
        said = known.before.get(name, known.newest[name])
        if is_stay(said, shape):
            of_key[stay_key_of(said, shape)] += sorted(each for each, root in roots.items() if root == name)
    stays = {key: _Stay(key, tuple(names)) for key, names in sorted(of_key.items())}
    for stay in stays.values():
        for name in stay.encounters:
            said = known.newest[name]
            if said.deleted and roots[name] == name:
                stay.issues.append(issues.stay_deleted(pointer_of(said)))
                stay.members[name] = known.before[name]
            elif not said.deleted:
                stay.members[name] = said
    return stays


def _charges(known: _Known, roots: Mapping[str, str], stays: Mapping[str, _Stay]) -> list[_Stay]:
    """Put charges and diagnoses with their stays. Returns what waits for an encounter that nobody has sent."""
    waiting: dict[str, _Stay] = {}
    accounts = {name: stay for stay in stays.values() for name in _accounts(known, stay)}
    listed = {name: stay for stay in stays.values() for name in _listed(known, stay, "diagnosis")}
    for kind, element in (("ChargeItem", "context"), ("Condition", "encounter")):
        for each in known.there(kind):
            named = known.name(each.resource.get(element), each.links)
            stay = stays.get(named)
            if named.startswith("Encounter") and named not in roots:
                stay = waiting.setdefault(named, _Stay(named, (named,)))
                if not stay.issues:
                    stay.issues.append(issues.stay_awaited(pointer_of(each, element), named))
            elif stay is None and not named.startswith("Encounter"):
                stay = listed.get(each.name) if kind == "Condition" else _by_account(known, each, accounts)
            if stay is not None:
                stay.members[each.name] = each
    for each in known.there("PaymentReconciliation"):
        named_by = (accounts.get(name) for name in known.names(each.resource.get("extension"), each.links))
        paid = next((stay for stay in named_by if stay is not None), None)
        if paid is not None:
            paid.members[each.name] = each
    return [waiting[name] for name in sorted(waiting)]


def _by_account(known: _Known, charge: Sent, accounts: Mapping[str, _Stay]) -> _Stay | None:
    named = known.names(charge.resource.get("account"), charge.links)
    return next((accounts[name] for name in named if name in accounts), None)


def _gather(known: _Known, stay: _Stay) -> None:
    """Add the account, the patient, the insurances and the organizations of a stay."""
    _take(known, stay, _accounts(known, stay))
    charges = [each for each in stay.members.values() if each.kind == "ChargeItem"]
    _take(known, stay, [name for each in charges for name in known.names(each.resource.get("account"), each.links)])
    patients = set(_listed(known, stay, "subject"))
    _take(known, stay, patients)
    accounts = [each for each in stay.members.values() if each.kind == "Account"]
    covers = [name for each in accounts for name in known.names(each.resource.get("coverage"), each.links)]
    if not covers:
        covers = [
            each.name
            for each in known.there("Coverage")
            if each.resource.get("status") == _STANDING
            and known.name(each.resource.get("beneficiary"), each.links) in patients
        ]
    _take(known, stay, covers)
    naming = (("Encounter", "serviceProvider"), ("Coverage", "payor"), ("Account", "owner"))
    for kind, element in naming:
        for each in [each for each in stay.members.values() if each.kind == kind]:
            _take(known, stay, known.names(each.resource.get(element), each.links))


def _accounts(known: _Known, stay: _Stay) -> list[str]:
    return _listed(known, stay, "account")


def _listed(known: _Known, stay: _Stay, element: str) -> list[str]:
    """The names that the stay's encounters give in an element."""
    encounters = [stay.members[name] for name in stay.encounters if name in stay.members]
    return [name for each in encounters for name in known.names(each.resource.get(element), each.links)]


def _take(known: _Known, stay: _Stay, names: Iterable[str]) -> None:
    for name in names:
        found = known.newest.get(name)
        if found is not None and not found.deleted:
            stay.members.setdefault(name, found)


def _records(stay: _Stay, shape: NativeShape, source: str) -> StayRecords:
    tables: dict[str, tuple[SourceRecord, ...]] = {}
    for kind in shape.used:
        members = sorted((each for each in stay.members.values() if each.kind == kind), key=lambda each: each.name)
        if members:
            tables[kind] = tuple(_record(each, source) for each in members)
    return StayRecords(stay.key, tables, tuple(dict.fromkeys(stay.issues)))


def _record(sent: Sent, source: str) -> SourceRecord:
    """A resource as a row: its name, its key, its references that need explaining, and itself."""
    fields = {"name": sent.name, "key": sent.key, "resource": encode(sent.resource).decode()}
    if sent.links:
        fields["links"] = encode(dict(sent.links)).decode()
    return SourceRecord(Origin(source, sent.file, sent.kind, sent.number), fields)


def _differ(one: Sent, other: Sent) -> bool:
    return one is not other and one.content() != other.content()
