"""From a mapping to what runs it: rows through mapping files, or resources of a hospital that speaks FHIR (编译)."""

from __future__ import annotations

from adapter.intake.mapping.engine import Mapper
from adapter.intake.mapping.explain import Explainer
from adapter.intake.mapping.native import NativeMapper
from adapter.intake.mapping.native_explain import NativeExplainer
from adapter.intake.mapping.spec import Mapping_


def compile_mapping(mapping: Mapping_) -> Mapper:
    """Compile a mapping once. Raises MappingRefused when two of its targets collide."""
    return Mapper(mapping) if mapping.native is None else NativeMapper(mapping)


def explainer_of(mapping: Mapping_) -> Explainer:
    """What explains the stays of a mapping, element by element."""
    return Explainer(mapping) if mapping.native is None else NativeExplainer(mapping)
