"""One resource on its way from a version to the other: element by element, nothing dropped unsaid (逐元素转换)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from adapter.fhir.r5.adapt import adapted
from adapter.fhir.r5.carried import Item, carried_element, items, put, read_back, url_of, written
from adapter.fhir.r5.derived import DERIVED, settled, unsettled
from adapter.fhir.r5.losses import Loss, Why
from adapter.fhir.r5.plan import Step, choices, members, needed, other, stem, steps
from adapter.fhir.r5.special import specials
from adapter.fhir.r5.tables import SPOKEN
from adapter.fhir.schema.compiled import Version

Json = dict[str, Any]


class Walk:
    """Carries one resource over and writes down what could not be said.

    Attributes:
        towards: the version that it goes to.
        losses: what could not be said so far.
    """

    def __init__(self, towards: Version) -> None:
        self.towards: Version = towards
        self.source: Version = other(towards)
        self.losses: list[Loss] = []

    def resource(self, resource: Mapping[str, Any], path: str) -> Json:
        """A resource, and what stands in it, in the other version; other types stay as they are."""
        kind = str(resource.get("resourceType"))
        if kind not in SPOKEN:
            self.lost(path, _plain(kind), Why.FOREIGN)
            return dict(resource)
        if self.towards == "R4":
            resource = unsettled(resource)
        out = {"resourceType": kind, **self.complex(resource, kind, kind, path)}
        if self.towards == "R5":
            out = settled(out)
        return out

    def complex(self, value: Mapping[str, Any], here: str, there: str, path: str) -> Json:
        """An object in the other version.

        Args:
            here, there: its definition in its own version and in the other one.
        """
        out: Json = {}
        extra: list[Json] = []
        taken: set[str] = {"extension", "resourceType"}
        for special in specials(here, self.towards):
            if any(name in value or f"_{name}" in value for name in special.takes):
                given = special.run(self, value, path)
                extra += given.pop("extension", ())
                out |= given
                taken |= special.takes
        known = steps(here, there, self.towards)
        for name in _names(value):
            if name in taken:
                continue
            found, where = items(value.get(name), value.get(f"_{name}")), f"{path}.{name}"
            step = known.get(name)
            if step is None:
                self.lost(f"{path}.{_plain(name)}", f"{here}.{_plain(name)}", Why.UNKNOWN)
            elif step.to is None:
                extra += self.carry(step, found, where, Why.GONE)
            else:
                extra += self._move(step, found, where, out)
        kept = self._extensions(value.get("extension", ()), there, path, out)
        if kept or extra:
            out["extension"] = [*kept, *extra]
        self._look_for_needed(out, there, path)
        return _in_order(out, there, self.towards)

    def _look_for_needed(self, out: Json, there: str, path: str) -> None:
        follows = DERIVED[there][0] if there in DERIVED and self.towards == "R5" else ""
        for several in needed(there, self.towards):
            if not any(name in out or f"_{name}" in out or name == follows for name in several):
                name = stem(there, several[0], self.towards)
                self.lost(f"{path}.{name}", f"{there}.{name}", Why.NEEDED)

    def beside(self, value: Any, path: str) -> Any:
        """What stands beside a primitive: its id and extensions."""
        if not isinstance(value, dict):
            return None
        found = [self.complex(each, "Extension", "Extension", path) for each in value.get("extension", ())]
        out = {name: value[name] for name in ("id",) if name in value}
        return {**out, "extension": found} if found else out or None

    def inner(self, resource: Mapping[str, Any], path: str) -> Json:
        """A resource inside another one."""
        return self.resource(resource, path)

    def carry(self, step: Step, found: Sequence[Item], path: str, why: Why) -> list[Json]:
        """Extensions that carry an element; the loss is written down either way."""
        if not found:
            return []
        url = url_of(step.element, self.source)
        # what carries an element is said in the definitions' own words, its losses are the element's
        before = len(self.losses)
        made = written(self, url, step.kind, found, self.source, path)
        del self.losses[before:]
        self.lost(path, step.element, why, url if len(made) == len(found) else None)
        return made

    def lost(self, path: str, element: str, why: Why, carried: str | None = None) -> None:
        self.losses.append(Loss(path, element, self.towards, why, carried))

    def _move(self, step: Step, found: Sequence[Item], path: str, out: Json) -> list[Json]:
        """Write an element where it belongs; returns extensions for what has no room there."""
        assert step.to is not None and step.to_kind is not None
        if step.kind.name == "AnyResource":
            inside = [self.inner(value, _at(path, step, number)) for number, (value, _) in enumerate(found)]
            put(out, step.to, [(each, None) for each in inside], step.to_kind.repeats)
            return []
        entries: list[Item] = []
        whole = True
        for number, item in enumerate(found):
            item, restored = self._restored(item, step)
            if restored:
                entries.append(item)
                continue
            entry, all_of_it = adapted(self, item, step, _at(path, step, number))
            whole = whole and all_of_it
            if entry is not None:
                entries.append(entry)
        if not step.to_kind.repeats and len(entries) > 1:
            entries, whole = entries[:1], False
        if entries and self._chosen(step.to_element, out):
            entries, whole = [], False
        put(out, step.to, entries, step.to_kind.repeats)
        return [] if whole else self._narrowed(step, found, path, out)

    def _chosen(self, element: str, out: Json) -> bool:
        """Whether another member of the choice that an element belongs to is there already."""
        there, _, name = element.rpartition(".")
        shared = choices(there, self.towards)
        return name in shared and any(shared.get(each) == shared[name] for each in out)

    def _narrowed(self, step: Step, found: Sequence[Item], path: str, out: Json) -> list[Json]:
        """Carry the whole of an element: beside a single primitive, or on the parent."""
        made = self.carry(step, found, path, Why.NARROWER)
        if len(made) == 1 and step.to in out and not isinstance(out[step.to], dict | list):
            beside = out.setdefault(f"_{step.to}", {})
            beside["extension"] = [*beside.get("extension", ()), *made]
            return []
        return made

    def _restored(self, item: Item, step: Step) -> tuple[Item, bool]:
        """A primitive whose own value stands in an extension beside it, put back."""
        beside = item[1]
        if not isinstance(beside, dict):
            return item, False
        there, _, name = step.to_element.rpartition(".")
        shared = stem(there, name, self.towards)
        carrying = [
            each
            for each in beside.get("extension", ())
            if carried_element(str(each.get("url")), self.towards, there) == shared
        ]
        if not carrying:
            return item, False
        rest = [each for each in beside["extension"] if each not in carrying]
        left = (
            {**beside, "extension": rest} if rest else {key: one for key, one in beside.items() if key != "extension"}
        )
        found = read_back(self, there, shared, carrying, step.element).get(name, [])
        if not found:
            return item, False
        original, own = found[0]
        if isinstance(original, dict):  # the whole of an object, of which the primitive is a part
            return (original, None), True
        outer = self.beside(left, step.element) or {}
        return (original, {**outer, **(own or {})} or None), True

    def _extensions(self, found: Sequence[Json], there: str, path: str, out: Json) -> list[Json]:
        """Extensions in the other version; what they carry of it goes where it belongs."""
        kept: list[Json] = []
        carrying: dict[str, list[Json]] = {}
        for number, each in enumerate(found):
            element = carried_element(str(each.get("url")), self.towards, there)
            if element is None:
                kept.append(self.complex(each, "Extension", "Extension", f"{path}.extension[{number}]"))
            else:
                carrying.setdefault(element, []).append(each)
        for element, several in carrying.items():
            read = read_back(self, there, element, several, path)
            if not read:
                kept += [self.complex(each, "Extension", "Extension", path) for each in several]
                continue
            for member in members(there, self.towards):
                if stem(there, member, self.towards) == element:
                    out.pop(member, None)
                    out.pop(f"_{member}", None)
            for member, entries in read.items():
                put(out, member, entries, members(there, self.towards)[member].repeats)
        return kept


def _names(value: Mapping[str, Any]) -> Iterator[str]:
    """Names of members, those that only have something beside them as well."""
    for name in value:
        if not name.startswith("_"):
            yield name
        elif name[1:] not in value:
            yield name[1:]


def _plain(name: str) -> str:
    """A stranger's name as it may be repeated: what is not a plain one is not."""
    return name if name.isascii() and name.isidentifier() and len(name) <= 40 else "?"


def _at(path: str, step: Step, number: int) -> str:
    return f"{path}[{number}]" if step.kind.repeats else path


def _in_order(out: Json, there: str, version: Version) -> Json:
    """The members in the order of the definition, each with what stands beside it."""
    return {name: out[name] for each in members(there, version) for name in (each, f"_{each}") if name in out}
