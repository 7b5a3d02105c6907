"""R5 resources → issues: R5's own structure and invariants; the money rules of the prose on the R4 form (R5 校验)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from adapter.fhir import issues
from adapter.fhir.r5.convert import to_r4
from adapter.fhir.r5.tables import SPOKEN
from adapter.fhir.rule_issues import too_deep
from adapter.fhir.rules import PROSE, prose_findings
from adapter.fhir.rules_base import contained_findings, order_findings, pointer_to
from adapter.fhir.schema.compiled import SERVED, fits, problems
from adapter.fhir.validation import inside
from adapter.model.issues import Issue, Severity

Resource = Mapping[str, Any]


def validate_r5(resources: Iterable[Resource], *, sending: bool = True) -> list[Issue]:
    """Everything that is wrong with R5 resources; Bundles are opened and their entries checked as well.

    The rules that stand in R4's words are R5's too: quantity × unit price = net, shares that add up. They are asked of
    the resource as R4 says it, so their pointers name R4's elements.

    Args:
        sending: ours, on the way out: the rules of the prose are errors; for strangers' data they are warnings.
    """
    severity = Severity.ERROR if sending else Severity.WARNING
    return [issue for resource in resources for issue in _whole(resource, severity)]


def _whole(resource: Resource, prose: Severity) -> list[Issue]:
    try:
        return _one(resource, prose)
    except RecursionError:
        return [too_deep(pointer_to(resource))]


def _one(resource: Resource, prose: Severity) -> list[Issue]:
    name = resource.get("resourceType")
    if not isinstance(name, str):
        return [issues.no_resource()]
    where = pointer_to(resource)
    if name not in SERVED:
        return [issues.type_not_served(where, name, prose)]
    found = problems(name, resource, where, "R5")
    if not found:  # the rules trust the structure
        found += order_findings(resource, where)
        if "contained" in resource:
            found += contained_findings(resource, where)
            found += [issue for each in resource["contained"] for issue in _one(each, prose)]
        found += _money(name, resource, where, prose)
    for inner in inside(resource):
        found += _one(inner, prose)
    return found


def _money(name: str, resource: Resource, where: str, prose: Severity) -> list[Issue]:
    if name not in PROSE or name not in SPOKEN:
        return []
    four, _ = to_r4(resource)
    return prose_findings(four, where, prose) if fits(name, four) else []
