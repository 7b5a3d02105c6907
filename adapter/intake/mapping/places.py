"""Where the fields of a mapping file end up in the resource: absent list entries close up, so indices move (目标位置).

``identifier[2]`` of a mapping file is ``identifier[1]`` of a resource whose ``identifier[1]`` has no value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from adapter.intake.mapping.spec import Const, Field, PathStep


@dataclass
class _Node:
    """An element: its members by name and place, or the field that fills it."""

    entry: Field | None = None
    members: dict[str, dict[int | str | None, _Node]] = field(default_factory=dict)

    def leaves(self) -> Sequence[Field]:
        below = [leaf for places in self.members.values() for node in places.values() for leaf in node.leaves()]
        return [self.entry, *below] if self.entry is not None else below

    def stands(self) -> bool:
        return any(not isinstance(leaf.value, Const) for leaf in self.leaves())

    def present(self, found: Mapping[str, bool]) -> bool:
        """Whether the element is there, as the compiled closures decide it."""
        if self.entry is not None:
            return found[self.entry.path]
        if not self.stands():
            return True
        standing = [leaf for leaf in self.leaves() if not isinstance(leaf.value, Const)]
        return any(found[leaf.path] for leaf in standing)


def real_paths(fields: Sequence[Field], found: Mapping[str, bool]) -> dict[str, str]:
    """By path in the mapping file, the path in the resource, for what is there.

    Args:
        found: by path in the mapping file, whether the field taken alone has a value.
    """
    root = _Node()
    for each in fields:
        _insert(root, each.steps, each)
    paths: dict[str, str] = {}
    _walk(root, "", found, paths)
    return paths


def _insert(node: _Node, steps: Sequence[PathStep], entry: Field) -> None:
    for name, place in steps:
        node = node.members.setdefault(name, {}).setdefault(place, _Node())
    node.entry = entry


def _walk(node: _Node, above: str, found: Mapping[str, bool], paths: dict[str, str]) -> None:
    for name, places in node.members.items():
        index = 0
        for place, member in places.items():
            if not member.present(found):
                continue
            path = f"{above}.{name}" if above else name
            if place is not None:
                path, index = f"{path}[{index}]", index + 1
            if member.entry is not None:
                paths[member.entry.path] = path
            else:
                _walk(member, path, found, paths)
