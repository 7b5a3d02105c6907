"""What a reader hands over: text fields and the place they came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a record stands in its export.

    Attributes:
        source: the hospital's feed, as the commands name it.
        file: file name without its folder (folders may name persons or machines).
        table: table, segment or element the record belongs to (``ZY_FYMX``).
        row: 1-based row within the file.
    """

    source: str
    file: str
    table: str
    row: int

    def pointer(self, field: str | None = None) -> str:
        """``ZY_FYMX.xml#12/FYXH``: file, row, field, as issues and lineage print it."""
        where = f"{self.file}#{self.row}"
        return f"{where}/{field}" if field else where


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """One row as text. An absent column has no key; an empty one has ``""``."""

    origin: Origin
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class StayRecords:
    """All rows of one stay, by table. Rows keep the order in which the export had them."""

    stay_key: str
    tables: Mapping[str, Sequence[SourceRecord]]
