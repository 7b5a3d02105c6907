"""What every reader of files gives: rows, or the reason why a file stops giving them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from adapter.model.issues import Issue

#: Blanks that stand around a value and are no part of it.
SPACE = " \t\r\n"

#: Of a refused row, columns up to this length are still kept, so that the stay it belongs to is known and held.
KEY_LENGTH = 64

NOT_A_ROW = ("不是约定的行", "not the agreed kind of row")
TOO_LARGE = ("行过大", "the row is too large")
TOO_DEEP = ("元素嵌套过深", "elements are nested too deep")
TWICE = ("同一列出现两次", "a column stands twice")


class BrokenFile(Exception):
    """Malformed, or the file ends in the middle.

    Attributes:
        line: where reading stopped, 1-based.
    """

    def __init__(self, line: int) -> None:
        self.line = line
        super().__init__(f"malformed or cut off near line {line}")


class FileRefused(Exception):
    """The file as a whole cannot be read as what the mapping says it is; the issue says why."""

    def __init__(self, issue: Issue) -> None:
        self.issue = issue
        super().__init__(issue.code)


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its columns as text without the blanks around them.

    Attributes:
        number: 1-based place within the file.
        refused: why the row has the wrong form (zh, en), or None; ``fields`` then holds what was readable.
        otherwise: of a refused row, another way to read its columns; both stays are held.
        label: what people find it by, where rows have no place that stays: its row key.
    """

    number: int
    fields: dict[str, str]
    refused: tuple[str, str] | None = None
    otherwise: Mapping[str, str] = field(default_factory=dict)
    label: str = ""
