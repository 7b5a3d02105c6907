"""R5's published invariants of the types that we serve: which of them the schema says, which the rules say.

As invariants.py, for R5 (5.0.0): what R5 kept is taken from there, what it changed or added stands here.
"""

from __future__ import annotations

from typing import Any

from adapter.fhir.schema.invariants import IN_RULES, IN_SCHEMA

Fragment = dict[str, Any]

_ONE_MODE = [
    {
        "properties": {
            "rest": {
                "contains": {"properties": {"mode": {"const": mode}}, "required": ["mode"]},
                "minContains": 0,
                "maxContains": 1,
            }
        }
    }
    for mode in ("client", "server")
]
_CODED = {"required": ["code"]}
_SET = {"required": ["valueSet"]}
_CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
_TASK_CODE = "http://hl7.org/fhir/CodeSystem/task-code"
_SENDS = {"properties": {"method": {"enum": ["POST", "PATCH", "PUT"]}}, "required": ["method"]}


def _type_is(*types: str) -> Fragment:
    return {"properties": {"type": {"enum": list(types)}}, "required": ["type"]}


def _entries(each: Fragment) -> Fragment:
    return {"properties": {"entry": {"items": each}}}


def _has(*names: str) -> Fragment:
    return {"required": list(names)}


def _none_of(*names: str) -> Fragment:
    return {"not": {"anyOf": [{"required": [name]} for name in names]}}


def _some_of(*names: str) -> Fragment:
    return {"anyOf": [{"required": [name]} for name in names]}


def _mode(value: str) -> Fragment:
    return {"properties": {"mode": {"const": value}}, "required": ["mode"]}


def _coded(system: str, *codes: str) -> Fragment:
    coding = {
        "properties": {"system": {"const": system}, "code": {"enum": list(codes)}},
        "required": ["system", "code"],
    }
    return {"properties": {"coding": {"contains": coding}}, "required": ["coding"]}


def _resource_where_sent(*others: str) -> Fragment:
    """A resource stands in an entry exactly when its request sends one."""
    return {
        "required": ["request", *others],
        "if": {"properties": {"request": _SENDS}},
        "then": _has("resource"),
        "else": _none_of("resource"),
    }


#: R4's fragments under the same key are another rule in R5, or their elements are gone.
_CHANGED = frozenset({"cmd-1", "cmd-2", "con-2", "con-4", "con-5", "org-2", "ppc-1", "sev-1", "tim-7"})

#: Invariants said by the schema.
IN_SCHEMA_R5: dict[str, Fragment] = {
    **{key: fragment for key, fragment in IN_SCHEMA.items() if key not in _CHANGED},
    "tim-7": IN_SCHEMA["tim-7"],
    "act-1": {"if": {"properties": {"condition": {"required": ["reference"]}}, **_has("condition")}}
    | {"then": _none_of("dateOfDiagnosis")},
    "act-2": {"if": {"properties": {"code": {"required": ["reference"]}}, **_has("code")}}
    | {"then": _none_of("dateOfService")},
    "av-1": {"if": {"properties": {"allDay": {"const": True}}, **_has("allDay")}}
    | {"then": _none_of("availableStartTime", "availableEndTime")},
    "bdl-14": {"if": _type_is("history")}
    | {"then": _entries({"properties": {"request": {"properties": {"method": {"not": {"const": "PATCH"}}}}}})},
    "bdl-15": {"if": {"not": _type_is("transaction", "transaction-response", "batch", "batch-response")}}
    | {
        "then": _entries(
            {
                "anyOf": [
                    _has("fullUrl"),
                    {"properties": {"request": {"properties": {"method": {"const": "POST"}}}}, **_has("request")},
                ]
            }
        )
    },
    "bdl-17": {"if": _type_is("document"), "then": _none_of("issues")},
    "bdl-18": {"if": _type_is("searchset")}
    | {
        "then": {
            "required": ["link"],
            "properties": {
                "link": {"contains": {"properties": {"relation": {"const": "self"}}, **_has("relation", "url")}}
            },
        }
    },
    "bdl-3a": {"if": _type_is("document", "message", "searchset", "collection")}
    | {"then": _entries({**_has("resource"), **_none_of("request", "response")})},
    "bdl-3b": {"if": _type_is("history"), "then": _entries(_resource_where_sent("response"))},
    "bdl-3c": {"if": _type_is("transaction", "batch"), "then": _entries(_resource_where_sent())},
    "bdl-3d": {"if": _type_is("transaction-response", "batch-response"), "then": _entries(_has("response"))},
    "cmd-1": {
        "if": {
            "properties": {"relationship": {"enum": ["source-is-broader-than-target", "not-related-to"]}},
            "required": ["relationship"],
        },
        "then": _has("comment"),
    },
    "cmd-2": {"if": _mode("fixed"), "then": {"oneOf": [_CODED, _SET]}},
    "cmd-4": {"if": {"properties": {"noMap": {"const": True}}, **_has("noMap")}, "then": _none_of("target")},
    "cmd-5": {"oneOf": [_CODED, _SET]},
    "cmd-6": {
        "oneOf": [
            _some_of("valueCode", "valueCoding", "valueString", "valueBoolean", "valueQuantity"),
            _SET,
        ]
    },
    "cmd-7": {"oneOf": [_CODED, _SET]},
    "cmd-8": {"if": {"not": _mode("fixed")}, "then": _none_of("code", "display", "valueSet")},
    "cmd-9": {"if": {"not": _mode("other-map")}, "then": _has("relationship")},
    "cmd-10": {"if": {"not": _mode("other-map")}, "then": _none_of("otherMap")},
    "cmd-11": {"if": {"properties": {"type": {"const": "code"}}, **_has("type")}, "then": _has("system")},
    "con-3": {
        "if": _some_of("abatementDateTime", "abatementAge", "abatementPeriod", "abatementRange", "abatementString"),
        "then": {
            "properties": {"clinicalStatus": _coded(_CLINICAL, "inactive", "resolved", "remission")},
            "required": ["clinicalStatus"],
        },
    },
    "cpb-4": {"allOf": _ONE_MODE},
    "dos-1": {"if": _has("asNeededFor", "asNeeded"), "then": {"properties": {"asNeeded": {"const": True}}}},
    "enc-1": _some_of("actor", "type"),
    "enc-2": {
        "if": {
            "properties": {
                "actor": {"properties": {"reference": {"pattern": "^(Patient|Group)/"}}, "required": ["reference"]}
            },
            "required": ["actor"],
        },
        "then": _none_of("type"),
    },
    "exp-2": {"properties": {"name": {"pattern": "^[A-Za-z][A-Za-z0-9_]{0,63}$"}}},
    "org-4": {
        "properties": {
            "contact": {
                "items": {
                    "properties": {"address": {"not": {"properties": {"use": {"const": "home"}}, "required": ["use"]}}}
                }
            }
        }
    },
    "ratrng-1": {
        "oneOf": [
            {**_some_of("lowNumerator", "highNumerator"), **_has("denominator")},
            {**_none_of("lowNumerator", "highNumerator", "denominator"), **_has("extension")},
        ]
    },
    "ref-2": _some_of("reference", "identifier", "display", "extension", "_reference", "_display"),
    "scr-1": {"not": {"required": ["comparator", "modifier"]}},
    "sdd-1": {"oneOf": [_some_of("interval", "_interval"), _some_of("offsets", "_offsets")]},
    "tsk-1": {
        "if": _has("restriction"),
        "then": {"properties": {"code": _coded(_TASK_CODE, "fulfill")}, "required": ["code", "focus"]},
    },
}

#: Invariants that compare values or look beyond one object.
IN_RULES_R5 = IN_RULES

#: Invariants that are not checked, with the reason.
NOT_CHECKED_R5: dict[str, str] = {
    "bdl-13": "subscription notifications are not served",
    "bdl-16": "no Bundle of ours carries issues of its own",
    "prc-1": "looks at what a reference resolves to",
    "prov-1": "looks at what a reference resolves to",
    "prov-2": "looks at what a reference resolves to",
    "prov-3": "looks at what a reference resolves to",
    "ratrng-2": "a ratio of ranges stands in none of our resources",
}
