"""The published invariants of the types that we serve: which of them the schema says, which the rules say.

Every invariant of severity error stands in exactly one of the tables below; the builder refuses a definition with an
invariant that nobody accounted for.
"""

from __future__ import annotations

from typing import Any


def _any(*names: str) -> dict[str, Any]:
    return {"anyOf": [{"required": [name]} for name in names]}


def _one(*names: str) -> dict[str, Any]:
    return {"oneOf": [{"required": [name]} for name in names]}


def _not_both(first: str, second: str) -> dict[str, Any]:
    return {"not": {"required": [first, second]}}


def _needs(**pairs: str) -> dict[str, Any]:
    return {"dependentRequired": {name: [other] for name, other in pairs.items()}}


def _when(field: str, value: str, then: dict[str, Any]) -> dict[str, Any]:
    return {"if": {"properties": {field: {"const": value}}, "required": [field]}, "then": then}


def _coded(field: str, system: str, *codes: str) -> dict[str, Any]:
    """A CodeableConcept that holds one of the codes."""
    coding = {
        "properties": {"system": {"const": system}, "code": {"enum": list(codes)}},
        "required": ["system", "code"],
    }
    concept = {"properties": {"coding": {"contains": coding}}, "required": ["coding"]}
    return {"properties": {field: concept}, "required": [field]}


_UCUM = "http://unitsofmeasure.org"
_CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
_VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
_UCUM_WITH_CODE = {**_needs(value="code"), "properties": {"system": {"const": _UCUM}}}
_NOT_HOME = {"items": {"not": {"properties": {"use": {"const": "home"}}, "required": ["use"]}}}

#: Invariants said by the schema: fragments laid over the object that they belong to.
IN_SCHEMA: dict[str, dict[str, Any]] = {
    "age-1": {**_UCUM_WITH_CODE, "properties": {"system": {"const": _UCUM}, "value": {"exclusiveMinimum": 0}}},
    "att-1": _needs(data="contentType"),
    "bdl-5": _any("resource", "request", "response"),
    "bdl-8": {"properties": {"fullUrl": {"not": {"pattern": "/_history/"}}}},
    "ces-1": _one("category", "productOrService"),
    "cmd-1": {
        "if": {"properties": {"equivalence": {"enum": ["narrower", "inexact"]}}, "required": ["equivalence"]},
        "then": {"required": ["comment"]},
    },
    "cmd-2": _when("mode", "fixed", {"required": ["code"]}),
    "cmd-3": _when("mode", "other-map", {"required": ["url"]}),
    "cnt-3": {
        **_needs(value="code"),
        "properties": {"system": {"const": _UCUM}, "code": {"const": "1"}, "value": {"type": "integer"}},
    },
    "con-1": _any("summary", "assessment"),
    "con-2": _any("code", "detail"),
    "con-4": {
        "if": _any("abatementDateTime", "abatementAge", "abatementPeriod", "abatementRange", "abatementString"),
        "then": _coded("clinicalStatus", _CLINICAL, "resolved", "remission", "inactive"),
    },
    "con-5": {
        "if": _coded("verificationStatus", _VERIFICATION, "entered-in-error"),
        "then": {"not": {"required": ["clinicalStatus"]}},
    },
    "cpb-1": _any("rest", "messaging", "document"),
    "cpb-14": _when("kind", "instance", {"required": ["implementation"]}),
    "cpb-15": _when("kind", "capability", {"required": ["software"], "not": {"required": ["implementation"]}}),
    "cpb-16": _when("kind", "requirements", {"not": _any("implementation", "software")}),
    "cpb-2": _any("description", "software", "implementation"),
    "cpt-2": _needs(value="system"),
    "dis-1": _UCUM_WITH_CODE,
    "drq-1": _one("path", "searchParam"),
    "drq-2": _one("path", "searchParam"),
    "drt-1": {
        "if": {"required": ["code"]},
        "then": {"required": ["system", "value"], "properties": {"system": {"const": _UCUM}}},
    },
    "exp-1": _any("expression", "reference"),
    "org-1": _any("identifier", "name"),
    "org-2": {"properties": {"address": _NOT_HOME}},
    "org-3": {"properties": {"telecom": _NOT_HOME}},
    "pat-1": _any("name", "telecom", "address", "organization"),
    "ppc-1": _any("policy", "policyRule"),
    "qty-3": _needs(code="system"),
    "rat-1": {
        "dependentRequired": {"numerator": ["denominator"], "denominator": ["numerator"]},
        **_any("numerator", "extension"),
    },
    "sev-1": _not_both("name", "query"),
    "tim-1": _needs(duration="durationUnit"),
    "tim-10": _not_both("timeOfDay", "when"),
    "tim-2": _needs(period="periodUnit"),
    "tim-4": {"properties": {"duration": {"minimum": 0}}},
    "tim-5": {"properties": {"period": {"minimum": 0}}},
    "tim-6": _needs(periodMax="period"),
    "tim-7": _needs(durationMax="duration"),
    "tim-8": _needs(countMax="count"),
    "tim-9": {
        "if": {"required": ["offset"]},
        "then": {"required": ["when"], "properties": {"when": {"items": {"not": {"enum": ["C", "CM", "CD", "CV"]}}}}},
    },
    "trd-3": {
        "allOf": [
            _when("type", "named-event", {"required": ["name"]}),
            _when("type", "periodic", _any("timingTiming", "timingReference", "timingDate", "timingDateTime")),
            {
                "if": {"properties": {"type": {"pattern": "^data-"}}, "required": ["type"]},
                "then": {"required": ["data"]},
            },
        ]
    },
    "trd-1": {"not": {"allOf": [{"required": ["data"]}, _any("timingTiming", "timingReference", "timingDate")]}},
    "trd-2": _needs(condition="data"),
}

#: Invariants said by the builder itself for every object.
BY_STRUCTURE = {
    "ele-1": "every object has a member",
    "ext-1": "the schema of Extension: a value or inner extensions, never both",
}

#: Invariants that compare values, look beyond one object, or are functions of HL7's own: adapter/fhir/rules_*.py.
IN_RULES = frozenset(
    {
        *("bdl-1", "bdl-2", "bdl-3", "bdl-4", "bdl-7", "bdl-9", "bdl-10", "bdl-11", "bdl-12"),
        *("dom-2", "dom-3", "dom-4", "dom-5", "inv-1", "per-1", "ref-1", "rng-2"),
        *("cpb-3", "cpb-7", "cpb-9", "cpb-12", "ppc-2", "ppc-3", "ppc-4", "ppc-5", "txt-1", "txt-2"),
    }
)

#: Invariants that are not checked, with the reason. There is none left.
NOT_CHECKED: dict[str, str] = {}

#: What we say beyond R4, laid over the type in the same way.
OURS: dict[str, dict[str, Any]] = {
    # Chinese settlement is in yuan; an amount without a currency or in another one is refused.
    "Money": {"properties": {"currency": {"const": "CNY"}}, "dependentRequired": {"value": ["currency"]}},
}
