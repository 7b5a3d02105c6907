"""Profiles: what a StructureDefinition asks beyond R4, compiled and checked. 规范约束校验。

In:    StructureDefinitions with their ValueSets and CodeSystems, as FHIR's own JSON (mappings/profiles).
Out:   issues of a resource that R4's own rules have found sound.
Never: downloads a definition; runs FHIRPath; stays silent about a part of a profile that it cannot check.
Start: tree.py, then check.py.
"""

from adapter.fhir.profiles.load import Profiles, load_profiles

__all__ = ["Profiles", "load_profiles"]
