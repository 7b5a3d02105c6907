"""The platform's transactions as data: nodes, fields, what a repeat does (交易定义)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """What repeating a transaction does."""

    QUESTION = "question"  # nothing: ask at will
    REPEATABLE = "repeatable"  # the same once more, harmlessly
    EFFECT = "effect"  # it counts twice: look first


class FieldType(StrEnum):
    """How a value is written."""

    TEXT = "text"
    DIGITS = "digits"
    NUMBER = "number"
    DATE = "date"  # yyyy-MM-dd
    DATETIME = "datetime"  # yyyy-MM-dd HH:mm:ss, hospital time
    OBJECT = "object"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a node.

    Attributes:
        length: as printed; ``16,2`` is 16 digits with 2 decimals. Empty where none is printed.
        decimals: of a number, or None.
        codes: name of the code table, or empty.
        once: the name was found in one family of sources only.
    """

    name: str
    zh: str
    type: FieldType
    length: str
    need: bool
    codes: str = ""
    once: bool = False

    @property
    def most(self) -> int | None:
        """Longest text, or None."""
        whole = self.length.partition(",")[0]
        return int(whole) if whole.isdigit() and self.type in (FieldType.TEXT, FieldType.DIGITS) else None

    @property
    def decimals(self) -> int:
        """Digits behind the point that a number may have."""
        behind = self.length.partition(",")[2]
        return int(behind) if behind.isdigit() else 0


@dataclass(frozen=True, slots=True)
class Node:
    """A named object, or a list of them. ``root`` stands for fields directly under ``output``."""

    name: str
    many: bool
    fields: Mapping[str, Field]


@dataclass(frozen=True, slots=True)
class Transaction:
    """One numbered transaction.

    Attributes:
        lookup: numbers of the transactions that tell what became of a lost one; empty where nothing does.
        file_out, file_in: columns of the file that goes with it, or None.
    """

    number: str
    zh: str
    en: str
    kind: Kind
    input: Mapping[str, Node]
    output: Mapping[str, Node]
    lookup: tuple[str, ...] = ()
    note: str = ""
    file_out: Node | None = None
    file_in: Node | None = None


@dataclass(frozen=True, slots=True)
class Code:
    """One code of a table. ``stable``: several independent sources give it this meaning."""

    code: str
    zh: str
    en: str
    stable: bool


@dataclass(frozen=True, slots=True)
class CodeTable:
    """A table of codes."""

    name: str
    zh: str
    en: str
    codes: Mapping[str, Code]


@dataclass(frozen=True, slots=True)
class Definitions:
    """Everything that is the same for every bureau.

    Attributes:
        aliases: keys seen in real answers, with the documented name.
    """

    transactions: Mapping[str, Transaction]
    tables: Mapping[str, CodeTable]
    aliases: Mapping[str, str] = field(default_factory=dict)
