"""Resources → issues: the structure by the compiled schema, the rest by our own rules.

The schema answers yes or no in microseconds: first a narrow one that most resources pass, then the full one. Only a
resource that fails both is looked at again for what is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from adapter.fhir import issues
from adapter.fhir.rule_issues import too_deep
from adapter.fhir.rules import advice, findings, prose_findings
from adapter.fhir.rules_base import pointer_to
from adapter.fhir.rules_bundle import bundle_findings, set_findings
from adapter.fhir.schema.compiled import SERVED, fits, ordinary, problems
from adapter.model.issues import Issue, Severity

Resource = Mapping[str, Any]

#: Types whose elements hold whole resources.
_OUTER = ("Bundle", "Parameters")


def validate(
    resources: Iterable[Resource], *, sending: bool = True, complete: bool = False, advise: bool = False
) -> list[Issue]:
    """Everything that is wrong with the resources; Bundles are opened and their entries checked as well.

    Args:
        resources: R4 resources as plain dicts, amounts as Decimal.
        sending: ours, on the way out. R4's money rules in prose are then errors; for strangers' data they are
            warnings, and a type that we do not handle is a warning.
        complete: the resources are a whole record, so that every relative reference must find its target among them.
            A collection or transaction Bundle that we send is always held to that.
        advise: tell as information what R4 recommends; nothing waits for that.

    Returns:
        Issues with ``Type/id.path`` as pointer; empty when all is well.
    """
    known = list(resources)
    found: list[Issue] = []
    for resource in known:
        try:
            its = _one(resource, sending)
        except RecursionError:
            return [too_deep(pointer_to(resource))]
        found += its if its or not advise else _advice(resource)
    severity = Severity.ERROR if sending else Severity.WARNING
    found += set_findings(known, complete=complete, prose=severity)
    return found


def _advice(resource: Resource) -> list[Issue]:
    """Advice on a sound resource and, in a Bundle, on its entries."""
    inner = [entry["resource"] for entry in resource.get("entry", ()) if "resource" in entry]
    every = [resource, *inner] if resource["resourceType"] == "Bundle" else [resource]
    return [issue for each in every for issue in advice(each, f"{each['resourceType']}/{each.get('id', '?')}")]


def _one(resource: Resource, sending: bool) -> list[Issue]:
    name = resource.get("resourceType")
    if not isinstance(name, str):
        return [issues.no_resource()]
    severity = Severity.ERROR if sending else Severity.WARNING
    if name not in SERVED:
        return [issues.type_not_served(pointer_to(resource), name, severity)]
    where = f"{name}/{resource.get('id', '?')}"
    if ordinary(name, resource):  # the hot path: sound, and nothing in it to compare
        found = prose_findings(resource, where, severity)
    elif fits(name, resource):
        found = findings(resource, where, severity)
    else:  # the rules trust the structure, so they wait until it is sound
        inner = _entries(resource, sending) if name in _OUTER else []
        return problems(name, resource, pointer_to(resource)) + inner
    if name in _OUTER:
        found += _entries(resource, sending)
    if name == "Bundle":
        found += bundle_findings(resource, where, sending=sending)
    if "contained" in resource:
        found += _contained(resource["contained"], where, sending)
    return found


def _entries(resource: Resource, sending: bool) -> list[Issue]:
    """Issues of the resources inside a Bundle or Parameters, also when the outer one is not well-formed."""
    found: list[Issue] = []
    for inner in inside(resource):
        found += _one(inner, sending)
    return found


def inside(resource: Any) -> Iterator[Resource]:
    """Resources that stand in an element of their own: entries, outcomes of a response, parameters and their parts."""
    for name in ("entry", "parameter", "part"):
        listed = resource.get(name)
        for each in listed if isinstance(listed, list) else ():
            if isinstance(each, dict):
                response = each.get("response")
                held = (each.get("resource"), response.get("outcome") if isinstance(response, dict) else None)
                yield from (one for one in held if isinstance(one, dict))
                yield from inside(each) if name != "entry" else ()


def _contained(contained: Sequence[Resource], where: str, sending: bool) -> list[Issue]:
    found: list[Issue] = []
    for inner in contained:
        found += [replace(issue, pointer=f"{where}.contained({issue.pointer})") for issue in _one(inner, sending)]
    return found
