"""YAML as located nodes: every scalar is text, every node knows its file and line, repeated keys are refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

import yaml

from adapter.intake.mapping.issues import MappingRefused, file_wrong, repeated_key
from adapter.intake.mapping.spec import Where

_FLAGS = {"yes": True, "no": False}


@dataclass(frozen=True, slots=True)
class Node:
    """A scalar (text), a list of nodes or a mapping of nodes, with its place."""

    value: str | list[Node] | dict[str, Node]
    where: Where

    def fail(self, zh: str, en: str) -> NoReturn:
        """Refuse this node. Raises MappingRefused with MAP-101."""
        raise MappingRefused(file_wrong(str(self.where), zh, en))

    def text(self) -> str:
        if not isinstance(self.value, str):
            self.fail("此处应为文字", "text is expected here")
        return self.value

    def mapping(self) -> dict[str, Node]:
        if not isinstance(self.value, dict):
            self.fail("此处应为键值对", "a mapping of keys is expected here")
        return self.value

    def sequence(self) -> list[Node]:
        if not isinstance(self.value, list):
            self.fail("此处应为列表", "a list is expected here")
        return self.value

    def texts(self) -> tuple[str, ...]:
        """A list of texts; a single text counts as a list of one."""
        if isinstance(self.value, str):
            return (self.value,)
        return tuple(each.text() for each in self.sequence())

    def flag(self) -> bool:
        """``yes`` or ``no``."""
        if self.text() not in _FLAGS:
            self.fail("应为 yes 或 no", "yes or no is expected")
        return _FLAGS[self.text()]

    def get(self, key: str) -> Node | None:
        return self.mapping().get(key)

    def need(self, key: str) -> Node:
        """A key that must be there."""
        found = self.mapping().get(key)
        if found is None:
            self.fail(f"缺少键 {key}", f"key {key} is missing")
        return found

    def text_of(self, key: str, default: str) -> str:
        found = self.get(key)
        return default if found is None else found.text()

    def items(self) -> Iterator[tuple[str, Node]]:
        return iter(self.mapping().items())

    def allow(self, *keys: str) -> None:
        """Refuse every key that is not listed, so that a misspelt one is never silently nothing."""
        for key, node in self.items():
            if key not in keys:
                known = ", ".join(keys)
                node.fail(f"不认识的键 {key}(可用:{known})", f"unknown key {key} (known: {known})")

    def plain(self) -> Any:
        """The value without places: texts, lists and dicts."""
        if isinstance(self.value, str):
            return self.value
        if isinstance(self.value, list):
            return [each.plain() for each in self.value]
        return {key: each.plain() for key, each in self.value.items()}


def read_nodes(text: str, file: str) -> Node:
    """Read YAML text.

    Raises:
        MappingRefused: not YAML (MAP-101), or a key stands twice (MAP-102); the pointer is file:line.
    """
    try:
        root = yaml.compose(text, Loader=yaml.BaseLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark is not None else 1
        raise MappingRefused(file_wrong(f"{file}:{line}", "不是合法的 YAML", "not well-formed YAML")) from error
    if root is None:
        raise MappingRefused(file_wrong(f"{file}:1", "文件为空", "the file is empty"))
    return _located(root, file, set())


def _located(node: yaml.Node, file: str, above: set[int]) -> Node:
    where = Where(file, node.start_mark.line + 1)
    if id(node) in above:
        raise MappingRefused(file_wrong(str(where), "不允许自引用", "a node must not hold itself"))
    if isinstance(node, yaml.ScalarNode):
        return Node(str(node.value), where)
    if isinstance(node, yaml.SequenceNode):
        return Node([_located(each, file, above | {id(node)}) for each in node.value], where)
    found: dict[str, Node] = {}
    for key_node, value_node in node.value:
        place = Where(file, key_node.start_mark.line + 1)
        if not isinstance(key_node, yaml.ScalarNode):
            raise MappingRefused(file_wrong(str(place), "键应为文字", "a key is text"))
        key = str(key_node.value)
        if key in found:
            raise MappingRefused(repeated_key(str(place), key, found[key].where.line))
        found[key] = _located(value_node, file, above | {id(node)})
    return Node(found, where)
