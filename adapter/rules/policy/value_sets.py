"""FHIR ValueSets beside the policy files: ``{valueset: NAME}`` stands for the codes of NAME (值集)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from adapter.model.issues import AdapterError, Issue
from adapter.rules.policy import issues
from adapter.rules.policy.tree import Tree

#: The one key of a table that names a value set.
KEY = "valueset"


def value_sets_in(tree: Tree, folder: Path, found: list[Issue]) -> Tree:
    """The tree with every ``{valueset: NAME}`` replaced by the list of its codes, in the file's order.

    Args:
        folder: where ``NAME.json`` lies.
        found: takes POL-211 for a value set that cannot be read, POL-216 for one that is none.
    """
    if isinstance(tree.value, tuple):
        return Tree(tree.place, tuple(value_sets_in(each, folder, found) for each in tree.value))
    if not isinstance(tree.value, dict):
        return tree
    name = tree.value.get(KEY)
    if len(tree.value) == 1 and name is not None and isinstance(name.value, str):
        return Tree(tree.place, tuple(Tree(tree.place, code) for code in _codes(name.value, folder, tree.place, found)))
    return Tree(tree.place, {key: value_sets_in(each, folder, found) for key, each in tree.value.items()})


def codes_of(path: Path) -> tuple[str, ...]:
    """The codes that a ValueSet lists, in its order.

    Raises:
        AdapterError: POL-211 unreadable, POL-216 not a ValueSet that lists each code once under one system.
    """
    label = f"valuesets/{path.name}"
    try:
        said: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        problem = type(error).__name__
        raise AdapterError(issues.unreadable(f"{label}:1", problem, problem)) from error
    try:
        (include,) = said["compose"]["include"]
        codes = tuple(str(concept["code"]) for concept in include["concept"])
        listed = said["resourceType"] == "ValueSet" and said["id"] == path.stem and bool(include["system"])
    except (KeyError, TypeError, ValueError):
        codes, listed = (), False
    if not listed or not codes or len(set(codes)) != len(codes):
        wanted_zh, wanted_en = "列出代码的 FHIR ValueSet(每码一次)", "a FHIR ValueSet that lists each code once"
        raise AdapterError(issues.bad_value(label, "compose", wanted_zh, wanted_en))
    return codes


def _codes(name: str, folder: Path, place: str, found: list[Issue]) -> tuple[str, ...]:
    if not name.replace("-", "").isalnum():
        found.append(issues.bad_value(place, KEY, "值集名称", "the name of a value set"))
        return ()
    try:
        return codes_of(folder / f"{name}.json")
    except AdapterError as error:
        found += error.issues
        return ()
