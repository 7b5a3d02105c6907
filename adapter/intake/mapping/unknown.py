"""The codes of one stay that no code table knows, whichever way its source maps them (未对照编码)."""

from __future__ import annotations

from adapter.intake.mapping.engine import Mapper
from adapter.intake.mapping.native import NativeMapper
from adapter.intake.mapping.native_survey import unknown_native
from adapter.intake.mapping.survey import UnmappedCode, survey
from adapter.model.source import StayRecords


def unknown_codes(mapper: Mapper, stay: StayRecords) -> tuple[UnmappedCode, ...]:
    """By the mapping as it is today, with the money that each code stands on."""
    if isinstance(mapper, NativeMapper):
        return tuple(unknown_native(mapper.work(stay)))
    return survey(mapper, [stay]).work
