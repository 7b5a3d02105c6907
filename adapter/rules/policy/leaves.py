"""Walking a plan file's tree below its parameters, however wrong it may be (逐值遍历)."""

from __future__ import annotations

from collections.abc import Iterator

from adapter.model.money import Money
from adapter.rules.policy.tree import Tree


def text_of(tree: Tree | None) -> str:
    """The text of a node; empty for anything else."""
    return tree.value if tree is not None and isinstance(tree.value, str) else ""


def dated_values(parameter: Tree) -> Iterator[tuple[str, Tree]]:
    """The values of a parameter with the day from which each holds; an undated value has an empty day."""
    if not isinstance(parameter.value, dict):
        return
    if "value" in parameter.value:
        yield "", parameter.value["value"]
    values = parameter.value.get("values")
    if values is not None and isinstance(values.value, dict):
        for day, line in values.value.items():
            if isinstance(line.value, dict) and "value" in line.value:
                yield day, line.value["value"]


def leaves(parameter: Tree | None) -> list[Tree]:
    """Every text below a parameter's values."""
    if parameter is None:
        return []
    return [leaf for _, value in dated_values(parameter) for leaf in _below(value)]


def amounts(parameter: Tree | None) -> list[Money] | None:
    """Every amount below a parameter's values; None where one of them is no amount (``none``, ``not-published``)."""
    found = []
    for leaf in leaves(parameter):
        amount = money_of(leaf)
        if amount is None:
            return None
        found.append(amount)
    return found


def money_of(tree: Tree | None) -> Money | None:
    """The amount of a node, or None."""
    try:
        return Money.yuan(text_of(tree))
    except ValueError:
        return None


def tables_of_rows(parameter: Tree | None) -> Iterator[tuple[Tree, ...]]:
    """Every list of rows below a parameter's values, whatever it varies by."""
    if parameter is None:
        return
    level = [value for _, value in dated_values(parameter)]
    while level:
        node = level.pop(0)
        if isinstance(node.value, tuple):
            yield node.value
        elif isinstance(node.value, dict):
            level += node.value.values()


def _below(tree: Tree) -> Iterator[Tree]:
    if isinstance(tree.value, str):
        yield tree
    else:
        for item in tree.value.values() if isinstance(tree.value, dict) else tree.value:
            yield from _below(item)
