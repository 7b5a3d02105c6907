"""The one place of the rules that opens files: YAML → trees → policies, schemes, programmes (政策文件加载)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from adapter.model.issues import AdapterError, Issue
from adapter.model.settlement import Payer
from adapter.rules.policy import issues
from adapter.rules.policy.book import PolicyBook
from adapter.rules.policy.parameters import Policy, Raw
from adapter.rules.policy.plan_file import policy_of
from adapter.rules.policy.scheme import ResolvedLayer
from adapter.rules.policy.scheme_file import programme_of, scheme_of
from adapter.rules.policy.tree import Page, Tree, tree_of
from adapter.rules.policy.value_sets import value_sets_in

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_tree(path: Path, label: str | None = None) -> Tree:
    """A YAML file with every scalar as text.

    Args:
        label: how the file is called in issues; its bare name by default.

    Raises:
        AdapterError: POL-211 unreadable, POL-212 a key stands twice.
    """
    tree, found = survey_tree(path, label)
    if found:
        raise AdapterError(*found)
    return tree


def survey_tree(path: Path, label: str | None = None) -> tuple[Tree, list[Issue]]:
    """As ``read_tree``, with what is wrong beside the tree: of a repeated key the first one stands.

    Raises:
        AdapterError: POL-211 unreadable.
    """
    label = label or path.name
    try:
        node = yaml.compose(path.read_text(encoding="utf-8"), Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        problem = str(error.problem)
        raise AdapterError(issues.unreadable(f"{label}:{line}", problem, problem)) from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        problem = type(error).__name__
        raise AdapterError(issues.unreadable(f"{label}:1", problem, problem)) from error
    if node is None:
        raise AdapterError(issues.unreadable(f"{label}:1", "文件为空", "the file is empty"))
    found: list[Issue] = []
    tree = _grow(node, label, found)
    return value_sets_in(tree, path.parent.parent / "valuesets", found), found


def read_plain(path: Path) -> Raw:
    """A YAML file as nested text, for tables that clerks edit. Raises as ``read_tree``."""
    return read_tree(path).plain()


def load_book(mappings_dir: Path) -> PolicyBook:
    """Everything under ``programmes/``, ``plans/`` and ``schemes/``.

    Raises:
        AdapterError: every problem of every file at once, each with file and line.
    """
    found: list[Issue] = []
    plans: dict[str, Policy] = {}
    for path in sorted(mappings_dir.glob("plans/*/*.yaml")):
        name = f"{path.parent.name}/{path.stem}"
        try:
            plans[name] = policy_of(read_tree(path, f"plans/{name}.yaml"), name=name)
        except AdapterError as error:
            found += error.issues
    programmes = {}
    for path in sorted(mappings_dir.glob("programmes/*.yaml")):
        try:
            programmes[path.stem] = programme_of(read_tree(path, f"programmes/{path.name}"), path.stem)
        except AdapterError as error:
            found += error.issues
    if found:
        raise AdapterError(*found)
    schemes = {}
    for path in sorted(mappings_dir.glob("schemes/*.yaml")):
        try:
            schemes[path.stem] = scheme_of(read_tree(path, f"schemes/{path.name}"), path.stem, plans, programmes)
        except AdapterError as error:
            found += error.issues
    if found:
        raise AdapterError(*found)
    return PolicyBook(schemes=schemes, plans=plans, programmes=programmes)


def load_layers(path: Path) -> tuple[ResolvedLayer, ...]:
    """Plan layers from one file, for a what-if: ``layers:`` is a list of plans, in the order of the payers.

    A plan file by itself is one layer.

    Raises:
        AdapterError: POL-21x, each with file and line.
    """
    tree = read_tree(path)
    if isinstance(tree.value, dict) and "policy" in tree.value:
        policy = policy_of(tree, undated=True)
        return (ResolvedLayer(Payer(str(policy.payer)), policy),)
    return _layers(tree)


def layers_from(layers: Sequence[Mapping[str, object]]) -> tuple[ResolvedLayer, ...]:
    """Plan layers from plain values: each as a plan file; a parameter may be ``{value, cite}`` without a date.

    Raises:
        AdapterError: POL-21x, with the place inside the value instead of a line.
    """
    return _layers(tree_of({"layers": layers}, "plan"))


def _layers(tree: Tree) -> tuple[ResolvedLayer, ...]:
    page = Page()
    nodes = page.items(page.table(tree, "plan", needs=("layers",)).get("layers"), "layers")
    page.finish()
    policies = [policy_of(node, undated=True) for node in nodes]
    return tuple(ResolvedLayer(Payer(str(policy.payer)), policy) for policy in policies)


def _grow(node: yaml.Node, label: str, found: list[Issue]) -> Tree:
    place = f"{label}:{node.start_mark.line + 1}"
    if isinstance(node, yaml.MappingNode):
        table: dict[str, Tree] = {}
        for key, value in node.value:
            where = f"{label}:{key.start_mark.line + 1}"
            if not isinstance(key, yaml.ScalarNode):
                found.append(issues.bad_value(where, "key", "文本键", "a key that is text"))
            elif key.value in table:
                found.append(issues.key_repeated(where, key.value))
            else:
                table[key.value] = _grow(value, label, found)
        return Tree(place, table)
    if isinstance(node, yaml.SequenceNode):
        return Tree(place, tuple(_grow(item, label, found) for item in node.value))
    return Tree(place, str(node.value))
