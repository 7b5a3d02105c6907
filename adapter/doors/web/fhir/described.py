"""Parameters of FHIR's own that the doors read themselves, for OpenAPI (接口参数说明).

What a search may ask differs from type to type; the CapabilityStatement lists it. Here stand the controls that every
type takes, and parameters that many have. R4: one that is left empty counts as not said.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Json = dict[str, Any]


def _query(name: str, description: str, schema: Json | None = None) -> Json:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "schema": schema or {"type": "string"},
        "description": description,
    }


def _header(name: str, description: str) -> Json:
    return {"name": name, "in": "header", "required": False, "schema": {"type": "string"}, "description": description}


def _one_of(*values: str) -> Json:
    return {"type": "string", "enum": [*values, ""]}


_HOW = (
    _query("_format", "`json` or `xml`, or their media types; it goes before `Accept`."),
    _query("_pretty", "`true`: JSON with lines and indents."),
)
_PART = (
    _query("_summary", "Which part of a resource is shown.", _one_of("true", "false", "text", "data", "count")),
    _query("_elements", "Names of elements, with commas between: only these, and those that must be there."),
)
_COUNT = _query("_count", "How many at most; 0: the number only.", {"type": "string", "pattern": "^[0-9]{0,9}$"})
_KNOWN = (
    _header("If-None-Match", "The ETag of what is known: 304 while it is still the newest."),
    _header("If-Modified-Since", "304 where nothing was written since then."),
)
_SINCE = _query("_since", "Only versions written from this moment on, with zone.")
_SEARCH = (
    _COUNT,
    *_PART,
    _query("_sort", "`_lastUpdated` or the type's own time, with `-` before it: newest first."),
    _query("_total", "Whether all that match are counted.", _one_of("none", "estimate", "accurate")),
    _query("_include", "`Type:parameter[:Type]`, or `*`: what these point to comes along."),
    _query("_revinclude", "`Type:parameter[:Type]`: what points to these comes along."),
    _query("_page", "Where a page begins; take the `next` link as it is."),
    _query("_id", "The resource's id."),
    _query("_lastUpdated", "When it was written, with `ge`, `lt` and the like before it."),
    _query("identifier", "`system|value`."),
    _query("status", "Where the type has it."),
    _query("code", "Where the type has it: `system|code`."),
    _query("date", "Where the type has it."),
    _query("subject", "Where the type has it: `Patient/id`."),
    _query("patient", "Where the type has it: the patient's id."),
    _header("Prefer", "`handling=lenient`: unknown parameters are left out instead of refused."),
)

#: What a hospital may write, as far as one example can show it.
_CHARGE: Json = {
    "resourceType": "ChargeItem",
    "status": "billable",
    "code": {"coding": [{"system": "https://fhir.tianhu.example/cs/charge-item", "code": "T1101"}]},
    "subject": {"reference": "Patient/P0001"},
    "context": {"reference": "Encounter/TH0001"},
    "occurrenceDateTime": "2021-03-06T09:00:00+08:00",
    "quantity": {"value": 1},
    "priceOverride": {"value": 30, "currency": "CNY"},
}
_TRANSACTION: Json = {
    "resourceType": "Bundle",
    "type": "transaction",
    "entry": [{"resource": _CHARGE, "request": {"method": "POST", "url": "ChargeItem"}}],
}
_EXAMPLES = {
    ("post", "/fhir"): _TRANSACTION,
    ("post", "/fhir/{kind}"): _CHARGE,
    ("put", "/fhir/{kind}"): _CHARGE,
    ("put", "/fhir/{kind}/{identity}"): {**_CHARGE, "id": "TH0001-7"},
}


def example_of(path: str, method: str) -> Json | None:
    """A body that an address takes."""
    return _EXAMPLES.get((method, path))


def parameters_of(path: str, method: str) -> Sequence[Json]:
    """What an address under /fhir takes besides what its route names."""
    if path.endswith("/metadata") or method != "get":
        return (*_SEARCH, *_HOW) if path.endswith("/_search") else _HOW
    if path.endswith("/{kind}"):
        return (*_SEARCH, *_HOW)
    if path.endswith("/_history"):
        return (_COUNT, _SINCE, *_HOW)
    if path.endswith(("/{kind}/{identity}", "/_history/{version}")):
        return (*_KNOWN, *_PART, *_HOW)
    return _HOW
