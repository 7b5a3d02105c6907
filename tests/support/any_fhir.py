"""Any resource of a type, made from its definition with dice: for round trips through every element.

The dice are Python's own with a seed, so that a failing one can be thrown again: ``any_resource("Encounter", 7)``.
"""

from __future__ import annotations

from copy import deepcopy
from decimal import Decimal
from random import Random
from typing import Any

from adapter.fhir.r5.plan import Kind, choices, members, needed
from adapter.fhir.schema.compiled import Version, fits

Json = dict[str, Any]

_TEXTS: dict[str, tuple[str, ...]] = {
    "base64Binary": ("AAAA",),
    "canonical": ("https://h.example/c|1",),
    "code": ("abc", "a b"),
    "date": ("2021-03-01", "2021-03", "2021"),
    "dateTime": ("2021-03-01", "2021-03-01T08:30:00+08:00", "2021-03-01T08:30:00.123+08:00"),
    "id": ("i-1",),
    "instant": ("2021-03-01T08:00:00+08:00",),
    "integer64": ("5",),
    "markdown": ("*强调*",),
    "oid": ("urn:oid:1.2.3",),
    "string": ("住院", "x y", "\u00e9"),
    "time": ("08:00:00",),
    "uri": ("urn:oid:1.2",),
    "url": ("https://h.example/x",),
    "uuid": ("urn:uuid:c757873d-ec9a-4326-a141-556f43239520",),
    "xhtml": ('<div xmlns="http://www.w3.org/1999/xhtml"><p>一</p></div>',),
}
_NUMBERS = (Decimal("1.10"), Decimal("0.0001"), Decimal("-3.00"), Decimal("1234567890123456.78"), 2)
_COUNTS = {"integer": (-5, 5), "unsignedInt": (0, 9), "positiveInt": (1, 9)}

#: Data types that an invariant ties up, as something that keeps it.
_FIXED: dict[str, Json] = {
    "Age": {"value": Decimal("4.5"), "unit": "a", "system": "http://unitsofmeasure.org", "code": "a"},
    "ContactPoint": {"system": "phone", "value": "1"},
    "Attachment": {"contentType": "text/plain", "title": "庚"},
    "Count": {"value": 3, "system": "http://unitsofmeasure.org", "code": "1"},
    "Distance": {"value": Decimal("4.50"), "system": "http://unitsofmeasure.org", "code": "m"},
    "Duration": {"value": Decimal("4.0"), "system": "http://unitsofmeasure.org", "code": "d"},
    "Extension": {"url": "https://h.example/e", "valueCodeableConcept": {"text": "乙"}},
    "Meta": {"versionId": "1", "tag": [{"code": "x"}]},
    "Money": {"value": Decimal("1.10"), "currency": "CNY"},
    "Narrative": {"status": "generated", "div": _TEXTS["xhtml"][0]},
    "Period": {"start": "2021-03-01", "end": "2021-03-02T08:00:00+08:00"},
    "Quantity": {"value": Decimal("2.50"), "unit": "次"},
    "Range": {"low": {"value": Decimal("1.0")}, "high": {"value": Decimal("2.00")}},
}

#: How likely an element that may be left out is there, by how deep it lies.
_LIKELY = (0.5, 0.3, 0.2, 0.1)

#: Elements whose invariants tie them to their neighbours or to HL7's own lists: left out.
_LEFT_OUT = frozenset({"contained", "implicitRules", "restriction", "responsibleParty"})


def any_resource(kind: str, seed: int, version: Version = "R4") -> Json | None:
    """A resource of the type that fits its definition; None where the dice fell badly."""
    made = {"resourceType": kind, **_Dice(Random(f"{kind}/{seed}"), version).value(kind, 0)}
    return made if fits(kind, made, version) else None


class _Dice:
    def __init__(self, random: Random, version: Version) -> None:
        self.random = random
        self.version: Version = version

    def value(self, name: str, depth: int) -> Json:
        """An object of the definition."""
        if name in _FIXED:
            return deepcopy(_FIXED[name])
        out: Json = {}
        shared = choices(name, self.version)
        stems: dict[str, list[str]] = {}
        for member in members(name, self.version):
            stems.setdefault(shared.get(member, member), []).append(member)
        musts = {each for one_of in needed(name, self.version) for each in one_of}
        for stem, several in stems.items():
            likely = _LIKELY[depth] if depth < len(_LIKELY) else 0.0
            if stem not in _LEFT_OUT and (musts.intersection(several) or self.random.random() < likely):
                self._member(name, self.random.choice(several), depth, out)
        return out or self._something(name, depth)

    def _something(self, name: str, depth: int) -> Json:
        """Where nothing was chosen: the first element that is a primitive, or the first at all."""
        known = members(name, self.version)
        plain = [each for each, kind in known.items() if each != "id" and not members(kind.name, self.version)]
        out: Json = {}
        self._member(name, (plain or [each for each in known if each not in ("id", "extension")])[0], depth, out)
        return out

    def _member(self, name: str, member: str, depth: int, out: Json) -> None:
        kind = members(name, self.version)[member]
        if member == "id":
            out["id"] = "i-1"
            return
        values = [self._one(kind, depth) for _ in range(self.random.choice((1, 1, 2)) if kind.repeats else 1)]
        out[member] = values if kind.repeats else values[0]
        plain = not members(kind.name, self.version) and member not in ("div", "id", "url")
        if plain and self.random.random() < 0.1:
            beside = {"extension": [{"url": "https://h.example/b", "valueString": "旁"}]}
            out[f"_{member}"] = [beside, *[None] * (len(values) - 1)] if kind.repeats else beside

    def _one(self, kind: Kind, depth: int) -> Any:
        random, name = self.random, kind.name
        if name == "AnyResource":
            return {"resourceType": "Flag", "status": "active", "code": {"text": "丁"}, "subject": {"display": "戊"}}
        if name == "Reference":
            target = random.choice(kind.targets or ("Encounter", "Organization", "Patient"))
            written = {"reference": f"{target}/a1"}
            return random.choice(
                (written, {**written, "display": "丙"}, {"identifier": {"value": "5"}, "type": target})
            )
        if kind.codes:
            return random.choice(sorted(kind.codes))
        if name in _TEXTS:
            return random.choice(_TEXTS[name])
        if name in _COUNTS:
            return random.randint(*_COUNTS[name])
        if name == "boolean":
            return random.random() < 0.5
        return random.choice(_NUMBERS) if name == "decimal" else self.value(name, depth + 1)
