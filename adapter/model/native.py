"""How the resources of a hospital that speaks FHIR itself are to be understood: made from its mapping files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from adapter.model.source import ReadingLimits

#: A resource may be larger than a row of a table.
RESOURCE_LIMITS = ReadingLimits(row_bytes=1024 * 1024, nesting=64)


@dataclass(frozen=True, slots=True)
class NativeShape:
    """What reading a source's resources depends on.

    Attributes:
        used: resource types that a stay is made of, in the order of output.
        ignored: reason by type, for types that settlement does not need.
        inpatient: codes of ``Encounter.class`` that mean a stay; other encounters are set aside.
        bases: addresses of the hospital's server, without a slash at the end; absolute references below them are its.
        stay_system: system of the ``Encounter.identifier`` that is the stay key; empty: ``Encounter.id`` is.
        person_system: likewise of ``Patient.identifier``.
    """

    used: tuple[str, ...]
    ignored: Mapping[str, str] = field(default_factory=dict)
    inpatient: frozenset[str] = frozenset()
    bases: tuple[str, ...] = ()
    stay_system: str = ""
    person_system: str = ""
    limits: ReadingLimits = RESOURCE_LIMITS
