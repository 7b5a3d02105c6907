"""YAML for people: every scalar is text, no key stands twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml


class _Text(yaml.SafeLoader):
    """Only plain text, lists and tables."""


_Text.yaml_implicit_resolvers = {}


def _table(loader: _Text, node: yaml.MappingNode) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node)
        if key in found:
            raise ValueError(f"line {key_node.start_mark.line + 1}: {key} is given twice")
        found[key] = loader.construct_object(value_node, deep=True)
    return found


_Text.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _table)


def read(path: Path) -> dict[str, Any]:
    """The table that a file holds. Raises ValueError or OSError with what is wrong."""
    try:
        # every tag but plain text, lists and tables is unknown to this loader
        found = yaml.load(path.read_text("utf-8"), _Text)  # noqa: S506
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from error
    if not isinstance(found, dict):
        raise ValueError("a table is expected at the top")
    return found
