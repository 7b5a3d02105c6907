"""A plan file held against itself: gaps, overlaps, bands that nobody reaches, each with its line (计划文件检查).

The loader refuses what it cannot read. This looks at what it can read and what still cannot be meant.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from adapter.model.issues import AdapterError, Issue
from adapter.model.person import Category, Insurance
from adapter.model.reference import Level
from adapter.rules.policy import check_issues
from adapter.rules.policy.check_bands import check_bands, check_later_rows
from adapter.rules.policy.leaves import dated_values, leaves, text_of
from adapter.rules.policy.parameters import DEFAULT, NOT_PUBLISHED
from adapter.rules.policy.plan_file import policy_of
from adapter.rules.policy.tree import Tree

#: What the keys of a dimension may be. Other dimensions (``referral`` …) are what the facts bring.
KNOWN_KEYS: Mapping[str, frozenset[str]] = {
    "hospital_level": frozenset(Level),
    "person_category": frozenset(Category),
    "insurance": frozenset(Insurance),
}


@dataclass(frozen=True, slots=True)
class Reads:
    """What a kind of step reads from its plan.

    Attributes:
        needs: each group must have one of its parameters.
        may: read where the plan has them.
    """

    needs: tuple[tuple[str, ...], ...] = ()
    may: tuple[str, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """Every parameter that the step looks at."""
        return frozenset(self.may).union(*self.needs)


def check_plan(
    tree: Tree, kinds: Mapping[str, Reads], always: frozenset[str], *, name: str | None = None, undated: bool = False
) -> list[Issue]:
    """Everything that is wrong or doubtful about a plan file, in the order of its lines.

    Args:
        kinds: every kind of step, and what it reads.
        always: parameters that any plan may have.
        name: the name that the file's place demands, or None.
        undated: a what-if plan, whose parameters need no dates.
    """
    found: list[Issue] = []
    try:
        policy_of(tree, name=name, undated=undated)
    except AdapterError as error:
        found += error.issues
    if not isinstance(tree.value, dict):
        return found
    top = tree.value
    parameters = top["parameters"].value if "parameters" in top else {}
    if not isinstance(parameters, dict):
        return found
    found += _steps(tree, parameters, kinds, always)
    found += _keys(parameters)
    found += _days(tree, parameters)
    found += check_bands(tree, parameters)
    found += check_later_rows(parameters)
    return sorted(dict.fromkeys(found), key=lambda issue: _line(issue.pointer))


def _steps(
    tree: Tree, parameters: Mapping[str, Tree], kinds: Mapping[str, Reads], always: frozenset[str]
) -> list[Issue]:
    """Steps that nobody knows, parameters that a step lacks or that none reads, a ceiling without its step."""
    assert isinstance(tree.value, dict)
    listed = tree.value.get("steps")
    nodes = listed.value if listed is not None and isinstance(listed.value, tuple) else ()
    steps = {text_of(node): node for node in nodes}
    found = [
        check_issues.step_unknown(node.place, step, ", ".join(kinds))
        for step, node in steps.items()
        if step not in kinds
    ]
    read = set(always)
    for step, node in steps.items():
        reads = kinds.get(step, Reads())
        read |= reads.names
        found += [
            check_issues.parameter_missing(node.place, step, " / ".join(group))
            for group in reads.needs
            if not any(name in parameters for name in group)
        ]
    if nodes and all(step in kinds for step in steps):
        found += [
            check_issues.parameter_unread(node.place, name) for name, node in parameters.items() if name not in read
        ]
    if "ceiling" in parameters and nodes:
        found += _ceiling(parameters, steps)
    return found


def _ceiling(parameters: Mapping[str, Tree], steps: Mapping[str, Tree]) -> list[Issue]:
    """A reading of the ceiling whose step is not listed would lift the ceiling without a word."""
    readings = [(text_of(leaf), leaf) for leaf in leaves(parameters.get("ceiling_reading"))]
    readings = readings or [("payment", parameters["ceiling"])]
    needed = {"payment": "ceiling_on_payment", "eligible": "ceiling_on_eligible"}
    return [
        check_issues.parameter_missing(leaf.place, f"ceiling_reading: {text}", f"steps: {needed[text]}")
        for text, leaf in readings
        if text in needed and needed[text] not in steps
    ]


def _keys(parameters: Mapping[str, Tree]) -> list[Issue]:
    """Keys that no case can ever have."""
    found = []
    for node in parameters.values():
        if not isinstance(node.value, dict) or "varies_by" not in node.value:
            continue
        varies = node.value["varies_by"]
        dimensions = [text_of(varies)]
        if isinstance(varies.value, tuple):
            dimensions = [text_of(item) for item in varies.value]
        for _, value in dated_values(node):
            level = [value]
            for dimension in dimensions:
                tables = [each.value for each in level if isinstance(each.value, dict)]
                known = KNOWN_KEYS.get(dimension)
                found += [
                    check_issues.key_unreachable(item.place, dimension, key, ", ".join(sorted(known)))
                    for table in tables
                    for key, item in table.items()
                    if known is not None and key != DEFAULT and key not in known
                ]
                level = [item for table in tables for item in table.values()]
    return found


def _days(tree: Tree, parameters: Mapping[str, Tree]) -> list[Issue]:
    """Days that one parameter covers and another does not: on them the whole plan stops with POL-201."""
    assert isinstance(tree.value, dict)
    spans: dict[str, list[tuple[str, Tree, bool]]] = {}
    for name, node in parameters.items():
        values = node.value.get("values") if isinstance(node.value, dict) else None
        if values is not None and isinstance(values.value, dict):
            spans[name] = [(day, line, _ends(line)) for day, line in sorted(values.value.items())]
    found = []
    valid = tree.value.get("valid")
    bounds = valid.value if valid is not None and isinstance(valid.value, dict) else {}
    starts = [span[0][0] for span in spans.values() if span]
    first = text_of(bounds["from"]) if "from" in bounds else min(starts, default="")
    ends = {name: span[-1][0] for name, span in spans.items() if span and span[-1][2]}
    last = max(ends.values(), default="") if len(ends) == len(spans) else ""
    for name, span in spans.items():
        if span and span[0][0] > first:
            found.append(check_issues.days_uncovered(span[0][1].place, name, first, span[0][0]))
        for (day, line, ended), (following, _, _) in pairwise(span):
            if ended:
                found.append(check_issues.days_uncovered(line.place, name, day, following))
        if name in ends and ends[name] != last and not ("to" in bounds and text_of(bounds["to"]) < ends[name]):
            found.append(check_issues.days_uncovered(span[-1][1].place, name, ends[name], last or "…"))
    return found


def _ends(line: Tree) -> bool:
    return isinstance(line.value, dict) and "ends" in line.value and line.value["ends"].value == "true"


def gaps_of(tree: Tree) -> list[tuple[str, str]]:
    """What the source does not print, as (place, parameter): whole parameters and single keys."""
    if not isinstance(tree.value, dict):
        return []
    found = []
    if text_of(tree.value.get("valid")) == NOT_PUBLISHED:
        found.append((tree.value["valid"].place, "valid"))
    table = tree.value["parameters"].value if "parameters" in tree.value else {}
    for name, node in table.items() if isinstance(table, dict) else ():
        if isinstance(node.value, dict) and "not_published" in node.value:
            found.append((node.place, name))
        found += [(leaf.place, name) for leaf in leaves(node) if text_of(leaf) == NOT_PUBLISHED]
    return found


def _line(pointer: str) -> tuple[str, int]:
    file, _, line = pointer.rpartition(":")
    return file, int(line) if line.isdigit() else 0
