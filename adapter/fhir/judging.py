"""One resource against R4's rules, ours, and profiles: what the command and ``$validate`` both say (校验结论)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from adapter.fhir.profiles import Profiles
from adapter.fhir.profiles.check import profile_findings
from adapter.fhir.profiles.tree import Tree
from adapter.fhir.rule_issues import too_deep
from adapter.fhir.rules_base import pointer_to
from adapter.fhir.schema.compiled import SERVED, fits
from adapter.fhir.validation import inside, validate
from adapter.model.issues import Issue


def judged(
    resource: dict[str, Any], profiles: Profiles, wanted: Sequence[Tree] = (), *, sending: bool = True
) -> list[Issue]:
    """Issues of a resource and those inside it: R4 and ours first, then profiles on what is sound in itself.

    Args:
        wanted: profiles that resources of their types are held against; others against those that they claim.
        sending: ours, on the way out; for others' data rules of the prose warn only.
    """
    try:
        found = validate([resource], sending=sending, advise=True)
        named = ((each.get("resourceType"), each) for each in every(resource))
        sound = [each for kind, each in named if isinstance(kind, str) and kind in SERVED and fits(kind, each)]
        for each in sound:
            mine = [tree for tree in wanted if tree.kind == each["resourceType"]]
            for tree in mine or (None,):
                found += profile_findings(each, profiles, wanted=tree)
    except RecursionError:
        return [too_deep(pointer_to(resource))]
    return list(dict.fromkeys(found))


def every(resource: dict[str, Any]) -> Iterator[Any]:
    """A resource and those that stand inside it."""
    yield resource
    for each in inside(resource):
        yield from every(dict(each))
