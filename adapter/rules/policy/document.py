"""What a policy file says about itself: title, document, sources, what it covers (文件头)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Title:
    """A text in Chinese and English."""

    zh: str
    en: str

    def __str__(self) -> str:
        return f"{self.zh} {self.en}".strip()


@dataclass(frozen=True, slots=True)
class Document:
    """The document a policy rests on.

    Attributes:
        id: its number as printed (文号), or a description where there is none.
        issued: day of issue, or None where the source does not print one.
    """

    id: str
    issued: date | None = None


@dataclass(frozen=True, slots=True)
class SourceNote:
    """Where a value was read: key that citations use (``S18``), title, address, grade.

    Attributes:
        address: web address, or None where none is known.
        grade: ``P1`` official, ``P2`` reprint naming an official source, ``P3`` anonymous; or None.
    """

    key: str
    title: str
    address: str | None = None
    grade: str | None = None
