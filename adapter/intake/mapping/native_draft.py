"""A resource on its way from the hospital's form to ours, with notes for what is no plain copy (接收中的资源)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from adapter.fhir.identity import CANON, system
from adapter.intake.mapping import issues, native_issues
from adapter.intake.mapping.native_spec import NativeCodes
from adapter.intake.mapping.spec import ResourceSpec
from adapter.model.issues import Issue
from adapter.model.person import masked
from adapter.model.source import SourceRecord

#: Of every resource these stay behind: they say nothing of the matter, or are taken over by themselves.
BEHIND = ("meta", "text", "contained", "language")

_LONGEST_CODE = 24

#: Finds the name of what a reference leads to, and our ``Type/id`` for it where it is part of the stay.
Find = Callable[[Mapping[str, Any], Mapping[str, str]], tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Note:
    """How an element came about that is no plain copy.

    Attributes:
        made: as ``explain.Made``.
        via: code table or rule; ``rule``: file and line.
        sources: paths in the hospital's resource.
    """

    made: str
    via: str
    rule: str
    sources: tuple[str, ...] = ()


@dataclass
class Draft:
    """A resource being taken over.

    Attributes:
        sent: as the hospital sent it, without what stays behind; ``out``: as we keep it.
        notes: by path, for what is no plain copy; it holds for everything below.
        left_out: it is no part of the stay after all.
        failed: it lacks something without which it must not be kept.
        unknown: path, code and table of each code that its table does not know.
    """

    spec: ResourceSpec
    record: SourceRecord
    sent: Mapping[str, Any]
    links: Mapping[str, str]
    issues: list[Issue]
    out: dict[str, Any] = field(default_factory=dict)
    notes: dict[str, Note] = field(default_factory=dict)
    left_out: bool = False
    failed: bool = False
    unmapped: bool = False
    unknown: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def kind(self) -> str:
        return self.spec.to

    @property
    def key(self) -> str:
        """The hospital's own key."""
        return self.record.fields["key"]

    def pointer(self, path: str = "") -> str:
        """``file#n/ChargeItem/123.priceOverride``."""
        return pointer_to(self.record, path)

    def copy(self, find: Find, rule: str) -> None:
        """Take everything over, with references led to our own resources."""
        for name in ("implicitRules", "modifierExtension"):
            if name in self.sent:
                self._refuse(name)
        for name, value in self.sent.items():
            if name != "id":
                self.out[name] = self._copied(value, name, find, rule)

    def add(self, path: str, value: Any, note: Note) -> None:
        """Append to a list at the top of the resource, or in an element of it."""
        above, _, last = path.rpartition(".")
        node = self.at(above) if above else self.out
        listed = node.setdefault(last, [])
        listed.append(value)
        self.notes[f"{path}[{len(listed) - 1}]"] = note

    def put(self, name: str, value: Any, note: Note) -> None:
        """Set an element of the resource itself."""
        self.out[name] = value
        for path in [path for path in self.notes if path == name or path.startswith((f"{name}.", f"{name}["))]:
            del self.notes[path]
        self.notes[name] = note

    def at(self, path: str) -> Any:
        """The element at a concrete path."""
        node: Any = self.out
        for part in path.split("."):
            name, _, place = part.partition("[")
            node = node[name]
            if place:
                node = node[int(place[:-1])]
        return node

    def missing(self, path: str) -> None:
        """Note that something is not there which settlement needs."""
        self.issues.append(issues.required_missing(self.pointer(path), f"{self.kind}.{path}", True))

    def translate(self, codes: NativeCodes) -> None:
        """Add what a code table says of the codes at a path."""
        for path, concept in _concepts(self.out, codes.path):
            said = [
                (place, each["code"])
                for place, each in enumerate(concept.get("coding", ()))
                if isinstance(each, dict) and "code" in each and codes.system in ("", each.get("system"))
            ]
            known = next(((place, code) for place, code in said if code in codes.table.rows), None)
            if known is not None:
                place, code = known
                note = Note("value", codes.table.file, codes.rule, (f"{path}.coding[{place}].code",))
                for target in codes.table.rows[code].targets:
                    if target.code and target.coding() not in concept["coding"]:
                        self.add(f"{path}.coding", target.coding(), note)
            elif said and not any(_ours(each) for each in concept["coding"]):
                place, code = said[0]
                shown = code if len(code) <= _LONGEST_CODE and code.isascii() else masked(code)
                where = self.pointer(f"{path}.coding[{place}].code")
                self.issues.append(issues.unknown_code(where, shown, codes.table.file, codes.required))
                self.unmapped = True
                self.unknown.append((codes.path, code, codes.table.file))

    # -- copying -----------------------------------------------------------------------------------------------------

    def _copied(self, value: Any, path: str, find: Find, rule: str) -> Any:
        if isinstance(value, list):
            return [self._copied(each, f"{path}[{place}]", find, rule) for place, each in enumerate(value)]
        if not isinstance(value, dict):
            return value
        if "modifierExtension" in value:
            self._refuse(f"{path}.modifierExtension")
        if isinstance(value.get("reference"), str) or _by_identifier(value):
            return self._led(value, path, find, rule)
        return {name: self._copied(each, f"{path}.{name}", find, rule) for name, each in value.items()}

    def _led(self, reference: Mapping[str, Any], path: str, find: Find, rule: str) -> dict[str, Any]:
        """A reference to our own resource, or by the hospital's key where what it names is no part of the stay.

        The text beside it stays behind, because it tends to be a person's name.
        """
        name, ours = find(reference, self.links)
        source = f"{path}.reference" if "reference" in reference else f"{path}.identifier.value"
        self.notes[path] = Note("reference", "reference", rule, (source,))
        if ours:
            return {"reference": ours}
        kind = name.partition("/")[0].partition("?")[0]
        if _by_identifier(reference):
            return {key: reference[key] for key in ("type", "identifier") if key in reference}
        key = name.partition("/")[2] or str(reference["reference"])
        named = {"identifier": {"system": system(f"fhir/{kind or 'unknown'}"), "value": key}}
        return {"type": kind, **named} if kind else named

    def _refuse(self, path: str) -> None:
        self.issues.append(native_issues.not_understood(self.pointer(path)))
        self.failed = True


def pointer_to(record: SourceRecord, path: str = "") -> str:
    """``file#n/ChargeItem/123.priceOverride``; of a resource without an id the type alone."""
    name = record.fields["name"]
    shown = record.origin.table if "?" in name else name
    return record.origin.pointer(f"{shown}.{path}" if path else shown)


def _by_identifier(value: Mapping[str, Any]) -> bool:
    return isinstance(value.get("identifier"), dict) and "reference" not in value


def _ours(coding: Mapping[str, Any]) -> bool:
    return str(coding.get("system", "")).startswith(f"{CANON}/CodeSystem/")


def _concepts(resource: Mapping[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every CodeableConcept at a path, with its concrete path."""

    def walk(node: Any, at: str, rest: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
        if isinstance(node, list):
            for place, each in enumerate(node):
                yield from walk(each, f"{at}[{place}]", rest)
        elif isinstance(node, dict):
            if rest:
                if rest[0] in node:
                    yield from walk(node[rest[0]], f"{at}.{rest[0]}" if at else rest[0], rest[1:])
            elif isinstance(node.get("coding"), list):
                yield at, node

    yield from walk(resource, "", path.split("."))
