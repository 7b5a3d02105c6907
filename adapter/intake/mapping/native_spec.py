"""The typed form of a source whose hospital speaks FHIR itself (FHIR 来源规格)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from adapter.intake.mapping.codes import CodeTable
from adapter.model.native import NativeShape
from adapter.model.source import ReadingLimits


@dataclass(frozen=True, slots=True)
class NativeCodes:
    """A concept whose codes a table answers for.

    Attributes:
        path: below the resource: ``diagnosis.use``.
        system: only codings of this system are looked up; empty: of any.
        required: a code that the table does not know holds the stay.
        rule: file and line that names the table.
    """

    path: str
    table: CodeTable
    system: str
    required: bool
    rule: str


@dataclass(frozen=True, slots=True)
class NativeRules:
    """What is done with the resources of a hospital that speaks FHIR, beside passing them on.

    Attributes:
        codes: by resource type.
        left_out: by type, elements that are not taken over, with the reason.
        facility_system: system of the ``Organization.identifier`` with the hospital's code, where it has one.
        id_card_system: system of the ID number in ``Patient.identifier``, where it is not the national one.
        item_system: system of the coding in ``ChargeItem.code`` that the item catalogue goes by; empty: the first.
        rule: file and line of the source's own part; ``shared_rule``: of what holds for every hospital.
    """

    shape: NativeShape
    codes: Mapping[str, tuple[NativeCodes, ...]]
    left_out: Mapping[str, Mapping[str, str]]
    rule: str
    shared_rule: str
    facility_system: str = ""
    id_card_system: str = ""
    item_system: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)

    def limited(self, limits: ReadingLimits) -> NativeRules:
        """With the installation's limits of files, rows and time; how large a resource may be is the shape's."""
        own = self.shape.limits
        of_resources = replace(limits, row_bytes=own.row_bytes, nesting=own.nesting)
        return replace(self, shape=replace(self.shape, limits=of_resources))
