"""Mapping: a stay's rows become FHIR resources, as the vendor's and the source's files say. 映射。

In:    ``StayRecords``; ``mappings/his/<vendor>/`` and ``mappings/sources/<source>.yaml`` with their code tables.
Out:   plain FHIR R4 dicts with ``Decimal``, observed settlements, issues, and lineage that expands on demand.
Never: knows a vendor in code; guesses a code, a date or a link; leaves a resource out without an issue; decides money.
Start: load.py (``load_mapping``), then engine.py (``compile_mapping``, ``Mapper``).
"""

from adapter.intake.mapping.check import CheckReport
from adapter.intake.mapping.codes import CodeTable, concept_map
from adapter.intake.mapping.compiled import compile_mapping, explainer_of
from adapter.intake.mapping.engine import MappedStay, Mapper
from adapter.intake.mapping.load import load_mapping, source_names
from adapter.intake.mapping.spec import Mapping_
from adapter.intake.mapping.trace import Lineage, Trace

__all__ = [
    "CheckReport",
    "CodeTable",
    "Lineage",
    "MappedStay",
    "Mapper",
    "Mapping_",
    "Trace",
    "compile_mapping",
    "concept_map",
    "explainer_of",
    "load_mapping",
    "source_names",
]
