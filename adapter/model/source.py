"""What a reader hands over: text fields and the place they came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from adapter.model.issues import Issue

#: The formats of files that a mapping may name as its ``reader``.
READERS = ("xml_files", "csv_files", "json_files", "fixed_width", "hl7v2", "fhir_bundle")

#: The reader whose rows come out of messages; its columns are paths into segments (``PID-3[2].4.2``).
MESSAGES = "hl7v2"

#: The reader of hospitals that speak FHIR themselves; a resource is a row, its elements are the columns.
NATIVE = "fhir_bundle"


class Delivery(StrEnum):
    """What an export says of a row that it does not hold (交付方式)."""

    WHOLE = "whole"  # 每次住院整份导出: the row was taken back
    CHANGES = "changes"  # 只给新增和变更: nothing; what came earlier still counts


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a record stands in its export.

    Attributes:
        source: the hospital's feed, as the commands name it.
        file: file name without its folder (folders may name persons or machines).
        table: table, segment or element the record belongs to (``ZY_FYMX``).
        row: 1-based row within the file; of a message, its place in the file.
        parts: for a row that messages made: where a column of it stands (``{"amount": "a.hl7#3/FT1[2]-11.4"}``), or
            where a segment does, for all of its fields (``{"FT1": "a.hl7#3/FT1[2]"}``).
    """

    source: str
    file: str
    table: str
    row: int
    parts: Mapping[str, str] | None = field(default=None, compare=False)

    def pointer(self, field: str | None = None) -> str:
        """``ZY_FYMX.xml#12/FYXH`` or ``a.hl7#3/FT1[2]-11.4``: file, row, field, as issues and lineage print it."""
        if field and self.parts:
            segment, _, rest = field.partition("-")
            if field in self.parts:
                return self.parts[field]
            if segment in self.parts:
                return f"{self.parts[segment]}-{rest}"
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
    ``merged_into`` is the stay that holds its charges now, where a merge gave this one up; ``merged_from`` are the
    stays that this one took over.
    """

    stay_key: str
    tables: Mapping[str, Sequence[SourceRecord]]
    issues: tuple[Issue, ...] = ()
    merged_into: str = ""
    merged_from: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KeptRow:
    """One content of one row, as it is kept for good, so that what comes later is seen beside it.

    Attributes:
        table, row_key: name the row for ever; the columns of the key joined by a control character.
        stay_key: the stay that this content says it belongs to.
        file, number: where it stood.
        arrived: orders rows of tables without a version; moment and file, as text that compares.
    """

    table: str
    row_key: str
    stay_key: str
    fields: Mapping[str, str] = field(repr=False)
    file: str
    number: int
    arrived: str


@dataclass(frozen=True, slots=True)
class ColumnShape:
    """A column that the mapping declares, for files that do not name it themselves.

    Attributes:
        name: as the mapping calls it.
        path: JSON: the names that lead to it inside the row.
        start: fixed width: its first place in the line, 1-based.
        width: fixed width: how many places it takes.
    """

    name: str
    path: tuple[str, ...] = ()
    start: int = 0
    width: int = 0


@dataclass(frozen=True, slots=True)
class RowTest:
    """Holds for rows whose column has one of the values (an absent one has ``""``); ``negated``: none of them."""

    column: str
    values: frozenset[str]
    negated: bool = False

    def holds(self, fields: Mapping[str, str]) -> bool:
        return (fields.get(self.column, "") in self.values) is not self.negated


@dataclass(frozen=True, slots=True)
class TableShape:
    """One table of an export.

    Attributes:
        name: table name.
        row_key: columns that together name a row for ever.
        needed: an export without this table is incomplete, and so is every stay in it.
        file: stem of its file, where that is not the table's name.
        join: columns whose texts, joined by ``-``, are the stay key, where the table has no column of that name.
        version: column that orders what was said of one row key at several times; the highest one counts. Numbers, or
            times that are all written alike. Without it, two different rows of one key hold the stay.
        columns: declared columns; empty where the file names its own.
        rows: JSON: the names that lead from the document to its rows.
        rows_where: rows of the file for which one of these does not hold are no rows of this table.
    """

    name: str
    row_key: tuple[str, ...]
    needed: bool = False
    file: str = ""
    join: tuple[str, ...] = ()
    version: str = ""
    columns: tuple[ColumnShape, ...] = ()
    rows: tuple[str, ...] = ()
    rows_where: tuple[RowTest, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadingLimits:
    """What a reader accepts; beyond it the row or the file is refused with an issue.

    Attributes:
        file_bytes: largest file.
        row_bytes: largest row, as UTF-8 text of all its columns.
        columns: most columns in a row.
        depth: deepest element of XML, the root counting 1.
        nesting: deepest value of a JSON row, the row counting 1.
        listed: most issues of rows that are listed per file; every affected stay is held all the same.
        rows: most rows of one file or view.
        seconds: longest time that reading all files of an export may take.
    """

    file_bytes: int = 2 * 1024**3
    row_bytes: int = 64 * 1024
    columns: int = 256
    depth: int = 3
    nesting: int = 16
    listed: int = 1000
    rows: int = 50_000_000
    seconds: float = 3600.0


@dataclass(frozen=True, slots=True)
class TextLayout:
    """How a file of lines is written.

    Attributes:
        separator: the character between two cells.
        quote: the character around a cell that holds separators or line breaks, doubled inside; empty for none.
        header: the first line names the columns.
        last_line_ends: the last line ends with a line break too; without one the file was cut.
        in_bytes: fixed width counts bytes of the file's own encoding, not characters.
    """

    separator: str = ","
    quote: str = '"'
    header: bool = True
    last_line_ends: bool = True
    in_bytes: bool = False


@dataclass(frozen=True, slots=True)
class ExportShape:
    """How a vendor's export is read; made from the mapping's ``shape.yaml``.

    Attributes:
        reader: name of the reader (``xml_files``).
        row: element that is one row, for XML.
        stay_table: the table with one row per stay.
        stay_key: the column that joins every table to its stay; see ``TableShape.join`` for tables without it.
        tables: by name.
        layout: of lines, for the readers that read lines.
        encodings: what the hospital says it sends. The bytes decide; a contradiction is reported.
        delivery: whether an export holds each of its stays whole, or only what is new or changed.
        zeros_stripped: stay keys are compared, and known, without leading zeros: some tables write them, some do not.
    """

    reader: str
    row: str
    stay_table: str
    stay_key: str
    tables: Mapping[str, TableShape]
    limits: ReadingLimits = field(default_factory=ReadingLimits)
    layout: TextLayout = field(default_factory=TextLayout)
    encodings: tuple[str, ...] = ()
    delivery: Delivery = Delivery.WHOLE
    zeros_stripped: bool = False
