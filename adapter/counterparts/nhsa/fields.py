"""The input fields that a transaction must have, as the published interface lists them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

from adapter.counterparts.nhsa.refusals import Refused
from adapter.model.issues import AdapterError
from adapter.rules.policy.load import read_plain

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}( \d{2}:\d{2}:\d{2})?")
_NUMBER = re.compile(r"-?\d{1,14}(\.\d{1,6})?")


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a node; ``length`` is 0 where none is checked."""

    name: str
    required: bool
    kind: str
    length: int
    label: str


@dataclass(frozen=True, slots=True)
class Node:
    """One node of the input."""

    many: bool
    fields: tuple[Field, ...]


#: Nodes by name of a transaction; transactions by infno.
Nodes = Mapping[str, Node]
Definitions = Mapping[str, Nodes]


def load_fields(path: Path) -> Definitions:
    """Read the field table.

    Raises:
        ValueError: unreadable; the text names the place.
    """
    try:
        table = cast("dict[str, dict[str, dict[str, str]]]", read_plain(path))
        return {infno: {name: _node(rows) for name, rows in nodes.items()} for infno, nodes in table.items()}
    except (AdapterError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path.name}: {error}") from error


def _node(rows: dict[str, str]) -> Node:
    return Node(rows["of"] == "many", tuple(_field(name, row) for name, row in rows.items() if name != "of"))


def _field(name: str, row: str) -> Field:
    required, kind, length, label = row.split(" ", 3)
    whole = length.partition(",")[0]
    return Field(name, required == "Y", kind, int(whole) if kind == "text" and whole.isdigit() else 0, label)


def check(nodes: Nodes, given: Mapping[str, Any], optional: tuple[str, ...]) -> None:
    """Whether the input has every node and field that it must have, in a form that can be read.

    Raises:
        Refused: at the first one that is missing or does not fit.
    """
    for name, node in nodes.items():
        rows = given.get(name)
        needed = any(field.required for field in node.fields) and name not in optional
        if rows in (None, "", [], {}):
            if needed:
                raise Refused(f"FSI-输入节点{name}不能为空")
            continue
        if isinstance(rows, list) is not node.many:
            raise Refused(f"FSI-输入节点{name}{'应为数组' if node.many else '应为对象'}")
        for row in rows if isinstance(rows, list) else [rows]:
            if not isinstance(row, dict):
                raise Refused(f"FSI-输入节点{name}格式错误")
            for field in node.fields:
                _check(field, row.get(field.name), name, field.required and field.name not in optional)


def _check(field: Field, value: Any, node: str, required: bool) -> None:
    place = f"[{node}.{field.name}]"
    if value is None or value == "":
        if required:
            raise Refused(f"FSI-{field.label}不能为空{place}")
        return
    if not isinstance(value, str | int | Decimal) or isinstance(value, bool):
        raise Refused(f"FSI-{field.label}格式错误{place}")
    text = str(value)
    if field.length and len(text) > field.length:
        raise Refused(f"FSI-{field.label}长度超过{field.length}{place}")
    if field.kind == "date" and not _DATE.fullmatch(text):
        raise Refused(f"FSI-{field.label}日期格式错误{place}")
    if field.kind == "decimal" and not _NUMBER.fullmatch(text):
        raise Refused(f"FSI-{field.label}不是数字{place}")
