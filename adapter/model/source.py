"""What a reader hands over: text fields and the place they came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from adapter.model.issues import Issue


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
    """All rows of one stay, by table. Rows keep the order in which the export had them.

    ``issues`` are those of reading that concern this stay: its rows were cut off, doubled or refused.
    """

    stay_key: str
    tables: Mapping[str, Sequence[SourceRecord]]
    issues: tuple[Issue, ...] = ()


@dataclass(frozen=True, slots=True)
class TableShape:
    """One table of an export.

    Attributes:
        name: table name, which is also the stem of its file.
        row_key: columns that together name a row for ever.
        needed: an export without this table is incomplete, and so is every stay in it.
    """

    name: str
    row_key: tuple[str, ...]
    needed: bool = False


@dataclass(frozen=True, slots=True)
class ReadingLimits:
    """What a reader accepts; beyond it the row or the file is refused with an issue.

    Attributes:
        file_bytes: largest file.
        row_bytes: largest row, as UTF-8 text of all its columns.
        columns: most columns in a row.
        depth: deepest element, the root counting 1.
        listed: most issues of rows that are listed per file; every affected stay is held all the same.
    """

    file_bytes: int = 2 * 1024**3
    row_bytes: int = 64 * 1024
    columns: int = 256
    depth: int = 3
    listed: int = 1000


@dataclass(frozen=True, slots=True)
class ExportShape:
    """How a vendor's export is read; made from the mapping's ``shape.yaml``.

    Attributes:
        reader: name of the reader (``xml_files``).
        row: element or record that is one row.
        stay_table: the table with one row per stay.
        stay_key: the column that joins every table to its stay.
        tables: by name.
    """

    reader: str
    row: str
    stay_table: str
    stay_key: str
    tables: Mapping[str, TableShape]
    limits: ReadingLimits = field(default_factory=ReadingLimits)
