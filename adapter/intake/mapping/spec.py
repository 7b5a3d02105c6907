"""The typed form of a mapping: what its YAML files say, checked, before it is compiled (映射规格)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import Enum
from typing import Any
from zoneinfo import ZoneInfo

from adapter.intake.mapping.codes import CodeTable
from adapter.intake.mapping.derived import Derived, base_columns
from adapter.intake.mapping.native_spec import NativeRules
from adapter.intake.mapping.stay_spec import ClockCheck, Covers, FromRows, NewbornLines, Split
from adapter.model.database import SourceDatabase
from adapter.model.source import MESSAGES, ExportShape

#: Mapping files of this target become ``ObservedSettlement`` values and no FHIR resource.
OBSERVED = "ObservedSettlement"

#: One step of a target path: element name, and its index or extension name where it repeats.
PathStep = tuple[str, int | str | None]


class Need(Enum):
    """What an absent value means."""

    OPTIONAL = "no"
    EXPECTED = "warn"
    REQUIRED = "yes"


class CodeForm(Enum):
    """What a code table's answer becomes."""

    CODE = "code"
    CODING = "coding"
    CONCEPT = "concept"


@dataclass(frozen=True, slots=True)
class Where:
    """File (relative to the mappings folder) and line."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Condition:
    """True when a column of the row holds one of the values, or its code table answers with one of them.

    ``negated`` turns it round (``not_in``). With ``starts`` the values are beginnings of the text.
    """

    column: str
    values: frozenset[str]
    codes: CodeTable | None = None
    negated: bool = False
    starts: bool = False


@dataclass(frozen=True, slots=True)
class Const:
    """The same value every time; settings, systems and code systems of the source are resolved to it on loading.

    Beside a value that is absent, constants make no element: currency or system do not stand alone.
    """

    value: Any
    when: Condition | None = None


@dataclass(frozen=True, slots=True)
class RowKey:
    """The row key itself."""


@dataclass(frozen=True, slots=True)
class Column:
    """A value of the row, or of the stay's own row (``of_stay``).

    Attributes:
        transform: name of a function in transforms.py.
        formats: date and time formats, for those transforms.
        absent: texts that mean "nothing", beside the empty one.
        codes: the table that answers for the value; ``form`` says as what; a transform then reads its answer.
        when: the value counts only where this holds.
        local_system: code system of the source's own codes, for codings.
    """

    column: str
    transform: str = "text"
    formats: tuple[str, ...] = ()
    absent: frozenset[str] = frozenset()
    need: Need = Need.OPTIONAL
    of_stay: bool = False
    codes: CodeTable | None = None
    form: CodeForm = CodeForm.CODE
    local_system: str = ""
    when: Condition | None = None


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference to what another mapping file makes of this stay, or of this very row."""

    resource: str


@dataclass(frozen=True, slots=True)
class Each:
    """One list entry per row of another table of the stay."""

    table: str
    fields: tuple[Field, ...]
    only: Condition | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """One target and where its value comes from."""

    path: str
    steps: tuple[PathStep, ...]
    value: Const | RowKey | Column | Reference | Each
    where: Where


@dataclass(frozen=True, slots=True)
class Expectation:
    """A column value beyond which this mapping does not go; any other value holds the stay."""

    column: str
    values: frozenset[str]
    because_zh: str
    because_en: str


@dataclass(frozen=True, slots=True)
class AmountCheck:
    """Quantity × price (× factor) against the stored amount: beyond ``tolerance`` it warns, beyond ``limit`` holds."""

    quantity: str
    price: str
    amount: str
    factor: str | None
    tolerance: Decimal
    limit: Decimal


class RefundKind(Enum):
    """How a HIS writes that a line was undone (退费模型). Each kind says what the mapping must name."""

    NEGATIVE = "negative"  # a new line with negative quantity, linked to nothing
    LINKED = "linked"  # the same, and columns name the line that it undoes
    MIRROR = "mirror"  # a mirror line beside its original, both marked by a status


@dataclass(frozen=True, slots=True)
class IdCheck:
    """The ID number against birth date and sex. ``sexes`` answers ``male`` or ``female`` for the local code."""

    number: str
    birth: str
    sex: str
    sexes: CodeTable


@dataclass(frozen=True, slots=True)
class Refunds:
    """How a refund line is told and paired.

    Attributes:
        quantity: a negative one is a refund.
        item: columns that together name the thing charged.
        price: column of the unit price.
        day: column of the day of service, as the HIS writes it; later lines are preferred.
        link: column with the row key of the original, where the HIS has one.
        link_to: columns of the refund and the columns of the original that hold the same, where several name it.
        no_link: texts in those columns that mean no link, beside the empty one.
        told_by: rows that the HIS itself calls refunds; their quantity must be negative.
        undone: rows that the HIS itself calls undone; something must undo them.
        among: only rows for which all of these hold take part: neither deleted nor not yet billable.
        day_formats: how ``day`` is written, where its texts do not sort as its days do (05-03-2021, 3:00 PM).
    """

    quantity: str
    item: tuple[str, ...]
    price: str
    day: str
    link: str | None = None
    kind: RefundKind = RefundKind.NEGATIVE
    link_to: tuple[tuple[str, str], ...] = ()
    no_link: frozenset[str] = frozenset()
    told_by: Condition | None = None
    undone: Condition | None = None
    among: tuple[Condition, ...] = ()
    day_formats: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that pairing reads."""
        conditions = (each for each in (self.told_by, self.undone, *self.among) if each is not None)
        linking = (column for pair in self.link_to for column in pair)
        named = (self.quantity, self.price, self.day, *self.item, *linking, *(each.column for each in conditions))
        return named if self.link is None else (*named, self.link)


@dataclass(frozen=True, slots=True)
class ResourceSpec:
    """One mapping file.

    Attributes:
        name: file stem, by which others refer to it.
        to: FHIR resource type, or ``ObservedSettlement``.
        table: the table it reads, or None for what the source file itself holds.
        row_key: columns whose values form the row key.
        fixed_key: the row key where there is no table.
        prefix: stands before the row key where two tables with keys of their own give the same type of resource.
        private: issue texts show none of its values.
        distinct: many rows may speak of one thing; they make it once, and must agree on it.
    """

    name: str
    to: str
    table: str | None
    row_key: tuple[str, ...]
    fields: tuple[Field, ...]
    where: Where
    fixed_key: str | None = None
    private: bool = False
    only: Condition | None = None
    expectations: tuple[Expectation, ...] = ()
    amount_check: AmountCheck | None = None
    id_check: IdCheck | None = None
    refunds: Refunds | None = None
    prefix: str = ""
    distinct: bool = False
    newborn: NewbornLines | None = None
    covers: Covers | None = None
    clock: ClockCheck | None = None


@dataclass(frozen=True, slots=True)
class Completing:
    """A further vendor's shape that completes the stays of the first one; ``shape`` is how its own files are read."""

    vendor: str
    shape: ExportShape


@dataclass(frozen=True, slots=True)
class Mapping_:
    """A vendor's shape as one source uses it.

    Attributes:
        vendor: the folder of the shape whose stays these are.
        shape: its layout, with the tables of the completing shapes beside its own.
        completing: the shapes that complete it, each with its own reader and stay key.
        source: the source's name; ids derive from it.
        version: vendor shape, source and a digest over every file that took part.
        derived: columns worked out from others, by table.
        from_rows: columns taken from other rows of the stay, by table.
        splits: columns that list several things, by table.
        files: every file that took part, by name below the mappings folder; lineage keeps them with the version.
        observed_settlements: the call of a scheme that the HIS settles itself (``insurance``), or None.
        settings: the source file's own values by dotted name (``facility.code``).
        ignored: reason by table and column.
        ignored_tables: reason by table.
        person: column of the stay table with the hospital's person key.
        time_absent: days that mean "no date".
        database: the views of the hospital's database that stand for its tables, where it gives some.
        tables: the code tables in use, by file; ``concept_map`` makes FHIR of them.
        native: what is done with resources, where the hospital speaks FHIR itself.
    """

    source: str
    vendor: str
    version: str
    zone: ZoneInfo
    shape: ExportShape
    person: str
    resources: tuple[ResourceSpec, ...]
    ignored: Mapping[str, Mapping[str, str]]
    ignored_tables: Mapping[str, str]
    observed_settlements: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    tables: Mapping[str, CodeTable] = field(default_factory=dict)
    text_absent: frozenset[str] = frozenset()
    time_absent: frozenset[str] = frozenset()
    derived: Mapping[str, tuple[Derived, ...]] = field(default_factory=dict)
    from_rows: Mapping[str, tuple[FromRows, ...]] = field(default_factory=dict)
    splits: Mapping[str, Split] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    completing: tuple[Completing, ...] = ()
    database: SourceDatabase | None = None
    native: NativeRules | None = None

    @property
    def vendors(self) -> tuple[str, ...]:
        """The folders of all shapes, the first one first."""
        return (self.vendor, *(each.vendor for each in self.completing))

    @property
    def row_shapes(self) -> tuple[ExportShape, ...]:
        """The shapes whose rows come by files or views, each with its own tables; none where messages are all."""
        completing = tuple(each.shape for each in self.completing)
        if self.shape.reader == MESSAGES:
            return completing
        own = {name: table for name, table in self.shape.tables.items() if self.vendor_of(name) == self.vendor}
        return (replace(self.shape, tables=own), *completing) if completing else (self.shape,)

    def vendor_of(self, table: str) -> str:
        """The folder of the shape that has a table."""
        return next((each.vendor for each in self.completing if table in each.shape.tables), self.vendor)

    def stay_key_of(self, table: str) -> str:
        """The column of a table that names its stay."""
        own = (each.shape.stay_key for each in self.completing if table in each.shape.tables)
        return next(own, self.shape.stay_key)

    def bases(self, table: str, column: str) -> tuple[str, ...]:
        """The columns of the HIS behind a column: itself, or those of its table that it is worked out from."""
        split = self.splits.get(table)
        if split is not None and column == split.number:
            return (split.column,)
        taken = next((each for each in self.from_rows.get(table, ()) if each.column == column), None)
        if taken is not None:
            return self.bases(table, taken.of) if taken.of and taken.table == table else ()
        return base_columns({each.column: each for each in self.derived.get(table, ())}, column)

    def resource(self, name: str) -> ResourceSpec:
        """The mapping file of that name. Raises KeyError."""
        return next(each for each in self.resources if each.name == name)
