"""A value of one kind as a value of another: where R4 has a text and R5 an Identifier, and the like (类型转换).

Every function gives the value with what stands beside it, and whether nothing of it is missing. What is not whole is
carried in an extension as well, so a rough value is better than none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from adapter.fhir.r5.carried import Converting, Item
from adapter.fhir.r5.plan import Kind, Step
from adapter.fhir.r5.tables import SYSTEMS

Json = dict[str, Any]

#: A converted entry, or None where there is nothing to write; whether it says all.
Adapted = tuple[Item | None, bool]
Way = Callable[[Converting, Item, Step, str], Adapted]

_NOTHING: Adapted = (None, False)


def adapted(walk: Converting, item: Item, step: Step, path: str) -> Adapted:
    """One entry of an element in the other version."""
    assert step.to_kind is not None, "only what has a place there is converted"
    source, target = step.kind, step.to_kind
    if source.family == target.family == "Reference":
        return _reference(walk, item, source, target, path)
    if source.family == target.family == "text" and (step.codes or target.codes):
        return _code(walk, item, step, path)
    if way := _WAYS.get((source.family, target.family)):
        return way(walk, item, step, path)
    if source.family == target.family or ("." in source.name and "." in target.name):
        return _same(walk, item, source, target, path)
    return _PAIRS.get((source.name, target.name), _no_way)(walk, item, step, path)


def _no_way(walk: Converting, item: Item, step: Step, path: str) -> Adapted:
    return _NOTHING


def _same(walk: Converting, item: Item, source: Kind, target: Kind, path: str) -> Adapted:
    value, beside = item
    if isinstance(value, dict):
        said = walk.complex(value, source.name, target.name, path)
        return ((said, None) if said else None), True
    return (value, walk.beside(beside, path)), True


def _reference(walk: Converting, item: Item, source: Kind, target: Kind, path: str) -> Adapted:
    """A reference whose target the other version does not take is not made there."""
    if target.targets and (named := referred(item[0])) and named not in target.targets:
        return _NOTHING
    return _same(walk, item, source, target, path)


def referred(reference: Mapping[str, Any]) -> str:
    """The type that a reference points to, as far as it says so."""
    text = reference.get("reference")
    if isinstance(text, str) and not text.startswith(("#", "urn:")):
        parts = text.partition("?")[0].partition("/_history/")[0].split("/")
        found = parts[-2] if len(parts) > 1 else parts[0]
        if found[:1].isupper() and found.isalpha():
            return found
    named = reference.get("type")
    return named.rpartition("/")[2] if isinstance(named, str) else ""


def _code(walk: Converting, item: Item, step: Step, path: str) -> Adapted:
    value, beside = item
    target = step.to_kind.codes if step.to_kind else frozenset()
    if value is None:
        return (None, walk.beside(beside, path)), True
    there = step.codes.get(value) or (value if not target or value in target else None)
    if there is None:
        return _NOTHING
    back = step.codes_back.get(there) or there
    return (there, walk.beside(beside, path)), back == value


# -- one kind as another ----------------------------------------------------------------------------------------------


def _plain(walk: Converting, item: Item, path: str) -> Json:
    """A primitive as the members of an object: ``value`` and what stands beside it."""
    value, beside = item
    found: Json = {} if value is None else {"value": value}
    if (said := walk.beside(beside, path)) is not None:
        found["_value"] = said
    return found


def _as_value(walk: Converting, item: Item, step: Step, path: str) -> Adapted:
    """A text as an Identifier, a number as a Quantity."""
    found = _plain(walk, item, path)
    return ((found, None) if found else None), True


def _of_value(walk: Converting, item: Item, step: Step, path: str) -> Adapted:
    """An Identifier or a Quantity that is nothing but its value."""
    value = item[0] or {}
    if "value" not in value and "_value" not in value:
        return _NOTHING
    beside = walk.beside(value.get("_value"), path)
    return (value.get("value"), beside), value.keys() <= {"value", "_value"}


def _as_words(walk: Converting, item: Item, step: Step, path: str) -> Adapted:
    """A text as a concept in words; a code with the code system of its list."""
    found = _plain(walk, item, path)
    if not found:
        return None, True
    if system := SYSTEMS.get(step.kind.value_set):
        coding = {"system": system} | {name.replace("value", "code"): value for name, value in found.items()}
        return ({"coding": [coding]}, None), True
    return ({name.replace("value", "text"): value for name, value in found.items()}, None), True


def _of_words(walk: Converting, item: Item, step: Step, path: str) -> Adapted:
    value = item[0] or {}
    assert step.to_kind is not None
    if system := SYSTEMS.get(step.to_kind.value_set):
        codings = value.get("coding", ())
        codes = [each.get("code") for each in codings if each.get("system") == system]
        if not codes or codes[0] not in step.to_kind.codes:
            return _NOTHING
        whole = value.keys() == {"coding"} and len(codings) == 1 and codings[0].keys() <= {"system", "code", "_code"}
        return (codes[0], walk.beside(codings[0].get("_code") if whole else None, path)), whole
    if "text" not in value and "_text" not in value:
        words = [each[name] for each in value.get("coding", ()) for name in ("display", "code") if name in each]
        return ((words[0], None), False) if words else _NOTHING
    return (value.get("text"), walk.beside(value.get("_text"), path)), value.keys() <= {"text", "_text"}


def _as_concept(walk: Converting, item: Item, step: Step, path: str) -> Adapted:
    said = walk.complex(item[0], "Coding", "Coding", f"{path}.coding")
    return ({"coding": [said]}, None), True


def _of_concept(walk: Converting, item: Item, step: Step, path: str) -> Adapted:
    codings = item[0].get("coding", ())
    if not codings:
        return _NOTHING
    said = walk.complex(codings[0], "Coding", "Coding", f"{path}.coding")
    return (said, None), len(codings) == 1 and item[0].keys() == {"coding"}


def _inside(name: str, kind: str) -> tuple[Way, Way]:
    """Into and out of an object that holds the value under a name: ``CodeableReference.concept``."""

    def into(walk: Converting, item: Item, step: Step, path: str) -> Adapted:
        said = walk.complex(item[0], kind, kind, path)
        return ({name: said}, None), True

    def out_of(walk: Converting, item: Item, step: Step, path: str) -> Adapted:
        value = item[0]
        if name not in value:
            return _NOTHING
        targets = step.to_kind.targets if step.to_kind else ()
        if kind == "Reference" and targets and (named := referred(value[name])) and named not in targets:
            return _NOTHING
        return (walk.complex(value[name], kind, kind, f"{path}.{name}"), None), value.keys() == {name}

    return into, out_of


def _as_words_inside(walk: Converting, item: Item, step: Step, path: str) -> Adapted:
    found, whole = _as_words(walk, item, step, path)
    return (({"concept": found[0]}, None) if found else None), whole


def _of_words_inside(walk: Converting, item: Item, step: Step, path: str) -> Adapted:
    found, whole = _of_words(walk, (item[0].get("concept"), None), step, path)
    return found, whole and item[0].keys() == {"concept"}


def _day(walk: Converting, item: Item, step: Step, path: str) -> Adapted:
    """A moment as its day, in the zone in which it is written."""
    value, beside = item
    if value is None:
        return (None, walk.beside(beside, path)), True
    return (value[:10], walk.beside(beside, path)), len(value) <= 10


def _kept(walk: Converting, item: Item, step: Step, path: str) -> Adapted:
    return (item[0], walk.beside(item[1], path)), True


def _number_as_text(walk: Converting, item: Item, step: Step, path: str) -> Adapted:
    return (None if item[0] is None else str(item[0]), walk.beside(item[1], path)), True


def _text_as_number(walk: Converting, item: Item, step: Step, path: str) -> Adapted:
    text = item[0]
    if text is not None and not (text.isascii() and text.isdigit() and int(text) < 1 << 31 and str(int(text)) == text):
        return _NOTHING
    return (None if text is None else int(text), walk.beside(item[1], path)), True


_CONCEPT, _REFERENCE = _inside("concept", "CodeableConcept"), _inside("reference", "Reference")
_LANGUAGE = _inside("language", "CodeableConcept")

#: By what the value is and what it becomes.
_WAYS: Mapping[tuple[str, str], Way] = {
    ("text", "Identifier"): _as_value,
    ("Identifier", "text"): _of_value,
    ("decimal", "Quantity"): _as_value,
    ("Quantity", "decimal"): _of_value,
    ("text", "CodeableConcept"): _as_words,
    ("CodeableConcept", "text"): _of_words,
    ("text", "CodeableReference"): _as_words_inside,
    ("CodeableReference", "text"): _of_words_inside,
    ("Coding", "CodeableConcept"): _as_concept,
    ("CodeableConcept", "Coding"): _of_concept,
    ("CodeableConcept", "CodeableReference"): _CONCEPT[0],
    ("CodeableReference", "CodeableConcept"): _CONCEPT[1],
    ("Reference", "CodeableReference"): _REFERENCE[0],
    ("CodeableReference", "Reference"): _REFERENCE[1],
    ("dateTime", "date"): _day,
    ("date", "dateTime"): _kept,
    ("count", "integer64"): _number_as_text,
    ("integer64", "count"): _text_as_number,
}

#: By name, where a nested element is a data type in the other version.
_PAIRS: Mapping[tuple[str, str], Way] = {
    ("CodeableConcept", "Practitioner.communication"): _LANGUAGE[0],
    ("Practitioner.communication", "CodeableConcept"): _LANGUAGE[1],
    ("Invoice.lineItem.priceComponent", "MonetaryComponent"): lambda walk, item, step, path: _same(
        walk, item, step.kind, step.to_kind or step.kind, path
    ),
    ("MonetaryComponent", "Invoice.lineItem.priceComponent"): lambda walk, item, step, path: _same(
        walk, item, step.kind, step.to_kind or step.kind, path
    ),
}
